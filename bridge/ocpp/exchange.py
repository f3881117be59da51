"""What is said on one link: jobs become frames, answers become events, requests become answers. Time and sockets are the link's.

Everything runs in the call it comes in with, so that a question is on the wire before `perform` returns.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

from bridge.clock import BUILT_MS
from bridge.core.backend import Among, AuthorizeAnswered, AuthorizeFailed, ReadingRequested, RecordDelivered
from bridge.core.effects import AnnounceReading, AnnounceStatus, Answer, AskAuthorize, Tell
from bridge.core.state import Asking
from bridge.core.values import RequestId
from bridge.errors import CsmsRefused
from bridge.ocpp.attempts import Again, Ending, Park, Patience, Verdict
from bridge.ocpp.conformity import Conformity
from bridge.ocpp.delivery import Delivery
from bridge.ocpp.dialect import Dialect, Errand, JsonObject, Outgoing, Registration
from bridge.ocpp.failures import printable
from bridge.ocpp.frames import BadFrame, Call, CallError, CallResult, Frame, decode, encode
from bridge.ocpp.inbound import Answered, Arrival, Handed, Ignored, Inbound
from bridge.ocpp.jobs import Announced, Beat, Boot, Deliver, Job, News, Question, Told, Triggered
from bridge.ocpp.ports import Station
from bridge.ocpp.setup import LinkSetup
from bridge.ocpp.speech import Speech
from bridge.ocpp.standing import Standing
from bridge.ocpp.transcript import Transcript
from bridge.ocpp.validation import Kind, Version
from bridge.ocpp.wire import Wire

LinkEffect: TypeAlias = AskAuthorize | AnnounceStatus | AnnounceReading | Answer | Tell
"""What there is to say."""

NONSENSE = "GenericError"
"""How an answer counts that can't be read: an error of the moment, tried again by itself after parking."""

log = logging.getLogger("bridge.ocpp")


