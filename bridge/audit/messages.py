"""A second, independent reading of OCPP: frames into what a central system heard. Both versions.

Written from the specification, not from `bridge.ocpp`: an auditor with the bridge's own glasses would not see what these miss.
"""

import contextlib
import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from bridge.audit.heard import Accepted, Answer, Call, Hearing, Measured, Shown, Step, Told
from bridge.audit.ledgers import Frame
from bridge.core.values import ChargePointId, tag_key

Json: TypeAlias = Any
"""Whatever somebody else has written."""

_Answered: TypeAlias = tuple[int, int, list[Json]]
"""Number of the frame, its time, the message."""
RESULT, ERROR = 3, 4
NUMBER_MAX = 2**64 - 1
"""A station that can't hold a name can't say it again: to it there was none."""
REGISTER = "Energy.Active.Import.Register"
BEGIN, END = "Transaction.Begin", "Transaction.End"
CONNECTOR = 1
CHANGES = frozenset({"ChangeConfiguration", "SetVariables"})
SUMMONS = frozenset({"Reset", "TriggerMessage", "ExtendedTriggerMessage"})
STEPS = {"Started": Step.START, "Updated": Step.SAMPLE, "Ended": Step.STOP}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def heard(frames: Sequence[Frame]) -> dict[ChargePointId, Hearing]:
    """All frames, in the order in which the central system saw them."""
    messages = [_message(frame.text) for frame in frames]
    answers = _answers(frames, messages)
    found: dict[ChargePointId, Hearing] = {}
    for order, (frame, message) in enumerate(zip(frames, messages, strict=True)):
        hearing = found.setdefault(frame.charge_point, Hearing(charge_point=frame.charge_point))
        hearing.connections.add(frame.connection)
        match message:
            case [2, str(name), str(action), dict(payload)] if frame.from_station:
                _called(hearing, frame, order, (name, action, payload), answers.get(order))
            case [2, str(), str(action), dict(payload)]:
                _ordered(hearing, frame, order, action, payload)
            case [3 | 4, *_] if frame.from_station:
                pass
            case _ if frame.from_station:
                hearing.malformed.append(order)
    return found


def _message(text: str) -> list[Json] | None:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, list) else None


def _answers(frames: Sequence[Frame], messages: Sequence[list[Json] | None]) -> dict[int, _Answered]:
    """By the number of a call's frame. The first answer with its id counts."""
    waiting: dict[tuple[int, str], int] = {}
    found: dict[int, _Answered] = {}
    for order, (frame, message) in enumerate(zip(frames, messages, strict=True)):
        match message:
            case [2, str(name), *_] if frame.from_station:
                waiting[frame.connection, name] = order
            case [3, str(name), dict()] | [4, str(name), str(), *_] if not frame.from_station:
                asked = waiting.pop((frame.connection, name), None)
                if asked is not None and message is not None:
                    found[asked] = (order, frame.at_ms, message)
    return found


# --- what the station says --------------------------------------------------------------------------------------------------------


def _called(hearing: Hearing, frame: Frame, order: int, message: tuple[str, str, dict[str, Json]], answered: _Answered | None) -> None:
    name, action, payload = message
    result = answered[2][2] if answered is not None and answered[2][0] == RESULT else None
    tag = _tag(payload)
    answer = None if answered is None else _answer(action, answered)
    call = Call(
        order=order,
        at_ms=frame.at_ms,
        connection=frame.connection,
        id=name,
        content=f"{action} {_letters(payload)}",
        answer=answer,
    )
    hearing.calls.append(call)
    if tag is not None and result is not None and _says_yes(result):
        hearing.accepted.append(Accepted(at_ms=frame.at_ms, key=tag_key(tag)))
    match action:
        case "BootNotification" if result is not None and result.get("status") == "Accepted":
            hearing.registrations += 1
        case "StatusNotification" if payload.get("connectorId") == CONNECTOR:
            hearing.shown.append(_shown(frame, order, payload))
        case "StartTransaction" | "StopTransaction" | "TransactionEvent":
            hearing.told.append(_told(call, action, payload))
        case "MeterValues" if "transactionId" in payload:
            hearing.told.append(_told(call, action, payload))
        case "MeterValues":
            hearing.loose += _readings(payload)


def _answer(action: str, answered: _Answered) -> Answer:
    order, at_ms, message = answered
    if message[0] == ERROR:
        return Answer(order=order, at_ms=at_ms, error=message[2])
    result = message[2]
    number = _number(result.get("transactionId"))
    accepted = _says_yes(result) if _info(result) is not None else None
    if action == "StartTransaction" and number is None and accepted is None:
        return Answer(order=order, at_ms=at_ms, error="unreadable")
    return Answer(order=order, at_ms=at_ms, name=None if number is None else str(number), accepted=accepted)


def _number(value: Json) -> int | None:
    """Lenient, as stations are: a whole float and digits in a text are a number as well; what no register holds is none."""
    number: int | None = None
    match value:
        case bool():
            pass
        case int():
            number = value
        case float() if value.is_integer():
            number = int(value)
        case str():
            with contextlib.suppress(ValueError):
                number = int(value)
        case _:
            pass
    return number if number is not None and abs(number) <= NUMBER_MAX else None


def _info(result: Mapping[str, Json]) -> Mapping[str, Json] | None:
    info = result.get("idTagInfo", result.get("idTokenInfo"))
    return info if isinstance(info, dict) and isinstance(info.get("status"), str) else None


def _says_yes(result: Mapping[str, Json]) -> bool:
    info = _info(result)
    return info is not None and info["status"] == "Accepted"


def _tag(payload: Mapping[str, Json]) -> str | None:
    token = payload.get("idToken")
    tag = token.get("idToken") if isinstance(token, dict) else payload.get("idTag", token)
    return tag if isinstance(tag, str) else None


