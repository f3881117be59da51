"""The arithmetic of charging profiles: what they allow at a time, when that changes, and all of it over time (1.6 §3.13, 2.0.1 K).

All of it is per phase, in amperes. Phases can't be switched: amperes are held on each phase and watts over all of them, whatever number
of phases a period names, so that neither is ever exceeded. `began_ms` is when the transaction began.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from bridge.core.orders import ChargingProfile, ProfileKind, ProfilePurpose, RateUnit, Recurrency, SchedulePeriod
from bridge.core.settings import Rules

DAY_MS = 86_400_000
EVERY_MS = {Recurrency.DAILY: DAY_MS, Recurrency.WEEKLY: 7 * DAY_MS}
PHASES_ASSUMED = 3
"""Where a period names none (1.6 ChargingSchedulePeriod)."""
RESOLUTION = 10
"""Limits are told in tenths: the schemas of OCPP 1.6 take no more digits."""
NOISE = 1e-6
"""What a division of floats may lose: 6000 W are 6000 W again after having been amperes."""
DURATION_S_MAX = 86_400
"""Nobody plans further ahead than a day; a longer composite schedule is cut, and tells so by its duration."""
PERIODS_TOLD_MAX = 1024
"""The most that OCPP 2.0.1 has room for in a schedule; more are cut likewise."""
TURNS_MAX = 1500
"""Changes that are looked at for a composite schedule, told or not: with all the profiles there is room for some tenths of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """What may be charged over time; each period lasts until the next."""

    start_ms: int
    duration_s: int
    unit: RateUnit
    periods: tuple[SchedulePeriod, ...]


def _start_s(period: SchedulePeriod) -> int:
    return period.start_s


def _rank(profile: ChargingProfile) -> tuple[int, int]:
    return profile.stack_level, profile.connector


# --- one profile ------------------------------------------------------------------------------------------------------------------


