"""OCPP 2.0.1, blocks L and N: firmware to the wallbox, logs from the bridge, and what is known of customers."""

from typing import Any

import pytest

from tests.conformance.laboratory import TAG
from tests.conformance.laboratory201 import Station201, token
from tests.conformance.times import gaps_ms, soon
from tests.peers.file_server import HOST, FileServer, unpacked, web_server
from tests.peers.journal import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRMWARE, LOG = "FirmwareStatusNotification", "LogStatusNotification"
SIGNED = {
    "location": f"http://{HOST}/firmware/2.1.bin",
    "retrieveDateTime": "2026-01-01T00:00:00Z",
    "signingCertificate": "-----BEGIN CERTIFICATE-----",
    "signature": "MEUCIQ==",
}


def told(station: Station201, action: str) -> list[tuple[str, int]]:
    """What it told of files, in order: the status, and the request it is about."""
    return [(call.payload["status"], call.payload["requestId"]) for call in station.sent(action)]


async def orders(station: Station201, request: int, **fields: Any) -> str:  # noqa: ANN401 - a payload's field
    """UpdateFirmware, without another try: the status of its answer."""
    return await station.answers("UpdateFirmware", requestId=request, retries=0, firmware=SIGNED | fields)


async def updated(station: Station201, request: int, *words: str) -> None:
    """The wallbox reports these, one after the other, and each is told."""
    for word in words:
        await station.box.updates(word)
        await station.sends(FIRMWARE, status=word, requestId=request)


# --- firmware ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_L_02_CS")
async def test_an_update_is_installed_when_it_shall_be(station201: Station201) -> None:
    """The wallbox is told the time, checks the signature and waits."""
    when = soon(60)
    assert await orders(station201, 1, installDateTime=when) == "Accepted"
    order = await station201.box.ordered("firmware")
    assert (order["install_at"], order["signature"], order["signing_certificate"]) == (when, "MEUCIQ==", SIGNED["signingCertificate"])
    await updated(station201, 1, "Downloading", "Downloaded", "SignatureVerified", "InstallScheduled", "Installing")
    await station201.reports("Unavailable")
    await updated(station201, 1, "Installed")
    await station201.reports("Available")


@pytest.mark.requirement("2.0.1 TC_L_03_CS")
async def test_an_update_is_fetched_when_it_shall_be(station201: Station201) -> None:
    assert await orders(station201, 1, retrieveDateTime=soon(1.5)) == "Accepted"
    await station201.sends(FIRMWARE, status="DownloadScheduled", requestId=1)
    assert station201.box.orders == []
    await station201.box.ordered("firmware")
    words = ("Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed")
    await updated(station201, 1, *words)
    assert told(station201, FIRMWARE) == [(word, 1) for word in ("DownloadScheduled", *words)]


@pytest.mark.requirement("2.0.1 TC_L_07_CS")
async def test_a_download_that_fails_is_told(station201: Station201) -> None:
    assert await orders(station201, 1) == "Accepted"
    await station201.box.ordered("firmware")
    await updated(station201, 1, "Downloading", "DownloadFailed")
    await station201.settle()
    assert told(station201, FIRMWARE) == [("Downloading", 1), ("DownloadFailed", 1)]


@pytest.mark.requirement("2.0.1 TC_L_08_CS")
@pytest.mark.parametrize("word", ["InstallVerificationFailed", "InstallationFailed"])
async def test_an_installation_that_fails_is_told(station201: Station201, word: str) -> None:
    assert await orders(station201, 1) == "Accepted"
    await station201.box.ordered("firmware")
    await updated(station201, 1, "Downloading", "Downloaded", "SignatureVerified", "Installing")
    await station201.reports("Unavailable")
    await updated(station201, 1, word)
    await station201.reports("Available")


