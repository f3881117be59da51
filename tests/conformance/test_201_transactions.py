"""OCPP 2.0.1, block E: when a transaction begins and ends, and what is told of it on the way."""

import pytest

from tests.conformance.laboratory import PARTNER, STRANGER, TAG
from tests.conformance.laboratory201 import CONNECTOR, Station201, token
from tests.peers.journal import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENERGY_WH = 800


def told_once(events: list[Call], field: str) -> bool:
    """A field that exactly one event of a transaction carries."""
    return sum(field in event.payload for event in events) == 1


async def points(station: Station201, start: str | None = None, stop: str | None = None) -> None:
    """TxStartPoint and TxStopPoint."""
    if start is not None:
        await station.set(**{"TxCtrlr.TxStartPoint": start})
    if stop is not None:
        await station.set(**{"TxCtrlr.TxStopPoint": stop})


def sound(station: Station201) -> list[Call]:
    """The events of the one transaction since the mark: gapless numbers, the connector and the card told once."""
    events = station.events()
    assert len({event.payload["transactionInfo"]["transactionId"] for event in events}) == 1
    assert [event.payload["seqNo"] for event in events] == list(range(len(events)))
    assert told_once(events, "evse")
    [evse] = [event.payload["evse"] for event in events if "evse" in event.payload]
    assert evse == CONNECTOR
    return events


# --- the beginning ------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_E_01_CS")
async def test_it_begins_when_connected_and_authorised(station201: Station201) -> None:
    """TxStartPoint PowerPathClosed: the card first, nothing; then the plug."""
    await points(station201, "PowerPathClosed")
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.settle()
    assert station201.told() == ["Authorize"]
    await station201.box.plug()
    await station201.reports("Occupied")
    await station201.started(triggerReason="CablePluggedIn", transactionInfo={"chargingState": "EVConnected"}, idToken=token(TAG))
    await station201.box.charge()
    await station201.state("Charging")
    assert told_once(sound(station201), "idToken")


@pytest.mark.requirement("2.0.1 TC_E_02_CS")
async def test_it_begins_when_energy_flows(station201: Station201) -> None:
    """TxStartPoint EnergyTransfer: plug and card, nothing; then the vehicle draws."""
    await points(station201, "EnergyTransfer")
    await station201.box.plug()
    await station201.reports("Occupied")
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.settle()
    assert not station201.events()
    await station201.box.charge()
    first = await station201.started(evse=CONNECTOR, idToken=token(TAG), transactionInfo={"chargingState": "Charging"})
    assert first.payload["triggerReason"] in {"ChargingStateChanged", "Authorized"}
    sound(station201)


@pytest.mark.requirement("2.0.1 TC_E_09_CS")
async def test_it_begins_with_the_plug(station201: Station201) -> None:
    """TxStartPoint EVConnected: the plug opens it, the card and the energy follow."""
    await points(station201, "EVConnected")
    await station201.box.plug()
    await station201.reports("Occupied")
    first = await station201.started(triggerReason="CablePluggedIn", evse=CONNECTOR, transactionInfo={"chargingState": "EVConnected"})
    assert "idToken" not in first.payload
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.sends("TransactionEvent", eventType="Updated", triggerReason="Authorized", idToken=token(TAG))
    await station201.box.charge()
    await station201.state("Charging")
    assert told_once(sound(station201), "idToken")


@pytest.mark.requirement("2.0.1 TC_E_10_CS")
async def test_it_begins_with_the_card(station201: Station201) -> None:
    """TxStartPoint Authorized: the card opens it; the plug tells where, and energy follows."""
    await points(station201, "Authorized")
    assert (await station201.box.tap(TAG)).led == "green"
    first = await station201.started(triggerReason="Authorized", idToken=token(TAG))
    assert "evse" not in first.payload
    await station201.box.plug()
    await station201.sends("TransactionEvent", eventType="Updated", triggerReason="CablePluggedIn", evse=CONNECTOR)
    await station201.box.charge()
    await station201.state("Charging")
    assert told_once(sound(station201), "idToken")


@pytest.mark.requirement("2.0.1 TC_E_13_CS")
async def test_it_begins_with_a_remote_start(station201: Station201) -> None:
    """TxStartPoint Authorized, and the central system gives the permission."""
    await points(station201, "Authorized")
    assert await station201.answers("RequestStartTransaction", evseId=1, remoteStartId=9, idToken=token(TAG)) == "Accepted"
    await station201.started(triggerReason="RemoteStart", idToken=token(TAG), transactionInfo={"remoteStartId": 9})
    await station201.box.plug()
    await station201.box.charge()
    await station201.state("Charging")
    assert told_once(sound(station201), "idToken")


@pytest.mark.requirement("2.0.1 TC_E_03_CS")
async def test_the_plug_first(station201: Station201) -> None:
    await station201.box.plug()
    await station201.reports("Occupied")
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.started(triggerReason="Authorized", idToken=token(TAG))
    await station201.box.charge()
    await station201.state("Charging")
    await station201.settle()
    assert station201.told() == ["Occupied", "Authorize", "Started Authorized", "Updated ChargingStateChanged"]


