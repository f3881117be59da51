"""A leap of the clock on the disk, inside a transaction that the caller has begun (`protocol.Store.leap`).

Happens once in a life that began before the time was known; on any other day nothing here runs.
"""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from bridge.core.leap import Leap
from bridge.errors import StoreRefused
from bridge.store.codec import DECISION, HISTORY, KEPT, RECORD, Codec

T = TypeVar("T")

CHUNK = 500
"""Rows in memory at a time: a queue may be longer than the memory of a small computer."""


class _Table(NamedTuple):
    """Where times are, beside those within the JSON."""

    select: str
    update: str
    first: str | int
    """Before the first key."""


_KEPT = _Table(
    "SELECT charge_point, utc_ms, state, charge_point FROM kept WHERE charge_point > ? ORDER BY charge_point LIMIT ?",
    "UPDATE kept SET utc_ms = ?, state = ? WHERE charge_point = ?",
    "",
)
# What was delivered is what the backend has: it stays as it was sent. The rest may hold such a time whenever it was written.
_RECORDS = _Table(
    "SELECT id, created_ms, record, charge_point FROM outbox WHERE id > ? AND state <> 'delivered' ORDER BY id LIMIT ?",
    "UPDATE outbox SET created_ms = ?, record = ? WHERE id = ?",
    -1,
)
_ENTRIES = _Table(
    "SELECT seq, ended_ms, entry, charge_point FROM history WHERE seq > ? ORDER BY seq LIMIT ?",
    "UPDATE history SET ended_ms = ?, entry = ? WHERE seq = ?",
    -1,
)
_DECISIONS = _Table(
    "SELECT seq, utc_ms, decision, charge_point FROM decision WHERE seq > ? ORDER BY seq LIMIT ?",
    "UPDATE decision SET utc_ms = ?, decision = ? WHERE seq = ?",
    -1,
)
_MOVE_RETRIES = "UPDATE outbox SET retry_ms = retry_ms + ? WHERE state = 'parked' AND retry_ms < ?"


def move(db: sqlite3.Connection, leap: Leap) -> None:
    """Move every time that lies before the leap's border."""
    _move(db, leap, _KEPT, KEPT, leap.kept)
    _move(db, leap, _RECORDS, RECORD, leap.record)
    _move(db, leap, _ENTRIES, HISTORY, leap.entry)
    _move(db, leap, _DECISIONS, DECISION, leap.decision)
    db.execute(_MOVE_RETRIES, (leap.by_ms, leap.before_ms))


def _move(db: sqlite3.Connection, leap: Leap, table: _Table, codec: Codec[T], moved: Callable[[T], T]) -> None:
    for key, utc_ms, text, owner in _rows(db, table):
        try:
            again = codec.encode(moved(codec.decode(text, owner)), owner)
        except StoreRefused:
            continue  # whoever needs it will say that it can't be read
        if again != text or utc_ms < leap.before_ms:
            db.execute(table.update, (leap.time(utc_ms), again, key))


def _rows(db: sqlite3.Connection, table: _Table) -> Iterator[tuple[Any, int, str, str]]:
    after = table.first
    while rows := db.execute(table.select, (after, CHUNK)).fetchall():
        yield from rows
        after = rows[-1][0]
