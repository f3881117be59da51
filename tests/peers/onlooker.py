"""Somebody who listens to the whole broker, as MQTT Explorer does, and remembers every message.

async with onlooker(broker) as topics:
    await topics.shows("charge_point/garage/status", "Charging")
    await topics.publish("ems/load/all/allow", "false", retain=True)
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.peers.waiting import TIMEOUT_S, Bell, end

ROOT = "evbridge"


class Broker(Protocol):
    """Where the broker is."""

    @property
    def host(self) -> str:
        """A name or an address."""

    @property
    def port(self) -> int:
        """The TCP port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message as it arrived."""

    number: int
    """Counted from 0 over all topics: tells what came first."""
    topic: str
    """Without the root, where it is below it."""
    text: str
    retained: bool
    """The flag as it was published."""
    at_s: float
    """On the event loop's clock."""

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The payload, parsed."""
        return json.loads(self.text)

    def has(self, fields: dict[str, Any]) -> bool:
        """Whether it is a JSON object with (at least) these fields."""
        try:
            payload = json.loads(self.text)
        except ValueError:
            return False
        return isinstance(payload, dict) and all(name in payload and payload[name] == value for name, value in fields.items())


class Onlooker:
    """Use `onlooker()`."""

    def __init__(self, client: aiomqtt.Client, root: str) -> None:
        self.messages: list[Said] = []
        self._client = client
        self._root = root
        self._bell = Bell()
        self._latest: dict[str, str] = {}

    # --- what was said --------------------------------------------------------------------------------------------------------------

    def value(self, topic: str) -> str | None:
        """The newest message of a topic; None: there was none."""
        return self._latest.get(topic)

    def said(self, topic: str, *, since: int = 0, **fields: Any) -> list[Said]:  # noqa: ANN401 - a payload's field
        """Every message of a topic from number `since` on, with these JSON fields."""
        return [said for said in self.messages[since:] if said.topic == topic and (not fields or said.has(fields))]

    @property
    def now(self) -> int:
        """The number the next message will have: `since=` for what comes from now on."""
        return len(self.messages)

    async def shows(self, topic: str, text: str, *, since: int = 0, timeout_s: float = TIMEOUT_S) -> Said:
        """The newest message of a topic is this text, and came at number `since` or later; waits for it."""

        def look() -> Said | None:
            found = self.said(topic, since=since)
            return found[-1] if found and found[-1].text == text else None

        return await self._bell.until(look, lambda: f"{topic} = {text}\n{self.story(topic)}", timeout_s=timeout_s)

    async def reads(self, topic: str, *parts: str, since: int = 0, timeout_s: float = TIMEOUT_S) -> Said:
        """The newest message of a topic has all these parts in its text, and came at number `since` or later; waits for it."""

        def look() -> Said | None:
            found = self.said(topic, since=since)
            return found[-1] if found and all(part in found[-1].text for part in parts) else None

        return await self._bell.until(look, lambda: f"{topic} with {parts}\n{self.story(topic)}", timeout_s=timeout_s)

    async def hears(self, topic: str, *, count: int = 1, since: int = 0, timeout_s: float = TIMEOUT_S, **fields: Any) -> Said:  # noqa: ANN401
        """The `count`-th message of a topic with these JSON fields; waits for it."""

        def look() -> Said | None:
            found = self.said(topic, since=since, **fields)
            return found[count - 1] if len(found) >= count else None

        return await self._bell.until(look, lambda: f"{count} of {topic} {fields}\n{self.story(topic)}", timeout_s=timeout_s)

    def story(self, topic: str = "") -> str:
        """What the branch of a topic said lately, for a failure's message."""
        branch = "/".join(topic.split("/")[:2])
        lines = [f"{said.number:>5} {said.topic} {said.text[:200]}" for said in self.messages if said.topic.startswith(branch)]
        return "\n".join(lines[-60:])

    # --- what is said ---------------------------------------------------------------------------------------------------------------

    async def publish(self, topic: str, payload: str | bytes | dict[str, Any], *, retain: bool = False, qos: int = 1) -> None:
        """Below the root."""
        text = json.dumps(payload) if isinstance(payload, dict) else payload
        await self._client.publish(f"{self._root}/{topic}", text, qos=qos, retain=retain)

    async def forget_everything(self) -> None:
        """Remove whatever the broker has stored that was seen here."""
        stored = {name for said in self.messages if said.retained for name in (said.topic, f"{self._root}/{said.topic}")}
        await asyncio.gather(*(self._client.publish(name, b"", qos=1, retain=True) for name in stored))

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """A request to the bridge and its answer, by the topics alone."""
        transaction = f"test-{self.now}"
        await self.publish(f"bridge/request/{command}", {**arguments, "transaction": transaction})
        answer: dict[str, Any] = (await self.hears(f"bridge/response/{command}", transaction=transaction)).json
        return answer

    async def listen(self, ready: asyncio.Event) -> None:
        """Remember everything, until cancelled."""
        await self._client.subscribe("#", options=SubscribeOptions(qos=1, retainAsPublished=True))
        ready.set()
        async for message in self._client.messages:
            topic = str(message.topic).removeprefix(f"{self._root}/")
            text = message.payload.decode(errors="replace")
            self.messages.append(
                Said(
                    number=len(self.messages),
                    topic=topic,
                    text=text,
                    retained=message.retain,
                    at_s=asyncio.get_running_loop().time(),
                ),
            )
            self._latest[topic] = text
            self._bell.ring()


def client(broker: Broker, *, name: str | None = None, password: str | None = None, will: aiomqtt.Will | None = None) -> aiomqtt.Client:
    """An MQTT 5 client with a clean session."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=name,
        password=password,
        will=will,
        protocol=aiomqtt.ProtocolVersion.V5,
        properties=properties,
        timeout=TIMEOUT_S,
    )


@contextlib.asynccontextmanager
async def onlooker(broker: Broker, *, root: str = ROOT, name: str | None = None, password: str | None = None) -> AsyncIterator[Onlooker]:
    """Somebody who has heard all retained messages of the broker and hears all that follow."""
    async with client(broker, name=name, password=password) as mqtt:
        found = Onlooker(mqtt, root)
        ready = asyncio.Event()
        listening = asyncio.create_task(found.listen(ready), name="onlooker")
        try:
            await asyncio.wait_for(ready.wait(), TIMEOUT_S)
            yield found
        finally:
            # The broker may have been ended by the test; then the listener has died of that already.
            await end(listening, aiomqtt.MqttError)
