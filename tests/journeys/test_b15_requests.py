"""B15: what the central system asks is answered by the book, and energy management still has the last word."""

from pathlib import Path

import pytest

from tests.journeys.house import BEN, CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B15")


async def test_start_stop_and_unlock_from_afar(tmp_path: Path, broker: Mosquitto) -> None:
    """Remote start without a connector means connector 1; remote stop ends it; unlock is answered by what the wallbox says."""
    async with house(tmp_path, broker) as home, home.station() as garage:
        await garage.box.plug()
        await garage.reports("Preparing")
        assert await garage.answers("RemoteStartTransaction", idTag=CARD) == "Accepted"
        start = await garage.sends("StartTransaction", idTag=CARD)
        assert start.answer is not None
        await garage.box.released()
        assert await garage.answers("RemoteStopTransaction", transactionId=start.answer["transactionId"] + 1) == "Rejected"
        assert await garage.answers("RemoteStopTransaction", transactionId=start.answer["transactionId"]) == "Accepted"
        await garage.sends("StopTransaction", reason="Remote")
        await garage.box.held()
        garage.box.order_answer = {"status": "failed", "reason": "the motor is stuck"}
        assert await garage.answers("UnlockConnector", connectorId=1) == "UnlockFailed"
        garage.box.order_answer = {"status": "ok"}
        assert await garage.answers("UnlockConnector", connectorId=1) == "Unlocked"
        assert (await home.topics.hears("charge_point/garage/alert/command_failed")).text.endswith("the motor is stuck")


async def test_a_local_session_is_nobody_elses_business(tmp_path: Path, broker: Mosquitto) -> None:
    """Remote start is Rejected, Operative is Accepted and shown after it, no meter values are told."""
    async with house(tmp_path, broker) as home, home.station() as garage:
        await garage.box.plug()
        await garage.box.tap(BEN)
        await garage.box.draw(500)
        assert await garage.answers("RemoteStartTransaction", connectorId=1, idTag=CARD) == "Rejected"
        assert await garage.answers("ChangeAvailability", connectorId=1, type="Operative") == "Accepted"
        assert await garage.trigger("MeterValues", connectorId=1) == "Rejected"
        await garage.settle()
        assert home.csms.statuses(garage.identity)[-1] == "Unavailable"
        assert "MeterValues" not in garage.told()
        await garage.box.unplug()
        await garage.reports("Available")


async def test_a_reset_is_this_charge_points_alone(tmp_path: Path, broker: Mosquitto) -> None:
    """One charge point is reset in mid-session, its neighbour charges on; nothing starts by itself afterwards."""
    points: dict[str, dict[str, str]] = {"garage": {}, "yard": {}}
    async with house(tmp_path, broker, charge_points=points) as home, home.station("garage") as garage, home.station("yard") as yard:
        await garage.charges(CARD)
        await yard.box.plug()
        await yard.box.tap("04DDEEFF")
        await yard.box.draw(100)
        process_id = home.process.process_id
        assert await garage.answers("Reset", type="Hard") == "Accepted"
        await garage.sends("StopTransaction", reason="HardReset")
        await garage.sends("BootNotification")
        await garage.box.held()
        await garage.settle()
        assert "StartTransaction" not in garage.told()
        await yard.box.draw(100)
        await yard.settle()
        assert "BootNotification" not in yard.told()
        assert home.process.running
        assert home.process.process_id == process_id


async def test_settings_and_availability_survive_a_power_cut(tmp_path: Path, broker: Mosquitto) -> None:
    """What was Accepted was on the disk."""
    async with house(tmp_path, broker) as home, home.station() as garage:
        await garage.configure(MeterValueSampleInterval=37)
        assert await garage.answers("ChangeAvailability", connectorId=0, type="Inoperative") == "Accepted"
        await garage.reports("Unavailable")
        await home.process.kill()
        await home.process.start()
        await garage.reports("Unavailable", count=2)
        assert (await garage.reports("Unavailable", connector=0)).payload["errorCode"] == "NoError"
        (key,) = (await garage.call("GetConfiguration", key=["MeterValueSampleInterval"]))["configurationKey"]
        assert key["value"] == "37"