def _shown(frame: Frame, order: int, payload: Mapping[str, Json]) -> Shown:
    coarse = "connectorStatus" in payload
    return Shown(
        order=order,
        at_ms=frame.at_ms,
        utc_ms=_time(payload.get("timestamp")),
        status=str(payload.get("connectorStatus" if coarse else "status")),
        coarse=coarse,
    )


# --- transactions -----------------------------------------------------------------------------------------------------------------


def _told(call: Call, action: str, payload: Mapping[str, Json]) -> Told:
    readings = tuple(_readings(payload))
    told = {"call": call, "tag": _tag(payload), "readings": readings, "signed": tuple(_signatures(payload))}
    common: dict[str, Json] = {**told, "own_names": False, "sequence": None, "begin_wh": None, "offline": None, "name": None}
    match action:
        case "StartTransaction":
            step, register_wh = Step.START, _number(payload.get("meterStart"))
        case "StopTransaction":
            step, register_wh = Step.STOP, _number(payload.get("meterStop"))
        case "MeterValues":
            step, register_wh = Step.SAMPLE, readings[-1].register_wh if readings else None
        case _:
            return _event(payload, common)
    if step is not Step.START:
        common["name"] = str(payload.get("transactionId"))
    utc_ms = _time(payload.get("timestamp"))
    if step is Step.SAMPLE:
        utc_ms = max((moment for value in _values(payload) if (moment := _time(value.get("timestamp"))) is not None), default=None)
    kept = ("connectorId", "idTag", "meterStart", "meterStop", "timestamp", "reason")
    core = _letters({key: payload[key] for key in kept if key in payload} | ({"at": utc_ms} if step is Step.SAMPLE else {}))
    return Told(**{**common, "step": step, "utc_ms": utc_ms, "register_wh": register_wh, "core": core})


def _event(payload: Mapping[str, Json], common: Mapping[str, Json]) -> Told:
    info = payload.get("transactionInfo")
    info = info if isinstance(info, dict) else {}
    step = STEPS.get(str(payload.get("eventType")), Step.SAMPLE)
    registers = {told: _newest(_readings(payload, told)) for told in (BEGIN, END, None)}
    core = _letters({key: value for key, value in payload.items() if key != "meterValue"})
    return Told(
        **{
            **common,
            "step": step,
            "own_names": True,
            "name": str(info.get("transactionId")),
            "sequence": _number(payload.get("seqNo")),
            "utc_ms": _time(payload.get("timestamp")),
            "register_wh": registers[BEGIN if step is Step.START else END if step is Step.STOP else None],
            "begin_wh": registers[BEGIN],
            "offline": payload.get("offline", False) is True,
            "core": core,
        }
    )


def _values(payload: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for key in ("meterValue", "transactionData"):
        values = payload.get(key)
        yield from (value for value in (values if isinstance(values, list) else []) if isinstance(value, dict))


def _samples(payload: Mapping[str, Json]) -> Iterator[tuple[int, Mapping[str, Json]]]:
    """Each sampled register, signed or not, with its time."""
    for value in _values(payload):
        utc_ms = _time(value.get("timestamp"))
        samples = value.get("sampledValue")
        for sample in samples if isinstance(samples, list) else []:
            if utc_ms is not None and isinstance(sample, dict) and sample.get("measurand", REGISTER) == REGISTER:
                yield utc_ms, sample


def _readings(payload: Mapping[str, Json], context: str | None = None) -> Iterator[Measured]:
    for utc_ms, sample in _samples(payload):
        number = None if sample.get("format") == "SignedData" else _decimal(sample.get("value"))
        if number is not None and context in {None, sample.get("context")}:
            yield Measured(utc_ms=utc_ms, register_wh=number)


def _newest(readings: Iterable[Measured]) -> int | None:
    return next(iter([one.register_wh for one in readings][::-1]), None)


def _decimal(value: Json) -> int | None:
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _signatures(payload: Mapping[str, Json]) -> Iterator[tuple[int, str]]:
    """Signed readings, byte for byte: as text in 1.6, in Base64 in 2.0.1."""
    for utc_ms, sample in _samples(payload):
        signed = sample.get("signedMeterValue")
        if sample.get("format") == "SignedData":
            yield utc_ms, str(sample.get("value"))
        elif isinstance(signed, dict):
            yield utc_ms, _decoded(str(signed.get("signedMeterData")))


def _decoded(text: str) -> str:
    """As it is where it is no Base64: then it is what nobody has signed."""
    try:
        return b64decode(text, validate=True).decode(errors="surrogatepass")
    except ValueError:
        return text


# --- what the central system says -------------------------------------------------------------------------------------------------


def _ordered(hearing: Hearing, frame: Frame, order: int, action: str, payload: Mapping[str, Json]) -> None:
    if action in CHANGES:
        hearing.changes.append(order)
    if action in SUMMONS:
        hearing.summons += 1
    for tag in _tags_sent(payload):
        hearing.accepted.append(Accepted(at_ms=frame.at_ms, key=tag_key(tag)))


def _tags_sent(payload: Mapping[str, Json]) -> Iterator[str]:
    """Tags the central system itself names: of a start from afar, or on its list."""
    own = _tag(payload)
    if own is not None:
        yield own
    listed = payload.get("localAuthorizationList")
    for entry in listed if isinstance(listed, list) else []:
        tag = _tag(entry) if isinstance(entry, dict) and _says_yes(entry) else None
        if tag is not None:
            yield tag


# --- small things -----------------------------------------------------------------------------------------------------------------


def _letters(payload: Mapping[str, Json] | Iterable[Json]) -> str:
    return json.dumps(payload, sort_keys=True, separators=(",", ":"))


def _time(text: Json) -> int | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)
