"""Processes the demo starts: each in a session of its own, found again by its handle, ended in order and, if need be, by force."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path


async def start_process(*command: str, log: Path, directory: Path) -> asyncio.subprocess.Process:
    """Start it with both outputs going to a log. Its standard input stays open until it or we end, and then ends.

    Ctrl-C in the terminal reaches only us, who end everything in order: hence the session of its own.
    """
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd=directory,
            env=_environment(),
        )


async def answer_of(*command: str, directory: Path, within_s: float) -> tuple[int, str, str]:
    """Run a command to its end: exit status and both outputs. Raises TimeoutError, and then it is killed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        cwd=directory,
        env=_environment(),
    )
    try:
        async with asyncio.timeout(within_s):
            out, err = await process.communicate()
    finally:
        status = await kill_process(process)
    return status, out.decode(errors="replace"), err.decode(errors="replace").strip()


def _environment() -> dict[str, str]:
    # A Python process finds the modules we run on, in the same order, installed or not.
    return os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}


async def end_process(process: asyncio.subprocess.Process, *, within_s: float) -> int:
    """End it in order, by force after a while; returns its exit status. One that has ended already is only asked for it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
    try:
        async with asyncio.timeout(within_s):
            return await process.wait()
    except TimeoutError:
        return await kill_process(process)


async def kill_process(process: asyncio.subprocess.Process) -> int:
    """Power cut. Returns the exit status; of one that has ended already, too."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    return await process.wait()


def last_lines(log: Path, count: int) -> list[str]:
    """What a process said last."""
    return log.read_text(errors="replace").strip().splitlines()[-count:] if log.exists() else []
