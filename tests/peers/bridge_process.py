"""The real bridge: `python -m bridge run` in a process of its own, with a configuration file, over real sockets.

    settings = {"csms": {"office": {"url": csms.url}}, "charge_points": {"garage": {"csms": "office", "identity": "CP1"}}}
    async with bridge(tmp_path, broker, topics, settings) as process:      # returns when it is ready
        await process.kill()                                              # a power cut
        await process.start()

Its log is printed when the test fails.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.peers.onlooker import Broker, Onlooker
from tests.peers.waiting import SLOWNESS

READY_S = 30.0 * SLOWNESS
"""Importing, opening the store, broker, central system with its jitter, BootNotification."""
STOP_S = 20.0 * SLOWNESS
REPOSITORY = Path(__file__).resolve().parents[2]


class BridgeProcess:
    """One bridge and its files. Use `bridge()`, or `start` it yourself when it is not meant to get ready."""

    def __init__(self, folder: Path, broker: Broker | None, topics: Onlooker | None, settings: Mapping[str, Any]) -> None:
        """`settings` is the configuration; where to find the broker is added, unless `broker` is None."""
        self.file = folder / "evbridge.toml"
        self._folder = folder
        self._topics = topics
        self._process: asyncio.subprocess.Process | None = None
        self._settings = dict(settings)
        if broker is not None:
            self._settings["mqtt"] = {"host": broker.host, "port": broker.port, **self._settings.get("mqtt", {})}
        self.configure()

    def configure(self, **tables: Any) -> None:  # noqa: ANN401 - TOML
        """Replace tables of the configuration; counts from the next start on."""
        self._settings |= tables
        self._folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(toml(self._settings))

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def status(self) -> int | None:
        """The exit status of its last life; None while it runs."""
        assert self._process is not None
        return self._process.returncode

    @property
    def process_id(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    # --- its life -------------------------------------------------------------------------------------------------------------------

    async def launch(self) -> None:
        """Start it and do not wait."""
        assert not self.running, "it runs already"
        with self._log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command("run"),
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                env=self._environment(),
            )

    async def start(self, *, online: Sequence[str] | None = None) -> None:
        """Start it and wait until it is there, and the charge points are online that have a central system (or those named)."""
        assert self._topics is not None, "nobody looks at the topics"
        awaited = self._expected() if online is None else online
        for charge_point in awaited:
            # After a power cut the broker still has what the last bridge said, and this one need not repeat what is true again.
            await self._topics.publish(f"charge_point/{charge_point}/online", b"", retain=True)
        since = self._topics.now
        await self.launch()
        assert self._process is not None
        ready = asyncio.create_task(self._ready(since, awaited), name="bridge gets ready")
        ended = asyncio.create_task(self._process.wait(), name="bridge ends")
        try:
            await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
            assert ready.done(), f"the bridge ended with {ended.result()} instead of getting ready:\n{self.log()}"
            await ready
        finally:
            ready.cancel()
            ended.cancel()

    async def _ready(self, since: int, online: Sequence[str]) -> None:
        assert self._topics is not None
        await self._topics.shows("bridge/state", "online", since=since, timeout_s=READY_S)
        for charge_point in online:
            await self._topics.shows(f"charge_point/{charge_point}/online", "true", since=since, timeout_s=READY_S)

    async def kill(self) -> None:
        """Power cut: nothing is written or said any more."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it in order; its exit status."""
        return await self._end(signal.SIGTERM)

    async def restart(self) -> None:
        """Stop in order and start."""
        await self.stop()
        await self.start()

    async def ended(self, *, timeout_s: float = READY_S) -> int:
        """Wait until it ends by itself; its exit status."""
        assert self._process is not None
        async with asyncio.timeout(timeout_s):
            return await self._process.wait()

    # --- what it tells --------------------------------------------------------------------------------------------------------------

    def log(self) -> str:
        """Everything it wrote, over all its lives."""
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Another command of the program with the same configuration: exit status, output, errors."""
        process = await asyncio.create_subprocess_exec(
            *self._command(*arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=REPOSITORY,
            env=self._environment(),
        )
        async with asyncio.timeout(READY_S):
            out, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), errors.decode()

    async def history(self, *arguments: str) -> list[dict[str, Any]]:
        """`evbridge history --json`, as a person would ask; `arguments` such as "--decisions"."""
        status, out, errors = await self.command("history", "--json", *arguments)
        assert status == 0, f"evbridge history: {status}\n{out}\n{errors}"
        return [json.loads(line) for line in out.splitlines()]

    # --- inside ---------------------------------------------------------------------------------------------------------------------

    @property
    def _log_file(self) -> Path:
        return self._folder / "bridge.log"

    def _command(self, name: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "bridge", name, "--config", str(self.file), *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EVBRIDGE_")}
        return kept | {"NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}

    def _expected(self) -> list[str]:
        charge_points: dict[str, dict[str, Any]] = self._settings.get("charge_points", {})
        return [name for name, settings in charge_points.items() if "csms" in settings]

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        try:
            async with asyncio.timeout(STOP_S):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise AssertionError(f"the bridge did not end within {STOP_S:g} s:\n{self.log()}") from None


@contextlib.asynccontextmanager
async def bridge(
    folder: Path, broker: Broker, topics: Onlooker, settings: Mapping[str, Any], *, online: Sequence[str] | None = None
) -> AsyncIterator[BridgeProcess]:
    """A bridge that is ready (`online`: see `start`); ended when the test is over."""
    process = BridgeProcess(folder, broker, topics, settings)
    try:
        await process.start(online=online)
        yield process
    except BaseException:
        print(process.log())
        raise
    finally:
        if process.running:
            await process.stop()


def toml(tables: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """A TOML document of texts, numbers, truths, lists and tables."""
    own = [f"{_key(name)} = {json.dumps(value)}" for name, value in tables.items() if not isinstance(value, Mapping)]
    head = [f"[{'.'.join(map(_key, path))}]"] if path else []
    below = [toml(value, (*path, name)) for name, value in tables.items() if isinstance(value, Mapping)]
    return "\n".join([*head, *own, "", *below])


def _key(name: str) -> str:
    return json.dumps(name)
