"""What the central system is told once, and the same when it asks how things stand (blocks H, L and N). Pure."""

from typing import assert_never

from bridge.core.orders import FirmwareTold, LogTold, Notice, ReservationEnded
from bridge.core.state import State
from bridge.ocpp.dialect import JsonObject, Outgoing
from bridge.ocpp.v201.reservation import status_update


def told(notice: Notice) -> Outgoing:
    """ReservationStatusUpdateRequest, LogStatusNotificationRequest or FirmwareStatusNotificationRequest."""
    match notice:
        case ReservationEnded():
            return status_update(notice)
        case LogTold(job=job, status=status):
            return _log_status(status, job)
        case FirmwareTold(job=job, status=status):
            return _firmware_status(status, job)
        case _:
            assert_never(notice)


def log_status(state: State) -> Outgoing:
    """F06.FR.14: Uploading while a log is sent, FR.15: else Idle."""
    return _log_status("Idle", None) if state.log_job is None else _log_status("Uploading", state.log_job.id)


def firmware_status(state: State) -> Outgoing:
    """F06.FR.16: Idle where nothing is done about firmware."""
    job = state.kept.firmware
    return _firmware_status("Idle", None) if job is None else _firmware_status(state.kept.firmware_status, job.id)


def _log_status(status: str, job: int | None) -> Outgoing:
    return Outgoing("LogStatusNotification", _status(status, job))


def _firmware_status(status: str, job: int | None) -> Outgoing:
    return Outgoing("FirmwareStatusNotification", _status(status, job))


def _status(status: str, job: int | None) -> JsonObject:
    # a job is told of by its number; while nothing goes on there is none
    return {"status": status} if job is None or status == "Idle" else {"status": status, "requestId": job}
