"""One attempt's parcel, and the rope it hangs on: a thread that waits for a socket ends when the socket does."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bridge.locations import Location


class Rope:
    """Of one attempt. `hold` is called in its thread, `cut` anywhere."""

    def __init__(self) -> None:
        """Nothing hangs on it."""
        self._lock = threading.Lock()
        self._ends: list[Callable[[], object]] = []
        self.is_cut = False

    def hold(self, end: Callable[[], object]) -> None:
        """Call this when it is cut. Raises TimeoutError where it has been; the end is called all the same."""
        with self._lock:
            if not self.is_cut:
                self._ends.append(end)
                return
        end()
        raise TimeoutError("the attempt was given up")

    def hold_socket(self, held: socket.socket | None) -> None:
        """Shut it down when the rope is cut."""
        if held is not None:
            self.hold(lambda: _shut(held))

    def cut(self) -> None:
        """End the attempt; harmless when it has ended."""
        with self._lock:
            self.is_cut = True
            ends, self._ends = self._ends, []
        for end in ends:
            end()


def _shut(held: socket.socket) -> None:
    """End both directions, so that whoever waits wakes up; closing it alone would not."""
    with contextlib.suppress(OSError):
        held.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What goes where."""

    place: Location
    name: str
    """The file's."""
    data: bytes
    silence_s: float
    """A server that moves nothing for so long is gone."""
    tls: ssl.SSLContext | None = None
    """None: in the clear."""
    known_hosts: Path | None = None
    """Keys of SSH hosts; None: any."""
    rope: Rope = field(default_factory=Rope)
