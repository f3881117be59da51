"""Logs carried to real servers on loopback."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import trustme

from bridge.core.orders import LogJob, LogKind
from bridge.core.values import ChargePointId
from bridge.uploads.porter import Errand, Porter
from tests.peers.file_server import HOST, FileServer, ftp_server, sftp_server, unpacked, web_server
from tests.peers.waiting import Bell

GARAGE = ChargePointId("garage")
NAME = "garage-diagnostics-20261122T100000Z.tar.gz"
TEXTS = {"journal.log": "what was said\n"}
DOOR_S = 20.0


def collect(_charge_point: ChargePointId, _job: LogJob) -> Mapping[str, str]:
    return TEXTS


@dataclass
class Desk:
    """Sends logs and hears how it went."""

    porter: Porter = field(default_factory=lambda: Porter(collect))
    told: list[tuple[int, str]] = field(default_factory=list)
    bell: Bell = field(default_factory=Bell)

    def report(self, job: int, status: str) -> None:
        self.told.append((job, status))
        self.bell.ring()

    async def sends(self, url: str, *, job: int = 1, hosts: tuple[str, ...] = (HOST,), **more: Path) -> str:
        begun = len(self.told)
        self.porter.start(errand(url, job=job, hosts=hosts, **more), self.report)
        await self.bell.until(lambda: len(self.told) > begun or None, lambda: f"a word; {self.told}")
        assert self.told[-1][0] == job
        return self.told[-1][1]


def errand(url: str, *, job: int = 1, hosts: tuple[str, ...] = (HOST,), **more: Path) -> Errand:
    return Errand(
        charge_point=GARAGE,
        job=LogJob(id=job, kind=LogKind.DIAGNOSTICS, location=url, file=NAME),
        hosts=hosts,
        utc_ms=1_795_341_600_000,
        **more,
    )


def is_whole(server: FileServer, path: str) -> bool:
    return unpacked(server.files[path]) == TEXTS


# --- HTTP -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "below, path, asked",
    [
        ("", f"/{NAME}", f"PUT /{NAME}"),
        ("logs/", f"/logs/{NAME}", f"PUT /logs/{NAME}"),
        ("in/mine.tgz", "/in/mine.tgz", "PUT /in/mine.tgz"),
        ("put?sig=a%2Fb", "/put?sig=a%2Fb", "PUT /put?sig=a%2Fb"),
    ],
)
async def test_a_log_arrives_by_http(below: str, path: str, asked: str) -> None:
    async with web_server() as server:
        assert await Desk().sends(server.url + below) == "Uploaded"
        assert is_whole(server, path)
        assert server.asked == [asked]


async def test_a_server_that_wants_a_form_gets_one() -> None:
    """Many servers take no PUT: they get what a browser would send."""
    async with web_server() as server:
        server.puts = False
        assert await Desk().sends(server.url + "upload") == "Uploaded"
        assert is_whole(server, "/upload")
        assert server.asked == [f"PUT /upload/{NAME}", "POST /upload"]


async def test_credentials_of_the_url_go_into_the_header_and_into_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async with web_server() as server:
        caplog.set_level("DEBUG")
        await Desk().sends(f"http://ada:s%40cret@{HOST}:{server.port}/")
        assert server.asked == [f"PUT /{NAME} Basic YWRhOnNAY3JldA=="]
        assert "cret" not in caplog.text


async def test_a_redirect_is_not_followed() -> None:
    """It leads to a host nobody has allowed."""
    async with web_server() as server:
        server.refusal = 307
        assert await Desk().sends(server.url) == "UploadFailure"
        assert len(server.asked) == 1


@pytest.mark.parametrize("status, word", [(403, "PermissionDenied"), (400, "BadMessage"), (500, "UploadFailure")])
async def test_a_refusal_is_told_in_its_own_word(status: int, word: str) -> None:
    async with web_server() as server:
        server.refusal = status
        assert await Desk().sends(server.url) == word


async def test_https_is_checked_against_the_configured_authority(tmp_path: Path) -> None:
    authority = trustme.CA()
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    async with web_server(context) as server:
        assert await Desk().sends(server.url) == "UploadFailure"
        assert server.files == {}
        assert await Desk().sends(server.url, ca_file=trusted) == "Uploaded"
        assert is_whole(server, f"/{NAME}")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://127.0.0.1:1/", "sftp://127.0.0.1:1/", "http://nowhere.invalid/"])
async def test_a_server_that_is_not_there_is_a_failure(url: str) -> None:
    assert await Desk().sends(url, hosts=(HOST, "nowhere.invalid")) == "UploadFailure"


async def test_a_host_that_is_not_listed_is_not_even_called() -> None:
    async with web_server() as server:
        assert await Desk().sends(server.url, hosts=("files.example",)) == "UploadFailure"
        assert await Desk().sends("not a url") == "UploadFailure"
        assert server.asked == []


# --- FTP and SFTP -----------------------------------------------------------------------------------------------------------------


async def test_a_log_arrives_by_ftp() -> None:
    async with ftp_server() as server:
        assert await Desk().sends(f"ftp://ada:secret@{HOST}:{server.port}/in/") == "Uploaded"
        assert is_whole(server, f"in/{NAME}")


async def test_a_log_arrives_by_ftps(tmp_path: Path) -> None:
    authority = trustme.CA()
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    async with ftp_server(tls=context) as server:
        url = f"ftps://ada:secret@{HOST}:{server.port}/in/"
        assert await Desk().sends(url) == "UploadFailure"
        assert not any(line.startswith("PASS") for line in server.asked), "no password before the certificate has been checked"
        assert await Desk().sends(url, ca_file=trusted) == "Uploaded"
        assert is_whole(server, f"in/{NAME}")


@pytest.mark.parametrize(
    "account, refusal, word",
    [
        ("ada:wrong", None, "PermissionDenied"),
        ("ada:secret", 553, "PermissionDenied"),
        ("ada:secret", 452, "UploadFailure"),
    ],
)
async def test_what_an_ftp_server_refuses_is_told(account: str, refusal: int | None, word: str) -> None:
    async with ftp_server() as server:
        server.refusal = refusal
        assert await Desk().sends(f"ftp://{account}@{HOST}:{server.port}/") == word


async def test_a_line_break_in_a_name_is_no_command() -> None:
    async with ftp_server() as server:
        assert await Desk().sends(f"ftp://ada:secret@{HOST}:{server.port}/x%0d%0aDELE%20y/") == "UploadFailure"
        assert not any(line.startswith("DELE") for line in server.asked)


async def test_a_log_arrives_by_sftp(tmp_path: Path) -> None:
    folder, known, other = tmp_path / "files", tmp_path / "known_hosts", tmp_path / "other"
    (folder / "in").mkdir(parents=True)
    async with sftp_server(folder) as server:
        known.write_text(f"[{HOST}]:{server.port} {server.public_key}")
        other.write_text("")
        assert await Desk().sends(server.url + "in/") == "Uploaded"
        assert unpacked((folder / "in" / NAME).read_bytes()) == TEXTS
        assert await Desk().sends(server.url, known_hosts=known) == "Uploaded"
        assert await Desk().sends(server.url, known_hosts=other) == "PermissionDenied"
        assert await Desk().sends(server.url.replace("secret", "wrong")) == "PermissionDenied"
        assert await Desk().sends(server.url + "missing/") == "UploadFailure"


# --- time -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "ftp"])
async def test_an_attempt_that_takes_too_long_is_given_up(scheme: str) -> None:
    """A server that is connected and mute holds nobody for ever."""
    async with web_server() if scheme == "http" else ftp_server() as server:
        server.held.clear()
        desk = Desk(porter=Porter(collect, attempt_s=0.3))
        async with asyncio.timeout(DOOR_S):
            assert await desk.sends(f"{scheme}://ada:secret@{HOST}:{server.port}/") == "UploadFailure"
            await desk.porter.stop()


async def test_a_mute_server_is_left_after_a_while() -> None:
    async with web_server() as server:
        server.held.clear()
        async with asyncio.timeout(DOOR_S):
            assert await Desk(porter=Porter(collect, silence_s=0.3)).sends(server.url) == "UploadFailure"


async def test_the_next_log_takes_the_place_of_the_one_that_is_on_its_way() -> None:
    """One that is given up says nothing more."""
    async with web_server() as slow, web_server() as quick:
        slow.held.clear()
        desk = Desk()
        desk.porter.start(errand(slow.url, job=1), desk.report)
        await slow.was_asked()
        assert await desk.sends(quick.url, job=2) == "Uploaded"
        slow.held.set()
        assert desk.told == [(2, "Uploaded")]
        await desk.porter.stop()


async def test_at_the_end_nothing_is_left_behind() -> None:
    async with web_server() as server:
        server.held.clear()
        desk = Desk()
        desk.porter.start(errand(server.url), desk.report)
        await server.was_asked()
        await desk.porter.stop()
        assert desk.told == []


async def test_the_loop_goes_on_meanwhile() -> None:
    """A slow server holds a thread, never the site."""
    async with web_server() as server:
        server.held.clear()
        desk = Desk()
        desk.porter.start(replace(errand(server.url)), desk.report)
        await server.was_asked()
        turns = 0
        for _ in range(100):
            await asyncio.sleep(0)
            turns += 1
        assert turns == 100
        server.held.set()
        await server.received()
        await desk.porter.stop()
