"""What real central systems do that no specification says (reference: SteVe, CitrineOS, arthexis, ocpp-go, ocpp-rpc, Home Assistant).

One bridge; for each quirk a charge point with a central system of its own that behaves so, and a whole session of its hardware.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.bad_days.town import CARDS, Town, town
from tests.peers.broker import Mosquitto
from tests.peers.central_system import Ask, Behaviour, CentralSystem, Close, Error, Say
from tests.peers.journal import Call
from tests.peers.wallbox import Decision, Wallbox, wallbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARD = CARDS[0]
SESSION_WH = 1200
ACCEPTED = {"idTagInfo": {"status": "Accepted"}}


def now(**apart: float) -> str:
    """As arthexis writes a time: microseconds, and an offset instead of Z."""
    return (datetime.now(UTC) + timedelta(**apart)).isoformat(timespec="microseconds")


def boot(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"currentTime": now(), "interval": 300, "status": "Accepted", **fields}


START: Mapping[str, tuple[Behaviour, int, str]] = {
    "start-zero": ({"transactionId": 0, **ACCEPTED}, 0, "EVDisconnected"),
    "start-negative": ({"transactionId": -7, **ACCEPTED}, -7, "EVDisconnected"),
    "start-large": ({"transactionId": 4_294_967_296, **ACCEPTED}, 4_294_967_296, "EVDisconnected"),
    "start-as-text": ({"transactionId": "42", **ACCEPTED}, 42, "EVDisconnected"),
    "start-as-float": ({"transactionId": 43.0, **ACCEPTED}, 43, "EVDisconnected"),
    "start-nameless": (ACCEPTED, -1, "EVDisconnected"),
    "start-only-a-name": ({"transactionId": 5}, 5, "EVDisconnected"),
    "start-extra": ({"transactionId": 6, "idTagInfo": {"status": "Accepted", "colour": "red"}, "extra": [1]}, 6, "EVDisconnected"),
    "start-lower-case": ({"transactionId": 8, "idTagInfo": {"status": "accepted"}}, 8, "EVDisconnected"),
    "start-twice": (Say(('[3,"{id}",{"transactionId":9,"idTagInfo":{"status":"Accepted"}}]',) * 2), 9, "EVDisconnected"),
    "start-refused-nameless": ({"idTagInfo": {"status": "Invalid"}}, -1, "DeAuthorized"),
    "start-refused-zero": ({"transactionId": 0, "idTagInfo": {"status": "ConcurrentTx"}}, 0, "DeAuthorized"),
    "start-refused-named": ({"transactionId": 77, "idTagInfo": {"status": "Blocked"}}, 77, "DeAuthorized"),
    "start-unknown-word": ({"transactionId": 78, "idTagInfo": {"status": "Busy"}}, 78, "DeAuthorized"),
}
"""How StartTransaction is answered; the id of the transaction from then on, and why it ends."""

AUTHORIZE: Mapping[str, Behaviour] = {
    "authorize-error": Error("FormationViolation", "authorization_status is not valid"),
    "authorize-internal": Error("InternalError"),
    "authorize-empty": {},
    "authorize-nonsense": Say(('[3,"{id}",{"idTagInfo":"Accepted"}]',)),
    "authorize-broken": Say(('[3,"{id}",7]',)),
}
"""How Authorize is answered: not at all, in effect."""


def boots() -> dict[str, Behaviour]:
    """How BootNotification is answered, with the time of this moment: all of these accept."""
    return {
        "boot-extra": boot(listVersion=7, vendor={"name": "x"}),
        "boot-microseconds": boot(),
        "boot-old-interval": {"currentTime": now(), "heartbeatInterval": 300, "status": "Accepted"},
        "boot-no-interval": {"currentTime": now(), "status": "Accepted"},
        "boot-interval-0": boot(interval=0),
        "boot-interval-negative": boot(interval=-1),
        "boot-interval-text": boot(interval="300"),
        "boot-interval-14400": boot(interval=14_400),
        "boot-no-time": {"interval": 300, "status": "Accepted"},
        "boot-time-rubbish": boot(currentTime="yesterday"),
        "boot-time-net": boot(currentTime="0001-01-01T00:00:00Z"),
        "boot-asked-before": Ask("GetConfiguration", {"key": []}, boot()),
        "boot-lower-case": boot(status="accepted"),
        "boot-late-second": Say(('[4,"-1","InternalError","",{}]', '[3,"{id}",' + json.dumps(boot()) + "]")),
    }


OTHERS = ("stop-refused", "stop-bare", "crossing", "status-refused", "meter-refused", "taken", "mute-once", "administrator")


@dataclass(slots=True, kw_only=True)
class Quirky:
    """A charge point at a central system with a quirk."""

    system: CentralSystem
    box: Wallbox

    def sent(self, action: str, begin: int = 0, **fields: Any) -> list[Call]:  # noqa: ANN401 - a payload's field
        return [call for call in self.system.calls(action)[begin:] if call.fits(action, None, fields)]

    async def session(self) -> tuple[Decision, Call, Call]:
        """A whole session: the decision, its start and its stop as the central system saw them."""
        await self.box.plug()
        decision = await self.box.tap(CARD)
        await self.box.draw(SESSION_WH)
        await self.box.unplug()
        start = (await self.system.saw_times("StartTransaction", 1))[-1]
        stop = (await self.system.saw_times("StopTransaction", len(self.sent("StartTransaction"))))[-1]
        return decision, start, stop


@dataclass(slots=True, kw_only=True)
class Quarter:
    """The town's quirky quarter."""

    town: Town
    systems: Mapping[str, CentralSystem]

    @contextlib.asynccontextmanager
    async def at(self, name: str) -> AsyncIterator[Quirky]:
        await self.town.online(name)
        async with wallbox(self.town.broker, name) as box:
            await self.town.topics.ask("status", charge_point=name)
            yield Quirky(system=self.systems[name], box=box)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quarter(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Quarter]:
    """Everything is configured once; nobody disturbs anybody."""
    names = [*START, *AUTHORIZE, *boots(), *OTHERS]
    async with contextlib.AsyncExitStack() as ground:
        systems = {name: await ground.enter_async_context(CentralSystem()) for name in names}
        for name, (answer, _, _) in START.items():
            systems[name].on("StartTransaction", answer)
        for name, answer in AUTHORIZE.items():
            systems[name].on("Authorize", answer)
        for name, answer in boots().items():
            systems[name].on("BootNotification", answer)
        csms = {name: {"url": system.url, "call_timeout_s": 5} for name, system in systems.items()}
        variables = {"TransactionMessageAttempts": 1, "TransactionMessageRetryInterval": 0, "MeterValueSampleInterval": 1}
        points = {name: {"csms": name, "variables": variables, "question_s": 3} for name in names}
        users = {"local": {"nfc": ["04101010"], "ocpp_tag": "LOCAL-1", "local": "all"}}
        folder = tmp_path_factory.mktemp("quirks")
        place = await ground.enter_async_context(town(folder, broker, csms=csms, charge_points=points, users=users))
        yield Quarter(town=place, systems=systems)


