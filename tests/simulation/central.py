"""A central system of the simulation: one for all charge points, both versions, every frame written down; late, mute, rude or gone.

Its memory is the third ledger. It recognises a repeated start by its natural key, as real ones do (reliability.md §0.2), unless it has
lost its memory.
"""

import asyncio
import itertools
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Protocol, TypeAlias

from bridge.audit.ledgers import Frame
from bridge.core.values import ChargePointId
from bridge.ocpp import failures
from bridge.ocpp.failures import ConnectFailed, Failure
from bridge.ocpp.wire import Endpoint, WireClosed
from tests.simulation.channel import Channel
from tests.simulation.world import World

LAN_S = 0.04
"""Usual delay of a frame."""
ACCEPTED = "Accepted"
INTERVAL_S = 900
"""Between heartbeats, as it wishes."""
THINK_S = 0.05
"""Usual time until it answers."""

Payload: TypeAlias = dict[str, Any]


class Owner(Protocol):
    """The life that a socket belongs to."""

    @property
    def dead(self) -> bool:
        """It is over: nothing it does reaches anybody."""


@dataclass(frozen=True, slots=True)
class _End:
    """A connection ends: with a close frame, or (no code) without a word."""

    code: int | None
    reason: str = ""


_PING, _PONG = "ping", "pong"


class Socket:
    """The station's end of a WebSocket: what `bridge.ocpp.wire.Wire` asks for."""

    def __init__(
        self, world: World, owner: Owner, central: "Central", *, number: int, charge_point: ChargePointId, subprotocol: str
    ) -> None:
        rng = world.chance(f"socket {number}")
        self.number = number
        self.charge_point = charge_point
        self.subprotocol = subprotocol
        self.pong_s = 0.0
        self.open = True
        """As the central system sees it."""
        self.asked: dict[str, str] = {}
        """Requests of the central system that wait for an answer, by id: their actions."""
        self.up: Channel[str | _End] = Channel(world, rng, self._at_central, slow_s=LAN_S)
        self.down: Channel[str | _End] = Channel(world, rng, self._at_station, slow_s=LAN_S)
        self._world = world
        self._owner = owner
        self._central = central
        self._inbox: deque[str | WireClosed] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False

    # --- the station's side -----------------------------------------------------------------------------------------------------------

    def send(self, text: str) -> None:
        if not self._owner.dead and not self._ended:
            self.up.send(text)
            self._world.point("send")

    async def reply(self, text: str) -> None:
        self.send(text)

    def ping(self) -> None:
        if not self._owner.dead and not self._ended:
            self.up.send(_PING)

    async def receive(self) -> bytes:
        while not self._inbox:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        item = self._inbox[0]
        if isinstance(item, WireClosed):
            raise item
        self._inbox.popleft()
        return item.encode()

    async def close(self, code: int, reason: str) -> None:
        if not self._owner.dead:
            self.up.send(_End(code, reason))
        self._end(WireClosed(code=None, ours=code))

    def abort(self) -> None:
        if not self._owner.dead:
            self.up.send(_End(None))
        self._end(WireClosed(code=None))

    def die(self, *, silently: bool) -> None:
        """The process is gone. Its kernel says so, unless that is gone too."""
        self._ended = True
        if silently:
            self.up.deaf = True
        else:
            self.up.send(_End(None))

    def _end(self, how: WireClosed) -> None:
        if not self._ended:
            self._ended = True
            self._inbox.append(how)
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _at_station(self, item: str | _End) -> None:
        if self._owner.dead or self._ended:
            return
        if item == _PONG:
            self.pong_s = self._world.now_s
        elif isinstance(item, _End):
            self._end(WireClosed(code=item.code, reason=item.reason))
        else:
            self._world.point("ack")
            if not self._owner.dead:
                self._inbox.append(item)
                self._wake()

    # --- the central system's side ----------------------------------------------------------------------------------------------------

    def _at_central(self, item: str | _End) -> None:
        if not self.open:
            return
        if item == _PING:
            if not self._central.weather.frozen:
                self.down.send(_PONG)
        elif isinstance(item, _End):
            self._central.left(self)
        else:
            self._central.heard(self, item)

    def drop(self, code: int | None = None, reason: str = "") -> None:
        """The central system ends it."""
        self.open = False
        self.down.send(_End(code, reason))

    def fall_silent(self) -> None:
        """Half-open: neither side is told."""
        self.up.deaf = self.down.deaf = True


