"""Files that come and go: logs to the backend, firmware to the wallbox (1.6 §5.6, §5.19; 2.0.1 L and N).

Whoever carries a log makes one attempt and tells how it went; whoever installs firmware is the wallbox. When the next attempt is made,
what the backend is told and what waits for the end of a session is decided here.
"""

from dataclasses import replace

from bridge.core.backend import FirmwareRequested, LogRequested
from bridge.core.draft import Draft
from bridge.core.effects import Answer, InstallFirmware, Outcome, StartUpload, Tell
from bridge.core.events import CommandAnswered, FirmwareReported, UploadProgressed
from bridge.core.hardware import is_installing
from bridge.core.orders import FirmwareTold, LogTold
from bridge.core.settings import Ability
from bridge.core.state import NoSession, State
from bridge.core.values import CommandId

UPLOAD_S = 900.0
"""An attempt that says nothing for so long has failed; whoever carries it gives up well before."""
COMMAND_S = 10.0
"""A wallbox that has neither answered nor told a status in this time has not taken the order (design.md §3)."""
AGAIN_S = 1.0
"""The shortest wait before the next attempt: a backend that asks for none means "soon"."""

IDLE = "Idle"
UPLOADING, UPLOADED, UPLOAD_FAILED, CANCELED = "Uploading", "Uploaded", "UploadFailure", "AcceptedCanceled"
SCHEDULED, DOWNLOAD_FAILED, INSTALL_FAILED = "DownloadScheduled", "DownloadFailed", "InstallationFailed"
WAITING = frozenset({IDLE, SCHEDULED})
"""The wallbox has not been told yet."""
ENDS = frozenset({"Installed", INSTALL_FAILED, "InstallVerificationFailed", "InvalidSignature", DOWNLOAD_FAILED})


# --- logs -------------------------------------------------------------------------------------------------------------------------


def log_requested(draft: Draft, event: LogRequested) -> None:
    """The backend wants to see what happened here. One upload at a time, and the newest wins (2.0.1 N01.FR.12)."""
    former = draft.state.log_job
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED if former is None else Outcome.CANCELED))
    if former is not None:
        draft.emit(Tell(notice=LogTold(job=former.id, status=CANCELED)))
    draft.state = replace(draft.state, log_job=event.job)
    _upload(draft)


def _upload(draft: Draft) -> None:
    job = draft.state.log_job
    assert job is not None, "there is something to send"
    draft.state = replace(draft.state, log_until_s=draft.now_s + UPLOAD_S, log_retry_s=None)
    draft.emit(Tell(notice=LogTold(job=job.id, status=UPLOADING)))
    draft.emit(StartUpload(job=job))


def upload_progressed(draft: Draft, event: UploadProgressed) -> None:
    """An attempt came to its end; the word of one that was given up is not heard."""
    job = draft.state.log_job
    if job is None or job.id != event.job or draft.state.log_until_s is None or event.status == UPLOADING:
        return
    draft.emit(Tell(notice=LogTold(job=job.id, status=event.status)))
    if event.status != UPLOADED and job.retries > 0:
        again = replace(job, retries=job.retries - 1)
        draft.state = replace(draft.state, log_job=again, log_until_s=None, log_retry_s=draft.now_s + max(job.retry_s, AGAIN_S))
    else:
        draft.state = replace(draft.state, log_job=None, log_until_s=None, log_retry_s=None)


def upload_due_s(state: State) -> float | None:
    """When the next attempt begins, or this one has been silent for too long."""
    return state.log_until_s if state.log_retry_s is None else state.log_retry_s


def upload_due(draft: Draft) -> None:
    """Try again, or give an attempt up."""
    job = draft.state.log_job
    assert job is not None, "called when due"
    if draft.state.log_retry_s is not None:
        _upload(draft)
    else:
        upload_progressed(draft, UploadProgressed(at=draft.state.now, fresh=draft.fresh, job=job.id, status=UPLOAD_FAILED))


def log_status(state: State) -> str:
    """What a question about it is answered with (2.0.1 F06.FR.14 and 15)."""
    return IDLE if state.log_job is None else UPLOADING


# --- firmware ---------------------------------------------------------------------------------------------------------------------


