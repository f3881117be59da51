"""A new database with what can be read of a damaged one, made beside it. The damaged one is only read; nothing is taken from it.

`rescue` may be cut anywhere: until the new database is complete and on the disk, the damaged one lies where it lay, and the next
opening begins anew; from then on, `resume` brings it to its end. The report is a fact in the new database, until a life has told it.
"""

import contextlib
import logging
import sqlite3
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final, NamedTuple

from bridge.errors import StoreRefused
from bridge.store import files, schema, soundness
from bridge.store.codec import DECISION, HISTORY, KEPT, RECORD, TAG_INFO, Codec
from bridge.store.debris import Debris, Row, is_clear
from bridge.store.loss import BRIDGE, UNKNOWN, Kind, Salvage
from bridge.store.protocol import TAG_REF_KEY, RecordState
from bridge.store.writes import kind, name_checksum

log = logging.getLogger("bridge.store")

SALVAGED: Final = "salvaged"
"""The fact that holds the report (`Salvage`)."""

_NO_NAME: Final = "the start or the name of its transaction was lost with a damaged database"

# Without a start that waits and without a name, a step would go out as one of a transaction that never was.
_HOLD = """
UPDATE outbox SET state = 'parked', error = ? WHERE state = 'queued' AND kind <> 'start' AND EXISTS (
    SELECT 1 FROM outbox AS o WHERE o.session = outbox.session AND o.charge_point = outbox.charge_point AND o.link = outbox.link
    AND o.kind IN ('sample', 'stop')) AND NOT EXISTS (
    SELECT 1 FROM outbox AS s WHERE s.session = outbox.session AND s.charge_point = outbox.charge_point AND s.link = outbox.link
    AND s.kind = 'start' AND (s.state <> 'delivered' OR s.error IS NOT NULL)) AND NOT EXISTS (
    SELECT 1 FROM assigned AS a
    WHERE a.session = outbox.session AND a.charge_point = outbox.charge_point AND a.link = outbox.link)
RETURNING charge_point
"""
# What was delivered under a name tells it too.
_NAME_AGAIN = """
INSERT INTO assigned SELECT charge_point, link, session, delivered_as, name_checksum(charge_point, link, session, delivered_as)
FROM outbox WHERE delivered_as IS NOT NULL GROUP BY charge_point, link, session ON CONFLICT DO NOTHING
"""
_NEWEST_NUMBER = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"
_TALLY = "SELECT charge_point, number FROM tally WHERE what IN "


class _Table(NamedTuple):
    """One of the tables with a text in it."""

    name: str
    kind: Kind
    text: str
    codec: Codec[Any]
    counted: str
    indexes: tuple[str, ...]


_NUMBERED: Final = (
    _Table(
        "history",
        Kind.HISTORY,
        "entry",
        HISTORY,
        "SELECT charge_point, count(*) AS number FROM history GROUP BY charge_point",
        ("SELECT seq FROM history INDEXED BY history_charge_point ORDER BY charge_point {order}",),
    ),
    _Table(
        "decision",
        Kind.DECISION,
        "decision",
        DECISION,
        _TALLY + "('decision')",
        ("SELECT seq FROM decision INDEXED BY decision_charge_point ORDER BY charge_point {order}",),
    ),
    _Table(
        "tag",
        Kind.TAG,
        "info",
        TAG_INFO,
        _TALLY + "('tag')",
        ("SELECT seq FROM tag INDEXED BY tag_charge_point ORDER BY charge_point {order}",),
    ),
)
_OUTBOX_INDEXES: Final = (
    _NEWEST_NUMBER,
    "SELECT id FROM outbox INDEXED BY outbox_session ORDER BY session {order}",
    "SELECT id FROM outbox INDEXED BY outbox_queued WHERE state = 'queued' ORDER BY charge_point {order}",
    "SELECT id FROM outbox INDEXED BY outbox_parked WHERE state = 'parked' ORDER BY charge_point {order}",
)


