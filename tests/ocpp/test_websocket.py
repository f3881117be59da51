"""Connections over real sockets: handshakes, TLS, names, passwords. What goes wrong is told in one line that says what to do."""

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
import uvloop

from bridge.ocpp.failures import ConnectFailed, Failure
from bridge.ocpp.websocket import Opener, SocketSettings
from bridge.ocpp.wire import Endpoint, Wire, WireClosed
from tests.ocpp.stations import MS
from tests.peers.central_system import HOST, CentralSystem
from tests.peers.waiting import TIMEOUT_S

NOON_MS = 1_795_348_800_000
SETTINGS = SocketSettings(open_s=5.0, address_s=5.0, close_s=200 * MS)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def endpoint(url: str, *, password: bytes | None = None, tls: ssl.SSLContext | None = None) -> Endpoint:
    return Endpoint(url=f"{url}/CP1", identity="CP1", subprotocols=("ocpp1.6",), password=password, tls=tls)


async def opened(where: Endpoint, settings: SocketSettings = SETTINGS) -> Wire:
    return await Opener(lambda: NOON_MS, settings)(where)


async def failed(where: Endpoint, settings: SocketSettings = SETTINGS) -> Failure:
    with pytest.raises(ConnectFailed) as caught:
        await opened(where, settings)
    return caught.value.failure


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[str]:
    """A server that is no central system."""
    running = await asyncio.start_server(handler, HOST, 0)
    try:
        yield f"ws://{HOST}:{running.sockets[0].getsockname()[1]}"
    finally:
        running.close()
        await running.wait_closed()


# --- handshakes ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("W9")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 426, 429, 500, 502, 503, 504])
async def test_a_refused_handshake_says_what_to_do(csms: CentralSystem, status: int) -> None:
    csms.refuse(status)
    failure = await failed(endpoint(csms.url))
    assert f"HTTP {status}" in failure.line


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_server_that_speaks_first_is_known_at_once(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """A mail server: whether its greeting or our request is first, nobody waits for an answer that can't come."""
    with asyncio.Runner(loop_factory=loop) as runner:
        failures = runner.run(twenty_calls_at_a_mail_server())
    assert all("no WebSocket answers there" in failure.line for failure in failures)


async def twenty_calls_at_a_mail_server() -> list[Failure]:

    gone = asyncio.Event()

    async def greets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await gone.wait()
        writer.close()

    patient = SocketSettings(open_s=10 * TIMEOUT_S, address_s=5.0, close_s=200 * MS)
    async with server(greets) as url, asyncio.timeout(TIMEOUT_S):
        try:
            return await asyncio.gather(*(failed(endpoint(url), patient) for _ in range(20)))
        finally:
            gone.set()
            await asyncio.sleep(0)


@pytest.mark.parametrize("header, seconds", [("120", 120.0), ("Sun, 22 Nov 2026 12:02:00 GMT", 120.0), ("soon", None)])
async def test_retry_after_is_read(csms: CentralSystem, header: str, seconds: float | None) -> None:
    csms.refuse(429, {"Retry-After": header})
    assert (await failed(endpoint(csms.url))).retry_after_s == seconds


@pytest.mark.requirement("W9")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_refused_and_carry_no_password_anywhere(csms: CentralSystem, status: int) -> None:
    """A server can't send the password to wherever it likes."""
    async with CentralSystem() as elsewhere:
        csms.refuse(status, {"Location": f"{elsewhere.url}/CP1"})
        failure = await failed(endpoint(csms.url, password=b"secret"))
        assert elsewhere.knocks == []
        assert f"redirects to {elsewhere.url}/CP1" in failure.line


async def test_two_headers_where_one_belongs_do_no_harm(csms: CentralSystem) -> None:
    csms.refuse(302, {"Location": "/a", "Retry-After": "1"})
    assert "to /a" in (await failed(endpoint(csms.url))).line


@pytest.mark.parametrize("chosen", [None, "ocpp2.0.1"])
async def test_no_or_another_subprotocol_is_refused(csms: CentralSystem, chosen: str | None) -> None:
    """The library takes "none" for an agreement, and a central system that chose none would stay mute."""
    csms.subprotocol = chosen
    failure = await failed(endpoint(csms.url))
    assert ("chose none" if chosen is None else "chose ocpp2.0.1") in failure.line


async def test_the_password_goes_into_the_header_byte_for_byte(csms: CentralSystem) -> None:
    password = bytes.fromhex("00ff3a40") + "ü".encode()
    wire = await opened(endpoint(csms.url, password=password))
    header = (await csms.connected()).headers["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")) == b"CP1:" + password
    wire.abort()


