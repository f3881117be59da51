"""Whatever happens can be written and read again, and nobody is recognised in it."""

import json
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bridge.core.backend import SettingChangeRequested, SettingsChangeRequested
from bridge.core.effects import AnyEffect
from bridge.core.events import AnyEvent, MeterReported, PriceChanged, WallboxReported
from bridge.core.settings import Settings
from bridge.core.state import State
from bridge.core.values import Instant, RequestId, SessionId
from bridge.tape.disguise import disguise
from bridge.tape.language import PARTS, Language, as_bytes, forms, read
from bridge.tape.veils import VEILS, Veil
from tests.core.world import ANNA, charging
from tests.tape.anything import any_of, places

EVENTS = typing.get_args(AnyEvent)
EFFECTS = typing.get_args(AnyEffect)
DISGUISED = Language(disguise(b"key"))
PLAIN = Language()
CANARY = "04CA11AB1E5AFE"
QUICKLY = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    # a state is a hundred choices: the first example that fails is told as it is
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
AT: dict[str, Any] = {"at": Instant(mono_s=1.0, utc_ms=2), "fresh": SessionId("fresh")}


def through(language: Language, event: AnyEvent) -> AnyEvent:
    """Written and read."""
    back: AnyEvent = read(AnyEvent, json.loads(as_bytes(language.event(event))))
    return back


