"""Connections to the database, each durable and verified, and what SQLite's refusals mean in words."""

import contextlib
import functools
import sqlite3
from pathlib import Path
from typing import Any, Final

from bridge.errors import StoreDamaged, StoreRefused
from bridge.store import policy
from bridge.store.codec import as_offline

SQLITE_MIN: Final = (3, 37)
"""STRICT tables (November 2021): a text in a number's column is refused by the database itself."""

_FULL_SYNC = 2
"""`PRAGMA synchronous` as a number: every commit is on the disk before it is reported (design.md §4 rule 3)."""

TEXT: Final = functools.partial(str, encoding="utf-8", errors="replace")
"""A text with a wrong byte comes out wrong, and its seal says so; an exception would tell nobody where."""

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
"""IOERR as well: a quota, or a shared-memory file that can't grow, is not told as FULL."""
_NOT_GIVEN = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL})
_THE_DISK: Final = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space",
    sqlite3.SQLITE_IOERR: "the disk reports an error: look into the system's log, check the disk and its quota",
    sqlite3.SQLITE_READONLY: "the database can't be written: check its permissions, and whether the disk is mounted read-only",
    sqlite3.SQLITE_CANTOPEN: "the database can't be opened: check that its directory exists and may be written",
    sqlite3.SQLITE_PERM: "the database may not be opened: check its permissions",
    sqlite3.SQLITE_BUSY: "another program holds the database: close it",
    sqlite3.SQLITE_LOCKED: "another program holds the database: close it",
    sqlite3.SQLITE_PROTOCOL: "another program holds the database: close it",
    sqlite3.SQLITE_NOMEM: "there is no memory left: stop what uses it",
    sqlite3.SQLITE_CORRUPT: "the database is damaged: restart evbridge, which sets it aside and starts a new one",
    sqlite3.SQLITE_NOTADB: "the database is damaged: restart evbridge, which sets it aside and starts a new one",
}
"""What the world can do to a database. Anything else is our own mistake and is not tried again."""


class _Reading(sqlite3.Connection):
    """Whoever reads for a running bridge knows nothing of SQLite, and must be told that there is nothing to run on."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - as the real one
        """Raises StoreDamaged."""
        try:
            return super().execute(sql, parameters)
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                raise StoreDamaged(f"{_THE_DISK[sqlite3.SQLITE_CORRUPT]} ({error})") from error
            raise


def connect(path: Path, *, writes: bool, any_thread: bool = False) -> sqlite3.Connection:
    """Open an existing database in autocommit mode. Raises sqlite3.Error, or StoreRefused where durability can't be had."""
    uri = f"{path.absolute().as_uri()}?mode={'rw' if writes else 'ro'}"
    kind = sqlite3.Connection if writes else _Reading
    db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=not any_thread, factory=kind)
    with contextlib.ExitStack() as on_error:
        on_error.callback(db.close)
        db.text_factory = TEXT
        db.execute(f"PRAGMA busy_timeout={policy.BUSY_MS}")
        if writes:
            _journal(db, path)
            db.create_function("as_offline", 2, as_offline, deterministic=True)
        for pragma in ("synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON", "foreign_keys=ON", "trusted_schema=OFF"):
            db.execute(f"PRAGMA {pragma}")
        if not writes:
            db.execute("PRAGMA query_only=ON")
        if pragma_value(db, "synchronous") != _FULL_SYNC or pragma_value(db, "foreign_keys") != 1:
            raise StoreRefused(f"{path}: SQLite {sqlite3.sqlite_version} does not promise that a commit is on the disk: use another build")
        on_error.pop_all()
    return db


def _journal(db: sqlite3.Connection, path: Path) -> None:
    """Write-ahead logging: one sync a commit, and readers that never wait."""
    if db.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
        raise StoreRefused(f"{path}: write-ahead logging does not work there (a network share?): put the database on a local disk")
    db.execute("PRAGMA journal_size_limit=8388608")  # a burst must not hold its disk space for ever


def pragma_value(db: sqlite3.Connection, name: str) -> object:
    """What a pragma is now."""
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _code(error: sqlite3.Error | UnicodeDecodeError) -> int:
    """The primary result code; 0 where the error does not come from SQLite itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_retryable(error: sqlite3.Error) -> bool:
    """Whether the world refused, so that the same write may succeed later; False: our own mistake."""
    return _code(error) in _THE_DISK


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk is full; the connection itself is as good as before."""
    return _code(error) == sqlite3.SQLITE_FULL


def is_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Whether the file is no sound database. SQLite quotes a damaged schema in what it says, which Python then can't read."""
    return isinstance(error, UnicodeDecodeError) or _code(error) in _DAMAGED


def is_the_disk(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Whether the disk did not give what is on it, so that nothing is known of that."""
    return _code(error) in _NOT_GIVEN


def is_no_room(error: sqlite3.Error) -> bool:
    """Whether more space may help."""
    return _code(error) in _NO_ROOM


def advice(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> str:
    """One line: where, what is wrong, what to do, and SQLite's own words."""
    return f"{path}: {_THE_DISK.get(_code(error), 'the database refuses')} ({error})"
