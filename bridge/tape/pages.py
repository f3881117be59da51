"""How a tape lies in a file: pages of lines, each packed by itself, one behind the other, so that `zcat` reads it. Pure."""

import gzip
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from bridge.errors import EvbridgeError

LEVEL = 3
"""Of packing: hardly larger than with the best one, in a quarter of the time."""
LINE_MAX = 64 * 1024 * 1024
"""Bytes of a line: a list of ten thousand tags, ten times over. More is no tape but an attack on who reads it."""


class TapeRefused(EvbridgeError):
    """It is no tape, or one this version can't read; the text says what to do."""


def packed(lines: bytes) -> bytes:
    """A page."""
    return gzip.compress(lines, LEVEL, mtime=0)


class Pages:
    """The lines of a file."""

    def __init__(self, file: BinaryIO) -> None:
        """Open for reading."""
        self._file = file
        self.torn = False
        """The last page ended early, or is spoilt: known when all lines have been read."""

    def __iter__(self) -> Iterator[bytes]:
        """One after the other; a line that was cut off is none."""
        with gzip.GzipFile(fileobj=self._file) as pages:
            while True:
                try:
                    line = pages.readline(LINE_MAX)
                except (EOFError, OSError, zlib.error):
                    self.torn = True
                    return
                if not line:
                    return
                if not line.endswith(b"\n"):
                    self.torn = True
                    return
                yield line
