"""B9: any accepted tap or app start gets exactly one decision, in time."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.journeys.house import CARD, OTHER, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B9")


async def test_the_lamp_is_lit_for_its_time_and_goes_off(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Green for 700 ms, then off; a controller that polls gets a longer pulse by configuration."""
    points: dict[str, dict[str, str]] = {"garage": {}, "yard": {}}
    readers = {"yard": {"led_hold_ms": 1500}}
    async with house(tmp_path, broker, protocol=protocol, charge_points=points, readers=readers) as home:
        for name, hold_s in (("garage", 0.7), ("yard", 1.5)):
            async with home.garage(name) as station:
                assert (await station.box.tap(CARD)).everything["led_ms"] == hold_s * 1000
                green = await home.topics.shows(f"nfc/{name}/led", "green") if not station.box.lamp else None
                off = await home.topics.shows(f"nfc/{name}/led", "off")
                lit = home.topics.said(f"nfc/{name}/led")[0]
                assert (green or lit).text == "green"
                assert off.at_s - lit.at_s == pytest.approx(hold_s, abs=0.25)


async def test_our_share_of_the_delay_is_small(tmp_path: Path, broker: Mosquitto) -> None:
    """From the answer of the central system to the decision: under 200 ms."""
    async with house(tmp_path, broker) as home, home.garage() as garage:
        await home.csms.answer("Authorize", delay_s=1)
        decision = await garage.box.tap(CARD)
        assert 1.0 <= decision.after_s < 1.2


async def test_bounces_and_a_second_card(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """A card read three times in a second is one tap and one question; another card meanwhile gets its own red."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await home.csms.answer("Authorize", delay_s=0.5)
        await garage.box.plug()
        first = await garage.box.present(CARD)
        for _ in range(2):
            await garage.box.present(CARD)
        other = await garage.box.decided(await garage.box.present(OTHER))
        assert (other.led, other.reason) == ("red", "occupied")
        assert (await garage.box.decided(first)).led == "green"
        await garage.settle()
        assert len(garage.asked()) == 1
        assert len(home.topics.said("nfc/garage/decision")) == 2


async def test_an_app_and_the_card_of_one_person_share_the_question(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Both are answered, the central system is asked once."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await home.csms.answer("Authorize", delay_s=0.7)
        await garage.box.plug()
        tap = await garage.box.present("04A1A1A1")
        await home.topics.publish("users/ada/start", {"charge_point": "garage", "id": "app"})
        told = await asyncio.gather(garage.box.decided(tap), home.topics.hears("users/ada/decision", id="app"))
        assert told[0].led == told[1].json["led"] == "green"
        await garage.settle()
        assert len(garage.asked()) == 1


async def test_stale_retained_and_malformed_taps_never_start_a_charge(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Old by its own clock: red. Retained or malformed: an alert that says why, and nothing else."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        old = (datetime.now(UTC) - timedelta(seconds=60)).isoformat()
        stale = await garage.box.tap(CARD, ts=old)
        assert (stale.led, stale.reason) == ("red", "stale")
        assert "clock" in (await home.topics.hears("bridge/alert/stale_tap")).text
        await home.topics.publish("nfc/garage/tap", {"tag": CARD, "id": "kept"}, retain=True)
        await home.topics.hears("bridge/alert/retained_event")
        await home.topics.publish("nfc/garage/tap", b"12345678")
        refused = await home.topics.hears("bridge/alert/payload_refused")
        assert "nfc/garage/tap" in refused.text
        await garage.settle()
        assert garage.asked() == garage.tells() == []
        assert not home.topics.said("nfc/garage/decision", id="kept")
        fresh = await garage.box.tap(OTHER, ts=datetime.fromtimestamp(time.time(), UTC).isoformat())
        assert fresh.led == "green"
        await home.topics.shows("bridge/alert/stale_tap", "")


async def test_a_reader_without_json(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """`tag#counter` is a tap like any other."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        await home.topics.publish("nfc/garage/tap_text", f"{CARD}#17")
        assert (await home.topics.hears("nfc/garage/decision", id="17")).json["result"] == "accepted"
        await garage.begins(CARD)
