"""`bridge.commands.schemas` and `readme`."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest

from bridge import schemas
from bridge.cli import main
from bridge.commands import readme
from bridge.commands import schemas as command
from bridge.mqtt import asyncapi
from bridge.mqtt.topics import TABLE

ROOT = Path(__file__).parents[2]


def test_nothing_differs_from_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    """What the README, the schemas and the AsyncAPI document say is what the bridge does."""
    assert main(["schemas", "--check"]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out == f"{len(schemas.names())} schemas, {len(TABLE)} topics: all as they should be\n"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of one's own to break."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    shutil.copy(ROOT / "README.md", tmp_path)
    monkeypatch.setattr(command, "_checkout", lambda: tmp_path)
    monkeypatch.setattr(schemas, "folder", lambda: tmp_path / "schemas")
    schemas.load.cache_clear()
    return tmp_path


@pytest.mark.parametrize(
    "file, before, after, told",
    [
        ("README.md", "| `wallbox/{id}/plugged` |", "| `wallbox/{id}/plug` |", "README.md: a table differs from its source"),
        ("README.md", "<!-- /topics -->", "", "the README has no place for topics"),
        ("README.md", "<!-- topics -->\n", "<!-- topics -->", "the README must have <!-- topics --> and <!-- /topics --> once"),
        ("schemas/asyncapi.json", '"retain": true', '"retain": false', "schemas/asyncapi.json differs from the table of topics"),
        ("schemas/tap.schema.json", '"type": "object"', '"type": "objekt"', "schemas/tap.schema.json is no schema"),
        ("schemas/mode.schema.json", '"eco"', '"echo"', "schemas/mode.schema.json: its example 0 is not valid"),
        ("schemas/mode.schema.json", '"examples"', '"exempel"', "schemas/mode.schema.json has no examples"),
    ],
)
def test_a_difference_is_told_and_fails(
    copy: Path, capsys: pytest.CaptureFixture[str], file: str, before: str, after: str, told: str
) -> None:
    """CI stops what would mislead a reader."""
    text = (copy / file).read_text()
    assert before in text
    (copy / file).write_text(text.replace(before, after, 1))
    schemas.load.cache_clear()
    assert main(["schemas", "--check"]) == 1
    assert told in capsys.readouterr().out
    schemas.load.cache_clear()


def test_a_schema_without_topic_or_a_topic_without_schema_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file lies about unused, none is missing."""
    (copy / "schemas" / "request_status.schema.json").rename(copy / "schemas" / "request_statsu.schema.json")
    assert main(["schemas", "--check"]) == 1
    told = capsys.readouterr().out
    assert "schemas/request_status.schema.json is missing" in told
    assert "schemas/request_statsu.schema.json is used by no topic" in told


def test_write_mends_what_is_made(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command brings every table up to date."""
    for file, before in (("README.md", "Whether a vehicle is plugged in."), ("schemas/asyncapi.json", '"retain": true')):
        text = (copy / file).read_text()
        (copy / file).write_text(text.replace(before, "something else"))
    assert main(["schemas", "--check"]) == 1
    assert main(["schemas", "--write"]) == 0
    assert (copy / "README.md").read_text() == (ROOT / "README.md").read_text()
    capsys.readouterr()


def test_an_installed_bridge_has_nothing_to_write(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "_checkout", lambda: None)
    assert main(["schemas", "--write"]) == 3
    assert "installed bridge" in capsys.readouterr().err


def test_a_cell_cannot_break_its_table() -> None:
    """A pipe or a line break in a text stays in its cell."""
    assert readme.table(["a"], [["x|y\nz"]]) == "| a |\n| --- |\n| x\\|y z |"


def test_every_link_of_the_readme_leads_somewhere() -> None:
    """Files and headings."""
    page = (ROOT / "README.md").read_text()
    headings = {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in page.splitlines() if line.startswith("#")}
    for target in re.findall(r"\]\(([^)]+)\)", page):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (ROOT / unquote(target.partition("#")[0])).exists(), target


def test_the_document_is_json_as_it_stands_in_the_file() -> None:
    assert json.loads(asyncapi.text()) == json.loads((ROOT / "schemas" / asyncapi.FILE).read_text())
