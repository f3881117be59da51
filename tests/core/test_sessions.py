"""How sessions begin, are sampled and end."""

from decimal import Decimal
from typing import Any

import pytest

from bridge.core.backend import UnlockRequested
from bridge.core.effects import EntryKind, UnlockHardware
from bridge.core.events import SessionStopOrdered
from bridge.core.settings import Cable, Settings
from bridge.core.state import Granted
from bridge.core.values import Authority, ReadingContext, RequestId
from tests.core.reserving import reserved
from tests.core.world import ACCEPTED, ANNA, BEN, CARL, INVALID, ROAMER, STRANGER, TEN_O_CLOCK_MS, Bench, charging, plugged, ready

# --- begin -----------------------------------------------------------------------------------------------------------------------


def test_a_start_says_who_when_and_at_which_register() -> None:
    bench = plugged(register_wh=4711)
    bench.passes(3)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    start = bench.starts[0]
    assert (start.tag, start.utc_ms, start.reading.register_wh) == (ROAMER.tag, TEN_O_CLOCK_MS + 3000, 4711)
    assert start.reading.context is ReadingContext.BEGIN
    assert (start.sequence, start.offline, start.remote) == (0, False, False)


def test_a_start_uses_up_the_reservation_of_its_tag() -> None:
    bench = reserved()
    bench.plugs()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert [start.reservation for start in bench.starts] == [7]
    assert bench.state.kept.reservation is None


def test_a_session_that_begins_while_the_backend_is_away_says_so() -> None:
    bench = plugged()
    bench.backend_goes()
    bench.taps(ROAMER, known=ACCEPTED)
    assert bench.starts[0].offline


@pytest.mark.requirement("B7")
@pytest.mark.requirement("1.6 TC_039_CS")
def test_a_session_wholly_offline_is_recorded_whole_and_with_its_own_times() -> None:
    bench = plugged()
    bench.backend_goes()
    bench.taps(ROAMER, known=ACCEPTED)
    bench.passes(30)
    bench.meters(1100, power_w=0.0)
    bench.unplugs()
    bench.passes(5)
    assert bench.recorded == "Start Stop"
    assert all(record.offline for record in bench.records)
    assert bench.stops[0].utc_ms - bench.starts[0].utc_ms == 30_000


def _decides(bench: Bench) -> None:
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)


@pytest.mark.parametrize(
    "breaks, mends",
    [
        pytest.param(Bench.loses_the_broker, Bench.synchronises, id="broker"),
        pytest.param(lambda bench: bench.disk(ok=False), lambda bench: bench.disk(ok=True), id="disk"),
        pytest.param(
            lambda bench: bench.wallbox(fault="ConnectorLockFailure"),
            lambda bench: bench.wallbox(fault=None),
            id="fault",
            marks=pytest.mark.requirement("1.6 TC_024_CS"),
        ),
        pytest.param(
            lambda bench: (bench.wallbox(online=False), bench.passes(30)), lambda bench: bench.wallbox(online=True), id="wallbox offline"
        ),
    ],
)
def test_a_permission_waits_until_what_broke_is_mended(breaks: Any, mends: Any) -> None:  # noqa: ANN401
    """Nothing starts on guesses; nothing has to be tapped again either."""
    bench = ready()
    _decides(bench)
    breaks(bench)
    bench.plugs()
    mends(bench)
    bench.meters(1000)
    assert bench.recorded == "Start"


@pytest.mark.parametrize(
    "breaks",
    [Bench.loses_the_broker, lambda bench: bench.disk(ok=False), lambda bench: bench.wallbox(fault="ConnectorLockFailure")],
)
def test_what_stays_broken_lets_the_permission_lapse(breaks: Any) -> None:  # noqa: ANN401
    bench = ready()
    _decides(bench)
    breaks(bench)
    bench.plugs()
    bench.passes(60)
    assert not isinstance(bench.state.pending, Granted)
    assert bench.recorded == ""


def test_unknown_never_starts_a_session() -> None:
    bench = Bench()
    bench.meters(1000)
    bench.synchronises()
    bench.backend_comes()
    _decides(bench)
    assert bench.decided == ("green", "ocpp", "waiting_for_plug")
    bench.wallbox(charging=True)
    assert bench.recorded == ""


