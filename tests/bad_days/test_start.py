"""Starts that can't succeed end at once with one line that says what to do; a damaged database is no reason not to start."""

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.bad_days.town import Town, town
from tests.peers.bridge_process import BridgeProcess
from tests.peers.broker import Mosquitto

PROBLEM, UNAVAILABLE = 1, 3
"""Exit codes: the configuration is wrong; something outside does not work."""
SOUND: Mapping[str, Any] = {
    "mqtt": {"host": "127.0.0.1", "port": 1},
    "csms": {"office": {"url": "wss://localhost:1/ocpp"}},
    "charge_points": {"garage": {"csms": "office"}},
}


def _directory(folder: Path) -> None:
    (folder / "evbridge.db").mkdir()


def _file_for_a_directory(folder: Path) -> None:
    (folder / "data").write_text("not a directory")


def _newer_schema(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "evbridge.db")) as db:
        db.executescript("PRAGMA application_id = 0x65766272; PRAGMA user_version = 99; CREATE TABLE session (id)")


def _other_program(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "evbridge.db")) as db:
        db.executescript("PRAGMA application_id = 42; CREATE TABLE bookmarks (id)")


def _rubbish(folder: Path) -> None:
    (folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")


def _nothing(folder: Path) -> None:
    """All it takes is in the configuration."""


def changed(path: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - TOML
    """A sound configuration with one value more, or another one."""
    tables: dict[str, Any] = {name: dict(table) for name, table in SOUND.items()}
    *levels, key = path.split(".")
    table = tables
    for level in levels:
        table[level] = dict(table.get(level, {}))
        table = table[level]
    table[key] = value
    return tables


REFUSALS: Mapping[str, tuple[dict[str, Any], Callable[[Path], None], int, tuple[str, ...]]] = {
    "unknown key": (
        changed("charge_points.garage.price_per_kw", 0.3),
        _nothing,
        PROBLEM,
        ("charge_points.garage.price_per_kw: ", "is unknown", 'did you mean "price_per_kwh"?'),
    ),
    "authority missing": (changed("csms.office.ca_file", "ca.pem"), _nothing, PROBLEM, ("csms.office.ca_file: ", "ca.pem can't be read")),
    "authority damaged": (changed("csms.office.ca_file", "ca.pem"), _rubbish, PROBLEM, ("csms.office.ca_file: ", "PEM form")),
    "database is a directory": (changed("log.level", "error"), _directory, UNAVAILABLE, ("evbridge.db", "check the path")),
    "no directory for it": (
        changed("store.path", "data/evbridge.db"),
        _file_for_a_directory,
        UNAVAILABLE,
        ("data/evbridge.db", "check the path"),
    ),
    "newer schema": (changed("log.level", "error"), _newer_schema, UNAVAILABLE, ("a newer evbridge", "install that version again")),
    "other program": (changed("log.level", "error"), _other_program, UNAVAILABLE, ("another program", "give evbridge a file of its own")),
}
"""Configuration, what lies in its folder, exit code, and what the line says."""


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Every file, and who may read it."""
    return {file: (file.read_bytes(), file.stat().st_mode) for file in folder.rglob("*") if file.is_file() and file.suffix != ".toml"}


@pytest.mark.parametrize("case", REFUSALS)
async def test_it_ends_at_once_with_one_line(case: str, tmp_path: Path) -> None:
    """No traceback, no half-started bridge, and nothing that lay there has been touched."""
    tables, prepare, status, says = REFUSALS[case]
    prepare(tmp_path)
    before = contents(tmp_path)
    process = BridgeProcess(tmp_path, None, None, tables)
    await process.launch()
    assert await process.ended() == status
    lines = [line for line in process.log().splitlines() if " INFO " not in line]
    assert all(part in lines[0] for part in says)
    assert lines[1:] == (["1 problem"] if status == PROBLEM else [])
    assert before.items() <= contents(tmp_path).items()


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    process = BridgeProcess(tmp_path, None, None, SOUND)
    process.file.unlink()
    await process.launch()
    assert await process.ended() == PROBLEM
    assert "can't be read (no such file or directory). `evbridge init` writes one" in process.log()


async def test_a_second_instance_leaves_the_first_alone(tmp_path: Path, own_broker: Mosquitto) -> None:
    """It names the process that has the database; the first one goes on charging."""
    async with town(tmp_path / "first", own_broker) as place:
        tables = changed("store.path", str(tmp_path / "first" / "evbridge.db"))
        second = BridgeProcess(tmp_path / "second", own_broker, None, tables | {"mqtt": {"instance": "second", "root": "second"}})
        await second.launch()
        assert await second.ended() == UNAVAILABLE
        [line] = [line for line in second.log().splitlines() if " INFO " not in line]
        assert f"is in use by another evbridge (process {place.process.process_id}): stop that one first" in line
        await place.serves()


async def test_a_damaged_database_is_set_aside_and_the_bridge_starts(tmp_path: Path, own_broker: Mosquitto) -> None:
    """Nobody's car waits for a database. What lay there is kept to the byte, and an alert says where."""
    damaged = b"SQLite format 3\x00" + b"\xa5" * 8000
    (tmp_path / "evbridge.db").write_bytes(damaged)
    async with town(tmp_path, own_broker) as place:
        line = await place.alert("database_set_aside", "was damaged", "need a person")
        [(aside, (content, _))] = [found for found in contents(tmp_path).items() if ".damaged-" in found[0].name]
        assert str(aside) in line
        assert content == damaged
        await place.serves()
        await _goes_when_it_was_seen(place)
        await place.process.restart()
        assert place.topics.value("bridge/alert/database_set_aside") == ""


async def _goes_when_it_was_seen(place: Town) -> None:
    assert (await place.topics.ask("alert_clear", alert="database_set_aside"))["status"] == "ok"
    await place.topics.shows("bridge/alert/database_set_aside", "")
