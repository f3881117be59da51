"""The local list of tags: what the backend wants known here without asking (1.6 §3.5.2, 2.0.1 D). What its word is worth: `known`."""

from collections.abc import Iterable
from dataclasses import replace

from bridge.core.backend import ListSent
from bridge.core.draft import Draft
from bridge.core.effects import Answer, ChangeList, Outcome
from bridge.core.orders import ListEntry
from bridge.core.state import State
from bridge.core.values import TagInfo

LIST_MAX = 10_000
"""Tags on the list: as many as the cache remembers, and more than ever charge at one wallbox."""
UPDATE_MAX = 1_000
"""Tags in one message: with everything that is told of a tag they stay well below the longest frame."""


def list_sent(draft: Draft, event: ListSent) -> None:
    """The backend replaces or changes the list: all of it and its version, or nothing."""
    outcome = _outcome(draft.state, event)
    if outcome is Outcome.ACCEPTED:
        draft.emit(ChangeList(full=event.full, entries=event.entries))
        draft.kept = replace(draft.kept, list_version=event.version)
    draft.emit(Answer(request=event.request, outcome=outcome))


def _outcome(state: State, event: ListSent) -> Outcome:
    if not state.settings.list_enabled:
        return Outcome.NOT_SUPPORTED
    # 1.6 §5.10 uses 0 and -1 for "no list"; 2.0.1 D01.FR.18: version 0 is refused
    if event.version <= 0 or len(event.entries) > UPDATE_MAX or event.size > LIST_MAX or not _is_sound(event):
        return Outcome.FAILED
    if not event.full and event.version <= state.kept.list_version:
        return Outcome.VERSION_MISMATCH
    return Outcome.ACCEPTED


def _is_sound(event: ListSent) -> bool:
    # 1.6 §7.8: what is said of a tag is "required when UpdateType is Full"
    nameless = any(not entry.tag.key for entry in event.entries)
    silent = event.full and any(entry.info is None for entry in event.entries)
    return not (nameless or silent or _contradicts_itself(event.entries))


def _contradicts_itself(entries: Iterable[ListEntry]) -> bool:
    """Whether it says two things of one tag; nobody could tell which was meant."""
    said: dict[str, TagInfo | None] = {}
    return any(said.setdefault(entry.tag.key, entry.info) != entry.info for entry in entries)