def test_out_of_service_takes_the_backends_permission_back() -> None:
    bench = ready()
    _decides(bench)
    bench.sets_availability(operative=False)
    bench.plugs()
    assert bench.recorded == ""


def test_out_of_service_leaves_a_local_permission() -> None:
    bench = ready()
    bench.taps(CARL)
    bench.sets_availability(operative=False)
    bench.plugs()
    assert bench.runs == "local"


# --- the meter at the start -----------------------------------------------------------------------------------------------------


def silent(**given: Any) -> Bench:  # noqa: ANN401
    """Plugged; the meter's last live word is too old."""
    bench = plugged(**given)
    bench.draws(200)
    bench.passes(120)
    return bench


def test_a_decision_never_waits_for_the_meter() -> None:
    bench = silent()
    _decides(bench)
    assert bench.decided == ("green", "ocpp", "accepted")
    assert bench.recorded == ""
    assert bench.reported == "Preparing"


def test_a_start_waits_for_a_live_value() -> None:
    bench = silent()
    _decides(bench)
    bench.passes(9)
    bench.meters(1040)
    assert bench.recorded == "Start"
    assert bench.starts[0].reading.register_wh == 1040
    assert "meter_silent" not in bench.alerts


def test_after_ten_seconds_the_last_known_value_does_with_its_own_time_and_an_alert() -> None:
    bench = silent()
    _decides(bench)
    heard_ms = TEN_O_CLOCK_MS
    bench.passes(10)
    start = bench.starts[0]
    assert (start.reading.register_wh, start.reading.utc_ms) == (1000, heard_ms)
    assert start.utc_ms == bench.now_ms
    assert "meter_silent" in bench.alerts
    bench.meters(1000)
    assert "meter_silent" not in bench.alerts


def test_a_stored_value_is_the_last_known_one_never_a_fresh_one() -> None:
    """What the broker had stored before we subscribed may be of yesterday."""
    bench = Bench()
    bench.meters(1000, live=False)
    bench.plugs()
    bench.synchronises()
    bench.backend_comes()
    _decides(bench)
    assert bench.recorded == ""
    bench.passes(10)
    assert bench.recorded == "Start"


def test_a_meter_that_speaks_on_change_is_fresh_while_nothing_flows() -> None:
    """Its last word was that nothing flows; hours later the start need not wait."""
    bench = plugged()
    bench.passes(7200)
    _decides(bench)
    assert bench.recorded == "Start"
    assert bench.starts[0].reading.utc_ms == bench.now_ms


def test_a_second_tap_during_the_wait_does_not_prolong_it() -> None:
    bench = silent()
    _decides(bench)
    bench.passes(5)
    bench.taps(ROAMER)
    assert bench.decided == ("green", "ocpp", "accepted")
    bench.passes(5)
    assert bench.recorded == "Start"


def test_a_late_plug_still_gets_the_whole_wait_for_the_meter() -> None:
    bench = ready()
    bench.draws(200)
    bench.passes(200)
    _decides(bench)
    bench.passes(59)
    bench.plugs()
    bench.passes(9)
    assert bench.recorded == ""
    bench.passes(1)
    assert bench.recorded == "Start"


# --- end ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B5")
@pytest.mark.requirement("1.6 TC_005_1_CS")
@pytest.mark.parametrize("person, kind", [(ROAMER, EntryKind.OCPP), (CARL, EntryKind.LOCAL)])
def test_an_unplug_ends_the_session_always(person: Any, kind: EntryKind) -> None:  # noqa: ANN401
    bench = charging(person)
    bench.meters(1100)
    bench.unplugs()
    assert not bench.enabled
    assert bench.status == "Finishing"
    bench.meters(1102, power_w=0.0)
    assert bench.status == "Available"
    entry = bench.finished[0]
    assert (entry.kind, entry.reason, entry.start_wh, entry.end_wh) == (kind, "EVDisconnected", 1000, 1102)
    assert len(bench.stops) == (1 if kind is EntryKind.OCPP else 0)


@pytest.mark.requirement("1.6 TC_005_1_CS")
def test_a_cable_pulled_twice_is_one_end_on_the_bill() -> None:
    bench = charging()
    bench.unplugs()
    bench.unplugs()
    bench.passes(10)
    bench.unplugs()
    assert bench.recorded == "Start Stop"


