"""A broker for the demo on every machine: installed or embedded, or one clear line that says what to install."""

import asyncio
import socket
from pathlib import Path

import aiomqtt
import pytest

from bridge.demo import broker as room
from bridge.demo.broker import Broker, BrokerKind, BrokerMissing, free_port, running_broker


def versions(broker: Broker) -> list[aiomqtt.ProtocolVersion]:
    return [aiomqtt.ProtocolVersion.V311] + ([aiomqtt.ProtocolVersion.V5] if broker.protocol == "5" else [])


async def test_it_keeps_what_is_retained_and_passes_on_what_is_not(broker: Broker) -> None:
    """Whoever subscribes later finds the state, in every version of MQTT the broker claims to speak."""
    for version in versions(broker):
        async with aiomqtt.Client(broker.host, broker.port, protocol=version) as writer:
            await writer.publish("a/state", version.name, qos=1, retain=True)
            async with aiomqtt.Client(broker.host, broker.port, protocol=version) as reader, asyncio.timeout(10):
                await reader.subscribe("a/#", qos=1)
                seen = await anext(reader.messages)
                assert (seen.payload, seen.retain) == (version.name.encode(), True)
                await writer.publish("a/event", b"now", qos=1)
                seen = await anext(reader.messages)
                assert (seen.payload, seen.retain) == (b"now", False)


async def test_only_this_machine_can_reach_it(broker: Broker) -> None:
    assert broker.host == "127.0.0.1"
    with socket.socket() as other:
        # The rest of 127/8 is loopback too: whoever binds one address is not there.
        assert other.connect_ex(("127.0.0.2", broker.port)) != 0


async def test_nothing_listens_any_more_when_the_block_ends(tmp_path: Path) -> None:
    for kind in (BrokerKind.MOSQUITTO, BrokerKind.EMBEDDED):
        async with running_broker(kind, tmp_path) as broker:
            port = broker.port
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_port_can_be_chosen(tmp_path: Path) -> None:
    """So that MQTT Explorer finds it again the next time."""
    for kind in (BrokerKind.MOSQUITTO, BrokerKind.EMBEDDED):
        port = free_port()
        async with running_broker(kind, tmp_path, port=port) as broker:
            assert broker.port == port


async def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        for kind in (BrokerKind.MOSQUITTO, BrokerKind.EMBEDDED):
            with pytest.raises(BrokerMissing, match=r"somebody listens on port .* choose another"):
                async with running_broker(kind, tmp_path, port=other.getsockname()[1]):
                    pass


async def test_a_broker_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own last word is more than any guess of ours."""
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho first >&2\necho 'Error: no memory' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(room, "mosquitto_program", lambda: str(program))
    with pytest.raises(BrokerMissing, match="the broker does not start: Error: no memory"):
        async with running_broker(BrokerKind.AUTO, tmp_path):
            pass


async def test_a_broker_that_never_listens_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(room, "mosquitto_program", lambda: str(program))
    monkeypatch.setattr(room, "START_S", 0.1)
    with pytest.raises(BrokerMissing, match="the broker does not start: it does not say why"):
        async with running_broker(BrokerKind.AUTO, tmp_path):
            pass


@pytest.mark.parametrize(
    "kind, mosquitto, embedded, name",
    [
        pytest.param(BrokerKind.AUTO, True, True, "mosquitto", id="the installed one is better"),
        pytest.param(BrokerKind.AUTO, False, True, "embedded amqtt", id="without it the embedded one"),
        pytest.param(BrokerKind.EMBEDDED, True, True, "embedded amqtt", id="as asked"),
    ],
)
async def test_the_best_broker_there_is(
    kind: BrokerKind, mosquitto: bool, embedded: bool, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, mosquitto=mosquitto, embedded=embedded)
    async with running_broker(kind, tmp_path) as broker:
        assert broker.name.startswith(name)


@pytest.mark.parametrize(
    "kind, advice",
    [
        pytest.param(BrokerKind.AUTO, r"apt-get install mosquitto.*or.*pip install 'evbridge\[demo\]'", id="either would do"),
        pytest.param(BrokerKind.MOSQUITTO, "apt-get install mosquitto", id="mosquitto was asked for"),
        pytest.param(BrokerKind.EMBEDDED, r"pip install 'evbridge\[demo\]'", id="the embedded one was asked for"),
    ],
)
async def test_without_a_broker_it_says_what_to_install(
    kind: BrokerKind, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, mosquitto=False, embedded=False)
    with pytest.raises(BrokerMissing, match=advice):
        async with running_broker(kind, tmp_path):
            pass


def pretend(monkeypatch: pytest.MonkeyPatch, *, mosquitto: bool, embedded: bool) -> None:
    if not mosquitto:
        monkeypatch.setattr(room, "mosquitto_program", lambda: None)
    if not embedded:
        monkeypatch.setattr(room, "embedded_installed", lambda: False)
