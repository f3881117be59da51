"""A host that starts in 1970, as one without a battery for its clock does: no such time is ever told, and nothing is lost or out of order.

The whole bridge runs in this process, since the host's clock can't be another one for a single process: everything else is real.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge.app import App, Surroundings
from bridge.clock import Clock
from bridge.config import load
from tests.bad_days.town import CARDS, COMMON, HEALTHY, QUICK, office
from tests.conformance.laboratory import Station, identity_of
from tests.peers.bridge_process import toml
from tests.peers.broker import Mosquitto
from tests.peers.onlooker import Onlooker, onlooker
from tests.peers.strict_csms import StrictCsms
from tests.peers.wallbox import Wallbox, wallbox

SESSION_WH = 900


class BatteryFlat(Clock):
    """The host begins in 1970 and counts on, until somebody sets its clock."""

    def __init__(self, up_s: float = 20.0) -> None:
        super().__init__()
        self.is_set = False
        self._began_s = time.monotonic() - up_s

    def host_ms(self) -> int:
        return super().host_ms() if self.is_set else int((time.monotonic() - self._began_s) * 1000)


@contextlib.asynccontextmanager
async def life(file: Path, clock: Clock | None = None) -> AsyncIterator[None]:
    """A bridge in this process; ended in order."""
    stopped = asyncio.Event()
    running = asyncio.create_task(App(load(file), Surroundings(clock=clock or Clock())).run(stopped), name="bridge")
    try:
        yield
    finally:
        stopped.set()
        await running


@contextlib.asynccontextmanager
async def surroundings(folder: Path, broker: Mosquitto) -> AsyncIterator[tuple[Path, StrictCsms, Onlooker, Wallbox]]:
    """A configuration file, and everything but the bridge. The central system refuses everybody at first."""
    async with office() as central, onlooker(broker) as topics, wallbox(broker, HEALTHY) as box:
        await central.refuse(503)
        file = folder / "evbridge.toml"
        variables = {"AllowOfflineTxForUnknownId": True, "MeterValueSampleInterval": 1}
        point = {**COMMON, "csms": "office", "identity": identity_of(HEALTHY), "variables": variables}
        tables = {
            "mqtt": {"host": broker.host, "port": broker.port},
            "csms": {"office": {**QUICK, "url": f"{central.url}/ocpp"}},
            "charge_points": {HEALTHY: point},
        }
        file.write_text(toml(tables))
        yield file, central, topics, box
        told = [frame.text for frame in central.frames if frame.from_station]
        assert not [text for text in told if "1970" in text or "0001-" in text]
        central.must_be_valid()


def station(central: StrictCsms, topics: Onlooker, box: Wallbox) -> Station:
    return Station(name=HEALTHY, identity=identity_of(HEALTHY), csms=central, topics=topics, box=box)


async def charges(box: Wallbox, card: str) -> None:
    """A session as far as its hardware goes; it runs when this returns."""
    await box.plug()
    assert (await box.tap(card)).led == "green"
    await box.draw(SESSION_WH)


def moment(text: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


async def test_sessions_before_anybody_knew_the_time(tmp_path: Path, own_broker: Mosquitto) -> None:
    """One ended and one running when the central system tells the time: both arrive in order, dated as they happened, and are marked."""
    async with surroundings(tmp_path, own_broker) as (file, central, topics, box):
        clock = BatteryFlat()
        async with life(file, clock):
            await topics.reads("bridge/alert/clock_not_set", "check NTP")
            await topics.shows("bridge/state", "online")
            here = station(central, topics, box)
            began_s = time.time()
            await charges(box, CARDS[0])
            await box.unplug()
            assert (await topics.hears(f"charge_point/{HEALTHY}/history")).json["started"].startswith("1970")
            await charges(box, CARDS[1])
            await central.welcome()
            known_s = time.time()
            await here.sends("StartTransaction", count=2)
            [first, second], [stop] = here.sent("StartTransaction"), here.sent("StopTransaction")
            times = [moment(call.payload["timestamp"]) for call in (first, stop, second)]
            assert times == sorted(times)
            assert began_s - 1 <= times[0] <= times[2] <= known_s + 1
            await box.unplug()
            await here.sends("StopTransaction", count=2)
            await here.reports("Available")
            assert topics.value("bridge/alert/clock_not_set"), "the host is still wrong"
            assert not topics.value(f"charge_point/{HEALTHY}/alert/clock_skew")
            clock.is_set = True
            await topics.shows("bridge/alert/clock_not_set", "")
            await charges(box, CARDS[0])
            await box.unplug()
            await here.sends("StopTransaction", count=3)
            entries = (await topics.ask("history"))["data"]
        assert [entry["clock_trusted"] for entry in entries] == [False, False, True]
        assert [entry["energy_wh"] for entry in entries] == [SESSION_WH] * 3
        sent = [(call.payload["timestamp"], end.payload["timestamp"]) for call, end in _pairs(here)]
        assert [(entry["started"], entry["ended"]) for entry in entries] == sent


def _pairs(here: Station) -> list[tuple[Any, Any]]:
    return list(zip(here.sent("StartTransaction"), here.sent("StopTransaction"), strict=True))


async def test_what_a_life_without_a_time_left_is_sent_by_the_next(tmp_path: Path, own_broker: Mosquitto) -> None:
    """Two lives in 1970, each with a session nobody could be told of; then a power cut, and the host knows the time."""
    async with surroundings(tmp_path, own_broker) as (file, central, topics, box):
        for card in CARDS:
            since = topics.now
            async with life(file, BatteryFlat(up_s=5.0)):
                await topics.shows("bridge/state", "online", since=since)
                await box.appear()
                await charges(box, card)
                await box.unplug()
                await topics.hears(f"charge_point/{HEALTHY}/history", since=since)
        began_s = time.time()
        await central.welcome()
        here = station(central, topics, box)
        async with life(file):
            await here.sends("StopTransaction", count=2)
            entries = (await topics.ask("history"))["data"]
        calls = [call for pair in _pairs(here) for call in pair]
        assert [call.payload.get("idTag") for call in calls[::2]] == list(CARDS)
        times = [moment(call.payload["timestamp"]) for call in calls]
        assert times == sorted(times)
        assert began_s - 120 <= times[0] <= times[-1] <= time.time()
        assert [entry["clock_trusted"] for entry in entries] == [False, False]


async def test_a_central_system_that_accepts_and_does_not_tell_the_time(tmp_path: Path, own_broker: Mosquitto) -> None:
    """It is asked once more, by a heartbeat; until then statuses go without a time, and records wait."""
    async with surroundings(tmp_path, own_broker) as (file, central, topics, box):
        await central.answer("BootNotification", {"status": "Accepted", "interval": 300}, lax=True)
        async with life(file, BatteryFlat()):
            await topics.shows("bridge/state", "online")
            await charges(box, CARDS[0])
            await box.unplug()
            await central.welcome()
            here = station(central, topics, box)
            start = await here.sends("StartTransaction")
            assert abs(moment(start.payload["timestamp"]) - time.time()) < 60
            assert here.told().index("StartTransaction") > 2
            assert all("timestamp" not in call.payload for call in here.sent("StatusNotification")[:2])
