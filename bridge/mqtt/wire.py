"""One connection to the broker: aiomqtt connects and subscribes, the inner paho client carries messages without a task for each.

aiomqtt's own way costs 53 µs a message in and 149 out, paho's callbacks 24 and 19 (measured); hence the private names used here, which
the pin `aiomqtt>=2.5.1,<3` and the tests of this room hold.
"""

import asyncio
import math
import select
import ssl
import struct
from collections import deque
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from types import TracebackType
from typing import Any, Final, Protocol

import aiomqtt
from paho.mqtt import MQTTException
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import DisconnectFlags, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from bridge.mqtt.publications import Publication
from bridge.mqtt.trouble import HungUp

KEEPALIVE_S = 15
"""A broker that went mute is noticed within half a minute, and ours is noticed by it: then the last will speaks."""
CONNECT_S = 5.0
"""For TCP and TLS to one address of the broker; on a local network it takes milliseconds."""
ANSWER_S = 10.0
"""For the broker's answer to CONNECT and SUBSCRIBE."""
INFLIGHT_MAX = 100
"""Unacknowledged messages where the broker names no limit of its own (3.1.1); mosquitto's is 20, told in MQTT 5."""
READ_MAX = 64
"""Packets in one go, before others get their turn."""
REFUSED = 0x80
"""MQTT 5 §2.4: reason codes from here on are failures."""

