"""Which CALL goes next, by tables; the laws that hold whatever happens are in `test_delivery_laws`."""

from random import Random

import pytest

from bridge.core.effects import AnnounceReading, Record
from bridge.core.orders import LogTold
from bridge.core.values import Reading, ReadingContext, RecordId
from bridge.ocpp.attempts import Again, Broken, Dropped, Ending, Left, Park, Patience, Silent, head_of, message_id
from bridge.ocpp.delivery import BEAT_MAX_S, Delivery
from bridge.ocpp.dialect import Outgoing, Registration
from bridge.ocpp.jobs import Announced, Boot, Deliver, Job, Loss, News, Question, Told, Triggered
from bridge.ocpp.tray import ASKS_MAX, ERRANDS_MAX, READINGS_MAX
from tests.ocpp.stations import Row, outgoing, question
from tests.ocpp.worlds import SAMPLE, START, STOP

PATIENCE = Patience(attempts=3, retry_s=60.0)
NOW_MS = 1_000_000
UNTIL_S = 1e9


def name(job: Job | None) -> str:
    """A job in one word."""
    match job:
        case None:
            return "nothing"
        case Question(effect=effect):
            return f"ask {effect.question}"
        case Triggered(outgoing=told) | Told(outgoing=told):
            return told.action
        case Deliver(head=head):
            return f"record {head.row.id}"
        case _:
            return type(job).__name__.lower()


class Desk:
    """A delivery with an outbox, and everything answered at once unless a test says otherwise."""

    def __init__(self, *rows: Row) -> None:
        self.rows = list(rows)
        self.delivery = Delivery(lambda: self.rows[0] if self.rows else None, Random(1))
        self.now_s = 0.0

    def connect(self, *, accepted: bool = True) -> "Desk":
        """Connect, and go through the first messages."""
        self.delivery.connect(self.now_s)
        if accepted and not self.delivery.accepted:
            self.boot(Registration.ACCEPTED)
        if accepted:
            self.tell_news()
        return self

    def boot(self, status: Registration, wait_s: float = 60.0) -> None:
        assert self.send() == "boot"
        self.answer()
        self.delivery.registered(status, now_s=self.now_s, wait_s=wait_s)

    def tell_news(self) -> None:
        """No status is news."""
        while isinstance(job := self.delivery.next(self.now_s), News):
            assert self.delivery.news.next((), self.now_s, 0) is None
            self.delivery.skipped(job)

    def send(self, payload: Outgoing | None = None) -> str:
        """Send whatever is next; its name."""
        job = self.delivery.next(self.now_s)
        if job is not None:
            self.delivery.sent(job, payload or outgoing(), self.now_s)
        return name(job)

    def answer(self) -> Job:
        """The open call was answered well."""
        assert self.delivery.open is not None
        job = self.delivery.answered(self.delivery.open.id)
        assert job is not None
        if isinstance(job, Deliver):
            self.delivery.delivered(job)
        return job

    def refuse(self, code: str = "InternalError") -> Again | Park | None:
        """The open call was answered with an error."""
        assert self.delivery.open is not None
        job = self.delivery.answered(self.delivery.open.id)
        assert job is not None
        return self.delivery.refused(job, code, "", patience=PATIENCE, now_s=self.now_s, utc_ms=NOW_MS)

    def settle(self) -> None:
        """The oldest record is off the queue, on the disk too."""
        self.rows.pop(0)
        self.delivery.wake()

    def lose(self, ending: Ending) -> Loss:
        return self.delivery.lost(ending, patience=PATIENCE, utc_ms=NOW_MS)

    def ask(self, what: str = "q", until_s: float = UNTIL_S) -> bool:
        return self.delivery.ask(Question(effect=question(what), until_s=until_s))

    def sequence(self) -> list[str]:
        """Everything that is sent, each answered at once."""
        names: list[str] = []
        while (sent := self.send()) != "nothing":
            names.append(sent)
            job = self.answer()
            if isinstance(job, Deliver):
                self.settle()
        return names


