"""The real bridge, as its users run it: a process of its own, a configuration file, and the command line."""

import asyncio
import json
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from bridge.demo.broker import Broker
from bridge.demo.processes import answer_of, end_process, kill_process, last_lines, start_process
from bridge.errors import EvbridgeError

STOP_S = 10.0
"""As long as a container gets; then it is killed."""
HISTORY_S = 30.0
"""A command that reads a small database takes one second."""
LOG_LINES = 15
"""Enough to see what it was doing when the story got stuck."""


class BridgeFailed(EvbridgeError):
    """The bridge process ended by itself, or a command did not do what it was asked for."""


class BridgeProcess:
    """Starts, kills and asks the bridge. Everything it writes stays in one directory."""

    def __init__(self, directory: Path, *, broker: Broker, csms_url: str, ended: Callable[[], None]) -> None:
        """Nothing runs yet, and nothing is written. `ended` is called whenever a process has ended, for whatever reason."""
        self._directory = directory
        self.configuration = directory / "evbridge.toml"
        self._log = directory / "bridge.log"
        self._values = {"@HOST@": broker.host, "@PORT@": str(broker.port), "@PROTOCOL@": broker.protocol, "@CSMS_URL@": csms_url}
        self._ended = ended
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._wanted = False

    def write_configuration(self) -> None:
        """The demo's configuration, with the addresses of this run."""
        text = (resources.files("bridge.demo") / "site.toml").read_text(encoding="utf-8")
        for name, value in self._values.items():
            text = text.replace(name, value)
        self.configuration.write_text(text, encoding="utf-8")

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def died(self) -> bool:
        """It has ended, and nobody ended it."""
        return self._wanted and not self.running

    @property
    def pid(self) -> int | None:
        """Its number, for who looks on."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start it; whether it works is seen on the broker."""
        assert not self.running, "one at a time"
        self._process = await start_process(*self._command("run"), log=self._log, directory=self._directory)
        self._wanted = True
        self._watch = asyncio.create_task(self._wait(self._process), name="demo watches the bridge")

    async def kill(self) -> None:
        """Power cut: SIGKILL, no goodbye."""
        self._wanted = False
        if self._process is not None:
            await kill_process(self._process)

    async def stop(self) -> None:
        """End it in order."""
        self._wanted = False
        if self._process is not None:
            await end_process(self._process, within_s=STOP_S)
        if self._watch is not None:
            await self._watch

    async def history(self) -> list[dict[str, Any]]:
        """What `evbridge history --json` says. Raises BridgeFailed."""
        status, out, err = await answer_of(*self._command("history", "--json"), directory=self._directory, within_s=HISTORY_S)
        if status != 0:
            raise BridgeFailed(f"`evbridge history --json` ended with {status}: {err}")
        return [json.loads(line) for line in out.splitlines()]

    def last_words(self) -> list[str]:
        """The end of its log."""
        return last_lines(self._log, LOG_LINES)

    async def _wait(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        self._ended()

    def _command(self, *words: str) -> tuple[str, ...]:
        return sys.executable, "-m", "bridge", *words, "--config", str(self.configuration)
