"""From a damaged database into a new one, row by row: every row is looked at, and what can't be had is counted."""

import contextlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from bridge.errors import StoreRefused
from bridge.store import pages, soundness
from bridge.store.codec import DECISION, HISTORY, KEPT, RECORD, TAG_INFO, Codec
from bridge.store.debris import WAS, Debris, Row, Value, is_clear, is_number
from bridge.store.loss import BRIDGE, UNKNOWN, Kind, Salvage
from bridge.store.protocol import TAG_REF_KEY, RecordState
from bridge.store.writes import kind, name_checksum

SALVAGED: Final = "salvaged"
"""The fact that holds the report (`Salvage`)."""

_NO_NAME: Final = "the start or the name of its transaction was lost with a damaged database"
_NO_STATE: Final = "whether it was delivered was lost with a damaged database"

# Without a start that waits and without a name, a step would go out as one of a transaction that never was.
_HOLD = """
UPDATE outbox SET state = 'parked', error = ? WHERE state = 'queued' AND kind <> 'start' AND EXISTS (
    SELECT 1 FROM outbox AS o WHERE o.session = outbox.session AND o.charge_point = outbox.charge_point AND o.link = outbox.link
    AND o.kind IN ('sample', 'stop')) AND NOT EXISTS (
    SELECT 1 FROM outbox AS s WHERE s.session = outbox.session AND s.charge_point = outbox.charge_point AND s.link = outbox.link
    AND s.kind = 'start' AND (s.state <> 'delivered' OR s.error IS NOT NULL)) AND NOT EXISTS (
    SELECT 1 FROM assigned AS a
    WHERE a.session = outbox.session AND a.charge_point = outbox.charge_point AND a.link = outbox.link)
"""
# What was delivered under a name tells it too.
_NAME_AGAIN = """
INSERT INTO assigned SELECT charge_point, link, session, delivered_as, name_checksum(charge_point, link, session, delivered_as)
FROM outbox WHERE delivered_as IS NOT NULL GROUP BY charge_point, link, session ON CONFLICT DO NOTHING
"""
_NEWEST_NUMBER = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
# No number is used twice, not even one whose row was pruned.
_NUMBER_ON = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'outbox'"
_FIRST_NUMBER = "INSERT INTO sqlite_sequence SELECT 'outbox', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox')"
_UNDELIVERED = "SELECT DISTINCT charge_point, link, session FROM outbox WHERE state <> 'delivered'"


class _Table(NamedTuple):
    """How to find the rows of a table, and to know one that is as it was written."""

    name: str
    key: tuple[str, ...]
    is_true: Callable[[Row], bool]
    kind: Kind | None
    """None: nobody counts them."""
    indexes: tuple[str, ...] = ()
    """Of a table by number: where its numbers are told as well."""


def _holds(codec: Codec[Any], column: str) -> Callable[[Row], bool]:
    def is_true(row: Row) -> bool:
        text, owner = row.get(column), row.get("charge_point")
        return isinstance(text, str) and isinstance(owner, str) and codec.can_read(text, owner)

    return is_true


def _is_fact(row: Row) -> bool:
    name, value = row.get("name"), row.get("value")
    return is_clear(name) and is_clear(value) and soundness.is_fact(name, value)


def _is_name(row: Row) -> bool:
    parts = [row.get(column) for column in ("charge_point", "link", "session", "backend_id")]
    return all(is_clear(part) for part in parts) and row.get("checksum") in (None, name_checksum(*map(str, parts)))


