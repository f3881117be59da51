"""B11: prices are hidden for the central system's sessions and shown for local ones, live ones interval by interval."""

from pathlib import Path

import pytest

from tests.journeys.house import BEN, CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B11")


async def test_hidden_for_the_central_systems_sessions(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The central system bills; what it charges is not the local price."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await home.topics.shows("charge_point/garage/price", "0.5")
        await garage.charges(CARD)
        await garage.box.draw(1000)
        await home.topics.shows("charge_point/garage/energy_wh", "1000")
        await home.topics.shows("charge_point/garage/price", "")
        assert not home.topics.value("charge_point/garage/cost")


async def test_shown_where_it_is_wished(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """`show_prices = true`."""
    async with house(tmp_path, broker, protocol=protocol, charge_points={"garage": {"show_prices": True}}) as home, home.garage() as garage:
        await garage.charges(CARD)
        await garage.box.draw(1000)
        await home.topics.shows("charge_point/garage/cost", "0.5")
        await garage.box.unplug()
        (session,) = await home.sessions(1)
        assert session["cost"] == 0


async def test_a_live_price_counts_from_when_it_was_told(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """1 kWh at the configured 0.50, then 2 kWh at 0.20, then 1 kWh at the charge point's own 0.10: 1.00."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        await garage.box.tap(BEN)
        await garage.box.draw(1000)
        await home.topics.shows("charge_point/garage/cost", "0.5")
        await home.topics.publish("price/all/per_kwh", "0.2", retain=True)
        await home.topics.shows("charge_point/garage/price", "0.2")
        await garage.box.draw(2000)
        await home.topics.shows("charge_point/garage/cost", "0.9")
        await home.topics.publish("price/garage/per_kwh", "0.1", retain=True)
        await home.topics.shows("charge_point/garage/price", "0.1")
        await garage.box.draw(1000)
        await garage.box.unplug()
        (session,) = await home.sessions(1)
        assert (session["energy_wh"], session["cost"]) == (4000, 1)
