"""A disk that refuses loses nothing: what was handed in waits, in order, and whoever asks is told in words."""

import asyncio
import functools
import sqlite3
from itertools import islice, pairwise
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store import policy
from bridge.store.protocol import CLEAN_STOP, QueueCount, StoreHealth
from bridge.store.scribe import ceilings
from tests.store.vaults import SqliteVault
from tests.store.weather import Weather, refusal
from tests.store.worlds import CARPORT, CSMS, DAY_MS, FIRST, GARAGE, NOON_MS, local_kept, sample, start, stop


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of a thousandth."""
    monkeypatch.setattr(policy, "RETRY_FIRST_S", 0.001)
    monkeypatch.setattr(policy, "RETRY_MAX_S", 0.002)
    monkeypatch.setattr(policy, "RESERVE_RETRY_S", 0.002)
    monkeypatch.setattr(policy, "BUSY_MS", 1)


@pytest.fixture
def weather(monkeypatch: pytest.MonkeyPatch) -> Weather:
    """Over every connection made from now on."""
    return Weather().over(monkeypatch)


@pytest.fixture
async def stormy(weather: Weather, tmp_path: Path) -> SqliteVault:
    """A store under the weather. Tests close it."""
    vault = SqliteVault(tmp_path / "evbridge.db")
    await vault.commit(records=(start(),))
    return vault


REFUSALS = [
    pytest.param(sqlite3.SQLITE_FULL, "COMMIT", "the disk is full", id="disk full"),
    pytest.param(sqlite3.SQLITE_IOERR, "COMMIT", "the disk reports an error", id="sync failed"),
    pytest.param(sqlite3.SQLITE_IOERR, "BEGIN", "the disk reports an error", id="can't read"),
    pytest.param(sqlite3.SQLITE_READONLY, "BEGIN", "mounted read-only", id="read-only"),
    pytest.param(sqlite3.SQLITE_CORRUPT, "COMMIT", "restart evbridge", id="damaged"),
    pytest.param(sqlite3.SQLITE_BUSY, "BEGIN", "another program", id="busy"),
]


@pytest.mark.parametrize("code, at, says", REFUSALS)
async def test_what_a_disk_refuses_waits_and_is_written_in_order(
    weather: Weather, stormy: SqliteVault, code: int, at: str, says: str
) -> None:
    """The record is not lost, the one after it does not overtake it, and both ways are told."""
    weather.rain(refusal(code), at)
    order: list[str] = []
    futures = [stormy.handle(records=(sample(),)), stormy.handle(records=(stop(),)), stormy.store.set_fact(CLEAN_STOP, "true")]
    for name, future in zip(("sample", "stop", "fact"), futures, strict=True):
        future.add_done_callback(functools.partial(_note, order, name))
    bad = await stormy.health_is(ok=False)
    assert says in str(bad.error)
    assert str(stormy.path.parent) in str(bad.error)
    assert stormy.store.rows() == [stormy.next()], "nothing of it is seen before it is on the disk"
    assert not any(future.done() for future in futures)
    weather.clear()
    await asyncio.gather(*futures)
    assert await stormy.health_is(ok=True) == StoreHealth(ok=True)
    assert order == ["sample", "stop", "fact"]
    assert [row.record for row in stormy.store.rows()] == [start(), sample(), stop()]
    assert stormy.store.fact(CLEAN_STOP) == "true"
    await stormy.store.close()


def _note(order: list[str], name: str, _: "asyncio.Future[None]") -> None:
    order.append(name)


async def test_a_refused_batch_leaves_no_half_of_itself(weather: Weather, stormy: SqliteVault) -> None:
    """Tried a hundred times, written once."""
    weather.rain(refusal(sqlite3.SQLITE_BUSY))
    future = stormy.handle(records=(sample(), stop()), kept=local_kept(), decisions=())
    await asyncio.to_thread(weather.wait_for_refusals, 100)
    assert stormy.store.kept(GARAGE) is None
    weather.clear()
    await future
    assert stormy.store.count(GARAGE) == QueueCount(queued=3)
    assert stormy.store.kept(GARAGE) == local_kept()
    await stormy.store.close()


async def test_a_connection_that_saw_an_error_of_the_disk_is_not_trusted_again(weather: Weather, stormy: SqliteVault) -> None:
    """A failed sync is never just repeated: the kernel may have thrown the pages away. The whole batch is written anew."""
    weather.rain(refusal(sqlite3.SQLITE_READONLY))
    future = stormy.handle(records=(stop(),))
    await stormy.health_is(ok=False)
    weather.clear()
    await future
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        weather.connections[0].execute("SELECT 1")
    await stormy.store.close()


async def test_a_database_that_can_not_be_opened_again_is_waited_for(weather: Weather, stormy: SqliteVault) -> None:
    """A disk that comes back as something else, a share for example, is told, and the store waits for the real one."""
    weather.rain(refusal(sqlite3.SQLITE_READONLY))
    weather.deaf_to = "PRAGMA synchronous=FULL"
    future = stormy.handle(records=(stop(),))
    await stormy.health_is(ok=False)
    weather.clear()
    await stormy.health_is(ok=False, says="does not promise")
    weather.deaf_to = None
    await future
    await stormy.health_is(ok=True)
    await stormy.store.close()


async def test_another_programs_lock_is_waited_for(disk: SqliteVault) -> None:
    """A backup, or a curious owner with the database open in a browser."""
    await disk.commit(records=(start(),))
    other = sqlite3.connect(disk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    future = disk.handle(records=(stop(),))
    assert "another program holds the database: close it" in str((await disk.health_is(ok=False)).error)
    other.execute("ROLLBACK")
    other.close()
    await future
    await disk.health_is(ok=True)


# --- the reserve ------------------------------------------------------------------------------------------------------------------


def _reserve(vault: SqliteVault) -> Path:
    return vault.path.with_name(vault.path.name + ".reserve")


async def test_the_reserve_lets_the_end_of_a_session_through(
    weather: Weather, stormy: SqliteVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: the session that runs can still be ended and billed, and nothing new starts until there is room again."""
    assert _reserve(stormy).exists()
    weather.rain(refusal(sqlite3.SQLITE_FULL))
    rain = weather.before

    def until_there_is_room(sql: str) -> None:
        if not _reserve(stormy).exists():
            weather.clear()
        rain(sql)

    with monkeypatch.context() as full:
        full.setattr("os.statvfs", _FullDisk)
        full.setattr(weather, "before", until_there_is_room)
        await stormy.commit(records=(stop(),))
        assert weather.refused == 1
        assert not _reserve(stormy).exists()
        await stormy.health_is(ok=False, says="nearly full")
        await stormy.commit(records=(stop(),))
        assert not any(health.ok for health in stormy.health)
    await stormy.health_is(ok=True)
    assert _reserve(stormy).exists()
    await stormy.store.close()


