"""B4: tap before plug."""

from pathlib import Path

import pytest

from tests.journeys.house import CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B4")


async def test_a_permission_waits_for_the_plug(tmp_path: Path, broker: Mosquitto) -> None:
    """Green at once, and the session starts when the cable is in."""
    async with house(tmp_path, broker) as home, home.station() as garage:
        decision = await garage.box.tap(CARD)
        assert (decision.led, decision.reason) == ("green", "waiting_for_plug")
        await garage.reports("Preparing")
        await garage.box.plug()
        await garage.sends("StartTransaction", idTag=CARD)
        await garage.box.released()
        assert len(garage.sent("Authorize")) == 1
        assert home.csms.transactions(garage.identity)


async def test_it_lapses(tmp_path: Path, broker: Mosquitto) -> None:
    """Nobody plugs in within ConnectionTimeOut: Available again, and a later plug charges nothing."""
    points = {"garage": {"variables": {"ConnectionTimeOut": 1}}}
    async with house(tmp_path, broker, charge_points=points) as home, home.station() as garage:
        await garage.box.tap(CARD)
        await garage.reports("Preparing")
        await garage.reports("Available")
        await garage.box.plug()
        await garage.settle()
        assert "StartTransaction" not in garage.told()
        await home.topics.shows("charge_point/garage/status", "Preparing")


async def test_on_a_shared_reader_the_first_plug_counts(tmp_path: Path, broker: Mosquitto) -> None:
    """The driver taps the reader between two wallboxes, then plugs in at the second: that one charges."""
    points = {"garage": {"readers": ["hall"]}, "yard": {"readers": ["hall"]}}
    async with house(tmp_path, broker, charge_points=points) as home, home.station("garage") as garage, home.station("yard") as yard:
        await home.topics.publish("nfc/hall/tap", {"tag": CARD, "id": "t1"})
        assert (await home.topics.hears("nfc/hall/decision", id="t1")).json["reason"] == "waiting_for_plug"
        await garage.reports("Preparing")
        await yard.box.plug()
        await yard.sends("StartTransaction", idTag=CARD)
        await yard.box.released()
        await garage.reports("Available")
        await garage.settle()
        assert "StartTransaction" not in garage.told()
