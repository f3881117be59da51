"""OCPP 2.0.1, block H: an EVSE that is kept free for somebody."""

from typing import Any

import pytest

from tests.conformance.laboratory import COLLEAGUE, PARTNER, STRANGER, TAG
from tests.conformance.laboratory201 import Station201, token
from tests.conformance.times import soon

pytestmark = pytest.mark.asyncio(loop_scope="module")

AFTERNOON_S = 7200
GROUP = token("FLEET", "Central")


async def reserve(station: Station201, tag: str = TAG, *, number: int = 7, seconds: float = AFTERNOON_S, **fields: Any) -> str:  # noqa: ANN401
    """ReserveNow: the status of its answer."""
    return await station.answers("ReserveNow", id=number, expiryDateTime=soon(seconds), idToken=token(tag), **fields)


async def is_kept(station: Station201, tag: str = TAG, **fields: Any) -> None:  # noqa: ANN401 - a payload's field
    """Reserve it, which must succeed; the mark is set behind it."""
    station.mark()
    assert await reserve(station, tag, **fields) == "Accepted"
    await station.reports("Reserved")
    assert station.told() == ["Reserved"]
    station.mark()


async def is_kept_from(station: Station201, tag: str = PARTNER) -> None:
    """Red, and not even asked about; from afar likewise."""
    decision = await station.box.tap(tag)
    assert (decision.led, decision.reason) == ("red", "reserved")
    assert await starts(station, tag) == "Rejected"
    await station.settle()
    assert station.told() == []


async def starts(station: Station201, tag: str) -> str:
    """RequestStartTransaction: the status of its answer."""
    return await station.answers("RequestStartTransaction", idToken=token(tag), remoteStartId=1, evseId=1)


async def charges_with(station: Station201, tag: str, reservation: int | None) -> None:
    """Tap, plug, charge: exactly one TransactionEvent names the reservation, or none does."""
    station.mark()
    assert (await station.box.tap(tag)).led == "green"
    await station.box.plug()
    await station.box.charge()
    await station.reports("Occupied")
    await station.started()
    await station.state("Charging")
    named = [call.payload["reservationId"] for call in station.events() if "reservationId" in call.payload]
    assert named == ([] if reservation is None else [reservation])


@pytest.mark.requirement("2.0.1 TC_H_01_CS")
async def test_a_reserved_evse_is_used_by_its_token(station201: Station201) -> None:
    await is_kept(station201, evseId=1)
    assert await station201.get("Connector@1.1.AvailabilityState") == "Reserved"
    await charges_with(station201, TAG, 7)


@pytest.mark.requirement("2.0.1 TC_H_02_CS")
async def test_a_reserved_evse_is_kept_from_others(station201: Station201) -> None:
    """At the reader and from afar; unplugged or plugged."""
    await is_kept(station201, evseId=1)
    await is_kept_from(station201)
    await station201.plugs()
    await is_kept_from(station201, COLLEAGUE)
    await station201.box.unplug()
    await station201.reports("Reserved")


@pytest.mark.requirement("2.0.1 TC_H_03_CS")
@pytest.mark.requirement("2.0.1 TC_H_09_CS")
@pytest.mark.requirement("2.0.1 TC_H_14_CS")
@pytest.mark.requirement("2.0.1 TC_H_16_CS")
@pytest.mark.parametrize("named", [{"evseId": 1}, {}, {"connectorType": "sType2"}], ids=["evse", "unspecified", "type"])
async def test_what_is_reserved_is_not_reserved_twice(station201: Station201, named: dict[str, Any]) -> None:
    """As many reservations as there are EVSEs, named or not, and then no more."""
    await is_kept(station201, **named)
    for wanted in ({"evseId": 1}, {}, {"connectorType": "sType2"}):
        assert await reserve(station201, PARTNER, number=8, **wanted) == "Occupied"
    await station201.settle()
    assert station201.told() == []
    await charges_with(station201, TAG, 7)


@pytest.mark.requirement("2.0.1 TC_H_04_CS")
@pytest.mark.requirement("2.0.1 TC_H_10_CS")
@pytest.mark.parametrize("named", [{"evseId": 1}, {}], ids=["evse", "unspecified"])
async def test_what_is_occupied_is_not_reserved(station201: Station201, named: dict[str, Any]) -> None:
    await station201.plugs()
    assert await reserve(station201, **named) == "Occupied"


@pytest.mark.requirement("2.0.1 TC_H_06_CS")
@pytest.mark.requirement("2.0.1 TC_H_12_CS")
@pytest.mark.parametrize("named", [{"evseId": 1}, {}], ids=["evse", "unspecified"])
async def test_what_is_unavailable_is_not_reserved(station201: Station201, named: dict[str, Any]) -> None:
    where = {"evse": {"id": 1}} if named else {}
    assert await station201.answers("ChangeAvailability", operationalStatus="Inoperative", **where) == "Accepted"
    await station201.reports("Unavailable")
    assert await reserve(station201, **named) == "Unavailable"


