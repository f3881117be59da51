"""A stretch of network between two ends: it takes time, keeps order, and may swallow everything without a word."""

from collections.abc import Callable
from random import Random
from typing import Generic, TypeVar

from tests.simulation.world import World

T = TypeVar("T")


class Channel(Generic[T]):
    """One direction. What is sent arrives later, in order; nothing arrives any more once it is broken."""

    def __init__(self, world: World, rng: Random, deliver: Callable[[T], None], *, slow_s: float) -> None:
        """`slow_s` is the usual delay; some take ten times as long."""
        self._world = world
        self._rng = rng
        self._deliver = deliver
        self._slow_s = slow_s
        self._last_s = 0.0
        self.deaf = False
        """What is sent from now on is lost, and nobody is told: half-open."""
        self.broken = False
        """Nothing that is on its way arrives any more."""

    def send(self, item: T) -> None:
        """It leaves."""
        if self.deaf or self.broken:
            return
        delay_s = self._rng.expovariate(1 / self._slow_s) if self._rng.random() < 0.9 else self._rng.uniform(0, 10 * self._slow_s)
        self._last_s = max(self._last_s, self._world.now_s + delay_s)
        self._world.at(self._last_s, self._arrive, item)

    def _arrive(self, item: T) -> None:
        if not self.broken:
            self._deliver(item)
