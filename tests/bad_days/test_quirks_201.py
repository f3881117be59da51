"""What real central systems do in OCPP 2.0.1 that no specification says (reference: CitrineOS, arthexis, ocpp-go, ocpp-rpc).

One bridge; for each quirk a charge point with a central system of its own that behaves so, and a whole session of its hardware.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from tests.bad_days.town import CARDS, Town, town
from tests.peers import billing
from tests.peers.billing import Transaction
from tests.peers.broker import Mosquitto
from tests.peers.central_system import Ask, Behaviour, CentralSystem, Close, Delay, Error, Say
from tests.peers.journal import Call
from tests.peers.wallbox import Decision, Wallbox, wallbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARD = CARDS[0]
TEN_DIGITS = "04AABBCCDD"
"""No ISO14443 has ten hexadecimal digits."""
SESSION_WH = 1200
ACCEPTED = {"idTokenInfo": {"status": "Accepted"}}
EVENT = "TransactionEvent"

HEARD: Mapping[str, tuple[Behaviour, ...]] = {
    "event-bare": ({},),
    "event-info": (ACCEPTED,),
    "event-cost": ({**ACCEPTED, "totalCost": 0},),
    "event-extra": ({**ACCEPTED, "colour": "red", "customData": {"vendorId": "x"}},),
    "event-lower-case": ({"idTokenInfo": {"status": "accepted"}},),
    "event-late": (Delay(0.5, ACCEPTED), {}),
    "event-twice": (Say(('[3,"{id}",{}]',) * 2),),
    "event-microseconds": ({"idTokenInfo": {"status": "Accepted", "cacheExpiryDateTime": "2099-11-22T10:45:10.147251+00:00"}},),
    "event-crossing": (Ask("TriggerMessage", {"requestedMessage": "Heartbeat"}, ACCEPTED), {}),
}
"""How TransactionEvents are answered: the session runs as if nothing were odd."""

REFUSED: Mapping[str, Behaviour] = {
    "refused-unknown": {"idTokenInfo": {"status": "Unknown"}},
    "refused-concurrent": {"idTokenInfo": {"status": "ConcurrentTx"}},
    "refused-no-word": {"idTokenInfo": {"status": "Busy"}},
}
"""How the event that names the tag is answered: the transaction exists all the same, and has to be ended."""

AUTHORIZE: Mapping[str, Behaviour] = {
    "authorize-error": Error("PropertyConstraintViolation", "ISO14443 must be 8 or 14 hex characters"),
    "authorize-internal": Error("InternalError"),
    "authorize-empty": {},
    "authorize-nonsense": Say(('[3,"{id}",{"idTokenInfo":"Accepted"}]',)),
    "authorize-old": {"idTagInfo": {"status": "Accepted"}},
}
"""How Authorize is answered: not at all, in effect."""


def now() -> str:
    """As arthexis writes a time: microseconds, and an offset instead of Z."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def boot(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"currentTime": now(), "interval": 300, "status": "Accepted", **fields}


def boots() -> dict[str, tuple[Behaviour, ...]]:
    """How BootNotification is answered, with the time of this moment: in the end all of these accept."""
    report = {"requestId": 1, "reportBase": "FullInventory"}
    return {
        "boot-extra": (boot(statusInfo={"reasonCode": "ok"}, vendor={"name": "x"}),),
        "boot-microseconds": (boot(),),
        "boot-no-interval": ({"currentTime": now(), "status": "Accepted"},),
        "boot-interval-0": (boot(interval=0),),
        "boot-interval-14400": (boot(interval=14_400),),
        "boot-no-time": ({"interval": 300, "status": "Accepted"},),
        "boot-lower-case": (boot(status="accepted"),),
        "boot-asked-before": (Ask("GetVariables", {"getVariableData": [_variable("OCPPCommCtrlr", "OfflineThreshold")]}, boot()),),
        "boot-pending-report": (Ask("GetBaseReport", report, boot(status="Pending", interval=1)), boot()),
    }


def _variable(component: str, name: str) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": name}}


OTHERS = ("mute", "start-refused", "events-refused", "short-tag", "taken", "forgotten", "talkative")


@dataclass(slots=True, kw_only=True)
class Quirky:
    """A charge point at a central system with a quirk."""

    system: CentralSystem
    box: Wallbox

    def events(self, begin: int = 0, **fields: Any) -> list[Call]:  # noqa: ANN401 - a payload's field
        return [call for call in self.system.calls(EVENT)[begin:] if call.fits(EVENT, None, fields)]

    async def event(self, *, count: int = 1, **fields: Any) -> Call:  # noqa: ANN401 - a payload's field
        def look() -> Call | None:
            found = self.events(**fields)
            return found[count - 1] if len(found) >= count else None

        return await self.system.until(look, f"{count} of {fields}")

    async def session(self, card: str = CARD) -> tuple[Decision, Transaction]:
        """A whole session: the decision, and what was told of the transaction."""
        before = len(self.events(eventType="Ended"))
        await self.box.plug()
        decision = await self.box.tap(card)
        await self.box.draw(SESSION_WH)
        await self.box.unplug()
        ended = await self.event(eventType="Ended", count=before + 1)
        await self.system.until(lambda: True if _answered(self.system, ended) else None, "an answer")
        told = [call for call in self.system.calls() if call.action == EVENT]
        return decision, billing.transactions(told)[-1]


