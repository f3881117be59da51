"""What is wrong with a link, in one line that says what to do. Pure.

None of the lines holds a password; what the peer wrote is cut, and shown without control characters.
"""

import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from bridge.errors import EvbridgeError

PEER_TEXT_MAX = 100
"""Of a close reason or a Location header, as much as helps."""

_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_NAME = frozenset({62, 64})
"""X509_V_ERR_* of OpenSSL: another host name, another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no link."""

    line: str
    patient: bool = False
    """A person has to mend it: longer waits from the start."""
    retry_after_s: float | None = None
    """What the central system asks for."""


class ConnectFailed(EvbridgeError):
    """A connection could not be opened; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        """Keep it."""
        super().__init__(failure.line)
        self.failure = failure


_STATUS_LINES: dict[int, str] = {
    400: "check the path of the URL and the identity, and that the central system speaks {subprotocol}",
    401: "the password is missing or wrong: set it at the central system and in `password_file` of the charge point alike",
    403: "create the charge point under exactly this identity at the central system, and check its password",
    404: "create the charge point under exactly this identity at the central system, or correct the path of the URL",
    407: "something between here and there wants a log-in: let this host reach the central system without a proxy",
    426: "the server wants another protocol: check that the URL is the WebSocket address from the portal",
    429: "too many connections: nothing to do, the bridge waits longer",
}
_PATIENT = frozenset({400, 401, 403, 404, 407, 426})
_REDIRECTS = range(300, 400)
_SERVER_ERRORS = range(500, 600)
_WEB_PAGE = 200


def of_status(status: int, *, subprotocol: str, location: str | None, retry_after_s: float | None) -> Failure:
    """The server answered the handshake with something else than 101."""
    if status in _REDIRECTS:
        where = f" to {_address(location)}" if location else ""
        line = f"the server redirects{where} (HTTP {status}), which is refused: write the final address as the URL of the central system"
        return Failure(line=line, patient=True)
    if status in _SERVER_ERRORS:
        line = f"the central system has a fault (HTTP {_named(status)}): nothing to do here; if it stays, tell its operator"
        return Failure(line=line, retry_after_s=retry_after_s)
    if status == _WEB_PAGE:
        line = (
            "a web page answers instead of a central system (HTTP 200): check the URL, and that no log-in page of the network is in between"
        )
        return Failure(line=line, patient=True)
    advice = _STATUS_LINES.get(status, "check the URL and the identity").format(subprotocol=subprotocol)
    line = f"the central system refuses the connection (HTTP {_named(status)}): {advice}"
    return Failure(line=line, patient=status in _PATIENT, retry_after_s=retry_after_s)


def either(subprotocols: tuple[str, ...]) -> str:
    """What was offered, as a person says it."""
    return " or ".join(subprotocols)


def of_subprotocol(offered: tuple[str, ...], chosen: str | None) -> Failure:
    """The server agreed to no sub-protocol, or to another one."""
    found = "chose none" if chosen is None else f"chose {printable(chosen)}"
    line = f"the central system {found} where {either(offered)} was offered: set the `protocol` it speaks, or check the URL"
    return Failure(line=line, patient=True)


def of_handshake(detail: str) -> Failure:
    """The server's answer is no WebSocket handshake, or none came."""
    line = f"no WebSocket answers there ({printable(detail)}): check the port, and ws:// against wss://"
    return Failure(line=line)


def of_timeout(seconds: float) -> Failure:
    """Nothing came in time."""
    return Failure(line=f"no connection within {seconds:g} s: check the address, the firewall, and that the central system runs")