class _FullDisk:
    """What the system tells of a full file system."""

    f_bavail = 0
    f_frsize = 4096

    def __init__(self, _: Path) -> None:
        pass


async def test_a_disk_too_small_for_the_reserve_is_told_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr("os.statvfs", _FullDisk)
        vault = SqliteVault(tmp_path / "evbridge.db")
        bad = await vault.health_is(ok=False)
        assert bad.error == f"{tmp_path}: the disk is nearly full (less than 8 MiB free): free some space; what runs is still recorded"
        await vault.commit(records=(start(),))
    await vault.health_is(ok=True)
    await vault.store.close()


async def test_a_full_database_is_waited_for(weather: Weather, stormy: SqliteVault) -> None:
    """Full in earnest: SQLite itself runs out of pages, in the middle of a batch."""
    writing = weather.connections[0]
    (pages,) = writing.execute("PRAGMA page_count").fetchone()
    writing.execute(f"PRAGMA max_page_count={pages + 1}")
    futures = [stormy.handle(records=(sample(sequence=number),) * 20) for number in range(20)]
    assert "database or disk is full" in str((await stormy.health_is(ok=False)).error)
    writing.execute("PRAGMA max_page_count=1000000")
    await asyncio.gather(*futures)
    await stormy.health_is(ok=True)
    assert [row.record.sequence for row in stormy.store.rows()[1:]] == [number for number in range(20) for _ in range(20)]
    await stormy.store.close()


# --- closing ----------------------------------------------------------------------------------------------------------------------


