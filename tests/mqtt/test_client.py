"""The broker's connection, against a real mosquitto, in MQTT 5 and 3.1.1."""

import asyncio
import contextlib
import json
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from random import Random

import aiomqtt
import pytest
import trustme
import uvloop
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bridge.errors import PayloadRefused
from bridge.mqtt import topics
from bridge.mqtt.client import Broker
from bridge.mqtt.messages import Message, RequestMessage, RetainedEvent, TapMessage, WallboxMessage
from bridge.mqtt.names import Names
from bridge.mqtt.publications import Publication, publication
from bridge.mqtt.wire import ANSWER_S, BrokerSettings
from tests.peers.broker import Mosquitto
from tests.peers.waiting import TIMEOUT_S, Bell

PROTOCOLS = ["5", "3.1.1"]
NAMES = Names()
STATUS = NAMES.name(topics.CP_STATUS, "garage")
STATE = NAMES.name(topics.BRIDGE_STATE)


class Soon(Random):
    """Draws short waits: the tests try the order of things, the back-off has tests of its own."""

    def uniform(self, a: float, b: float) -> float:
        return min(b, 0.02)


class Site:
    """Stands where the site stands, and remembers what the broker's client told it."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.messages: list[Message] = []
        self.refused: list[PayloadRefused] = []
        self.lost: list[str] = []
        self.synchronised = 0
        self.heard_before_sync = 0
        self.in_step: Callable[[], None] = lambda: None
        """What the site has to say as soon as it is synchronised."""
        self.bell = Bell()
        self.broker = Broker(
            settings,
            on_message=lambda message: self._note(self.messages.append, message),
            on_refused=lambda refused: self._note(self.refused.append, refused),
            on_synchronised=self._synchronised,
            on_lost=lambda reason: self._note(self.lost.append, reason),
            rng=Soon(),
        )

    def _note(self, keep: Callable[..., None], what: object) -> None:
        keep(what)
        self.bell.ring()

    def _synchronised(self) -> None:
        self.synchronised += 1
        self.heard_before_sync = len(self.messages)
        self.in_step()
        self.bell.ring()

    async def until(self, look: Callable[[], bool], what: str) -> None:
        await self.bell.until(lambda: look() or None, lambda: f"{what}; messages {self.messages}, lost {self.lost}, refused {self.refused}")

    def publish_status(self, status: str) -> None:
        self.broker.publish(publication(topics.CP_STATUS, STATUS, status.encode()))


@contextlib.asynccontextmanager
async def running(site: Site, *, synchronised: bool = True) -> AsyncIterator[Site]:
    """The client at work until the end of the block, then a clean goodbye."""
    task = asyncio.create_task(site.broker.run(), name="broker under test")
    try:
        if synchronised:
            await site.until(lambda: site.synchronised > 0, "synchronised")
        yield site
    finally:
        # Once: a second cancellation would cut the goodbye short.
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=TIMEOUT_S)
        assert done
        if not task.cancelled():
            task.result()


async def until(look: Callable[[], bool]) -> None:
    """For what nobody rings a bell for."""
    async with asyncio.timeout(TIMEOUT_S):
        while not look():  # noqa: ASYNC110 (a property of the code under test changes)
            await asyncio.sleep(0.01)


class Watcher:
    """Another client: publishes, and reads along."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client

    async def tell(self, name: str, payload: str, *, retain: bool = False) -> None:
        await self.client.publish(f"evbridge/{name}", payload, qos=1, retain=retain)

    async def stored(self, name: str) -> str | None:
        """What the broker has retained on a topic; asked with a connection of its own, closed by a message that comes after."""
        async with aiomqtt.Client(self.client._hostname, self.client._port) as client:
            await client.subscribe(name, qos=1)
            await client.subscribe("test/fence", qos=1)
            await client.publish("test/fence", "end", qos=1)
            async for message in client.messages:
                if str(message.topic) == "test/fence":
                    return None
                return bytes(message.payload).decode()
        return None

    async def until_stored(self, name: str, payload: str | None) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while await self.stored(name) != payload:
                pass

    async def hears(self, name: str) -> str:
        async with asyncio.timeout(TIMEOUT_S):
            async for message in self.client.messages:
                if str(message.topic) == name:
                    return bytes(message.payload).decode()
        raise AssertionError(name)


