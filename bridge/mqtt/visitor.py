"""A short visit to the broker, for the command line: it reads along, and asks the bridge. The bridge itself never uses it."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiomqtt

from bridge.errors import EvbridgeError
from bridge.mqtt import topics
from bridge.mqtt.messages import Json, Request
from bridge.mqtt.names import Names
from bridge.mqtt.trouble import trouble_of
from bridge.mqtt.wire import BrokerSettings, tls_context

CONNECT_S = 5.0
"""A person waits; a broker that needs longer is not there."""
STORED_S = 1.0
"""What a broker has stored arrives within milliseconds of the subscription; a second is for a slow line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One message."""

    name: str
    payload: bytes


class Visitor:
    """A connection of its own, beside the bridge's. Made by `visiting`."""

    def __init__(self, client: aiomqtt.Client, names: Names) -> None:
        """The client is connected."""
        self._client = client
        self._names = names

    async def stored(self) -> dict[str, bytes]:
        """All the broker has stored under the root, by name. From now on `live` has all that comes."""
        found: dict[str, bytes] = {}
        await self._client.subscribe(f"{self._names.root}/#", qos=0)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STORED_S) as patience:
                async for message in self._client.messages:
                    if message.retain:
                        found[str(message.topic)] = message.payload
                        patience.reschedule(loop.time() + STORED_S)
        return found

    async def live(self) -> AsyncIterator[Seen]:
        """Every message as it comes, for ever."""
        async for message in self._client.messages:
            yield _seen(message)

    async def finds_bridge(self) -> bool:
        """Whether a bridge says that it is there."""
        await self._client.subscribe(self._names.name(topics.BRIDGE_STATE), qos=1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STORED_S):
                async for message in self._client.messages:
                    return _seen(message).payload == b"online"
        return False

    async def ask(self, request: Request, arguments: Mapping[str, Json], *, within_s: float) -> Json:
        """Ask the bridge; returns the data of its answer. Raises EvbridgeError where it refuses or doesn't answer in time."""
        transaction = secrets.token_hex(8)
        await self._client.subscribe(self._names.name(topics.RESPONSE, request.value), qos=1)
        question = json.dumps({**arguments, "transaction": transaction})
        await self._client.publish(self._names.name(topics.REQUEST, request.value), question, qos=1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                async for message in self._client.messages:
                    answer = _answer(_seen(message).payload)
                    if answer.get("transaction") == transaction:
                        return _data(answer)
        raise EvbridgeError(f"the bridge did not answer within {within_s:.0f} s: its log tells why")


@contextlib.asynccontextmanager
async def visiting(settings: BrokerSettings) -> AsyncIterator[Visitor]:
    """A visit for as long as the block lasts. Raises EvbridgeError where the broker can't be reached, or goes away."""
    client_id = f"{settings.client_id}-visitor-{secrets.token_hex(4)}"
    try:
        client = aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.user,
            password=settings.password,
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if settings.is_v5 else aiomqtt.ProtocolVersion.V311,
            timeout=CONNECT_S,
            tls_context=tls_context(settings),
        )
        async with client:
            yield Visitor(client, Names(settings.root))
    except aiomqtt.MqttError as error:
        trouble = trouble_of(error, place=settings.place, user=settings.user, client_id=client_id, protocol=settings.protocol)
        raise EvbridgeError(trouble.text) from error


def _seen(message: aiomqtt.Message) -> Seen:
    return Seen(name=str(message.topic), payload=message.payload)


def _answer(payload: bytes) -> dict[str, Any]:
    """The answer to somebody's request; an empty one where it can't be read."""
    with contextlib.suppress(ValueError):
        answer = json.loads(payload)
        if isinstance(answer, dict):
            return answer
    return {}


def _data(answer: Mapping[str, Any]) -> Json:
    if answer.get("status") != "ok":
        raise EvbridgeError(f"the bridge refused: {answer.get('error')}")
    data: Json = answer.get("data")
    return data