# --- transactions -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, (_, _, reason) in START.items() if reason == "EVDisconnected"])
async def test_whatever_a_transaction_is_called_it_is_charged_and_billed(name: str, quarter: Quarter) -> None:
    """Zero, negative, as text, not at all: the session runs, and everything about it carries that name."""
    _, number, reason = START[name]
    async with quarter.at(name) as quirky:
        decision, start, stop = await quirky.session()
        assert (decision.led, decision.authority) == ("green", "ocpp")
        assert (stop.payload["transactionId"], stop.payload["reason"]) == (number, reason)
        assert stop.payload["meterStop"] - start.payload["meterStart"] == SESSION_WH
        assert len(quirky.sent("StartTransaction")) == 1


@pytest.mark.parametrize("name", [name for name, (_, _, reason) in START.items() if reason == "DeAuthorized"])
async def test_a_refusal_after_green_ends_it_under_whatever_name(name: str, quarter: Quarter) -> None:
    """Energy goes off, and the stop is sent under the name it was given, or -1."""
    _, number, reason = START[name]
    async with quarter.at(name) as quirky:
        await quirky.box.plug()
        assert (await quirky.box.tap(CARD)).led == "green"
        [stop] = await quirky.system.saw_times("StopTransaction", 1)
        assert (stop.payload["transactionId"], stop.payload["reason"]) == (number, reason)
        await quirky.box.held()
        await quarter.town.alert("backend_refused", "refused the tag after the start", of=f"charge_point/{name}")


