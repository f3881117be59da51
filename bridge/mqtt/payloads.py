"""From (topic, bytes) to a message of this room, or a refusal that says why. Pure; every payload passes its schema first."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

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
from bridge.mqtt.names import Names, Place, shown
from bridge.mqtt.parsing import json_of, normalised_tag, text_of, utc_ms
from bridge.mqtt.topics import EVERYWHERE, PHASES, Nature, Topic

Value: TypeAlias = Any
"""What has passed its schema; None for an empty payload."""
RESPONSE_TOPIC_MAX = 256
"""Generous for a topic somebody subscribes to for an answer."""
COMMANDS: Final = frozenset(request.value for request in Request)
"""The last level of `bridge/request/…`."""


class Told(NamedTuple):
    """One message on a row of the table."""

    ids: tuple[str, ...]
    value: Value
    live: bool


def decode(
    names: Names, name: str, payload: bytes, *, retained: bool, response_topic: str | None = None, correlation: bytes | None = None
) -> Message | None:
    """Decode one message. None: an emptied event topic, which says nothing.

    `retained` is MQTT's flag: on state it means stored before we subscribed. Raises PayloadRefused, and of its kinds RetainedEvent and
    RequestRefused; no reason quotes a tag.
    """
    place = names.recall(name)
    if place is None or (place.topic not in _READERS and place.topic is not topics.REQUEST):
        raise PayloadRefused(shown(name), "is not a topic the bridge reads")
    if place.topic.nature is Nature.EVENT:
        if not payload.strip():
            return None
        if retained:
            raise RetainedEvent(name)
    if place.topic is topics.REQUEST:
        return _request(names, place, payload, response_topic, correlation)
    value = _checked(name, place.topic.schema, payload) if payload.strip() else None
    return _READERS[place.topic](Told(place.ids, value, not retained))


def is_text(schema: str) -> bool:
    """Whether the payload is bare text rather than JSON."""
    return schemas.load(schema).get("type") == "string"


def value_of(schema: str, payload: bytes) -> Value:
    """The value of a payload, checked by its schema. Raises ValueError with the reason."""
    value = text_of(payload) if is_text(schema) else json_of(payload)
    wrong = schemas.problem(schema, value)
    if wrong is not None:
        raise ValueError(wrong)
    return value


def _checked(name: str, schema: str, payload: bytes) -> Value:
    try:
        return value_of(schema, payload)
    except ValueError as error:
        raise PayloadRefused(name, str(error)) from error


# --- requests ---------------------------------------------------------------------------------------------------------------------


def _request(names: Names, place: Place, payload: bytes, response_topic: str | None, correlation: bytes | None) -> RequestMessage:
    (command,) = place.ids
    name = names.name(topics.REQUEST, command)
    topic = response_topic if response_topic is not None and _may_answer(names, response_topic) else None
    reply = ReplyTo(command=command, topic=topic, correlation=correlation)
    try:
        value = value_of("request", payload)
    except ValueError as error:
        raise RequestRefused(name, str(error), reply) from error
    transaction = value.pop("transaction", None)
    reply = ReplyTo(command=command, transaction=transaction, topic=topic, correlation=correlation)
    if topic != response_topic:
        raise RequestRefused(name, f"the response topic must be a plain one, not below {names.root}/ (but for bridge/response/)", reply)
    if command not in COMMANDS:
        raise RequestRefused(name, f"there is no such command; there are {', '.join(Request)}", reply)
    wrong = schemas.problem(f"request_{command}", value)
    if wrong is not None:
        raise RequestRefused(name, wrong, reply)
    return RequestMessage(request=Request(command), arguments=value, reply=reply)


def _may_answer(names: Names, topic: str) -> bool:
    """Whether to publish there on a stranger's word: else a request could tap a card or release a wallbox in the bridge's name."""
    if not 0 < len(topic) <= RESPONSE_TOPIC_MAX or topic.startswith("$") or not topic.isprintable() or "+" in topic or "#" in topic:
        return False
    place_of_answers = names.name(topics.RESPONSE, "x").removesuffix("x")
    return not names.owns(topic) or topic.startswith(place_of_answers)


# --- fields -----------------------------------------------------------------------------------------------------------------------


def _number(value: Value) -> float | None:
    return None if value is None else float(value)


def _numbers(value: Value) -> tuple[float, ...] | None:
    return None if value is None else tuple(float(item) for item in value)


def _limit(value: Value) -> float | None:
    # Managers compute a limit as what is left, which may be below zero; refusing it would leave the last, higher one in force.
    return None if value is None else max(0.0, float(value))


def _fault(value: Value) -> str | None:
    return NO_FAULT if value == "none" else value


def _online(value: Value) -> bool | None:
    return None if value is None else value == "online"


def _mode(value: Mapping[str, Value]) -> Mode | None:
    word = value.get("mode")
    return None if word is None else Mode(word)


def _taken(value: Mapping[str, Value]) -> int | None:
    text = value.get("ts")
    return None if text is None else utc_ms(text)


def _tag(text: str, kind: str | None) -> IdTag:
    return IdTag(text=normalised_tag(text), kind=_kind(kind))


def _kind(kind: str | None) -> TagKind | None:
    return None if kind is None else TagKind(kind)


def _everywhere(target: str) -> str | None:
    return None if target == EVERYWHERE else target


# --- readers, one per row of the table --------------------------------------------------------------------------------------------


def _wallbox_state(told: Told) -> Message:
    value = told.value
    if value is None:  # everything is unknown from now on
        value = dict.fromkeys(("plugged", "charging", "cp_state", "plug_id", "fault", "availability"))
    return WallboxMessage(
        wallbox=told.ids[0],
        live=told.live,
        plugged=value.get("plugged", UNSET),
        charging=value.get("charging", UNSET),
        cp_state=value.get("cp_state", UNSET),
        plug=value.get("plug_id", value.get("plugged_since", UNSET)),
        fault=_fault(value["fault"]) if "fault" in value else UNSET,
        online=_online(value["availability"]) if "availability" in value else UNSET,
    )


def _result(told: Told) -> Message:
    value = told.value
    return CommandResult(
        wallbox=told.ids[0],
        command=CommandId(value["id"]),
        ok=value["status"] == "ok",
        supported=value["status"] != "unsupported",
        reason=value.get("reason"),
    )


def _firmware(told: Told) -> Message:
    # an emptied topic says that nothing goes on
    return FirmwareMessage(wallbox=told.ids[0], status="Idle" if told.value is None else told.value["status"], live=told.live)


def _sample(told: Told) -> Message:
    value = told.value
    return MeterMessage(
        meter=told.ids[0],
        live=told.live,
        taken_ms=_taken(value),
        register_wh=float(value["energy_wh"]),
        power_w=_number(value["power_w"]) if "power_w" in value else UNSET,
        current_a=_numbers(value["current_a"]) if "current_a" in value else UNSET,
        voltage_v=_numbers(value["voltage_v"]) if "voltage_v" in value else UNSET,
        soc_percent=_number(value["soc_percent"]) if "soc_percent" in value else UNSET,
        signed=value.get("signed", UNSET),
    )


def _tap(told: Told) -> Message:
    value = told.value
    return TapMessage(
        reader=ReaderId(told.ids[0]),
        tag=_tag(value["tag"], value.get("type")),
        id=value.get("id"),
        taken_ms=_taken(value),
        mode=_mode(value),
        charge_point=value.get("charge_point"),
    )


def _tap_text(told: Told) -> Message:
    tag, _, counter = told.value.rpartition("#")
    return _tap(told._replace(value={"tag": tag, "id": counter}))


def _user(told: Told) -> Message:
    value = told.value
    user = UserId(told.ids[0])
    if value is None:
        return UserMessage(user=user, profile=None, live=told.live)
    tag, places = value.get("ocpp_tag"), value.get("charge_points")
    profile = Profile(
        name=value["name"],
        # The central system's own spelling: "ADA-1" is a name, though its letters could be hexadecimal.
        tag=None if tag is None else IdTag(text=tag, kind=_kind(value.get("ocpp_tag_type"))),
        cards=tuple(normalised_tag(card) for card in value.get("nfc") or ()),
        local=value["local"],
        charge_points=None if places is None else tuple(places),
        mode=_mode(value),
    )
    return UserMessage(user=user, profile=profile, live=told.live)


def _press(press: Press) -> Callable[[Told], Message]:
    def read(told: Told) -> Message:
        value = told.value
        return AppMessage(
            user=UserId(told.ids[0]),
            press=press,
            charge_point=value["charge_point"],
            id=value.get("id"),
            taken_ms=_taken(value),
            mode=_mode(value),
        )

    return read


def _transfer_answer(told: Told) -> Message:
    value = told.value
    data = value.get("data")
    return TransferAnswer(
        charge_point=told.ids[0],
        request=RequestId(value["id"]),
        reply=VendorReply(value["status"]),
        data=None if data is None else json.dumps(data),
    )


_READERS: Final[Mapping[Topic, Callable[[Told], Message]]] = {
    topics.WALLBOX_PLUGGED: lambda told: WallboxMessage(wallbox=told.ids[0], live=told.live, plugged=told.value),
    topics.WALLBOX_CHARGING: lambda told: WallboxMessage(wallbox=told.ids[0], live=told.live, charging=told.value),
    topics.WALLBOX_PLUGGED_SINCE: lambda told: WallboxMessage(wallbox=told.ids[0], live=told.live, plug=told.value),
    topics.WALLBOX_PLUG_ID: lambda told: WallboxMessage(wallbox=told.ids[0], live=told.live, plug=told.value),
    topics.WALLBOX_CP_STATE: lambda told: WallboxMessage(wallbox=told.ids[0], live=told.live, cp_state=told.value),
    topics.WALLBOX_FAULT: lambda told: WallboxMessage(wallbox=told.ids[0], live=told.live, fault=_fault(told.value)),
    topics.WALLBOX_AVAILABILITY: lambda told: WallboxMessage(wallbox=told.ids[0], live=told.live, online=_online(told.value)),
    topics.WALLBOX_STATE: _wallbox_state,
    topics.WALLBOX_FIRMWARE: _firmware,
    topics.WALLBOX_RESULT: _result,
    topics.METER_ENERGY: lambda told: MeterMessage(meter=told.ids[0], live=told.live, register_wh=_number(told.value)),
    topics.METER_POWER: lambda told: MeterMessage(meter=told.ids[0], live=told.live, power_w=_number(told.value)),
    topics.METER_CURRENT: lambda told: MeterMessage(
        meter=told.ids[0], live=told.live, phase_current_a=(PHASES.index(told.ids[1]), _number(told.value))
    ),
    topics.METER_VOLTAGE: lambda told: MeterMessage(
        meter=told.ids[0], live=told.live, phase_voltage_v=(PHASES.index(told.ids[1]), _number(told.value))
    ),
    topics.METER_SOC: lambda told: MeterMessage(meter=told.ids[0], live=told.live, soc_percent=_number(told.value)),
    topics.METER_SAMPLE: _sample,
    topics.TAP: _tap,
    topics.TAP_TEXT: _tap_text,
    topics.USER: _user,
    topics.USER_START: _press(Press.START),
    topics.USER_STOP: _press(Press.STOP),
    topics.EMS_ALLOW: lambda told: EnergyMessage(
        source=told.ids[0], charge_point=_everywhere(told.ids[1]), live=told.live, allow=told.value
    ),
    topics.EMS_LIMIT_W: lambda told: EnergyMessage(
        source=told.ids[0], charge_point=_everywhere(told.ids[1]), live=told.live, limit_w=_limit(told.value)
    ),
    topics.EMS_LIMIT_A: lambda told: EnergyMessage(
        source=told.ids[0], charge_point=_everywhere(told.ids[1]), live=told.live, limit_a=_limit(told.value)
    ),
    topics.EMS_REASON: lambda told: EnergyMessage(
        source=told.ids[0], charge_point=_everywhere(told.ids[1]), live=told.live, reason=told.value
    ),
    topics.PRICE: lambda told: PriceMessage(charge_point=_everywhere(told.ids[0]), per_kwh=_number(told.value), live=told.live),
    topics.TRANSFER_ANSWER: _transfer_answer,
    topics.SYNC: lambda told: SyncMessage(nonce=told.value),
}
