"""A layer between SQLite and its files, in the very library that Python's sqlite3 uses: volumes decide what a write or a sync does.

Locks, shared memory and reads stay SQLite's own, so that it is nearly as fast as without. Files outside of an active volume are not
touched at all.
"""

import _sqlite3
import ctypes
import os
import random
import sqlite3
from collections.abc import Callable
from typing import Any, Final, Protocol

OK: Final = sqlite3.SQLITE_OK
IOERR: Final = sqlite3.SQLITE_IOERR
OPEN_READONLY: Final = 0x1
OPEN_READWRITE: Final = 0x2
OPEN_CREATE: Final = 0x4
OPEN_MAIN_DB: Final = 0x100
OPEN_JOURNALS: Final = 0x80800
"""A rollback journal, or a write-ahead log."""
_PIECE_BYTES: Final = 65_536
"""The longest that SQLite writes at once: its largest page."""

_POINTER = ctypes.c_void_p
_INT = ctypes.c_int
_OFFSET = ctypes.c_int64
_XCLOSE = ctypes.CFUNCTYPE(_INT, _POINTER)
_XREAD = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _INT, _OFFSET)
_XTRUNCATE = ctypes.CFUNCTYPE(_INT, _POINTER, _OFFSET)
_XSYNC = ctypes.CFUNCTYPE(_INT, _POINTER, _INT)
_XFILESIZE = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER)
_XOPEN = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _POINTER, _INT, _POINTER)
_XDELETE = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _INT)
_XRANDOMNESS = ctypes.CFUNCTYPE(_INT, _POINTER, _INT, _POINTER)


class _Vfs(ctypes.Structure):
    """`struct sqlite3_vfs`, version 3."""

    _fields_ = (
        *((name, _INT) for name in ("iVersion", "szOsFile", "mxPathname")),
        ("pNext", _POINTER),
        ("zName", ctypes.c_char_p),
        *((name, _POINTER) for name in ("pAppData", "xOpen", "xDelete", "xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym")),
        *((name, _POINTER) for name in ("xDlClose", "xRandomness", "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64")),
        *((name, _POINTER) for name in ("xSetSystemCall", "xGetSystemCall", "xNextSystemCall")),
    )


class _Methods(ctypes.Structure):
    """`struct sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("iVersion", _INT),
        *((name, _POINTER) for name in ("xClose", "xRead", "xWrite", "xTruncate", "xSync", "xFileSize", "xLock", "xUnlock")),
        *((name, _POINTER) for name in ("xCheckReservedLock", "xFileControl", "xSectorSize", "xDeviceCharacteristics", "xShmMap")),
        *((name, _POINTER) for name in ("xShmLock", "xShmBarrier", "xShmUnmap", "xFetch", "xUnfetch")),
    )


class Volume(Protocol):
    """Decides what happens to the files below its folder. Results are SQLite's codes; called on the thread that uses SQLite."""

    folder: str
    """The real path, with a slash at its end."""
    mistakes: list[BaseException]
    """What its own code raised: nothing may be raised into SQLite."""
    randomness: random.Random
    """Where SQLite's own random numbers come from, so that the same run writes the same bytes."""

    def open(self, path: str, flags: int, native: Callable[[int], "tuple[int, OpenFile | None]"]) -> int:
        """A file is opened; `native` does it."""

    def close(self, file: "OpenFile") -> int:
        """It was closed."""

    def read(self, file: "OpenFile", buffer: int, length: int, offset: int) -> int:
        """Only asked while the file is watched."""

    def write(self, file: "OpenFile", buffer: int, length: int, offset: int) -> int:
        """Bytes are written."""

    def truncate(self, file: "OpenFile", size: int) -> int:
        """A file is cut off."""

    def sync(self, file: "OpenFile") -> int:
        """What was written should be on the disk."""

    def delete(self, path: str, *, durable: bool, native: Callable[[], int]) -> int:
        """A file is deleted; `native` does it."""


