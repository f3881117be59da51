"""Simulated card readers, on a connection of their own: what they measure is what a person in front of the lamp sees."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt

from bridge.demo import wiring
from bridge.demo.broker import Broker
from bridge.demo.central_system import now
from bridge.demo.tasks import ended_with_block

PATIENT = math.inf
"""Every wait of the story has a deadline of its own. With one here, Python 3.11's `asyncio.wait_for` may swallow a cancellation."""
QOS = 1
"""A tap must arrive, and so must its answer."""
DARK = "off"
"""What a lamp shows when it shows nothing."""


@dataclass(slots=True, kw_only=True)
class Tap:
    """A card held to a reader, and what came of it."""

    id: str
    reader: str
    who: str
    """As the story calls the person; never the tag."""
    at_s: float
    decision: dict[str, Any] = field(default_factory=dict)
    """Empty until it is there."""
    decision_ms: float | None = None
    """From the card to the decision, at the reader."""
    lamp: str | None = None
    lamp_ms: float | None = None
    """From the card to the light."""

    @property
    def answered(self) -> bool:
        """Whether both the decision and the light are there."""
        return self.decision_ms is not None and self.lamp_ms is not None


class Readers:
    """All readers of the site. Made by `running_readers`."""

    def __init__(self, client: aiomqtt.Client, tell: Callable[[Tap], None]) -> None:
        """`tell` hears of each tap once it is fully answered."""
        self.taps: list[Tap] = []
        self._client = client
        self._tell = tell

    async def tap(self, reader: str, *, tag: str, who: str) -> Tap:
        """A card is held to a reader. Returns at once; the answer comes into the tap later."""
        tap = Tap(id=f"tap-{len(self.taps) + 1}", reader=reader, who=who, at_s=asyncio.get_running_loop().time())
        self.taps.append(tap)
        await self._client.publish(
            wiring.reader(reader, "tap"), json.dumps({"tag": tag, "ts": now(), "id": tap.id}), qos=QOS, timeout=PATIENT
        )
        return tap

    async def listen(self) -> None:
        """Take decisions and lamp signals, for ever."""
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            text = message.payload.decode()
            match wiring.levels(str(message.topic)):
                case [_, reader, "decision"]:
                    self._decided(reader, json.loads(text))
                case [_, reader, "led"] if text != DARK:
                    self._lit(reader, text)

    def _decided(self, reader: str, decision: dict[str, Any]) -> None:
        tap = next((tap for tap in self.taps if tap.id == decision["id"] and tap.reader == reader), None)
        if tap is not None and tap.decision_ms is None:
            tap.decision, tap.decision_ms = decision, _since_ms(tap)
            self._tell_if_answered(tap)

    def _lit(self, reader: str, colour: str) -> None:
        # A lamp does not say which tap it answers: one person at a time stands in front of a reader.
        tap = next((tap for tap in reversed(self.taps) if tap.reader == reader), None)
        if tap is not None and tap.lamp_ms is None:
            tap.lamp, tap.lamp_ms = colour, _since_ms(tap)
            self._tell_if_answered(tap)

    def _tell_if_answered(self, tap: Tap) -> None:
        if tap.answered:
            self._tell(tap)


def _since_ms(tap: Tap) -> float:
    return (asyncio.get_running_loop().time() - tap.at_s) * 1000


@asynccontextmanager
async def running_readers(broker: Broker, tell: Callable[[Tap], None]) -> AsyncIterator[Readers]:
    """Readers that live as long as the block. Raises aiomqtt.MqttError, in a group, when the broker goes away."""
    async with aiomqtt.Client(broker.host, broker.port, identifier="demo-readers", protocol=aiomqtt.ProtocolVersion.V311) as client:
        readers = Readers(client, tell)
        for leaf in ("decision", "led"):
            await client.subscribe(wiring.reader("+", leaf), qos=QOS)
        async with ended_with_block(readers.listen()):
            yield readers