class Exchange:
    """Both directions of one link. The wire comes and goes; what was registered stays."""

    __slots__ = (
        "_clock",
        "_conformity",
        "_greeted",
        "_lost_s",
        "_settings",
        "_soon",
        "_station",
        "_transcript",
        "delivery",
        "held",
        "inbound",
        "speech",
        "standing",
        "watch",
        "wire",
    )

    def __init__(self, station: Station, dialects: Sequence[Dialect], setup: LinkSetup, soon: Callable[[Callable[[], None]], None]) -> None:
        """`soon` runs something after the present call, for what must not happen inside an effect."""
        self._station = station
        self._clock = setup.clock
        self._transcript = Transcript(self.name, setup.hide, setup.note)
        self._settings = setup.settings
        self._soon = soon
        self._greeted = False
        self._lost_s: float | None = None
        """When the last connection ended."""
        self.speech = Speech(station, dialects, setup.nameplate)
        self._conformity = Conformity(self.name, self.speech.version)
        self.delivery = Delivery(station.next_record, setup.rng)
        self.inbound = Inbound(self._dialect, station, setup.settings.request_s, setup.nameplate)
        self.watch = self._dialect.watch(setup.settings.second_s)
        self.wire: Wire | None = None
        self.held = False
        """Nothing new is sent: the link is about to be closed."""
        self.standing = Standing(self.name, setup.clock, setup.settings.intervals, setup.on_time)

    # --- what is watched --------------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Something changed, or a period is over: tell what the central system wants to be told of by itself."""
        if self.watch is not None:
            context = self.inbound.context(self._clock.stamp(), RequestId(""), self.delivery.registration, self.standing.interval_s)
            told = self.watch.look(context, online=self.delivery.accepted)
            if told:
                self.delivery.tell(tuple(map(Told, told)))
                self.pump()

    def look_due_s(self) -> float:
        """When a look is due although nothing changes (mono); infinity: never."""
        return float("inf") if self.watch is None or not self.delivery.accepted else self.watch.due_s

    # --- out --------------------------------------------------------------------------------------------------------------------------

    def perform(self, effect: LinkEffect) -> None:
        """Say it, now if the link is free."""
        now_s = self._clock.mono_s()
        match effect:
            case AskAuthorize():
                self._ask(effect, now_s)
            case AnnounceStatus():
                self._status_changed(now_s)
            case AnnounceReading():
                self.delivery.announce(effect)
            case Tell(notice=notice):
                self.delivery.tell(self.speech.notice(notice))
            case Answer():
                result = self.inbound.answer(effect)
                if result is not None:
                    self._write(result)
            case _:
                assert_never(effect)
        self.pump()

    def _ask(self, effect: AskAuthorize, now_s: float) -> None:
        pending = self._station.state.pending
        known = isinstance(pending, Asking) and pending.question == effect.question
        until_s = pending.until_s if isinstance(pending, Asking) and known else now_s + self._station.state.rules.question_s
        if not self.delivery.ask(Question(effect=effect, until_s=until_s)):
            self._question_failed(effect)

    def _status_changed(self, now_s: float) -> None:
        self.delivery.news.stale = True
        minimum_s = self._minimum_status_s()
        if minimum_s > 0 and self.delivery.accepted:
            # from now on it has to last
            self.delivery.news.next(self._dialect.statuses(self._station.state), now_s, minimum_s)

    def pump(self) -> None:
        """Send what may be sent."""
        wire = self.wire
        settings = self._station.state.settings
        self.delivery.beat_s = (settings.heartbeat_s or self.standing.interval_s) * self._settings.second_s
        now_s = self._clock.mono_s()
        while wire is not None and not self.held and (job := self.delivery.next(now_s)) is not None:
            outgoing = self._render_status(now_s) if isinstance(job, News) else self.speech.render(job)
            if outgoing is None:
                self._skip(job)
            else:
                self._conformity.check(outgoing.action, Kind.REQUEST, outgoing.payload)
                used = self.delivery.sent(job, outgoing, now_s)
                self._write(Call(message_id=used, action=outgoing.action, payload=outgoing.payload))

    def _render_status(self, now_s: float) -> Outgoing | None:
        news = self.delivery.news
        picked = news.next(self._dialect.statuses(self._station.state), now_s, self._minimum_status_s())
        if picked is None:
            return None
        place, status = picked
        news.told(place, status)
        return status

    def _skip(self, job: Job) -> None:
        self.delivery.skipped(job)
        if isinstance(job, Deliver):
            row = job.head.row
            event = RecordDelivered(record=row.id, session=row.record.session, **self._clock.stamp())
            self._soon(lambda: self._station.handle(event))

    def _write(self, frame: Frame) -> None:
        assert self.wire is not None
        text = encode(frame).decode()
        self._transcript.frame(">", text, self.delivery.open)
        self.wire.send(text)

    # --- in ---------------------------------------------------------------------------------------------------------------------------

    def received(self, data: bytes) -> str | None:
        """A frame came; returns the reply to write, after which `errands` are run."""
        self._transcript.frame("<", data, self.delivery.open)
        frame = decode(data)
        match frame:
            case Call():
                return self._asked(frame)
            case CallResult(message_id=message_id, payload=payload):
                action = self.delivery.open.action if self.delivery.open is not None else ""
                job = self.delivery.answered(message_id)
                if job is None:
                    self._transcript.ignored("an answer to nothing that is open")
                else:
                    self._conformity.check(action, Kind.RESPONSE, payload)
                    self._answered(job, payload)
            case CallError(message_id=message_id, code=code, description=description):
                self._failed(message_id, code, description)
            case BadFrame(message_id=message_id, call=call):
                self._transcript.ignored(f"a frame: {frame.fault.value}")
                if message_id is not None and not call:
                    # a broken answer is an answer: nothing else will come under this id
                    self._failed(message_id, NONSENSE, frame.fault.value)
                error = self.inbound.unreadable(frame)
                return None if error is None else self._encoded(error)
            case _:
                assert_never(frame)
        return None

    def _answered(self, job: Job, payload: JsonObject) -> None:
        stamp = self._clock.stamp()
        try:
            match job:
                case Boot():
                    self._registered(payload)
                case Beat():
                    self.standing.set_time(self._dialect.heartbeat_ms(payload))
                case Question(effect=effect):
                    info = self._dialect.authorized(payload)
                    self._station.handle(AuthorizeAnswered(question=effect.question, info=info, tag=effect.tag, **stamp))
                case Deliver(head=head):
                    event = self._dialect.delivered(head.row.id, head.row.record, payload, stamp)
                    self.delivery.delivered(job)
                    self._station.handle(event)
                case News() | Announced() | Triggered() | Told():
                    pass
                case _:
                    assert_never(job)
        except CsmsRefused as refused:
            self._refused(job, NONSENSE, str(refused))

    def _failed(self, message_id: str, code: str, description: str) -> None:
        told = printable(self._transcript.masked(description, self.delivery.open))
        job = self.delivery.answered(message_id)
        if job is None:
            self._transcript.ignored("an error about nothing that is open")
        else:
            self._refused(job, printable(code), told)

    def _refused(self, job: Job, code: str, description: str) -> None:
        """The central system answered with an error, which is an answer."""
        now_s = self._clock.mono_s()
        log.info("%s: - the central system answers with an error: %s %s", self.name, code, description)
        verdict = self.delivery.refused(job, code, description, patience=self.patience(), now_s=now_s, utc_ms=self._clock.utc_ms())
        self._keep(verdict)
        match job:
            case Boot():
                wait_s = self.standing.failed(code, accepted=self.delivery.accepted) * self._settings.second_s
                self.delivery.boot_failed(now_s=now_s, wait_s=wait_s)
            case Question(effect=effect):
                self._question_failed(effect)
            case _:
                pass

    def _registered(self, payload: JsonObject) -> None:
        answer = self._dialect.registered(payload)
        wait_s = self.standing.registered(answer) * self._settings.second_s
        self.delivery.registered(answer.status, now_s=self._clock.mono_s(), wait_s=wait_s)
        if answer.status is Registration.ACCEPTED:
            self._greet()
            if self._clock.utc_ms() < BUILT_MS:
                self.delivery.trigger_beat()  # it does not tell the time, for which records wait: ask once more

    def _greet(self) -> None:
        """Once in each life of the station, however often it has to register."""
        greetings = () if self._greeted else self._dialect.greetings(self._station.state)
        self._greeted = self._greeted or bool(greetings)
        self.delivery.tell(tuple(Told(greeting) for greeting in greetings))

    def begin_anew(self) -> None:
        """The station presents itself as freshly started."""
        self._greeted = False
        self.delivery.restart()

    # --- requests ---------------------------------------------------------------------------------------------------------------------

    def _asked(self, call: Call) -> str | None:
        arrival = Arrival(
            call=call,
            now_s=self._clock.mono_s(),
            stamp=self._clock.stamp(),
            request=RequestId(self._clock.fresh()),
            registration=self.delivery.registration,
            heartbeat_s=self.standing.interval_s,
        )
        match self.inbound.received(arrival):
            case Answered() as answered:
                for errand in answered.errands:
                    self._run(errand, answered.connector)
                self.delivery.follow(answered.messages)
                if answered.event is not None:
                    event = answered.event
                    self._soon(lambda: self._station.handle(event))
                return self._encoded(answered.frame)
            case Handed(event=event):
                self._station.handle(event)
            case Ignored():
                self._transcript.ignored("a request while the central system rejects this charge point")
        return None

    def _run(self, errand: Errand, connector: int | None) -> None:
        """Queue what is to follow the reply."""
        match errand:
            case Errand.BOOT:
                self.delivery.trigger_boot()
            case Errand.HEARTBEAT:
                self.delivery.trigger_beat()
            case Errand.READING | Errand.TRANSACTION:
                event = ReadingRequested(among=self._among(errand), **self._clock.stamp())
                self._soon(lambda: self._station.handle(event))
            case _:
                self.delivery.trigger(self._dialect.errand(errand, self._station.state, connector))

    def _among(self, errand: Errand) -> Among:
        if errand is Errand.TRANSACTION:
            return Among.TRANSACTION
        return Among.READINGS if self._dialect.speaks_of_transactions else Among.ANY

    def expire(self, now_s: float) -> None:
        """Answer the requests that the core has left waiting."""
        for error in self.inbound.expired(now_s):
            self._write(error)

    # --- connections ------------------------------------------------------------------------------------------------------------------

    def connect(self, wire: Wire, now_s: float) -> None:
        """A new connection, in the version that was agreed on."""
        if self.speech.agree(wire.subprotocol):
            log.info("%s: - %s is spoken from now on", self.name, wire.subprotocol)
            self.standing.problem = None
            self._conformity = Conformity(self.name, self.speech.version)
            self.inbound.speak(self._dialect)
            self.watch = self._dialect.watch(self._settings.second_s)
            self.delivery.translate(self.speech.notice)
        self.wire = wire
        self.delivery.connect(now_s, remembered=self._is_remembered(now_s))

    def _is_remembered(self, now_s: float) -> bool:
        # OCPP 2.0.1 B04.FR.01: after an outage longer than OfflineThreshold all statuses are told again, FR.02: else what has changed
        threshold_s = self._station.state.settings.offline_threshold_s * self._settings.second_s
        return self.speech.version is Version.V201 and self._lost_s is not None and now_s - self._lost_s <= threshold_s

    def end(self, ending: Ending) -> None:
        """The wire is gone."""
        self.wire = None
        self.held = False
        self._lost_s = self._clock.mono_s()
        loss = self.delivery.lost(ending, patience=self.patience(), utc_ms=self._clock.utc_ms())
        self.inbound.forget()
        for effect in loss.questions:
            self._question_failed(effect)
        self._keep(loss.verdict)

    def patience(self) -> Patience:
        """How often and how slowly records are tried, as the central system set it."""
        settings = self._station.state.settings
        return Patience(attempts=settings.attempts, retry_s=settings.retry_s * self._settings.second_s)

    # --- small things -----------------------------------------------------------------------------------------------------------------

    @property
    def _dialect(self) -> Dialect:
        return self.speech.dialect

    @property
    def name(self) -> str:
        """The charge point, for the log."""
        return self._station.state.rules.charge_point

    def _minimum_status_s(self) -> float:
        return self._station.state.settings.minimum_status_s * self._settings.second_s

    def _question_failed(self, effect: AskAuthorize) -> None:
        event = AuthorizeFailed(question=effect.question, **self._clock.stamp())
        self._soon(lambda: self._station.handle(event))

    def _keep(self, verdict: Verdict | None) -> None:
        """Write down how a record fared."""
        station = self._station
        match verdict:
            case Again(record=record, attempts=attempts, message=message, error=error):
                self._soon(lambda: station.record_sent(record, attempts=attempts, message=message, error=error))
            case Park(record=record, session=session, error=error, retry_ms=retry_ms):
                log.warning("%s: = a message of session %s is put aside: %s", self.name, session, error)
                self._soon(lambda: station.record_parked(record, session, error=error, retry_ms=retry_ms))
            case None:
                pass

    def _encoded(self, frame: CallResult | CallError) -> str:
        text = encode(frame).decode()
        self._transcript.frame(">", text, self.delivery.open)
        return text
