"""Starting anew because the backend wants it: at once, or when nothing goes on any more (B8)."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import ResetKind
from bridge.core.effects import Outcome, RecordStop, ResetHardware, RestartStation
from bridge.core.events import Restarted
from bridge.core.orders import LogJob, LogKind
from bridge.core.settings import Ability, Settings
from bridge.core.state import Kept
from bridge.core.values import Person, StopReason, TxPoint
from tests.core.world import ACCEPTED, CARL, ROAMER, Bench, charging, plugged, ready

QUIET = Settings(sample_interval_s=0)

# --- at once ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B8")
@pytest.mark.requirement("1.6 TC_015_CS")
@pytest.mark.requirement("1.6 TC_016_CS")
@pytest.mark.parametrize(
    "kind, reason", [(ResetKind.SOFT, "SoftReset"), (ResetKind.HARD, "HardReset"), (ResetKind.IMMEDIATE, "ImmediateReset")]
)
@pytest.mark.parametrize("person", [ROAMER, CARL])
def test_a_reset_ends_what_runs_with_its_own_reason_and_starts_nothing_anew(kind: ResetKind, reason: str, person: Person) -> None:
    bench = charging(person, settings=QUIET)
    bench.meters(1030)
    assert bench.resets(kind) is Outcome.ACCEPTED
    assert bench.asked_for(RestartStation) == [RestartStation(kind=kind)]
    assert [(entry.reason, entry.end_wh) for entry in bench.finished] == [(reason, 1030)]
    assert bench.status == "Finishing"
    bench.passes(120)
    assert bench.runs == "nothing"


@pytest.mark.requirement("1.6 TC_013_CS")
@pytest.mark.requirement("1.6 TC_014_CS")
@pytest.mark.parametrize("kind", ResetKind)
def test_a_reset_leaves_out_of_service_what_was(kind: ResetKind) -> None:
    bench = ready()
    bench.sets_availability(operative=False)
    bench.resets(kind)
    assert bench.reported == "Unavailable"
    assert bench.sets_availability(operative=True) is Outcome.ACCEPTED
    assert bench.reported == "Available"


@pytest.mark.parametrize("kind", ResetKind)
@pytest.mark.parametrize("can_reset", [True, False])
def test_a_reset_reaches_the_hardware_where_that_can(can_reset: bool, kind: ResetKind) -> None:
    """A soft one is of the software alone."""
    bench = ready(can=frozenset({Ability.RESET}) if can_reset else frozenset())
    bench.resets(kind)
    assert len(bench.asked_for(ResetHardware)) == (can_reset and kind is not ResetKind.SOFT)


def test_a_reset_answers_a_card_that_is_being_checked() -> None:
    bench = plugged()
    bench.taps(ROAMER)
    bench.resets()
    assert bench.decided == ("red", "bridge", "unavailable")


def test_why_it_starts_anew_is_told_when_it_registers() -> None:
    bench = ready()
    bench.resets(ResetKind.IMMEDIATE)
    assert bench.state.kept.boot_reason == "RemoteReset"
    bench.restarts(planned=True)
    assert bench.state.kept.boot_reason == "ApplicationReset"
    bench.restarts(planned=False)
    assert bench.state.kept.boot_reason == "PowerUp"


# --- when nothing goes on -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("occupied", [False, True])
def test_an_idle_station_does_not_wait(occupied: bool) -> None:
    """A vehicle that only stands there is no reason to."""
    bench = plugged() if occupied else ready()
    assert bench.resets(ResetKind.ON_IDLE) is Outcome.ACCEPTED
    assert bench.asked_for(RestartStation) == [RestartStation(kind=ResetKind.ON_IDLE)]
    assert bench.state.kept.boot_reason == "RemoteReset"


def _waits(bench: Bench) -> None:
    assert bench.resets(ResetKind.ON_IDLE) is Outcome.SCHEDULED
    assert bench.state.kept.reset_scheduled
    assert not bench.asked_for(RestartStation)


def _comes(bench: Bench) -> None:
    assert bench.asked_for(RestartStation) == [RestartStation(kind=ResetKind.ON_IDLE)]
    assert not bench.state.kept.reset_scheduled
    assert bench.state.kept.boot_reason == "ScheduledReset"


@pytest.mark.parametrize("person", [ROAMER, CARL])
def test_a_reset_on_idle_lets_a_session_end(person: Person) -> None:
    """The backend's or a local one; its end goes first."""
    bench = charging(person, settings=QUIET, can=frozenset({Ability.RESET}))
    _waits(bench)
    assert not bench.asked_for(ResetHardware)
    bench.unplugs()
    bench.passes(10)
    _comes(bench)
    assert len(bench.asked_for(ResetHardware)) == 1
    assert [entry.reason for entry in bench.finished] == ["EVDisconnected"]
    kinds = [type(effect) for effect in bench.effects]
    assert RecordStop not in kinds or kinds.index(RecordStop) < kinds.index(RestartStation)
    bench.passes(3600)
    assert len(bench.asked_for(RestartStation)) == 1


