"""From (topic, bytes) to a message, or a refusal that says why. Schema and decoder agree on every example."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import schemas
from bridge.core.events import UNSET, VendorReply
from bridge.core.values import NO_FAULT, CommandId, IdTag, Mode, ReaderId, RequestId, TagKind, UserId
from bridge.errors import PayloadRefused
from bridge.mqtt import topics
from bridge.mqtt.messages import (
    AppMessage,
    CommandResult,
    EnergyMessage,
    FirmwareMessage,
    Message,
    MeterMessage,
    Press,
    PriceMessage,
    Profile,
    ReplyTo,
    Request,
    RequestMessage,
    RequestRefused,
    RetainedEvent,
    SyncMessage,
    TapMessage,
    TransferAnswer,
    UserMessage,
    WallboxMessage,
)
from bridge.mqtt.names import Names, placeholders
from bridge.mqtt.payloads import decode, is_text, value_of
from bridge.mqtt.topics import TABLE, Direction, Nature, Topic
from tests.schemas.examples import INVALID

NAMES = Names()
INBOUND = [row for row in TABLE if row.direction is Direction.IN and row is not topics.REQUEST] + [topics.SYNC]
CANARY = "04CA11AB1E5EC2"
NOON_MS = 1_769_860_800_000


def told(topic: str, payload: str | bytes, *, retained: bool = False) -> Message | None:
    return decode(NAMES, f"evbridge/{topic}", payload.encode() if isinstance(payload, str) else payload, retained=retained)


def name_of(row: Topic) -> str:
    return NAMES.name(row, *({"phase": "l1", "target": "garage"}.get(one, "one") for one in placeholders(row)))


def payload_of(schema: str, value: object) -> bytes:
    return str(value).encode() if is_text(schema) else json.dumps(value).encode()


def outcome(row: Topic, payload: bytes, *, retained: bool = False) -> Message | PayloadRefused | None:
    """The message, or the refusal as a value."""
    try:
        return decode(NAMES, name_of(row), payload, retained=retained)
    except PayloadRefused as refused:
        return refused


WALLBOX = WallboxMessage(wallbox="wb1", live=True)
METER = MeterMessage(meter="m1", live=True)
ENERGY = EnergyMessage(source="load", charge_point="garage", live=True)
TAP = TapMessage(reader=ReaderId("front"), tag=IdTag(text="04A2B3"), id=None, taken_ms=None, mode=None, charge_point=None)
APP = AppMessage(user=UserId("ada"), press=Press.START, charge_point="garage", id=None, taken_ms=None, mode=None)
PERSON = Profile(name="Ada", tag=None, cards=(), local=True, charge_points=None, mode=None)


@pytest.mark.parametrize(
    "topic, payload, message",
    [
        ("wallbox/wb1/plugged", "true", replace(WALLBOX, plugged=True)),
        ("wallbox/wb1/plugged", " false\n", replace(WALLBOX, plugged=False)),
        ("wallbox/wb1/plugged", "", replace(WALLBOX, plugged=None)),
        ("wallbox/wb1/plugged", "  ", replace(WALLBOX, plugged=None)),
        ("wallbox/wb1/charging", "true", replace(WALLBOX, charging=True)),
        ("wallbox/wb1/plugged_since", "2026-01-31T12:00:00Z", replace(WALLBOX, plug="2026-01-31T12:00:00Z")),
        ("wallbox/wb1/plug_id", "4711", replace(WALLBOX, plug="4711")),
        ("wallbox/wb1/plug_id", "", replace(WALLBOX, plug=None)),
        ("wallbox/wb1/cp_state", "C", replace(WALLBOX, cp_state="C")),
        ("wallbox/wb1/fault", "none", replace(WALLBOX, fault=NO_FAULT)),
        ("wallbox/wb1/fault", "NoError", replace(WALLBOX, fault=NO_FAULT)),
        ("wallbox/wb1/fault", "GroundFailure", replace(WALLBOX, fault="GroundFailure")),
        ("wallbox/wb1/fault", "", replace(WALLBOX, fault=None)),
        ("wallbox/wb1/availability", "online", replace(WALLBOX, online=True)),
        ("wallbox/wb1/availability", "offline", replace(WALLBOX, online=False)),
        ("wallbox/wb1/availability", "", replace(WALLBOX, online=None)),
        ("wallbox/wb1/state", "{}", WALLBOX),
        ("wallbox/wb1/state", '{"plugged": true, "colour": "red"}', replace(WALLBOX, plugged=True)),
        (
            "wallbox/wb1/state",
            (
                '{"plugged": null, "charging": false, "cp_state": "B", "plug_id": "1", "plugged_since": "2", "fault": "none",'
                ' "availability": "offline"}'
            ),
            replace(WALLBOX, plugged=None, charging=False, cp_state="B", plug="1", fault=NO_FAULT, online=False),
        ),
        ("wallbox/wb1/state", '{"plugged_since": "2"}', replace(WALLBOX, plug="2")),
        ("wallbox/wb1/state", "", replace(WALLBOX, plugged=None, charging=None, cp_state=None, plug=None, fault=None, online=None)),
        (
            "wallbox/wb1/command/result",
            '{"id": "c-1", "status": "ok"}',
            CommandResult(wallbox="wb1", command=CommandId("c-1"), ok=True, supported=True, reason=None),
        ),
        (
            "wallbox/wb1/command/result",
            '{"id": "c-1", "status": "failed", "reason": "stuck"}',
            CommandResult(wallbox="wb1", command=CommandId("c-1"), ok=False, supported=True, reason="stuck"),
        ),
        (
            "wallbox/wb1/command/result",
            '{"id": "c-1", "status": "unsupported"}',
            CommandResult(wallbox="wb1", command=CommandId("c-1"), ok=False, supported=False, reason=None),
        ),
        ("wallbox/wb1/firmware", '{"status": "Downloading"}', FirmwareMessage(wallbox="wb1", status="Downloading", live=True)),
        ("wallbox/wb1/firmware", "", FirmwareMessage(wallbox="wb1", status="Idle", live=True)),
        (
            "charge_point/garage/data_transfer/answer",
            '{"id": "r-1", "status": "accepted", "data": {"shown": [true, 0.35]}}',
            TransferAnswer(charge_point="garage", request=RequestId("r-1"), reply=VendorReply.ACCEPTED, data='{"shown": [true, 0.35]}'),
        ),
        (
            "charge_point/garage/data_transfer/answer",
            '{"id": "r-1", "status": "unknown_message", "data": null}',
            TransferAnswer(charge_point="garage", request=RequestId("r-1"), reply=VendorReply.UNKNOWN_MESSAGE, data=None),
        ),
        (
            "charge_point/garage/data_transfer/answer",
            '{"id": "r-1", "status": "rejected"}',
            TransferAnswer(charge_point="garage", request=RequestId("r-1"), reply=VendorReply.REJECTED, data=None),
        ),
        ("meter/m1/energy_wh", "1234567.8", replace(METER, register_wh=1234567.8)),
        ("meter/m1/energy_wh", "", replace(METER, register_wh=None)),
        ("meter/m1/power_w", "11040", replace(METER, power_w=11040.0)),
        ("meter/m1/power_w", "-3.5", replace(METER, power_w=-3.5)),
        ("meter/m1/current_a/l1", "16", replace(METER, phase_current_a=(0, 16.0))),
        ("meter/m1/current_a/l3", "", replace(METER, phase_current_a=(2, None))),
        ("meter/m1/voltage_v/l2", "229.7", replace(METER, phase_voltage_v=(1, 229.7))),
        ("meter/m1/soc_percent", "57", replace(METER, soc_percent=57.0)),
        ("meter/m1/sample", '{"energy_wh": 5}', replace(METER, register_wh=5.0)),
        (
            "meter/m1/sample",
            (
                '{"ts": "2026-01-31T13:00:00+01:00", "energy_wh": 5, "power_w": 1, "current_a": [1, 2], "voltage_v": [230],'
                ' "soc_percent": 50, "signed": "OCMF|{}|{}"}'
            ),
            replace(
                METER,
                taken_ms=NOON_MS,
                register_wh=5.0,
                power_w=1.0,
                current_a=(1.0, 2.0),
                voltage_v=(230.0,),
                soc_percent=50.0,
                signed="OCMF|{}|{}",
            ),
        ),
        (
            "meter/m1/sample",
            '{"energy_wh": 5, "power_w": null, "current_a": null, "voltage_v": null, "soc_percent": null, "signed": null}',
            replace(METER, register_wh=5.0, power_w=None, current_a=None, voltage_v=None, soc_percent=None, signed=None),
        ),
        ("nfc/front/tap", '{"tag": "04:a2:b3"}', TAP),
        (
            "nfc/front/tap",
            '{"tag": "04A2B3", "type": "ISO14443", "ts": "2026-01-31T12:00:00.000Z", "id": "7", "mode": "prio", "charge_point": "garage"}',
            replace(
                TAP,
                tag=IdTag(text="04A2B3", kind=TagKind.ISO14443),
                id="7",
                taken_ms=NOON_MS,
                mode=Mode.PRIO,
                charge_point="garage",
            ),
        ),
        ("nfc/front/tap", '{"tag": "DE-8AA-CA2B3C4D5-N"}', replace(TAP, tag=IdTag(text="DE-8AA-CA2B3C4D5-N"))),
        ("nfc/front/tap", '{"tag": "04A2B3", "type": null, "ts": null, "id": null, "mode": null, "charge_point": null}', TAP),
        ("nfc/front/tap_text", "04-a2-b3#17", replace(TAP, id="17")),
        ("nfc/front/tap_text", "Tag#1#2", replace(TAP, tag=IdTag(text="Tag#1"), id="2")),
        ("nfc/front/tap", "", None),
        ("nfc/front/tap_text", " ", None),
        ("users/ada", '{"name": "Ada", "local": true}', UserMessage(user=UserId("ada"), profile=PERSON, live=True)),
        (
            "users/ada",
            (
                '{"name": "Ada", "local": false, "ocpp_tag": "04:a2", "ocpp_tag_type": "Central", "nfc": ["04:b3", "x-y"],'
                ' "charge_points": ["garage"], "mode": "eco"}'
            ),
            UserMessage(
                user=UserId("ada"),
                profile=Profile(
                    name="Ada",
                    tag=IdTag(text="04:a2", kind=TagKind.CENTRAL),
                    cards=("04B3", "x-y"),
                    local=False,
                    charge_points=("garage",),
                    mode=Mode.ECO,
                ),
                live=True,
            ),
        ),
        ("users/ada", "", UserMessage(user=UserId("ada"), profile=None, live=True)),
        ("users/ada/start", '{"charge_point": "garage"}', APP),
        (
            "users/ada/stop",
            '{"charge_point": "garage", "mode": "eco", "ts": "2026-01-31T12:00:00Z", "id": "p-1"}',
            replace(APP, press=Press.STOP, mode=Mode.ECO, taken_ms=NOON_MS, id="p-1"),
        ),
        ("ems/load/garage/allow", "false", replace(ENERGY, allow=False)),
        ("ems/load/garage/allow", "", replace(ENERGY, allow=None)),
        ("ems/load/all/allow", "true", replace(ENERGY, charge_point=None, allow=True)),
        ("ems/load/garage/limit_w", "4140", replace(ENERGY, limit_w=4140.0)),
        ("ems/load/garage/limit_w", "-200", replace(ENERGY, limit_w=0.0)),
        ("ems/load/garage/limit_w", "", replace(ENERGY, limit_w=None)),
        ("ems/load/garage/limit_a", "13.5", replace(ENERGY, limit_a=13.5)),
        ("ems/load/garage/limit_a", "-1", replace(ENERGY, limit_a=0.0)),
        ("ems/load/all/reason", "grid operator", replace(ENERGY, charge_point=None, reason="grid operator")),
        ("price/garage/per_kwh", "0.35", PriceMessage(charge_point="garage", per_kwh=0.35, live=True)),
        ("price/all/per_kwh", "", PriceMessage(charge_point=None, per_kwh=None, live=True)),
        ("bridge/sync", "0123456789abcdef", SyncMessage(nonce="0123456789abcdef")),
    ],
)
def test_a_message_is_read_as_the_contract_says(topic: str, payload: str, message: Message | None) -> None:
    assert told(topic, payload) == message


@pytest.mark.parametrize(
    "topic, payload",
    [
        ("wallbox/wb1/plugged", "true"),
        ("meter/m1/energy_wh", "5"),
        ("users/ada", ""),
        ("ems/load/all/allow", "true"),
        ("price/all/per_kwh", "1"),
    ],
)
def test_stored_state_is_not_live(topic: str, payload: str) -> None:
    """What the broker had stored before the bridge came is last known, never a fresh reading."""
    told_live, told_stored = told(topic, payload), told(topic, payload, retained=True)
    assert told_live is not None
    assert told_stored is not None
    assert getattr(told_live, "live", None) is True
    assert getattr(told_stored, "live", None) is False


@pytest.mark.parametrize("row", [row for row in INBOUND if row.nature is Nature.EVENT], ids=lambda row: row.pattern)
def test_a_retained_event_is_never_acted_on(row: Topic) -> None:
    """A tap the broker kept from last week opens no session."""
    for example in schemas.load(row.schema)["examples"]:
        with pytest.raises(RetainedEvent) as refused:
            decode(NAMES, name_of(row), payload_of(row.schema, example), retained=True)
        assert refused.value.topic == name_of(row)


@pytest.mark.parametrize("row", INBOUND, ids=lambda row: row.pattern)
def test_the_decoder_reads_every_valid_example(row: Topic) -> None:
    for example in schemas.load(row.schema)["examples"]:
        payload = payload_of(row.schema, example)
        assert decode(NAMES, name_of(row), payload, retained=False) is not None
        assert value_of(row.schema, payload) == example


@pytest.mark.parametrize("row", INBOUND, ids=lambda row: row.pattern)
def test_the_decoder_refuses_every_invalid_example(row: Topic) -> None:
    for example in INVALID[row.schema]:
        if example == "":  # an empty message means unknown, or nothing
            continue
        with pytest.raises(PayloadRefused) as refused:
            decode(NAMES, name_of(row), payload_of(row.schema, example), retained=False)
        assert refused.value.topic == name_of(row)
        assert refused.value.reason


@pytest.mark.parametrize(
    "topic, payload, reason",
    [
        ("wallbox/wb1/plugged", "ON", "is not JSON"),
        ("wallbox/wb1/plugged", "1", "must be boolean"),
        ("wallbox/wb1/cp_state", '"B"', "must be one of A, B, C, D, E, F"),
        ("meter/m1/energy_wh", "NaN", "has NaN"),
        ("meter/m1/energy_wh", "12,5", "is not JSON"),
        ("meter/m1/energy_wh", '"12"', "must be number"),
        ("nfc/front/tap", "04A2B3C4", "is not JSON"),
        ("nfc/front/tap", "12345678", "must be object"),
        ("nfc/front/tap_text", "04A2B3C4", "tag#counter: a tag"),
        ("nfc/front/tap", '{"tag": "04", "tag": "05"}', "has a key twice"),
        ("users/ada", '{"name": "Ada"}', "local missing"),
        ("wallbox/wb1/state", '{"availability": true}', "availability: must be string or null"),
    ],
)
def test_a_refusal_says_what_was_expected(topic: str, payload: str, reason: str) -> None:
    """The most frequent mistakes of the other side, and the line its owner reads."""
    with pytest.raises(PayloadRefused) as refused:
        told(topic, payload)
    assert refused.value.reason.startswith(reason)


@pytest.mark.parametrize("topic", ["charge_point/garage/status", "wallbox/wb1/command/enabled", "bridge/state", "nonsense", "bridge"])
def test_nothing_is_read_from_the_bridges_own_topics(topic: str) -> None:
    with pytest.raises(PayloadRefused, match="is not a topic the bridge reads"):
        told(topic, "true")


@given(row=st.sampled_from(INBOUND), payload=st.binary(max_size=80), retained=st.booleans())
def test_any_bytes_on_any_topic_are_a_message_or_a_refusal(row: Topic, payload: bytes, *, retained: bool) -> None:
    """Nobody on the broker can end the bridge."""
    got = outcome(row, payload, retained=retained)
    assert not isinstance(got, PayloadRefused) or got.reason


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)


@given(
    row=st.sampled_from([row for row in INBOUND if not is_text(row.schema)]),
    data=st.data(),
)
def test_schema_and_decoder_agree_on_whatever_comes(row: Topic, data: st.DataObject) -> None:
    """Examples bent at one place: what passes the schema is decoded, what does not is refused."""
    value = data.draw(st.sampled_from(schemas.load(row.schema)["examples"]))
    if isinstance(value, dict):
        fields = sorted(schemas.load(row.schema)["properties"])
        value = {**value, data.draw(st.sampled_from(fields)): data.draw(_JSON)}
    else:
        value = data.draw(_JSON)
    payload = json.dumps(value).encode()
    got = outcome(row, payload)
    if not isinstance(got, PayloadRefused):
        assert got is not None
        assert schemas.problem(row.schema, value) is None
    elif not got.reason.startswith("has "):
        assert got.reason == schemas.problem(row.schema, json.loads(payload))


@given(
    row=st.sampled_from([topics.TAP, topics.TAP_TEXT, topics.USER]),
    before=st.text(alphabet='{}[]",:#\\ taglocnm', max_size=20),
    after=st.text(alphabet='{}[]",:#\\ taglocnm', max_size=20),
)
def test_no_refusal_shows_a_whole_tag(row: Topic, before: str, after: str) -> None:
    """Refusals become alerts and log lines (reliability P1)."""
    got = outcome(row, f"{before}{CANARY}{after}".encode())
    assert not isinstance(got, PayloadRefused) or CANARY not in str(got)


# --- requests ---------------------------------------------------------------------------------------------------------------------


def asked(command: str, payload: str, **properties: object) -> Message | None:
    return decode(NAMES, f"evbridge/bridge/request/{command}", payload.encode(), retained=False, **properties)  # type: ignore[arg-type]


@pytest.mark.parametrize("request_", Request)
def test_each_command_has_its_schema(request_: Request) -> None:
    for example in schemas.load(f"request_{request_}")["examples"]:
        message = asked(request_, json.dumps(example))
        assert isinstance(message, RequestMessage)
        assert message.request is request_
        assert message.arguments == {key: value for key, value in example.items() if key != "transaction"}
        assert message.reply == ReplyTo(command=request_, transaction=example.get("transaction"))
    for example in INVALID[f"request_{request_}"]:
        with pytest.raises(RequestRefused) as refused:
            asked(request_, json.dumps(example))
        assert refused.value.reply.command == request_


def test_who_asks_with_mqtt_5_says_where_the_answer_goes() -> None:
    message = asked("status", "{}", response_topic="flows/answers/7", correlation=b"\x00\x01")
    assert isinstance(message, RequestMessage)
    assert message.reply == ReplyTo(command="status", topic="flows/answers/7", correlation=b"\x00\x01")


def test_an_answer_may_go_below_the_bridges_own_answers() -> None:
    message = asked("status", "{}", response_topic="evbridge/bridge/response/my-flow")
    assert isinstance(message, RequestMessage)
    assert message.reply.topic == "evbridge/bridge/response/my-flow"


@pytest.mark.parametrize(
    "topic",
    ["", "evbridge", "evbridge/nfc/front/tap", "evbridge/wallbox/wb1/command/enabled", "$SYS/x", "a/+", "a/#", "a\x00b", "x" * 257],
)
def test_no_answer_goes_where_it_could_act(topic: str) -> None:
    """Else a request could tap a card, or release a wallbox, in the bridge's name."""
    with pytest.raises(RequestRefused, match="the response topic must be a plain one") as refused:
        asked("status", '{"transaction": "t"}', response_topic=topic, correlation=b"c")
    assert refused.value.reply == ReplyTo(command="status", transaction="t", correlation=b"c")


