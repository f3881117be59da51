"""The disk of the simulation bites where a real one would, and only there; and SQLite itself holds against it."""

import gc
import hashlib
import os
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.simulation.disk import SimulatedDisk
from tests.simulation.vfs_cuts import cut_at
from tests.simulation.vfs_faults import Injected

LIFE_OPERATIONS = 120
"""Operations of a life at most: several commits and a checkpoint."""


def connect(folder: Path, journal: str = "WAL", synchronous: str = "FULL") -> sqlite3.Connection:
    db = sqlite3.connect(folder / "test.db", isolation_level=None)
    try:
        db.execute(f"PRAGMA journal_mode={journal}")
        db.execute(f"PRAGMA synchronous={synchronous}")
        db.execute("PRAGMA wal_autocheckpoint=8")
        db.execute("CREATE TABLE IF NOT EXISTS row (number INTEGER PRIMARY KEY, filling TEXT)")
    except BaseException:
        db.close()
        raise
    return db


def write_until_cut(folder: Path, rng: random.Random, first: int, journal: str, synchronous: str) -> int:
    """Rows numbered on from `first`; the first number whose commit was not reported."""
    number = first
    try:
        with closing(connect(folder, journal, synchronous)) as db:
            while True:
                more = rng.randint(1, 3)
                db.execute("BEGIN IMMEDIATE")
                db.executemany("INSERT INTO row VALUES (?, ?)", ((n, "x" * rng.randint(1, 4000)) for n in range(number, number + more)))
                db.execute("COMMIT")
                number += more
    except sqlite3.OperationalError:
        return number


def live(folder: Path, seed: int, *, lives: int, journal: str, synchronous: str, power: bool = True) -> tuple[int, int, Counter[Injected]]:
    """Lives that end by a cut at any moment; in how many acknowledged rows were lost, in how many the database was damaged."""
    rng = random.Random(seed)
    lost = damaged = number = 0
    with SimulatedDisk(folder, rng) as disk:
        for _ in range(lives):
            cut_at(disk, rng.randint(1, LIFE_OPERATIONS), power=power)
            acknowledged = write_until_cut(folder, rng, number, journal, synchronous)
            assert disk.dead
            disk.restore()
            disk.on_operation = None
            try:
                with closing(connect(folder, journal, synchronous)) as db:
                    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                    found = [row[0] for row in db.execute("SELECT number FROM row ORDER BY number")]
            except (sqlite3.DatabaseError, AssertionError):
                damaged += 1
                break
            assert found == list(range(len(found))), "no gap"
            lost += len(found) < acknowledged
            number = len(found)
        return lost, damaged, disk.injected


def test_a_synced_commit_survives_two_hundred_power_cuts(folder: Path) -> None:
    """As the bridge has it, write ahead and sync each commit: nothing acknowledged is lost, nothing is damaged, wherever it is cut."""
    lost, damaged, injected = live(folder, 1, lives=200, journal="WAL", synchronous="FULL")
    assert (lost, damaged) == (0, 0)
    assert injected[Injected.POWER_CUT] == 200
    for bite in (Injected.LOST_SECTOR, Injected.LOST_WRITE, Injected.TORN_WRITE):
        assert injected[bite] > 20, bite


def test_a_commit_that_is_not_synced_is_lost_soon(folder: Path) -> None:
    """The disk bites: `synchronous=NORMAL` loses acknowledged rows, though the database stays sound."""
    lost, damaged, _ = live(folder, 2, lives=10, journal="WAL", synchronous="NORMAL")
    assert lost > 0
    assert damaged == 0


def test_a_database_that_is_never_synced_is_damaged_soon(folder: Path) -> None:
    assert any(live(_sub(folder, seed), seed, lives=10, journal="DELETE", synchronous="OFF")[1] for seed in range(10))


def _sub(folder: Path, seed: int) -> Path:
    path = folder / str(seed)
    path.mkdir()
    return path


def test_a_killed_process_loses_nothing_that_it_wrote(folder: Path) -> None:
    """What was written is with the kernel: no sync is needed for it to stay, as long as the power does."""
    lost, damaged, injected = live(folder, 3, lives=100, journal="WAL", synchronous="NORMAL", power=False)
    assert (lost, damaged) == (0, 0)
    assert injected == {Injected.KILL: 100}


