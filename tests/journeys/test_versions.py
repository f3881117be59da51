"""Both versions are offered: the central system chooses, and may choose again."""

from pathlib import Path

import pytest

from tests.journeys.house import CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B1")


@pytest.mark.parametrize("preferred", [["ocpp2.0.1", "ocpp1.6"], ["ocpp1.6", "ocpp2.0.1"]], ids=["modern first", "former first"])
async def test_the_one_that_was_agreed_on_is_spoken_and_shown(
    tmp_path: Path, broker: Mosquitto, protocol: str, preferred: list[str]
) -> None:
    """Whatever is preferred, what the central system does not speak is not spoken."""
    async with house(tmp_path, broker, protocol=protocol, csms={"protocol": preferred}) as home, home.garage() as garage:
        await home.topics.shows("charge_point/garage/ocpp/version", protocol)
        await garage.charges(CARD)
        await garage.box.draw(1000)
        await garage.box.unplug()
        assert (await garage.ends("EVDisconnected")).energy_wh == 1000
