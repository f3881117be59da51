"""The example central systems of the Go module `github.com/lorenzodonini/ocpp-go`, as their authors wrote them.

    async with ocpp_go("ocpp2.0.1") as csms:            # built by .ci/peers where a Go toolchain is found
        ...                                             # a station connects to csms.url + "/CP1"
        csms.said("CP1", "TransactionEvent", "started")

Each lets everybody in, accepts every card, and puts a fixed row of requests to every station that connects. The one for 1.6 logs
errors only.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.peers.broker import free_port
from tests.peers.waiting import SLOWNESS

FOLDER = Path(__file__).resolve().parent.parent / "go" / "bin"
PROGRAMS = {"ocpp1.6": FOLDER / "cs", "ocpp2.0.1": FOLDER / "csms"}
ROUTINE_S = 90.0 * SLOWNESS
"""Its row of requests has pauses of some thirty seconds in all."""
FIELD = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')


class OcppGo:
    """One of them, running."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        """`port` is where it listens."""
        self.url = f"ws://127.0.0.1:{port}"
        self.lines: list[dict[str, str]] = []
        """Its log: level, msg, client, message …"""
        self._process = process
        self._reader = asyncio.create_task(self._read(), name="ocpp-go log")

    def said(self, client: str, message: str, *words: str) -> list[str]:
        """What it said about a station's message (or its own to that station), if all these words are in it."""
        found = [line["msg"] for line in self.lines if line.get("client") == client and line.get("message") == message]
        return [text for text in found if all(word in text for word in words)]

    def complaints(self) -> list[str]:
        """Everything it logged above the level of information."""
        return [line["msg"] for line in self.lines if line["level"] in {"warning", "error", "fatal"}]

    def story(self) -> str:
        """Its log."""
        return "\n".join(f"{line['level']} {line.get('client', '')} {line.get('message', '')} {line['msg']}" for line in self.lines)

    async def _read(self) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            fields = {name: quoted or bare for name, quoted, bare in FIELD.findall(line.decode())}
            if {"level", "msg"} <= fields.keys():
                self.lines.append(fields)

    async def close(self) -> None:
        """End it."""
        self._process.kill()
        await self._process.wait()
        await self._reader


@contextlib.asynccontextmanager
async def ocpp_go(version: str) -> AsyncIterator[OcppGo]:
    """Running and listening, for OCPP `version`."""
    port = free_port()
    environment: dict[str, Any] = {**os.environ, "SERVER_LISTEN_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(str(PROGRAMS[version]), env=environment, stderr=asyncio.subprocess.PIPE)
    central = OcppGo(process, port)
    try:
        yield central
    except BaseException:
        print(central.story())
        raise
    finally:
        await central.close()
