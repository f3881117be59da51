"""A damaged database is read from the front, from the back, and one by one in between."""

import sqlite3
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store.debris import WAS, Debris, is_clear
from tests.store.weather import Weather, refusal
from tests.store.wreck import spoil, zeros

INDEX = "SELECT id FROM numbered INDEXED BY by_group ORDER BY part {order}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two tables of many pages, and an index that tells the numbers."""
    path = tmp_path / "x.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE numbered (id INTEGER PRIMARY KEY, part TEXT, text TEXT) STRICT")
    db.execute("CREATE TABLE named (name TEXT PRIMARY KEY, text TEXT) STRICT, WITHOUT ROWID")
    db.execute("CREATE INDEX by_group ON numbered (part)")
    db.executemany(
        "INSERT INTO numbered VALUES (?, ?, ?)", [(number, "ab"[number % 2], f"{number}".rjust(500)) for number in range(1, 401)]
    )
    db.executemany("INSERT INTO named VALUES (?, ?)", [(f"{number:03}", f"{number}".rjust(500)) for number in range(400)])
    db.commit()
    db.close()
    return path


def _pages_with(path: Path, *texts: str) -> list[int]:
    content = path.read_bytes()
    return [content.index(text.rjust(500).encode()) // 4096 + 1 for text in texts]


def _numbers(path: Path, *indexes: str) -> tuple[list[object], set[str]]:
    with Debris(path) as debris:
        return [row["id"] for row in debris.numbered("numbered", "id", indexes)], debris.unreadable


def test_what_is_whole_is_read_in_its_order(path: Path) -> None:
    assert _numbers(path, INDEX) == (list(range(1, 401)), set())


@pytest.mark.parametrize("indexes", [(INDEX,), ()], ids=["with an index", "without"])
def test_between_two_damaged_pages_each_row_is_asked_for(indexes: tuple[str, ...], path: Path) -> None:
    """Only the rows of those pages are missing."""
    for page in _pages_with(path, "100", "300"):
        spoil(path, page, zeros)
    found, unreadable = _numbers(path, *indexes)
    assert unreadable == {"numbered"}
    assert len(found) == len(set(found))
    missing = set(range(1, 401)) - set(found)
    assert {100, 300} <= missing
    assert len(missing) <= 2 * 8


def test_the_last_page_may_be_the_damaged_one(path: Path) -> None:
    for page in _pages_with(path, "200", "400"):
        spoil(path, page, zeros)
    found, _ = _numbers(path, INDEX)
    assert len(found) >= 400 - 2 * 8


def test_a_name_in_the_middle_of_what_can_not_be_read_is_asked_for(path: Path) -> None:
    for page in _pages_with(path, "100", "300"):  # the first place is in the table by number
        spoil(path, page, zeros)
    content = path.read_bytes()
    for text in ("100", "300"):
        if (place := content.find(text.rjust(500).encode())) >= 0:
            spoil(path, place // 4096 + 1, zeros)
    with Debris(path) as debris:
        without = {row["name"] for row in debris.named("named", ("name",))}
        asked = {row["name"] for row in debris.named("named", ("name",), [("200",), ("100",), ("nobody",)])}
        assert debris.unreadable == {"named"}
    assert "200" not in without
    assert asked == without | {"200"}


def test_a_row_that_got_another_number_tells_the_one_it_had(path: Path) -> None:
    content = path.read_bytes()
    text = b"300".rjust(500)
    number = content.rindex(b"\x82\x2c", 0, content.index(text))
    path.write_bytes(content[:number] + b"\x80" + content[number + 1 :])
    with Debris(path) as debris:
        rows = list(debris.numbered("numbered", "id", (INDEX,)))
    assert [row["id"] for row in rows] == list(range(1, 401))
    assert [(row["id"], row[WAS]) for row in rows if WAS in row] == [(300, 44)]


def test_an_error_of_the_disk_is_no_missing_row(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bridge starts again and reads it then."""
    with monkeypatch.context() as stormy:
        weather = Weather().over(stormy)
        weather.rain(refusal(sqlite3.SQLITE_IOERR | 1 << 8), "SELECT")
        with Debris(path) as debris, pytest.raises(StoreRefused, match="the disk reports an error"):
            list(debris.rows("SELECT * FROM named"))


def test_what_is_no_database_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"[mqtt]\n" * 1000)
    assert _numbers(tmp_path / "x.db", INDEX) == ([], {"numbered"})


def test_the_damaged_file_is_left_as_it_is(path: Path) -> None:
    """And nothing is put beside it."""
    before = path.read_bytes()
    _numbers(path, INDEX)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["x.db"]


def test_counts_are_of_names_that_can_be_read(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "x.db")
    db.execute("CREATE TABLE tally (charge_point, number)")
    db.executemany("INSERT INTO tally VALUES (?, ?)", [("garage", 1), ("garage", 2), (None, 3), ("carport", "many")])
    db.execute("INSERT INTO tally VALUES (CAST(x'ff' AS TEXT), 5)")
    db.commit()
    db.close()
    with Debris(tmp_path / "x.db") as debris:
        assert debris.count("SELECT charge_point, number FROM tally") == {"garage": 3}
    assert [is_clear(value) for value in ("garage", "gara\ufffde", None, 3)] == [True, False, False, False]