def test_what_only_the_kernel_had_survives_a_kill_and_not_the_power_cut_after_it(folder: Path) -> None:
    found = set()
    for seed in range(30):
        with SimulatedDisk(_sub(folder, seed), random.Random(seed)) as disk:
            db = connect(folder / str(seed), synchronous="NORMAL")
            assert insert(db, 1) == sqlite3.SQLITE_OK
            disk.cut(power=False)
            db.close()
            disk.restore()
            db = connect_reader(folder / str(seed))
            assert db.execute("SELECT count(*) FROM row").fetchone() == (1,)
            disk.cut()
            db.close()
            disk.restore()
            with closing(connect(folder / str(seed))) as db:
                found |= set(db.execute("SELECT count(*) FROM row"))
    assert found == {(0,), (1,)}


def test_a_disk_that_lies_about_syncs_loses_acknowledged_rows(folder: Path) -> None:
    rng = random.Random(4)
    lost = 0
    for seed in range(10):
        with SimulatedDisk(_sub(folder, seed), rng) as disk:
            db = connect(folder / str(seed))
            disk.lying = True
            db.execute("INSERT INTO row VALUES (1, '')")
            disk.cut()
            db.close()
            disk.restore()
            assert disk.injected[Injected.SYNC_LIE] == 1
            with closing(connect(folder / str(seed))) as db:
                lost += db.execute("SELECT count(*) FROM row").fetchone() == (0,)
    assert lost > 0


def test_the_same_seed_leaves_the_same_bytes(folder: Path) -> None:
    """Down to the salts that SQLite draws for its log."""

    def digest(path: Path) -> str:
        live(path, 7, lives=20, journal="WAL", synchronous="NORMAL")
        return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(path.iterdir()))).hexdigest()

    assert digest(_sub(folder, 1)) == digest(_sub(folder, 2))


# --- faults -------------------------------------------------------------------------------------------------------------------------


def insert(db: sqlite3.Connection, number: int) -> int:
    """SQLite's code for what came of it."""
    try:
        db.execute("INSERT INTO row VALUES (?, ?)", (number, "x" * 3000))
    except sqlite3.Error as error:
        return error.sqlite_errorcode
    return sqlite3.SQLITE_OK


def test_a_full_disk_is_told_until_there_is_room(folder: Path) -> None:
    """By the byte, and what is deleted beside the database makes room as on a real disk."""
    (folder / "ballast").write_bytes(bytes(100_000))
    with SimulatedDisk(folder, random.Random(1)) as disk, closing(connect(folder)) as db:
        assert disk.free_bytes is None
        disk.free_bytes = 30_000
        codes = [insert(db, number) for number in range(20)]
        assert sorted(set(codes)) == [sqlite3.SQLITE_OK, sqlite3.SQLITE_FULL]
        assert os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize <= disk.free_bytes < 30_000
        assert disk.injected[Injected.FULL] == codes.count(sqlite3.SQLITE_FULL)
        while insert(db, 100) == sqlite3.SQLITE_OK:
            db.execute("DELETE FROM row WHERE number = 100")
        (folder / "ballast").unlink()
        assert insert(db, 100) == sqlite3.SQLITE_OK
        disk.free_bytes = 0
        while insert(db, 101) == sqlite3.SQLITE_OK:
            db.execute("DELETE FROM row WHERE number = 101")
        disk.give(1_000_000)
        assert insert(db, 101) == sqlite3.SQLITE_OK
    assert os.statvfs(folder).f_bavail > 0


def test_errors_come_when_they_were_armed_and_as_often(folder: Path) -> None:
    with SimulatedDisk(folder, random.Random(1)) as disk, closing(connect(folder)) as db:
        disk.fail_sync(after=1, times=2)
        assert [insert(db, n) for n in range(4)] == [0, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_FSYNC, 0]
        disk.fail_write(times=None)
        assert {insert(db, n) for n in range(10, 14)} == {sqlite3.SQLITE_IOERR_WRITE}
        disk.fail_write(sqlite3.SQLITE_FULL)
        assert [insert(db, n) for n in range(20, 22)] == [sqlite3.SQLITE_FULL, 0]
        disk.fail_write(times=None)
        disk.heal()
        assert insert(db, 30) == 0
        disk.fail_read()
        with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
            connect_reader(folder)  # it reads the header
        with closing(connect_reader(folder)) as reader:
            assert len(reader.execute("SELECT * FROM row").fetchall()) == 4
        assert disk.injected == {Injected.SYNC_ERROR: 2, Injected.WRITE_ERROR: 5, Injected.READ_ERROR: 1}


def connect_reader(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "test.db", isolation_level=None)


