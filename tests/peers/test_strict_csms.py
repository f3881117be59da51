"""The strict central system is itself checked: by a small station written here, with no part of the bridge."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import ocpp.routing
import ocpp.v201
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.peers import journal
from tests.peers.strict_csms import ACCEPTED, CallFailed, StrictCsms, strict_csms
from tests.peers.waiting import end

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
async def station(csms: StrictCsms, identity: str = "CP1", *, protocol: str = "ocpp1.6") -> AsyncIterator[Station]:
    async with connect(f"{csms.url}/some/path/{identity}", subprotocols=[Subprotocol(protocol)], compression=None) as socket:
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


# --- OCPP 2.0.1: the station is the `ocpp` package's ChargePoint ----------------------------------------------------------------------

CARD = {"id_token": "04AABBCC", "type": "ISO14443"}
TRANSACTION = {"transaction_id": "4f2a", "charging_state": "Charging"}


class Wire:
    """A `websockets` connection as the `ocpp` package wants it: what it sends and receives is text."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        await self._socket.send(text)

    async def recv(self) -> str:
        return str(await self._socket.recv())


class Station201(ocpp.v201.ChargePoint):  # type: ignore[misc]
    """As the package's own examples write one."""

    @ocpp.routing.on("Reset")  # type: ignore[untyped-decorator]
    def on_reset(self, type: str, **_: object) -> object:  # noqa: A002 - as the message calls it
        return ocpp.v201.call_result.Reset(status="Accepted" if type == "Immediate" else "Scheduled")

    async def tell(self, kind: str, trigger: str, number: int, **fields: Any) -> Any:  # noqa: ANN401 - no types shipped
        event = {"event_type": kind, "trigger_reason": trigger, "seq_no": number, "timestamp": "2026-11-22T10:00:00Z"}
        return await self.call(ocpp.v201.call.TransactionEvent(**event, transaction_info=TRANSACTION, **fields), suppress=False)


@contextlib.asynccontextmanager
async def station201(csms: StrictCsms, identity: str = "CP1") -> AsyncIterator[Station201]:
    async with connect(f"{csms.url}/{identity}", subprotocols=[Subprotocol("ocpp2.0.1")], compression=None) as socket:
        station = Station201(identity, Wire(socket))
        listening = asyncio.create_task(station.start(), name="station")
        try:
            yield station
        finally:
            await end(listening, ConnectionClosed)


def register(wh: float, context: str, **fields: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    return [{"timestamp": "2026-11-22T10:00:00Z", "sampled_value": [{"value": wh, "context": context, **fields}]}]


async def test_a_session_of_201_by_the_book_is_seen_and_valid() -> None:
    async with (
        strict_csms(tags={"04AABBCC": {**ACCEPTED, "parentIdTag": "FLEET"}}, protocols=("ocpp2.0.1",)) as csms,
        station201(csms) as box,
    ):
        call = ocpp.v201.call
        boot = await box.call(call.BootNotification(charging_station={"model": "m", "vendor_name": "v"}, reason="PowerUp"))
        assert (boot.status, boot.interval) == ("Accepted", 300)
        known = await box.call(call.Authorize(id_token=CARD))
        assert known.id_token_info == {"status": "Accepted", "group_id_token": {"id_token": "FLEET", "type": "Central"}}
        stranger = await box.call(call.Authorize(id_token={"id_token": "nobody", "type": "Central"}))
        assert stranger.id_token_info == {"status": "Unknown"}
        button = await box.call(call.Authorize(id_token={"id_token": "", "type": "NoAuthorization"}))
        assert button.id_token_info == {"status": "Accepted"}
        assert (await box.tell("Started", "CablePluggedIn", 0, meter_value=register(1000, "Transaction.Begin"))).id_token_info is None
        assert (await box.tell("Updated", "Authorized", 1, id_token=CARD)).id_token_info["status"] == "Accepted"
        await box.tell("Updated", "MeterValuePeriodic", 2, meter_value=register(1.4, "Sample.Periodic", unit_of_measure={"unit": "kWh"}))
        await box.tell("Ended", "EVCommunicationLost", 3, meter_value=register(1500, "Transaction.End"))
        ended = await csms.saw("TransactionEvent", eventType="Ended", transactionInfo={"transactionId": "4f2a"})
        assert ended.answer == {}
        [one] = csms.transactions("CP1")
        assert (one.id, one.tag, one.start_wh, one.energy_wh) == ("4f2a", "04AABBCC", 1000, 500)
        csms.must_be_valid()


NOTICES: Mapping[str, dict[str, Any]] = {
    "StatusNotification": {"timestamp": "2026-11-22T10:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1},
    "MeterValues": {"evseId": 1, "meterValue": [{"timestamp": "2026-11-22T10:00:00Z", "sampledValue": [{"value": 1}]}]},
    "NotifyReport": {"requestId": 1, "generatedAt": "2026-11-22T10:00:00Z", "seqNo": 0},
    "NotifyEvent": {
        "generatedAt": "2026-11-22T10:00:00Z",
        "seqNo": 0,
        "eventData": [
            {
                "eventId": 1,
                "timestamp": "2026-11-22T10:00:00Z",
                "trigger": "Alerting",
                "actualValue": "1",
                "eventNotificationType": "HardWiredNotification",
                "component": {"name": "EVSE"},
                "variable": {"name": "Power"},
            },
        ],
    },
    "NotifyMonitoringReport": {"requestId": 1, "generatedAt": "2026-11-22T10:00:00Z", "seqNo": 0},
    "NotifyCustomerInformation": {"requestId": 1, "generatedAt": "2026-11-22T10:00:00Z", "seqNo": 0, "data": ""},
    "NotifyDisplayMessages": {"requestId": 1},
    "NotifyChargingLimit": {"chargingLimit": {"chargingLimitSource": "EMS"}},
    "ClearedChargingLimit": {"chargingLimitSource": "EMS"},
    "ReportChargingProfiles": {
        "requestId": 1,
        "chargingLimitSource": "CSO",
        "evseId": 1,
        "chargingProfile": [
            {
                "id": 1,
                "stackLevel": 0,
                "chargingProfilePurpose": "TxDefaultProfile",
                "chargingProfileKind": "Relative",
                "chargingSchedule": [
                    {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.1}]},
                ],
            },
        ],
    },
    "ReservationStatusUpdate": {"reservationId": 1, "reservationUpdateStatus": "Expired"},
    "SecurityEventNotification": {"type": "StartupOfTheDevice", "timestamp": "2026-11-22T10:00:00Z"},
    "LogStatusNotification": {"status": "Idle"},
    "FirmwareStatusNotification": {"status": "Idle"},
    "PublishFirmwareStatusNotification": {"status": "Idle"},
    "Heartbeat": {},
    "DataTransfer": {"vendorId": "com.example"},
    "SignCertificate": {"csr": "x"},
    "GetCertificateStatus": {
        "ocspRequestData": {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": "x",
            "issuerKeyHash": "x",
            "serialNumber": "x",
            "responderURL": "x",
        },
    },
    "Get15118EVCertificate": {"iso15118SchemaVersion": "x", "action": "Install", "exiRequest": "x"},
    "NotifyEVChargingNeeds": {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "AC_three_phase"}},
}
"""The least that each other message of a 2.0.1 station can say."""


