"""Energy management: a level, not an event. `enabled = authorised and allow(all sources) and limit >= 6 A and hardware ok` (B6)."""

from dataclasses import dataclass

from bridge.core.effects import Command
from bridge.core.hardware import is_faulted
from bridge.core.state import (
    PAUSE_BELOW_A,
    BackendSession,
    Granted,
    LocalSession,
    Missing,
    NoSession,
    Source,
    State,
)
from bridge.core.values import LimitBy, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What energy management and the hardware leave."""

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


def missing_sources(state: State) -> tuple[str, ...]:
    """Required sources that never spoke, and any source that has been silent for too long."""
    rules = state.rules.energy
    names = {source.name for source in state.kept.sources}
    missing = [name for name in rules.required if name not in names]
    if rules.stale_after_s is not None:
        for name in sorted(names):
            if state.now.mono_s - state.spoke_s.get(name, state.started_s) >= rules.stale_after_s:
                missing.append(name)
    return tuple(missing)


def next_stale_s(state: State) -> float | None:
    """When the next source becomes stale."""
    stale_s = state.rules.energy.stale_after_s
    if stale_s is None:
        return None
    times = [state.spoke_s.get(source.name, state.started_s) + stale_s for source in state.kept.sources]
    return min((time for time in times if time > state.now.mono_s), default=None)


def source_limit_a(source: Source, state: State) -> float | None:
    """The lower of its two limits, in amperes per phase; None: it limits nothing."""
    limits = [] if source.limit_a is None else [source.limit_a]
    if source.limit_w is not None:
        limits.append(watts_to_amperes(source.limit_w, state))
    return min(limits, default=None)


def allowance(state: State) -> Allowance:
    """The AND over all sources, and the lowest limit. The hardware's own limit is the upper end."""
    limit_a, by, reasons = state.rules.max_current_a, LimitBy.HARDWARE, []
    missing = missing_sources(state)
    if missing:
        match state.rules.energy.on_missing:
            case Missing.STOP:
                reasons.append(f"{missing[0]} is silent")
            case Missing.LIMIT:
                limit_a, by = min(limit_a, state.rules.energy.missing_limit_a), LimitBy.EMS
            case Missing.ALLOW:
                pass
    for source in state.kept.sources:
        if source.name in missing:
            continue
        said = f"{source.name}: {source.reason}" if source.reason else source.name
        if source.allow is False:
            reasons.append(said)
        own_a = source_limit_a(source, state)
        if own_a is not None and own_a < limit_a:
            limit_a, by = own_a, LimitBy.EMS
            if own_a < PAUSE_BELOW_A:
                reasons.append(said)
    if reasons:
        by = LimitBy.EMS
    allowed = not reasons and limit_a >= PAUSE_BELOW_A
    return Allowance(allowed=allowed, limit_a=max(limit_a, 0.0), by=by, reason="; ".join(reasons))


def is_authorised(state: State) -> bool:
    """Whether somebody with the right to it is charging here, energy management aside."""
    match state.kept.session:
        case NoSession():
            # A session that continues after a restart keeps its energy while it waits for the meter (B8).
            pending = state.pending
            return isinstance(pending, Granted) and pending.follows is not None and pending.meter_until_s is not None
        case LocalSession() as session:
            return session.ending is None
        case BackendSession() as session:
            return session.ending is None and not is_cut_off(session, state)


def is_cut_off(session: BackendSession, state: State) -> bool:
    """The backend refused the tag after the fact, and what it tolerates has been drawn (B16)."""
    if session.refused is None:
        return False
    drawn_wh = (state.meter.register_wh or session.refused_wh) - session.refused_wh
    return drawn_wh >= state.settings.max_energy_on_invalid_wh


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
    limit_a = int(left.limit_a * 10) / 10
    authorised = is_authorised(state)
    if not authorised:
        reason = "not_authorised"
    elif is_faulted(state.hardware):
        reason = "faulted"
    elif not left.allowed:
        reason = f"energy_management: {left.reason}" if left.reason else "energy_management"
    else:
        reason = "charging"
    return Command(
        enabled=reason == "charging",
        limit_a=limit_a,
        limit_w=round(amperes_to_watts(limit_a, state), 1),
        mode=session_mode(state),
        reason=reason,
    )
