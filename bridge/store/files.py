"""The files of a store: private to their owner, one user at a time, a damaged one set aside, and a reserve for a full disk."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bridge.errors import StoreRefused
from bridge.store import policy

_FILES = ("", "-wal", "-shm", "-journal")
"""A database, and what SQLite keeps beside it; a log without its database would be played into the next one."""


class Lock:
    """One evbridge per database, across processes. The kernel lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        """Take it; the directory exists. Raises StoreRefused when another process has it."""
        with _in_words(path), contextlib.ExitStack() as on_error:
            self._file = os.open(_beside(path, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            on_error.callback(os.close, self._file)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip() or "unknown"
                raise StoreRefused(
                    f"{path} is in use by another evbridge (process {holder}): stop that one first, or give this one its own database"
                ) from error
            with contextlib.suppress(OSError):  # a full disk; the number is a courtesy
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, b"%d\n" % os.getpid(), 0)
            on_error.pop_all()

    def release(self) -> None:
        """Let go. The file stays: deleting it would let two processes hold two locks of one name."""
        os.close(self._file)


class Reserve:
    """Disk space held back for the ends of sessions (`policy.RESERVE_BYTES`)."""

    def __init__(self, path: Path) -> None:
        """`path` is the database's."""
        self._path = _beside(path, ".reserve")
        self.held = False

    def take(self) -> bool:
        """Make the file if there is room for it and as much again; whether it is there."""
        if not self.held:
            try:
                self._make()
            except OSError:
                self.release()
        return self.held

    def _make(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_size == policy.RESERVE_BYTES:
                self.held = True
                return
        disk = os.statvfs(self._path.parent)
        if disk.f_bavail * disk.f_frsize < 2 * policy.RESERVE_BYTES:
            return
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(file, 0, policy.RESERVE_BYTES)
            os.fsync(file)
        finally:
            os.close(file)
        self.held = True

    def release(self) -> bool:
        """Give the space back; whether there was any."""
        held, self.held = self.held, False
        with contextlib.suppress(OSError):
            self._path.unlink()
        return held


def make_directory(path: Path) -> None:
    """Make the directory of a database where there is none, for its owner only. Raises StoreRefused."""
    with _in_words(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_private(path: Path) -> None:
    """Make an empty file where there is none, and whatever is there readable by its owner only. Raises StoreRefused."""
    with _in_words(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
        sync_directory(path)


def set_aside(path: Path, utc_ms: int) -> Path:
    """Rename a damaged database and its companions to a name with the time; the new path. Nothing is ever deleted."""
    aside = free_aside(path, utc_ms)
    _move(path, aside, _FILES)
    return aside


def free_aside(path: Path, utc_ms: int) -> Path:
    """A name with the time, for a damaged database and its companions."""
    stamp = datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = _beside(path, f".damaged-{stamp}")
    number = 1
    while any(_beside(aside, ending).exists() for ending in _FILES):
        number += 1
        aside = _beside(path, f".damaged-{stamp}-{number}")
    return aside


def fresh(path: Path) -> Path:
    """Where a new database is made that is to take the place of a damaged one."""
    return _beside(path, ".new")


def discard(fresh: Path) -> None:
    """Delete what is left of a database that was being made. Raises StoreRefused."""
    with _in_words(fresh):
        for companion in _FILES:
            _beside(fresh, companion).unlink(missing_ok=True)


def exchange(path: Path, aside: Path) -> None:
    """Set a damaged database aside and put the complete new one in its place. Cut anywhere, a second call ends it.

    Once the damaged one is gone from its place the new one counts, so that must be on the disk before.
    """
    sync_directory(path)
    _move(path, aside, ("",))
    _move(path, aside, _FILES[1:])
    _move(fresh(path), path, ("",))


def _move(path: Path, to: Path, companions: tuple[str, ...]) -> None:
    try:
        for companion in companions:
            with contextlib.suppress(FileNotFoundError):
                _beside(path, companion).rename(_beside(to, companion))
        sync_directory(path)
    except OSError as error:
        raise StoreRefused(f"{path} is damaged and can't be moved to {to.name}: {error.strerror}; move it away yourself") from error


def has_orphans(path: Path) -> bool:
    """Whether a log lies beside a database that is not there: it belongs to one that was taken away."""
    return any(_beside(path, companion).exists() for companion in ("-wal", "-journal"))


def sync_directory(path: Path) -> None:
    """Make a new or renamed file's name durable."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """What the system refuses, as a sentence."""
    try:
        yield
    except OSError as error:
        raise StoreRefused(f"{path} can't be made or written: {error.strerror}; check the path and its permissions") from error


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
