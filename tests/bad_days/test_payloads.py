"""Hostile and broken MQTT messages on every topic the bridge reads: each is dropped, an alert says why, and nothing else happens.

What is sent is generated from the table of topics and the invalid examples of its schemas, so that a new topic is in here by itself.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import psutil
import pytest
import pytest_asyncio

from bridge import schemas
from bridge.mqtt.payloads import is_text
from bridge.mqtt.topics import SYNC, TABLE, Direction, Nature, Topic
from tests.bad_days.town import HEALTHY, Town, town
from tests.peers.broker import Mosquitto
from tests.peers.onlooker import client, onlooker
from tests.peers.wallbox import Wallbox, wallbox
from tests.schemas.examples import INVALID

pytestmark = pytest.mark.asyncio(loop_scope="module")

VICTIM = "victim"
"""A charge point that exists: what is aimed at it must not hit."""
STRANGER = "04FF00FF"
GROWTH_MAX_MIB = 48
"""Of the process under a flood: two messages of the largest size the client may hold, and what the allocator keeps."""

MEGABYTE = b"9" * 1_000_000
NOT_EVEN_TEXT: Mapping[str, bytes] = {
    "a megabyte": MEGABYTE,
    "not UTF-8": b"\xff\xfe\x00garbage",
    "NUL": b"a\x00b",
}
"""Valid nowhere."""
NO_JSON: Mapping[str, bytes] = {
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep within the limit of size": b"[" * 8_000 + b"]" * 8_000,
    "deep object": b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    "not closed": b'{"tag": "04AABBCC"',
    "NaN": b"NaN",
    "NaN within": b'{"energy_wh": NaN, "tag": "04AABBCC"}',
    "infinity": b"-Infinity",
    "a number without end": b"9" * 400,
    "a number too large": b"1e400",
    "duplicate keys": b'{"tag": "04AABBCC", "tag": "04DDEEFF"}',
    "half a character": b'{"tag": "\\ud800"}',
    "two values": b"true false",
    "single quotes": b"{'tag': '04AABBCC'}",
}
"""Valid where nothing but JSON is."""

IN = [topic for topic in TABLE if topic.direction is Direction.IN and topic is not SYNC]


def topic_name(topic: Topic, *, of: str = VICTIM) -> str:
    """Where it is sent: each placeholder stands for something that exists, or for what is given."""
    name = topic.pattern.replace("{phase}", "l1").replace("{command}", "status").replace("{source}", "flow")
    for placeholder in ("{id}", "{cp}", "{user}", "{target}"):
        name = name.replace(placeholder, of)
    assert "{" not in name, f"{topic.pattern} has a new placeholder: say here what stands for it"
    return name


def refused_by(topic: Topic) -> Iterator[bytes]:
    """Everything that its schema, or any, does not let in."""
    yield from NOT_EVEN_TEXT.values()
    text = is_text(topic.schema)
    if not text:
        yield from NO_JSON.values()
    for value in INVALID[topic.schema]:
        # an empty message is a word of its own: unknown from now on
        if not text:
            yield json.dumps(value).encode()
        elif isinstance(value, str) and value:
            yield value.encode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """The healthy charge point, and the victim with its hardware."""
    points = {VICTIM: {"csms": "office"}}
    async with town(tmp_path_factory.mktemp("payloads"), broker, charge_points=points, users={VICTIM: {"nfc": ["04B0FFFF"]}}) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def victim(place: Town) -> AsyncIterator[Wallbox]:
    async with wallbox(place.broker, VICTIM) as box:
        await place.hears_me()
        yield box


def growth_mib(process: psutil.Process, before: int) -> float:
    return float(process.memory_info().rss - before) / 1024**2


async def test_every_topic_refuses_what_breaks_its_schema(place: Town, victim: Wallbox) -> None:
    """With an alert that names the topic and the reason; a question is answered with an error. The state is as it was."""
    before = (await place.topics.ask("status", charge_point=VICTIM))["data"]
    for topic in IN:
        name = topic_name(topic)
        since = place.topics.now
        await place.topics.publish(name, b"\xff\xfe")
        if topic.pattern.startswith("bridge/request/"):
            answer = (await place.topics.hears("bridge/response/status", since=since)).json
            assert (answer["status"], answer["error"]) == ("error", "is not UTF-8")
        else:
            await place.topics.reads("bridge/alert/payload_refused", f"evbridge/{name}: ", "is not UTF-8", since=since)
    assert (await place.topics.ask("status", charge_point=VICTIM))["data"] == before


async def test_a_flood_of_hostile_messages_leaves_everything_as_it_was(place: Town, victim: Wallbox) -> None:
    """Some four hundred of them, a megabyte each or deeply nested among them: no memory, no state, no lamp; then a whole session."""
    process = psutil.Process(place.process.process_id)
    before, status = process.memory_info().rss, (await place.topics.ask("status", charge_point=VICTIM))["data"]
    lamp, enabled = list(victim.lamp), list(victim.enabled_history)
    async with client(place.broker) as hostile:
        for topic in IN:
            messages = [hostile.publish(f"evbridge/{topic_name(topic)}", payload, qos=1) for payload in refused_by(topic)]
            assert len(messages) >= len(NOT_EVEN_TEXT) + 1
            await asyncio.gather(*messages)
    await place.hears_me()
    assert growth_mib(process, before) < GROWTH_MAX_MIB
    after = (await place.topics.ask("status", charge_point=VICTIM))["data"]
    assert after == status
    assert (victim.lamp, victim.enabled_history) == (lamp, enabled)
    await place.serves()


NO_TAGS = (b'{"tag": 4660}', b"12345678", b'{"tag": 9E999999}', b'{"tag": "04AABBCC", "tag": "04AABBCC"}', b'{"tag": null}')


async def test_a_tag_that_is_no_text_starts_nothing(place: Town, victim: Wallbox) -> None:
    """The commonest mistake of a flow: an alert, and no decision. The next tap, written well, is decided as always."""
    for number, payload in enumerate(NO_TAGS):
        since = place.topics.now
        await place.topics.publish(f"nfc/{VICTIM}/tap", payload)
        await place.topics.reads("bridge/alert/payload_refused", f"nfc/{VICTIM}/tap: ", since=since)
        good = await victim.tap(f"04B0B0B{number}", id=f"good-{number}")
        assert (good.authority, good.reason) == ("ocpp", "rejected"), "the central system was asked about a card it does not know"
        await place.hears_me()
        decisions = place.topics.said(f"nfc/{VICTIM}/decision", since=since)
        assert [decision.json["id"] for decision in decisions] == [f"good-{number}"]


async def test_a_retained_tap_starts_nothing_and_is_taken_away(place: Town, victim: Wallbox) -> None:
    """It would come again at every start; the alert says so, and the broker has forgotten it."""
    await victim.plug()
    since = place.topics.now
    await place.topics.publish(f"nfc/{VICTIM}/tap", {"tag": STRANGER, "id": "retained"}, retain=True)
    await place.topics.reads("bridge/alert/retained_event", f"nfc/{VICTIM}/tap: ", "publish it without the retain flag", since=since)
    await place.topics.hears(f"nfc/{VICTIM}/tap", count=2, since=since)
    await place.hears_me()
    assert place.topics.said(f"nfc/{VICTIM}/decision", since=since) == []
    async with onlooker(place.broker) as later:
        await later.ask("status", charge_point=VICTIM)
        assert later.said(f"nfc/{VICTIM}/tap") == []
    await victim.unplug()


@pytest.mark.parametrize("topic", [topic for topic in IN if not topic.pattern.startswith("bridge/")], ids=lambda topic: topic.pattern)
async def test_a_name_nobody_has_is_told_and_does_no_harm(topic: Topic, place: Town) -> None:
    """Every topic with valid words about a wallbox, a reader or a charge point that is not configured, and with names that can't be."""
    since = place.topics.now
    for wrong in ("Big", "a" * 33, "a_b"):
        name = topic_name(topic, of=wrong)
        await place.topics.publish(name, "true")
        await place.topics.reads("bridge/alert/payload_refused", "can't stand for", since=since)
        since = place.topics.now
    await place.topics.publish(topic_name(topic, of="nobody"), valid_example(topic).replace("04A2", f"{IN.index(topic):04}"))
    await place.hears_me()
    if topic.pattern.startswith(("wallbox/", "meter/")):
        assert "'nobody'" in (place.topics.value("bridge/alert/unknown_id") or "")
    if topic.pattern.startswith("nfc/"):
        assert (await place.topics.hears("nfc/nobody/decision", since=since)).json["led"] == "red"


