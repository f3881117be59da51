"""What a charge point is doing, in the field's nine words: truly, and as the backend is told."""

from typing import assert_never

from bridge.core.energy import command
from bridge.core.hardware import is_charging, is_faulted, is_offline, is_plugged
from bridge.core.reserved import standing
from bridge.core.state import BackendSession, Granted, LocalSession, NoSession, State
from bridge.core.values import Status

START_GRACE_S = 10.0
"""A vehicle takes some seconds to begin after the release; until then it is preparing, not suspending."""


def is_operative(state: State) -> bool:
    """Whether the backend has both the station and the connector in service."""
    return state.kept.operative and state.kept.station_operative


def status(state: State) -> Status:
    """The true state, a local session's included."""
    if is_faulted(state.hardware):
        return Status.FAULTED
    match state.kept.session:
        case NoSession():
            return _idle_status(state)
        case BackendSession(ending=ending) | LocalSession(ending=ending):
            return _session_status(state) if ending is None else Status.FINISHING
        case _:
            assert_never(state.kept.session)


def _session_status(state: State) -> Status:
    # OCPP 1.6 §4.9: SuspendedEVSE "has precedence over" SuspendedEV, in conformance.md §3.3
    if not command(state).enabled:
        return Status.SUSPENDED_EVSE
    if is_in_grace(state):
        return Status.PREPARING
    if is_charging(state):
        return Status.CHARGING
    # After a restart the vehicle's part is not known before the wallbox has told whether it is still there.
    return Status.SUSPENDED_EV if state.recovery is None else Status.PREPARING


def is_in_grace(state: State) -> bool:
    """Just released: the vehicle has not had the time to begin. Once it has begun, or was paused, there is no way back to Preparing."""
    return state.released_s is not None and state.now.mono_s < state.released_s + START_GRACE_S


def _idle_status(state: State) -> Status:
    if not is_operative(state) or is_offline(state):
        return Status.UNAVAILABLE
    if isinstance(state.pending, Granted):
        return Status.PREPARING
    plugged = is_plugged(state.hardware)
    # Unknown ends nothing: until the wallbox speaks again its vehicle counts as still there.
    if not (state.kept.plugged if plugged is None else plugged):
        return Status.AVAILABLE if standing(state) is None else Status.RESERVED
    return Status.FINISHING if state.ended is not None else Status.PREPARING


def reported_status(state: State) -> Status:
    """What the backend is told of the connector.

    A local session is Unavailable from the decision until its end (B3). Preparing → Unavailable deviates: OCPP 1.6 §4.9 has no such
    transition, but a session that is none of the backend's business must look like a connector it can't have (design.md §2 "Hardware").
    """
    if is_faulted(state.hardware):
        return Status.FAULTED
    match state.kept.session, state.pending:
        case (LocalSession(), _) | (NoSession(), Granted(local=True)):
            return Status.UNAVAILABLE
        case _:
            return _seen_by_backend(state)


def _seen_by_backend(state: State) -> Status:
    true = status(state)
    if true is Status.FINISHING and state.ended is not None and not state.ended.finishing:
        return Status.PREPARING
    return true


def station_status(state: State) -> Status:
    """What the backend is told of the station as a whole (connector 0): only what the backend itself set."""
    return Status.AVAILABLE if state.kept.station_operative else Status.UNAVAILABLE
