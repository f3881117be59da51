"""Energy management: a level, not an event. `enabled = authorised and allow(all sources) and limit >= 6 A and hardware ok` (B6)."""

import math
from dataclasses import dataclass, replace
from typing import TypeGuard, assert_never

from bridge.core.effects import Command
from bridge.core.hardware import is_faulted, is_fresh
from bridge.core.orders import ChargingProfile, ProfilePurpose
from bridge.core.schedules import limit_a as profiles_limit_a
from bridge.core.settings import PAUSE_BELOW_A, Ability, Missing, Rules
from bridge.core.state import BackendSession, Granted, LocalSession, NoSession, Session, Source, State
from bridge.core.values import LimitBy, Mode

RESOLUTION_A = 0.1
"""Limits are told to a tenth of an ampere, rounded down: IEC 61851-1 duty cycles are no finer."""
NOISE_A = 1e-6
"""What a division of floats may lose: 4140 W on three phases are 6 A, not a hair less."""
PROFILE_SAYS_NO = "central system: charging profile"
"""Who pauses, where energy management does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What energy management, the hardware and the backend's charging profiles leave."""

    allowed: bool
    limit_a: float
    """Per phase; also told while not allowed."""
    by: LimitBy
    reason: str
    """Empty, or who says no and why."""


def watts_to_amperes(watts: float, state: State) -> float:
    """Per phase, by the configured phases and nominal voltage."""
    return watts / (state.rules.voltage_v * state.rules.phases)


def amperes_to_watts(amperes: float, state: State) -> float:
    """Over all phases."""
    return amperes * state.rules.voltage_v * state.rules.phases


def _says_something(source: Source) -> bool:
    """Whether it rules anything; a reason alone doesn't."""
    return source.allow is not None or source.limit_w is not None or source.limit_a is not None


def missing_sources(state: State) -> tuple[str, ...]:
    """Required sources that never spoke, and any source that has been silent for too long."""
    rules = state.rules.energy
    if not rules.required and rules.stale_after_s is None:
        return ()
    names = {source.name for source in state.kept.sources if _says_something(source)}
    missing = [name for name in rules.required if name not in names]
    missing += [name for name in sorted(names) if (due_s := _stale_s(name, state)) is not None and due_s <= state.now.mono_s]
    return tuple(missing)


def next_stale_s(state: State) -> float | None:
    """When the next source becomes stale."""
    times = (_stale_s(source.name, state) for source in state.kept.sources)
    return min((time for time in times if time is not None and time > state.now.mono_s), default=None)


def _stale_s(name: str, state: State) -> float | None:
    """When a source has been silent for too long, counted from the start of this life where it has not spoken in it."""
    stale_after_s = state.rules.energy.stale_after_s
    return None if stale_after_s is None else state.spoke_s.get(name, state.started_s) + stale_after_s


def source_limit_a(source: Source, state: State) -> float | None:
    """The lower of its two limits, in amperes per phase; None: it limits nothing."""
    if source.limit_w is None:
        return source.limit_a
    watts_a = watts_to_amperes(source.limit_w, state)
    return watts_a if source.limit_a is None else min(watts_a, source.limit_a)


def _is_pause(limit_a: float) -> bool:
    return limit_a + NOISE_A < PAUSE_BELOW_A


def allowance(state: State) -> Allowance:
    """What energy management allows; a charging profile can only lower it (B14), never raise it and never lift a no."""
    left, profile_a = allowance_on_site(state), profile_limit_a(state)
    if profile_a is None or profile_a >= left.limit_a:
        return left
    if not left.allowed:
        return replace(left, limit_a=max(profile_a, 0.0))
    paused = _is_pause(profile_a)
    return Allowance(
        allowed=not paused,
        limit_a=max(profile_a, 0.0),
        by=LimitBy.PROFILE,
        reason=PROFILE_SAYS_NO if paused else "",
    )


def allowance_on_site(state: State) -> Allowance:
    """The AND over all sources, and the lowest limit. The hardware's own limit is the upper end."""
    limit_a, by = state.rules.max_current_a, LimitBy.HARDWARE
    missing = missing_sources(state)
    reasons: list[str] = []
    if missing:
        limit_a, by, reasons = _without(missing[0], state)
    for source in state.kept.sources:
        if source.name in missing:
            continue
        own_a = source_limit_a(source, state)
        if own_a is not None and own_a < limit_a:
            limit_a, by = own_a, LimitBy.EMS
        if source.allow is False or (own_a is not None and _is_pause(own_a)):
            reasons.append(f"{source.name}: {source.reason}" if source.reason else source.name)
    if _is_pause(limit_a) and not reasons:
        reasons.append("the hardware delivers less than 6 A")
    return Allowance(
        allowed=not reasons,
        limit_a=max(limit_a, 0.0),
        by=LimitBy.EMS if reasons else by,
        reason="; ".join(reasons),
    )


