"""B4: tap before plug."""

from pathlib import Path

import pytest

from tests.journeys.house import CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B4")
TIMEOUT = {"ocpp1.6": "ConnectionTimeOut", "ocpp2.0.1": "TxCtrlr.EVConnectionTimeOut"}
"""How long a permission waits for a plug."""


async def test_a_permission_waits_for_the_plug(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Green at once, and the session starts when the cable is in."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        decision = await garage.box.tap(CARD)
        assert (decision.led, decision.reason) == ("green", "waiting_for_plug")
        await home.topics.shows("charge_point/garage/status", "Preparing")
        await garage.box.plug()
        await garage.begins(CARD)
        await garage.box.released()
        assert len(garage.asked()) == 1
        assert garage.bills()


async def test_it_lapses(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Nobody plugs in within ConnectionTimeOut: Available again, and a later plug charges nothing."""
    points = {"garage": {"variables": {TIMEOUT[protocol]: 1}}}
    async with house(tmp_path, broker, protocol=protocol, charge_points=points) as home, home.garage() as garage:
        await garage.box.tap(CARD)
        await home.topics.shows("charge_point/garage/status", "Preparing")
        await home.topics.shows("charge_point/garage/status", "Available")
        await garage.box.plug()
        await garage.settle()
        assert "start" not in garage.tells()
        await home.topics.shows("charge_point/garage/status", "Preparing")


async def test_on_a_shared_reader_the_first_plug_counts(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The driver taps the reader between two wallboxes, then plugs in at the second: that one charges."""
    points = {"garage": {"readers": ["hall"]}, "yard": {"readers": ["hall"]}}
    async with (
        house(tmp_path, broker, protocol=protocol, charge_points=points) as home,
        home.garage("garage") as garage,
        home.garage("yard") as yard,
    ):
        await home.topics.publish("nfc/hall/tap", {"tag": CARD, "id": "t1"})
        assert (await home.topics.hears("nfc/hall/decision", id="t1")).json["reason"] == "waiting_for_plug"
        await home.topics.shows("charge_point/garage/status", "Preparing")
        await yard.box.plug()
        await yard.begins(CARD)
        await yard.box.released()
        await home.topics.shows("charge_point/garage/status", "Available")
        await garage.settle()
        assert "start" not in garage.tells()
