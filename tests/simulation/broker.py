"""The broker of the simulation: stores what is retained, delivers once or twice, and may be away, forget, or repeat itself."""

import asyncio
import enum
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import TracebackType
from typing import Protocol, Self

import aiomqtt
from paho.mqtt.client import MQTTMessage

from bridge.mqtt.publications import Publication
from tests.simulation.channel import Channel
from tests.simulation.world import World

LAN_S = 0.005
KEEPALIVE_S = 15.0
"""The bridge's (bridge.mqtt.wire.KEEPALIVE_S); a broker waits half as long again, its client up to twice as long."""
SAVE_S = 600.0
"""So often a broker puts on its disk what it retains; mosquitto does three times more rarely (autosave_interval)."""


@lru_cache(100_000)
def matches(pattern: str, topic: str) -> bool:
    """Whether a subscription covers a topic."""
    wanted, levels = pattern.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in {"+", levels[index]}:
            return False
    return len(wanted) == len(levels)


class Memory(enum.Enum):
    """What a broker knows after it was down, of what it retained before."""

    WHOLE = "whole"
    """It ended in order."""
    OLD = "old"
    """Its power went: what it had put on its disk last."""
    NONE = "none"
    """It has no persistence."""


class Owner(Protocol):
    """The life that a line belongs to."""

    @property
    def dead(self) -> bool:
        """It is over."""


class Device:
    """A client that is no bridge: a wallbox, a meter, a reader, an onlooker."""

    def __init__(self, broker: "MqttBroker", name: str, patterns: Iterable[str], hear: Callable[[str, bytes, bool], None]) -> None:
        """`hear(topic, payload, retained)`. Connected from the start."""
        self._broker = broker
        self.name = name
        self.patterns = tuple(patterns)
        self.connected = True
        world = broker.world
        rng = world.chance(f"device {name}")
        self._up: Channel[tuple[str, bytes, bool, int]] = Channel(world, rng, self._arrived, slow_s=LAN_S)
        self._hear = hear
        self.down: Channel[tuple[str, bytes, bool]] = Channel(world, rng, self._told, slow_s=LAN_S)
        broker.join(self)

    def publish(self, topic: str, payload: str, *, retain: bool = True, qos: int = 1) -> None:
        """Say something; it is lost while there is no connection."""
        if self.connected and self._broker.up:
            self._up.send((topic, payload.encode(), retain, qos))

    def _told(self, item: tuple[str, bytes, bool]) -> None:
        if self.connected:
            self._hear(*item)

    def _arrived(self, item: tuple[str, bytes, bool, int]) -> None:
        if self._broker.up:
            topic, payload, retain, qos = item
            self._broker.take(topic, payload, retain=retain, qos=qos)

    def will(self, topic: str, payload: str) -> None:
        """Its connection has ended without goodbye."""
        if self._broker.up:
            self._broker.take(topic, payload.encode(), retain=True, qos=1)

    def listen(self) -> None:
        """(Again) connected: what is retained comes first."""
        self.connected = True
        for topic, payload in list(self._broker.retained.items()):
            if any(matches(pattern, topic) for pattern in self.patterns):
                self.down.send((topic, payload, True))


class MqttBroker:
    """One broker."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.up = True
        self.retained: dict[str, bytes] = {}
        self._saved: dict[str, bytes] = {}
        """The same, as it was when it was last put on the disk."""
        self.devices: list[Device] = []
        self.line: Line | None = None
        """The bridge's."""
        self.repeats = 0.0
        """Share of messages to the bridge that are delivered twice."""
        self.delivered: Callable[[str, bytes], None] = lambda _topic, _payload: None
        """Told of every message that really reaches the bridge."""
        self.leaving: Callable[[str, bytes, bool], None] = lambda _topic, _payload, _in_step: None
        """Told of every message that leaves the bridge, and whether the bridge has heard its own nonce on this connection."""
        self._rng = world.chance("broker")
        self._routes: dict[str, tuple[Device, ...]] = {}
        world.after(SAVE_S, self._save)

    def join(self, device: Device) -> None:
        """One more client."""
        self.devices.append(device)
        self._routes.clear()

    def take(self, topic: str, payload: bytes, *, retain: bool, qos: int, by_bridge: bool = False) -> None:
        """A message has arrived here."""
        if retain:
            if payload:
                self.retained[topic] = payload
            else:
                self.retained.pop(topic, None)
        for device in self._listeners(topic):
            if device.connected:
                device.down.send((topic, payload, False))
        if self.line is not None:
            self.line.offer(topic, payload, retain=retain)
            if not by_bridge and qos and self._rng.random() < self.repeats:
                self.world.injected["message delivered twice"] += 1
                self.line.offer(topic, payload, retain=retain)

    def _listeners(self, topic: str) -> tuple[Device, ...]:
        """Whoever has subscribed to it."""
        found = self._routes.get(topic)
        if found is None:
            found = tuple(device for device in self.devices if any(matches(pattern, topic) for pattern in device.patterns))
            self._routes[topic] = found
        return found

    def _save(self) -> None:
        if self.up:
            self._saved = dict(self.retained)
        self.world.after(SAVE_S, self._save)

    def go_down(self, memory: Memory = Memory.WHOLE) -> None:
        """Restart or power cut."""
        self.up = False
        match memory:
            case Memory.NONE:
                self.retained = {}
                self._saved = {}
                self.world.injected["broker forgot"] += 1
            case Memory.OLD:
                self.retained = dict(self._saved)
                self.world.injected["broker fell back"] += 1
            case Memory.WHOLE:
                pass
        if self.line is not None:
            self.line.break_off()
            self.line = None
        for device in self.devices:
            device.connected = False

    def come_back(self) -> None:
        """Devices connect by themselves."""
        self.up = True

    def lost(self, line: "Line") -> None:
        """The bridge's connection ended without goodbye: its will is done, once."""
        if self.line is line:
            self.line = None
        will, line.will = line.will, None
        if self.up and will is not None:
            self.take(will.topic, will.payload, retain=will.retained, qos=1)


