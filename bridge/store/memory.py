"""The store in memory, for tests of everything above it: the same promises without a disk, and a disk that can be made to refuse.

What a `MemoryStore` has written stays in its `MemoryDisk`, which the next one can be made on: that is a restart.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from bridge.clock import Clock
from bridge.core.effects import Decision, HistoryEntry
from bridge.core.leap import Leap
from bridge.core.state import Kept
from bridge.core.values import ChargePointId, SessionId, TagInfo
from bridge.store.memory_disk import MemoryDisk
from bridge.store.protocol import Change, OutboxRow, QueueCount, RecordState, StoreHealth

DEFAULT_STATES: Final = (RecordState.QUEUED, RecordState.PARKED)


class MemoryStore:
    """Implements `protocol.Store`. What is handed in is on the disk at the next turn of the loop."""

    def __init__(
        self, *, disk: MemoryDisk | None = None, on_health: Callable[[StoreHealth], None] | None = None, clock: Clock | None = None
    ) -> None:
        """`disk` is what an earlier store has written; None: nothing yet."""
        self.disk = MemoryDisk() if disk is None else disk
        self._on_health = on_health
        self._clock = Clock() if clock is None else clock
        self._waiting: deque[tuple[Callable[[], int | None], asyncio.Future[None] | asyncio.Future[int]]] = deque()
        self._refusal: str | None = None
        self._closed = False

    # --- weather ------------------------------------------------------------------------------------------------------------------

    def refuse(self, error: str) -> None:
        """From now on the disk takes nothing; what is handed in waits."""
        self._refusal = error
        self._report()

    def accept(self) -> None:
        """The disk takes everything again, first of all what waits."""
        self._refusal = None
        self._flush()
        self._report()

    def crash(self) -> MemoryDisk:
        """A power cut: what waits is lost, and nobody is told; returns what was on the disk."""
        self._closed = True
        self._waiting.clear()
        return self.disk

    # --- writes -------------------------------------------------------------------------------------------------------------------

    def commit(self, change: Change) -> "asyncio.Future[None]":
        """Make it durable."""
        assert change.link is not None or not (change.records or change.assigned), "records are for a backend"
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hand_in(lambda: self.disk.apply(change), future)
        return future

    def replay(self, charge_point: ChargePointId, session: SessionId) -> "asyncio.Future[int]":
        """Queue a parked session again."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._hand_in(lambda: self.disk.replay(charge_point, session), future)
        return future

    def drop(self, charge_point: ChargePointId, session: SessionId) -> "asyncio.Future[int]":
        """Give up a parked session."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._hand_in(lambda: self.disk.drop(charge_point, session, self._clock.utc_ms()), future)
        return future

    def leap(self, leap: Leap) -> "asyncio.Future[None]":
        """Put right what was written before the time was known."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hand_in(lambda: self.disk.leap(leap), future)
        return future

    def set_fact(self, name: str, value: str) -> "asyncio.Future[None]":
        """Keep a fact."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._hand_in(lambda: self.disk.facts.update({name: value}), future)
        return future

    async def close(self) -> None:
        """Write what was handed in, unless the disk refuses, and close. A second call does nothing."""
        self._flush()
        self._closed = True

    def _hand_in(self, write: Callable[[], int | None], future: "asyncio.Future[None] | asyncio.Future[int]") -> None:
        assert not self._closed, "the store is closed"
        self._waiting.append((write, future))
        asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        while self._waiting and self._refusal is None:
            write, future = self._waiting.popleft()
            result = write()
            if not future.done():
                future.set_result(result)  # type: ignore[arg-type] # each method above pairs the future with what it writes

    def _report(self) -> None:
        if self._on_health is not None:
            health = StoreHealth(ok=self._refusal is None, error=self._refusal)
            asyncio.get_running_loop().call_soon(self._on_health, health)

    # --- reads --------------------------------------------------------------------------------------------------------------------

    def kept(self, charge_point: ChargePointId) -> Kept | None:
        """What was kept of it; None: never seen."""
        return self.disk.kept.get(charge_point)

    def next_record(self, charge_point: ChargePointId, link: str) -> OutboxRow | None:
        """The oldest queued row."""
        numbers = self.disk.queues[charge_point, link, RecordState.QUEUED].numbers
        return self.disk.row(numbers[0]) if numbers else None

    def is_queued(self, charge_point: ChargePointId, link: str, session: SessionId | None) -> bool:
        """Whether a row of this session (None: of any) is queued."""
        numbers = self.disk.queues[charge_point, link, RecordState.QUEUED].numbers
        return any(session in {None, self.disk.outbox[number].record.session} for number in numbers)

    def due(self, charge_point: ChargePointId, link: str, utc_ms: int) -> SessionId | None:
        """A session with a parked row whose retry time has come."""
        for number in self.disk.queues[charge_point, link, RecordState.PARKED].numbers:
            row = self.disk.outbox[number]
            if row.retry_ms is not None and row.retry_ms <= utc_ms:
                return row.record.session
        return None

    def newest_before(self, utc_ms: int) -> int | None:
        """The newest time before this that anything was written at."""
        return self.disk.newest_before(utc_ms)

    def count(self, charge_point: ChargePointId) -> QueueCount:
        """How many rows are where."""
        return self.disk.count(charge_point)

    def rows(self, charge_point: ChargePointId | None = None, states: tuple[RecordState, ...] = DEFAULT_STATES) -> list[OutboxRow]:
        """Rows in order of delivery."""
        wanted = (row for row in self.disk.outbox.values() if row.state in states and charge_point in {None, row.charge_point})
        return [self.disk.row(row.id) for row in wanted]

    def known_tag(self, charge_point: ChargePointId, key: str) -> TagInfo | None:
        """What the authorisation cache has on a tag."""
        return self.disk.tags[charge_point].get(key)

    def listed_tag(self, charge_point: ChargePointId, key: str) -> TagInfo | None:
        """What the local list has on a tag."""
        return self.disk.listed[charge_point].get(key)

    def list_size(self, charge_point: ChargePointId) -> int:
        """How many tags are on the local list."""
        return len(self.disk.listed[charge_point])

    def history(
        self, charge_point: ChargePointId | None = None, *, since_ms: int | None = None, limit: int | None = None
    ) -> list[tuple[ChargePointId, HistoryEntry]]:
        """Finished sessions and gaps, oldest first."""
        found = [
            (owner, entry)
            for owner, entry in self.disk.history
            if charge_point in {None, owner} and (since_ms is None or entry.ended_ms >= since_ms)
        ]
        return found if limit is None else found[max(0, len(found) - limit) :]

    def decisions(
        self, charge_point: ChargePointId | None = None, *, since_ms: int | None = None, limit: int | None = None
    ) -> list[tuple[ChargePointId, Decision]]:
        """Every decision, oldest first."""
        numbered = sorted(
            (number, owner, decision)
            for owner, decisions in self.disk.decisions.items()
            for number, decision in decisions
            if charge_point in {None, owner} and (since_ms is None or decision.utc_ms >= since_ms)
        )
        found = [(owner, decision) for _, owner, decision in numbered]
        return found if limit is None else found[max(0, len(found) - limit) :]

    def fact(self, name: str) -> str | None:
        """A small fact of the installation."""
        return self.disk.facts.get(name)
