"""What was said on the links, for the log that a central system may ask for: the newest lines of all charge points, in little memory.

One journal for all: an idle charge point costs what it says. Lines are masked before they come here. It lives in memory, so that no
disk wears out over heartbeats; what must survive a power cut is in the database.
"""

import logging
import threading
import zlib
from collections import deque
from collections.abc import Iterator

from bridge.ocpp.times import as_iso

LINE_MAX = 4000
"""Characters of a line; a longer frame is a list or a certificate, whose beginning tells enough."""
PAGE_MAX = 32_768
"""Bytes that are packed together: large enough to pack well, small enough to take a millisecond."""
PACKED_MAX = 2 * 1024 * 1024
"""Of all pages: about twenty times that in text, a day of ten busy charge points; a thousand idle ones stay below 100 MB with it."""
EVENT = "#"
"""The mark of a line that is no frame but a line of the log."""


class Journal:
    """Written from any thread, read in any."""

    def __init__(self, *, page_max: int = PAGE_MAX, packed_max: int = PACKED_MAX) -> None:
        """Empty."""
        self._page_max = page_max
        self._packed_max = packed_max
        self._lock = threading.Lock()
        self._page = bytearray()
        self._pages: deque[bytes] = deque()
        self._packed = 0

    def note(self, charge_point: str, utc_ms: int, mark: str, text: str) -> None:
        """Write a line. `text` must not hold a whole tag or a secret."""
        flat = text[:LINE_MAX].replace("\n", " ").replace("\r", " ").replace("\t", " ")
        line = f"{utc_ms}\t{charge_point}\t{mark} {flat}\n".encode(errors="replace")
        with self._lock:
            self._page += line
            if len(self._page) >= self._page_max:
                self._turn()

    def _turn(self) -> None:
        packed = zlib.compress(self._page)
        self._page = bytearray()
        self._pages.append(packed)
        self._packed += len(packed)
        while self._packed > self._packed_max:
            self._packed -= len(self._pages.popleft())

    def lines(self, charge_point: str, oldest_ms: int | None = None, newest_ms: int | None = None) -> Iterator[str]:
        """The lines of one charge point in that time, oldest first, each with its time and its mark. Takes a while: not on the loop."""
        with self._lock:
            pages = [*self._pages, zlib.compress(self._page)]
        own = f"\t{charge_point}\t".encode()
        for page in pages:
            for line in zlib.decompress(page).split(b"\n"):
                at, found, rest = line.partition(own)
                # a frame may repeat the separator's words, but never before its own two
                if found and at.isdigit() and (oldest_ms or 0) <= int(at) and (newest_ms is None or int(at) <= newest_ms):
                    yield f"{as_iso(int(at))} {rest.decode(errors='replace')}"


class JournalHandler(logging.Handler):
    """Takes what the log says of a charge point into the journal. Frames come by another way, masked and complete."""

    def __init__(self, journal: Journal) -> None:
        """INFO and above, as far as the log's level lets it through."""
        super().__init__(logging.INFO)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Lines begin with the charge point's name: `garage: = registered`."""
        name, colon, text = record.getMessage().partition(": ")
        if colon and " " not in name:
            self._journal.note(name, int(record.created * 1000), EVENT, f"{record.levelname.lower()} {text}")
