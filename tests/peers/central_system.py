"""A central system that does as it is told, in this process, over real websockets: late, mute, rude, or gone.

    async with CentralSystem() as csms:
        csms.on("Authorize", Delay(0.2, {"idTagInfo": {"status": "Blocked"}}))
        csms.on("StartTransaction", Error("InternalError"), {"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
        csms.refuse(401)                                    # handshakes, until `welcome`
        ...                                                 # a station connects to csms.url + "/CP1"
        await csms.saw("BootNotification", "StatusNotification")
        answer = await csms.call("Reset", {"type": "Soft"})
        assert csms.faults() == []

Each behaviour given to `on` serves one request, the last one all that follow. Every frame both ways is in the journal (`journal.Frame`).
It proves nothing about OCPP by itself: `strict_csms` is the independent one.
"""

import asyncio
import contextlib
import http
import itertools
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import unquote

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidState
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.peers import journal
from tests.peers.journal import Call, Frame
from tests.peers.waiting import TIMEOUT_S, Bell, Found

HOST = "127.0.0.1"
STORY_MAX = 60
"""Frames that a failed test shows."""
NONSENSE_MAX = 500
"""Of deliberate nonsense the journal keeps this much."""
SENT_BYTES_MAX = 64 * 1024 * 1024
"""It must be able to send and take what a station would not."""

Payload: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Error:
    """Answer with a CALLERROR."""

    code: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """Never answer."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Answer after so many seconds."""

    seconds: float
    then: "Behaviour"


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection instead of answering; without a code the socket is dropped without a word."""

    code: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """Send these frames instead; `{id}` is the id of the request."""

    frames: tuple[str | bytes, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request of our own first, then answer: calls that cross."""

    action: str
    payload: Payload
    then: "Behaviour"


Behaviour: TypeAlias = Payload | Error | Silence | Delay | Close | Say | Ask


