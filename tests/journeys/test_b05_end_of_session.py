"""B5: the session ends on unplug, always, and by a second tap of the same identity."""

from pathlib import Path

import pytest

from tests.journeys.house import CARD, OTHER, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B5")


async def test_a_second_tap_ends_the_session(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Green, stopped, energy off; the cable is still plugged, so the charge point waits for the driver."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        decision = await garage.box.tap(OTHER)
        assert (decision.led, decision.reason) == ("red", "occupied")
        decision = await garage.box.tap(CARD)
        assert (decision.led, decision.reason) == ("green", "stopped")
        await garage.box.held()
        await garage.ends("Local")
        await home.topics.shows("charge_point/garage/status", "Finishing")
        await garage.box.unplug()
        await garage.reports("Available")
        assert len(garage.bills()) == 1


async def test_a_tap_right_after_the_start_does_not_stop(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The card held a moment too long must not end what it has just begun."""
    async with (
        house(tmp_path, broker, protocol=protocol, charge_points={"garage": {"stop_tap_min_s": 60}}) as home,
        home.garage() as garage,
    ):
        await garage.charges(CARD)
        await garage.box.tap(OTHER)  # the reader has seen another card meanwhile
        decision = await garage.box.tap(CARD)
        assert (decision.led, decision.reason) == ("green", "already_running")
        await garage.settle()
        assert "stop" not in garage.tells()
        await home.topics.shows("charge_point/garage/status", "Charging")


async def test_it_can_be_switched_off(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """`tap_stops = false`: only the cable ends a session."""
    async with house(tmp_path, broker, protocol=protocol, charge_points={"garage": {"tap_stops": False}}) as home, home.garage() as garage:
        await garage.charges(CARD)
        await garage.box.tap(OTHER)
        assert (await garage.box.tap(CARD)).reason == "already_running"
        await garage.box.unplug()
        await garage.ends("EVDisconnected")
        assert len(garage.bills()) == 1


async def test_pulling_the_cable_twice_is_one_end(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """A wallbox that tells everything twice, and again on reconnect, ends a session once."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        await garage.box.unplug()
        await garage.box.say("plugged", "false")
        await garage.box.appear()
        await garage.ends("EVDisconnected")
        await garage.settle()
        assert garage.tells().count("stop") == 1
        assert len(await home.sessions(1)) == 1
