"""Block B, the device model: GetVariables, SetVariables, and the configuration's table of first values. Pure.

Reports are in `reports`, what there is in `inventory`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from enum import StrEnum, unique
from typing import TypeAlias

from bridge.clock import Stamp
from bridge.core.backend import SettingsChangeRequested
from bridge.core.effects import Outcome
from bridge.core.settings import Rules, Settings
from bridge.core.state import State
from bridge.core.values import ChargePointId, Instant, Person, RequestId, SessionId
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Nameplate, Passed, Reply, Words
from bridge.ocpp.v201 import reports
from bridge.ocpp.v201.inventory import EVERYTHING, Missing, find
from bridge.ocpp.v201.refusals import too_many
from bridge.ocpp.v201.variable import REPORT_MAX, Mutability, Setting, Variable
from bridge.ocpp.v201.variables import ITEMS_MAX

_ACTUAL = "Actual"
_Change: TypeAlias = tuple[str, Setting]


@unique
class Status(StrEnum):
    """Of GetVariables and SetVariables, beside the two of `Missing`."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    NO_ATTRIBUTE = "NotSupportedAttributeType"
    REBOOT = "RebootRequired"


def _because(status: Status | Missing, reason: str) -> JsonObject:
    return {"attributeStatus": status.value, "attributeStatusInfo": {"reasonCode": reason}}


# --- GetVariables -----------------------------------------------------------------------------------------------------------------


def _get_variables(payload: JsonObject, context: Context) -> Handled:
    items: list[JsonObject] = payload["getVariableData"]
    return too_many(items, ITEMS_MAX, "DeviceDataCtrlr.ItemsPerMessage[GetVariables]") or Reply(
        payload={"getVariableResult": [_got(item, context) for item in items]}
    )


def _got(item: JsonObject, context: Context) -> JsonObject:
    return _echoed(item) | _read(item, context)


def _read(item: JsonObject, context: Context) -> JsonObject:
    variable = find(item["component"], item["variable"], context.state)
    if isinstance(variable, Missing):
        return {"attributeStatus": variable.value}
    if item.get("attributeType", _ACTUAL) != _ACTUAL:
        return {"attributeStatus": Status.NO_ATTRIBUTE.value}
    if variable.mutability is Mutability.WRITE_ONLY:
        # B06.FR.09: "WriteOnly" is answered with Rejected
        return _because(Status.REJECTED, "WriteOnly")
    return {"attributeStatus": Status.ACCEPTED.value, "attributeValue": variable.text(context)[:REPORT_MAX]}


def _echoed(item: JsonObject) -> JsonObject:
    """Names as they came."""
    return {
        "attributeType": item.get("attributeType", _ACTUAL),
        "component": _without_custom(item["component"]),
        "variable": _without_custom(item["variable"]),
    }


def _without_custom(part: JsonObject) -> JsonObject:
    kept = {name: value for name, value in part.items() if name != "customData"}
    if "evse" in kept:
        kept["evse"] = {name: value for name, value in kept["evse"].items() if name != "customData"}
    return kept


# --- SetVariables -----------------------------------------------------------------------------------------------------------------


def _set_variables(payload: JsonObject, context: Context) -> Handled:
    items: list[JsonObject] = payload["setVariableData"]
    refusal = too_many(items, ITEMS_MAX, "DeviceDataCtrlr.ItemsPerMessage[SetVariables]")
    if refusal is not None:
        return refusal
    told = [(_echoed(item), _written(item, context)) for item in items]
    changes = tuple(written for _, written in told if isinstance(written, tuple))
    results = [echo | (written[1] if isinstance(written, tuple) else written) for echo, written in told]
    answer = {"setVariableResult": results}
    if not changes:
        return Reply(payload=answer)
    event = SettingsChangeRequested(request=context.request, changes=tuple(change for change, _ in changes), **context.stamp)
    return Passed(event=event, payload=answer)