_UNREADABLE: Final = (ValueError, LookupError, TypeError, struct.error, MQTTException)
"""What paho's parser stumbles over when a broker sends nonsense."""
_NEW_ONLY: Final = SubscribeOptions(qos=1, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
"""Events: what was retained is not sent, and a retained one that comes is seen to be."""
_STORED_TOO: Final = SubscribeOptions(qos=1, retainAsPublished=False, retainHandling=SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE)
"""State: the flag means stored before we subscribed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """`[mqtt]` of the configuration."""

    client_id: str
    """Two bridges on one broker need two."""
    host: str = "localhost"
    port: int = 1883
    tls: bool = False
    ca_file: Path | str | None = None
    """None: what the system trusts."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    root: str = "evbridge"
    """What every topic begins with."""
    protocol: str = "5"
    """`5` or `3.1.1`."""

    @property
    def place(self) -> str:
        """Where the broker is, for people."""
        return f"{self.host}:{self.port}"

    @property
    def is_v5(self) -> bool:
        """Whether MQTT 5 is spoken."""
        return self.protocol == "5"


def tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    """Made once, it costs 23 ms. Raises OSError where the file can't be read or holds no certificate."""
    return ssl.create_default_context(cafile=settings.ca_file) if settings.tls else None


class Connection(Protocol):
    """What the client needs of a connection to the broker: `Wire` has the real one, a simulated network brings its own.

    Enter it, subscribe, then work through `inbox` and `answers` whenever `bell` rings.
    """

    inbox: deque[MQTTMessage]
    answers: deque[tuple[int, bool]]
    """Message ids the broker acknowledged, and whether it took the message."""
    bell: asyncio.Event
    inflight_max: int
    """How many messages may be unacknowledged, as the broker has it; whoever sends keeps to it."""

    @property
    def lost(self) -> aiomqtt.MqttError | None:
        """Why the connection is gone; None: it stands."""

    @property
    def blocked(self) -> bool:
        """Whether it takes no more for the moment."""

    def __aenter__(self) -> Coroutine[Any, Any, object]:
        """Connect. Raises aiomqtt.MqttError or OSError."""

    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> Coroutine[Any, Any, None]:
        """Disconnect cleanly: the last will is not sent."""

    async def listen(self, *, events: Iterable[str], states: Iterable[str]) -> tuple[str, ...]:
        """Subscribe; returns the filters the broker refused. Raises aiomqtt.MqttError."""

    def unlisten(self, names: Iterable[str]) -> None:
        """Unsubscribe, without waiting for the answer."""

    def send(self, message: Publication) -> int | None:
        """Hand a message over; `push` follows. The id under which it is acknowledged, None for QoS 0."""

    def push(self) -> None:
        """Write what was handed over, now."""

    def drop(self) -> None:
        """Close it, if it still is open. Without goodbye: the broker sends the last will."""


class Connect(Protocol):
    """Makes a connection; nothing happens before it is entered."""

    def __call__(self, settings: BrokerSettings, *, tls: ssl.SSLContext | None, will: Publication) -> Connection:
        """`will` is said by the broker when the connection ends without goodbye."""


class Wire(aiomqtt.Client):
    """A `Connection` over a real socket."""

    def __init__(self, settings: BrokerSettings, *, tls: ssl.SSLContext | None, will: Publication) -> None:
        """Nothing is connected yet."""
        super().__init__(
            settings.host,
            settings.port,
            username=settings.user,
            password=settings.password,
            identifier=settings.client_id,
            protocol=aiomqtt.ProtocolVersion.V5 if settings.is_v5 else aiomqtt.ProtocolVersion.V311,
            # In MQTT 5 the first connect of a client starts clean, and there is no second; 3.1.1 has to be told.
            clean_session=None if settings.is_v5 else True,
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retained),
            timeout=ANSWER_S,
            keepalive=KEEPALIVE_S,
            tls_context=tls,
            socket_options=((IPPROTO_TCP, TCP_NODELAY, 1),),
        )
        self.inbox: deque[MQTTMessage] = deque()
        self.answers: deque[tuple[int, bool]] = deque()
        self.bell = asyncio.Event()
        self.inflight_max = INFLIGHT_MAX
        self._poll = select.poll()
        self._v5 = settings.is_v5
        self._tls = tls
        self._in_loop = False
        self._expiries: dict[float | None, Properties] = {}
        self._pushing = False
        self._writing = False
        self._client.connect_timeout = CONNECT_S
        self._client.max_inflight_messages_set(INFLIGHT_MAX)
        if tls is not None:
            self._client._ssl_wrap_socket = self._shake_hands  # type: ignore[assignment,method-assign]  # noqa: SLF001 (paho leaves a refused socket open)
        # It formats a line a packet, heard or not.
        self._client.disable_logger()
        self._disconnected.add_done_callback(self._ring)

    # --- what the client does with it ---------------------------------------------------------------------------------------------

    @property
    def lost(self) -> aiomqtt.MqttError | None:
        """Why the connection is gone; None: it stands."""
        if not self._disconnected.done():
            return None
        error = self._disconnected.exception()
        # A packet paho can't read is whatever the parser stumbled over; for us it is one more lost connection.
        return error if isinstance(error, aiomqtt.MqttError) else aiomqtt.MqttError(f"the broker sent what can't be read: {error!r}")

    async def listen(self, *, events: Iterable[str], states: Iterable[str]) -> tuple[str, ...]:
        """Subscribe; returns the filters the broker refused. Raises aiomqtt.MqttError."""
        self._in_loop = True
        wanted = [(name, _NEW_ONLY) for name in events] + [(name, _STORED_TOO) for name in states]
        names = [name for name, _ in wanted]
        subscribing = asyncio.ensure_future(self.subscribe(wanted if self._v5 else [(name, 1) for name in names]))
        # By itself it would wait out its time on a connection that is gone.
        either: set[asyncio.Future[Any]] = {subscribing, self._disconnected}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not subscribing.done() and self.lost is not None:
                raise self.lost
            codes: Sequence[int | ReasonCode] = await subscribing
        finally:
            subscribing.cancel()
        return tuple(name for name, code in zip(names, codes, strict=True) if _number(code) >= REFUSED)

    def unlisten(self, names: Iterable[str]) -> None:
        """Unsubscribe, without waiting for the answer."""
        self._client.unsubscribe(list(names))
        self.push()

    def send(self, message: Publication) -> int | None:
        """Hand a message over; `push` follows. The id under which it is acknowledged, None for QoS 0."""
        info = self._client.publish(message.topic, message.payload, message.qos, message.retained, self._publish_properties(message))
        return info.mid if message.qos else None

    def push(self) -> None:
        """Write what was handed over, now."""
        if self._client.want_write():
            self._client.loop_write()
            if self._client.want_write():
                self._wait_until_writable()

    def drop(self) -> None:
        """Close the socket, if it still is open. Without goodbye: the broker sends the last will."""
        if self._client.socket() is not None:
            self._client._sock_close()  # noqa: SLF001 (paho has no public way to close without DISCONNECT)

    @property
    def blocked(self) -> bool:
        """Whether the socket takes no more for the moment."""
        return self._writing

    def _shake_hands(self, sock: socket) -> ssl.SSLSocket:
        """TLS, in the connecting thread; checks the host's name, as the context demands."""
        assert self._tls is not None
        secured = self._tls.wrap_socket(sock, server_hostname=self._hostname, do_handshake_on_connect=False)
        try:
            secured.settimeout(CONNECT_S)
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        return secured

    def _read(self) -> None:
        """Read until nothing is left. uvloop calls a reader once, and then never again, when data and a reset arrive together."""
        for _ in range(READ_MAX):
            sock = self._client.socket()
            if sock is None:
                return
            try:
                self._client.loop_read()
            except _UNREADABLE as error:
                if not self._disconnected.done():
                    self._disconnected.set_exception(error)
                return
            sock = self._client.socket()
            buffered = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
            if sock is None or not (buffered or self._poll.poll(0)):
                return
        self._loop.call_soon(self._read)

    def _start_misc(self) -> None:
        self._misc_task = self._loop.create_task(self._misc_loop(), name="mqtt-keepalive")

    # --- paho's callbacks -------------------------------------------------------------------------------------------------------

    def _on_connect(self, client: Paho, userdata: Any, flags: Any, reason_code: ReasonCode, properties: Properties | None = None) -> None:  # noqa: ANN401 (paho's signature)
        limit = getattr(properties, "ReceiveMaximum", None)
        if limit is not None:
            self.inflight_max = min(limit, INFLIGHT_MAX)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_socket_open(self, client: Paho, userdata: Any, sock: Any) -> None:  # noqa: ANN401, ARG002 (paho's signature)
        # Still in the connecting thread.
        self._poll.register(sock.fileno(), select.POLLIN)
        self._loop.call_soon_threadsafe(self._loop.add_reader, sock.fileno(), self._read)
        self._loop.call_soon_threadsafe(self._start_misc)

    def _on_disconnect(
        self,
        client: Paho,
        userdata: Any,  # noqa: ANN401 (paho's signature)
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if self._connected.done():
            super()._on_disconnect(client, userdata, flags, reason_code, properties)
        else:
            # aiomqtt would wait on for an answer that can't come any more
            self._connected.set_exception(HungUp("hung up"))

    def _on_message(self, client: Paho, userdata: Any, message: MQTTMessage) -> None:  # noqa: ANN401, ARG002 (paho's signature)
        self.inbox.append(message)
        self.bell.set()

    def _on_publish(self, client: Paho, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties) -> None:  # noqa: ANN401, ARG002 (paho's signature)
        self.answers.append((mid, reason_code.value < REFUSED))
        self.bell.set()

    def _on_unsubscribe(self, *_: Any) -> None:  # noqa: ANN401 (paho's signature)
        """Nobody waits for it."""

    def _on_socket_register_write(self, client: Paho, userdata: Any, sock: Any) -> None:  # noqa: ANN401 (paho's signature)
        if not self._in_loop:  # connecting happens in a thread
            super()._on_socket_register_write(client, userdata, sock)
        elif not self._pushing:
            # An acknowledgement from within a callback: written in the next round of the loop, without asking the kernel first.
            self._pushing = True
            self._loop.call_soon(self._push_soon)

    def _on_socket_unregister_write(self, client: Paho, userdata: Any, sock: Any) -> None:  # noqa: ANN401 (paho's signature)
        if self._writing or not self._in_loop:
            self._writing = False
            super()._on_socket_unregister_write(client, userdata, sock)
            self.bell.set()

    # --- parts ------------------------------------------------------------------------------------------------------------------

    def _ring(self, _: object) -> None:
        self.bell.set()

    def _push_soon(self) -> None:
        self._pushing = False
        self.push()

    def _wait_until_writable(self) -> None:
        sock = self._client.socket()
        if sock is not None and not self._writing:
            self._writing = True
            self._loop.add_writer(sock.fileno(), self._client.loop_write)

    def _publish_properties(self, message: Publication) -> Properties | None:
        if not self._v5 or (message.expiry_s is None and message.correlation is None):
            return None
        if message.correlation is not None:
            properties = _expiring(message.expiry_s)
            properties.CorrelationData = message.correlation
            return properties
        if message.expiry_s not in self._expiries:  # building them costs as much as sending the message
            self._expiries[message.expiry_s] = _expiring(message.expiry_s)
        return self._expiries[message.expiry_s]


def _expiring(expiry_s: float | None) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if expiry_s is not None:
        properties.MessageExpiryInterval = math.ceil(expiry_s)
    return properties


def _number(code: int | ReasonCode) -> int:
    return code.value if isinstance(code, ReasonCode) else code
