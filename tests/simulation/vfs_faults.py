"""What can be wrong with a disk, in SQLite's codes, and how it is counted."""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

IOERR_READ: Final = sqlite3.SQLITE_IOERR | 1 << 8
IOERR_WRITE: Final = sqlite3.SQLITE_IOERR | 3 << 8
IOERR_FSYNC: Final = sqlite3.SQLITE_IOERR | 4 << 8
IOERR_TRUNCATE: Final = sqlite3.SQLITE_IOERR | 6 << 8
IOERR_DELETE: Final = sqlite3.SQLITE_IOERR | 10 << 8


@unique
class Injected(StrEnum):
    """What the disk has really done to its user; the keys of `SimulatedDisk.injected`."""

    POWER_CUT = "power cut"
    KILL = "kill"
    LOST_SECTOR = "lost sector"
    LOST_WRITE = "lost write"
    TORN_WRITE = "torn write"
    UNDONE_TRUNCATION = "undone truncation"
    UNDONE_DELETION = "undone deletion"
    VANISHED_FILE = "vanished file"
    READ_ERROR = "read error"
    WRITE_ERROR = "write error"
    SYNC_ERROR = "sync error"
    SYNC_LIE = "sync lie"
    FULL = "disk full"
    READ_ONLY = "read-only disk"
    BIT_ROT = "bit rot"
    CUT_OFF = "file cut off"


@dataclass(slots=True)
class Fault:
    """An error to come: after so many successes, so many times; None: until it is healed."""

    code: int
    after: int
    times: int | None

    def strikes(self) -> bool:
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0
