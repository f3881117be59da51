"""Timers by name whose work is done in the client's reading loop, where what it raises ends `run`."""

import asyncio
from collections.abc import Callable


class Timers:
    """One timer a name. Its time is remembered here: uvloop's handle of a time that has already come cannot tell it."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """`ring` wakes the loop that calls `work`."""
        self._ring = ring
        self._set: dict[str, tuple[asyncio.Handle, float]] = {}
        self._due: list[Callable[[], None]] = []

    def after(self, name: str, delay_s: float, call: Callable[[], None]) -> None:
        """Have it called later; a timer of that name is replaced."""

        def due() -> None:
            del self._set[name]
            self._due.append(call)
            self._ring()

        self.cancel(name)
        loop = asyncio.get_running_loop()
        self._set[name] = (loop.call_later(delay_s, due), loop.time() + delay_s)

    def is_set_by(self, name: str, due_s: float) -> bool:
        """Whether it fires at that time (of the loop's clock) or before."""
        return name in self._set and self._set[name][1] <= due_s

    def cancel(self, name: str) -> None:
        """Not any more; nothing where there is none."""
        if name in self._set:
            self._set.pop(name)[0].cancel()

    def work(self) -> None:
        """Call what is due."""
        while self._due:
            self._due.pop()()

    def clear(self) -> None:
        """Forget everything."""
        for handle, _ in self._set.values():
            handle.cancel()
        self._set.clear()
        self._due.clear()
