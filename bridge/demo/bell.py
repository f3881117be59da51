"""Waiting for something to become true, with a deadline: rung at every event, so that nobody polls and nobody sleeps for luck."""

import asyncio
from collections.abc import Callable

from bridge.errors import EvbridgeError


class SceneStuck(EvbridgeError):
    """Something the story waits for did not happen in time; the text says what."""

    def __init__(self, awaited: str, within_s: float) -> None:
        """`awaited` reads on from "waited for"."""
        super().__init__(f"waited {within_s:g} s for {awaited}")
        self.awaited = awaited


class SceneWrong(EvbridgeError):
    """Something happened that must not; the text says what."""


class Bell:
    """Whoever changes something rings; whoever waits looks again."""

    def __init__(self) -> None:
        """Nothing has rung yet."""
        self._changed = asyncio.Event()

    def ring(self) -> None:
        """Something has changed."""
        self._changed.set()

    async def until(self, true: Callable[[], bool], awaited: str, *, within_s: float) -> None:
        """Return as soon as `true` is. Raises SceneStuck."""
        try:
            async with asyncio.timeout(within_s):
                while not true():
                    # Each waiter takes a fresh one, so that one waiter's clearing never hides a change from another.
                    self._changed = asyncio.Event() if self._changed.is_set() else self._changed
                    await self._changed.wait()
        except TimeoutError as error:
            raise SceneStuck(awaited, within_s) from error
