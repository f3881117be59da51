"""A small central system for OCPP 1.6-J: real websockets, and the `ocpp` package's ChargePoint on top of them.

It knows some tags, names transactions, keeps a book of its own, and can go away and come back on the same port. It proves nothing about
the bridge by itself: both could misread the specification in the same way (tests use an independent one).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum, unique
from http import HTTPStatus
from typing import Any, TypeAlias

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, DataTransferStatus, RegistrationStatus
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from bridge.demo.book import Book, StartKey, Transaction

Untyped: TypeAlias = Any
"""The `ocpp` package has no types; none of it goes further than this module."""
HOST = "127.0.0.1"
"""The demo is nobody else's business."""
SUBPROTOCOL = Subprotocol("ocpp1.6")
PATH = "/ocpp"
"""What stands before the identity in the URL."""
HEARTBEAT_S = 60
"""Two of them would be as long as the whole demo."""
ANSWER_S = 10
"""How long a call of ours waits for the station."""

# The `ocpp` package logs whole frames, tags included, at INFO: its own log is not for anybody's eyes.
SILENT = logging.getLogger("evbridge.demo.central_system.frames")
SILENT.disabled = True


@unique
class Heard(StrEnum):
    """What a station did, for whoever tells the story."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    BOOT = "boot"
    STATUS = "status"
    AUTHORIZE = "authorize"
    START = "start"
    SAMPLE = "sample"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing a station did, and how it was answered."""

    kind: Heard
    charge_point: str
    connector: int | None = None
    tag: str | None = None
    status: str | None = None
    """The status reported, or what a tag was answered with."""
    transaction: Transaction | None = None
    repeated: bool = False
    timestamp: str | None = None


@dataclass(slots=True, kw_only=True)
class Memory:
    """What the central system knows. It survives going away."""

    tags: Mapping[str, AuthorizationStatus]
    """Whoever is not in here is Invalid."""
    book: Book = field(default_factory=Book)
    statuses: dict[tuple[str, int], str] = field(default_factory=dict)
    """By charge point and connector, the newest."""
    connected: set[str] = field(default_factory=set)
    booted: dict[str, int] = field(default_factory=dict)
    """How often each charge point has registered."""

    def verdict(self, tag: str) -> AuthorizationStatus:
        """What is answered to a tag."""
        return self.tags.get(tag.upper(), AuthorizationStatus.invalid)


