"""A damaged database, read as far as it goes: each row that can be reached, from the front, from the back, and one by one in between.

It is only read, never written. What SQLite makes of it may be wrong: the caller looks at every row.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Self, TypeAlias, TypeGuard

from bridge.errors import StoreRefused
from bridge.store.connection import TEXT, advice, is_the_disk

Value: TypeAlias = str | int | None
Row: TypeAlias = dict[str, Value]

_GAP_MAX: Final = 100_000
"""So many missing numbers are asked for one by one, a few seconds' work: a damaged page of the tree hides a few thousand rows."""
_NUMBERS_END: Final = 2**53
"""No queue gets so long; a number beyond is a damaged one, and would leave no room for those that come."""
_GARBLED: Final = "\ufffd"
"""What a wrong byte in a text is read as. Nothing but JSON is ever written with one, and that has a seal."""

WAS: Final = "was"
"""Stands in a row that got another number."""


class Debris:
    """Use as a context manager."""

    path: Path

    def __init__(self, path: Path) -> None:
        """Nothing happens before it is entered."""
        self.path = path
        self.unreadable: set[str] = set()
        """Tables of which a part was not reached."""
        self.broke = False
        """Whether the last rows asked for ended where something can't be read."""

    def __enter__(self) -> Self:
        """Open it. What can't be opened at all has no rows."""
        log = self.path.with_name(self.path.name + "-wal")
        has_log = log.exists() and log.stat().st_size > 0
        uri = f"{self.path.absolute().as_uri()}?mode=ro{'' if has_log else '&immutable=1'}"
        self._db = sqlite3.connect(uri, uri=True, isolation_level=None)
        self._db.text_factory = TEXT
        for pragma in (
            "writable_schema=ON",
            "trusted_schema=OFF",
        ):  # the first: a schema in pieces, or a file cut off, is opened all the same
            list(self.rows(f"PRAGMA {pragma}"))
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        self._db.close()

    def rows(self, sql: str, values: tuple[str, ...] = ()) -> Iterator[Row]:
        """What is found, until something can't be read (see `broke`). Raises StoreRefused where the disk does not give it.

        Names of columns are small letters: a single bit makes others of them, and SQLite takes those too.
        """
        self.broke = False
        try:
            cursor = self._db.execute(sql, values)
            for row in cursor:
                yield {column[0].lower(): value for column, value in zip(cursor.description, row, strict=True)}
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if is_the_disk(error):
                raise StoreRefused(advice(error, self.path)) from error
            self.broke = True

    def numbered(self, table: str, key: str, indexes: tuple[str, ...]) -> Iterator[Row]:
        """The rows of a table by number; `indexes` tell the numbers to ask for in the middle of what can't be read.

        A number that does not rise is a damaged one, or one of a page to which the tree has led before: the row gets the next, so that
        the order stays, and tells the number that it had (`WAS`).
        """
        numbers = self._known(indexes)
        newest = max(numbers, default=_NUMBERS_END)
        last = 0
        for row in self._read(table, f"ORDER BY {key}"):
            number = row[key]
            rises = is_number(number) and last < number <= newest
            last = number if is_number(number) and rises else last + 1
            yield row if rises else row | {key: last, WAS: number}
        if table not in self.unreadable:
            return
        first = newest + 1
        for row in self._read(table, f"WHERE {key} > {last} ORDER BY {key} DESC"):
            number = row[key]
            if is_number(number) and last < number < first:
                first = number
                yield row
        between = range(last + 1, first)
        for number in between if len(between) <= _GAP_MAX else sorted(number for number in numbers if number in between):
            yield from self._read(table, f"WHERE {key} = {number}")

    def named(self, table: str, key: tuple[str, ...], candidates: Iterable[tuple[str, ...]] = ()) -> Iterator[Row]:
        """The rows of a table by name; `candidates` are names to ask for where a part of it is not reached."""
        seen: set[tuple[Value, ...]] = set()
        asked = [(f"ORDER BY {', '.join(f'{column} {order}' for column in key)}", ()) for order in ("ASC", "DESC")]
        one = f"WHERE ({', '.join(key)}) = ({', '.join('?' * len(key))})"
        for sql, values in [*asked, *((one, name) for name in candidates)]:
            for row in self._read(table, sql, values):
                name = tuple(row[column] for column in key)
                if name not in seen:
                    seen.add(name)
                    yield row
            if table not in self.unreadable:
                return

    def count(self, sql: str) -> Counter[str]:
        """How many of something there were, as far as that can be told: `sql` gives charge points and numbers."""
        found: Counter[str] = Counter()
        for row in self.rows(sql):
            owner, number = row["charge_point"], row["number"]
            if is_clear(owner) and isinstance(number, int):
                found[str(owner)] += number
        return found

    def numbers(self, sql: str) -> set[int]:
        """What a question for numbers finds, as far as they make sense."""
        return {number for row in self.rows(sql) for number in row.values() if is_number(number)}

    def _known(self, indexes: tuple[str, ...]) -> set[int]:
        found: set[int] = set()
        for index in indexes:
            for order in ("ASC", "DESC"):
                found |= self.numbers(index.format(order=order))
                if not self.broke:
                    break
        return found

    def _read(self, table: str, sql: str, values: tuple[str, ...] = ()) -> Iterator[Row]:
        yield from self.rows(f"SELECT * FROM {table} {sql}", values)  # noqa: S608 - our own tables
        if self.broke:
            self.unreadable.add(table)


def is_clear(value: Value) -> bool:
    """Whether a text came out as it can have been written."""
    return isinstance(value, str) and _GARBLED not in value


def is_number(value: Value) -> TypeGuard[int]:
    """Whether a row can have this number."""
    return isinstance(value, int) and 0 < value < _NUMBERS_END
