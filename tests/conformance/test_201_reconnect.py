"""OCPP 2.0.1, block B: what is told after an outage, and how long a station waits before it comes back."""

import asyncio
import time

import pytest

from tests.conformance.laboratory201 import Station201
from tests.conformance.times import gaps_ms

pytestmark = pytest.mark.asyncio(loop_scope="module")

THRESHOLD_S = 1
MINIMUM_S = 1
SLACK_MS = 20
"""Two processes read two clocks at different moments."""
TOLERANCE_MS = 4000
"""Of the laboratories, for intervals (conformance.md §0.1)."""


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


@pytest.mark.requirement("2.0.1 TC_B_57_CS")
async def test_the_wait_before_a_connection_doubles_and_begins_anew(station201: Station201) -> None:
    """First RetryBackOffWaitMinimum, then twice as long; after a success it begins from there again."""
    await station201.set(
        **{
            "OCPPCommCtrlr.RetryBackOffWaitMinimum": MINIMUM_S,
            "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
            "OCPPCommCtrlr.RetryBackOffRepeatTimes": 2,
            "OCPPCommCtrlr.NetworkProfileConnectionAttempts": 3,
        },
    )
    csms = station201.csms
    await csms.refuse(503)
    refused = len(csms.refused)
    before = station201.connections
    lost_ms = time.time_ns() // 1_000_000
    await csms.disconnect(station201.identity, force=True)
    await csms.refused_handshakes(refused + 1)
    first_ms = csms.refused[refused]["at"]
    await csms.welcome()
    await station201.reconnects(before)
    back_ms = csms.connections[-1].at_ms
    first, second = gaps_ms([lost_ms, first_ms, back_ms])
    assert 1000 * MINIMUM_S - SLACK_MS <= first <= 1000 * MINIMUM_S + TOLERANCE_MS
    assert 2000 * MINIMUM_S - SLACK_MS <= second <= 2000 * MINIMUM_S + TOLERANCE_MS
    lost_ms = time.time_ns() // 1_000_000
    await csms.disconnect(station201.identity, force=True)
    await station201.reconnects(before + 1)
    again_ms = csms.connections[-1].at_ms - lost_ms
    assert 1000 * MINIMUM_S - SLACK_MS <= again_ms < 2000 * MINIMUM_S - SLACK_MS
    await station201.settle()
    assert station201.told() == []
