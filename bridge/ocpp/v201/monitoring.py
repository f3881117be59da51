"""Block N, variable monitoring: SetVariableMonitoring, GetMonitoringReport, SetMonitoringBase and Level, ClearVariableMonitoring. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum, unique

from bridge.core.backend import NoteRequested
from bridge.core.effects import Outcome
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Passed, Reply, Words
from bridge.ocpp.v201.inventory import Missing, find, is_meant, lookup
from bridge.ocpp.v201.monitors import MONITOR_ITEMS_MAX, MONITORS_MAX, NOTE, SEVERITY_MAX, Base, Kind, Monitor, Monitors, monitors_of
from bridge.ocpp.v201.refusals import declined, too_many
from bridge.ocpp.v201.reports import chain
from bridge.ocpp.v201.variable import Variable

_THRESHOLDS = frozenset({Kind.UPPER, Kind.LOWER})
_PERIODS = frozenset({Kind.PERIODIC, Kind.CLOCK})
_CRITERIA: Mapping[str, frozenset[Kind]] = {
    "ThresholdMonitoring": _THRESHOLDS,
    "DeltaMonitoring": frozenset({Kind.DELTA}),
    "PeriodicMonitoring": _PERIODS,
}


@unique
class Status(StrEnum):
    """SetMonitoringStatusEnumType, beside the two of `Missing`."""

    ACCEPTED = "Accepted"
    UNSUPPORTED = "UnsupportedMonitorType"
    REJECTED = "Rejected"
    DUPLICATE = "Duplicate"


def _noted(monitors: Monitors, context: Context, payload: JsonObject | None = None) -> Passed:
    event = NoteRequested(request=context.request, name=NOTE, text=monitors.noted(), **context.stamp)
    return Passed(event=event, payload=payload)


# --- N04: set ---------------------------------------------------------------------------------------------------------------------


def _set(payload: JsonObject, context: Context) -> Handled:
    items: list[JsonObject] = payload["setMonitoringData"]
    refusal = too_many(items, MONITOR_ITEMS_MAX, "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]")
    if refusal is not None:
        return refusal
    before = after = monitors_of(context.state)
    results: list[JsonObject] = []
    for item in items:
        judged = _judged(item, after, context)
        result: JsonObject = {name: item[name] for name in ("type", "severity", "component", "variable")}
        if isinstance(judged, Monitor):
            after = after.with_one(judged)
            result |= {"id": judged.id, "status": Status.ACCEPTED.value}
        else:
            result |= {"status": judged.value}
        results.append(result)
    answer: JsonObject = {"setMonitoringResult": results}
    return Reply(payload=answer) if after == before else _noted(after, context, answer)


def _judged(item: JsonObject, monitors: Monitors, context: Context) -> Monitor | Missing | Status:
    """The monitor that is wanted; or why it is not to be."""
    variable = find(item["component"], item["variable"], context.state)
    if isinstance(variable, Missing):
        return variable
    kind = Kind(item["type"])
    if not variable.observable or (kind in _THRESHOLDS and not variable.numeric):
        return Status.UNSUPPORTED
    known = monitors.find(item["id"]) if "id" in item else None
    # N04.FR.16: an id stands for a monitor on the same variable
    strange = "id" in item and (known is None or known.key != variable.key)
    full = known is None and len(monitors.active) >= MONITORS_MAX
    if strange or full or not 0 <= item["severity"] <= SEVERITY_MAX or not _in_range(variable, kind, item["value"]):
        return Status.REJECTED
    monitor = Monitor(
        id=monitors.next_id if known is None else known.id,
        key=variable.key,
        kind=kind,
        value=item["value"],
        severity=item["severity"],
        transaction=item.get("transaction", False),
    )
    return Status.DUPLICATE if any(_is_twin(monitor, other) for other in monitors.active) else monitor


def _is_twin(one: Monitor, other: Monitor) -> bool:
    """N04.FR.12: of one kind and severity there is one on a variable."""
    return one.id != other.id and (one.key, one.kind, one.severity) == (other.key, other.kind, other.severity)


def _in_range(variable: Variable, kind: Kind, value: float) -> bool:
    if kind in _THRESHOLDS:
        low, high = variable.minimum, variable.maximum
        return (low is None or low <= value) and (high is None or value <= high)
    # a change has a size and a period a length; every change of a word is told, whatever the number says
    return value > 0 if kind in _PERIODS or variable.numeric else value >= 0


# --- N02: report ------------------------------------------------------------------------------------------------------------------


def _report(payload: JsonObject, context: Context) -> Handled:
    criteria: list[str] = payload.get("monitoringCriteria", [])
    kinds = frozenset(Kind) if not criteria else frozenset().union(*(_CRITERIA[criterion] for criterion in criteria))
    data = list(_found(payload.get("componentVariable", []), kinds, context))
    if not data:
        return Reply(payload={"status": "EmptyResultSet"})
    messages = chain("NotifyMonitoringReport", "monitor", payload["requestId"], data, context)
    return Reply(payload={"status": "Accepted"}, messages=messages)


def _found(wanted: list[JsonObject], kinds: frozenset[Kind], context: Context) -> Iterator[JsonObject]:
    """A MonitoringDataType for each variable that is watched."""
    active = monitors_of(context.state).active
    for key in dict.fromkeys(monitor.key for monitor in active):
        variable = lookup(key, context.state)
        own = [_told(monitor) for monitor in active if monitor.key == key and monitor.kind in kinds]
        if own and variable is not None and (not wanted or any(is_meant(variable, one) for one in wanted)):
            yield variable.named | {"variableMonitoring": own}


def _told(monitor: Monitor) -> JsonObject:
    """A VariableMonitoringType."""
    return {
        "id": monitor.id,
        "transaction": monitor.transaction,
        "value": monitor.value,
        "type": monitor.kind.value,
        "severity": monitor.severity,
    }


# --- N03, N05, N06: base, level, clear --------------------------------------------------------------------------------------------


def _set_base(payload: JsonObject, context: Context) -> Handled:
    return _noted(monitors_of(context.state).based(Base(payload["monitoringBase"])), context)


def _set_level(payload: JsonObject, context: Context) -> Handled:
    level: int = payload["severity"]
    if not 0 <= level <= SEVERITY_MAX:
        return declined("ValueOutOfRange")
    return _noted(replace(monitors_of(context.state), level=level), context)


def _clear(payload: JsonObject, context: Context) -> Handled:
    ids: list[int] = payload["id"]
    refusal = too_many(ids, MONITOR_ITEMS_MAX, "MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]")
    if refusal is not None:
        return refusal
    before = after = monitors_of(context.state)
    results: list[JsonObject] = []
    for id_ in ids:
        results.append({"id": id_, "status": "NotFound" if after.find(id_) is None else "Accepted"})
        after = after.without(id_)
    answer: JsonObject = {"clearMonitoringResult": results}
    return Reply(payload=answer) if after == before else _noted(after, context, answer)


HANDLERS: Mapping[str, Handler] = {
    "SetVariableMonitoring": _set,
    "GetMonitoringReport": _report,
    "SetMonitoringBase": _set_base,
    "SetMonitoringLevel": _set_level,
    "ClearVariableMonitoring": _clear,
}
_YES = frozenset({Outcome.ACCEPTED})
ANSWERS: Mapping[str, Words] = {
    # where the answer is more than a word the handler has it ready
    "SetVariableMonitoring": (_YES, "Rejected"),
    "SetMonitoringBase": (_YES, "Rejected"),
    "SetMonitoringLevel": (_YES, "Rejected"),
    "ClearVariableMonitoring": (_YES, "Rejected"),
}
VARIABLES: tuple[Variable, ...] = ()
"""Those of MonitoringCtrlr stand with the other extras (`bridge.ocpp.v201.extras`)."""
