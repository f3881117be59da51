"""Charging profiles: what the backend allows over time, below what energy management allows (B14; 1.6 §3.13, 2.0.1 K)."""

from dataclasses import replace
from itertools import pairwise
from math import isfinite

from bridge.core.backend import ProfilesCleared, ProfileSent
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome
from bridge.core.energy import allowance_on_site, began_ms, follows_profiles, own_transaction, profiles_in_force
from bridge.core.orders import ChargingProfile, ProfileFilter, ProfileKind, ProfilePurpose, RateUnit
from bridge.core.schedules import Composite, composite, is_expired, next_change_ms
from bridge.core.state import BackendSession, NoSession, State
from bridge.core.values import SessionId

PROFILES_MAX = 20
"""A few for each purpose with room to stack; all of them are written with every change of the charge point."""
PERIODS_MAX = 100
"""A day in quarters of an hour, and a few more."""
STACK_LEVEL_MAX = 9
"""Ten levels: nobody was seen to use more than three."""
SECONDS_MAX = 2**31 - 1
"""Sixty-eight years: what central systems send that mean for ever."""
TOLD_MAX = 20_000
"""Characters of a profile as it came, which is kept to the letter: `PERIODS_MAX` periods with all their words, and no tariffs."""


# --- what the backend asks --------------------------------------------------------------------------------------------------------


def profile_sent(draft: Draft, event: ProfileSent) -> None:
    """The backend limits what is charged. One of the same id, or of the same purpose, level and place, is replaced."""
    profile = _bound(draft.state, event.profile) if follows_profiles(draft.state.rules) else None
    taken = profile is not None and is_sound(profile, draft.now_ms) and _install(draft, profile)
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED if taken else Outcome.REJECTED))


def profiles_cleared(draft: Draft, event: ProfilesCleared) -> None:
    """The backend takes limits back."""
    left = tuple(profile for profile in draft.kept.profiles if not is_meant(profile, event.which))
    found = len(left) < len(draft.kept.profiles)
    if found:
        draft.kept = replace(draft.kept, profiles=left)
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED if found else Outcome.UNKNOWN))


def is_meant(profile: ChargingProfile, which: ProfileFilter) -> bool:
    """Whether it is among those."""
    return (
        which.id in {None, profile.id}
        and which.connector in {None, profile.connector}
        and which.purpose in {None, profile.purpose}
        and which.stack_level in {None, profile.stack_level}
    )


# --- what can be taken ------------------------------------------------------------------------------------------------------------


def is_sound(profile: ChargingProfile, now_ms: int) -> bool:
    """Whether it makes sense and is within the limits that the station tells of."""
    place = {
        ProfilePurpose.STATION_MAX: profile.connector == 0,
        ProfilePurpose.TX_DEFAULT: profile.connector in {0, 1},
        ProfilePurpose.TX: profile.connector == 1,
        # 2.0.1 K01.FR.22: what limits the station from outside is told to the backend, never set by it
        ProfilePurpose.EXTERNAL: False,
    }
    ends_ms, begins_ms = profile.valid_to_ms, profile.valid_from_ms
    return (
        place[profile.purpose]
        and 0 <= profile.stack_level <= STACK_LEVEL_MAX
        and (profile.kind is not ProfileKind.RECURRING or profile.recurrency is not None)
        and not is_expired(profile, now_ms)
        and (ends_ms is None or begins_ms is None or begins_ms < ends_ms)
        and len(profile.told) <= TOLD_MAX
        and _is_in_order(profile)
    )


def _is_in_order(profile: ChargingProfile) -> bool:
    # 2.0.1 K01.FR.31: "The startPeriod of the first chargingSchedulePeriod in a chargingSchedule SHALL always be 0."
    starts = [period.start_s for period in profile.schedule.periods]
    duration_s = profile.schedule.duration_s
    return (
        0 < len(starts) <= PERIODS_MAX
        and starts[0] == 0
        and all(one < other for one, other in pairwise(starts))
        and all(isfinite(period.limit) and period.limit >= 0 for period in profile.schedule.periods)
        and starts[-1] <= SECONDS_MAX
        and (duration_s is None or 0 < duration_s <= SECONDS_MAX)
    )


