"""`bridge.commands.configuration`."""

from pathlib import Path

import pytest

from bridge.cli import main
from bridge.config import load


def test_the_starter_is_right_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first two commands of a newcomer succeed, without a warning."""
    file = tmp_path / "evbridge.toml"
    assert main(["init", str(file)]) == 0
    assert capsys.readouterr().out == f"{file} is written. Now edit it, then: evbridge check --config {file}\n"
    assert main(["check", "--config", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == [
        "garage",
        "CP-GARAGE",
        "ws://localhost:8180/steve/websocket/CentralSystemService/CP-GARAGE",
        "garage",
        "garage",
        "garage",
    ]
    assert lines[-1] == f"{file}: no problems"
    assert load(file).warnings == ()


def test_what_the_starter_keeps_in_comments_is_right_as_well(tmp_path: Path) -> None:
    """Whoever takes a mark away gets a working line."""
    file = tmp_path / "evbridge.toml"
    assert main(["init", str(file)]) == 0
    lines = file.read_text().splitlines()
    examples = [line.removeprefix("# ") for line in lines if line.startswith("# ") and (" = " in line or line.startswith("# ["))]
    assert len(examples) > 10
    for line in examples:
        if line.startswith("["):
            continue
        key = line.partition(" = ")[0]
        assert any(setting.endswith(f".{key}") for setting in all_settings()), key


def all_settings() -> list[str]:
    from bridge.config.form import configuration_schema

    found = []
    for section, below in configuration_schema()["properties"].items():
        each = below.get("additionalProperties") or {}
        found += [f"{section}.{key}" for key in {**below.get("properties", {}), **(each or {}).get("properties", {})}]
    return found


def test_init_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration of an evening is not lost to a second `init`."""
    file = tmp_path / "evbridge.toml"
    file.write_text("mine")
    assert main(["init", str(file)]) == 3
    assert capsys.readouterr().err == f"{file} exists already; `evbridge init OTHER` writes another, --force overwrites it\n"
    assert file.read_text() == "mine"
    assert main(["init", str(file), "--force"]) == 0
    assert file.read_text() != "mine"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "nowhere" / "evbridge.toml")]) == 3
    assert "can't be written (no such file or directory); name another place" in capsys.readouterr().err


def test_check_tells_all_problems_and_counts_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "evbridge.toml"
    file.write_text("[mqtt]\nport = 0\ntsl = true\n[charge_points.garage]\n")
    assert main(["check", "-c", str(file)]) == 1
    told = capsys.readouterr()
    assert told.err.splitlines() == [
        "mqtt.port: 0 can't be used; write a whole number from 1 to 65535, for example 1883",
        'mqtt.tsl: is unknown; did you mean "tls"?',
        "2 problems",
    ]
    assert told.out == ""


def test_check_shows_warnings_and_what_the_bridge_would_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also for charge points without a central system."""
    file = tmp_path / "evbridge.toml"
    file.write_text("[charge_points.garage]\nreaders = ['hall', 'yard']\n[users.nobody]\n")
    assert main(["check", "-c", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("warning: users.nobody: can charge nowhere")
    assert lines[2].split() == ["garage", "local", "only", "garage", "garage", "hall", "yard"]


@pytest.mark.parametrize("file", sorted((Path(__file__).parents[2] / "examples").rglob("*.toml")), ids=lambda file: str(file.name))
def test_every_example_is_right(file: Path, tmp_path: Path) -> None:
    """What is shown can be copied."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    copy = tmp_path / "evbridge.toml"
    copy.write_text(file.read_text().replace("/run/secrets/mqtt_evbridge", str(secret)))
    assert load(copy, environment={}).warnings == ()