class _Native:
    """SQLite's own functions for a kind of file, and the two tables that stand in for them."""

    def __init__(self, address: int) -> None:
        own = _Methods.from_address(address)
        self.close: Callable[[int], int] = _XCLOSE(own.xClose)
        self.read: Callable[[int, int, int, int], int] = _XREAD(own.xRead)
        self.write: Callable[[int, int, int, int], int] = _XREAD(own.xWrite)
        self.truncate: Callable[[int, int], int] = _XTRUNCATE(own.xTruncate)
        self.size: Callable[[int, Any], int] = _XFILESIZE(own.xFileSize)
        self._quick = _Methods.from_buffer_copy(own)
        _put(self._quick, _IN_A_FILE)
        self._watched = _Methods.from_buffer_copy(self._quick)
        _put(self._watched, _IN_A_WATCHED_FILE)
        self.quick = ctypes.addressof(self._quick)
        self.watched = ctypes.addressof(self._watched)


class OpenFile:
    """A file that SQLite has open in a volume; what is done here is really done."""

    __slots__ = ("_address", "_native", "path", "volume")

    def __init__(self, address: int, native: _Native, path: str, volume: Volume) -> None:
        """Use `Volume.open`."""
        self._address = address
        self._native = native
        self.path = path
        self.volume = volume

    def watch(self, *, watched: bool) -> None:
        """Whether the volume is asked about reads too."""
        _POINTER.from_address(self._address).value = self._native.watched if watched else self._native.quick

    def size(self) -> int:
        """In bytes."""
        size = _OFFSET()
        _must(self._native.size(self._address, ctypes.byref(size)))
        return size.value

    def peek(self, length: int, offset: int) -> bytes:
        """What stands there; all of it must exist."""
        buffer = ctypes.create_string_buffer(length)
        for start in range(0, length, _PIECE_BYTES):
            piece = min(_PIECE_BYTES, length - start)
            _must(self._native.read(self._address, ctypes.addressof(buffer) + start, piece, offset + start))
        return buffer.raw

    def read(self, buffer: int, length: int, offset: int) -> int:
        """Read for SQLite."""
        return self._native.read(self._address, buffer, length, offset)

    def write(self, buffer: int, length: int, offset: int) -> int:
        """Write what SQLite gave."""
        return self._native.write(self._address, buffer, length, offset)

    def truncate(self, size: int) -> int:
        """Cut off."""
        return self._native.truncate(self._address, size)


def _must(code: int) -> None:
    if code != OK:
        raise OSError(f"the folder of a simulated disk must work itself: SQLite's code {code}")


# --- what SQLite calls --------------------------------------------------------------------------------------------------------------

_volumes: list[Volume] = []
_files: dict[int, OpenFile] = {}
_natives: dict[int, _Native] = {}


def _volume(path: int | None) -> Volume | None:
    """Whose file it is; temporary ones have no name, and are nobody's."""
    if path is None:
        return None
    name = _text(path)
    return next((volume for volume in _volumes if name.startswith(volume.folder)), None)


def _text(path: int) -> str:
    return os.fsdecode(ctypes.string_at(path))


def _guarded(volume: Volume, call: Callable[..., int], *values: object, **named: object) -> int:
    try:
        return call(*values, **named)
    except BaseException as mistake:  # noqa: BLE001 # nothing may be raised into C: the volume tells it later
        volume.mistakes.append(mistake)
        return IOERR


def _open(_: int, path: int | None, address: int, flags: int, out_flags: int | None) -> int:
    volume = _volume(path)
    if path is None or volume is None:
        return int(_library.open(_library.own, path, address, flags, out_flags))
    _POINTER.from_address(address).value = None  # without functions SQLite does not close what was not opened

    def native(flags: int) -> tuple[int, OpenFile | None]:
        code = int(_library.open(_library.own, path, address, flags, out_flags))
        if code != OK:
            return code, None
        methods = _POINTER.from_address(address).value
        assert methods is not None
        if methods not in _natives:
            _natives[methods] = _Native(methods)
        file = _files[address] = OpenFile(address, _natives[methods], _text(path), volume)
        file.watch(watched=False)
        return code, file

    return _guarded(volume, volume.open, _text(path), flags, native)