class CentralSystem:
    """The server. `open`, then any number of `go_away` and `come_back`, then `go_away` for good."""

    def __init__(self, *, tags: Mapping[str, AuthorizationStatus], tell: Callable[[Notice], None]) -> None:
        """`tell` hears everything a station does, after it has been written down and before it is answered."""
        self.memory = Memory(tags={tag.upper(): status for tag, status in tags.items()})
        self.port = 0
        self._tell = tell
        self._server: Server | None = None
        self._stations: dict[str, _Station] = {}

    @property
    def url(self) -> str:
        """Where stations connect; a slash and the identity are appended."""
        return f"ws://{HOST}:{self.port}{PATH}"

    @property
    def listening(self) -> bool:
        """Whether it is there."""
        return self._server is not None

    async def open(self) -> None:
        """Listen: the first time on a free port, from then on always on the same."""
        # No compression and no pings of ours, as many central systems do; the station pings.
        self._server = await serve(
            self._serve,
            HOST,
            self.port,
            subprotocols=[SUBPROTOCOL],
            process_request=_refuse_strangers,
            compression=None,
            ping_interval=None,
            close_timeout=1,
            server_header=None,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def go_away(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def come_back(self) -> None:
        """Listen again on the same port, with everything remembered."""
        await self.open()

    async def call(self, charge_point: str, request: object) -> Untyped:
        """Send a request of `ocpp.v16.call` and return its answer.

        Raises OCPPError on a CALLERROR, TimeoutError on silence, KeyError where nobody of that name is connected.
        Never await this in a handler: answers are read by the same loop that runs the handlers.
        """
        return await self._stations[charge_point].call(request, suppress=False)

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        identity = _identity(connection.request)
        station = _Station(identity, connection, self.memory, self._tell)
        self._stations[identity] = station
        self.memory.connected.add(identity)
        self._tell(Notice(kind=Heard.CONNECTED, charge_point=identity))
        try:
            await station.start()
        except ConnectionClosed:
            pass
        finally:
            # The newest connection of a station is the one that counts.
            if self._stations.get(identity) is station:
                del self._stations[identity]
                self.memory.connected.discard(identity)
                self._tell(Notice(kind=Heard.DISCONNECTED, charge_point=identity))


def _identity(request: Request) -> str:
    """The last level of the path; empty where it is another path. A slash at the end is kept by some stations."""
    parent, _, identity = request.path.rstrip("/").rpartition("/")
    return identity if parent == PATH else ""


def _refuse_strangers(connection: ServerConnection, request: Request) -> Response | None:
    return None if _identity(request) else connection.respond(HTTPStatus.NOT_FOUND, "no charge point of that name\n")


def now() -> str:
    """UTC as OCPP writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Station(ChargePoint):  # type: ignore[misc]  # the `ocpp` package has no types
    """One connected station, as the central system sees it."""

    def __init__(self, identity: str, connection: ServerConnection, memory: Memory, tell: Callable[[Notice], None]) -> None:
        super().__init__(identity, connection, response_timeout=ANSWER_S, logger=SILENT)
        self._memory = memory
        self._hear = tell

    def _notice(self, kind: Heard, **more: Untyped) -> None:
        self._hear(Notice(kind=kind, charge_point=self.id, **more))

    @on(Action.boot_notification)  # type: ignore[untyped-decorator]  # as above, for every handler
    def on_boot(self, **_: object) -> object:
        self._memory.booted[self.id] = self._memory.booted.get(self.id, 0) + 1
        self._notice(Heard.BOOT)
        return call_result.BootNotification(current_time=now(), interval=HEARTBEAT_S, status=RegistrationStatus.accepted)

    @on(Action.heartbeat)  # type: ignore[untyped-decorator]
    def on_heartbeat(self, **_: object) -> object:
        return call_result.Heartbeat(current_time=now())

    @on(Action.status_notification)  # type: ignore[untyped-decorator]
    def on_status(self, *, connector_id: int, status: str, **_: object) -> object:
        self._memory.statuses[self.id, connector_id] = status
        self._notice(Heard.STATUS, connector=connector_id, status=status)
        return call_result.StatusNotification()

    @on(Action.authorize)  # type: ignore[untyped-decorator]
    def on_authorize(self, *, id_tag: str, **_: object) -> object:
        verdict = self._memory.verdict(id_tag)
        self._notice(Heard.AUTHORIZE, tag=id_tag, status=verdict.value)
        return call_result.Authorize(id_tag_info=IdTagInfo(status=verdict))

    @on(Action.start_transaction)  # type: ignore[untyped-decorator]
    def on_start(self, *, connector_id: int, id_tag: str, meter_start: int, timestamp: str, **_: object) -> object:
        key = StartKey(charge_point=self.id, connector=connector_id, tag=id_tag, timestamp=timestamp, register_wh=meter_start)
        opened = self._memory.book.start(key)
        verdict = self._memory.verdict(id_tag)
        self._notice(
            Heard.START,
            connector=connector_id,
            tag=id_tag,
            status=verdict.value,
            transaction=opened,
            repeated=opened.starts > 1,
            timestamp=timestamp,
        )
        return call_result.StartTransaction(transaction_id=opened.id, id_tag_info=IdTagInfo(status=verdict))

    @on(Action.stop_transaction)  # type: ignore[untyped-decorator]
    def on_stop(self, *, transaction_id: int, meter_stop: int, timestamp: str, reason: str = "Local", **_: object) -> object:
        # A stop without a reason is one by the driver at the station: hence the default.
        closed = self._memory.book.stop(self.id, transaction_id, register_wh=meter_stop, timestamp=timestamp, reason=reason)
        repeated = closed is not None and closed.stops > 1
        self._notice(Heard.STOP, status=reason, transaction=closed, repeated=repeated, timestamp=timestamp)
        return call_result.StopTransaction()

    @on(Action.meter_values)  # type: ignore[untyped-decorator]
    def on_meter_values(self, *, connector_id: int, transaction_id: int | None = None, **_: object) -> object:
        if transaction_id is not None:
            self._memory.book.sample(self.id, transaction_id)
            self._notice(Heard.SAMPLE, connector=connector_id, transaction=self._memory.book.transactions.get(transaction_id))
        return call_result.MeterValues()

    @on(Action.data_transfer)  # type: ignore[untyped-decorator]
    def on_data_transfer(self, **_: object) -> object:
        return call_result.DataTransfer(status=DataTransferStatus.unknown_vendor_id)
