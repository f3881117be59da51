"""A disk of a simulated machine, under the real SQLite: what was not synced may be lost or torn, and every fault has a switch.

    with SimulatedDisk(folder, random.Random(seed)) as disk:
        store = SqliteStore.open(folder / "evbridge.db", …)
        disk.cut(power=True)  # from here on nothing is written any more
        await store.close()  # whatever it tries
        disk.restore()  # the next life finds what the disk has

The folder is a real one, best in memory. Locks are the system's, so everything of one life must be closed before the next one.
"""

import itertools
import os
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.simulation import vfs
from tests.simulation.vfs_faults import IOERR_DELETE, IOERR_FSYNC, IOERR_READ, IOERR_TRUNCATE, IOERR_WRITE, Fault, Injected
from tests.simulation.vfs_volatile import Operation, Truncation, Write, settle, survive

_SHARED_MEMORY: Final = "-shm"
_UNDELETED = 1 / 2
"""How often a deletion that was not synced, or a new file that never was, is undone by a power cut."""


@dataclass(slots=True)
class _File:
    """A name on the disk, and what of its file is not certain."""

    inode: int
    size: int
    fresh: bool
    """Made since the last sync: the name itself is not certain."""
    journal: bool
    operations: list[Operation] = field(default_factory=list)
    doomed: int = 0
    """So many of the operations are not saved by a sync any more (see `settle`)."""


@dataclass(slots=True)
class _Deleted:
    file: _File
    image: bytes


