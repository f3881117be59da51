"""OCPP 2.0.1, block G: what the connector tells of itself, and how the central system puts it out of service."""

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.laboratory import PARTNER
from tests.conformance.laboratory201 import CONNECTOR, EVSE, Station201, bench201

OPERATIVE, INOPERATIVE = "Operative", "Inoperative"
STATION: dict[str, Any] = {}
OF_EVSE, OF_CONNECTOR = {"evse": EVSE}, {"evse": CONNECTOR}

shared = pytest.mark.asyncio(loop_scope="module")


async def change(station: Station201, word: str, target: dict[str, Any]) -> str:
    """ChangeAvailability: the status of its answer."""
    return await station.answers("ChangeAvailability", operationalStatus=word, **target)


# --- what it tells ------------------------------------------------------------------------------------------------------------------


@shared
@pytest.mark.requirement("2.0.1 TC_G_01_CS")
@pytest.mark.requirement("2.0.1 TC_G_02_CS")
async def test_a_plug_occupies_the_connector_until_it_is_pulled(station201: Station201) -> None:
    await station201.box.plug()
    await station201.reports("Occupied")
    await station201.box.unplug()
    await station201.reports("Available")
    await station201.settle()
    assert station201.told() == ["Occupied", "Available"]


# --- in and out of service ------------------------------------------------------------------------------------------------------------


@shared
@pytest.mark.parametrize(
    "target",
    [
        pytest.param(STATION, marks=[pytest.mark.requirement("2.0.1 TC_G_05_CS"), pytest.mark.requirement("2.0.1 TC_G_06_CS")]),
        pytest.param(OF_EVSE, marks=[pytest.mark.requirement("2.0.1 TC_G_03_CS"), pytest.mark.requirement("2.0.1 TC_G_04_CS")]),
        pytest.param(OF_CONNECTOR, marks=[pytest.mark.requirement("2.0.1 TC_G_07_CS"), pytest.mark.requirement("2.0.1 TC_G_08_CS")]),
    ],
)
async def test_out_of_service_and_back(station201: Station201, target: dict[str, Any]) -> None:
    """Out of service nobody charges; back in service everybody may."""
    assert await change(station201, INOPERATIVE, target) == "Accepted"
    await station201.reports("Unavailable")
    assert (await station201.box.tap(PARTNER)).led == "red"
    assert await change(station201, OPERATIVE, target) == "Accepted"
    await station201.reports("Available")
    await station201.settle()
    assert station201.told() == ["Unavailable", "Available"]
    await station201.charges()


@shared
@pytest.mark.parametrize(
    "target",
    [
        pytest.param(STATION, marks=[pytest.mark.requirement("2.0.1 TC_G_12_CS"), pytest.mark.requirement("2.0.1 TC_G_13_CS")]),
        pytest.param(OF_EVSE, marks=[pytest.mark.requirement("2.0.1 TC_G_09_CS"), pytest.mark.requirement("2.0.1 TC_G_10_CS")]),
        pytest.param(OF_CONNECTOR, marks=[pytest.mark.requirement("2.0.1 TC_G_15_CS"), pytest.mark.requirement("2.0.1 TC_G_16_CS")]),
    ],
)
async def test_what_is_so_already_is_accepted(station201: Station201, target: dict[str, Any]) -> None:
    assert await change(station201, OPERATIVE, target) == "Accepted"
    await station201.settle()
    assert station201.told() == []
    assert await change(station201, INOPERATIVE, target) == "Accepted"
    await station201.reports("Unavailable")
    assert await change(station201, INOPERATIVE, target) == "Accepted"
    await station201.settle()
    assert station201.told() == ["Unavailable"]


@shared
@pytest.mark.parametrize(
    "target",
    [
        pytest.param(STATION, marks=pytest.mark.requirement("2.0.1 TC_G_14_CS")),
        pytest.param(OF_EVSE, marks=pytest.mark.requirement("2.0.1 TC_G_11_CS")),
        pytest.param(OF_CONNECTOR, marks=pytest.mark.requirement("2.0.1 TC_G_17_CS")),
    ],
)
async def test_a_running_transaction_ends_first(station201: Station201, target: dict[str, Any]) -> None:
    """Scheduled: nothing changes before the end, and then the connector goes from Occupied to Unavailable."""
    await station201.charges()
    assert await change(station201, INOPERATIVE, target) == "Scheduled"
    await station201.settle()
    assert station201.told() == []
    assert station201.box.commands.enabled
    await station201.box.unplug()
    await station201.ended()
    await station201.reports("Unavailable")
    await station201.settle()
    assert not station201.sent("StatusNotification", connectorStatus="Available")


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(STATION, marks=pytest.mark.requirement("2.0.1 TC_G_21_CS")),
        pytest.param(OF_EVSE, marks=pytest.mark.requirement("2.0.1 TC_G_18_CS")),
        pytest.param(OF_CONNECTOR, marks=pytest.mark.requirement("2.0.1 TC_G_19_CS")),
    ],
)
async def test_out_of_service_outlives_a_power_cut(tmp_path: Path, target: dict[str, Any]) -> None:
    async with bench201(tmp_path) as powered:
        station = powered.station
        await powered.switched_on()
        assert await change(station, INOPERATIVE, target) == "Accepted"
        await station.reports("Unavailable")
        await powered.loses_power()
        await station.sends("BootNotification")
        await station.reports("Unavailable")
        await station.sends("SecurityEventNotification")
        await station.settle()
        assert not station.sent("StatusNotification", connectorStatus="Available")