def _written(item: JsonObject, context: Context) -> tuple[_Change, JsonObject] | JsonObject:
    """What is to change, and what is said then; or why nothing is."""
    variable = find(item["component"], item["variable"], context.state)
    if isinstance(variable, Missing):
        return {"attributeStatus": variable.value}
    if item.get("attributeType", _ACTUAL) != _ACTUAL:
        return {"attributeStatus": Status.NO_ATTRIBUTE.value}
    if not variable.writable or variable.field is None:
        return _because(Status.REJECTED, "ReadOnly")
    try:
        value = variable.parse(item["attributeValue"])
    except ValueError:
        return _because(Status.REJECTED, "PropertyConstraint")
    reason = variable.refusal(context.state, value)
    if reason is not None:
        return _because(Status.REJECTED, reason)
    return (variable.field, value), {"attributeStatus": (Status.REBOOT if variable.reboot else Status.ACCEPTED).value}


# --- configuration ----------------------------------------------------------------------------------------------------------------


_BY_TITLE: Mapping[str, Variable] = {variable.title.lower(): variable for variable in reversed(EVERYTHING) if variable.field is not None}
_KNOWN: Mapping[str, Variable] = {variable.title.lower(): variable for variable in EVERYTHING}


def initial(variables: Mapping[str, str | int | bool], *, base: Settings) -> Settings:
    """Settings from the configuration's table. Raises ValueError with all problems, one a line, each with its key and what is allowed."""
    changes: dict[str, Setting] = {}
    problems: list[str] = []
    for name, given in variables.items():
        variable = _BY_TITLE.get(name.lower())
        if variable is not None and variable.field is not None:
            try:
                changes[variable.field] = variable.parse(_as_text(given))
            except ValueError as error:
                problems.append(str(error))
        elif name.lower() in _KNOWN:
            problems.append(f"{_KNOWN[name.lower()].title} can't be changed")
        else:
            problems.append(_unknown(name))
    if problems:
        raise ValueError("\n".join(problems))
    return replace(base, **changes)  # type: ignore[arg-type]  # each variable parses to the type of its field; a test compares them


def _as_text(given: str | int | bool) -> str:  # noqa: FBT001 - TOML has booleans
    return str(given).lower() if isinstance(given, bool) else str(given)


def _unknown(name: str) -> str:
    near = get_close_matches(name.lower(), _BY_TITLE, n=1)
    alone = [variable.title for title, variable in _BY_TITLE.items() if title.partition(".")[2] == name.lower()]
    hint = f"did you mean {alone[0] if alone else _BY_TITLE[near[0]].title}?" if alone or near else "the README lists them all"
    return f"{name} is no variable of OCPP 2.0.1 that the bridge has: {hint}"


# --- README -----------------------------------------------------------------------------------------------------------------------


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """The README's table: name, access, allowed values, default, meaning."""
    seen: set[str] = set()
    for variable in EVERYTHING:
        if variable.title not in seen:
            seen.add(variable.title)
            default = "" if variable.field is None else variable.text(_FRESH)
            yield variable.title, "RW" if variable.writable else "R", variable.allowed if variable.writable else "", default, variable.doc


_FRESH = Context(
    state=State(
        rules=Rules(charge_point=ChargePointId(""), backend=None),
        settings=Settings(),
        base=Settings(),
        now=Instant(mono_s=0, utc_ms=0),
    ),
    stamp=Stamp(at=Instant(mono_s=0, utc_ms=0), fresh=SessionId("")),
    request=RequestId(""),
    registration=None,
    person=lambda tag: Person(tag=tag),
    known=lambda _tag: None,
    nameplate=Nameplate(vendor="", model=""),
)
"""A charge point as it comes out of its box."""

HANDLERS: Mapping[str, Handler] = {
    "GetVariables": _get_variables,
    "SetVariables": _set_variables,
    **reports.HANDLERS,
}
ANSWERS: Mapping[str, Words] = {
    # the handler has the answer ready; without the core's yes there is no result at all
    "SetVariables": (frozenset({Outcome.ACCEPTED}), "Rejected"),
}
VARIABLES: tuple[Variable, ...] = ()
"""All of them stand in `variables`, `equipment` and `extras`."""
