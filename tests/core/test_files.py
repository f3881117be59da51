"""Logs that are sent away, and firmware that is handed to the wallbox."""

from dataclasses import replace

import pytest

from bridge.core.backend import FirmwareRequested, LogRequested
from bridge.core.effects import InstallFirmware, Outcome, StartUpload, Tell
from bridge.core.events import CommandAnswered, FirmwareReported, UploadProgressed
from bridge.core.files import COMMAND_S, UPLOAD_S, firmware_status, log_status
from bridge.core.orders import FirmwareJob, LogJob, LogKind
from bridge.core.settings import Ability
from bridge.core.values import CommandId, RequestId
from tests.core.world import ACCEPTED as ACCEPTED_INFO
from tests.core.world import ANNA, BEN, Bench

LOG = LogJob(id=7, kind=LogKind.DIAGNOSTICS, location="http://files.example/", retries=0, retry_s=0)
FIRMWARE = FirmwareJob(id=3, location="http://files.example/fw.bin")


def told(bench: Bench) -> list[str]:
    """Everything the backend was told of files, oldest first: the job and the word."""
    return [f"{tell.notice.job} {tell.notice.status}" for tell in bench.asked_for(Tell)]  # type: ignore[union-attr]


def just_told(bench: Bench) -> list[str]:
    return [tell.notice.status for tell in bench.just_asked_for(Tell)]  # type: ignore[union-attr]


# --- logs -------------------------------------------------------------------------------------------------------------------------


def asks_for_log(bench: Bench, job: LogJob = LOG) -> Outcome | None:
    bench.happens(LogRequested, request=RequestId("log"), job=job)
    return bench.outcome


def progresses(bench: Bench, status: str, job: int = 7) -> None:
    bench.happens(UploadProgressed, job=job, status=status)


def test_a_log_is_sent_and_the_backend_hears_how_it_goes() -> None:
    bench = Bench()
    assert log_status(bench.state) == "Idle"
    assert asks_for_log(bench) is Outcome.ACCEPTED
    assert bench.just_asked_for(StartUpload)[0].job is LOG
    assert log_status(bench.state) == "Uploading"
    progresses(bench, "Uploading")
    progresses(bench, "Uploaded")
    assert told(bench) == ["7 Uploading", "7 Uploaded"]
    assert log_status(bench.state) == "Idle"
    progresses(bench, "UploadFailure")
    bench.passes(2 * UPLOAD_S)
    assert told(bench) == ["7 Uploading", "7 Uploaded"]


def test_a_failed_upload_is_tried_again_as_often_and_as_slowly_as_was_asked() -> None:
    """2.0.1 N01: one attempt and `retries` more, `retryInterval` apart, each told."""
    bench = Bench()
    asks_for_log(bench, replace(LOG, retries=2, retry_s=30))
    for word in ("UploadFailure", "PermissionDenied", "BadMessage"):
        progresses(bench, word)
        assert just_told(bench) == [word]
        progresses(bench, "Uploaded")
        assert just_told(bench) == [], "nothing runs between attempts"
        begun = len(bench.asked_for(StartUpload))
        bench.passes(29)
        assert len(bench.asked_for(StartUpload)) == begun
        bench.passes(1)
    assert len(bench.asked_for(StartUpload)) == 3
    assert told(bench)[-2:] == ["7 Uploading", "7 BadMessage"]
    assert log_status(bench.state) == "Idle"


def test_between_attempts_the_upload_still_counts_as_under_way() -> None:
    bench = Bench()
    asks_for_log(bench, replace(LOG, retries=1, retry_s=30))
    progresses(bench, "UploadFailure")
    assert log_status(bench.state) == "Uploading"


def test_a_second_request_takes_the_place_of_the_first() -> None:
    """2.0.1 N01.FR.12: the first is cancelled and told so; what still comes of it is not heard."""
    bench = Bench()
    asks_for_log(bench)
    assert asks_for_log(bench, replace(LOG, id=8)) is Outcome.CANCELED
    progresses(bench, "Uploaded", job=7)
    progresses(bench, "Uploaded", job=8)
    assert told(bench) == ["7 Uploading", "7 AcceptedCanceled", "8 Uploading", "8 Uploaded"]


