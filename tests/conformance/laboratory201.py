"""The test laboratory for OCPP 2.0.1: as laboratory.py, with stations that are addressed in the words of 2.0.1.

    async with laboratory201(folder, broker) as lab, lab.station() as station:     # one that no other test has used
        await station.set(**{"TxCtrlr.TxStartPoint": "EVConnected"})
        await station.box.plug()
        await station.reports("Occupied")
        start = await station.sends("TransactionEvent", eventType="Started", transactionInfo={"chargingState": "EVConnected"})
        assert station.told() == ["Occupied", "Started CablePluggedIn"]

A variable is named `Component.Variable`, with instances in brackets (`SampledDataCtrlr.TxUpdatedMeasurands`,
`DeviceDataCtrlr.ItemsPerMessage[GetReport]`), and `Component@1.Variable` or `Component@1.1.Variable` where it belongs to an EVSE or a
connector. Objects in a message's fields may name only a part of what is expected.
"""

import contextlib
import dataclasses
import itertools
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.conformance.laboratory import CARDS, TAG, charge_points, identity_of
from tests.conformance.subject import Subject
from tests.peers.bridge_process import BridgeProcess, bridge
from tests.peers.broker import Mosquitto
from tests.peers.journal import Call
from tests.peers.onlooker import Onlooker, onlooker
from tests.peers.strict_csms import StrictCsms, strict_csms
from tests.peers.wallbox import wallbox

SOCKETS = [f"socket-{number}" for number in range(1, 25)]
TETHERED = [f"tethered-{number}" for number in range(1, 7)]
SMART = [f"smart-{number}" for number in range(1, 25)]
"""Charge points of one bridge, with a socket, with a fixed cable, and with a socket and smart charging: more than any file has tests."""
CONNECTOR = {"id": 1, "connectorId": 1}
EVSE = {"id": 1}
AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": 1,
    "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
    "OCPPCommCtrlr.RetryBackOffRepeatTimes": 0,
}
"""Seconds between connections; minutes of back-off are no part of any other case."""
VARIABLE = re.compile(
    r"(?P<component>\w+)(\[(?P<component_instance>[^]]+)])?(@(?P<evse>\d+)(\.(?P<connector>\d+))?)?"
    r"\.(?P<variable>\w+)(\[(?P<instance>[^]]+)])?",
)


def settings201(csms: StrictCsms, sockets: Sequence[str], tethered: Sequence[str] = (), smart: Sequence[str] = ()) -> dict[str, Any]:
    """A bridge's configuration: hardware that can do everything."""
    return {
        "csms": {
            "lab": {
                "url": f"{csms.url}/ocpp",
                "protocol": "ocpp2.0.1",
                "file_hosts": ["127.0.0.1"],
                # as soon back as the schema lets it: minutes of back-off are no part of any case
                "reconnect_max_s": 1,
                "boot_retry_min_s": 1,
            },
        },
        "charge_points": charge_points(sockets, tethered, smart),
        "log": {"level": "debug"},
    }


