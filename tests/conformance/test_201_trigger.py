"""OCPP 2.0.1, block F: messages that the central system asks for."""

from typing import Any

import pytest

from tests.conformance.laboratory201 import CONNECTOR, EVSE, Station201, samples

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def triggered_values(station: Station201, **fields: Any) -> None:  # noqa: ANN401 - a payload's field
    """MeterValues of EVSE 1 follow, with the measurands of the clock's grid and context Trigger."""
    await station.set(**{"AlignedDataCtrlr.Measurands": "Energy.Active.Import.Register,Power.Active.Import"})
    await station.box.report_meter()
    await station.settle()
    assert await station.trigger("MeterValues", **fields) == "Accepted"
    values = await station.sends("MeterValues", evseId=1)
    told = samples(values)
    assert {sample["context"] for sample in told} == {"Trigger"}
    assert {sample["measurand"] for sample in told} == {"Energy.Active.Import.Register", "Power.Active.Import"}
    await station.settle()
    assert station.told() == ["MeterValues"]


@pytest.mark.requirement("2.0.1 TC_F_11_CS")
async def test_meter_values_of_an_evse(station201: Station201) -> None:
    await triggered_values(station201, evse=EVSE)


@pytest.mark.requirement("2.0.1 TC_F_12_CS")
async def test_meter_values_of_all_there_is(station201: Station201) -> None:
    await triggered_values(station201)


async def triggered_event(station: Station201, **fields: Any) -> None:  # noqa: ANN401 - a payload's field
    """A TransactionEvent of the running transaction follows, and no other message."""
    transaction = await station.charges()
    assert await station.trigger("TransactionEvent", **fields) == "Accepted"
    event = await station.sends("TransactionEvent", triggerReason="Trigger", eventType="Updated")
    assert event.payload["transactionInfo"] == {"transactionId": transaction, "chargingState": "Charging"}
    assert {sample["context"] for sample in samples(event)} == {"Trigger"}
    await station.settle()
    assert station.told() == ["Updated Trigger"]


@pytest.mark.requirement("2.0.1 TC_F_13_CS")
async def test_a_transaction_event_of_an_evse(station201: Station201) -> None:
    await triggered_event(station201, evse=EVSE)


@pytest.mark.requirement("2.0.1 TC_F_14_CS")
async def test_a_transaction_event_of_all_there_is(station201: Station201) -> None:
    await triggered_event(station201)


@pytest.mark.requirement("2.0.1 TC_F_15_CS")
async def test_the_status_of_no_upload(station201: Station201) -> None:
    assert await station201.trigger("LogStatusNotification") == "Accepted"
    assert (await station201.sends("LogStatusNotification")).payload == {"status": "Idle"}


@pytest.mark.requirement("2.0.1 TC_F_17_CS")
@pytest.mark.requirement("2.0.1 TC_F_18_CS")
@pytest.mark.parametrize("fields", [{}, {"evse": EVSE}, {"evse": {"id": 9}}], ids=["station", "evse", "unknown-evse"])
async def test_the_status_of_no_update(station201: Station201, fields: dict[str, Any]) -> None:
    """An EVSE has nothing to do with it, and is ignored."""
    assert await station201.trigger("FirmwareStatusNotification", **fields) == "Accepted"
    assert (await station201.sends("FirmwareStatusNotification")).payload == {"status": "Idle"}


@pytest.mark.requirement("2.0.1 TC_F_20_CS")
async def test_a_heartbeat(station201: Station201) -> None:
    assert await station201.trigger("Heartbeat") == "Accepted"
    await station201.sends("Heartbeat")


@pytest.mark.requirement("2.0.1 TC_F_23_CS")
async def test_the_status_of_a_free_connector(station201: Station201) -> None:
    assert await station201.trigger("StatusNotification", evse=CONNECTOR) == "Accepted"
    await station201.reports("Available")


@pytest.mark.requirement("2.0.1 TC_F_24_CS")
async def test_the_status_of_an_occupied_connector(station201: Station201) -> None:
    await station201.plugs()
    assert await station201.trigger("StatusNotification", evse=CONNECTOR) == "Accepted"
    await station201.reports("Occupied")


@pytest.mark.requirement("2.0.1 TC_F_26_CS")
async def test_a_registered_station_does_not_register_again(station201: Station201) -> None:
    assert await station201.trigger("BootNotification") == "Rejected"
    await station201.settle()
    assert station201.told() == []


@pytest.mark.requirement("2.0.1 TC_F_27_CS")
async def test_what_is_not_offered_can_not_be_triggered(station201: Station201) -> None:
    assert await station201.trigger("SignCombinedCertificate") == "NotImplemented"