async def test_a_remote_stop_of_transaction_zero(quarter: Quarter) -> None:
    """Zero is a name like any other."""
    async with quarter.at("start-zero") as quirky:
        before = len(quirky.sent("StopTransaction"))
        await quirky.box.plug()
        await quirky.box.tap(CARDS[1])
        await quirky.box.charge()
        await quirky.system.saw_times("StartTransaction", before + 1)
        await quarter.town.topics.ask("status", charge_point="start-zero")
        assert await quirky.system.call("RemoteStopTransaction", {"transactionId": 0}) == {"status": "Accepted"}
        stop = (await quirky.system.saw_times("StopTransaction", before + 1))[-1]
        assert (stop.payload["transactionId"], stop.payload["reason"]) == (0, "Remote")


async def test_a_stop_that_is_refused_is_put_aside_and_told(quarter: Quarter) -> None:
    """Arthexis answers a repeated stop with FormationViolation: it is parked, never lost, and the next session is not held up."""
    name = "stop-refused"
    async with quarter.at(name) as quirky:
        quirky.system.on("StopTransaction", Error("FormationViolation", "Invalid payload."), ACCEPTED)
        await quirky.session()
        await quarter.town.topics.shows(f"charge_point/{name}/ocpp/parked", "1")
        await quarter.town.alert("record_parked", "Invalid payload.", "evbridge queue", of=f"charge_point/{name}")
        await quirky.box.plug()
        assert (await quirky.box.tap(CARDS[1])).led == "green"
        await quirky.box.unplug()
        await quirky.system.saw_times("StopTransaction", 2)
        await quarter.town.topics.shows(f"charge_point/{name}/ocpp/queue", "0")


async def test_answers_without_a_word_are_answers(quarter: Quarter) -> None:
    """ocpp-go says {} to everything."""
    name = "stop-bare"
    async with quarter.at(name) as quirky:
        quirky.system.on("StopTransaction", {})
        quirky.system.on("MeterValues", {})
        await quirky.session()
        await quarter.town.topics.shows(f"charge_point/{name}/ocpp/queue", "0")
        await quarter.town.topics.shows(f"charge_point/{name}/ocpp/parked", "0")


async def test_messages_that_nobody_wants_do_not_stop_the_others(quarter: Quarter) -> None:
    """A central system that answers every MeterValues with an error still gets the stop."""
    name = "meter-refused"
    async with quarter.at(name) as quirky:
        quirky.system.on("MeterValues", Error("NotSupported"))
        await quirky.box.plug()
        await quirky.box.tap(CARD)
        await quirky.box.charge()
        await quirky.system.saw_times("MeterValues", 1)
        await quirky.box.unplug()
        await quirky.system.saw_times("StopTransaction", 1)
        await quarter.town.topics.shows(f"charge_point/{name}/ocpp/queue", "0")


async def test_statuses_that_are_refused_are_told_all_the_same(quarter: Quarter) -> None:
    """No status is repeated for ever, and none is left out, because the central system does not like it."""
    async with quarter.at("status-refused") as quirky:
        quirky.system.on("StatusNotification", Error("InternalError"))
        await quirky.session()
        told = [call.payload["status"] for call in quirky.sent("StatusNotification", connectorId=1)]
        assert told[-1] in {"Finishing", "Available"}
        assert "Charging" in told
        assert len(told) <= 12


# --- questions ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", AUTHORIZE)
async def test_an_answer_that_is_none_lets_the_local_permission_decide(name: str, quarter: Quarter) -> None:
    """Red for a roaming card; a user of the house charges locally. Nobody waits for the time-out, and the link stands."""
    async with quarter.at(name) as quirky:
        await quirky.box.plug()
        roaming = await quirky.box.tap(CARD)
        assert (roaming.led, roaming.reason) == ("red", "no_answer")
        house = await quirky.box.tap("04101010")
        assert (house.led, house.authority) == ("green", "local")
        assert max(roaming.after_s, house.after_s) < 2.5
        await quirky.box.released()
        assert len(quirky.system.connections) == 1
        assert quirky.sent("StartTransaction") == []


