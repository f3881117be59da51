"""The demo's central system, spoken to by a plain websocket client."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
import websockets
from ocpp.exceptions import NotImplementedError as NotImplementedByStation
from ocpp.v16 import call
from ocpp.v16.enums import AuthorizationStatus, ResetType
from websockets.asyncio.client import ClientConnection, connect

from bridge.demo.bell import Bell
from bridge.demo.central_system import SUBPROTOCOL, CentralSystem, Heard, Notice

Json: TypeAlias = Any
SOON_S = 10.0
GOOD, LOST = "04A1B2C3", "04FFFFFF"
TIME = "2026-11-23T10:00:00.000Z"


class Office:
    """The central system, and everything it told."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.bell = Bell()
        self.central = CentralSystem(tags={GOOD: AuthorizationStatus.accepted, LOST: AuthorizationStatus.blocked}, tell=self._hear)

    def _hear(self, notice: Notice) -> None:
        self.notices.append(notice)
        self.bell.ring()

    def heard(self) -> list[Heard]:
        return [notice.kind for notice in self.notices]


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    opened = Office()
    await opened.central.open()
    yield opened
    await opened.central.go_away()


@asynccontextmanager
async def a_station(office: Office, identity: str = "EVB-1") -> AsyncIterator[ClientConnection]:
    async with connect(f"{office.central.url}/{identity}", subprotocols=[SUBPROTOCOL], compression=None) as station:
        yield station


async def ask(station: ClientConnection, action: str, **payload: Json) -> Json:
    await station.send(json.dumps([2, f"id-{action}", action, payload]))
    answer = json.loads(await station.recv())
    assert answer[:2] == [3, f"id-{action}"], answer
    return answer[2]


async def start(station: ClientConnection, *, tag: str = GOOD, timestamp: str = TIME, meter_start: int = 5000) -> Json:
    return await ask(station, "StartTransaction", connectorId=1, idTag=tag, meterStart=meter_start, timestamp=timestamp)


async def test_a_whole_session_is_written_down(office: Office) -> None:
    """Registration, question, start, reading and stop: the book has what was charged."""
    async with a_station(office) as station:
        boot = await ask(station, "BootNotification", chargePointVendor="v", chargePointModel="m")
        assert boot["status"] == "Accepted"
        assert (await ask(station, "Heartbeat"))["currentTime"].endswith("Z")
        assert await ask(station, "DataTransfer", vendorId="v") == {"status": "UnknownVendorId"}
        await ask(station, "StatusNotification", connectorId=1, errorCode="NoError", status="Preparing")
        assert (await ask(station, "Authorize", idTag=GOOD.lower())) == {"idTagInfo": {"status": "Accepted"}}
        opened = await start(station)
        assert opened["idTagInfo"] == {"status": "Accepted"}
        value = [{"timestamp": TIME, "sampledValue": [{"value": "5010"}]}]
        await ask(station, "MeterValues", connectorId=1, transactionId=opened["transactionId"], meterValue=value)
        await ask(station, "MeterValues", connectorId=1, meterValue=value)
        await ask(station, "StopTransaction", transactionId=opened["transactionId"], meterStop=5040, timestamp=TIME, reason="PowerLoss")
        memory = office.central.memory
        (known,) = memory.book.of("EVB-1")
        assert (known.energy_wh, known.reason, known.samples) == (40, "PowerLoss", 1)
        assert (memory.statuses["EVB-1", 1], memory.booted, memory.connected) == ("Preparing", {"EVB-1": 1}, {"EVB-1"})
    await office.bell.until(lambda: not office.central.memory.connected, "the goodbye", within_s=SOON_S)
    assert office.heard() == [
        Heard.CONNECTED,
        Heard.BOOT,
        Heard.STATUS,
        Heard.AUTHORIZE,
        Heard.START,
        Heard.SAMPLE,
        Heard.STOP,
        Heard.DISCONNECTED,
    ]


