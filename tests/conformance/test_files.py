"""OCPP 1.6, Firmware Management: firmware to the wallbox, logs from the bridge, with real servers for the files."""

import pytest

from tests.conformance.laboratory import TAG, Station
from tests.peers.file_server import HOST, ftp_server, unpacked, web_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRMWARE = {"location": f"http://{HOST}/firmware/2.1.bin", "retrieveDate": "2026-01-01T00:00:00Z"}


def statuses(station: Station, action: str) -> list[str]:
    """What it told of files, in order."""
    return [call.payload["status"] for call in station.sent(action)]


async def updated(station: Station, *words: str) -> None:
    """The wallbox reports these, one after the other."""
    for word in words:
        await station.box.updates(word)
        await station.sends("FirmwareStatusNotification", status=word)


# --- firmware ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_044_1_CS")
async def test_an_update_is_downloaded_and_installed(station: Station) -> None:
    assert await station.call("UpdateFirmware", **FIRMWARE) == {}
    order = await station.box.ordered("firmware")
    assert order["url"] == FIRMWARE["location"]
    await updated(station, "Downloading", "Downloaded", "Installing")
    await station.reports("Unavailable")
    await updated(station, "Installed")
    await station.reports("Available")
    assert statuses(station, "FirmwareStatusNotification") == ["Downloading", "Downloaded", "Installing", "Installed"]


@pytest.mark.requirement("1.6 TC_044_2_CS")
async def test_a_download_that_fails_is_told(station: Station) -> None:
    await station.call("UpdateFirmware", **FIRMWARE, retries=0)
    await station.box.ordered("firmware")
    await updated(station, "Downloading", "DownloadFailed")
    await station.settle()
    assert statuses(station, "FirmwareStatusNotification") == ["Downloading", "DownloadFailed"]
    assert (await station.box.tap(TAG)).led == "green"


@pytest.mark.requirement("1.6 TC_044_3_CS")
async def test_an_installation_that_fails_is_told(station: Station) -> None:
    await station.call("UpdateFirmware", **FIRMWARE, retries=0)
    await station.box.ordered("firmware")
    await updated(station, "Downloading", "Downloaded", "Installing")
    await station.reports("Unavailable")
    await updated(station, "InstallationFailed")
    await station.reports("Available")


async def test_firmware_from_elsewhere_is_not_fetched(station: Station) -> None:
    """Hosts that the configuration does not list are refused as 1.6 can: by the status."""
    elsewhere = FIRMWARE | {"location": "http://files.example/2.1.bin"}
    assert await station.call("UpdateFirmware", **elsewhere) == {}
    await station.sends("FirmwareStatusNotification", status="DownloadFailed")
    await station.settle()
    assert station.box.orders == []


# --- diagnostics ------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_045_1_CS")
async def test_diagnostics_arrive_by_http(station: Station) -> None:
    """The file holds what was said on this link, and no whole tag."""
    await station.box.tap(TAG)
    async with web_server() as server:
        name = (await station.call("GetDiagnostics", location=server.url + "in/"))["fileName"]
        await station.sends("DiagnosticsStatusNotification", status="Uploaded")
        path, content = await server.received()
    assert path == f"/in/{name}"
    journal = unpacked(content)["journal.log"]
    assert '"BootNotification"' in journal
    assert '"Authorize"' in journal
    assert TAG not in journal
    assert all(other not in journal for other in ("socket-15", "tethered-1"))
    assert statuses(station, "DiagnosticsStatusNotification") == ["Uploading", "Uploaded"]


@pytest.mark.requirement("1.6 TC_045_1_CS")
async def test_diagnostics_arrive_by_ftp(station: Station) -> None:
    async with ftp_server() as server:
        location = f"ftp://ada:secret@{HOST}:{server.port}/in/"
        name = (await station.call("GetDiagnostics", location=location, startTime="2100-01-01T00:00:00Z"))["fileName"]
        await station.sends("DiagnosticsStatusNotification", status="Uploaded")
        path, content = await server.received()
    assert path == f"in/{name}"
    assert unpacked(content)["journal.log"] == "", "nothing has been said after that time"


@pytest.mark.requirement("1.6 TC_045_2_CS")
async def test_an_upload_that_fails_is_told_and_nothing_else_happens(station: Station) -> None:
    await station.call("GetDiagnostics", location=f"ftp://{HOST}:1/", retries=0)
    await station.sends("DiagnosticsStatusNotification", status="UploadFailed")
    await station.settle()
    assert statuses(station, "DiagnosticsStatusNotification") == ["Uploading", "UploadFailed"]
    assert (await station.box.tap(TAG)).led == "green"


async def test_diagnostics_go_nowhere_else(station: Station) -> None:
    """A host that the configuration does not list gets nothing."""
    assert await station.call("GetDiagnostics", location="http://localhost:1/") == {}
    await station.sends("DiagnosticsStatusNotification", status="UploadFailed")
    await station.settle()
    assert statuses(station, "DiagnosticsStatusNotification") == ["UploadFailed"]


async def test_the_status_of_an_upload_can_be_asked_for(station: Station) -> None:
    async with web_server() as server:
        server.held.clear()
        await station.call("GetDiagnostics", location=server.url)
        await server.was_asked()
        assert await station.trigger("DiagnosticsStatusNotification") == "Accepted"
        await station.sends("DiagnosticsStatusNotification", status="Uploading", count=2)
        server.held.set()
        await station.sends("DiagnosticsStatusNotification", status="Uploaded")
    assert await station.trigger("DiagnosticsStatusNotification") == "Accepted"
    await station.sends("DiagnosticsStatusNotification", status="Idle")
