"""Starting anew because the backend wants it: at once, or as soon as nothing goes on here any more (1.6 §5.14; 2.0.1 B11 and B12)."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.core.backend import ResetKind, ResetRequested
from bridge.core.deciding import end_epoch
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome, ResetHardware, RestartStation
from bridge.core.sessions import finish_now
from bridge.core.settings import Ability
from bridge.core.state import NoSession, NotPending, State
from bridge.core.values import CommandId, StopReason, Why

REMOTE_RESET = "RemoteReset"
SCHEDULED_RESET = "ScheduledReset"
"""Why the station starts anew, in the backend's words."""

_REASONS: Mapping[ResetKind, StopReason] = {
    ResetKind.SOFT: StopReason.SOFT_RESET,
    ResetKind.HARD: StopReason.HARD_RESET,
    ResetKind.IMMEDIATE: StopReason.IMMEDIATE_RESET,
    ResetKind.ON_IDLE: StopReason.IMMEDIATE_RESET,
}
_INSTALLING = frozenset({"Downloading", "Installing"})


def reset_requested(draft: Draft, event: ResetRequested) -> None:
    """This charge point alone starts anew; what ran ends with the reset's own reason, and nothing starts by itself (B8)."""
    if event.kind is ResetKind.ON_IDLE and is_busy(draft.state):
        draft.kept = replace(draft.kept, reset_scheduled=True)
        draft.emit(Answer(request=event.request, outcome=Outcome.SCHEDULED))
        return
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))
    end_epoch(draft, Why.UNAVAILABLE)
    finish_now(draft, _REASONS[event.kind])
    _start_anew(draft, event.kind, REMOTE_RESET)


def is_busy(state: State) -> bool:
    """Whether anything goes on that a reset would disturb (2.0.1 errata: of any use case, not only a transaction)."""
    kept = state.kept
    charging = not isinstance(kept.session, NoSession) or kept.transaction is not None or not isinstance(state.pending, NotPending)
    return charging or state.log_job is not None or kept.firmware_status in _INSTALLING


def settle(draft: Draft) -> None:
    """A reset that waited is due as soon as nothing goes on, also if the bridge was restarted in between."""
    if draft.kept.reset_scheduled and not is_busy(draft.state):
        _start_anew(draft, ResetKind.ON_IDLE, SCHEDULED_RESET)


def _start_anew(draft: Draft, kind: ResetKind, reason: str) -> None:
    draft.kept = replace(draft.kept, reset_scheduled=False, boot_reason=reason)
    # 1.6's soft reset is of the software; all others are of the whole station
    if kind is not ResetKind.SOFT and Ability.RESET in draft.state.rules.can:
        draft.emit(ResetHardware(command=CommandId(draft.fresh)))
    draft.emit(RestartStation(kind=kind))
