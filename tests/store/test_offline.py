"""The command line looks on while a bridge runs, and tidies up while none does."""

import sqlite3
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store import policy, schema
from bridge.store.offline import open_offline, open_reader
from bridge.store.protocol import QueueCount, RecordState
from tests.store.vaults import SqliteVault
from tests.store.worlds import FIRST, GARAGE, SECOND, decision, entry, local_kept, start, stop


async def _parked(path: Path) -> SqliteVault:
    vault = SqliteVault(path)
    await vault.commit(records=(start(), stop(), start(SECOND)), kept=local_kept(), history=(entry(),), decisions=(decision(),))
    await vault.park_next()
    await vault.park_next()
    return vault


async def test_history_and_queue_can_be_read_while_the_bridge_runs(tmp_path: Path) -> None:
    vault = await _parked(tmp_path / "evbridge.db")
    with open_reader(vault.path) as reader:
        assert reader.history() == [(GARAGE, entry())]
        assert reader.decisions() == [(GARAGE, decision())]
        assert reader.kept(GARAGE) == local_kept()
        assert reader.count(GARAGE) == QueueCount(queued=1, parked=2)
        assert reader.rows() == vault.store.rows()
        await vault.commit(records=(stop(SECOND),))
        assert reader.count(GARAGE).queued == 2
    await vault.store.close()


async def test_history_and_queue_can_be_read_while_no_bridge_runs(tmp_path: Path) -> None:
    vault = await _parked(tmp_path / "evbridge.db")
    await vault.store.close()
    before = vault.path.read_bytes()
    with open_reader(vault.path) as reader:
        assert reader.history() == [(GARAGE, entry())]
    assert vault.path.read_bytes() == before


async def test_a_running_bridge_keeps_its_queue_to_itself(tmp_path: Path) -> None:
    """The command line asks it instead."""
    vault = await _parked(tmp_path / "evbridge.db")
    with pytest.raises(StoreRefused, match="in use by another evbridge"):
        open_offline(vault.path)
    await vault.store.close()


async def test_a_parked_session_is_queued_again_while_no_bridge_runs(tmp_path: Path) -> None:
    vault = await _parked(tmp_path / "evbridge.db")
    await vault.store.close()
    with open_offline(vault.path) as store:
        assert store.replay(GARAGE, FIRST) == 2
        assert store.count(GARAGE) == QueueCount(queued=3)
        with pytest.raises(StoreRefused, match="in use"):
            SqliteVault(vault.path)
    after = SqliteVault(vault.path)
    assert after.next().record == start()
    await after.store.close()


async def test_a_parked_session_is_given_up_while_no_bridge_runs(tmp_path: Path) -> None:
    vault = await _parked(tmp_path / "evbridge.db")
    await vault.store.close()
    with open_offline(vault.path) as store:
        assert store.drop(GARAGE, FIRST) == 2
        assert [row.error for row in store.rows(states=(RecordState.DELIVERED,))] == [policy.DROPPED] * 2
    after = SqliteVault(vault.path)
    assert after.next().record == start(SECOND)
    await after.store.close()


@pytest.mark.parametrize("opener", [open_reader, open_offline])
def test_a_database_that_is_not_there_is_told_in_words(opener: type, tmp_path: Path) -> None:
    """And none is made by looking for it."""
    path = tmp_path / "nowhere" / "evbridge.db"
    with pytest.raises(StoreRefused, match=r"there is no database at .*: check the path in the configuration"):
        opener(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("opener", [open_reader, open_offline])
def test_a_file_that_is_no_database_is_told_in_words(opener: type, tmp_path: Path) -> None:
    path = tmp_path / "evbridge.db"
    path.write_text("no database " * 100)
    for _ in range(2):  # the first refusal holds no lock
        with pytest.raises(StoreRefused, match="the database is damaged"):
            opener(path)


@pytest.mark.parametrize("opener", [open_reader, open_offline])
async def test_a_database_of_an_older_release_is_left_to_the_bridge(opener: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await SqliteVault(tmp_path / "evbridge.db").store.close()
    known = schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*known, "CREATE TABLE added (x)"])
    with pytest.raises(StoreRefused, match="start the bridge once, it brings the database up to date"):
        opener(tmp_path / "evbridge.db")


def test_a_database_of_another_program_is_not_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "recorder.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE states (x)")
    db.close()
    with pytest.raises(StoreRefused, match="another program"):
        open_reader(path)
