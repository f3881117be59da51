"""What the bridge shows, newest value of each topic; and a bell that rings when something changes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import aiomqtt

from tests.peers.onlooker import ROOT, Broker, client
from tests.peers.waiting import TIMEOUT_S, Bell, Found, end

SHOWN = ("bridge/state", "charge_point/+/online", "charge_point/+/status")


class Dashboard:
    """Use `dashboard()`."""

    def __init__(self) -> None:
        self.lives = 0
        """How often the bridge came online."""
        self.came_online: Callable[[], None] = lambda: None
        """Called each time, on the loop."""
        self._values: dict[str, str] = {}
        self._bell = Bell()

    def value(self, topic: str) -> str | None:
        """The newest; None: never told."""
        return self._values.get(topic)

    async def until(self, look: Callable[[], Found | None], what: Callable[[], str], *, timeout_s: float) -> Found:
        """What `look` finds, as soon as it is not None; AssertionError after that time."""
        return await self._bell.until(look, what, timeout_s=timeout_s)

    async def listen(self, mqtt: aiomqtt.Client, ready: asyncio.Event) -> None:
        """Until cancelled."""
        for topic in SHOWN:
            await mqtt.subscribe(f"{ROOT}/{topic}", qos=1)
        ready.set()
        async for message in mqtt.messages:
            topic, text = str(message.topic).removeprefix(f"{ROOT}/"), message.payload.decode()
            self._values[topic] = text
            if (topic, text) == ("bridge/state", "online"):
                self.lives += 1
                self.came_online()
            self._bell.ring()


@contextlib.asynccontextmanager
async def dashboard(broker: Broker) -> AsyncIterator[Dashboard]:
    """Somebody who looks on."""
    async with client(broker) as mqtt:
        shown, ready = Dashboard(), asyncio.Event()
        listening = asyncio.create_task(shown.listen(mqtt, ready), name="dashboard")
        try:
            await asyncio.wait_for(ready.wait(), TIMEOUT_S)
            yield shown
        finally:
            await end(listening, aiomqtt.MqttError)
