"""SIGTERM at any moment: exit code 0, within what a service manager grants, and the broker knows that the bridge is offline."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bad_days.town import CARDS, COMMON, HEALTHY, QUICK, logged, says
from tests.conformance.laboratory import identity_of
from tests.peers.bridge_process import BridgeProcess
from tests.peers.broker import Mosquitto
from tests.peers.central_system import CentralSystem, Silence
from tests.peers.onlooker import Onlooker, onlooker
from tests.peers.waiting import SLOWNESS
from tests.peers.wallbox import Wallbox, wallbox

STOP_MAX_S = 9.0 * SLOWNESS
"""Service managers and Docker kill after ten seconds."""


@dataclass(slots=True, kw_only=True)
class House:
    """A bridge that has been launched, and what is around it."""

    process: BridgeProcess
    broker: Mosquitto
    csms: CentralSystem
    topics: Onlooker
    box: Wallbox

    async def ready(self) -> None:
        """Everything is connected."""
        await self.topics.shows(f"charge_point/{HEALTHY}/online", "true")

    async def stops(self) -> None:
        """In order, in time, and without a complaint."""
        began_s = time.monotonic()
        assert await self.process.stop() == 0
        assert time.monotonic() - began_s < STOP_MAX_S
        assert logged(self.process, level=40) == []


@pytest.fixture
async def house(tmp_path: Path, own_broker: Mosquitto) -> AsyncIterator[House]:
    """Launched, and not waited for."""
    async with CentralSystem() as csms, onlooker(own_broker) as topics, wallbox(own_broker, HEALTHY) as box:
        tables = {
            "csms": {"office": {**QUICK, "url": csms.url}},
            "charge_points": {HEALTHY: {**COMMON, "csms": "office", "identity": identity_of(HEALTHY)}},
        }
        process = BridgeProcess(tmp_path, own_broker, topics, tables)
        await process.launch()
        try:
            yield House(process=process, broker=own_broker, csms=csms, topics=topics, box=box)
        finally:
            if process.running:
                await process.kill()


async def test_while_it_starts(house: House) -> None:
    """The first line is in the log, and not much more has happened."""
    await says(house.process, "starts with 1 charge points", level=0)
    await house.stops()


async def test_before_it_has_begun(house: House) -> None:
    """Its program is still being read; whoever stops a service that was started a moment ago gets no error."""
    status = Path(f"/proc/{house.process.process_id}/status")
    async with asyncio.timeout(STOP_MAX_S):
        while not _catches_sigterm(status):  # noqa: ASYNC110 - the kernel wakes nobody
            await asyncio.sleep(0)
    await house.stops()


def _catches_sigterm(status: Path) -> bool:
    """From the first moment on at which it can."""
    with contextlib.suppress(OSError):
        caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> 14 & 1)
    return False


async def test_in_mid_session_while_a_record_waits_for_its_answer(house: House) -> None:
    """The central system is mute just then. Offline is told, the wallbox keeps its release, and the next life knows what ran."""
    await house.ready()
    house.csms.on("StartTransaction", Silence(), {"transactionId": 4, "idTagInfo": {"status": "Accepted"}})
    await house.box.plug()
    assert (await house.box.tap(CARDS[0])).led == "green"
    await house.box.charge()
    await house.csms.saw("StartTransaction")
    await house.stops()
    await house.topics.shows("bridge/state", "offline")
    assert house.box.commands.enabled is True
    await house.process.launch()
    await house.ready()
    await house.box.appear()
    first, second = await house.csms.saw("StartTransaction", "StartTransaction")
    assert (first.id, first.payload) == (second.id, second.payload)
    stop = (await house.csms.saw_times("StopTransaction", 1))[0]
    assert (stop.payload["transactionId"], stop.payload["reason"]) == (4, "Reboot")
    await house.stops()


async def test_while_a_card_is_being_asked_about(house: House) -> None:
    """The driver stands there; nothing starts by itself later."""
    await house.ready()
    house.csms.on("Authorize", Silence())
    await house.box.plug()
    await house.box.present(CARDS[0])
    await house.csms.saw("Authorize")
    await house.stops()
    await house.topics.shows("bridge/state", "offline")
    assert True not in house.box.enabled_history


async def test_while_everybody_is_mute(house: House) -> None:
    """Broker and central system have their connections open and say nothing: it does not wait for them."""
    await house.ready()
    house.csms.freeze()
    house.broker.freeze()
    try:
        await house.stops()
    finally:
        house.broker.thaw()


async def test_while_nobody_is_there(house: House) -> None:
    """Broker and central system are away, and it is between two tries."""
    await house.ready()
    house.broker.stop()
    try:
        await house.csms.stop()
        await says(house.process, "can't be reached")
        await says(house.process, "refuses the connection")
        await house.stops()
    finally:
        house.broker.start()
        await house.csms.start()


async def test_twice_in_a_row(house: House) -> None:
    """Whoever is impatient does no harm."""
    await house.ready()
    first, second = await asyncio.gather(house.process.stop(), house.process.stop())
    assert (first, second) == (0, 0)
    await house.topics.shows("bridge/state", "offline")
