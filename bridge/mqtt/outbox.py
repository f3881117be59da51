"""What waits to leave for the broker: the newest value of each retained topic, and events while they are worth anything. Pure.

Times are seconds on a clock that never jumps and come in with each call.
"""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from bridge.mqtt.publications import Publication

EVENTS_MAX = 1000
"""Decisions of a large site in a quarter of an hour without broker; beyond that the oldest of the fullest topic goes, and is counted."""
STATES_MAX = 500_000
"""Some forty leaves of ten thousand charge points. Names come from the configuration, so that more is our own fault."""


class Leaving(NamedTuple):
    """A message on its way."""

    message: Publication
    until_s: float
    """An event is worth nothing after this."""


class Outbox:
    """Coalesces state, keeps the events of a topic in order, holds back what is too early.

    Topics with events take turns, so that a reader gone mad delays and displaces nobody's decisions but its own.
    """

    def __init__(self) -> None:
        """Empty; nothing is known of what the broker has."""
        self.dropped = 0
        """Events that grew too old or too many."""
        self._events: dict[str, deque[Leaving]] = {}
        """By topic, the topic whose turn it is first; none is empty."""
        self._waiting = 0
        """Events in all."""
        self._latest: dict[str, Publication] = {}
        self._told: dict[str, bytes] = {}
        self._urgent: dict[str, None] = {}
        self._ready: dict[str, None] = {}
        self._sent_s: dict[str, float] = {}
        self._held: set[str] = set()
        self._later: dict[str, tuple[float, Publication]] = {}
        self._alarms: list[tuple[float, str]] = []

    # --- in -----------------------------------------------------------------------------------------------------------------------

    def put(self, message: Publication, now_s: float) -> None:
        """Take a message. It leaves at once, after a while (`due_s`), or never where the broker already has it."""
        if message.after_s > 0:
            due_s = now_s + message.after_s
            self._later[message.topic] = (due_s, message)
            heapq.heappush(self._alarms, (due_s, message.topic))
            return
        self._later.pop(message.topic, None)
        if message.retained:
            self._put_state(message, now_s)
        else:
            self._put_event(message, now_s)

    def ring(self, now_s: float) -> None:
        """Make ready what has been held back until now."""
        while self._alarms and self._alarms[0][0] <= now_s:
            _, topic = heapq.heappop(self._alarms)
            if topic in self._held:
                self._held.discard(topic)
                self._make_ready(self._latest[topic], now_s)
            due_s, later = self._later.get(topic, (math.inf, None))
            if later is not None and due_s <= now_s:
                del self._later[topic]
                self._put_event(later, now_s)

    def due_s(self) -> float | None:
        """When `ring` has to be called next."""
        return self._alarms[0][0] if self._alarms else None

    def told(self, topic: str) -> bytes:
        """What the broker has on one of our retained topics, as far as anybody knows; empty: nothing."""
        return self._told.get(topic, b"")

    # --- out ----------------------------------------------------------------------------------------------------------------------

    def next_event(self, now_s: float) -> Leaving | None:
        """The oldest event, still worth something, of the topic whose turn it is."""
        while self._events:
            topic = next(iter(self._events))
            leaving = self._take_event(topic)
            if topic in self._events:
                self._events[topic] = self._events.pop(topic)
            if now_s <= leaving.until_s:
                return leaving
            self.dropped += 1
        return None

    def next_state(self, now_s: float) -> Leaving | None:
        """The next retained message the broker does not have; from here on it counts as told."""
        waiting = self._urgent or self._ready
        if not waiting:
            return None
        topic = next(iter(waiting))
        del waiting[topic]
        message = self._latest[topic]
        self._told[topic] = message.payload
        if message.floor_s:
            self._sent_s[topic] = now_s
        return Leaving(message, math.inf)

    @property
    def empty(self) -> bool:
        """Whether nothing can leave now."""
        return not (self._events or self._urgent or self._ready)

    # --- the connection -----------------------------------------------------------------------------------------------------------

    def lost(self, unanswered: Iterable[Leaving]) -> None:
        """The connection is gone: what the broker has is unknown, and events it did not acknowledge are tried again while they live."""
        newer, self._events, self._waiting = self._events, {}, 0
        for leaving in unanswered:
            if not leaving.message.retained:
                self._keep_event(leaving)
        for leaving in itertools.chain.from_iterable(newer.values()):
            self._keep_event(leaving)
        self._told.clear()
        self._urgent.clear()
        self._ready.clear()

    def found(self, topic: str, payload: bytes) -> None:
        """After a connect: the broker has this on one of our topics."""
        ours = self._latest.get(topic)
        if ours is not None and ours.payload == payload:
            # mostly so, and kept once: twice would take more than a kilobyte for each charge point
            topic, payload = ours.topic, ours.payload
        self._told[topic] = payload

    def compare(self, now_s: float) -> None:
        """After all that was found: make ready what differs."""
        for message in self._latest.values():
            self._make_ready(message, now_s)

    def spoken(self) -> Iterable[str]:
        """Every retained topic anybody here has spoken of since the start, be it to empty it."""
        return self._latest.keys()

    def ghosts(self) -> tuple[str, ...]:
        """Topics on which the broker has something and nobody here has spoken of."""
        return tuple(topic for topic, payload in self._told.items() if payload and topic not in self._latest)

    # --- parts --------------------------------------------------------------------------------------------------------------------

    def _put_event(self, message: Publication, now_s: float) -> None:
        self._keep_event(Leaving(message, math.inf if message.expiry_s is None else now_s + message.expiry_s))

    def _keep_event(self, leaving: Leaving) -> None:
        self._events.setdefault(leaving.message.topic, deque()).append(leaving)
        self._waiting += 1
        if self._waiting > EVENTS_MAX:
            self._take_event(max(self._events, key=lambda topic: len(self._events[topic])))
            self.dropped += 1

    def _take_event(self, topic: str) -> Leaving:
        leaving = self._events[topic].popleft()
        self._waiting -= 1
        if not self._events[topic]:
            del self._events[topic]
        return leaving

    def _put_state(self, message: Publication, now_s: float) -> None:
        # Taken out and put in again: the order of the last word counts, so that a limit leaves before the release it belongs to.
        for waiting in (self._latest, self._urgent, self._ready):
            waiting.pop(message.topic, None)
        self._latest[message.topic] = message
        assert len(self._latest) <= STATES_MAX
        self._make_ready(message, now_s)

    def _make_ready(self, message: Publication, now_s: float) -> None:
        topic = message.topic
        if topic in self._held or self._told.get(topic, b"") == message.payload:
            return
        early_s = self._sent_s.get(topic, -math.inf) + message.floor_s
        if early_s > now_s:
            self._held.add(topic)
            heapq.heappush(self._alarms, (early_s, topic))
        else:
            (self._urgent if message.urgent else self._ready)[topic] = None
