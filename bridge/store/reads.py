"""Every SELECT. A reader sees what is committed, and belongs to the thread that made it.

What the disk has changed is never taken for what was written: a kept state or a record raises TextDamaged, of which no bridge can run
on; an entry for people to read is left out, and the log says so.
"""

import logging
import sqlite3
from collections.abc import Iterator
from typing import Any, Final, TypeVar

from bridge.core.effects import Decision, HistoryEntry
from bridge.core.state import Kept
from bridge.core.values import ChargePointId, RecordId, SessionId, TagInfo
from bridge.store import policy
from bridge.store.codec import DECISION, HISTORY, KEPT, RECORD, TAG_INFO, Codec
from bridge.store.protocol import OutboxRow, QueueCount, RecordState
from bridge.store.seal import TextDamaged
from bridge.store.writes import name_checksum

T = TypeVar("T")

log = logging.getLogger("bridge.store")

DEFAULT_STATES: Final = (RecordState.QUEUED, RecordState.PARKED)

# The start of a session whose name the backend never told: parked, or given up. The first value to bind is policy.DROPPED.
_ROW = """
SELECT o.id, o.charge_point, o.link, o.record, o.state, o.attempts, o.created_ms, a.backend_id,
    a.backend_id IS NULL AND EXISTS (
        SELECT 1 FROM outbox AS s
        WHERE s.session = o.session AND s.kind = 'start' AND s.charge_point = o.charge_point AND s.link = o.link
        AND (s.state = 'parked' OR s.state = 'delivered' AND s.error = ?)),
    o.message, o.error, o.rounds, o.retry_ms, o.settled_ms, o.session, a.checksum
FROM outbox AS o LEFT JOIN assigned AS a USING (charge_point, link, session)
"""
_NEXT = _ROW + "WHERE o.state = 'queued' AND o.charge_point = ? AND o.link = ? ORDER BY o.id LIMIT 1"
# One statement a state, so that each finds its own index.
_ROWS: Final = {state: _ROW + f"WHERE o.state = '{state}'" for state in RecordState}
_QUEUED = "SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 'queued' AND charge_point = ? AND link = ?)"
_QUEUED_OF = "SELECT EXISTS (SELECT 1 FROM outbox WHERE session = ? AND state = 'queued' AND charge_point = ? AND link = ?)"
_DUE = """
SELECT session FROM outbox WHERE state = 'parked' AND charge_point = ? AND link = ? AND retry_ms <= ? ORDER BY id LIMIT 1
"""
_NEWEST = " ORDER BY seq DESC LIMIT ?"
_HISTORY = "SELECT charge_point, entry FROM history WHERE ended_ms >= ?"
_DECISIONS = "SELECT charge_point, decision FROM decision WHERE utc_ms >= ?"
_OF_ONE = " AND charge_point = ?"
_NEWEST_BEFORE = """
SELECT max(utc_ms) FROM (
    SELECT utc_ms FROM kept UNION ALL SELECT created_ms FROM outbox UNION ALL SELECT ended_ms FROM history
    UNION ALL SELECT utc_ms FROM decision
) WHERE utc_ms < ?
"""
_BEFORE_EVERYTHING = -(2**63)
_NO_LIMIT = -1


