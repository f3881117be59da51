"""What a backend and the flows on site say to each other in words of their own ."""

from bridge.core.backend import VendorMessageReceived
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome
from bridge.core.events import VendorMessageAnswered


def vendor_message_received(draft: Draft, event: VendorMessageReceived) -> None:
    """The backend says something."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))


def vendor_message_answered(draft: Draft, event: VendorMessageAnswered) -> None:
    """A flow answered."""
