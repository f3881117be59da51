"""The files are private, used by one bridge at a time, and never deleted when damaged."""

import os
import stat
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store import files, policy
from tests.store.worlds import NOON_MS

NOON_NAME = "20260921T141320Z"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_directory_and_file_are_for_their_owner_only(tmp_path: Path) -> None:
    """Tags and the list of who charged when are nobody else's business, whatever the umask."""
    before = os.umask(0)
    try:
        path = tmp_path / "var" / "evbridge.db"
        files.make_directory(path)
        files.make_private(path)
    finally:
        os.umask(before)
    assert _mode(path) == 0o600
    assert _mode(path.parent) == 0o700


def test_a_file_that_was_open_to_all_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "evbridge.db"
    path.write_bytes(b"kept")
    path.chmod(0o644)
    files.make_private(path)
    assert _mode(path) == 0o600
    assert path.read_bytes() == b"kept"


def test_a_directory_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    files.make_directory(tmp_path / "evbridge.db")
    assert _mode(tmp_path) == 0o755


def test_a_path_that_can_not_be_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreRefused, match="check the path and its permissions"):
        files.make_directory(tmp_path / "file" / "evbridge.db")
    with pytest.raises(StoreRefused, match="check the path and its permissions"):
        files.make_private(tmp_path)
    with pytest.raises(StoreRefused, match="check the path and its permissions"):
        files.Lock(tmp_path / "nowhere" / "evbridge.db")


def test_the_second_to_lock_is_told_who_was_first(tmp_path: Path) -> None:
    path = tmp_path / "evbridge.db"
    first = files.Lock(path)
    with pytest.raises(StoreRefused, match=rf"in use by another evbridge \(process {os.getpid()}\): stop that one first"):
        files.Lock(path)
    first.release()
    files.Lock(path).release()


def test_a_lock_left_behind_does_not_lock(tmp_path: Path) -> None:
    """After a power cut nobody has to delete a file."""
    (tmp_path / "evbridge.db.lock").write_text("4711")
    files.Lock(tmp_path / "evbridge.db").release()


# --- damaged ----------------------------------------------------------------------------------------------------------------------


def test_a_damaged_database_is_moved_aside_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    path = tmp_path / "evbridge.db"
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"evbridge.db{ending}").write_text(f"content{ending}")
    aside = files.set_aside(path, NOON_MS)
    assert aside.name == f"evbridge.db.damaged-{NOON_NAME}"
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        f"{aside.name}{ending}": f"content{ending}" for ending in ("", "-wal", "-shm")
    }


def test_nothing_that_was_set_aside_is_overwritten(tmp_path: Path) -> None:
    """Twice in one second, or with a clock that stands still: all of it is kept."""
    path = tmp_path / "evbridge.db"
    for number in range(3):
        path.write_text(str(number))
        files.set_aside(path, NOON_MS)
    assert sorted(file.read_text() for file in tmp_path.iterdir()) == ["0", "1", "2"]


def test_a_log_without_its_database_is_noticed(tmp_path: Path) -> None:
    """It would be played into the next database made there."""
    path = tmp_path / "evbridge.db"
    assert not files.has_orphans(path)
    (tmp_path / "evbridge.db-wal").write_text("log")
    assert files.has_orphans(path)
    aside = files.set_aside(path, NOON_MS)
    assert not files.has_orphans(path)
    assert aside.with_name(aside.name + "-wal").read_text() == "log"


def test_a_log_set_aside_twice_is_kept_twice(tmp_path: Path) -> None:
    path = tmp_path / "evbridge.db"
    for number in range(2):
        (tmp_path / "evbridge.db-wal").write_text(str(number))
        files.set_aside(path, NOON_MS)
    assert sorted(file.read_text() for file in tmp_path.iterdir()) == ["0", "1"]


def test_what_can_not_be_moved_is_left_to_the_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "evbridge.db"
    path.write_text("damaged")

    def refuse(_: Path, __: Path) -> Path:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StoreRefused, match="Operation not permitted; move it away yourself"):
        files.set_aside(path, NOON_MS)
    assert path.read_text() == "damaged"


# --- reserve ----------------------------------------------------------------------------------------------------------------------


def test_the_reserve_is_really_on_the_disk(tmp_path: Path) -> None:
    """Not a file with a hole in it: its blocks are there to be given back."""
    reserve = files.Reserve(tmp_path / "evbridge.db")
    assert reserve.take()
    found = (tmp_path / "evbridge.db.reserve").stat()
    assert found.st_size == policy.RESERVE_BYTES
    assert found.st_blocks * 512 >= policy.RESERVE_BYTES


def test_the_reserve_is_given_back_once(tmp_path: Path) -> None:
    reserve = files.Reserve(tmp_path / "evbridge.db")
    assert not reserve.release()
    assert reserve.take()
    assert reserve.release()
    assert not reserve.release()
    assert list(tmp_path.iterdir()) == []


def test_the_reserve_of_the_last_run_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.Reserve(tmp_path / "evbridge.db").take()
    monkeypatch.setattr(os, "posix_fallocate", None)
    assert files.Reserve(tmp_path / "evbridge.db").take()


def test_half_a_reserve_is_none(tmp_path: Path) -> None:
    (tmp_path / "evbridge.db.reserve").write_bytes(b"half")
    assert files.Reserve(tmp_path / "evbridge.db").take()
    assert (tmp_path / "evbridge.db.reserve").stat().st_size == policy.RESERVE_BYTES


def test_the_reserve_does_not_take_the_last_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be taken and given back in turns, and the alert would flicker."""
    free = os.statvfs(tmp_path)
    monkeypatch.setattr(policy, "RESERVE_BYTES", free.f_bavail * free.f_frsize)
    reserve = files.Reserve(tmp_path / "evbridge.db")
    assert not reserve.take()
    assert not reserve.held


def test_a_disk_that_fills_up_under_the_reserve_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert not files.Reserve(tmp_path / "evbridge.db").take()
    assert list(tmp_path.iterdir()) == []
