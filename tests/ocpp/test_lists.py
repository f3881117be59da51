"""What sending a local list has in common in all versions."""

from dataclasses import replace

import pytest

from bridge.core.backend import ListSent
from bridge.core.orders import ListEntry
from bridge.core.values import IdTag, TagInfo, Verdict
from bridge.ocpp import lists
from tests.ocpp.worlds import asked

YES = TagInfo(verdict=Verdict.ACCEPTED)
ON = {"A", "B"}


def _entries(put: str, taken: str) -> tuple[ListEntry, ...]:
    return (*(ListEntry(tag=IdTag(text=text), info=YES) for text in put), *(ListEntry(tag=IdTag(text=text), info=None) for text in taken))


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    "put, taken, after_full, after_change",
    [
        ("", "", 0, 2),
        ("C", "", 1, 3),
        ("A", "", 1, 2),
        ("aAa", "", 1, 2),
        ("CD", "A", 2, 3),
        ("", "AB", 0, 0),
        ("", "XY", 0, 2),
        ("A", "A", 0, 1),
    ],
)
def test_the_core_is_told_how_long_the_list_would_be(put: str, taken: str, after_full: int, after_change: int, full: bool) -> None:
    """A list stays within its limit however it is changed."""
    context = replace(asked(), listed=lambda tag: YES if tag.key in ON else None, list_size=lambda: len(ON))
    entries = _entries(put, taken)
    event = lists.sent(context, version=3, full=full, entries=iter(entries)).event
    assert isinstance(event, ListSent)
    assert (event.version, event.full, event.entries, event.request) == (3, full, entries, context.request)
    assert event.size == (after_full if full else after_change)
