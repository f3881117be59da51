"""The flows of examples/node-red in a real Node-RED, pressed through its admin API; the real bridge does the rest."""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers.bridge_process import REPOSITORY, BridgeProcess, bridge
from tests.peers.broker import Mosquitto
from tests.peers.node_red import FLOWS, NodeRed, load
from tests.peers.onlooker import Onlooker, onlooker
from tests.peers.strict_csms import ACCEPTED, StrictCsms, strict_csms
from tests.peers.wallbox import wallbox
from tests.surroundings.compose import compose_broker

TAP = "01 Tap and lamp"
HARDWARE = "02 Simulated wallbox, meter and reader"
ENERGY = "03 Energy management with a limit and a stop"
NAMES = [TAP, HARDWARE, ENERGY]
CONFIG_NODES = {"tab", "mqtt-broker"}
CORE = CONFIG_NODES | {"change", "comment", "debug", "function", "inject", "mqtt in", "mqtt out", "rbe", "switch"}
NAME = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with Mosquitto() as running:
        yield running


@pytest.fixture(scope="module")
def shared_node_red(broker: Mosquitto) -> Iterator[NodeRed]:
    with NodeRed(broker) as running:
        yield running


@pytest.fixture
def node_red(shared_node_red: NodeRed, topics: Onlooker) -> Iterator[NodeRed]:
    """Empty before and after each test; after it, that is before `topics` cleans the broker."""
    yield shared_node_red
    shared_node_red.deploy([])


@pytest.fixture
async def topics(broker: Mosquitto) -> AsyncIterator[Onlooker]:
    """Each test finds and leaves a broker that has nothing stored."""
    async with onlooker(broker) as watching:
        yield watching
        await watching.forget_everything()


@pytest.fixture
async def csms() -> AsyncIterator[StrictCsms]:
    async with strict_csms(tags={"04AABBCC": ACCEPTED}) as running:
        yield running
        running.must_be_valid()


@contextlib.asynccontextmanager
async def garage(folder: Path, broker: Mosquitto, topics: Onlooker, csms: StrictCsms) -> AsyncIterator[BridgeProcess]:
    settings = {
        "csms": {"backend": {"url": csms.url}},
        "charge_points": {"garage": {"csms": "backend", "identity": "CP1", "variables": {"MeterValueSampleInterval": 0}}},
    }
    async with bridge(folder, broker, topics, settings) as process:
        yield process


# --- what the buttons do ------------------------------------------------------------------------------------------------------------


async def test_a_tap_in_the_flow_starts_a_session(
    tmp_path: Path, broker: Mosquitto, node_red: NodeRed, topics: Onlooker, csms: StrictCsms
) -> None:
    """A press on the card of the flow is a tap: asked at the central system, green, released; a card nobody knows gets red."""
    node_red.deploy(load(TAP))
    await topics.shows("node-red/tap-and-lamp/state", "online")
    async with wallbox(broker, "garage") as box, garage(tmp_path, broker, topics, csms):
        await box.plug()
        node_red.press("Card 04AABBCC", payload="04DDEEFF")
        refused = await topics.hears("nfc/garage/decision", result="rejected")
        node_red.press("Card 04AABBCC, prio")
        await csms.saw("StartTransaction", idTag="04AABBCC", connectorId=1)
        await box.released()
        assert refused.json["led"] == "red"
        await box.lit("red")
        await box.lit("green")
        await topics.shows("wallbox/garage/command/mode", "prio")
        assert [call.payload["idTag"] for call in csms.calls("Authorize")] == ["04DDEEFF", "04AABBCC"]
        assert not [said for said in topics.said("nfc/garage/tap") if said.retained]
        await box.unplug()
        await csms.saw("StopTransaction", reason="EVDisconnected")


