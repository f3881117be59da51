"""B3: no tag, a refusal, or no answer in time: the user's local permission decides, and the central system sees Unavailable."""

from pathlib import Path

import pytest

from tests.journeys.house import BEN, CARD, EVE, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B3")
BILLED = {"StartTransaction", "StopTransaction", "MeterValues"}


async def test_a_user_without_a_tag_charges_locally(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Green by local permission; Unavailable until the end, no billing message, and the history has the local price."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        decision = await garage.box.tap(BEN)
        assert (decision.led, decision.authority, decision.reason) == ("green", "local", "local_permission")
        await garage.reports("Unavailable")
        await garage.box.draw(2000)
        await home.topics.shows("charge_point/garage/status", "Charging")
        await home.topics.shows("charge_point/garage/cost", "1")
        await garage.box.unplug()
        await garage.reports("Available")
        (session,) = await home.sessions(1)
        assert (session["kind"], session["user"], session["energy_wh"], session["cost"]) == ("local", "ben", 2000, 1)
        assert not garage.tells()
        assert not garage.asked()


async def test_a_refusal_falls_back_to_the_local_permission(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Eve's tag is refused, and she may charge here all the same."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        decision = await garage.box.tap(EVE)
        assert (decision.led, decision.authority, decision.everything["ocpp_status"]) == ("green", "local", "Invalid")
        await garage.asks("EVE-1")
        await garage.box.released()
        await garage.settle()
        assert not garage.tells()


async def test_silence_falls_back_to_the_local_permission(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """No answer in time: those with the permission charge, a roaming card gets red; the late yes changes nothing."""
    async with house(tmp_path, broker, protocol=protocol, charge_points={"garage": {"question_s": 1}}) as home, home.garage() as garage:
        await home.csms.answer("Authorize", delay_s=3)
        await garage.box.plug()
        red = await garage.box.tap(CARD)
        assert (red.led, red.reason) == ("red", "no_answer")
        assert red.after_s < 2
        await garage.asks(CARD)
        await garage.settle()
        assert "start" not in garage.tells()
        green = await garage.box.tap(EVE)
        assert (green.led, green.authority) == ("green", "local")


async def test_a_remote_start_never_becomes_local(tmp_path: Path, broker: Mosquitto) -> None:
    """The central system's own start with a refused tag starts nothing, whoever holds that tag."""
    async with house(tmp_path, broker) as home, home.station() as garage:
        await garage.box.plug()
        await garage.reports("Preparing")
        assert await garage.answers("RemoteStartTransaction", connectorId=1, idTag="EVE-1") == "Accepted"
        await garage.sends("Authorize", idTag="EVE-1")
        await garage.settle()
        assert garage.box.enabled_history == [False]
        await home.topics.shows("charge_point/garage/status", "Preparing")
