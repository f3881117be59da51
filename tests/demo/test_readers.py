"""The simulated readers: what a person in front of the lamp sees, and how long it took."""

import asyncio
import json

import aiomqtt
import pytest

from bridge.demo.bell import Bell
from bridge.demo.broker import Broker
from bridge.demo.readers import PATIENT, Tap, running_readers

SOON_S = 10.0


async def answer(client: aiomqtt.Client, *, lamp_first: bool) -> None:
    """A bridge in twenty lines: green for everybody."""
    async for message in client.messages:
        assert isinstance(message.payload, bytes)
        tap = json.loads(message.payload)
        reader = str(message.topic).split("/")[2]
        decision = (f"evbridge/nfc/{reader}/decision", json.dumps({"id": tap["id"], "result": "accepted", "led": "green"}))
        lamp = (f"evbridge/nfc/{reader}/led", "green")
        for topic, payload in (lamp, decision) if lamp_first else (decision, lamp):
            await client.publish(topic, payload, qos=1, timeout=PATIENT)
        await client.publish(f"evbridge/nfc/{reader}/led", "off", qos=1, timeout=PATIENT)


@pytest.mark.parametrize("lamp_first", [True, False])
async def test_a_tap_is_answered_with_a_decision_and_a_light(broker: Broker, lamp_first: bool) -> None:
    """Whichever of the two comes first, both belong to the tap, and both were timed at the reader."""
    bell, told = Bell(), list[Tap]()

    def hear(tap: Tap) -> None:
        told.append(tap)
        bell.ring()

    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V311) as client:
        await client.subscribe("evbridge/nfc/+/tap", qos=1)
        answering = asyncio.create_task(answer(client, lamp_first=lamp_first))
        async with running_readers(broker, hear) as readers:
            first = await readers.tap("left", tag="04A1B2C3", who="Anna")
            await bell.until(lambda: first in told, "the first answer", within_s=SOON_S)
            second = await readers.tap("right", tag="04A1B2C4", who="Ben")
            await bell.until(lambda: second in told, "the second answer", within_s=SOON_S)
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
    assert told == [first, second]
    assert (first.id, first.lamp, first.decision["led"]) == ("tap-1", "green", "green")
    for tap in told:
        assert tap.lamp_ms is not None
        assert tap.decision_ms is not None
        assert 0 < tap.lamp_ms < SOON_S * 1000
        assert 0 < tap.decision_ms < SOON_S * 1000


async def test_strange_decisions_answer_nobody(broker: Broker) -> None:
    """A decision for another id or reader is not this person's."""
    bell, told = Bell(), list[Tap]()

    def hear(tap: Tap) -> None:
        told.append(tap)
        bell.ring()

    async with (
        aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V311) as client,
        running_readers(broker, hear) as readers,
    ):
        tap = await readers.tap("left", tag="04A1B2C3", who="Anna")
        await client.publish("evbridge/nfc/left/decision", json.dumps({"id": "tap-99"}), qos=1)
        await client.publish("evbridge/nfc/right/decision", json.dumps({"id": tap.id}), qos=1)
        await client.publish("evbridge/nfc/right/led", "green", qos=1)
        # A round trip of our own through the same queues: what came before it has been looked at.
        other = await readers.tap("right", tag="04A1B2C3", who="Anna")
        await client.publish("evbridge/nfc/right/decision", json.dumps({"id": other.id}), qos=1)
        await client.publish("evbridge/nfc/right/led", "red", qos=1)
        await bell.until(lambda: bool(told), "the answer at the right reader", within_s=SOON_S)
    assert [tap.id for tap in told] == [other.id]
    assert not tap.answered
    assert not tap.decision
