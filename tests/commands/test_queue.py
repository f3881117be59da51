"""`bridge.commands.queue`."""

import asyncio
import io
import json
import sys
from pathlib import Path

import pytest

from bridge.cli import main
from bridge.store.offline import open_offline, open_reader
from bridge.store.protocol import RecordState
from tests.commands.conftest import CONFIGURATION
from tests.peers.bridge_process import BridgeProcess
from tests.peers.broker import Mosquitto
from tests.peers.onlooker import onlooker


def sessions(site: Path, state: RecordState) -> list[str]:
    """Names of the sessions with records in a state."""
    with open_reader(site.parent / "evbridge.db") as store:
        return list(dict.fromkeys(row.record.session for row in store.rows(None, (state,))))


def test_one_line_a_session_tells_what_waits_and_why(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Queued and parked, with the error and what becomes of it."""
    assert main(["queue", "-c", str(site)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split()[:3] == ["charge", "point", "to"]
    assert "parked-1  parked  start, sample, stop" in out[1]
    assert out[1].endswith("by hand      InternalError: no such card")
    assert "queued-1  queued  start, sample, stop" in out[2]
    assert out[-1] == "3 queued, 6 parked"


def test_programs_get_one_object_a_record(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No tag is in it."""
    assert main(["queue", "-c", str(site), "--json", "--charge-point", "garage"]) == 0
    out = capsys.readouterr().out
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["session"], row["kind"], row["state"]) for row in rows] == [
        *(("parked-1", kind, "parked") for kind in ("start", "sample", "stop")),
        *(("queued-1", kind, "queued") for kind in ("start", "sample", "stop")),
    ]
    assert rows[0]["created"] == "2026-01-01T12:00:00.000Z"
    assert "04A2" not in out


def test_an_empty_queue_is_told_as_one(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["queue", "-c", str(site), "--drop", "all", "--yes"]) == 0
    assert main(["queue", "-c", str(site), "--charge-point", "yard"]) == 0
    assert capsys.readouterr().out.endswith("\n0 queued, 0 parked\n")


@pytest.mark.parametrize(
    "options, said, parked",
    [
        (["parked-1"], "3 records of 1 sessions queued again\n", ["parked-2"]),
        (["all"], "6 records of 2 sessions queued again\n", []),
        (["all", "--charge-point", "yard"], "3 records of 1 sessions queued again\n", ["parked-1"]),
    ],
)
def test_a_parked_session_is_tried_again(
    site: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str, parked: list[str]
) -> None:
    """While no bridge runs the database is changed directly."""
    assert main(["queue", "-c", str(site), "--replay", *options]) == 0
    assert capsys.readouterr().out == said
    assert sessions(site, RecordState.PARKED) == parked


def test_giving_up_is_asked_for_first(site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer nothing is dropped."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # no terminal: nobody was asked
    assert main(["queue", "-c", str(site), "--drop", "all"]) == 1
    assert capsys.readouterr().out.endswith("nothing is dropped; --yes drops without asking\n")
    assert sessions(site, RecordState.PARKED) == ["parked-1", "parked-2"]


@pytest.mark.parametrize(
    "answer, code, left", [("y", 0, ["parked-2"]), ("n", 1, ["parked-1", "parked-2"]), ("", 1, ["parked-1", "parked-2"])]
)
def test_a_yes_gives_up_what_was_shown(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: list[str]
) -> None:
    """The records are marked, never erased."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer + "\n"))
    assert main(["queue", "-c", str(site), "--drop", "parked-1"]) == code
    assert sessions(site, RecordState.PARKED) == left
    with open_reader(site.parent / "evbridge.db") as store:
        assert len(store.rows(None, tuple(RecordState))) == 9


@pytest.mark.parametrize(
    "options, message",
    [
        (["--replay", "queued-1"], "no parked session is called queued-1; `evbridge queue` shows them\n"),
        (["--drop", "nothing", "--yes"], "no parked session is called nothing; `evbridge queue` shows them\n"),
    ],
)
def test_a_session_that_is_not_parked_is_told(site: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str) -> None:
    assert main(["queue", "-c", str(site), *options]) == 3
    assert capsys.readouterr().err == message


async def test_a_running_bridge_is_asked_to_do_it(site: Path, tmp_path: Path) -> None:
    """Its database is its own; the command line goes to it over MQTT."""
    with Mosquitto() as broker:
        async with onlooker(broker) as topics:
            settings = {"csms": {"steve": {"url": "ws://127.0.0.1:1/"}}, "charge_points": {"garage": {"csms": "steve"}}}
            process = BridgeProcess(site.parent, broker, topics, settings)
            await process.launch()
            try:
                await topics.shows("charge_point/garage/ocpp/parked", "3")
                code, out, err = await evbridge("queue", "-c", str(process.file), "--replay", "parked-1", "--charge-point", "garage")
                assert (code, out, err) == (0, "3 records of 1 sessions queued again\n", "")
            finally:
                await process.kill()
    assert sessions(site, RecordState.PARKED) == ["parked-2"]


async def test_a_database_in_use_without_a_bridge_to_ask_is_told(site: Path) -> None:
    """Nothing is changed behind the back of a process that holds it."""
    with Mosquitto() as broker, open_offline(site.parent / "evbridge.db"):
        file = site.parent / "other.toml"
        file.write_text(f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\n' + CONFIGURATION)
        code, _, err = await evbridge("queue", "-c", str(file), "--replay", "all")
    assert code == 3
    assert "is in use by another evbridge" in err
    assert sessions(site, RecordState.PARKED) == ["parked-1", "parked-2"]


async def evbridge(*arguments: str) -> tuple[int | None, str, str]:
    """The command line in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()