@dataclasses.dataclass(slots=True, kw_only=True)
class Station201(Subject):
    """A charge point that speaks OCPP 2.0.1: EVSE 1 with connector 1."""

    # --- the device model -----------------------------------------------------------------------------------------------------------

    async def sets(self, name: str, value: str | float | bool, **fields: str) -> str:
        """SetVariables of one variable: the attributeStatus of its answer. `attributeType` may be said."""
        item = {**named(name), "attributeValue": spelled(value), **fields}
        [result] = (await self.call("SetVariables", setVariableData=[item]))["setVariableResult"]
        status: str = result["attributeStatus"]
        return status

    async def set(self, **variables: str | float | bool) -> None:
        """SetVariables of each, which must be Accepted: `set(**{"TxCtrlr.EVConnectionTimeOut": 1})`."""
        for name, value in variables.items():
            assert await self.sets(name, value) == "Accepted", name

    async def gets(self, name: str, **fields: str) -> dict[str, Any]:
        """GetVariables of one variable: its whole result. `attributeType` may be said."""
        results = (await self.call("GetVariables", getVariableData=[{**named(name), **fields}]))["getVariableResult"]
        [result] = results
        found: dict[str, Any] = result
        return found

    async def get(self, name: str, **fields: str) -> str:
        """The value of a variable, which must be there."""
        result = await self.gets(name, **fields)
        assert result["attributeStatus"] == "Accepted", result
        value: str = result["attributeValue"]
        return value

    async def report(self, action: str = "GetBaseReport", told: str = "NotifyReport", **payload: Any) -> list[Call]:  # noqa: ANN401
        """Ask for a report (which must be Accepted) and wait for all its parts.

        By default the full inventory; also `report("GetMonitoringReport", "NotifyMonitoringReport")`.
        """
        request = next(self.numbers)
        if action == "GetBaseReport":
            payload.setdefault("reportBase", "FullInventory")
        assert await self.answers(action, requestId=request, **payload) == "Accepted"
        return await self.parts(told, requestId=request)

    async def parts(self, told: str, **fields: Any) -> list[Call]:  # noqa: ANN401 - a payload's field
        """All parts of a report since the mark, up to the one that says no other follows (`tbc` false or left out); waits for it."""
        for number in itertools.count(1):
            part = await self.sends(told, count=number, **fields)
            if not part.payload.get("tbc", False):
                return self.sent(told, **fields)[:number]
        raise AssertionError

    # --- requests -------------------------------------------------------------------------------------------------------------------

    async def trigger(self, message: str, **fields: Any) -> str:  # noqa: ANN401 - a payload's field
        """TriggerMessage: the status of its answer."""
        return await self.answers("TriggerMessage", requestedMessage=message, **fields)

    # --- the station tells ----------------------------------------------------------------------------------------------------------

    @staticmethod
    def word(call: Call) -> str:
        """A connector's status by its word, a TransactionEvent as "Updated ChargingStateChanged"."""
        match call.action:
            case "StatusNotification":
                status: str = call.payload["connectorStatus"]
                return status
            case "TransactionEvent":
                return f"{call.payload['eventType']} {call.payload['triggerReason']}"
            case other:
                return other

    def events(self, **fields: Any) -> list[Call]:  # noqa: ANN401 - a payload's field
        """Its TransactionEvents since the mark."""
        return self.sent("TransactionEvent", **fields)

    async def reports(self, status: str, *, count: int = 1) -> Call:
        """A StatusNotification of the connector since the mark; waits for it."""
        return await self.sends("StatusNotification", evseId=1, connectorId=1, connectorStatus=status, count=count)

    async def state(self, charging_state: str, *, count: int = 1) -> Call:
        """A TransactionEvent with this chargingState since the mark; waits for it."""
        return await self.sends("TransactionEvent", transactionInfo={"chargingState": charging_state}, count=count)

    async def started(self, *, count: int = 1, **fields: Any) -> Call:  # noqa: ANN401 - a payload's field
        """A transaction has begun since the mark; waits for it."""
        return await self.sends("TransactionEvent", eventType="Started", count=count, **fields)

    async def ended(self, *, count: int = 1, **fields: Any) -> Call:  # noqa: ANN401 - a payload's field
        """A transaction has ended since the mark; waits for it."""
        return await self.sends("TransactionEvent", eventType="Ended", count=count, **fields)

    async def settle(self) -> None:
        """Return when everything has been told that the bridge was going to tell of what has happened so far; nothing of this in `told`."""
        # every MQTT message that was published before this one has been worked off when it is answered
        await self.topics.ask("status", charge_point=self.name)
        # Accepted leaves after the commits of what it has worked off, and what waits for them is said before it
        await self.set(**{"OCPPCommCtrlr.ResetRetries": 1 + next(self.numbers) % 2})
        # a heartbeat overtakes a transaction message that waits, the second one comes after it
        for _ in range(2):
            beats = len(self.sent("Heartbeat"))
            assert await self.trigger("Heartbeat") == "Accepted"
            await self.sends("Heartbeat", count=beats + 1)

    # --- whole parts of a case ------------------------------------------------------------------------------------------------------

    async def plugs(self) -> None:
        """Plug in; the mark is set behind it."""
        self.mark()
        await self.box.plug()
        await self.reports("Occupied")
        await self.settle()
        self.mark()

    async def charges(self, tag: str = TAG) -> str:
        """Plug in, tap and charge; the mark is set behind it. The transaction's id. With any TxStartPoint."""
        self.mark()
        await self.box.plug()
        await self.reports("Occupied")
        assert (await self.box.tap(tag)).led == "green"
        await self.box.charge()
        start = await self.started()
        await self.state("Charging")
        await self.settle()
        self.mark()
        return transaction_of(start)

    async def ends(self) -> Call:
        """Unplug; the connector is free again. The last message of the transaction."""
        await self.box.unplug()
        last = await self.ended()
        await self.reports("Available")
        return last

    async def knows(self, tag: str = TAG) -> None:
        """Teach its cache a tag that the central system accepts, by a tap that nobody plugs in for; the mark is set behind it."""
        before = await self.get("TxCtrlr.EVConnectionTimeOut")
        await self.set(**{"TxCtrlr.EVConnectionTimeOut": 1})
        self.mark()
        assert (await self.box.tap(tag)).led == "green"
        await self.sends("Authorize", idToken={"idToken": tag})
        # what it was before the tap is shown until then
        await self.topics.shows(f"charge_point/{self.name}/status", "Preparing")
        await self.topics.shows(f"charge_point/{self.name}/status", "Available")
        await self.set(**{"TxCtrlr.EVConnectionTimeOut": before})
        await self.settle()
        self.mark()


def named(name: str) -> dict[str, Any]:
    """Component and variable, as GetVariables and SetVariables name them."""
    found = VARIABLE.fullmatch(name)
    assert found is not None, f"{name} is no Component.Variable"
    component: dict[str, Any] = {"name": found["component"]}
    if found["component_instance"] is not None:
        component["instance"] = found["component_instance"]
    if found["evse"] is not None:
        component["evse"] = {"id": int(found["evse"])}
        if found["connector"] is not None:
            component["evse"]["connectorId"] = int(found["connector"])
    variable = {"name": found["variable"]}
    if found["instance"] is not None:
        variable["instance"] = found["instance"]
    return {"component": component, "variable": variable}


