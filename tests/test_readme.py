"""The README: what it shows can be typed."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from bridge.cli import parser
from bridge.config import load

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


COMMANDS = [
    line.removeprefix("$ ").partition("  #")[0].strip() for block in blocks("console") for line in block.splitlines() if line[:2] == "$ "
]


def test_the_two_commands_come_first() -> None:
    """Whoever opens the page can try it before reading on."""
    assert COMMANDS[:2] == ["make demo", "make test"]
    assert PAGE.index("make demo") < 1000


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("make ")])
def test_every_make_command_of_the_page_exists(command: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert command.split()[1] in targets


@pytest.mark.parametrize("command", [command for command in COMMANDS if "evbridge " in command and "pip" not in command])
def test_every_evbridge_command_of_the_page_is_understood(command: str) -> None:
    """Words and options are those of this version."""
    words = command.split()
    words = words[next(index for index, word in enumerate(words) if word.endswith("evbridge")) + 1 :]
    parser().parse_args(words[: words.index(">")] if ">" in words else words)


@pytest.mark.parametrize("text", blocks("toml"))
def test_every_configuration_of_the_page_works(text: str, tmp_path: Path) -> None:
    """Also one that shows only a part: a charge point is added where it has none."""
    if "charge_points" not in tomllib.loads(text):
        text += "\n[charge_points.garage]\n"
    file = tmp_path / "evbridge.toml"
    file.write_text(text)
    assert load(file, environment={}).charge_points


def test_every_json_of_the_page_is_json() -> None:
    """What is shown can be copied into a flow."""
    for block in blocks("json"):
        json.loads(block)


def test_the_page_names_files_that_exist() -> None:
    """In running text as well."""
    for name in re.findall(r"`((?:bridge|schemas|tests|examples|requirements|benchmarks)/[\w./-]+\.\w+)`", PAGE):
        assert (ROOT / name).exists(), name
