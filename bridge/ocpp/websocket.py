"""Connections over real sockets, on the `websockets` library: the only place that knows it."""

import asyncio
import base64
import logging
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, NegotiationError
from websockets.typing import Subprotocol

import bridge
from bridge.ocpp import failures
from bridge.ocpp.backoff import retry_after_s
from bridge.ocpp.failures import ConnectFailed, Failure
from bridge.ocpp.frames import FRAME_BYTES_MAX
from bridge.ocpp.wire import Endpoint, Wire, WireClosed

USER_AGENT = f"evbridge/{bridge.__version__}"
PORTS = {"ws": 80, "wss": 443}
WRONG_SUBPROTOCOL = 1002
"""RFC 6455 has no code for it; a protocol error is what it is."""

# Its DEBUG log has the password and every tag; ours has the same frames, masked.
_SILENT = logging.getLogger("bridge.ocpp.websocket.library")
_SILENT.propagate = False
_SILENT.disabled = True

_Address: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketSettings:
    """Times of opening and closing, in seconds."""

    open_s: float = 15.0
    """From the name to the handshake: a modem that wakes up needs some seconds."""
    address_s: float = 5.0
    """For one of a name's addresses, so that a dead IPv6 route leaves time for IPv4."""
    close_s: float = 3.0
    """For a polite close; then the socket is dropped."""


