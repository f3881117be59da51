"""The bridge's own store on a disk that bites: what it reported to be durable is there."""

import asyncio
import random
import sqlite3
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store import policy
from bridge.store.protocol import Change, StoreHealth
from bridge.store.sqlite import SqliteStore
from tests.simulation.disk import SimulatedDisk
from tests.simulation.vfs_cuts import cut_at
from tests.simulation.vfs_faults import Injected
from tests.store.worlds import CSMS, GARAGE, NOON_MS, local_kept, sample


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that can't write tries again at once."""
    monkeypatch.setattr(policy, "RETRY_FIRST_S", 0.0)


def _sub(folder: Path, seed: int) -> Path:
    path = folder / str(seed)
    path.mkdir()
    return path


async def commit_until_cut(disk: SimulatedDisk, path: Path, number: int, *, power: bool = True) -> int:
    """Six changes, two at once, with a cut before so many operations are done; how many changes were reported to be on the disk."""
    told = 0
    was_cut = asyncio.get_running_loop().create_future()
    cut_at(disk, number, power=power, then=lambda: was_cut.get_loop().call_soon_threadsafe(was_cut.cancel))
    try:
        store = SqliteStore.open(path, on_health=lambda _: None)
    except StoreRefused:
        assert disk.dead
        return told
    waiting: list[asyncio.Future[None]] = []
    first = store.count(GARAGE).queued
    for sequence in range(first, first + 6, 2):
        waiting = [store.commit(change(sequence)), store.commit(change(sequence + 1))]
        await asyncio.wait([asyncio.gather(*waiting, return_exceptions=True), was_cut], return_when=asyncio.FIRST_COMPLETED)
        if disk.dead:
            break
        told += 2
    await store.close()
    await asyncio.gather(*waiting, return_exceptions=True)
    return told


def change(number: int) -> Change:
    return Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, kept=local_kept(number), records=(sample(sequence=number),))


@pytest.mark.parametrize("power", [True, False])
async def test_the_store_keeps_what_it_reported_wherever_it_is_cut(power: bool, folder: Path) -> None:
    """Cut at the first operation, the second, and so on to the end: what was told to be on the disk is there, whole and in order."""
    for number in range(1, 400):
        path = _sub(folder, number) / "evbridge.db"
        with SimulatedDisk(path.parent, random.Random(number)) as disk:
            told = await commit_until_cut(disk, path, number, power=power)
            if not disk.dead:
                break
            disk.restore()
            disk.on_operation = None
            store = SqliteStore.open(path, on_health=lambda _: None)
            assert store.set_aside is None, "a power cut does no damage"
            found = [row.record.sequence for row in store.rows()]
            await store.close()
            assert found == list(range(len(found)))
            assert len(found) >= told, f"cut at operation {number}"
    else:
        raise AssertionError("the script ends")
    assert number > 30


@pytest.mark.parametrize("kind", ["sync", "write", "full"])
async def test_the_store_keeps_what_it_reported_though_the_disk_once_refused(kind: str, folder: Path) -> None:
    """The first sync or write fails, the second, and so on; the power goes later. What was told to be on the disk is there."""
    for number in range(400):
        path = _sub(folder, number) / "evbridge.db"
        with SimulatedDisk(path.parent, random.Random(number)) as disk:
            store = SqliteStore.open(path, on_health=lambda _: None)
            match kind:
                case "sync":
                    disk.fail_sync(after=number)
                case "write":
                    disk.fail_write(after=number)
                case _:
                    disk.fail_write(sqlite3.SQLITE_FULL, after=number)
            for sequence in range(6):
                await store.commit(change(sequence))
            disk.cut()
            await store.close()
            disk.restore()
            disk.heal()
            store = SqliteStore.open(path, on_health=lambda _: None)
            assert [row.record.sequence for row in store.rows()] == list(range(6)), f"failed after {number}"
            assert store.set_aside is None
            await store.close()
            if not disk.injected.keys() & {Injected.SYNC_ERROR, Injected.WRITE_ERROR}:
                break
    else:
        raise AssertionError("the script ends")
    assert number >= 6


async def test_a_full_disk_makes_the_store_give_up_its_reserve(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The bridge asks the simulated disk for its room: it takes a reserve, lives on it, and is well again when there is room."""
    monkeypatch.setattr(policy, "RESERVE_RETRY_S", 0.01)
    changed = asyncio.Event()
    told: list[bool] = []

    def on_health(health: StoreHealth) -> None:
        told.append(health.ok)
        changed.set()

    with SimulatedDisk(folder, random.Random(1)) as disk:
        disk.free_bytes = 2 * policy.RESERVE_BYTES + 300_000
        store = SqliteStore.open(folder / "evbridge.db", on_health=on_health)
        await store.commit(change(0))
        assert (folder / "evbridge.db.reserve").exists()
        disk.free_bytes = 0
        for number in range(1, 20):
            await store.commit(change(number))
        assert not (folder / "evbridge.db.reserve").exists()
        await changed.wait()
        assert not any(told)
        assert disk.injected[Injected.FULL] == 1
        changed.clear()
        disk.free_bytes = None
        while not told[-1]:
            await changed.wait()
            changed.clear()
        assert (folder / "evbridge.db.reserve").exists()
        await store.close()


async def test_a_read_error_does_not_condemn_a_sound_database(folder: Path) -> None:
    """A cable, not the data: the store may refuse to open, but it does not set the database aside."""
    path = folder / "evbridge.db"
    with SimulatedDisk(folder, random.Random(1)) as disk:
        store = SqliteStore.open(path, on_health=lambda _: None)
        await store.commit(change(0))
        await store.close()
        for number in range(400):
            disk.injected.clear()
            disk.fail_read(after=number)
            try:
                store = SqliteStore.open(path, on_health=lambda _: None)
            except StoreRefused:
                continue
            assert store.set_aside is None, f"failed after {number}"
            await store.close()
            if not disk.injected[Injected.READ_ERROR]:
                break
        else:
            raise AssertionError("opening ends")
        assert number > 10
