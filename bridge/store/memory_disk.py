"""What a store in memory has written: the words of `writes` and `reads` said once more, without SQL.

Two tellings of one story, so that the suite that runs them both finds the mistakes of either.
"""

import bisect
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.core.effects import Decision, HistoryEntry, RecordSample, RecordStart, RecordUpdate
from bridge.core.leap import Leap
from bridge.core.state import Kept
from bridge.core.values import ChargePointId, RecordId, SessionId, TagInfo
from bridge.store import policy
from bridge.store.protocol import TAG_REF_KEY, Change, OutboxRow, Parked, QueueCount, RecordState, Sent

DAY_MS: Final = 86_400_000


@dataclass(slots=True)
class _Queue:
    """The numbers of the rows in one state for one backend, in order."""

    numbers: list[RecordId] = field(default_factory=list)

    def add(self, number: RecordId) -> None:
        bisect.insort(self.numbers, number)

    def remove(self, number: RecordId) -> None:
        del self.numbers[bisect.bisect_left(self.numbers, number)]


class MemoryDisk:
    """What is committed. `apply`, `replay` and `drop` say what the SQL of `writes` says."""

    def __init__(self) -> None:
        """Empty, but for the installation's secret."""
        self.kept: dict[ChargePointId, Kept] = {}
        self.kept_ms: dict[ChargePointId, int] = {}
        self.outbox: dict[RecordId, OutboxRow] = {}
        self.assigned: dict[tuple[ChargePointId, str, SessionId], str] = {}
        self.nameless: set[RecordId] = set()
        """Rows delivered while the backend had no name for their transaction."""
        self.history: list[tuple[ChargePointId, HistoryEntry]] = []
        self.decisions: defaultdict[ChargePointId, deque[tuple[int, Decision]]] = defaultdict(deque)
        """Each with its number in the order of all."""
        self.tags: defaultdict[ChargePointId, OrderedDict[str, TagInfo]] = defaultdict(OrderedDict)
        self.listed: defaultdict[ChargePointId, dict[str, TagInfo]] = defaultdict(dict)
        """The local list."""
        self.facts: dict[str, str] = {TAG_REF_KEY: "0" * 32}
        self.queues: defaultdict[tuple[ChargePointId, str, RecordState], _Queue] = defaultdict(_Queue)
        self.sessions: defaultdict[tuple[ChargePointId, SessionId], list[RecordId]] = defaultdict(list)
        self._tally: Counter[tuple[ChargePointId, RecordState]] = Counter()
        self._newest = 0
        self._decided = 0
        self._pruned_ms: int | None = None

    # --- the outbox ---------------------------------------------------------------------------------------------------------------

    def row(self, number: RecordId) -> OutboxRow:
        """A row with the backend's name for its transaction looked up."""
        row = self.outbox[number]
        name = self.assigned.get((row.charge_point, row.link, row.record.session))
        return replace(row, backend_id=name, start_parked=name is None and self._start_never_arrived(row))

    def count(self, charge_point: ChargePointId) -> QueueCount:
        """How many rows are where."""
        return QueueCount(**{state.value: self._tally[charge_point, state] for state in RecordState})

    def _starts(self, row: OutboxRow) -> list[OutboxRow]:
        """The starts of its session at its backend (there is one)."""
        numbers = self.sessions[row.charge_point, row.record.session]
        rows = (self.outbox[number] for number in numbers)
        return [start for start in rows if isinstance(start.record, RecordStart) and start.link == row.link]

    def _start_never_arrived(self, row: OutboxRow) -> bool:
        return any(start.state is RecordState.PARKED or start.error == policy.DROPPED for start in self._starts(row))

    def _start_is(self, row: OutboxRow, state: RecordState) -> bool:
        return any(start.state is state for start in self._starts(row))

    def _put(self, row: OutboxRow) -> None:
        before = self.outbox.get(row.id)
        self.outbox[row.id] = row
        if before is not None and before.state is row.state:
            return
        if before is not None:
            self.queues[before.charge_point, before.link, before.state].remove(before.id)
            self._tally[before.charge_point, before.state] -= 1
        self.queues[row.charge_point, row.link, row.state].add(row.id)
        self._tally[row.charge_point, row.state] += 1

    def _queue_again(self, row: OutboxRow) -> None:
        self.nameless.discard(row.id)
        self._put(replace(row, state=RecordState.QUEUED, attempts=0, message=None, retry_ms=None, settled_ms=None, rounds=row.rounds + 1))

    def _add(self, change: Change) -> None:
        for record in change.records:
            self._newest += 1
            number = RecordId(self._newest)
            self.sessions[change.charge_point, record.session].append(number)
            self._put(
                OutboxRow(
                    id=number,
                    charge_point=change.charge_point,
                    link=change.link or "",
                    record=record,
                    state=RecordState.QUEUED,
                    attempts=0,
                    created_ms=change.utc_ms,
                    backend_id=None,
                    start_parked=False,
                )
            )

    def _send(self, sent: Sent) -> None:
        row = self.outbox.get(sent.id)
        if row is not None and row.state is RecordState.QUEUED:
            self._put(replace(row, attempts=sent.attempts, message=sent.message, error=sent.error))

    def _deliver(self, number: RecordId, utc_ms: int) -> None:
        row = self.outbox.get(number)
        if row is None or row.state is RecordState.DELIVERED:
            return
        if any(start.state is RecordState.QUEUED and start.id < number for start in self._starts(row)):
            # Taken under no name, just before its start came out of parking: it follows it once more.
            self._queue_again(row)
            return
        if (row.charge_point, row.link, row.record.session) not in self.assigned:
            self.nameless.add(number)
        self._put(replace(row, state=RecordState.DELIVERED, settled_ms=utc_ms, error=None, retry_ms=None))

    def _park(self, parked: Parked, utc_ms: int) -> None:
        row = self.outbox.get(parked.id)
        if row is not None and row.state is not RecordState.DELIVERED:
            self._put(replace(row, state=RecordState.PARKED, error=parked.error, retry_ms=parked.retry_ms, settled_ms=utc_ms))

    def _count_as_offline(self, charge_point: ChargePointId, link: str) -> None:
        for number in self.queues[charge_point, link, RecordState.QUEUED].numbers[1:]:
            row = self.outbox[number]
            if row.rounds == 0:
                self._put(replace(row, record=replace(row.record, offline=True)))

    def replay(self, charge_point: ChargePointId, session: SessionId) -> int:
        """`Store.replay`."""
        rows = [self.outbox[number] for number in self.sessions[charge_point, session]]
        again = [row for row in rows if row.state is RecordState.PARKED or self._depends(row)]
        for row in again:
            self._queue_again(row)
        return len(again)

    def _depends(self, row: OutboxRow) -> bool:
        """Whether it went out under no name because its start is parked."""
        return row.id in self.nameless and self._start_is(row, RecordState.PARKED)

    def drop(self, charge_point: ChargePointId, session: SessionId, utc_ms: int) -> int:
        """`Store.drop`."""
        rows = [self.outbox[number] for number in self.sessions[charge_point, session]]
        parked = [row for row in rows if row.state is RecordState.PARKED]
        for row in parked:
            self._put(replace(row, state=RecordState.DELIVERED, error=policy.DROPPED, retry_ms=None, settled_ms=utc_ms))
        return len(parked)

    def leap(self, leap: Leap) -> None:
        """`Store.leap`."""
        self.kept = {owner: leap.kept(kept) for owner, kept in self.kept.items()}
        self.kept_ms = {owner: leap.time(utc_ms) for owner, utc_ms in self.kept_ms.items()}
        for row in [row for row in self.outbox.values() if row.state is not RecordState.DELIVERED]:
            retry_ms = None if row.retry_ms is None else leap.time(row.retry_ms)
            self._put(replace(row, record=leap.record(row.record), created_ms=leap.time(row.created_ms), retry_ms=retry_ms))
        self.history = [(owner, leap.entry(entry)) for owner, entry in self.history]
        for decisions in self.decisions.values():
            moved = [(number, leap.decision(decision)) for number, decision in decisions]
            decisions.clear()
            decisions.extend(moved)

    def newest_before(self, utc_ms: int) -> int | None:
        """`Store.newest_before`."""
        times = [row.created_ms for row in self.outbox.values()] + [entry.ended_ms for _, entry in self.history]
        times += [decision.utc_ms for decisions in self.decisions.values() for _, decision in decisions]
        return max((time_ms for time_ms in [*times, *self.kept_ms.values()] if time_ms < utc_ms), default=None)

    def _prune(self, utc_ms: int) -> None:
        if self._pruned_ms is not None and abs(utc_ms - self._pruned_ms) < policy.PRUNE_EVERY_MS:
            return
        self._pruned_ms = utc_ms
        before_ms = utc_ms - policy.SENT_KEPT_DAYS * DAY_MS
        for row in [row for row in self.outbox.values() if self._is_old(row, before_ms)]:
            del self.outbox[row.id]
            self.sessions[row.charge_point, row.record.session].remove(row.id)
            self.queues[row.charge_point, row.link, row.state].remove(row.id)
            self._tally[row.charge_point, row.state] -= 1

    def _is_old(self, row: OutboxRow, before_ms: int) -> bool:
        if row.state is not RecordState.DELIVERED or not isinstance(row.record, RecordSample | RecordUpdate):
            return False
        assert row.settled_ms is not None, "a delivered row has its time"
        return row.settled_ms < before_ms and all(start.state is RecordState.DELIVERED for start in self._starts(row))

    # --- the whole ----------------------------------------------------------------------------------------------------------------

    def apply(self, change: Change) -> None:
        """Write a change, in the order of `writes.prepare`."""
        owner = change.charge_point
        if change.kept is not None:
            self.kept[owner] = change.kept
            self.kept_ms[owner] = change.utc_ms
        for session, name in change.assigned:
            self.assigned[owner, change.link or "", session] = name
        self._add(change)
        for sent in change.sent:
            self._send(sent)
        for number in change.delivered:
            self._deliver(number, change.utc_ms)
        for parked in change.parked:
            self._park(parked, change.utc_ms)
        if change.waited:
            self._count_as_offline(owner, change.link or "")
        self.history += [(owner, entry) for entry in change.history]
        self._decide(owner, change.decisions)
        self._remember(change)
        self._list(change)
        self._prune(change.utc_ms)

    def _decide(self, owner: ChargePointId, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            self._decided += 1
            self.decisions[owner].append((self._decided, decision))
        while len(self.decisions[owner]) > policy.DECISIONS_MAX:
            self.decisions[owner].popleft()

    def _remember(self, change: Change) -> None:
        tags = self.tags[change.charge_point]
        if change.forget_tags:
            tags.clear()
        for tag in change.forgotten:
            tags.pop(tag.key, None)
        for tag, info in change.remembered:
            tags[tag.key] = info
            tags.move_to_end(tag.key)
        while len(tags) > policy.TAGS_MAX:
            tags.popitem(last=False)

    def _list(self, change: Change) -> None:
        listed = self.listed[change.charge_point]
        if change.list_replaced:
            listed.clear()
        for entry in change.listed:
            if entry.info is None:
                listed.pop(entry.tag.key, None)
            else:
                listed[entry.tag.key] = replace(entry.info, listed=True)
