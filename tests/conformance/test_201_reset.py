"""OCPP 2.0.1, block B: Reset, at once and when nothing goes on any more. It concerns one charge point; the others do not notice."""

import pytest

from tests.conformance.laboratory import COLLEAGUE, PARTNER
from tests.conformance.laboratory201 import EVSE, Station201

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMMEDIATE, ON_IDLE = "Immediate", "OnIdle"
BOOT, SECURITY = "BootNotification", "SecurityEventNotification"


async def comes_in_anew(station: Station201, before: int, reason: str) -> None:
    """It has reconnected, registered for this reason, and told that it has started."""
    await station.reconnects(before)
    await station.sends(BOOT, reason=reason)
    await station.sends(SECURITY, type="ResetOrReboot")


@pytest.mark.requirement("2.0.1 TC_B_20_CS")
@pytest.mark.parametrize("kind", [ON_IDLE, IMMEDIATE])
async def test_reset_without_a_transaction(station201: Station201, kind: str) -> None:
    """Accepted, and it comes in anew, with its connector available."""
    before = station201.connections
    assert await station201.answers("Reset", type=kind) == "Accepted"
    await comes_in_anew(station201, before, "RemoteReset")
    await station201.reports("Available")
    await station201.settle()
    assert station201.told() == [BOOT, "Available", SECURITY]


@pytest.mark.requirement("2.0.1 TC_B_21_CS")
@pytest.mark.parametrize("unplugged", [True, False], ids=["unplugged", "still-plugged"])
async def test_reset_on_idle_waits_for_the_end_of_the_transaction(station201: Station201, unplugged: bool) -> None:
    """Scheduled; the transaction goes on and ends as usual, and then it comes in anew."""
    transaction = await station201.charges(PARTNER)
    before = station201.connections
    assert await station201.answers("Reset", type=ON_IDLE) == "Scheduled"
    await station201.box.draw(1500)
    await station201.settle()
    assert station201.connections == before
    assert "Ended" not in {call.payload["eventType"] for call in station201.events()}
    if unplugged:
        await station201.box.unplug()
    else:
        await station201.box.tap(COLLEAGUE)
    last = await station201.ended(transactionInfo={"transactionId": transaction})
    await comes_in_anew(station201, before, "ScheduledReset")
    await station201.settle()
    told = station201.told()
    assert last.payload["transactionInfo"].get("stoppedReason", "Local") == ("EVDisconnected" if unplugged else "Local")
    after = told[told.index(BOOT) :]
    assert [word for word in after if not word.startswith("Updated")] == [BOOT, "Available" if unplugged else "Occupied", SECURITY]
    [one] = station201.csms.transactions(station201.identity)
    assert one.energy_wh == 1500


@pytest.mark.requirement("2.0.1 TC_B_22_CS")
async def test_reset_at_once_ends_the_transaction(station201: Station201) -> None:
    """The transaction ends for the reset; the connector is still occupied, and nothing starts by itself."""
    transaction = await station201.charges()
    await station201.box.draw(1100)
    await station201.settle()
    before = station201.connections
    station201.mark()
    assert await station201.answers("Reset", type=IMMEDIATE) == "Accepted"
    last = await station201.ended(triggerReason="ResetCommand")
    info = last.payload["transactionInfo"]
    assert (info["transactionId"], info["stoppedReason"]) == (transaction, "ImmediateReset")
    assert info["chargingState"] == "EVConnected"
    assert "idToken" not in last.payload
    await comes_in_anew(station201, before, "RemoteReset")
    await station201.reports("Occupied")
    await station201.settle()
    told = station201.told()
    assert [word for word in told if not word.startswith("Ended")] == [BOOT, "Occupied", SECURITY]
    assert station201.box.commands.enabled is False
    [one] = station201.csms.transactions(station201.identity)
    assert one.energy_wh == 1100


@pytest.mark.requirement("2.0.1 TC_B_23_CS")
async def test_unavailable_outlives_a_reset(station201: Station201) -> None:
    """A connector that was taken out of service still is, until the central system puts it back."""
    evse = {**EVSE, "connectorId": 1}
    assert await station201.answers("ChangeAvailability", operationalStatus="Inoperative", evse=evse) == "Accepted"
    await station201.reports("Unavailable")
    station201.mark()
    before = station201.connections
    assert await station201.answers("Reset", type=ON_IDLE) == "Accepted"
    await comes_in_anew(station201, before, "RemoteReset")
    await station201.reports("Unavailable")
    await station201.settle()
    assert station201.told() == [BOOT, "Unavailable", SECURITY]
    assert await station201.answers("ChangeAvailability", operationalStatus="Operative", evse=evse) == "Accepted"
    await station201.reports("Available")


@pytest.mark.requirement("2.0.1 TC_B_28_CS")
@pytest.mark.parametrize("kind", [ON_IDLE, IMMEDIATE])
async def test_an_evse_alone_is_not_reset(station201: Station201, kind: str) -> None:
    """Rejected, and nothing happens."""
    before = station201.connections
    assert await station201.answers("Reset", type=kind, evseId=1) == "Rejected"
    await station201.settle()
    assert (station201.told(), station201.connections) == ([], before)


@pytest.mark.requirement("2.0.1 TC_B_29_CS")
@pytest.mark.parametrize("kind", [ON_IDLE, IMMEDIATE])
async def test_an_evse_alone_is_not_reset_during_a_transaction(station201: Station201, kind: str) -> None:
    """Rejected, and the transaction goes on."""
    transaction = await station201.charges()
    before = station201.connections
    assert await station201.answers("Reset", type=kind, evseId=1) == "Rejected"
    await station201.settle()
    assert (station201.told(), station201.connections) == ([], before)
    last = await station201.ends()
    assert last.payload["transactionInfo"]["transactionId"] == transaction
