"""Charging profiles over time: kinds, validity, stacking, purposes, and the composite schedule of all of them."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core import schedules
from bridge.core.orders import ChargingProfile, ChargingSchedule, ProfileKind, ProfilePurpose, RateUnit, Recurrency, SchedulePeriod
from bridge.core.schedules import (
    DURATION_S_MAX,
    PERIODS_TOLD_MAX,
    Composite,
    change_ms,
    composite,
    limit_a,
    next_change_ms,
    period_at,
    told,
)
from bridge.core.settings import Rules
from bridge.core.values import ChargePointId
from tests.core.world import TEN_O_CLOCK_MS

RULES = Rules(charge_point=ChargePointId("garage"), backend="fleet")
T = TEN_O_CLOCK_MS
HOUR_S, DAY_S = 3600, 86_400
MAX, DEFAULT, TX = ProfilePurpose.STATION_MAX, ProfilePurpose.TX_DEFAULT, ProfilePurpose.TX


def profile(purpose: ProfilePurpose, *periods: tuple[int, float], id: int = 1, **given: Any) -> ChargingProfile:  # noqa: A002, ANN401
    """Absolute from ten o'clock on in amperes, unless told otherwise. Fields of its schedule are told likewise."""
    inner: dict[str, Any] = {"unit": RateUnit.AMPERES, "start_ms": T, "id": 1}
    inner |= {name: given.pop(name) for name in ("unit", "start_ms", "duration_s", "min_rate") if name in given}
    inner["periods"] = tuple(SchedulePeriod(start_s=start_s, limit=limit) for start_s, limit in periods)
    fields: dict[str, Any] = {"id": id, "connector": 0 if purpose is MAX else 1, "purpose": purpose, "stack_level": 0}
    fields |= {"kind": ProfileKind.ABSOLUTE, "schedule": ChargingSchedule(**inner)}
    return ChargingProfile(**(fields | given))


# --- one profile ------------------------------------------------------------------------------------------------------------------

DAILY = {"kind": ProfileKind.RECURRING, "recurrency": Recurrency.DAILY}
WEEKLY = {"kind": ProfileKind.RECURRING, "recurrency": Recurrency.WEEKLY}
RELATIVE = {"kind": ProfileKind.RELATIVE}


@pytest.mark.parametrize(
    "given, at_s, limit",
    [
        pytest.param({}, -1, None, id="absolute: before its start"),
        pytest.param({}, 0, 6.0, id="absolute: at its start"),
        pytest.param({}, 59, 6.0, id="absolute: the first period lasts"),
        pytest.param({}, 60, 10.0, id="absolute: until the next"),
        pytest.param({}, 10 * DAY_S, 10.0, id="absolute: the last one for ever"),
        pytest.param({"duration_s": 100}, 99, 10.0, id="absolute: within its duration"),
        pytest.param({"duration_s": 100}, 100, None, id="absolute: after its duration"),
        pytest.param({"start_ms": None}, 9, 6.0, id="absolute without a start: from the begin of charging"),
        pytest.param({"start_ms": None}, -51, None, id="absolute without a start: nothing before"),
        pytest.param({"valid_from_ms": T + 30_000}, 29, None, id="not valid yet"),
        pytest.param({"valid_from_ms": T + 30_000}, 30, 6.0, id="valid from here"),
        pytest.param({"valid_to_ms": T + 30_000}, 29, 6.0, id="still valid"),
        pytest.param({"valid_to_ms": T + 30_000}, 30, None, id="valid to here"),
        pytest.param(DAILY, -1, None, id="daily: before the first day"),
        pytest.param(DAILY, DAY_S - 1, 10.0, id="daily: a second before the next day"),
        pytest.param(DAILY, DAY_S, 6.0, id="daily: begins anew"),
        pytest.param(DAILY, 400 * DAY_S + 60, 10.0, id="daily: a year later"),
        pytest.param({**DAILY, "duration_s": 100}, DAY_S - 1, None, id="daily: nothing for the rest of the day"),
        pytest.param({**DAILY, "duration_s": 100}, DAY_S + 99, 10.0, id="daily: each day"),
        pytest.param({**DAILY, "duration_s": 3 * DAY_S}, DAY_S, 6.0, id="daily: longer than a day is cut"),
        pytest.param({**DAILY, "start_ms": None}, DAY_S - 50, 6.0, id="daily without a start: from the begin of charging"),
        pytest.param(WEEKLY, 6 * DAY_S, 10.0, id="weekly: not each day"),
        pytest.param(WEEKLY, 7 * DAY_S + 59, 6.0, id="weekly: begins anew"),
        pytest.param(RELATIVE, -50, 6.0, id="relative: from the begin of charging, whatever its start says"),
        pytest.param(RELATIVE, 9, 6.0, id="relative: first period"),
        pytest.param(RELATIVE, 10, 10.0, id="relative: second period"),
        pytest.param({**RELATIVE, "duration_s": 50}, 0, None, id="relative: over"),
    ],
)
def test_what_a_profile_says_at_a_time(given: dict[str, Any], at_s: int, limit: float | None) -> None:
    """6 A, a minute later 10 A; charging began 50 s before ten o'clock."""
    one = profile(DEFAULT, (0, 6.0), (60, 10.0), **given)
    period = period_at(one, T + at_s * 1000, T - 50_000)
    assert (None if period is None else period.limit) == limit


