"""Everything that happens because time passes. Deadlines are derived; early or needless wake-ups do no harm."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.clockwork import CLOCKWORK, allowed_w, deadline_s, next_aligned_ms
from bridge.core.events import TimePassed
from bridge.core.settings import EnergyRules, Settings
from bridge.core.values import ReadingContext
from tests.core.world import ACCEPTED, CARL, ROAMER, TEN_O_CLOCK_MS, Bench, charging, plugged, ready

QUIET = Settings(sample_interval_s=0)

# --- sampled readings -------------------------------------------------------------------------------------------------------------


def _times(bench: Bench) -> list[float]:
    return [(one.reading.utc_ms - TEN_O_CLOCK_MS) / 1000 for one in bench.samples]


@pytest.mark.requirement("1.6 TC_070_CS")
def test_samples_are_exactly_an_interval_apart_from_the_start() -> None:
    bench = charging(settings=Settings(sample_interval_s=20))
    bench.passes(100)
    assert _times(bench) == [20, 40, 60, 80, 100]
    assert {one.reading.context for one in bench.samples} == {ReadingContext.PERIODIC}


@pytest.mark.requirement("1.6 TC_036_CS")
def test_samples_go_on_while_the_backend_is_away() -> None:
    bench = charging(settings=Settings(sample_interval_s=20))
    bench.backend_goes()
    bench.passes(60)
    bench.backend_comes()
    bench.passes(20)
    assert _times(bench) == [20, 40, 60, 80]
    assert [one.offline for one in bench.samples] == [True, True, True, False]


def test_a_loop_that_was_busy_dates_the_sample_when_it_was_due() -> None:
    bench = charging(settings=Settings(sample_interval_s=20))
    bench.now_s += 23
    bench.happens(TimePassed)
    bench.passes(17)
    assert _times(bench) == [20, 40]


@pytest.mark.requirement("C5")
def test_after_a_sleep_one_sample_is_taken_and_dated_now() -> None:
    """No burst for the hours that were slept through, and no reading of now with a time of then."""
    bench = charging(settings=Settings(sample_interval_s=20))
    bench.draws(0.0)
    bench.wallbox(charging=False)
    bench.now_s += 7215
    bench.happens(TimePassed)
    assert _times(bench) == [7215]
    bench.passes(5)
    assert _times(bench) == [7215, 7220]


def test_zero_switches_samples_off() -> None:
    bench = charging(settings=QUIET)
    bench.passes(3600)
    assert not bench.samples


def test_a_changed_interval_begins_anew() -> None:
    bench = charging(settings=QUIET)
    bench.passes(90)
    bench.changes("sample_interval_s", 20)
    bench.passes(20)
    assert _times(bench) == [110]
    bench.changes("sample_interval_s", 20)
    bench.changes("connection_timeout_s", 20)
    bench.passes(9)
    bench.changes("sample_interval_s", 60)
    bench.passes(59)
    assert _times(bench) == [110]


def test_no_sample_before_a_session_and_none_after_it() -> None:
    bench = plugged(settings=Settings(sample_interval_s=20))
    bench.changes("sample_interval_s", 30)
    bench.passes(100)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.unplugs()
    bench.passes(100)
    assert bench.recorded == "Start Stop"


@pytest.mark.requirement("M9")
def test_a_silent_meter_leaves_a_hole_and_an_alert() -> None:
    """No substitute values; samples go on when it speaks again."""
    bench = charging(settings=Settings(sample_interval_s=60))
    bench.passes(180)
    assert _times(bench) == [60]
    assert "meter_silent" in bench.alerts
    bench.meters(1100)
    assert "meter_silent" not in bench.alerts
    bench.passes(60)
    assert _times(bench) == [60, 240]


# --- clock-aligned readings ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_071_CS")
def test_aligned_readings_lie_on_the_grid_of_the_wall_clock() -> None:
    bench = plugged(settings=Settings(sample_interval_s=0, aligned_interval_s=20))
    bench.passes(7)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.passes(60)
    assert _times(bench) == [20, 40, 60]
    assert {one.reading.context for one in bench.samples} == {ReadingContext.CLOCK}


DAY_MS = 86_400_000
MIDNIGHT_MS = TEN_O_CLOCK_MS - TEN_O_CLOCK_MS % DAY_MS


@pytest.mark.parametrize(
    "interval_s, after_s, next_s",
    [
        (900, 0, 900),
        (900, 899.999, 900),
        (900, 900, 1800),
        (7 * 3600, 20 * 3600, 21 * 3600),
        pytest.param(7 * 3600, 22 * 3600, 24 * 3600, id="the grid begins anew at midnight"),
        pytest.param(86_400, 5, 86_400, id="once a day"),
    ],
)
def test_the_grid_begins_at_midnight_utc(interval_s: int, after_s: float, next_s: float) -> None:
    bench = ready()
    now = replace(bench.now, utc_ms=MIDNIGHT_MS + round(after_s * 1000))
    settings = Settings(aligned_interval_s=interval_s)
    state = replace(bench.state, settings=settings, now=now, aligned_ms=now.utc_ms)
    assert next_aligned_ms(state) == MIDNIGHT_MS + next_s * 1000


def test_without_an_interval_there_is_no_grid() -> None:
    assert next_aligned_ms(ready().state) is None


@pytest.mark.parametrize("by_s", [-3600, -1, 1, 3600, 86_400 * 365])
def test_a_clock_that_is_set_neither_silences_the_grid_nor_makes_it_burst(by_s: float) -> None:
    """DST does not exist in UTC; NTP, operators and empty batteries do."""
    bench = charging(settings=Settings(sample_interval_s=0, aligned_interval_s=60))
    bench.draws(0.0)
    bench.wallbox(charging=False)
    bench.passes(30)
    bench.clock_set(by_s)
    bench.passes(600)
    assert 9 <= len(bench.samples) <= 11
    times = [one.reading.utc_ms for one in bench.samples]
    assert times == sorted(times)


def test_a_point_that_was_jumped_over_is_not_claimed() -> None:
    """The reading of now is not told as the reading of a time nobody looked."""
    bench = charging(settings=Settings(sample_interval_s=0, aligned_interval_s=900))
    bench.draws(0.0)
    bench.wallbox(charging=False)
    bench.passes(60)
    bench.clock_set(1200)
    bench.happens(TimePassed)
    assert _times(bench) == [1260]
    bench.passes(600)
    assert _times(bench) == [1260, 1800]


def test_a_grid_that_is_switched_on_begins_with_the_next_point() -> None:
    bench = charging(settings=QUIET)
    bench.passes(30)
    bench.changes("aligned_interval_s", 60)
    assert not bench.samples
    bench.passes(30)
    assert _times(bench) == [60]


def test_outside_a_session_aligned_readings_are_told_while_they_are_fresh() -> None:
    bench = ready(settings=Settings(aligned_interval_s=60))
    bench.passes(120)
    assert [one.reading.utc_ms - TEN_O_CLOCK_MS for one in bench.announced] == [60_000, 120_000]
    assert {one.reading.context for one in bench.announced} == {ReadingContext.CLOCK}
    bench.meters(None)
    bench.passes(120)
    assert len(bench.announced) == 2


def test_after_a_sleep_an_aligned_reading_outside_a_session_is_dated_now() -> None:
    bench = ready(settings=Settings(aligned_interval_s=60))
    bench.now_s += 90
    bench.happens(TimePassed)
    assert [one.reading.utc_ms for one in bench.announced] == [bench.now_ms]


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("ends", [False, True])
def test_none_are_told_of_a_local_session_nor_between_a_stop_and_its_record(ends: bool) -> None:
    for person in (CARL, ROAMER) if ends else (CARL,):
        bench = charging(person, settings=Settings(sample_interval_s=0, aligned_interval_s=60))
        bench.passes(57)
        if ends:
            bench.unplugs()
        bench.passes(4)
        assert not bench.announced
        assert not bench.samples


def test_a_silent_meter_leaves_a_hole_in_the_grid() -> None:
    bench = charging(settings=Settings(sample_interval_s=0, aligned_interval_s=100))
    bench.passes(200)
    assert _times(bench) == [100]
    assert "meter_silent" in bench.alerts


# --- the limit is watched ---------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B6")
@pytest.mark.requirement("E1")
def test_power_above_the_limit_ten_seconds_later_is_an_alert() -> None:
    bench = charging()
    bench.energy(limit_a=6.0)
    bench.passes(9.9)
    assert not bench.alerts
    bench.passes(0.1)
    assert bench.state.alerts["limit_ignored"].text == "the wallbox draws 7000 W, but 6 A is allowed; check its control"
    bench.passes(60)
    bench.draws(4100)
    assert not bench.alerts


@pytest.mark.requirement("M10")
def test_power_without_a_release_is_an_alert() -> None:
    bench = plugged()
    bench.draws(7000)
    bench.passes(10)
    assert "nothing is allowed" in bench.state.alerts["limit_ignored"].text


def test_a_vehicle_that_follows_in_time_is_no_alert() -> None:
    bench = charging()
    bench.energy(limit_a=6.0)
    bench.passes(6)
    bench.draws(4100)
    bench.passes(60)
    assert not bench.alerts


@pytest.mark.parametrize("limit_a, allowed", [(6.0, 6.0 * 690 * 1.1 + 200), (None, 16.0 * 690 * 1.1 + 200)])
def test_there_is_room_for_meters_that_are_not_exact(limit_a: float | None, allowed: float) -> None:
    bench = charging()
    bench.energy(limit_a=limit_a)
    assert allowed_w(bench.state, bench.commanded) == pytest.approx(allowed)
    bench.unplugs()
    assert allowed_w(bench.state, bench.commanded) == 200


def test_power_of_yesterday_is_no_offence() -> None:
    bench = Bench()
    bench.draws(7000)
    bench.passes(60)
    assert not bench.alerts


# --- alerts that pass ---------------------------------------------------------------------------------------------------------------------


def test_alerts_about_a_bad_moment_pass_after_an_hour() -> None:
    bench = ready()
    bench.meters(500)
    assert bench.alerts == {"meter_rollback"}
    bench.passes(3599)
    assert bench.alerts == {"meter_rollback"}
    bench.passes(1)
    assert not bench.alerts


# --- deadlines ----------------------------------------------------------------------------------------------------------------------------


def test_with_nothing_to_do_the_core_sleeps() -> None:
    assert deadline_s(ready().state) is None


def _rate_told() -> Bench:
    bench = charging(settings=Settings(sample_interval_s=0), smart_charging=True, transaction_events=True)
    bench.energy(limit_a=10)
    bench.passes(10)
    bench.draws(5000.0)
    bench.energy(limit_a=8)
    return bench


@pytest.mark.parametrize(
    "bench, seconds",
    [
        pytest.param(lambda: _tapped(plugged()), 8, id="a question"),
        pytest.param(lambda: _answered(ready()), 60, id="a permission"),
        pytest.param(lambda: _answered(_meterless()), 10, id="the meter at a start"),
        pytest.param(lambda: _answered(plugged()), 10, id="a vehicle's moment to begin"),
        pytest.param(charging, 60, id="a sample"),
        pytest.param(_rate_told, 50, id="a rate that changed again too soon to be told at once"),
    ],
)
def test_the_next_deadline(bench: Any, seconds: float) -> None:  # noqa: ANN401
    made = bench()
    assert deadline_s(made.state) == made.now_s + seconds


def _tapped(bench: Bench) -> Bench:
    bench.taps(ROAMER)
    return bench


def _answered(bench: Bench) -> Bench:
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    return bench


def _meterless() -> Bench:
    bench = plugged()
    bench.meters(None)
    return bench


def test_early_and_needless_wake_ups_do_no_harm() -> None:
    bench = charging(settings=Settings(sample_interval_s=60, aligned_interval_s=60), energy=EnergyRules(stale_after_s=60.0))
    bench.energy(limit_a=10.0)
    bench.wallbox(online=False)
    effects = len(bench.effects)
    for _ in range(100):
        bench.happens(TimePassed)
    assert len(bench.effects) == effects


def test_every_entry_of_the_table_acts_on_something() -> None:
    assert len({when for when, _ in CLOCKWORK}) == len(CLOCKWORK)
