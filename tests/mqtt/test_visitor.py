"""`bridge.mqtt.visitor`, at a real broker."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import aiomqtt
import pytest

from bridge.errors import EvbridgeError
from bridge.mqtt.messages import Request
from bridge.mqtt.visitor import visiting
from bridge.mqtt.wire import BrokerSettings
from tests.peers.broker import Mosquitto


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with Mosquitto() as running:
        yield running


def settings(broker: Mosquitto, protocol: str = "5") -> BrokerSettings:
    return BrokerSettings(client_id="evbridge", host=broker.host, port=broker.port, protocol=protocol)


@pytest.fixture
async def other(broker: Mosquitto) -> AsyncIterator[aiomqtt.Client]:
    """Somebody else at the broker."""
    async with aiomqtt.Client(broker.host, broker.port) as client:
        yield client


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_a_visitor_sees_what_is_stored_and_then_what_comes(broker: Mosquitto, other: aiomqtt.Client, protocol: str) -> None:
    """The tree first, and every message after it."""
    await other.publish("evbridge/bridge/state", "online", qos=1, retain=True)
    async with visiting(settings(broker, protocol)) as visitor:
        assert await visitor.stored() == {"evbridge/bridge/state": b"online"}
        await other.publish("evbridge/wallbox/garage/plugged", "true", qos=1)
        async for seen in visitor.live():
            assert (seen.name, seen.payload) == ("evbridge/wallbox/garage/plugged", b"true")
            break


@pytest.mark.parametrize("state, found", [("online", True), ("offline", False), ("", False)])
async def test_a_visitor_finds_a_bridge_that_is_there(broker: Mosquitto, other: aiomqtt.Client, state: str, found: bool) -> None:
    await other.publish("evbridge/bridge/state", state, qos=1, retain=True)
    async with visiting(settings(broker)) as visitor:
        assert await visitor.finds_bridge() is found


async def answering(other: aiomqtt.Client, *answers: dict[str, object] | bytes) -> None:
    """A bridge that answers the next request so; `transaction` is put in where an answer has none."""
    await other.subscribe("evbridge/bridge/request/+", qos=1)
    async for message in other.messages:
        question = json.loads(message.payload)
        for answer in answers:
            payload = answer if isinstance(answer, bytes) else json.dumps({"transaction": question["transaction"], **answer})
            await other.publish("evbridge/bridge/response/queue_replay", payload, qos=1)
        return


async def ask(broker: Mosquitto, other: aiomqtt.Client, *answers: dict[str, object] | bytes) -> object:
    bridge = asyncio.create_task(answering(other, *answers))
    await asyncio.sleep(0)
    async with visiting(settings(broker)) as visitor:
        data = await visitor.ask(Request.QUEUE_REPLAY, {"charge_point": "garage", "session": "s"}, within_s=2)
    await bridge
    return data


async def test_an_answer_to_somebody_else_is_not_ours(broker: Mosquitto, other: aiomqtt.Client) -> None:
    """Two people may work at the queue at once; nonsense on the topic does no harm."""
    own: dict[str, object] = {"status": "ok", "data": {"records": 3}}
    assert await ask(broker, other, b"nonsense", b"[]", {"transaction": "other", "status": "ok", "data": 1}, own) == {"records": 3}


async def test_a_refusal_is_told_in_the_words_of_the_bridge(broker: Mosquitto, other: aiomqtt.Client) -> None:
    with pytest.raises(EvbridgeError, match="the bridge refused: there is no charge point 'garage'"):
        await ask(broker, other, {"status": "error", "data": None, "error": "there is no charge point 'garage'"})


async def test_a_bridge_that_does_not_answer_is_not_waited_for(broker: Mosquitto) -> None:
    """The time is the caller's."""
    async with visiting(settings(broker)) as visitor:
        with pytest.raises(EvbridgeError, match="did not answer within 0 s"):
            await visitor.ask(Request.STATUS, {}, within_s=0.1)


async def test_a_wrong_password_is_told_with_the_place_to_look() -> None:
    with Mosquitto(users={"evbridge": "right"}) as broker:
        wrong = BrokerSettings(client_id="evbridge", host=broker.host, port=broker.port, user="evbridge", password="wrong")
        with pytest.raises(EvbridgeError, match=r"refuses user 'evbridge': check user and password_file of \[mqtt\]"):
            async with visiting(wrong):
                pass


async def test_a_broker_that_goes_away_during_a_visit_is_told(broker: Mosquitto) -> None:
    with pytest.raises(EvbridgeError, match="the broker at"):
        async with visiting(settings(broker)) as visitor:
            await visitor.stored()
            broker.kill()
            async for _ in visitor.live():
                pass
