"""The store without an event loop, for the command line: to look on while a bridge runs, and to tidy up while none does."""

import contextlib
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from bridge.clock import Clock
from bridge.core.values import ChargePointId, SessionId
from bridge.errors import StoreRefused
from bridge.store import files, schema, writes
from bridge.store.connection import advice, connect
from bridge.store.reads import Reads


class Reader(Reads):
    """What can be asked of a store; a context manager."""

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def __enter__(self) -> Self:
        """Nothing more to be done."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close."""
        self.close()


class OfflineStore(Reader):
    """A store no bridge uses at the moment; each call is on the disk when it returns."""

    def __init__(self, db: sqlite3.Connection, lock: files.Lock, clock: Clock) -> None:
        """Use `open_offline`."""
        super().__init__(db)
        self._lock = lock
        self._clock = clock

    def replay(self, charge_point: ChargePointId, session: SessionId) -> int:
        """Queue a parked session again; how many rows (`protocol.Store.replay`)."""
        return writes.replay(self._db, charge_point, session)

    def drop(self, charge_point: ChargePointId, session: SessionId) -> int:
        """Give up a parked session; how many rows (`protocol.Store.drop`)."""
        return writes.drop(self._db, charge_point, session, self._clock.utc_ms())

    def close(self) -> None:
        """Let go of the database."""
        super().close()
        self._lock.release()


def open_reader(path: Path) -> Reader:
    """Look into a database, whether or not a bridge runs on it. Raises StoreRefused."""
    return Reader(_open(path, writes=False))


def open_offline(path: Path) -> OfflineStore:
    """Change the queue while no bridge runs; raises StoreRefused when one does (ask that one, over `bridge/request/…`)."""
    _must_exist(path)
    lock = files.Lock(path)
    with contextlib.ExitStack() as on_error:
        on_error.callback(lock.release)
        store = OfflineStore(_open(path, writes=True), lock, Clock())
        on_error.pop_all()
    return store


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise StoreRefused(f"there is no database at {path}: check the path in the configuration; it is made when the bridge first runs")


def _open(path: Path, *, writes: bool) -> sqlite3.Connection:
    _must_exist(path)
    try:
        db = connect(path, writes=writes)
        with contextlib.ExitStack() as on_error:
            on_error.callback(db.close)
            version = schema.check_version(db, path)
            on_error.pop_all()
    except sqlite3.Error as error:
        raise StoreRefused(advice(error, path)) from error
    if version < len(schema.migrations()):
        db.close()
        raise StoreRefused(f"{path} was last used by an older evbridge: start the bridge once, it brings the database up to date")
    return db
