"""`bridge.commands.topics`."""

import asyncio
import sys
from pathlib import Path

import aiomqtt
import pytest

from bridge.cli import main
from bridge.commands.topics import SHOWN_MAX, line_of, shown, table, tree
from bridge.mqtt import topics as contract
from bridge.mqtt.names import Names
from bridge.mqtt.topics import Topic
from tests.peers.broker import Mosquitto

NAMES = Names("evbridge")


def test_the_tree_tells_what_each_topic_means() -> None:
    """Levels once, topics with their value; what is not ours is said to be so."""
    values = {
        "evbridge/charge_point/garage/status": b"Charging",
        "evbridge/charge_point/garage/online": b"true",
        "evbridge/charge_point/yard/online": b"",
        "evbridge/bridge/state": b"online",
        "evbridge/bridge/typo": b"1",
    }
    assert [line.plain for line in tree(NAMES, values)] == [
        "evbridge/",
        "  bridge/",
        f"    state = online   {contract.BRIDGE_STATE.about}",
        "    typo = 1   not in the contract",
        "  charge_point/",
        "    garage/",
        f"      online = true   {contract.CP_ONLINE.about}",
        f"      status = Charging   {contract.CP_STATUS.about}",
        "    yard/",
        f"      online = (empty)   {contract.CP_ONLINE.about}",
    ]


def test_a_name_that_can_be_none_is_told_too() -> None:
    """Whoever looks for the reason of silence finds the topic with the wrong ID."""
    assert line_of(NAMES, "evbridge/wallbox/Garage/plugged", b"true", "x").plain == "x = true   not in the contract"


@pytest.mark.parametrize(
    "row, payload, text",
    [
        (contract.TAP, b'{"tag": "04A2B3C4D5E680", "id": "1"}', '{"tag": "****E680", "id": "1"}'),
        (contract.TAP, b"12345678", "(no JSON object)"),
        (contract.TAP, b"04A2B3C4D5E6Z", "(not JSON)"),
        (contract.TAP, b'{"tag": 42}', '{"tag": "****"}'),
        (contract.TAP_TEXT, b"04A2B3C4D5E680#12", "****E680#12"),
        (contract.TAP_TEXT, b"04A2B3C4D5E680", "****E680"),
        (
            contract.USER,
            b'{"name": "Anna", "ocpp_tag": "ANNA-1234", "nfc": ["04A2B3C4", "0"]}',
            '{"name": "Anna", "ocpp_tag": "****1234", "nfc": ["****B3C4", "****"]}',
        ),
        (contract.CP_STATUS, b"a\nb", "a b"),
        (contract.CP_STATUS, b"\xff", "\\xff"),
        (None, b"x" * 200, "x" * (SHOWN_MAX - 1) + "…"),
    ],
)
def test_a_value_is_one_line_and_never_shows_a_whole_tag(row: Topic | None, payload: bytes, text: str) -> None:
    """A screenshot of the tree can be posted in a forum."""
    assert shown(row, payload) == text


def test_the_contract_itself_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert table() == 0
    assert len(capsys.readouterr().out.splitlines()) == len(contract.TABLE) + 1


async def test_what_the_broker_has_stored_is_shown_and_that_is_it(tmp_path: Path) -> None:
    """`--once` ends by itself, with nothing of the time after."""
    with Mosquitto() as broker:
        async with aiomqtt.Client(broker.host, broker.port) as client:
            await client.publish("evbridge/wallbox/garage/plugged", "true", qos=1, retain=True)
            await client.publish("elsewhere", "true", qos=1, retain=True)
        file = tmp_path / "evbridge.toml"
        file.write_text(f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\n[charge_points.garage]')
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge", "topics", "--once", "-c", str(file), stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert out.decode().splitlines() == [
        "evbridge/",
        "  wallbox/",
        "    garage/",
        f"      plugged = true   {contract.WALLBOX_PLUGGED.about}",
    ]


def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it was looked for, and what to check."""
    with Mosquitto() as broker:
        port = broker.port
    file = tmp_path / "evbridge.toml"
    file.write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n[charge_points.garage]')
    assert main(["topics", "--once", "-c", str(file)]) == 3
    err = capsys.readouterr().err
    assert err.startswith(f"the broker at 127.0.0.1:{port} can't be reached")
    assert err.endswith("check host, port and tls of [mqtt]\n")
    assert err.count("\n") == 1
