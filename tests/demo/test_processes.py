"""Nothing the demo starts outlives it, however stubborn."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bridge.demo.processes import answer_of, end_process, kill_process, last_lines, start_process

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
SOON_S = 20.0


async def python(source: str, directory: Path) -> asyncio.subprocess.Process:
    return await start_process(sys.executable, "-c", source, log=directory / "log", directory=directory)


async def said(directory: Path, word: str) -> None:
    async with asyncio.timeout(SOON_S):
        while word not in last_lines(directory / "log", 1):  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)


async def test_it_ends_in_order(tmp_path: Path) -> None:
    process = await python("import sys; print('here', flush=True); sys.stdin.read()", tmp_path)
    await said(tmp_path, "here")
    assert await end_process(process, within_s=SOON_S) == -signal.SIGTERM


async def test_who_does_not_want_to_end_is_killed(tmp_path: Path) -> None:
    process = await python(STUBBORN, tmp_path)
    await said(tmp_path, "deaf")
    assert await end_process(process, within_s=0.1) == -signal.SIGKILL


async def test_one_that_has_ended_is_only_asked_for_its_status(tmp_path: Path) -> None:
    process = await python("raise SystemExit(3)", tmp_path)
    await process.wait()
    assert await end_process(process, within_s=SOON_S) == 3
    assert await kill_process(process) == 3


async def test_ctrl_c_in_the_terminal_does_not_reach_it(tmp_path: Path) -> None:
    """The terminal sends it to a whole session; the demo ends its processes itself, in the right order."""
    process = await python("import sys; print('here', flush=True); sys.stdin.read()", tmp_path)
    assert os.getsid(process.pid) != os.getsid(0)
    await kill_process(process)


async def test_it_finds_the_modules_we_run_on(tmp_path: Path) -> None:
    """Installed or not, from whichever directory."""
    status, out, _ = await answer_of(sys.executable, "-c", "import bridge; print(bridge.__file__)", directory=tmp_path, within_s=SOON_S)
    import bridge

    assert (status, out.strip()) == (0, bridge.__file__)


async def test_an_answer_that_does_not_come_is_not_awaited_for_ever(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await answer_of(sys.executable, "-c", "import time; time.sleep(60)", directory=tmp_path, within_s=0.2)


async def test_a_command_tells_status_and_both_outputs(tmp_path: Path) -> None:
    source = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(2)"
    assert await answer_of(sys.executable, "-c", source, directory=tmp_path, within_s=SOON_S) == (2, "out\n", "err")


def test_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log, 2) == []
    log.write_text("one\ntwo\nthree\n")
    assert last_lines(log, 2) == ["two", "three"]
