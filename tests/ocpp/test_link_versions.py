"""Two versions are offered, and the one that the central system chooses is spoken, in everything that differs between them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest

from bridge.core.backend import BackendOnline, ResetKind
from bridge.core.effects import AnnounceStatus, RestartStation, Tell, Telling
from bridge.core.orders import LogTold
from bridge.core.settings import Settings
from bridge.core.state import Hardware
from bridge.core.values import SessionId, TxKind, TxTrigger
from bridge.ocpp.networks import NOTE, Profile, written
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.v201.dialect import Dialect201
from bridge.ocpp.wire import Endpoint, Wire, WireClosed
from tests.ocpp.conftest import Links
from tests.ocpp.stations import FAST, MS, FakeStation
from tests.ocpp.wires import FakeWire, settled
from tests.ocpp.worlds import SAMPLE, START, STOP
from tests.peers.central_system import CallFailed, CentralSystem, Silence

BOTH = (Dialect201(), Dialect16())
ONLY_201 = (Dialect201(),)
ACCEPTED = {"currentTime": "2026-11-22T12:00:00Z", "interval": 300, "status": "Accepted"}
TOLD = Telling(kind=TxKind.UPDATED, trigger=TxTrigger.METER_PERIODIC)
SESSION_RECORDS = [replace(record, telling=TOLD) for record in (START, SAMPLE, STOP)]


@pytest.fixture
def station() -> FakeStation:
    """A free charge point, whose waits in 2.0.1 are as short as those of 1.6 are here."""
    return FakeStation(settings=Settings(ping_s=0, backoff_minimum_s=5, backoff_random_s=0, backoff_repeats=0))


@pytest.fixture
async def modern() -> AsyncIterator[CentralSystem]:
    """A central system that speaks 2.0.1 only; whatever the station did was by the book."""
    async with CentralSystem(protocol="ocpp2.0.1") as made:
        yield made
        assert made.faults() == []


async def registered(csms: CentralSystem, station: FakeStation, times: int = 1) -> None:
    """Whatever follows a registration has been told and answered."""
    await station.heard(BackendOnline, times)
    if csms.subprotocol == "ocpp2.0.1":
        await csms.saw("StatusNotification", "SecurityEventNotification")
    assert station.link is not None
    while station.link._exchange.delivery.open is not None:  # noqa: ASYNC110 - nothing tells of quiet
        await asyncio.sleep(MS)


# --- which one is spoken --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["ocpp1.6", "ocpp2.0.1"])
async def test_both_are_offered_and_the_agreed_one_is_used(csms: CentralSystem, station: FakeStation, links: Links, chosen: str) -> None:
    csms.subprotocol = chosen
    links.start(station, csms.url, dialects=BOTH)
    [boot] = await csms.saw("BootNotification")
    assert csms.connections[0].headers["Sec-WebSocket-Protocol"] == "ocpp2.0.1, ocpp1.6"
    assert ("chargingStation" in boot.payload) is (chosen == "ocpp2.0.1")
    await registered(csms, station)
    assert station.version == chosen
    answered = await csms.call("GetConfiguration", {}) if chosen == "ocpp1.6" else await csms.call("GetLocalListVersion", {})
    assert set(answered) & {"configurationKey", "versionNumber"}


async def test_what_is_queued_survives_a_change_of_version(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """Records, and what is to be told once; the station registers anew, and its messages are the new version's."""
    csms.on("StartTransaction", Silence())
    csms.on("DiagnosticsStatusNotification", Silence())
    links.start(station, csms.url, dialects=BOTH, settings=replace(FAST, call_timeout_s=10.0))
    station.record(*SESSION_RECORDS)
    await csms.saw("StartTransaction")
    station.perform(Tell(notice=LogTold(job=1, status="Uploading")))
    csms.subprotocol = "ocpp2.0.1"
    csms.cut()
    await csms.saw("BootNotification", "StatusNotification", "LogStatusNotification", *["TransactionEvent"] * 3, connection=2)
    await station.until(lambda: len(station.delivered) == 3, "all are delivered")
    assert station.version == "ocpp2.0.1"
    csms.subprotocol = "ocpp1.6"
    station.record(*[replace(record, session=SessionId("s2")) for record in SESSION_RECORDS])
    await station.until(lambda: len(station.delivered) == 6, "and those of the next session")
    csms.cut()
    await csms.saw("BootNotification", "StatusNotification", connection=3)