async def test_the_simulated_hardware_charges_and_is_billed(
    tmp_path: Path, broker: Mosquitto, node_red: NodeRed, topics: Onlooker, csms: StrictCsms
) -> None:
    """Plug in, card, ten minutes, unplug, all by the buttons of one flow: a session whose energy is the simulated meter's."""
    node_red.deploy(load(HARDWARE))
    await topics.shows("wallbox/garage/availability", "online")
    await topics.hears("meter/garage/energy_wh")
    async with garage(tmp_path, broker, topics, csms):
        node_red.press("Plug in")
        await csms.saw_status("Preparing")
        node_red.press("Card 04AABBCC")
        start = await csms.saw("StartTransaction", idTag="04AABBCC")
        await topics.shows("wallbox/garage/charging", "true")
        await csms.saw_status("Charging")
        since = topics.now
        node_red.press("10 minutes pass")
        # 11,040 W for ten minutes; a register that jumps is believed when three readings agree.
        await topics.hears("meter/garage/energy_wh", count=4, since=since)
        node_red.press("Ground failure")
        fault = await csms.saw_status("Faulted")
        assert fault.payload["errorCode"] == "GroundFailure"
        node_red.press("Repaired")
        await topics.shows("wallbox/garage/fault", "none")
        node_red.press("Unplug")
        stop = await csms.saw("StopTransaction")
        await csms.saw_status("Available", count=2)
        energy_wh = stop.payload["meterStop"] - start.payload["meterStart"]
        assert energy_wh >= 1840
        assert stop.payload["meterStop"] <= int(topics.value("meter/garage/energy_wh") or 0)
        assert (await csms.call("CP1", "UnlockConnector", {"connectorId": 1}))["status"] == "Unlocked"


async def test_energy_management_in_the_flow_has_the_last_word(
    tmp_path: Path, broker: Mosquitto, node_red: NodeRed, topics: Onlooker, csms: StrictCsms
) -> None:
    """Stop, go, a limit and load management act on a running session, which stays open; a stop works without the bridge, too."""
    node_red.deploy(load(ENERGY))
    await topics.shows("node-red/energy-management/state", "online")
    async with wallbox(broker, "garage") as box, garage(tmp_path, broker, topics, csms) as process:
        await box.plug()
        assert (await box.tap("04AABBCC")).result == "accepted"
        await box.draw(500)
        await csms.saw_status("Charging")
        await topics.shows("hardware/garage/enable", "true")
        node_red.press("Stop")
        await box.held()
        await csms.saw_status("SuspendedEVSE")
        await topics.shows("hardware/garage/enable", "false")
        node_red.press("Go")
        await box.draw(500)
        await csms.saw_status("Charging", count=2)
        node_red.press("8 A")
        await box.limited_to(8)
        await topics.shows("charge_point/garage/limit_by", "ems")
        node_red.press("No limit")
        await box.limited_to(16)
        node_red.press("The house draws 6 kW")
        await box.limited_to(5000 / 690)
        node_red.press("The house draws 9 kW")
        await box.held()
        assert not csms.calls("StopTransaction")
        node_red.press("The house draws 6 kW")
        await box.released()
        await topics.shows("hardware/garage/enable", "true")
        await process.kill()
        node_red.press("Stop")
        await topics.shows("hardware/garage/enable", "false")
        assert topics.value("wallbox/garage/command/enabled") == "true", "nobody was there to hear the stop"


async def test_the_flow_works_with_the_rights_of_the_compose_file(tmp_path: Path) -> None:
    """Node-RED's account at the broker of docker-compose.yml is enough for all three flows."""
    with compose_broker(tmp_path) as broker, NodeRed(broker, account=broker.account("node-red")) as editor:
        name, password = broker.account("evbridge")
        async with onlooker(broker, name=name, password=password) as topics:
            editor.deploy([node for flow in NAMES for node in load(flow)])
            await topics.shows("wallbox/garage/availability", "online")
            editor.press("Card 04AABBCC, prio")
            await topics.hears("nfc/garage/tap")
            editor.press("Stop")
            await topics.shows("ems/node-red/all/allow", "false")
            editor.press("Plug in")
            await topics.shows("wallbox/garage/plugged", "true")
            await topics.publish("wallbox/garage/command/enabled", "true", retain=True)
            editor.press("Go")
            await topics.shows("wallbox/garage/charging", "true")


