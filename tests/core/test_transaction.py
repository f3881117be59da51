"""Transactions as OCPP 2.0.1 tells them: what is told when, under every start and stop point the bridge has (P2 E01-E12)."""

from typing import Any

import pytest

from bridge.core.backend import Among, ReadingRequested, RecordDelivered, RemoteStartRequested, ResetKind
from bridge.core.effects import Record, RecordSample, RecordStop, RecordUpdate, Telling
from bridge.core.events import GrantWithdrawn
from bridge.core.settings import Settings
from bridge.core.transaction import ENDS, charging_state
from bridge.core.values import ChargingState, ReadingContext, RecordId, RequestId, StopReason, TxKind
from tests.core.world import ACCEPTED, ANNA, CARL, FAMILY, INVALID, ROAMER, STRANGER, Bench, plugged, ready

CARD = ROAMER.tag


def tellings(bench: Bench) -> list[Telling]:
    return [record.telling for record in bench.records if record.telling is not None]


def story(bench: Bench) -> list[str]:
    """`Started CablePluggedIn EVConnected`, with the reason where it ended."""
    return [
        " ".join(word.value for word in (one.kind, one.trigger, one.charging, one.reason) if word is not None) for one in tellings(bench)
    ]


def at(start: str = "PowerPathClosed", stop: str = "PowerPathClosed,EVConnected", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    settings = Settings(start_points=tuple(start.split(",")), stop_points=tuple(stop.split(",")), **more)
    return {"settings": settings, "transaction_events": True}


def times(record: Record) -> int:
    """When it happened."""
    return record.reading.utc_ms if isinstance(record, RecordSample) else record.utc_ms


def sound(bench: Bench) -> None:
    """Numbers without gaps from 0, none earlier than the last, one start and it is first, at most one end, the connector told once."""
    told = [record for record in bench.records if record.telling is not None]
    for transaction in {record.session for record in told}:
        own = [record for record in told if record.session == transaction]
        steps = [record.telling for record in own if record.telling is not None]
        assert [record.sequence for record in own] == list(range(len(own)))
        assert list(map(times, own)) == sorted(map(times, own))
        assert [one.kind for one in steps].count(TxKind.STARTED) == 1
        assert steps[0].kind is TxKind.STARTED
        assert all(one.kind is not TxKind.ENDED for one in steps[:-1])
        assert [one.connected for one in steps].count(True) <= 1


def starts(bench: Bench, *, info: Any = ACCEPTED) -> None:  # noqa: ANN401
    bench.taps(ROAMER)
    bench.answers(info)


def draws(bench: Bench, *, to_wh: int = 1500) -> None:
    bench.wallbox(charging=True)
    bench.meters(to_wh, power_w=7000.0)


def pauses(bench: Bench) -> None:
    bench.wallbox(charging=False)
    bench.draws(0.0)


def refuses(bench: Bench) -> None:
    """The answer to the transaction's first message says no."""
    first = bench.records[0].session
    bench.happens(RecordDelivered, record=RecordId(1), session=first, starts=True, backend_id=first, info=INVALID, tag=CARD)


# --- by default the transaction is the session ------------------------------------------------------------------------------------


def test_a_session_from_plug_to_unplug() -> None:
    """Plug, card, energy, a pause of the vehicle, the plug is pulled."""
    bench = plugged(**at())
    starts(bench)
    draws(bench)
    pauses(bench)
    draws(bench, to_wh=2000)
    bench.unplugs()
    bench.passes(10)
    assert story(bench) == [
        "Started Authorized EVConnected",
        "Updated ChargingStateChanged Charging",
        "Updated ChargingStateChanged SuspendedEV",
        "Updated ChargingStateChanged Charging",
        "Ended EVCommunicationLost Idle EVDisconnected",
    ]
    first = tellings(bench)[0]
    assert (first.connected, first.tag) == (True, CARD)
    assert all(not one.connected and one.tag is None for one in tellings(bench)[1:])
    assert bench.starts[0].session == bench.stops[0].session == bench.entries[-1].id
    assert bench.state.kept.transaction is None
    sound(bench)


def test_a_card_before_the_plug() -> None:
    """E03.FR.12: the more specific trigger is told, and that is the plug."""
    bench = ready(**at())
    starts(bench)
    assert story(bench) == []
    bench.plugs()
    assert story(bench) == ["Started CablePluggedIn EVConnected"]
    assert tellings(bench)[0].tag == CARD


def test_the_plug_is_told_as_the_trigger_although_the_meter_was_waited_for() -> None:
    bench = ready(**at())
    starts(bench)
    bench.loses_the_broker()
    bench.synchronises()
    bench.passes(5)
    bench.plugs()
    assert story(bench) == []
    bench.meters(1000)
    assert story(bench) == ["Started CablePluggedIn EVConnected"]


def test_the_card_is_told_as_the_trigger_although_the_meter_was_waited_for() -> None:
    bench = plugged(**at())
    bench.loses_the_broker()
    bench.synchronises()
    bench.passes(5)
    starts(bench)
    assert story(bench) == []
    bench.meters(1000)
    assert story(bench) == ["Started Authorized EVConnected"]


def test_the_same_card_stops_it() -> None:
    bench = plugged(stop_tap_min_s=0, **at())
    starts(bench)
    draws(bench)
    bench.taps(ROAMER)
    pauses(bench)
    bench.passes(10)
    assert story(bench)[-1] == "Ended StopAuthorized EVConnected Local"
    assert tellings(bench)[-1].tag == CARD
    sound(bench)


@pytest.mark.parametrize("authorize", [True, False])
def test_a_remote_start_tells_its_number_once(authorize: bool) -> None:
    bench = plugged(**at(authorize_remote=authorize))
    bench.happens(RemoteStartRequested, request=RequestId("r"), person=ROAMER, remote_id=77)
    if authorize:
        bench.answers(ACCEPTED)
    draws(bench)
    assert story(bench) == ["Started RemoteStart EVConnected", "Updated ChargingStateChanged Charging"]
    assert [one.remote_id for one in tellings(bench)] == [77, None]


def test_a_remote_start_before_the_plug_keeps_its_number() -> None:
    bench = ready(**at(authorize_remote=False))
    bench.happens(RemoteStartRequested, request=RequestId("r"), person=ROAMER, remote_id=77)
    bench.plugs()
    assert story(bench) == ["Started RemoteStart EVConnected"], "F02.FR.21"
    assert tellings(bench)[0].remote_id == 77


def test_energy_management_pauses_and_ends_nothing() -> None:
    bench = plugged(**at(stop="EnergyTransfer,EVConnected"))
    starts(bench)
    draws(bench)
    bench.energy(allow=False)
    pauses(bench)
    bench.energy(allow=True)
    draws(bench, to_wh=1600)
    assert story(bench)[1:] == [
        "Updated ChargingStateChanged Charging",
        "Updated ChargingStateChanged SuspendedEVSE",
        "Updated ChargingStateChanged SuspendedEV",
        "Updated ChargingStateChanged Charging",
    ]
    assert bench.runs == "backend"


def test_readings_on_the_way_are_numbered_with_the_rest() -> None:
    bench = plugged(**at(sample_interval_s=10))
    starts(bench)
    draws(bench)
    bench.passes(25)
    assert story(bench)[2:] == ["Updated MeterValuePeriodic", "Updated MeterValuePeriodic"]
    sound(bench)


def test_a_reading_asked_for_tells_what_the_vehicle_does() -> None:
    bench = plugged(**at())
    starts(bench)
    draws(bench)
    bench.happens(ReadingRequested)
    assert story(bench)[-1] == "Updated Trigger Charging"


@pytest.mark.parametrize("among, told", [(Among.TRANSACTION, "Updated Trigger EVConnected"), (Among.READINGS, None), (Among.ANY, None)])
def test_a_transaction_that_waits_for_its_permission_can_be_asked_as_well(among: Among, told: str | None) -> None:
    """F06.FR.07."""
    bench = ready(**at(start="EVConnected"))
    bench.plugs()
    bench.happens(ReadingRequested, among=among)
    assert story(bench) == ["Started CablePluggedIn EVConnected", *([] if told is None else [told])]
    assert len(bench.announced) == (0 if told else 1)
    sound(bench)


RESETS = {
    ResetKind.IMMEDIATE: "Ended ResetCommand EVConnected ImmediateReset",
    ResetKind.SOFT: "Ended ResetCommand EVConnected ImmediateReset",
}


@pytest.mark.parametrize("kind", RESETS)
def test_a_reset_ends_it(kind: ResetKind) -> None:
    bench = plugged(**at(stop="EVConnected"))
    starts(bench)
    draws(bench)
    bench.resets(kind)
    assert story(bench)[-1] == RESETS[kind]


def test_a_power_cut_ends_it_and_another_one_goes_on() -> None:
    bench = plugged(**at())
    starts(bench)
    draws(bench)
    bench.restarts()
    bench.plugs()
    bench.wallbox(charging=True)
    bench.meters(1700, power_w=7000.0)
    bench.synchronises()
    bench.passes(40)
    kinds = [one.split()[0:2] for one in story(bench)]
    assert ["Ended", "AbnormalCondition"] in kinds
    assert story(bench)[kinds.index(["Ended", "AbnormalCondition"])].endswith("PowerLoss")
    assert len({record.session for record in bench.records}) == 2
    sound(bench)


def test_after_a_power_cut_the_end_is_no_earlier_than_what_was_told_before() -> None:
    """Its register is the last durable one and older, and keeps its own time; the order of events is that of their times."""
    bench = plugged(**at())
    starts(bench)
    bench.passes(3)
    bench.wallbox(charging=True)
    [begun, told] = bench.records
    bench.restarts()
    bench.unplugs()
    bench.synchronises()
    bench.passes(40)
    ended = bench.records[-1]
    assert isinstance(ended, RecordStop)
    assert times(told) == times(begun) + 3000
    assert (ended.utc_ms, ended.reading.utc_ms) == (times(told), times(begun))
    sound(bench)


@pytest.mark.parametrize(
    "stop_on_invalid, last", [(True, "Ended Deauthorized EVConnected DeAuthorized"), (False, "Updated ChargingStateChanged SuspendedEVSE")]
)
def test_a_refusal_after_the_start(stop_on_invalid: bool, last: str) -> None:
    bench = plugged(**at(stop_on_invalid=stop_on_invalid))
    starts(bench)
    draws(bench)
    bench.takes_record(backend_id=bench.session.id, info=INVALID)
    bench.passes(1)
    assert story(bench)[-1] == last


def test_nobody_is_told_of_it_where_only_1_6_is_spoken() -> None:
    bench = plugged(settings=Settings(start_points=("EVConnected",)))
    starts(bench)
    draws(bench)
    bench.unplugs()
    bench.passes(10)
    assert tellings(bench) == []
    assert bench.state.kept.transaction is None
    assert not bench.asked_for(RecordUpdate)


# --- start points -----------------------------------------------------------------------------------------------------------------


def test_it_begins_with_the_plug_where_so_set() -> None:
    bench = ready(**at("EVConnected,Authorized"))
    bench.plugs()
    assert story(bench) == ["Started CablePluggedIn EVConnected"]
    starts(bench)
    draws(bench)
    bench.unplugs()
    bench.passes(10)
    assert story(bench)[1:] == [
        "Updated Authorized EVConnected",
        "Updated ChargingStateChanged Charging",
        "Ended EVCommunicationLost Idle EVDisconnected",
    ]
    assert [one.tag for one in tellings(bench)[:2]] == [None, CARD]
    assert len({record.session for record in bench.records}) == 1
    assert bench.entries[-1].id == bench.records[0].session
    update = bench.records[0]
    assert isinstance(update, RecordUpdate)
    assert update.reading is not None
    assert update.reading.context is ReadingContext.BEGIN
    sound(bench)


def test_a_plug_that_nobody_follows_ends_with_the_plug() -> None:
    bench = ready(**at("EVConnected"))
    bench.plugs()
    bench.unplugs()
    assert story(bench) == ["Started CablePluggedIn EVConnected", "Ended EVCommunicationLost Idle EVDisconnected"]
    bench.plugs()
    assert story(bench)[-1] == "Started CablePluggedIn EVConnected"
    sound(bench)


def test_a_vehicle_that_was_there_before_the_restart_begins_nothing() -> None:
    bench = ready(**at("EVConnected"))
    bench.plugs()
    bench.restarts()
    assert story(bench)[-1] == "Ended AbnormalCondition EVConnected PowerLoss"
    bench.plugs()
    bench.synchronises()
    bench.meters(1000)
    assert len(story(bench)) == 2


def test_a_planned_stop_is_told_as_one() -> None:
    bench = ready(**at("EVConnected"))
    bench.plugs()
    bench.restarts(planned=True)
    assert story(bench)[-1] == "Ended AbnormalCondition EVConnected Reboot"


def test_it_begins_with_the_card_where_so_set() -> None:
    bench = ready(**at("Authorized", "Authorized,EVConnected"))
    starts(bench)
    assert story(bench) == ["Started Authorized Idle"]
    assert (tellings(bench)[0].tag, tellings(bench)[0].connected) == (CARD, False)
    bench.plugs()
    assert story(bench)[1:] == ["Updated CablePluggedIn EVConnected"]
    assert (tellings(bench)[1].tag, tellings(bench)[1].connected) == (None, True)
    assert bench.starts[0].reading.context is ReadingContext.BEGIN
    sound(bench)


def test_a_remote_start_begins_it_where_so_set() -> None:
    bench = ready(**at("Authorized", authorize_remote=False))
    bench.happens(RemoteStartRequested, request=RequestId("r"), person=ROAMER, remote_id=5)
    bench.plugs()
    assert story(bench) == ["Started RemoteStart Idle", "Updated CablePluggedIn EVConnected"]
    assert [one.remote_id for one in tellings(bench)] == [5, None]


def test_a_card_that_nobody_follows_lapses() -> None:
    bench = ready(**at("Authorized"))
    starts(bench)
    bench.passes(61)
    assert story(bench) == ["Started Authorized Idle", "Ended EVConnectTimeout Idle Timeout"]
    sound(bench)


def test_a_permission_that_moved_away_ends_it() -> None:
    bench = ready(**at("Authorized"))
    starts(bench)
    bench.happens(GrantWithdrawn)
    assert story(bench)[-1] == "Ended Deauthorized Idle DeAuthorized"


def test_a_reset_ends_what_waits_for_a_plug() -> None:
    bench = ready(**at("Authorized"))
    starts(bench)
    bench.resets(ResetKind.IMMEDIATE)
    assert story(bench)[-1] == "Ended ResetCommand Idle ImmediateReset"


def test_a_remote_stop_ends_what_waits_for_a_plug() -> None:
    bench = ready(**at("Authorized"))
    starts(bench)
    transaction = bench.state.kept.transaction
    assert transaction is not None
    assert bench.remote_stop(transaction.id) == "Accepted"
    assert story(bench)[-1] == "Ended RemoteStop Idle Remote"
    bench.plugs()
    assert bench.runs == "nothing"


def test_a_refusal_of_what_waits_for_a_plug_takes_the_permission_back() -> None:
    bench = ready(**at("Authorized"))
    starts(bench)
    refuses(bench)
    assert story(bench)[-1] == "Ended Deauthorized Idle DeAuthorized"
    bench.plugs()
    assert bench.runs == "nothing"


def test_it_begins_with_energy_where_so_set() -> None:
    bench = plugged(**at("EnergyTransfer"))
    starts(bench)
    assert story(bench) == []
    draws(bench, to_wh=1300)
    assert story(bench) == ["Started ChargingStateChanged Charging"]
    first = bench.records[-1]
    assert isinstance(first, RecordUpdate)
    assert first.reading is not None
    assert first.reading.register_wh == 1000, "nothing drawn is left out"
    assert (first.telling.tag, first.telling.connected) == (CARD, True)
    bench.unplugs()
    bench.passes(10)
    assert story(bench)[-1].startswith("Ended EVCommunicationLost")
    sound(bench)


@pytest.mark.parametrize(
    "drawn_wh, told", [(0, []), (40, ["Started ChargingStateChanged Charging", "Ended EVCommunicationLost Idle EVDisconnected"])]
)
def test_what_never_looked_like_charging_is_told_where_energy_was_drawn(drawn_wh: int, told: list[str]) -> None:
    bench = plugged(**at("EnergyTransfer", sample_interval_s=10))
    starts(bench)
    bench.wallbox(charging=False)
    bench.meters(1000 + drawn_wh, power_w=0.0)
    bench.passes(11)
    bench.unplugs()
    bench.passes(10)
    assert story(bench) == told
    assert len(bench.stops) == 1
    sound(bench)


def test_a_local_session_opens_nothing() -> None:
    """design.md §2: a local session never satisfies a start point."""
    bench = plugged(**at("EVConnected,Authorized"))
    assert story(bench) == ["Started CablePluggedIn EVConnected"]
    bench.taps(CARL)
    assert story(bench)[1:] == ["Ended Deauthorized EVConnected DeAuthorized"]
    draws(bench)
    bench.unplugs()
    bench.passes(10)
    assert len(story(bench)) == 2


def test_a_local_permission_that_waits_opens_nothing() -> None:
    bench = ready(**at("EVConnected,Authorized"))
    bench.taps(CARL)
    bench.plugs()
    assert story(bench) == []


def test_nothing_begins_out_of_service() -> None:
    bench = ready(**at("EVConnected"))
    bench.sets_availability(operative=False)
    bench.plugs()
    assert story(bench) == []


# --- stop points ------------------------------------------------------------------------------------------------------------------


def test_what_stopped_the_energy_is_why_it_ended_though_only_the_plug_ends_it() -> None:
    """F03: stoppedReason Remote. The end brings along what the stop had kept: the first reading, and those on the way."""
    bench = plugged(**at(stop="EVConnected", end_interval_s=10))
    starts(bench)
    draws(bench)
    bench.passes(25)
    bench.remote_stop(bench.session.id)
    bench.passes(10)
    assert story(bench)[-1] == "Updated RemoteStop EVConnected"
    assert not bench.stops[-1].collected
    bench.unplugs()
    assert story(bench)[-1] == "Ended EVCommunicationLost Idle Remote"
    last = bench.records[-1]
    assert isinstance(last, RecordUpdate)
    assert last.begin == bench.starts[0].reading
    assert len(last.collected) == 2
    sound(bench)


def test_it_outlives_its_session_where_only_the_plug_ends_it() -> None:
    bench = plugged(stop_tap_min_s=0, **at(stop="EVConnected"))
    starts(bench)
    draws(bench)
    bench.taps(ROAMER)
    bench.passes(10)
    assert story(bench)[-1] == "Updated StopAuthorized EVConnected"
    assert tellings(bench)[-1].tag == CARD
    bench.unplugs()
    assert story(bench)[-1] == "Ended EVCommunicationLost Idle Local"
    sound(bench)


def test_the_next_one_ends_what_the_plug_would_have_ended() -> None:
    bench = plugged(stop_tap_min_s=0, **at(stop="EVConnected"))
    starts(bench)
    draws(bench)
    bench.taps(ROAMER)
    pauses(bench)
    bench.passes(10)
    bench.taps(STRANGER)
    bench.answers(ACCEPTED)
    assert story(bench)[-2:] == ["Ended Deauthorized EVConnected Local", "Started Authorized EVConnected"]
    assert len({record.session for record in bench.records}) == 2
    sound(bench)


def test_a_remote_stop_of_what_waits_for_the_plug_is_taken() -> None:
    bench = plugged(**at(stop="EVConnected"))
    starts(bench)
    session = bench.session.id
    assert bench.remote_stop(session) == "Accepted"
    bench.passes(10)
    assert story(bench)[-1] == "Updated RemoteStop EVConnected"
    assert bench.remote_stop(session) == "Accepted"
    assert story(bench)[-1] == "Ended RemoteStop EVConnected Remote"


def test_a_vehicle_that_has_enough_ends_it_where_energy_is_a_stop_point() -> None:
    bench = plugged(**at(stop="EnergyTransfer"))
    starts(bench)
    draws(bench)
    pauses(bench)
    bench.passes(10)
    assert story(bench)[-1] == "Ended ChargingStateChanged EVConnected StoppedByEV"
    assert bench.runs == "nothing"
    assert bench.entries[-1].reason == "StoppedByEV"
    sound(bench)


def test_a_pulled_plug_ends_it_whatever_is_set() -> None:
    """design.md B5."""
    bench = plugged(**at(stop="Authorized"))
    starts(bench)
    bench.unplugs()
    bench.passes(10)
    assert story(bench)[-1] == "Ended EVCommunicationLost Idle EVDisconnected"


def test_a_group_stops_it_with_its_own_card() -> None:
    bench = plugged(stop_tap_min_s=0, **at())
    starts(bench, info=FAMILY)
    draws(bench)
    bench.taps(STRANGER)
    bench.answers(FAMILY)
    bench.passes(10)
    assert story(bench)[-1] == "Ended StopAuthorized EVConnected Local"
    assert tellings(bench)[-1].tag == STRANGER.tag


def test_an_app_s_stop_carries_no_card() -> None:
    bench = plugged(**at())
    bench.taps(ANNA)
    bench.answers(ACCEPTED)
    draws(bench)
    bench.presses_stop(ANNA)
    bench.passes(10)
    assert story(bench)[-1] == "Ended StopAuthorized EVConnected Local"


# --- the clock is put back --------------------------------------------------------------------------------------------------------


def moments(bench: Bench) -> list[int]:
    """Of what was told, in seconds since the first."""
    told = [one.reading.utc_ms if isinstance(one, RecordSample) else one.utc_ms for one in bench.records if one.telling is not None]
    return [round((utc_ms - told[0]) / 1000) for utc_ms in told]


def test_no_event_is_of_an_earlier_time_than_the_one_before_it() -> None:
    """A change of the vehicle, a reading on the way and the end have its time until the clock has caught up."""
    bench = plugged(**at())
    starts(bench)
    bench.passes(10)
    draws(bench)
    bench.clock_set(-3600)
    pauses(bench)
    bench.meters(1600, power_w=7000.0)
    bench.passes(60)
    bench.unplugs()
    bench.passes(10)
    assert bench.recorded == "Start Update Update Update Sample Stop"
    assert moments(bench) == [0, 10, 10, 10, 10, 10]


def test_a_session_begins_no_earlier_than_its_transaction() -> None:
    bench = ready(**at("EVConnected"))
    bench.plugs()
    bench.clock_set(-3600)
    starts(bench)
    begun = bench.starts[0]
    assert moments(bench) == [0, 0]
    bench.unplugs()
    bench.passes(10)
    assert bench.entries[-1].started_ms == begun.utc_ms


# --- small things -----------------------------------------------------------------------------------------------------------------


def test_every_reason_has_its_telling() -> None:
    assert set(ENDS) == set(StopReason)


def test_an_unknown_plug_counts_as_it_was() -> None:
    bench = plugged(**at())
    assert charging_state(bench.state) is ChargingState.EV_CONNECTED
    bench.wallbox(plugged=None)
    assert charging_state(bench.state) is ChargingState.EV_CONNECTED


def test_what_is_offline_is_told_to_have_been() -> None:
    bench = ready(**at("EVConnected"))
    bench.backend_goes()
    bench.plugs()
    assert [record.offline for record in bench.records] == [True]


def test_a_local_permission_stands_in_for_a_refused_one_that_waits() -> None:
    """B16: whoever may charge here locally goes on, and the backend is told that its transaction is over."""
    bench = ready(**at("Authorized"))
    bench.taps(ANNA)
    bench.answers(ACCEPTED)
    refuses(bench)
    assert story(bench)[-1] == "Ended Deauthorized Idle DeAuthorized"
    bench.plugs()
    assert bench.runs == "local"
