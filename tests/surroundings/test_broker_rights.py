"""Who may do what at the broker of docker-compose.yml, tried at a real mosquitto with the very file."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

from tests.peers.onlooker import client, onlooker
from tests.surroundings.compose import FILES, ComposeBroker, compose_broker

MAY_WRITE = [
    ("garage", "nfc/garage/tap"),
    ("garage", "nfc/garage/tap_text"),
    ("garage", "wallbox/garage/plugged"),
    ("garage", "wallbox/garage/availability"),
    ("garage", "wallbox/garage/command/result"),
    ("garage", "meter/garage/energy_wh"),
    ("garage", "meter/garage/current_a/l1"),
    ("node-red", "ems/load/all/allow"),
    ("node-red", "price/all/per_kwh"),
    ("node-red", "users/anna/start"),
    ("node-red", "bridge/request/status"),
    ("node-red", "charge_point/garage/data_transfer/answer"),
    ("node-red", "nfc/garage/tap"),
    ("node-red", "meter/garage/energy_wh"),
]
MAY_NOT_WRITE = [
    ("garage", "nfc/hall/tap", "a reader taps for another"),
    ("garage", "nfc/garage/decision", "a reader decides for itself"),
    ("garage", "wallbox/garage/command/enabled", "a wallbox releases itself"),
    ("garage", "wallbox/hall/plugged", "a wallbox speaks for another"),
    ("garage", "ems/load/all/allow", "a wallbox plays energy management"),
    ("garage", "users/mallory", "a device makes users"),
    ("node-red", "wallbox/garage/command/enabled", "a flow releases a wallbox behind the bridge's back"),
    ("node-red", "charge_point/garage/status", "a flow forges what the bridge says"),
    ("node-red", "charge_point/garage/data_transfer", "a flow plays the central system"),
    ("node-red", "nfc/garage/decision", "a flow forges a decision"),
    ("node-red", "bridge/state", "a flow plays the bridge"),
    ("node-red", "users/mallory", "a flow makes users"),
]
MAY_READ = [
    ("garage", "nfc/garage/led"),
    ("garage", "nfc/garage/decision"),
    ("garage", "wallbox/garage/command/enabled"),
    ("garage", "wallbox/garage/command/unlock"),
    ("node-red", "charge_point/garage/session"),
    ("node-red", "charge_point/garage/alert/meter_jump"),
    ("node-red", "wallbox/garage/command/limit_a"),
    ("node-red", "nfc/garage/led"),
    ("node-red", "users/anna/decision"),
    ("node-red", "bridge/health"),
]
MAY_NOT_READ = [
    ("garage", "nfc/garage/tap", "not even the own tags come back"),
    ("garage", "nfc/hall/led", "another reader's lamp"),
    ("garage", "charge_point/garage/session", "who charges"),
    ("garage", "users/anna", "users with their tags"),
    ("node-red", "nfc/garage/tap", "whole tags"),
    ("node-red", "nfc/garage/tap_text", "whole tags"),
    ("node-red", "users/anna", "users with their tags"),
]
WRITE_MARK = {"garage": "nfc/garage/tap", "node-red": "ems/mark/all/reason"}
READ_MARK = {"garage": "nfc/garage/led", "node-red": "bridge/info"}
"""What each may do for sure: a message there, sent afterwards, shows that the one before was dropped and is not just late."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeBroker]:
    with compose_broker(tmp_path_factory.mktemp("compose")) as running:
        yield running


@pytest.mark.parametrize("user, topic, allowed", [(*row, True) for row in MAY_WRITE] + [(*row[:2], False) for row in MAY_NOT_WRITE])
async def test_who_may_write(broker: ComposeBroker, user: str, topic: str, allowed: bool) -> None:
    """A device writes its own topics, Node-RED what flows are for, nobody what the bridge says."""
    name, password = broker.account("evbridge")
    async with onlooker(broker, name=name, password=password) as topics, client_of(broker, user) as device:
        await device.publish(f"evbridge/{topic}", "tried", qos=1)
        await device.publish(f"evbridge/{WRITE_MARK[user]}", "mark", qos=1)
        await topics.shows(WRITE_MARK[user], "mark")
        assert [said.text for said in topics.said(topic) if said.text == "tried"] == ["tried"] * allowed


@pytest.mark.parametrize("user, topic, allowed", [(*row, True) for row in MAY_READ] + [(*row[:2], False) for row in MAY_NOT_READ])
async def test_who_may_read(broker: ComposeBroker, user: str, topic: str, allowed: bool) -> None:
    """Whole tags reach the bridge alone; a device reads what concerns it."""
    user_name, password = broker.account(user)
    async with onlooker(broker, name=user_name, password=password) as topics, client_of(broker, "evbridge") as evbridge:
        await evbridge.publish(f"evbridge/{topic}", "told", qos=1)
        await evbridge.publish(f"evbridge/{READ_MARK[user]}", "mark", qos=1)
        await topics.shows(READ_MARK[user], "mark")
        assert [said.text for said in topics.said(topic) if said.text == "told"] == ["told"] * allowed


async def test_the_bridge_keeps_to_its_root(broker: ComposeBroker) -> None:
    """The bridge's account is of no use to anybody beside the contract."""
    name, password = broker.account("node-red")
    async with onlooker(broker, root="hardware", name=name, password=password) as topics, client_of(broker, "evbridge") as evbridge:
        await evbridge.publish("hardware/garage/enable", "true", qos=1)
        await evbridge.publish("evbridge/bridge/info", "mark", qos=1)
        await topics.shows("evbridge/bridge/info", "mark")
        assert not topics.said("garage/enable")


@pytest.mark.parametrize("name, password", [(None, None), ("evbridge", "guessed"), ("nobody", "guessed")])
async def test_nobody_comes_in_without_a_password(broker: ComposeBroker, name: str | None, password: str | None) -> None:
    """Neither anonymous nor by a wrong password."""
    with pytest.raises(aiomqtt.MqttError):
        async with client(broker, name=name, password=password):
            raise AssertionError("let in")


def test_the_passwords_are_made_once(tmp_path: Path) -> None:
    """Running prepare.sh again changes no password that devices already use."""
    for _ in range(2):
        subprocess.run(["sh", str(FILES / "prepare.sh"), str(tmp_path / "secrets")], check=True, capture_output=True)
    first = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    subprocess.run(["sh", str(FILES / "prepare.sh"), str(tmp_path / "secrets")], check=True, capture_output=True)
    assert {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()} == first
    assert len(set(first.values())) == 3
    assert all(len(password.strip()) == 32 for password in first.values())


def client_of(broker: ComposeBroker, user: str) -> aiomqtt.Client:
    name, password = broker.account(user)
    return client(broker, name=name, password=password)
