"""A charge point on the bench: virtual time, the words of the domain, and everything the core asked for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from bridge.core.backend import (
    AuthorizeAnswered,
    AuthorizeFailed,
    AvailabilityRequested,
    BackendOffline,
    BackendOnline,
    RecordDelivered,
    RemoteStartRequested,
    RemoteStopRequested,
    ResetKind,
    ResetRequested,
    SettingChangeRequested,
)
from bridge.core.clockwork import deadline_s
from bridge.core.effects import (
    AnnounceReading,
    AnnounceStatus,
    Answer,
    AnyEffect,
    AskAuthorize,
    Command,
    CommandHardware,
    Decide,
    Decision,
    EntryKind,
    HistoryEntry,
    Outcome,
    Record,
    RecordSample,
    RecordStart,
    RecordStop,
    RecordUpdate,
    WriteHistory,
)
from bridge.core.energy import command
from bridge.core.event import Event
from bridge.core.events import (
    AnyEvent,
    BrokerLost,
    BrokerSynchronised,
    Door,
    EnergyManaged,
    MeterReported,
    Origin,
    PriceChanged,
    Restarted,
    StopPressed,
    StorageChanged,
    TagPresented,
    TimePassed,
    WallboxReported,
)
from bridge.core.settings import Rules, Settings
from bridge.core.state import BackendSession, Kept, LocalSession, State
from bridge.core.status import reported_status, status
from bridge.core.step import step
from bridge.core.values import (
    ChargePointId,
    IdTag,
    Instant,
    Mode,
    Person,
    QuestionId,
    ReaderId,
    RecordId,
    RequestId,
    SessionId,
    TagInfo,
    UserId,
    Verdict,
)
from bridge.core.view import View, view

TEN_O_CLOCK_MS = 1_795_341_600_000
"""2026-11-22T10:00:00Z."""
STEPS_MAX = 5000
"""More deadlines than that in one passing of time is a loop that never waits."""

# --- who stands in front of it ---------------------------------------------------------------------------------------------------

ANNA = Person(user=UserId("anna"), name="Anna", tag=IdTag(text="ANNA-1"), card="04AA", local=True)
"""Has a tag for the backend and the local permission."""
BEN = Person(user=UserId("ben"), name="Ben", tag=IdTag(text="BEN-1"), card="04BB")
"""Has a tag for the backend, and no local permission."""
CARL = Person(user=UserId("carl"), name="Carl", card="04CC", local=True)
"""Has the local permission only."""
DORA = Person(user=UserId("dora"), name="Dora", card="04DD")
"""Is known, and may nothing."""
ROAMER = Person(tag=IdTag(text="04EE"), card="04EE")
"""A roaming card nobody here knows."""
STRANGER = Person(tag=IdTag(text="04FF"), card="04FF")
"""Another one."""

ACCEPTED = TagInfo(verdict=Verdict.ACCEPTED)
FAMILY = TagInfo(verdict=Verdict.ACCEPTED, group="FAMILY")
BLOCKED = TagInfo(verdict=Verdict.BLOCKED)
INVALID = TagInfo(verdict=Verdict.INVALID)
EXPIRED_YESTERDAY = TagInfo(verdict=Verdict.ACCEPTED, expires_ms=TEN_O_CLOCK_MS - 86_400_000)

RECORDS = RecordStart | RecordSample | RecordUpdate | RecordStop
_E = TypeVar("_E")


class Bench:
    """One charge point and the hands that play everything around it."""

    def __init__(self, *, settings: Settings | None = None, kept: Kept | None = None, now_s: float = 1000.0, **rules: Any) -> None:  # noqa: ANN401
        """`rules` are those of `Rules`; the backend is called `fleet`."""
        self.rules = Rules(charge_point=ChargePointId("garage"), **({"backend": "fleet"} | rules))
        self.base = settings or Settings()
        self.now_s = now_s
        self.utc_ahead_ms = TEN_O_CLOCK_MS - round(now_s * 1000)
        self.effects: list[AnyEffect] = []
        self.last: list[AnyEffect] = []
        """What the newest event asked for."""
        self.watchers: list[Callable[[State, AnyEvent, State, tuple[AnyEffect, ...]], None]] = []
        self._drawn = 0
        self.taken = 0
        """Records the backend has."""
        self.state = self._born(kept or Kept())

    def _born(self, kept: Kept) -> State:
        return State(rules=self.rules, settings=self.base, base=self.base, now=self.now, kept=kept)

    # --- time --------------------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        return Instant(mono_s=self.now_s, utc_ms=self.now_ms)

    @property
    def now_ms(self) -> int:
        return round(self.now_s * 1000) + self.utc_ahead_ms

    def fresh(self) -> SessionId:
        self._drawn += 1
        return SessionId(f"id-{self._drawn}")

    def happens(self, kind: type[Event], /, **fields: Any) -> None:  # noqa: ANN401
        """Anything at all, now."""
        self.feed(kind(at=self.now, fresh=self.fresh(), **fields))  # type: ignore[arg-type]

    def feed(self, event: AnyEvent) -> None:
        before = self.state
        made = step(before, event)
        self.state = made.state
        self.last = list(made.effects)
        self.effects += made.effects
        for watch in self.watchers:
            watch(before, event, made.state, made.effects)

    def passes(self, seconds: float) -> None:
        """Time passes; the core is woken whenever it wants to be, and at the end."""
        until_s = self.now_s + seconds
        for _ in range(STEPS_MAX):
            due_s = deadline_s(self.state)
            if due_s is None or due_s > until_s:
                break
            self.now_s = max(self.now_s, due_s)
            self.happens(TimePassed)
        else:
            raise AssertionError("the core asks to be woken again and again without waiting")
        self.now_s = until_s
        self.happens(TimePassed)

    def clock_set(self, by_s: float) -> None:
        """The host's wall clock is put forward, or back."""
        self.utc_ahead_ms += round(by_s * 1000)

    # --- the process -------------------------------------------------------------------------------------------------------------

    def restarts(self, *, planned: bool = False, down_s: float = 60.0, clock_trusted: bool = True) -> None:
        """The process dies and comes back: only what was kept survives, and the monotonic clock begins anew."""
        utc_ms = self.now_ms + round(down_s * 1000)
        self.now_s = 5.0
        self.utc_ahead_ms = utc_ms - round(self.now_s * 1000)
        self.state = self._born(self.state.kept)
        self.happens(Restarted, planned=planned, clock_trusted=clock_trusted)

    def loses_the_last_steps(self, kept: Kept, *, taken: int, records: int) -> None:
        """They never reached the disk: what was kept before them is what there is, and their records were never written."""
        keep = {id(record) for record in self.records[:records]}
        self.effects = [effect for effect in self.effects if not isinstance(effect, RECORDS) or id(effect) in keep]
        self.taken = taken
        self.state = replace(self.state, kept=kept)

    def synchronises(self) -> None:
        self.happens(BrokerSynchronised)

    def loses_the_broker(self) -> None:
        self.happens(BrokerLost)

    def disk(self, *, ok: bool) -> None:
        self.happens(StorageChanged, ok=ok)

    # --- hardware ----------------------------------------------------------------------------------------------------------------

    def wallbox(self, *, live: bool = True, **told: Any) -> None:  # noqa: ANN401
        self.happens(WallboxReported, live=live, **told)

    def plugs(self, plug: str | None = None, *, live: bool = True) -> None:
        if plug is None:
            self.wallbox(plugged=True, live=live)
        else:
            self.wallbox(plugged=True, plug=plug, live=live)

    def unplugs(self, *, live: bool = True) -> None:
        self.wallbox(plugged=False, live=live)

    def meters(self, register_wh: float | None, *, live: bool = True, **told: Any) -> None:  # noqa: ANN401
        self.happens(MeterReported, live=live, register_wh=register_wh, **told)

    def draws(self, power_w: float) -> None:
        """Power only; the register is told by `meters`."""
        self.happens(MeterReported, live=True, power_w=power_w)

    # --- people ------------------------------------------------------------------------------------------------------------------

    def taps(self, person: Person, *, reader: str | None = "door", known: TagInfo | None = None, mode: Mode | None = None) -> Origin:
        origin = Origin(door=Door.READER, id=self.fresh(), reader=None if reader is None else ReaderId(reader))
        self.happens(TagPresented, origin=origin, person=person, known=known, mode=mode)
        return origin

    def presses_start(self, person: Person, *, known: TagInfo | None = None, mode: Mode | None = None) -> Origin:
        origin = Origin(door=Door.APP, id=self.fresh(), user=person.user)
        self.happens(TagPresented, origin=origin, person=replace(person, card=None), known=known, mode=mode, start_only=True)
        return origin

    def presses_stop(self, person: Person) -> Origin:
        assert person.user is not None
        origin = Origin(door=Door.APP, id=self.fresh(), user=person.user)
        self.happens(StopPressed, origin=origin, user=person.user)
        return origin

    def energy(self, source: str = "load", *, everywhere: bool = False, live: bool = True, **said: Any) -> None:  # noqa: ANN401
        self.happens(EnergyManaged, source=source, everywhere=everywhere, live=live, **said)

    def price(self, per_kwh: float | None, *, everywhere: bool = False) -> None:
        self.happens(PriceChanged, everywhere=everywhere, per_kwh=per_kwh)

    # --- the backend -------------------------------------------------------------------------------------------------------------

    def backend_comes(self, *, offset_ms: int = 0) -> None:
        self.happens(BackendOnline, clock_offset_ms=offset_ms)

    def backend_goes(self) -> None:
        self.happens(BackendOffline)

    def answers(self, info: TagInfo, *, question: QuestionId | None = None) -> None:
        """The backend answers the newest question, or the one named."""
        self.happens(AuthorizeAnswered, question=question or self.questions[-1].question, info=info, tag=self.questions[-1].tag)

    def leaves_unanswered(self) -> None:
        """The link reports that no answer will come."""
        self.happens(AuthorizeFailed, question=self.questions[-1].question)

    def takes_record(self, *, backend_id: str | None = None, info: TagInfo | None = None) -> None:
        """The oldest record not yet taken is taken."""
        record = self.records[self.taken]
        self.taken += 1
        self.happens(
            RecordDelivered,
            record=RecordId(self.taken),
            session=record.session,
            starts=isinstance(record, RecordStart),
            backend_id=backend_id,
            info=info,
            tag=record.tag if isinstance(record, RecordStart | RecordStop) else None,
        )

    def remote_start(self, person: Person = ROAMER, *, known: TagInfo | None = None) -> Outcome | None:
        self.happens(RemoteStartRequested, request=RequestId("remote-start"), person=person, known=known)
        return self.outcome

    def remote_stop(self, backend_id: str) -> Outcome | None:
        self.happens(RemoteStopRequested, request=RequestId("remote-stop"), backend_id=backend_id)
        return self.outcome

    def resets(self, kind: ResetKind = ResetKind.SOFT) -> Outcome | None:
        self.happens(ResetRequested, request=RequestId("reset"), kind=kind)
        return self.outcome

    def sets_availability(self, *, operative: bool, station: bool = False) -> Outcome | None:
        self.happens(AvailabilityRequested, request=RequestId("availability"), operative=operative, station=station)
        return self.outcome

    def changes(self, name: str, value: bool | int | str | tuple[str, ...]) -> Outcome | None:
        self.happens(SettingChangeRequested, request=RequestId("change"), name=name, value=value)
        return self.outcome

    # --- what came of it ---------------------------------------------------------------------------------------------------------

    def asked_for(self, kind: type[_E]) -> list[_E]:
        """Every effect of a kind so far."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def just_asked_for(self, kind: type[_E]) -> list[_E]:
        """Those of the newest event."""
        return [effect for effect in self.last if isinstance(effect, kind)]

    @property
    def outcome(self) -> Outcome | None:
        """How the newest event answered the backend; None: not yet."""
        answers = self.just_asked_for(Answer)
        assert len(answers) <= 1
        return answers[0].outcome if answers else None

    @property
    def questions(self) -> list[AskAuthorize]:
        return self.asked_for(AskAuthorize)

    @property
    def decisions(self) -> list[Decision]:
        return [effect.decision for effect in self.asked_for(Decide)]

    @property
    def decided(self) -> tuple[str, str, str]:
        """The newest decision: colour, authority, reason."""
        newest = self.decisions[-1]
        return newest.colour.value, newest.authority.value, newest.why.value

    @property
    def records(self) -> list[Record]:
        return [effect for effect in self.effects if isinstance(effect, RECORDS)]

    @property
    def waits_for_delivery(self) -> bool:
        """Whether there are records the backend has not taken."""
        return self.taken < len(self.records)

    @property
    def recorded(self) -> str:
        """Every record so far, in a word each."""
        return " ".join(type(record).__name__.removeprefix("Record") for record in self.records)

    @property
    def starts(self) -> list[RecordStart]:
        return self.asked_for(RecordStart)

    @property
    def samples(self) -> list[RecordSample]:
        return self.asked_for(RecordSample)

    @property
    def stops(self) -> list[RecordStop]:
        return self.asked_for(RecordStop)

    @property
    def entries(self) -> list[HistoryEntry]:
        return [effect.entry for effect in self.asked_for(WriteHistory)]

    @property
    def gaps(self) -> list[tuple[int, int]]:
        return [(entry.start_wh, entry.end_wh) for entry in self.entries if entry.kind is EntryKind.GAP]

    @property
    def finished(self) -> list[HistoryEntry]:
        return [entry for entry in self.entries if entry.kind is not EntryKind.GAP]

    @property
    def announced(self) -> list[AnnounceReading]:
        return self.asked_for(AnnounceReading)

    @property
    def tells_status(self) -> bool:
        """Whether the newest event changed what the backend is told."""
        return bool(self.just_asked_for(AnnounceStatus))

    @property
    def commanded(self) -> Command:
        """What the hardware was told last."""
        return self.asked_for(CommandHardware)[-1].command

    @property
    def enabled(self) -> bool:
        """Whether energy may flow now."""
        return command(self.state).enabled

    @property
    def status(self) -> str:
        return status(self.state).value

    @property
    def reported(self) -> str:
        return reported_status(self.state).value

    @property
    def view(self) -> View:
        return view(self.state)

    @property
    def session(self) -> BackendSession | LocalSession:
        session = self.state.kept.session
        assert isinstance(session, BackendSession | LocalSession)
        return session

    @property
    def runs(self) -> str:
        """`nothing`, `backend` or `local`; with `ending` where it is."""
        session = self.state.kept.session
        kind = {BackendSession: "backend", LocalSession: "local"}.get(type(session), "nothing")
        return f"{kind} ending" if getattr(session, "ending", None) else kind

    @property
    def alerts(self) -> set[str]:
        return {str(name) for name in self.state.alerts}

    def forget(self) -> None:
        """What was asked for so far has been looked at. Records stay countable for delivery."""
        self.effects = list(self.records)
        self.last = []


# --- benches that have come some way --------------------------------------------------------------------------------------------


def ready(*, register_wh: int = 1000, settings: Settings | None = None, kept: Kept | None = None, **rules: Any) -> Bench:  # noqa: ANN401
    """Started, the broker and the backend there, no vehicle, the meter quiet at 1000 Wh."""
    bench = Bench(settings=settings, kept=kept, **rules)
    bench.happens(Restarted, planned=True)
    bench.unplugs()
    bench.meters(register_wh, power_w=0.0)
    bench.synchronises()
    bench.backend_comes()
    return bench


def plugged(**given: Any) -> Bench:  # noqa: ANN401
    """A vehicle waits."""
    bench = ready(**given)
    bench.plugs()
    return bench


def charging(person: Person = ROAMER, *, info: TagInfo = ACCEPTED, **given: Any) -> Bench:  # noqa: ANN401
    """A session runs: the backend's where it accepts, else local."""
    bench = plugged(**given)
    bench.taps(person)
    if bench.just_asked_for(AskAuthorize):
        bench.answers(info)
    bench.wallbox(charging=True)
    bench.draws(7000.0)
    return bench