def row(number: int = 1, *, rounds: int = 0, attempts: int = 0, message: str | None = None) -> Row:
    first: dict[int, Record] = {1: START, 2: SAMPLE, 3: STOP}
    record = first.get(number, SAMPLE)
    return Row(id=RecordId(number), record=record, rounds=rounds, attempts=attempts, message=message)


def reading(context: ReadingContext = ReadingContext.CLOCK, wh: int = 1) -> AnnounceReading:
    return AnnounceReading(reading=Reading(utc_ms=0, register_wh=wh, context=context))


# --- order --------------------------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_without_a_connection() -> None:
    desk = Desk(row())
    assert desk.send() == "nothing"
    assert desk.delivery.due_s() == float("inf")


def test_asks_overtake_announces_overtake_records() -> None:
    """A driver who taps does not wait for last night's meter values."""
    desk = Desk(row(1), row(2)).connect()
    desk.delivery.announce(reading())
    desk.delivery.trigger_beat()
    desk.delivery.trigger((outgoing("FirmwareStatusNotification"),))
    desk.ask("a")
    desk.ask("b")
    assert desk.sequence() == ["ask a", "ask b", "FirmwareStatusNotification", "beat", "announced", "record 1", "record 2"]


def test_a_tap_in_the_middle_of_a_long_queue_is_next() -> None:
    desk = Desk(*[row(number) for number in range(1, 100)]).connect()
    assert desk.send() == "record 1"
    desk.ask("a")
    desk.answer()
    desk.settle()
    assert desk.send() == "ask a"


def test_one_call_is_open_at_a_time() -> None:
    desk = Desk(row()).connect()
    desk.ask("a")
    assert desk.send() == "ask a"
    assert desk.send() == "nothing"
    assert desk.delivery.due_s() == float("inf")


def test_status_goes_before_records() -> None:
    """Some central systems refuse a transaction on a connector they have not heard of (CitrineOS)."""
    desk = Desk(row())
    desk.connect(accepted=False)
    desk.boot(Registration.ACCEPTED)
    assert isinstance(desk.delivery.next(0.0), News)


# --- registration -------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_001_CS")
def test_rejected_means_silence_until_the_interval() -> None:
    """Nothing goes out, whatever happens, until the central system wants to be asked again."""
    desk = Desk(row()).connect(accepted=False)
    desk.boot(Registration.REJECTED, wait_s=90.0)
    desk.delivery.trigger_boot()
    desk.delivery.trigger_beat()
    desk.delivery.trigger((outgoing("StatusNotification"),))
    assert not desk.ask()
    assert not desk.delivery.announce(reading(ReadingContext.TRIGGER))
    assert desk.send() == "nothing"
    assert desk.delivery.due_s() == 90.0
    desk.now_s = 90.0
    assert desk.send() == "boot"


@pytest.mark.requirement("1.6 TC_002_CS")
def test_pending_sends_only_what_is_triggered() -> None:
    desk = Desk(row()).connect(accepted=False)
    desk.boot(Registration.PENDING, wait_s=90.0)
    assert desk.send() == "nothing"
    assert not desk.ask()
    assert not desk.delivery.announce(reading())
    desk.delivery.trigger((outgoing("StatusNotification"),))
    assert desk.delivery.announce(reading(ReadingContext.TRIGGER))
    desk.delivery.trigger_beat()
    assert desk.sequence() == ["beat", "StatusNotification", "announced"]
    desk.delivery.trigger_boot()
    assert desk.send() == "boot"
    desk.answer()
    desk.delivery.registered(Registration.PENDING, now_s=0.0, wait_s=90.0)
    desk.now_s = 90.0
    assert desk.send() == "boot"


def test_the_wait_outlives_a_reconnect() -> None:
    """A rejected station does not ask again sooner because its link broke."""
    desk = Desk().connect(accepted=False)
    desk.boot(Registration.REJECTED, wait_s=90.0)
    desk.lose(Dropped(code=None))
    desk.now_s = 50.0
    desk.connect(accepted=False)
    assert desk.send() == "nothing"
    desk.now_s = 90.0
    assert desk.send() == "boot"