_FACT: Final = _Table("fact", ("name",), _is_fact, None)
_KEPT: Final = _Table("kept", ("charge_point",), _holds(KEPT, "state"), Kind.KEPT)
_OUTBOX: Final = _Table(
    "outbox",
    ("id",),
    _holds(RECORD, "record"),
    Kind.RECORD,
    (
        _NEWEST_NUMBER,
        "SELECT id FROM outbox INDEXED BY outbox_session ORDER BY session {order}",
        "SELECT id FROM outbox INDEXED BY outbox_queued WHERE state = 'queued' ORDER BY charge_point {order}",
        "SELECT id FROM outbox INDEXED BY outbox_parked WHERE state = 'parked' ORDER BY charge_point {order}",
    ),
)
_ASSIGNED: Final = _Table("assigned", ("charge_point", "link", "session"), _is_name, None)
_HISTORY: Final = _Table(
    "history",
    ("seq",),
    _holds(HISTORY, "entry"),
    Kind.HISTORY,
    ("SELECT seq FROM history INDEXED BY history_charge_point ORDER BY charge_point {order}",),
)
_DECISION: Final = _Table(
    "decision",
    ("seq",),
    _holds(DECISION, "decision"),
    Kind.DECISION,
    ("SELECT seq FROM decision INDEXED BY decision_charge_point ORDER BY charge_point {order}",),
)
_TAG: Final = _Table(
    "tag",
    ("seq",),
    _holds(TAG_INFO, "info"),
    Kind.TAG,
    ("SELECT seq FROM tag INDEXED BY tag_charge_point ORDER BY charge_point {order}",),
)
_LISTED: Final = _Table("local_list", ("charge_point", "tag_key"), _holds(TAG_INFO, "info"), Kind.LISTED)


_BY_NUMBER: Final = (_OUTBOX, _HISTORY, _DECISION, _TAG)
_BY_NAME: Final = (_FACT, _KEPT, _ASSIGNED, _LISTED)
_SAVED: Final = {
    Kind.KEPT: "SELECT charge_point, count(*) FROM kept GROUP BY charge_point",
    Kind.RECORD: "SELECT charge_point, count(*) FROM outbox WHERE state <> 'delivered' GROUP BY charge_point",
    Kind.HISTORY: "SELECT charge_point, count(*) FROM history GROUP BY charge_point",
    Kind.SENT: "SELECT charge_point, count(*) FROM outbox WHERE state = 'delivered' GROUP BY charge_point",
    Kind.DECISION: "SELECT charge_point, count(*) FROM decision GROUP BY charge_point",
    Kind.TAG: "SELECT charge_point, count(*) FROM tag GROUP BY charge_point",
    Kind.LISTED: "SELECT charge_point, count(*) FROM local_list GROUP BY charge_point",
}
_ENTRIES: Final = "SELECT charge_point, count(*) AS number FROM history GROUP BY charge_point"
_COUNTED: Final = (
    ("kept", Kind.KEPT),
    ("outbox", Kind.RECORD),
    ("history", Kind.HISTORY),
    ("outbox", Kind.SENT),
    ("decision", Kind.DECISION),
    ("tag", Kind.TAG),
    ("local_list", Kind.LISTED),
)
_STATES: Final = [RecordState.QUEUED.value, RecordState.PARKED.value, RecordState.DELIVERED.value]
"""In the order of a record's life."""
_OLDEST: Final = 2**62
"""What a tree led to is never replaced."""
_TALLY: Final = ("charge_point", "what", "number")
_TALLIED: Final = {
    RecordState.QUEUED.value: Kind.RECORD,
    RecordState.PARKED.value: Kind.RECORD,
    RecordState.DELIVERED.value: Kind.SENT,
    "decision": Kind.DECISION,
    "tag": Kind.TAG,
}