def of_os_error(error: OSError, *, host: str) -> Failure:
    """The network refused; TLS errors are among these."""
    match error:
        case ssl.SSLCertVerificationError():
            return _of_certificate(error, host)
        case ssl.SSLError():
            # one that is not OpenSSL's own has no reason
            reason = printable(getattr(error, "reason", None) or "TLS error")
            line = f"no TLS with {host} ({reason}): check the port, ws:// against wss://, and that the server offers TLS 1.2 or newer"
            return Failure(line=line)
        case socket.gaierror():
            return Failure(line=f"the name {host} can't be resolved: check its spelling, and the DNS of this host")
        case ConnectionRefusedError():
            return Failure(line=f"{host} refuses the connection: check the port, and that the central system runs")
        case ConnectionResetError() | BrokenPipeError() | ConnectionAbortedError():
            return Failure(line=f"{host} hung up during the connection: check the port, and ws:// against wss://")
        case _:
            reason = printable(error.strerror or type(error).__name__)
            return Failure(line=f"{host} can't be reached ({reason}): check the address and the network of this host")


def _of_certificate(error: ssl.SSLCertVerificationError, host: str) -> Failure:
    """The server's certificate is not trusted; nothing of it is ever waived."""
    match error.verify_code:
        case code if code in _WRONG_NAME:
            advice = "the URL must have the name that stands in the certificate"
        case code if code == _EXPIRED:
            advice = "its operator must renew it"
        case code if code == _NOT_YET_VALID:
            advice = "check the clock of this host"
        case _:
            advice = "set `ca_file` of the central system to the certificate of the authority that issued it"
    line = f"the certificate of {host} is not trusted ({printable(error.verify_message)}): {advice}"
    return Failure(line=line, patient=True)


_CLOSE_LINES: dict[int, str] = {
    1000: "the central system closed the link in order",
    1001: "the central system goes away",
    1002: "the central system sees a protocol error: its log says which",
    1003: "the central system refuses this kind of data: check that the URL is the one for {subprotocol}",
    1007: "the central system could not read a message: its log says which",
    1008: "the central system refuses this charge point: check identity and password there, and that no other device uses this identity",
    1009: "a message is too long for the central system: raise its limit, or configure fewer values per message",
    1011: "the central system has a fault: its log says which",
    1012: "the central system restarts",
    1013: "the central system is busy: nothing to do, the bridge waits",
}
_POLICY = 1008


def of_close(code: int | None, reason: str, *, subprotocol: str) -> Failure:
    """The peer closed the link; `code` is None where it just went away."""
    if code is None:
        return Failure(line="the link broke without a word: check the network; if it stays, the central system's log")
    text = _CLOSE_LINES.get(code, "the central system closed the link: its log says why").format(subprotocol=subprotocol)
    said = f', "{printable(reason)}"' if reason else ""
    return Failure(line=f"{text} (code {code}{said})", patient=code == _POLICY)


def of_our_close(code: int) -> Failure:
    """We closed because of what came in (1002, 1007, 1009 …)."""
    line = f"the central system sent what no WebSocket may send, or more than 1 MiB at once (code {code}): tell its operator"
    return Failure(line=line)


def of_mute_pings(seconds: float) -> Failure:
    """Pings stay unanswered: a half-open link."""
    return Failure(line=f"no answer to a ping within {seconds:g} s: the network broke, or the central system hangs")


def of_mute_call(action: str, seconds: float) -> Failure:
    """A CALL stays unanswered."""
    line = f"no answer to {action} within {seconds:g} s: the central system is connected but mute; if it stays, tell its operator"
    return Failure(line=line)


def of_ourselves() -> Failure:
    """An error in our own code; the log has it."""
    return Failure(line="an error in the bridge ended the link: please report it with the log")


def printable(text: str) -> str:
    """Text of the peer, cut and without control characters."""
    cut = text[:PEER_TEXT_MAX]
    return "".join(letter if letter.isprintable() else "?" for letter in cut)


def _address(location: str) -> str:
    """Where to, without query, user name and password."""
    try:
        parts = urlsplit(location)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return "an address that can't be read"
    origin = f"{parts.scheme}://{host}{port}" if host else ""
    return printable(f"{origin}{parts.path}")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