@pytest.mark.requirement("2.0.1 TC_H_07_CS")
async def test_a_reservation_runs_out(station201: Station201) -> None:
    """Available again, which is told, and another token can charge."""
    await is_kept(station201, evseId=1, seconds=2)
    await station201.sends("ReservationStatusUpdate", reservationId=7, reservationUpdateStatus="Expired")
    await station201.reports("Available")
    assert sorted(station201.told()) == ["Available", "ReservationStatusUpdate"]
    await charges_with(station201, PARTNER, None)


@pytest.mark.requirement("2.0.1 TC_H_08_CS")
async def test_an_unspecified_evse_is_used_by_its_token(station201: Station201) -> None:
    """The station has one EVSE, so that one is Reserved."""
    assert await station201.get("ReservationCtrlr.NonEvseSpecific") == "true"
    await is_kept(station201)
    await is_kept_from(station201)
    await charges_with(station201, TAG, 7)


@pytest.mark.requirement("2.0.1 TC_H_15_CS")
async def test_a_connector_of_a_type_is_used_by_its_token(station201: Station201) -> None:
    """A type that is not here is rejected."""
    kind = await station201.get("Connector@1.1.ConnectorType")
    assert await reserve(station201, connectorType="cCCS2") == "Rejected"
    await is_kept(station201, connectorType=kind)
    await charges_with(station201, TAG, 7)


@pytest.mark.requirement("2.0.1 TC_H_17_CS")
async def test_a_reservation_is_taken_back(station201: Station201) -> None:
    await is_kept(station201, evseId=1)
    assert await station201.answers("CancelReservation", reservationId=7) == "Accepted"
    await station201.reports("Available")
    assert station201.told() == ["Available"]
    await charges_with(station201, PARTNER, None)


@pytest.mark.requirement("2.0.1 TC_H_18_CS")
async def test_an_unknown_reservation_is_not_taken_back(station201: Station201) -> None:
    await is_kept(station201, evseId=1)
    assert await station201.answers("CancelReservation", reservationId=8) == "Rejected"
    await is_kept_from(station201)


@pytest.mark.requirement("2.0.1 TC_H_19_CS")
@pytest.mark.requirement("2.0.1 TC_H_24_CS")
@pytest.mark.parametrize("named", [{"evseId": 1}, {}], ids=["evse", "unspecified"])
async def test_a_token_of_the_reserved_group_uses_it(station201: Station201, named: dict[str, Any]) -> None:
    """The answer to Authorize shows the group."""
    await is_kept(station201, PARTNER, groupIdToken=GROUP, **named)
    assert (await station201.box.tap(TAG)).reason == "reserved"
    assert (await station201.box.tap(STRANGER)).reason == "rejected"
    await charges_with(station201, COLLEAGUE, 7)


@pytest.mark.requirement("2.0.1 TC_H_21_CS")
async def test_out_of_service_ends_a_reservation(station201: Station201) -> None:
    """Which is told; afterwards anybody may charge."""
    await is_kept(station201, evseId=1)
    assert await station201.answers("ChangeAvailability", operationalStatus="Inoperative", evse={"id": 1}) == "Accepted"
    await station201.reports("Unavailable")
    await station201.sends("ReservationStatusUpdate", reservationId=7, reservationUpdateStatus="Removed")
    assert await station201.answers("ChangeAvailability", operationalStatus="Operative", evse={"id": 1}) == "Accepted"
    await station201.reports("Available")
    await charges_with(station201, PARTNER, None)


@pytest.mark.requirement("2.0.1 TC_H_22_CS")
async def test_reservations_can_be_switched_off(station201: Station201) -> None:
    await station201.set(**{"ReservationCtrlr.Enabled": False})
    assert await reserve(station201, evseId=1) == "Rejected"
    assert await reserve(station201) == "Rejected"
    await station201.settle()
    assert station201.told() == []
    await station201.set(**{"ReservationCtrlr.Enabled": True})
    await is_kept(station201, evseId=1)


@pytest.mark.requirement("2.0.1 TC_H_23_CS")
async def test_the_same_id_replaces(station201: Station201) -> None:
    """The new token charges, and the old one is refused."""
    await is_kept(station201, evseId=1)
    assert await reserve(station201, PARTNER, evseId=1) == "Accepted"
    await is_kept_from(station201, TAG)
    await charges_with(station201, PARTNER, 7)


@pytest.mark.requirement("2.0.1 TC_B_24_CS")
async def test_a_reservation_survives_a_reset(station201: Station201) -> None:
    """It comes in anew, and is still Reserved for the same token."""
    await is_kept(station201, evseId=1)
    before = station201.connections
    assert await station201.answers("Reset", type="Immediate") == "Accepted"
    await station201.reconnects(before)
    await station201.sends("BootNotification", reason="RemoteReset")
    await station201.reports("Reserved")
    await station201.settle()
    assert "Available" not in station201.told()
    await charges_with(station201, TAG, 7)
