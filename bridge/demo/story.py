"""`evbridge demo`: builds the stage, plays the scenes, shows what it all came to."""

import asyncio
import logging
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum, unique
from pathlib import Path

import aiomqtt
from rich.console import Console
from rich.text import Text

from bridge.demo import summary, wiring
from bridge.demo.broker import BrokerKind
from bridge.demo.narrator import Narrator, Voice
from bridge.demo.scenes import SCENES
from bridge.demo.stage import PATIENCE_S, Stage, built_stage
from bridge.errors import EvbridgeError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Whatever ends us, we end what we started."""
PAUSE_S = 5.0
"""Between two rounds of the story, to read the table."""


@unique
class Exit(IntEnum):
    """How the demo ends, for scripts."""

    EVEN = 0
    """Every Wh is accounted for exactly once; or Ctrl-C without --once."""
    PROBLEM = 1
    """A scene failed, or the ledgers differ."""
    INTERRUPTED = 130
    """Ctrl-C with --once: nothing was proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    once: bool = False
    broker: BrokerKind = BrokerKind.AUTO
    port: int | None = None
    patience_s: float = PATIENCE_S
    """How long a scene waits for a thing that takes a moment."""


def run(options: Options, console: Console) -> int:
    """Play it; returns the exit status. Raises BrokerMissing."""
    with tempfile.TemporaryDirectory(prefix="evbridge-demo-") as name:
        directory = Path(name)
        with _quiet(directory / "demo.log"):
            try:
                return asyncio.run(_Story(options, Narrator(console)).play(directory))
            except asyncio.CancelledError:
                return Exit.INTERRUPTED


@contextmanager
def _quiet(path: Path) -> Iterator[None]:
    """Libraries write into a file, not between the lines of the story."""
    handler = logging.FileHandler(path)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


class _Story:
    def __init__(self, options: Options, narrator: Narrator) -> None:
        self._options = options
        self._narrator = narrator
        self._playing: asyncio.Task[None] | None = None
        self._interrupted = False

    async def play(self, directory: Path) -> int:
        main = asyncio.current_task()
        assert main is not None
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._interrupt, main)
        try:
            options = self._options
            async with built_stage(directory, self._narrator, options.broker, port=options.port, patience_s=options.patience_s) as stage:
                status = await self._on(stage)
                self._narrator.hush()
                return status
        except* aiomqtt.MqttError:
            self._narrator.say(Voice.ALERT, "", "the broker has gone, and with it the demo", style="bold red")
        return Exit.PROBLEM

    def _interrupt(self, main: "asyncio.Task[int]") -> None:
        """The first time ends the scenes, the second time everything; either way nothing is left behind."""
        self._interrupted = True
        (self._playing or main).cancel()

    async def _on(self, stage: Stage) -> int:
        self._introduce(stage)
        try:
            await self._play_scenes(stage)
            if self._interrupted and self._options.once:
                return Exit.INTERRUPTED
            return await self._conclude(stage)
        except EvbridgeError as error:
            self._explain(stage, error)
            return Exit.PROBLEM

    def _introduce(self, stage: Stage) -> None:
        self._narrator.plain(
            f"Broker: {stage.broker.name} on {stage.broker.host}:{stage.broker.port}. Central system: {stage.central.url}",
            "To look on:",
            *(f"  {line}" for line in wiring.how_to_look_on(stage.broker.host, stage.broker.port)),
            f"  evbridge topics --config {stage.bridge.configuration}",
        )
        if not self._options.once:
            self._narrator.plain("Ctrl-C ends it and shows what it came to.")

    async def _play_scenes(self, stage: Stage) -> None:
        """Returns at the end (with --once) or when interrupted. Raises EvbridgeError."""
        self._playing = asyncio.create_task(self._scenes(stage), name="demo scenes")
        try:
            await asyncio.wait({self._playing})
            if not self._playing.cancelled():
                self._playing.result()
        finally:
            self._playing.cancel()
            self._playing = None

    async def _scenes(self, stage: Stage) -> None:
        await stage.start_bridge()
        await stage.until_ready()
        while True:
            for scene in SCENES:
                self._narrator.title(scene.title, scene.about)
                await scene.play(stage)
            if self._options.once:
                return
            await self._conclude(stage)
            await asyncio.sleep(PAUSE_S)

    async def _conclude(self, stage: Stage) -> int:
        """Bring everything to rest, then show the tables. Raises EvbridgeError."""
        await stage.settle()
        history = await stage.bridge.history()
        audit = summary.audited(stage, history)
        console = self._narrator.console
        for table in (summary.sessions_table(history), summary.lamps_table(stage.readers.taps), summary.balance_table(audit)):
            console.print()
            console.print(table)
        console.print()
        console.print(summary.messages(stage), soft_wrap=True)
        for finding in audit.findings:
            console.print(Text(str(finding), style="bold red"), soft_wrap=True)
        if audit.passed:
            console.print(
                Text("Every Wh is on exactly one bill or recorded gap: central system + local + gaps = meter.", style="bold green")
            )
        return Exit.EVEN if audit.passed else Exit.PROBLEM

    def _explain(self, stage: Stage, error: EvbridgeError) -> None:
        self._narrator.say(Voice.ALERT, "", f"the demo failed: {error}", style="bold red")
        self._narrator.plain("The last words of the bridge:", *(f"  {line}" for line in stage.bridge.last_words()))
