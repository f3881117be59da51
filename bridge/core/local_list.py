"""The local list of tags: what the backend wants known here without asking (1.6 §3.5.2, 2.0.1 D)."""

from bridge.core.backend import ListSent
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome


def list_sent(draft: Draft, event: ListSent) -> None:
    """The backend replaces or changes the list."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
