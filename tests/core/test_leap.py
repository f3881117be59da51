"""Times written while nobody knew the time, put right once it is known."""

from dataclasses import replace

import pytest

from bridge.core.effects import Record, RecordSample, RecordStart, RecordStop, RecordUpdate, Telling
from bridge.core.events import ClockCorrected, Restarted
from bridge.core.leap import Leap, is_dated
from bridge.core.values import Instant, Reading, SessionId, StopReason, TxKind, TxTrigger
from tests.core.world import ACCEPTED, CARL, ROAMER, TEN_O_CLOCK_MS, Bench, charging, ready

BUILT_MS = TEN_O_CLOCK_MS - 86_400_000
"""No time before this can be right."""
LEAP = Leap(before_ms=BUILT_MS, by_ms=TEN_O_CLOCK_MS)
"""The host began in 1970, and it was ten o'clock then."""
SESSION = SessionId("one")


def unset() -> Bench:
    """A charge point on a host that has just begun in 1970."""
    bench = Bench(now_s=60.0)
    bench.utc_ahead_ms = 0
    bench.state = bench._born(bench.state.kept)
    bench.happens(Restarted, planned=True, clock_trusted=False)
    bench.unplugs()
    bench.meters(1000, power_w=0.0)
    bench.synchronises()
    bench.backend_comes()
    bench.plugs()
    return bench


def loses_the_time(bench: Bench) -> None:
    """The power goes, and with it the time: it begins in 1970 again."""
    bench.restarts()
    bench.utc_ahead_ms = 0
    bench.happens(Restarted, planned=False, clock_trusted=False)


def learns(bench: Bench, *, trusted: bool = False) -> None:
    """The time becomes known: the host began at ten o'clock."""
    bench.utc_ahead_ms = TEN_O_CLOCK_MS
    bench.happens(ClockCorrected, before_ms=BUILT_MS, by_ms=TEN_O_CLOCK_MS, trusted=trusted)


def reading(utc_ms: int) -> Reading:
    return Reading(utc_ms=utc_ms, register_wh=1000)


def start(utc_ms: int, read_ms: int) -> RecordStart:
    assert ROAMER.tag is not None
    return RecordStart(session=SESSION, sequence=0, tag=ROAMER.tag, reading=reading(read_ms), utc_ms=utc_ms, offline=True)


def stop(utc_ms: int, read_ms: int, begin_ms: int) -> RecordStop:
    return RecordStop(
        session=SESSION,
        sequence=2,
        reading=reading(read_ms),
        utc_ms=utc_ms,
        reason=StopReason.LOCAL,
        tag=None,
        begin=reading(begin_ms),
        offline=True,
    )


def sample(utc_ms: int) -> RecordSample:
    return RecordSample(session=SESSION, sequence=1, reading=reading(utc_ms), offline=True)


def update(utc_ms: int, reading_ms: int | None = None, begin_ms: int | None = None) -> RecordUpdate:
    return RecordUpdate(
        session=SESSION,
        sequence=1,
        utc_ms=utc_ms,
        offline=True,
        telling=Telling(kind=TxKind.ENDED, trigger=TxTrigger.DEAUTHORIZED),
        reading=None if reading_ms is None else reading(reading_ms),
        begin=None if begin_ms is None else reading(begin_ms),
        collected=() if begin_ms is None else (reading(begin_ms),),
    )


RIGHT = TEN_O_CLOCK_MS


@pytest.mark.parametrize(
    "record, moved",
    [
        (start(5, 3), start(RIGHT + 5, RIGHT + 3)),
        (start(5, RIGHT), start(RIGHT + 5, RIGHT)),
        (sample(5), sample(RIGHT + 5)),
        (stop(5, 4, 3), stop(RIGHT + 5, RIGHT + 4, RIGHT + 3)),
        (stop(RIGHT, RIGHT, 3), stop(RIGHT, RIGHT, RIGHT + 3)),
        (sample(BUILT_MS - 1), sample(BUILT_MS - 1 + RIGHT)),
        (update(5), update(RIGHT + 5)),
        (update(5, 4, 3), update(RIGHT + 5, RIGHT + 4, RIGHT + 3)),
        (update(RIGHT, RIGHT, 3), update(RIGHT, RIGHT, RIGHT + 3)),
    ],
)
def test_every_time_that_cannot_be_right_is_moved_and_no_other(record: Record, moved: Record) -> None:
    """A start of 1970, read from a meter that was heard yesterday, keeps the meter's time."""
    assert not is_dated(record, BUILT_MS)
    assert LEAP.record(record) == moved
    assert is_dated(moved, BUILT_MS)
    assert LEAP.record(moved) == moved, "a second time moves nothing"


def test_a_time_on_the_border_is_right() -> None:
    assert is_dated(sample(BUILT_MS), BUILT_MS)
    assert LEAP.record(sample(BUILT_MS)) == sample(BUILT_MS)


def test_a_session_that_began_in_1970_ends_with_right_times_and_is_marked() -> None:
    """Begun before the time was known, ended after: start and end are an hour apart, as they were."""
    bench = unset()
    bench.taps(CARL)
    began_s = bench.now_s
    bench.passes(1800)
    learns(bench)
    bench.passes(1800)
    bench.meters(5000, power_w=0.0)
    bench.unplugs()
    bench.passes(60)
    (entry,) = bench.finished
    assert entry.started_ms == TEN_O_CLOCK_MS + round(began_s * 1000)
    assert entry.ended_ms - entry.started_ms == 3600 * 1000
    assert not entry.clock_trusted


