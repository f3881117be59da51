"""Laws of the outbox, under any sequence of writing, sending, parking, replaying, dropping and restarting.

Created = delivered + parked + queued; the order of delivery is the order of creation; nothing vanishes; what was sent without the
transaction's name is sent again once its start has one. Checked against a model that is nothing but a list.
"""

import asyncio
import tempfile
from abc import abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bridge.core.effects import Record, RecordStart
from bridge.core.values import RecordId, SessionId
from bridge.store.protocol import Change, Parked, QueueCount, RecordState, Sent
from tests.store.vaults import MemoryVault, SqliteVault, Vault
from tests.store.worlds import CSMS, FIRST, GARAGE, NOON_MS, SECOND, sample, start, stop

T = TypeVar("T")
SESSIONS = st.sampled_from([FIRST, SECOND])
RETRIES = st.none() | st.integers(NOON_MS, NOON_MS + 3)
ALL = tuple(RecordState)


@dataclass
class Line:
    """One row of the model."""

    record: Record
    where: RecordState = RecordState.QUEUED
    attempts: int = 0
    rounds: int = 0
    message: str | None = None
    error: str | None = None
    retry_ms: int | None = None
    sent_as: str | None = None
    given_up: bool = False

    def queue_again(self) -> None:
        self.where, self.attempts, self.message, self.retry_ms, self.rounds = RecordState.QUEUED, 0, None, None, self.rounds + 1


