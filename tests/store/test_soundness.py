"""A database is taken as it is only where it is what was written."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.store import soundness
from bridge.store.connection import connect
from bridge.store.schema import migrations
from tests.store.wreck import fill


@pytest.fixture
async def db(tmp_path: Path) -> sqlite3.Connection:
    await fill(tmp_path / "x.db", 3)
    return connect(tmp_path / "x.db", writes=True)


@pytest.fixture(autouse=True)
def _closed(db: sqlite3.Connection) -> Iterator[None]:
    yield
    db.close()


def test_what_a_bridge_has_written_is_sound(db: sqlite3.Connection) -> None:
    assert soundness.is_whole(db, len(migrations()))
    assert soundness.is_true(db)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE kept SET state = replace(state, ':200', ':201')",
        "UPDATE kept SET charge_point = 'garagf' WHERE charge_point = 'garage'",
        "UPDATE outbox SET record = replace(record, ':9000', ':9001') WHERE state = 'queued'",
        "UPDATE outbox SET record = replace(record, ':9000', ':9001') WHERE state = 'parked'",
        "UPDATE outbox SET charge_point = 'garagf' WHERE state = 'queued'",
        "UPDATE assigned SET backend_id = '7'",
        "UPDATE assigned SET session = session || 'x'",
        "UPDATE fact SET value = 'no key' WHERE name = 'tag_ref_key'",
        "UPDATE tally SET number = number + 1 WHERE what = 'queued'",
        "UPDATE tally SET number = number - 1 WHERE what = 'delivered'",
        "UPDATE tally SET number = number + 1 WHERE what = 'decision'",
        "UPDATE tally SET number = number + 1 WHERE what = 'tag'",
    ],
)
def test_what_bills_and_sessions_rest_on_is_looked_at(sql: str, db: sqlite3.Connection) -> None:
    assert db.execute(sql).rowcount > 0
    assert not soundness.is_true(db)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE outbox SET record = replace(record, ':9000', ':9001') WHERE state = 'delivered'",
        "UPDATE history SET entry = replace(entry, ':9000', ':9001')",
        "UPDATE assigned SET backend_id = '7', checksum = NULL",
        "UPDATE fact SET value = 'maybe' WHERE name <> 'tag_ref_key'",
    ],
)
def test_what_people_read_and_what_has_no_seal_does_not_keep_a_bridge_from_its_start(sql: str, db: sqlite3.Connection) -> None:
    db.execute(sql)
    assert soundness.is_true(db)


@pytest.mark.parametrize("sql", ["DROP INDEX outbox_queued", "DROP TRIGGER outbox_added", "ALTER TABLE kept ADD COLUMN more TEXT"])
def test_a_schema_that_is_not_ours_is_damage(sql: str, db: sqlite3.Connection) -> None:
    db.execute(sql)
    assert not soundness.is_whole(db, len(migrations()))


def test_what_an_operator_has_added_does_no_harm(db: sqlite3.Connection) -> None:
    db.execute("CREATE VIEW bills AS SELECT * FROM history")
    assert soundness.is_whole(db, len(migrations()))


class _Database:
    """One whose check finds this."""

    def __init__(self, found: str) -> None:
        self.found = found

    def execute(self, _sql: str) -> "_Database":
        return self

    def fetchone(self) -> tuple[str]:
        return (self.found,)


@pytest.mark.parametrize(
    "found", ["Page 7: unable to get the page. error code=266", "error code=10", "Main freelist: failed to get page 9"]
)
def test_a_page_that_the_disk_does_not_give_is_no_damage(found: str) -> None:
    """SQLite tells it among what it finds, and not as an error."""
    with pytest.raises(sqlite3.OperationalError, match=found) as caught:
        soundness.is_whole(_Database(found), 1)  # type: ignore[arg-type]
    assert caught.value.sqlite_errorcode & 0xFF == sqlite3.SQLITE_IOERR


@pytest.mark.parametrize(
    "found", ["Page 7: unable to get the page. error code=11", "Page 7: btreeInitPage() returns error code 11", "row 1 missing"]
)
def test_a_page_that_makes_no_sense_is_damage(found: str) -> None:
    assert not soundness.is_whole(_Database(found), 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("content, known", [(b"", True), (b"x" * 18, True), (b"x" * 18 + b"\x02", True), (b"x" * 18 + b"\x06", False)])
def test_a_format_nobody_writes_is_damage(content: bytes, known: bool, tmp_path: Path) -> None:
    """SQLite would call the disk read-only, for ever."""
    (tmp_path / "y.db").write_bytes(content)
    assert soundness.is_of_this_format(tmp_path / "y.db") is known
