"""Diagnostics and firmware as a 1.6 central system asks for them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.backend import FirmwareRequested, LogRequested
from bridge.core.effects import Answer, Outcome
from bridge.core.orders import FirmwareJob, FirmwareTold, LogJob, LogKind, LogTold, Notice, ReservationEnded
from bridge.core.settings import Ability
from bridge.core.state import State
from bridge.core.values import RequestId
from bridge.ocpp.dialect import Context, Errand, Handled, Outgoing, Passed, Refusal, Reply
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.v16.keys import get_configuration
from bridge.ocpp.validation import Kind
from tests.ocpp.official import assert_valid, payloads
from tests.ocpp.worlds import NOW, STAMP, asked, charge_point

OCPP = Dialect16()
URL = "ftp://ada:secret@files.example/in/"
JOB = FirmwareJob(id=1, location=URL)


def able(*, can: frozenset[Ability] = frozenset({Ability.FIRMWARE}), hosts: tuple[str, ...] = ("files.example",)) -> Context:
    state = charge_point()
    return asked(replace(state, rules=replace(state.rules, can=can, file_hosts=hosts)))


def ask(action: str, context: Context, **payload: Any) -> Handled:  # noqa: ANN401 - a payload's field
    assert_valid(action, Kind.REQUEST, payload)
    handled = OCPP.handle(action, payload, context)
    if isinstance(handled, Reply):
        assert_valid(action, Kind.RESPONSE, handled.payload)
        for message in handled.messages:
            assert_valid(message.action, Kind.REQUEST, message.payload)
    return handled


def test_diagnostics_are_promised_by_the_name_of_their_file() -> None:
    handled = ask(
        "GetDiagnostics",
        able(can=frozenset()),
        location=URL,
        retries=3,
        retryInterval=20,
        startTime="2026-11-22T00:00:00Z",
        stopTime="2026-11-22T01:00:00+01:00",
    )
    assert isinstance(handled, Reply)
    assert isinstance(handled.event, LogRequested)
    assert handled.payload == {"fileName": "carport-diagnostics-20261122T104510Z.tar.gz"}
    assert handled.messages == ()
    assert handled.event.job == LogJob(
        id=NOW.utc_ms,
        kind=LogKind.DIAGNOSTICS,
        location=URL,
        file=handled.payload["fileName"],
        oldest_ms=1_795_305_600_000,
        newest_ms=1_795_305_600_000,
        retries=3,
        retry_s=20,
    )


@pytest.mark.parametrize("url", ["ftp://elsewhere.example/", "file:///etc/passwd", "files.example"])
def test_nothing_goes_to_a_host_that_is_not_listed(url: str) -> None:
    """A central system that was taken over must not have files sent wherever it likes."""
    failed = (Outgoing("DiagnosticsStatusNotification", {"status": "UploadFailed"}),)
    assert OCPP.handle("GetDiagnostics", {"location": url}, able()) == Reply(payload={}, messages=failed)
    assert OCPP.handle("GetDiagnostics", {"location": URL}, able(hosts=())) == Reply(payload={}, messages=failed)
    told = (Outgoing("FirmwareStatusNotification", {"status": "DownloadFailed"}),)
    payload = {"location": url, "retrieveDate": "2026-11-22T00:00:00Z"}
    assert OCPP.handle("UpdateFirmware", payload, able()) == Reply(payload={}, messages=told)


def test_an_update_is_passed_to_the_core_and_answered_with_nothing() -> None:
    handled = ask("UpdateFirmware", able(), location=URL, retrieveDate="2026-11-22T10:00:00Z", retries=1, retryInterval=5)
    job = FirmwareJob(id=NOW.utc_ms, location=URL, retrieve_ms=1_795_341_600_000, retries=1, retry_s=5)
    assert handled == Passed(event=FirmwareRequested(request=RequestId("request-1"), job=job, **STAMP))
    for outcome in Outcome:
        assert OCPP.answer("UpdateFirmware", Answer(request=RequestId("x"), outcome=outcome), charge_point()) == {}


def test_without_the_hardware_for_it_firmware_is_neither_claimed_nor_taken() -> None:
    bare = able(can=frozenset({Ability.LIMIT}))
    handled = ask("UpdateFirmware", bare, location=URL, retrieveDate="2026-11-22T10:00:00Z")
    assert isinstance(handled, Refusal)
    assert handled.code == "NotSupported"
    for context, claimed in ((bare, False), (able(), True)):
        (key,) = get_configuration(["SupportedFeatureProfiles"], context.state)["configurationKey"]
        assert ("FirmwareManagement" in key["value"]) is claimed


@pytest.mark.parametrize(
    "notice, told",
    [
        (LogTold(job=1, status="Uploading"), "DiagnosticsStatusNotification Uploading"),
        (LogTold(job=1, status="Uploaded"), "DiagnosticsStatusNotification Uploaded"),
        (LogTold(job=1, status="UploadFailure"), "DiagnosticsStatusNotification UploadFailed"),
        (LogTold(job=1, status="PermissionDenied"), "DiagnosticsStatusNotification UploadFailed"),
        (LogTold(job=1, status="AcceptedCanceled"), None),
        (FirmwareTold(job=1, status="DownloadScheduled"), None),
        (FirmwareTold(job=1, status="Downloading"), "FirmwareStatusNotification Downloading"),
        (FirmwareTold(job=1, status="SignatureVerified"), None),
        (FirmwareTold(job=1, status="InvalidSignature"), "FirmwareStatusNotification InstallationFailed"),
        (FirmwareTold(job=1, status="Installed"), "FirmwareStatusNotification Installed"),
        (ReservationEnded(id=1, expired=True), None),
    ],
)
def test_what_is_told_is_in_the_words_of_1_6(notice: Notice, told: str | None) -> None:
    outgoing = OCPP.notice(notice, charge_point())
    for message in outgoing:
        assert_valid(message.action, Kind.REQUEST, message.payload)
    assert [f"{message.action} {message.payload['status']}" for message in outgoing] == ([] if told is None else [told])


def updating(status: str) -> State:
    state = charge_point()
    return replace(state, kept=replace(state.kept, firmware=JOB, firmware_status=status))


@pytest.mark.parametrize(
    "errand, state, told",
    [
        (Errand.DIAGNOSTICS_STATUS, charge_point(), "Idle"),
        (Errand.DIAGNOSTICS_STATUS, replace(charge_point(), log_job=LogJob(id=1, kind=LogKind.SECURITY, location=URL)), "Uploading"),
        (Errand.FIRMWARE_STATUS, charge_point(), "Idle"),
        (Errand.FIRMWARE_STATUS, updating("DownloadScheduled"), "Idle"),
        (Errand.FIRMWARE_STATUS, updating("Downloading"), "Downloading"),
        (Errand.FIRMWARE_STATUS, updating("SignatureVerified"), "Downloaded"),
        (Errand.FIRMWARE_STATUS, updating("InstallRebooting"), "Installing"),
    ],
)
def test_a_triggered_status_is_the_present_one(errand: Errand, state: State, told: str) -> None:
    (message,) = OCPP.errand(errand, state, None)
    assert_valid(message.action, Kind.REQUEST, message.payload)
    assert (message.action, message.payload) == (errand.value, {"status": told})


@given(
    request=st.sampled_from(["GetDiagnostics", "UpdateFirmware"]).flatmap(
        lambda action: st.tuples(st.just(action), payloads(action, Kind.REQUEST))
    ),
    url=st.sampled_from([URL, "http://x", "http://[", ""]) | st.text(max_size=40),
)
def test_whatever_the_schema_lets_through_is_answered(request: tuple[str, dict[str, Any]], url: str) -> None:
    action, payload = request
    handled = OCPP.handle(action, payload | {"location": url}, able())
    if isinstance(handled, Reply):
        assert_valid(action, Kind.RESPONSE, handled.payload)
        for message in handled.messages:
            assert_valid(message.action, Kind.REQUEST, message.payload)
