"""What went over the wire between stations and a central system, and whether it was by the book.

The audit is independent of the bridge: the official schemas as the `ocpp` package ships them, checked by `jsonschema` in pure Python.
"""

import functools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from typing import Any

import jsonschema
from jsonschema.protocols import Validator

CALL, CALLRESULT, CALLERROR = 2, 3, 4
ID_MAX = 36
"""OCPP-J 1.6 §4.1.4: "Maximum of 36 characters, to allow for GUIDs"."""
DESCRIPTION_MAX = 255
"""OCPP-J 1.6 §4.2.3: the error description is a string[255]."""
SCHEMAS = {"ocpp1.6": "ocpp.v16", "ocpp2.0.1": "ocpp.v201"}
COMMON_ERRORS = frozenset(
    {
        "GenericError",
        "InternalError",
        "NotImplemented",
        "NotSupported",
        "OccurrenceConstraintViolation",
        "PropertyConstraintViolation",
        "ProtocolError",
        "SecurityError",
        "TypeConstraintViolation",
    },
)
ERROR_CODES = {
    "ocpp1.6": COMMON_ERRORS | {"FormationViolation", "OccurenceConstraintViolation"},
    "ocpp2.0.1": COMMON_ERRORS | {"FormatViolation", "MessageTypeNotSupported", "RpcFrameworkError"},
}
"""OccurrenceConstraintViolation in 1.6 is what the errata made of the misprint; both are in use."""
WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One text frame, as it was on the wire."""

    at_ms: int
    """UTC, by the clock of the central system."""
    connection: int
    """Counted from 1 over all stations."""
    identity: str
    protocol: str
    from_station: bool
    text: str
    deliberate: bool = False
    """Nonsense that a test told the central system to send; nobody is blamed for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request and, as far as it came, its answer."""

    frame: Frame
    id: str
    action: str
    payload: dict[str, Any]
    answer: dict[str, Any] | None = None
    """The payload of the CALLRESULT; None: none yet, or an error."""
    error: str | None = None
    """The code of the CALLERROR."""

    @property
    def identity(self) -> str:
        """The station's."""
        return self.frame.identity

    def fits(self, action: str, identity: str | None, fields: dict[str, Any]) -> bool:
        """Whether this is such a request with (at least) these fields; of an object, at least what is given."""
        return self.action == action and identity in {None, self.identity} and _has(self.payload, fields)


def _has(payload: object, expected: object) -> bool:
    match payload, expected:
        case dict(), dict():
            return all(name in payload and _has(payload[name], value) for name, value in expected.items())
        case _:
            return payload == expected


def parts(frame: Frame) -> list[Any] | None:
    """The frame as JSON; None for what is no OCPP-J message."""
    try:
        message = json.loads(frame.text, parse_float=Decimal)
    except ValueError:
        return None
    framed = isinstance(message, list) and len(message) >= 3 and message[0] in {CALL, CALLRESULT, CALLERROR}
    return message if framed else None


def calls(frames: Iterable[Frame], *, from_station: bool = True) -> list[Call]:
    """Every request one side sent, in order, with its answer."""
    found: list[Call] = []
    places: dict[tuple[int, str], int] = {}
    for frame in frames:
        match parts(frame), frame.from_station == from_station:
            case [2, str(id_), str(action), dict(payload)], True:
                places[frame.connection, id_] = len(found)
                found.append(Call(frame=frame, id=id_, action=action, payload=_plain(payload)))
            case [3 | 4, str(id_), answer, *_], False if (frame.connection, id_) in places:
                place = places[frame.connection, id_]
                found[place] = _answered(found[place], answer)
            case _:
                pass
    return found


def _answered(call: Call, answer: object) -> Call:
    error = answer if isinstance(answer, str) else None
    payload = _plain(answer) if isinstance(answer, dict) else None
    return Call(frame=call.frame, id=call.id, action=call.action, payload=call.payload, answer=payload, error=error)


def _plain(payload: dict[str, Any]) -> dict[str, Any]:
    """The same with ordinary floats, as tests write them."""
    plain: dict[str, Any] = json.loads(json.dumps(payload, default=float))
    return plain


# --- the audit ----------------------------------------------------------------------------------------------------------------------