def firmware_requested(draft: Draft, event: FirmwareRequested) -> None:
    """The backend has new firmware. A new order takes the place of one that has not come to the installation (2.0.1 L01.FR.24, 27)."""
    kept = draft.kept
    if Ability.FIRMWARE not in draft.state.rules.can or is_installing(draft.state):
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
        return
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED if kept.firmware is None else Outcome.CANCELED))
    draft.kept = replace(kept, firmware=event.job, firmware_status=IDLE)
    draft.state = replace(draft.state, installing=None, firmware_until_s=None, firmware_retry_s=None)
    at_ms = event.job.retrieve_ms
    if not isinstance(draft.session, NoSession) or (at_ms is not None and at_ms > draft.now_ms):
        _tell_firmware(draft, SCHEDULED)
    elif draft.state.synchronised:
        _hand_over(draft)


def _tell_firmware(draft: Draft, status: str) -> None:
    job = draft.kept.firmware
    assert job is not None, "there is an update"
    draft.kept = replace(draft.kept, firmware_status=status)
    draft.emit(Tell(notice=FirmwareTold(job=job.id, status=status)))


def _hand_over(draft: Draft) -> None:
    job = draft.kept.firmware
    assert job is not None, "there is an update"
    command = CommandId(draft.fresh)
    draft.state = replace(draft.state, installing=command, firmware_until_s=draft.now_s + COMMAND_S, firmware_retry_s=None)
    draft.emit(InstallFirmware(command=command, job=job))


def firmware_reported(draft: Draft, event: FirmwareReported) -> None:
    """The wallbox told how its update goes. What the broker had stored counts only where an update was under way before."""
    kept = draft.kept
    handed = draft.state.installing is not None or kept.firmware_status not in WAITING
    if kept.firmware is None or not handed or event.status in {IDLE, kept.firmware_status}:
        return
    if not event.live and kept.firmware_status in WAITING:
        return
    draft.state = replace(draft.state, firmware_until_s=None)
    _progress(draft, event.status)


def firmware_answered(draft: Draft, event: CommandAnswered) -> None:
    """The wallbox took the order, or did not."""
    if event.command != draft.state.installing or draft.state.firmware_until_s is None:
        return
    draft.state = replace(draft.state, firmware_until_s=None)
    if not event.ok:
        _progress(draft, DOWNLOAD_FAILED)


def _progress(draft: Draft, status: str) -> None:
    job = draft.kept.firmware
    assert job is not None, "there is an update"
    _tell_firmware(draft, status)
    if status == DOWNLOAD_FAILED and job.retries > 0:
        draft.kept = replace(draft.kept, firmware=replace(job, retries=job.retries - 1), firmware_status=IDLE)
        draft.state = replace(draft.state, installing=None, firmware_retry_s=draft.now_s + max(job.retry_s, AGAIN_S))
    elif status in ENDS:
        draft.kept = replace(draft.kept, firmware=None, firmware_status=IDLE)
        draft.state = replace(draft.state, installing=None)


def firmware_due_s(state: State) -> float | None:
    """When the wallbox is handed the update, or has been silent for too long."""
    job = state.kept.firmware
    if job is None or state.firmware_until_s is not None:
        return state.firmware_until_s
    waits = state.installing is None and state.kept.firmware_status in WAITING and Ability.FIRMWARE in state.rules.can
    if not waits or not state.synchronised or not isinstance(state.kept.session, NoSession):
        # a wallbox that starts anew in the middle of a session ends it
        return None
    if state.firmware_retry_s is not None:
        return state.firmware_retry_s
    return state.now.mono_s + max(0, (job.retrieve_ms or 0) - state.now.utc_ms) / 1000


def firmware_due(draft: Draft) -> None:
    """Hand it over, or take silence for a no."""
    if draft.state.firmware_until_s is None:
        _hand_over(draft)
    else:
        draft.state = replace(draft.state, firmware_until_s=None)
        _progress(draft, DOWNLOAD_FAILED)


def firmware_status(state: State) -> str:
    """What a question about it is answered with: Idle where none is under way (2.0.1 L01.FR.25 and 26)."""
    return IDLE if state.kept.firmware is None else state.kept.firmware_status
