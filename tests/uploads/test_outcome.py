"""What servers say, in the words of OCPP."""

import pytest

from bridge.uploads.outcome import of_ftp, of_sftp, of_web


@pytest.mark.parametrize(
    "status, word",
    [
        (200, "Uploaded"),
        (201, "Uploaded"),
        (204, "Uploaded"),
        (301, "UploadFailure"),
        (307, "UploadFailure"),
        (400, "BadMessage"),
        (401, "PermissionDenied"),
        (403, "PermissionDenied"),
        (404, "UploadFailure"),
        (405, "NotSupportedOperation"),
        (413, "UploadFailure"),
        (500, "UploadFailure"),
    ],
)
def test_what_a_web_server_says(status: int, word: str) -> None:
    assert of_web(status).value == word


@pytest.mark.parametrize(
    "reply, word",
    [
        ("530 Login incorrect.", "PermissionDenied"),
        ("550 no such directory", "PermissionDenied"),
        ("501 what?", "BadMessage"),
        ("502 no", "NotSupportedOperation"),
        ("452 full", "UploadFailure"),
        ("", "UploadFailure"),
    ],
)
def test_what_an_ftp_server_says(reply: str, word: str) -> None:
    assert of_ftp(reply).value == word


@pytest.mark.parametrize("code, word", [(3, "PermissionDenied"), (5, "BadMessage"), (8, "NotSupportedOperation"), (4, "UploadFailure")])
def test_what_an_sftp_server_says(code: int, word: str) -> None:
    assert of_sftp(code).value == word
