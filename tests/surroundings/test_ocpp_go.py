"""Central systems nobody here wrote: the examples of ocpp-go, in both versions, with one bridge between them and its wallboxes."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.bad_days.town import says
from tests.peers.bridge_process import BridgeProcess, bridge
from tests.peers.broker import Mosquitto
from tests.peers.ocpp_go import ROUTINE_S, OcppGo, ocpp_go
from tests.peers.onlooker import onlooker
from tests.peers.wallbox import Wallbox, wallbox

pytestmark = pytest.mark.asyncio(loop_scope="module")

POINTS = {"ocpp1.6": "old", "ocpp2.0.1": "new"}
"""A charge point for each version."""
LAST = {"old": "DiagnosticsStatusNotification", "new": "SetDisplayMessage"}
"""The end of each row of requests."""
CALL, RESULT = 2, 3
CARD = "04AABBCC"
SESSION_WH = 1500


@dataclass(frozen=True, slots=True)
class Side:
    """A charge point and the central system it reports to."""

    csms: OcppGo
    box: Wallbox
    process: BridgeProcess
    name: str

    def frames(self, direction: str) -> Iterator[list[Any]]:
        """What the bridge sent (>) or got (<) on this link, by its own log."""
        for _, _, frame in (line.partition(f" {self.name}: {direction} ") for line in self.process.log().splitlines()):
            if frame:
                yield json.loads(frame)

    def asked(self, action: str) -> dict[str, Any] | None:
        """Our answer to the central system's request; None: it has not been asked."""
        replies = {frame[1]: frame[2] for frame in self.frames(">") if frame[0] == RESULT}
        return next((replies.get(frame[1]) for frame in self.frames("<") if frame[0] == CALL and frame[2] == action), None)

    def told(self, action: str) -> list[dict[str, Any]]:
        """Our messages of one kind that were answered without an error."""
        taken = {frame[1] for frame in self.frames("<") if frame[0] == RESULT}
        return [frame[3] for frame in self.frames(">") if frame[0] == CALL and frame[2] == action and frame[1] in taken]

    async def ends(self) -> None:
        """Its row of requests has come to its end."""
        async with asyncio.timeout(ROUTINE_S):
            while not any(frame[0] == CALL and frame[2] == LAST[self.name] for way in "<>" for frame in self.frames(way)):  # noqa: ASYNC110
                await asyncio.sleep(0.2)  # the log of another process wakes nobody


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sides(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Side]]:
    """Both are set up at once, since each takes half a minute to ask all its questions; meanwhile a session is charged at each."""
    async with contextlib.AsyncExitStack() as ground:
        broker = ground.enter_context(Mosquitto())
        systems = {version: await ground.enter_async_context(ocpp_go(version)) for version in POINTS}
        settings = {
            "csms": {POINTS[version]: {"url": csms.url, "protocol": version, "reconnect_max_s": 1} for version, csms in systems.items()},
            "charge_points": {name: {"csms": name, "identity": name, "can": ["limit", "unlock", "display"]} for name in POINTS.values()},
            "log": {"level": "debug"},
        }
        topics = await ground.enter_async_context(onlooker(broker))
        process = await ground.enter_async_context(bridge(tmp_path_factory.mktemp("go"), broker, topics, settings))
        boxes = {version: await ground.enter_async_context(wallbox(broker, name)) for version, name in POINTS.items()}
        found = {version: Side(csms, boxes[version], process, POINTS[version]) for version, csms in systems.items()}
        # it reserves the connector for a moment, which is not the moment for a session
        await asyncio.gather(*(says(process, f"{one.name}: < ", "CancelReservation", level=logging.DEBUG) for one in found.values()))
        await asyncio.gather(*(charges(one) for one in found.values()))
        await asyncio.gather(*(one.ends() for one in found.values()))
        yield found


async def charges(side: Side) -> None:
    """A session, from plug to unplug."""
    await side.box.plug()
    assert (await side.box.tap(CARD)).led == "green"
    await side.box.draw(SESSION_WH)
    await side.box.unplug()


async def test_a_session_on_1_6(sides: dict[str, Side]) -> None:
    side = sides["ocpp1.6"]
    [start], [stop] = side.told("StartTransaction"), side.told("StopTransaction")
    assert stop["meterStop"] - start["meterStart"] == SESSION_WH
    assert stop["reason"] == "EVDisconnected"
    assert len(side.told("BootNotification")) == len(side.told("Authorize")) == 1


async def test_a_session_on_2_0_1(sides: dict[str, Side]) -> None:
    csms, name = sides["ocpp2.0.1"].csms, sides["ocpp2.0.1"].name
    assert csms.said(name, "BootNotification", "reason: PowerUp")
    assert len(csms.said(name, "Authorize", "authorized")) == 1
    told = csms.said(name, "TransactionEvent", "transaction ")
    assert "started, reason: Authorized" in told[0]
    assert any("updated, reason: ChargingStateChanged, state: Charging" in text for text in told)
    assert "stopped, reason: EVCommunicationLost" in told[-1]
    assert len({text.split()[1] for text in told}) == 1


ANSWERS: dict[str, dict[str, dict[str, Any]]] = {
    "ocpp1.6": {
        "ReserveNow": {"status": "Accepted"},
        "CancelReservation": {"status": "Accepted"},
        "GetLocalListVersion": {"listVersion": 0},
        "ChangeConfiguration": {"status": "Accepted"},
        "TriggerMessage": {"status": "Accepted"},
    },
    "ocpp2.0.1": {
        "ReserveNow": {"status": "Accepted"},
        "CancelReservation": {"status": "Accepted"},
        "GetLocalListVersion": {"versionNumber": 0},
        "TriggerMessage": {"status": "Accepted"},
        # for a transaction that it has made up
        "SetDisplayMessage": {"status": "UnknownTransaction"},
    },
}
"""What it asks of every station, and what it is answered."""


@pytest.mark.parametrize("version, action", [(version, action) for version, asked in ANSWERS.items() for action in asked])
async def test_what_it_asks_is_answered(sides: dict[str, Side], version: str, action: str) -> None:
    assert sides[version].asked(action) == ANSWERS[version][action]


async def test_targets_of_variables_are_none_of_ours(sides: dict[str, Side]) -> None:
    """It sets the attribute Target, which no variable of the bridge has."""
    answer = sides["ocpp2.0.1"].asked("SetVariables")
    assert answer is not None
    assert {one["attributeStatus"] for one in answer["setVariableResult"]} == {"NotSupportedAttributeType"}


@pytest.mark.parametrize("version", POINTS)
async def test_neither_side_complains(sides: dict[str, Side], version: str) -> None:
    """Nothing was malformed for either of them."""
    side = sides[version]
    assert [text for text in side.csms.complaints() if "variable" not in text and "display message" not in text] == []
    assert "breaks its schema" not in side.process.log()
