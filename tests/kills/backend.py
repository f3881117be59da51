"""A central system that takes everything down and knows a start again when it is sent twice; its answers come late, or its cable breaks.

async with Backend("ocpp1.6", rng=Random("seed")) as backend:
    ...                                                 # stations connect to backend.url + "/garage"
    backend.running["garage"]                           # the transaction that runs there
"""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from tests.kills.people import BLOCKED_AFTER_GREEN, VERDICTS
from tests.peers.central_system import Behaviour, CallFailed, CentralSystem, Close, Connection, Delay, Payload

HEARTBEAT_S = 300
CUT_SHARE = 0.02
"""Of all requests: taken, and then the connection breaks before the answer is out. What a station must not bill twice."""
SLOW_SHARE = 0.1
SLOW_S, QUICK_S = (0.05, 0.8), (0.0, 0.02)
PATIENCE_S = 1.0
"""How long the office waits for a station's answer; its bridge may just have been killed."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """What outlives a connection."""

    starts: dict[tuple[object, ...], int] = field(default_factory=dict)
    """OCPP 1.6: transaction ids by the natural key of the start. The first one is 0, which is legal."""
    running: dict[str, int | str] = field(default_factory=dict)


class Backend(CentralSystem):
    """Use it as an asynchronous context manager, as its parent."""

    def __init__(self, protocol: str, *, rng: Random) -> None:
        """It listens when it is entered."""
        super().__init__(protocol=protocol)
        self.memory = Memory()
        self.calm = False
        """From now on every answer comes, and at once."""
        self._rng = rng

    def cut_one(self) -> None:
        """Drop one connection without a word."""
        if self.open:
            self._rng.choice(self.open).socket.transport.abort()

    async def remote_start(self, identity: str, tag: str) -> None:
        """Ask for a charge, wherever the station is just now."""
        if self._protocol == "ocpp1.6":
            await self._ask("RemoteStartTransaction", {"connectorId": 1, "idTag": tag}, identity)
        else:
            token = {"idToken": tag, "type": "ISO14443"}
            payload = {"remoteStartId": self._rng.randrange(2**31), "evseId": 1, "idToken": token}
            await self._ask("RequestStartTransaction", payload, identity)

    async def remote_stop(self, identity: str) -> None:
        """Ask for the end of what runs there, if anything does."""
        running = self.memory.running.get(identity)
        if running is not None:
            action = "RemoteStopTransaction" if self._protocol == "ocpp1.6" else "RequestStopTransaction"
            await self._ask(action, {"transactionId": running}, identity)

    async def _ask(self, action: str, payload: Payload, identity: str) -> None:
        # a task of its own: where the connection breaks, the parent cancels whoever waits
        asking = asyncio.create_task(self._ask_if_there(action, payload, identity), name=action)
        await asyncio.wait({asking}, timeout=PATIENCE_S)
        asking.cancel()
        await asyncio.wait({asking})
        if not asking.cancelled() and (error := asking.exception()) is not None and not isinstance(error, CallFailed):
            raise error

    async def _ask_if_there(self, action: str, payload: Payload, identity: str) -> None:
        if any(connection.identity == identity for connection in self.open):
            await self.call(action, payload, identity=identity)

    def _received(self, connection: Connection, text: str) -> None:
        match json.loads(text):
            case [2, str(message_id), str(action), dict(payload)]:
                self._spawn(connection, message_id, self._weather(self._reply(connection.identity, action, payload)))
            case [3 | 4, str(message_id), *_] if message_id in connection.waiting and connection.waiting[message_id].done():
                del connection.waiting[message_id]  # nobody waits any more
            case _:
                super()._received(connection, text)

    def _weather(self, reply: Payload) -> Behaviour:
        drawn = self._rng.random()
        if self.calm:
            return reply
        if drawn < CUT_SHARE:
            return Close(None)
        return Delay(self._rng.uniform(*(SLOW_S if drawn < CUT_SHARE + SLOW_SHARE else QUICK_S)), reply)

    def _reply(self, identity: str, action: str, payload: dict[str, Any]) -> Payload:
        match action:
            case "BootNotification":
                return {"currentTime": now(), "interval": HEARTBEAT_S, "status": "Accepted"}
            case "Heartbeat":
                return {"currentTime": now()}
            case "Authorize" if "idTag" in payload:
                return {"idTagInfo": VERDICTS[payload["idTag"]].old}
            case "Authorize":
                return {"idTokenInfo": VERDICTS[payload["idToken"]["idToken"]].new}
            case "StartTransaction":
                return self._started(identity, payload)
            case "StopTransaction":
                self.memory.running.pop(identity, None)
                return {}
            case "TransactionEvent":
                return self._told(identity, payload)
            case _:
                return {}

    def _started(self, identity: str, payload: dict[str, Any]) -> Payload:
        tag = payload["idTag"]
        key = (identity, payload["connectorId"], tag, payload["timestamp"], payload["meterStart"])
        id_ = self.memory.running[identity] = self.memory.starts.setdefault(key, len(self.memory.starts))
        info = {"status": "Blocked"} if tag in BLOCKED_AFTER_GREEN else VERDICTS[tag].old
        return {"transactionId": id_, "idTagInfo": info}

    def _told(self, identity: str, payload: dict[str, Any]) -> Payload:
        if payload["eventType"] == "Ended":
            self.memory.running.pop(identity, None)
        else:
            self.memory.running[identity] = payload["transactionInfo"]["transactionId"]
        tag = payload.get("idToken", {}).get("idToken", "")
        if not tag:
            return {}
        return {"idTokenInfo": {"status": "Blocked"} if tag in BLOCKED_AFTER_GREEN else VERDICTS[tag].new}


def now() -> str:
    """UTC as OCPP writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
