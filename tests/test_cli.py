"""`bridge.cli`: which words there are, and how they end."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridge import __version__
from bridge.cli import main, parser
from bridge.errors import EvbridgeError

ROOT = Path(__file__).parent.parent
WORDS = ("run", "check", "init", "demo", "history", "topics", "queue", "schemas")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"evbridge {__version__}\n"


@pytest.mark.parametrize("word", [*WORDS, ""])
def test_help_tells_what_a_word_does_with_examples(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each example of a help text is a command line that is understood."""
    with pytest.raises(SystemExit) as ended:
        main([word, "--help"] if word else ["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "exit codes:" in text or "examples:" in text
    examples = [line.split()[1:] for line in text.partition("examples:")[2].splitlines() if line.startswith("  evbridge")]
    assert examples or not word
    for example in examples:
        if word != "demo":
            parser().parse_args(example[: example.index(">")] if ">" in example else example)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["run", "--fly"],
        ["history", "--limit", "0"],
        ["history", "--limit", "many"],
        ["history", "--json", "--csv"],
        ["queue", "--replay", "all", "--drop", "all"],
        ["schemas"],
        ["run", "--log-level", "loud"],
    ],
)
def test_wrong_usage_is_told_and_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """With the usage, on standard error."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: evbridge")


def test_the_configuration_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As containers like it; --config wins."""
    (tmp_path / "mine.toml").write_text("[charge_points.garage]")
    monkeypatch.setenv("EVBRIDGE_CONFIG", str(tmp_path / "mine.toml"))
    assert main(["check"]) == 0
    assert main(["check", "--config", str(tmp_path / "other.toml")]) == 1
    assert "other.toml can't be read" in capsys.readouterr().err


def test_an_error_a_user_can_mend_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback; exit code 3."""

    def refuse(*_: object, **__: object) -> int:
        raise EvbridgeError("the disk is full: free some space")

    monkeypatch.setattr("bridge.commands.configuration.check", refuse)
    assert main(["check"]) == 3
    assert capsys.readouterr().err == "the disk is full: free some space\n"


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bridge.commands.configuration.check", interrupt)
    assert main(["check"]) == 130


def test_the_demo_has_its_own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything behind the word is passed on."""
    passed: list[list[str]] = []

    def demo(arguments: list[str]) -> int:
        passed.append(arguments)
        return 7

    monkeypatch.setattr("bridge.demo.cli.main", demo)
    assert main(["demo", "--once", "--anything"]) == 7
    assert passed == [["--once", "--anything"]]


def test_a_reader_who_has_had_enough_is_no_error(tmp_path: Path) -> None:
    """`evbridge topics --table | head -1`."""
    command = f"{sys.executable} -m bridge topics --table | head -1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    assert ended.returncode == 0
    assert ended.stdout.startswith("topic")


def test_help_answers_at_once() -> None:
    """No command's libraries are loaded for it: half a second would be felt."""
    code = "import sys, bridge.cli\ntry:\n    bridge.cli.main(['run', '--help'])\nexcept SystemExit:\n    print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = ended.stdout.splitlines()[-1].split()
    assert not {"rich", "jsonschema", "websockets", "aiomqtt", "orjson", "asyncio"} & set(loaded)


def test_a_bridge_carries_nothing_that_only_words_its_mistakes(tmp_path: Path) -> None:
    """What is sound needs neither sentences nor tables: five megabytes, on a small computer."""
    file = tmp_path / "evbridge.toml"
    file.write_text("[charge_points.garage]\n")
    code = "import pathlib, sys, bridge.app, bridge.commands.run, bridge.config\n"
    code += "bridge.config.load(pathlib.Path(sys.argv[1]))\nprint(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code, str(file)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"rich", "jsonschema"} & set(ended.stdout.split())


@pytest.mark.parametrize("problem, code, told", [("[mqtt]\nport = 0", 1, "mqtt.port"), ("[store]\npath = 'nowhere/there'", 3, "nowhere")])
def test_a_bridge_that_cannot_start_says_why_and_ends(tmp_path: Path, problem: str, code: int, told: str) -> None:
    """In one clear line each, without a traceback."""
    file = tmp_path / "evbridge.toml"
    file.write_text(f"{problem}\n[charge_points.garage]\n")
    (tmp_path / "nowhere").write_text("a file where a folder should be")
    ended = subprocess.run(
        [sys.executable, "-m", "bridge", "run", "--config", str(file)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == code
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_module_is_the_command() -> None:
    ended = subprocess.run([sys.executable, "-m", "bridge", "--version"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == f"evbridge {__version__}\n"