def _answered(system: CentralSystem, sent: Call) -> bool:
    found = next(call for call in system.calls(EVENT) if call.frame is sent.frame)
    return found.answer is not None or found.error is not None


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
    names = [*HEARD, *REFUSED, *AUTHORIZE, *boots(), *OTHERS]
    async with contextlib.AsyncExitStack() as ground:
        systems = {name: await ground.enter_async_context(CentralSystem(protocol="ocpp2.0.1")) for name in names}
        for name, behaviours in HEARD.items():
            systems[name].on(EVENT, *behaviours)
        for name, answer in AUTHORIZE.items():
            systems[name].on("Authorize", answer)
        for name, behaviours in boots().items():
            systems[name].on("BootNotification", *behaviours)
        csms = {name: {"url": system.url, "call_timeout_s": 5, "protocol": "ocpp2.0.1"} for name, system in systems.items()}
        points = {name: {"csms": name, "question_s": 3} for name in names}
        users = {"local": {"nfc": ["04101010"], "ocpp_tag": "LOCAL-1", "local": "all"}}
        folder = tmp_path_factory.mktemp("quirks")
        place = await ground.enter_async_context(town(folder, broker, csms=csms, charge_points=points, users=users))
        yield Quarter(town=place, systems=systems)


# --- transactions -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HEARD)
async def test_however_events_are_answered_the_session_is_charged_and_billed(name: str, quarter: Quarter) -> None:
    """With nothing, with too much, late, twice: every event arrives once, in order, and the energy is right."""
    async with quarter.at(name) as quirky:
        decision, transaction = await quirky.session()
        assert (decision.led, decision.authority) == ("green", "ocpp")
        assert (transaction.energy_wh, transaction.reason, transaction.tag) == (SESSION_WH, "EVDisconnected", CARD)
        numbers = [call.payload["seqNo"] for call in quirky.events()]
        assert numbers == list(range(len(numbers)))
        assert quirky.system.faults() == []


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_after_green_ends_the_transaction(name: str, quarter: Quarter) -> None:
    """CitrineOS has opened it although it refuses the tag: energy goes off, and Ended is told, DeAuthorized."""
    async with quarter.at(name) as quirky:
        quirky.system.on(EVENT, REFUSED[name], {})
        await quirky.box.plug()
        assert (await quirky.box.tap(CARD)).led == "green"
        ended = await quirky.event(eventType="Ended")
        assert ended.payload["transactionInfo"]["stoppedReason"] == "DeAuthorized"
        assert quirky.events()[-1].frame is ended.frame, "nothing after Ended: it would open the transaction again"
        await quirky.box.held()
        await quarter.town.alert("backend_refused", "refused the tag after the start", of=f"charge_point/{name}")


async def test_an_event_without_an_answer_is_sent_again_as_it_was(quarter: Quarter) -> None:
    """The link is given up, and on the next one the same frame comes again: who remembers ids (arthexis) knows it, others take it."""
    name = "mute"
    async with quarter.at(name) as quirky:
        quirky.system.on(EVENT, Close(None), {})
        before = len(quirky.system.connections)
        _, transaction = await quirky.session()
        first, again = quirky.events()[:2]
        assert (first.id, first.payload) == (again.id, again.payload)
        assert first.frame.connection != again.frame.connection
        assert len(quirky.system.connections) == before + 1
        assert transaction.energy_wh == SESSION_WH


async def test_a_start_that_is_refused_is_put_aside_and_the_rest_is_told(quarter: Quarter) -> None:
    """Arthexis answers a Started that it does not like with an error: after the attempts it is parked, and what follows is not held up."""
    name = "start-refused"
    async with quarter.at(name) as quirky:
        await _attempts(quirky, 2)
        quirky.system.on(EVENT, Error("FormationViolation", "Invalid payload."), Error("FormationViolation", "Invalid payload."), {})
        await quirky.box.plug()
        assert (await quirky.box.tap(CARD)).led == "green"
        await quirky.box.draw(SESSION_WH)
        await quirky.box.unplug()
        await quirky.event(eventType="Ended")
        await quarter.town.topics.shows(f"charge_point/{name}/ocpp/parked", "1")
        await quarter.town.topics.shows(f"charge_point/{name}/ocpp/queue", "0")
        await quarter.town.alert("record_parked", "Invalid payload.", "evbridge queue", of=f"charge_point/{name}")
        assert len(quirky.events(eventType="Started")) == 2
        assert len({call.id for call in quirky.events(eventType="Started")}) == 2, "on a living link each attempt has an id of its own"


