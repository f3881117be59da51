"""The strict central system is itself checked: by a small station written here, with no part of the bridge."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.peers import journal
from tests.peers.strict_csms import ACCEPTED, CallFailed, StrictCsms, strict_csms

BOOT = {"chargePointVendor": "evbridge", "chargePointModel": "test"}
START = {"connectorId": 1, "idTag": "04AABBCC", "meterStart": 1000, "timestamp": "2026-11-22T10:00:00Z"}


class Station:
    """Sends exactly what it is told to."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._ids = itertools.count(1)

    async def send(self, *frame: object) -> None:
        await self.socket.send(json.dumps(frame))

    async def receive(self) -> list[Any]:
        frame: list[Any] = json.loads(await self.socket.recv())
        return frame

    async def ask(self, action: str, payload: dict[str, Any]) -> list[Any]:
        await self.send(2, str(next(self._ids)), action, payload)
        return await self.receive()


@contextlib.asynccontextmanager
async def station(csms: StrictCsms, identity: str = "CP1") -> AsyncIterator[Station]:
    async with connect(f"{csms.url}/some/path/{identity}", subprotocols=[Subprotocol("ocpp1.6")], compression=None) as socket:
        yield Station(socket)


async def test_a_session_by_the_book_is_seen_and_valid() -> None:
    async with strict_csms(tags={"04AABBCC": ACCEPTED}) as csms, station(csms) as box:
        await box.ask("BootNotification", BOOT)
        assert (await box.ask("Authorize", {"idTag": "nobody"}))[2]["idTagInfo"]["status"] == "Invalid"
        for _ in range(2):  # a repeated start is one transaction
            await box.ask("StartTransaction", START)
        await box.ask("StopTransaction", {"transactionId": 1, "meterStop": 1500, "timestamp": "2026-11-22T11:00:00+01:00"})
        start = await csms.saw("StartTransaction", idTag="04AABBCC", count=2)
        stop = await csms.saw("StopTransaction")
        connection = await csms.connected("CP1")
        assert start.answer == {"transactionId": 2, "idTagInfo": {"status": "Accepted"}}
        assert stop.answer == {}
        assert (connection.endpoint, connection.protocol) == ("/some/path", "ocpp1.6")
        assert [(one.id, one.energy_wh) for one in csms.transactions("CP1")] == [(1, 500)]
        csms.must_be_valid()


async def test_it_asks_the_station() -> None:
    async with strict_csms() as csms, station(csms) as box:
        await csms.connected("CP1")
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(csms.call("CP1", "Reset", {"type": "Soft"}))
            _, id_, action, payload = await box.receive()
            await box.send(3, id_, {"status": "Accepted"})
        assert (action, payload, answer.result()) == ("Reset", {"type": "Soft"}, {"status": "Accepted"})
        asked = asyncio.create_task(csms.call("CP1", "ClearCache", {}))
        await box.send(4, (await box.receive())[1], "NotSupported", "", {})
        with pytest.raises(CallFailed) as refused:
            await asked
        assert refused.value.code == "NotSupported"
        csms.must_be_valid()


FAULTS = {
    "breaks the schema": [(2, "1", "BootNotification", {"chargePointVendor": "x"})],
    "which is not a text of 1 to 36": [(2, "i" * 37, "Heartbeat", {})],
    "a second time": [(2, "1", "Heartbeat", {}), (2, "1", "Heartbeat", {})],
    "is no OCPP-J message": [("not", "ocpp")],
    "does not know": [(2, "1", "Foo", {})],
    "'date-time'": [(2, "1", "StartTransaction", {**START, "timestamp": "2026-11-22T10:00:00"})],
    "answers 7, which nobody asked": [(3, "7", {})],
}


@pytest.mark.parametrize("fault, frames", FAULTS.items(), ids=list(FAULTS))
async def test_the_audit_blames_the_station(fault: str, frames: list[tuple[Any, ...]]) -> None:
    async with strict_csms() as csms:
        async with station(csms) as box:
            for frame in frames:
                await box.send(*frame)
                if frame[0] != journal.CALLRESULT:
                    await box.receive()
        await csms.connected("CP1")
        await csms.disconnected("CP1")
        found = journal.faults(csms.frames)
        assert any(fault in text and "station" in text for text in found), found
        with pytest.raises(AssertionError):
            csms.must_be_valid()


async def test_the_audit_blames_two_open_calls() -> None:
    async with strict_csms() as csms, station(csms) as box:
        await csms.answer("Heartbeat", silence=True, times=1)
        await box.send(2, "1", "Heartbeat", {})
        await box.send(2, "2", "Heartbeat", {})
        await csms.saw("Heartbeat")
        assert [fault for fault in journal.faults(csms.frames) if "one open CALL at a time" in fault]


@pytest.mark.parametrize(
    "rule, answer",
    [
        ({"result": {"idTagInfo": {"status": "Expired"}}}, [3, "1", {"idTagInfo": {"status": "Expired"}}]),
        ({"result": {}, "lax": True}, [3, "1", {}]),
        ({"error": "InternalError"}, [4, "1", "InternalError", "as the test wishes", {}]),
        ({"delay_s": 0.01}, [3, "1", {"idTagInfo": {"status": "Accepted"}}]),
    ],
)
async def test_it_answers_as_it_is_told(rule: dict[str, Any], answer: list[Any]) -> None:
    async with strict_csms(tags={"04AABBCC": ACCEPTED}) as csms, station(csms) as box:
        await csms.answer("Authorize", times=1, **rule)
        assert await box.ask("Authorize", {"idTag": "04AABBCC"}) == answer
        assert (await box.ask("Authorize", {"idTag": "04AABBCC"}))[2] == {"idTagInfo": {"status": "Accepted"}}
        csms.must_be_valid()


async def test_its_weather() -> None:
    async with strict_csms() as csms:
        await csms.refuse(429, {"Retry-After": "1"})
        with pytest.raises(InvalidStatus) as refused:
            async with station(csms):
                raise AssertionError("let in")
        assert refused.value.response.status_code == 429
        await csms.welcome(subprotocol=False)
        async with station(csms) as box:
            assert box.socket.subprotocol is None
        await csms.welcome()
        await csms.answer("Heartbeat", close=True, times=1)
        async with station(csms) as box:
            with pytest.raises(ConnectionClosed):
                await box.ask("Heartbeat", {})
        async with station(csms) as box:
            port = csms.port
            await csms.stop()
            with pytest.raises(ConnectionClosed):
                await box.receive()
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            async with station(csms):
                raise AssertionError("let in")
        await csms.listen()
        assert csms.port == port
        async with station(csms) as box:
            assert (await box.ask("Heartbeat", {}))[0] == journal.CALLRESULT
            await csms.freeze("CP1")
            pong = await box.socket.ping()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(pong), 0.2)
            await csms.thaw("CP1")
            await pong


async def test_basic_auth_and_subprotocol_are_checked() -> None:
    async with strict_csms() as csms:
        with pytest.raises(InvalidStatus):
            async with connect(f"{csms.url}/CP1", subprotocols=[Subprotocol("ocpp2.0.1")]):
                raise AssertionError("let in")
        await csms.configure(passwords={"CP1": "secret:word"})
        with pytest.raises(InvalidStatus) as refused:
            async with station(csms):
                raise AssertionError("let in")
        assert refused.value.response.status_code == 401
        header = websockets.headers.build_authorization_basic("CP1", "secret:word")
        async with connect(f"{csms.url}/CP1", subprotocols=[Subprotocol("ocpp1.6")], additional_headers={"Authorization": header}):
            await csms.connected("CP1")
