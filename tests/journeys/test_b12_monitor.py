"""B12: one alert for a central system that can't be reached, after a grace time, gone on its return."""

from pathlib import Path

import pytest

from tests.journeys.house import house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B12")


async def test_one_alert_for_each_central_system(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Two charge points lose it: each is offline on its own topic, the alert is one."""
    points: dict[str, dict[str, str]] = {"garage": {}, "yard": {}}
    monitor = {"monitor": True, "monitor_grace_s": 1}
    async with (
        house(tmp_path, broker, charge_points=points, csms=monitor, protocol=protocol) as home,
        home.garage("garage"),
        home.garage("yard"),
    ):
        await home.csms.stop()
        for name in points:
            await home.topics.shows(f"charge_point/{name}/online", "false")
        told = await home.topics.hears("csms/office/alert/unreachable")
        gone = home.topics.said("charge_point/yard/online")[-1]
        assert told.at_s - gone.at_s > 0.7
        await home.csms.listen()
        for name in points:
            await home.topics.shows(f"charge_point/{name}/online", "true")
        await home.topics.shows("csms/office/alert/unreachable", "")
        assert len([said for said in home.topics.said("csms/office/alert/unreachable") if said.text]) == 1


async def test_a_short_outage_is_no_alert(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Back within the grace time: nobody is woken."""
    monitor = {"monitor": True, "monitor_grace_s": 60}
    async with house(tmp_path, broker, csms=monitor, protocol=protocol) as home, home.garage() as garage:
        async with garage.offline():
            pass
        await garage.settle()
        assert not home.topics.said("csms/office/alert/unreachable")
