"""Opening and closing: private files, one bridge at a time, and a damaged database costs neither the start nor the evidence."""

import asyncio
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.clock import Clock
from bridge.core.values import SessionId
from bridge.errors import StoreDamaged, StoreRefused
from bridge.store import sqlite as sqlite_module
from bridge.store.connection import connect as connect_for_real
from bridge.store.protocol import QueueCount, Store
from bridge.store.sqlite import SqliteStore
from tests.store.vaults import SqliteVault, names
from tests.store.weather import Weather, refusal
from tests.store.worlds import GARAGE, NOON_MS, local_kept, sample, start


class _Noon(Clock):
    """It is always noon."""

    def host_ms(self) -> int:
        return NOON_MS


async def _used(path: Path) -> None:
    """A database with something in it, closed."""
    vault = SqliteVault(path)
    await vault.commit(kept=local_kept(), records=tuple(sample(sequence=number) for number in range(200)))
    await vault.store.close()


def _changed(path: Path, damage: Callable[[bytes], bytes]) -> bytes:
    """Damage a file; what is in it then."""
    path.write_bytes(damage(path.read_bytes()))
    return path.read_bytes()


async def test_it_is_a_store(disk: SqliteVault) -> None:
    store: Store = disk.store
    assert store.rows() == []


async def test_all_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Tags, names and times of charging are in them."""
    before = os.umask(0)
    try:
        vault = SqliteVault(tmp_path / "data" / "evbridge.db")
        await vault.commit(kept=local_kept())
        await asyncio.sleep(0)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "data").iterdir()}
        await vault.store.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert {"evbridge.db", "evbridge.db-wal", "evbridge.db-shm", "evbridge.db.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}


async def test_after_closing_the_file_alone_is_the_database(tmp_path: Path) -> None:
    """Whoever copies it for a backup, with the bridge stopped, has everything."""
    await _used(tmp_path / "evbridge.db")
    assert not (tmp_path / "evbridge.db-wal").exists()
    shutil.copy(tmp_path / "evbridge.db", tmp_path / "copy.db")
    copy = SqliteVault(tmp_path / "copy.db")
    assert copy.store.count(GARAGE) == QueueCount(queued=200)
    await copy.store.close()


async def test_a_second_bridge_is_refused(disk: SqliteVault) -> None:
    """Two on one queue would send everything twice."""
    with pytest.raises(StoreRefused, match=rf"in use by another evbridge \(process {os.getpid()}\)"):
        SqliteVault(disk.path)
    await disk.commit(records=(start(),))
    assert disk.next().record == start()


async def test_a_start_that_failed_holds_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "evbridge.db"
    with monkeypatch.context() as stormy:
        weather = Weather().over(stormy)
        weather.rain(refusal(sqlite3.SQLITE_CANTOPEN), "PRAGMA busy_timeout")
        with pytest.raises(StoreRefused, match="can't be opened: check that its directory exists"):
            SqliteVault(path)
    await SqliteVault(path).store.close()


async def test_a_path_that_can_not_be_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreRefused, match="check the path and its permissions"):
        SqliteVault(tmp_path / "file" / "evbridge.db")
    with pytest.raises(StoreRefused, match="check the path and its permissions"):
        SqliteVault(tmp_path)


# --- damage -----------------------------------------------------------------------------------------------------------------------


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2 + 100]


def _cut_in_the_header(content: bytes) -> bytes:
    return content[:50]


def _other_letters(content: bytes) -> bytes:
    return b"x" + content[1:]


def _junk_in_the_middle(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + b"\xff" * 8192 + content[middle + 8192 :]


def _junk_in_the_schema(content: bytes) -> bytes:
    return content[:100] + b"\xaa" * 500 + content[600:]


def _zeros(content: bytes) -> bytes:
    return bytes(len(content))


def _text(_: bytes) -> bytes:
    return b"[mqtt]\nhost = 'localhost'\n" * 100


@pytest.mark.parametrize("damage", [_cut, _cut_in_the_header, _other_letters, _junk_in_the_middle, _junk_in_the_schema, _zeros, _text])
async def test_a_damaged_database_is_set_aside_and_the_bridge_runs(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """A worn-out card must not keep the cars from charging; what is left of the old database is kept as it was found."""
    path = tmp_path / "evbridge.db"
    await _used(path)
    damaged = _changed(path, damage)
    store = SqliteStore.open(path, on_health=lambda _: None, clock=_Noon())
    assert store.set_aside == tmp_path / "evbridge.db.damaged-20260921T141320Z"
    assert store.set_aside.read_bytes() == damaged
    assert store.kept(GARAGE) in (None, local_kept())
    assert {row.record for row in store.rows()} <= {sample(sequence=number) for number in range(200)}
    await store.close()
    again = SqliteVault(path)
    assert again.store.set_aside is None
    await again.commit(records=(start(),))
    assert again.store.rows()[-1].record == start()
    await again.store.close()


async def test_the_log_of_a_damaged_database_is_kept_and_not_played_into_the_new_one(tmp_path: Path) -> None:
    """What was written last is in the log only: it stays with the old database."""
    path = tmp_path / "evbridge.db"
    await _used(tmp_path / "running.db")
    vault = SqliteVault(tmp_path / "running.db")
    await vault.commit(records=(sample(SessionId("written-last")),))
    for ending in ("", "-wal"):
        shutil.copy(tmp_path / f"running.db{ending}", tmp_path / f"evbridge.db{ending}")
    await vault.store.close()
    assert b"written-last" not in _changed(path, _junk_in_the_middle)
    store = SqliteStore.open(path, on_health=lambda _: None, clock=_Noon())
    assert store.set_aside is not None
    assert "written-last" in {row.record.session for row in store.rows()}
    await store.close()
    kept = [name for name in names(tmp_path) if name.startswith(store.set_aside.name)]
    assert any(b"written-last" in _changed(tmp_path / name, bytes) for name in kept)


async def test_a_log_whose_database_was_taken_away_is_not_played_into_the_next(tmp_path: Path) -> None:
    path = tmp_path / "evbridge.db"
    vault = SqliteVault(tmp_path / "running.db")
    await vault.commit(records=(start(),))
    shutil.copy(tmp_path / "running.db-wal", tmp_path / "evbridge.db-wal")
    await vault.store.close()
    store = SqliteStore.open(path, on_health=lambda _: None, clock=_Noon())
    assert store.set_aside is not None
    assert store.set_aside.with_name(store.set_aside.name + "-wal").stat().st_size > 0
    assert store.rows() == []
    await store.close()


async def test_what_was_in_the_log_at_a_power_cut_is_there_again(tmp_path: Path) -> None:
    """Copied away while it runs, as a power cut would leave it."""
    path = tmp_path / "evbridge.db"
    vault = SqliteVault(tmp_path / "running.db")
    await vault.commit(records=(start(),), kept=local_kept())
    for ending in ("", "-wal"):
        shutil.copy(tmp_path / f"running.db{ending}", tmp_path / f"evbridge.db{ending}")
    await vault.store.close()
    after = SqliteVault(path)
    assert after.store.set_aside is None
    assert after.next().record == start()
    assert after.store.kept(GARAGE) == local_kept()
    await after.store.close()


async def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "evbridge.db").write_bytes(b"")
    vault = SqliteVault(tmp_path / "evbridge.db")
    assert vault.store.set_aside is None
    await vault.store.close()


async def test_a_row_that_can_not_be_read_is_told_in_words(disk: SqliteVault) -> None:
    await disk.commit(kept=local_kept())
    other = sqlite3.connect(disk.path)
    other.execute("""UPDATE kept SET state = '{"session": 5}'""")
    other.commit()
    other.close()
    with pytest.raises(StoreRefused, match="a kept state that can't be read"):
        disk.store.kept(GARAGE)


async def test_nonsense_is_refused_where_it_is_handed_in(disk: SqliteVault) -> None:
    """Our own mistake is found at once, and does not hold up the changes of others."""
    with pytest.raises(AttributeError):
        disk.handle(kept="nonsense")  # type: ignore[arg-type]
    await disk.commit(records=(start(),))
    assert disk.next().record == start()


async def test_what_is_damaged_while_it_is_open_is_told_to_whoever_reads(tmp_path: Path) -> None:
    """Nothing can be built on it any more: the bridge ends, and the next one sets it aside."""
    path = tmp_path / "evbridge.db"
    await _used(path)
    vault = SqliteVault(path)
    _changed(path, lambda content: content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(StoreDamaged, match="the database is damaged: restart evbridge"):
        vault.next()
    await vault.store.close()


# --- a full disk ------------------------------------------------------------------------------------------------------------------


def _small(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening takes some room, and the disk has none beside the reserve."""

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401 - as the real one
        if _reserve(path).exists():
            raise refusal(sqlite3.SQLITE_FULL, "database or disk is full")
        return connect_for_real(*arguments, **options)

    monkeypatch.setattr(sqlite_module, "connect", connect)


def _reserve(path: Path) -> Path:
    return path.with_name(f"{path.name}.reserve")


async def test_killed_on_a_full_disk_it_begins_again_with_what_it_had_in_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs must be ended and billed, now more than ever."""
    path = tmp_path / "evbridge.db"
    await _used(path)
    assert _reserve(path).exists()
    _small(path, monkeypatch)
    store = SqliteStore.open(path, on_health=lambda _: None)
    assert (store.set_aside, len(store.rows())) == (None, 200)
    await store.close()


async def test_a_disk_that_is_full_without_a_reserve_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "evbridge.db"
    await _used(path)
    monkeypatch.setattr(sqlite_module, "connect", _full)
    for _ in range(2):
        with pytest.raises(StoreRefused, match="the disk is full: free some space"):
            SqliteStore.open(path, on_health=lambda _: None)
    assert not _reserve(path).exists()


def _full(*_: object, **__: object) -> sqlite3.Connection:
    raise refusal(sqlite3.SQLITE_FULL, "database or disk is full")
