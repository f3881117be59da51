"""Which status the central system has been told, and which it is due. Pure; the newest wins and nothing stale is ever sent."""

import sys
from typing import TypeAlias

from bridge.ocpp.dialect import JsonObject, Outgoing

Essence: TypeAlias = str
"""What a status says, without when it said so."""


class StatusNews:
    """Compares statuses as they are now with what was told on this connection."""

    __slots__ = ("_seen", "_told", "due_s", "stale")

    def __init__(self) -> None:
        """Nothing has been told."""
        self._told: dict[int, Essence] = {}
        self._seen: dict[int, tuple[Essence, float]] = {}
        self.stale = False
        """A look is worth it."""
        self.due_s: float | None = None
        """When a status that must first last for a while is due."""

    def forget(self) -> None:
        """A new connection: everything is told again, since the central system may have restarted meanwhile (design.md §4 rule 2)."""
        self._told.clear()
        self._seen.clear()
        self.stale = True
        self.due_s = None

    def resume(self) -> None:
        """A new connection to a central system that remembers: only what has changed meanwhile is told (OCPP 2.0.1 B04.FR.02)."""
        self._seen.clear()
        self.stale = True
        self.due_s = None

    def next(self, statuses: tuple[Outgoing, ...], now_s: float, minimum_s: float) -> tuple[int, Outgoing] | None:
        """The first status that is due, with its place; None: none is, now.

        `minimum_s` is how long a change must last before it is told (1.6 MinimumStatusDuration); what was never told is told at once.
        """
        self.due_s = None
        for place, status in enumerate(statuses):
            essence = _essence(status.payload)
            told = self._told.get(place)
            if told == essence:
                self._seen.pop(place, None)
                continue
            seen = self._seen.get(place)
            if seen is None or seen[0] != essence:
                seen = (essence, now_s)
            due_s = seen[1] + minimum_s
            if told is None or due_s <= now_s:
                return place, status
            self._seen[place] = seen
            self.due_s = due_s if self.due_s is None else min(self.due_s, due_s)
        self.stale = False
        return None

    def told(self, place: int, status: Outgoing) -> None:
        """It has been sent."""
        self._told[place] = _essence(status.payload)
        self._seen.pop(place, None)


def _essence(payload: JsonObject) -> Essence:
    # most charge points say the same, and share it: apart, it would take a kilobyte for each
    return sys.intern(repr(sorted((name, value) for name, value in payload.items() if name != "timestamp")))
