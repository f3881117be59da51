"""The simulated wallboxes, seen from the broker as the bridge sees them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiomqtt
import pytest

from bridge.demo.bell import Bell
from bridge.demo.broker import Broker
from bridge.demo.hardware import Beat, Hardware, Sight, Style, Switched, Wallbox, running_hardware

SOON_S = 10.0
SCALARS = "garage"
OBJECTS = "yard"


class Eyes:
    """Sees every topic, and speaks for the bridge."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.seen: list[tuple[str, str]] = []
        self.bell = Bell()
        self._client = client

    async def look(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            self.seen.append((str(message.topic).removeprefix("evbridge/"), message.payload.decode()))
            self.bell.ring()

    async def say(self, topic: str, payload: str, *, retain: bool = True) -> None:
        await self._client.publish(f"evbridge/{topic}", payload, qos=1, retain=retain)

    async def saw(self, topic: str, true: Callable[[str], bool]) -> None:
        await self.bell.until(lambda: any(at == topic and true(text) for at, text in self.seen), topic, within_s=SOON_S)

    def forget(self) -> None:
        self.seen.clear()


@asynccontextmanager
async def a_site(broker: Broker, sights: list[Sight]) -> AsyncIterator[tuple[Hardware, Eyes]]:
    boxes = [Wallbox(SCALARS, style=Style.SCALARS, register_wh=5000.9), Wallbox(OBJECTS, style=Style.OBJECTS, register_wh=7.0)]
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V311) as client:
        eyes = Eyes(client)
        await client.subscribe("evbridge/#", qos=1)
        looking = asyncio.create_task(eyes.look())
        try:
            async with running_hardware(broker, boxes, sights.append) as hardware:
                yield hardware, eyes
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


async def release(eyes: Eyes, name: str) -> None:
    await eyes.say(f"wallbox/{name}/command/limit_a", "32")
    await eyes.say(f"wallbox/{name}/command/enabled", "true")


async def test_both_ways_of_writing_tell_the_same(broker: Broker) -> None:
    """Scalars for those who like simple topics, objects for flows."""
    async with a_site(broker, []) as (hardware, eyes):
        await hardware.plug(SCALARS, wants_a=16.0)
        await hardware.plug(OBJECTS, wants_a=16.0)
        await eyes.saw(f"wallbox/{SCALARS}/plugged", lambda text: text == "true")
        await eyes.saw(f"wallbox/{SCALARS}/plug_id", lambda text: text == "plug-1")
        await eyes.saw(f"meter/{SCALARS}/energy_wh", lambda text: text == "5000")
        await eyes.saw(f"wallbox/{OBJECTS}/state", lambda text: json.loads(text)["plugged"] is True)
        await eyes.saw(f"meter/{OBJECTS}/sample", lambda text: json.loads(text)["energy_wh"] == 7)


async def test_a_released_wallbox_charges_and_the_truth_is_what_its_meter_shows(broker: Broker) -> None:
    """Energy flows only from the release to the stop, and every published register is one the meter had."""
    sights: list[Sight] = []
    async with a_site(broker, sights) as (hardware, eyes):
        await hardware.plug(SCALARS, wants_a=28.0)
        assert hardware.look(SCALARS).current_a == 0
        await release(eyes, SCALARS)
        await eyes.saw(f"wallbox/{SCALARS}/charging", lambda text: text == "true")
        await eyes.saw(f"meter/{SCALARS}/energy_wh", lambda text: int(text) >= 5006)
        await eyes.say(f"wallbox/{SCALARS}/command/enabled", "false")
        await eyes.bell.until(lambda: not hardware.look(SCALARS).charging, "the stop", within_s=SOON_S)
        await eyes.saw(f"meter/{SCALARS}/energy_wh", lambda text: int(text) == hardware.look(SCALARS).shown_wh)
        registers = [int(text) for topic, text in eyes.seen if topic == f"meter/{SCALARS}/energy_wh"]
        assert registers == sorted(registers)
        truth = hardware.wallboxes[SCALARS].metered
        assert (truth.start_wh, truth.end_wh) == (5000, registers[-1])
    switched = [sight for sight in sights if isinstance(sight, Switched)]
    assert switched == [
        Switched(wallbox=SCALARS, enabled=True),
        Switched(wallbox=SCALARS, enabled=False),
    ]


async def test_meters_speak_once_a_second_unasked(broker: Broker) -> None:
    """Also while the bridge is dead: that is how a gap comes about."""
    sights: list[Sight] = []
    async with a_site(broker, sights) as (_, eyes):
        await eyes.bell.until(lambda: len([sight for sight in sights if isinstance(sight, Beat)]) >= 3, "beats", within_s=SOON_S)
        eyes.forget()
        for topic in (f"meter/{SCALARS}/power_w", f"meter/{OBJECTS}/sample"):
            await eyes.saw(topic, bool)


async def test_everything_is_told_again_when_the_bridge_comes_online(broker: Broker) -> None:
    """A bridge that was restarted needs live word, not what the broker had stored."""
    async with a_site(broker, []) as (_, eyes):
        eyes.forget()
        await eyes.say("bridge/state", "online")
        await eyes.saw(f"wallbox/{SCALARS}/plugged", lambda text: text == "false")
        await eyes.saw(f"wallbox/{OBJECTS}/state", lambda text: json.loads(text)["plugged"] is False)


@pytest.mark.parametrize("command", ["unlock", "reset"])
async def test_commands_that_act_once_are_answered_under_their_id(broker: Broker, command: str) -> None:
    async with a_site(broker, []) as (_, eyes):
        await eyes.say(f"wallbox/{SCALARS}/command/{command}", json.dumps({"id": "c-1", "ts": "2026-11-23T10:00:00Z"}), retain=False)
        await eyes.saw(f"wallbox/{SCALARS}/command/result", lambda text: json.loads(text) == {"id": "c-1", "status": "ok"})


async def test_energy_management_speaks_to_all(broker: Broker) -> None:
    async with a_site(broker, []) as (hardware, eyes):
        await hardware.manage_energy("grid", allow=False, reason="peak")
        await eyes.saw("ems/grid/all/allow", lambda text: text == "false")
        await eyes.saw("ems/grid/all/reason", lambda text: text == "peak")


async def test_a_vehicle_that_leaves_stops_the_meter(broker: Broker) -> None:
    async with a_site(broker, []) as (hardware, eyes):
        await hardware.plug(OBJECTS, wants_a=16.0)
        await release(eyes, OBJECTS)
        await eyes.saw(f"meter/{OBJECTS}/sample", lambda text: json.loads(text)["energy_wh"] >= 10)
        await hardware.unplug(OBJECTS)
        left_wh = hardware.look(OBJECTS).register_wh
        eyes.forget()
        await eyes.saw(f"meter/{OBJECTS}/sample", lambda text: json.loads(text)["power_w"] == 0)
        assert hardware.look(OBJECTS).register_wh == left_wh
