"""Records: takes the place of `step`, and writes what goes in and comes out to a few files in a folder, the oldest of which go.

It is for support, not for money: nothing waits for the disk, nothing is synced, a crash loses the newest page, and trouble with the disk
ends the recording, not the charging.
"""

import asyncio
import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from bridge.core.events import AnyEvent
from bridge.core.state import State
from bridge.core.step import Step, step
from bridge.tape.disguise import disguise
from bridge.tape.language import Language
from bridge.tape.pages import packed
from bridge.tape.scribe import Scribe

ENDING: Final = ".tape"
DIGITS: Final = 8
"""Of a segment's number, with which its name begins: their order does not hang on the clock."""
SEGMENTS: Final = 8
"""A segment is an eighth of the whole: as much is lost when the oldest goes."""
FILES_MAX: Final = 64
"""Each life of the process begins a segment; one that crashes every minute must not fill the folder."""
PAGE_BYTES: Final = 32_768
"""Packs well, in a millisecond of another thread."""
PAGE_S: Final = 5.0
"""What is younger may be lost by a crash."""
PAGES_WAITING_MAX: Final = 32
"""A megabyte, while the disk is stuck; then what happens is not recorded until it moves again."""

log = logging.getLogger("bridge")


class Recorder:
    """One for the whole bridge. Lives on the event loop; the files are a thread's."""

    def __init__(self, *, folder: Path, key: bytes, size_max: int) -> None:
        """`key` disguises (`bridge.tape.disguise`); `size_max` is of all files together, in bytes."""
        self._scribe = Scribe(Language(disguise(key)))
        self._files = Files(folder, size_max)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tape")
        self._page = bytearray()
        self._begins_ms: int | None = None
        """The page begins a segment, at this time."""
        self._anew = True
        """What is written next begins a segment."""
        self._waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._on = True

    def step(self, before: State, event: AnyEvent) -> Step:
        """`bridge.core.step.step`, recorded."""
        made: Step | None = None
        try:
            made = step(before, event)
            return made
        finally:
            if self._on:
                self._note(before, event, made)

    def close(self) -> None:
        """Write what is left, and wait for the disk. Nothing is recorded afterwards."""
        if self._on:
            self._turn()
        self._on = False
        self._thread.submit(self._files.close)
        self._thread.shutdown()

    def _note(self, before: State, event: AnyEvent, made: Step | None) -> None:
        if self._waiting >= PAGES_WAITING_MAX:
            self._anew = True
            return
        try:
            head = self._scribe.begin() if self._anew else b""
            lines = self._scribe.lines(before, event, made)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            self._end(f"{type(event).__name__} can't be written ({error})")
            return
        if self._anew:
            self._turn()
            self._begins_ms, self._anew = event.at.utc_ms, False
        self._page += head + lines
        if len(self._page) >= PAGE_BYTES:
            self._turn()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAGE_S, self._turn)

    def _turn(self) -> None:
        """Hand the page over to the thread."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._page:
            return
        page, begins_ms = bytes(self._page), self._begins_ms
        self._page.clear()
        self._begins_ms = None
        self._waiting += 1
        loop = asyncio.get_running_loop()
        written = self._thread.submit(self._files.write, page, begins_ms)
        written.add_done_callback(lambda done: loop.call_soon_threadsafe(self._written, done))

    def _written(self, done: "Future[bool]") -> None:
        self._waiting -= 1
        error = done.exception()
        if error is not None:
            self._end(str(error))
        elif done.result():
            self._anew = True

    def _end(self, reason: str) -> None:
        if self._on:
            self._on = False
            self._page.clear()
            log.warning("what happens is no longer recorded for `evbridge replay`: %s", reason)


class Files:
    """The segments in a folder, readable by their owner only. Touched by one thread."""

    def __init__(self, folder: Path, size_max: int) -> None:
        """The folder is made with the first page."""
        self._folder = folder
        self._size_max = size_max
        self._segment_max = size_max // SEGMENTS
        self._file: BinaryIO | None = None
        self._size = 0

    def write(self, page: bytes, begins_ms: int | None) -> bool:
        """Append a page, or begin a segment with it; whether that has just filled the segment. Raises OSError."""
        if begins_ms is not None:
            self._begin(begins_ms)
        assert self._file is not None, "the first page begins a segment"
        text = packed(page)
        before, self._size = self._size, self._size + len(text)
        self._file.write(text)
        self._file.flush()
        return before < self._segment_max <= self._size

    def close(self) -> None:
        """The segment that is open; there may be none."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self, utc_ms: int) -> None:
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        older = segments(self._folder)
        number = 1 + max((int(path.name[:DIGITS]) for path in older), default=0)
        self._make_room(older)
        stamp = datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        path = self._folder / f"{number:0{DIGITS}}-{stamp}{ENDING}"
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")
        self._size = 0

    def _make_room(self, older: list[Path]) -> None:
        """The oldest go, until there is room for one more in full."""
        sizes = [path.stat().st_size for path in older]
        while older and (sum(sizes) + self._segment_max > self._size_max or len(older) >= FILES_MAX):
            older.pop(0).unlink()
            sizes.pop(0)


def folder_of(database: Path) -> Path:
    """Where a bridge with this database records."""
    return database.with_name(database.name + ENDING)


def segments(folder: Path) -> list[Path]:
    """The files of a tape, the oldest first."""
    return sorted(path for path in folder.glob(f"*{ENDING}") if path.name[:DIGITS].isdigit() and path.name[DIGITS : DIGITS + 1] == "-")
