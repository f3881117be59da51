"""A real process, killed in the middle of writing, and a disk that really refuses."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.store.offline import open_reader
from tests.store.vaults import SqliteVault
from tests.store.worlds import GARAGE, local_kept

ROOT = Path(__file__).parents[2]
KILLS = 20


def _start(task: str, path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", "tests.store.victim", task, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _told_before_it_was_killed(path: Path, lines: int) -> int:
    """Let a process write, and kill it after so many words; the last number it said was on the disk."""
    process = _start("for-ever", path)
    assert process.stdout is not None
    last = -1
    for _ in range(lines):
        last = int(process.stdout.readline())
    process.kill()
    rest, _ = process.communicate(timeout=30)
    complete = rest.split("\n")[:-1]  # the last piece may be half a number
    return int(complete[-1]) if complete else last


async def test_what_was_told_to_be_on_the_disk_is_there_after_a_kill(tmp_path: Path) -> None:
    """Twenty times kill -9, at any moment: every record that was confirmed is there, in order, and none between is missing."""
    path = tmp_path / "evbridge.db"
    weather = random.Random(4711)
    for _ in range(KILLS):
        last = _told_before_it_was_killed(path, weather.randint(1, 60))
        with open_reader(path) as reader:
            found = [row.record.sequence for row in reader.rows()]
            assert found == list(range(len(found)))
            assert last in found
            assert reader.kept(GARAGE) == local_kept(found[-1]), "the state and the record of one change are there together, or neither"
            assert reader.count(GARAGE).queued == len(found)
    vault = SqliteVault(path)
    assert vault.store.set_aside is None
    await vault.store.close()


def test_a_disk_that_really_refuses_loses_nothing(tmp_path: Path) -> None:
    """The system itself won't let the files grow: everything waits, is told, and is written once there is room."""
    path = tmp_path / "evbridge.db"
    process = _start("too-small", path)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    result = json.loads(said)
    assert result["waiting"] > 0
    (refused, error), *_, last = result["told"]
    assert refused is False
    assert "check the disk and its quota" in error
    assert last == [True, None]
    with open_reader(path) as reader:
        assert [row.record.sequence for row in reader.rows()] == list(range(2001))


@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGKILL"])
def test_a_killed_process_leaves_no_lock(signal_name: str, tmp_path: Path) -> None:
    """After any end the bridge starts again by itself."""
    path = tmp_path / "evbridge.db"
    for _ in range(2):
        process = _start("for-ever", path)
        assert process.stdout is not None
        assert process.stdout.readline()
        (process.kill if signal_name == "SIGKILL" else process.terminate)()
        process.communicate(timeout=30)
