"""What one batch takes: a transaction, tried until the disk takes it, and the reserve looked after. Knows no thread and never sleeps.

Whoever drives it sleeps between the tries of `write`: a thread in real life, a timer where time is simulated.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
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

    future: asyncio.Future[None] | asyncio.Future[int]
    run: Callable[[sqlite3.Connection], int | None] | None = None
    change: writes.Prepared | None = None
    result: int | None = None


def ceilings() -> Iterator[float]:
    """Seconds to wait at most between tries, for ever: doubling."""
    ceiling_s = policy.RETRY_FIRST_S
    while True:
        yield ceiling_s
        ceiling_s = min(ceiling_s * 2, policy.RETRY_MAX_S)


class Scribe:
    """Owns the writing connection and the reserve. Used by one thread at a time."""

    def __init__(self, path: Path, db: sqlite3.Connection, reserve: Reserve) -> None:
        """`db` is handed over."""
        self._path = path
        self._db: sqlite3.Connection | None = db
        self._reserve = reserve
        self._pruned_ms: int | None = None
        self.health = StoreHealth(ok=True)
        self.on_health: Callable[[StoreHealth], None] = lambda _health: None
        """Told of every change."""
        self.closing = False
        """Set when the store is being closed: what the disk does not take is then given up after a few tries."""

    def write(self, batch: Sequence[Job]) -> Generator[float, None, bool]:
        """Write a batch, however long that takes; yields how many seconds to wait at most before it is tried again (full jitter).

        Returns False when the store is being closed and the disk does not take it. Raises sqlite3.Error where the mistake is our own.
        """
        tries = 0
        for ceiling_s in ceilings():
            try:
                self._transact(batch)
            except (sqlite3.Error, StoreRefused) as error:
                if isinstance(error, sqlite3.Error) and not is_retryable(error):
                    raise
                if not self._make_room(error):
                    tries += self.closing
                    if tries > policy.CLOSE_TRIES:
                        return False
                    yield ceiling_s
            else:
                break
        return True

    def _transact(self, batch: Sequence[Job]) -> None:
        if self._db is None:
            self._db = connect(self._path, writes=True, any_thread=True)
        db = self._db
        changes: list[writes.Prepared] = []
        newest_ms: int | None = None
        try:
            db.execute("BEGIN IMMEDIATE")
            for job in batch:
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

    def disconnect(self) -> None:
        """Close the connection; the last one to go empties the log into the database and deletes it."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    def look_after_reserve(self) -> None:
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
        if health != self.health:
            self.health = health
            self.on_health(health)