@contextlib.asynccontextmanager
async def watching(mosquitto: Mosquitto, *names: str) -> AsyncIterator[Watcher]:
    async with aiomqtt.Client(mosquitto.host, mosquitto.port) as client:
        for name in names:
            await client.subscribe(name, qos=1)
        yield Watcher(client)


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    with Mosquitto() as started:
        yield started


@pytest.fixture(params=PROTOCOLS)
def settings(mosquitto: Mosquitto, request: pytest.FixtureRequest) -> BrokerSettings:
    return BrokerSettings(client_id="evbridge-test", host=mosquitto.host, port=mosquitto.port, protocol=request.param)


# --- hearing ----------------------------------------------------------------------------------------------------------------------


async def test_stored_state_comes_before_the_site_is_synchronised(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    """Nothing is released before all the broker knows has been heard."""
    site = Site(settings)
    async with watching(mosquitto) as other:
        for number in range(50):
            await other.tell(f"wallbox/wb{number}/plugged", "true", retain=True)
        async with running(site):
            assert site.heard_before_sync == 50
            assert all(isinstance(message, WallboxMessage) and not message.live for message in site.messages)
            await other.tell("wallbox/wb1/plugged", "false")
            await site.until(lambda: len(site.messages) == 51, "the live message")
            assert site.messages[-1] == WallboxMessage(wallbox="wb1", live=True, plugged=False)


async def test_what_follows_from_all_that_was_stored_leaves_instead_of_what_was_before(
    mosquitto: Mosquitto, settings: BrokerSettings
) -> None:
    """A release of before the outage, and its end, which comes with being in step again: only the end goes out."""
    site = Site(settings)
    site.publish_status("Charging")
    site.in_step = lambda: site.publish_status("Available")
    async with watching(mosquitto, STATUS) as other, running(site):
        assert await other.hears(STATUS) == "Available"


async def test_a_retained_tap_is_never_acted_on(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    """A tap the broker kept must not open a session at the next start (esp-rfid#128)."""
    site = Site(settings)
    async with watching(mosquitto) as other:
        await other.tell("nfc/front/tap", '{"tag": "04A2B3"}', retain=True)
        async with running(site):
            await other.tell("nfc/front/tap_text", "04A2B3#1")
            await site.until(lambda: bool(site.messages), "the tap that is not retained")
            assert [message.id for message in site.messages if isinstance(message, TapMessage)] == ["1"]
            if settings.protocol == "3.1.1":  # MQTT 5 does not even send it
                await other.until_stored("evbridge/nfc/front/tap", None)
                assert [type(refused) for refused in site.refused] == [RetainedEvent]


async def test_a_live_tap_with_the_retain_flag_is_refused_and_taken_away(mosquitto: Mosquitto) -> None:
    """MQTT 5 shows the flag of a live message; 3.1.1 can't, there `ts` and the repeat rule defend."""
    site = Site(BrokerSettings(client_id="evbridge-test", host=mosquitto.host, port=mosquitto.port))
    async with watching(mosquitto) as other, running(site):
        await other.tell("nfc/front/tap", '{"tag": "04A2B3"}', retain=True)
        await site.until(lambda: bool(site.refused), "a refusal")
        assert isinstance(site.refused[0], RetainedEvent)
        await other.until_stored("evbridge/nfc/front/tap", None)
        assert site.messages == []


async def test_a_broken_payload_is_refused_with_its_reason_and_the_rest_goes_on(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    site = Site(settings)
    async with watching(mosquitto) as other, running(site):
        for payload in ("ON", "x" * 1_000_000, "[" * 10_000, "NaN", '"\\ud800"'):
            await other.tell("wallbox/wb1/plugged", payload)
        await other.tell("wallbox/WB 1/plugged", "true")
        await other.tell("wallbox/wb1/plugged", "true")
        await site.until(lambda: bool(site.messages), "the good message")
        assert len(site.refused) == 6
        assert site.refused[0].topic == "evbridge/wallbox/wb1/plugged"
        assert site.broker.counters.refused == 6
        assert site.broker.counters.messages_in == 6


async def test_a_request_with_mqtt_5_says_where_the_answer_goes(mosquitto: Mosquitto) -> None:
    site = Site(BrokerSettings(client_id="evbridge-test", host=mosquitto.host, port=mosquitto.port))
    async with running(site), aiomqtt.Client(mosquitto.host, mosquitto.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = "flows/answer"
        properties.CorrelationData = b"\x00\x07"
        await client.subscribe("flows/answer", qos=1)
        await client.publish("evbridge/bridge/request/status", "{}", qos=1, properties=properties)
        await site.until(lambda: bool(site.messages), "the request")
        (asked,) = site.messages
        assert isinstance(asked, RequestMessage)
        assert (asked.reply.topic, asked.reply.correlation) == ("flows/answer", b"\x00\x07")
        site.broker.publish(
            Publication(topic="flows/answer", payload=b"{}", retained=False, expiry_s=60, correlation=asked.reply.correlation)
        )
        message = await anext(aiter(client.messages))
        assert message.properties is not None
        assert message.properties.CorrelationData == b"\x00\x07"  # type: ignore[attr-defined]
        assert message.properties.MessageExpiryInterval == 60  # type: ignore[attr-defined]


# --- speaking ---------------------------------------------------------------------------------------------------------------------


async def test_the_bridge_says_online_and_offline(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    """Also after a clean end, where the broker keeps the last will back."""
    async with watching(mosquitto) as other:
        async with running(Site(settings)):
            await other.until_stored(STATE, "online")
        assert await other.stored(STATE) == "offline"


async def test_what_is_published_before_a_clean_end_still_arrives(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    site = Site(settings)
    async with watching(mosquitto) as other:
        async with running(site):
            for number in range(300):
                site.broker.publish(publication(topics.CP_STATUS, NAMES.name(topics.CP_STATUS, f"cp-{number}"), b"Available"))
        assert await other.stored(NAMES.name(topics.CP_STATUS, "cp-299")) == "Available"
        assert await other.stored(STATE) == "offline"


async def test_a_crash_is_told_by_the_last_will(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    """What a callback raises is our own fault: it ends the client without goodbye."""

    def fails(_: Message) -> None:
        raise AssertionError("our own fault")

    site = Site(settings)
    site.broker._on_message = fails
    async with watching(mosquitto) as other:
        task = asyncio.create_task(site.broker.run())
        await site.until(lambda: site.synchronised > 0, "synchronised")
        await other.until_stored(STATE, "online")
        await other.tell("wallbox/wb1/plugged", "true")
        with pytest.raises(AssertionError, match="our own fault"):
            await task
        await other.until_stored(STATE, "offline")


async def test_messages_leave_at_once_and_in_order(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    led = NAMES.name(topics.LED, "front")
    site = Site(settings)
    async with watching(mosquitto, led) as other, running(site):
        site.broker.publish(publication(topics.LED, led, b"green"), publication(topics.LED, led, b"off", after_s=0.05))
        assert await other.hears(led) == "green"
        assert await other.hears(led) == "off"


async def test_a_number_speaks_once_a_second(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    power = NAMES.name(topics.CP_POWER, "garage")
    site = Site(settings)
    async with watching(mosquitto, power) as other, running(site):
        began_s = asyncio.get_running_loop().time()
        for value in range(1, 20):
            site.broker.publish(publication(topics.CP_POWER, power, str(value).encode()))
        assert await other.hears(power) == "1"
        assert await other.hears(power) == "19"
        assert asyncio.get_running_loop().time() - began_s >= 1.0


async def test_ten_thousand_leaves_wait_for_nobody(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    """A lamp overtakes the dashboards of a large site, and the broker's window of unacknowledged messages is kept."""
    led, last = NAMES.name(topics.LED, "front"), NAMES.name(topics.CP_STATUS, "cp-9999")
    site = Site(settings)
    async with watching(mosquitto, led, last) as other, running(site):
        every = [publication(topics.CP_STATUS, NAMES.name(topics.CP_STATUS, f"cp-{number}"), b"Available") for number in range(10_000)]
        site.broker.publish(*every)
        site.broker.publish(publication(topics.LED, led, b"green"))
        async with asyncio.timeout(TIMEOUT_S):
            message = await anext(aiter(other.client.messages))
        assert str(message.topic) == led
        assert await other.hears(last) == "Available"
        assert site.lost == []


async def test_a_broker_that_takes_no_more_blocks_nobody(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    """What does not fit into the socket waits, and only its newest value."""
    names = [NAMES.name(topics.CP_POWER, f"cp-{number}") for number in range(2_000)]
    site = Site(settings)
    async with watching(mosquitto) as other, running(site):
        mosquitto.freeze()
        for value in ("1", "2"):
            site.broker.publish(*(Publication(topic=name, payload=value.encode() * 10_000, retained=True, qos=0) for name in names))
        assert site.broker._wire is not None
        assert site.broker._wire.blocked
        mosquitto.thaw()
        await other.until_stored(names[-1], "2" * 10_000)
        assert site.lost == []
        assert site.broker.counters.messages_out < 2 * len(names)


def test_it_runs_on_uvloop(mosquitto: Mosquitto) -> None:
    """The loop the bridge runs on in production."""
    led = NAMES.name(topics.LED, "front")

    async def story() -> None:
        site = Site(BrokerSettings(client_id="evbridge-test", host=mosquitto.host, port=mosquitto.port))
        async with running(site):
            mosquitto.restart()
            await site.until(lambda: site.synchronised == 2, "synchronised again")
            async with watching(mosquitto, led) as other:
                await other.tell("nfc/front/tap", '{"tag": "04A2B3"}')
                await site.until(lambda: bool(site.messages), "the tap")
                site.broker.publish(publication(topics.LED, led, b"green"))
                assert await other.hears(led) == "green"

    uvloop.run(story())


async def test_publishing_without_a_broker_neither_blocks_nor_fails(settings: BrokerSettings, mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    site = Site(settings)
    async with running(site, synchronised=False):
        await site.until(lambda: bool(site.lost), "the outage")
        site.publish_status("Charging")
        mosquitto.start()
        async with watching(mosquitto) as other:
            await other.until_stored(STATUS, "Charging")
    assert len(site.lost) == 1
    assert "can't be reached" in site.lost[0]


# --- coming back ------------------------------------------------------------------------------------------------------------------


async def test_after_a_restart_of_the_broker_everything_is_there_again(mosquitto: Mosquitto, settings: BrokerSettings) -> None:
    """It had kept nothing: state is told again, state is heard again."""
    site = Site(settings)
    async with running(site):
        site.publish_status("Charging")
        mosquitto.restart()
        await site.until(lambda: site.synchronised == 2, "synchronised again")
        assert len(site.lost) == 1
        async with watching(mosquitto) as other:
            await other.until_stored(STATUS, "Charging")
            await other.until_stored(STATE, "online")
            await other.tell("wallbox/wb1/plugged", "true")
            await site.until(lambda: bool(site.messages), "a message")
    assert site.broker.counters.connects == 2


async def test_only_what_differs_is_told_again(settings: BrokerSettings) -> None:
    """A broker with a memory is not flooded at every reconnect."""
    with Mosquitto(persistence=True) as mosquitto:
        kept = NAMES.name(topics.CP_STATUS, "other")
        site = Site(BrokerSettings(client_id="evbridge-test", host=mosquitto.host, port=mosquitto.port, protocol=settings.protocol))
        async with running(site):
            site.publish_status("Charging")
            site.broker.publish(publication(topics.CP_STATUS, kept, b"Available"))
            async with watching(mosquitto) as other:
                await other.until_stored(kept, "Available")
            mosquitto.stop()
            await site.until(lambda: bool(site.lost), "the outage")
            site.publish_status("Finishing")
            before = site.broker.counters.messages_out
            mosquitto.start()
            await site.until(lambda: site.synchronised == 2, "synchronised again")
            async with watching(mosquitto) as other:
                await other.until_stored(STATUS, "Finishing")
                await other.until_stored(STATE, "online")
                assert await other.stored(kept) == "Available"
            # the status, and `online` after the last will of the broker's own end
            assert site.broker.counters.messages_out - before <= 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_decision_from_before_the_outage_is_not_shown_after_it(protocol: str) -> None:
    """It would light the lamp for somebody else."""
    led = NAMES.name(topics.LED, "front")
    with Mosquitto(persistence=True) as mosquitto:

        def reader() -> aiomqtt.Client:
            """Its session outlives the broker's restart, so that it misses nothing."""
            return aiomqtt.Client(mosquitto.host, mosquitto.port, identifier="reader", clean_session=False)

        async with reader() as client:
            await client.subscribe(led, qos=1)
        site = Site(BrokerSettings(client_id="evbridge-test", host=mosquitto.host, port=mosquitto.port, protocol=protocol))
        async with running(site):
            mosquitto.stop()
            await site.until(lambda: bool(site.lost), "the outage")
            site.broker.publish(Publication(topic=led, payload=b"green", retained=False, expiry_s=0.01))
            site.broker.publish(Publication(topic=led, payload=b"red", retained=False, expiry_s=60))
            await asyncio.sleep(0.02)  # longer than green is worth anything
            mosquitto.start()
            await site.until(lambda: site.synchronised == 2, "synchronised again")
        async with reader() as client, asyncio.timeout(TIMEOUT_S):
            assert (await anext(aiter(client.messages))).payload == b"red"
    assert site.broker.dropped == 1


async def test_what_a_former_life_left_is_removed(mosquitto: Mosquitto, settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alerts that are solved, charge points that are gone; but not what belongs to somebody else."""
    monkeypatch.setattr("bridge.mqtt.client.SWEEP_S", 0.05)
    async with watching(mosquitto) as other:
        ghosts = ["charge_point/garage/alert/meter_silent", "charge_point/old/status", "bridge/alert/unknown_id"]
        for name in [*ghosts, "wallbox/wb1/plugged", "charge_point/garage/last_session"]:
            await other.tell(name, "true", retain=True)
        site = Site(settings)
        site.publish_status("Available")
        async with running(site):
            for name in ghosts:
                await other.until_stored(f"evbridge/{name}", None)
            assert await other.stored("evbridge/wallbox/wb1/plugged") == "true"
            assert await other.stored("evbridge/charge_point/garage/last_session") == "true"
            assert await other.stored(STATUS) == "Available"


async def test_what_the_broker_had_of_ours_takes_no_memory(
    mosquitto: Mosquitto, settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes once for each connection; a thousand charge points have some thirty thousand such topics."""
    monkeypatch.setattr("bridge.mqtt.client.SWEEP_S", 0.05)
    async with watching(mosquitto) as other:
        for number in range(50):
            await other.tell(f"charge_point/cp{number}/status", "Available", retain=True)
        async with running(Site(settings)) as site:
            await other.until_stored("evbridge/charge_point/cp49/status", None)
            assert site.broker.names.recall.cache_info().currsize <= 1, "only the bridge's word to itself"


CONNACK, SUBACK_HEAD, PUBLISH_OF_NONSENSE = b"\x20\x03\x00\x00\x00", b"\x90", b"\x32\x04\xff\xff\x00\x00"


def _after_the_handshake(junk: bytes, *, reset: bool) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """A broker that greets, and then sends that and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(CONNACK)
        await reader.read(10_000)
        writer.write(junk)
        await writer.drain()
        if reset:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.close()
        else:
            await reader.read()
            writer.close()

    return serve


@pytest.mark.parametrize("junk, reset", [(PUBLISH_OF_NONSENSE, False), (b"\x90\x02\x00", True), (b"\xd0\x00" * 200, True)])
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_nonsense_and_a_reset_cost_a_connection_and_no_time(junk: bytes, reset: bool, run: Callable[..., None]) -> None:
    """Found on uvloop: data and a reset that came together were noticed by the keep-alive only, a quarter of a minute later."""

    async def story() -> None:
        server = await asyncio.start_server(_after_the_handshake(junk, reset=reset), "127.0.0.1", 0)
        async with server:
            site = Site(BrokerSettings(client_id="t", host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
            began_s = asyncio.get_running_loop().time()
            async with running(site, synchronised=False):
                await site.until(lambda: bool(site.lost), "the loss")
                assert asyncio.get_running_loop().time() - began_s < ANSWER_S / 2

    run(story())


async def test_a_mute_broker_is_noticed(mosquitto: Mosquitto, settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connected and silent is the worst kind of broken: the keep-alive finds it out."""
    monkeypatch.setattr("bridge.mqtt.wire.KEEPALIVE_S", 1)
    site = Site(settings)
    async with running(site):
        mosquitto.freeze()
        await site.until(lambda: bool(site.lost), "the outage")
        mosquitto.thaw()
        await site.until(lambda: site.synchronised == 2, "synchronised again")


# --- rights and mistakes ----------------------------------------------------------------------------------------------------------


WRITE_ONLY = "the broker does not give back what this bridge writes to"


@pytest.mark.parametrize(
    "protocol, acl, complaint",
    [
        ("5", "topic read evbridge/#", "the broker does not let this bridge write to"),
        ("3.1.1", "topic read evbridge/#", "the broker closed the connection when this bridge wrote to"),
        ("5", "topic write evbridge/#", WRITE_ONLY),
        ("3.1.1", "topic write evbridge/#", WRITE_ONLY),
    ],
)
async def test_a_missing_line_in_the_acl_is_named(
    protocol: str, acl: str, complaint: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Mosquitto grants every subscription and says little to who may not write or read: the bridge finds out by itself."""
    monkeypatch.setattr("bridge.mqtt.client.SYNC_S", 0.2)
    monkeypatch.setattr("bridge.mqtt.client.SYNC_AGAIN_S", 0.1)
    with Mosquitto(users={"ev": "secret"}, acl=f"user ev\n{acl}\n") as mosquitto:
        site = Site(
            BrokerSettings(client_id="t", host=mosquitto.host, port=mosquitto.port, user="ev", password="secret", protocol=protocol)
        )
        async with running(site, synchronised=False):
            await until(lambda: site.broker.problem is not None)
            await asyncio.sleep(0.3)  # time for saying it twice
            line = f"{complaint} evbridge/bridge/sync: its ACL needs 'user ev' and below it 'topic readwrite evbridge/#'"
            assert site.broker.problem == line
            assert site.synchronised == 0
    said = [record.getMessage() for record in caplog.records if "evbridge/bridge/sync" in record.getMessage()]
    assert len([text for text in said if line in text]) == len(said) == 1


async def test_a_right_that_is_taken_away_is_told(mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture) -> None:
    """The topic is named, and the bridge stays."""
    with Mosquitto(users={"ev": "secret"}, acl="user ev\ntopic readwrite evbridge/#\ntopic deny evbridge/charge_point/#\n") as strict:
        site = Site(BrokerSettings(client_id="t", host=strict.host, port=strict.port, user="ev", password="secret"))
        async with running(site):
            site.publish_status("Available")
            await until(lambda: "does not let this bridge write to evbridge/charge_point/garage/status" in caplog.text)


async def test_an_acl_that_is_mended_is_noticed_without_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.mqtt.client.SYNC_S", 0.1)
    monkeypatch.setattr("bridge.mqtt.client.SYNC_AGAIN_S", 0.1)
    with Mosquitto(users={"ev": "secret"}, acl="user ev\ntopic read nothing\n") as mosquitto:
        site = Site(BrokerSettings(client_id="t", host=mosquitto.host, port=mosquitto.port, user="ev", password="secret"))
        async with running(site, synchronised=False):
            await until(lambda: site.broker.problem is not None)
            mosquitto.change_acl("user ev\ntopic readwrite evbridge/#\n")
            await site.until(lambda: site.synchronised == 1, "synchronised")
            assert site.broker.problem is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_wrong_password_is_one_clear_line(protocol: str, caplog: pytest.LogCaptureFixture) -> None:
    """And the bridge goes on trying: who mends the broker need not think of the bridge."""
    caplog.set_level(logging.INFO)
    with Mosquitto(users={"ev": "secret"}) as mosquitto:
        site = Site(BrokerSettings(client_id="t", host=mosquitto.host, port=mosquitto.port, user="ev", password="wr0ng", protocol=protocol))
        async with running(site, synchronised=False):
            await site.until(lambda: bool(site.lost), "the refusal")
            await asyncio.sleep(0.2)
        line = f"the broker at 127.0.0.1:{mosquitto.port} refuses user 'ev': check user and password_file of [mqtt]"
        assert site.lost == [line]
        said = [record.getMessage() for record in caplog.records if record.name == "bridge.mqtt"]
        assert said == [f"- {line}; trying again"]
        assert "wr0ng" not in caplog.text
        assert "wr0ng" not in repr(site.broker.settings)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_two_bridges_under_one_name_are_told_so(mosquitto: Mosquitto, protocol: str) -> None:
    settings = BrokerSettings(client_id="evbridge-twin", host=mosquitto.host, port=mosquitto.port, protocol=protocol)
    first, second = Site(settings), Site(settings)
    async with running(first, synchronised=False), running(second, synchronised=False):
        await until(lambda: any("give each bridge its own instance" in (site.broker.problem or "") for site in (first, second)))


async def test_tls_is_checked_and_used(authority: trustme.CA, tmp_path: Path, certificate: Path) -> None:
    """With the right authority it works; without, one line says what to check."""
    issued = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    issued.private_key_pem.write_to_path(str(key))
    for part in issued.cert_chain_pems:
        part.write_to_path(str(chain), append=True)
    with Mosquitto(certificate=(chain, key)) as mosquitto:
        trusting = Site(BrokerSettings(client_id="t", host=mosquitto.host, port=mosquitto.port, tls=True, ca_file=certificate))
        async with running(trusting):
            trusting.publish_status("Available")
        doubting = Site(BrokerSettings(client_id="t", host=mosquitto.host, port=mosquitto.port, tls=True))
        async with running(doubting, synchronised=False):
            await doubting.until(lambda: bool(doubting.lost), "the refusal")
        assert "check tls and ca_file of [mqtt]" in doubting.lost[0]
        broken = Site(BrokerSettings(client_id="t", host=mosquitto.host, port=mosquitto.port, tls=True, ca_file=key))
        async with running(broken, synchronised=False):
            await broken.until(lambda: bool(broken.lost), "the refusal")
        assert "holds no certificates that can be read" in broken.lost[0]


async def test_a_host_that_does_not_exist_is_said_to_be_unreachable() -> None:
    site = Site(BrokerSettings(client_id="t", host="broker.invalid"))
    async with running(site, synchronised=False):
        await site.until(lambda: bool(site.lost), "the refusal")
    assert site.lost[0].startswith("the broker at broker.invalid:1883 can't be reached")


async def test_the_log_never_shows_a_whole_tag(mosquitto: Mosquitto, settings: BrokerSettings, caplog: pytest.LogCaptureFixture) -> None:
    """Every frame is in the debug log; taps and users only by their length."""
    caplog.set_level(logging.DEBUG)
    canary = "04CA11AB1E5EC2"
    site = Site(settings)
    async with watching(mosquitto) as other, running(site):
        await other.tell("nfc/front/tap", json.dumps({"tag": canary}))
        await other.tell("nfc/front/tap_text", f"{canary}#1")
        await other.tell("nfc/front/tap", f'{{"tag": "{canary}", "x": [}}')
        await other.tell("users/ada", json.dumps({"name": "Ada", "local": True, "nfc": [canary]}))
        await site.until(lambda: len(site.messages) == 3, "all messages")
    said = [record.getMessage() for record in caplog.records if record.name.startswith("bridge")]
    assert any(line.startswith("< evbridge/nfc/front/tap (") for line in said)
    assert canary not in caplog.text
    assert canary not in str(site.refused)
