"""What tests of the shell put around it: a clock that stands still, a store that holds commits back, ears in place of the outer rooms.

Everything that is heard goes into one journal, so that a test can tell what came before what.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from bridge.clock import Clock
from bridge.core.alerts import AlertId
from bridge.core.effects import (
    AnnounceReading,
    AnnounceStatus,
    Answer,
    AskAuthorize,
    AskSite,
    Command,
    Decision,
    HistoryEntry,
    InstallFirmware,
    RestartStation,
    Tell,
)
from bridge.core.orders import LogJob
from bridge.core.state import State
from bridge.core.values import CommandId, IdTag, Person
from bridge.runtime import Runtime
from bridge.store.memory import MemoryStore
from bridge.store.protocol import Change

TEN_O_CLOCK_MS = 1_795_341_600_000
"""2026-11-22T10:00:00Z."""
TURNS = 5
"""Turns of the loop in which a finished future has told everybody: each callback schedules at most one more."""


async def turns() -> None:
    """Let the loop go round until whoever waits for a commit has heard of it."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class StillClock(Clock):
    """Stands still until it is moved, so that deadlines lie as far ahead as the core sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead_s = 0.0
        self._began_s: float | None = None

    def mono_s(self) -> float:
        if self._began_s is None:
            self._began_s = super().mono_s()
        return self._began_s + self.ahead_s

    def host_ms(self) -> int:
        return TEN_O_CLOCK_MS + round(self.ahead_s * 1000)


@dataclass(kw_only=True)
class Ears:
    """Hears what leaves a runtime: an `Outlet` and a `Wire` in one."""

    journal: list[object] = field(default_factory=list)
    """In the order heard."""
    commands: list[Command] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    said: list[object] = field(default_factory=list)
    """What went to the central system."""
    wakes: int = 0
    changes: int = 0
    links: list[tuple[bool, str | None, str | None, str]] = field(default_factory=list)

    def decided(self, runtime: Runtime, decision: Decision) -> None:
        self.decisions.append(decision)
        self.journal.append(decision)

    def commanded(self, runtime: Runtime, command: Command) -> None:
        self.commands.append(command)
        self.journal.append(command)

    def unlock(self, runtime: Runtime, command: CommandId) -> None:
        self.journal.append(("unlock", command))

    def install_firmware(self, runtime: Runtime, effect: InstallFirmware) -> None:
        """Hand new firmware to the wallbox."""

    def ask_site(self, runtime: Runtime, effect: AskSite) -> None:
        """Put a vendor's message to the flows."""

    def upload(self, runtime: Runtime, job: LogJob) -> None:
        """Send a log away."""

    def reset(self, runtime: Runtime, command: CommandId) -> None:
        self.journal.append(("reset", command))

    def finished(self, runtime: Runtime, entry: HistoryEntry) -> None:
        self.journal.append(entry)

    def changed(self, runtime: Runtime, before: State) -> None:
        self.changes += 1

    def person(self, runtime: Runtime, tag: IdTag) -> Person:
        return Person(tag=tag, name="whoever it is")

    def link_changed(self, runtime: Runtime, *, connected: bool, boot_status: str | None, error: str | None, version: str) -> None:
        self.links.append((connected, boot_status, error, version))

    def perform(self, effect: AskAuthorize | AnnounceStatus | AnnounceReading | Answer | Tell | RestartStation) -> None:
        self.said.append(effect)
        self.journal.append(effect)

    def look(self) -> None:
        """What comes of it is the link's."""

    def wake(self) -> None:
        self.wakes += 1
        self.journal.append("wake")

    def forget(self) -> None:
        """Only what comes from now on counts."""
        for heard in (self.journal, self.commands, self.decisions, self.said):
            heard.clear()
        self.wakes = 0


class HeldStore(MemoryStore):
    """A store whose commits are done when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = False
        """From now on every commit waits for `lets_through`."""
        self.changes: list[Change] = []
        self.held: deque[tuple[Change, asyncio.Future[None]]] = deque()

    def commit(self, change: Change) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.changes.append(change)
        self.held.append((change, future))
        if not self.holds:
            self._write()
        return future

    def _write(self) -> None:
        change, future = self.held.popleft()
        self.disk.apply(change)
        future.set_result(None)

    async def lets_through(self, number: int | None = None) -> None:
        """So many commits, or all that wait, reach the disk."""
        for _ in range(len(self.held) if number is None else number):
            self._write()
        await turns()


@dataclass(kw_only=True)
class Told:
    """Hears what concerns no single charge point (`site.Notices`)."""

    refusals: list[Decision] = field(default_factory=list)
    alerts: list[tuple[AlertId, str, bool]] = field(default_factory=list)
    cleared: list[AlertId] = field(default_factory=list)

    def refused(self, decision: Decision) -> None:
        self.refusals.append(decision)

    def alert(self, alert: AlertId, text: str, *, passing: bool = True) -> None:
        self.alerts.append((alert, text, passing))

    def clear(self, alert: AlertId) -> None:
        self.cleared.append(alert)


class Timers:
    """Every timer of the loop, kept instead of waited for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on `loop.call_at` and `loop.call_later` come here."""
        self._loop = loop
        self._kept: list[tuple[float, asyncio.TimerHandle]] = []
        self.armed = 0
        """How many there ever were."""
        monkeypatch.setattr(loop, "call_later", self._call_later)
        monkeypatch.setattr(loop, "call_at", self._call_at)

    def _call_later(self, delay_s: float, callback: Callable[..., object], *arguments: object) -> asyncio.TimerHandle:
        return self._keep(delay_s, callback, arguments)

    def _call_at(self, when_s: float, callback: Callable[..., object], *arguments: object) -> asyncio.TimerHandle:
        return self._keep(when_s, callback, arguments)

    def _keep(self, time_s: float, callback: Callable[..., object], arguments: tuple[object, ...]) -> asyncio.TimerHandle:
        self.armed += 1
        handle = asyncio.TimerHandle(time_s, callback, arguments, self._loop)
        self._kept.append((time_s, handle))
        return handle

    @property
    def waits_s(self) -> list[float]:
        """What still waits: as it was given, a delay or a time."""
        return [time_s for time_s, handle in self._kept if not handle.cancelled()]

    def fire(self) -> None:
        """Everything that waits is due."""
        due = [handle for _, handle in self._kept if not handle.cancelled()]
        self._kept.clear()
        for handle in due:
            handle._run()