@pytest.mark.parametrize("tag, status", [(GOOD, "Accepted"), (LOST, "Blocked"), ("DEADBEEF", "Invalid")])
async def test_tags_are_known_blocked_or_unknown(office: Office, tag: str, status: str) -> None:
    async with a_station(office) as station:
        assert (await ask(station, "Authorize", idTag=tag))["idTagInfo"]["status"] == status


async def test_a_repeated_start_gets_the_same_number(office: Office) -> None:
    """Sent twice is billed once; and a start at another time is another session."""
    async with a_station(office) as station:
        first, again, other = await start(station), await start(station), await start(station, timestamp="2026-11-23T11:00:00.000Z")
    assert first["transactionId"] == again["transactionId"] != other["transactionId"]
    assert [notice.repeated for notice in office.notices if notice.kind is Heard.START] == [False, True, False]
    assert office.central.memory.book.repeated == 1


async def test_a_stop_of_nothing_is_answered_and_remembered(office: Office) -> None:
    """-1 is what a station writes whose start never arrived."""
    async with a_station(office) as station:
        assert await ask(station, "StopTransaction", transactionId=-1, meterStop=1, timestamp=TIME) == {}
    assert office.central.memory.book.orphans


async def test_it_goes_away_and_comes_back_on_the_same_port(office: Office) -> None:
    """With everything it knew: an outage is no amnesia."""
    central = office.central
    async with a_station(office) as station:
        opened = await start(station)
        url = central.url
        await central.go_away()
        with pytest.raises(websockets.ConnectionClosed):
            await station.recv()
    with pytest.raises(ConnectionRefusedError):
        await connect(url + "/EVB-1", subprotocols=[SUBPROTOCOL])
    await central.come_back()
    assert central.url == url
    async with a_station(office) as station:
        assert await start(station) == opened


async def test_the_newest_connection_of_a_station_counts(office: Office) -> None:
    """The end of an old one must not look like the end of the new one."""
    async with a_station(office) as old:
        await ask(old, "Heartbeat")
        async with a_station(office) as new:
            await ask(new, "Heartbeat")
            await old.close()
            await ask(new, "Heartbeat")
            assert office.central.memory.connected == {"EVB-1"}


async def test_a_slash_at_the_end_of_the_path_does_no_harm(office: Office) -> None:
    """Some portals write one, and then stations send one."""
    async with a_station(office, "EVB-1/") as station:
        await ask(station, "Heartbeat")
        assert office.central.memory.connected == {"EVB-1"}


@pytest.mark.parametrize("path", ["/", "/ocpp", "/ocpp/", "/elsewhere/EVB-1", "/ocpp/a/b"])
async def test_an_unknown_path_is_404(office: Office, path: str) -> None:
    with pytest.raises(websockets.InvalidStatus, match="404"):
        await connect(f"ws://127.0.0.1:{office.central.port}{path}", subprotocols=[SUBPROTOCOL])


async def test_it_can_ask_the_station_too(office: Office) -> None:
    """A refusal by CALLERROR is an answer, never silence."""
    async with a_station(office) as station:
        await ask(station, "Heartbeat")

        async def refuse() -> None:
            request = json.loads(await station.recv())
            assert request[2:] == ["Reset", {"type": "Soft"}]
            await station.send(json.dumps([4, request[1], "NotImplemented", "", {}]))

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(refuse())
            with pytest.raises(NotImplementedByStation):
                await office.central.call("EVB-1", call.Reset(type=ResetType.soft))


async def test_tags_never_reach_a_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    # `websockets` has a log of its own that only a developer switches on.
    with caplog.at_level(logging.DEBUG):
        async with a_station(office) as station:
            await ask(station, "Authorize", idTag=GOOD)
            await start(station)
    assert [record.name for record in caplog.records if GOOD in record.getMessage() and not record.name.startswith("websockets")] == []
