"""The simulated wallbox is itself checked: against a bridge of a few lines that says yes to one card."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import aiomqtt
import pytest

from tests.peers.broker import Mosquitto
from tests.peers.onlooker import client, onlooker
from tests.peers.waiting import end
from tests.peers.wallbox import wallbox


@contextlib.asynccontextmanager
async def tiny_bridge(broker: Mosquitto) -> AsyncIterator[aiomqtt.Client]:
    """Green for 04AABBCC, red for all others."""

    async def decide(mqtt: aiomqtt.Client) -> None:
        async for message in mqtt.messages:
            tap = json.loads(message.payload)
            green = tap["tag"] == "04AABBCC"
            decision = {"id": tap["id"], "result": "accepted" if green else "rejected", "authority": "ocpp", "reason": "tiny"}
            await mqtt.publish("evbridge/nfc/hall/led", "green" if green else "red", qos=1)
            await mqtt.publish("evbridge/wallbox/garage/command/enabled", "true" if green else "false", qos=1, retain=True)
            await mqtt.publish("evbridge/nfc/hall/decision", json.dumps(decision | {"led": "green" if green else "red"}), qos=1)

    async with client(broker) as mqtt:
        await mqtt.subscribe("evbridge/nfc/hall/tap", qos=1)
        deciding = asyncio.create_task(decide(mqtt))
        try:
            yield mqtt
        finally:
            await end(deciding)


async def test_a_driver_s_way_through_the_topics() -> None:
    with Mosquitto() as broker:
        async with onlooker(broker) as topics, tiny_bridge(broker), wallbox(broker, "garage", reader="hall", register_wh=1000) as box:
            await box.plug()
            assert (await box.tap("04DDEEFF")).led == "red"
            decision = await box.tap("04AABBCC")
            await box.draw(1500)
            assert (decision.result, decision.authority, decision.led) == ("accepted", "ocpp", "green")
            assert box.lamp == ["red", "green"]
            assert box.enabled_history == [False, True]
            assert box.register_wh == 2500
            await topics.shows("meter/garage/energy_wh", "2500")
            await box.unplug()
            await topics.shows("wallbox/garage/plugged", "false")
            charging = [said.text for said in topics.said("wallbox/garage/charging")]
            assert charging == ["false", "true", "false"]


async def test_no_energy_without_a_vehicle_or_against_the_bridge() -> None:
    with Mosquitto() as broker:
        async with wallbox(broker, "garage") as box:
            with pytest.raises(AssertionError, match="no vehicle"):
                await box.draw(100)
            await box.plug()
            with pytest.raises(AssertionError, match="released"):
                await box.released(timeout_s=0.05)
            assert box.register_wh == 100_000


async def test_it_obeys_unlock_and_says_how_it_went() -> None:
    with Mosquitto() as broker:
        async with onlooker(broker) as topics, wallbox(broker, "garage") as box:
            await topics.publish("wallbox/garage/command/unlock", {"id": "17", "ts": "2026-11-22T10:00:00Z"})
            assert (await box.ordered("unlock"))["id"] == "17"
            await topics.hears("wallbox/garage/command/result", id="17", status="ok")


async def test_its_will_says_that_it_is_gone() -> None:
    with Mosquitto() as broker:
        async with onlooker(broker) as topics:
            with contextlib.suppress(aiomqtt.MqttError):  # it can't say goodbye either
                async with wallbox(broker, "garage") as box:
                    await topics.shows("wallbox/garage/availability", "online")
                    await box.lose_power()
            await topics.shows("wallbox/garage/availability", "offline")
