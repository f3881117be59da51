"""Builds everything, runs it in one TaskGroup, and ends it in good order: the last thing a broker hears is `offline`."""

import asyncio
import functools
import gc
import logging
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import NoReturn

from bridge import __version__
from bridge.clock import Clock
from bridge.config.values import ChargePoint, Configuration, Csms
from bridge.core.alerts import AlertId
from bridge.core.events import BrokerLost, BrokerSynchronised, Restarted, StorageChanged
from bridge.core.state import Kept, NoSession, State
from bridge.core.step import step
from bridge.core.values import ChargePointId
from bridge.desk import Desk
from bridge.display import Display
from bridge.errors import PayloadRefused, StoreDamaged
from bridge.logroom import Logroom
from bridge.monitor import Monitor
from bridge.mqtt import topics
from bridge.mqtt.client import Broker
from bridge.mqtt.messages import Message, RequestMessage, RequestRefused, RetainedEvent
from bridge.mqtt.parsing import session_of
from bridge.mqtt.render import Health, Info, Renderer
from bridge.mqtt.wire import BrokerSettings
from bridge.mqtt.wire import Connect as BrokerConnect
from bridge.mqtt.wire import Wire as BrokerWire
from bridge.ocpp.link import Link
from bridge.ocpp.websocket import Opener, SocketSettings
from bridge.ocpp.wire import Connect
from bridge.roads import CONNECTS_A_SECOND, Road, road
from bridge.runtime import Runtime
from bridge.site import Site
from bridge.store.loss import LOST_MAX
from bridge.store.protocol import CLEAN_STOP, TAG_REF_KEY, StoreHealth
from bridge.store.sqlite import SqliteStore
from bridge.tape.recorder import Recorder, folder_of
from bridge.timekeeping import Timekeeper

HEALTH_S = 60.0
"""How often `bridge/health` is told at least."""
MEGABYTE = 1024 * 1024
REWRITTEN_MS = 86_400_000
"""So much earlier than it was told a session may have ended: its clock was put right since."""

log = logging.getLogger("bridge")


async def run(configuration: Configuration) -> None:
    """Run until SIGTERM or SIGINT. Raises EvbridgeError where it can't begin."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    app = App(configuration)
    try:
        await app.run(stopped)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The world a bridge lives in. The defaults are the real one; where time is simulated, everything here is."""

    clock: Clock = field(default_factory=Clock)
    rng: Random = field(default_factory=SystemRandom)
    open_store: Callable[..., SqliteStore] = SqliteStore.open
    """Called as `SqliteStore.open`."""
    broker: BrokerConnect = BrokerWire
    """Connects to the broker."""
    opener: Callable[[Callable[[], int], SocketSettings], Connect] = Opener
    """Makes what connects to a central system, from what tells the time (UTC in milliseconds) and its settings."""
    recorder: Callable[..., Recorder] | None = Recorder
    """What records for `evbridge replay`, called as `Recorder`; None: nothing does."""
    lives_alone: bool = True
    """The process lives as long as the bridge: the collector is told what is here to stay."""


