"""The handle of the real bridge: who ended it, and what it said."""

import sys
from pathlib import Path

import pytest

from bridge.config import load
from bridge.demo.bell import Bell
from bridge.demo.bridge_process import BridgeFailed, BridgeProcess
from bridge.demo.broker import Broker

SOON_S = 20.0
BROKER = Broker(host="127.0.0.1", port=1883, name="none", protocol="3.1.1")


class Fake(BridgeProcess):
    """Any program in the place of the bridge."""

    source = "import sys; print('here', flush=True); sys.stdin.read()"

    def _command(self, *words: str) -> tuple[str, ...]:
        return sys.executable, "-c", self.source, *words


def fake(directory: Path, bell: Bell, source: str | None = None) -> Fake:
    process = Fake(directory, broker=BROKER, csms_url="ws://127.0.0.1:9/ocpp", ended=bell.ring)
    process.source = source or Fake.source
    return process


async def test_the_configuration_is_one_the_bridge_accepts(tmp_path: Path) -> None:
    """Checked by the bridge's own checker, with the addresses of this run in it."""
    fake(tmp_path, Bell()).write_configuration()
    configuration = load(tmp_path / "evbridge.toml")
    assert (configuration.mqtt.host, configuration.mqtt.port, configuration.mqtt.protocol) == ("127.0.0.1", 1883, "3.1.1")
    assert sorted(str(one.address) for one in configuration.charge_points.values()) == [
        "ws://127.0.0.1:9/ocpp/DEMO-GARAGE",
        "ws://127.0.0.1:9/ocpp/DEMO-YARD",
    ]
    assert configuration.warnings == ()


async def test_a_killed_one_has_not_died(tmp_path: Path) -> None:
    """The story kills it on purpose, and starts it again."""
    process = fake(tmp_path, Bell())
    await process.start()
    assert (process.running, process.died) == (True, False)
    first = process.pid
    await process.kill()
    assert (process.running, process.died) == (False, False)
    await process.start()
    assert process.pid != first
    await process.stop()
    assert (process.running, process.died) == (False, False)


async def test_one_that_ends_by_itself_is_noticed_at_once(tmp_path: Path) -> None:
    """Nobody waits half a minute for a bridge that is not there."""
    bell = Bell()
    process = fake(tmp_path, bell, "raise SystemExit('no such broker')")
    await process.start()
    await bell.until(lambda: process.died, "its end", within_s=SOON_S)
    assert process.last_words() == ["no such broker"]
    await process.stop()


async def test_the_history_is_what_the_command_prints(tmp_path: Path) -> None:
    source = "import sys; assert sys.argv[1:] == ['history', '--json']; print('{\"kind\": \"gap\"}'); print('{\"kind\": \"local\"}')"
    assert await fake(tmp_path, Bell(), source).history() == [{"kind": "gap"}, {"kind": "local"}]


async def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(BridgeFailed, match=r"`evbridge history --json` ended with 1: no database"):
        await fake(tmp_path, Bell(), "raise SystemExit('no database')").history()


async def test_stopping_what_never_ran_is_nothing(tmp_path: Path) -> None:
    process = fake(tmp_path, Bell())
    await process.stop()
    await process.kill()
    assert process.last_words() == []
    assert process.pid is None
