"""B1: vehicle plugged, then a roaming card is tapped."""

from pathlib import Path

import pytest

from tests.journeys.house import CARD, STRANGER, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B1")


async def test_an_accepted_card_charges_and_is_billed(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Green, the session starts at the central system, the wallbox is released, and what the meter moved is what is billed."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        decision = await garage.box.tap(CARD)
        assert (decision.led, decision.authority, decision.reason) == ("green", "ocpp", "accepted")
        assert decision.everything["csms"] == "office"
        await garage.box.draw(7360)
        await garage.reports("Charging")
        await garage.box.unplug()
        bill = await garage.ends("EVDisconnected")
        assert (bill.tag, bill.energy_wh) == (CARD, 7360)
        (session,) = await home.sessions(1)
        assert (session["kind"], session["energy_wh"], session["cost"], session["reason"]) == ("ocpp", 7360, 0, "EVDisconnected")
        assert garage.asked() == [CARD]
        assert (garage.tells()[0], garage.tells()[-1]) == ("start", "stop")


async def test_a_refused_card_charges_nothing(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Red, and nothing starts."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        decision = await garage.box.tap(STRANGER)
        assert (decision.led, decision.authority, decision.reason) == ("red", "ocpp", "rejected")
        assert decision.everything["ocpp_status"] == "Invalid"
        await garage.settle()
        assert "start" not in garage.tells()
        assert garage.box.enabled_history == [False]


async def test_the_whole_tag_is_seen_only_where_it_must_be(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Dashboards and logs see the last four characters; the whole tag is on the tap topic and at the central system."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        await garage.box.tap(CARD)
        await garage.box.draw(1000)
        await garage.box.unplug()
        await home.sessions(1)
        await garage.settle()
        assert garage.asked() == [CARD]
        assert {said.topic for said in home.topics.messages if CARD in said.text} == {"nfc/garage/tap"}
        assert CARD not in home.process.log()
        assert "BBCC" in home.process.log()
