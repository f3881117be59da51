"""The store on a disk: SQLite, one thread that writes, and reads on the event loop that see what is committed."""

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path

from bridge.clock import Clock
from bridge.core.leap import Leap
from bridge.core.values import ChargePointId, SessionId
from bridge.errors import StoreRefused
from bridge.store import files, leaps, salvage, schema, soundness, writes
from bridge.store.connection import advice, connect, is_damage, is_no_room
from bridge.store.copying import SALVAGED
from bridge.store.loss import Salvage
from bridge.store.protocol import Change, StoreHealth
from bridge.store.reads import Reads
from bridge.store.scribe import Scribe
from bridge.store.writer import Hand, ThreadHand, Writer


class SqliteStore(Reads):
    """Implements `protocol.Store`. Opened, used and closed on one event loop."""

    set_aside: Path | None
    """Where a damaged database was moved when this one was opened in its place; worth an alert. None: it was sound, or new."""
    salvage: Salvage | None
    """What was saved of it and what was lost. Told by each opening until a store that told it was closed in good order."""

    def __init__(
        self, *, db: sqlite3.Connection, writer: Writer, lock: files.Lock, clock: Clock, set_aside: Path | None, salvage: Salvage | None
    ) -> None:
        """Use `open`."""
        super().__init__(db)
        self._writer = writer
        self._lock = lock
        self._clock = clock
        self._closed = False
        self.set_aside = set_aside
        self.salvage = salvage

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        on_health: Callable[[StoreHealth], None],
        clock: Clock | None = None,
        hand: Hand | None = None,
        reserve: files.Reserve | None = None,
    ) -> "SqliteStore":
        """Open a database, or make one: the file readable by its owner only, and ours alone (a lock beside it).

        Checks it and brings it up to date; a damaged one is set aside (see `set_aside`) and what can be read of it is saved. Blocks,
        about a second for 100 MB, and a quarter of a minute more where it is damaged.
        `on_health` is called on the loop whenever the disk begins to refuse and when it takes records again; until then it is
        taken to be well. `hand` and `reserve` are brought by a simulated disk. Raises StoreRefused, whose text says what to do. Must
        be called inside a running loop.
        """
        clock = Clock() if clock is None else clock
        files.make_directory(path)
        try:
            with contextlib.ExitStack() as on_error:
                lock = files.Lock(path)
                on_error.callback(lock.release)
                db, aside = _open_with_reserve(path, clock, reserve or files.Reserve(path))
                on_error.callback(db.close)
                reading = connect(path, writes=False)
                on_error.callback(reading.close)
                told = salvage.report(Reads(reading).fact(SALVAGED))
                if told is not None:
                    aside = path.with_name(told.aside)
                elif aside is not None:
                    told = Salvage(aside=aside.name)
                on_error.pop_all()
        except sqlite3.Error as error:
            raise StoreRefused(advice(error, path)) from error
        writer = Writer(Scribe(path, db, reserve or files.Reserve(path)), hand or ThreadHand(), on_health)
        store = cls(db=reading, writer=writer, lock=lock, clock=clock, set_aside=aside, salvage=told)
        store._writer.start()
        return store

    def commit(self, change: Change) -> "asyncio.Future[None]":
        """Make it durable."""
        return self._writer.change(writes.prepare(change))

    def replay(self, charge_point: ChargePointId, session: SessionId) -> "asyncio.Future[int]":
        """Queue a parked session again."""
        return self._writer.count(functools.partial(writes.replay, charge_point=charge_point, session=session))

    def drop(self, charge_point: ChargePointId, session: SessionId) -> "asyncio.Future[int]":
        """Give up a parked session."""
        now_ms = self._clock.utc_ms()
        return self._writer.count(functools.partial(writes.drop, charge_point=charge_point, session=session, utc_ms=now_ms))

    def leap(self, leap: Leap) -> "asyncio.Future[None]":
        """Put right what was written before the time was known."""
        return self._writer.run(functools.partial(leaps.move, leap=leap))

    def set_fact(self, name: str, value: str) -> "asyncio.Future[None]":
        """Keep a fact."""
        return self._writer.run(functools.partial(writes.set_fact, name=name, value=value))

    async def close(self) -> None:
        """Write what was handed in, as far as the disk takes it, and close. A second call does nothing."""
        if self.salvage is not None:
            self.salvage = None
            forgotten = self._writer.run(functools.partial(writes.forget_fact, name=SALVAGED))
            forgotten.add_done_callback(asyncio.Future.exception)  # else it is told once more
        await self._writer.drain()
        if not self._closed:
            self._closed = True
            self._db.close()
            self._writer.scribe.disconnect()
            self._lock.release()


def _open_with_reserve(path: Path, clock: Clock, reserve: files.Reserve) -> tuple[sqlite3.Connection, Path | None]:
    """As `_open_or_replace`; on a full disk with the room that the life before has left behind: what it began must be ended."""
    try:
        return _open_or_replace(path, clock)
    except sqlite3.Error as error:
        if not (is_no_room(error) and reserve.take() and reserve.release()):
            raise
    return _open_or_replace(path, clock)


def _open_or_replace(path: Path, clock: Clock) -> tuple[sqlite3.Connection, Path | None]:
    """A writing connection to a sound database of the newest schema, and where a log without one went. The caller holds the lock."""
    aside: Path | None = None
    salvage.resume(path, clock.utc_ms())
    if not path.exists() and files.has_orphans(path):
        aside = files.set_aside(path, clock.utc_ms())
    db = _open_if_sound(path)
    if db is None:
        salvage.rescue(path, clock.utc_ms())
        db = _open_if_sound(path)
        assert db is not None, "a database just made is sound"
    return db, aside


def _open_if_sound(path: Path) -> sqlite3.Connection | None:
    """None: the file is damaged, or no database at all."""
    schema.refuse_foreign(path)
    files.make_private(path)
    if not soundness.is_of_this_format(path):
        return None
    with contextlib.ExitStack() as otherwise:
        try:
            db = connect(path, writes=True, any_thread=True)
            otherwise.callback(db.close)
            version = schema.check_version(db, path)
            if not soundness.is_whole(db, version):
                return None
            schema.migrate(db, version)
            if not soundness.is_true(db):
                return None
            _write_anew(db)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if is_damage(error):
                return None
            raise
        otherwise.pop_all()
    return db


def _write_anew(db: sqlite3.Connection) -> None:
    """Move the log into the database: what was read from it is on the disk when this returns. Raises sqlite3.Error.

    A sync that failed in the life before may have left pages that the kernel shows and the disk does not have, and no later sync
    writes them again. New commits behind such a hole would be lost with the next power cut.
    """
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
