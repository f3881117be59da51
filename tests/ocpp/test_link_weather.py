"""Bad days: whatever a central system or the network does, the link comes back, says what is wrong, and disturbs nobody else."""

import asyncio
import json
import logging
from dataclasses import replace
from itertools import pairwise

import pytest

from bridge.core.backend import AuthorizeAnswered, AuthorizeFailed, BackendOffline, BackendOnline
from bridge.ocpp.backoff import Pace
from bridge.ocpp.failures import ConnectFailed, Failure
from bridge.ocpp.frames import FRAME_BYTES_MAX
from bridge.ocpp.link import TURN_FRAMES, Link
from bridge.ocpp.wire import Endpoint
from tests.ocpp.conftest import Links
from tests.ocpp.stations import FAST, MS, FakeStation, question, records_of
from tests.ocpp.wires import FakeNetwork, FakeWire, settled
from tests.peers.central_system import CallFailed, CentralSystem, Silence
from tests.peers.waiting import TIMEOUT_S


async def online(station: FakeStation, times: int = 1) -> None:
    await station.heard(BackendOnline, times)


async def is_served(station: FakeStation) -> None:
    """The link works: a tap is answered."""
    before = len(station.of(AuthorizeAnswered))
    station.perform(question(f"served-{before}"))
    await station.heard(AuthorizeAnswered, before + 1)


def quiet(link: Link | None) -> bool:
    """Nothing is open."""
    assert link is not None
    return link._exchange.delivery.open is None


# --- handshakes ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("W9")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 302])
async def test_every_refusal_is_tried_again_for_ever(csms: CentralSystem, station: FakeStation, links: Links, status: int) -> None:
    """The moment the central system lets the station in, it is back, and everything it had is told."""
    csms.refuse(status, {"Location": "ws://127.0.0.1:1/"} if status == 302 else None)
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    await csms.knocked(3)
    assert station.shown[-1][:2] == (False, None)
    assert f"HTTP {status}" in (station.error or "")
    csms.welcome()
    await csms.saw("BootNotification", "StartTransaction", "StopTransaction")
    await station.until(lambda: station.error is None)