def dropped(value: Any) -> Any:  # noqa: ANN401
    """Without what is emptied on every tape."""
    if isinstance(value, tuple):
        return tuple(dropped(one) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    veils = VEILS.get(type(value), {})
    told = {one.name: getattr(value, one.name) for one in fields(value)}
    return replace(
        value,
        **{name: "" if veils.get(name) is Veil.DROP and isinstance(one, str) else dropped(one) for name, one in told.items()},
    )


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@QUICKLY
def test_every_event_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    event = data.draw(any_of(kind))
    back = through(PLAIN, event)
    assert back == dropped(event)
    assert type(back) is kind


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@QUICKLY
def test_a_disguised_event_is_one_and_stays_as_it_is(kind: type, data: st.DataObject) -> None:
    """What is read from a tape is written as it was read."""
    once = through(DISGUISED, data.draw(any_of(kind)))
    assert through(PLAIN, once) == once


@given(state=any_of(State))
@QUICKLY
def test_a_state_comes_back_with_the_same_sums(state: State) -> None:
    """Sums of the real state, taken under disguise, are those of the state on the tape."""
    back = read(State, json.loads(as_bytes(DISGUISED.state(state))))
    for name in PARTS:
        assert PLAIN.part_sum(name, getattr(back, name)) == DISGUISED.part_sum(name, getattr(state, name)), name


@pytest.mark.parametrize("kind", EFFECTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@QUICKLY
def test_every_effect_can_be_summed_up(kind: type, data: st.DataObject) -> None:
    effect = data.draw(any_of(kind))
    assert DISGUISED.effect_sum(effect) == DISGUISED.effect_sum(effect)


def test_what_was_not_told_is_not_written() -> None:
    """Unknown is something else than not told."""
    assert "plugged" not in PLAIN.event(WallboxReported(**AT, live=True))
    assert PLAIN.event(WallboxReported(**AT, live=True, plugged=None))["plugged"] is None
    assert through(PLAIN, MeterReported(**AT, live=True, current_a=(1.0, 2.0))) == MeterReported(**AT, live=True, current_a=(1.0, 2.0))


@pytest.mark.parametrize("price", [0, 0.0, 1, 0.29])
def test_a_number_stays_the_number_it_was(price: float) -> None:
    """Prices are decimal by their text: 0 and 0.0 are not the same."""
    back = through(PLAIN, PriceChanged(**AT, everywhere=False, per_kwh=price))
    assert isinstance(back, PriceChanged)
    assert repr(back.per_kwh) == repr(price)


def test_what_the_fast_library_can_not_write_is_written_all_the_same() -> None:
    assert json.loads(as_bytes({"n": 2**70, "s": "\ud800"})) == {"n": 2**70, "s": "\ud800"}


# --- privacy --------------------------------------------------------------------------------------------------------------------------

HARMLESS = {
    # ours, drawn or named here
    "ours": {
        "BackendSession.id", "LocalSession.id", "Granted.id", "Transaction.id", "HistoryEntry.id",
        "State.alerts", "AlertCleared.alert", "Granted.reader", "Kept.boot_reason", "Kept.firmware_status",
        "NoteRequested.name", "HistoryEntry.reason", "State.transfers", "UploadProgressed.status", "LogTold.status",
    },
    # the configuration's own names, and IDs of topics, which have a form
    "configuration": {
        "Rules.charge_point", "Rules.backend", "Rules.file_hosts", "Rules.currency", "EnergyRules.required", "EnergyManaged.source",
        "Source.name", "State.spoke_s", "Origin.reader",
    },
    # words of the field, of which there is a list
    "words": {
        "WallboxReported.cp_state", "Hardware.cp_state", "WallboxReported.fault", "Hardware.fault", "FirmwareReported.status",
        "FirmwareTold.status", "DisplayMessage.format", "DisplayMessage.language", "DisplayMessage.priority", "DisplayMessage.state",
    },
    # a backend's names of transactions, which must be compared with ours
    "transactions": {
        "RecordDelivered.backend_id", "RemoteStopRequested.backend_id", "CostTold.backend_id", "BackendSession.backend_id",
        "HistoryEntry.backend_id", "ChargingProfile.transaction", "DisplayMessage.transaction",
    },
    # settings that hold numbers and times, and lists of names that their dialect knows; which holds what is checked before
    "settings": {
        "Settings.limit_change_percent", "Settings.time_offset", "Settings.time_offset_next", "Settings.time_offset_next_at",
        "SettingChangeRequested.name", "SettingChangeRequested.value", "SettingsChangeRequested.changes", "Kept.overrides", "Kept.notes",
        *(f"Settings.{name}" for name, form in typing.get_type_hints(Settings).items() if form == tuple[str, ...]),
    },
}  # fmt: skip
IDS = {"fresh", "question", "request", "command", "session", "follows", "billed", "installing"}
"""Fields whose ids are drawn here, or repeated by the wallbox that was told them; so are the `id` of sessions below."""


@pytest.mark.parametrize(
    "form, family, written",
    [
        *((kind, AnyEvent, DISGUISED.event) for kind in EVENTS),
        *((kind, AnyEffect, DISGUISED.effect) for kind in EFFECTS),
        (State, State, DISGUISED.state),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@given(data=st.data())
@QUICKLY
def test_no_text_is_shown_that_nobody_has_looked_at(form: type, family: Any, written: Callable[[Any], Any], data: st.DataObject) -> None:  # noqa: ANN401
    """A field that is added and may hold a tag, a name or a secret is hidden, or stands in the list above with its reason."""
    value = data.draw(any_of(form, st.just(CANARY)))
    found = {field for field, text in places(read(family, json.loads(as_bytes(written(value))))) if CANARY in text}
    assert {field for field in found if field.rpartition(".")[2] not in IDS} <= set().union(*HARMLESS.values())


def test_hidden_settings_are_hidden_wherever_they_stand() -> None:
    changes: tuple[Any, ...] = tuple((name, CANARY) for name in ("master_pass_group", "organization", "time_zone", "tariff_fallback"))
    several = SettingsChangeRequested(**AT, request=RequestId("r"), changes=changes)
    events: list[AnyEvent] = [
        several,
        *(SettingChangeRequested(**AT, request=RequestId("r"), name=name, value=value) for name, value in changes),
    ]
    for event in events:
        assert CANARY not in str(DISGUISED.event(event))
    state = charging(ANNA).state
    state = replace(state, kept=replace(state.kept, overrides=dict(changes), notes={"network": CANARY}))
    assert CANARY not in str(DISGUISED.state(state))


def test_each_form_is_told_by_its_fields() -> None:
    """Sums are compared only between versions that build a thing the same way."""
    told = forms()
    assert set(told) == {*PARTS, *(one.__name__ for one in EFFECTS)}
    assert len(set(told.values())) > len(EFFECTS)
    assert told == forms()