@pytest.mark.parametrize(
    "given, after_s, change_s",
    [
        pytest.param({}, -10, 0, id="its start"),
        pytest.param({}, 0, 60, id="its next period"),
        pytest.param({}, 60, None, id="never again"),
        pytest.param({"duration_s": 100}, 60, 100, id="its end"),
        pytest.param({"duration_s": 100}, 100, None, id="nothing after its end"),
        pytest.param({"valid_from_ms": T + 7_000}, 0, 7, id="its validity begins"),
        pytest.param({"valid_to_ms": T + 70_000}, 60, 70, id="its validity ends"),
        pytest.param(DAILY, 60, DAY_S, id="tomorrow"),
        pytest.param(WEEKLY, 60, 7 * DAY_S, id="in a week"),
        pytest.param(RELATIVE, 0, 10, id="relative to the begin of charging"),
    ],
)
def test_when_it_may_change(given: dict[str, Any], after_s: int, change_s: int | None) -> None:
    one = profile(DEFAULT, (0, 6.0), (60, 10.0), **given)
    at_ms, expected = T + after_s * 1000, None if change_s is None else T + change_s * 1000
    assert change_ms(one, at_ms, T - 50_000) == expected
    assert next_change_ms([one, profile(MAX, (0, 16.0), start_ms=T - 60_000)], at_ms, T - 50_000) == expected


def test_periods_that_do_not_begin_at_zero_say_nothing_before() -> None:
    """The station takes none such, and is not confused by one either."""
    one = profile(DEFAULT, (60, 10.0))
    assert period_at(one, T, T) is None