@pytest.mark.requirement("W9")
async def test_retry_after_is_kept_to(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.refuse(429, {"Retry-After": "3600"})
    pace = Pace(first_s=1 * MS, cap_s=200 * MS, floor_s=1 * MS)
    links.start(station, csms.url, settings=replace(FAST, pace=pace))
    loop = asyncio.get_running_loop()
    await csms.knocked(1)
    before_s = loop.time()
    await csms.knocked(2)
    assert loop.time() - before_s >= 0.19, "an hour, within the cap"


async def test_the_log_tells_a_failure_once_and_the_next_one_too(
    csms: CentralSystem, station: FakeStation, links: Links, caplog: pytest.LogCaptureFixture
) -> None:
    """A night of refusals is one line, not ten thousand."""
    csms.refuse(401)
    links.start(station, csms.url)
    await csms.knocked(5)
    csms.refuse(404)
    await csms.knocked(10)
    warnings = [record.message for record in caplog.records if record.name == "bridge.ocpp" and record.levelno == logging.WARNING]
    assert ["HTTP 401" in warnings[0], "HTTP 404" in warnings[1], len(warnings)] == [True, True, 2]
    assert len(station.shown) <= 3, "nor do dashboards flicker"


@pytest.mark.requirement("W8")
@pytest.mark.parametrize("chosen", [None, "ocpp2.0.1"])
async def test_a_wrong_subprotocol_is_no_connection(csms: CentralSystem, station: FakeStation, links: Links, chosen: str | None) -> None:
    csms.subprotocol = chosen
    links.start(station, csms.url)
    await csms.knocked(2)
    assert csms.frames == []
    csms.subprotocol = "ocpp1.6"
    await online(station)


async def test_a_peer_that_hangs_up_at_once_is_not_hammered(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """The waits grow although every connection succeeds."""
    tries_s: list[float] = []

    async def hang_up(_: Endpoint) -> FakeWire:
        tries_s.append(asyncio.get_running_loop().time())
        wire = FakeWire()
        wire.drop()
        return wire

    pace = Pace(first_s=10 * MS, cap_s=10.0, floor_s=5 * MS)
    links.start(station, "ws://fake.invalid", connect=hang_up, settings=replace(FAST, pace=pace))
    await station.until(lambda: len(tries_s) >= 8)
    waits_s = [later - earlier for earlier, later in pairwise(tries_s)]
    assert min(waits_s) >= 5 * MS
    assert max(waits_s) >= 50 * MS, "not the first ceiling all the time"


async def test_anything_a_connection_can_raise_is_survived(station: FakeStation, links: Links) -> None:
    wire = FakeWire()
    links.start(
        station,
        "ws://fake.invalid",
        connect=FakeNetwork(ConnectFailed(Failure(line="planted")), ZeroDivisionError("planted"), RecursionError(), wire),
    )
    await station.until(lambda: station.shown[-1:] == [(True, None, None)])
    assert wire.actions == ["BootNotification"]


# --- mute and half-open -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("W2")
async def test_a_half_open_link_is_found_by_pings(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    station.change(ping_s=50)
    links.start(station, csms.url)
    await online(station)
    csms.freeze()
    await csms.connected(2)
    await online(station, 2)
    assert any("ping" in (shown[2] or "") for shown in station.shown)


async def test_pings_that_are_answered_keep_the_link(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    station.change(ping_s=5)
    links.start(station, csms.url)
    await online(station)
    await station.until(lambda: station.replays >= 6)
    assert len(csms.connections) == 1


@pytest.mark.parametrize("pong_s", [5 * MS, 40 * MS])
async def test_an_unanswered_ping_ends_the_link_whatever_the_interval(station: FakeStation, links: Links, pong_s: float) -> None:
    """Also where pings come faster than an answer may take, and one is under way at a time."""
    station.change(ping_s=15)
    first, second = FakeWire(), FakeWire()
    links.start(station, "ws://fake.invalid", connect=FakeNetwork(first, second), settings=replace(FAST, pong_s=pong_s))
    await station.until(lambda: any("ping" in (shown[2] or "") for shown in station.shown))
    assert first.pings == 1
    await station.until(lambda: bool(second.sent))


async def test_pings_can_be_switched_off_and_on(station: FakeStation, links: Links) -> None:
    """WebSocketPingInterval 0, without a new connection."""
    station.change(ping_s=10)
    wire = FakeWire()
    links.start(station, "ws://fake.invalid", connect=FakeNetwork(wire), settings=replace(FAST, call_timeout_s=60, pong_s=60))
    await settled()
    while wire.pings == 0:  # noqa: ASYNC110 - nothing tells of a ping
        await asyncio.sleep(MS)
    station.change(ping_s=0)
    station.wake()
    await asyncio.sleep(30 * MS)
    assert wire.pings == 1
    station.change(ping_s=10)
    station.wake()
    while wire.pings == 1:  # noqa: ASYNC110 - the same
        await asyncio.sleep(MS)


@pytest.mark.requirement("W3")
async def test_a_mute_central_system_is_left_and_tried_again(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """Connected is not enough: until BootNotification is answered the station counts as offline, and nothing is queued up behind it."""
    csms.mute = True
    station.record(*records_of("s1"))
    links.start(station, csms.url, settings=replace(FAST, call_timeout_s=30 * MS))
    await csms.connected(3)
    station.perform(question())
    await station.heard(AuthorizeFailed)
    assert {*csms.actions()} == {"BootNotification"}
    assert any("mute" in (shown[2] or "") for shown in station.shown)
    csms.mute = False
    await csms.saw("StopTransaction")
    assert station.delivered[0].attempts == 0 or station.delivered == []


@pytest.mark.requirement("W3")
async def test_a_tap_at_a_central_system_that_fell_silent(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("Authorize", Silence(), {"idTagInfo": {"status": "Accepted"}})
    links.start(station, csms.url, settings=replace(FAST, call_timeout_s=50 * MS))
    await online(station)
    station.perform(question())
    await station.heard(AuthorizeFailed)
    await online(station, 2)
    await is_served(station)


# --- closing ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("W8")
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 4000, 4999])
async def test_whatever_the_close_code_the_link_comes_back(csms: CentralSystem, station: FakeStation, links: Links, code: int) -> None:
    links.start(station, csms.url)
    await online(station)
    await csms.close_all(code, "planted\x1b[31m")
    await station.heard(BackendOffline)
    lines = [shown[2] for shown in station.shown if shown[2] is not None]
    assert f"code {code}" in lines[0]
    assert lines[0].isprintable()
    await online(station, 2)
    await is_served(station)


@pytest.mark.requirement("W8")
async def test_a_cut_in_the_middle_of_everything(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """Ten cuts during a session: every record arrives, in order, and each copy is the same."""
    links.start(station, csms.url)
    for number in range(10):
        station.record(*records_of(f"s{number}"))
        await csms.connected(number + 1)
        await csms.saw_times("StartTransaction", number)
        csms.cut()
    await station.until(lambda: len(station.delivered) == 30)
    order = [row.id for row in station.delivered]
    assert order == sorted(order)
    by_id: dict[str, set[str]] = {}
    for call in csms.calls():
        by_id.setdefault(call.id, set()).add(json.dumps([call.action, call.payload]))
    assert all(len(meanings) == 1 for meanings in by_id.values())


async def test_the_central_system_goes_away_and_comes_back(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await online(station)
    await csms.stop()
    await station.until(lambda: "refuses the connection" in (station.error or ""))
    station.record(*records_of("s1"))
    await csms.start()
    await csms.saw("StopTransaction")


# --- hostile frames -----------------------------------------------------------------------------------------------------------------

HOSTILE = {
    "nothing": "",
    "not JSON": "hello",
    "not an array": "{}",
    "an empty array": "[]",
    "an unknown type": '[5,"x",{}]',
    "a type that is a text": '["2","x","Reset",{}]',
    "a type that is true": '[true,"x","Reset",{}]',
    "no id": "[2]",
    "an id that is a number": '[2,7,"Reset",{"type":"Soft"}]',
    "a very long id": json.dumps([2, "x" * 100_000, "Reset", {"type": "Soft"}]),
    "an answer to nobody": '[3,"x",{}]',
    "an error about nothing": '[4,"x","InternalError","",{}]',
    "an error with odd parts": '[4,"x",null,null]',
    "not a number": '[2,"x","Reset",{"type":NaN}]',
    "infinity": '[2,"x","Reset",{"type":1e400}]',
    "a long number": f'[2,"x","Reset",{{"type":{"9" * 5000}}}]',
    "deep": "[" * 100_000 + "]" * 100_000,
    "deep payload": f'[2,"x","DataTransfer",{{"vendorId":"x","data":{"[" * 500 + "]" * 500}}}]',
    "half a surrogate": '[2,"x","Reset",{"type":"\\ud800"}]',
    "control characters": '[2,"x","\\u0000\\u001b[31m",{}]',
    "binary": b"\x00\xff\xfe",
    "UTF-16": '[2,"x","Reset",{"type":"Soft"}]'.encode("utf-16"),
    "a byte-order mark": '\ufeff[2,"x","Reset",{"type":"Soft"}]',
    "twice the same key": '[2,"x","GetConfiguration",{"key":["a"],"key":7}]',
    "a long action": json.dumps([2, "x", "A" * 100_000, {}]),
    "a path as action": '[2,"x","../../../etc/passwd",{}]',
    "a payload that is a list": '[2,"x","Reset",[]]',
    "too many parts": '[2,"x","Reset",{"type":"Soft"},{},{}]',
}


@pytest.mark.requirement("W11")
@pytest.mark.parametrize("frame", [pytest.param(frame, id=name) for name, frame in HOSTILE.items()])
async def test_a_hostile_frame_harms_neither_its_link_nor_another(
    csms: CentralSystem, links: Links, frame: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs an answer, or nothing at all."""
    victim, neighbour = FakeStation(), FakeStation()
    links.start(victim, csms.url)
    await online(victim)
    links.start(neighbour, csms.url)
    await online(neighbour)
    csms.connections[0].identity = "victim"
    csms.send(frame, identity="victim")
    await is_served(victim)
    await is_served(neighbour)
    assert len(csms.connections) == 2
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert all(record.getMessage().isprintable() for record in caplog.records if record.levelno > logging.DEBUG)


@pytest.mark.requirement("W10")
async def test_a_frame_that_is_too_large_costs_the_connection_and_no_more(csms: CentralSystem, links: Links) -> None:
    victim, neighbour = FakeStation(), FakeStation()
    links.start(victim, csms.url)
    await online(victim)
    links.start(neighbour, csms.url)
    await online(neighbour)
    csms.connections[0].identity = "victim"
    csms.send(json.dumps([3, "x", {"x": "y" * FRAME_BYTES_MAX}]), identity="victim")
    assert (await csms.gone())[0] == 1009
    await online(victim, 2)
    assert any("code 1009" in (shown[2] or "") for shown in victim.shown)
    await is_served(victim)
    assert len(neighbour.of(BackendOnline)) == 1


@pytest.mark.requirement("W11")
async def test_invalid_utf8_in_a_text_frame_is_survived(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await online(station)
    connection = (await csms.connected()).socket
    connection.protocol.send_text(b'[2,"x","\xff\xfe",{}]')
    connection.send_data()
    await is_served(station)


@pytest.mark.requirement("W7")
@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"transactionId": None},
        {"transactionId": "seven"},
        {"transactionId": 2**63},
        {"transactionId": -1},
        {"transactionId": True},
        {"transactionId": 1.5},
        {"transactionId": [1]},
        {"idTagInfo": 7},
        {"idTagInfo": {"status": "Accepted"}},
        {"idTagInfo": {"status": ["Accepted"]}, "transactionId": 0},
        {"idTagInfo": {"status": "Accepted", "expiryDate": "the day after tomorrow"}, "transactionId": 7},
    ],
)
async def test_whatever_a_start_is_answered_with_the_session_arrives(
    csms: CentralSystem, station: FakeStation, links: Links, payload: dict[str, object]
) -> None:
    station.change(retry_s=0)
    csms.on("StartTransaction", payload)
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    await csms.saw("StopTransaction")
    await station.until(lambda: len(station.delivered) + len(station.parked) == 3)
    assert len(csms.connections) == 1


# --- floods -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("W12")
async def test_a_flood_of_requests_starves_nobody(csms: CentralSystem, links: Links) -> None:
    """Each is answered, if only with an error; our own messages get through, and so do the neighbour's."""
    victim, neighbour = FakeStation(), FakeStation()
    patient = replace(FAST, call_timeout_s=TIMEOUT_S)
    links.start(victim, csms.url, settings=patient)
    await online(victim)
    links.start(neighbour, csms.url, settings=patient)
    await online(neighbour)
    csms.connections[0].identity = "victim"
    flood = asyncio.gather(*(csms.call("GetConfiguration", {}, identity="victim") for _ in range(1000)), return_exceptions=True)
    await is_served(neighbour)
    victim.record(*records_of("s1"))
    await is_served(victim)
    answers = await flood
    assert all(isinstance(answer, dict | CallFailed) for answer in answers)
    assert sum(isinstance(answer, dict) for answer in answers) >= 200
    await victim.until(lambda: len(victim.delivered) == 3)


async def test_a_peer_that_pours_out_frames_leaves_turns_to_others(station: FakeStation, links: Links) -> None:
    """Whatever came in one gulp is not worked off in one."""
    wire = FakeWire()
    links.start(station, "ws://fake.invalid", connect=FakeNetwork(wire), settings=replace(FAST, call_timeout_s=60, pong_s=60))
    await settled()
    for number in range(10 * TURN_FRAMES):
        wire.pour([2, f"m{number}", "GetLocalListVersion", {}])
    turns = 0
    while len(wire.sent) <= 10 * TURN_FRAMES:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 10


async def test_a_peer_that_asks_and_does_not_read_is_found_out(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """Pings tell that it hangs, and the link starts over."""
    station.change(ping_s=50)
    links.start(station, csms.url)
    await online(station)
    csms.freeze()
    for number in range(5_000):
        csms.send(f'[2,"{number}","GetConfiguration",{{}}]')
    await csms.connected(2)
    await online(station, 2)
    csms.frames.clear()


@pytest.mark.requirement("W12")
async def test_a_storm_of_triggers_is_bounded(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await online(station)
    await station.until(lambda: quiet(station.link))
    storm = [csms.call("TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"}) for _ in range(150)]
    answers = await asyncio.gather(*storm, return_exceptions=True)
    assert answers == [{"status": "Accepted"}] * 150
    await is_served(station)
    assert len(csms.calls("FirmwareStatusNotification")) <= 150


# --- many ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("W1")
async def test_many_links_cost_one_task_each(csms: CentralSystem, links: Links) -> None:
    before = len(asyncio.all_tasks())
    stations = [FakeStation() for _ in range(50)]
    for station in stations:
        links.start(station, csms.url)
    for station in stations:
        await online(station)
    async with asyncio.timeout(TIMEOUT_S):
        while any(not quiet(station.link) for station in stations):  # noqa: ASYNC110 - nothing tells of quiet
            await asyncio.sleep(MS)
    ours = [task for task in asyncio.all_tasks() if task.get_name().startswith(("link under test", "ocpp"))]
    assert len(ours) == 50
    assert len(asyncio.all_tasks()) - before <= 50 + 50, "and as many of the central system"


async def test_first_connections_take_turns(csms: CentralSystem, links: Links) -> None:
    """A thousand charge points do not knock in the same second."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    links.start(FakeStation(), csms.url, settings=replace(FAST, start_spread_s=100 * MS))
    await csms.knocked()
    assert loop.time() - started_s >= 20 * MS, "this one drew 32 ms"
