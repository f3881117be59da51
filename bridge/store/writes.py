"""Every INSERT, UPDATE and DELETE, each inside a transaction that the caller has begun."""

import itertools
import operator
import sqlite3
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, assert_never

from bridge.core.effects import Record, RecordSample, RecordStart, RecordStop, RecordUpdate
from bridge.core.values import ChargePointId, SessionId, TagInfo
from bridge.store import policy
from bridge.store.codec import DECISION, HISTORY, KEPT, OFFLINE, RECORD, TAG_INFO
from bridge.store.protocol import Change
from bridge.store.seal import checksum

Row: TypeAlias = tuple[str | int | None, ...]

_KEEP = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET utc_ms = excluded.utc_ms, state = excluded.state"
_ASSIGN = """
INSERT INTO assigned VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET backend_id = excluded.backend_id, checksum = excluded.checksum
"""
_RECORD = "INSERT INTO outbox (charge_point, link, session, kind, record, created_ms) VALUES (?, ?, ?, ?, ?, ?)"
_SENT = "UPDATE outbox SET attempts = ?, message = ?, error = ? WHERE id = ? AND state = 'queued'"
_DELIVERED = """
UPDATE outbox SET state = 'delivered', settled_ms = ?2, error = NULL, retry_ms = NULL, delivered_as = (
    SELECT backend_id FROM assigned AS a
    WHERE a.charge_point = outbox.charge_point AND a.link = outbox.link AND a.session = outbox.session)
WHERE id = ?1 AND state <> 'delivered' AND (kind = 'start' OR NOT EXISTS (
    SELECT 1 FROM outbox AS s
    WHERE s.session = outbox.session AND s.kind = 'start' AND s.state = 'queued' AND s.id < outbox.id
    AND s.charge_point = outbox.charge_point AND s.link = outbox.link))
"""
# What is left was taken while its start waits to be sent again: it went out under no name, just before the start came out of
# parking. It is a dependant of that start (design.md §4 rule 5) and follows it once more. What came before the start is none: 2.0.1
# may begin a transaction earlier than its session.
_FOLLOWS_ITS_START = """
UPDATE outbox SET state = 'queued', attempts = 0, message = NULL, retry_ms = NULL, settled_ms = NULL, rounds = rounds + 1
WHERE id = ? AND state <> 'delivered'
"""
# `as_offline` is the codec's: the text has a seal.
_WAITED = """
UPDATE outbox SET record = as_offline(record, charge_point)
WHERE instr(record, ?3) = 0 AND state = 'queued' AND rounds = 0 AND charge_point = ?1 AND link = ?2 AND id > (
    SELECT min(id) FROM outbox WHERE state = 'queued' AND charge_point = ?1 AND link = ?2)
"""
_PARKED = "UPDATE outbox SET state = 'parked', error = ?, retry_ms = ?, settled_ms = ? WHERE id = ? AND state <> 'delivered'"
_REPLAY = """
UPDATE outbox SET state = 'queued', attempts = 0, message = NULL, retry_ms = NULL, settled_ms = NULL, rounds = rounds + 1
WHERE id IN (
    SELECT o.id FROM outbox AS o WHERE o.session = ?2 AND o.charge_point = ?1 AND (
        o.state = 'parked'
        OR o.state = 'delivered' AND o.delivered_as IS NULL AND o.error IS NOT ?3 AND EXISTS (
            SELECT 1 FROM outbox AS s
            WHERE s.session = o.session AND s.kind = 'start' AND s.state = 'parked'
            AND s.charge_point = o.charge_point AND s.link = o.link)))
"""
_DROP = """
UPDATE outbox SET state = 'delivered', error = ?, retry_ms = NULL, settled_ms = ?
WHERE session = ? AND charge_point = ? AND state = 'parked'
"""
# What was taken under no name stays while its start is not delivered: it would go out again with it.
_PRUNE = """
DELETE FROM outbox WHERE id IN (
    SELECT o.id FROM outbox AS o WHERE o.state = 'delivered' AND o.kind IN ('sample', 'update') AND o.settled_ms < ? AND NOT EXISTS (
        SELECT 1 FROM outbox AS s
        WHERE s.session = o.session AND s.kind = 'start' AND s.state <> 'delivered' AND s.charge_point = o.charge_point AND s.link = o.link)
    LIMIT ?)
"""
_HISTORY = "INSERT INTO history (charge_point, ended_ms, entry) VALUES (?, ?, ?)"
_DECISION = "INSERT INTO decision (charge_point, utc_ms, decision) VALUES (?, ?, ?)"
_TRIM_DECISIONS = """
DELETE FROM decision WHERE seq IN (SELECT seq FROM decision WHERE charge_point = ?1 ORDER BY seq LIMIT max(0, (
    SELECT number FROM tally WHERE charge_point = ?1 AND what = 'decision') - ?2))
"""
_FORGET_TAGS = "DELETE FROM tag WHERE charge_point = ?"
_FORGET_TAG = "DELETE FROM tag WHERE charge_point = ? AND tag_key = ?"
_REMEMBER = "INSERT INTO tag (charge_point, tag_key, info) VALUES (?, ?, ?)"
_TRIM_TAGS = """
DELETE FROM tag WHERE seq IN (SELECT seq FROM tag WHERE charge_point = ?1 ORDER BY seq LIMIT max(0, (
    SELECT number FROM tally WHERE charge_point = ?1 AND what = 'tag') - ?2))
"""
_EMPTY_LIST = "DELETE FROM local_list WHERE charge_point = ?"
_UNLIST = "DELETE FROM local_list WHERE charge_point = ? AND tag_key = ?"
_LIST = "INSERT INTO local_list VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET info = excluded.info"
_FORGET_FACT = "DELETE FROM fact WHERE name = ?"
_SET_FACT = "INSERT INTO fact VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A change in the words of the database. Made before it is handed to the writer, so that nonsense is the caller's error."""

    charge_point: ChargePointId
    utc_ms: int
    kept: Row | None
    statements: tuple[tuple[str, list[Row]], ...]


