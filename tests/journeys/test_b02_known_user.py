"""B2: a known user taps, or presses start in an app, and has an OCPP tag."""

from pathlib import Path

import pytest

from tests.journeys.house import ADA, STRANGER, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B2")


async def test_the_users_own_tag_is_shown_not_the_card(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The central system is asked for Ada's tag, and never sees the number of the card in her hand."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        decision = await garage.box.tap("04:a1:a1:a1")
        assert (decision.led, decision.everything["user"]) == ("green", "ada")
        await garage.asks("ADA-1")
        await garage.begins("ADA-1")
        assert not [frame for frame in home.csms.frames if ADA in frame.text]


async def test_an_app_starts_and_stops(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Start in an app is answered on the user's own topic under the app's id, and stop ends the session."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        await home.topics.publish("users/ada/start", {"charge_point": "garage", "id": "app-1"})
        told = await home.topics.hears("users/ada/decision", id="app-1")
        assert told.json["result"] == "accepted"
        await garage.begins("ADA-1")
        await garage.box.draw(500)
        await home.topics.publish("users/ada/stop", {"charge_point": "garage", "id": "app-2"})
        assert (await home.topics.hears("users/ada/decision", id="app-2")).json["reason"] == "stopped"
        await garage.ends("Local")


async def test_users_live_as_topics_too(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """A retained users/… topic makes a user; an empty one removes it."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await home.topics.publish("users/zoe", {"name": "Zoe", "ocpp_tag": "ADA-1", "nfc": ["0499"], "local": False}, retain=True)
        await garage.box.plug()
        assert (await garage.box.tap("0499")).everything["user"] == "zoe"
        await garage.asks("ADA-1")
        await garage.box.unplug()
        await garage.ends("EVDisconnected")
        await home.topics.publish("users/zoe", b"", retain=True)
        await garage.box.tap(STRANGER)  # so that the next tap is no repeat of the last one
        await garage.box.plug()
        refused = await garage.box.tap("0499")
        assert (refused.led, refused.everything["user"]) == ("red", None)