@pytest.mark.requirement("2.0.1 TC_E_04_CS")
async def test_the_card_first(station201: Station201) -> None:
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.sends("Authorize")
    await station201.box.plug()
    await station201.sends("TransactionEvent", triggerReason="CablePluggedIn")
    await station201.box.charge()
    await station201.state("Charging")
    await station201.settle()
    assert station201.told()[0] == "Authorize"
    assert sorted(station201.told()[1:]) == ["Occupied", "Started CablePluggedIn", "Updated ChargingStateChanged"]


@pytest.mark.requirement("2.0.1 TC_E_38_CS")
async def test_a_vehicle_that_does_not_begin(station201: Station201) -> None:
    """Released, and nothing is drawn: after a while of grace the vehicle is the one that waits."""
    await points(station201, "EVConnected")
    await station201.box.plug()
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.box.released()
    await station201.sends("TransactionEvent", triggerReason="ChargingStateChanged", transactionInfo={"chargingState": "SuspendedEV"})


# --- nobody plugs in ----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_E_05_CS")
@pytest.mark.parametrize("stop_point", ["Authorized", "PowerPathClosed"])
async def test_a_permission_lapses_without_a_plug(station201: Station201, stop_point: str) -> None:
    """EVConnectTimeout ends what the card has begun; a new session works afterwards."""
    await lapse(station201, stop_point)
    await station201.set(**{"TxCtrlr.EVConnectionTimeOut": 30})
    assert (await station201.box.tap(PARTNER)).led == "green"
    await station201.box.plug()
    await station201.box.charge()
    await station201.state("Charging")


@pytest.mark.requirement("2.0.1 TC_E_39_CS")
async def test_a_plug_after_the_permission_has_lapsed_charges_nothing(station201: Station201) -> None:
    await lapse(station201, "Authorized")
    await station201.box.plug()
    await station201.reports("Occupied")
    await station201.settle()
    assert True not in station201.box.enabled_history
    assert not station201.events()


async def lapse(station: Station201, stop_point: str) -> None:
    """A card, and nobody plugs in; the mark is set behind it."""
    await points(station, "Authorized", stop_point)
    await station.set(**{"TxCtrlr.EVConnectionTimeOut": 1})
    assert (await station.box.tap(TAG)).led == "green"
    first = await station.started(triggerReason="Authorized")
    last = await station.ended(triggerReason="EVConnectTimeout", transactionInfo={"stoppedReason": "Timeout"})
    assert last.payload["transactionInfo"]["transactionId"] == first.payload["transactionInfo"]["transactionId"]
    assert last.frame.at_ms - first.frame.at_ms >= 900
    await station.settle()
    station.mark()


# --- the end ------------------------------------------------------------------------------------------------------------------------


async def charges(station: Station201) -> None:
    """Started from afar for this card: nobody has held it to the reader, so that it is none twice in a row (design.md §2 "Taps")."""
    await station.set(**{"AuthCtrlr.AuthorizeRemoteStart": False})
    await station.plugs()
    assert await station.answers("RequestStartTransaction", evseId=1, remoteStartId=1, idToken=token(TAG)) == "Accepted"
    await station.box.charge()
    await station.state("Charging")
    await station.settle()
    station.mark()


async def local_stop(station: Station201) -> None:
    """The card: energy off."""
    assert (await station.box.tap(TAG)).led == "green"
    await station.box.held()


def reason_of(event: Call) -> str:
    """Why it ended; Local where it isn't told."""
    reason: str = event.payload["transactionInfo"].get("stoppedReason", "Local")
    return reason


@pytest.mark.requirement("2.0.1 TC_E_06_CS")
@pytest.mark.requirement("2.0.1 TC_E_07_CS")
async def test_the_card_ends_it(station201: Station201) -> None:
    """TxStopPoint PowerPathClosed: the same card ends the transaction; the plug frees the connector."""
    await points(station201, stop="PowerPathClosed")
    await charges(station201)
    await station201.box.draw(ENERGY_WH)
    await local_stop(station201)
    last = await station201.ended(triggerReason="StopAuthorized", idToken=token(TAG))
    assert reason_of(last) == "Local"
    assert not station201.sent("Authorize")
    await station201.box.unplug()
    await station201.reports("Available")
    await station201.settle()
    assert station201.told()[-1] == "Available"
    [one] = station201.csms.transactions(station201.identity)
    assert one.energy_wh == ENERGY_WH


@pytest.mark.requirement("2.0.1 TC_E_08_CS")
async def test_the_card_ends_it_where_energy_has_to_stop(station201: Station201) -> None:
    await points(station201, stop="EnergyTransfer")
    await charges(station201)
    await local_stop(station201)
    assert reason_of(await station201.ended(triggerReason="StopAuthorized")) == "Local"


@pytest.mark.requirement("2.0.1 TC_E_15_CS")
async def test_the_card_ends_it_where_permission_has_to_end(station201: Station201) -> None:
    await points(station201, stop="Authorized")
    await charges(station201)
    await local_stop(station201)
    assert reason_of(await station201.ended(triggerReason="StopAuthorized")) == "Local"


