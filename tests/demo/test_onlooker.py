"""Whoever looks on sees each change once."""

import json

import aiomqtt

from bridge.demo.bell import Bell
from bridge.demo.broker import Broker
from bridge.demo.onlooker import Shown, running_onlooker

SOON_S = 10.0


async def test_it_knows_the_newest_of_everything_shown(broker: Broker) -> None:
    """Values, sums over charge points, standing alerts and what is over; repetitions are no news."""
    bell, told = Bell(), list[Shown]()

    def hear(shown: Shown) -> None:
        told.append(shown)
        bell.ring()

    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V311) as client:

        async def say(topic: str, value: str, *, retain: bool = True) -> None:
            await client.publish(f"evbridge/{topic}", value, qos=1, retain=retain)

        await say("charge_point/garage/ocpp/queue", "2")
        async with running_onlooker(broker, hear) as onlooker:
            await say("charge_point/yard/ocpp/queue", "3")
            await say("charge_point/yard/ocpp/queue", "3")
            await say("charge_point/yard/alert/meter_silent", "the meter is silent")
            await say("csms/demo/alert/unreachable", "it is away")
            await say("csms/demo/alert/unreachable", "")
            await say("charge_point/yard/history", json.dumps({"kind": "gap", "energy_wh": 3}), retain=False)
            await say("bridge/state", "online")
            await bell.until(lambda: onlooker.value("bridge", "state") == "online", "the last word", within_s=SOON_S)
            assert onlooker.count("queue") == 5
            assert onlooker.count("parked") == 0
            assert onlooker.alerts() == [("charge_point/yard", "the meter is silent")]
            assert onlooker.finished == [{"kind": "gap", "energy_wh": 3}]
            assert onlooker.value("charge_point", "yard", "nothing") == ""
    changes = [(shown.levels[-1], shown.before, shown.value) for shown in told]
    assert changes.count(("queue", "", "3")) == 1
    assert ("unreachable", "it is away", "") in changes