def faults(frames: Sequence[Frame]) -> list[str]:
    """Everything in the journal that is not by the book, one sentence each; empty is good."""
    found: list[str] = []
    for connection in sorted({frame.connection for frame in frames}):
        found += _faults_of_connection([frame for frame in frames if frame.connection == connection])
    return found


def _faults_of_connection(frames: Sequence[Frame]) -> Iterator[str]:
    asked: dict[tuple[bool, str], str] = {}
    """(who asked, message id) -> action, over the whole connection."""
    open_calls: dict[bool, str] = {}
    """Who waits for an answer -> message id."""
    for frame in frames:
        message = parts(frame)
        if frame.deliberate:
            # Even nonsense may be the answer that the station waited for.
            if message is not None and message[0] != CALL and open_calls.get(not frame.from_station) == message[1]:
                del open_calls[not frame.from_station]
            continue
        if message is None:
            yield _blame(frame, "is no OCPP-J message")
            continue
        yield from (_blame(frame, fault) for fault in _faults_of_message(frame, message, asked, open_calls))


def _faults_of_message(frame: Frame, message: list[Any], asked: dict[tuple[bool, str], str], open_calls: dict[bool, str]) -> Iterator[str]:
    kind, id_ = message[0], message[1]
    if not isinstance(id_, str) or not 0 < len(id_) <= ID_MAX:
        yield f"has the message id {id_!r}, which is not a text of 1 to {ID_MAX} characters"
        return
    if kind == CALL:
        if (frame.from_station, id_) in asked:
            yield f"uses the message id {id_} a second time on one connection"
        if frame.from_station in open_calls:
            yield f"is sent while {open_calls[frame.from_station]} is unanswered: one open CALL at a time"
        if len(message) != 4:
            yield f"has {len(message)} parts instead of 4"
            return
        asked[frame.from_station, id_] = message[2]
        open_calls[frame.from_station] = id_
        yield from _faults_of_payload(frame.protocol, message[2], message[3])
        return
    asker = not frame.from_station
    action = asked.get((asker, id_))
    if open_calls.get(asker) == id_:
        del open_calls[asker]
    if kind == CALLERROR:
        yield from _faults_of_error(frame.protocol, message)
    elif action is None:
        yield f"answers {id_}, which nobody asked"
    else:
        yield from _faults_of_payload(frame.protocol, f"{action}Response", message[2])


def _faults_of_error(protocol: str, message: list[Any]) -> Iterator[str]:
    match message:
        case [_, _, str(code), str(description), dict()]:
            if code not in ERROR_CODES[protocol]:
                yield f"has the error code {code}, which {protocol} does not know"
            if len(description) > DESCRIPTION_MAX:
                yield f"has a description of {len(description)} characters"
        case _:
            yield "is no CALLERROR of code, description and details"


def _faults_of_payload(protocol: str, schema: str, payload: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    validator = _validator(protocol, schema)
    if validator is None:
        yield f"is {schema}, which {protocol} does not know"
        return
    for error in validator.iter_errors(payload):
        yield f"breaks the schema of {schema} at {error.json_path}: {error.message}"


@functools.cache
def _validator(protocol: str, schema: str) -> Validator | None:
    file = resources.files(SCHEMAS[protocol]) / "schemas" / f"{_file_name(protocol, schema)}.json"
    if not file.is_file():
        return None
    checker = jsonschema.FormatChecker(formats=())
    # Neither ocpp-rpc nor the schemas themselves refuse "2026-11-22 10:00:00"; section 3.13 of OCPP 1.6 wants RFC 3339 with a zone.
    checker.checks("date-time")(lambda value: not isinstance(value, str) or WITH_ZONE.fullmatch(value) is not None)
    document = json.loads(file.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    kind: type[Validator] = jsonschema.validators.validator_for(document)
    return kind(document, format_checker=checker)


def _file_name(protocol: str, schema: str) -> str:
    """In 1.6 the request has no suffix."""
    return schema if protocol == "ocpp1.6" or schema.endswith("Response") else f"{schema}Request"


def _blame(frame: Frame, fault: str) -> str:
    side = "station" if frame.from_station else "central system"
    return f"connection {frame.connection} ({frame.identity}), {side}: {fault}: {frame.text[:300]}"
