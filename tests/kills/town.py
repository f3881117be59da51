"""A town whose bridge is killed again and again; at the end everything is healed, and three ledgers are there to be compared.

async with town(folder, seed=7) as place:
    await place.suffers(kills=100)
    await place.heals()
place.ledgers()
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bridge.audit.ledgers import Cut, Outage
from bridge.core.state import NoSession
from bridge.store.offline import open_reader
from tests.kills.backend import Backend
from tests.kills.dashboard import Dashboard, dashboard
from tests.kills.drivers import Visits
from tests.kills.hardware import Hardware, now_ms
from tests.kills.people import LAST, USERS
from tests.peers.bridge_process import READY_S, BridgeProcess
from tests.peers.broker import Mosquitto
from tests.peers.waiting import SLOWNESS
from tests.peers.wallbox import wallbox

CHARGE_POINTS = 16
"""Half of them speak OCPP 1.6, half 2.0.1; every third names its plug-ins."""
BIRTH_SHARE, BIRTH_S = 0.2, (0.0, 0.9)
"""So many kills come while it still starts, this long after it was launched."""
YOUTH_SHARE, YOUTH_S = 0.4, (0.0, 0.5)
"""So many while it still recovers, this long after it said that it is online."""
LIFE_S = (0.05, 3.0)
"""All others come at any time."""
WEATHER_S = (0.5, 4.0)
"""How often a connection to the central system breaks."""
CLOSED_SHARE, CLOSED_S = 0.05, 1.5
"""… or the whole central system is killed, and is back after this time."""
QUIET_S = 90.0 * SLOWNESS
"""How long everything may take to be as it was."""
LOOK_S = 0.1
LOG_MAX = 2000
"""Of the log, as much as a failure shows."""
LAST_WH = 100
"""What the last charge of all draws at least."""


@dataclass(slots=True, kw_only=True)
class Town:
    """Use `town()`."""

    rng: Random
    weather: Random
    process: BridgeProcess
    backends: tuple[Backend, Backend]
    shown: Dashboard
    hardware: list[Hardware]
    visits: list[Visits]
    database: Path
    cuts: list[Cut] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    _down_since_ms: int = field(default_factory=now_ms)
    _calm: bool = False

    @property
    def disconnects(self) -> int:
        """How often a connection to a central system has ended."""
        return sum(not connection.open for backend in self.backends for connection in backend.connections)

    # --- the bad days -------------------------------------------------------------------------------------------------------------------

    async def suffers(self, kills: int, *, worse: Callable[[int], None] = lambda _: None) -> None:
        """People come and go, the central system's cable breaks, and the bridge is killed so often.

        `worse` is called before each kill with its number, from 0, while the bridge runs, and once before the last launch of all.
        """
        async with asyncio.TaskGroup() as group:
            for visits in self.visits:
                group.create_task(visits.go_on(), name=f"visits {visits.hardware.id}")
            group.create_task(self._weather(), name="weather")
            try:
                for number in range(kills):
                    await self._life(functools.partial(worse, number))
                worse(kills)
                await self._launch()
            finally:
                # a cancellation alone may get lost in Python 3.11 (see `tests.peers.waiting.end`)
                self._calm = True
                for visits in self.visits:
                    visits.over = True

    async def _life(self, worse: Callable[[], None]) -> None:
        lives = self.shown.lives
        await self.process.launch()
        worse()
        drawn = self.rng.random()
        if drawn < BIRTH_SHARE:
            await asyncio.sleep(self.rng.uniform(*BIRTH_S))
        else:
            await self._online(lives)
            await asyncio.sleep(self.rng.uniform(*(YOUTH_S if drawn < BIRTH_SHARE + YOUTH_SHARE else LIFE_S)))
        assert self.process.running, f"the bridge ended by itself with {self.process.status}:\n{self.process.log()[-LOG_MAX:]}"
        self._down_since_ms = min(self._down_since_ms, now_ms())
        await self.process.kill()
        # what it had sent until then has been read by now
        self.cuts.append(Cut(at_ms=now_ms()))

    async def _launch(self) -> None:
        lives = self.shown.lives
        await self.process.launch()
        await self._online(lives)

    async def _online(self, lives: int) -> None:
        await self.shown.until(
            lambda: True if self.shown.lives > lives else None,
            lambda: f"the bridge is online; the end of its log:\n{self.process.log()[-LOG_MAX:]}",
            timeout_s=READY_S,
        )
        self.outages.append(Outage(what="bridge", charge_point=None, from_ms=self._down_since_ms, to_ms=now_ms()))
        self._down_since_ms = 2**63

    async def _weather(self) -> None:
        while not self._calm:
            await asyncio.sleep(self.weather.uniform(*WEATHER_S))
            backend = self.weather.choice(self.backends)
            if self.weather.random() < CLOSED_SHARE:
                await backend.stop()
                await asyncio.sleep(CLOSED_S)
                await backend.start()
            else:
                backend.cut_one()
        for backend in self.backends:
            backend.calm = True

    # --- all is well again --------------------------------------------------------------------------------------------------------------

    async def heals(self) -> None:
        """Wait until all is quiet; everybody can charge once more, and then the bridge is stopped in order."""
        await self._quiet()
        await asyncio.gather(*(self._last_charge(hardware) for hardware in self.hardware))
        await self._quiet()
        for hardware in self.hardware:
            hardware.end()
        status = await self.process.stop()
        assert status == 0, f"the bridge stopped with {status}"

    async def _last_charge(self, hardware: Hardware) -> None:
        """It also takes whatever was drawn without a session into the books, at its beginning."""
        await hardware.plug()
        assert await hardware.tap(LAST), f"{hardware.id}: no decision about the last card"
        enough_wh = hardware.box.register_wh + LAST_WH
        async with asyncio.timeout(QUIET_S):
            while hardware.box.register_wh < enough_wh:  # noqa: ASYNC110 - a meter wakes nobody
                await asyncio.sleep(LOOK_S)
        await hardware.unplug()

    async def _quiet(self) -> None:
        """Twice in a row, since the dashboard and the disk do not change at the same moment."""
        noise = ["not looked yet"]
        try:
            async with asyncio.timeout(QUIET_S):
                before: list[str] = noise
                while noise or before:
                    await asyncio.sleep(LOOK_S)
                    before, noise = noise, self._noise()
        except TimeoutError:
            raise AssertionError("not quiet again: " + "; ".join(noise)) from None

    def _noise(self) -> list[str]:
        found = []
        with open_reader(self.database) as reader:
            for hardware in self.hardware:
                name, kept, count = hardware.id, reader.kept(hardware.id), reader.count(hardware.id)
                if count.queued or count.parked:
                    found.append(f"{name}: {count.queued} records queued, {count.parked} parked")
                if kept is None or not isinstance(kept.session, NoSession):
                    found.append(f"{name}: a session runs")
                for topic, wished in (("online", "true"), ("status", "Available")):
                    if (shown := self.shown.value(f"charge_point/{name}/{topic}")) != wished:
                        found.append(f"{name}: {topic} is {shown}")
        return found


def settings(old: Backend, new: Backend, names: list[str]) -> dict[str, Any]:
    """The bridge's configuration: links come back as soon as they may, minutes of back-off are no part of this."""
    quick = {"reconnect_max_s": 1, "boot_retry_min_s": 1}
    common = {"stop_tap_min_s": 0, "stop_wait_s": 0.3, "price_per_kwh": 0.5}
    at_once = {
        "OCPPCommCtrlr.RetryBackOffWaitMinimum": 1,
        "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
        "OCPPCommCtrlr.RetryBackOffRepeatTimes": 0,
        "SampledDataCtrlr.TxUpdatedInterval": 1,
    }
    kinds = ({"csms": "old", "variables": {"MeterValueSampleInterval": 1}}, {"csms": "new", "variables": at_once})
    return {
        "csms": {
            "old": {"url": old.url, "protocol": "ocpp1.6", **quick},
            "new": {"url": new.url, "protocol": "ocpp2.0.1", **quick},
        },
        "charge_points": {name: {**common, **kinds[number % 2], "identity": name} for number, name in enumerate(names)},
        "users": dict(USERS),
        "log": {"level": "info"},
    }


