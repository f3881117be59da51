"""Hostile frames of a central system: each costs a log line or, at worst, its link; never the process, never anybody else's session."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import psutil
import pytest
import pytest_asyncio

from tests.bad_days.town import Town, town
from tests.peers import journal
from tests.peers.broker import Mosquitto
from tests.peers.central_system import CentralSystem

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUDE, FLOODING = "rude", "flooding"
"""Two charge points, each with a central system of its own."""
GROWTH_MAX_MIB = 48
FLOOD = 10_000

IGNORED: Mapping[str, str | bytes] = {
    "not JSON": "hello",
    "nothing": "",
    "half a frame": '[2,"h1","Reset"',
    "an object": "{}",
    "null": "null",
    "an empty array": "[]",
    "only a type": "[2]",
    "NaN": '[2,"n1","ChangeConfiguration",{"key":"HeartbeatInterval","value":NaN}]',
    "infinity": '[3,"n2",{"transactionId":1e999}]',
    "digits without end": f'[3,"n3",{{"transactionId":{"9" * 5000}}}]',
    "not UTF-8": '[2,"u1","DataTransfer",{"vendorId":"\udcff"}]',
    "half a character": '[2,"n4","DataTransfer",{"vendorId":"\\ud800"}]',
    "deep": "[" * 100_000 + "]" * 100_000,
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep in a payload": '[3,"d1",' + "[" * 500 + "]" * 500 + "]",
    "binary rubbish": b"\x00\xff\xfe\x80",
    "binary UTF-16": '[2,"b1","Reset",{"type":"Hard"}]'.encode("utf-16"),
    "type as text": '["2","t1","Reset",{"type":"Hard"}]',
    "type as truth": '[true,"t2","Reset",{"type":"Hard"}]',
    "type as a float": '[2.0,"t3","Reset",{"type":"Hard"}]',
    "unknown type": '[9,"t4"]',
    "id as a number": '[2,7,"Reset",{"type":"Hard"}]',
    "id too long": json.dumps([2, "i" * 300, "Reset", {"type": "Hard"}]),
    "an answer to nothing": '[3,"nobody",{"status":"Accepted"}]',
    "an answer without a payload": '[3,"nobody"]',
    "an error about nothing": '[4,"nobody","InternalError","oops",{}]',
    "an error about -1": '[4,"-1","InternalError","what you sent is not JSON",{}]',
    "an error that is none": '[4,"nobody",42]',
}
"""OCPP-J 1.6 has no word for these; nothing is answered."""

ANSWERED: Mapping[str, tuple[str, str]] = {
    "unknown action": ('[2,"a1","FlyToTheMoon",{}]', "NotImplemented"),
    "action of another profile": ('[2,"a2","GetCompositeSchedule",{"connectorId":1,"duration":60}]', "NotSupported"),
    "payload as text": ('[2,"a3","Reset","Hard"]', "FormationViolation"),
    "action as a number": ('[2,"a4",7,{}]', "FormationViolation"),
    "too many elements": ('[2,"a5","Reset",{"type":"Hard"},1]', "FormationViolation"),
    "wrong type": ('[2,"a6","ChangeAvailability",{"connectorId":"1","type":"Operative"}]', "TypeConstraintViolation"),
    "wrong word": ('[2,"a7","Reset",{"type":"Sideways"}]', "PropertyConstraintViolation"),
    "field missing": ('[2,"a8","RemoteStartTransaction",{}]', "OccurenceConstraintViolation"),
    "field too many": ('[2,"a9","ClearCache",{"now":true}]', "FormationViolation"),
    "a tag of a megabyte": (json.dumps([2, "a10", "RemoteStartTransaction", {"idTag": "x" * 1_000_000}]), "PropertyConstraintViolation"),
}
"""Requests under a readable id: the code of the CALLERROR."""

TOO_LARGE = '[2,"c1","DataTransfer",{"vendorId":"v","data":"' + "x" * 1_200_000 + '"}]'
CLOSING: Mapping[str, bytes] = {
    "larger than a megabyte": b"\x81\x7f" + len(TOO_LARGE).to_bytes(8, "big") + TOO_LARGE.encode(),
    "a kind of frame that does not exist": b"\x83\x02{}",
    "a masked frame": b"\x81\x82\x00\x00\x00\x00{}",
    "a ping of a kilobyte": b"\x89\x7e\x04\x00" + b"x" * 1024,
    "a continuation of nothing": b"\x80\x02{}",
}
"""What no WebSocket may send, or this one takes, as it is on the wire: the link is closed, and opened anew."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rude() -> AsyncIterator[CentralSystem]:
    async with CentralSystem() as system:
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def flooding() -> AsyncIterator[CentralSystem]:
    async with CentralSystem() as system:
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    broker: Mosquitto, rude: CentralSystem, flooding: CentralSystem, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    csms = {RUDE: {"url": rude.url}, FLOODING: {"url": flooding.url}}
    folder = tmp_path_factory.mktemp("frames")
    async with town(folder, broker, csms=csms, charge_points={name: {"csms": name} for name in csms}) as running:
        await running.online(RUDE)
        await running.online(FLOODING)
        yield running


