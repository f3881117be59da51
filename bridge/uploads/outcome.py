"""How an attempt went, in the words of UploadLogStatus (OCPP 2.0.1 part 2 §3.95), from what servers say. Pure."""

from enum import StrEnum, unique


@unique
class Sent(StrEnum):
    """How an attempt went."""

    UPLOADED = "Uploaded"
    FAILED = "UploadFailure"
    DENIED = "PermissionDenied"
    NOT_SUPPORTED = "NotSupportedOperation"
    BAD = "BadMessage"


_WEB = {400: Sent.BAD, 401: Sent.DENIED, 403: Sent.DENIED, 405: Sent.NOT_SUPPORTED, 407: Sent.DENIED, 501: Sent.NOT_SUPPORTED}
_GOOD = range(200, 300)
_FTP = {
    "500": Sent.BAD,
    "501": Sent.BAD,
    "503": Sent.BAD,
    "502": Sent.NOT_SUPPORTED,
    "504": Sent.NOT_SUPPORTED,
    "530": Sent.DENIED,
    "532": Sent.DENIED,
    "550": Sent.DENIED,
    "553": Sent.DENIED,
}
_SFTP = {3: Sent.DENIED, 5: Sent.BAD, 8: Sent.NOT_SUPPORTED}
"""SSH_FX_…: PERMISSION_DENIED, BAD_MESSAGE, OP_UNSUPPORTED; these are where OCPP has its words from."""


def of_web(status: int) -> Sent:
    """From an HTTP status. A redirect is a failure: it leads to a host that nobody allowed."""
    return Sent.UPLOADED if status in _GOOD else _WEB.get(status, Sent.FAILED)


def of_ftp(reply: str) -> Sent:
    """From the text of an FTP error."""
    return _FTP.get(reply[:3], Sent.FAILED)


def of_sftp(code: int) -> Sent:
    """From the code of an SFTP error."""
    return _SFTP.get(code, Sent.FAILED)
