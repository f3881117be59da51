"""What holds on a link whatever happens: random weather, errors, silences, replays and a disk that takes its time.

Invariants 6 to 9 of the auditor, on the part that decides them.
"""

from dataclasses import replace
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bridge.core.values import RecordId, SessionId
from bridge.ocpp.attempts import Again, Broken, Dropped, Ending, Left, Park, Patience, Silent, Verdict
from bridge.ocpp.delivery import Delivery
from bridge.ocpp.dialect import Outgoing, Registration
from bridge.ocpp.frames import MESSAGE_ID_MAX
from bridge.ocpp.jobs import Beat, Boot, Deliver, News, Question
from tests.ocpp.stations import Row, outgoing, question
from tests.ocpp.worlds import SAMPLE

ENDINGS: list[Ending] = [
    Silent(alive=True),
    Silent(alive=False),
    Dropped(code=None),
    Dropped(code=1001),
    Dropped(code=1009),
    Broken(),
    Left(),
]
PATIENCE = Patience(attempts=3, retry_s=10.0)


class Laws(RuleBasedStateMachine):
    """A delivery, its outbox, and what the central system has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.parked: list[Row] = []
        self.delivered: list[RecordId] = []
        self.pending: list[tuple[str, RecordId]] = []
        """Settlements on the way to the disk, in order."""
        self.now_s = 0.0
        self.connection = 0
        self.seen: set[tuple[int, str]] = set()
        self.meant: dict[str, Outgoing] = {}
        self.payloads: dict[tuple[RecordId, int], Outgoing] = {}
        self.retry_at: dict[RecordId, float] = {}
        self.asked_on: dict[str, int] = {}
        self.renderings = 0
        self.count = 0
        self.delivery = Delivery(self.next_record, Random(3))
        self.it_connects()

    def next_record(self) -> Row | None:
        return self.rows[0] if self.rows else None

    # --- the world ----------------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @rule(number=st.integers(1, 3))
    def records_are_made(self, number: int) -> None:
        for _ in range(number):
            self.count += 1
            record = replace(SAMPLE, session=SessionId(f"s{self.count}"), sequence=0)
            self.rows.append(Row(id=RecordId(self.count), record=record))
        self.delivery.wake()

    @precondition(lambda self: self.pending)
    @rule()
    def the_disk_catches_up(self) -> None:
        what, record = self.pending.pop(0)
        settled = next(row for row in self.rows if row.id == record)
        self.rows.remove(settled)
        if what == "parked":
            self.parked.append(settled)
        else:
            self.delivered.append(record)
        self.delivery.wake()

    @precondition(lambda self: self.parked)
    @rule()
    def a_parked_record_is_replayed(self) -> None:
        again = self.parked.pop(0)
        self.rows.append(replace(again, rounds=again.rounds + 1, attempts=0, message=None))
        self.rows.sort(key=lambda row: row.id)
        self.delivery.wake()

    # --- the link -----------------------------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.delivery.connected)
    @rule()
    def it_connects(self) -> None:
        self.connection += 1
        self.delivery.connect(self.now_s)

    @precondition(lambda self: self.delivery.connected)
    @rule(ending=st.sampled_from(ENDINGS))
    def the_link_ends(self, ending: Ending) -> None:
        loss = self.delivery.lost(ending, patience=PATIENCE, utc_ms=0)
        self.keep(loss.verdict)

    @rule(seconds=st.sampled_from([1.0, 8.0]))
    def a_driver_taps(self, seconds: float) -> None:
        self.count += 1
        asked = Question(effect=question(f"q{self.count}"), until_s=self.now_s + seconds)
        if self.delivery.ask(asked):
            self.asked_on[asked.effect.question] = self.connection

    @rule()
    def a_status_changes(self) -> None:
        self.delivery.news.stale = True

    def pump(self) -> None:
        """As the link does after everything."""
        while (job := self.delivery.next(self.now_s)) is not None:
            if isinstance(job, News):
                assert self.delivery.news.next((), self.now_s, 0) is None
                self.delivery.skipped(job)
                continue
            if isinstance(job, Deliver):
                # what would be rendered now differs from what was rendered before: settings change
                self.renderings += 1
                sent = job.head.outgoing or outgoing(row=job.head.row.id, rendering=self.renderings)
                self.check_record(job, sent)
            else:
                assert isinstance(job, Boot | Beat | Question)
                if isinstance(job, Question):
                    assert job.until_s > self.now_s, "a question is asked in time"
                    assert self.asked_on[job.effect.question] == self.connection, "on the connection it was put to"
                self.renderings += 1
                sent = outgoing(type(job).__name__, rendering=self.renderings)
            assert self.delivery.accepted or isinstance(job, Boot), "nothing but BootNotification goes before Accepted"
            self.check_id(self.delivery.sent(job, sent, self.now_s), sent)

    @rule(code=st.sampled_from([None, None, None, "InternalError", "FormatViolation"]))
    @precondition(lambda self: self.delivery.open is not None)
    def an_answer_comes(self, code: str | None) -> None:
        assert self.delivery.open is not None
        job = self.delivery.answered(self.delivery.open.id)
        assert job is not None
        if code is not None:
            verdict = self.delivery.refused(job, code, "", patience=PATIENCE, now_s=self.now_s, utc_ms=0)
            if isinstance(verdict, Again):
                self.retry_at[verdict.record] = self.now_s + PATIENCE.retry_s * verdict.attempts
            if isinstance(job, Boot):
                self.delivery.boot_failed(now_s=self.now_s, wait_s=5.0)
            self.keep(verdict)
        elif isinstance(job, Boot):
            self.delivery.registered(Registration.ACCEPTED, now_s=self.now_s, wait_s=5.0)
        elif isinstance(job, Deliver):
            self.delivery.delivered(job)
            self.pending.append(("delivered", job.head.row.id))

    @precondition(lambda self: self.delivery.open is not None)
    @rule(noise=st.sampled_from(["", "x", "-1"]))
    def an_answer_to_nothing_comes(self, noise: str) -> None:
        before = self.delivery.open
        assert self.delivery.answered(f"{self.connection - 1}{noise}") is None
        assert self.delivery.open is before

    # --- the laws -----------------------------------------------------------------------------------------------------------------

    def keep(self, verdict: Verdict | None) -> None:
        match verdict:
            case Again(record=record, attempts=attempts, message=message):
                assert attempts < PATIENCE.attempts
                self.rows = [replace(row, attempts=attempts, message=message) if row.id == record else row for row in self.rows]
            case Park(record=record):
                self.pending.append(("parked", record))
            case None:
                pass

    def check_id(self, used: str, sent: Outgoing) -> None:
        assert 0 < len(used) <= MESSAGE_ID_MAX
        assert (self.connection, used) not in self.seen, "an id is used at most once per connection"
        self.seen.add((self.connection, used))
        assert self.meant.setdefault(used, sent) == sent, "an id never names two messages"

    def check_record(self, job: Deliver, sent: Outgoing) -> None:
        row = job.head.row
        assert row.id == self.rows[0].id, "records go in order, and none is skipped"
        assert row.id not in {record for _, record in self.pending}, "none goes twice once it was answered"
        # with a replayed record in between it is rendered anew: the name of its transaction may have become known
        self.payloads = {key: kept for key, kept in self.payloads.items() if key == (row.id, row.rounds)}
        assert self.payloads.setdefault((row.id, row.rounds), sent) == sent, "a retry carries the same payload"
        # silence and broken links need no wait: finding a new connection is one
        if job.head.message is None:
            assert self.now_s >= self.retry_at.get(row.id, 0.0) or row.rounds > 0, "after an error there is a wait"

    @invariant()
    def whatever_can_go_goes(self) -> None:
        self.pump()

    @invariant()
    def nothing_is_lost(self) -> None:
        places = [row.id for row in self.rows] + [row.id for row in self.parked] + self.delivered
        assert len(places) == len(set(places))

    @invariant()
    def an_open_call_belongs_to_a_connection(self) -> None:
        assert self.delivery.open is None or self.delivery.connected

    def teardown(self) -> None:
        """When everything is well again, everything arrives."""
        if self.delivery.connected:
            self.the_link_ends(Left())
        self.it_connects()
        for _ in range(3 * len(self.rows) + len(self.pending) + 10):
            self.pump()
            if self.delivery.open is not None:
                self.an_answer_comes(None)
            if self.pending:
                self.the_disk_catches_up()
            self.now_s += 60.0
        assert self.rows == []


Laws.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestDeliveryLaws = Laws.TestCase