def kind(record: Record) -> str:
    """The word for it in the outbox."""
    match record:
        case RecordStart():
            return "start"
        case RecordSample():
            return "sample"
        case RecordUpdate():
            return "update"
        case RecordStop():
            return "stop"
        case _:
            assert_never(record)


def name_checksum(*key_and_name: str | None) -> int:
    """Of a row of `assigned`: the wrong name would bill somebody else's transaction."""
    return checksum(*(part or "" for part in key_and_name))


def prepare(change: Change) -> Prepared:
    """Encode a change. The order matters: a name is assigned before the start that brought it counts as delivered under it."""
    owner, link, now_ms = change.charge_point, change.link, change.utc_ms
    assert link is not None or not (change.records or change.assigned), "records are for a backend"
    tables: list[tuple[str, list[Row]]] = [
        (_ASSIGN, [(owner, link, session, name, name_checksum(owner, link, session, name)) for session, name in change.assigned]),
        (_RECORD, [(owner, link, record.session, kind(record), RECORD.encode(record, owner), now_ms) for record in change.records]),
        (_SENT, [(sent.attempts, sent.message, sent.error, sent.id) for sent in change.sent]),
        (_DELIVERED, [(number, now_ms) for number in change.delivered]),
        (_FOLLOWS_ITS_START, [(number,) for number in change.delivered]),
        (_PARKED, [(parked.error, parked.retry_ms, now_ms, parked.id) for parked in change.parked]),
        (_WAITED, [(owner, link, OFFLINE)] if change.waited else []),
        (_HISTORY, [(owner, entry.ended_ms, HISTORY.encode(entry, owner)) for entry in change.history]),
        (_DECISION, [(owner, decision.utc_ms, DECISION.encode(decision, owner)) for decision in change.decisions]),
        (_TRIM_DECISIONS, [(owner, policy.DECISIONS_MAX)] if change.decisions else []),
        (_FORGET_TAGS, [(owner,)] if change.forget_tags else []),
        (_FORGET_TAG, [(owner, tag.key) for tag in change.forgotten]),
        (_EMPTY_LIST, [(owner,)] if change.list_replaced else []),
    ]
    for tag, info in change.remembered:
        tables.append((_FORGET_TAG, [(owner, tag.key)]))
        tables.append((_REMEMBER, [(owner, tag.key, TAG_INFO.encode(info, owner))]))
    tables.append((_TRIM_TAGS, [(owner, policy.TAGS_MAX)] if change.remembered else []))
    for entry in change.listed:
        key = entry.tag.key
        tables.append(
            (_UNLIST, [(owner, key)]) if entry.info is None else (_LIST, [(owner, key, TAG_INFO.encode(_listed(entry.info), owner))])
        )
    return Prepared(
        charge_point=owner,
        utc_ms=now_ms,
        kept=None if change.kept is None else (owner, now_ms, KEPT.encode(change.kept, owner)),
        statements=tuple((sql, rows) for sql, rows in tables if rows),
    )


def _listed(info: TagInfo) -> TagInfo:
    return replace(info, listed=True)


def apply(db: sqlite3.Connection, changes: list[Prepared]) -> None:
    """Write changes, in their order. Of a charge point's kept state only the newest matters; equal statements in a row are one call."""
    statements = itertools.chain.from_iterable(change.statements for change in changes)
    for sql, calls in itertools.groupby(statements, key=operator.itemgetter(0)):
        db.executemany(sql, itertools.chain.from_iterable(rows for _, rows in calls))
    kept = {change.charge_point: change.kept for change in changes if change.kept is not None}
    db.executemany(_KEEP, kept.values())


def replay(db: sqlite3.Connection, charge_point: ChargePointId, session: SessionId) -> int:
    """Queue a parked session again (`protocol.Store.replay`)."""
    return db.execute(_REPLAY, (charge_point, session, policy.DROPPED)).rowcount


def drop(db: sqlite3.Connection, charge_point: ChargePointId, session: SessionId, utc_ms: int) -> int:
    """Give up a parked session (`protocol.Store.drop`)."""
    return db.execute(_DROP, (policy.DROPPED, utc_ms, session, charge_point)).rowcount


def prune(db: sqlite3.Connection, utc_ms: int) -> bool:
    """Delete a chunk of old delivered steps; whether there may be more."""
    before_ms = utc_ms - policy.SENT_KEPT_DAYS * DAY_MS
    return db.execute(_PRUNE, (before_ms, policy.PRUNE_CHUNK)).rowcount == policy.PRUNE_CHUNK


def set_fact(db: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a fact."""
    db.execute(_SET_FACT, (name, value))


def forget_fact(db: sqlite3.Connection, name: str) -> None:
    """Keep it no longer."""
    db.execute(_FORGET_FACT, (name,))
