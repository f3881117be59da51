"""`evbridge demo`, as a newcomer starts it: real broker, real bridge process, real sockets."""

import asyncio
import contextlib
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bridge.audit.ledgers import Metered
from bridge.demo import stage as stage_room
from bridge.demo import story
from bridge.demo.bridge_process import BridgeProcess
from bridge.demo.broker import BrokerKind
from bridge.demo.hardware import Wallbox
from bridge.demo.scenes import SCENES
from bridge.demo.story import Exit, Options
from tests.peers.waiting import SLOWNESS

STORY_S = 110.0 * SLOWNESS
"""The whole takes a minute and a quarter at most; a loaded machine gets a little more."""
SOON_S = 30.0 * SLOWNESS


@contextlib.contextmanager
def demo(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command itself, in a process of its own; killed if a test fails."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def table(output: str, heading: str) -> list[list[str]]:
    """The rows of the last table with this heading, cell by cell."""
    rows: list[list[str]] = []
    for line in output[output.rindex(f"\n{heading} ") :].splitlines()[2:]:
        if not line.strip():
            break
        rows.append(re.split(r" {2,}", line.strip()))
    return rows


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def pids(output: str) -> list[int]:
    return [int(number) for number in re.findall(r"the bridge starts: process (\d+)", output)]


@pytest.mark.timeout(STORY_S + 20)
@pytest.mark.parametrize("broker", [BrokerKind.MOSQUITTO, BrokerKind.EMBEDDED], ids=str)
def test_once_is_a_whole_story_with_even_books(broker: BrokerKind) -> None:
    """Six scenes, three ledgers that agree to the Wh, exit status 0, and nothing left behind."""
    with demo("--once", "--broker", broker.value) as process:
        output, _ = process.communicate(timeout=STORY_S)
        assert process.returncode == 0, output
    for scene in SCENES:
        assert scene.title in output
    assert "\x1b" not in output, "a pipe is no terminal"
    the_sessions_are_told(output)
    the_lamps_are_told(output)
    the_books_are_even(output)
    assert len(pids(output)) == 2
    assert all(gone(pid) for pid in pids(output))


def the_sessions_are_told(output: str) -> None:
    rows = table(output, "session at")
    visits = [row for row in rows if row[1].startswith("card ****")]
    assert [row[-1] for row in visits] == ["EVDisconnected", "PowerLoss", "EVDisconnected"]
    assert {row[2] for row in visits} == {"demo"}
    (ben,) = [row for row in rows if row[1] == "Ben"]
    assert ben[2] == "local"
    assert float(ben[4].removesuffix(" EUR")) > 0
    gaps = [int(row[2].removesuffix(" Wh")) for row in rows if row[1] == "nobody: a gap"]
    assert max(gaps) > 0
    assert re.search(r"messages: \d+ sent .*, at most [2-9]\d* queued at a time, 0 still queued, 0 parked", output)


def the_lamps_are_told(output: str) -> None:
    lamps = [(row[1], row[2], row[3]) for row in table(output, "tap at")]
    assert lamps == [
        ("a visitor", "green", "accepted"),
        ("a stranger", "red", "rejected"),
        ("Ben", "green", "local_permission"),
        ("Anna", "green", "accepted"),
        ("Anna", "green", "accepted"),
        ("a visitor", "green", "accepted"),
    ]


def the_books_are_even(output: str) -> None:
    rows = table(output, "charge point")
    assert [(row[0], row[-1]) for row in rows] == [("garage", "even"), ("yard", "even")]
    for row in rows:
        central, local, gaps, total, meter = (int(cell.removesuffix(" Wh")) for cell in row[1:6])
        assert central + local + gaps == total == meter > 0


@pytest.mark.timeout(STORY_S + 20)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly_in_mid_session(number: signal.Signals) -> None:
    """Vehicles are unplugged, messages delivered, the table is shown, and no process stays behind."""
    with demo() as process:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "shown as Charging" in line:
                process.send_signal(number)
                break
        rest, _ = process.communicate(timeout=SOON_S)
        output = "".join(seen) + rest
        assert process.returncode == Exit.EVEN, output
    assert len(table(output, "session at")) == 1
    the_books_of_one_session_are_even(output)
    assert all(gone(pid) for pid in pids(output))


def the_books_of_one_session_are_even(output: str) -> None:
    assert [row[-1] for row in table(output, "charge point")] == ["even", "even"]


@pytest.mark.timeout(STORY_S)
def test_ctrl_c_during_once_proves_nothing() -> None:
    """A script must not take half a story for a passed one."""
    with demo("--once") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "the bridge starts" in line:
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=SOON_S)
        assert process.returncode == Exit.INTERRUPTED
    assert gone(pids(line)[0])


class Mute(BridgeProcess):
    """A bridge that runs and does nothing."""

    source = "import time; print('mute', flush=True); time.sleep(60)"

    def _command(self, *words: str) -> tuple[str, ...]:
        return sys.executable, "-c", self.source, *words


class Broken(Mute):
    """A bridge that ends at once."""

    source = "raise SystemExit('the database is damaged')"


def played(monkeypatch: pytest.MonkeyPatch, bridge: type[BridgeProcess], patience_s: float) -> tuple[int, str]:
    monkeypatch.setattr(stage_room, "BridgeProcess", bridge)
    out = io.StringIO()
    status = story.run(Options(once=True, patience_s=patience_s), Console(file=out, width=1000, highlight=False, markup=False))
    return status, out.getvalue()


def test_a_stuck_scene_says_what_it_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 1 within the deadline, the last words of the bridge, and nothing left behind."""
    status, output = played(monkeypatch, Mute, 1.0)
    assert status == Exit.PROBLEM
    assert "the demo failed: waited 1 s for the bridge to be online with both charge points" in output
    assert "  mute" in output
    assert all(gone(pid) for pid in pids(output))


def test_a_bridge_that_ends_by_itself_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the dead, and its last line says why."""
    status, output = played(monkeypatch, Broken, SOON_S)
    assert status == Exit.PROBLEM
    assert "the demo failed: the bridge process ended by itself" in output
    assert "the database is damaged" in output


def test_a_broker_that_goes_away_ends_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for ever in a wait, not with a traceback."""
    processes: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def remembered(*command: str, **options: object) -> asyncio.subprocess.Process:
        process = await start(*command, **options)  # type: ignore[arg-type]  # passed on as they came
        processes.append(process)
        if len(processes) > 1:
            processes[0].kill()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", remembered)
    status, output = played(monkeypatch, Mute, SOON_S)
    assert status == Exit.PROBLEM
    assert "the broker has gone" in output
    assert all(process.returncode is not None for process in processes)


@pytest.mark.parametrize(
    "shift_wh, status, line",
    [(0, Exit.EVEN, "Every Wh is on exactly one bill"), (1, Exit.PROBLEM, "garage: nobody accounts for 5000000 to 5000001 Wh")],
)
def test_one_wh_too_much_on_a_meter_is_exit_1(shift_wh: int, status: Exit, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit status is what scripts rely on: it must fail for a single Wh."""

    class Shifted(Wallbox):
        @property
        def metered(self) -> Metered:
            meter = super().metered
            return replace(meter, end_wh=meter.end_wh + shift_wh)

    monkeypatch.setattr(stage_room, "Wallbox", Shifted)
    monkeypatch.setattr(story, "SCENES", ())
    found, output = played(monkeypatch, BridgeProcess, SOON_S)
    assert line in output
    assert found == status


def test_nothing_stays_on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    played(monkeypatch, Broken, SOON_S)
    assert list(tmp_path.iterdir()) == []
