"""The broker of docker-compose.yml without a container: its own start script, configuration, rights and passwords, other paths."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.peers.bridge_process import REPOSITORY
from tests.peers.broker import free_port, mosquitto_program
from tests.peers.waiting import TIMEOUT_S

FILES = REPOSITORY / "examples" / "compose"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeBroker:
    """The running broker."""

    host: str
    port: int
    secrets: Path

    def account(self, user: str) -> tuple[str, str]:
        """The user and the password that prepare.sh made."""
        return user, (self.secrets / f"mqtt_{user}").read_text().strip()


@contextlib.contextmanager
def compose_broker(folder: Path) -> Iterator[ComposeBroker]:
    """What `prepare.sh` and `docker compose up mosquitto` do."""
    secrets, run, data, config = (folder / name for name in ("secrets", "run", "data", "config"))
    for new in (run, data, config):
        new.mkdir()
    subprocess.run(["sh", str(FILES / "prepare.sh"), str(secrets)], check=True, capture_output=True)
    port = free_port()
    paths = {"listener 1883": f"listener {port} 127.0.0.1\nuser root", "/run/mosquitto": str(run), "/mosquitto/data": str(data)}
    text = (FILES / "mosquitto.conf").read_text()
    for written, here in paths.items():
        assert written in text
        text = text.replace(written, here)
    (config / "mosquitto.conf").write_text(text)
    (config / "acl").write_bytes((FILES / "acl").read_bytes())
    search = os.pathsep.join([os.environ["PATH"], str(Path(mosquitto_program()).parent)])
    process = subprocess.Popen(
        ["sh", str(FILES / "mosquitto-start.sh")],
        env={**os.environ, "PATH": search, "SECRETS": str(secrets), "CONFIG": str(config), "RUN": str(run)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _wait_for(port, process)
        yield ComposeBroker(host="127.0.0.1", port=port, secrets=secrets)
    finally:
        process.terminate()
        told, _ = process.communicate(timeout=TIMEOUT_S)
        print(told)


def _wait_for(port: int, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + TIMEOUT_S
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise AssertionError(f"the broker of docker-compose.yml does not start, status {process.poll()}")