class CallFailed(Exception):
    """The station answered our request with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code


@dataclass(slots=True, kw_only=True)
class Connection:
    """A station that came in."""

    number: int
    identity: str
    socket: ServerConnection
    headers: Headers
    open: bool = True
    closed: tuple[int | None, str] | None = None
    """The station's close code and reason, once it has closed."""
    waiting: dict[str, asyncio.Future[Payload]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What happens to those who knock."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


def default_answers(protocol: str) -> dict[str, list[Behaviour]]:
    """A friendly central system."""
    now = {"currentTime": "2026-01-01T00:00:00Z"}
    accepted = {"idTagInfo": {"status": "Accepted"}}
    if protocol != "ocpp1.6":
        return {
            "BootNotification": [{**now, "interval": 300, "status": "Accepted"}],
            "Heartbeat": [now],
            "Authorize": [{"idTokenInfo": {"status": "Accepted"}}],
            "DataTransfer": [{"status": "Rejected"}],
        }
    return {
        "BootNotification": [{**now, "interval": 300, "status": "Accepted"}],
        "Heartbeat": [now],
        "Authorize": [accepted],
        "StartTransaction": [{"transactionId": 1, **accepted}],
        "StopTransaction": [accepted],
        "DataTransfer": [{"status": "Rejected"}],
    }


class CentralSystem:
    """One central system on a port of its own. Use it as an asynchronous context manager."""

    def __init__(self, *, protocol: str = "ocpp1.6", tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.frames: list[Frame] = []
        self.connections: list[Connection] = []
        self.knocks: list[Request] = []
        """Every handshake that was tried, refused ones included."""
        self.knocked_s: list[float] = []
        """When, on the event loop's clock."""
        self.subprotocol: str | None = protocol
        """What is chosen at the handshake, offered or not; None: nothing."""
        self.mute = False
        """Answer nothing at all."""
        self.port = port
        self._protocol = protocol
        self._tls = tls
        self._answers = default_answers(protocol)
        self._handshake: Handshake | None = None
        self._bell = Bell()
        self._ids = itertools.count(1)
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Append a slash and the identity."""
        return f"{'ws' if self._tls is None else 'wss'}://{HOST if self._tls is None else 'localhost'}:{self.port}"

    # --- how it behaves ---------------------------------------------------------------------------------------------------------------

    def on(self, action: str, *behaviours: Behaviour) -> None:
        """From now on: each serves one request, the last one all that follow."""
        assert behaviours
        self._answers[action] = list(behaviours)

    def refuse(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Answer handshakes with this HTTP status, until `welcome`."""
        self._handshake = Handshake(status=status, headers=headers or {})

    def welcome(self) -> None:
        """Let everybody in."""
        self._handshake = None

    def freeze(self) -> None:
        """Half-open: no connection is read from any more, so that not even pings are answered."""
        for connection in self.open:
            connection.socket.transport.pause_reading()

    def cut(self) -> None:
        """Drop every connection without a word."""
        for connection in self.open:
            connection.socket.transport.abort()

    async def close_all(self, code: int, reason: str = "") -> None:
        """Close every connection."""
        await asyncio.gather(*(connection.socket.close(code, reason) for connection in self.open))

    def send(self, frame: str | bytes, *, identity: str | None = None) -> None:
        """Send nonsense."""
        self._send(self._connection(identity), frame, deliberate=True)

    async def call(self, action: str, payload: Payload, *, identity: str | None = None, message_id: str | None = None) -> Payload:
        """Ask a station, and return what it answers. Raises CallFailed."""
        connection = self._connection(identity)
        used = message_id or f"csms-{next(self._ids)}"
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        connection.waiting[used] = answer
        self._send(connection, json.dumps([2, used, action, payload]))
        async with asyncio.timeout(TIMEOUT_S):
            return await answer

    # --- what it saw ------------------------------------------------------------------------------------------------------------------

    @property
    def open(self) -> list[Connection]:
        """The stations that are connected."""
        return [connection for connection in self.connections if connection.open]

    def calls(self, action: str | None = None, *, connection: int | None = None) -> list[Call]:
        """What stations asked, oldest first, each with its answer."""
        found = journal.calls(self.frames)
        return [call for call in found if action in {None, call.action} and connection in {None, call.frame.connection}]

    def actions(self, *, connection: int | None = None) -> list[str]:
        """The same, only the names."""
        return [call.action for call in self.calls(connection=connection)]

    async def saw(self, *actions: str, connection: int | None = None) -> list[Call]:
        """Requests of these actions came in this order, others between them or not; waits for it."""

        def look() -> list[Call] | None:
            return _in_order(self.calls(connection=connection), actions)

        return await self._bell.until(look, lambda: f"{' '.join(actions)} in {self.story()}")

    async def saw_times(self, action: str, count: int) -> list[Call]:
        """At least so many of these; waits for it."""
        return await self.until(lambda: found if len(found := self.calls(action)) >= count else None, f"{count} of {action}")

    async def connected(self, times: int = 1) -> Connection:
        """Stations came in so often; waits for it."""
        await self.until(lambda: True if len(self.connections) >= times else None, f"{times} connections")
        return self.connections[times - 1]

    async def knocked(self, times: int = 1) -> None:
        """So many handshakes were tried; waits for it."""
        await self.until(lambda: True if len(self.knocks) >= times else None, f"{times} handshakes")

    async def gone(self, number: int = 1) -> tuple[int | None, str]:
        """That connection (from 1) has ended, with this close code and reason; waits for it."""
        return await self.until(lambda: self.connections[number - 1].closed if len(self.connections) >= number else None, "an end")

    async def until(self, look: Callable[[], Found | None], what: str) -> Found:
        """What `look` finds, as soon as it is not None."""
        return await self._bell.until(look, lambda: f"{what} in {self.story()}")

    def faults(self) -> list[str]:
        """What was not by the book on the station's side."""
        return [fault for fault in journal.faults(self.frames) if ", station: " in fault]

    def story(self) -> str:
        """The last frames, for the message of a failed test."""
        return "\n".join(
            [
                "the journal:",
                *(f"{'>' if frame.from_station else '<'} {frame.connection} {frame.text[:200]}" for frame in self.frames[-STORY_MAX:]),
            ]
        )

    # --- the machinery ----------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; the port stays the same from the first start on."""
        self._server = await serve(
            self._serve,
            HOST,
            self.port,
            select_subprotocol=lambda _connection, _offered: None if self.subprotocol is None else Subprotocol(self.subprotocol),
            process_request=self._knock,
            compression=None,
            ping_interval=None,
            max_size=SENT_BYTES_MAX,
            close_timeout=0.2,
            ssl=self._tls,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        """Go away, with all connections."""
        assert self._server is not None
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _knock(self, connection: ServerConnection, request: Request) -> Response | None:
        self.knocks.append(request)
        self.knocked_s.append(asyncio.get_running_loop().time())
        self._bell.ring()
        if self._handshake is None:
            return None
        response = connection.respond(http.HTTPStatus(self._handshake.status), "no\n")
        response.headers.update(self._handshake.headers)
        return response

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        identity = unquote(socket.request.path.rpartition("/")[2])
        connection = Connection(number=next(self._numbers), identity=identity, socket=socket, headers=socket.request.headers)
        self.connections.append(connection)
        self._bell.ring()
        try:
            async for message in socket:
                text = message if isinstance(message, str) else message.decode()
                self._note(connection, text, from_station=True)
                self._received(connection, text)
        except ConnectionClosed:
            pass
        finally:
            connection.open = False
            closed = socket.protocol.close_rcvd
            connection.closed = (None, "") if closed is None else (closed.code, closed.reason)
            for answer in connection.waiting.values():
                answer.cancel()
            self._bell.ring()

    def _received(self, connection: Connection, text: str) -> None:
        match json.loads(text):
            case [2, str(message_id), str(action), dict()]:
                behaviours = self._answers.get(action, [{}])
                behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
                if not self.mute:
                    self._spawn(connection, message_id, behaviour)
            case [3, str(message_id), dict(payload)] if message_id in connection.waiting:
                connection.waiting.pop(message_id).set_result(payload)
            case [4, str(message_id), str(code), str(description), dict()] if message_id in connection.waiting:
                connection.waiting.pop(message_id).set_exception(CallFailed(code, description))
            case _:
                pass

    def _spawn(self, connection: Connection, message_id: str, behaviour: Behaviour) -> None:
        if not isinstance(behaviour, Delay | Close):
            self._answer(connection, message_id, behaviour)
            return
        task = asyncio.create_task(self._later(connection, message_id, behaviour), name="central system")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _later(self, connection: Connection, message_id: str, behaviour: Behaviour) -> None:
        match behaviour:
            case Delay(seconds=seconds, then=then):
                await asyncio.sleep(seconds)
                self._spawn(connection, message_id, then)
            case Close(code=None):
                connection.socket.transport.abort()
            case Close(code=int(code), reason=reason):
                await connection.socket.close(code, reason)
            case _:
                raise AssertionError(behaviour)

    def _answer(self, connection: Connection, message_id: str, behaviour: Behaviour) -> None:
        match behaviour:
            case Error(code=code, description=description):
                self._send(connection, json.dumps([4, message_id, code, description, {}]))
            case Say(frames=frames):
                for frame in frames:
                    filled = frame.replace("{id}", message_id) if isinstance(frame, str) else frame.replace(b"{id}", message_id.encode())
                    self._send(connection, filled, deliberate=True)
            case Ask(action=action, payload=payload, then=then):
                self._send(connection, json.dumps([2, f"csms-{next(self._ids)}", action, payload]))
                self._spawn(connection, message_id, then)
            case Silence():
                pass
            case _:
                self._send(connection, json.dumps([3, message_id, behaviour]))

    def _send(self, connection: Connection, frame: str | bytes, *, deliberate: bool = False) -> None:
        text = frame if isinstance(frame, str) else frame.decode(errors="replace")
        self._note(connection, text, from_station=False, deliberate=deliberate)
        protocol = connection.socket.protocol
        # a late answer finds its station gone
        with contextlib.suppress(ConnectionClosed, InvalidState):
            if isinstance(frame, str):
                # lone surrogates and the like go out as they are: that is what tests of hostile frames are about
                protocol.send_text(frame.encode(errors="surrogatepass"))
            else:
                protocol.send_binary(frame)
            connection.socket.send_data()

    def _note(self, connection: Connection, text: str, *, from_station: bool, deliberate: bool = False) -> None:
        frame = Frame(
            at_ms=time.time_ns() // 1_000_000,
            connection=connection.number,
            identity=connection.identity,
            protocol=connection.socket.subprotocol or self._protocol,
            from_station=from_station,
            # nonsense may be a megabyte of brackets that no journal can read
            text=text[:NONSENSE_MAX] if deliberate else text,
            deliberate=deliberate,
        )
        self.frames.append(frame)
        self._bell.ring()

    def _connection(self, identity: str | None) -> Connection:
        found = [connection for connection in self.open if identity in {None, connection.identity}]
        assert found, f"{identity or 'nobody'} is not connected"
        return found[-1]


def _in_order(calls: Sequence[Call], actions: Sequence[str]) -> list[Call] | None:
    found: list[Call] = []
    rest: Iterator[Call] = iter(calls)
    for action in actions:
        call = next((call for call in rest if call.action == action), None)
        if call is None:
            return None
        found.append(call)
    return found
