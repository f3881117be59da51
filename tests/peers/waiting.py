"""How tests wait: for something to happen, with one deadline, never for time to pass."""

import asyncio
import os
from collections.abc import Callable
from typing import TypeVar

SLOWNESS = float(os.environ.get("EVBRIDGE_TEST_SLOWNESS", "1"))
"""A machine that is busy with other things gets more time: every deadline of the tests is multiplied by this."""
TIMEOUT_S = 15.0 * SLOWNESS
"""What a promise may take before its test fails. Long, because it costs nothing while the promise is kept."""

Found = TypeVar("Found")


async def end(task: asyncio.Task[None], *expected: type[Exception]) -> None:
    """Cancel a task and wait until it has ended; what it died of is raised, except cancellation and `expected`.

    Once is not enough: in Python 3.11 `asyncio.wait_for` (aiomqtt awaits every acknowledgement with it) forgets a cancellation that
    comes together with the result.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, expected):
        raise error


class Bell:
    """Rung whenever something changed; whoever waits looks again. One event loop only."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Something changed."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, look: Callable[[], Found | None], what: Callable[[], str], *, timeout_s: float = TIMEOUT_S) -> Found:
        """What `look` finds, as soon as it finds something that is not None; AssertionError with `what()` after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._look_at_each_ring(look)
        except TimeoutError:
            raise AssertionError(f"not within {timeout_s:g} s: {what()}") from None

    async def _look_at_each_ring(self, look: Callable[[], Found | None]) -> Found:
        while True:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            try:
                if (found := look()) is not None:
                    return found
                await waiter
            finally:
                self._waiting.discard(waiter)