async def test_events_that_nobody_wants_do_not_stop_the_others(quarter: Quarter) -> None:
    """A central system that answers every event with an error: each is tried and put aside, and the next session is served."""
    name = "events-refused"
    async with quarter.at(name) as quirky:
        await _attempts(quirky, 1)
        quirky.system.on(EVENT, Error("InternalError"))
        await quirky.box.plug()
        assert (await quirky.box.tap(CARD)).led == "green"
        await quirky.box.draw(SESSION_WH)
        await quirky.box.unplug()
        await quirky.event(eventType="Ended")
        await quarter.town.topics.shows(f"charge_point/{name}/ocpp/queue", "0")
        quirky.system.on(EVENT, {})
        _, transaction = await quirky.session(CARDS[1])
        assert transaction.energy_wh == SESSION_WH


async def _attempts(quirky: Quirky, times: int) -> None:
    values = {"MessageAttempts": str(times), "MessageAttemptInterval": "0"}
    items = [
        {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": name, "instance": EVENT}, "attributeValue": value}
        for name, value in values.items()
    ]
    results = (await quirky.system.call("SetVariables", {"setVariableData": items}))["setVariableResult"]
    assert [result["attributeStatus"] for result in results] == ["Accepted", "Accepted"]


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
        assert quirky.events() == []


async def test_a_tag_is_only_called_what_its_length_allows(quarter: Quarter) -> None:
    """CitrineOS answers an ISO14443 of ten digits with an error: it is told as Central."""
    async with quarter.at("short-tag") as quirky:
        decision, _ = await quirky.session(TEN_DIGITS)
        assert decision.led == "green"
        [asked] = quirky.system.calls("Authorize")
        assert asked.payload["idToken"] == {"idToken": TEN_DIGITS, "type": "Central"}


# --- registration -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", boots())
async def test_an_acceptance_is_an_acceptance(name: str, quarter: Quarter) -> None:
    """With more fields, fewer, or other words than the schema has, asked something before or not: in service, on one connection."""
    async with quarter.at(name) as quirky:
        decision, _ = await quirky.session()
        assert decision.led == "green"
        assert len(quirky.system.connections) == 1
        assert len(quirky.system.calls("BootNotification")) == (2 if name == "boot-pending-report" else 1)
        assert quirky.system.faults() == []


async def test_a_report_is_sent_while_the_registration_is_pending(quarter: Quarter) -> None:
    """CitrineOS asks for everything there is before it accepts a station."""
    system = quarter.systems["boot-pending-report"]
    actions = system.actions()
    boots_at = [number for number, action in enumerate(actions) if action == "BootNotification"]
    assert "NotifyReport" in actions[boots_at[0] : boots_at[1]]


async def test_a_second_connection_that_is_refused(quarter: Quarter) -> None:
    """ocpp-go keeps the old one and closes the new one with 1008: it says what that means, and is back when the old one is gone."""
    name = "taken"
    async with quarter.at(name) as quirky:
        quirky.system.on("StatusNotification", Close(1008, "a connection with this ID already exists"), {})
        before = len(quirky.system.connections)
        await quirky.box.plug()
        await quarter.town.error(name, "code 1008", "no other device uses this identity")
        await quirky.system.connected(before + 1)
        await quarter.town.online(name)
        await quirky.box.unplug()
        await quirky.session()


async def test_a_registration_that_was_forgotten_is_renewed(quarter: Quarter) -> None:
    """After a reconnect no BootNotification is sent; a central system that has restarted in between answers with an error, and gets one."""
    name = "forgotten"
    async with quarter.at(name) as quirky:
        quirky.system.on("StatusNotification", Error("SecurityError", "boot first"), {})
        quirky.system.cut()
        await quirky.box.plug()
        await quirky.system.saw_times("BootNotification", 2)
        await quarter.town.online(name)
        await quirky.box.unplug()
        await quirky.session()


TALK: Mapping[str, dict[str, Any]] = {
    "GetLocalListVersion": {},
    "ReserveNow": {"id": 1, "expiryDateTime": "2099-01-01T00:00:00Z", "idToken": {"idToken": CARD, "type": "ISO14443"}, "evseId": 1},
    "CancelReservation": {"reservationId": 1},
    "SetVariables": {"setVariableData": [{**_variable("OCPPCommCtrlr", "HeartbeatInterval"), "attributeValue": "300"}]},
    "TriggerMessage": {"requestedMessage": "StatusNotification"},
    "GetChargingProfiles": {"requestId": 1, "chargingProfile": {}},
    "SetDisplayMessage": {
        "message": {"id": 1, "priority": "NormalCycle", "message": {"format": "UTF8", "content": "hello"}},
    },
    "ClearCache": {},
}
"""ocpp-go's example asks from two seconds after the connection on, with short numeric ids, whatever the station can do."""


async def test_whoever_asks_for_everything_is_answered(quarter: Quarter) -> None:
    """With a word of the message or with an error, quickly and by the book, and the station serves on."""
    async with quarter.at("talkative") as quirky:
        for number, (action, payload) in enumerate(TALK.items()):
            with contextlib.suppress(Exception):
                await quirky.system.call(action, payload, message_id=str(2596996162 + number))
        assert quirky.system.faults() == []
        decision, _ = await quirky.session()
        assert decision.led == "green"


async def test_everybody_else_was_served_all_along(quarter: Quarter) -> None:
    """With three dozen quirky neighbours."""
    await quarter.town.serves()
