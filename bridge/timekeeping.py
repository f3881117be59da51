"""Who knows the time: the host, or a central system for as long as the host's clock has not been set (design.md §2 "Clock").

A host without a battery for its clock begins in 1970 and may be without a time service for days. It counts on from there: what it writes
is right among itself. Records with such times wait, and no message tells one. As soon as the time is known, from the answer to
BootNotification or from the host, everything written so far leaps by one amount, in memory and on the disk. The system clock is never set.
"""

import asyncio
import logging
from collections.abc import Mapping

from bridge.clock import BUILT_MS, LATEST_MS, Clock
from bridge.core.alerts import AlertId
from bridge.core.events import ClockCorrected
from bridge.core.leap import Leap
from bridge.core.values import ChargePointId, Instant
from bridge.runtime import Runtime
from bridge.site import Notices
from bridge.store.protocol import CLOCK_UNSET, Store

LOOK_S = 1.0
"""How soon it is noticed that the host's clock has been set, or has lost its time."""
ADJUST_MS = 60_000
"""A quartz without a time service drifts by seconds a day. Below this the central system's time is taken once; above it, again."""

log = logging.getLogger("bridge.clock")


class Timekeeper:
    """Keeps the clock and everything written by it right. `begin` before the charge points are built, `start` when they are."""

    def __init__(self, *, clock: Clock, store: Store, runtimes: Mapping[ChargePointId, Runtime], notices: Notices) -> None:
        """`runtimes` may still be filled."""
        self._clock = clock
        self._store = store
        self._runtimes = runtimes
        self._notices = notices
        self._trusted = True
        self._teacher: str | None = None
        """The central system whose time is used; None: nobody has told one."""
        self._seen: Instant | None = None
        """Both clocks at the last look."""
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> Leap | None:
        """Follow on from the lives before. What they kept is to leap as is returned; the disk follows by itself."""
        self._trusted = self._clock.trusted
        newest_ms = self._store.newest_before(BUILT_MS) if self._is_marked() else None
        if not self._trusted:
            self._mark(unset=True)
            if newest_ms is not None:
                # the order of times is the order of things: this life counts on from where the last one ended
                self._clock.offset_ms = max(0, newest_ms + 1 - self._clock.host_ms())
            return None
        if newest_ms is None:
            return None
        # Nobody can tell any more how long ago that life ended: it can't have been later than now.
        leap = Leap(before_ms=BUILT_MS, by_ms=self._clock.utc_ms() - newest_ms)
        self._write(leap)
        return leap

    def start(self) -> None:
        """Begin to look."""
        if not self._trusted:
            self._warn()
        self._look()

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def told(self, csms: str, utc_ms: int) -> None:
        """A central system tells the time. It counts only where the host doesn't know better, and where it can be the time at all."""
        now_ms = self._clock.utc_ms()
        if self._clock.trusted or not BUILT_MS <= utc_ms <= LATEST_MS:
            return
        if now_ms < BUILT_MS:
            log.warning("- this host's clock has not been set: the time is taken from the central system %s", csms)
            self._teacher = csms
        elif csms != self._teacher or abs(utc_ms - now_ms) < ADJUST_MS:
            return
        self._clock.offset_ms += utc_ms - now_ms
        self._leap(utc_ms - now_ms)

    def _look(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)
        seen, now = self._seen, self._clock.stamp()["at"]
        self._seen = now
        if self._trusted == self._clock.trusted:
            return
        self._trusted = self._clock.trusted
        self._clock.offset_ms = 0
        self._teacher = None
        assert seen is not None, "it was seen before it changed"
        if not self._trusted:
            log.warning("- this host's clock has lost its time")
            self._mark(unset=True)
            self._warn()
            self._tell(0)
            return
        log.info("- this host's clock has been set")
        self._notices.clear(AlertId.CLOCK_NOT_SET)
        counted_ms = seen.utc_ms + round((now.mono_s - seen.mono_s) * 1000)
        self._leap(now.utc_ms - counted_ms)

    def _leap(self, by_ms: int) -> None:
        """The charge points first: what they write from now on is right, and what they had written is on its way to the disk."""
        self._tell(by_ms)
        self._write(Leap(before_ms=BUILT_MS, by_ms=by_ms))

    def _tell(self, by_ms: int) -> None:
        for runtime in self._runtimes.values():
            runtime.handle(ClockCorrected(**self._clock.stamp(), before_ms=BUILT_MS, by_ms=by_ms, trusted=self._trusted))

    def _write(self, leap: Leap) -> None:
        self._store.leap(leap).add_done_callback(self._written)
        self._mark(unset=False)

    def _written(self, done: "asyncio.Future[None]") -> None:
        """The records that waited may go."""
        if not done.cancelled() and done.exception() is None:
            for runtime in self._runtimes.values():
                runtime.wake()

    def _warn(self) -> None:
        text = "this host's clock has not been set; the central system's is used until it is: check NTP"
        self._notices.alert(AlertId.CLOCK_NOT_SET, text, passing=False)

    def _is_marked(self) -> bool:
        return self._store.fact(CLOCK_UNSET) == "true"

    def _mark(self, *, unset: bool) -> None:
        """Whether the disk may hold times from before the time was known; a start that knows it does not look."""
        self._store.set_fact(CLOCK_UNSET, "true" if unset else "false")