async def test_everything_a_201_station_can_say_is_answered_by_the_book() -> None:
    async with strict_csms(protocols=("ocpp2.0.1",)) as csms, station(csms, protocol="ocpp2.0.1") as box:
        for action, payload in NOTICES.items():
            answer = await box.ask(action, payload)
            assert answer[0] == journal.CALLRESULT, answer
        csms.must_be_valid()


async def test_a_201_station_is_asked() -> None:
    async with strict_csms(protocols=("ocpp2.0.1",)) as csms, station201(csms):
        await csms.connected("CP1")
        assert await csms.call("CP1", "Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
        with pytest.raises(CallFailed) as refused:
            await csms.call("CP1", "ClearCache", {})
        assert refused.value.code == "NotImplemented"
        csms.must_be_valid()


async def test_each_station_is_spoken_to_in_the_version_it_came_with() -> None:
    async with strict_csms(protocols=("ocpp1.6", "ocpp2.0.1")) as csms:
        async with station(csms, "CP1") as old, station(csms, "CP2", protocol="ocpp2.0.1") as new:
            for box, boot in ((old, BOOT), (new, {"reason": "PowerUp", "chargingStation": {"model": "m", "vendorName": "v"}})):
                assert (await box.ask("BootNotification", boot))[2]["status"] == "Accepted"
            assert (await old.ask("Authorize", {"idTag": "x"}))[2] == {"idTagInfo": {"status": "Invalid"}}
            asked = {"idToken": {"idToken": "x", "type": "Central"}}
            assert (await new.ask("Authorize", asked))[2] == {"idTokenInfo": {"status": "Unknown"}}
        csms.must_be_valid()


async def test_a_gap_in_the_sequence_is_seen() -> None:
    async with strict_csms(protocols=("ocpp2.0.1",)) as csms, station201(csms) as box:
        for number, kind in ((0, "Started"), (1, "Updated"), (1, "Updated"), (3, "Ended")):
            await box.tell(kind, "Trigger", number)
        with pytest.raises(AssertionError, match=r"4f2a has the sequence numbers \[0, 1, 3\]"):
            csms.must_be_valid()


async def test_what_breaks_the_schema_of_201_is_blamed() -> None:
    async with strict_csms(protocols=("ocpp2.0.1",)) as csms, station(csms, protocol="ocpp2.0.1") as box:
        await box.ask("StatusNotification", {**NOTICES["StatusNotification"], "connectorStatus": "Charging"})
        await box.ask("StartTransaction", START)
        await csms.saw("StatusNotification")
        await csms.saw("StartTransaction")
        found = journal.faults(csms.frames)
        assert any("breaks the schema of StatusNotification" in fault for fault in found), found
        assert any("which ocpp2.0.1 does not know" in fault for fault in found), found
