"""Choices between several charge points: which one a shared reader means, and what a repeated tap is (design.md §2 "Taps")."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.core.deciding import refused_here
from bridge.core.hardware import is_plugged
from bridge.core.state import Asking, Granted, NoSession, NotPending, State
from bridge.core.values import ChargePointId, Person, ReaderId, Why

REPEAT_S = 2.0
"""A card held to the reader is read several times; within this time it is one tap."""
STALE_MS = 10_000
"""A tap that is older or newer than this by its own clock was stored somewhere, or the clocks disagree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTap:
    """What a reader saw last."""

    id: str | None
    key: str
    at_s: float


def is_repeat(last: LastTap | None, tap: LastTap) -> bool:
    """Whether this tap is the last one again: the same id, or the same tag within two seconds."""
    if last is None or tap.at_s - last.at_s >= REPEAT_S:
        return False
    return last.key == tap.key or (tap.id is not None and last.id == tap.id)


def is_stale(taken_ms: int | None, now_ms: int) -> bool:
    """Whether a tap's own time is too far from ours."""
    return taken_ms is not None and abs(now_ms - taken_ms) > STALE_MS


def choose(states: Sequence[State], person: Callable[[State], Person], named: ChargePointId | None = None) -> ChargePointId | Why:
    """The charge point a tap at a reader means, among those the reader serves; or why there is none.

    A vehicle that stayed plugged after its session is not "plugged and not yet authorised" at a shared reader: the next person's tap
    must not start the previous person's car; that person's own may.
    """
    if named is not None:
        known = any(state.rules.charge_point == named for state in states)
        return named if known else Why.UNKNOWN_CHARGE_POINT
    if len(states) == 1:
        return states[0].rules.charge_point
    joined = [state for state in states if _is_asking_for(state, person(state))]
    waiting = [state for state in states if _is_waiting(state, person(state))]
    running = [state for state in states if _runs_for(state, person(state))]
    permitted = [state for state in states if _is_permitted(state, person(state))]
    open_ = [state for state in states if _is_idle(state) and not is_plugged(state.hardware)]
    if joined:
        return joined[0].rules.charge_point
    if waiting:
        return max(waiting, key=_plugged_s).rules.charge_point
    if running:
        return running[0].rules.charge_point
    if permitted:
        return permitted[0].rules.charge_point
    if open_:
        # Where nothing can start, nobody should be sent while another one is free.
        return min(open_, key=lambda state: refused_here(state) is not None).rules.charge_point
    return Why.NO_CHARGE_POINT


def _plugged_s(state: State) -> float:
    at = state.hardware.plugged_at
    return float("-inf") if at is None else at.mono_s


def _is_idle(state: State) -> bool:
    return isinstance(state.kept.session, NoSession) and isinstance(state.pending, NotPending)


def _is_asking_for(state: State, person: Person) -> bool:
    return isinstance(state.pending, Asking) and state.pending.person.is_same(person)


def _is_waiting(state: State, person: Person | None = None) -> bool:
    if not _is_idle(state) or not is_plugged(state.hardware):
        return False
    return state.ended is None or (person is not None and state.ended.person.is_same(person))


def _is_permitted(state: State, person: Person) -> bool:
    return isinstance(state.pending, Granted) and state.pending.person.is_same(person)


def _runs_for(state: State, person: Person) -> bool:
    session = state.kept.session
    return not isinstance(session, NoSession) and session.ending is None and session.person.is_same(person)


def neighbour_grant(plugged: State, others: Sequence[State], readers: Callable[[State], frozenset[ReaderId]]) -> State | None:
    """The charge point whose waiting permission this plug-in takes over: given at a reader that serves both (see `GrantMoved`)."""
    if not _is_waiting(plugged):
        return None
    served = readers(plugged)
    for other in others:
        pending = other.pending
        if not isinstance(pending, Granted) or is_plugged(other.hardware):
            continue
        if pending.reader is not None and pending.reader in served:
            return other
    return None
