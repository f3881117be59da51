"""OCPP-J frames: bytes in, a frame or what is wrong with it out. Hostile input costs a few microseconds and never raises.

OCPP-J 1.6 §4.2: a message is `[2, id, action, payload]`, `[3, id, payload]` or `[4, id, code, description, details]`.
"""

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import TypeAlias, assert_never

import orjson

from bridge.ocpp.dialect import Json, JsonObject

FRAME_BYTES_MAX = 1_048_576
"""A local list of some eight thousand tags fits; nothing else a central system sends comes near."""
DEPTH_MAX = 32
"""The deepest official message (a charging profile of 2.0.1) has 9 levels; data-transfer payloads get room, recursion does not."""
MESSAGE_ID_MAX = 36
"""OCPP-J 1.6 §4.1.4: at most 36 characters, "to allow for" GUIDs. Ours keep to it."""
FOREIGN_MESSAGE_ID_MAX = 255
"""What we answer to: a GUID in braces or with a prefix does no harm, a megabyte to be echoed does."""
DESCRIPTION_MAX = 255
"""OCPP-J 2.0.1 §4.2.3 has string[255]; 1.6 has no limit, and peers use one type for both."""
CODE_MAX = 50
"""Longer than any code there is; an unknown code is kept this far for the operator to see."""

_CALL, _CALL_RESULT, _CALL_ERROR = 2, 3, 4
_NAMES = {"FormationViolation": "FormatViolation", "OccurenceConstraintViolation": "OccurrenceConstraintViolation"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request."""

    message_id: str
    action: str
    payload: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """The answer to a request."""

    message_id: str
    payload: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class CallError:
    """The answer to a request that could not be served.

    Received, `code` is in the spelling of OCPP 2.0.1 whatever the peer wrote (both spellings are about); sent, it is the version's own.
    A received `description` is the central system's text and may hold a tag: log it masked.
    """

    message_id: str
    code: str
    description: str = ""
    details: JsonObject = field(default_factory=dict)


Frame: TypeAlias = Call | CallResult | CallError


@unique
class Fault(StrEnum):
    """What is wrong with a frame, in words that quote nothing of it."""

    SIZE = "larger than the limit"
    JSON = "not JSON"
    DEPTH = "nested deeper than the limit"
    SHAPE = "not an array that starts with a message type"
    MESSAGE_TYPE = "unknown message type"
    """OCPP-J 1.6 §4.1.3: "When a server receives a message with a Message Type Number not in this list, it SHALL ignore the message
    payload"."""
    MESSAGE_ID = "message id is missing, not a string or too long"
    LENGTH = "wrong number of elements"
    ELEMENT = "an element has the wrong type"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFrame:
    """A frame that can't be used."""

    fault: Fault
    message_id: str | None = None
    """None: it can't be read, so that nobody can be answered (1.6) or only "-1" (2.0.1)."""
    call: bool = False
    """A request under a readable id: it wants a CALLERROR. A broken answer under a readable id (False) still ends that request."""


def decode(data: str | bytes, *, bytes_max: int = FRAME_BYTES_MAX, depth_max: int = DEPTH_MAX) -> Frame | BadFrame:
    """Read a frame; bytes are read as UTF-8, whether the peer sent them as text or binary. Of duplicate keys the last one counts."""
    if len(data) > bytes_max:
        return BadFrame(fault=Fault.SIZE)
    try:
        # orjson is strict where `json` is not: no NaN, no infinity (1e400, 5000 digits), no lone surrogate, no BOM, no UTF-16, no depth
        # that ends in RecursionError
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        return BadFrame(fault=Fault.JSON)
    if _is_deep(data, message, depth_max):
        return BadFrame(fault=Fault.DEPTH)
    # `true` equals 1 and 2.0 equals 2 in Python, but neither is a message type
    if not isinstance(message, list) or not message or type(message[0]) is not int:
        return BadFrame(fault=Fault.SHAPE)
    return _read(message[0], message[1:])


def encode(frame: Frame) -> bytes:
    """Write a frame as UTF-8. The message id is at most 36 characters, unless it answers a longer one."""
    match frame:
        case Call():
            assert len(frame.message_id) <= MESSAGE_ID_MAX
            return orjson.dumps([_CALL, frame.message_id, frame.action, frame.payload])
        case CallResult():
            return orjson.dumps([_CALL_RESULT, frame.message_id, frame.payload])
        case CallError():
            return orjson.dumps([_CALL_ERROR, frame.message_id, frame.code, _encodable(frame.description), frame.details])
        case _:
            assert_never(frame)


def _read(message_type: int, elements: list[Json]) -> Frame | BadFrame:
    """Read what follows the message type."""
    if message_type not in (_CALL, _CALL_RESULT, _CALL_ERROR):
        return BadFrame(fault=Fault.MESSAGE_TYPE)
    if not elements or not isinstance(elements[0], str) or len(elements[0]) > FOREIGN_MESSAGE_ID_MAX:
        return BadFrame(fault=Fault.MESSAGE_ID)
    message_id, rest = elements[0], elements[1:]
    match message_type, rest:
        # OCPP-J 1.6 §4.2.1: "If there is no payload JSON allows for two different notations: null or and empty object {}"
        case 2, [str(action), dict() | None as payload]:
            return Call(message_id=message_id, action=action, payload=payload or {})
        case 3, [dict() | None as payload]:
            return CallResult(message_id=message_id, payload=payload or {})
        # deviates: description and details are mandatory, but a refusal without them is still a refusal
        case 4, [str(code), *more] if len(more) <= _MORE_MAX:
            return _call_error(message_id, code, more)
        case _:
            fault = Fault.LENGTH if len(rest) != _ELEMENTS[message_type] else Fault.ELEMENT
            return BadFrame(fault=fault, message_id=message_id, call=message_type == _CALL)


_ELEMENTS = {_CALL: 2, _CALL_RESULT: 1, _CALL_ERROR: 3}
"""How many elements follow the message id."""
_MORE_MAX = 2
"""Description and details."""


def _call_error(message_id: str, code: str, more: list[Json]) -> CallError:
    """A refusal, as far as it can be read."""
    description = more[0] if more and isinstance(more[0], str) else ""
    details = more[1] if len(more) == _MORE_MAX and isinstance(more[1], dict) else {}
    return CallError(
        message_id=message_id, code=_NAMES.get(code, code[:CODE_MAX]), description=description[:DESCRIPTION_MAX], details=details
    )


def _is_deep(data: str | bytes, message: Json, depth_max: int) -> bool:
    """Whether it is nested deeper than allowed; a frame with few brackets can't be, and needs no walk."""
    brackets = data.count("[") + data.count("{") if isinstance(data, str) else data.count(b"[") + data.count(b"{")
    if brackets <= depth_max:
        return False
    layer = [message]
    for _ in range(depth_max + 1):
        layer = [node for node in layer if isinstance(node, list | dict)]
        if not layer:
            return False
        layer = [child for node in layer for child in (node.values() if isinstance(node, dict) else node)]
    return True


def _encodable(text: str) -> str:
    """At most 255 characters, none of them half a surrogate pair: the error about an error must not fail (CVE-2025-59399)."""
    return text[:DESCRIPTION_MAX].encode("utf-8", "replace").decode()