def _delete(_: int, path: int, durable: int) -> int:
    def native() -> int:
        return int(_library.delete(_library.own, path, durable))

    volume = _volume(path)
    if volume is None:
        return native()
    return _guarded(volume, volume.delete, _text(path), durable=bool(durable), native=native)


def _randomness(_: int, length: int, out: int) -> int:
    if not _volumes:
        return int(_library.randomness(_library.own, length, out))
    ctypes.memmove(out, _volumes[-1].randomness.randbytes(length), length)
    return length


def _close(address: int) -> int:
    file = _files.pop(address)
    code = file._native.close(address)
    _guarded(file.volume, file.volume.close, file)
    return code


def _read(address: int, buffer: int, length: int, offset: int) -> int:
    file = _files[address]
    return _guarded(file.volume, file.volume.read, file, buffer, length, offset)


def _write(address: int, buffer: int, length: int, offset: int) -> int:
    file = _files[address]
    return _guarded(file.volume, file.volume.write, file, buffer, length, offset)


def _truncate(address: int, size: int) -> int:
    file = _files[address]
    return _guarded(file.volume, file.volume.truncate, file, size)


def _sync(address: int, _: int) -> int:
    file = _files[address]
    return _guarded(file.volume, file.volume.sync, file)


_IN_A_FILE: Final = {"xClose": _XCLOSE(_close), "xWrite": _XREAD(_write), "xTruncate": _XTRUNCATE(_truncate), "xSync": _XSYNC(_sync)}
_IN_A_WATCHED_FILE: Final = {"xRead": _XREAD(_read)}
_BESIDE: Final = {"xOpen": _XOPEN(_open), "xDelete": _XDELETE(_delete), "xRandomness": _XRANDOMNESS(_randomness)}
"""They live as long as the process: SQLite has their addresses."""


def _put(table: ctypes.Structure, callbacks: dict[str, Any]) -> None:
    for name, callback in callbacks.items():
        setattr(table, name, ctypes.cast(callback, _POINTER).value)


# --- the library --------------------------------------------------------------------------------------------------------------------


class _Library:
    """The SQLite that `_sqlite3` is linked to, or that is inside of it, and its usual file system."""

    def __init__(self) -> None:
        # Names are looked up in the module and in what it was linked with: this is the same SQLite, whatever else there is.
        library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        try:
            find, self._register, self._reseed = library.sqlite3_vfs_find, library.sqlite3_vfs_register, library.sqlite3_randomness
        except AttributeError as error:
            raise RuntimeError(
                f"the SQLite of this Python ({_sqlite3}) hides its functions, so no disk can be simulated under it: "
                "use a Python whose sqlite3 is linked with the system's libsqlite3"
            ) from error
        find.restype, find.argtypes = _POINTER, (ctypes.c_char_p,)
        self._register.argtypes = (_POINTER, _INT)
        self._reseed.argtypes, self._reseed.restype = (_INT, _POINTER), None
        self.own: int = find(None)
        own = _Vfs.from_address(self.own)
        self.open, self.delete, self.randomness = _XOPEN(own.xOpen), _XDELETE(own.xDelete), _XRANDOMNESS(own.xRandomness)
        self._shim = _Vfs.from_buffer_copy(own)
        self._shim.pNext, self._shim.zName = None, b"simulated"
        _put(self._shim, _BESIDE)

    def take_over(self) -> None:
        """New connections go through the volumes."""
        self._register(ctypes.addressof(self._shim), 1)

    def give_back(self) -> None:
        """New connections go to the usual file system; open ones stay as they are."""
        self._register(self.own, 1)

    def reseed(self) -> None:
        """SQLite draws a new seed before its next random number."""
        self._reseed(0, None)


_library: Final = _Library()


def mount(volume: Volume) -> None:
    """From now on its files are the volume's."""
    _volumes.append(volume)
    _library.take_over()
    _library.reseed()


def unmount(volume: Volume) -> None:
    """From now on they are files like any other; none is open."""
    _volumes.remove(volume)
    if not _volumes:
        _library.give_back()
    _library.reseed()
