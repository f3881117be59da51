"""What a power cut leaves of a file: pure. Every sector is found as it was at some moment since the last sync, each at its own."""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

SECTOR_BYTES = 512
"""The least that every disk writes whole or not at all."""
LENGTH_FIRST = 1 / 4
"""How often the new length of a file reaches the disk before its bytes, which are zero then."""
TORN = 1 / 4
"""How many of the writes are torn where anything may happen."""


@dataclass(slots=True, kw_only=True)
class Write:
    """Bytes that were put into a file and are not on the disk for certain."""

    offset: int
    length: int
    before: bytes
    """What stood there; shorter where the file ended."""
    size_before: int
    safe: set[int] = field(default_factory=set)
    """Sectors that were written again and synced since a sync of this write failed."""

    def pieces(self) -> Iterator[tuple[int, int, int]]:
        """Sector, and the first and the last byte but one that was written in it."""
        end = self.offset + self.length
        for sector in range(self.offset // SECTOR_BYTES, _sectors(end)):
            yield sector, max(self.offset, sector * SECTOR_BYTES), min(end, (sector + 1) * SECTOR_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncation:
    """A file's new length, not on the disk for certain."""

    size: int
    before: bytes
    """What was cut off."""
    size_before: int


Operation: TypeAlias = Write | Truncation


@dataclass(slots=True, kw_only=True)
class Survival:
    """A file after the power came back, and what became of the operations."""

    image: bytes
    lost_sectors: int = 0
    lost_writes: int = 0
    torn_writes: int = 0
    undone_truncations: int = 0


class _Mood(Enum):
    """How a cut treats a file: real ones are seldom fair to every sector."""

    NOTHING_WRITTEN = auto()
    ALL_WRITTEN = auto()
    IN_ORDER = auto()
    """The first ones, the next one in part."""
    ANY_ORDER = auto()


def settle(operations: list[Operation], doomed: int, size: int) -> list[Operation]:
    """What is still not on the disk after a sync that succeeded, of a file of this size; the size itself is.

    The first `doomed` operations were pending when an earlier sync failed: the kernel has dropped them, and a later sync does not
    bring them back. Only what was written again since then is safe; a truncation and the length (`size`) are, as the file system's own
    journal has it.
    """
    while any(isinstance(operation, Truncation) for operation in operations[:doomed]):
        operations, doomed = operations[1:], doomed - 1
    again = {piece[0] for operation in operations[doomed:] if isinstance(operation, Write) for piece in operation.pieces()}
    for operation in operations[:doomed]:
        assert isinstance(operation, Write)
        operation.safe |= again
        operation.size_before = size
    return operations[:doomed]


def survive(image: bytes, operations: list[Operation], rng: random.Random) -> Survival:
    """Draw what is left of `image`, into which `operations` were written since it was last certain."""
    survival = keep(image, operations, _chances(operations, rng), rng)
    if operations and rng.random() < LENGTH_FIRST:
        survival.image = survival.image.ljust(len(image), b"\0")
    return survival


def keep(image: bytes, operations: list[Operation], chances: list[float], rng: random.Random) -> Survival:
    """The same, with the chance of each operation to have reached the disk given."""
    return _Rewind(image, rng).run(operations, chances)


class _Rewind:
    """Goes back from the newest operation to the oldest, undoing what did not reach the disk.

    A sector is written as it is at that moment: if a newer write to it reached the disk, so did all older ones.
    """

    def __init__(self, image: bytes, rng: random.Random) -> None:
        self._image = bytearray(image)
        self._rng = rng
        self._settled: set[int] = set()
        self._floor = sys.maxsize
        """From here on the file was cut off for certain, later on: older operations do not matter."""
        self._survival = Survival(image=image)

    def run(self, operations: list[Operation], chances: list[float]) -> Survival:
        limits = [self._undo(operation, chance) for operation, chance in zip(reversed(operations), reversed(chances), strict=True)]
        length = operations[0].size_before if operations else len(self._image)
        for at_least, at_most in reversed(limits):
            length = min(max(length, at_least), at_most)
        self._survival.image = bytes(self._image[:length].ljust(length, b"\0"))
        return self._survival

    def _undo(self, operation: Operation, chance: float) -> tuple[int, int]:
        """Undo it, wholly or in part; how long the file is at least, and at most, with what remains of it."""
        match operation:
            case Write():
                return self._undo_write(operation, chance)
            case Truncation():
                return self._undo_truncation(operation, chance)

    def _undo_write(self, write: Write, chance: float) -> tuple[int, int]:
        end, lost, kept = 0, 0, 0
        for sector, first, last in write.pieces():
            if first >= self._floor:
                end = last
            elif sector in self._settled or sector in write.safe or self._rng.random() < chance:
                self._settled.add(sector)
                end = last
                kept += 1
            else:
                before = write.before[first - write.offset : last - write.offset]
                self._image[first:last] = before.ljust(last - first, b"\0")
                lost += 1
        self._survival.lost_sectors += lost
        self._survival.lost_writes += bool(lost and not kept)
        self._survival.torn_writes += bool(lost and kept)
        return end, sys.maxsize

    def _undo_truncation(self, truncation: Truncation, chance: float) -> tuple[int, int]:
        tail = range(truncation.size // SECTOR_BYTES, _sectors(truncation.size_before))
        # What was written there later is on the disk, so the cut before it is too.
        if self._floor < truncation.size_before or not self._settled.isdisjoint(tail) or self._rng.random() < chance:
            self._floor = min(self._floor, truncation.size)
            return 0, truncation.size
        self._image[len(self._image) :] = bytes(max(0, truncation.size - len(self._image)))
        self._image[truncation.size : truncation.size_before] = truncation.before
        self._survival.undone_truncations += 1
        return 0, sys.maxsize


def _chances(operations: list[Operation], rng: random.Random) -> list[float]:
    count = len(operations)
    match rng.choice(list(_Mood)):
        case _Mood.NOTHING_WRITTEN:
            return [0.0] * count
        case _Mood.ALL_WRITTEN:
            return [1.0] * count
        case _Mood.IN_ORDER:
            whole = rng.randrange(count) if count else 0
            return ([1.0] * whole + [0.5] + [0.0] * count)[:count]
        case _Mood.ANY_ORDER:
            common = rng.random()
            return [0.5 if rng.random() < TORN else float(rng.random() < common) for _ in operations]


def _sectors(size: int) -> int:
    """How many sectors hold so many bytes."""
    return -(-size // SECTOR_BYTES)
