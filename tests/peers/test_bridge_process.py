"""The real bridge can be started, killed, restarted and asked by the tests; whatever it does is proven elsewhere."""

import tomllib
from pathlib import Path

import pytest

from tests.peers.bridge_process import BridgeProcess, bridge, toml
from tests.peers.broker import Mosquitto
from tests.peers.onlooker import onlooker
from tests.peers.strict_csms import ACCEPTED, strict_csms
from tests.peers.wallbox import wallbox


async def test_a_life_of_the_bridge(tmp_path: Path) -> None:
    """Killed in mid-session and started again it is ready again; what the meter moved is what was billed and recorded, to the Wh."""
    with Mosquitto() as broker:
        async with onlooker(broker) as topics, strict_csms(tags={"04AABBCC": ACCEPTED}) as csms, wallbox(broker, "garage") as box:
            settings = {"csms": {"office": {"url": csms.url}}, "charge_points": {"garage": {"csms": "office", "identity": "CP1"}}}
            async with bridge(tmp_path, broker, topics, settings) as process:
                await box.plug()
                assert (await box.tap("04AABBCC")).result == "accepted"
                await box.draw(1500)
                await csms.saw_status("Charging")
                await process.kill()
                assert not process.running
                await process.start()
                await box.appear()
                await csms.saw("StopTransaction", reason="PowerLoss")
                await csms.saw("StartTransaction", count=2)
                await box.draw(500)
                await box.unplug()
                await csms.saw("StopTransaction", reason="EVDisconnected")
                await topics.hears("charge_point/garage/history", count=2)
                sessions = await process.history()
                assert await process.stop() == 0
            first, second = csms.transactions("CP1")
            gap_wh = second.start_wh - (first.stop_wh or 0)
            assert first.energy_wh + gap_wh + second.energy_wh == box.register_wh - 100_000
            recorded = [(session["kind"], session["energy_wh"]) for session in sessions]
            assert sorted(recorded) == sorted([("ocpp", first.energy_wh), ("gap", gap_wh), ("ocpp", second.energy_wh)])
            csms.must_be_valid()


async def test_a_bridge_that_does_not_start_is_told_at_once(tmp_path: Path) -> None:
    with Mosquitto() as broker:
        async with onlooker(broker) as topics:
            process = BridgeProcess(tmp_path, broker, topics, {"charge_points": {"garage": {"colour": "red"}}})
            with pytest.raises(AssertionError, match="colour"):
                await process.start()
            assert not process.running


def test_its_configuration_is_toml() -> None:
    tables = {
        "currency": "EUR",
        "csms": {"a-b": {"url": "ws://x", "monitor": True, "variables": {"K": 1}}},
        "users": {"a": {"nfc": ["0\\"]}},
    }
    assert tomllib.loads(toml(tables)) == tables
