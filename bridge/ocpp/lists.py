"""What sending a local list has in common in all versions. Pure."""

from collections.abc import Iterable

from bridge.core.backend import ListSent
from bridge.core.orders import ListEntry
from bridge.ocpp.dialect import Context, Passed

FULL = "Full"
"""The updateType that replaces the list."""


def sent(context: Context, *, version: int, full: bool, entries: Iterable[ListEntry]) -> Passed:
    """Passed to the core, with the size that the list would have."""
    entries = tuple(entries)
    size = _size(context, full=full, entries=entries)
    return Passed(event=ListSent(request=context.request, version=version, full=full, entries=entries, size=size, **context.stamp))


def _size(context: Context, *, full: bool, entries: tuple[ListEntry, ...]) -> int:
    newest = {entry.tag.key: entry for entry in entries}
    if full:
        return sum(entry.info is not None for entry in newest.values())
    changes = ((entry.info is not None) - (context.listed(entry.tag) is not None) for entry in newest.values())
    return context.list_size() + sum(changes)
