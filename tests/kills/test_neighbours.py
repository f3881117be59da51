"""The broker is killed, the central system is killed: in mid-session, with nothing kept on their side. The bill is right to the Wh."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest

from tests.journeys.house import CARD, OTHER, TAGS, House, house
from tests.peers import billing, journal
from tests.peers.billing import Transaction
from tests.peers.broker import Mosquitto
from tests.peers.journal import Call
from tests.peers.onlooker import ROOT, Broker, client, onlooker
from tests.peers.strict_csms import StrictCsms, strict_csms
from tests.peers.waiting import TIMEOUT_S, end
from tests.peers.wallbox import Wallbox


@pytest.fixture(params=["ocpp1.6", "ocpp2.0.1"])
def protocol(request: pytest.FixtureRequest) -> str:
    """The promise is the same in both versions."""
    return str(request.param)


@contextlib.asynccontextmanager
async def reconnected(box: Wallbox, broker: Broker) -> AsyncIterator[Wallbox]:
    """The same hardware after its connection was lost: it says again how it is, and hears again what it shall do."""
    async with client(broker) as mqtt:
        again = Wallbox(mqtt, box.name, meter=box.name, reader=box.name, root=ROOT, register_wh=box.register_wh)
        again.plugged, again.plug_id, again.charging = box.plugged, box.plug_id, box.charging
        ready = asyncio.Event()
        listening = asyncio.create_task(again.listen(ready), name="wallbox, again")
        try:
            await asyncio.wait_for(ready.wait(), TIMEOUT_S)
            await again.appear()
            yield again
        finally:
            await end(listening, aiomqtt.MqttError)


async def test_a_broker_that_is_killed_costs_nobody_a_session(tmp_path: Path, protocol: str) -> None:
    """It forgets everything it had. The car goes on charging, all topics are told again, and the one transaction has every Wh."""
    with Mosquitto() as broker:
        async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
            before_wh = garage.box.register_wh
            await garage.charges(CARD)
            await garage.box.draw(1000)
            broker.kill()
            garage.box.register_wh += 700  # the car goes on
            broker.start()
            async with onlooker(broker) as topics, reconnected(garage.box, broker) as box:
                await box.released()
                await topics.shows("charge_point/garage/energy_wh", "1700")
                await topics.shows("charge_point/garage/status", "Charging")
                assert False not in box.enabled_history
                await box.draw(300)
                await box.unplug()
                await garage.ends("EVDisconnected")
                await topics.shows("charge_point/garage/status", "Available")
                await box.plug()
                assert (await box.tap(OTHER)).led == "green"
                await box.draw(50)
                await box.unplug()
                await garage.ends("EVDisconnected", count=2)
                await topics.hears("charge_point/garage/history", count=2)
            assert [bill.energy_wh for bill in garage.bills()] == [2000, 50]
            sessions = await home.process.history()
            assert [(entry["kind"], entry["energy_wh"]) for entry in sessions] == [("ocpp", 2000), ("ocpp", 50)]
            assert sum(bill.energy_wh for bill in garage.bills()) == box.register_wh - before_wh


@contextlib.asynccontextmanager
async def successor(home: House) -> AsyncIterator[StrictCsms]:
    """What the service manager starts in the place of a central system that was killed."""
    async with strict_csms(tags=TAGS, protocols=(home.protocol,), port=home.csms.port) as csms:
        yield csms


def billed(*lives: StrictCsms) -> list[Transaction]:
    """What all lives of a central system together would bill; everything they heard was by the book."""
    calls = [call for csms in lives for call in journal.calls(csms.frames)]
    assert [fault for csms in lives for fault in journal.faults(csms.frames)] == []
    assert list(billing.sequence_faults(calls)) == []
    return billing.transactions(calls)


def ends(csms: StrictCsms, protocol: str) -> list[Call]:
    """The ends of transactions it was told of."""
    return csms.calls("StopTransaction") if protocol == "ocpp1.6" else csms.calls("TransactionEvent", eventType="Ended")


@pytest.mark.parametrize("in_flight", [False, True], ids=["between two messages", "before it has answered"])
async def test_a_central_system_that_is_killed_gets_the_end_once(tmp_path: Path, protocol: str, in_flight: bool) -> None:
    """What it had not answered is sent again with the same id and the same words; what came meanwhile follows in order."""
    with Mosquitto() as broker:
        async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
            action = "StopTransaction" if protocol == "ocpp1.6" else "TransactionEvent"
            await garage.knows(OTHER)
            await garage.charges(CARD)
            await garage.box.draw(1000)
            await garage.settle()
            answered = len(home.csms.calls(action))
            if in_flight:
                await home.csms.answer(action, silence=True)
                await garage.box.unplug()
                await home.csms.was_asked(action, count=answered + 1)
                await home.csms.kill()
            else:
                await home.csms.kill()
                await garage.box.draw(300)
                await garage.box.unplug()
            await home.topics.shows("charge_point/garage/online", "false")
            await garage.box.plug()
            assert (await garage.box.tap(OTHER)).led == "green"
            await garage.box.draw(40)
            await garage.box.unplug()
            await home.topics.hears("charge_point/garage/history", count=2)
            async with successor(home) as csms:
                told = await csms.saw(action)
                await home.topics.shows("charge_point/garage/ocpp/queue", "0")
                assert len(ends(csms, protocol)) == 2
                assert [bill.energy_wh for bill in billed(home.csms, csms)] == [1000 if in_flight else 1300, 40]
                asked = home.csms.calls(action)[answered:]
                assert [(call.id, call.payload) for call in asked] == [(told.id, told.payload)] * in_flight