@dataclass(slots=True, kw_only=True)
class Weather:
    """How the central system behaves for now. Shares are of all answers."""

    refusal: Failure | None = None
    """Nobody is let in."""
    away: bool = False
    """Nor is anybody there to say so: for days."""
    black_hole: bool = False
    """Nobody even gets an answer to a knock."""
    frozen: bool = False
    """Reads and does nothing, not even pongs."""
    think_s: float = THINK_S
    mute: float = 0.0
    """Share of requests that are never answered, though pongs come."""
    forgets: float = 0.5
    """Share of those that it has not even written down."""
    late: float = 0.0
    """Share of answers that come around the time-out."""
    errors: float = 0.0
    """Share of transaction messages answered with an error."""
    error_codes: tuple[str, ...] = ("InternalError",)
    closes: float = 0.0
    """Share of requests after which it closes instead of answering."""
    twice: float = 0.0
    """Share of answers that are sent twice."""
    strange: float = 0.0
    """Share of answers before which nonsense is sent."""
    boot_status: str = ACCEPTED
    interval: int = INTERVAL_S
    """What it answers a registration with."""
    current_time: str | None = None
    """What it takes the time for; None: its clock tells."""
    frame_max: int | None = None
    """Longer frames cost the connection."""
    odd_names: float = 0.0
    """Share of transactions that get a number nobody expects, or none that is one."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """What it has on its disk."""

    starts: dict[tuple[Any, ...], int] = field(default_factory=dict)
    statuses: dict[ChargePointId, str] = field(default_factory=dict)
    running: dict[ChargePointId, list[Any]] = field(default_factory=dict)
    """Transactions that it takes for open: an id in 1.6, a name in 2.0.1."""


TRANSACTIONAL = frozenset({"StartTransaction", "StopTransaction", "MeterValues", "TransactionEvent"})
NONSENSE = ("", "[]", "[3]", "null", '[9,"x",{}]', '[3,"nobody-asked",{}]', '{"a":1}', '[4,"nobody","InternalError","",{}]', "[" * 200)


class Central:
    """The server."""

    def __init__(self, world: World, *, tags: dict[str, str], fickle: frozenset[str] = frozenset()) -> None:
        """`tags`: their status; a tag that is not there is Invalid. `fickle` ones are accepted by Authorize and refused by the start."""
        self.weather = Weather()
        self.memory = Memory()
        self.frames: list[Frame] = []
        self.sockets: dict[ChargePointId, Socket] = {}
        self.drops = 0
        self.tags = tags
        self.fickle = fickle
        self.clock_offset_ms = 0
        self._names: dict[ChargePointId, None] = {}
        """Everybody who has ever been here."""
        self._unregistered: dict[ChargePointId, None] = {}
        """Whose first request is refused."""
        self._world = world
        self._rng: Random = world.chance("central system")
        self._numbers = itertools.count(1)
        self._questions = itertools.count(1)
        # zero and negative ids are legal (design.md §4 rule 5), and -1 is what a station says that has none
        self._ids = (number for number in itertools.count(self._rng.choice((-3, 0, 1, 5000))) if number != -1)

    # --- connections ------------------------------------------------------------------------------------------------------------------

    async def connect(self, owner: Owner, endpoint: Endpoint, open_s: float) -> Socket:
        """Somebody knocks. Raises ConnectFailed."""
        charge_point = ChargePointId(endpoint.identity.lower())
        if self.weather.black_hole:
            await asyncio.sleep(open_s)
            raise ConnectFailed(failures.of_timeout(open_s))
        await asyncio.sleep(self._rng.expovariate(1 / LAN_S))
        if self.weather.away:
            raise ConnectFailed(failures.of_os_error(ConnectionRefusedError(111, "connection refused"), host="office"))
        if self.weather.refusal is not None:
            raise ConnectFailed(self.weather.refusal)
        agreed = endpoint.subprotocols[0]
        before = self.sockets.get(charge_point)
        if before is not None and before.open:
            before.drop(1000, "another connection")
            self._gone(before)
        socket = Socket(self._world, owner, self, number=next(self._numbers), charge_point=charge_point, subprotocol=agreed)
        self.sockets[charge_point] = socket
        self._names[charge_point] = None
        self._world.note("connected", charge_point, socket.number)
        return socket

    def left(self, socket: Socket) -> None:
        """The station has ended it."""
        socket.open = False
        self._gone(socket)

    def _gone(self, socket: Socket) -> None:
        self.drops += 1
        self._world.note("gone", socket.charge_point, socket.number)
        if self.sockets.get(socket.charge_point) is socket:
            del self.sockets[socket.charge_point]

    def drop_all(self, code: int | None = None) -> None:
        """It restarts, or throws everybody out."""
        for socket in list(self.sockets.values()):
            socket.drop(code)
            self._gone(socket)

    def register_anew(self) -> None:
        """It knows of no registration any more; a mere reconnect is none, so that whoever comes back is told to register first."""
        self._unregistered = dict(self._names)
        self.drop_all(1012)

    def forget(self) -> None:
        """It has lost what it knew of transactions."""
        self.memory.starts.clear()
        self.memory.running.clear()

    # --- frames -----------------------------------------------------------------------------------------------------------------------

    def _write_down(self, socket: Socket, text: str, *, from_station: bool) -> None:
        self._world.note("<" if from_station else ">", socket.number, text)
        self.frames.append(
            Frame(
                at_ms=self._world.now_ms,
                connection=socket.number,
                charge_point=socket.charge_point,
                protocol=socket.subprotocol,
                from_station=from_station,
                text=text,
            )
        )

    def _say(self, socket: Socket, text: str) -> None:
        if socket.open:
            self._write_down(socket, text, from_station=False)
            socket.down.send(text)

    def heard(self, socket: Socket, text: str) -> None:
        """A frame came."""
        weather, rng = self.weather, self._rng
        if weather.frozen:
            self._world.injected["central system frozen"] += 1
            return
        if weather.frame_max is not None and len(text) > weather.frame_max:
            self._world.injected["frame too long"] += 1
            socket.drop(1009, "too long")
            self._gone(socket)
            return
        frame = json.loads(text)
        if frame[0] != 2:
            self._write_down(socket, text, from_station=True)
            socket.asked.pop(frame[1], None)
            return
        if rng.random() < weather.closes:
            self._world.injected["close instead of an answer"] += 1
            socket.drop(rng.choice((None, 1000, 1001, 1006, 1008, 1011, 1012)))
            self._gone(socket)
            return
        if rng.random() < weather.mute:
            self._world.injected["no answer"] += 1
            if rng.random() >= weather.forgets:
                self._write_down(socket, text, from_station=True)
                self._answer(socket, frame)
            return
        self._write_down(socket, text, from_station=True)
        delay_s = rng.expovariate(1 / weather.think_s)
        if rng.random() < weather.late:
            self._world.injected["late answer"] += 1
            delay_s = rng.uniform(1.0, 45.0)
        answer: list[Any]
        if frame[2] != "BootNotification" and socket.charge_point in self._unregistered:
            del self._unregistered[socket.charge_point]
            answer = [4, frame[1], "SecurityError", "not registered", {}]
        elif frame[2] in TRANSACTIONAL and rng.random() < weather.errors:
            self._world.injected["error instead of an answer"] += 1
            answer = [4, frame[1], rng.choice(weather.error_codes), "", {}]
        else:
            answer = [3, frame[1], self._answer(socket, frame)]
        self._world.after(delay_s, self._reply, socket, answer)

    def _reply(self, socket: Socket, answer: list[Any]) -> None:
        rng, weather = self._rng, self.weather
        text = json.dumps(answer, separators=(",", ":"))
        if rng.random() < weather.strange:
            self._world.injected["nonsense"] += 1
            if socket.open:
                # nobody's message: it stands in no ledger
                socket.down.send(rng.choice(NONSENSE))
        self._say(socket, text)
        if rng.random() < weather.twice:
            self._world.injected["answer twice"] += 1
            self._say(socket, text)

    # --- what it answers --------------------------------------------------------------------------------------------------------------

    def _answer(self, socket: Socket, frame: list[Any]) -> Payload:
        _, _, action, payload = frame
        match action:
            case "BootNotification":
                return self._registration()
            case "Heartbeat":
                return {"currentTime": self.time()}
            case "StatusNotification":
                return self._status(socket.charge_point, payload)
            case "Authorize":
                return self._authorize(payload)
            case "StartTransaction":
                return self._start(socket.charge_point, payload)
            case "StopTransaction":
                self._stopped(socket.charge_point, payload["transactionId"])
                return {"idTagInfo": {"status": ACCEPTED}} if "idTag" in payload else {}
            case "TransactionEvent":
                return self._event(socket.charge_point, payload)
            case "DataTransfer":
                return {"status": "Rejected"}
            case _:
                return {}

    def _registration(self) -> Payload:
        weather = self.weather
        if weather.boot_status != ACCEPTED:
            self._world.injected[f"registration {weather.boot_status}"] += 1
        if weather.interval != INTERVAL_S or weather.current_time is not None:
            self._world.injected["silly registration"] += 1
        return {"currentTime": self.time(), "interval": weather.interval, "status": weather.boot_status}

    def time(self) -> str:
        """Its own, which need not be right."""
        if self.weather.current_time is not None:
            return self.weather.current_time
        moment = datetime.fromtimestamp((self._world.utc_ms + self.clock_offset_ms) / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _status(self, charge_point: ChargePointId, payload: Payload) -> Payload:
        if payload.get("connectorId", 1) != 0:
            self.memory.statuses[charge_point] = payload.get("status") or payload["connectorStatus"]
        return {}

    def _verdict(self, tag: str) -> str:
        return self.tags.get(tag.upper(), "Invalid")

    def _authorize(self, payload: Payload) -> Payload:
        if "idToken" in payload:
            status = self._verdict(payload["idToken"]["idToken"])
            return {"idTokenInfo": {"status": status}}
        return {"idTagInfo": {"status": self._verdict(payload["idTag"])}}

    def _start(self, charge_point: ChargePointId, payload: Payload) -> Payload:
        key = (charge_point, payload["connectorId"], payload["idTag"], payload["timestamp"], payload["meterStart"])
        if key not in self.memory.starts:
            self.memory.starts[key] = self._number()
            self._world.counted["transactions"] += 1
            self.memory.running.setdefault(charge_point, []).append(self.memory.starts[key])
        fickle = payload["idTag"].upper() in self.fickle
        status = "Blocked" if fickle else self._verdict(payload["idTag"])
        self._judged(status)
        return {"transactionId": self._named(self.memory.starts[key]), "idTagInfo": {"status": status}}

    def _number(self) -> int:
        """Of a new transaction. Sometimes one that is legal and looks like none, or is larger than anybody's integers."""
        if self._rng.random() < self.weather.odd_names / 2:
            self._world.injected["odd transaction name"] += 1
            return self._rng.choice((0, -1, -(2**31), 2**31, 2**63, 10**30))
        return next(self._ids)

    def _named(self, number: int) -> object:
        """As it is told: sometimes as what no number is."""
        if self._rng.random() < self.weather.odd_names / 4:
            self._world.injected["odd transaction name"] += 1
            return self._rng.choice((str(number), None, number + 0.5, [number], "x" * 300))
        return number

    def _event(self, charge_point: ChargePointId, payload: Payload) -> Payload:
        name = payload["transactionInfo"]["transactionId"]
        running = self.memory.running.setdefault(charge_point, [])
        if payload["eventType"] == "Started" and name not in running:
            running.append(name)
            self._world.counted["transactions"] += 1
        if payload["eventType"] == "Ended":
            self._stopped(charge_point, name)
        if "idToken" not in payload:
            return {}
        tag = payload["idToken"]["idToken"]
        status = "Blocked" if tag.upper() in self.fickle else self._verdict(tag)
        self._judged(status)
        return {"idTokenInfo": {"status": status}}

    def _judged(self, status: str) -> None:
        """Of a session that runs already."""
        if status != ACCEPTED:
            self._world.injected["refused after green"] += 1

    def _stopped(self, charge_point: ChargePointId, name: object) -> None:
        running = self.memory.running.setdefault(charge_point, [])
        if name in running:
            running.remove(name)

    # --- what it asks -----------------------------------------------------------------------------------------------------------------

    def ask(self, charge_point: ChargePointId, action: str, payload: Payload) -> bool:
        """Send a request of its own, one at a time on each connection; False: nobody is there, or busy."""
        socket = self.sockets.get(charge_point)
        if socket is None or socket.asked:
            return False
        number = f"q{next(self._questions)}"
        socket.asked[number] = action
        self._say(socket, json.dumps([2, number, action, payload], separators=(",", ":")))
        return True

    def ask_anyway(self, charge_point: ChargePointId, action: str, payload: Payload) -> None:
        """The same without waiting for any answer."""
        socket = self.sockets.get(charge_point)
        if socket is not None:
            self._say(socket, json.dumps([2, f"q{next(self._questions)}", action, payload], separators=(",", ":")))

    def version(self, charge_point: ChargePointId) -> str | None:
        """What is spoken with it; None: it is not there."""
        socket = self.sockets.get(charge_point)
        return None if socket is None else socket.subprotocol
