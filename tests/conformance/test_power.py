"""OCPP 1.6: power cuts. Each test has a bridge process of its own and kills it."""

from pathlib import Path

import pytest

from tests.conformance.laboratory import Bench, bench


async def switched_on(powered: Bench) -> None:
    """Started for the first time, and idle."""
    await powered.process.start()
    await powered.station.settle()
    powered.station.mark()


@pytest.mark.requirement("1.6 TC_032_2_CS")
async def test_power_cut_during_a_transaction(tmp_path: Path) -> None:
    """The power is back: first BootNotification, then the old transaction ends (PowerLoss), and the vehicle goes on in a new one."""
    async with bench(tmp_path) as powered:
        station = powered.station
        await switched_on(powered)
        transaction = await station.charges()
        await station.box.draw(2100)
        await powered.loses_power()
        stop = await station.sends("StopTransaction", transactionId=transaction, reason="PowerLoss")
        start = await station.sends("StartTransaction")
        await station.box.charge()
        await station.reports("Charging")
        await station.settle()
        told = station.told()
        assert told[0] == "BootNotification"
        assert "0 Available" in told
        first = station.sent("StatusNotification", connectorId=1)[0]
        assert first.payload["status"] in {"Preparing", "Finishing", "Charging"}
        assert told.count("StopTransaction") == told.count("StartTransaction") == 1
        assert told.index("StopTransaction") < told.index("StartTransaction")
        # billed to the last register that was on the disk, and no further than the new one begins
        assert stop.payload["meterStop"] <= start.payload["meterStart"] == station.box.register_wh


@pytest.mark.requirement("1.6 TC_034_CS")
async def test_power_cut_while_unavailable(tmp_path: Path) -> None:
    """A station that was taken out of service is still out of service when the power is back."""
    async with bench(tmp_path) as powered:
        station = powered.station
        await switched_on(powered)
        assert await station.answers("ChangeAvailability", connectorId=0, type="Inoperative") == "Accepted"
        await station.reports("Unavailable", connector=0)
        await station.reports("Unavailable", connector=1)
        await powered.loses_power()
        await station.reports("Unavailable", connector=0)
        await station.reports("Unavailable", connector=1)
        await station.settle()
        assert station.told() == ["BootNotification", "0 Unavailable", "Unavailable"]
        station.mark()
        assert await station.answers("ChangeAvailability", connectorId=0, type="Operative") == "Accepted"
        await station.reports("Available", connector=0)
        await station.reports("Available", connector=1)