def rescue(path: Path, utc_ms: int) -> None:
    """Put a new database in the place of a damaged one that nobody has open.

    Raises sqlite3.Error or StoreRefused where the disk refuses: the damaged one is where it was.
    """
    fresh = files.fresh(path)
    files.discard(fresh)
    log.warning("%s is damaged; what can be read of it is saved", path)
    try:
        told = _build(fresh, path, files.free_aside(path, utc_ms).name)
    except (sqlite3.Error, StoreRefused):
        files.discard(fresh)
        raise
    log.warning("%s", told.text(path, all_of_them=True))
    files.exchange(path, path.with_name(told.aside))


def resume(path: Path, utc_ms: int) -> None:
    """Bring a rescue to its end that was cut, or begin it anew. Call before the database is opened."""
    fresh = files.fresh(path)
    if path.exists():
        files.discard(fresh)
    elif fresh.exists():
        told = report(_fact(fresh))
        files.exchange(path, files.free_aside(path, utc_ms) if told is None else path.with_name(told.aside))


def report(text: str | None) -> Salvage | None:
    """What the fact tells; None where there is none, or one that makes no sense."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return None if text is None else Salvage.from_json(text)
    return None


def _fact(path: Path) -> str | None:
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError), contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
        return str(db.execute("SELECT value FROM fact WHERE name = ?", (SALVAGED,)).fetchone()[0])
    return None


def _build(fresh: Path, source: Path, aside: str) -> Salvage:
    files.make_private(fresh)
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as db, Debris(source) as debris:
        # Until it is complete nobody needs it, and it needs no log; at the end it is written whole, and synced.
        for pragma in ("journal_mode=MEMORY", "synchronous=FULL", "fullfsync=ON"):
            db.execute(f"PRAGMA {pragma}")
        db.create_function("name_checksum", 4, name_checksum)
        schema.migrate(db, 0)
        db.execute("BEGIN")
        salvage = _Copy(db, debris).everything(aside)
        db.execute("INSERT INTO fact VALUES (?, ?)", (SALVAGED, salvage.to_json()))
        db.execute("COMMIT")
    return salvage


class _Copy:
    """From one database into the other, row by row."""

    def __init__(self, db: sqlite3.Connection, debris: Debris) -> None:
        self._db = db
        self._debris = debris
        self._saved: defaultdict[Kind, Counter[str]] = defaultdict(Counter)
        self._lost: defaultdict[Kind, Counter[str]] = defaultdict(Counter)
        self._uncounted: list[Kind] = []
        self._parked = 0

    def everything(self, aside: str) -> Salvage:
        self._facts()
        self._kept()
        self._records()
        self._names()
        for table in _NUMBERED:
            self._table(table)
        self._list()
        return Salvage(
            aside=aside,
            saved={one: counted.total() for one, counted in self._saved.items() if counted},
            lost={
                owner: {one: counted[owner] for one, counted in self._lost.items() if counted[owner]}
                for owner in {owner for counted in self._lost.values() for owner in counted}
            },
            uncounted=tuple(self._uncounted),
            parked=self._parked,
        )

    # --- table by table -----------------------------------------------------------------------------------------------------------

    def _facts(self) -> None:
        for row in self._debris.named("fact", ("name",), [(TAG_REF_KEY,)]):
            if row["name"] != SALVAGED:
                self._save("fact", Kind.FACT, row, sound=is_clear(row["value"]) and soundness.is_fact(row["name"], row["value"]))
        self._look_back("fact", Kind.FACT, None)

    def _kept(self) -> None:
        known = self._debris.count("SELECT DISTINCT charge_point, 1 AS number FROM tally")
        for row in self._debris.named("kept", ("charge_point",), [(owner,) for owner in known]):
            self._save("kept", Kind.KEPT, row, sound=_can_read(KEPT, row, "state"))
        self._look_back("kept", Kind.KEPT, known)

    def _records(self) -> None:
        for row in self._debris.numbered("outbox", "id", _OUTBOX_INDEXES):
            sound = _can_read(RECORD, row, "record")
            if sound:
                record = RECORD.decode(str(row["record"]), str(row["charge_point"]))
                row |= {"session": record.session, "kind": kind(record)}
            if row["state"] not in list(RecordState):
                row |= {"state": RecordState.PARKED.value, "error": "how far its delivery was is lost with a damaged database"}
            self._save(
                "outbox", Kind.SENT if row["state"] == RecordState.DELIVERED else Kind.RECORD, row, sound=sound and is_clear(row["link"])
            )
        broke = "outbox" in self._debris.unreadable
        self._look_back("outbox", Kind.RECORD, self._debris.count(_TALLY + "('queued', 'parked')"))
        if broke:
            self._look_back("outbox", Kind.SENT, self._debris.count(_TALLY + "('delivered')"))
        for row in self._debris.rows(_NEWEST_NUMBER):
            self._db.execute(
                "INSERT INTO sqlite_sequence SELECT 'outbox', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox')"
            )
            self._db.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'outbox'", (row["seq"],))

    def _names(self) -> None:
        wanted = self._db.execute("SELECT DISTINCT charge_point, link, session FROM outbox WHERE state <> 'delivered'").fetchall()
        damaged = False
        for row in self._debris.named("assigned", ("charge_point", "link", "session"), wanted):
            key_and_name = [row[column] for column in ("charge_point", "link", "session", "backend_id")]
            checksum = name_checksum(*(str(part) for part in key_and_name))
            if all(is_clear(part) for part in key_and_name) and row.get("checksum") in (None, checksum):
                self._insert("assigned", row)
            else:
                damaged = True
        self._db.execute(_NAME_AGAIN)
        if damaged or self._lost[Kind.RECORD] or self._lost[Kind.SENT] or self._debris.unreadable & {"assigned", "outbox"}:
            held = self._db.execute(_HOLD, (_NO_NAME,)).fetchall()
            self._parked = len(held)

    def _table(self, table: _Table) -> None:
        for row in self._debris.numbered(table.name, "seq", table.indexes):
            self._save(table.name, table.kind, row, sound=_can_read(table.codec, row, table.text))
        self._look_back(table.name, table.kind, self._debris.count(table.counted))

    def _list(self) -> None:
        for row in self._debris.named("local_list", ("charge_point", "tag_key")):
            self._save("local_list", Kind.LISTED, row, sound=_can_read(TAG_INFO, row, "info") and is_clear(row["tag_key"]))
        self._look_back("local_list", Kind.LISTED, None)

    # --- row by row ---------------------------------------------------------------------------------------------------------------

    def _save(self, table: str, what: Kind, row: Row, *, sound: bool) -> None:
        saved = sound and self._insert(table, row)
        (self._saved if saved else self._lost)[what][_owner(row)] += 1

    def _insert(self, table: str, row: Row) -> bool:
        try:
            columns, marks = ", ".join(row), ", ".join("?" * len(row))
            self._db.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608 - our tables
        except sqlite3.IntegrityError:
            return False
        return True

    def _look_back(self, table: str, what: Kind, expected: Counter[str] | None) -> None:
        """Where a part of the table was not reached: what was in it, as far as something else tells."""
        if table not in self._debris.unreadable:
            return
        missing = Counter[str]() if expected is None else expected - self._saved[what]
        self._lost[what] |= missing
        if not missing:
            self._uncounted.append(what)


def _can_read(codec: Codec[Any], row: Row, column: str) -> bool:
    text, owner = row[column], row["charge_point"]
    return isinstance(text, str) and isinstance(owner, str) and codec.can_read(text, owner)


def _owner(row: Row) -> str:
    owner = row.get("charge_point", BRIDGE)
    return str(owner) if is_clear(owner) and str(owner).isprintable() else UNKNOWN