def test_boot_answered_with_an_error_is_repeated_after_a_wait() -> None:
    desk = Desk().connect(accepted=False)
    assert desk.send() == "boot"
    assert desk.refuse() is None
    desk.delivery.boot_failed(now_s=0.0, wait_s=60.0)
    assert desk.send() == "nothing"
    desk.now_s = 60.0
    assert desk.send() == "boot"


def test_a_mere_reconnect_needs_no_boot() -> None:
    """OCPP-J 1.6 §5.4; the statuses are told again instead."""
    desk = Desk(row()).connect()
    desk.lose(Dropped(code=1006))
    desk.connect(accepted=False)
    assert desk.delivery.accepted
    assert isinstance(desk.delivery.next(0.0), News)


def test_a_restart_of_the_station_boots() -> None:
    desk = Desk(row()).connect()
    desk.lose(Left())
    desk.delivery.restart()
    desk.connect(accepted=False)
    assert not desk.delivery.accepted
    assert desk.send() == "boot"


def test_a_central_system_that_forgot_us_gets_a_boot() -> None:
    """Its first answer after a reconnect is an error."""
    desk = Desk(row()).connect()
    desk.lose(Dropped(code=None))
    desk.connect(accepted=False)
    desk.delivery.trigger((outgoing("StatusNotification"),))
    desk.send()
    desk.refuse("SecurityError")
    assert desk.send() == "boot"


def test_an_error_later_on_is_only_an_error() -> None:
    desk = Desk(row()).connect()
    desk.lose(Dropped(code=None))
    desk.connect()
    desk.delivery.trigger((outgoing("StatusNotification"), outgoing("FirmwareStatusNotification")))
    desk.send()
    desk.answer()
    desk.send()
    desk.refuse("SecurityError")
    assert desk.send() == "record 1"


def test_a_central_system_that_is_mute_after_a_reconnect_gets_a_boot_next_time() -> None:
    """Until then the station counts as offline, so that a driver is not kept waiting for an answer that never comes."""
    desk = Desk().connect()
    desk.lose(Dropped(code=None))
    desk.connect(accepted=False)
    desk.delivery.trigger((outgoing("StatusNotification"),))
    desk.send()
    desk.lose(Silent(alive=True))
    desk.connect(accepted=False)
    assert not desk.delivery.accepted
    assert desk.send() == "boot"


def test_silence_after_a_first_answer_keeps_the_registration() -> None:
    desk = Desk().connect()
    desk.ask()
    desk.send()
    desk.lose(Silent(alive=True))
    desk.connect(accepted=False)
    assert desk.delivery.accepted


def test_a_triggered_boot_of_an_accepted_station_is_sent() -> None:
    desk = Desk(row()).connect()
    desk.delivery.trigger_boot()
    assert desk.send() == "boot"


# --- asks, announcements, heartbeats ------------------------------------------------------------------------------------------------


def test_a_question_is_never_asked_late() -> None:
    """The decision has long been made by other means (B3, B9)."""
    desk = Desk().connect()
    desk.ask("late", until_s=8.0)
    desk.ask("in time", until_s=9.0)
    desk.now_s = 8.0
    assert desk.sequence() == ["ask in time"]


def test_questions_die_with_the_link() -> None:
    desk = Desk().connect()
    desk.ask("open")
    desk.ask("waiting")
    desk.send()
    assert desk.lose(Dropped(code=None)).questions == (question("open"), question("waiting"))
    desk.connect()
    assert desk.send() == "nothing"


def test_questions_have_a_limit() -> None:
    desk = Desk().connect()
    assert [desk.ask() for _ in range(ASKS_MAX + 1)] == [True] * ASKS_MAX + [False]


def test_readings_have_a_limit_and_the_newest_stay() -> None:
    desk = Desk().connect()
    for wh in range(READINGS_MAX + 3):
        assert desk.delivery.announce(reading(wh=wh))
    first = desk.delivery.next(0.0)
    assert isinstance(first, Announced)
    assert first.effect.reading.register_wh == 3
    assert desk.sequence() == ["announced"] * READINGS_MAX


def test_readings_die_with_the_link() -> None:
    desk = Desk().connect()
    desk.delivery.announce(reading())
    desk.lose(Dropped(code=None))
    assert not desk.delivery.announce(reading())
    assert desk.connect().send() == "nothing"