@pytest.mark.parametrize(
    "command, payload, reason, transaction",
    [
        ("reboot", '{"transaction": 7}', "there is no such command; there are status, history", 7),
        ("session_stop", '{"transaction": "t"}', "charge_point missing", "t"),
        ("status", '{"charge_point": "All", "transaction": "t"}', "charge_point: a charge point", "t"),
        ("status", '{"transaction": {}}', "transaction: must be string or integer or null", None),
        ("status", "status please", "is not JSON", None),
        ("status", "[]", "must be object", None),
    ],
)
def test_who_asks_wrongly_is_told_so(command: str, payload: str, reason: str, transaction: str | int | None) -> None:
    """A setter without an answer is the complaint of other products (evcc#7400)."""
    with pytest.raises(RequestRefused) as refused:
        asked(command, payload)
    assert refused.value.reason.startswith(reason)
    assert refused.value.reply == ReplyTo(command=command, transaction=transaction)


def test_a_request_without_content_is_no_request() -> None:
    """It is somebody clearing a retained one."""
    assert asked("status", "") is None


def test_unset_is_not_unknown() -> None:
    """A message about one thing says nothing of another."""
    message = told("wallbox/wb1/plugged", "true")
    assert isinstance(message, WallboxMessage)
    assert message.charging is UNSET
