"""Rows are read out of the pages of a file as SQLite itself would, with nothing but the pages."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store import pages

LONG = "é" * 9_000
"""Several pages of its own, and the last of them not full."""
NUMBERS = [0, 1, -1, 127, -128, 32_767, -(2**23), 2**31, -(2**40), 2**47, 2**63 - 1, -(2**63)]


def _made(path: Path, *sql: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA secure_delete = OFF")
    db.execute("CREATE TABLE numbered (id INTEGER PRIMARY KEY, text TEXT, number INTEGER) STRICT")
    db.execute("CREATE TABLE named (name TEXT PRIMARY KEY, text TEXT) STRICT, WITHOUT ROWID")
    for statement in sql:
        db.execute(statement)
    return db


def _fill(db: sqlite3.Connection, rows: int) -> None:
    db.execute("BEGIN")
    db.executemany("INSERT INTO numbered VALUES (?, ?, 1)", [(number, "x" * 500) for number in range(rows)])
    db.execute("COMMIT")


def _numbered(path: Path) -> dict[int | None, tuple[pages.Value, ...]]:
    return {cell.number: cell.values for cell in pages.cells(path) if cell.number is not None}


def _named(path: Path) -> list[tuple[pages.Value, ...]]:
    return sorted(cell.values for cell in pages.cells(path) if cell.number is None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


def test_every_number_and_every_length_of_text_comes_back(path: Path) -> None:
    db = _made(path)
    texts = ["", "x", "ä", "y" * 4_000, LONG, None]
    rows = [
        (number, text, value) for number, (text, value) in enumerate(((text, value) for text in texts for value in [*NUMBERS, None]), 1)
    ]
    rows.append((2**53, "far", 1))
    db.executemany("INSERT INTO numbered VALUES (?, ?, ?)", rows)
    db.close()
    assert _numbered(path) == {number: (None, text, value) for number, text, value in rows}


def test_rows_without_a_number_are_in_the_upper_pages_as_well(path: Path) -> None:
    db = _made(path)
    rows = [(f"{number:04}", LONG if number % 7 == 0 else "x" * 300) for number in range(300)]
    db.execute("BEGIN")
    db.executemany("INSERT INTO named VALUES (?, ?)", rows)
    db.execute("COMMIT")
    db.close()
    assert _named(path) == rows


def test_what_was_deleted_stays_deleted(path: Path) -> None:
    """Its pages are in the list of free ones, whatever is still written in them."""
    db = _made(path)
    _fill(db, 500)
    db.execute("DELETE FROM numbered WHERE id > 20")
    db.close()
    assert set(_numbered(path)) == set(range(21))


@pytest.mark.parametrize("place", [32, 36, 39])
def test_where_the_list_of_free_pages_is_damaged_nothing_is_passed_over(place: int, path: Path) -> None:
    db = _made(path)
    _fill(db, 500)
    db.execute("DELETE FROM numbered WHERE id > 20")
    db.close()
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert set(_numbered(path)) > set(range(21))


def test_what_is_committed_in_the_log_counts_and_nothing_else_of_it(tmp_path: Path) -> None:
    db = _made(
        tmp_path / "running.db", "PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "INSERT INTO numbered VALUES (1, 'old', 1)"
    )
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.execute("UPDATE numbered SET text = 'new'")
    db.execute("PRAGMA cache_size = 5")
    db.execute("BEGIN")
    db.executemany("INSERT INTO numbered VALUES (?, ?, 1)", [(number, "x" * 500) for number in range(2, 500)])
    for ending in ("", "-wal"):
        shutil.copy(tmp_path / f"running.db{ending}", tmp_path / f"x.db{ending}")
    db.close()
    assert (tmp_path / "x.db-wal").stat().st_size > 100_000, "what was not committed is in it"
    assert _numbered(tmp_path / "x.db") == {1: (None, "new", 1)}


def test_a_file_of_another_page_size_is_read_by_its_header(path: Path) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA page_size = 512")
    db.execute("CREATE TABLE numbered (id INTEGER PRIMARY KEY, text TEXT)")
    db.execute("INSERT INTO numbered VALUES (7, ?)", (LONG,))
    db.close()
    assert _numbered(path) == {7: (None, LONG)}


@pytest.mark.parametrize(
    "content", [b"", b"x", b"SQLite format 3\x00" * 1000, bytes(9000), b"\x0d" * 9000, b"\x02\xff" * 9000, b"\x0a" * 4096 * 3]
)
def test_nonsense_holds_no_row_and_does_no_harm(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    assert all(isinstance(cell.values, tuple) for cell in pages.cells(path))


def test_any_damage_is_survived(path: Path) -> None:
    """Each byte of a page in turn: the other rows come out, or none, but nothing breaks."""
    db = _made(path, "INSERT INTO numbered VALUES (1, 'x', 1)")
    db.execute("INSERT INTO numbered VALUES (2, ?, 2)", (LONG,))
    db.close()
    content = path.read_bytes()
    for place in range(4096, len(content), 29):
        spoilt = bytearray(content)
        spoilt[place] ^= 0xA5
        path.write_bytes(spoilt)
        list(pages.cells(path))


def test_a_disk_that_does_not_give_the_file_is_told(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreRefused, match="can't be read: Is a directory; look into the system's log"):
        list(pages.cells(path))