def valid_example(topic: Topic) -> str:
    """What its schema gives as an example."""
    example: Any = schemas.load(topic.schema)["examples"][0]
    return example if is_text(topic.schema) else json.dumps(example)


async def test_a_flood_of_taps_is_answered_or_dropped_and_others_do_not_wait(place: Town, victim: Wallbox) -> None:
    """A reader that has gone mad: two thousand cards in a breath. Meanwhile a card at another door is decided at once."""
    process = psutil.Process(place.process.process_id)
    before = process.memory_info().rss
    async with client(place.broker) as mad:
        taps = [
            mad.publish(f"evbridge/nfc/{VICTIM}/tap", json.dumps({"tag": f"04{number:06X}", "id": f"mad-{number}"}), qos=1)
            for number in range(2000)
        ]
        flood = asyncio.gather(*taps)
        await place.serves()
        await flood
    await place.hears_me()
    assert growth_mib(process, before) < GROWTH_MAX_MIB
    assert (await victim.tap("04B0B0B9")).reason == "rejected"


async def test_what_the_broker_has_stored_is_no_danger_at_the_next_start(place: Town) -> None:
    """Hostile payloads retained on every topic of state: the bridge starts, says so, and serves."""
    stored = [topic_name(topic) for topic in IN if topic.nature is Nature.STATE]
    payloads = [MEGABYTE, NO_JSON["deep"], b"\xff\xfe"]
    async with client(place.broker) as hostile:
        for name, payload in zip(stored, payloads * len(stored), strict=False):
            await hostile.publish(f"evbridge/{name}", payload, qos=1, retain=True)
        since = place.topics.now
        await place.process.stop()
        await place.process.start(online=[HEALTHY])
        await place.healthy.box.appear()
        await place.topics.reads("bridge/alert/payload_refused", "evbridge/", since=since)
        await place.serves()
        for name in stored:
            await hostile.publish(f"evbridge/{name}", b"", qos=1, retain=True)
