"""What goes into an archive, and how an upload is told (`bridge/logroom.py`)."""

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.core.backend import LogRequested
from bridge.core.orders import LogJob, LogKind
from bridge.core.values import RequestId
from bridge.logroom import KNOWN_HOSTS, Logroom
from tests.board import GARAGE, YARD, Board
from tests.peers.file_server import HOST, sftp_server, unpacked, web_server
from tests.peers.waiting import TIMEOUT_S
from tests.shells import TEN_O_CLOCK_MS

JOB = LogJob(id=7, kind=LogKind.DIAGNOSTICS, location="http://files.example/")


@pytest.fixture
async def board(tmp_path: Path) -> Board:
    made = Board(tmp_path)
    await made.settles()
    return made


@pytest.fixture
def room(board: Board) -> Logroom:
    """With a few lines of two charge points."""
    made = Logroom(configuration=board.configuration, clock=board.clock, runtimes=board.runtimes)
    for line in ('[2,"1","BootNotification",{}]', '[2,"2","MeterValues",{}]', '[2,"3","Reset",{"type":"Soft"}]'):
        made.note(GARAGE, ">", line)
    made.note(YARD, ">", '[2,"4","Heartbeat",{}]')
    made.start()
    logging.getLogger("bridge.ocpp").warning("%s: - the central system is away", GARAGE)
    return made


async def test_diagnostics_hold_all_that_was_said_on_this_link_and_on_no_other(room: Logroom) -> None:
    texts = room.texts(GARAGE, JOB)
    about, journal = json.loads(texts["about.json"]), texts["journal.log"]
    assert (about["charge_point"], about["status"], about["from"]) == ("garage", "Available", None)
    assert [word in journal for word in ("BootNotification", "MeterValues", "Reset", "is away", "Heartbeat")] == [True] * 4 + [False]
    assert len(journal.splitlines()) == 4
    await room.stop()


async def test_a_security_log_is_about_the_doors(room: Logroom) -> None:
    log = room.texts(GARAGE, replace(JOB, kind=LogKind.SECURITY))["security.log"]
    assert [word in log for word in ("BootNotification", "MeterValues", "Reset", "is away")] == [True, False, True, True]
    await room.stop()


async def test_only_the_time_that_was_asked_for_is_in_it(room: Logroom) -> None:
    texts = room.texts(GARAGE, replace(JOB, oldest_ms=TEN_O_CLOCK_MS + 3_600_000, newest_ms=TEN_O_CLOCK_MS + 7_200_000))
    assert "BootNotification" not in texts["journal.log"]
    assert json.loads(texts["about.json"])["to"] == "2026-11-22T12:00:00.000Z"
    await room.stop()


async def test_after_the_end_the_log_is_no_longer_listened_to(room: Logroom) -> None:
    await room.stop()
    logging.getLogger("bridge.ocpp").warning("%s: - too late", GARAGE)
    assert "too late" not in room.texts(GARAGE, JOB)["journal.log"]


async def uploads(board: Board, room: Logroom, url: str) -> None:
    """The garage is asked for its log; returns when it has been sent, or not."""
    runtime = board.runtimes[GARAGE]
    runtime._state = replace(runtime.state, rules=replace(runtime.state.rules, file_hosts=(HOST,)))
    board.display.send_log = room.upload
    runtime.handle(LogRequested(**board.clock.stamp(), request=RequestId("log"), job=replace(JOB, location=url)))
    async with asyncio.timeout(TIMEOUT_S):
        while runtime.state.log_job is not None:  # noqa: ASYNC110 - nothing rings when a job ends
            await asyncio.sleep(0.01)


async def test_what_the_core_orders_is_sent_and_told(board: Board, room: Logroom) -> None:
    async with web_server() as server:
        await uploads(board, room, server.url)
        ((_, content),) = server.files.items()
    assert "BootNotification" in unpacked(content)["journal.log"]
    await room.stop()


async def test_keys_of_ssh_hosts_beside_the_database_are_held_to(board: Board, room: Logroom, tmp_path: Path) -> None:
    """With the file a stranger in the host's place gets nothing."""
    folder = tmp_path / "files"
    folder.mkdir()
    room._configuration = replace(board.configuration, store=tmp_path / "evbridge.db")
    async with sftp_server(folder) as server:
        (tmp_path / KNOWN_HOSTS).write_text("")
        await uploads(board, room, server.url)
        assert list(folder.iterdir()) == []
        (tmp_path / KNOWN_HOSTS).write_text(f"[{HOST}]:{server.port} {server.public_key}")
        await uploads(board, room, server.url)
        assert len(list(folder.iterdir())) == 1
    await room.stop()