class App:
    """One bridge."""

    def __init__(self, configuration: Configuration, surroundings: Surroundings | None = None) -> None:
        """Build it; `run` starts it. Raises StoreRefused where the database can't be opened."""
        self._configuration = configuration
        self._surroundings = surroundings or Surroundings()
        self._clock = self._surroundings.clock
        self._rng = self._surroundings.rng
        self._runtimes: dict[ChargePointId, Runtime] = {}
        self._links: list[Link] = []
        self._storage_ok = True
        self._started_s = 0.0
        self._looked_back = False

    def _build(self) -> None:
        configuration, clock = self._configuration, self._clock
        self._store = self._surroundings.open_store(configuration.store, on_health=self._storage_changed, clock=clock)
        key = bytes.fromhex(self._store.fact(TAG_REF_KEY) or "")
        self._broker = Broker(
            broker_settings(configuration),
            on_message=self._told,
            on_refused=self._message_refused,
            on_synchronised=self._synchronised,
            on_lost=self._broker_lost,
            rng=self._rng,
            connect=self._surroundings.broker,
        )
        renderer = self._renderer = Renderer(names=self._broker.names, key=key, currency=configuration.currency)
        publish = self._broker.publish
        self._display = Display(configuration=configuration, clock=clock, store=self._store, renderer=renderer, publish=publish)
        self._site = Site(configuration=configuration, clock=clock, runtimes=self._runtimes, notices=self._display)
        self._display.holder = self._site.person
        self._logroom = Logroom(configuration=configuration, clock=clock, runtimes=self._runtimes)
        self._display.send_log = self._logroom.upload
        self._desk = Desk(
            configuration=configuration,
            clock=clock,
            store=self._store,
            runtimes=self._runtimes,
            site=self._site,
            display=self._display,
            renderer=renderer,
            tag_key=key,
            publish=publish,
        )
        self._timekeeper = Timekeeper(clock=clock, store=self._store, runtimes=self._runtimes, notices=self._display)
        self._monitors = {one.id: self._monitor(one) for one in configuration.csms.values() if one.monitor}
        self._display.online_changed = self._online_changed
        self._recorder = self._recording(key)
        roads = {one.id: self._road(one) for one in configuration.csms.values()}
        leap = self._timekeeper.begin()
        for one in configuration.charge_points.values():
            kept = self._store.kept(one.id) or Kept()
            self._add(one, kept if leap is None else leap.kept(kept), roads)
        if self._store.salvage is not None:
            self._display.alert(AlertId.DATABASE_SET_ASIDE, self._store.salvage.text(configuration.store), passing=False)

    def _recording(self, key: bytes) -> Recorder | None:
        recorder, size_mb = self._surroundings.recorder, self._configuration.tape_mb
        if recorder is None or size_mb == 0:
            return None
        return recorder(folder=folder_of(self._configuration.store), key=key, size_max=size_mb * MEGABYTE)

    def _add(self, one: ChargePoint, kept: Kept, roads: Mapping[str, Road]) -> None:
        csms = one.csms
        state = State(
            rules=one.rules,
            settings=one.settings,
            base=one.settings,
            now=self._clock.stamp()["at"],
            kept=kept,
        )
        runtime = Runtime(
            state=state,
            link=None if csms is None else csms.id,
            clock=self._clock,
            store=self._store,
            outlet=self._display,
            take=step if self._recorder is None else self._recorder.step,
        )
        self._runtimes[one.id] = runtime
        if csms is None:
            return
        link = roads[csms.id].link(runtime, one)
        runtime.wire = link
        self._links.append(link)

    def _road(self, csms: Csms) -> Road:
        return road(
            csms,
            clock=self._clock,
            rng=self._rng,
            opener=self._surroundings.opener,
            note=self._logroom.note,
            on_time=functools.partial(self._timekeeper.told, csms.id),
            start_spread_s=len(self._configuration.charge_points) / CONNECTS_A_SECOND,
        )

    # --- life -------------------------------------------------------------------------------------------------------------------------

    async def run(self, stopped: asyncio.Event) -> None:
        """Until `stopped` is set."""
        self._build()
        try:
            await self._live(stopped)
        except ExceptionGroup as group:
            damage = group.subgroup(StoreDamaged)
            if damage is None:
                raise
            # one line instead of a traceback: the next start sets the database aside
            raise damage.exceptions[0] from group
        finally:
            if self._recorder is not None:
                self._recorder.close()

    async def _live(self, stopped: asyncio.Event) -> None:
        self._started_s = self._clock.mono_s()
        planned = self._store.fact(CLEAN_STOP) == "true"
        self._store.set_fact(CLEAN_STOP, "false")
        for runtime in self._runtimes.values():
            runtime.handle(Restarted(**self._clock.stamp(), planned=planned, clock_trusted=self._clock.trusted))
        self._timekeeper.start()
        self._logroom.start()
        for monitor in self._monitors.values():
            monitor.start()
        self._broker.publish(self._renderer.info(self._info()))
        if self._surroundings.lives_alone:
            settle_memory()
        async with asyncio.TaskGroup() as group:
            broker = group.create_task(self._broker.run(), name="broker")
            report = group.create_task(self._report(), name="health")
            for index, link in enumerate(self._links):
                group.create_task(link.run(), name=f"link {index}")
            await stopped.wait()
            log.info("stopping")
            report.cancel()
            await self._stop(broker)

    async def _stop(self, broker: "asyncio.Task[NoReturn]") -> None:
        """In the order in which nobody is left with a wrong picture: central systems, dashboards, broker, disk."""
        await asyncio.gather(*(link.close() for link in self._links))
        for monitor in self._monitors.values():
            monitor.stop()
        self._timekeeper.stop()
        await self._logroom.stop()
        self._display.stop()
        # Cancelled, it says what waits and then `offline`.
        broker.cancel()
        await asyncio.wait({broker})
        for runtime in self._runtimes.values():
            runtime.stop()
        self._store.set_fact(CLEAN_STOP, "true")
        await self._store.close()

    async def _report(self) -> None:
        while True:
            if self._surroundings.lives_alone:
                gc.freeze()  # links and sessions of the last minute are here to stay
            self._broker.publish(self._renderer.health(self._health(), self._clock.utc_ms()))
            await asyncio.sleep(HEALTH_S)

    # --- what happens -----------------------------------------------------------------------------------------------------------------

    def _told(self, message: Message) -> None:
        if isinstance(message, RequestMessage):
            self._desk.asked(message)
        else:
            self._site.told(message)

    def _message_refused(self, refused: PayloadRefused) -> None:
        """It was dropped and counted; say why (design.md §3)."""
        match refused:
            case RetainedEvent():
                self._display.alert(AlertId.RETAINED_EVENT, str(refused))
            case RequestRefused():
                self._desk.refuse(refused.reply, refused.reason)
            case _:
                self._display.alert(AlertId.PAYLOAD_REFUSED, str(refused))

    def _synchronised(self) -> None:
        for runtime in self._runtimes.values():
            runtime.handle(BrokerSynchronised(**self._clock.stamp()))
        if not self._looked_back:
            self._looked_back = True
            asyncio.get_running_loop().call_soon(self._look_back)  # no command waits for that

    def _look_back(self) -> None:
        """Whether the broker remembers a session that the history does not: then an older copy was put back (reliability.md D10)."""
        unknown = [one for one in self._runtimes if not self._remembers(one)]
        if unknown and self._store.salvage is None:
            text = (
                f"the broker remembers later sessions of {', '.join(unknown[:LOST_MAX])} than the database: was an older copy put "
                "back, or a new one begun? What a copy had not delivered goes again, and its history lacks what came later"
            )
            self._display.alert(AlertId.DATABASE_OLDER, text, passing=False)

    def _remembers(self, charge_point: ChargePointId) -> bool:
        told = session_of(self._broker.stored(topics.CP_LAST_SESSION, charge_point))
        if told is None:
            return True
        name, ended_ms = told
        return any(entry.id == name for _, entry in self._store.history(charge_point, since_ms=ended_ms - REWRITTEN_MS))

    def _broker_lost(self, _reason: str) -> None:
        for runtime in self._runtimes.values():
            runtime.handle(BrokerLost(**self._clock.stamp()))

    def _storage_changed(self, health: StoreHealth) -> None:
        self._storage_ok = health.ok
        if health.ok:
            log.info("the database takes records again")
            self._display.clear(AlertId.STORAGE)
        else:
            log.error("%s", health.error)
            self._display.alert(AlertId.STORAGE, health.error or "the database takes no records", passing=False)
        for runtime in self._runtimes.values():
            runtime.handle(StorageChanged(**self._clock.stamp(), ok=health.ok))

    def _monitor(self, csms: Csms) -> Monitor:
        charge_points = [one.id for one in self._configuration.charge_points.values() if one.csms is csms]
        tell: Callable[[float | None], None] = functools.partial(self._display.unreachable, csms.id)
        return Monitor(charge_points=charge_points, grace_s=csms.monitor_grace_s, tell=tell)

    def _online_changed(self, charge_point: ChargePointId, online: bool) -> None:  # noqa: FBT001 - a callback of one fact
        csms = self._configuration.charge_points[charge_point].csms
        if csms is not None and csms.id in self._monitors:
            self._monitors[csms.id].seen(charge_point, online=online)

    # --- what is told of the bridge itself --------------------------------------------------------------------------------------------

    def _info(self) -> Info:
        configuration = self._configuration
        return Info(
            version=__version__,
            instance=configuration.mqtt.instance,
            mqtt=configuration.mqtt.protocol.value,
            started_ms=self._clock.utc_ms(),
            charge_points=tuple(configuration.charge_points),
            csms=tuple(configuration.csms),
        )

    def _health(self) -> Health:
        states = [runtime.state for runtime in self._runtimes.values()]
        counts = [self._store.count(one) for one in self._runtimes]
        alerts, counters = self._display.alerts_standing(), self._broker.counters
        return Health(
            ok=alerts == 0 and self._storage_ok,
            uptime_s=int(self._clock.mono_s() - self._started_s),
            charge_points=len(states),
            online=sum(state.backend_online for state in states),
            sessions=sum(not isinstance(state.kept.session, NoSession) for state in states),
            queued=sum(count.queued for count in counts),
            parked=sum(count.parked for count in counts),
            alerts=alerts,
            storage=self._storage_ok,
            messages_in=counters.messages_in,
            messages_refused=counters.refused,
            messages_out=counters.messages_out,
            reconnects=max(0, counters.connects - 1),
        )


def settle_memory() -> None:
    """Take what lives as long as the process out of the collector's sight.

    A full collection of everything took 90 ms, and every lamp waited for it (measured, 100 charge points); of what is left it takes 2.
    """
    gc.collect()
    gc.freeze()


def broker_settings(configuration: Configuration) -> BrokerSettings:
    """How to reach the broker, for the bridge and for commands that visit it."""
    mqtt = configuration.mqtt
    return BrokerSettings(
        host=mqtt.host,
        port=mqtt.port,
        tls=mqtt.tls,
        ca_file=None if mqtt.ca_file is None else str(mqtt.ca_file),
        user=mqtt.user,
        password=None if mqtt.password is None else mqtt.password.text,
        client_id=mqtt.instance,
        root=mqtt.root,
        protocol=mqtt.protocol.value,
    )