# --- several ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "profiles, limit",
    [
        pytest.param([], None, id="none"),
        pytest.param([profile(DEFAULT, (0, 10.0))], 10.0, id="default"),
        pytest.param([profile(DEFAULT, (0, 10.0)), profile(TX, (0, 12.0))], 12.0, id="the transaction's overrules the default"),
        pytest.param([profile(DEFAULT, (0, 10.0)), profile(TX, (0, 12.0), duration_s=5)], None, id="and does so when its schedule is over"),
        pytest.param([profile(DEFAULT, (0, 10.0)), profile(TX, (0, 12.0), valid_to_ms=T)], 10.0, id="not when it is no longer valid"),
        pytest.param([profile(DEFAULT, (0, 10.0)), profile(TX, (0, 12.0), start_ms=T + 60_000)], 10.0, id="not before it starts"),
        pytest.param([profile(MAX, (0, 8.0)), profile(TX, (0, 12.0))], 8.0, id="never above the station's maximum"),
        pytest.param([profile(MAX, (0, 20.0)), profile(TX, (0, 12.0))], 12.0, id="below the station's maximum"),
        pytest.param([profile(MAX, (0, 8.0))], 8.0, id="the station's maximum alone"),
        pytest.param([profile(DEFAULT, (0, 6.0), stack_level=0), profile(DEFAULT, (0, 9.0), stack_level=1)], 9.0, id="the higher level"),
        pytest.param(
            [profile(DEFAULT, (0, 6.0)), profile(DEFAULT, (0, 9.0), stack_level=1, duration_s=5)], 6.0, id="the lower one where it is over"
        ),
        pytest.param([profile(DEFAULT, (0, 6.0), connector=0), profile(DEFAULT, (0, 9.0))], 9.0, id="the connector's own of two alike"),
        pytest.param([profile(DEFAULT, (0, 6900.0), unit=RateUnit.WATTS)], 10.0, id="watts are over all phases"),
    ],
)
def test_which_of_them_decides(profiles: list[ChargingProfile], limit: float | None) -> None:
    """Ten seconds after ten o'clock; the order in which they came makes no difference."""
    for order in (profiles, profiles[::-1]):
        assert limit_a(order, T + 10_000, T, RULES) == (None if limit is None else pytest.approx(limit))


@pytest.mark.parametrize(
    "limit, unit, expected",
    [
        (8.0, RateUnit.AMPERES, 8.0),
        (8.69, RateUnit.AMPERES, 8.6),
        (6.3, RateUnit.AMPERES, 6.3),
        (6000 / 690, RateUnit.WATTS, 6000.0),
        (10.0, RateUnit.WATTS, 6900.0),
        (0.0, RateUnit.WATTS, 0.0),
    ],
)
def test_limits_are_told_in_tenths_and_never_too_high(limit: float, unit: RateUnit, expected: float) -> None:
    assert told(limit, unit, RULES) == expected


# --- the composite schedule -------------------------------------------------------------------------------------------------------


def _composite(
    *profiles: ChargingProfile, after_s: int = 0, duration_s: int = 400, most_a: float = 16.0, unit: RateUnit = RateUnit.AMPERES
) -> Composite:
    start_ms = T + after_s * 1000
    return composite(profiles, start_ms=start_ms, began_ms=T, duration_s=duration_s, unit=unit, most_a=most_a, rules=RULES)


def _periods(schedule: Composite) -> list[tuple[int, float]]:
    return [(period.start_s, period.limit) for period in schedule.periods]


STACK = (
    profile(DEFAULT, (0, 6.0), (100, 8.0), (200, 10.0), id=1, duration_s=400),
    profile(DEFAULT, (0, 7.0), (100, 9.0), id=2, stack_level=1, duration_s=150),
)
PURPOSES = (
    profile(MAX, (0, 10.0), id=1, duration_s=DAY_S),
    profile(DEFAULT, (0, 6.0), (60, 10.0), (120, 8.0), (180, 15.0), (260, 8.0), id=2, duration_s=300),
    profile(TX, (0, 8.0), (50, 11.0), (140, 16.0), (200, 6.0), (240, 12.0), id=3, duration_s=260),
)


@pytest.mark.requirement("1.6 TC_072_CS")
@pytest.mark.requirement("2.0.1 TC_K_40_CS")
@pytest.mark.parametrize("after_s", [0, 3])
def test_stacking(after_s: int) -> None:
    expected = [(0, 7.0), (100 - after_s, 9.0), (150 - after_s, 8.0), (200 - after_s, 10.0)]
    assert _periods(_composite(*STACK, after_s=after_s, duration_s=350)) == expected


@pytest.mark.requirement("1.6 TC_066_CS")
@pytest.mark.requirement("2.0.1 TC_K_41_CS")
@pytest.mark.parametrize("after_s", [0, 3])
@pytest.mark.parametrize("unit, factor", [(RateUnit.AMPERES, 1), (RateUnit.WATTS, 690)])
def test_combining_purposes(after_s: int, unit: RateUnit, factor: int) -> None:
    expected = [(0, 8.0), (50 - after_s, 10.0), (200 - after_s, 6.0), (240 - after_s, 10.0)]
    schedule = _composite(*PURPOSES, after_s=after_s, unit=unit)
    assert _periods(schedule) == [(start_s, limit * factor) for start_s, limit in expected]
    assert (schedule.duration_s, schedule.unit, schedule.start_ms) == (400, unit, T + after_s * 1000)


