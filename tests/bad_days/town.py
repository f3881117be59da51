"""A town of charge points on one real bridge: one that is well, at a strict central system, and beside it those whose surroundings are not.

async with town(folder, broker, csms={"rude": {"url": …}}, charge_points={"victim": {"csms": "rude"}}) as place:
    await place.error("victim", "HTTP 404", "create the charge point")
    await place.serves()                    # the healthy one has charged a whole session meanwhile
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.laboratory import Station, equipped, identity_of
from tests.peers.bridge_process import BridgeProcess, bridge
from tests.peers.broker import Mosquitto
from tests.peers.onlooker import Onlooker, onlooker
from tests.peers.strict_csms import ACCEPTED, StrictCsms, strict_csms
from tests.peers.waiting import TIMEOUT_S

HEALTHY = "healthy"
CARDS = ("04AABBCC", "04DDEEFF")
"""Two that every central system here knows; taps take turns, since a card shown twice within two seconds is one tap."""
COMMON: Mapping[str, Any] = {"stop_tap_min_s": 0, "stop_wait_s": 0.3}
"""Of each charge point."""
QUICK: Mapping[str, Any] = {"reconnect_max_s": 1, "boot_retry_min_s": 1}
"""Of each central system: minutes of back-off are no part of any test."""
SESSION_WH = 1500


@dataclass(slots=True, kw_only=True)
class Town:
    """Use `town()`."""

    broker: Mosquitto
    csms: StrictCsms
    topics: Onlooker
    process: BridgeProcess
    healthy: Station
    _cards: Iterator[str] = field(default_factory=lambda: itertools.cycle(CARDS))

    async def serves(self) -> None:
        """The healthy charge point charges a whole session, which is billed to the Wh."""
        await charges_a_session(self.healthy, next(self._cards))

    async def error(self, name: str, *parts: str) -> str:
        """What is shown as the trouble with a central system, as soon as it has all these parts; it is one line."""
        return await self.tells(f"charge_point/{name}/ocpp/last_error", *parts)

    async def alert(self, alert: str, *parts: str, of: str = "bridge") -> str:
        """An alert is up and says all of this; it is one line."""
        return await self.tells(f"{of}/alert/{alert}", *parts)

    async def tells(self, topic: str, *parts: str) -> str:
        """The newest message of a topic has all these parts; waits for it."""
        line = (await self.topics.reads(topic, *parts)).text
        assert "\n" not in line
        return line

    async def online(self, name: str) -> None:
        """Connected and accepted, and nothing is wrong any more; waits for it."""
        await self.topics.shows(f"charge_point/{name}/online", "true")
        if self.topics.value(f"charge_point/{name}/ocpp/last_error"):
            await self.topics.shows(f"charge_point/{name}/ocpp/last_error", "")

    async def hears_me(self) -> None:
        """Everything published so far has been worked off; nothing was hard to digest."""
        answer = await self.topics.ask("status", charge_point=HEALTHY)
        assert answer["status"] == "ok"

    def logged(self, *parts: str, level: int = logging.WARNING) -> list[str]:
        """Lines of the log from this level on that have all these parts."""
        return logged(self.process, *parts, level=level)


def logged(process: BridgeProcess, *parts: str, level: int = logging.WARNING) -> list[str]:
    """Lines of the log from this level on that have all these parts. A traceback is many lines without a level, and counts."""
    found = []
    for line in process.log().splitlines():
        word = line.split(" ")[1] if line[:2] == "20" else "ERROR"
        if logging.getLevelNamesMapping()[word] >= level and all(part in line for part in parts):
            found.append(line)
    return found


async def says(process: BridgeProcess, *parts: str, level: int = logging.WARNING) -> str:
    """The first line of the log from this level on that has all these parts; waits for it."""
    async with asyncio.timeout(TIMEOUT_S):
        while not (found := logged(process, *parts, level=level)):  # noqa: ASYNC110 - a file wakes nobody
            await asyncio.sleep(0.02)
    return found[0]


async def charges_a_session(station: Station, card: str) -> None:
    """Plug, tap, draw, unplug: the central system has billed what the meter counted."""
    before = len(station.csms.transactions(station.identity))
    await station.charges(card)
    await station.box.draw(SESSION_WH)
    await station.box.unplug()
    await station.sends("StopTransaction", reason="EVDisconnected")
    await station.reports("Available")
    billed = station.csms.transactions(station.identity)
    assert len(billed) == before + 1
    assert billed[-1].energy_wh == SESSION_WH


def settings(
    central: StrictCsms,
    csms: Mapping[str, Mapping[str, Any]] | None = None,
    charge_points: Mapping[str, Mapping[str, Any]] | None = None,
    **tables: Any,  # noqa: ANN401 - TOML
) -> dict[str, Any]:
    """A configuration with the healthy charge point, and whatever is given."""
    points = {HEALTHY: {"csms": "office"}} if charge_points is None else {HEALTHY: {"csms": "office"}, **charge_points}
    return {
        "csms": {name: {**QUICK, **more} for name, more in {"office": {"url": f"{central.url}/ocpp"}, **(csms or {})}.items()},
        "charge_points": {name: {**COMMON, "identity": identity_of(name), **more} for name, more in points.items()},
        **tables,
    }


@contextlib.asynccontextmanager
async def town(
    folder: Path,
    broker: Mosquitto,
    *,
    csms: Mapping[str, Mapping[str, Any]] | None = None,
    charge_points: Mapping[str, Mapping[str, Any]] | None = None,
    errors: Sequence[str] = (),
    **tables: Any,  # noqa: ANN401 - TOML
) -> AsyncIterator[Town]:
    """A bridge whose healthy charge point is online; the others may never be.

    At the end there is no error in its log but those named: no outside may cause a traceback, or a message that breaks its schema.
    """
    async with office() as central, onlooker(broker) as topics:
        async with (
            bridge(folder, broker, topics, settings(central, csms, charge_points, **tables), online=[HEALTHY]) as process,
            equipped(HEALTHY, broker, central, topics) as healthy,
        ):
            yield Town(broker=broker, csms=central, topics=topics, process=process, healthy=healthy)
            assert [line for line in logged(process, level=logging.ERROR) if not any(part in line for part in errors)] == []
        assert process.status == 0


@contextlib.asynccontextmanager
async def office() -> AsyncIterator[StrictCsms]:
    """A central system that knows the cards."""
    async with strict_csms(tags=dict.fromkeys(CARDS, ACCEPTED)) as central:
        yield central