def origin_ms(profile: ChargingProfile, utc_ms: int, began_ms: int) -> int:
    """When the schedule that counts at that time begins; one without a time of its own begins with the charging (1.6 ChargingSchedule)."""
    start_ms = profile.schedule.start_ms
    match profile.kind:
        case ProfileKind.RELATIVE:
            return began_ms
        case ProfileKind.ABSOLUTE:
            return began_ms if start_ms is None else start_ms
        case ProfileKind.RECURRING:
            first_ms = began_ms if start_ms is None else start_ms
            every_ms = EVERY_MS[profile.recurrency or Recurrency.DAILY]
            return first_ms + max(0, (utc_ms - first_ms) // every_ms) * every_ms
        case _:
            assert_never(profile.kind)


def is_expired(profile: ChargingProfile, utc_ms: int) -> bool:
    """Whether it will never count again."""
    return profile.valid_to_ms is not None and profile.valid_to_ms <= utc_ms


def has_begun(profile: ChargingProfile, utc_ms: int, began_ms: int) -> bool:
    """Whether it counts at that time, be its schedule over or not."""
    begun = profile.valid_from_ms is None or profile.valid_from_ms <= utc_ms
    return begun and not is_expired(profile, utc_ms) and origin_ms(profile, utc_ms, began_ms) <= utc_ms


def period_at(profile: ChargingProfile, utc_ms: int, began_ms: int) -> SchedulePeriod | None:
    """The period that counts at that time; None: the profile says nothing then."""
    if not has_begun(profile, utc_ms, began_ms):
        return None
    schedule = profile.schedule
    since_ms = utc_ms - origin_ms(profile, utc_ms, began_ms)
    if schedule.duration_s is not None and since_ms >= schedule.duration_s * 1000:
        return None
    index = bisect_right(schedule.periods, since_ms // 1000, key=_start_s) - 1
    return schedule.periods[index] if index >= 0 else None


def change_ms(profile: ChargingProfile, utc_ms: int, began_ms: int) -> int | None:
    """When what it says may next change; None: never again."""
    schedule, origin = profile.schedule, origin_ms(profile, utc_ms, began_ms)
    times = [profile.valid_from_ms, profile.valid_to_ms, origin]
    if schedule.duration_s is not None:
        times.append(origin + schedule.duration_s * 1000)
    if profile.kind is ProfileKind.RECURRING:
        times.append(origin + EVERY_MS[profile.recurrency or Recurrency.DAILY])
    index = bisect_right(schedule.periods, (utc_ms - origin) // 1000, key=_start_s)
    if index < len(schedule.periods):
        times.append(origin + schedule.periods[index].start_s * 1000)
    return min((time for time in times if time is not None and time > utc_ms), default=None)


# --- all of them ------------------------------------------------------------------------------------------------------------------


def per_phase_a(limit: float, unit: RateUnit, rules: Rules) -> float:
    """A limit in amperes per phase."""
    return limit if unit is RateUnit.AMPERES else limit / (rules.voltage_v * rules.phases)


def _purpose(profiles: Iterable[ChargingProfile], purpose: ProfilePurpose) -> list[ChargingProfile]:
    return [profile for profile in profiles if profile.purpose is purpose]


def _top_a(profiles: Iterable[ChargingProfile], utc_ms: int, began_ms: int, rules: Rules) -> float | None:
    """What the highest stack level says that says anything; of two alike that of the connector, not that of the station."""
    for profile in sorted(profiles, key=_rank, reverse=True):
        period = period_at(profile, utc_ms, began_ms)
        if period is not None:
            return per_phase_a(period.limit, profile.schedule.unit, rules)
    return None


def limit_a(profiles: Sequence[ChargingProfile], utc_ms: int, began_ms: int, rules: Rules) -> float | None:
    """What they leave at that time; None: they limit nothing. Profiles of other transactions have been left out."""
    own = _purpose(profiles, ProfilePurpose.TX)
    # A profile of the transaction overrules the default as long as it is valid, also where its schedule is over (TC_066, TC_K_41)
    if not any(has_begun(profile, utc_ms, began_ms) for profile in own):
        own = _purpose(profiles, ProfilePurpose.TX_DEFAULT)
    limits = (
        _top_a(_purpose(profiles, ProfilePurpose.STATION_MAX), utc_ms, began_ms, rules),
        _top_a(own, utc_ms, began_ms, rules),
    )
    return min((limit for limit in limits if limit is not None), default=None)


def next_change_ms(profiles: Iterable[ChargingProfile], utc_ms: int, began_ms: int) -> int | None:
    """When what they leave may next change."""
    changes = (change_ms(profile, utc_ms, began_ms) for profile in profiles)
    return min((change for change in changes if change is not None), default=None)


def told(limit: float, unit: RateUnit, rules: Rules) -> float:
    """Amperes per phase in the unit asked for, in tenths, rounded down: never more than there is."""
    amount = limit if unit is RateUnit.AMPERES else limit * rules.voltage_v * rules.phases
    return math.floor(amount * RESOLUTION + NOISE * RESOLUTION) / RESOLUTION


def composite(
    profiles: Sequence[ChargingProfile],
    *,
    start_ms: int,
    began_ms: int,
    duration_s: int,
    unit: RateUnit,
    most_a: float,
    rules: Rules,
) -> Composite:
    """What may be charged from a time on, as far as it is known now: the profiles, below `most_a`."""
    end_s = min(max(duration_s, 0), DURATION_S_MAX)
    phases = None if rules.phases == PHASES_ASSUMED else rules.phases
    periods: list[SchedulePeriod] = []
    at_s = 0
    for _ in range(TURNS_MAX):
        at_ms = start_ms + at_s * 1000
        left = limit_a(profiles, at_ms, began_ms, rules)
        limit = told(most_a if left is None else min(left, most_a), unit, rules)
        if not periods or periods[-1].limit != limit:
            periods.append(SchedulePeriod(start_s=at_s, limit=limit, phases=phases))
        change = next_change_ms(profiles, at_ms, began_ms)
        if change is None:
            break
        # rounded up: what is told of a second is what counts at its beginning
        at_s = -((start_ms - change) // 1000)
        if at_s >= end_s:
            break
        if len(periods) == PERIODS_TOLD_MAX:
            end_s = at_s
            break
    else:
        end_s = at_s
    return Composite(start_ms=start_ms, duration_s=end_s, unit=unit, periods=tuple(periods))
