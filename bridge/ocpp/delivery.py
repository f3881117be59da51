"""Which CALL goes next on one link, and what its answer or silence means (design.md §4 rules 2 and 5). Pure: times come in.

Asks overtake Announces overtake Records, and one CALL is open at a time. BootNotification comes first and again after a restart of the
station. After a mere reconnect none is sent (OCPP-J 1.6 §5.4: only if something it tells has changed), the statuses are told again
instead; a central system that answers the first of them with an error, or not at all, has forgotten the station and gets a
BootNotification after all.
"""

from collections.abc import Callable
from random import Random
from typing import assert_never

from bridge.core.effects import AnnounceReading
from bridge.core.orders import Notice
from bridge.core.values import ReadingContext, RecordId
from bridge.ocpp.attempts import (
    Broken,
    Ending,
    Head,
    Park,
    Patience,
    Silent,
    Verdict,
    head_of,
    message_id,
    refused,
    unanswered,
)
from bridge.ocpp.dialect import Outgoing, Registration
from bridge.ocpp.jobs import Beat, Boot, Deliver, Job, Loss, News, OpenCall, Question, Told
from bridge.ocpp.news import StatusNews
from bridge.ocpp.ports import QueuedRecord
from bridge.ocpp.tray import Tray

BEAT_MAX_S = 86_400.0
"""A heartbeat may be left out while other messages go, but the clock wants one a day (OCPP 1.6 §4.6)."""