def test_an_attempt_that_says_nothing_has_failed() -> None:
    bench = Bench()
    asks_for_log(bench)
    bench.passes(UPLOAD_S - 1)
    assert log_status(bench.state) == "Uploading"
    bench.passes(1)
    assert told(bench) == ["7 Uploading", "7 UploadFailure"]


# --- firmware ---------------------------------------------------------------------------------------------------------------------


def able() -> Bench:
    bench = Bench(can=frozenset({Ability.FIRMWARE, Ability.LIMIT}))
    bench.restarts(planned=True)
    bench.synchronises()
    bench.wallbox(plugged=False, online=True)
    bench.meters(1000)
    bench.backend_comes()
    bench.effects.clear()
    return bench


def orders(bench: Bench, job: FirmwareJob = FIRMWARE) -> Outcome | None:
    bench.happens(FirmwareRequested, request=RequestId("firmware"), job=job)
    return bench.outcome


def reports(bench: Bench, *statuses: str, live: bool = True) -> None:
    for status in statuses:
        bench.happens(FirmwareReported, status=status, live=live)


def handed(bench: Bench) -> list[InstallFirmware]:
    return bench.asked_for(InstallFirmware)


def test_an_update_is_handed_to_the_wallbox_and_its_words_to_the_backend() -> None:
    bench = able()
    assert orders(bench) is Outcome.ACCEPTED
    assert handed(bench)[0].job is FIRMWARE
    assert firmware_status(bench.state) == "Idle"
    bench.happens(CommandAnswered, command=handed(bench)[0].command, ok=True)
    reports(bench, "Downloading", "Downloading", "Downloaded", "SignatureVerified", "Installing")
    assert bench.reported == "Unavailable"
    assert firmware_status(bench.state) == "Installing"
    reports(bench, "Installed")
    assert bench.reported == "Available"
    assert told(bench) == [f"3 {word}" for word in ("Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed")]
    assert firmware_status(bench.state) == "Idle"
    reports(bench, "Installed", "Downloading")
    bench.passes(3600)
    assert len(told(bench)) == 5
    assert len(handed(bench)) == 1


def test_while_it_installs_nobody_can_begin() -> None:
    bench = able()
    orders(bench)
    reports(bench, "Installing")
    bench.taps(ANNA)
    assert bench.decided == ("red", "bridge", "hardware_offline")


def test_hardware_that_was_not_declared_to_take_firmware_gets_none() -> None:
    bench = Bench()
    assert orders(bench) is Outcome.REJECTED
    assert handed(bench) == []


def test_an_update_waits_for_its_time() -> None:
    bench = able()
    orders(bench, replace(FIRMWARE, retrieve_ms=bench.now_ms + 60_000))
    assert told(bench) == ["3 DownloadScheduled"]
    bench.passes(59)
    assert handed(bench) == []
    bench.passes(1)
    assert len(handed(bench)) == 1


def test_an_update_never_cuts_a_session_off() -> None:
    """A wallbox that starts anew in the middle of a session ends it: the order waits until the vehicle is done."""
    bench = able()
    bench.plugs()
    bench.taps(BEN)
    bench.answers(ACCEPTED_INFO)
    assert bench.runs == "backend"
    orders(bench)
    assert told(bench) == ["3 DownloadScheduled"]
    bench.passes(600)
    assert handed(bench) == []
    bench.unplugs()
    bench.meters(1000)
    bench.passes(10)
    assert bench.runs == "nothing"
    assert len(handed(bench)) == 1


def test_an_update_waits_for_the_broker() -> None:
    bench = able()
    bench.loses_the_broker()
    orders(bench)
    bench.passes(600)
    assert handed(bench) == []
    bench.synchronises()
    bench.passes(0)
    assert len(handed(bench)) == 1


