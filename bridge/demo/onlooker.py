"""What MQTT Explorer would see of the bridge: the newest value of every topic it shows, and everything it says once."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiomqtt

from bridge.demo import wiring
from bridge.demo.broker import Broker
from bridge.demo.tasks import ended_with_block

ONLINE = "online"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A topic has a new value; empty where it was taken back."""

    levels: tuple[str, ...]
    value: str
    before: str


class Onlooker:
    """Made by `running_onlooker`."""

    def __init__(self, client: aiomqtt.Client, tell: Callable[[Shown], None]) -> None:
        """`tell` hears of every change, not of repetitions."""
        self.finished: list[dict[str, Any]] = []
        """Sessions and gaps as they were published, oldest first."""
        self._client = client
        self._tell = tell
        self._values: dict[tuple[str, ...], str] = {}

    def value(self, *levels: str) -> str:
        """The newest value of a topic; empty where there is none."""
        return self._values.get(levels, "")

    def count(self, leaf: str) -> int:
        """A number the bridge shows for each charge point, summed (`queue`, `parked`)."""
        return sum(int(value) for levels, value in self._values.items() if levels[-2:] == ("ocpp", leaf) and value)

    def alerts(self) -> list[tuple[str, str]]:
        """All alerts that stand: (about what, text)."""
        return [("/".join(levels[:-2]), value) for levels, value in self._values.items() if levels[-2] == "alert" and value]

    async def listen(self) -> None:
        """Look on, for ever."""
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            levels, value = tuple(wiring.levels(str(message.topic))), message.payload.decode()
            if levels[-1] == "history":
                self.finished.append(json.loads(value))
            before = self._values.get(levels, "")
            self._values[levels] = value
            if value != before:
                self._tell(Shown(levels=levels, value=value, before=before))


@asynccontextmanager
async def running_onlooker(broker: Broker, tell: Callable[[Shown], None]) -> AsyncIterator[Onlooker]:
    """Looks on as long as the block lasts. Raises aiomqtt.MqttError, in a group, when the broker goes away."""
    async with aiomqtt.Client(broker.host, broker.port, identifier="demo-onlooker", protocol=aiomqtt.ProtocolVersion.V311) as client:
        onlooker = Onlooker(client, tell)
        for topic in wiring.everything_shown():
            await client.subscribe(topic, qos=1)
        async with ended_with_block(onlooker.listen()):
            yield onlooker
