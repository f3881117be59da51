"""What the meter shows, as records and the disk want it."""

import pytest

from bridge.core.readings import reading
from bridge.core.settings import Settings
from bridge.core.values import Reading, ReadingContext
from tests.core.world import TEN_O_CLOCK_MS, Bench, charging, ready


def test_a_fresh_reading_tells_all_that_is_known_as_of_now() -> None:
    bench = charging()
    bench.meters(1010, power_w=6900.0, current_a=(10.0, 10.0, 10.0), voltage_v=(230.0, 230.0, 230.0), soc_percent=40.0, signed="x")
    bench.passes(5)
    assert reading(bench.state, ReadingContext.TRIGGER) == Reading(
        utc_ms=bench.now_ms,
        register_wh=1010,
        power_w=6900.0,
        current_a=(10.0, 10.0, 10.0),
        voltage_v=(230.0, 230.0, 230.0),
        soc_percent=40.0,
        offered_a=16.0,
        context=ReadingContext.TRIGGER,
        signed="x",
    )


@pytest.mark.parametrize(
    "taken_ms, own_ms",
    [
        pytest.param(None, TEN_O_CLOCK_MS, id="when it was heard"),
        pytest.param(TEN_O_CLOCK_MS - 700, TEN_O_CLOCK_MS - 700, id="by the meter's own clock"),
        pytest.param(TEN_O_CLOCK_MS + 86_400_000, TEN_O_CLOCK_MS, id="not a day ahead"),
    ],
)
def test_an_old_reading_carries_its_own_time_and_nothing_that_has_passed(taken_ms: int | None, own_ms: int) -> None:
    bench = ready()
    bench.meters(1010, power_w=6900.0, current_a=(10.0,), taken_ms=taken_ms, signed="x")
    bench.passes(500)
    assert reading(bench.state, ReadingContext.END) == Reading(utc_ms=own_ms, register_wh=1010, context=ReadingContext.END)


def test_phases_are_told_whole_or_not_at_all() -> None:
    bench = ready()
    bench.meters(1000, phase_current_a=(1, 5.0))
    taken = reading(bench.state, ReadingContext.PERIODIC)
    assert taken is not None
    assert (taken.current_a, taken.voltage_v) == (None, None)
    bench.meters(1000, phase_current_a=(0, 4.0))
    taken = reading(bench.state, ReadingContext.PERIODIC)
    assert taken is not None
    assert taken.current_a == (4.0, 5.0)


def test_a_meter_that_never_spoke_shows_nothing() -> None:
    bench = Bench()
    bench.draws(1000)
    assert reading(bench.state, ReadingContext.PERIODIC) is None


@pytest.mark.requirement("B8")
def test_the_register_of_a_session_is_kept_with_its_time() -> None:
    bench = charging(settings=Settings(sample_interval_s=0))
    bench.passes(30)
    bench.meters(1060, signed="x")
    bench.passes(30)
    kept = bench.state.kept
    assert (kept.register_wh, kept.register_ms) == (1060, bench.now_ms)
    assert (bench.session.last.register_wh, bench.session.last.utc_ms) == (1060, bench.now_ms)
    assert bench.session.last.signed is None, "it goes into a record, once"


def test_a_register_is_kept_even_if_nobody_speaks_again() -> None:
    """The register rose ten seconds after the last write, and then the meter died."""
    bench = charging(settings=Settings(sample_interval_s=0))
    bench.passes(10)
    bench.meters(1030)
    assert bench.state.kept.register_wh == 1000
    bench.passes(50)
    assert bench.state.kept.register_wh == 1030


def test_ends_are_kept_with_the_newest_register() -> None:
    """A crash while the meter's last word is awaited costs nobody the last minute."""
    bench = charging(settings=Settings(sample_interval_s=0))
    bench.passes(10)
    bench.meters(1030)
    bench.unplugs()
    assert bench.runs == "backend ending"
    bench.restarts()
    assert bench.stops[0].reading.register_wh == 1030
    assert bench.stops[0].reason.value == "EVDisconnected"


def test_a_clock_put_back_does_not_date_the_kept_register_before_the_last_one() -> None:
    bench = charging(settings=Settings(sample_interval_s=20))
    bench.passes(20)
    last_ms = bench.session.last.utc_ms
    bench.clock_set(-7200)
    bench.meters(1040)
    bench.passes(60)
    assert bench.session.last.utc_ms >= last_ms