class Delivery:
    """One link's choice of the next CALL. The caller asks `next`, renders the job, says `sent` or `skipped`, and reports what came."""

    __slots__ = (
        "_booted",
        "_count",
        "_first",
        "_hand",
        "_head",
        "_last_beat_s",
        "_last_sent_s",
        "_next_record",
        "_prefix",
        "_rng",
        "_settled",
        "_tray",
        "_waiting",
        "beat_s",
        "boot_at_s",
        "connected",
        "news",
        "open",
        "proven",
        "registration",
    )

    def __init__(self, next_record: Callable[[], QueuedRecord | None], rng: Random) -> None:
        """`next_record` reads the oldest queued record; `rng` draws the prefix of message ids."""
        self._next_record = next_record
        self._rng = rng
        self.connected = False
        self.registration: Registration | None = None
        """As last answered; kept over a mere reconnect."""
        self.boot_at_s = 0.0
        """While not Accepted: not before this."""
        self.beat_s = 0.0
        """Heartbeat interval; 0: none."""
        self.open: OpenCall | None = None
        self.proven = False
        """The central system has answered a CALL on this connection."""
        self.news = StatusNews()
        self._first = False
        """The answer in work is the first one on this connection."""
        self._booted = False
        """This connection knows of our registration by a BootNotification of its own, or will."""
        self._tray = Tray()
        self._last_sent_s = self._last_beat_s = 0.0
        self._waiting = False
        """There may be a record."""
        self._head: Head | None = None
        self._hand: Head | None = None
        """The record that is being rendered."""
        self._settled: tuple[RecordId, int] | None = None
        """The record whose delivery or parking may not be on the disk yet."""
        self._prefix = ""
        self._count = 0

    # --- what is to be sent -----------------------------------------------------------------------------------------------------------

    @property
    def accepted(self) -> bool:
        """Connected and registered."""
        return self.connected and self.registration is Registration.ACCEPTED

    def ask(self, question: Question) -> bool:
        """Take a question; False: it can't be asked now, and is not kept."""
        return self.accepted and self._tray.ask(question)

    def announce(self, effect: AnnounceReading) -> bool:
        """Take a reading; False: nobody is there to hear it, or not allowed to."""
        # OCPP 1.6 §4.2: while pending, only what the central system triggered is sent
        triggered = self.registration is Registration.PENDING and effect.reading.context is ReadingContext.TRIGGER
        if not self.connected or not (self.accepted or triggered):
            return False
        self._tray.announce(effect)
        return True

    def trigger(self, outgoings: tuple[Outgoing, ...]) -> None:
        """The central system asked for these. One that already waits is not sent twice."""
        self._tray.trigger(outgoings)

    def follow(self, outgoings: tuple[Outgoing, ...]) -> None:
        """The parts of a report that the central system asked for on this connection."""
        self._tray.follow(outgoings)

    def tell(self, notices: tuple[Told, ...]) -> None:
        """Notices: sent once, in order, on this connection or a later one; the oldest goes when there are too many."""
        self._tray.tell(notices)

    def trigger_boot(self) -> None:
        """The central system asked for BootNotification."""
        self._tray.boot = Boot(triggered=True)

    def trigger_beat(self) -> None:
        """The central system asked for a heartbeat."""
        self._tray.beat = True

    def wake(self) -> None:
        """There may be a new record, or one was settled."""
        self._waiting = True

    def restart(self) -> None:
        """The station presents itself as freshly started: BootNotification comes first on the next connection."""
        self.registration = None
        self.boot_at_s = 0.0

    def next(self, now_s: float) -> Job | None:
        """The next CALL; None: none now. Call again after `skipped`."""
        if not self.connected or self.open is not None:
            return None
        match self.registration:
            case Registration.ACCEPTED:
                return self._next_accepted(now_s)
            case Registration.PENDING:
                return self._next_boot(now_s) or self._next_triggered()
            case Registration.REJECTED | None:
                return self._next_boot(now_s)
            case _:
                assert_never(self.registration)

    def _next_boot(self, now_s: float) -> Job | None:
        # OCPP 1.6 §4.2: while Pending the central system may ask for it before the interval is over; while Rejected nobody asks anything
        if self._tray.boot is not None and self.registration is not Registration.REJECTED:
            return self._tray.boot
        return Boot() if now_s >= self.boot_at_s else None

    def _next_triggered(self) -> Job | None:
        return Beat() if self._tray.beat else self._tray.errand() or self._tray.reading()

    def _next_accepted(self, now_s: float) -> Job | None:
        tray = self._tray
        if (urgent := tray.boot or tray.question(now_s) or tray.errand()) is not None:
            return urgent
        if self.news.stale or (self.news.due_s is not None and self.news.due_s <= now_s):
            return News()
        if (notice := tray.notice()) is not None:
            return notice
        if tray.beat or now_s >= self._beat_due_s():
            return Beat()
        return tray.reading() or self._next_delivery(now_s)

    def _beat_due_s(self) -> float:
        if self.beat_s <= 0:
            return float("inf")
        return min(self._last_sent_s + self.beat_s, self._last_beat_s + BEAT_MAX_S)

    def _next_delivery(self, now_s: float) -> Job | None:
        if not self._waiting or (self._head is not None and now_s < self._head.not_before_s):
            return None
        row = self._next_record()
        if row is None or (row.id, row.rounds) == self._settled:
            # nothing there, or its settling is on the way to the disk: `wake` follows
            self._waiting = False
            return None
        if self._head is None or self._head.key != (row.id, row.rounds):
            self._head = head_of(row)
        self._hand = self._head
        return Deliver(self._head)

    def skipped(self, job: Job) -> None:
        """There turned out to be nothing to send; a record without a message counts as delivered."""
        self._take(job)
        if isinstance(job, Deliver):
            self._settle(job.head)

    def sent(self, job: Job, outgoing: Outgoing, now_s: float) -> str:
        """It is on the wire under the id returned, which this connection has not seen before."""
        assert self.open is None
        self._take(job)
        if isinstance(job, Deliver):
            job.head.outgoing = outgoing
            used = message_id(job.head, outgoing)
        else:
            self._count += 1
            used = f"{self._prefix}-{self._count:x}"
        self.open = OpenCall(id=used, job=job, action=outgoing.action, sent_s=now_s)
        self._last_sent_s = now_s
        if isinstance(job, Beat | Boot):
            self._last_beat_s = now_s
        return used

    def _take(self, job: Job) -> None:
        self._hand = None
        self._booted |= isinstance(job, Boot)
        self._tray.take(job)

    # --- what comes back --------------------------------------------------------------------------------------------------------------

    def answered(self, answered_id: str) -> Job | None:
        """An answer came. None: nobody asked on this connection, or no longer; it is ignored."""
        if self.open is None or self.open.id != answered_id:
            return None
        job, self.open = self.open.job, None
        self._first, self.proven = not self.proven, True
        return job

    def delivered(self, job: Deliver) -> None:
        """The record has arrived; the next one follows as soon as that is on the disk."""
        self._settle(job.head)

    def refused(self, job: Job, code: str, description: str, *, patience: Patience, now_s: float, utc_ms: int) -> Verdict | None:
        """The answer was an error. The verdict is about a record, and is to be kept."""
        if self._first and not self._booted:
            # whoever has lost our registration answers the first message after a reconnect with an error
            self._tray.boot = self._tray.boot or Boot()
        if not isinstance(job, Deliver):
            return None
        verdict = refused(job.head, code, description, patience=patience, now_s=now_s, utc_ms=utc_ms)
        self._keep(job.head, verdict)
        return verdict

    def registered(self, registration: Registration, *, now_s: float, wait_s: float) -> None:
        """BootNotification was answered; without Accepted it is repeated after `wait_s`."""
        self.registration = registration
        self.boot_at_s = now_s + wait_s
        # a round of statuses follows, before any transaction message: some central systems refuse a connector they have not heard of
        self.news.forget()
        self._waiting = True

    def boot_failed(self, *, now_s: float, wait_s: float) -> None:
        """BootNotification was answered with an error or with nonsense: as it was before, and again after `wait_s`."""
        self.boot_at_s = now_s + wait_s

    # --- connections ------------------------------------------------------------------------------------------------------------------

    def translate(self, spell: Callable[[Notice], tuple[Told, ...]]) -> None:
        """Another version is spoken from now on: the station registers anew, and what waits to be told is spelled in it."""
        self.restart()
        self.news.forget()
        if self._head is not None:
            self._head.outgoing = None
        self._tray.translate(spell)

    def connect(self, now_s: float, *, remembered: bool = False) -> None:
        """A new connection; `remembered`: the central system still knows the statuses that were told on the last one."""
        self.connected = True
        self.proven = False
        self._booted = self.registration is not Registration.ACCEPTED
        self._prefix = f"{self._rng.getrandbits(64):016x}"
        self._count = 0
        self._last_sent_s = now_s
        self._waiting = True
        if remembered:
            self.news.resume()
        else:
            self.news.forget()

    def lost(self, ending: Ending, *, patience: Patience, utc_ms: int) -> Loss:
        """The connection ended. Questions die with it, announcements are made anew on the next one, the record keeps its place."""
        verdict: Verdict | None = None
        match self.open:
            case OpenCall(job=Deliver(head=head), id=message):
                verdict = unanswered(head, message, ending, patience=patience, utc_ms=utc_ms)
                self._keep(head, verdict)
            case OpenCall(job=News()):
                self.news.forget()
            case None if self._hand is not None and isinstance(ending, Broken):
                # it could not even be rendered or written
                verdict = unanswered(self._hand, self._hand.message, ending, patience=patience, utc_ms=utc_ms)
                self._keep(self._hand, verdict)
            case _:
                pass
        if isinstance(ending, Silent) and not self.proven and not self._booted:
            # connected, mute, and the registration dates from another connection: start over
            self.restart()
        questions = self._tray.lost(None if self.open is None else self.open.job)
        self.connected = False
        self.open = self._hand = None
        return Loss(questions=questions, verdict=verdict)

    # --- time -------------------------------------------------------------------------------------------------------------------------

    def due_s(self) -> float:
        """When `next` may have something that it does not have now; infinity: only something new can change that."""
        if not self.connected or self.open is not None:
            return float("inf")
        if self.registration is not Registration.ACCEPTED:
            return self.boot_at_s
        due_s = self._beat_due_s()
        if self.news.due_s is not None:
            due_s = min(due_s, self.news.due_s)
        if self._waiting and self._head is not None:
            due_s = min(due_s, self._head.not_before_s)
        return due_s

    # --- records ----------------------------------------------------------------------------------------------------------------------

    def _settle(self, head: Head) -> None:
        self._settled = head.key
        if self._head is head:
            self._head = None

    def _keep(self, head: Head, verdict: Verdict | None) -> None:
        """A parked record is settled; any other stays the head."""
        if isinstance(verdict, Park):
            self._settle(head)
