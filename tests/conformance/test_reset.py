"""OCPP 1.6: Reset, with and without a transaction. It concerns one charge point; the others do not notice."""

import pytest

from tests.conformance.laboratory import TAG, Station

pytestmark = pytest.mark.asyncio(loop_scope="module")

HARD, SOFT = "Hard", "Soft"
BOOT, START, STOP = "BootNotification", "StartTransaction", "StopTransaction"


async def resets(station: Station, kind: str) -> None:
    """Reset is accepted, and the station comes in anew."""
    before = station.connections
    station.mark()
    assert await station.answers("Reset", type=kind) == "Accepted"
    await station.reconnects(before)
    await station.sends(BOOT)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(HARD, marks=pytest.mark.requirement("1.6 TC_013_CS")),
        pytest.param(SOFT, marks=pytest.mark.requirement("1.6 TC_014_CS")),
    ],
)
async def test_reset_without_a_transaction(station: Station, kind: str) -> None:
    """A connector that was taken out of service still is after the reset, until the central system puts it back."""
    assert await station.answers("ChangeAvailability", connectorId=1, type="Inoperative") == "Accepted"
    await station.reports("Unavailable")
    await resets(station, kind)
    await station.reports("Unavailable")
    await station.settle()
    assert station.told() == [BOOT, "0 Available", "Unavailable"]
    assert await station.answers("ChangeAvailability", connectorId=1, type="Operative") == "Accepted"
    await station.reports("Available")
    assert station.told()[3:] == ["Available"]


@pytest.mark.requirement("1.6 TC_015_CS")
async def test_hard_reset_with_a_transaction(station: Station) -> None:
    """The transaction ends with the reason HardReset, before or after the restart, and nothing starts by itself."""
    transaction = await station.charges()
    await station.box.draw(1100)
    await resets(station, HARD)
    stop = await station.sends(STOP, transactionId=transaction, reason="HardReset")
    await station.settle()
    assert stop.payload["meterStop"] == station.box.register_wh
    told = [word for word in station.told() if word not in {STOP, "Finishing"}]
    assert told == [BOOT, "0 Available"]
    after = station.told()[station.told().index(BOOT) :]
    assert "Finishing" in after
    assert station.box.commands.enabled is False


@pytest.mark.requirement("1.6 TC_016_CS")
async def test_soft_reset_with_a_transaction(station: Station) -> None:
    """The transaction ends gracefully, with the reason SoftReset, before the station starts anew."""
    transaction = await station.charges()
    await station.box.draw(1300)
    await resets(station, SOFT)
    stop = await station.sends(STOP, transactionId=transaction, reason="SoftReset")
    await station.settle()
    assert stop.payload["meterStop"] == station.box.register_wh
    told = station.told()
    assert sorted(told[: told.index(BOOT)]) == ["Finishing", STOP]
    assert told[told.index(BOOT) :] == [BOOT, "0 Available", "Finishing"]
    assert station.box.commands.enabled is False


@pytest.mark.requirement("1.6 TC_015_CS")
async def test_after_a_reset_the_vehicle_can_be_charged_again(station: Station) -> None:
    """The vehicle is still plugged; the card starts a new transaction, which is none of the old one's."""
    first = await station.charges(TAG)
    await resets(station, HARD)
    await station.sends(STOP, transactionId=first)
    station.mark()
    assert await station.answers("RemoteStartTransaction", connectorId=1, idTag=TAG) == "Accepted"
    await station.box.charge()
    start = await station.sends(START, idTag=TAG)
    await station.reports("Charging")
    assert start.answer is not None
    assert start.answer["transactionId"] != first
