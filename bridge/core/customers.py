"""People the backend wants forgotten (2.0.1 N10)."""

from bridge.core.backend import CustomerForgotten
from bridge.core.draft import Draft
from bridge.core.effects import Answer, ChangeList, ForgetTag, Outcome
from bridge.core.orders import ListEntry


def customer_forgotten(draft: Draft, event: CustomerForgotten) -> None:
    """Cache and list forget the tag; sessions that were charged stay in the site's own book, which the backend has no say in."""
    draft.emit(ForgetTag(tag=event.tag))
    draft.emit(ChangeList(full=False, entries=(ListEntry(tag=event.tag, info=None),)))
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))
