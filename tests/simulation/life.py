"""One life of the real bridge: the real `App` on a loop whose time is the world's, until it stops, crashes, or is cut."""

import asyncio
import functools
import sqlite3
import ssl
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from random import Random

from bridge.app import App, Surroundings
from bridge.clock import Clock
from bridge.config.values import Configuration
from bridge.core.state import NoSession
from bridge.core.values import ChargePointId
from bridge.mqtt.publications import Publication
from bridge.mqtt.wire import BrokerSettings
from bridge.ocpp.websocket import SocketSettings
from bridge.ocpp.wire import Connect, Endpoint, Wire
from bridge.store import policy
from bridge.store.protocol import TAG_REF_KEY, StoreHealth
from bridge.store.scribe import Job
from bridge.store.sqlite import SqliteStore
from bridge.store.writer import Writer
from tests.simulation.broker import Line, MqttBroker
from tests.simulation.central import Central, Socket
from tests.simulation.disk import SimulatedDisk
from tests.simulation.loop import VirtualLoop
from tests.simulation.world import World


class SimulatedClock(Clock):
    """The host's clock, which may be wrong, and ids that only the seed decides."""

    def __init__(self, world: World, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0
        self.offset_ms = 0
        self._world = world

    def host_ms(self) -> int:
        return self._world.host_ms


class LoopHand:
    """Drives the scribe by timers of the simulated loop: the pauses of a disk that refuses pass as any other time."""

    def __init__(self, life: "Life", rng: Random) -> None:
        self._life = life
        self._rng = rng
        self._batches: deque[list[Job] | None] = deque()
        self._busy = False

    def start(self, writer: Writer) -> None:
        self._loop = asyncio.get_running_loop()
        self._writer = writer
        self._scribe = writer.scribe
        self._scribe.on_health = self._health_changed
        self._scribe.look_after_reserve()

    def give(self, batch: list[Job] | None) -> None:
        self._batches.append(batch)
        if not self._busy:
            self._begin()

    def join(self) -> None:
        """There is no thread."""

    def _begin(self) -> None:
        self._busy = True
        delay_s = self._rng.expovariate(1 / self._life.disk_s())
        self._loop.call_later(delay_s, self._work)

    def _work(self) -> None:
        batch = self._batches.popleft()
        if batch is None:
            self._writer.ended([], None)
        else:
            self._go_on(batch, self._scribe.write(batch))

    def _go_on(self, batch: list[Job], writing: Generator[float, None, bool]) -> None:
        try:
            pause_s = self._rng.uniform(0, next(writing))
        except StopIteration as written:
            if written.value:
                self._written(batch)
            else:
                self._writer.ended([*batch, *self._rest()], None)
        except sqlite3.Error as mistake:
            self._writer.ended([*batch, *self._rest()], mistake)
        else:
            self._loop.call_later(pause_s, self._go_on, batch, writing)

    def _written(self, batch: list[Job]) -> None:
        self._life.world.point("persist")
        if self._life.dead:
            return
        self._writer.settled(batch)
        self._busy = False
        self._scribe.look_after_reserve()
        if self._batches:
            self._begin()

    def _rest(self) -> list[Job]:
        return [job for batch in self._batches for job in batch or ()]

    def _health_changed(self, health: StoreHealth) -> None:
        self._loop.call_soon(self._writer.health_changed, health)
        if not health.ok:
            self._loop.call_later(policy.RESERVE_RETRY_S, self._look)

    def _look(self) -> None:
        if not self._scribe.health.ok:
            if not self._busy:
                self._scribe.look_after_reserve()
            self._loop.call_later(policy.RESERVE_RETRY_S, self._look)


class Life:
    """From start to end. Nothing it does after `die` reaches anybody."""

    def __init__(
        self, world: World, number: int, *, broker: MqttBroker, central: Central, disk: SimulatedDisk, disk_s: Callable[[], float]
    ) -> None:
        self.world = world
        self.number = number
        self.dead = False
        self.disk_s = disk_s
        self.lines: list[Line] = []
        self.sockets: list[Socket] = []
        self.loop = VirtualLoop(lambda: world.now_s)
        self.task: asyncio.Task[None] | None = None
        self._broker = broker
        self._central = central
        self._disk = disk
        self._rng = world.chance(f"life {number}")
        self._stopped: asyncio.Event | None = None
        self._store: SqliteStore | None = None

    # --- begin ------------------------------------------------------------------------------------------------------------------------

    def begin(self, configuration: Configuration) -> None:
        """Start the bridge."""
        surroundings = Surroundings(
            clock=SimulatedClock(self.world, f"{self._rng.getrandbits(64):016x}"),
            rng=self._rng,
            open_store=self._open_store,
            broker=self._line,
            opener=self._opener,
            recorder=None,
            lives_alone=False,
        )
        with self.loop.running():
            self._stopped = asyncio.Event()
            self.task = self.loop.create_task(App(configuration, surroundings).run(self._stopped), name=f"life {self.number}")

    def _open_store(self, path: Path, *, on_health: Callable[[StoreHealth], None], clock: Clock) -> SqliteStore:
        is_new = not path.exists()
        hand = LoopHand(self, self.world.chance(f"disk {self.number}"))
        self._store = store = SqliteStore.open(path, on_health=on_health, clock=clock, hand=hand)
        if is_new:
            # the only secret that is drawn by the store itself
            store._writer.scribe._db.execute(  # type: ignore[union-attr] # just opened
                "UPDATE fact SET value = ? WHERE name = ?", (f"{self._rng.getrandbits(128):032x}", TAG_REF_KEY)
            )
        return store

    def _line(self, settings: BrokerSettings, *, tls: ssl.SSLContext | None, will: Publication) -> Line:
        line = Line(self._broker, self, len(self.lines) + 1000 * self.number, will)
        self.lines.append(line)
        return line

    def _opener(self, _utc_ms: Callable[[], int], settings: SocketSettings) -> Connect:
        return functools.partial(self._connect, settings.open_s)

    async def _connect(self, open_s: float, endpoint: Endpoint) -> Wire:
        socket = await self._central.connect(self, endpoint, open_s)
        self.sockets = [one for one in self.sockets if one.open]
        self.sockets.append(socket)
        return socket

    def has_session(self, charge_point: ChargePointId) -> bool:
        """Whether one is committed."""
        assert self._store is not None, "it has been opened"
        kept = self._store.kept(charge_point)
        return kept is not None and not isinstance(kept.session, NoSession)

    # --- end --------------------------------------------------------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """The process has ended, by itself or not."""
        return self.dead or (self.task is not None and self.task.done())

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        assert self._stopped is not None
        self._stopped.set()

    def die(self, *, power: bool) -> None:
        """At once: by SIGKILL, or with the power of the host."""
        self.dead = self.loop.deaf = True
        self._disk.cut(power=power)
        for socket in self.sockets:
            socket.die(silently=power)
        for line in self.lines:
            line.die(silently=power)

    def bury(self) -> list[BaseException | str]:
        """Take everything down after the end; returns what nobody had caught while it lived."""
        mishaps = list(self.loop.mishaps)
        if not self.dead:
            assert self.task is not None
            error = self.task.exception()
            if error is not None:
                mishaps.append(error)
            self.die(power=False)
        self.loop.bury()
        if self._store is not None and not self._store._closed:
            self._store._closed = True
            self._store._db.close()
            self._store._writer.scribe.disconnect()
            self._store._lock.release()
        self._disk.restore()
        return mishaps
