"""The options of `evbridge demo`."""

import pytest
from rich.console import Console

from bridge.cli import main as evbridge
from bridge.demo import broker, cli
from bridge.demo.broker import BrokerKind
from bridge.demo.story import Options


@pytest.mark.parametrize(
    "arguments, options",
    [
        ([], Options()),
        (["--once"], Options(once=True)),
        (["--broker", "embedded", "--port", "1884"], Options(broker=BrokerKind.EMBEDDED, port=1884)),
    ],
)
def test_options_are_passed_on(arguments: list[str], options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Options] = []

    def run(given: Options, console: Console) -> int:
        seen.append(given)
        return 7

    monkeypatch.setattr(cli, "run", run)
    assert evbridge(["demo", *arguments]) == 7
    assert seen == [options]


@pytest.mark.parametrize("arguments", [["--port", "0"], ["--port", "65536"], ["--port", "x"], ["--broker", "hivemq"], ["--twice"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        evbridge(["demo", *arguments])
    assert caught.value.code == 2
    assert "usage: evbridge demo" in capsys.readouterr().err


def test_help_says_how_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        evbridge(["demo", "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "--once" in out
    assert "exit codes:" in out


def test_without_any_broker_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit 3, no traceback."""
    monkeypatch.setattr(broker, "mosquitto_program", lambda: None)
    monkeypatch.setattr(broker, "embedded_installed", lambda: False)
    assert evbridge(["demo", "--once"]) == 3
    assert "apt-get install mosquitto" in capsys.readouterr().err
