r"""A real mosquitto for tests: own port, own configuration, loopback only, stopped by its handle.

    with Mosquitto() as broker:                      # anonymous, nothing kept over a restart
        connect(broker.host, broker.port)

    Mosquitto(users={"bridge": "secret"}, acl="user bridge\ntopic readwrite evbridge/#\n")

`stop` ends it in order, `kill` pulls the plug, `start` brings it back on the same port, `restart` is stop and start, `freeze` makes it
mute with its sockets open and `thaw` lets it go on, `log` is what it wrote. Everything blocks for some ten milliseconds at most.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

START_S = 10.0
"""A loaded machine of two cores starts mosquitto in well under a second."""
START_TRIES = 5
"""Somebody else may take the free port between our look and mosquitto's bind."""
STOP_S = 5.0
"""Then it is killed: no test waits for a broker that does not want to go."""


def mosquitto_program() -> str:
    """The path of mosquitto, which Debian keeps where ordinary users do not look."""
    found = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    if found is None:
        message = "mosquitto is not installed: apt-get install mosquitto mosquitto-clients"
        raise FileNotFoundError(message)
    return found


def free_port() -> int:
    """A port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One broker. Use it as a context manager, or call `start` and `close`."""

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        users: Mapping[str, str] | None = None,
        acl: str | None = None,
        persistence: bool = False,
        certificate: tuple[Path, Path] | None = None,
        extra: str = "",
    ) -> None:
        """`users` maps names to passwords (None: anonymous); `acl` is the text of an ACL file; `certificate` is (chain, key) for TLS.

        With `persistence` retained messages survive `restart` and `kill`. `extra` is added to mosquitto.conf as it is.
        """
        self.port = 0
        self._users = users
        self._acl = acl
        self._persistence = persistence
        self._certificate = certificate
        self._extra = extra
        self._directory = Path(tempfile.mkdtemp(prefix="evbridge-broker-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there (a frozen one is)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it takes connections; the port stays the same from the first start on."""
        for _ in range(START_TRIES):
            port = self.port or free_port()
            if self._try_start(port):
                self.port = port
                return
        message = f"mosquitto does not start:\n{self.log()}"
        raise RuntimeError(message)

    def stop(self) -> None:
        """End it in order: it writes down what it keeps and closes every connection."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Power cut."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Mute: connections stay open, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def change_acl(self, acl: str) -> None:
        """Another ACL, in force at once; connections stay."""
        (self._directory / "acl").write_text(acl)
        self._signal(signal.SIGHUP)

    def log(self) -> str:
        """What it has written so far."""
        path = self._directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self) -> None:
        """End it and remove its files."""
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close."""
        self.close()

    def _try_start(self, port: int) -> bool:
        configuration = self._directory / "mosquitto.conf"
        configuration.write_text(self._configuration(port))
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen([mosquitto_program(), "-c", str(configuration)], stdout=log, stderr=log)
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.running:
            with contextlib.suppress(OSError), socket.create_connection((self.host, port), 0.5):
                return self.running
            time.sleep(0.01)
        self.kill()
        return False

    def _configuration(self, port: int) -> str:
        lines = [
            # Started as root it would become the user mosquitto, who may not read our files.
            "user root",
            f"listener {port} {self.host}",
            f"allow_anonymous {'true' if self._users is None else 'false'}",
            "max_inflight_messages 1000",
            "max_queued_messages 0",
            "set_tcp_nodelay true",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
        ]
        if self._users is not None:
            lines.append(f"password_file {self._password_file(self._users)}")
        if self._acl is not None:
            (self._directory / "acl").write_text(self._acl)
            lines.append(f"acl_file {self._directory / 'acl'}")
        if self._certificate is not None:
            chain, key = self._certificate
            lines += [f"certfile {chain}", f"keyfile {key}"]
        lines.append(f"persistence {'true' if self._persistence else 'false'}")
        if self._persistence:
            lines += [f"persistence_location {self._directory}/", "autosave_interval 1", "autosave_on_changes true"]
        return "\n".join([*lines, self._extra, ""])

    def _password_file(self, users: Mapping[str, str]) -> Path:
        path = self._directory / "passwords"
        path.write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
        program = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
        subprocess.run([program, "-U", str(path)], check=True, capture_output=True)
        return path

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._signal(number)
        if number is signal.SIGTERM:
            self._signal(signal.SIGCONT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
