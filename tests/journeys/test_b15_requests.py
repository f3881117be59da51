"""B15: what the central system asks is answered by the book, and energy management still has the last word."""

from pathlib import Path

import pytest

from tests.journeys.house import BEN, CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B15")


async def test_start_stop_and_unlock_from_afar(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Remote start without a connector means connector 1; remote stop ends it; unlock is answered by what the wallbox says."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.plugs()
        assert await garage.office.starts(CARD) == "Accepted"
        await garage.begins(CARD)
        await garage.box.released()
        assert await garage.office.stops_another() == "Rejected"
        assert await garage.office.stops() == "Accepted"
        await garage.ends("Remote")
        await garage.box.held()
        garage.box.order_answer = {"status": "failed", "reason": "the motor is stuck"}
        assert await garage.office.unlocks() == "UnlockFailed"
        assert (await home.topics.hears("charge_point/garage/alert/command_failed")).text.endswith("the motor is stuck")
        garage.box.order_answer = {"status": "ok"}
        assert await garage.office.unlocks() == "Unlocked"
        await home.topics.shows("charge_point/garage/alert/command_failed", "")


async def test_a_local_session_is_nobody_elses_business(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Remote start is Rejected, Operative is Accepted and shown after it, no meter values are told."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        await garage.box.tap(BEN)
        await garage.box.draw(500)
        assert await garage.office.starts(CARD) == "Rejected"
        assert await garage.office.puts("Operative") == "Accepted"
        assert await garage.triggers_readings() == "Rejected"
        await garage.settle()
        assert garage.reported() == "Unavailable"
        assert "MeterValues" not in garage.station.told()
        assert garage.tells() == []
        await garage.box.unplug()
        await garage.reports("Available")
        await home.topics.hears("charge_point/garage/history")


async def test_a_reset_is_this_charge_points_alone(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """One charge point is reset in mid-session, its neighbour charges on; nothing starts by itself afterwards."""
    points: dict[str, dict[str, str]] = {"garage": {}, "yard": {}}
    async with (
        house(tmp_path, broker, charge_points=points, protocol=protocol) as home,
        home.garage("garage") as garage,
        home.garage("yard") as yard,
    ):
        await garage.charges(CARD)
        await yard.charges("04DDEEFF")
        process_id = home.process.process_id
        assert await garage.office.resets() == "Accepted"
        await garage.ends("HardReset" if protocol == "ocpp1.6" else "ImmediateReset")
        await garage.boots()
        await garage.box.held()
        await garage.settle()
        assert "start" not in garage.tells()
        await yard.box.draw(100)
        await yard.settle()
        assert "BootNotification" not in yard.station.told()
        assert "stop" not in yard.tells()
        assert home.process.running
        assert home.process.process_id == process_id


async def test_settings_and_availability_survive_a_power_cut(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """What was Accepted was on the disk."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.office.samples_every(37)
        assert await garage.office.puts("Inoperative", whole=True) == "Accepted"
        await garage.reports("Unavailable")
        await home.process.kill()
        await home.process.start()
        await garage.reports("Unavailable", count=2)
        await home.topics.shows("charge_point/garage/online", "true")
        assert garage.reported() == "Unavailable"
        assert await garage.office.sample_interval() == 37