def test_a_read_only_disk_is_told_to_old_and_new_connections(folder: Path) -> None:
    """As on a file system that was remounted: what is open fails when it writes, what is opened then knows."""
    with SimulatedDisk(folder, random.Random(1)) as disk, closing(connect(folder)) as db:
        assert insert(db, 1) == 0
        disk.read_only = True
        assert insert(db, 2) == sqlite3.SQLITE_IOERR_WRITE
        with closing(connect_reader(folder)) as late:
            assert insert(late, 2) == sqlite3.SQLITE_READONLY
            assert late.execute("SELECT count(*) FROM row").fetchone() == (1,)
        assert disk.injected[Injected.READ_ONLY] > 1
        disk.heal()
        assert insert(db, 2) == 0


def test_what_a_failed_sync_left_is_not_saved_by_the_next_one(folder: Path) -> None:
    """SQLite writes all of it again: then the row is safe, whatever the kernel dropped."""
    for seed in range(20):
        with SimulatedDisk(_sub(folder, seed), random.Random(seed)) as disk:
            db = connect(folder / str(seed))
            disk.fail_sync()
            assert insert(db, 1) == sqlite3.SQLITE_IOERR_FSYNC
            assert insert(db, 1) == 0
            disk.cut()
            db.close()
            disk.restore()
            with closing(connect(folder / str(seed))) as db:
                assert db.execute("SELECT number FROM row").fetchall() == [(1,)]


def test_what_was_written_before_a_failed_sync_is_not_safe(folder: Path) -> None:
    found = set()
    for seed in range(20):
        with SimulatedDisk(_sub(folder, seed), random.Random(seed)) as disk:
            db = connect(folder / str(seed))
            disk.fail_sync()
            assert insert(db, 1) == sqlite3.SQLITE_IOERR_FSYNC
            disk.cut()
            db.close()
            disk.restore()
            with closing(connect(folder / str(seed))) as db:
                found |= set(db.execute("SELECT count(*) FROM row"))
    assert found == {(0,), (1,)}


def test_a_dead_disk_does_nothing_at_all(folder: Path) -> None:
    with SimulatedDisk(folder, random.Random(1)) as disk:
        db = connect(folder)
        insert(db, 1)
        reader = connect_reader(folder)
        reader.execute("SELECT * FROM sqlite_schema").fetchall()  # its files are open; the next page is not read yet
        disk.cut(power=False)
        before = {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-shm")}
        assert insert(db, 2) & 0xFF == sqlite3.SQLITE_IOERR
        with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
            reader.execute("SELECT * FROM row").fetchall()
        reader.close()
        with pytest.raises(sqlite3.OperationalError):
            connect(folder)
        with pytest.raises(AssertionError, match="still open"):
            disk.restore()
        db.close()
        assert {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-shm")} == before
        disk.restore()
        assert not disk.dead


def test_a_mistake_in_a_hook_is_raised_where_it_can_be_seen(folder: Path) -> None:
    def stumble(kind: str, name: str) -> None:
        raise ValueError(f"{kind} of {name}")

    with SimulatedDisk(folder, random.Random(1)) as disk, closing(connect(folder)) as db:
        disk.on_operation = stumble
        assert insert(db, 1) & 0xFF == sqlite3.SQLITE_IOERR
        disk.on_operation = None
        with pytest.raises(ValueError, match=r"write of test\.db-wal"):
            disk.check()
        disk.mistakes.clear()


def test_other_folders_are_none_of_its_business(folder: Path) -> None:
    elsewhere = _sub(folder, 1)
    with SimulatedDisk(_sub(folder, 2), random.Random(1)) as disk:
        disk.cut()
        with closing(connect(elsewhere)) as db:
            assert insert(db, 1) == 0
        disk.restore()
        assert disk.operations == 0


def test_opening_a_database_thousands_of_times_leaks_nothing(folder: Path) -> None:
    process = psutil.Process()

    def open_often(first: int, last: int) -> tuple[int, int]:
        for number in range(first, last):
            with closing(connect(folder)) as db:
                insert(db, number)
        gc.collect()
        return process.memory_info().rss, process.num_fds()

    with SimulatedDisk(folder, random.Random(1)):
        memory, files = open_often(0, 200)
        memory_later, files_later = open_often(200, 2_200)
    assert files_later <= files
    assert memory_later - memory < 4 * 1024 * 1024


def test_the_disk_costs_little(folder: Path) -> None:
    """A month of commits must fit into minutes: far below a millisecond for each."""
    with SimulatedDisk(folder, random.Random(1)), closing(connect(folder)) as db:
        began = time.perf_counter()
        for number in range(1_000):
            db.execute("INSERT INTO row VALUES (?, 'x')", (number,))
        assert time.perf_counter() - began < 1.0
