"""OCPP 1.6: faults, triggered messages, and data nobody here knows."""

from typing import Any

import pytest

from tests.conformance.laboratory import TAG, Station
from tests.peers import journal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.requirement("1.6 TC_041_CS")
async def test_a_fault_starts_nothing(station: Station) -> None:
    """While the wallbox reports a fault, neither a card nor the central system starts a transaction; repaired, it is as before."""
    box = station.box
    await box.break_down("GroundFailure")
    faulted = await station.reports("Faulted")
    assert faulted.payload["errorCode"] == "GroundFailure"
    assert (await box.tap(TAG)).reason == "faulted"
    await box.plug()
    assert await station.answers("RemoteStartTransaction", connectorId=1, idTag=TAG) == "Rejected"
    await station.settle()
    assert station.told() == ["Faulted"]
    assert True not in box.enabled_history
    await box.repair()
    preparing = await station.reports("Preparing")
    assert preparing.payload["errorCode"] == "NoError"


@pytest.mark.requirement("1.6 TC_062_CS")
async def test_data_of_an_unknown_vendor(station: Station) -> None:
    """Nobody here knows this vendor, and the answer says so."""
    assert await station.answers("DataTransfer", vendorId="org.example.nobody", messageId="m", data="d") == "UnknownVendorId"


TRIGGERED = [
    ("MeterValues", {"connectorId": 1}, {"connectorId": 1}),
    ("Heartbeat", {}, {}),
    ("StatusNotification", {"connectorId": 1}, {"connectorId": 1, "status": "Available"}),
    ("DiagnosticsStatusNotification", {}, {"status": "Idle"}),
    ("FirmwareStatusNotification", {}, {"status": "Idle"}),
]
"""The message, what is asked, what it says."""


@pytest.mark.requirement("1.6 TC_054_CS")
@pytest.mark.parametrize("message, fields, said", TRIGGERED, ids=[message for message, _, _ in TRIGGERED])
async def test_triggered_messages(station: Station, message: str, fields: dict[str, int], said: dict[str, Any]) -> None:
    """Asked for a message, the station first accepts, then sends it."""
    assert await station.trigger(message, **fields) == "Accepted"
    sent = await station.sends(message, **said)
    frames = [frame for frame in station.csms.frames if frame.identity == station.identity]
    asked = journal.calls(frames, from_station=False)[-1]
    accepted = next(frame for frame in frames if frame.from_station and (journal.parts(frame) or [])[:2] == [journal.CALLRESULT, asked.id])
    assert asked.action == "TriggerMessage"
    assert frames.index(accepted) < frames.index(sent.frame)
    await station.settle()
    assert station.told() == ([] if message == "Heartbeat" else [_word(message, said)])
    if message == "MeterValues":
        [point] = sent.payload["meterValue"]
        assert {value["context"] for value in point["sampledValue"]} == {"Trigger"}


def _word(message: str, said: dict[str, Any]) -> str:
    """As `told` has it."""
    return str(said["status"]) if message == "StatusNotification" else message


@pytest.mark.requirement("1.6 TC_055_CS")
async def test_a_trigger_for_a_connector_that_is_not_there(station: Station) -> None:
    """Readings of a second connector: Rejected, and nothing is sent."""
    assert await station.trigger("MeterValues", connectorId=2) == "Rejected"
    await station.settle()
    assert station.told() == []
