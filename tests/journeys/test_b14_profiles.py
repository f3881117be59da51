"""B14: charging profiles are off by default; switched on they lower what is allowed, and the part that decided the limit is visible."""

from pathlib import Path
from typing import Any

import pytest

from tests.journeys.house import CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B14")
SMART: dict[str, dict[str, Any]] = {"garage": {"smart_charging": True}}


async def test_a_profile_is_not_supported_and_changes_nothing(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The answer of the reference product; the hardware's limit stays."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        assert await garage.office.limits(6) == "NotSupported"
        await garage.settle()
        assert garage.box.commands.limit_a == 16
        await home.topics.shows("charge_point/garage/limit_by", "hardware")


async def test_a_remote_start_with_a_profile_ignores_the_profile(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Without smart charging the start counts and its profile does not (1.6 §5.11; 2.0.1 F01.FR.12)."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.plugs()
        assert await garage.office.starts(CARD, limit_a=6) == "Accepted"
        await garage.box.released()
        assert garage.box.commands.limit_a == 16
        await home.topics.shows("charge_point/garage/limit_by", "hardware")


async def test_switched_on_it_lowers_what_energy_management_allows(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The lowest one rules, and says who it is; energy management below a profile, a profile below the hardware."""
    async with house(tmp_path, broker, charge_points=SMART, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        assert await garage.office.limits(10) == "Accepted"
        await garage.box.limited_to(10)
        await home.topics.shows("charge_point/garage/limit_by", "profile")
        await home.topics.publish("ems/load/garage/limit_a", "8", retain=True)
        await garage.box.limited_to(8)
        await home.topics.shows("charge_point/garage/limit_by", "ems")
        await home.topics.publish("ems/load/garage/limit_a", "14", retain=True)
        await garage.box.limited_to(10)
        await home.topics.shows("charge_point/garage/limit_by", "profile")
