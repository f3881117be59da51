"""OCPP 2.0.1, block B: network profiles, and how a station comes back."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio

from tests.conformance.laboratory201 import Station201
from tests.peers.central_system import CentralSystem

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRIORITY, ATTEMPTS = "OCPPCommCtrlr.NetworkConfigurationPriority", "OCPPCommCtrlr.NetworkProfileConnectionAttempts"
ACTIVE = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "ActiveNetworkProfile"}}


@pytest_asyncio.fixture(loop_scope="module")
async def other() -> AsyncIterator[CentralSystem]:
    """Another central system on the same host; whatever the station did there was by the book."""
    async with CentralSystem(protocol="ocpp2.0.1") as made:
        yield made
        assert made.faults() == []


async def fill(station: Station201, url: str, slot: int = 2) -> str:
    """SetNetworkProfile: the status of its answer."""
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": 30,
        "securityProfile": 0,
        "ocppInterface": "Wired0",
    }
    return await station.answers("SetNetworkProfile", configurationSlot=slot, connectionData=data)


async def is_sent(station: Station201, other: CentralSystem) -> None:
    """The profile is there, comes first, and is in force."""
    assert await fill(station, other.url) == "Accepted"
    assert await station.sets(PRIORITY, "2,1") in {"Accepted", "RebootRequired"}
    await station.set(**{ATTEMPTS: 2})
    await station.settle()
    assert other.knocks == [], "not before a reset"
    station.mark()
    assert await station.answers("Reset", type="OnIdle") == "Accepted"


@pytest.mark.requirement("2.0.1 TC_B_43_CS")
@pytest.mark.parametrize("slot", [999, 1])
async def test_a_slot_that_is_not_the_central_systems_is_refused(station201: Station201, slot: int) -> None:
    """There is none of that number, or it is the configuration's."""
    assert await fill(station201, "ws://127.0.0.1:9/", slot) == "Rejected"


async def test_a_host_the_configuration_does_not_allow_is_refused(station201: Station201) -> None:
    assert await fill(station201, "ws://elsewhere.example/") == "Rejected"


@pytest.mark.requirement("2.0.1 TC_B_45_CS")
async def test_it_goes_where_it_was_sent(station201: Station201, other: CentralSystem) -> None:
    """After a reset; it registers there, and says by which profile it came."""
    await is_sent(station201, other)
    [boot, *_] = await other.saw("BootNotification", "StatusNotification", "SecurityEventNotification")
    assert boot.payload["reason"] == "RemoteReset"
    assert other.connections[0].identity == station201.identity
    told = await other.call("GetVariables", {"getVariableData": [ACTIVE]})
    assert told["getVariableResult"][0]["attributeValue"] == "2"
    await station201.topics.shows(f"charge_point/{station201.name}/online", "true")
    assert not station201.sent("BootNotification")


@pytest.mark.requirement("2.0.1 TC_B_46_CS")
async def test_it_comes_back_where_nobody_answers(station201: Station201, other: CentralSystem) -> None:
    """After NetworkProfileConnectionAttempts."""
    other.refuse(503)
    await is_sent(station201, other)
    await station201.sends("BootNotification")
    assert len(other.knocks) == 2
    assert await station201.get("OCPPCommCtrlr.ActiveNetworkProfile") == "1"


@pytest.mark.requirement("2.0.1 TC_B_49_CS")
async def test_it_goes_on_trying_where_all_refuse(station201: Station201, other: CentralSystem) -> None:
    """One after the other, until one takes it."""
    other.refuse(503)
    await station201.csms.refuse(503)
    refused = len(station201.csms.refused)
    try:
        await is_sent(station201, other)
        await other.knocked(3)
        await station201.csms.refused_handshakes(refused + 2)
    finally:
        await station201.csms.welcome()
    await station201.sends("BootNotification")


@pytest.mark.requirement("2.0.1 TC_B_57_CS")
async def test_it_waits_as_it_was_told(station201: Station201) -> None:
    """First RetryBackOffWaitMinimum, after a refusal twice that; after a success the first again."""
    await station201.set(**{"OCPPCommCtrlr.RetryBackOffRepeatTimes": 2, "OCPPCommCtrlr.RetryBackOffWaitMinimum": 1})
    # the waits in force were drawn at the last connection
    before = station201.connections
    await station201.csms.disconnect(station201.identity, force=True)
    await station201.reconnects(before)
    loop = asyncio.get_running_loop()
    refused = len(station201.csms.refused)
    await station201.csms.refuse(503)
    moments = [loop.time()]
    try:
        await station201.csms.disconnect(station201.identity, force=True)
        for number in (1, 2):
            await station201.csms.refused_handshakes(refused + number)
            moments.append(loop.time())
    finally:
        await station201.csms.welcome()
    await station201.reconnects(before + 1)
    moments.append(loop.time())
    await station201.csms.disconnect(station201.identity, force=True)
    await station201.reconnects(before + 2)
    moments.append(loop.time())
    waits = [later - earlier for earlier, later in pairwise(moments)]
    for wait, wanted in zip(waits, (1, 2, 4, 1), strict=True):
        assert wanted * 0.9 <= wait < wanted + 0.9, waits
