"""A charge point as a link sees it: a state that tests change, an outbox in memory, and a list of what it was told."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeVar

from bridge.clock import Clock
from bridge.core.backend import RecordDelivered
from bridge.core.effects import AskAuthorize, Record
from bridge.core.events import AnyEvent
from bridge.core.settings import Settings
from bridge.core.state import State
from bridge.core.values import IdTag, Person, QuestionId, RecordId, SessionId, TagInfo
from bridge.ocpp.attempts import Head
from bridge.ocpp.backoff import Intervals, Pace
from bridge.ocpp.dialect import Dialect, Nameplate, Outgoing
from bridge.ocpp.link import AnyLinkEffect, Link
from bridge.ocpp.privacy import hidden
from bridge.ocpp.setup import LinkSettings, LinkSetup
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.websocket import Opener, SocketSettings
from bridge.ocpp.wire import Connect, Endpoint
from tests.ocpp.worlds import SAMPLE, SESSION, START, STOP, TAG, charge_point, nothing_known, person_of
from tests.peers.waiting import TIMEOUT_S, Bell

MS = 0.001
"""Times of tests are multiples of it."""
SESSION_RECORDS = (START, SAMPLE, STOP)
AnyEventType = TypeVar("AnyEventType")

FAST = LinkSettings(
    call_timeout_s=300 * MS,
    pong_s=100 * MS,
    request_s=100 * MS,
    restart_s=1000 * MS,
    settle_s=100 * MS,
    replay_s=50 * MS,
    second_s=MS,
    pace=Pace(first_s=20 * MS, cap_s=80 * MS, floor_s=5 * MS, patient_s=40 * MS),
    intervals=Intervals(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A queued record."""

    id: RecordId
    record: Record
    attempts: int = 0
    rounds: int = 0
    message: str | None = None
    backend_id: str | None = None
    start_parked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRow:
    """A record that was put aside."""

    row: Row
    error: str
    retry_ms: int | None


