"""The store in memory has weather too, so that everything above it can be tested on a bad day."""

import asyncio

import pytest

from bridge.store.memory import MemoryStore
from bridge.store.protocol import QueueCount, Store, StoreHealth
from tests.store.vaults import MemoryVault
from tests.store.worlds import GARAGE, local_kept, start, stop


async def test_it_is_a_store() -> None:
    store: Store = MemoryStore()
    assert store.rows() == []


async def test_a_change_is_done_at_the_next_turn_of_the_loop() -> None:
    vault = MemoryVault()
    future = vault.handle(records=(start(),))
    assert not future.done()
    assert vault.store.rows() == []
    await asyncio.sleep(0)
    assert future.done()
    assert vault.next().record == start()


async def test_while_the_disk_refuses_everything_waits_in_order() -> None:
    vault = MemoryVault()
    assert isinstance(vault.store, MemoryStore)
    vault.store.refuse("the disk is full")
    futures = [vault.handle(records=(start(),)), vault.handle(records=(stop(),))]
    assert await vault.health_is(ok=False) == StoreHealth(ok=False, error="the disk is full")
    assert not any(future.done() for future in futures)
    assert vault.store.rows() == []
    vault.store.accept()
    assert await vault.health_is(ok=True) == StoreHealth(ok=True)
    assert [row.record for row in vault.store.rows()] == [start(), stop()]
    await asyncio.gather(*futures)


async def test_a_power_cut_loses_what_waits_and_nothing_else() -> None:
    vault = MemoryVault()
    assert isinstance(vault.store, MemoryStore)
    await vault.commit(records=(start(),))
    future = vault.handle(records=(stop(),), kept=local_kept())
    disk = vault.store.crash()
    await asyncio.sleep(0)
    assert not future.done()
    after = MemoryStore(disk=disk)
    assert after.count(GARAGE) == QueueCount(queued=1)
    assert after.kept(GARAGE) is None
    with pytest.raises(AssertionError, match="closed"):
        vault.handle(records=(stop(),))


async def test_a_disk_nobody_watches_may_refuse_too() -> None:
    store = MemoryStore()
    store.refuse("full")
    store.accept()
    assert store.rows() == []
