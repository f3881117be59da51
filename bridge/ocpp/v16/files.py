"""Diagnostics and firmware (OCPP 1.6 §5.6 GetDiagnostics, §5.19 UpdateFirmware). Pure."""

from collections.abc import Mapping
from typing import assert_never

from bridge.core.backend import FirmwareRequested, LogRequested
from bridge.core.files import firmware_status, log_status
from bridge.core.orders import FirmwareJob, FirmwareTold, LogJob, LogKind, LogTold, Notice, ReservationEnded
from bridge.core.settings import Ability
from bridge.core.state import State
from bridge.ocpp.dialect import Context, Errand, Handled, Handler, JsonObject, Outgoing, Passed, Reply, Words
from bridge.ocpp.times import from_iso
from bridge.ocpp.transfers import file_name, may_reach, retries, retry_s
from bridge.ocpp.v16.refusals import unknown_action

_DIAGNOSTICS, _FIRMWARE = "DiagnosticsStatusNotification", "FirmwareStatusNotification"


# --- diagnostics ------------------------------------------------------------------------------------------------------------------


def _get_diagnostics(payload: JsonObject, context: Context) -> Handled:
    if not may_reach(context.state, payload["location"]):
        # §5.6 has no word for no: "If no diagnostics file is available … SHALL NOT contain a file name", and the status tells the rest
        return Reply(payload={}, messages=(Outgoing(_DIAGNOSTICS, {"status": "UploadFailed"}),))
    job = LogJob(
        # 1.6 does not name its requests: the moment does
        id=context.stamp["at"].utc_ms,
        kind=LogKind.DIAGNOSTICS,
        location=payload["location"],
        file=file_name(context, LogKind.DIAGNOSTICS),
        oldest_ms=from_iso(payload.get("startTime")),
        newest_ms=from_iso(payload.get("stopTime")),
        retries=retries(payload.get("retries")),
        retry_s=retry_s(payload.get("retryInterval")),
    )
    return Reply(payload={"fileName": job.file}, event=LogRequested(request=context.request, job=job, **context.stamp))


# --- firmware ---------------------------------------------------------------------------------------------------------------------


def _update_firmware(payload: JsonObject, context: Context) -> Handled:
    if Ability.FIRMWARE not in context.state.rules.can:
        return unknown_action("UpdateFirmware")
    if not may_reach(context.state, payload["location"]):
        # §5.19: the answer has no fields at all
        return Reply(payload={}, messages=(Outgoing(_FIRMWARE, {"status": "DownloadFailed"}),))
    job = FirmwareJob(
        id=context.stamp["at"].utc_ms,
        location=payload["location"],
        retrieve_ms=from_iso(payload["retrieveDate"]),
        retries=retries(payload.get("retries")),
        retry_s=retry_s(payload.get("retryInterval")),
    )
    return Passed(event=FirmwareRequested(request=context.request, job=job, **context.stamp))


# --- what is told -----------------------------------------------------------------------------------------------------------------

_LOG_WORDS: Mapping[str, str] = {"Idle": "Idle", "Uploading": "Uploading", "Uploaded": "Uploaded"}
"""UploadLogStatus as 1.6 has it (§7.24 DiagnosticsStatus); what is missing is UploadFailed, and of a cancelled one nothing is told."""
_FIRMWARE_WORDS: Mapping[str, str] = {
    "Idle": "Idle",
    "Downloading": "Downloading",
    "Downloaded": "Downloaded",
    "DownloadFailed": "DownloadFailed",
    "Installing": "Installing",
    "Installed": "Installed",
    "InstallationFailed": "InstallationFailed",
    "InstallVerificationFailed": "InstallationFailed",
    "InvalidSignature": "InstallationFailed",
}
"""FirmwareStatus of 2.0.1 as 1.6 has it (§7.25); what is missing is not told."""
_ASKED_WORDS: Mapping[str, str] = {
    **_FIRMWARE_WORDS,
    "DownloadPaused": "Downloading",
    "SignatureVerified": "Downloaded",
    "InstallScheduled": "Downloaded",
    "InstallRebooting": "Installing",
}
"""The nearest word, for whoever asks; what is missing is Idle: nothing has begun."""


def notice(notice: Notice, state: State) -> tuple[Outgoing, ...]:  # noqa: ARG001 - the notice says it all
    """DiagnosticsStatusNotification.req or FirmwareStatusNotification.req; nothing where 1.6 has no word for it."""
    match notice:
        case LogTold(status="AcceptedCanceled"):
            return ()
        case LogTold(status=status):
            return (Outgoing(_DIAGNOSTICS, {"status": _LOG_WORDS.get(status, "UploadFailed")}),)
        case FirmwareTold(status=status):
            word = _FIRMWARE_WORDS.get(status)
            return () if word is None else (Outgoing(_FIRMWARE, {"status": word}),)
        case ReservationEnded():
            # 1.6 tells the end of a reservation by the status of the connector
            return ()
        case _:
            assert_never(notice)


def asked(errand: Errand, state: State) -> tuple[Outgoing, ...]:
    """The same where it was triggered. §4.4 and §4.5: a status asked for while nothing goes on is Idle."""
    if errand is Errand.DIAGNOSTICS_STATUS:
        return (Outgoing(_DIAGNOSTICS, {"status": _LOG_WORDS[log_status(state)]}),)
    return (Outgoing(_FIRMWARE, {"status": _ASKED_WORDS.get(firmware_status(state), "Idle")}),)


HANDLERS: Mapping[str, Handler] = {"GetDiagnostics": _get_diagnostics, "UpdateFirmware": _update_firmware}
ANSWERS: Mapping[str, Words] = {"UpdateFirmware": (frozenset(), "")}
"""UpdateFirmware.conf has no fields."""