@pytest.mark.requirement("1.6 TC_005_2_CS")
@pytest.mark.parametrize(
    "cable, setting, frees",
    [(Cable.SOCKET, True, 1), (Cable.SOCKET, False, 0), (Cable.FIXED, True, 0)],
)
def test_the_cable_is_freed_where_it_can_be_and_is_wanted(cable: Cable, setting: bool, frees: int) -> None:
    bench = charging(cable=cable, settings=Settings(unlock_on_ev_disconnect=setting))
    bench.unplugs()
    assert len(bench.asked_for(UnlockHardware)) == frees


HELD = Settings(unlock_on_ev_disconnect=False)


@pytest.mark.requirement("2.0.1 TC_E_25_CS")
def test_a_cable_that_is_not_freed_waits_for_the_card_that_brought_it() -> None:
    """Another card frees nothing; the right one does, and begins nothing by it; the next time it starts as ever."""
    bench = charging(ROAMER, settings=HELD)
    bench.unplugs()
    bench.passes(10)
    bench.taps(STRANGER)
    bench.answers(INVALID)
    assert not bench.asked_for(UnlockHardware)
    asked = len(bench.questions)
    bench.taps(ROAMER)
    assert bench.decided == ("green", "ocpp", "stopped")
    assert (len(bench.asked_for(UnlockHardware)), len(bench.questions)) == (1, asked)
    bench.passes(10)
    bench.taps(ROAMER)
    assert len(bench.questions) == asked + 1


def test_a_cable_of_a_local_session_is_freed_by_its_own_card() -> None:
    bench = charging(CARL, settings=HELD)
    bench.unplugs()
    bench.passes(10)
    bench.taps(CARL)
    assert bench.decided == ("green", "local", "stopped")
    assert len(bench.asked_for(UnlockHardware)) == 1


def test_whoever_plugs_a_held_cable_in_again_may_start_with_the_same_card() -> None:
    """And once the backend has unlocked it nothing is held any more."""
    bench = charging(ROAMER, settings=HELD)
    bench.unplugs()
    bench.passes(10)
    bench.plugs()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert bench.recorded == "Start Stop Start"
    bench.unplugs()
    bench.passes(10)
    bench.happens(UnlockRequested, request=RequestId("unlock"))
    bench.taps(ROAMER)
    assert bench.decided != ("green", "ocpp", "stopped")


def test_other_ends_free_nothing() -> None:
    bench = charging()
    bench.happens(SessionStopOrdered)
    assert not bench.asked_for(UnlockHardware)


def test_the_end_waits_a_moment_for_the_meters_last_word() -> None:
    """The energy is off at once; the register a few seconds later is the true one."""
    bench = charging()
    bench.meters(1100)
    bench.happens(SessionStopOrdered)
    ended_ms = bench.now_ms
    assert not bench.enabled
    assert bench.recorded == "Start"
    bench.meters(1110, power_w=6000.0)
    assert bench.recorded == "Start", "still flowing, and only just stopped"
    bench.passes(2)
    bench.meters(1112)
    assert bench.recorded == "Start Stop"
    assert (bench.stops[0].reading.register_wh, bench.stops[0].utc_ms) == (1112, ended_ms)
    assert bench.stops[0].reading.context is ReadingContext.END


def test_the_end_does_not_wait_for_a_meter_that_says_nothing() -> None:
    bench = charging()
    bench.meters(1100)
    bench.happens(SessionStopOrdered)
    bench.passes(5)
    assert bench.stops[0].reading.register_wh == 1100


@pytest.mark.parametrize("stop_wait_s, silent_s", [(0.0, 0), (5.0, 150)])
def test_the_end_is_written_at_once_where_nothing_is_to_be_awaited(stop_wait_s: float, silent_s: float) -> None:
    bench = charging(settings=Settings(sample_interval_s=0), stop_wait_s=stop_wait_s)
    bench.passes(silent_s)
    bench.happens(SessionStopOrdered)
    assert bench.recorded == "Start Stop"


def test_what_is_told_right_after_the_last_word_is_a_gap_of_nobody() -> None:
    bench = charging()
    bench.meters(1100, power_w=0.0)
    bench.unplugs()
    bench.meters(1100)
    bench.meters(1103)
    bench.passes(60)
    assert bench.gaps == [(1100, 1103)]
    assert "unaccounted_energy" not in bench.alerts


