"""Central systems that can't be reached: each ends in one line that says what to do, and works as soon as it is mended.

One bridge, a charge point for each way in which an address can be wrong, and a healthy one that charges meanwhile.
"""

import asyncio
import base64
import contextlib
import dataclasses
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
import trustme

from tests.bad_days.town import Town, town
from tests.peers.broker import Mosquitto, free_port
from tests.peers.central_system import HOST, CentralSystem, Close

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "a-secret-of-this-charge-point"

REFUSED: Mapping[int, tuple[str, ...]] = {
    200: ("a web page answers", "check the URL"),
    302: ("redirects to", "write the final address as the URL"),
    307: ("redirects to", "write the final address as the URL"),
    400: ("HTTP 400", "check the path of the URL and the identity"),
    401: ("HTTP 401", "the password is missing or wrong", "password_file"),
    403: ("HTTP 403", "create the charge point under exactly this identity"),
    404: ("HTTP 404", "create the charge point under exactly this identity", "correct the path of the URL"),
    426: ("HTTP 426", "check that the URL is the WebSocket address"),
    500: ("HTTP 500", "nothing to do here"),
    503: ("HTTP 503", "nothing to do here"),
}
"""By the status of the answer to the handshake: what the line says."""

UNREACHABLE: Mapping[str, tuple[str, ...]] = {
    "refused": ("refuses the connection", "check the port"),
    "unresolved": ("csms.invalid can't be resolved", "check its spelling, and the DNS"),
    "no-handshake": ("no connection within 1 s", "check the address, the firewall"),
    "hangs-up": ("check the port, and ws:// against wss://",),
    "mail-server": ("no WebSocket answers there", "check the port"),
    "ws-on-wss": ("check the port, and ws:// against wss://",),
    "wss-on-ws": ("check the port, ws:// against wss://",),
    "unknown-authority": ("is not trusted", "set `ca_file`"),
    "other-name": ("is not trusted", "the URL must have the name that stands in the certificate"),
    "expired": ("is not trusted", "its operator must renew it"),
    "no-subprotocol": ("chose none where ocpp1.6 was offered", "check the URL"),
    "other-subprotocol": ("chose ocpp2.0.1 where ocpp1.6 was offered", "set the `protocol`"),
    "mute": ("no answer to BootNotification within 5 s", "connected but mute"),
    "taken": ("code 1008", "no other device uses this identity"),
    "rejecting": ("BootNotification with Rejected", "accept it there"),
}
"""Other ways: what the line says."""

Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@dataclasses.dataclass(slots=True, kw_only=True)
class Addresses:
    """Everything one bridge is sent to."""

    town: Town
    systems: dict[str, CentralSystem]
    """By the name of its charge point."""
    elsewhere: CentralSystem
    """Where redirects go."""
    port: int
    """Where nobody listens."""


def tls(authority: trustme.CA, name: str = "localhost", *, not_after: datetime | None = None) -> ssl.SSLContext:
    """Of a server with a certificate for this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    before = None if not_after is None else datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert(name, not_before=before, not_after=not_after).configure_cert(context)
    return context


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    """The address of a server that is no central system."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await handler(reader, writer)

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield f"ws://{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def _says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts, and that was all."""


async def _hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _sends_mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")