class OutboxLaws(RuleBasedStateMachine):
    """One charge point, one backend, two sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.lines: list[Line] = []
        self.names: dict[SessionId, str] = {}
        self.on_its_way: int | None = None
        """Index of the line that is being sent."""
        self.vault = self.run(self.open())

    @abstractmethod
    async def open(self) -> Vault:
        """The store under test."""

    def run(self, doing: Coroutine[None, None, T]) -> T:
        return self.loop.run_until_complete(doing)

    def teardown(self) -> None:
        self.run(self.vault.store.close())
        self.loop.close()

    # --- what happens -------------------------------------------------------------------------------------------------------------

    @rule(session=SESSIONS, samples=st.integers(0, 2), is_over=st.booleans())
    def a_session_is_recorded(self, session: SessionId, samples: int, *, is_over: bool) -> None:
        """Handed in at once, record by record, without waiting."""
        records: list[Record] = []
        if not any(line.record.session == session for line in self.lines):
            records.append(start(session))
        records += [sample(session, len(self.lines) + n) for n in range(samples)]
        if is_over:
            records.append(stop(session))

        async def commit() -> None:
            changes = [Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, records=(record,)) for record in records]
            await asyncio.gather(*[self.vault.store.commit(change) for change in changes])

        self.run(commit())
        self.lines += [Line(record) for record in records]

    @precondition(lambda self: self.on_its_way is None)
    @rule()
    def the_next_record_is_sent(self) -> None:
        row = self.vault.store.next_record(GARAGE, CSMS)
        waiting = [number for number, line in enumerate(self.lines) if line.where is RecordState.QUEUED]
        if row is None:
            assert not waiting
        else:
            assert row.record == self.lines[waiting[0]].record
            assert row.id == self.ids()[waiting[0]]
            self.on_its_way = waiting[0]

    @precondition(lambda self: self.on_its_way is not None)
    @rule(attempts=st.integers(1, 9), message=st.none() | st.just("m-1"))
    def it_is_refused(self, attempts: int, message: str | None) -> None:
        number, line = self.the_sent_one()
        self.run(self.vault.commit(sent=(Sent(id=number, attempts=attempts, message=message, error="GenericError"),)))
        line.attempts, line.message, line.error = attempts, message, "GenericError"

    @precondition(lambda self: self.on_its_way is not None)
    @rule(name=st.sampled_from(["0", "-1", "42"]))
    def it_is_delivered(self, name: str) -> None:
        number, line = self.the_sent_one()
        self.on_its_way = None
        session = line.record.session
        starts = isinstance(line.record, RecordStart)
        self.run(self.vault.commit(delivered=(number,), assigned=((session, name),) if starts else ()))
        if starts:
            self.names[session] = name
        elif any(other.where is RecordState.QUEUED for other in self.starts(session)):
            line.queue_again()
            return
        line.where, line.error, line.retry_ms, line.sent_as = RecordState.DELIVERED, None, None, self.names.get(session)

    @precondition(lambda self: self.on_its_way is not None)
    @rule(retry_ms=RETRIES)
    def it_is_parked(self, retry_ms: int | None) -> None:
        number, line = self.the_sent_one()
        self.on_its_way = None
        self.run(self.vault.commit(parked=(Parked(id=number, error="refused", retry_ms=retry_ms),)))
        line.where, line.error, line.retry_ms = RecordState.PARKED, "refused", retry_ms

    @precondition(lambda self: self.on_its_way is not None)
    @rule()
    def the_link_breaks(self) -> None:
        self.on_its_way = None

    @rule(session=SESSIONS)
    def a_session_is_replayed(self, session: SessionId) -> None:
        lines = [line for line in self.lines if line.record.session == session]
        start_is_parked = any(line.where is RecordState.PARKED for line in self.starts(session))
        again = [
            line
            for line in lines
            if line.where is RecordState.PARKED
            or (line.where is RecordState.DELIVERED and line.sent_as is None and not line.given_up and start_is_parked)
        ]
        assert self.run(self.vault.replay(session)) == len(again)
        for line in again:
            line.queue_again()

    @rule(session=SESSIONS)
    def a_session_is_given_up(self, session: SessionId) -> None:
        parked = [line for line in self.lines if line.record.session == session and line.where is RecordState.PARKED]
        assert self.run(self.vault.drop(session)) == len(parked)
        for line in parked:
            line.where, line.given_up, line.error, line.retry_ms = RecordState.DELIVERED, True, "dropped by the operator", None

    @rule()
    def the_bridge_restarts(self) -> None:
        self.on_its_way = None
        self.run(self.vault.restart())

    # --- what holds ---------------------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_vanishes(self) -> None:
        by_state = [
            sum(line.where is state for line in self.lines) for state in (RecordState.QUEUED, RecordState.PARKED, RecordState.DELIVERED)
        ]
        count = self.vault.store.count(GARAGE)
        assert count == QueueCount(queued=by_state[0], parked=by_state[1], delivered=by_state[2])
        assert count.queued + count.parked + count.delivered == len(self.lines)

    @invariant()
    def every_row_is_as_the_model_says(self) -> None:
        rows = self.vault.store.rows(states=ALL)
        assert [row.id for row in rows] == sorted({row.id for row in rows})
        told = [(row.record, row.state, row.attempts, row.rounds, row.message, row.error, row.retry_ms) for row in rows]
        assert told == [
            (line.record, line.where, line.attempts, line.rounds, line.message, line.error, line.retry_ms) for line in self.lines
        ]
        for row in rows:
            name = self.names.get(row.record.session)
            unborn = any(line.where is RecordState.PARKED or line.given_up for line in self.starts(row.record.session))
            assert (row.backend_id, row.start_parked) == (name, name is None and unborn)

    @invariant()
    def the_first_parked_row_whose_time_has_come_is_due(self) -> None:
        for now_ms in (NOON_MS - 1, NOON_MS + 1, NOON_MS + 9):
            ripe = [
                line.record.session
                for line in self.lines
                if line.where is RecordState.PARKED and line.retry_ms is not None and line.retry_ms <= now_ms
            ]
            assert self.vault.store.due(GARAGE, CSMS, now_ms) == (ripe[0] if ripe else None)

    @invariant()
    def whatever_was_sent_without_a_name_may_still_get_it(self) -> None:
        """Once a start has been delivered, none of its session lies delivered under no name, unless it was given up."""
        for line in self.lines:
            named = line.record.session in self.names
            if named and line.where is RecordState.DELIVERED and not line.given_up and not isinstance(line.record, RecordStart):
                assert line.sent_as is not None

    # --- helpers ------------------------------------------------------------------------------------------------------------------

    def ids(self) -> list[RecordId]:
        return [row.id for row in self.vault.store.rows(states=ALL)]

    def starts(self, session: SessionId) -> list[Line]:
        return [line for line in self.lines if line.record.session == session and isinstance(line.record, RecordStart)]

    def the_sent_one(self) -> tuple[RecordId, Line]:
        assert self.on_its_way is not None
        return self.ids()[self.on_its_way], self.lines[self.on_its_way]


class MemoryLaws(OutboxLaws):
    """In memory."""

    async def open(self) -> Vault:
        return MemoryVault()


class SqliteLaws(OutboxLaws):
    """On a disk."""

    async def open(self) -> Vault:
        self.folder = tempfile.TemporaryDirectory()
        return SqliteVault(Path(self.folder.name) / "evbridge.db")

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


@pytest.mark.parametrize("laws, examples", [(MemoryLaws, 150), (SqliteLaws, 30)], ids=["memory", "sqlite"])
def test_nothing_vanishes_whatever_happens(laws: type[OutboxLaws], examples: int) -> None:
    """Whatever the central system, the operator and the power supply do: every record is queued, parked or delivered, in order."""
    rules = settings(max_examples=examples, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    laws.TestCase.settings = rules
    laws.TestCase("runTest").debug()