def test_the_flows_are_in_the_import_menu(broker: Mosquitto) -> None:
    """docker-compose.yml mounts them where Node-RED's menu (Import, Local) looks."""
    with NodeRed(broker, library=FLOWS) as editor:
        assert editor.library() == [f"{name}.json" for name in NAMES]


# --- what the files are like --------------------------------------------------------------------------------------------------------


@NAME
async def test_a_flow_uses_core_nodes_only_and_starts_without_a_word_of_complaint(
    name: str, broker: Mosquitto, node_red: NodeRed, topics: Onlooker
) -> None:
    """It runs in a fresh Node-RED, with nothing installed; its state is said when it connects and when it is taken away."""
    flow = load(name)
    assert {node["type"] for node in flow} <= CORE
    birth = next(node["birthTopic"] for node in flow if node["type"] == "mqtt-broker").removeprefix("evbridge/")
    before = len(node_red.troubles())
    node_red.deploy(flow)
    await topics.shows(birth, "online")
    node_red.deploy([])
    await topics.shows(birth, "offline")
    assert node_red.troubles()[before:] == []


@NAME
def test_a_flow_reads_well(name: str) -> None:
    """A first node that explains, a name or topic on each, nothing on top of another, wires that lead somewhere."""
    flow = load(name)
    shown = [node for node in flow if node["type"] not in CONFIG_NODES]
    comments = [node for node in flow if node["type"] == "comment"]
    assert comments[0]["name"].startswith(name)
    assert "MQTT_HOST" in comments[0]["info"] + flow[0]["info"]
    assert all(node["name"] or node["topic"] for node in shown)
    assert len({(node["x"], node["y"]) for node in shown}) == len(shown)
    ids = {node["id"] for node in flow}
    assert all(target in ids for node in shown if node["type"] != "comment" for wire in node["wires"] for target in wire)
    assert flow[0]["label"] == name


@NAME
def test_a_flow_finds_the_broker_by_the_environment_and_holds_no_secret(name: str) -> None:
    """Birth, close and will messages, MQTT 5, no fixed client id (two would kick each other out)."""
    (node,) = [node for node in load(name) if node["type"] == "mqtt-broker"]
    assert (node["broker"], node["port"]) == ("${MQTT_HOST}", "${MQTT_PORT}")
    assert node["credentials"] == {"user": "${MQTT_USER}", "password": "${MQTT_PASSWORD}"}
    assert (node["clientid"], node["protocolVersion"], node["cleansession"]) == ("", "5", True)
    assert node["birthTopic"] == node["closeTopic"] == node["willTopic"]
    assert (node["birthPayload"], node["closePayload"], node["willPayload"]) == ("online", "offline", "offline")


def test_ids_are_unique_over_all_flows() -> None:
    """All three can be imported side by side."""
    ids = [node["id"] for name in NAMES for node in load(name)]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[0-9a-f]{16}", id_) for id_ in ids)


def test_every_example_flow_is_tested() -> None:
    """A flow that is added is added here."""
    assert sorted(file.stem for file in FLOWS.iterdir()) == NAMES


def test_events_are_never_retained() -> None:
    """No example teaches to retain a tap."""
    out = [node for name in NAMES for node in load(name) if node["type"] == "mqtt out" and node["topic"].endswith("/tap")]
    assert len(out) == 2
    assert all(node["retain"] == "false" and node["expiry"] == "10" for node in out)


def test_tests_and_compose_file_use_the_same_node_red() -> None:
    """The version that is tested is the one that is run."""
    package: dict[str, Any] = json.loads((REPOSITORY / "tests" / "node" / "package.json").read_text())
    assert package["dependencies"]["node-red"].rsplit(".", 1)[0] == "4.1"
