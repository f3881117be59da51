"""Time and fresh ids: the only place that reads a clock or draws an id."""

import asyncio
import secrets
import time
from typing import TypedDict

from bridge.core.values import Instant, SessionId

BUILT_MS = 1_760_000_000_000
"""No host can rightly be earlier than the code it runs (October 2025); an earlier clock has not been set (design.md §2 "Clock")."""

LATEST_MS = BUILT_MS + 50 * 365 * 86_400_000
"""No central system that tells a later time tells the time: nothing runs for fifty years."""


class Stamp(TypedDict):
    """What every event carries."""

    at: Instant
    fresh: SessionId


class Clock:
    """Both clocks of the host, and ids that no other start of the bridge has drawn.

    The monotonic side is the event loop's own, so that a simulated loop brings its own time.
    """

    def __init__(self) -> None:
        """Ids begin with 64 random bits of this start, so that two starts never share one."""
        self._prefix = secrets.token_hex(8)
        self._count = 0
        self.offset_ms = 0
        """Added to the host's time while its clock has not been set (`bridge.timekeeping`)."""

    def mono_s(self) -> float:
        """Seconds on the event loop's clock."""
        return asyncio.get_running_loop().time()

    def host_ms(self) -> int:
        """What the host thinks the time is: milliseconds UTC."""
        return time.time_ns() // 1_000_000

    def utc_ms(self) -> int:
        """The time as it is written into records: milliseconds UTC. Before `BUILT_MS`: nobody knows it yet."""
        host_ms = self.host_ms()
        return host_ms if host_ms >= BUILT_MS else host_ms + self.offset_ms

    @property
    def trusted(self) -> bool:
        """Whether the host's clock has been set at all."""
        return self.host_ms() >= BUILT_MS

    def fresh(self) -> SessionId:
        """An id of 25 characters that nothing else has."""
        self._count += 1
        return SessionId(f"{self._prefix}-{self._count:08x}")

    def stamp(self) -> Stamp:
        """When and under which fresh id something happens now."""
        return Stamp(at=Instant(mono_s=self.mono_s(), utc_ms=self.utc_ms()), fresh=self.fresh())
