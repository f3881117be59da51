"""The one thread that writes: whatever waits goes into one transaction, and the loop is woken once for all of it.

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import StoreRefused
from bridge.store import policy, writes
from bridge.store.connection import advice, connect, is_full, is_no_room, is_retryable
from bridge.store.files import Reserve
from bridge.store.protocol import StoreHealth


@dataclass(slots=True, kw_only=True)
class Job:
    """One thing to be written, and who waits for it."""

    future: "asyncio.Future[None] | asyncio.Future[int]"
    run: Callable[[sqlite3.Connection], int | None] | None = None
    change: writes.Prepared | None = None
    result: int | None = None


def pauses() -> Iterator[float]:
    """Seconds to wait between tries, for ever: doubling, with full jitter."""
    ceiling_s = policy.RETRY_FIRST_S
    while True:
        yield random.uniform(0, ceiling_s)
        ceiling_s = min(ceiling_s * 2, policy.RETRY_MAX_S)


class Writer:
    """Owns the writing connection and the reserve. Made and used on the event loop; `_run` and what it calls are the thread's."""

    def __init__(self, path: Path, db: sqlite3.Connection, reserve: Reserve, on_health: Callable[[StoreHealth], None]) -> None:
        """`db` is handed over. Must be made inside a running loop; `start` begins to write."""
        self._path = path
        self._db: sqlite3.Connection | None = db
        self._reserve = reserve
        self._on_health = on_health
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Job] = []
        self._busy = False
        """The thread has a batch, or will be given one at the next turn of the loop."""
        self._batches: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._batch: list[Job] = []
        """What the thread is writing."""
        self._closing = threading.Event()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._health = StoreHealth(ok=True)
        self._pruned_ms: int | None = None
        self._mistake: sqlite3.Error | None = None
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    # --- on the event loop --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

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
        assert not self._closing.is_set(), "the store is closed"
        if self._ended.done():
            job.future.set_exception(self._refusal())
        else:
            self._waiting.append(job)
            self._wake()

    def _wake(self) -> None:
        """Give what waits to the thread, at the next turn of the loop: until then all who run in this one join the batch."""
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        batch, self._waiting = self._waiting[: policy.BATCH_MAX], self._waiting[policy.BATCH_MAX :]
        if batch:  # else `drain` was faster
            self._batches.put(batch)

    async def drain(self) -> None:
        """Write what was handed in, as far as the disk takes it, and end the thread. Then `disconnect`, as the last user."""
        if not self._closing.is_set():
            self._closing.set()
            self._busy = True
            while self._waiting:
                self._hand_over()
            self._batches.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    def _settle(self, batch: list[Job]) -> None:
        for job in batch:
            if not job.future.done():  # else nobody waits any more
                job.future.set_result(job.result)  # type: ignore[arg-type] # `change`, `count` and `run` pair the future with its result
        if not self._closing.is_set():
            self._busy = False
            if self._waiting:
                self._wake()

    def _end(self) -> None:
        """The thread writes no more: what it could not write is told so."""
        left = self._batch
        while not self._batches.empty():
            left += self._batches.get_nowait() or []
        for job in [*left, *self._waiting]:
            if not job.future.done():
                job.future.set_exception(self._refusal())
        self._ended.set_result(None)

    def _refusal(self) -> StoreRefused:
        refusal = StoreRefused(f"not written: {self._health.error or self._mistake or 'the store is closed'}")
        refusal.__cause__ = self._mistake
        return refusal

    # --- on the thread ------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._look_after_reserve()
            while self._collect() and self._write():
                self._tell(self._settle, self._batch)
                self._batch = []
                self._look_after_reserve()
        except sqlite3.Error as error:
            self._mistake = error  # ours, and the end of the process: nothing later may be written where something earlier was not
        finally:
            self._tell(self._end)

    def _collect(self) -> bool:
        """Wait for a batch; False when the store is closed and nothing is left."""
        while True:
            try:
                batch = self._batches.get(timeout=None if self._health.ok else policy.RESERVE_RETRY_S)
            except queue.Empty:
                self._look_after_reserve()
            else:
                self._batch = batch or []
                return batch is not None

    def _write(self) -> bool:
        """Write the batch, however long that takes; False when the store is being closed and the disk does not take it."""
        tries = 0
        for pause_s in pauses():
            try:
                self._transact()
            except (sqlite3.Error, StoreRefused) as error:
                if isinstance(error, sqlite3.Error) and not is_retryable(error):
                    raise
                if not self._make_room(error):
                    tries += self._closing.is_set()
                    if tries > policy.CLOSE_TRIES:
                        return False
                    self._pause(pause_s)
            else:
                return True
        raise AssertionError("the pauses never end")

    def _transact(self) -> None:
        if self._db is None:
            self._db = connect(self._path, writes=True, any_thread=True)
        db = self._db
        changes: list[writes.Prepared] = []
        newest_ms: int | None = None
        try:
            db.execute("BEGIN IMMEDIATE")
            for job in self._batch:
                if job.change is not None:
                    changes.append(job.change)
                    newest_ms = job.change.utc_ms
                if job.run is not None:  # it is about what was handed in before
                    writes.apply(db, changes)
                    changes.clear()
                    job.result = job.run(db)
            writes.apply(db, changes)
            if newest_ms is not None:
                self._prune(db, newest_ms)
            db.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                if db.in_transaction:
                    db.execute("ROLLBACK")
            raise

    def _prune(self, db: sqlite3.Connection, utc_ms: int) -> None:
        if self._pruned_ms is not None and abs(utc_ms - self._pruned_ms) < policy.PRUNE_EVERY_MS:
            return
        if not writes.prune(db, utc_ms):
            self._pruned_ms = utc_ms

    def _make_room(self, error: sqlite3.Error | StoreRefused) -> bool:
        """Tell what is wrong; whether the reserve was given up for it, so that a try at once makes sense."""
        if isinstance(error, StoreRefused):
            self._report(str(error))
            return False
        self._report(advice(error, self._path))
        if is_no_room(error) and self._reserve.release():
            return True
        # A connection that has seen an error of the disk is not trusted again; the batch is written anew through another one, so that
        # nothing rests on pages the kernel may have thrown away (a failed fsync must not be repeated, only the whole write).
        if not is_full(error):
            self.disconnect()
        return False

    def _pause(self, pause_s: float) -> None:
        if self._closing.is_set():
            time.sleep(pause_s)
        else:
            self._closing.wait(pause_s)

    def disconnect(self) -> None:
        """Close the connection; the last one to go empties the log into the database and deletes it."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def _look_after_reserve(self) -> None:
        """The disk takes records; it is healthy when there is a reserve as well."""
        if self._reserve.take():
            self._report(None)
        else:
            self._report(
                f"{self._path.parent}: the disk is nearly full (less than {2 * policy.RESERVE_BYTES // 1024**2} MiB free): "
                "free some space; what runs is still recorded"
            )

    def _report(self, error: str | None) -> None:
        health = StoreHealth(ok=error is None, error=error)
        if health != self._health:
            self._health = health
            self._tell(self._on_health, health)

    def _tell(self, call: Callable[..., None], *values: object) -> None:
        """On the event loop; nobody is told when that is closed already."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *values)
