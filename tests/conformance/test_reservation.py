"""OCPP 1.6, profile Reservation: a connector that is kept free for somebody."""

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.laboratory import COLLEAGUE, PARTNER, STRANGER, TAG, Station, bench
from tests.conformance.times import soon

pytestmark = pytest.mark.asyncio(loop_scope="module")

AFTERNOON_S = 7200
BOTH = pytest.mark.parametrize("connector", [1, 0], ids=["connector", "charge-point"])


async def reserve(station: Station, tag: str = TAG, *, connector: int = 1, seconds: float = AFTERNOON_S, **fields: str) -> str:
    """ReserveNow number 7: the status of its answer."""
    return await station.answers("ReserveNow", connectorId=connector, expiryDate=soon(seconds), idTag=tag, reservationId=7, **fields)


async def is_kept(station: Station, tag: str = TAG, **fields: Any) -> None:  # noqa: ANN401 - a payload's field
    """Reserve it, which must succeed; the mark is set behind it."""
    assert await reserve(station, tag, **fields) == "Accepted"
    await station.reports("Reserved")
    assert station.told() == ["Reserved"]
    station.mark()


async def charges_with(station: Station, tag: str, reservation: int | None) -> None:
    """Tap, plug, charge: the start names the reservation, or none."""
    assert (await station.box.tap(tag)).led == "green"
    await station.reports("Preparing")
    await station.box.plug()
    await station.box.charge()
    start = await station.sends("StartTransaction", idTag=tag)
    await station.reports("Charging")
    assert start.payload.get("reservationId") == reservation
    assert station.told()[-2:] == ["StartTransaction", "Charging"]


async def is_kept_from(station: Station, tag: str) -> None:
    """Red, and not even asked about."""
    decision = await station.box.tap(tag)
    assert (decision.led, decision.reason) == ("red", "reserved")
    await station.settle()
    assert station.told() == []


@pytest.mark.requirement("1.6 TC_046_1_CS")
async def test_a_reserved_connector_is_used_by_its_tag(station: Station) -> None:
    """Another tag is refused without Authorize; the reserved one starts, and its StartTransaction carries the reservation."""
    await is_kept(station)
    await is_kept_from(station, PARTNER)
    await charges_with(station, TAG, 7)


@pytest.mark.requirement("1.6 TC_046_2_CS")
async def test_a_reserved_connector_is_used_from_afar(station: Station) -> None:
    """A remote start with the reserved tag; with another one it is rejected."""
    await is_kept(station)
    assert await station.answers("RemoteStartTransaction", connectorId=1, idTag=PARTNER) == "Rejected"
    assert await station.answers("RemoteStartTransaction", connectorId=1, idTag=TAG) == "Accepted"
    await station.reports("Preparing")
    await station.box.plug()
    start = await station.sends("StartTransaction", idTag=TAG)
    assert start.payload["reservationId"] == 7


@pytest.mark.requirement("1.6 TC_047_CS")
async def test_a_reservation_runs_out(station: Station) -> None:
    """Reserved until expiryDate, then Available, and another tag can start."""
    await is_kept(station, seconds=2)
    available = await station.reports("Available")
    assert station.told() == ["Available"]
    assert available.answer is not None
    await charges_with(station, PARTNER, None)


@BOTH
@pytest.mark.requirement("1.6 TC_048_1_CS")
@pytest.mark.requirement("1.6 TC_050_1_CS")
async def test_what_is_faulted_is_not_reserved(station: Station, connector: int) -> None:
    await station.box.break_down()
    await station.reports("Faulted")
    assert await reserve(station, connector=connector) == "Faulted"
    await station.box.repair()
    await station.reports("Available")


@BOTH
@pytest.mark.requirement("1.6 TC_048_2_CS")
@pytest.mark.requirement("1.6 TC_050_2_CS")
async def test_what_is_occupied_is_not_reserved(station: Station, connector: int) -> None:
    await station.plugs()
    assert await reserve(station, connector=connector) == "Occupied"
    await station.settle()
    assert station.told() == []