class Line:
    """The bridge's end of a connection to the broker: what `bridge.mqtt.wire.Connection` asks for."""

    def __init__(self, broker: MqttBroker, owner: Owner, number: int, will: Publication) -> None:
        world = broker.world
        self._rng = rng = world.chance(f"line {number}")
        self.inbox: deque[MQTTMessage] = deque()
        self.answers: deque[tuple[int, bool]] = deque()
        self.bell = asyncio.Event()
        self.inflight_max = 20
        self.blocked = False
        self.lost: aiomqtt.MqttError | None = None
        self.will: Publication | None = will
        self._world = world
        self._broker = broker
        self._owner = owner
        self._up: Channel[Callable[[], None]] = Channel(world, rng, lambda call: call(), slow_s=LAN_S)
        self._down: Channel[tuple[str, bytes, bool] | int] = Channel(world, rng, self._arrived, slow_s=LAN_S)
        self._events: tuple[str, ...] = ()
        self._states: tuple[str, ...] = ()
        self._natures: dict[str, str] = {}
        """Of topics, as they are subscribed to: an event, a state, or nothing."""
        self._mids = itertools.count(1)
        self._connected = False
        self._in_step = False
        """The bridge has heard its own nonce, and with it all that was stored."""

    # --- what the bridge does ---------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await asyncio.sleep(LAN_S)
        if not self._broker.up:
            raise ConnectionRefusedError(111, "connection refused")
        if self._owner.dead:
            return self
        before = self._broker.line
        if before is not None:
            before.break_off()
            self._broker.lost(before)
        self._broker.line = self
        self._connected = True
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /) -> None:
        if self._connected and not self._owner.dead:
            self.will = None
            self._up.send(self._farewell)
        self._connected = False

    async def listen(self, *, events: Iterable[str], states: Iterable[str]) -> tuple[str, ...]:
        self._events, self._states = tuple(events), tuple(states)
        self._natures.clear()
        await asyncio.sleep(2 * LAN_S)
        if self.lost is not None:
            raise self.lost
        for topic, payload in list(self._broker.retained.items()):
            if any(matches(pattern, topic) for pattern in self._states):
                self._down.send((topic, payload, True))
        return ()

    def unlisten(self, names: Iterable[str]) -> None:
        gone = frozenset(names)
        self._events = tuple(name for name in self._events if name not in gone)
        self._states = tuple(name for name in self._states if name not in gone)
        self._natures.clear()

    def send(self, message: Publication) -> int | None:
        number = next(self._mids) if message.qos else None
        if self._connected and not self._owner.dead and self.lost is None:
            self._broker.leaving(message.topic, message.payload, self._in_step)
            self._up.send(lambda: self._taken(message, number))
            self._world.point("publish")
        return number

    def push(self) -> None:
        """Everything has left already."""

    def drop(self) -> None:
        if self._connected and not self._owner.dead:
            self._connected = False
            self._up.send(lambda: self._broker.lost(self))

    # --- what the world does ----------------------------------------------------------------------------------------------------------

    def die(self, *, silently: bool) -> None:
        """The process is gone. Without a word of its kernel the broker waits for the keep-alive."""
        if self._connected:
            self._connected = False
            self._world.after(1.5 * KEEPALIVE_S if silently else LAN_S, self._broker.lost, self)

    def fall_silent(self) -> None:
        """Half-open: each side hears nothing more, and finds out by itself."""
        self._up.deaf = self._down.deaf = True
        self._world.after(1.5 * KEEPALIVE_S, self._broker.lost, self)
        self._world.after(self._rng.uniform(1.0, 2.0) * KEEPALIVE_S, self.break_off)

    def break_off(self) -> None:
        """The broker, or the way to it, is gone, and the bridge's kernel says so."""
        self._up.broken = self._down.broken = True
        self._connected = False
        if self.lost is None and not self._owner.dead:
            self.lost = aiomqtt.MqttError("the connection was reset")
            self.bell.set()

    def offer(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """A message that the bridge may have subscribed to."""
        nature = self._natures.get(topic)
        if nature is None:
            nature = self._natures[topic] = self._nature(topic)
        if nature:
            self._down.send((topic, payload, retain and nature == "event"))

    def _nature(self, topic: str) -> str:
        if any(matches(pattern, topic) for pattern in self._events):
            return "event"
        return "state" if any(matches(pattern, topic) for pattern in self._states) else ""

    def _farewell(self) -> None:
        if self._broker.line is self:
            self._broker.line = None

    def _taken(self, message: Publication, number: int | None) -> None:
        if not self._broker.up or self._broker.line is not self:
            return
        self._world.note("mqtt", message.topic, message.payload)
        self._broker.take(message.topic, message.payload, retain=message.retained, qos=message.qos, by_bridge=True)
        if number is not None:
            self._down.send(number)

    def _arrived(self, item: tuple[str, bytes, bool] | int) -> None:
        if self._owner.dead or self.lost is not None:
            return
        if isinstance(item, int):
            self.answers.append((item, True))
        else:
            topic, payload, retained = item
            self._in_step |= topic.endswith("/bridge/sync")
            message = MQTTMessage(topic=topic.encode())
            message.payload = payload
            message.retain = retained
            self.inbox.append(message)
            self._broker.delivered(topic, payload)
        self.bell.set()