async def _speaks_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As most servers answer TLS on a port without it."""
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def _systems(ground: contextlib.AsyncExitStack, authority: trustme.CA) -> dict[str, CentralSystem]:
    """Those that speak WebSocket, each in its own wrong way."""
    secured = {
        "ws-on-wss": tls(authority),
        "unknown-authority": tls(trustme.CA()),
        "other-name": tls(authority, "elsewhere.example"),
        "expired": tls(authority, not_after=datetime(2021, 1, 1, tzinfo=UTC)),
        "secured": tls(authority),
    }
    plain = [f"http-{status}" for status in REFUSED]
    plain += ["no-subprotocol", "other-subprotocol", "mute", "taken", "rejecting", "busy"]
    systems = {name: await ground.enter_async_context(CentralSystem(tls=secured.get(name))) for name in [*plain, *secured]}
    for status in REFUSED:
        systems[f"http-{status}"].refuse(status)
    systems["busy"].refuse(429, {"Retry-After": "2"})
    systems["no-subprotocol"].subprotocol = None
    systems["other-subprotocol"].subprotocol = "ocpp2.0.1"
    systems["mute"].mute = True
    systems["taken"].on("BootNotification", Close(1008, "a connection with this ID already exists"))
    systems["rejecting"].on("BootNotification", {"currentTime": "2026-01-01T00:00:00Z", "interval": 1, "status": "Rejected"})
    return systems


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def addresses(
    broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA, certificate: Path
) -> AsyncIterator[Addresses]:
    """The bridge is ready; none of the others has had to be."""
    folder = tmp_path_factory.mktemp("addresses")
    (folder / "password").write_text(PASSWORD)
    port = free_port()
    async with contextlib.AsyncExitStack() as ground:
        elsewhere = await ground.enter_async_context(CentralSystem())
        systems = await _systems(ground, authority)
        for status in (302, 307):
            systems[f"http-{status}"].refuse(status, {"Location": f"{elsewhere.url}/CP1"})
        urls = {name: system.url for name, system in systems.items()}
        urls["ws-on-wss"] = urls["ws-on-wss"].replace("wss:", "ws:")
        urls["refused"] = f"ws://{HOST}:{port}"
        urls["unresolved"] = "ws://csms.invalid"
        for name, handler in (("no-handshake", _says_nothing), ("hangs-up", _hangs_up), ("mail-server", _sends_mail)):
            urls[name] = await ground.enter_async_context(listening(handler))
        urls["wss-on-ws"] = (await ground.enter_async_context(listening(_speaks_plainly))).replace("ws:", "wss:")
        csms: dict[str, dict[str, Any]] = {name: {"url": url, "call_timeout_s": 5, "connect_timeout_s": 30} for name, url in urls.items()}
        csms["no-handshake"]["connect_timeout_s"] = 1
        csms["busy"]["reconnect_max_s"] = 4
        for name in ("other-name", "expired", "secured", "wss-on-ws"):
            csms[name]["ca_file"] = str(certificate)
        points = {name: {"csms": name, "password_file": "password"} for name in csms}
        place = await ground.enter_async_context(town(folder, broker, csms=csms, charge_points=points))
        yield Addresses(town=place, systems=systems, elsewhere=elsewhere, port=port)


# --- what it says -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, says", [*((f"http-{status}", says) for status, says in REFUSED.items()), *UNREACHABLE.items()], ids=lambda value: str(value)[:20]
)
async def test_it_says_in_one_line_what_to_do(addresses: Addresses, name: str, says: tuple[str, ...]) -> None:
    """On the topic of the charge point, and once in the log."""
    line = await addresses.town.error(name, *says)
    assert PASSWORD not in line
    # a server that hangs up does so now before, now after it has read
    assert 1 <= len(addresses.town.logged(f"{name}: ", *says)) <= (2 if name in {"hangs-up", "mail-server"} else 1)
    assert addresses.town.topics.value(f"charge_point/{name}/online") != "true"


async def test_everybody_else_is_served(addresses: Addresses) -> None:
    """With two dozen charge points that can't get through beside it."""
    await addresses.town.serves()


async def test_a_good_certificate_is_all_it_takes(addresses: Addresses) -> None:
    """The others of the authority's were refused for what is wrong with them, not for its sake."""
    await addresses.town.online("secured")


@pytest.mark.parametrize("status", [302, 307])
async def test_a_redirect_carries_the_password_nowhere(addresses: Addresses, status: int) -> None:
    """It came back to the same address again, and the place it was sent to has never heard of it."""
    system = addresses.systems[f"http-{status}"]
    await system.knocked(2)
    credentials = base64.b64encode(f"LAB-HTTP-{status}:{PASSWORD}".encode()).decode()
    assert system.knocks[-1].headers["Authorization"] == f"Basic {credentials}"
    assert addresses.elsewhere.knocks == []


async def test_too_many_requests_are_answered_with_patience(addresses: Addresses) -> None:
    """Retry-After: 2 means that nothing comes for two seconds; nobody has to mend anything."""
    system = addresses.systems["busy"]
    await addresses.town.error("busy", "HTTP 429", "nothing to do, the bridge waits")
    await system.knocked(2)
    assert min(later - earlier for earlier, later in pairwise(system.knocked_s)) >= 2
    system.welcome()
    await addresses.town.online("busy")


async def test_no_password_is_ever_in_the_log(addresses: Addresses) -> None:
    assert PASSWORD not in addresses.town.process.log()


# --- and then it is mended ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", REFUSED)
async def test_it_works_as_soon_as_the_central_system_lets_it_in(addresses: Addresses, status: int) -> None:
    addresses.systems[f"http-{status}"].welcome()
    await addresses.town.online(f"http-{status}")


@pytest.mark.parametrize("name", ["no-subprotocol", "other-subprotocol"])
async def test_it_works_as_soon_as_the_protocol_is_agreed(addresses: Addresses, name: str) -> None:
    addresses.systems[name].subprotocol = "ocpp1.6"
    await addresses.town.online(name)


@pytest.mark.parametrize("name", ["mute", "taken", "rejecting"])
async def test_it_works_as_soon_as_it_is_registered(addresses: Addresses, name: str) -> None:
    system = addresses.systems[name]
    system.mute = False
    system.on("BootNotification", {"currentTime": "2026-01-01T00:00:00Z", "interval": 300, "status": "Accepted"})
    await addresses.town.online(name)


async def test_it_works_as_soon_as_somebody_listens(addresses: Addresses) -> None:
    async with CentralSystem(port=addresses.port):
        await addresses.town.online("refused")


async def test_everybody_else_is_still_served(addresses: Addresses) -> None:
    await addresses.town.serves()
