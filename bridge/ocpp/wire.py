"""What a link needs of a connection. `websocket.py` has the real one; a simulated network brings its own."""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from bridge.errors import EvbridgeError

Tls: TypeAlias = ssl.SSLContext
"""Whom to trust on wss://."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where one charge point's link goes."""

    url: str
    """With the identity in it (`bridge.ocpp.address.station_url`)."""
    identity: str
    """The user name of Basic auth."""
    subprotocols: tuple[str, ...]
    """Offered, the preferred one first; the central system chooses."""
    password: bytes | None = field(default=None, repr=False)
    """As it goes into the header: UTF-8 of a text, or the bytes a hex password stands for."""
    tls: Tls | None = field(default=None, repr=False)
    """One for each central system, shared by its links; None for ws://."""
    timeout_s: float | None = None
    """How long an answer may take there; None: as everywhere."""


class WireClosed(EvbridgeError):
    """The connection has ended."""

    def __init__(self, *, code: int | None, reason: str = "", ours: int | None = None) -> None:
        """`code` and `reason` are the peer's, None where it said nothing; `ours` is the code of a close that we began."""
        super().__init__(f"closed ({code if code is not None else ours})")
        self.code = code
        self.reason = reason
        self.ours = ours


class Wire(Protocol):
    """An open connection."""

    @property
    def subprotocol(self) -> str:
        """The one that was agreed on."""

    @property
    def pong_s(self) -> float:
        """When the newest answer to a ping came, on the loop's clock."""

    def send(self, text: str) -> None:
        """Write a frame at once, in order. Never blocks; after the end it goes nowhere."""

    async def reply(self, text: str) -> None:
        """Write a frame at once, and wait while the peer does not read."""

    def ping(self) -> None:
        """Ask for a sign of life."""

    async def receive(self) -> bytes:
        """The next frame. Raises WireClosed."""

    async def close(self, code: int, reason: str) -> None:
        """End it politely, within a limited time."""

    def abort(self) -> None:
        """End it now."""


Connect: TypeAlias = Callable[[Endpoint], Awaitable[Wire]]
"""Opens a connection whose sub-protocol is one of the endpoint's. Raises ConnectFailed."""
