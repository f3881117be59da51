"""Every connection promises that a commit is on the disk, or is refused; and every refusal says what to do."""

import sqlite3
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store.connection import advice, connect, is_damage, is_full, is_no_room, is_retryable, pragma_value
from bridge.store.offline import open_offline, open_reader
from tests.store.vaults import SqliteVault
from tests.store.weather import Weather, refusal

FULL = 2


def _empty(path: Path) -> Path:
    sqlite3.connect(path).close()
    return path


@pytest.mark.parametrize("writes", [True, False], ids=["writing", "reading"])
def test_a_connection_is_durable_whatever_the_build_of_sqlite_thinks(writes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut loses nothing that was reported as stored: with synchronous NORMAL it would."""
    path = _empty(tmp_path / "x.db")
    Weather().over(monkeypatch)
    db = connect(path, writes=writes)
    assert pragma_value(db, "synchronous") == FULL
    assert pragma_value(db, "foreign_keys") == 1
    db.close()


async def test_no_connection_ever_made_is_less_than_fully_synchronous(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's, the one after an error of the disk, and those of the command line."""
    weather = Weather().over(monkeypatch)
    vault = SqliteVault(tmp_path / "x.db")
    weather.rain(refusal(sqlite3.SQLITE_READONLY))
    future = vault.handle(forget_tags=True)
    await vault.health_is(ok=False)
    weather.clear()
    await future
    reader = open_reader(vault.path)
    open_now = [db for db in weather.connections if _is_open(db)]
    assert len(open_now) == 3
    assert len(weather.connections) > 3
    assert [pragma_value(db, "synchronous") for db in open_now] == [FULL] * 3
    reader.close()
    await vault.store.close()
    with open_offline(vault.path):
        assert pragma_value(weather.connections[-1], "synchronous") == FULL


def _is_open(db: sqlite3.Connection) -> bool:
    try:
        sqlite3.Connection.execute(db, "SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


@pytest.mark.parametrize(
    "ignored, complaint",
    [
        pytest.param("PRAGMA synchronous=FULL", "does not promise that a commit is on the disk", id="synchronous"),
        pytest.param("PRAGMA foreign_keys=ON", "does not promise", id="foreign keys"),
        pytest.param("PRAGMA journal_mode=WAL", "put the database on a local disk", id="write-ahead log"),
    ],
)
def test_a_build_that_does_not_keep_the_promise_is_refused(
    ignored: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _empty(tmp_path / "x.db")
    Weather().over(monkeypatch).deaf_to = ignored
    with pytest.raises(StoreRefused, match=complaint):
        connect(path, writes=True)


def test_a_reading_connection_can_not_write(tmp_path: Path) -> None:
    path = _empty(tmp_path / "x.db")
    db = connect(path, writes=False)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("CREATE TABLE t (x)")
    db.close()


def test_a_path_with_strange_letters_is_a_path(tmp_path: Path) -> None:
    path = _empty(tmp_path / "a?b=c#d %20ü.db")
    connect(path, writes=True).close()


@pytest.mark.parametrize(
    "code, retryable, damage, no_room, says",
    [
        (sqlite3.SQLITE_FULL, True, False, True, "free some space"),
        (sqlite3.SQLITE_IOERR, True, False, True, "check the disk and its quota"),
        (sqlite3.SQLITE_IOERR | 3 << 8, True, False, True, "check the disk and its quota"),
        (sqlite3.SQLITE_READONLY, True, False, False, "mounted read-only"),
        (sqlite3.SQLITE_CANTOPEN, True, False, False, "check that its directory exists"),
        (sqlite3.SQLITE_PERM, True, False, False, "check its permissions"),
        (sqlite3.SQLITE_BUSY, True, False, False, "another program"),
        (sqlite3.SQLITE_NOMEM, True, False, False, "memory"),
        (sqlite3.SQLITE_CORRUPT, True, True, False, "restart evbridge"),
        (sqlite3.SQLITE_NOTADB, True, True, False, "restart evbridge"),
        (sqlite3.SQLITE_ERROR, False, False, False, "refuses"),
        (sqlite3.SQLITE_CONSTRAINT, False, False, False, "refuses"),
        (sqlite3.SQLITE_MISUSE, False, False, False, "refuses"),
    ],
)
def test_every_refusal_says_what_to_do(code: int, retryable: bool, damage: bool, no_room: bool, says: str) -> None:
    """What the world did is tried again; what is our own mistake is not."""
    error = refusal(code, "its own words")
    assert (is_retryable(error), is_damage(error), is_no_room(error)) == (retryable, damage, no_room)
    assert is_full(error) is (code == sqlite3.SQLITE_FULL)
    text = advice(error, Path("/data/evbridge.db"))
    assert says in text
    assert text.startswith("/data/evbridge.db: ")
    assert "its own words" in text


def test_an_error_that_is_not_the_databases_is_ours() -> None:
    assert not is_retryable(sqlite3.ProgrammingError("closed"))
