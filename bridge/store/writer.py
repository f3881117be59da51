"""The queue in front of the disk: whatever waits goes into one transaction, and the loop is woken once for all of it.

While the disk refuses, the batch stays in memory and is tried again, and what comes later waits behind it. Each change is done
when it is on the disk, in the order in which it was handed in.
"""

import asyncio
import contextlib
import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Protocol

from bridge.errors import StoreRefused
from bridge.store import policy, writes
from bridge.store.protocol import StoreHealth
from bridge.store.scribe import Job, Scribe


class Hand(Protocol):
    """Who drives the scribe: `ThreadHand` in real life.

    It tells its writer, on the event loop: `settled` for each batch, `health_changed` in between, and at the end `ended`.
    """

    def start(self, writer: "Writer") -> None:
        """Begin to take batches."""

    def give(self, batch: list[Job] | None) -> None:
        """Write a batch; None: that was all."""

    def join(self) -> None:
        """Called after `ended`: leave nothing behind."""


class Writer:
    """Takes changes on the event loop and has them written, in order."""

    def __init__(self, scribe: Scribe, hand: Hand, on_health: Callable[[StoreHealth], None]) -> None:
        """Must be made inside a running loop; `start` begins to write."""
        self.scribe = scribe
        self.health_changed = on_health
        self._hand = hand
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Job] = []
        self._busy = False
        """The hand has a batch, or will be given one at the next turn of the loop."""
        self._closing = False
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._mistake: sqlite3.Error | None = None

    def start(self) -> None:
        """Begin to write."""
        self._hand.start(self)

    def change(self, prepared: writes.Prepared) -> "asyncio.Future[None]":
        """Write a change."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._hand_in(Job(future=future, change=prepared))
        return future

    def count(self, run: Callable[[sqlite3.Connection], int]) -> "asyncio.Future[int]":
        """Write something else, and tell how many rows it was."""
        future: asyncio.Future[int] = self._loop.create_future()
        self._hand_in(Job(future=future, run=run))
        return future

    def run(self, run: Callable[[sqlite3.Connection], None]) -> "asyncio.Future[None]":
        """Write something else."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._hand_in(Job(future=future, run=run))
        return future

    def _hand_in(self, job: Job) -> None:
        assert not self._closing, "the store is closed"
        if self._ended.done():
            job.future.set_exception(self._refusal())
        else:
            self._waiting.append(job)
            self._wake()

    def _wake(self) -> None:
        """Give what waits to the hand, at the next turn of the loop: until then all who run in this one join the batch."""
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting[: policy.BATCH_MAX], self._waiting[policy.BATCH_MAX :]
        if batch:  # else `drain` was faster
            self._hand.give(batch)

    async def drain(self) -> None:
        """Write what was handed in, as far as the disk takes it, and end the hand. Then `Scribe.disconnect`, as the last user."""
        if not self._closing:
            self._closing = self.scribe.closing = self._busy = True
            while self._waiting:
                self._hand_over()
            self._hand.give(None)
        await asyncio.shield(self._ended)
        self._hand.join()

    # --- what the hand tells ------------------------------------------------------------------------------------------------------

    def settled(self, batch: list[Job]) -> None:
        """It is on the disk."""
        for job in batch:
            if not job.future.done():  # else nobody waits any more
                job.future.set_result(job.result)  # type: ignore[arg-type] # `change`, `count` and `run` pair the future with its result
        if not self._closing:
            self._busy = False
            if self._waiting:
                self._wake()

    def ended(self, left: list[Job], mistake: sqlite3.Error | None) -> None:
        """Nothing is written any more: what is left is told so. A mistake is ours, and the end of the process."""
        self._mistake = mistake
        for job in [*left, *self._waiting]:
            if not job.future.done():
                job.future.set_exception(self._refusal())
        self._ended.set_result(None)

    def _refusal(self) -> StoreRefused:
        refusal = StoreRefused(f"not written: {self.scribe.health.error or self._mistake or 'the store is closed'}")
        refusal.__cause__ = self._mistake
        return refusal


class ThreadHand:
    """One thread that writes, so that the loop never waits for the disk."""

    def __init__(self) -> None:
        """Idle until `start`."""
        self._batches: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self, writer: Writer) -> None:
        """Begin to take batches."""
        self._loop = asyncio.get_running_loop()
        self._writer = writer
        self._scribe = writer.scribe
        self._scribe.on_health = lambda health: self._tell(writer.health_changed, health)
        self._thread.start()

    def give(self, batch: list[Job] | None) -> None:
        """Write a batch; None: that was all."""
        self._batches.put(batch)
        if batch is None:
            self._closing.set()

    def join(self) -> None:
        """The thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        batch: list[Job] | None = []
        mistake: sqlite3.Error | None = None
        try:
            self._scribe.look_after_reserve()
            while (batch := self._next()) is not None and self._write(batch):
                self._tell(self._writer.settled, batch)
                self._scribe.look_after_reserve()
        except sqlite3.Error as error:
            mistake = error  # ours, and the end of the process: nothing later may be written where something earlier was not
        finally:
            self._tell(self._writer.ended, [*(batch or []), *self._rest()], mistake)

    def _next(self) -> list[Job] | None:
        """Wait for a batch; None: there will be no more."""
        while True:
            try:
                return self._batches.get(timeout=None if self._scribe.health.ok else policy.RESERVE_RETRY_S)
            except queue.Empty:
                self._scribe.look_after_reserve()

    def _write(self, batch: list[Job]) -> bool:
        writing = self._scribe.write(batch)
        while True:
            try:
                self._pause(random.uniform(0, next(writing)))
            except StopIteration as written:
                return bool(written.value)

    def _pause(self, pause_s: float) -> None:
        if self._closing.is_set():
            time.sleep(pause_s)
        else:
            self._closing.wait(pause_s)

    def _rest(self) -> list[Job]:
        left: list[Job] = []
        while not self._batches.empty():
            left += self._batches.get_nowait() or []
        return left

    def _tell(self, call: Callable[..., None], *values: object) -> None:
        """On the event loop; nobody is told when that is closed already."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *values)
