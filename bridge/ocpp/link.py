"""One charge point's link to its central system: supervised, small, and the only place that decides when a socket lives.

`run` keeps it connected for ever; the runtime says what is to be told by `perform` and `wake`; what comes back goes to the `Station`.
What is sent next is decided in `delivery`, what it says in `exchange`, what a request is answered in `inbound`; here are connections,
time and supervision. An idle link has one task (its reader) and one timer.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from bridge.core.backend import BackendOffline, BackendOnline, ResetKind
from bridge.core.effects import RestartStation
from bridge.errors import StoreDamaged
from bridge.ocpp import failures
from bridge.ocpp.attempts import Broken, Dropped, Ending, Left, Silent
from bridge.ocpp.dialect import Dialect
from bridge.ocpp.exchange import Exchange, LinkEffect
from bridge.ocpp.failures import ConnectFailed, Failure
from bridge.ocpp.pings import Pings
from bridge.ocpp.ports import Station
from bridge.ocpp.roads import Roads
from bridge.ocpp.setup import LinkSetup
from bridge.ocpp.validation import Version
from bridge.ocpp.waits import Waits
from bridge.ocpp.wire import Wire, WireClosed

AnyLinkEffect: TypeAlias = LinkEffect | RestartStation
"""What a link can be told to do."""

GOING_AWAY = 1001
"""RFC 6455 §7.4.1, for an endpoint that goes down."""
TURN_FRAMES = 32
"""After so many frames in a row the other links get their turn, whatever one central system pours out."""
TICK_S = 0.001
"""A timer may fire a moment early."""

log = logging.getLogger("bridge.ocpp")


class Link:
    """A charge point's link."""

    __slots__ = (
        "_closing",
        "_damage",
        "_exchange",
        "_failure",
        "_heard_s",
        "_line",
        "_online",
        "_pings",
        "_replayed_s",
        "_restart",
        "_restart_s",
        "_roads",
        "_setup",
        "_shown",
        "_station",
        "_stopping",
        "_task",
        "_timer",
        "_timer_s",
        "_waits",
    )

    def __init__(self, station: Station, dialects: Sequence[Dialect], setup: LinkSetup) -> None:
        """`dialects`: the preferred one first. Nothing happens before `run`."""
        self._station = station
        self._setup = setup
        self._exchange = Exchange(station, dialects, setup, self._soon)
        self._roads = Roads(setup.endpoint, setup.network_hosts, setup.tls)
        self._pings = Pings(setup.settings.pong_s)
        self._waits = Waits(setup.settings, setup.rng)
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = 0.0  # when it fires; asked of us, since uvloop's handle of a time that has come has no `when`
        self._stopping = False
        self._failure: Failure | None = None  # why the last connection ended
        self._damage: StoreDamaged | None = None
        self._line: str | None = None  # the last failure that was logged as a warning
        self._online: int | None = None  # the clock offset that was told with BackendOnline; None: BackendOffline was
        self._shown: tuple[bool, str | None, str | None, str] | None = None
        self._heard_s = self._replayed_s = self._restart_s = 0.0
        self._restart: ResetKind | None = None  # present the station as freshly started, as soon as nothing is open

    # --- what the runtime calls -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected, for ever or until `close`. One failure never ends it; a damaged database does (StoreDamaged)."""
        self._task = asyncio.current_task()
        self._roads.plan(self._station.state)
        try:
            await asyncio.sleep(self._setup.rng.uniform(0, self._setup.settings.start_spread_s))
            self._renew_waits()
            while not self._stopping:
                if await self._live():
                    self._roads.arrived()
                    self._renew_waits()
                elif self._roads.failed(self._station.state.settings.network_attempts):
                    # OCPP 2.0.1 B10.FR.10: after switching to another profile the station registers anew
                    self._exchange.delivery.restart()
                    self._renew_waits()
                seconds = self._waits.next_s(self._failure)
                log.debug("%s: - next try in %.1f s", self._exchange.name, seconds)
                if not self._stopping:
                    await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            if self._damage is not None:
                raise self._damage from None
            if not self._stopping or self._task is None:
                raise
            self._task.uncancel()
        finally:
            self._lose(Left())
            self._disarm()

    def perform(self, effect: AnyLinkEffect) -> None:
        """Say it; never blocks. A question is on the wire when this returns, unless another CALL is open."""
        with self._supervised():
            if isinstance(effect, RestartStation):
                self._restart_station(effect.kind)
            else:
                self._exchange.perform(effect)
            self._settle()

    def wake(self) -> None:
        """Records have been committed, or settled."""
        with self._supervised():
            self._exchange.delivery.wake()
            self._exchange.pump()
            self._settle()

    def look(self) -> None:
        """The station's state is another one: whoever watches it is told."""
        if self._exchange.watch is not None:
            with self._supervised():
                self._exchange.look()
                self._settle()

    async def close(self) -> None:
        """Close politely, and let `run` return."""
        self._stopping = True
        wire = self._exchange.wire
        if wire is not None:
            self._lose(Left(), polite=True)
            await wire.close(GOING_AWAY, "the bridge stops")
        elif self._task is not None:
            self._task.cancel()

    def _renew_waits(self) -> None:
        self._waits.renew(self._exchange.speech.version, self._station.state.settings)

    # --- one connection ---------------------------------------------------------------------------------------------------------------

    async def _live(self) -> bool:
        """One connection, from dialling to its end; True: somebody was there."""
        wire: Wire | None = None
        known = False
        try:
            with self._supervised():
                try:
                    wire = await self._dial()
                except ConnectFailed as refused:
                    self._failed(refused.failure)
                    return False
                self._open(wire)
                # in 2.0.1 nothing may be said after a reconnect for a long time
                known = self._exchange.delivery.accepted and self._exchange.speech.version is not Version.V16
                await self._listen(wire)
        finally:
            if wire is not None:
                wire.abort()
        return known or self._exchange.delivery.proven

    async def _dial(self) -> Wire:
        """A connection to where the road leads now. Raises ConnectFailed."""
        while True:
            endpoint = self._roads.endpoint
            wire = await self._setup.connect(endpoint)
            if endpoint == self._roads.endpoint:
                return wire
            # the station was restarted meanwhile, and goes elsewhere
            wire.abort()

    def _open(self, wire: Wire) -> None:
        now_s = self._setup.clock.mono_s()
        log.info("%s: - connected to %s", self._exchange.name, self._roads.endpoint.url)
        self._heard_s = now_s
        self._pings.connected(now_s)
        self._failure = None
        self._exchange.inbound.network = self._roads.network
        self._exchange.inbound.call_timeout_s = self._timeout_s()
        self._exchange.connect(wire, now_s)
        self._exchange.pump()
        self._settle()

    async def _listen(self, wire: Wire) -> None:
        """Until it ends. After we have given it up its last frames are nobody's business."""
        frames = 0
        while True:
            try:
                data = await wire.receive()
            except WireClosed as closed:
                self._closed(closed)
                return
            frames += 1
            if frames % TURN_FRAMES == 0:
                await asyncio.sleep(0)
            if self._exchange.wire is not wire:
                continue
            self._heard_s = self._setup.clock.mono_s()
            reply = self._exchange.received(data)
            if reply is not None:
                await wire.reply(reply)
            # what was triggered goes after the reply
            if self._exchange.wire is wire:
                self._exchange.pump()
                self._settle()

    def _closed(self, closed: WireClosed) -> None:
        """The connection has ended; the peer's doing, unless we gave it up before."""
        if self._exchange.wire is None:
            return
        if closed.ours is not None:
            # the peer only repeats our code, which says nothing of what we had sent
            self._lose(Dropped(code=None), failures.of_our_close(closed.ours))
        else:
            failure = failures.of_close(closed.code, closed.reason, subprotocol=self._exchange.speech.version)
            self._lose(Dropped(code=closed.code), failure)

    def _lose(self, ending: Ending, failure: Failure | None = None, *, polite: bool = False) -> None:
        """Give the connection up: what was open is settled, whoever waits is told."""
        wire = self._exchange.wire
        if wire is None:
            return
        self._exchange.end(ending)
        if self._restart is not None:
            self._begin_anew()
        if not polite:
            wire.abort()
        if failure is not None:
            self._failed(failure)
        self._settle()

    def _failed(self, failure: Failure) -> None:
        """Log it once, not at every try."""
        self._failure = failure
        log.log(logging.DEBUG if failure.line == self._line else logging.WARNING, "%s: - %s", self._exchange.name, failure.line)
        self._line = failure.line
        self._settle()

    @contextlib.contextmanager
    def _supervised(self) -> Iterator[None]:
        """Whatever goes wrong in here costs this connection, and nothing else."""
        try:
            yield
        except StoreDamaged as damage:  # that is nobody's link: `run` raises it, and the next process has a database that is sound
            self._damage = damage
            if self._task is not None:
                self._task.cancel()
        except Exception:  # the one place (house style "Errors"): a hostile frame or our own mistake must not end the process
            log.exception("%s: an error in the bridge", self._exchange.name)
            self._lose(Broken())
            self._failed(failures.of_ourselves())

    def _soon(self, action: Callable[[], None]) -> None:
        """After the present call: the station must not be entered from inside one of its own effects."""
        asyncio.get_running_loop().call_soon(self._guarded, action)

    def _guarded(self, action: Callable[[], None]) -> None:
        with self._supervised():
            action()

    # --- restart of the station -------------------------------------------------------------------------------------------------------

    def _restart_station(self, kind: ResetKind) -> None:
        exchange = self._exchange
        if exchange.wire is None:
            self._begin_anew()
        elif self._restart is None:
            log.info("%s: - restart (%s)", exchange.name, kind.value)
            self._restart, self._restart_s = kind, self._setup.clock.mono_s()
            # hard: only the answer that is being waited for; soft: also what ends its session
            exchange.held = kind is ResetKind.HARD

    def _begin_anew(self) -> None:
        """The next connection is the first of a new life."""
        self._restart = None
        self._exchange.begin_anew()
        self._roads.plan(self._station.state)

    def _restart_due_s(self) -> float:
        """When to close: when nothing is open, and (soft) no record has come from the disk for a moment; at the latest after a while."""
        settings, delivery = self._setup.settings, self._exchange.delivery
        if self._restart is None:
            return float("inf")
        latest_s = self._restart_s + settings.restart_s
        if delivery.open is not None:
            return latest_s
        quiet_s = max(self._restart_s, self._heard_s) + settings.settle_s
        return min(quiet_s, latest_s) if self._restart is not ResetKind.HARD else self._restart_s

    def _leave(self, wire: Wire) -> None:
        """Close politely; `run` goes on when the socket is gone, and registers anew."""
        self._lose(Left(), polite=True)
        self._closing = asyncio.create_task(wire.close(GOING_AWAY, "the station restarts"), name=f"ocpp restart {self._exchange.name}")

    # --- time and telling -------------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """After anything: tell what changed, and arm the timer for what comes next."""
        exchange = self._exchange
        online = exchange.standing.offset_ms if exchange.delivery.accepted else None
        if online != self._online:
            self._online = online
            stamp = self._setup.clock.stamp()
            event = BackendOffline(**stamp) if online is None else BackendOnline(clock_offset_ms=online, **stamp)
            self._soon(lambda: self._station.handle(event))
            if online is not None:
                self._replay(self._setup.clock.mono_s())
        connected = exchange.wire is not None
        registration = exchange.delivery.registration
        error = exchange.standing.problem if connected else (self._failure.line if self._failure is not None else None)
        shown = (connected, None if registration is None else registration.value, error, exchange.speech.version.value)
        if shown != self._shown:
            self._shown = shown
            self._soon(lambda: self._station.link_changed(connected=shown[0], boot_status=shown[1], error=shown[2], version=shown[3]))
        self._arm()

    def _arm(self) -> None:
        """One timer for everything. One that is set too early is left alone: it looks, and sets itself anew."""
        exchange, settings = self._exchange, self._setup.settings
        if exchange.wire is None:
            self._disarm()
            return
        pings_s = self._pings.due_s(self._ping_s(), self._setup.clock.mono_s())
        due_s = min(exchange.look_due_s(), exchange.inbound.due_s(), pings_s, self._restart_due_s())
        if exchange.delivery.open is not None:
            due_s = min(due_s, exchange.delivery.open.sent_s + self._timeout_s())
        elif not exchange.held:
            due_s = min(due_s, exchange.delivery.due_s())
        if exchange.delivery.accepted:
            due_s = min(due_s, self._replayed_s + settings.replay_s)
        if self._timer is not None and self._timer_s <= due_s:
            return
        self._disarm()
        self._timer_s = due_s
        self._timer = asyncio.get_running_loop().call_at(due_s + TICK_S, self._tick)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def _tick(self) -> None:
        self._timer = None
        with self._supervised():
            self._look(self._setup.clock.mono_s())
            self._exchange.pump()
            self._settle()

    def _look(self, now_s: float) -> None:
        """Do what is due."""
        exchange, settings = self._exchange, self._setup.settings
        wire, open_call = exchange.wire, exchange.delivery.open
        if wire is None:
            return
        if open_call is not None and now_s >= open_call.sent_s + self._timeout_s():
            alive = max(wire.pong_s, self._heard_s) > open_call.sent_s
            self._lose(Silent(alive=alive), failures.of_mute_call(open_call.action, self._timeout_s()))
            return
        if self._pings.is_mute(self._ping_s(), now_s, ponged_s=wire.pong_s):
            self._lose(Dropped(code=None), failures.of_mute_pings(settings.pong_s))
            return
        if self._pings.is_due(self._ping_s(), now_s):
            wire.ping()
        exchange.expire(now_s)
        if now_s >= exchange.look_due_s():
            exchange.look()
        if exchange.delivery.accepted and now_s >= self._replayed_s + settings.replay_s:
            self._replay(now_s)
        if now_s >= self._restart_due_s():
            self._leave(wire)

    def _replay(self, now_s: float) -> None:
        self._replayed_s = now_s
        self._soon(self._station.replay_due)

    def _ping_s(self) -> float:
        """The interval in force; 0: no pings."""
        return self._station.state.settings.ping_s * self._setup.settings.second_s

    def _timeout_s(self) -> float:
        """How long an answer may take."""
        own_s = self._roads.endpoint.timeout_s
        return self._setup.settings.call_timeout_s if own_s is None else own_s