@pytest.mark.requirement("2.0.1 TC_E_14_CS")
async def test_only_the_plug_ends_it(station201: Station201) -> None:
    """TxStopPoint EVConnected: the card stops the energy, the plug ends the transaction."""
    await points(station201, stop="EVConnected")
    await charges(station201)
    await station201.box.draw(ENERGY_WH)
    await local_stop(station201)
    await station201.sends("TransactionEvent", eventType="Updated", triggerReason="StopAuthorized")
    await station201.settle()
    assert not station201.sent("TransactionEvent", eventType="Ended")
    last = await station201.ends()
    assert last.payload["triggerReason"] == "EVCommunicationLost"
    assert last.payload["transactionInfo"]["chargingState"] == "Idle"
    assert reason_of(last) in {"Local", "EVDisconnected"}
    [one] = station201.csms.transactions(station201.identity)
    assert one.energy_wh == ENERGY_WH


@pytest.mark.parametrize(
    "stop_point",
    [
        pytest.param("Authorized", marks=pytest.mark.requirement("2.0.1 TC_E_21_CS")),
        pytest.param("PowerPathClosed", marks=pytest.mark.requirement("2.0.1 TC_E_35_CS")),
    ],
)
async def test_the_central_system_ends_it(station201: Station201, stop_point: str) -> None:
    await points(station201, stop=stop_point)
    transaction = await station201.charges()
    assert await station201.answers("RequestStopTransaction", transactionId=transaction) == "Accepted"
    assert reason_of(await station201.ended(triggerReason="RemoteStop")) == "Remote"


@pytest.mark.requirement("2.0.1 TC_E_22_CS")
async def test_the_vehicle_ends_it_where_energy_has_to_flow(station201: Station201) -> None:
    """TxStopPoint EnergyTransfer: a vehicle that stops drawing has ended it."""
    await points(station201, stop="EnergyTransfer")
    await station201.charges()
    await station201.box.say("charging", "false")
    assert reason_of(await station201.ended(triggerReason="ChargingStateChanged")) == "StoppedByEV"


@pytest.mark.requirement("2.0.1 TC_E_16_CS")
async def test_an_offline_start_that_turns_out_invalid_ends(station201: Station201) -> None:
    """StopTxOnInvalidId: after the queue, Ended with DeAuthorized."""
    await points(station201, stop="Authorized")
    await station201.set(**{"AuthCtrlr.OfflineTxForUnknownIdEnabled": True, "TxCtrlr.StopTxOnInvalidId": True})
    async with station201.offline():
        assert (await station201.box.tap(STRANGER)).led == "green"
        await station201.box.plug()
        await station201.box.charge()
    last = await station201.ended(triggerReason="Deauthorized")
    assert reason_of(last) == "DeAuthorized"
    await station201.box.held()


@pytest.mark.parametrize(
    "stop_point",
    [
        pytest.param("Authorized", marks=pytest.mark.requirement("2.0.1 TC_E_17_CS")),
        pytest.param("PowerPathClosed", marks=pytest.mark.requirement("2.0.1 TC_E_37_CS")),
        pytest.param("EVConnected", marks=pytest.mark.requirement("2.0.1 TC_E_20_CS")),
    ],
)
async def test_the_pulled_plug_ends_it(station201: Station201, stop_point: str) -> None:
    """Always, whatever the stop point (StopTxOnEVSideDisconnect is true)."""
    await points(station201, stop=stop_point)
    await station201.charges()
    await station201.box.draw(ENERGY_WH)
    await station201.box.say("charging", "false")
    await station201.state("SuspendedEV")
    last = await station201.ends()
    assert last.payload["triggerReason"] == "EVCommunicationLost"
    assert last.payload["transactionInfo"]["chargingState"] == "Idle"
    assert reason_of(last) == "EVDisconnected"


@pytest.mark.requirement("2.0.1 TC_E_24_CS")
async def test_the_pulled_plug_frees_the_cable(station201: Station201) -> None:
    """UnlockOnEVSideDisconnect: the wallbox is told to free what is still in its socket."""
    await station201.set(**{"OCPPCommCtrlr.UnlockOnEVSideDisconnect": True})
    await station201.charges()
    assert station201.box.orders == []
    last = await station201.ends()
    assert (last.payload["triggerReason"], last.payload["transactionInfo"]["chargingState"]) == ("EVCommunicationLost", "Idle")
    await station201.box.ordered("unlock")


@pytest.mark.requirement("2.0.1 TC_E_25_CS")
async def test_the_cable_waits_for_the_card_that_brought_it(station201: Station201) -> None:
    """UnlockOnEVSideDisconnect false: another card does not free it, the right one does, and begins nothing by it."""
    await station201.set(**{"OCPPCommCtrlr.UnlockOnEVSideDisconnect": False})
    await charges(station201)
    await station201.ends()
    await station201.settle()
    assert (await station201.box.tap(STRANGER)).led == "red"
    assert station201.box.orders == []
    station201.mark()
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.box.ordered("unlock")
    await station201.settle()
    assert station201.told() == []
