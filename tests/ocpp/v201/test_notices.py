"""What the central system is told once, and how things stand when it asks."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.orders import FirmwareJob, FirmwareTold, LogJob, LogKind, LogTold, Notice, ReservationEnded
from bridge.ocpp.v201.notices import firmware_status, log_status, told
from tests.ocpp.v201.desk import said
from tests.ocpp.worlds import charge_point


@pytest.mark.parametrize(
    "notice, action, payload",
    [
        (ReservationEnded(id=7, expired=True), "ReservationStatusUpdate", {"reservationId": 7, "reservationUpdateStatus": "Expired"}),
        (LogTold(job=3, status="Uploaded"), "LogStatusNotification", {"status": "Uploaded", "requestId": 3}),
        (FirmwareTold(job=0, status="Installing"), "FirmwareStatusNotification", {"status": "Installing", "requestId": 0}),
        (FirmwareTold(job=None, status="Installed"), "FirmwareStatusNotification", {"status": "Installed"}),
    ],
)
def test_a_notice_is_told_in_its_own_message(notice: Notice, action: str, payload: dict[str, Any]) -> None:
    outgoing = told(notice)
    assert (outgoing.action, said(outgoing)) == (action, payload)


def test_a_log_is_being_uploaded_or_not() -> None:
    """F06.FR.14 and FR.15."""
    job = LogJob(id=3, kind=LogKind.DIAGNOSTICS, location="https://csms.example/log")
    assert said(log_status(charge_point())) == {"status": "Idle"}
    assert said(log_status(replace(charge_point(), log_job=job))) == {"status": "Uploading", "requestId": 3}


def test_firmware_is_under_way_or_not() -> None:
    """F06.FR.16."""
    state = charge_point()
    job = FirmwareJob(id=4, location="https://csms.example/firmware")
    assert said(firmware_status(replace(state, kept=replace(state.kept, firmware_status="Installed")))) == {"status": "Idle"}
    busy = replace(state, kept=replace(state.kept, firmware=job, firmware_status="Downloading"))
    assert said(firmware_status(busy)) == {"status": "Downloading", "requestId": 4}
    waiting = replace(state, kept=replace(state.kept, firmware=job, firmware_status="Idle"))
    assert said(firmware_status(waiting)) == {"status": "Idle"}