def test_an_order_that_is_under_way_survives_a_restart() -> None:
    bench = able()
    orders(bench, replace(FIRMWARE, retrieve_ms=bench.now_ms + 600_000))
    bench.restarts(down_s=60)
    bench.synchronises()
    bench.passes(540)
    assert len(handed(bench)) == 1
    reports(bench, "Downloading", "Installing")
    bench.restarts()
    assert bench.reported == "Unavailable"
    bench.synchronises()
    # the wallbox finished while nobody listened
    reports(bench, "Installed", live=False)
    assert told(bench)[-1] == "3 Installed"
    assert bench.reported == "Available"
    bench.passes(600)
    assert len(handed(bench)) == 1


def test_what_the_broker_had_stored_of_an_older_update_is_not_news() -> None:
    bench = able()
    orders(bench)
    bench.loses_the_broker()
    bench.synchronises()
    reports(bench, "Installed", live=False)
    assert told(bench) == []
    assert firmware_status(bench.state) == "Idle"
    reports(bench, "Idle")
    assert told(bench) == []


def test_what_is_told_before_the_order_has_left_is_not_about_it() -> None:
    bench = able()
    orders(bench, replace(FIRMWARE, retrieve_ms=bench.now_ms + 60_000))
    reports(bench, "Installed")
    assert told(bench) == ["3 DownloadScheduled"]


@pytest.mark.parametrize("word", ["InstallationFailed", "InstallVerificationFailed", "InvalidSignature", "DownloadFailed"])
def test_a_failed_update_is_over_and_told(word: str) -> None:
    bench = able()
    orders(bench)
    reports(bench, "Installing", word)
    assert told(bench)[-1] == f"3 {word}"
    assert bench.reported == "Available"
    assert firmware_status(bench.state) == "Idle"


def test_a_failed_download_is_tried_again() -> None:
    bench = able()
    orders(bench, replace(FIRMWARE, retries=1, retry_s=30))
    reports(bench, "Downloading", "DownloadFailed")
    bench.passes(29)
    assert len(handed(bench)) == 1
    bench.passes(1)
    assert len(handed(bench)) == 2
    reports(bench, "DownloadFailed")
    bench.passes(600)
    assert len(handed(bench)) == 2
    assert told(bench) == ["3 Downloading", "3 DownloadFailed", "3 DownloadFailed"]


def test_a_wallbox_that_refuses_or_says_nothing_has_failed() -> None:
    bench = able()
    orders(bench)
    bench.happens(CommandAnswered, command=CommandId("another"), ok=False)
    assert told(bench) == []
    bench.happens(CommandAnswered, command=handed(bench)[0].command, ok=False, supported=False)
    assert told(bench) == ["3 DownloadFailed"]
    orders(bench)
    bench.passes(COMMAND_S - 1)
    assert len(told(bench)) == 1
    bench.passes(1)
    assert told(bench) == ["3 DownloadFailed", "3 DownloadFailed"]
    bench.happens(CommandAnswered, command=handed(bench)[-1].command, ok=False)
    assert len(told(bench)) == 2


def test_a_new_order_takes_the_place_of_one_that_is_not_being_installed() -> None:
    """2.0.1 L01.FR.24 and FR.27."""
    bench = able()
    orders(bench)
    reports(bench, "Downloading")
    assert orders(bench, replace(FIRMWARE, id=4)) is Outcome.CANCELED
    assert [effect.job.id for effect in handed(bench)] == [3, 4]
    reports(bench, "Downloading", "Installing")
    assert orders(bench, replace(FIRMWARE, id=5)) is Outcome.REJECTED
    reports(bench, "Installed")
    assert told(bench) == ["3 Downloading", "4 Downloading", "4 Installing", "4 Installed"]


def test_an_update_for_hardware_that_can_no_longer_take_it_stays_where_it_is() -> None:
    bench = able()
    orders(bench, replace(FIRMWARE, retrieve_ms=bench.now_ms + 60_000))
    bench.rules = replace(bench.rules, can=frozenset())
    bench.restarts()
    bench.synchronises()
    bench.passes(600)
    assert handed(bench) == []
