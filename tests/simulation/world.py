"""The world of a simulation: one time, one order of things, one seed. Whatever happens anywhere is an entry of its agenda.

Two clocks that never jump (the world's seconds, and UTC as it truly is), and the host's, which may.
"""

import hashlib
import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

BEGIN_MS = 1_790_000_000_000
"""True UTC when a world begins (September 2026)."""


class World:
    """Time and chance."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now_s = 0.0
        self.injected: Counter[str] = Counter()
        """How often each fault has really happened."""
        self.counted: Counter[str] = Counter()
        """What else is worth a figure: lives, transactions, taps …"""
        self.host_offset_ms = 0
        """How far the host's clock is from the truth."""
        self.points = 0
        """Persists, sends and acknowledgements so far: the places where a cut hurts most."""
        self.on_point: Callable[[int, str], None] = lambda _number, _kind: None
        self._agenda: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()
        self._hash = hashlib.blake2b(digest_size=16)
        self.place = ""
        """Where the files of this run are: told by messages, and another one in each run."""
        self.noted: Callable[[str], None] = lambda _line: None
        """Hears every line of the event log, for whoever looks for a cause."""

    # --- chance -----------------------------------------------------------------------------------------------------------------------

    def chance(self, actor: str) -> Random:
        """A source of randomness of its own for each actor, so that one more draw here changes nothing there."""
        return Random(f"{self.seed}/{actor}")

    # --- time -------------------------------------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Milliseconds since the world began."""
        return int(self.now_s * 1000)

    @property
    def utc_ms(self) -> int:
        """UTC, as it truly is."""
        return BEGIN_MS + self.now_ms

    @property
    def host_ms(self) -> int:
        """UTC, as the host's clock has it."""
        return self.utc_ms + self.host_offset_ms

    def at(self, when_s: float, call: Callable[..., None], *values: Any) -> None:  # noqa: ANN401 - whatever the call takes
        """Have something happen."""
        heapq.heappush(self._agenda, (max(when_s, self.now_s), next(self._order), call, values))

    def after(self, delay_s: float, call: Callable[..., None], *values: Any) -> None:  # noqa: ANN401 - the same
        """Have something happen so much later."""
        self.at(self.now_s + delay_s, call, *values)

    def next_s(self) -> float | None:
        """When the next thing happens."""
        return self._agenda[0][0] if self._agenda else None

    def turn(self) -> None:
        """Let the next thing happen."""
        when_s, _, call, values = heapq.heappop(self._agenda)
        self.now_s = max(self.now_s, when_s)
        call(*values)

    # --- telling ----------------------------------------------------------------------------------------------------------------------

    def note(self, *words: object) -> None:
        """Something observable happened: it is part of what two runs of one seed must share."""
        line = f"{self.now_s:.3f} " + " ".join(map(str, words))
        if self.place:
            line = line.replace(self.place, "")
        self._hash.update(line.encode(errors="backslashreplace"))
        self._hash.update(b"\n")
        self.noted(line)

    def point(self, kind: str) -> None:
        """The bridge has just persisted, sent, or been told something."""
        self.points += 1
        self.on_point(self.points, kind)

    @property
    def digest(self) -> str:
        """The hash of everything observable so far."""
        return self._hash.hexdigest()
