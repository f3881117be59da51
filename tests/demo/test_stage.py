"""The words the scenes are written in: what must not happen is an error, not a line that scrolls by."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest
from rich.console import Console

from bridge.demo import physics
from bridge.demo.bell import SceneStuck, SceneWrong
from bridge.demo.broker import BrokerKind
from bridge.demo.narrator import Narrator
from bridge.demo.people import ANNA, GARAGE, IDENTITIES
from bridge.demo.stage import Stage, built_stage
from tests.peers.waiting import end


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Everything but the bridge."""
    console = Console(file=io.StringIO(), width=200)
    async with built_stage(tmp_path, Narrator(console), BrokerKind.MOSQUITTO, port=None, patience_s=10.0) as built:
        yield built


@contextlib.asynccontextmanager
async def a_bridge_that_shows(stage: Stage, lamp: str) -> AsyncIterator[None]:
    async with aiomqtt.Client(stage.broker.host, stage.broker.port) as client:
        await client.subscribe("evbridge/nfc/+/tap", qos=1)

        async def answer() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                decision = {"id": json.loads(message.payload)["id"], "reason": "accepted", "csms": None, "authority": "local"}
                await client.publish(f"evbridge/nfc/{GARAGE}/decision", json.dumps(decision), qos=1)
                await client.publish(f"evbridge/nfc/{GARAGE}/led", lamp, qos=1)

        answering = asyncio.create_task(answer())
        try:
            yield
        finally:
            await end(answering)


async def test_the_lamp_must_have_the_colour_of_the_scene(stage: Stage) -> None:
    """Red for somebody who may charge is a failure of the demo, and green for a stranger even more."""
    async with a_bridge_that_shows(stage, "red"):
        assert (await stage.tap(GARAGE, ANNA, lamp="red")).lamp == "red"
        with pytest.raises(SceneWrong, match=r"the lamp was red for Anna \(accepted\), not green"):
            await stage.tap(GARAGE, ANNA, lamp="green")


async def test_nothing_may_flow_where_nothing_may_flow(stage: Stage) -> None:
    """A wallbox that charges a stranger is found by its meter."""
    await stage.idle(GARAGE, beats=1)
    stage.hardware.wallboxes[GARAGE].change(lambda outlet: physics.command(physics.plug(outlet, wants_a=32), enabled=True, limit_a=32))
    with pytest.raises(SceneWrong, match=r"\d+ Wh were drawn at garage, where nothing may flow"):
        await stage.idle(GARAGE, beats=2)


async def test_silence_has_a_deadline(stage: Stage) -> None:
    stage.patience_s = 0.1
    with pytest.raises(SceneStuck, match=r"waited 0\.1 s for an answer to Anna at the reader"):
        await stage.tap(GARAGE, ANNA, lamp="green")
    with pytest.raises(SceneStuck, match="the central system to see garage Charging, not nothing"):
        await stage.until_status(GARAGE, "Charging")


async def test_it_remembers_the_longest_queue(stage: Stage) -> None:
    """The table tells how many messages waited at the same time, at both charge points together."""
    async with aiomqtt.Client(stage.broker.host, stage.broker.port) as client:
        for number in ("1", "2", "0"):
            for name in IDENTITIES:
                await client.publish(f"evbridge/charge_point/{name}/ocpp/queue", number, qos=1, retain=True)
    await stage.until(lambda: stage.most_queued > 0 and stage.onlooker.count("queue") == 0, "the queue to drain")
    assert stage.most_queued == 4
