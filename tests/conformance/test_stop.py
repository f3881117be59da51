"""OCPP 1.6: how a session ends at the station: by a card, or because the vehicle leaves."""

import pytest

from tests.conformance.laboratory import COLLEAGUE, PARTNER, STRANGER, TAG, Station

pytestmark = pytest.mark.asyncio(loop_scope="module")


def told_of_the_end(station: Station) -> list[str]:
    """What was told since the mark. That energy stopped may come before that the plug is out: the wallbox says it in two messages."""
    return [word for word in station.told() if word != "SuspendedEV"]


@pytest.mark.requirement("1.6 TC_068_CS")
async def test_only_the_same_card_stops(station: Station) -> None:
    """Another card leaves the session alone and is not even asked about; the card that started it ends it without a question."""
    box = station.box
    transaction = await station.charges(TAG)
    decision = await box.tap(PARTNER)
    await station.settle()
    assert (decision.led, decision.reason) == ("red", "occupied")
    assert station.told() == []
    assert (await box.tap(TAG)).reason == "stopped"
    stop = await station.sends("StopTransaction", transactionId=transaction, idTag=TAG)
    await station.reports("Finishing")
    await station.settle()
    assert stop.payload.get("reason", "Local") == "Local"
    assert sorted(station.told()) == ["Finishing", "StopTransaction"]


@pytest.mark.requirement("1.6 TC_069_CS")
async def test_a_card_of_the_same_group_stops(station: Station) -> None:
    """A colleague's card is asked about; it has the same parentIdTag, so it ends the session. A card without it, or a bad one, does not."""
    transaction = await station.charges(PARTNER)
    for other in (TAG, STRANGER):
        assert (await station.box.tap(other)).reason == "occupied"
    await station.settle()
    assert station.told() == ["Authorize", "Authorize"]
    station.mark()
    assert (await station.box.tap(COLLEAGUE)).led == "green"
    stop = await station.sends("StopTransaction", transactionId=transaction, idTag=COLLEAGUE)
    await station.reports("Finishing")
    await station.settle()
    assert stop.payload.get("reason", "Local") == "Local"
    assert station.told()[0] == "Authorize"
    assert station.sent("Authorize")[0].payload == {"idTag": COLLEAGUE}
    assert sorted(station.told()[1:]) == ["Finishing", "StopTransaction"]


@pytest.mark.requirement("1.6 TC_005_1_CS")
async def test_unplugging_ends_the_session_and_frees_the_cable(station: Station) -> None:
    """The plug is pulled at the vehicle: the session ends with what was charged, and the cable is freed at the station."""
    await station.configure(UnlockConnectorOnEVSideDisconnect=True)
    transaction = await station.charges()
    await station.box.draw(1500)
    # the meter is slower than the connector's status; the end waits for it
    await station.box.unplug(metered=False)
    await station.reports("Finishing")
    stop = await station.sends("StopTransaction", transactionId=transaction, reason="EVDisconnected")
    await station.reports("Available")
    await station.box.ordered("unlock")
    assert stop.payload["meterStop"] == station.box.register_wh
    told = told_of_the_end(station)
    assert sorted(told[:2]) == ["Finishing", "StopTransaction"]
    assert told[2:] == ["Available"]


@pytest.mark.requirement("1.6 TC_005_2_CS")
async def test_unplugging_ends_the_session_and_the_cable_stays_locked(station: Station) -> None:
    """The same without the cable being freed: that is done when the central system asks for it."""
    await station.configure(UnlockConnectorOnEVSideDisconnect=False)
    transaction = await station.charges()
    await station.box.unplug(metered=False)
    await station.reports("Finishing")
    await station.sends("StopTransaction", transactionId=transaction, reason="EVDisconnected")
    await station.settle()
    assert station.box.orders == []
    assert await station.answers("UnlockConnector", connectorId=1) == "Unlocked"
    assert [order for order, _ in station.box.orders] == ["unlock"]
    await station.reports("Available")
    told = told_of_the_end(station)
    assert sorted(told[:2]) == ["Finishing", "StopTransaction"]
    assert told[2:] == ["Available"]
