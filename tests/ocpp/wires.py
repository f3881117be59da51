"""A connection without a network, for what must be exact to the moment: what was written by the time a call returned."""

import asyncio
import json
from typing import Any

from bridge.ocpp.wire import Endpoint, Wire, WireClosed


class FakeWire:
    """Implements `bridge.ocpp.wire.Wire`; tests are the peer."""

    def __init__(self, subprotocol: str = "ocpp1.6") -> None:
        self.subprotocol = subprotocol
        self.sent: list[list[Any]] = []
        self.pings = 0
        self.pong_s = 0.0
        self.closed_with: int | None = None
        self._inbox: asyncio.Queue[bytes | WireClosed] = asyncio.Queue()

    # --- Wire -------------------------------------------------------------------------------------------------------------------------

    def send(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def reply(self, text: str) -> None:
        self.send(text)

    def ping(self) -> None:
        self.pings += 1

    async def receive(self) -> bytes:
        found = await self._inbox.get()
        if isinstance(found, WireClosed):
            raise found
        return found

    async def close(self, code: int, reason: str) -> None:
        self.closed_with = code
        self.drop()

    def abort(self) -> None:
        self.drop()

    # --- the peer ---------------------------------------------------------------------------------------------------------------------

    def drop(self, code: int | None = None) -> None:
        """The connection ends."""
        self._inbox.put_nowait(WireClosed(code=code))

    async def say(self, frame: bytes | list[Any]) -> None:
        """A frame comes, and is handled."""
        self.pour(frame)
        await settled()

    def pour(self, frame: bytes | list[Any]) -> None:
        """A frame comes, and is not handled yet."""
        self._inbox.put_nowait(frame if isinstance(frame, bytes) else json.dumps(frame).encode())

    async def answer(self, payload: dict[str, Any] | None = None) -> str:
        """The open call is answered; its action."""
        _, message_id, action, _ = next(frame for frame in reversed(self.sent) if frame[0] == 2)
        await self.say([3, message_id, payload or {}])
        return str(action)

    @property
    def actions(self) -> list[str]:
        """What was asked."""
        return [frame[2] for frame in self.sent if frame[0] == 2]


class FakeNetwork:
    """A `Connect` that hands out the wires it is given, in order; then it waits for ever."""

    def __init__(self, *wires: Wire | Exception) -> None:
        self.wires = list(wires)
        self.tries = 0

    async def __call__(self, endpoint: Endpoint) -> Wire:
        self.tries += 1
        if not self.wires:
            await asyncio.get_running_loop().create_future()
        found = self.wires.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


async def settled() -> None:
    """Whatever can happen without time passing has happened."""
    for _ in range(10):
        await asyncio.sleep(0)