async def test_a_stuck_disk_does_not_hold_up_the_end_for_ever(weather: Weather, stormy: SqliteVault) -> None:
    """A stop that is asked for ends; what could not be written says so."""
    weather.rain(refusal(sqlite3.SQLITE_READONLY, "attempt to write a readonly database"))
    futures = [stormy.handle(records=(stop(),)), stormy.handle(records=(sample(),))]
    await stormy.health_is(ok=False)
    refused = weather.refused
    await asyncio.wait_for(stormy.store.close(), 10)
    assert weather.refused >= refused + policy.CLOSE_TRIES
    for future in futures:
        with pytest.raises(StoreRefused, match=r"not written: .*attempt to write a readonly database"):
            await future


async def test_closing_waits_for_a_disk_that_comes_back(weather: Weather, stormy: SqliteVault, monkeypatch: pytest.MonkeyPatch) -> None:
    rain = weather.before

    def shower(sql: str) -> None:
        if weather.refused == 2:
            weather.clear()
        rain(sql)

    monkeypatch.setattr(weather, "before", shower)
    weather.rain(refusal(sqlite3.SQLITE_BUSY))
    future = stormy.handle(records=(stop(),))
    await stormy.store.close()
    await future
    assert weather.refused == 2


async def test_a_closed_store_takes_nothing(disk: SqliteVault) -> None:
    await disk.store.close()
    with pytest.raises(AssertionError, match="the store is closed"):
        disk.handle(records=(start(),))


# --- our own mistakes -------------------------------------------------------------------------------------------------------------


async def test_after_a_mistake_of_ours_nothing_more_is_written(disk: SqliteVault) -> None:
    """No later change may be on the disk where an earlier one is not: the process ends, and starts from what is there."""
    await disk.commit(records=(start(),))
    wrong = disk.store._writer.count(lambda db: db.execute("INSERT INTO nowhere VALUES (1)").rowcount)
    with pytest.raises(StoreRefused, match="not written: no such table: nowhere") as caught:
        await wrong
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    with pytest.raises(StoreRefused):
        await disk.handle(records=(stop(),))
    assert disk.store.count(GARAGE) == QueueCount(queued=1)


# --- batches ----------------------------------------------------------------------------------------------------------------------


async def test_changes_that_come_together_share_a_commit(weather: Weather, stormy: SqliteVault) -> None:
    """One sync for all charge points: a hundred taps at once don't wait for a hundred syncs."""
    weather.statements.clear()
    await asyncio.gather(*[stormy.handle(records=(sample(sequence=number),)) for number in range(100)])
    assert weather.statements.count("COMMIT") < 50
    await stormy.store.close()


async def test_a_batch_has_an_end(weather: Weather, stormy: SqliteVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "BATCH_MAX", 10)
    weather.statements.clear()
    await asyncio.gather(*[stormy.handle(records=(sample(sequence=number),)) for number in range(100)])
    assert weather.statements.count("COMMIT") >= 10
    await stormy.store.close()


async def test_of_the_states_in_a_batch_the_newest_stays(disk: SqliteVault) -> None:
    await asyncio.gather(*[disk.handle(kept=local_kept(number)) for number in range(100)])
    assert disk.store.kept(GARAGE) == local_kept(99)


async def test_cleaning_up_is_spread_over_the_batches(disk: SqliteVault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Years of old samples do not hold up the one release that waits."""
    monkeypatch.setattr(policy, "PRUNE_CHUNK", 2)
    await disk.commit(records=tuple(sample(sequence=number) for number in range(5)), assigned=((FIRST, "42"),))
    await disk.drain()
    left: list[int] = []
    for minute in range(4):
        await disk.commit(charge_point=CARPORT, utc_ms=NOON_MS + 31 * DAY_MS + minute)
        left.append(disk.store.count(GARAGE).delivered)
    assert left == [3, 1, 0, 0]
    assert disk.store.next_record(GARAGE, CSMS) is None


def test_pauses_grow_to_a_limit_and_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "RETRY_FIRST_S", 0.05)
    monkeypatch.setattr(policy, "RETRY_MAX_S", 5.0)
    waits = list(islice(ceilings(), 20))
    assert all(later == min(earlier * 2, 5.0) for earlier, later in pairwise(waits))
    assert waits[0] == 0.05
    assert waits[-1] == 5.0
