"""The local list of tags: what the backend wants known here without asking (1.6 §3.5.2, 2.0.1 D)."""

from bridge.core.backend import ListSent
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome

LIST_MAX = 10_000
"""Tags on the list: as many as the cache remembers, and more than ever charge at one wallbox."""
UPDATE_MAX = 1_000
"""Tags in one message: with everything that is told of a tag they stay well below the longest frame."""


def list_sent(draft: Draft, event: ListSent) -> None:
    """The backend replaces or changes the list."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