def test_the_operator_ends_whatever_runs() -> None:
    bench = charging()
    bench.happens(SessionStopOrdered)
    bench.passes(5)
    assert bench.stops[0].reason.value == "Other"
    bench.happens(SessionStopOrdered)
    assert bench.recorded == "Start Stop"


def test_the_stop_carries_the_reading_of_the_start() -> None:
    bench = charging()
    bench.meters(1700)
    bench.unplugs()
    bench.passes(5)
    assert bench.stops[0].begin == bench.starts[0].reading


# --- history --------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B10")
def test_a_session_of_the_backend_leaves_a_record_without_a_cost() -> None:
    bench = charging(BEN, price_per_kwh=Decimal("0.30"))
    bench.takes_record(backend_id="7")
    bench.meters(1100, power_w=0.0)
    bench.passes(20)
    bench.taps(BEN)
    bench.meters(1100)
    entry = bench.finished[0]
    assert (entry.authority, entry.user, entry.name, entry.tag) == (Authority.OCPP, "ben", "Ben", BEN.tag)
    assert (entry.energy_wh, entry.cost, entry.backend_id) == (100, Decimal(0), "7")
    assert entry.price_per_kwh is None
    assert (entry.started_ms, entry.ended_ms) == (TEN_O_CLOCK_MS, TEN_O_CLOCK_MS + 20_000)


@pytest.mark.requirement("B10")
def test_a_local_session_leaves_a_record_with_its_cost() -> None:
    bench = charging(ANNA, info=ACCEPTED, backend=None, price_per_kwh=Decimal("0.30"))
    bench.meters(1100, power_w=0.0)
    bench.unplugs()
    bench.meters(1100)
    entry = bench.finished[0]
    assert (entry.kind, entry.authority, entry.user, entry.tag) == (EntryKind.LOCAL, Authority.LOCAL, "anna", ANNA.tag)
    assert (entry.cost, entry.price_per_kwh, entry.backend_id) == (Decimal("0.03"), Decimal("0.30"), None)


@pytest.mark.requirement("B3")
def test_a_local_session_emits_nothing_for_the_backend() -> None:
    bench = charging(CARL, settings=Settings(sample_interval_s=20, aligned_interval_s=60))
    bench.meters(1200)
    bench.passes(300)
    bench.unplugs()
    bench.passes(10)
    assert bench.recorded == ""
    assert not bench.announced
    assert bench.finished[0].kind is EntryKind.LOCAL


# --- numbers and times ----------------------------------------------------------------------------------------------------------


def test_records_are_numbered_without_a_gap() -> None:
    bench = charging(settings=Settings(sample_interval_s=20))
    bench.passes(60)
    bench.unplugs()
    bench.passes(5)
    assert [record.sequence for record in bench.records] == [0, 1, 2, 3, 4]


def test_a_clock_that_is_put_back_does_not_turn_a_transaction_around() -> None:
    bench = charging(settings=Settings(sample_interval_s=20))
    bench.passes(20)
    bench.clock_set(-3600)
    bench.passes(20)
    bench.unplugs()
    bench.passes(5)
    times = [bench.starts[0].utc_ms, *(one.reading.utc_ms for one in bench.samples), bench.stops[0].utc_ms]
    assert times == sorted(times)
    assert bench.finished[0].ended_ms >= bench.finished[0].started_ms


def test_a_signature_goes_into_one_record_byte_for_byte() -> None:
    """A signed value belongs to one reading of the meter: never repeated, never on another register."""
    bench = plugged(settings=Settings(sample_interval_s=20))
    bench.meters(1000, signed='OCMF|{"a": 1 }|x')
    _decides(bench)
    bench.passes(20)
    bench.meters(1100, signed="second")
    bench.passes(20)
    bench.meters(1200)
    bench.passes(20)
    bench.meters(1300, signed="third", power_w=0.0)
    bench.unplugs()
    bench.passes(5)
    assert bench.starts[0].reading.signed == 'OCMF|{"a": 1 }|x'
    assert [one.reading.signed for one in bench.samples] == [None, "second", None]
    assert bench.stops[0].reading.signed == "third"
    assert bench.stops[0].begin.signed == 'OCMF|{"a": 1 }|x'