class Opener:
    """Opens connections: `Opener(clock.utc_ms)` is a `Connect`."""

    __slots__ = ("_settings", "_utc_ms")

    def __init__(self, utc_ms: Callable[[], int], settings: SocketSettings | None = None) -> None:
        """`utc_ms` tells the time, for a Retry-After that is a date. Without settings: those for real life."""
        self._utc_ms = utc_ms
        self._settings = settings or SocketSettings()

    async def __call__(self, endpoint: Endpoint) -> Wire:
        """Open one. Raises ConnectFailed."""
        host = urlsplit(endpoint.url).hostname or ""
        try:
            async with asyncio.timeout(self._settings.open_s):
                connection = await self._open(endpoint, host)
        except TimeoutError as error:
            raise ConnectFailed(failures.of_timeout(self._settings.open_s)) from error
        except InvalidStatus as error:
            raise ConnectFailed(_of_response(error, endpoint, self._utc_ms())) from error
        except NegotiationError as error:
            chosen = str(error).rpartition(": ")[2]
            raise ConnectFailed(failures.of_subprotocol(endpoint.subprotocols, chosen)) from error
        except (InvalidHandshake, ConnectionClosed) as error:
            # closed: by a server that gave up before it had answered
            raise ConnectFailed(failures.of_handshake(str(error))) from error
        except AssertionError as error:
            # the library's own, where something speaks before it has been asked, as a mail server does
            raise ConnectFailed(failures.of_handshake("it speaks before it is asked")) from error
        except OSError as error:
            raise ConnectFailed(failures.of_os_error(error, host=host)) from error
        # the library takes "none" for an agreement; OCPP-J 1.6 §3.1.2 wants one of ours
        agreed = connection.subprotocol
        if agreed is None or agreed not in endpoint.subprotocols:
            await connection.close(WRONG_SUBPROTOCOL, "no sub-protocol agreed")
            raise ConnectFailed(failures.of_subprotocol(endpoint.subprotocols, agreed))
        # nobody reads them again, they hold the password, and a thousand of them two megabytes
        for said in (connection.request, connection.response):
            if said is not None:
                said.headers.clear()
        return SocketWire(connection, agreed)

    async def _open(self, endpoint: Endpoint, host: str) -> ClientConnection:
        parts = urlsplit(endpoint.url)
        opened = await self._dial(host, parts.port or PORTS[parts.scheme])
        tls: dict[str, Any] = {} if endpoint.tls is None else {"ssl": endpoint.tls}
        return await _Connect(
            endpoint.url,
            sock=opened,
            subprotocols=[Subprotocol(one) for one in endpoint.subprotocols],
            additional_headers=_authorization(endpoint),
            user_agent_header=USER_AGENT,
            # a proxy of the environment would be a road for the password that nobody configured
            proxy=None,
            # permessage-deflate costs 33 to 80 KiB a connection
            compression=None,
            max_size=FRAME_BYTES_MAX,
            create_connection=_Connection,
            open_timeout=None,
            # its keepalive is a task for each connection, and follows no setting
            ping_interval=None,
            close_timeout=self._settings.close_s,
            logger=_SILENT,
            **tls,
        )

    async def _dial(self, host: str, port: int) -> socket.socket:
        """A TCP connection to the first address that answers; IPv6 and IPv4 take turns."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        error: OSError = socket.gaierror(f"no address of {host}")
        for family, kind, protocol, address in _in_turns([(entry[0], entry[1], entry[2], entry[4]) for entry in found]):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(0)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                async with asyncio.timeout(self._settings.address_s):
                    await loop.sock_connect(opened, address)
            except OSError as failed:
                # TimeoutError is one, too
                opened.close()
                error = failed
            except asyncio.CancelledError:
                opened.close()
                raise
            else:
                return opened
        raise error


class SocketWire:
    """A `Wire` over a real socket."""

    __slots__ = ("_connection", "_ping", "pong_s", "subprotocol")

    def __init__(self, connection: ClientConnection, subprotocol: str) -> None:
        """Take over an open connection, on which this was agreed."""
        self._connection = connection
        self.subprotocol = subprotocol
        self._ping: asyncio.Task[None] | None = None
        self.pong_s = 0.0

    def send(self, text: str) -> None:
        """Write a frame at once."""
        # the library's own way to write without waiting; it leaves out connections that are closing
        broadcast((self._connection,), text)

    async def reply(self, text: str) -> None:
        """Write a frame, and wait while the peer does not read."""
        try:
            await self._connection.send(text)
        except ConnectionClosed:
            # `receive` tells
            return

    def ping(self) -> None:
        """Ask for a sign of life; one at a time."""
        if self._ping is None or self._ping.done():
            self._ping = asyncio.create_task(self._pinged(), name="ocpp ping")

    async def _pinged(self) -> None:
        try:
            await (await self._connection.ping())
        except ConnectionClosed:
            return
        self.pong_s = asyncio.get_running_loop().time()

    async def receive(self) -> bytes:
        """The next frame, text or binary alike. Raises WireClosed."""
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            ours = error.sent.code if error.sent is not None and not error.rcvd_then_sent else None
            if error.rcvd is None:
                raise WireClosed(code=None, ours=ours) from error
            raise WireClosed(code=error.rcvd.code, reason=error.rcvd.reason, ours=ours) from error

    async def close(self, code: int, reason: str) -> None:
        """End it politely."""
        await self._connection.close(code, reason)

    def abort(self) -> None:
        """End it now."""
        self._connection.transport.abort()


class _Connection(ClientConnection):
    """The library's connection, which does not wait for the answer of a server that has already said something else."""

    def data_received(self, data: bytes) -> None:
        """A mail server speaks first, mostly before our request is out: without this the handshake waits until its time is over."""
        super().data_received(data)
        if self.response is None and self.protocol.handshake_exc is not None:
            self.transport.abort()


class _Connect(connect):
    """The library's connect, without redirects: they would carry the password to wherever a server likes."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Refuse."""
        return exc


def _authorization(endpoint: Endpoint) -> dict[str, str] | None:
    """RFC 7617. Built here since a hex password is bytes, and since it must not stand in the URL."""
    if endpoint.password is None:
        return None
    credentials = endpoint.identity.encode() + b":" + endpoint.password
    return {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}


def _of_response(error: InvalidStatus, endpoint: Endpoint, utc_ms: int) -> Failure:
    headers = error.response.headers
    return failures.of_status(
        error.response.status_code,
        subprotocol=failures.either(endpoint.subprotocols),
        location=next(iter(headers.get_all("Location")), None),
        retry_after_s=retry_after_s(next(iter(headers.get_all("Retry-After")), None), utc_ms),
    )


def _in_turns(addresses: Iterable[_Address]) -> list[_Address]:
    """The families take turns, the resolver's favourite first (RFC 8305 §4)."""
    families: dict[int, list[_Address]] = {}
    for address in addresses:
        families.setdefault(address[0], []).append(address)
    return [address for address in chain.from_iterable(zip_longest(*families.values())) if address is not None]
