"""docker-compose.yml keeps to the Compose specification and to what the README says of it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.peers.bridge_process import REPOSITORY, BridgeProcess
from tests.peers.onlooker import onlooker
from tests.surroundings.compose import FILES, ComposeBroker, compose_broker

FILE = REPOSITORY / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVICE = pytest.mark.parametrize("name", SERVICES)


def has_compose_plugin() -> bool:
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0


def test_it_is_valid(tmp_path: Path) -> None:
    """Docker itself says so where its plugin is installed, elsewhere the specification's own schema."""
    if has_compose_plugin():
        command = ["docker", "compose", "--file", str(FILE), "config", "--quiet"]
    else:
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_runs_bridge_broker_and_node_red() -> None:
    """Broker and Node-RED in the versions the tests were made for."""
    assert set(SERVICES) == {"bridge", "mosquitto", "node-red"}
    assert SERVICES["mosquitto"]["image"] == "eclipse-mosquitto:2"
    assert SERVICES["node-red"]["image"] == "nodered/node-red:4.1"


@SERVICE
def test_a_service_can_do_little_harm(name: str) -> None:
    """No root, nothing writable but its volume, no capabilities, no way to more."""
    service = SERVICES[name]
    assert service["user"].split(":")[0] != "0"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@SERVICE
def test_a_service_is_watched_and_ends_in_order(name: str) -> None:
    """A health check, and time to say goodbye; dependants wait until the broker is healthy."""
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert int(service["stop_grace_period"].removesuffix("s")) >= 10
    if name != "mosquitto":
        assert service["depends_on"] == {"mosquitto": {"condition": "service_healthy"}}


@SERVICE
def test_ports_are_for_this_machine_only(name: str) -> None:
    """Nothing is open to the network before somebody decides so."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@SERVICE
def test_every_file_it_wants_is_there(name: str, tmp_path: Path) -> None:
    """Mounted files are in the repository and read-only, data are in named volumes, passwords are files that prepare.sh makes."""
    service = SERVICES[name]
    for volume in service["volumes"]:
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (REPOSITORY / source).exists(), volume
            assert volume.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]
    subprocess.run(["sh", str(FILES / "prepare.sh"), str(tmp_path)], check=True, capture_output=True)
    for secret in service["secrets"]:
        assert COMPOSE["secrets"][secret]["file"] == f"./examples/compose/secrets/{secret}"
        assert (tmp_path / secret).is_file()


def test_no_password_is_written_down() -> None:
    """Secrets are files; what is in the repository names them and holds none."""
    for service in SERVICES.values():
        assert not [key for key in service.get("environment", {}) if "PASSWORD" in key and not key.endswith("_FILE")]
    tracked = subprocess.run(["git", "ls-files", "examples/compose"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "secrets/" not in tracked.stdout


def test_the_image_is_built_from_what_is_there() -> None:
    """Every COPY of the Dockerfile has its source, and the ignore file lets it through."""
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", (FILES / "Dockerfile").read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    ]
    let_through = {line[1:] for line in (FILES / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert "bridge" in copied
    assert set(copied) == let_through
    assert not [source for source in copied if not (REPOSITORY / source).exists()]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ComposeBroker]:
    with compose_broker(tmp_path) as running:
        yield running


async def test_the_bridge_of_the_file_starts_and_its_health_is_seen(broker: ComposeBroker, tmp_path: Path) -> None:
    """The bridge with its example configuration, at the broker with its rights: the health check says yes, and no once it has ended."""
    name, password = broker.account("evbridge")
    async with onlooker(broker, name=name, password=password) as topics:
        process = BridgeProcess(tmp_path / "bridge", None, topics, {})
        process.file.write_text(_here((FILES / "bridge.toml").read_text(), broker, tmp_path))
        await process.start(online=[])
        try:
            healthy = _health(process.file)
            assert healthy.returncode == 0, healthy.stderr + process.log()
            assert "acl" not in process.log().lower()
        finally:
            await process.stop()
        await topics.shows("bridge/state", "offline")
        assert _health(process.file).returncode != 0


def _here(text: str, broker: ComposeBroker, folder: Path) -> str:
    """The configuration with the paths and names of this machine instead of the containers'."""
    for written, here in {
        'host = "mosquitto"': f'host = "{broker.host}"\nport = {broker.port}',
        "/run/secrets": str(broker.secrets),
        "/var/lib/evbridge": str(folder / "bridge"),
    }.items():
        assert written in text
        text = text.replace(written, here)
    return text


def _health(configuration: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FILES / "health.py")],
        env={"EVBRIDGE_CONFIG": str(configuration)},
        capture_output=True,
        text=True,
        check=False,
    )