async def test_without_a_password_no_header_is_sent(csms: CentralSystem) -> None:
    wire = await opened(endpoint(csms.url))
    headers = (await csms.connected()).headers
    assert "Authorization" not in headers
    assert "Sec-WebSocket-Extensions" not in headers, "no compression is offered: it triples the memory"
    wire.abort()


def test_the_password_is_in_no_repr() -> None:
    assert "secret" not in repr(endpoint("ws://x", password=b"secret"))


async def test_a_proxy_of_the_environment_is_not_used(csms: CentralSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody configured that road for the password."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "socks_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    (await opened(endpoint(csms.url))).abort()


# --- servers that are something else ------------------------------------------------------------------------------------------------


async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    writer.close()


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def web_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<html>hi</html>"[:-1])
    writer.close()


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: y\r\n" * 100_000)
    writer.close()


async def lies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")
    writer.close()


@pytest.mark.requirement("W8")
@pytest.mark.parametrize(
    "handler, advice",
    [
        (garbage, "no WebSocket answers"),
        (hang_up, "check the port"),
        (web_page, "a web page answers"),
        (endless_headers, "no WebSocket answers"),
        (lies, "no WebSocket answers"),
    ],
)
async def test_what_is_no_central_system_is_recognised(handler: Handler, advice: str) -> None:
    async with server(handler) as url:
        assert advice in (await failed(endpoint(url))).line


async def test_a_server_that_never_answers_is_given_up() -> None:
    over = asyncio.Event()

    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with server(mute) as url:
        failure = await failed(endpoint(url), SocketSettings(open_s=50 * MS, address_s=50 * MS))
        over.set()
    assert "within 0.05 s" in failure.line


# --- the network --------------------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.requirement("W1")
async def test_a_refused_connection_says_what_to_do() -> None:
    assert "refuses the connection: check the port" in (await failed(endpoint(f"ws://{HOST}:{free_port()}"))).line


@pytest.mark.requirement("W1")
async def test_an_unknown_name_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    assert "the name csms.example can't be resolved" in (await failed(endpoint("ws://csms.example:9000"))).line


async def test_a_name_without_addresses_is_an_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object, **__: object) -> list[object]:
        return []

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nothing)
    assert "can't be resolved" in (await failed(endpoint("ws://csms.example:9000"))).line


