"""An event loop whose time is the world's: nothing waits, everything happens in one order, and it can be left lying at any handle."""

import asyncio
import contextlib
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

BURST_MAX = 200_000
"""Handles at one moment of time; more is a loop that spins."""


class SpinError(AssertionError):
    """The bridge is busy with itself and time stands still."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs the bridge of one life. The world calls `drain` whenever something has happened or a timer is due."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        super().__init__()
        # the base class's own, which has no public way to run a single handle
        self._ready: deque[asyncio.Handle] = deque()
        self._scheduled: list[asyncio.TimerHandle] = []
        self._now_s = now_s
        self._ahead_s = 0.0
        self.handles = 0
        """How many have run: each is one step from an await to the next."""
        self.mishaps: list[BaseException | str] = []
        """What nobody has caught."""
        self.set_exception_handler(self._mishap)
        self.deaf = False
        """The life is over: what goes wrong on the way out is nobody's business."""

    def time(self) -> float:
        return self._now_s() + self._ahead_s

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""

    def _process_events(self, event_list: Any) -> None:  # noqa: ANN401 - of the base class
        """There are none."""

    def _mishap(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not self.deaf:
            self.mishaps.append(context.get("exception") or str(context.get("message")))

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is left out when its time comes."""

    # --- time -------------------------------------------------------------------------------------------------------------------------

    def next_s(self) -> float | None:
        """When the next timer is due; None: there is none. Now, where something is ready."""
        if self._ready:
            return self.time()
        scheduled = self._scheduled
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)
        return scheduled[0].when() if scheduled else None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Code in here is run by this loop."""
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            yield
        finally:
            events._set_running_loop(before)

    def drain(self, is_over: Callable[[], bool]) -> None:
        """Run what is ready and due, handle by handle, until nothing is left or the life is over."""
        ready, scheduled = self._ready, self._scheduled
        budget = BURST_MAX
        with self.running():
            while not is_over():
                now_s = self.time()
                while scheduled and scheduled[0].when() <= now_s:
                    due = heapq.heappop(scheduled)
                    if not due._cancelled:
                        ready.append(due)
                if not ready:
                    return
                handle = ready.popleft()
                if not handle._cancelled:
                    self.handles += 1
                    handle._run()
                budget -= 1
                if budget == 0:
                    raise SpinError(f"{BURST_MAX} handles at {now_s:.3f} s, the last one {handle!r}")

    # --- the end ----------------------------------------------------------------------------------------------------------------------

    def bury(self) -> None:
        """End every task of a life that is over. What they do on the way out reaches nobody: all around them is dead."""
        for _ in range(10):
            tasks = asyncio.all_tasks(self)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            self._run_out()
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._scheduled.clear()
        self._ready.clear()
        self.close()

    def _run_out(self) -> None:
        for _ in range(1000):
            self.drain(lambda: False)
            if not asyncio.all_tasks(self):
                return
            due_s = self.next_s()
            if due_s is None:
                return
            self._ahead_s = max(self._ahead_s, due_s - self._now_s())