async def answers(system: CentralSystem) -> None:
    """The station is there, and answers what a good central system asks."""
    answer = await system.call("GetConfiguration", {"key": ["NumberOfConnectors"]})
    [entry] = answer["configurationKey"]
    assert (entry["key"], entry["value"]) == ("NumberOfConnectors", "1")


def replies(system: CentralSystem, begin: int) -> list[Any]:
    """What the station answered since a place in the journal."""
    return [parts for frame in system.frames[begin:] if frame.from_station and (parts := journal.parts(frame)) and parts[0] in {3, 4}]


@pytest.mark.parametrize("what", IGNORED)
async def test_what_cannot_be_answered_is_ignored(what: str, place: Town, rude: CentralSystem) -> None:
    """The link stands, and the next request is answered on it."""
    begin, connections = len(rude.frames), len(rude.connections)
    rude.send(IGNORED[what])
    await answers(rude)
    [reply] = replies(rude, begin)
    assert reply[0] == 3
    assert len(rude.connections) == connections


@pytest.mark.parametrize("what", ANSWERED)
async def test_what_has_an_id_is_answered_with_the_right_code(what: str, place: Town, rude: CentralSystem) -> None:
    """In at most 255 characters that quote nothing of it."""
    frame, code = ANSWERED[what]
    begin, connections = len(rude.frames), len(rude.connections)
    rude.send(frame)
    await answers(rude)
    error, _ = replies(rude, begin)
    assert error[:3] == [4, json.loads(frame)[1], code]
    assert len(error[3]) <= 255
    assert "xxx" not in error[3]
    assert len(rude.connections) == connections


@pytest.mark.parametrize("what", CLOSING)
async def test_what_no_websocket_may_send_costs_the_link_and_no_more(what: str, place: Town, rude: CentralSystem) -> None:
    """It says so, comes back and works."""
    connections = len(rude.connections)
    rude.open[-1].socket.transport.write(CLOSING[what])
    await place.error(RUDE, "the central system sent what no WebSocket may send, or more than 1 MiB at once", "tell its operator")
    await rude.connected(connections + 1)
    await place.online(RUDE)
    await answers(rude)


async def test_two_requests_under_one_id_are_each_answered(place: Town, rude: CentralSystem) -> None:
    """Nobody can tell the answers apart, but nobody waits for ever either."""
    begin = len(rude.frames)
    for _ in range(2):
        rude.send('[2,"twin","GetConfiguration",{"key":["NumberOfConnectors"]}]')
    await answers(rude)
    assert [reply[1] for reply in replies(rude, begin)][:2] == ["twin", "twin"]


async def test_a_flood_of_requests_is_answered_within_limits_and_nobody_else_waits(place: Town, flooding: CentralSystem) -> None:
    """Ten thousand requests in a breath: what is too much gets an error that costs next to nothing; meanwhile a session is charged."""
    process = psutil.Process(place.process.process_id)
    before, begin = process.memory_info().rss, len(flooding.frames)
    cpu_s = process.cpu_times().user
    for number in range(FLOOD):
        flooding.send(f'[2,"f{number}","GetConfiguration",{{}}]')
        if number % 500 == 0:
            await asyncio.sleep(0)
    await place.serves()
    await flooding.until(lambda: True if len(flooding.frames) >= begin + 2 * FLOOD else None, "an answer to each")
    codes = [reply[2] for reply in replies(flooding, begin) if reply[0] == 4]
    assert len(codes) >= FLOOD * 0.8
    assert set(codes) == {"GenericError"}
    assert (process.memory_info().rss - before) / 1024**2 < GROWTH_MAX_MIB
    assert process.cpu_times().user - cpu_s < 20
    assert len(flooding.open) == 1


async def test_a_central_system_that_asks_and_does_not_listen_fills_no_memory(place: Town, flooding: CentralSystem) -> None:
    """Its answers are not read: from some point on its questions are not read either, and everybody else is served."""
    process = psutil.Process(place.process.process_id)
    before = process.memory_info().rss
    flooding.freeze()
    for number in range(FLOOD):
        flooding.send(f'[2,"g{number}","GetConfiguration",{{}}]')
    await place.serves()
    assert (process.memory_info().rss - before) / 1024**2 < GROWTH_MAX_MIB
    connections = len(flooding.connections)
    flooding.cut()
    await flooding.connected(connections + 1)
    await place.online(FLOODING)


async def test_everybody_else_was_served_all_along(place: Town) -> None:
    """And no frame has reached anything that is ours: the town's log has no error (`town`)."""
    await place.serves()
