"""A connector kept free for somebody (OCPP 1.6 §5.13, 2.0.1 block H). Who may use it is in `reserved`."""

from dataclasses import replace

from bridge.core.backend import ReservationCancelRequested, ReservationRequested
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome, Tell
from bridge.core.hardware import is_faulted
from bridge.core.orders import Reservation, ReservationEnded
from bridge.core.reserved import standing
from bridge.core.state import Granted, State
from bridge.core.status import is_operative, reported_status
from bridge.core.values import Status


def reservation_requested(draft: Draft, event: ReservationRequested) -> None:
    """The backend reserves the connector. There is one, so that connector 0 (the choice is ours) and 1 are the same to us."""
    outcome = _outcome(draft.state, event.reservation)
    if outcome is Outcome.ACCEPTED:
        draft.kept = replace(draft.kept, reservation=event.reservation)
    draft.emit(Answer(request=event.request, outcome=outcome))


def _outcome(state: State, wanted: Reservation) -> Outcome:
    # a reservation that is over before it begins keeps nobody out; accepted, its end would have to be told at once
    if not state.settings.reservations_enabled or not wanted.tag.key or wanted.expires_ms <= state.now.utc_ms:
        return Outcome.REJECTED
    present = standing(state)
    match reported_status(state):
        case Status.FAULTED:
            return Outcome.FAULTED
        case Status.UNAVAILABLE:
            return Outcome.UNAVAILABLE
        case Status.AVAILABLE:
            return Outcome.ACCEPTED
        # OCPP 1.6 §5.13: the same id replaces, unless its driver has come and is about to use it up
        case _ if present is not None and present.id == wanted.id and not isinstance(state.pending, Granted):
            return Outcome.ACCEPTED
        case _:
            return Outcome.OCCUPIED


def reservation_cancel_requested(draft: Draft, event: ReservationCancelRequested) -> None:
    """The backend takes a reservation back; it knows, so nothing more is told."""
    present = standing(draft.state)
    known = present is not None and present.id == event.reservation
    if known:
        draft.kept = replace(draft.kept, reservation=None)
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED if known else Outcome.REJECTED))


def settle(draft: Draft) -> None:
    """End a reservation that nobody can use any more, whatever made it so.

    OCPP 1.6 §5.13: it ends at its expiryDate, and when charge point or connector are set to Faulted or Unavailable. A wallbox that only
    can't be heard was not set to anything: its reservation waits for it.
    """
    reservation = draft.kept.reservation
    if reservation is None:
        return
    expired = standing(draft.state) is None
    if expired or is_faulted(draft.state.hardware) or not is_operative(draft.state):
        draft.kept = replace(draft.kept, reservation=None)
        draft.emit(Tell(notice=ReservationEnded(id=reservation.id, expired=expired)))


def due_s(state: State) -> float | None:
    """When it expires."""
    reservation = state.kept.reservation
    return None if reservation is None else state.now.mono_s + (reservation.expires_ms - state.now.utc_ms) / 1000
