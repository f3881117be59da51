"""OCPP 1.6: UnlockConnector, with a socket and with a fixed cable."""

import pytest

from tests.conformance.laboratory import Station

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.requirement("1.6 TC_017_1_CS")
async def test_unlock_without_a_session(station: Station) -> None:
    """The wallbox frees the cable and says so; that is the answer."""
    assert await station.answers("UnlockConnector", connectorId=1) == "Unlocked"
    assert [order for order, _ in station.box.orders] == ["unlock"]
    await station.settle()
    assert station.told() == []


@pytest.mark.requirement("1.6 TC_017_2_CS")
async def test_unlock_of_a_fixed_cable(tethered: Station) -> None:
    """A fixed cable can't be freed, and the wallbox is not asked to."""
    assert await tethered.answers("UnlockConnector", connectorId=1) == "NotSupported"
    await tethered.settle()
    assert tethered.box.orders == []
    assert tethered.told() == []


@pytest.mark.requirement("1.6 TC_018_1_CS")
async def test_unlock_ends_a_session(station: Station) -> None:
    """The session ends first, with the reason UnlockCommand; then the cable is free."""
    transaction = await station.charges()
    await station.box.draw(300)
    assert await station.answers("UnlockConnector", connectorId=1) == "Unlocked"
    await station.box.held()
    stop = await station.sends("StopTransaction", transactionId=transaction, reason="UnlockCommand")
    await station.reports("Finishing")
    await station.box.unplug()
    await station.reports("Available")
    assert stop.payload["meterStop"] == station.box.register_wh
    assert sorted(station.told()[:2]) == ["Finishing", "StopTransaction"]
    assert station.told()[2:] == ["Available"]


@pytest.mark.requirement("1.6 TC_018_2_CS")
async def test_unlock_of_a_fixed_cable_leaves_the_session_alone(tethered: Station) -> None:
    """NotSupported, and the session goes on until somebody else ends it."""
    transaction = await tethered.charges()
    assert await tethered.answers("UnlockConnector", connectorId=1) == "NotSupported"
    await tethered.settle()
    assert tethered.told() == []
    assert tethered.box.commands.enabled
    assert await tethered.answers("RemoteStopTransaction", transactionId=transaction) == "Accepted"
    await tethered.sends("StopTransaction", transactionId=transaction, reason="Remote")


@pytest.mark.requirement("1.6 TC_030_CS")
async def test_unlock_that_fails(station: Station) -> None:
    """The lock is stuck: the wallbox says so, and that is the answer."""
    station.box.order_answer = {"status": "failed", "reason": "stuck"}
    assert await station.answers("UnlockConnector", connectorId=1) == "UnlockFailed"


@pytest.mark.requirement("1.6 TC_031_CS")
async def test_unlock_of_a_connector_that_is_not_there(station: Station) -> None:
    """A wallbox has one connector; the lock of another one is asked of nobody."""
    assert await station.answers("UnlockConnector", connectorId=2) == "NotSupported"
    await station.settle()
    assert station.box.orders == []