@pytest.mark.requirement("2.0.1 TC_L_10_CS")
async def test_a_new_order_takes_the_place_of_a_download(station201: Station201) -> None:
    assert await orders(station201, 1) == "Accepted"
    await station201.box.ordered("firmware")
    await updated(station201, 1, "Downloading")
    assert await orders(station201, 2) == "AcceptedCanceled"
    await station201.box.ordered("firmware", count=2)
    station201.mark()
    await updated(station201, 2, "Downloaded", "SignatureVerified", "Installing", "Installed")
    assert {request for _, request in told(station201, FIRMWARE)} == {2}


@pytest.mark.requirement("2.0.1 TC_L_13_CS")
async def test_an_update_waits_for_the_end_of_a_transaction(station201: Station201) -> None:
    """A wallbox that starts anew in the middle of a transaction would end it."""
    await station201.charges()
    assert await orders(station201, 1) == "Accepted"
    await station201.sends(FIRMWARE, status="DownloadScheduled", requestId=1)
    await station201.settle()
    assert station201.box.orders == []
    await station201.box.unplug()
    await station201.ended()
    await station201.box.ordered("firmware")
    await updated(station201, 1, "Downloading", "Downloaded", "SignatureVerified", "Installing")
    await station201.reports("Unavailable")
    await updated(station201, 1, "Installed")


@pytest.mark.requirement("2.0.1 TC_F_19_CS")
async def test_the_status_of_an_update_can_be_asked_for(station201: Station201) -> None:
    assert await orders(station201, 1) == "Accepted"
    await station201.box.ordered("firmware")
    await updated(station201, 1, "Downloading")
    station201.mark()
    assert await station201.trigger(FIRMWARE) == "Accepted"
    assert (await station201.sends(FIRMWARE)).payload == {"status": "Downloading", "requestId": 1}


# --- logs -------------------------------------------------------------------------------------------------------------------------