class Copy:
    """One copy. The caller has begun a transaction in a new database that knows `name_checksum`."""

    def __init__(self, db: sqlite3.Connection, debris: Debris) -> None:
        """`debris` is entered."""
        self._db = db
        self._debris = debris
        self._columns = {table.name: self._columns_of(table) for table in (*_BY_NUMBER, *_BY_NAME)}
        self._lost: defaultdict[Kind, Counter[str]] = defaultdict(Counter)
        self._suspects: set[str] = set()
        """Tables of which a row was not as it was written: its trees may have led astray."""
        self._ages: dict[tuple[Value, ...], int] = {}
        """How late in their life the rows were that no tree led to."""
        self._moved: dict[tuple[Value, ...], Row] = {}
        """The rows that got another number, by the one that is in the file."""

    def _columns_of(self, table: _Table) -> list[str]:
        return [column[0] for column in self._db.execute(f"SELECT * FROM {table.name}").description]  # noqa: S608 - our own tables

    def everything(self, aside: str) -> Salvage:
        """Copy. `aside` is the name the damaged database will get."""
        debris = self._debris
        tallied = _tallied(debris.rows("SELECT * FROM tally"))
        self._db.execute("DELETE FROM fact")
        for table in _BY_NUMBER:
            self._take(table, debris.numbered(table.name, table.key[0], table.indexes))
        wanted = {"kept": [(owner,) for owner in tallied[Kind.KEPT]], "assigned": self._db.execute(_UNDELIVERED).fetchall()}
        for table in _BY_NAME:
            self._take(table, debris.named(table.name, table.key, wanted.get(table.name, ())))
        self._suspects |= debris.unreadable
        if self._suspects:
            found = self._leaves()
            tallied = tallied if any(tallied.values()) else found
        for number in debris.numbers(_NEWEST_NUMBER):
            self._db.execute(_FIRST_NUMBER)
            self._db.execute(_NUMBER_ON, (number,))
        self._db.execute(_NAME_AGAIN)
        parked = self._db.execute(_HOLD, (_NO_NAME,)).rowcount if self._suspects & {"outbox", "assigned"} else 0
        saved = {what: Counter[str](dict(self._db.execute(sql).fetchall())) for what, sql in _SAVED.items()}
        uncounted = self._look_back(saved, tallied)
        return Salvage(
            aside=aside,
            saved={what: counted.total() for what, counted in saved.items() if counted},
            lost={owner: self._lost_of(owner) for owner in {owner for counted in self._lost.values() for owner in counted}},
            uncounted=uncounted,
            parked=parked,
        )

    def _lost_of(self, owner: str) -> dict[Kind, int]:
        return {what: counted[owner] for what, counted in self._lost.items() if counted[owner]}

    def _look_back(self, saved: Mapping[Kind, Counter[str]], tallied: Mapping[Kind, Counter[str]]) -> tuple[Kind, ...]:
        """Where a part of a table was not reached: how much was in it, as far as something else tells. The kinds nobody can count."""
        uncounted: list[Kind] = []
        for table, what in _COUNTED:
            if table in self._suspects:
                expected = self._debris.count(_ENTRIES) if what is Kind.HISTORY else tallied[what]
                self._lost[what] |= expected - saved[what]
                if table in self._debris.unreadable and (not expected or (what is Kind.HISTORY and self._debris.broke)):
                    uncounted.append(what)
        if not self._db.execute("SELECT EXISTS (SELECT 1 FROM fact WHERE name = ?)", (TAG_REF_KEY,)).fetchone()[0]:
            self._lost[Kind.KEY][BRIDGE] = 1
        return tuple(uncounted)

    # --- row by row ---------------------------------------------------------------------------------------------------------------

    def _take(self, table: _Table, rows: Iterable[Row]) -> None:
        for found in rows:
            if found.keys() - self._columns[table.name] - {WAS}:  # the disk has changed the name of a column
                self._debris.unreadable.add(table.name)
                return
            row = _mended(found) if table is _OUTBOX else found
            if self._is_seen(table, row):
                self._suspects.add(table.name)
            elif row.get("name") != SALVAGED and not (table.is_true(row) and self._insert(table, row)):
                self._suspects.add(table.name)
                if table.kind is not None:
                    self._lost[Kind.SENT if row.get("state") == RecordState.DELIVERED else table.kind][_owner(row)] += 1

    def _is_seen(self, table: _Table, row: Row) -> bool:
        """Whether it is another sight of a row that is saved: a tree leads twice to one page. None is delivered twice for that."""
        if WAS not in row:
            return False
        [key] = table.key
        was = row.pop(WAS)
        self._moved[table.name, was] = row
        there = self._db.execute(f"SELECT * FROM {table.name} WHERE {key} = ?", (was,)).fetchone()  # noqa: S608 - our own tables
        return there is not None and dict(zip(self._columns[table.name], there, strict=True)) | {key: row[key]} == row

    def _insert(self, table: _Table, row: Row) -> bool:
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        try:
            self._db.execute(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608 - our tables
        except sqlite3.IntegrityError:
            return False
        return True

    # --- without the trees --------------------------------------------------------------------------------------------------------

    def _leaves(self) -> dict[Kind, Counter[str]]:
        """Take from the pages what no tree led to; the tallies found there."""
        tallies: list[Row] = []
        for cell in pages.cells(self._debris.path):
            if cell.number is None and len(cell.values) == len(_TALLY) and cell.values[1] in _TALLIED:
                tallies.append(dict(zip(_TALLY, cell.values, strict=True)))
            for table in _BY_NAME if cell.number is None else _BY_NUMBER:
                if table.name in self._suspects and (cell.number is None or is_number(cell.number)):
                    self._leaf(table, cell)
        return _tallied(tallies)

    def _leaf(self, table: _Table, cell: pages.Cell) -> None:
        """Take a row if it is one of this table, and newer than the same one seen before."""
        row: Row = dict(zip(self._columns[table.name], cell.values, strict=False))
        if cell.number is not None:
            row[table.key[0]] = cell.number
        if not row.keys() >= {*table.key} or len(cell.values) > len(self._columns[table.name]):
            return
        row = _mended(row) if table is _OUTBOX else row
        if row.get("name") == SALVAGED or not table.is_true(row):
            return
        place = (table.name, *(row[column] for column in table.key))
        if (moved := self._moved.get(place)) is not None and moved == row | {column: moved[column] for column in table.key}:
            return
        where = " AND ".join(f"{column} = ?" for column in table.key)
        if self._db.execute(f"SELECT 1 FROM {table.name} WHERE {where}", place[1:]).fetchone() is not None:  # noqa: S608 - our own tables
            if _age(row) <= self._ages.get(place, _OLDEST):
                return
            self._db.execute(f"DELETE FROM {table.name} WHERE {where}", place[1:])  # noqa: S608 - our own tables
        if self._insert(table, row):
            self._ages[place] = _age(row)


def _tallied(rows: Iterable[Row]) -> dict[Kind, Counter[str]]:
    """How many of a kind each charge point has; each that has anything has a kept state."""
    numbers: dict[tuple[str, str], int] = {}
    for row in rows:
        owner, what, number = (row.get(column) for column in _TALLY)
        if is_clear(owner) and what in _TALLIED and isinstance(number, int):
            place = (str(owner), str(what))
            numbers[place] = max(number, numbers.get(place, 0))
    found: dict[Kind, Counter[str]] = {what: Counter() for what in Kind}
    for (owner, what), number in numbers.items():
        found[_TALLIED[what]][owner] += number
        found[Kind.KEPT][owner] = 1
    return found


def _mended(row: Row) -> Row:
    """A record tells its session and its kind itself; one of which nobody knows how far it got is left to the operator."""
    with contextlib.suppress(StoreRefused):
        record = RECORD.decode(str(row.get("record")), str(row.get("charge_point")))
        row = row | {"session": record.session, "kind": kind(record)}
    if row.get("state") not in _STATES:
        went = row.get("delivered_as") is not None
        row = row | ({"state": RecordState.DELIVERED.value} if went else {"state": RecordState.PARKED.value, "error": _NO_STATE})
    return row


def _age(row: Row) -> int:
    """A record is delivered last, and a kept state has a time: of two versions the later one counts."""
    state, utc_ms = row.get("state"), row.get("utc_ms")
    return _STATES.index(state) if state in _STATES else utc_ms if isinstance(utc_ms, int) else 0


def _owner(row: Row) -> str:
    owner = row.get("charge_point")
    return str(owner) if is_clear(owner) and str(owner).isprintable() else UNKNOWN