def spelled(value: str | float | bool) -> str:
    """A value as the device model spells it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def transaction_of(event: Call) -> str:
    """The id of its transaction, which the station gave."""
    transaction: str = event.payload["transactionInfo"]["transactionId"]
    return transaction


def token(tag: str, kind: str = "ISO14443") -> dict[str, str]:
    """An IdTokenType; the cards of the cases have eight hexadecimal digits."""
    return {"idToken": tag, "type": kind}


def samples(event: Call, *, context: str | None = None) -> list[dict[str, Any]]:
    """The sampled values of a TransactionEvent or MeterValues; of one context only."""
    found = [sample for value in event.payload.get("meterValue", ()) for sample in value["sampledValue"]]
    return [sample for sample in found if context in {None, sample.get("context", "Sample.Periodic")}]


@dataclasses.dataclass(slots=True, kw_only=True)
class Laboratory201:
    """One bridge and its surroundings. Use `laboratory201()`."""

    broker: Mosquitto
    csms: StrictCsms
    topics: Onlooker
    process: BridgeProcess
    sockets: Iterator[str]
    tethered: Iterator[str]
    smart: Iterator[str]

    @contextlib.asynccontextmanager
    async def station(self, *, cable: str = "socket", smart: bool = False) -> AsyncIterator[Station201]:
        """A charge point that no test has used, booted and idle; at the end everything on its link must have been by the book."""
        row = self.smart if smart else self.sockets if cable == "socket" else self.tethered
        name = next(row, None)
        assert name is not None, "the file has more tests than the bridge has charge points"
        print(f"{name}: see {self.process.file.parent}")
        async with equipped201(name, self.broker, self.csms, self.topics) as station:
            yield station


@contextlib.asynccontextmanager
async def equipped201(name: str, broker: Mosquitto, csms: StrictCsms, topics: Onlooker) -> AsyncIterator[Station201]:
    """A charge point of a running bridge with hardware; at the end everything on its link must have been by the book."""
    async with wallbox(broker, name) as box:
        station = Station201(name=name, identity=identity_of(name), csms=csms, topics=topics, box=box)
        await station.reports("Available")
        await station.set(**AT_ONCE)
        await station.settle()
        station.mark()
        yield station
        csms.must_be_valid(station.identity)


@dataclasses.dataclass(slots=True, kw_only=True)
class Bench201:
    """A bridge with one charge point only, whose power the test has in hand. Use `bench201()`."""

    process: BridgeProcess
    station: Station201

    async def switched_on(self) -> None:
        """Started for the first time, and idle; the mark is set behind it."""
        await self.process.start()
        await self.station.set(**AT_ONCE)
        await self.station.settle()
        self.station.mark()

    async def loses_power(self) -> None:
        """A power cut, and the power is back: nothing could be said or written in between."""
        await self.process.kill()
        await self.station.csms.disconnected(self.station.identity)
        self.station.mark()
        await self.process.start()
        # a wallbox that comes up says how it is
        await self.station.box.appear()


@contextlib.asynccontextmanager
async def bench201(folder: Path, **charge_point: Any) -> AsyncIterator[Bench201]:  # noqa: ANN401 - TOML
    """A bridge that has not been started yet, with hardware that waits for it; `charge_point` changes its settings.

    At the end everything must have been by the book.
    """
    name = SOCKETS[0]
    with Mosquitto() as broker:
        async with central_system201() as csms, onlooker(broker) as topics, wallbox(broker, name) as box:
            settings = settings201(csms, [name])
            settings["charge_points"][name] |= charge_point
            process = BridgeProcess(folder, broker, topics, settings)
            station = Station201(name=name, identity=identity_of(name), csms=csms, topics=topics, box=box)
            try:
                yield Bench201(process=process, station=station)
                csms.must_be_valid()
            except BaseException:
                print(process.log())
                raise
            finally:
                if process.running:
                    await process.stop()


@contextlib.asynccontextmanager
async def central_system201() -> AsyncIterator[StrictCsms]:
    """It knows the cards of the cases, and speaks nothing but 2.0.1."""
    async with strict_csms(tags=CARDS, protocols=("ocpp2.0.1",)) as csms:
        yield csms


@contextlib.asynccontextmanager
async def laboratory201(folder: Path, broker: Mosquitto) -> AsyncIterator[Laboratory201]:
    """A bridge that is ready, with all its charge points online."""
    async with (
        central_system201() as csms,
        onlooker(broker) as topics,
        bridge(folder, broker, topics, settings201(csms, SOCKETS, TETHERED, SMART)) as process,
    ):
        yield Laboratory201(
            broker=broker,
            csms=csms,
            topics=topics,
            process=process,
            sockets=iter(SOCKETS),
            tethered=iter(TETHERED),
            smart=iter(SMART),
        )
