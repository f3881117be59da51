"""Every store behind one handle that waits for the disk and can be restarted, so that one suite runs them all."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from pathlib import Path
from typing import TypedDict, TypeVar, Unpack

from bridge.core.effects import Decision, HistoryEntry, Record
from bridge.core.orders import ListEntry
from bridge.core.state import Kept
from bridge.core.values import ChargePointId, IdTag, RecordId, SessionId, TagInfo
from bridge.store.memory import MemoryStore
from bridge.store.memory_disk import MemoryDisk
from bridge.store.protocol import Change, OutboxRow, Parked, Sent, Store, StoreHealth
from bridge.store.sqlite import SqliteStore
from tests.store.worlds import CSMS, GARAGE, NOON_MS

T = TypeVar("T")


def names(folder: Path) -> list[str]:
    """The files in a folder."""
    return sorted(file.name for file in folder.iterdir())


class Parts(TypedDict, total=False):
    """What a change may carry (`Change`)."""

    kept: Kept
    records: tuple[Record, ...]
    delivered: tuple[RecordId, ...]
    sent: tuple[Sent, ...]
    parked: tuple[Parked, ...]
    waited: bool
    assigned: tuple[tuple[SessionId, str], ...]
    history: tuple[HistoryEntry, ...]
    decisions: tuple[Decision, ...]
    remembered: tuple[tuple[IdTag, TagInfo], ...]
    forget_tags: bool
    forgotten: tuple[IdTag, ...]
    list_replaced: bool
    listed: tuple[ListEntry, ...]


class Vault(ABC):
    """A store that is open."""

    store: Store

    def __init__(self, *, restless: bool) -> None:
        """`restless`: restarted after everything that is written."""
        self.restless = restless
        self.health: list[StoreHealth] = []
        self._news = asyncio.Event()

    def heard(self, health: StoreHealth) -> None:
        """`on_health`."""
        self.health.append(health)
        self._news.set()

    async def health_is(self, *, ok: bool, says: str = "") -> StoreHealth:
        """Wait until the newest word on the disk's health is this."""
        while not self.health or self.health[-1].ok is not ok or says not in str(self.health[-1].error):
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 10)
        return self.health[-1]

    @abstractmethod
    async def restart(self) -> None:
        """Close, and open again what was written."""

    async def _written(self, done: Awaitable[T]) -> T:
        result = await done
        if self.restless:
            await self.restart()
        return result

    async def commit(
        self, *, charge_point: ChargePointId = GARAGE, link: str | None = CSMS, utc_ms: int = NOON_MS, **parts: Unpack[Parts]
    ) -> None:
        await self._written(self.store.commit(Change(charge_point=charge_point, link=link, utc_ms=utc_ms, **parts)))

    def handle(self, **parts: Unpack[Parts]) -> "asyncio.Future[None]":
        """Hand in a change and do not wait."""
        return self.store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, **parts))

    async def replay(self, session: SessionId, charge_point: ChargePointId = GARAGE) -> int:
        return await self._written(self.store.replay(charge_point, session))

    async def drop(self, session: SessionId, charge_point: ChargePointId = GARAGE) -> int:
        return await self._written(self.store.drop(charge_point, session))

    async def set_fact(self, name: str, value: str) -> None:
        await self._written(self.store.set_fact(name, value))

    def next(self) -> OutboxRow:
        """The row whose turn it is; there is one."""
        row = self.store.next_record(GARAGE, CSMS)
        assert row is not None
        return row

    async def deliver_next(self, name: str | None = None, *, utc_ms: int = NOON_MS) -> OutboxRow:
        """The central system takes the next row; `name` is what it calls the transaction."""
        row = self.next()
        assigned = () if name is None else ((row.record.session, name),)
        await self.commit(delivered=(row.id,), assigned=assigned, utc_ms=utc_ms)
        return row

    async def park_next(self, error: str = "InternalError", retry_ms: int | None = None) -> OutboxRow:
        """The central system refuses the next row for good."""
        row = self.next()
        await self.commit(
            sent=(Sent(id=row.id, attempts=3, message="m-3", error=error),), parked=(Parked(id=row.id, error=error, retry_ms=retry_ms),)
        )
        return row

    async def drain(self) -> list[RecordId]:
        """Deliver whatever waits; in which order."""
        order: list[RecordId] = []
        while (row := self.store.next_record(GARAGE, CSMS)) is not None:
            order.append(row.id)
            await self.commit(delivered=(row.id,))
        return order


class MemoryVault(Vault):
    """In memory."""

    def __init__(self, *, restless: bool = False) -> None:
        super().__init__(restless=restless)
        self.disk = MemoryDisk()
        self.store = MemoryStore(disk=self.disk, on_health=self.heard)

    async def restart(self) -> None:
        await self.store.close()
        self.store = MemoryStore(disk=self.disk, on_health=self.heard)


class SqliteVault(Vault):
    """On a disk."""

    def __init__(self, path: Path, *, restless: bool = False) -> None:
        super().__init__(restless=restless)
        self.path = path
        self.store: SqliteStore = SqliteStore.open(path, on_health=self.heard)

    async def restart(self) -> None:
        await self.store.close()
        self.store = SqliteStore.open(self.path, on_health=self.heard)