def test_a_session_that_is_just_ending_keeps_the_moment_of_its_end() -> None:
    """The time becomes known while the meter's last word is awaited."""
    bench = unset()
    bench.taps(CARL)
    bench.passes(1800)
    bench.meters(5000, power_w=3000.0)
    bench.unplugs()
    ended_s = bench.now_s
    assert bench.runs == "local ending"
    learns(bench)
    bench.passes(60)
    assert bench.finished[0].ended_ms == TEN_O_CLOCK_MS + round(ended_s * 1000)


def test_records_written_afterwards_hold_no_time_of_1970() -> None:
    """Nor do those about what was known before: the register heard last, and the reading at the start."""
    bench = unset()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.passes(900)
    learns(bench)
    assert min(bench.state.kept.register_ms or 0, bench.state.kept.accounted_ms or 0) >= TEN_O_CLOCK_MS
    bench.effects.clear()
    bench.passes(7200)
    bench.unplugs()
    bench.passes(60)
    assert bench.stops
    assert all(is_dated(record, BUILT_MS) for record in bench.records)
    assert bench.stops[0].begin.utc_ms >= TEN_O_CLOCK_MS


def test_a_session_of_a_life_that_knew_the_time_keeps_its_times() -> None:
    """After the power cut the host has forgotten the time; the old session stops at its own last durable moment."""
    bench = charging()
    kept = bench.state.kept
    loses_the_time(bench)
    learns(bench)
    assert bench.state.kept == replace(kept, boot_reason="PowerUp")
    assert bench.state.recovery is not None
    assert bench.state.recovery.went_down_ms == bench.session.last.utc_ms


def test_what_goes_on_in_1970_with_a_silent_meter_ends_after_it_began() -> None:
    """Its register is of the life before, and so is that register's time: no time for an end."""
    bench = charging()
    loses_the_time(bench)
    bench.synchronises()
    bench.plugs()
    bench.passes(60)
    start = bench.starts[-1]
    assert not is_dated(start, BUILT_MS)
    bench.meters(round(start.reading.register_wh), power_w=0.0)
    bench.passes(120)
    bench.unplugs()
    bench.passes(60)
    told = [LEAP.record(record) for record in bench.records if record.session == start.session]
    times = [record.reading.utc_ms if isinstance(record, RecordSample) else record.utc_ms for record in told]
    assert [type(record) for record in told] == [RecordStart, RecordSample, RecordSample, RecordStop]
    assert times == sorted(times)


def test_what_was_put_right_keeps_its_times_in_another_life_of_1970() -> None:
    """Begun in 1970, right since the central system told the time; then the power goes again, and with it the time."""
    bench = unset()
    bench.taps(CARL)
    learns(bench)
    bench.passes(120)
    bench.meters(1050)
    bench.passes(120)
    last = bench.session.last
    assert last.utc_ms > bench.session.started_ms >= TEN_O_CLOCK_MS
    loses_the_time(bench)
    bench.synchronises()
    bench.unplugs()
    bench.passes(60)
    assert bench.finished[-1].ended_ms == last.utc_ms


def test_recovery_from_a_life_in_1970_knows_how_long_it_took() -> None:
    bench = unset()
    bench.taps(CARL)
    bench.happens(Restarted, planned=False, clock_trusted=False)
    learns(bench)
    assert bench.state.recovery is not None
    assert bench.state.recovery.went_down_ms == bench.session.last.utc_ms >= TEN_O_CLOCK_MS


@pytest.mark.parametrize("trusted", [False, True])
def test_what_begins_under_the_central_systems_time_is_marked_too(trusted: bool) -> None:
    """Until the host's own clock has been set."""
    bench = unset()
    learns(bench, trusted=trusted)
    bench.taps(CARL)
    assert bench.session.clock_trusted is trusted


def test_the_grid_of_readings_begins_anew() -> None:
    """No burst of readings that should have been taken since 1970."""
    bench = unset()
    bench.changes("aligned_interval_s", 900)
    learns(bench)
    assert bench.state.aligned_ms == bench.now_ms
    bench.passes(899)
    assert len(bench.announced) <= 1


def test_a_charge_point_about_which_nothing_was_written_writes_nothing() -> None:
    """The very object says that nothing has to be written."""
    bench = ready()
    bench.state = replace(bench.state, meter=replace(bench.state.meter, register_at=None))
    kept = bench.state.kept
    bench.happens(ClockCorrected, before_ms=0, by_ms=1, trusted=True)
    assert bench.state.kept is kept
    assert bench.state.meter.register_at is None


def test_the_register_heard_last_is_dated() -> None:
    bench = unset()
    bench.state = replace(bench.state, meter=replace(bench.state.meter, register_at=Instant(mono_s=50.0, utc_ms=50_000)))
    learns(bench)
    assert bench.state.meter.register_at == Instant(mono_s=50.0, utc_ms=TEN_O_CLOCK_MS + 50_000)


def test_entries_of_the_history_and_decisions_move_as_well() -> None:
    bench = unset()
    bench.taps(CARL)
    bench.unplugs()
    bench.passes(10)
    entry, decision = bench.finished[0], bench.decisions[0]
    assert LEAP.entry(entry) == replace(entry, started_ms=RIGHT + entry.started_ms, ended_ms=RIGHT + entry.ended_ms)
    assert LEAP.decision(decision) == replace(decision, utc_ms=RIGHT + decision.utc_ms)


def test_a_clock_nobody_trusts_may_be_set_ahead_and_back_and_times_of_a_transaction_still_never_run_back() -> None:
    """Somebody sets the clock of a host that began in 1970, twice."""
    bench = unset()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    for by_s in (3600, -3600, 7):
        bench.clock_set(by_s)
        bench.passes(60)
    bench.unplugs()
    bench.passes(5)
    times = [bench.starts[0].utc_ms, *(one.reading.utc_ms for one in bench.samples), bench.stops[0].utc_ms]
    assert len(times) > 3
    assert times == sorted(times)