def may_begin_with(profile: ChargingProfile, now_ms: int) -> bool:
    """Whether a transaction that does not run yet may begin with it: it can't know the transaction's name (1.6 §5.16.2)."""
    return profile.purpose is ProfilePurpose.TX and profile.transaction is None and is_sound(profile, now_ms)


def _bound(state: State, profile: ChargingProfile) -> ChargingProfile | None:
    """With our own name of its transaction; None: there is no such transaction."""
    if profile.purpose is not ProfilePurpose.TX:
        # only a profile of a transaction has one; named all the same, it must not make another place of the same
        return replace(profile, transaction=None)
    own, session = own_transaction(state), state.kept.session
    running = isinstance(session, NoSession) or session.ending is None
    told = session.backend_id if isinstance(session, BackendSession) else None
    return replace(profile, transaction=own) if own is not None and running and profile.transaction in {None, own, told} else None


def _install(draft: Draft, profile: ChargingProfile) -> bool:
    """Put it into force, in the place of what it replaces; False: there is no room for another one."""
    others = tuple(other for other in draft.kept.profiles if not _is_replaced(other, profile))
    if len(others) >= PROFILES_MAX:
        return False
    draft.kept = replace(draft.kept, profiles=(*others, profile))
    return True


def _is_replaced(other: ChargingProfile, by: ChargingProfile) -> bool:
    place, new = (other.purpose, other.stack_level, other.connector), (by.purpose, by.stack_level, by.connector)
    return other.id == by.id or (place == new and other.transaction == by.transaction)


# --- transactions and time --------------------------------------------------------------------------------------------------------


def begin_with(draft: Draft, profile: ChargingProfile | None, transaction: SessionId) -> None:
    """The transaction that was started with a profile has begun."""
    if profile is not None and follows_profiles(draft.state.rules):
        _install(draft, replace(profile, transaction=transaction))


def watch_profiles(draft: Draft) -> None:
    """Profiles go with their transaction (1.6 §3.13.1) and with their validity. None of them counted any more."""
    if not draft.kept.profiles:
        return
    own = own_transaction(draft.state)
    left = tuple(
        profile
        for profile in draft.kept.profiles
        if not is_expired(profile, draft.now_ms) and (profile.purpose is not ProfilePurpose.TX or profile.transaction == own)
    )
    if len(left) < len(draft.kept.profiles):
        draft.kept = replace(draft.kept, profiles=left)


def change_s(state: State) -> float | None:
    """When what profiles leave may next change, or one of them is no longer valid (mono)."""
    profiles = state.kept.profiles
    if not profiles:
        return None
    now_ms, began = state.now.utc_ms, began_ms(state)
    # what counts from the beginning of a transaction stands still while there is none
    moving = tuple(profile for profile in profiles_in_force(state) if began is not None or not _counts_from_start(profile))
    changes = [profile.valid_to_ms for profile in profiles if profile.valid_to_ms is not None and profile.valid_to_ms > now_ms]
    changes += [change for change in (next_change_ms(moving, now_ms, now_ms if began is None else began),) if change is not None]
    return state.now.mono_s + (min(changes) - now_ms) / 1000 if changes else None


def _counts_from_start(profile: ChargingProfile) -> bool:
    return profile.kind is ProfileKind.RELATIVE or profile.schedule.start_ms is None


def composite_schedule(state: State, *, utc_ms: int, duration_s: int, unit: RateUnit | None) -> Composite:
    """What may be charged from that time on, as far as it is known: hardware, energy management as it is now, and the profiles.

    One station is one connector, so that both have the same. Without a transaction: as for one that begins now.
    """
    left, began = allowance_on_site(state), began_ms(state)
    start_ms = utc_ms - utc_ms % 1000
    return composite(
        profiles_in_force(state),
        start_ms=start_ms,
        began_ms=start_ms if began is None else min(began, start_ms),
        duration_s=duration_s,
        unit=unit or RateUnit.AMPERES,
        most_a=left.limit_a if left.allowed else 0.0,
        rules=state.rules,
    )