async def asks_for_log(station: Station201, server: FileServer, request: int = 1, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """GetLog: its answer."""
    usual = {"logType": "DiagnosticsLog", "requestId": request, "log": {"remoteLocation": server.url}}
    return await station.call("GetLog", **(usual | fields))


@pytest.mark.requirement("2.0.1 TC_N_25_CS")
async def test_the_diagnostics_arrive(station201: Station201) -> None:
    async with web_server() as server:
        answer = await asks_for_log(station201, server)
        assert answer["status"] == "Accepted"
        await station201.sends(LOG, status="Uploaded", requestId=1)
        path, content = await server.received()
    assert path == f"/{answer['filename']}"
    assert '"BootNotification"' in unpacked(content)["journal.log"]
    assert told(station201, LOG) == [("Uploading", 1), ("Uploaded", 1)]


@pytest.mark.requirement("2.0.1 TC_N_35_CS")
async def test_the_security_log_arrives(station201: Station201) -> None:
    """It is about the doors, not about the charging."""
    async with web_server() as server:
        assert (await asks_for_log(station201, server, logType="SecurityLog"))["status"] == "Accepted"
        await station201.sends(LOG, status="Uploaded", requestId=1)
        _, content = await server.received()
    log = unpacked(content)["security.log"]
    assert '"BootNotification"' in log
    assert '"StatusNotification"' not in log
    assert told(station201, LOG) == [("Uploading", 1), ("Uploaded", 1)]


@pytest.mark.requirement("2.0.1 TC_N_26_CS")
async def test_a_failed_upload_is_tried_again_as_often_as_was_asked(station201: Station201) -> None:
    async with web_server() as server:
        server.refusal = 500
        assert (await asks_for_log(station201, server, retries=3, retryInterval=1))["status"] == "Accepted"
        await station201.sends(LOG, status="UploadFailure", requestId=1, count=4)
        await station201.settle()
        assert len(server.asked) == 4
    assert told(station201, LOG) == [("Uploading", 1), ("UploadFailure", 1)] * 4
    begun: list[Call] = station201.sent(LOG, status="Uploading")
    assert all(gap >= 900 for gap in gaps_ms([call.frame.at_ms for call in begun]))


@pytest.mark.requirement("2.0.1 TC_N_36_CS")
@pytest.mark.requirement("2.0.1 TC_F_16_CS")
async def test_a_second_request_takes_the_place_of_the_first(station201: Station201) -> None:
    async with web_server() as server:
        server.held.clear()
        await asks_for_log(station201, server, 1)
        await server.was_asked()
        assert await station201.trigger(LOG) == "Accepted"
        await station201.sends(LOG, status="Uploading", requestId=1, count=2)
        assert (await asks_for_log(station201, server, 2))["status"] == "AcceptedCanceled"
        await server.was_asked(2)
        server.held.set()
        await station201.sends(LOG, status="Uploaded", requestId=2)
    assert told(station201, LOG)[2:] == [("AcceptedCanceled", 1), ("Uploading", 2), ("Uploaded", 2)]


async def test_logs_go_nowhere_else(station201: Station201) -> None:
    """A host that the configuration does not list gets nothing."""
    elsewhere = {"logType": "DiagnosticsLog", "requestId": 1, "log": {"remoteLocation": "http://localhost:1/"}}
    assert await station201.answers("GetLog", **elsewhere) == "Rejected"
    await station201.settle()
    assert station201.sent(LOG) == []


# --- customers --------------------------------------------------------------------------------------------------------------------

STRANGER = "04123456"


async def asks_for_customer(station: Station201, *, report: bool, clear: bool, tag: str = TAG) -> list[str]:
    """CustomerInformation, which must be Accepted: what is told of them."""
    station.mark()
    assert await station.answers("CustomerInformation", requestId=9, report=report, clear=clear, idToken=token(tag)) == "Accepted"
    parts = await station.parts("NotifyCustomerInformation", requestId=9)
    assert [part.payload["seqNo"] for part in parts] == list(range(len(parts)))
    return [part.payload["data"] for part in parts]


@pytest.mark.requirement("2.0.1 TC_N_27_CS")
async def test_what_is_known_of_a_customer_is_told(station201: Station201) -> None:
    await station201.knows(TAG)
    (data,) = await asks_for_customer(station201, report=True, clear=False)
    assert TAG in data
    assert "Accepted" in data


@pytest.mark.requirement("2.0.1 TC_N_28_CS")
async def test_of_a_stranger_nothing_is_known(station201: Station201) -> None:
    assert await asks_for_customer(station201, report=True, clear=False, tag=STRANGER) == ["nothing is stored"]


@pytest.mark.requirement("2.0.1 TC_N_29_CS")
@pytest.mark.requirement("2.0.1 TC_N_33_CS")
@pytest.mark.parametrize("clear", [False, True], ids=["report", "clear"])
async def test_a_request_for_nobody_is_invalid(station201: Station201, clear: bool) -> None:
    assert await station201.answers("CustomerInformation", requestId=9, report=not clear, clear=clear) == "Invalid"


@pytest.mark.requirement("2.0.1 TC_N_30_CS")
async def test_a_customer_is_told_of_and_then_forgotten(station201: Station201) -> None:
    await station201.knows(TAG)
    (data,) = await asks_for_customer(station201, report=True, clear=True)
    assert TAG in data
    await station201.settle()
    assert await asks_for_customer(station201, report=True, clear=False) == ["nothing is stored"]


@pytest.mark.requirement("2.0.1 TC_N_31_CS")
async def test_a_stranger_is_forgotten_as_well(station201: Station201) -> None:
    assert await asks_for_customer(station201, report=True, clear=True, tag=STRANGER) == ["nothing is stored"]


@pytest.mark.requirement("2.0.1 TC_N_32_CS")
async def test_a_customer_is_forgotten_without_a_word_about_them(station201: Station201) -> None:
    await station201.knows(TAG)
    assert await asks_for_customer(station201, report=False, clear=True) == ["cleared"]
    await station201.settle()
    assert await asks_for_customer(station201, report=True, clear=False) == ["nothing is stored"]