async def test_requests_that_cross_are_both_answered(quarter: Quarter) -> None:
    """The central system asks something before it answers the card: neither waits for the other."""
    async with quarter.at("crossing") as quirky:
        quirky.system.on("Authorize", Ask("GetConfiguration", {"key": ["NumberOfConnectors"]}, ACCEPTED))
        quirky.system.on("StartTransaction", Ask("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"transactionId": 3, **ACCEPTED}))
        decision, _, stop = await quirky.session()
        assert decision.led == "green"
        assert stop.payload["transactionId"] == 3
        assert len(quirky.sent("Heartbeat")) == 1
        assert quirky.system.faults() == []


# --- registration -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", boots())
async def test_an_acceptance_is_an_acceptance(name: str, quarter: Quarter) -> None:
    """With more fields, fewer, or other words than the schema has: registered once, and in service."""
    async with quarter.at(name) as quirky:
        decision, _, _ = await quirky.session()
        assert decision.led == "green"
        assert len(quirky.sent("BootNotification")) == 1
        assert len(quirky.system.connections) == 1
        skewed = quarter.town.topics.value(f"charge_point/{name}/alert/clock_skew")
        assert not skewed, "all of them tell the right time, or none"


async def test_what_is_asked_before_the_answer_to_boot_is_answered(quarter: Quarter) -> None:
    """Arthexis sends what it had left at once on a reconnect; an empty list of keys means all of them (CitrineOS)."""
    frames = [
        frame
        for frame in quarter.systems["boot-asked-before"].frames
        if "GetConfiguration" in frame.text or "configurationKey" in frame.text
    ]
    asked, answered = frames
    assert not asked.from_station
    keys = {entry["key"] for entry in _payload(answered.text)["configurationKey"]}
    assert {"HeartbeatInterval", "NumberOfConnectors", "SupportedFeatureProfiles"} <= keys


def _payload(text: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(text)[2]
    return payload


async def test_a_second_connection_that_is_refused(quarter: Quarter) -> None:
    """ocpp-go keeps the old one and closes the new one with 1008: it says what that means, and is back when the old one is gone."""
    name = "taken"
    async with quarter.at(name) as quirky:
        quirky.system.on("StatusNotification", Close(1008, "a connection with this ID already exists"), {})
        before = len(quirky.system.connections)
        quirky.system.cut()
        await quarter.town.error(name, "code 1008", "no other device uses this identity")
        await quirky.system.connected(before + 2)
        await quarter.town.online(name)
        await quirky.session()


async def test_a_registration_that_was_forgotten_is_renewed(quarter: Quarter) -> None:
    """After a reconnect no BootNotification is sent; a central system that has restarted in between answers with an error, and gets one."""
    name = "mute-once"
    async with quarter.at(name) as quirky:
        quirky.system.on("StatusNotification", Error("SecurityError", "boot first"), {})
        quirky.system.cut()
        await quirky.system.saw_times("BootNotification", 2)
        await quarter.town.online(name)
        await quirky.session()


async def test_a_disconnect_by_the_administrator_is_no_alarm(quarter: Quarter) -> None:
    """Close 1000 "Disconnected by admin request": back after a moment, and the session goes on meanwhile."""
    name = "administrator"
    async with quarter.at(name) as quirky:
        await quirky.box.plug()
        await quirky.box.tap(CARD)
        await quirky.box.charge()
        await quirky.system.saw_times("StartTransaction", 1)
        await quirky.system.close_all(1000, "Disconnected by admin request")
        await quarter.town.error(name, "closed the link in order", "Disconnected by admin request")
        await quarter.town.online(name)
        await quirky.box.draw(SESSION_WH)
        await quirky.box.unplug()
        [stop] = await quirky.system.saw_times("StopTransaction", 1)
        assert len(quirky.sent("StartTransaction")) == 1
        assert stop.payload["reason"] == "EVDisconnected"


async def test_everybody_else_was_served_all_along(quarter: Quarter) -> None:
    """With three dozen quirky neighbours."""
    await quarter.town.serves()
