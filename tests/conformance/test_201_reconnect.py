"""OCPP 2.0.1, block B: what is told after an outage."""

import asyncio

import pytest

from tests.conformance.laboratory201 import Station201

pytestmark = pytest.mark.asyncio(loop_scope="module")

THRESHOLD_S = 1


@pytest.mark.requirement("2.0.1 TC_B_51_CS")
@pytest.mark.parametrize("plugged", [True, False])
async def test_after_a_long_outage_all_statuses_are_told(station201: Station201, plugged: bool) -> None:
    """Longer than OfflineThreshold: each connector's status, changed or not, and no BootNotification."""
    await station201.set(**{"OCPPCommCtrlr.OfflineThreshold": THRESHOLD_S})
    async with station201.offline():
        if plugged:
            await station201.box.plug()
        # waiting is the point: the outage has to be longer
        await asyncio.sleep(THRESHOLD_S + 0.2)
    await station201.reports("Occupied" if plugged else "Available")
    await station201.settle()
    assert station201.told() == ["Occupied" if plugged else "Available"]


@pytest.mark.requirement("2.0.1 TC_B_52_CS")
@pytest.mark.parametrize("plugged", [True, False])
async def test_after_a_short_outage_only_what_changed_is_told(station201: Station201, plugged: bool) -> None:
    """Shorter than OfflineThreshold: the status of a connector where a vehicle was plugged in meanwhile, of no other."""
    await station201.set(**{"OCPPCommCtrlr.OfflineThreshold": 300})
    async with station201.offline():
        if plugged:
            await station201.box.plug()
            await station201.topics.shows(f"charge_point/{station201.name}/status", "Preparing")
    if plugged:
        await station201.reports("Occupied")
    await station201.settle()
    assert station201.told() == (["Occupied"] if plugged else [])