def test_triggered_messages_have_a_limit_and_no_doubles() -> None:
    desk = Desk().connect()
    desk.delivery.trigger(tuple(outgoing(number=number // 2) for number in range(4 * ERRANDS_MAX)))
    assert len(desk.sequence()) == ERRANDS_MAX


def test_heartbeats_are_left_out_while_other_messages_go() -> None:
    desk = Desk().connect()
    desk.delivery.beat_s = 300.0
    desk.now_s = 299.0
    assert desk.delivery.due_s() == 300.0
    desk.ask()
    assert desk.sequence() == ["ask q"]
    desk.now_s = 598.0
    assert desk.send() == "nothing"
    desk.now_s = 599.0
    assert desk.sequence() == ["beat"]


def test_a_heartbeat_goes_once_a_day_whatever_else_goes() -> None:
    """The clock needs it (OCPP 1.6 §4.6)."""
    desk = Desk().connect()
    desk.delivery.beat_s = BEAT_MAX_S
    for hour in range(1, 24):
        desk.now_s = hour * 3600.0
        desk.ask()
        assert desk.sequence() == ["ask q"]
    desk.now_s = BEAT_MAX_S
    assert desk.sequence() == ["beat"]


def test_no_interval_means_no_heartbeats() -> None:
    desk = Desk().connect()
    assert desk.delivery.due_s() == float("inf")
    desk.now_s = 1e6
    assert desk.send() == "nothing"


def test_a_status_that_must_last_is_looked_at_when_it_is_due() -> None:
    desk = Desk().connect()
    news = desk.delivery.news
    status = (Outgoing("StatusNotification", {"status": "Charging"}),)
    news.told(0, Outgoing("StatusNotification", {"status": "Available"}))
    assert news.next(status, 10.0, 5.0) is None
    news.stale = False
    assert desk.delivery.due_s() == 15.0
    desk.now_s = 14.9
    assert desk.send() == "nothing"
    desk.now_s = 15.0
    assert isinstance(desk.delivery.next(15.0), News)


# --- answers ------------------------------------------------------------------------------------------------------------------------


def test_answers_to_nobody_are_ignored() -> None:
    """Late, doubled or made up: no answer is ever taken for the answer to something else (W4, W7)."""
    desk = Desk().connect()
    assert desk.delivery.answered("made up") is None
    desk.ask("a")
    desk.send()
    assert desk.delivery.open is not None
    used = desk.delivery.open.id
    assert desk.delivery.answered(used + "x") is None
    assert name(desk.answer()) == "ask a"
    assert desk.delivery.answered(used) is None


def test_an_answer_of_the_last_connection_is_ignored() -> None:
    desk = Desk().connect()
    desk.ask("a")
    desk.send()
    assert desk.delivery.open is not None
    used = desk.delivery.open.id
    desk.lose(Dropped(code=None))
    desk.connect()
    desk.ask("b")
    desk.send()
    assert desk.delivery.answered(used) is None


# --- records ------------------------------------------------------------------------------------------------------------------------


def test_the_next_record_waits_until_the_last_is_settled() -> None:
    """A transaction's id is on the disk before its next message is built."""
    desk = Desk(row(1), row(2)).connect()
    assert desk.send() == "record 1"
    desk.answer()
    desk.delivery.wake()
    assert desk.send() == "nothing"
    desk.settle()
    assert desk.send() == "record 2"


def test_without_a_wake_the_outbox_is_not_read_again() -> None:
    desk = Desk().connect()
    assert desk.send() == "nothing"
    desk.rows.append(row())
    assert desk.send() == "nothing"
    desk.delivery.wake()
    assert desk.send() == "record 1"


def test_after_an_error_the_same_payload_goes_under_a_new_id_after_a_wait() -> None:
    """Meanwhile the driver at the station is served."""
    desk = Desk(row()).connect()
    desk.send(outgoing(value=1))
    assert desk.delivery.open is not None
    first = desk.delivery.open.id
    assert desk.refuse() == Again(record=RecordId(1), attempts=1, message=None, error="InternalError")
    assert desk.send() == "nothing"
    assert desk.delivery.due_s() == 60.0
    desk.ask("a")
    assert desk.sequence() == ["ask a"]
    desk.now_s = 60.0
    job = desk.delivery.next(60.0)
    assert isinstance(job, Deliver)
    assert job.head.outgoing == outgoing(value=1)
    assert desk.send(job.head.outgoing) == "record 1"
    assert desk.delivery.open.id != first


def test_after_silence_the_same_frame_goes_on_the_next_connection() -> None:
    desk = Desk(row()).connect()
    desk.send(outgoing(value=1))
    assert desk.delivery.open is not None
    first = desk.delivery.open.id
    assert desk.lose(Silent(alive=True)).verdict == Again(
        record=RecordId(1), attempts=1, message=first, error="no answer while the link was alive"
    )
    desk.connect()
    job = desk.delivery.next(0.0)
    assert isinstance(job, Deliver)
    assert job.head.outgoing == outgoing(value=1)
    desk.send(job.head.outgoing)
    assert desk.delivery.open.id == first


def test_the_id_kept_on_the_disk_is_used_again() -> None:
    kept = message_id(head_of(row()), outgoing(value=1))
    desk = Desk(row(message=kept, attempts=1)).connect()
    desk.send(outgoing(value=1))
    assert desk.delivery.open is not None
    assert desk.delivery.open.id == kept


def test_a_parked_record_lets_the_next_one_pass() -> None:
    desk = Desk(row(1, attempts=2), row(2)).connect()
    desk.send()
    assert isinstance(desk.refuse("FormatViolation"), Park)
    assert desk.send() == "nothing"
    desk.settle()
    assert desk.send() == "record 2"


def test_a_record_parked_by_silence_lets_the_next_one_pass() -> None:
    desk = Desk(row(1, attempts=2), row(2)).connect()
    desk.send()
    assert isinstance(desk.lose(Silent(alive=True)).verdict, Park)
    desk.connect()
    assert desk.send() == "nothing"
    desk.settle()
    assert desk.send() == "record 2"


def test_a_replayed_record_is_not_taken_for_the_one_just_parked() -> None:
    desk = Desk(row(1, attempts=2)).connect()
    desk.send()
    desk.refuse()
    desk.settle()
    assert desk.send() == "nothing"
    desk.rows.append(row(1, rounds=1))
    desk.delivery.wake()
    assert desk.send() == "record 1"


def test_a_replayed_start_goes_before_what_waits_for_its_retry() -> None:
    """Its transaction's id is needed by the others."""
    desk = Desk(row(3)).connect()
    desk.send()
    desk.refuse()
    desk.rows.insert(0, row(1, rounds=1))
    desk.delivery.wake()
    desk.now_s = 60.0
    assert desk.sequence() == ["record 1", "record 3"]


def test_a_record_without_a_message_counts_as_delivered() -> None:
    desk = Desk(row(1), row(2)).connect()
    job = desk.delivery.next(0.0)
    assert job is not None
    desk.delivery.skipped(job)
    assert desk.send() == "nothing"
    desk.settle()
    assert desk.send() == "record 2"


def test_a_record_that_breaks_the_bridge_itself_is_put_aside() -> None:
    """A mistake of ours in one message must not keep all others from arriving."""
    desk = Desk(row(1), row(2))
    verdicts = []
    for _ in range(3):
        desk.connect()
        assert name(desk.delivery.next(0.0)) == "record 1"
        verdicts.append(desk.lose(Broken()).verdict)
    assert verdicts[:2] == [None, None]
    assert isinstance(verdicts[2], Park)
    desk.connect()
    desk.settle()
    assert desk.send() == "record 2"


def test_a_link_that_ends_while_nothing_is_open_says_nothing_of_records() -> None:
    desk = Desk(row()).connect()
    desk.ask()
    desk.send()
    desk.answer()
    assert desk.lose(Broken()).verdict is None


def test_a_head_that_was_settled_late_keeps_the_newer_one() -> None:
    """A verdict about a record that has been replaced at the head leaves the new head alone."""
    desk = Desk(row(2)).connect()
    job = desk.delivery.next(0.0)
    assert isinstance(job, Deliver)
    desk.rows.insert(0, row(1))
    assert name(desk.delivery.next(0.0)) == "record 1"
    desk.delivery.delivered(job)
    desk.rows.remove(row(2))
    assert desk.send() == "record 1"


# --- another version --------------------------------------------------------------------------------------------------------------------


def test_why_it_registers_again_is_known() -> None:
    """It was asked to, or it found itself forgotten; the one does not become the other."""
    desk = Desk().connect()
    desk.delivery.trigger_boot()
    assert desk.delivery.next(0.0) == Boot(triggered=True)
    assert desk.send() == "boot"
    desk.delivery.refused(desk.answer(), "GenericError", "", patience=PATIENCE, now_s=0.0, utc_ms=0)
    assert desk.delivery.next(0.0) != Boot(triggered=True)


def test_statuses_that_were_told_are_told_again_where_they_may_not_have_arrived() -> None:
    """In 2.0.1 a short outage repeats nothing, except what was open when the link broke."""
    desk = Desk().connect()
    desk.delivery.news.stale = True
    place, status = desk.delivery.news.next((outgoing("StatusNotification"),), 0.0, 0.0) or (7, outgoing())
    desk.delivery.news.told(place, status)
    desk.delivery.sent(News(), status, 0.0)
    desk.lose(Dropped(code=None))
    desk.delivery.connect(1.0, remembered=True)
    assert desk.delivery.news.next((outgoing("StatusNotification"),), 1.0, 0.0) is not None


@pytest.mark.parametrize("remembered, told", [(True, 0), (False, 1)])
def test_a_central_system_that_remembers_is_not_told_twice(remembered: bool, told: int) -> None:
    desk = Desk().connect()
    statuses = (outgoing("StatusNotification"),)
    desk.delivery.news.told(0, statuses[0])
    desk.lose(Dropped(code=None))
    desk.delivery.connect(1.0, remembered=remembered)
    assert (desk.delivery.news.next(statuses, 1.0, 0.0) is not None) == told


def test_in_another_version_everything_that_waits_is_said_in_its_words() -> None:
    """It registers anew; what follows a registration follows the new one, and is not kept from the old."""
    notice = LogTold(job=1, status="Uploading")
    other = LogTold(job=1, status="Uploaded")
    desk = Desk(row()).connect()
    assert desk.send(outgoing("Former")) == "record 1"
    desk.lose(Dropped(code=None))
    parts = tuple(Told(outgoing(f"Part{number}"), notice) for number in range(2))
    desk.delivery.tell((Told(outgoing("Greeting")), *parts, Told(outgoing("Other"), other)))
    desk.delivery.translate(lambda told: (Told(outgoing(told.status), told),) if isinstance(told, LogTold) else ())
    desk.delivery.connect(1.0)
    desk.boot(Registration.ACCEPTED)
    desk.tell_news()
    for status in ("Uploading", "Uploaded"):
        assert desk.send() == status
        desk.answer()
    job = desk.delivery.next(1.0)
    assert isinstance(job, Deliver)
    assert job.head.outgoing is None, "it is rendered anew"


def test_a_notice_outlives_the_connection_it_was_open_on() -> None:
    desk = Desk().connect()
    desk.delivery.tell((Told(outgoing("Notice"), LogTold(job=1, status="Uploading")),))
    assert desk.send() == "Notice"
    desk.lose(Dropped(code=None))
    desk.connect()
    assert desk.send() == "Notice"


def test_another_version_with_nothing_queued_is_only_a_registration() -> None:
    desk = Desk().connect()
    desk.lose(Dropped(code=None))
    desk.delivery.translate(lambda _: ())
    desk.delivery.connect(1.0)
    assert desk.send() == "boot"


def test_the_parts_of_a_report_follow_in_order() -> None:
    """However many there are; and not on another connection."""
    desk = Desk().connect()
    parts = [str(number) for number in range(ERRANDS_MAX + 5)]
    desk.delivery.follow(tuple(outgoing(part) for part in parts))
    assert desk.sequence() == parts
    desk.delivery.follow((outgoing("late"),))
    desk.lose(Dropped(code=None))
    desk.connect()
    assert desk.sequence() == []