def test_a_reset_on_idle_waits_for_the_transaction_and_not_only_for_its_energy() -> None:
    """Where only the plug ends it (TxStopPoint), the vehicle has to leave."""
    settings = replace(QUIET, stop_points=(TxPoint.EV_CONNECTED.value,))
    bench = charging(settings=settings, transaction_events=True)
    bench.passes(20)
    _waits(bench)
    bench.taps(ROAMER)
    bench.passes(10)
    assert bench.runs == "nothing"
    assert not bench.asked_for(RestartStation)
    bench.unplugs()
    _comes(bench)


def test_a_reset_on_idle_waits_for_a_driver_with_a_permission() -> None:
    """Who was shown green a moment ago is not to find it gone."""
    bench = ready()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    _waits(bench)
    bench.passes(bench.state.settings.connection_timeout_s + 1)
    _comes(bench)


@pytest.mark.parametrize(
    "busy",
    [
        lambda state: replace(state, log_job=LogJob(id=1, kind=LogKind.DIAGNOSTICS, location="ftp://files.example/")),
        lambda state: replace(state, kept=replace(state.kept, firmware_status="Installing")),
    ],
    ids=["upload", "firmware"],
)
def test_a_reset_on_idle_waits_for_whatever_goes_on(busy: Any) -> None:  # noqa: ANN401
    bench = ready()
    idle, bench.state = bench.state, busy(bench.state)
    _waits(bench)
    bench.state = replace(bench.state, log_job=None, kept=replace(bench.state.kept, firmware_status=idle.kept.firmware_status))
    bench.meters(1001)
    _comes(bench)


def test_a_reset_at_once_is_also_the_one_that_waited() -> None:
    bench = charging(settings=QUIET)
    _waits(bench)
    assert bench.resets(ResetKind.IMMEDIATE) is Outcome.ACCEPTED
    assert [record.reason for record in bench.stops] == [StopReason.IMMEDIATE_RESET]
    assert not bench.state.kept.reset_scheduled
    bench.unplugs()
    bench.passes(10)
    assert bench.asked_for(RestartStation) == [RestartStation(kind=ResetKind.IMMEDIATE)]


def test_a_reset_that_waited_when_the_power_failed_comes_after_the_session_that_goes_on() -> None:
    bench = charging(settings=QUIET)
    _waits(bench)
    bench.restarts()
    bench.synchronises()
    bench.plugs()
    bench.meters(1200)
    assert bench.runs != "nothing"
    assert not bench.asked_for(RestartStation)
    bench.unplugs()
    bench.passes(10)
    _comes(bench)


def test_a_reset_that_waited_is_done_by_a_restart_when_nothing_goes_on() -> None:
    """The station registers anew anyway, and says why."""
    bench = Bench(kept=Kept(reset_scheduled=True))
    bench.happens(Restarted, planned=False)
    _comes(bench)