@BOTH
@pytest.mark.requirement("1.6 TC_048_3_CS")
@pytest.mark.requirement("1.6 TC_050_3_CS")
async def test_what_is_unavailable_is_not_reserved(station: Station, connector: int) -> None:
    assert await station.answers("ChangeAvailability", connectorId=connector, type="Inoperative") == "Accepted"
    await station.reports("Unavailable")
    assert await reserve(station, connector=connector) == "Unavailable"


@pytest.mark.requirement("1.6 TC_049_CS")
async def test_a_reserved_charge_point_is_used_by_its_tag(station: Station) -> None:
    """Connector 0: the choice is the station's, and there is one; so the connector is Reserved."""
    answer = await station.call("GetConfiguration", key=["ReserveConnectorZeroSupported", "SupportedFeatureProfiles"])
    told = {key["key"]: key["value"] for key in answer["configurationKey"]}
    assert told["ReserveConnectorZeroSupported"] == "true"
    assert "Reservation" in told["SupportedFeatureProfiles"].split(",")
    await is_kept(station, connector=0)
    await is_kept_from(station, PARTNER)
    await charges_with(station, TAG, 7)


@pytest.mark.requirement("1.6 TC_051_CS")
async def test_a_reservation_is_taken_back(station: Station) -> None:
    """Available again; another tag starts, and its StartTransaction carries no reservation."""
    await is_kept(station)
    assert await station.answers("CancelReservation", reservationId=7) == "Accepted"
    await station.reports("Available")
    await charges_with(station, PARTNER, None)


@pytest.mark.requirement("1.6 TC_052_CS")
async def test_an_unknown_reservation_is_not_taken_back(station: Station) -> None:
    """The one that is there stays."""
    await is_kept(station)
    assert await station.answers("CancelReservation", reservationId=8) == "Rejected"
    await is_kept_from(station, PARTNER)
    await charges_with(station, TAG, 7)


@pytest.mark.requirement("1.6 TC_053_CS")
@pytest.mark.requirement("1.6 TC_053_1_CS")
async def test_a_tag_with_the_reserved_parent_uses_it(station: Station) -> None:
    """Authorize tells the parentIdTag; a tag with another one, or none, is refused."""
    await is_kept(station, PARTNER, parentIdTag="FLEET")
    assert (await station.box.tap(TAG)).reason == "reserved"
    assert (await station.box.tap(STRANGER)).reason == "rejected"
    assert [call.payload["idTag"] for call in station.sent("Authorize")] == [TAG, STRANGER]
    station.mark()
    await charges_with(station, COLLEAGUE, 7)


@pytest.mark.requirement("1.6 TC_053_2_CS")
async def test_a_tag_with_the_reserved_parent_uses_it_from_afar(station: Station) -> None:
    await station.configure(AuthorizeRemoteTxRequests=True)
    await is_kept(station, PARTNER, parentIdTag="FLEET")
    assert await station.answers("RemoteStartTransaction", connectorId=1, idTag=COLLEAGUE) == "Accepted"
    await station.sends("Authorize", idTag=COLLEAGUE)
    await station.reports("Preparing")
    await station.box.plug()
    start = await station.sends("StartTransaction", idTag=COLLEAGUE)
    assert start.payload["reservationId"] == 7


async def test_a_reservation_survives_a_power_cut(tmp_path: Path) -> None:
    """Reserved again after the boot, and for the same tag (OCPP 1.6 §5.13: only use, expiry, fault and unavailability end it)."""
    async with bench(tmp_path) as one:
        await one.process.start()
        station = one.station
        await station.settle()
        station.mark()
        await is_kept(station)
        await one.loses_power()
        await station.reports("Reserved")
        await station.settle()
        assert "Available" not in station.told()
        station.mark()
        await is_kept_from(station, PARTNER)
        await charges_with(station, TAG, 7)
