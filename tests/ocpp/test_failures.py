"""Every bad day of a link is one line that says what to do."""

import socket
import ssl

import pytest

from bridge.ocpp import failures
from bridge.ocpp.failures import PEER_TEXT_MAX, ConnectFailed, Failure


def refused(status: int, location: str | None = None, retry_after_s: float | None = None) -> Failure:
    return failures.of_status(status, subprotocol="ocpp1.6", location=location, retry_after_s=retry_after_s)


@pytest.mark.requirement("W9")
@pytest.mark.parametrize(
    "status, advice, patient",
    [
        (400, "check the path of the URL and the identity, and that the central system speaks ocpp1.6", True),
        (401, "password_file", True),
        (403, "under exactly this identity", True),
        (404, "under exactly this identity", True),
        (407, "without a proxy", True),
        (426, "from the portal", True),
        (429, "nothing to do", False),
        (418, "check the URL", False),
        (500, "tell its operator", False),
        (503, "tell its operator", False),
        (599, "HTTP 599", False),
        (200, "a web page answers", True),
        (301, "redirects", True),
        (308, "redirects", True),
        (204, "check the URL", False),
    ],
)
def test_each_refusal_says_what_to_do(status: int, advice: str, patient: bool) -> None:
    failure = refused(status)
    assert advice in failure.line
    assert str(status) in failure.line
    assert failure.patient is patient


@pytest.mark.parametrize("status", [429, 503, 401])
def test_the_central_system_may_say_how_long_to_wait(status: int) -> None:
    assert refused(status, retry_after_s=30.0).retry_after_s == 30.0


@pytest.mark.parametrize(
    "location, shown",
    [
        ("https://user:secret@portal.example:8443/ocpp?token=secret#x", "https://portal.example:8443/ocpp"),
        ("/login", "/login"),
        ("https://[broken", "an address that can't be read"),
        ("wss://portal.example:99999/", "an address that can't be read"),
        ("http://x/\x1b[31mred", "http://x/?[31mred"),
    ],
)
def test_a_redirect_is_shown_without_secrets(location: str, shown: str) -> None:
    line = refused(302, location).line
    assert f" to {shown} (HTTP" in line
    assert "secret" not in line


@pytest.mark.parametrize("chosen, shown", [(None, "chose none"), ("ocpp2.0.1", "chose ocpp2.0.1")])
def test_a_wrong_subprotocol_names_both(chosen: str | None, shown: str) -> None:
    line = failures.of_subprotocol(("ocpp1.6",), chosen).line
    assert shown in line
    assert "ocpp1.6 was offered" in line


def untrusted(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.requirement("W16")
@pytest.mark.parametrize(
    "error, advice",
    [
        (untrusted(62, "Hostname mismatch"), "the URL must have the name that stands in the certificate"),
        (untrusted(64, "IP address mismatch"), "the URL must have the name that stands in the certificate"),
        (untrusted(10, "certificate has expired"), "its operator must renew it"),
        (untrusted(9, "certificate is not yet valid"), "check the clock of this host"),
        (untrusted(20, "unable to get local issuer certificate"), "set `ca_file`"),
        (untrusted(18, "self-signed certificate"), "set `ca_file`"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "ws:// against wss://"),
        (socket.gaierror(-2, "Name or service not known"), "check its spelling"),
        (ConnectionRefusedError(111, "Connection refused"), "refuses the connection: check the port"),
        (ConnectionResetError(104, "Connection reset by peer"), "hung up"),
        (BrokenPipeError(32, "Broken pipe"), "hung up"),
        (ConnectionAbortedError(103, "aborted"), "hung up"),
        (OSError(113, "No route to host"), "(No route to host)"),
        (OSError(), "(OSError)"),
    ],
)
def test_each_network_error_says_what_to_do(error: OSError, advice: str) -> None:
    failure = failures.of_os_error(error, host="csms.example")
    assert advice in failure.line
    assert "csms.example" in failure.line
    assert failure.patient is isinstance(error, ssl.SSLCertVerificationError)


@pytest.mark.requirement("W8")
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 4000])
def test_each_close_code_says_what_to_do(code: int) -> None:
    failure = failures.of_close(code, "Disconnected by admin request", subprotocol="ocpp1.6")
    assert failure.line.endswith(f'(code {code}, "Disconnected by admin request")')
    assert failure.patient is (code == 1008)


def test_a_link_that_breaks_without_a_word() -> None:
    assert "check the network" in failures.of_close(None, "", subprotocol="ocpp1.6").line
    assert failures.of_close(1000, "", subprotocol="ocpp1.6").line.endswith("(code 1000)")


def test_what_a_peer_writes_is_cut_and_cleaned() -> None:
    """A close reason paints no terminal and fills no log."""
    line = failures.of_close(1000, "\x1b[2J\n" + "x" * 5000, subprotocol="ocpp1.6").line
    assert line.isprintable()
    assert len(line) < 100 + PEER_TEXT_MAX


@pytest.mark.parametrize(
    "failure, part",
    [
        (failures.of_handshake("did not receive a valid HTTP response"), "no WebSocket answers"),
        (failures.of_timeout(15.0), "within 15 s"),
        (failures.of_our_close(1009), "code 1009"),
        (failures.of_mute_pings(15.0), "a ping within 15 s"),
        (failures.of_mute_call("Authorize", 30.0), "no answer to Authorize within 30 s"),
        (failures.of_ourselves(), "please report it"),
    ],
)
def test_the_rest_is_one_line_too(failure: Failure, part: str) -> None:
    assert part in failure.line
    assert "\n" not in failure.line
    assert str(ConnectFailed(failure)) == failure.line
