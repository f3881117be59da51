"""B13: eco or prio; the tap beats the reader, the reader the user, the user the default."""

from pathlib import Path

import pytest

from tests.journeys.house import OTHER, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B13")
ZOE = {"zoe": {"name": "Zoe", "nfc": ["04C0"], "local": "all", "mode": "prio"}}


@pytest.mark.parametrize(
    "reader, card, tap, mode",
    [
        pytest.param({}, OTHER, {}, "eco", id="the default"),
        pytest.param({}, "04C0", {}, "prio", id="the user beats the default"),
        pytest.param({"mode": "eco"}, "04C0", {}, "eco", id="the reader beats the user"),
        pytest.param({"mode": "eco"}, "04C0", {"mode": "prio"}, "prio", id="the tap beats the reader"),
    ],
)
async def test_who_decides_the_mode(
    tmp_path: Path, broker: Mosquitto, protocol: str, reader: dict[str, str], card: str, tap: dict[str, str], mode: str
) -> None:
    """The wallbox command and the dashboard carry it."""
    async with house(tmp_path, broker, protocol=protocol, users=ZOE, readers={"garage": reader}) as home, home.garage() as garage:
        await garage.box.plug()
        await garage.box.tap(card, **tap)
        await garage.box.released()
        await home.topics.shows("wallbox/garage/command/mode", mode)
        await home.topics.shows("charge_point/garage/mode", mode)
