"""`bridge.commands.history`."""

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import schemas
from bridge.cli import main
from bridge.commands.history import lasted, utc_ms
from tests.commands.conftest import NOON


@pytest.fixture(autouse=True)
def in_vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that is an hour ahead of UTC in winter."""
    monkeypatch.setenv("TZ", "Europe/Vienna")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints, when all is well."""
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_sessions_are_shown_in_local_time_with_who_and_how_much(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a session, for people."""
    lines = said(capsys, "history", "--config", str(site)).splitlines()
    assert lines[0].split() == ["started", "lasted", "charge", "point", "who", "authority", "kWh", "EUR", "ended", "by"]
    assert lines[1].split() == ["2026-01-01", "14:00:00", "1:00:00", "garage", "****E680", "steve", "1.000", "EVDisconnected"]
    assert lines[2].split() == ["2026-01-01", "15:00:00", "1:00:00", "garage", "=Anna", "local", "2.000", "0.58", "EVDisconnected"]
    assert lines[3].endswith("(energy of no session)             3.000        the bridge was down")
    assert len(lines) == 4


def test_json_is_what_mqtt_said(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that reads the topic can read the history, and no whole tag is in it."""
    out = said(capsys, "history", "-c", str(site), "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["energy_wh"] for row in rows] == [1000, 2000, 3000]
    assert [schemas.problem("history_entry", row) for row in rows] == [None, None, None]
    assert "04A2B3C4D5E680" not in out


def test_csv_opens_in_a_spreadsheet_and_runs_nothing_there(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A user called `=Anna` is a text, no formula."""
    rows = list(csv.DictReader(io.StringIO(said(capsys, "history", "-c", str(site), "--csv"))))
    assert [row["kind"] for row in rows] == ["ocpp", "local", "gap"]
    assert rows[1]["name"] == "'=Anna"
    assert rows[1]["cost"] == "0.58"
    assert rows[2]["user"] == ""


def test_decisions_tell_refusals_too(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Why a card was red yesterday can be looked up."""
    lines = said(capsys, "history", "-c", str(site), "--decisions").splitlines()
    assert lines[2].split() == ["2026-01-01", "13:00:00", "garage", "****E680", "red", "rejected", "steve", "Blocked"]
    rows = [json.loads(line) for line in said(capsys, "history", "-c", str(site), "--decisions", "--json").splitlines()]
    assert [schemas.problem("decision", row) for row in rows] == [None, None]


@pytest.mark.parametrize(
    "options, kinds",
    [
        (["--limit", "1"], ["gap"]),
        (["--since", "2026-01-01T15:30"], ["local", "gap"]),
        (["--since", "2026-01-02"], []),
        (["--since", "2026-01-01T15:30Z"], ["gap"]),
        (["--charge-point", "yard"], []),
        (["--charge-point", "garage"], ["ocpp", "local", "gap"]),
    ],
)
def test_what_is_asked_for_is_shown(site: Path, capsys: pytest.CaptureFixture[str], options: list[str], kinds: list[str]) -> None:
    """By charge point, from a time on (of this machine where it tells no zone), the newest few."""
    out = said(capsys, "history", "-c", str(site), "--json", *options)
    assert [json.loads(line)["kind"] for line in out.splitlines()] == kinds


def test_nothing_is_told_as_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty history is a sentence for people, and an empty file for programs."""
    assert said(capsys, "history", "-c", str(site), "--charge-point", "yard") == "nothing yet\n"
    assert said(capsys, "history", "-c", str(site), "--charge-point", "yard", "--csv") == ""


@pytest.mark.parametrize(
    "options, message",
    [
        (["--since", "yesterday"], "yesterday is no time; write 2026-01-31 or 2026-01-31T12:00\n"),
        (["--charge-point", "gargae"], 'there is no charge point gargae in the configuration; did you mean "garage"?\n'),
    ],
)
def test_a_wrong_wish_is_answered_with_a_right_one(
    site: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["history", "-c", str(site), *options]) == 3
    assert capsys.readouterr().err == message


def test_without_a_database_nothing_has_happened_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Looking makes no file."""
    file = tmp_path / "evbridge.toml"
    file.write_text("[charge_points.garage]")
    assert main(["history", "-c", str(file)]) == 3
    assert "there is no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [file]


def test_days_and_times_are_of_this_machine() -> None:
    assert utc_ms("2026-01-01T13:00") == NOON
    assert utc_ms("2026-01-01T12:00Z") == NOON
    assert utc_ms("2026-01-01") == NOON - 13 * 3_600_000


@pytest.mark.parametrize(
    "ended, text",
    [("2026-01-01T13:05:30Z", "1:05:30"), ("2026-01-03T12:00:00Z", "48:00:00"), ("2026-01-01T11:00:00Z", "0:00:00")],
)
def test_how_long_is_told_in_hours(ended: str, text: str) -> None:
    assert lasted("2026-01-01T12:00:00Z", ended) == text