class FakeStation:
    """Implements `bridge.ocpp.ports.Station`. What it settles is settled a moment later, as with a disk."""

    def __init__(self, *, settings: Settings | None = None) -> None:
        self.state: State = charge_point(settings=settings or Settings(ping_s=0))
        self.link: Link | None = None
        self.events: list[AnyEvent] = []
        self.queue: list[Row] = []
        self.delivered: list[Row] = []
        self.parked: list[ParkedRow] = []
        self.shown: list[tuple[bool, str | None, str | None]] = []
        self.replays = 0
        self.version: str | None = None
        """As told by the link."""
        self.on_event: Callable[[AnyEvent], None] = lambda _event: None
        self._names: dict[SessionId, str] = {}
        self._bell = Bell()

    # --- what tests do ----------------------------------------------------------------------------------------------------------------

    def record(self, *records: Record) -> None:
        """Commit records."""
        first = 1 + max((row.id for row in [*self.queue, *self.delivered, *[kept.row for kept in self.parked]]), default=0)
        self.queue += [Row(id=RecordId(first + place), record=record) for place, record in enumerate(records)]
        self.wake()

    def change(self, **settings: Any) -> None:  # noqa: ANN401 - fields of Settings
        """Change settings."""
        self.state = replace(self.state, settings=replace(self.state.settings, **settings))

    def perform(self, effect: AnyLinkEffect) -> None:
        """Tell the link to do something."""
        assert self.link is not None
        self.link.perform(effect)

    async def close(self) -> None:
        """Close the link."""
        assert self.link is not None
        await self.link.close()

    def of(self, kind: type[AnyEventType]) -> list[AnyEventType]:
        """Its events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def heard(self, kind: type[AnyEventType], times: int = 1) -> AnyEventType:
        """The so-manieth event of this kind; waits for it."""
        await self.until(lambda: len(self.of(kind)) >= times, f"{times} {kind.__name__}")
        return self.of(kind)[times - 1]

    async def until(self, look: Callable[[], bool], what: str = "it") -> None:
        """Wait for it."""
        await self._bell.until(lambda: True if look() else None, lambda: f"{what}: {self.events} {self.shown}", timeout_s=TIMEOUT_S)

    @property
    def error(self) -> str | None:
        """What is shown to be wrong with the link."""
        return self.shown[-1][2] if self.shown else None

    def wake(self) -> None:
        if self.link is not None:
            self.link.wake()

    # --- Station ----------------------------------------------------------------------------------------------------------------------

    def handle(self, event: AnyEvent) -> None:
        self.events.append(event)
        if isinstance(event, RecordDelivered):
            if event.backend_id is not None:
                self._names[event.session] = event.backend_id
            self._settle(event.record, self.delivered.append)
        self.on_event(event)
        self._bell.ring()

    def next_record(self) -> Row | None:
        if not self.queue:
            return None
        row = self.queue[0]
        start_parked = any(kept.row.record.session == row.record.session and kept.row.record.sequence == 0 for kept in self.parked)
        return replace(row, backend_id=self._names.get(row.record.session), start_parked=start_parked)

    def is_queued(self, session: SessionId | None) -> bool:
        return any(session in {None, row.record.session} for row in self.queue)

    def record_sent(self, record: RecordId, *, attempts: int, message: str | None, error: str | None = None) -> None:
        self.queue = [replace(row, attempts=attempts, message=message) if row.id == record else row for row in self.queue]
        self._bell.ring()

    def record_parked(self, record: RecordId, session: SessionId, *, error: str, retry_ms: int | None) -> None:
        self._settle(record, lambda row: self.parked.append(ParkedRow(row=row, error=error, retry_ms=retry_ms)))

    def replay_due(self) -> None:
        self.replays += 1
        self._bell.ring()

    def person(self, tag: IdTag) -> Person:
        return person_of(tag)

    def known_tag(self, tag: IdTag) -> TagInfo | None:
        return nothing_known(tag)

    def listed_tag(self, tag: IdTag) -> TagInfo | None:
        return nothing_known(tag)

    def list_size(self) -> int:
        return 0

    def link_changed(self, *, connected: bool, boot_status: str | None, error: str | None, version: str) -> None:
        self.shown.append((connected, boot_status, error))
        self.version = version
        self._bell.ring()

    def _settle(self, record: RecordId, keep: Callable[[Row], None]) -> None:
        def settled() -> None:
            for row in [row for row in self.queue if row.id == record]:
                self.queue.remove(row)
                keep(row)
            self.wake()
            self._bell.ring()

        asyncio.get_running_loop().call_later(2 * MS, settled)


def hide(text: str) -> str:
    """As in life: the fields that carry tags."""
    return hidden(text, mask=lambda _: "…")


def link_to(
    station: FakeStation,
    url: str,
    *,
    settings: LinkSettings = FAST,
    connect: Connect | None = None,
    endpoint: Endpoint | None = None,
    open_s: float = 2.0,
    dialects: Sequence[Dialect] = (Dialect16(),),
) -> Link:
    """A link that is not running yet."""
    clock = Clock()
    setup = LinkSetup(
        endpoint=endpoint or Endpoint(url=f"{url}/CP1", identity="CP1", subprotocols=tuple(dialect.subprotocol for dialect in dialects)),
        nameplate=Nameplate(vendor="Example", model="Carport"),
        clock=clock,
        rng=Random(7),
        connect=connect or Opener(clock.utc_ms, SocketSettings(open_s=open_s, address_s=open_s, close_s=200 * MS)),
        hide=hide,
        settings=settings,
    )
    station.link = Link(station, dialects, setup)
    return station.link


def question(name: str = "question-1") -> AskAuthorize:
    """A tap."""
    return AskAuthorize(question=QuestionId(name), tag=TAG)


def outgoing(action: str = "MeterValues", **payload: Any) -> Outgoing:  # noqa: ANN401 - any payload
    """Any CALL."""
    return Outgoing(action, payload)


def records_of(session: str) -> Sequence[Record]:
    """Start, sample and stop of a session."""
    return [replace(record, session=SessionId(session)) for record in SESSION_RECORDS]


__all__ = ["FAST", "MS", "SESSION", "FakeStation", "Head", "ParkedRow", "Row", "hide", "link_to", "outgoing", "question", "records_of"]
