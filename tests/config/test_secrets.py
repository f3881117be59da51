"""`bridge.config.secrets`."""

from pathlib import Path

import pytest

from bridge.config import Secret
from bridge.config.findings import Document
from bridge.config.secrets import PASSWORD_BYTES_MAX, Secrets

BROKER = ("mqtt",)
GARAGE = ("charge_points", "garage-1")


def collected(folder: Path, document: Document, **environment: str) -> Secrets:
    secrets = Secrets(folder=folder, environment=environment)
    secrets.collect(document)
    return secrets


def told(secrets: Secrets) -> list[str]:
    return [str(finding) for finding in secrets.problems]


def private(folder: Path, content: bytes) -> str:
    file = folder / "password"
    file.write_bytes(content)
    file.chmod(0o600)
    return file.name


@pytest.mark.parametrize("content", [b"secret", b"secret\n", b"secret\r\n"])
def test_a_password_is_read_from_a_file_beside_the_configuration(tmp_path: Path, content: bytes) -> None:
    """The line end an editor adds is no part of the password."""
    secrets = collected(tmp_path, {"mqtt": {"password_file": private(tmp_path, content)}})
    assert secrets.passwords[BROKER].text == "secret"
    assert not secrets.problems
    assert not secrets.warnings


def test_blanks_belong_to_a_password(tmp_path: Path) -> None:
    secrets = collected(tmp_path, {"mqtt": {"password_file": private(tmp_path, b" a b ")}})
    assert secrets.passwords[BROKER].text == " a b "


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty; write the password into it"),
        (b"\n", "is empty; write the password into it"),
        (b"one\ntwo\n", "holds more than a password (a line break, a control character, or too much); write only that"),
        (b"x" * (PASSWORD_BYTES_MAX + 1), "holds more than a password (a line break, a control character, or too much); write only that"),
        (b"\xff\xfe", "is not a text in UTF-8; write the password into it and nothing else"),
    ],
)
def test_a_file_that_holds_no_password_is_a_problem(tmp_path: Path, content: bytes, message: str) -> None:
    """A wrong file is found at once, not at the first refusal of the broker."""
    secrets = collected(tmp_path, {"mqtt": {"password_file": private(tmp_path, content)}})
    assert told(secrets) == [f"mqtt.password_file: {tmp_path / 'password'} {message}"]
    assert not secrets.passwords


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    secrets = collected(tmp_path, {"charge_points": {"garage-1": {"password_file": "nowhere"}}})
    assert told(secrets) == [
        (
            f"charge_points.garage-1.password_file: {tmp_path / 'nowhere'} can't be read (no such file or directory);"
            " write the path of a file that holds the password"
        )
    ]


def test_a_password_file_open_to_everybody_is_warned_of(tmp_path: Path) -> None:
    """The warning is a command that mends it."""
    name = private(tmp_path, b"secret")
    (tmp_path / name).chmod(0o644)
    secrets = collected(tmp_path, {"mqtt": {"password_file": name}})
    assert secrets.passwords[BROKER].text == "secret"
    file = tmp_path / name
    assert [str(finding) for finding in secrets.warnings] == [
        f"mqtt.password_file: everybody on this machine can read {file}; run: chmod 600 {file}"
    ]


def test_a_password_is_read_from_the_environment(tmp_path: Path) -> None:
    """By the variable that is named, or by the usual one where it is set."""
    document: Document = {"mqtt": {"password_env": "MINE"}, "charge_points": {"garage-1": {}, "other": {}}}
    secrets = collected(tmp_path, document, MINE="one", EVBRIDGE_CHARGE_POINT_GARAGE_1_PASSWORD="two", EVBRIDGE_MQTT_PASSWORD="not this")
    assert {path: password.text for path, password in secrets.passwords.items()} == {BROKER: "one", GARAGE: "two"}
    assert not secrets.problems


def test_the_usual_variable_gives_way_to_a_file(tmp_path: Path) -> None:
    document: Document = {"mqtt": {"password_file": private(tmp_path, b"file")}}
    assert collected(tmp_path, document, EVBRIDGE_MQTT_PASSWORD="variable").passwords[BROKER].text == "file"


def test_a_variable_that_is_not_set_is_a_problem(tmp_path: Path) -> None:
    secrets = collected(tmp_path, {"mqtt": {"password_env": "MINE"}})
    assert told(secrets) == ["mqtt.password_env: the environment variable MINE is not set; set it before the bridge starts"]


def test_an_empty_variable_is_a_problem(tmp_path: Path) -> None:
    secrets = collected(tmp_path, {"mqtt": {}}, EVBRIDGE_MQTT_PASSWORD="")
    assert told(secrets) == ["mqtt: the environment variable EVBRIDGE_MQTT_PASSWORD is empty; write the password into it"]


def test_two_sources_of_one_password_are_a_problem(tmp_path: Path) -> None:
    secrets = collected(tmp_path, {"mqtt": {"password_env": "MINE", "password_file": "p"}})
    assert told(secrets) == ["mqtt.password_env: stands beside password_file; write one of them"]


@pytest.mark.parametrize("password, problems", [("0aFF", 0), ("0aF", 1), ("secret", 1)])
def test_a_hexadecimal_password_has_to_be_one(tmp_path: Path, password: str, problems: int) -> None:
    """Some central systems show the key in hexadecimal and want the bytes."""
    document: Document = {"csms": {"s": {"password_form": "hex"}}, "charge_points": {"garage-1": {"csms": "s", "password_env": "P"}}}
    secrets = collected(tmp_path, document, P=password)
    message = 'charge_points.garage-1: the password is not hexadecimal; write it so, or password_form = "text" for the central system'
    assert told(secrets) == [message] * problems


def test_certificates_are_tried_before_anything_starts(tmp_path: Path, certificate: Path) -> None:
    """A missing or wrong file of certificates is a message of `evbridge check`, not a failed connection."""
    (tmp_path / "text").write_text("hello")
    document: Document = {
        "mqtt": {"ca_file": str(certificate)},
        "csms": {"missing": {"ca_file": "nowhere"}, "wrong": {"ca_file": "text"}, "none": {}},
    }
    secrets = collected(tmp_path, document)
    assert secrets.files == {("mqtt", "ca_file"): certificate}
    assert told(secrets) == [
        f"csms.missing.ca_file: {tmp_path / 'nowhere'} can't be read (no such file or directory); write the path of a file that can",
        f"csms.wrong.ca_file: {tmp_path / 'text'} holds no certificate; write the path of a file in PEM form (-----BEGIN CERTIFICATE-----)",
    ]


def test_a_secret_is_not_shown_by_accident() -> None:
    """Neither a log nor a traceback tells a password."""
    assert "hidden" not in f"{Secret('hidden')} {Secret('hidden')!r}"


def test_secrets_of_containers_may_be_readable_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the container runtime puts under /run/secrets is as it should be."""
    monkeypatch.setattr("bridge.config.secrets._MANAGED", tmp_path)
    (tmp_path / private(tmp_path, b"secret")).chmod(0o444)
    assert not collected(tmp_path, {"mqtt": {"password_file": "password"}}).warnings