@pytest.mark.requirement("W1")
async def test_a_dead_address_leaves_time_for_the_next(csms: CentralSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv6 that leads nowhere does not keep the station offline."""
    loop = asyncio.get_running_loop()
    dead = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 9, 0, 0))
    alive = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, csms.port))
    tried: list[str] = []
    real = loop.sock_connect

    async def resolved(*_: object, **__: object) -> list[object]:
        return [dead, (*dead[:4], ("::2", 9, 0, 0)), alive]

    async def connecting(opening: socket.socket, address: tuple[str, int]) -> None:
        tried.append(address[0])
        if opening.family is socket.AF_INET6:
            await loop.create_future()
        await real(opening, address)

    monkeypatch.setattr(loop, "getaddrinfo", resolved)
    monkeypatch.setattr(loop, "sock_connect", connecting)
    wire = await opened(endpoint(f"ws://csms.example:{csms.port}"), SocketSettings(open_s=5.0, address_s=20 * MS))
    wire.abort()
    assert tried == ["::1", HOST], "the families take turns"


async def test_giving_up_leaves_no_socket_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []

    async def connecting(opening: socket.socket, _: object) -> None:
        sockets.append(opening)
        await loop.create_future()

    monkeypatch.setattr(loop, "sock_connect", connecting)
    opening = asyncio.create_task(opened(endpoint(f"ws://{HOST}:9")))
    while not sockets:  # noqa: ASYNC110 - the resolver answers in a thread
        await asyncio.sleep(MS)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert sockets[0].fileno() == -1


# --- TLS ----------------------------------------------------------------------------------------------------------------------------


def serving(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def test_wss_with_an_authority_of_ones_own(authority: trustme.CA, certificate: Path) -> None:
    async with CentralSystem(tls=serving(authority, "localhost")) as csms:
        wire = await opened(endpoint(csms.url, tls=ssl.create_default_context(cafile=certificate)))
        await csms.connected()
        wire.abort()


@pytest.mark.requirement("W16")
async def test_a_certificate_that_nobody_vouches_for_is_refused_every_time(authority: trustme.CA, certificate: Path) -> None:
    """Not only at the first try (Mosquitto 2.0.9 skipped the check at the second)."""
    context = ssl.create_default_context()
    async with CentralSystem(tls=serving(authority, "localhost")) as csms:
        for _ in range(3):
            failure = await failed(endpoint(csms.url, tls=context))
            assert "set `ca_file`" in failure.line
            assert failure.patient
        assert csms.knocks == [], "no password was sent"


@pytest.mark.requirement("W16")
async def test_a_certificate_of_another_host_is_refused(authority: trustme.CA, certificate: Path) -> None:
    async with CentralSystem(tls=serving(authority, "elsewhere.example")) as csms:
        failure = await failed(endpoint(csms.url, tls=ssl.create_default_context(cafile=certificate)))
        assert "the URL must have the name that stands in the certificate" in failure.line


@pytest.mark.requirement("W16")
async def test_old_tls_is_refused(authority: trustme.CA, certificate: Path) -> None:
    context = serving(authority, "localhost")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with CentralSystem(tls=context) as csms:
        failure = await failed(endpoint(csms.url, tls=ssl.create_default_context(cafile=certificate)))
        assert "TLS" in failure.line or "hung up" in failure.line


async def test_tls_against_a_plain_port_says_what_to_do(csms: CentralSystem, certificate: Path) -> None:
    where = endpoint(csms.url.replace("ws://", "wss://"), tls=ssl.create_default_context(cafile=certificate))
    assert "ws:// against wss://" in (await failed(where)).line


async def test_a_plain_client_at_a_tls_port_says_what_to_do(authority: trustme.CA) -> None:
    async with CentralSystem(tls=serving(authority, "localhost")) as csms:
        assert "check the port" in (await failed(endpoint(csms.url.replace("wss://", "ws://")))).line


# --- an open connection -------------------------------------------------------------------------------------------------------------


async def test_text_and_binary_arrive_alike(csms: CentralSystem) -> None:
    wire = await opened(endpoint(csms.url))
    await csms.connected()
    csms.send("é")
    csms.send(b"\xff\x00")
    assert [await wire.receive(), await wire.receive()] == ["é".encode(), b"\xff\x00"]
    wire.abort()


async def test_a_ping_is_answered(csms: CentralSystem) -> None:
    wire = await opened(endpoint(csms.url))
    assert wire.pong_s == 0.0
    before_s = asyncio.get_running_loop().time()
    wire.ping()
    wire.ping()
    async with asyncio.timeout(TIMEOUT_S):
        while wire.pong_s == 0.0:  # noqa: ASYNC110 - nothing tells of a pong
            await asyncio.sleep(MS)
    assert wire.pong_s >= before_s
    wire.abort()


@pytest.mark.parametrize("code, reason", [(1000, "bye"), (1001, ""), (4001, "ünïcode")])
async def test_the_peers_close_is_told(csms: CentralSystem, code: int, reason: str) -> None:
    wire = await opened(endpoint(csms.url))
    await csms.connected()
    closing = asyncio.create_task(csms.close_all(code, reason))
    with pytest.raises(WireClosed) as closed:
        await wire.receive()
    assert (closed.value.code, closed.value.reason, closed.value.ours) == (code, reason, None)
    await closing


async def test_a_cut_is_told_as_one(csms: CentralSystem) -> None:
    wire = await opened(endpoint(csms.url))
    await csms.connected()
    csms.cut()
    with pytest.raises(WireClosed) as closed:
        await wire.receive()
    assert (closed.value.code, closed.value.ours) == (None, None)


async def test_what_breaks_the_rules_of_websockets_ends_the_connection(csms: CentralSystem) -> None:
    wire = await opened(endpoint(csms.url))
    connection = await csms.connected()
    connection.socket.transport.write(b"\xff\xff\xff\xff")
    with pytest.raises(WireClosed) as closed:
        await wire.receive()
    assert closed.value.ours == 1002


async def test_after_the_end_writing_and_pinging_go_nowhere(csms: CentralSystem) -> None:
    wire = await opened(endpoint(csms.url))
    await csms.connected()
    csms.cut()
    with pytest.raises(WireClosed):
        await wire.receive()
    wire.send("{}")
    wire.ping()
    await wire.reply("{}")
    await wire.close(1000, "")
    await asyncio.sleep(0)
    assert csms.frames == []


async def test_a_polite_close_is_heard(csms: CentralSystem) -> None:
    wire = await opened(endpoint(csms.url))
    await csms.connected()
    await wire.close(1001, "the bridge stops")
    assert await csms.gone() == (1001, "the bridge stops")


async def test_a_polite_close_does_not_wait_for_ever(csms: CentralSystem) -> None:
    wire = await opened(endpoint(csms.url))
    await csms.connected()
    csms.freeze()
    async with asyncio.timeout(TIMEOUT_S):
        await wire.close(1001, "the bridge stops")
