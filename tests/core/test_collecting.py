"""Readings that a 2.0.1 transaction brings along at its end."""

from typing import Any

import pytest

from bridge.core.collecting import COLLECTED_MAX, SIGNED_MAX
from bridge.core.settings import Settings
from bridge.core.values import Reading, ReadingContext
from tests.core.world import TEN_O_CLOCK_MS, Bench, charging

HOUR_S = 3600


def at_work(**changed: Any) -> Bench:  # noqa: ANN401
    return charging(settings=Settings(sample_interval_s=0, **changed), transaction_events=True)


def ends(bench: Bench) -> tuple[Reading, ...]:
    bench.unplugs()
    bench.passes(10)
    return bench.stops[-1].collected


def goes_on(bench: Bench, seconds: float, *, every_s: float = 30.0) -> None:
    """The meter speaks all the while."""
    for number in range(1, round(seconds / every_s) + 1):
        bench.passes(every_s)
        bench.meters(1000 + number, power_w=7000.0)


def test_they_are_an_interval_apart() -> None:
    bench = at_work(end_interval_s=60)
    goes_on(bench, 200)
    collected = ends(bench)
    assert [one.utc_ms - collected[0].utc_ms for one in collected] == [0, 60_000, 120_000]
    assert {one.context for one in collected} == {ReadingContext.PERIODIC}
    assert [record.sequence for record in bench.records] == list(range(len(bench.records))), "they are no records of their own"


def test_they_lie_on_the_grid_of_the_clock() -> None:
    bench = at_work(aligned_end_interval_s=900)
    goes_on(bench, 2 * HOUR_S)
    collected = ends(bench)
    assert len(collected) == 8
    assert {one.utc_ms % 900_000 for one in collected} == {0}
    assert {one.context for one in collected} == {ReadingContext.CLOCK}


def test_the_grid_begins_anew_at_midnight() -> None:
    bench = at_work(aligned_end_interval_s=50_000)
    goes_on(bench, 15 * HOUR_S, every_s=100)
    midnight_ms = TEN_O_CLOCK_MS + 14 * HOUR_S * 1000
    assert [one.utc_ms - midnight_ms for one in ends(bench)] == [50_000_000 - 86_400_000, 0]


def test_both_kinds_are_kept_apart() -> None:
    bench = at_work(end_interval_s=600, aligned_end_interval_s=900)
    goes_on(bench, 1800)
    assert [one.context.value for one in ends(bench)].count("Sample.Clock") == 2


def test_they_survive_a_restart_with_their_transaction() -> None:
    bench = at_work(end_interval_s=60)
    goes_on(bench, 130)
    bench.restarts()
    bench.unplugs()
    bench.synchronises()
    bench.passes(40)
    assert len(bench.stops[-1].collected) == 2


def test_a_long_session_keeps_every_second_one() -> None:
    bench = at_work(end_interval_s=60)
    goes_on(bench, 60 * (COLLECTED_MAX + 1), every_s=60)
    collected = ends(bench)
    assert len(collected) == COLLECTED_MAX // 2 + 1
    assert collected[-1].utc_ms > collected[0].utc_ms


def test_a_silent_meter_is_told_with_what_it_said_last() -> None:
    bench = at_work(end_interval_s=300)
    bench.passes(650)
    assert [one.register_wh for one in ends(bench)] == [1000, 1000]


def test_what_is_a_little_late_has_the_time_it_was_due() -> None:
    """The next one is due an interval after that, so that times do not drift."""
    bench = at_work(end_interval_s=60)
    for _ in range(4):
        bench.passes(60.4)
        bench.meters(1001, power_w=7000.0)
    first, *others = (one.utc_ms for one in ends(bench))
    assert [one - first for one in others] == [60_000, 120_000, 180_000]


def test_signed_values_go_along_as_far_as_there_is_room() -> None:
    """Each goes into one record; of very many the first ones."""
    bench = at_work(end_interval_s=60)
    for number in range(1, 16):
        bench.passes(30)
        bench.meters(1000 + number, power_w=7000.0, signed=str(number) + "x" * 3000)
        bench.passes(30)
    signed = [one.signed for one in ends(bench)]
    assert len([one for one in signed if one is not None]) == SIGNED_MAX // 3002
    assert signed[0] is not None
    assert signed[-1] is None
    assert len(set(signed[: SIGNED_MAX // 3002])) == SIGNED_MAX // 3002


@pytest.mark.parametrize("changed", [{}, {"end_interval_s": 0, "aligned_end_interval_s": 0}])
def test_by_default_there_are_none(changed: dict[str, int]) -> None:
    bench = at_work(**changed)
    goes_on(bench, HOUR_S)
    assert ends(bench) == ()


def test_nothing_is_collected_for_1_6() -> None:
    bench = charging(settings=Settings(end_interval_s=60))
    goes_on(bench, 200)
    assert ends(bench) == ()


def test_the_clock_may_be_told_to_speak_only_while_nobody_charges() -> None:
    """2.0.1 AlignedDataCtrlr.SendDuringIdle (TC_J_06)."""
    bench = at_work(aligned_interval_s=60, aligned_idle_only=True)
    goes_on(bench, 300)
    assert bench.samples == []
    bench.wallbox(plugged=False, charging=False)
    bench.meters(1011, power_w=0.0)
    bench.passes(130)
    assert [one.reading.context for one in bench.announced] == [ReadingContext.CLOCK] * 2
