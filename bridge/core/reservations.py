"""A connector kept free for somebody (1.6 §5.13, 2.0.1 H)."""

from bridge.core.backend import ReservationCancelRequested, ReservationRequested
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome


def reservation_requested(draft: Draft, event: ReservationRequested) -> None:
    """The backend reserves the connector."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))


def reservation_cancel_requested(draft: Draft, event: ReservationCancelRequested) -> None:
    """The backend takes a reservation back."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