@pytest.mark.requirement("1.6 TC_067_CS")
def test_what_is_left_when_one_after_the_other_is_cleared() -> None:
    low, high = profile(DEFAULT, (0, 11.0), (200, 12.0)), profile(DEFAULT, (0, 7.0), (100, 9.0), id=2, stack_level=1)
    assert _periods(_composite(low, high)) == [(0, 7.0), (100, 9.0)]
    assert _periods(_composite(low)) == [(0, 11.0), (200, 12.0)]
    assert _periods(_composite()) == [(0, 16.0)]


def test_nothing_is_promised_above_what_there_is() -> None:
    assert _periods(_composite(*STACK, most_a=8.5)) == [(0, 7.0), (100, 8.5), (150, 8.0), (200, 8.5)]
    assert _periods(_composite(*STACK, most_a=0.0)) == [(0, 0.0)]


def test_one_phase_is_told_and_three_are_assumed() -> None:
    one = composite(STACK, start_ms=T, began_ms=T, duration_s=10, unit=RateUnit.WATTS, most_a=16.0, rules=replace(RULES, phases=1))
    assert one.periods == (SchedulePeriod(start_s=0, limit=7 * 230.0, phases=1),)
    assert _composite(*STACK).periods[0].phases is None


@pytest.mark.parametrize("duration_s, told_s", [(0, 0), (-5, 0), (100, 100), (10**12, DURATION_S_MAX)])
def test_no_longer_than_a_day(duration_s: int, told_s: int) -> None:
    schedule = _composite(*STACK, duration_s=duration_s)
    assert schedule.duration_s == told_s
    assert schedule.periods[0] == SchedulePeriod(start_s=0, limit=7.0)


def test_a_schedule_of_more_periods_than_can_be_told_ends_before() -> None:
    restless = profile(DEFAULT, *((second, 6.0 + second % 2) for second in range(PERIODS_TOLD_MAX + 10)))
    schedule = _composite(restless, duration_s=DAY_S)
    assert (schedule.duration_s, len(schedule.periods)) == (PERIODS_TOLD_MAX, PERIODS_TOLD_MAX)


def test_the_work_for_one_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes that change nothing are looked at as well."""
    monkeypatch.setattr(schedules, "TURNS_MAX", 3)
    idle = profile(DEFAULT, *((second, 6.0) for second in range(10)))
    schedule = _composite(idle)
    assert (schedule.duration_s, _periods(schedule)) == (3, [(0, 6.0)])


# --- laws -------------------------------------------------------------------------------------------------------------------------

SPAN_S = 50
_times = st.integers(-SPAN_S * 1000, 2 * SPAN_S * 1000).map(lambda offset_ms: T + offset_ms)
_schedules = st.builds(
    ChargingSchedule,
    id=st.none(),
    unit=st.sampled_from(RateUnit),
    periods=st.lists(st.integers(1, 2 * SPAN_S), max_size=4, unique=True).flatmap(
        lambda starts: st.tuples(
            *(
                st.builds(SchedulePeriod, start_s=st.just(start_s), limit=st.sampled_from([0.0, 5.0, 6.0, 7.3, 9.0, 16.0, 6900.0, 9000.0]))
                for start_s in (0, *sorted(starts))
            )
        )
    ),
    start_ms=st.none() | _times,
    duration_s=st.none() | st.integers(1, 2 * SPAN_S),
)
PROFILES = st.builds(
    ChargingProfile,
    id=st.integers(1, 9),
    connector=st.sampled_from([0, 1]),
    purpose=st.sampled_from([MAX, DEFAULT, TX]),
    stack_level=st.integers(0, 2),
    kind=st.sampled_from(ProfileKind),
    schedule=_schedules,
    recurrency=st.sampled_from(Recurrency),
    valid_from_ms=st.none() | _times,
    valid_to_ms=st.none() | _times,
)
"""Any at all around ten o'clock."""


