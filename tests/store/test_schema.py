"""Every database of every release is understood; one of a newer release or another program is left untouched."""

import re
import sqlite3
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from bridge.core.values import SessionId
from bridge.errors import StoreRefused
from bridge.store import schema
from bridge.store.protocol import CLEAN_STOP, TAG_REF_KEY, QueueCount
from tests.store import dumps
from tests.store.vaults import SqliteVault, names
from tests.store.worlds import (
    ACCEPTED,
    CARPORT,
    CSMS,
    FIRST,
    GARAGE,
    NOON_MS,
    SECOND,
    TAG,
    decision,
    entry,
    local_kept,
    sample,
    start,
    stop,
)

LISTED = replace(ACCEPTED, listed=True)
_OURS = f"PRAGMA application_id={schema.APPLICATION_ID}"
RELEASES = sorted(file.name for file in dumps.HERE.glob("schema_*.sql"))


def _database(path: Path, *sql: str) -> Path:
    db = sqlite3.connect(path)
    for statement in sql:
        db.execute(statement)
    db.commit()
    db.close()
    return path


def _objects(path: Path) -> list[tuple[str, str]]:
    db = sqlite3.connect(path)
    found = db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").fetchall()
    db.close()
    return found


def test_migrations_are_numbered_without_a_gap() -> None:
    folder = resources.files("bridge.store").joinpath("migrations")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)
    assert len(schema.migrations()) == len(names)


def test_there_is_a_dump_of_every_schema() -> None:
    """Whoever adds a migration adds the dump of the release before it."""
    assert [f"schema_{number}.sql" for number in range(1, len(schema.migrations()) + 1)] == RELEASES


@pytest.mark.parametrize("release", RELEASES)
async def test_a_database_of_every_release_opens_and_opens_again(release: str, tmp_path: Path) -> None:
    """An update keeps the running session, the queue, the history and the remembered tags."""
    path = tmp_path / "evbridge.db"
    dumps.load(release, path)
    vault = SqliteVault(path)
    for _ in range(2):
        store = vault.store
        assert store.set_aside is None
        assert store.kept(GARAGE) == local_kept(4321)
        assert [(row.record, row.start_parked) for row in store.rows(GARAGE)] == [(start(), True), (stop(), True)]
        assert store.count(GARAGE) == QueueCount(queued=1, parked=1, delivered=1)
        assert store.due(GARAGE, CSMS, NOON_MS + 3_600_000) == FIRST
        (row,) = store.rows(CARPORT)
        assert (row.record, row.backend_id) == (stop(SECOND), "0")
        assert store.history() == [(GARAGE, entry())]
        assert store.decisions() == [(GARAGE, decision())]
        assert store.known_tag(GARAGE, TAG.key) == ACCEPTED
        assert store.listed_tag(CARPORT, TAG.key) == (None if release == "schema_1.sql" else LISTED)
        assert (store.fact(CLEAN_STOP), store.fact(TAG_REF_KEY)) == ("true", "00112233445566778899aabbccddeeff")
        await vault.restart()
    assert await vault.replay(FIRST) == 2, "the sample that went out without a name goes along"
    await vault.commit(records=(sample(SessionId("new")),))
    assert [row.id for row in vault.store.rows(GARAGE)] == [1, 2, 3, 6]
    await vault.store.close()


@pytest.mark.parametrize("release", RELEASES)
async def test_an_updated_database_is_like_a_new_one(release: str, tmp_path: Path) -> None:
    """No index, trigger or column is missing for those who were here early."""
    for name in ("old.db", "new.db"):
        if name == "old.db":
            dumps.load(release, tmp_path / name)
        await SqliteVault(tmp_path / name).store.close()
    assert _objects(tmp_path / "old.db") == _objects(tmp_path / "new.db")


async def test_an_update_uses_no_number_twice(tmp_path: Path) -> None:
    """Not even one whose record was pruned: the order of the numbers is the order of delivery."""
    path = tmp_path / "evbridge.db"
    dumps.load("schema_1.sql", path)
    _database(path, "DELETE FROM outbox WHERE id = 5")
    vault = SqliteVault(path)
    await vault.commit(records=(start(SECOND),))
    assert vault.store.rows(GARAGE)[-1].id == 6
    await vault.store.close()


async def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut, or a mistake, in the middle of an update: the version before still runs."""
    path = tmp_path / "evbridge.db"
    await SqliteVault(path).store.close()
    before = _objects(path)
    known = schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*known, "CREATE TABLE added (x) STRICT; INSERT INTO nowhere VALUES (1);"])
    with pytest.raises(StoreRefused):
        SqliteVault(path)
    monkeypatch.setattr(schema, "migrations", lambda: known)
    assert _objects(path) == before
    await SqliteVault(path).store.close()


async def test_a_later_migration_is_applied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "evbridge.db"
    vault = SqliteVault(path)
    await vault.commit(records=(start(),))
    await vault.store.close()
    known = schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*known, "CREATE TABLE added (x INTEGER) STRICT;"])
    for _ in range(2):
        vault = SqliteVault(path)
        assert vault.next().record == start()
        await vault.store.close()
    assert "added" in dict(_objects(path))


# --- not ours ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statements, says",
    [
        pytest.param((_OURS, "PRAGMA user_version=99"), r"newer evbridge \(schema 99", id="newer"),
        pytest.param(("CREATE TABLE recorder (x)",), "another program", id="another program's table"),
        pytest.param(("PRAGMA application_id=1196437808", "PRAGMA user_version=1"), "another program", id="another program's mark"),
        pytest.param(("PRAGMA user_version=1",), "another program", id="another program's version"),
    ],
)
async def test_a_database_that_is_not_ours_is_refused_and_left_alone(statements: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """After an update that was taken back, nothing is lost; and a path typed wrongly costs nobody their data."""
    path = _database(tmp_path / "x.db", *statements)
    before = dumps.dump(path)
    with pytest.raises(StoreRefused, match=says) as caught:
        SqliteVault(path)
    assert str(path) in str(caught.value)
    assert dumps.dump(path) == before
    assert not [name for name in names(tmp_path) if "damaged" in name]


def test_a_sqlite_too_old_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    db = sqlite3.connect(tmp_path / "x.db")
    with pytest.raises(StoreRefused, match=r"too old, 3\.37 is needed: update Python or the system"):
        schema.check_version(db, tmp_path / "x.db")
    db.close()


async def test_every_installation_has_its_own_secret(tmp_path: Path) -> None:
    """Tag references of two sites can't be compared."""
    secrets: set[str | None] = set()
    for name in ("one.db", "two.db"):
        vault = SqliteVault(tmp_path / name)
        secrets.add(vault.store.fact(TAG_REF_KEY))
        await vault.store.close()
    assert len(secrets - {None}) == 2