async def test_a_change_of_version_spells_even_what_has_been_sent(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """A message under way has another name and another id in the other version."""
    csms.on("StartTransaction", Silence())
    links.start(station, csms.url, dialects=BOTH, settings=replace(FAST, call_timeout_s=10.0))
    station.record(SESSION_RECORDS[0])
    [first] = await csms.saw("StartTransaction")
    csms.subprotocol = "ocpp2.0.1"
    csms.cut()
    [again] = await csms.saw("TransactionEvent")
    assert json.loads(first.frame.text)[1] != json.loads(again.frame.text)[1]


# --- what differs ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_B_52_CS")
async def test_after_a_short_outage_only_what_changed_is_told(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, modern.url, dialects=ONLY_201)
    await registered(modern, station)
    modern.cut()
    await registered(modern, station, 2)
    assert modern.actions(connection=2) == []
    station.state = replace(station.state, hardware=Hardware(plugged=True, online=True, live=True))
    station.perform(AnnounceStatus())
    await modern.saw("StatusNotification", connection=2)
    modern.cut()
    station.state = replace(station.state, hardware=Hardware(plugged=False, online=True, live=True))
    await modern.saw("StatusNotification", connection=3)
    assert set(modern.actions(connection=3)) == {"StatusNotification"}, "no BootNotification on a mere reconnect"


@pytest.mark.requirement("2.0.1 TC_B_51_CS")
async def test_after_a_long_outage_all_statuses_are_told(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    station.change(offline_threshold_s=1)
    links.start(station, modern.url, dialects=ONLY_201)
    await registered(modern, station)
    modern.cut()
    await modern.saw("StatusNotification", connection=2)
    assert modern.actions(connection=2) == ["StatusNotification"]


async def test_the_start_of_the_station_is_told_once(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    """However often it has to register: a central system that counts starts is not deceived by an outage."""
    links.start(station, modern.url, dialects=ONLY_201)
    await registered(modern, station)
    assert station.link is not None
    station.link._exchange.delivery.restart()
    modern.cut()
    await modern.saw("BootNotification", "StatusNotification", connection=2)
    await station.heard(BackendOnline, 2)
    await modern.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await modern.saw("Heartbeat", connection=2)
    assert "SecurityEventNotification" not in modern.actions(connection=2)


@pytest.mark.requirement("2.0.1 TC_B_57_CS")
async def test_waits_are_exactly_those_that_were_set(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    """They double up to a number, and begin anew after a success; a refusal that a person has to mend changes nothing."""
    station.change(backoff_minimum_s=30, backoff_random_s=0, backoff_repeats=4)
    links.start(station, modern.url, dialects=ONLY_201)
    await registered(modern, station)
    modern.refuse(403)
    modern.cut()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await modern.knocked(6)
    moments = [began_s, *modern.knocked_s[1:6]]
    for wanted, (earlier, later) in zip((30, 60, 120, 240, 480), pairwise(moments), strict=True):
        assert wanted * MS * 0.9 <= later - earlier
    assert moments[-1] - moments[0] < 3
    modern.welcome()
    await modern.connected(2)
    began_s = loop.time()
    modern.cut()
    await modern.connected(3)
    assert 27 * MS <= loop.time() - began_s < 400 * MS, "the first wait, not the last"


@pytest.mark.requirement("W13")
async def test_in_1_6_waits_grow_also_after_a_connection_that_was_good(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """A central system that is away for a day is not asked every two seconds because it was there before."""
    links.start(station, csms.url)
    await registered(csms, station)
    csms.refuse(503)
    csms.cut()
    await csms.knocked(40)
    waits_s = [later - earlier for earlier, later in pairwise(csms.knocked_s[2:])]
    assert max(waits_s) > 25 * MS, "more than the first wait ever is"


@pytest.mark.requirement("2.0.1 TC_B_30_CS")
async def test_while_rejected_requests_are_answered_with_an_error(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    modern.on("BootNotification", {**ACCEPTED, "status": "Rejected", "interval": 1000})
    links.start(station, modern.url, dialects=ONLY_201)
    await station.until(lambda: "accept it there" in (station.error or ""))
    with pytest.raises(CallFailed) as failed:
        await modern.call("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
    assert failed.value.code == "SecurityError"


async def test_a_boot_that_was_asked_for_says_so(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    modern.on("BootNotification", {**ACCEPTED, "status": "Pending", "interval": 1000}, ACCEPTED)
    station.state = replace(station.state, kept=replace(station.state.kept, boot_reason="RemoteReset"))
    links.start(station, modern.url, dialects=ONLY_201)
    await station.until(lambda: "accept it there" in (station.error or ""))
    await modern.call("TriggerMessage", {"requestedMessage": "BootNotification"})
    boots = await modern.saw_times("BootNotification", 2)
    assert [boot.payload["reason"] for boot in boots] == ["RemoteReset", "Triggered"]


@pytest.mark.parametrize("kind", [ResetKind.IMMEDIATE, ResetKind.ON_IDLE])
async def test_a_reset_of_2_0_1_sends_the_end_of_the_transaction_first(
    modern: CentralSystem, station: FakeStation, links: Links, kind: ResetKind
) -> None:
    links.start(station, modern.url, dialects=ONLY_201)
    await registered(modern, station)
    station.perform(RestartStation(kind=kind))
    station.record(*SESSION_RECORDS)
    await modern.saw("TransactionEvent", "TransactionEvent", "TransactionEvent", connection=1)
    await modern.saw("BootNotification", "StatusNotification", connection=2)


# --- by which road --------------------------------------------------------------------------------------------------------------------


def directed(station: FakeStation, other: CentralSystem, *priority: str) -> None:
    """The central system has set a profile for slot 2 and an order."""
    notes = {NOTE: written({2: Profile(url=other.url, protocol="ocpp2.0.1", security=0)})}
    station.state = replace(station.state, kept=replace(station.state.kept, notes=notes))
    station.change(network_priority=priority, network_attempts=2)


@pytest.mark.requirement("2.0.1 TC_B_45_CS")
async def test_after_a_reset_it_goes_where_it_was_sent(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    """And not before; it registers there."""
    async with CentralSystem(protocol="ocpp2.0.1") as other:
        links.start(station, modern.url, dialects=ONLY_201)
        await registered(modern, station)
        directed(station, other, "2", "1")
        modern.cut()
        await modern.connected(2)
        await station.heard(BackendOnline, 2)
        assert other.connections == []
        station.perform(RestartStation(kind=ResetKind.ON_IDLE))
        await other.saw("BootNotification", "StatusNotification")
        assert other.connections[0].identity == "CP1"
        assert other.faults() == []


@pytest.mark.requirement("2.0.1 TC_B_46_CS")
async def test_where_nobody_answers_it_comes_back(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    """After so many attempts; and it registers anew."""
    async with CentralSystem(protocol="ocpp2.0.1") as other:
        other.refuse(503)
        links.start(station, modern.url, dialects=ONLY_201)
        await registered(modern, station)
        directed(station, other, "2", "1")
        station.perform(RestartStation(kind=ResetKind.ON_IDLE))
        await modern.saw("BootNotification", connection=2)
        assert len(other.knocks) == 2


@pytest.mark.requirement("2.0.1 TC_B_46_CS")
async def test_a_connection_where_nobody_speaks_is_an_attempt(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    async with CentralSystem(protocol="ocpp2.0.1") as other:
        other.on("BootNotification", Silence())
        directed(station, other, "2", "1")
        links.start(station, modern.url, dialects=ONLY_201, settings=replace(FAST, call_timeout_s=50 * MS))
        await modern.saw("BootNotification", "StatusNotification")
        assert len(other.connections) == 2


@pytest.mark.requirement("2.0.1 TC_B_49_CS")
async def test_where_all_refuse_all_are_tried_for_ever(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    async with CentralSystem(protocol="ocpp2.0.1") as other:
        for one in (modern, other):
            one.refuse(503)
        directed(station, other, "2", "1")
        links.start(station, modern.url, dialects=ONLY_201)
        await other.knocked(4)
        await modern.knocked(4)
        assert abs(len(other.knocks) - len(modern.knocks)) <= 2
        modern.welcome()
        await modern.saw("BootNotification")


async def test_a_restart_while_it_dials_takes_the_new_road(station: FakeStation, links: Links) -> None:
    """Whoever answers then at the old address is left at once."""
    dialled: list[str] = []
    answers = asyncio.Event()
    wires = [FakeWire("ocpp2.0.1"), FakeWire("ocpp2.0.1")]

    async def connect(endpoint: Endpoint) -> Wire:
        dialled.append(endpoint.url)
        if len(dialled) == 1:
            await answers.wait()
        return wires[len(dialled) - 1]

    links.start(station, "ws://home.example", dialects=ONLY_201, connect=connect)
    while not dialled:
        await settled()
    notes = {NOTE: written({2: Profile(url="ws://home.example/other", protocol="ocpp2.0.1", security=0)})}
    station.state = replace(station.state, kept=replace(station.state.kept, notes=notes))
    station.change(network_priority=("2",))
    station.perform(RestartStation(kind=ResetKind.ON_IDLE))
    answers.set()
    while len(dialled) < 2:
        await settled()
    await settled()
    assert dialled == ["ws://home.example/CP1", "ws://home.example/other/CP1"]
    assert wires[0].sent == []
    assert wires[1].actions == ["BootNotification"]
    with pytest.raises(WireClosed):
        await wires[0].receive()


async def test_a_profile_says_how_long_an_answer_may_take(modern: CentralSystem, station: FakeStation, links: Links) -> None:
    """The link is given up after that, and not after the configuration's own time."""
    modern.on("Heartbeat", Silence())
    links.start(
        station,
        modern.url,
        dialects=ONLY_201,
        endpoint=Endpoint(url=f"{modern.url}/CP1", identity="CP1", subprotocols=("ocpp2.0.1",), timeout_s=60 * MS),
        settings=replace(FAST, call_timeout_s=60.0),
    )
    await registered(modern, station)
    station.change(heartbeat_s=10)
    await station.until(lambda: "within 0.06 s" in (station.error or ""))