def _plainly(profile: ChargingProfile, utc_ms: int, began_ms: int) -> tuple[bool, float | None]:
    """Whether a profile has begun, and its limit in amperes: second by second, without the arithmetic under test."""
    if profile.valid_from_ms is not None and utc_ms < profile.valid_from_ms:
        return False, None
    if profile.valid_to_ms is not None and utc_ms >= profile.valid_to_ms:
        return False, None
    schedule = profile.schedule
    start_ms = began_ms if profile.kind is ProfileKind.RELATIVE or schedule.start_ms is None else schedule.start_ms
    if utc_ms < start_ms:
        return False, None
    days = 7 if profile.recurrency is Recurrency.WEEKLY else 1
    while profile.kind is ProfileKind.RECURRING and start_ms + days * 86_400_000 <= utc_ms:
        start_ms += days * 86_400_000
    limit = None
    for period in schedule.periods:
        if start_ms + period.start_s * 1000 <= utc_ms:
            limit = period.limit
    if schedule.duration_s is not None and utc_ms >= start_ms + schedule.duration_s * 1000:
        limit = None
    return True, limit if limit is None or schedule.unit is RateUnit.AMPERES else limit / 690


def brute_force(profiles: list[ChargingProfile], utc_ms: int, began_ms: int) -> float:
    best: dict[ProfilePurpose, tuple[int, int, float]] = {}
    overruled = False
    for profile in profiles:
        begun, limit = _plainly(profile, utc_ms, began_ms)
        overruled = overruled or (begun and profile.purpose is TX)
        rank = (profile.stack_level, profile.connector)
        if limit is not None and (profile.purpose not in best or rank > best[profile.purpose][:2]):
            best[profile.purpose] = (*rank, limit)
    if overruled:
        best.pop(DEFAULT, None)
    return min([16.0, *(limit for *_, limit in best.values())])


def _unlike(profiles: list[ChargingProfile]) -> bool:
    """No two in the same place: the later one would have replaced the earlier."""
    places = [(profile.purpose, profile.stack_level, profile.connector) for profile in profiles]
    return len(places) == len(set(places))


@given(
    profiles=st.lists(PROFILES, max_size=5).filter(_unlike),
    began_ms=_times,
    days=st.sampled_from([0, 0, 1, 8]),
    unit=st.sampled_from(RateUnit),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_composite_is_what_each_second_says(profiles: list[ChargingProfile], began_ms: int, days: int, unit: RateUnit) -> None:
    start_ms = T + days * 86_400_000
    schedule = composite(profiles, start_ms=start_ms, began_ms=began_ms, duration_s=SPAN_S, unit=unit, most_a=16.0, rules=RULES)
    assert schedule.duration_s == SPAN_S
    starts = [period.start_s for period in schedule.periods]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert all(one.limit != other.limit for one, other in pairwise(schedule.periods))
    for second in range(SPAN_S):
        limit = [period.limit for period in schedule.periods if period.start_s <= second][-1]
        assert limit == told(brute_force(profiles, start_ms + second * 1000, began_ms), unit, RULES)


@given(profiles=st.lists(PROFILES, max_size=4), began_ms=_times, at_ms=_times)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_changes_before_it_may(profiles: list[ChargingProfile], began_ms: int, at_ms: int) -> None:
    """Whoever sleeps until the next change misses none."""
    change = next_change_ms(profiles, at_ms, began_ms)
    until_ms = at_ms + 86_400_000 if change is None else change - 1
    assert until_ms >= at_ms
    now = limit_a(profiles, at_ms, began_ms, RULES)
    for later_ms in {at_ms + (until_ms - at_ms) * part // 7 for part in range(8)}:
        assert limit_a(profiles, later_ms, began_ms, RULES) == now