@contextlib.asynccontextmanager
async def town(folder: Path, *, seed: str, charge_points: int = CHARGE_POINTS, disk: Path | None = None) -> AsyncIterator[Town]:
    """Broker, central systems, wallboxes and drivers; the bridge does not run yet. All dice are thrown from `seed`.

    The database is in `disk`, or else in `folder` as everything else.
    """
    names = [f"post-{number}" for number in range(1, charge_points + 1)]
    old, new = (Backend(protocol, rng=Random(f"{seed} {protocol}")) for protocol in ("ocpp1.6", "ocpp2.0.1"))
    async with contextlib.AsyncExitStack() as stack:
        broker = stack.enter_context(Mosquitto())
        await stack.enter_async_context(old)
        await stack.enter_async_context(new)
        shown = await stack.enter_async_context(dashboard(broker))
        hardware = []
        for number, name in enumerate(names):
            rng = Random(f"{seed} {name}")
            begin_wh = rng.randrange(10**7)
            box = await stack.enter_async_context(wallbox(broker, name, register_wh=begin_wh))
            hardware.append(Hardware(box=box, rng=rng, names_plug_ins=number % 3 == 0, begin_wh=begin_wh))
        database = (disk or folder) / "evbridge.db"
        process = BridgeProcess(folder, broker, None, {**settings(old, new, names), "store": {"path": str(database)}})
        visits = [
            Visits(hardware=one, backend=(old, new)[number % 2], rng=Random(f"{seed} {one.id} people"))
            for number, one in enumerate(hardware)
        ]
        place = Town(
            rng=Random(f"{seed} reaper"),
            weather=Random(f"{seed} weather"),
            process=process,
            backends=(old, new),
            shown=shown,
            hardware=hardware,
            visits=visits,
            database=database,
        )
        async with asyncio.TaskGroup() as group:

            def appear() -> None:
                for one in hardware:
                    group.create_task(one.appear(), name=f"{one.id} appears")

            shown.came_online = appear
            for one in hardware:
                group.create_task(one.live(), name=f"{one.id} lives")
            try:
                yield place
            finally:
                for one in hardware:
                    one.end()
                if process.running:
                    await process.kill()