def _without(name: str, state: State) -> tuple[float, LimitBy, list[str]]:
    """Limit, its origin and the reasons of a no, while a source is missing. Its own last word no longer counts."""
    rules, silent = state.rules, [f"{name} is silent"]
    match rules.energy.on_missing:
        case Missing.ALLOW:
            return rules.max_current_a, LimitBy.HARDWARE, []
        case Missing.STOP:
            return rules.max_current_a, LimitBy.HARDWARE, silent
        case Missing.LIMIT:
            limit_a = min(rules.max_current_a, rules.energy.missing_limit_a)
            return limit_a, LimitBy.EMS, silent if _is_pause(limit_a) else []
        case _:
            assert_never(rules.energy.on_missing)


# --- charging profiles ------------------------------------------------------------------------------------------------------------


def follows_profiles(rules: Rules) -> bool:
    """Whether the backend's charging profiles count here: switched on, and the wallbox follows a limit at all."""
    return rules.smart_charging and Ability.LIMIT in rules.can


def own_transaction(state: State) -> str | None:
    """Our own name of what runs for the backend, which a profile of the transaction is bound to.

    OCPP 2.0.1 knows of a transaction before its session, where it begins with the plug (TxStartPoint).
    """
    session, told = state.kept.session, state.kept.transaction
    if isinstance(session, BackendSession):
        return session.id
    return None if told is None or told.over else told.id


def began_ms(state: State) -> int | None:
    """When what runs began to charge, which can't be in the future whatever became of the clock; None: nothing does."""
    session = state.kept.session
    return None if isinstance(session, NoSession) else min(session.started_ms, state.now.utc_ms)


def profiles_in_force(state: State) -> tuple[ChargingProfile, ...]:
    """Those that concern what runs, or what would if it began now.

    A local session is none of the backend's business, its grid connection is: only the station's maximum holds there.
    """
    profiles = state.kept.profiles
    if not profiles or not follows_profiles(state.rules):
        return ()
    if isinstance(state.kept.session, LocalSession):
        return tuple(profile for profile in profiles if profile.purpose is ProfilePurpose.STATION_MAX)
    own = own_transaction(state)
    return tuple(profile for profile in profiles if profile.purpose is not ProfilePurpose.TX or profile.transaction == own)


def profile_limit_a(state: State) -> float | None:
    """What charging profiles leave now; None: they limit nothing."""
    profiles = profiles_in_force(state)
    if not profiles:
        return None
    now_ms, began = state.now.utc_ms, began_ms(state)
    return profiles_limit_a(profiles, now_ms, now_ms if began is None else began, state.rules)


# --- who charges ------------------------------------------------------------------------------------------------------------------


def is_running(session: Session) -> TypeGuard[BackendSession | LocalSession]:
    """Whether it is neither over nor ending."""
    return not isinstance(session, NoSession) and session.ending is None


def is_authorised(state: State) -> bool:
    """Whether somebody with the right to it is charging here, energy management aside."""
    session = state.kept.session
    return is_running(session) and not is_cut_off(session, state)


def is_cut_off(session: BackendSession | LocalSession, state: State) -> bool:
    """The backend refused the tag after the fact, and what it tolerates has been drawn, or can't be counted (B16)."""
    if isinstance(session, LocalSession) or session.refused is None:
        return False
    if not is_fresh(state):
        return True
    return (state.meter.register_wh or 0) - session.refused_wh >= state.settings.max_energy_on_invalid_wh


def session_mode(state: State) -> Mode:
    """Eco or prio of whoever charges or is about to (B13)."""
    match state.kept.session, state.pending:
        case ((BackendSession(mode=mode) | LocalSession(mode=mode)), _):
            return mode
        case _, Granted(mode=mode):
            return mode
        case _:
            return state.rules.mode


def command(state: State) -> Command:
    """The desired state of the hardware, derived anew after every event."""
    left = allowance(state)
    limit_a = math.floor(left.limit_a / RESOLUTION_A + NOISE_A) * RESOLUTION_A
    if not is_authorised(state):
        reason = "not_authorised"
    elif is_faulted(state.hardware):
        reason = "faulted"
    elif not left.allowed:
        reason = left.reason if left.by is LimitBy.PROFILE else f"energy_management: {left.reason}"
    else:
        reason = "charging"
    return Command(
        enabled=reason == "charging",
        limit_a=round(limit_a, 1),
        limit_w=round(amperes_to_watts(limit_a, state), 1),
        mode=session_mode(state),
        reason=reason,
    )
