"""A sync that failed leaves pages that the kernel shows and the disk does not have. Nothing may be built on them."""

import asyncio
import random
from pathlib import Path

import pytest

from bridge.core.effects import Record
from bridge.store.protocol import Change, StoreHealth
from bridge.store.sqlite import SqliteStore
from tests.simulation.disk import SimulatedDisk
from tests.store.worlds import CSMS, GARAGE, NOON_MS, sample, start, stop


def _ignored(_health: StoreHealth) -> None: ...


def _told(record: Record) -> Change:
    return Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, records=(record,))


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_committed_after_a_failed_sync_and_a_crash_survives_the_next_power_cut(tmp_path: Path, seed: int) -> None:
    """The life that saw the failed sync was killed; the next one finds its pages in memory, and makes them safe before it goes on."""
    path = tmp_path / "evbridge.db"
    with SimulatedDisk(tmp_path, random.Random(seed)) as disk:
        first = SqliteStore.open(path, on_health=_ignored)
        await first.commit(_told(start()))
        disk.fail_sync(times=None)
        never = first.commit(_told(sample()))
        await asyncio.sleep(0.05)
        disk.cut(power=False)
        await first.close()
        assert not never.done() or never.exception() is not None
        disk.heal()
        disk.restore()
        second = SqliteStore.open(path, on_health=_ignored)
        found = [row.record for row in second.rows()]
        await second.commit(_told(stop()))
        disk.cut(power=True)
        await second.close()
        disk.restore()
        third = SqliteStore.open(path, on_health=_ignored)
        assert [row.record for row in third.rows()] == [*found, stop()]
        await third.close()