class Reads:
    """What can be asked of a store (`protocol.Store` describes each)."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """`db` is open, migrated and this reader's alone."""
        self._db = db

    def kept(self, charge_point: ChargePointId) -> Kept | None:
        """What was kept of it; None: never seen."""
        text = self._one("SELECT state FROM kept WHERE charge_point = ?", charge_point)
        return None if text is None else KEPT.decode(text, charge_point)

    def next_record(self, charge_point: ChargePointId, link: str) -> OutboxRow | None:
        """The oldest queued row."""
        row = self._db.execute(_NEXT, (policy.DROPPED, charge_point, link)).fetchone()
        return None if row is None else _outbox_row(row)

    def is_queued(self, charge_point: ChargePointId, link: str, session: SessionId | None) -> bool:
        """Whether a row of this session (None: of any) is queued."""
        place = (charge_point, link)
        found = self._db.execute(_QUEUED, place) if session is None else self._db.execute(_QUEUED_OF, (session, *place))
        return bool(found.fetchone()[0])

    def due(self, charge_point: ChargePointId, link: str, utc_ms: int) -> SessionId | None:
        """A session with a parked row whose retry time has come; the one parked row longest in the queue decides."""
        session = self._one(_DUE, charge_point, link, utc_ms)
        return None if session is None else SessionId(session)

    def newest_before(self, utc_ms: int) -> int | None:
        """The newest time before this that anything was written at."""
        newest = self._db.execute(_NEWEST_BEFORE, (utc_ms,)).fetchone()[0]
        return None if newest is None else int(newest)

    def count(self, charge_point: ChargePointId) -> QueueCount:
        """How many rows are where."""
        found = dict(self._db.execute("SELECT what, number FROM tally WHERE charge_point = ?", (charge_point,)).fetchall())
        return QueueCount(**{state.value: found.get(state.value, 0) for state in RecordState})

    def rows(self, charge_point: ChargePointId | None = None, states: tuple[RecordState, ...] = DEFAULT_STATES) -> list[OutboxRow]:
        """Rows in order of delivery."""
        found: list[tuple[Any, ...]] = []
        for state in set(states):
            if charge_point is None:
                found += self._db.execute(_ROWS[state], (policy.DROPPED,)).fetchall()
            else:
                found += self._db.execute(_ROWS[state] + " AND o.charge_point = ?", (policy.DROPPED, charge_point)).fetchall()
        return [_outbox_row(row) for row in sorted(found)]

    def known_tag(self, charge_point: ChargePointId, key: str) -> TagInfo | None:
        """What the authorisation cache has on a tag."""
        text = self._one("SELECT info FROM tag WHERE charge_point = ? AND tag_key = ?", charge_point, key)
        return None if text is None else self._info(text, charge_point)

    def listed_tag(self, charge_point: ChargePointId, key: str) -> TagInfo | None:
        """What the local list has on a tag."""
        text = self._one("SELECT info FROM local_list WHERE charge_point = ? AND tag_key = ?", charge_point, key)
        return None if text is None else self._info(text, charge_point)

    def list_size(self, charge_point: ChargePointId) -> int:
        """How many tags are on the local list; counts them."""
        return int(self._db.execute("SELECT count(*) FROM local_list WHERE charge_point = ?", (charge_point,)).fetchone()[0])

    def history(
        self, charge_point: ChargePointId | None = None, *, since_ms: int | None = None, limit: int | None = None
    ) -> list[tuple[ChargePointId, HistoryEntry]]:
        """Finished sessions and gaps, oldest first; `since_ms` is about their ends."""
        found = self._newest(_HISTORY, charge_point, since_ms, limit)
        return list(_readable(HISTORY, found))

    def decisions(
        self, charge_point: ChargePointId | None = None, *, since_ms: int | None = None, limit: int | None = None
    ) -> list[tuple[ChargePointId, Decision]]:
        """Every decision, refusals included, oldest first."""
        found = self._newest(_DECISIONS, charge_point, since_ms, limit)
        return list(_readable(DECISION, found))

    def fact(self, name: str) -> str | None:
        """A small fact of the installation."""
        return self._one("SELECT value FROM fact WHERE name = ?", name)

    def _one(self, sql: str, *values: str | int) -> str | None:
        row = self._db.execute(sql, values).fetchone()
        return None if row is None else str(row[0])

    def _info(self, text: str, owner: ChargePointId) -> TagInfo | None:
        """A tag about which nothing sure is known is one nobody has heard of."""
        return next((info for _, info in _readable(TAG_INFO, [(owner, text)])), None)

    def _newest(
        self, sql: str, charge_point: ChargePointId | None, since_ms: int | None, limit: int | None
    ) -> list[tuple[ChargePointId, str]]:
        values: list[str | int] = [_BEFORE_EVERYTHING if since_ms is None else since_ms]
        if charge_point is not None:
            sql += _OF_ONE
            values.append(charge_point)
        values.append(_NO_LIMIT if limit is None else limit)
        return self._db.execute(sql + _NEWEST, values).fetchall()[::-1]


def _readable(codec: Codec[T], found: list[tuple[ChargePointId, str]]) -> Iterator[tuple[ChargePointId, T]]:
    for owner, text in found:
        try:
            value = codec.decode(text, owner)
        except TextDamaged:
            log.warning("%s of %s is left out: the disk has changed it", codec.name, owner)
        else:
            yield owner, value


def _outbox_row(row: tuple[Any, ...]) -> OutboxRow:
    """`row` has the columns of _ROW."""
    if row[15] is not None and row[15] != name_checksum(row[1], row[2], row[14], row[7]):
        raise TextDamaged(
            f"the database holds a transaction's name of {row[1]} that the disk has changed: "
            "restart evbridge, which sets the database aside and saves what can be read"
        )
    return OutboxRow(
        id=RecordId(row[0]),
        charge_point=ChargePointId(row[1]),
        link=row[2],
        record=RECORD.decode(row[3], row[1]),
        state=RecordState(row[4]),
        attempts=row[5],
        created_ms=row[6],
        backend_id=row[7],
        start_parked=bool(row[8]),
        message=row[9],
        error=row[10],
        rounds=row[11],
        retry_ms=row[12],
        settled_ms=row[13],
    )
