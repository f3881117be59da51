"""How a station stands with its central system: what was said at registration, and how far the clocks are apart."""

import logging
from collections.abc import Callable

from bridge.clock import Clock
from bridge.ocpp.backoff import Intervals, boot_wait_s, heartbeat_s
from bridge.ocpp.dialect import Registered, Registration

DRIFT_MS = 5_000
"""A clock that has moved less since the last look is not worth an event."""

log = logging.getLogger("bridge.ocpp")


class Standing:
    """Of one link. It outlives connections."""

    __slots__ = ("_clock", "_intervals", "_name", "_on_time", "interval_s", "offset_ms", "problem")

    def __init__(self, name: str, clock: Clock, intervals: Intervals, on_time: Callable[[int], None]) -> None:
        """`name` is the charge point's, for the log; `on_time` is told whenever the central system tells the time."""
        self._name = name
        self._clock = clock
        self._intervals = intervals
        self._on_time = on_time
        self.interval_s = 0
        """The heartbeat interval the central system told."""
        self.offset_ms = 0
        """The central system's clock minus ours."""
        self.problem: str | None = None
        """Connected, and yet not registered: what to do."""

    def registered(self, answer: Registered) -> int:
        """BootNotification was answered; without Accepted it is sent again after so many of the central system's seconds."""
        self.set_time(answer.now_ms)
        wait_s = boot_wait_s(answer.interval_s, self._intervals)
        if answer.status is Registration.ACCEPTED:
            self.interval_s = heartbeat_s(answer.interval_s, self._intervals)
            self.problem = None
            log.info("%s: = registered, heartbeat every %d s", self._name, self.interval_s)
        else:
            self._unregistered(f"{answer.status}: accept it there", wait_s)
        return wait_s

    def failed(self, code: str, *, accepted: bool) -> int:
        """BootNotification was answered with an error; it is sent again after so many seconds. `accepted`: by an answer before."""
        wait_s = boot_wait_s(0, self._intervals)
        if not accepted:
            self._unregistered(f"an error ({code}): if it stays, tell its operator", wait_s)
        return wait_s

    def set_time(self, now_ms: int | None) -> None:
        """The central system told the time (UTC); None: it could not be read."""
        if now_ms is None:
            return
        self._on_time(now_ms)
        offset_ms = now_ms - self._clock.utc_ms()
        if abs(offset_ms - self.offset_ms) >= DRIFT_MS:
            self.offset_ms = offset_ms

    def _unregistered(self, answer: str, wait_s: int) -> None:
        """Say so, once and not at every try."""
        problem = f"the central system answers BootNotification with {answer}; next try in {wait_s} s"
        log.log(logging.DEBUG if problem == self.problem else logging.WARNING, "%s: = %s", self._name, problem)
        self.problem = problem
