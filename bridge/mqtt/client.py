"""The connection to the broker, kept up for ever: one supervised loop, decoding and dispatching as messages come.

The order at each connect: subscribe, the bridge's own nonce on `bridge/sync`, everything the broker had stored, the nonce again. Only then
is the site synchronised, and only then does retained output leave: what the broker already has is not sent again.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Final, NoReturn

import aiomqtt
from paho.mqtt.client import MQTTMessage

from bridge.errors import PayloadRefused
from bridge.mqtt import topics
from bridge.mqtt.backoff import STEADY_S, patient_wait, waits
from bridge.mqtt.messages import Message, RetainedEvent
from bridge.mqtt.names import SHOWN_MAX, Names, Place, shown
from bridge.mqtt.outbox import Leaving, Outbox
from bridge.mqtt.payloads import decode
from bridge.mqtt.publications import Publication, publication
from bridge.mqtt.sweep import removals
from bridge.mqtt.timers import Timers
from bridge.mqtt.topics import Direction, Nature
from bridge.mqtt.trouble import Rights, Rivalry, Trouble, trouble_of
from bridge.mqtt.wire import BrokerSettings, Connect, Connection, Wire, tls_context

SYNC_S = 5.0
"""For the nonce to come back. A broker with a hundred thousand stored messages takes a second or two."""
SYNC_AGAIN_S = 30.0
"""An ACL is mended without the bridge being restarted."""
SWEEP_S = 10.0
"""After this long everybody here has told all there is; what the broker still has of ours belongs to nobody."""
GOODBYE_S = 2.0
"""For the last words before a clean disconnect; service managers kill after ten."""
PUSH_EVERY = 64
"""Messages handed over before they are written."""
CLEARED_MAX = 1000
"""Retained events cleared once each; after that many, somebody does it on purpose."""

_PRIVATE: Final = (topics.TAP, topics.TAP_TEXT, topics.USER)
"""Rows whose payload holds whole tags: never logged."""

log = logging.getLogger("bridge.mqtt")


@dataclass(slots=True)
class Counters:
    """Since the start of the process."""

    messages_in: int = 0
    refused: int = 0
    messages_out: int = 0
    connects: int = 0


class Broker:
    """The broker as the site sees it: `run` keeps the connection, `publish` never blocks."""

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        on_message: Callable[[Message], None],
        on_refused: Callable[[PayloadRefused], None],
        on_synchronised: Callable[[], None],
        on_lost: Callable[[str], None],
        rng: Random | None = None,
        connect: Connect = Wire,
    ) -> None:
        """Callbacks run in the reading loop and must not block; what they raise ends `run`.

        `on_lost` is called once an outage, also when the first connection fails, with a line that says what to do.
        """
        self.settings = settings
        self.names = Names(settings.root)
        self.counters = Counters()
        self.connected = False
        self.synchronised = False
        self.problem: str | None = None
        """What is the matter with the broker and what to do; None: nothing."""
        self._on_message = on_message
        self._on_refused = on_refused
        self._on_synchronised = on_synchronised
        self._on_lost = on_lost
        self._rng = rng or SystemRandom()
        self._connect = connect
        self._outbox = Outbox()
        self._wire: Connection | None = None
        self._tls: ssl.SSLContext | None = None
        self._unanswered: dict[int, Leaving] = {}
        self._states_in_flight = 0
        self._stating = False
        self._nonce = ""
        self._may_write = True
        self._timers = Timers(self._ring)
        self._cleared: set[str] = set()
        self._outage_told = False
        self._rivalry = Rivalry(place=settings.place, client_id=settings.client_id)
        self._served_since_s: float | None = None
        self._sync = self.names.name(topics.SYNC)
        self._rights = Rights(user=settings.user, root=settings.root, probe=self._sync)
        self._mine = self.names.filters(Direction.OUT, Nature.STATE)

    # --- for the site -------------------------------------------------------------------------------------------------------------

    @property
    def dropped(self) -> int:
        """Events that grew too old, or too many, while the broker was away."""
        return self._outbox.dropped

    def publish(self, *messages: Publication) -> None:
        """Hand messages over. State is kept until the broker has it, events as long as they are worth anything."""
        now_s = self._now_s()
        for message in messages:
            self._outbox.put(message, now_s)
        self._flush()

    def stored(self, row: topics.Topic, *ids: str) -> bytes:
        """What the broker has on a retained topic of ours; empty: nothing."""
        return self._outbox.told(self.names.name(row, *ids))

    async def run(self) -> NoReturn:
        """Connect, serve, connect again, for ever. Cancel it to say goodbye: what waits is sent, then `offline`."""
        pauses = waits(self._rng)
        while True:
            self._served_since_s = None
            failure = await self._connection()
            served_s = self._served_s()
            trouble = self._rivalry.judge(failure, served_s)
            if served_s is not None and served_s > STEADY_S:
                pauses = waits(self._rng)
            self._tell(trouble)
            await asyncio.sleep(patient_wait(self._rng) if trouble.patient else next(pauses))

    # --- one connection -----------------------------------------------------------------------------------------------------------

    async def _connection(self) -> Trouble:
        try:
            self._tls = self._tls or tls_context(self.settings)
        except OSError as error:
            return Trouble(text=f"{self.settings.ca_file} of [mqtt] holds no certificates that can be read ({error})", patient=True)
        wire = self._connect(self.settings, tls=self._tls, will=self._state("offline"))
        try:
            await self._enter(wire)
        except (aiomqtt.MqttError, OSError) as error:
            return self._trouble(error)
        try:
            await self._serve(wire)
        except asyncio.CancelledError:
            await self._goodbye(wire)
            raise
        except (aiomqtt.MqttError, OSError) as error:
            return self._missing_right() or self._trouble(error)
        finally:
            self._leave()
            wire.drop()

    async def _enter(self, wire: Connection) -> None:
        """Connect. A thread does it and can't be interrupted, so that a cancelled attempt is given time to end, and is closed."""
        connecting = asyncio.create_task(wire.__aenter__(), name="mqtt-connect")
        try:
            await asyncio.shield(connecting)
        except asyncio.CancelledError:
            await asyncio.wait({connecting}, timeout=GOODBYE_S)
            # a broker that is mute is not waited for
            connecting.cancel()
            await asyncio.wait({connecting})
            if connecting.cancelled():
                wire.drop()
            elif connecting.exception() is None:
                await wire.__aexit__(None, None, None)
            raise

    async def _serve(self, wire: Connection) -> NoReturn:
        stored = self.names.filters(Direction.IN, Nature.STATE)
        fresh = (*self.names.filters(Direction.IN, Nature.EVENT), self._sync)
        refused = await wire.listen(events=fresh, states=(*stored, *self._mine))
        if refused:
            log.warning("! %s", self._rights.refused(refused))
        self._wire = wire
        self.connected = True
        self.counters.connects += 1
        self._served_since_s = self._now_s()
        log.info("- connected to %s (MQTT %s)", self.settings.place, self.settings.protocol)
        self.publish(self._state("online"))
        self._synchronise(wire, SYNC_S)
        while True:
            await wire.bell.wait()
            wire.bell.clear()
            while wire.inbox:
                self._receive(wire.inbox.popleft())
            self._settle(wire)
            self._timers.work()
            self._flush()
            if wire.lost is not None:
                raise wire.lost

    def _leave(self) -> None:
        self._timers.clear()
        self._wire = None
        self.connected = self.synchronised = self._stating = False
        self._outbox.lost(self._unanswered.values())
        self._unanswered.clear()
        self._states_in_flight = 0

    async def _goodbye(self, wire: Connection) -> None:
        """Say what waits, then `offline`: a clean disconnect keeps the last will back. After any other end the will speaks."""
        if self._wire is None:
            return
        self._stating = True
        self.publish(self._state("offline"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                while wire.lost is None and (self._unanswered or not self._outbox.empty or wire.blocked):
                    await wire.bell.wait()
                    wire.bell.clear()
                    self._settle(wire)
                    self._flush()
        with contextlib.suppress(aiomqtt.MqttError):
            await wire.__aexit__(None, None, None)

    # --- in -----------------------------------------------------------------------------------------------------------------------

    def _receive(self, message: MQTTMessage) -> None:
        try:
            name = message.topic
        except UnicodeDecodeError:  # the broker should have refused it
            return
        payload = bytes(message.payload)
        try:
            # what was stored comes once for each connection, and most of it is ours: remembered, it would take 7 KiB a charge point
            place = self.names.parse(name) if message.retain else self.names.recall(name)
            if log.isEnabledFor(logging.DEBUG):
                self._debug("<", name, payload, place)
            if place is not None and place.topic.direction is Direction.OUT:
                self._hear_own(place, name, message)
                return
            self.counters.messages_in += 1
            asks = place is not None and place.topic is topics.REQUEST
            decoded = decode(
                self.names,
                name,
                payload,
                retained=message.retain,
                response_topic=getattr(message.properties, "ResponseTopic", None) if asks else None,
                correlation=getattr(message.properties, "CorrelationData", None) if asks else None,
            )
        except PayloadRefused as error:
            self.counters.refused += 1
            if isinstance(error, RetainedEvent):
                self._clear(error.topic)
            self._on_refused(error)
            return
        if decoded is not None:
            self._on_message(decoded)

    def _hear_own(self, place: Place, name: str, message: MQTTMessage) -> None:
        if place.topic is topics.SYNC:
            if message.payload == self._nonce.encode():
                self._synchronised()
        elif message.retain and not self._stating:
            self._outbox.found(name, bytes(message.payload))

    def _clear(self, name: str) -> None:
        """Take a retained event away, once, so that it does not come again at every start."""
        if self._wire is not None and name not in self._cleared and len(self._cleared) < CLEARED_MAX:
            self._cleared.add(name)
            self._wire.send(Publication(topic=name, payload=b"", retained=True))

    # --- synchronising ------------------------------------------------------------------------------------------------------------

    def _synchronise(self, wire: Connection, wait_s: float) -> None:
        self._rights.begin()
        self._nonce = f"{self._rng.getrandbits(128):032x}"
        wire.send(publication(topics.SYNC, self._sync, self._nonce.encode()))
        wire.push()
        self._timers.after("sync", wait_s, lambda: self._overdue(wire))

    def _synchronised(self) -> None:
        if self.synchronised or self._wire is None:
            return
        self._timers.cancel("sync")
        self.synchronised = True
        self.problem = None
        self._outage_told = False
        self._wire.unlisten((*self._mine, self._sync))
        log.info("- synchronised with the broker")
        # first what follows from all that was stored: a release of before the outage must not go out ahead of its end
        self._on_synchronised()
        self._let_states_out()
        self._timers.after("sweep", SWEEP_S, self._sweep)

    def _overdue(self, wire: Connection) -> None:
        problem = self._rights.unheard()
        if problem != self.problem:
            log.error("! %s; until then nothing new is released", problem)
        self.problem = problem
        self._let_states_out()
        self._synchronise(wire, SYNC_AGAIN_S)

    def _missing_right(self) -> Trouble | None:
        """A lost connection that is really a missing right: mosquitto 2.0.11 refuses a message and then hangs up."""
        text = self._rights.unwritten()
        if text is None and not self.settings.is_v5 and self.connected and not self.synchronised:
            text = self._rights.hung_up()
        return None if text is None else Trouble(text=text, patient=True)

    def _let_states_out(self) -> None:
        self._stating = True
        self._outbox.compare(self._now_s())
        self._flush()

    def _sweep(self) -> None:
        self.publish(*removals(self.names, self._outbox.ghosts(), self._outbox.spoken()))

    # --- out ----------------------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        wire = self._wire
        now_s = self._now_s()
        self._outbox.ring(now_s)
        if wire is not None and wire.lost is None:
            while len(self._unanswered) < wire.inflight_max and (event := self._outbox.next_event(now_s)) is not None:
                self._hand_over(wire, event)
            # Half of the broker's window is left to events, so that no lamp waits behind five thousand dashboards.
            window = max(1, wire.inflight_max // 2)
            while self._stating and not wire.blocked and self._states_in_flight < window:
                state = self._outbox.next_state(now_s)
                if state is None:
                    break
                self._hand_over(wire, state)
                if self.counters.messages_out % PUSH_EVERY == 0:  # to find out in time that the socket is full
                    wire.push()
            wire.push()
        due_s = self._outbox.due_s()
        if due_s is not None and wire is not None and not self._timers.is_set_by("outbox", due_s):
            self._timers.after("outbox", due_s - now_s, self._flush)

    def _hand_over(self, wire: Connection, leaving: Leaving) -> None:
        message = leaving.message
        number = wire.send(message)
        self.counters.messages_out += 1
        if number is not None:
            self._unanswered[number] = leaving
            self._states_in_flight += message.retained
        if log.isEnabledFor(logging.DEBUG):
            self._debug(">", message.topic, message.payload, None)

    def _settle(self, wire: Connection) -> None:
        while wire.answers:
            number, taken = wire.answers.popleft()
            leaving = self._unanswered.pop(number, None)
            if leaving is not None:
                self._states_in_flight -= leaving.message.retained
            if not taken:
                denied = self._rights.deny(None if leaving is None else leaving.message.topic)
                log.log(logging.ERROR if self.synchronised else logging.DEBUG, "! %s", denied)

    def _state(self, word: str) -> Publication:
        return publication(topics.BRIDGE_STATE, self.names.name(topics.BRIDGE_STATE), word.encode())

    # --- trouble ------------------------------------------------------------------------------------------------------------------

    def _trouble(self, error: Exception) -> Trouble:
        settings = self.settings
        return trouble_of(error, place=settings.place, user=settings.user, client_id=settings.client_id, protocol=settings.protocol)

    def _tell(self, trouble: Trouble) -> None:
        log.log(logging.WARNING if trouble.text != self.problem else logging.DEBUG, "- %s; trying again", trouble.text)
        self.problem = trouble.text
        if not self._outage_told:
            self._outage_told = True
            self._on_lost(trouble.text)

    # --- parts --------------------------------------------------------------------------------------------------------------------

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def _served_s(self) -> float | None:
        """How long the last connection stood; None: there was none."""
        return None if self._served_since_s is None else self._now_s() - self._served_since_s

    def _ring(self) -> None:
        if self._wire is not None:
            self._wire.bell.set()

    def _debug(self, mark: str, name: str, payload: bytes, place: Place | None) -> None:
        hidden = place is not None and place.topic in _PRIVATE
        log.debug("%s %s %s", mark, shown(name), f"({len(payload)} bytes, hidden)" if hidden else payload[:SHOWN_MAX])
