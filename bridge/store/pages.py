"""The rows in the pages of a database file, found without its trees: what is left where a root or the schema is damaged.

Follows the file format (https://www.sqlite.org/fileformat2.html). Leaves that the file itself calls free are passed over; where it can't
tell any more, a row may come in more than one of its versions. Whoever asks has to look at each row: anything may be wrong in it.
"""

import contextlib
import struct
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from bridge.errors import StoreRefused

_PAGE_SIZE: Final = 4096
"""What SQLite takes by itself, where the file does not tell."""
_MAGIC: Final = b"SQLite format 3\x00"
_HEADER: Final = 100
_ROW_MAX: Final = 2**24
"""No row is that long: a length beyond is a damaged one."""

_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR = 0x0D, 0x0A, 0x02
_LOG_HEADER, _FRAME_HEADER = 32, 24
_INTEGERS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of an integer, by its type."""
_CONSTANTS: Final = {8: 0, 9: 1}
_TEXT_FIRST: Final = 13

_VARINT_MAX: Final = 9
"""Bytes of the longest number; its last one counts whole."""
_SEVEN_BITS: Final = 0x7F

Value: TypeAlias = str | int | None


class Cell(NamedTuple):
    """A row as it lies in a page."""

    number: int | None
    """None: of a table without numbers, or the entry of an index."""
    values: tuple[Value, ...]


def cells(path: Path) -> Iterator[Cell]:
    """Every row that can be made out, in the order of the pages. Raises StoreRefused where the disk does not give the file."""
    try:
        with contextlib.ExitStack() as stack:
            log = path.with_name(path.name + "-wal")
            pages = _Pages(stack.enter_context(path.open("rb")), stack.enter_context(log.open("rb")) if log.exists() else None)
            free = pages.free()
            for number in range(2, pages.count + 1):
                if number not in free:
                    yield from pages.cells(number)
    except OSError as error:
        raise StoreRefused(f"{path} can't be read: {error.strerror}; look into the system's log, check the disk") from error


class _Pages:
    """A database file and its log."""

    def __init__(self, file: BufferedReader, log: BufferedReader | None) -> None:
        self._file = file
        header = file.read(_HEADER).ljust(_HEADER, b"\x00")
        size = int.from_bytes(header[16:18], "big")
        self.size = size if header.startswith(_MAGIC) and size.bit_count() == 1 and size >= _PAGE_SIZE // 8 else _PAGE_SIZE
        self._first_free, self._free = struct.unpack(">II", header[32:40])
        self._log = log
        self._logged = {} if log is None else self._frames(log)
        self.count = max(file.seek(0, 2) // self.size, *self._logged, 0)

    def _frames(self, log: BufferedReader) -> dict[int, int]:
        """Where in the log the newest committed version of a page lies."""
        salt = log.read(_LOG_HEADER)[16:24]
        found: dict[int, int] = {}
        uncommitted: dict[int, int] = {}
        while len(frame := log.read(_FRAME_HEADER)) == _FRAME_HEADER and frame[8:16] == salt:
            number, committed = struct.unpack(">II", frame[:8])
            uncommitted[number] = log.tell()
            if committed:
                found |= uncommitted
                uncommitted.clear()
            log.seek(self.size, 1)
        return found

    def page(self, number: int) -> bytes:
        """Empty where there is none."""
        if (place := self._logged.get(number)) is not None and self._log is not None:
            self._log.seek(place)
            return self._log.read(self.size)
        if not 0 < number <= self.count:
            return b""
        self._file.seek((number - 1) * self.size)
        return self._file.read(self.size)

    def free(self) -> set[int]:
        """The pages that belong to nothing; none where the list of them is damaged."""
        found: set[int] = set()
        trunk = self._first_free
        while 0 < trunk <= self.count and trunk not in found:
            page = self.page(trunk)
            following, number = struct.unpack(">II", page[:8])
            if number > self.size // 4 - 2:
                break
            found |= {trunk, *struct.unpack(f">{number}I", page[8 : 8 + 4 * number])}
            trunk = following
        return found if len(found) == self._free else set()

    def cells(self, number: int) -> Iterator[Cell]:
        """The rows of one page; what makes no sense is passed over."""
        page = self.page(number)
        if len(page) < self.size or page[0] not in {_TABLE_LEAF, _INDEX_LEAF, _INDEX_INTERIOR}:
            return
        count = min(int.from_bytes(page[3:5], "big"), self.size // 4)
        first = 12 if page[0] == _INDEX_INTERIOR else 8
        for (place,) in struct.iter_unpack(">H", page[first : first + 2 * count]):
            with contextlib.suppress(ValueError, IndexError, struct.error):
                yield self._cell(page, place)

    def _cell(self, page: bytes, place: int) -> Cell:
        """Raises ValueError or IndexError where it makes no sense."""
        place += 4 if page[0] == _INDEX_INTERIOR else 0
        length, place = _varint(page, place)
        number: int | None = None
        most = (self.size - 12) * 64 // 255 - 23
        if page[0] == _TABLE_LEAF:
            number, place = _varint(page, place)
            most = self.size - 35
        return Cell(number, _record(self._payload(page, place, length, most)))

    def _payload(self, page: bytes, place: int, length: int, most: int) -> bytes:
        """A row of so many bytes, of which at most so many are in this page, and the rest in others."""
        if length > _ROW_MAX:
            raise ValueError(length)
        if length <= most:
            return page[place : place + length]
        least = (self.size - 12) * 32 // 255 - 23
        here = least + (length - least) % (self.size - 4)
        here = here if here <= most else least
        found = bytearray(page[place : place + here])
        following = int.from_bytes(page[place + here : place + here + 4], "big")
        while len(found) < length:
            more = self.page(following)
            if not more:
                raise ValueError(following)
            following = int.from_bytes(more[:4], "big")
            found += more[4:]
        return bytes(found[:length])


def _record(payload: bytes) -> tuple[Value, ...]:
    """The values of a row. Raises ValueError or IndexError where it makes no sense; bytes that are no text count as that."""
    end, place = _varint(payload, 0)
    values: list[Value] = []
    at = end
    while place < end:
        form, place = _varint(payload, place)
        size = _INTEGERS.get(form, 0) if form < _TEXT_FIRST else (form - _TEXT_FIRST) // 2
        piece = payload[at : at + size]
        if len(piece) != size:
            raise ValueError(form)
        if form >= _TEXT_FIRST and form % 2:
            values.append(piece.decode())
        elif form in _INTEGERS:
            values.append(int.from_bytes(piece, "big", signed=True))
        elif form in _CONSTANTS:
            values.append(_CONSTANTS[form])
        elif form == 0:
            values.append(None)
        else:
            raise ValueError(form)
        at += size
    return tuple(values)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number, and the place behind it: seven bits a byte, while the eighth is set. Raises IndexError at the end of the data."""
    value = 0
    for byte in data[place : place + _VARINT_MAX - 1]:
        place += 1
        value = value << 7 | byte & _SEVEN_BITS
        if byte <= _SEVEN_BITS:
            return value, place
    return value << 8 | data[place], place + 1
