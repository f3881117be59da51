"""B14: charging profiles are off by default, and the part that decided the limit is visible."""

from pathlib import Path

import pytest

from tests.journeys.house import CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B14")
SCHEDULE = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]}
PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": SCHEDULE,
}


async def test_a_profile_is_not_supported_and_changes_nothing(tmp_path: Path, broker: Mosquitto) -> None:
    """The answer of the reference product; the hardware's limit stays."""
    async with house(tmp_path, broker) as home, home.station() as garage:
        await garage.charges(CARD)
        assert await garage.answers("SetChargingProfile", connectorId=1, csChargingProfiles=PROFILE) == "NotSupported"
        await garage.settle()
        assert garage.box.commands.limit_a == 16
        await home.topics.shows("charge_point/garage/limit_by", "hardware")


async def test_a_remote_start_with_a_profile_ignores_the_profile(tmp_path: Path, broker: Mosquitto) -> None:
    """Without smart charging the start counts and its profile does not (1.6 §5.11)."""
    profile = {**PROFILE, "chargingProfilePurpose": "TxProfile"}
    async with house(tmp_path, broker) as home, home.station() as garage:
        await garage.box.plug()
        await garage.reports("Preparing")
        assert await garage.answers("RemoteStartTransaction", connectorId=1, idTag=CARD, chargingProfile=profile) == "Accepted"
        await garage.box.released()
        assert garage.box.commands.limit_a == 16
        await home.topics.shows("charge_point/garage/limit_by", "hardware")