class SimulatedDisk:
    """Implements `vfs.Volume`. Its methods may be called on any thread, from `on_operation` too, but not from inside SQLite otherwise."""

    injected: Counter[Injected]
    operations: int
    """How many writes, truncations, syncs and deletions were tried."""
    dead: bool
    """Between `cut` and `restore`."""
    on_operation: Callable[[str, str], None] | None
    """Called before each operation with its kind ("write", "truncate", "sync", "delete") and the name of the file, on the thread that
    uses SQLite. May `cut`: then this operation does not happen any more. Must not use SQLite."""
    read_only: bool
    """As if it was mounted read-only: open files get errors of writing, new connections can only read."""
    lying: bool
    """A sync reports success and does nothing."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        """Nothing happens to `folder` before the disk is entered. All chance comes from `rng`."""
        self.folder = os.path.realpath(folder) + os.sep
        self.mistakes: list[BaseException] = []
        self.injected = Counter()
        self.operations = 0
        self.dead = False
        self.on_operation = None
        self.read_only = False
        self.lying = False
        self.randomness = random.Random()
        self._rng = rng
        self._lock = threading.RLock()
        self._capacity: int | None = None
        self._faults: dict[str, Fault] = {}
        self._files: dict[str, _File] = {}
        self._deleted: dict[str, _Deleted] = {}
        self._open: set[vfs.OpenFile] = set()
        self._main: str | None = None
        self._power = True

    def __enter__(self) -> Self:
        """SQLite's files in the folder are on this disk from now on; none may be open."""
        self.randomness = random.Random(self._rng.getrandbits(64))
        if not _disks:
            os.statvfs = _statvfs
        _disks.append(self)
        vfs.mount(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """They are plain files again. What is still open goes on as on a dead disk."""
        self.dead = True
        vfs.unmount(self)
        _disks.remove(self)
        if not _disks:
            os.statvfs = _real_statvfs
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raise what went wrong in `on_operation` or in the disk itself, which SQLite has seen as an error of the disk."""
        if self.mistakes:
            raise self.mistakes.pop(0)

    # --- the ends of a life -------------------------------------------------------------------------------------------------------

    def cut(self, *, power: bool = True) -> None:
        """Nothing is read or written any more. With the power goes what was not synced; `power=False`: only the process was killed."""
        with self._lock:
            if not self.dead:
                self.dead = True
                self._power = power
                self.injected[Injected.POWER_CUT if power else Injected.KILL] += 1
                self._watch()

    def restore(self) -> None:
        """The next life begins: every connection of the last one is closed. Draws what the disk has kept."""
        self.check()
        assert self.dead, "the disk was not cut"
        assert not self._open, f"still open from the last life: {sorted(file.path for file in self._open)}"
        with self._lock:
            if self._power:
                for name in sorted(self._deleted):
                    self._lose_deletion(name, self._deleted[name])
                for name in sorted(self._files):
                    self._lose_writes(name, self._files[name])
                self._files.clear()
                self._deleted.clear()
                for path in Path(self.folder).glob(f"*{_SHARED_MEMORY}"):
                    path.unlink()
            self.dead = False

    def _lose_deletion(self, name: str, deleted: _Deleted) -> None:
        if self._rng.random() < _UNDELETED:
            self.injected[Injected.UNDONE_DELETION] += 1
            Path(name).write_bytes(deleted.image)
            deleted.file.inode = Path(name).stat().st_ino
            self._files[name] = deleted.file

    def _lose_writes(self, name: str, file: _File) -> None:
        path = Path(name)
        if not path.exists() or path.stat().st_ino != file.inode:
            return  # the user of the disk has moved it away, and has synced that
        if file.fresh and self._rng.random() < _UNDELETED:
            self.injected[Injected.VANISHED_FILE] += 1
            path.unlink()
            return
        survival = survive(path.read_bytes(), file.operations, self._rng)
        path.write_bytes(survival.image)
        bites = {
            Injected.LOST_SECTOR: survival.lost_sectors,
            Injected.LOST_WRITE: survival.lost_writes,
            Injected.TORN_WRITE: survival.torn_writes,
            Injected.UNDONE_TRUNCATION: survival.undone_truncations,
        }
        self.injected.update({bite: times for bite, times in bites.items() if times})

    def corrupt(self, name: str | None = None) -> str:
        """Between two lives: bits of the database (or of the named file) turn over, or its end is gone; in words, what was done."""
        assert not self._open, f"still open: {sorted(file.path for file in self._open)}"
        path = Path(self.folder, name) if name is not None else Path(self._main or "")
        image = bytearray(path.read_bytes())
        if self._rng.random() < 1 / 4:
            size = self._rng.randrange(len(image))
            del image[size:]
            self.injected[Injected.CUT_OFF] += 1
            told = f"{path.name} cut off at {size}"
        else:
            places = [self._rng.randrange(len(image)) for _ in range(self._rng.choice((1, 8, 64)))]
            for place in places:
                image[place] ^= 1 << self._rng.randrange(8)
            self.injected[Injected.BIT_ROT] += len(places)
            told = f"{len(places)} bits of {path.name} turned over, the first at {places[0]}"
        path.write_bytes(image)
        return told

    # --- the switches -------------------------------------------------------------------------------------------------------------

    @property
    def free_bytes(self) -> int | None:
        """How much more fits on it; None: no limit. Counts every file of the folder, so what is deleted there is free again."""
        return None if self._capacity is None else max(0, self._capacity - self._used())

    @free_bytes.setter
    def free_bytes(self, free: int | None) -> None:
        self._capacity = None if free is None else self._used() + free

    def give(self, free: int) -> None:
        """Somebody has made room."""
        if self._capacity is not None:
            self._capacity += free

    def fail_read(self, code: int = IOERR_READ, *, after: int = 0, times: int | None = 1) -> None:
        """After so many reads, so many (None: all) fail with this code of SQLite."""
        self._arm("read", Fault(code, after, times))

    def fail_write(self, code: int = IOERR_WRITE, *, after: int = 0, times: int | None = 1) -> None:
        """After so many writes, so many (None: all) fail."""
        self._arm("write", Fault(code, after, times))

    def fail_sync(self, code: int = IOERR_FSYNC, *, after: int = 0, times: int | None = 1) -> None:
        """After so many syncs, so many (None: all) fail. A sync that comes later does not save what was written before one failed."""
        self._arm("sync", Fault(code, after, times))

    def heal(self) -> None:
        """No fault is armed any more, and there is room without limit. What was lost stays lost."""
        with self._lock:
            self._faults.clear()
            self._capacity = None
            self.read_only = self.lying = False
            self._watch()

    def _arm(self, kind: str, fault: Fault) -> None:
        with self._lock:
            self._faults[kind] = fault
            self._watch()

    def _watch(self) -> None:
        """Reads are only looked at where that may matter."""
        for file in self._open:
            file.watch(watched=self.dead or "read" in self._faults)

    def _used(self) -> int:
        with os.scandir(self.folder) as entries:
            return sum(entry.stat().st_size for entry in entries if entry.is_file() and not entry.name.endswith(_SHARED_MEMORY))

    # --- what SQLite asks for -----------------------------------------------------------------------------------------------------

    def open(self, path: str, flags: int, native: Callable[[int], tuple[int, vfs.OpenFile | None]]) -> int:
        """A dead disk opens nothing, a read-only one only for reading."""
        with self._lock:
            if self.dead:
                return vfs.IOERR
            existed = Path(path).exists()
            if self.read_only and flags & vfs.OPEN_READWRITE:
                self.injected[Injected.READ_ONLY] += 1
                flags = flags & ~(vfs.OPEN_READWRITE | vfs.OPEN_CREATE) | vfs.OPEN_READONLY
            code, file = native(flags)
            if file is None:
                return code
            self._open.add(file)
            if flags & vfs.OPEN_MAIN_DB:
                self._main = path
            inode = Path(path).stat().st_ino
            known = self._files.get(path)
            if known is None or known.inode != inode:
                self._files[path] = _File(inode=inode, size=file.size(), fresh=not existed, journal=bool(flags & vfs.OPEN_JOURNALS))
            else:
                known.size = file.size()
            self._watch()
            return code

    def close(self, file: vfs.OpenFile) -> int:
        """What was written through it is no more certain for that."""
        with self._lock:
            self._open.discard(file)
        return vfs.OK

    def read(self, file: vfs.OpenFile, buffer: int, length: int, offset: int) -> int:
        """Asked for while dead, or while a fault of reading is armed."""
        with self._lock:
            if self.dead:
                return vfs.IOERR
            if code := self._strikes("read", Injected.READ_ERROR):
                return code
            return file.read(buffer, length, offset)

    def write(self, file: vfs.OpenFile, buffer: int, length: int, offset: int) -> int:
        """Kept in mind until it is synced."""
        with self._lock:
            if not self._alive("write", file.path):
                return vfs.IOERR
            if code := self._refuses(IOERR_WRITE) or self._strikes("write", Injected.WRITE_ERROR):
                return code
            known = self._files[file.path]
            size, end = known.size, offset + length
            if end > size and self._capacity is not None and end - size > self._capacity - self._used():
                self.injected[Injected.FULL] += 1
                return sqlite3.SQLITE_FULL
            before = file.peek(min(end, size) - offset, offset) if offset < size else b""
            code = file.write(buffer, length, offset)
            if code == vfs.OK:
                known.operations.append(Write(offset=offset, length=length, before=before, size_before=size))
                known.size = max(size, end)
            return code

    def truncate(self, file: vfs.OpenFile, size: int) -> int:
        """The same for a new length."""
        with self._lock:
            if not self._alive("truncate", file.path):
                return vfs.IOERR
            if code := self._refuses(IOERR_TRUNCATE):
                return code
            known = self._files[file.path]
            before = file.peek(known.size - size, size) if size < known.size else b""
            code = file.truncate(size)
            if code == vfs.OK:
                known.operations.append(Truncation(size=size, before=before, size_before=known.size))
                known.size = size
            return code

    def sync(self, file: vfs.OpenFile) -> int:
        """What was written is certain, and the name of a new file with it."""
        with self._lock:
            if not self._alive("sync", file.path):
                return vfs.IOERR
            known = self._files[file.path]
            if code := self._strikes("sync", Injected.SYNC_ERROR):
                known.doomed = len(known.operations)
                return code
            if self.lying:
                self.injected[Injected.SYNC_LIE] += 1
                return vfs.OK
            known.operations = settle(known.operations, known.doomed, known.size)
            known.doomed = len(known.operations)
            if known.fresh and known.journal:  # SQLite syncs the folder with it
                self._settle_names()
            known.fresh = False  # as journaling file systems have it
            return vfs.OK

    def delete(self, path: str, *, durable: bool, native: Callable[[], int]) -> int:
        """Not certain before the folder is synced."""
        with self._lock:
            if not self._alive("delete", path):
                return vfs.IOERR
            if code := self._refuses(IOERR_DELETE):
                return code
            there = Path(path)
            image = there.read_bytes() if there.exists() else None
            code = native()
            if code == vfs.OK and image is not None:
                known = self._files.pop(path, None)
                if durable and not self.lying:
                    self._settle_names()
                elif known is not None and not known.fresh and path not in self._deleted:
                    self._deleted[path] = _Deleted(known, image)
            return code

    def _settle_names(self) -> None:
        self._deleted.clear()
        for known in self._files.values():
            known.fresh = False

    def _alive(self, kind: str, path: str) -> bool:
        if not self.dead:
            self.operations += 1
            if self.on_operation is not None:
                self.on_operation(kind, os.path.basename(path))  # noqa: PTH119 # called for every write
        return not self.dead

    def _refuses(self, code: int) -> int:
        if not self.read_only:
            return vfs.OK
        self.injected[Injected.READ_ONLY] += 1
        return code

    def _strikes(self, kind: str, injected: Injected) -> int:
        fault = self._faults.get(kind)
        if fault is None or not fault.strikes():
            return vfs.OK
        self.injected[injected] += 1
        return fault.code


# --- what the system tells of a disk --------------------------------------------------------------------------------------------------

_disks: list[SimulatedDisk] = []
_real_statvfs = os.statvfs


def _statvfs(path: "int | str | bytes | os.PathLike[str] | os.PathLike[bytes]") -> os.statvfs_result:
    """The real one, but for the room on a simulated disk: the bridge asks before it takes its reserve."""
    real = _real_statvfs(path)
    if isinstance(path, int):
        return real
    name = os.path.join(os.path.realpath(os.fsdecode(path)), "")  # noqa: PTH118 # Path drops the slash at the end
    free = next((disk.free_bytes for disk in _disks if name.startswith(disk.folder)), None)
    if free is None:
        return real
    blocks = free // real.f_frsize
    return os.statvfs_result(itertools.chain(real[:3], (blocks, blocks), real[5:]))
