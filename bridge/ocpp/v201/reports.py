"""Block B, reports of the device model: GetBaseReport, GetReport, and the NotifyReport that follow. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Outgoing, Reply
from bridge.ocpp.times import as_iso
from bridge.ocpp.v201.inventory import inventory, is_meant
from bridge.ocpp.v201.refusals import too_many
from bridge.ocpp.v201.variable import REPORT_MAX, DataType, Mutability, Variable
from bridge.ocpp.v201.variables import ITEMS_MAX

PART_ITEMS = 25
"""Variables of one NotifyReport: about 10 KB, which every central system takes."""

_LISTS = frozenset({DataType.OPTION_LIST, DataType.SEQUENCE_LIST, DataType.MEMBER_LIST})


# --- which variables --------------------------------------------------------------------------------------------------------------


def _is_summary(variable: Variable, context: Context) -> bool:
    """What can be charged at, and what is wrong (B07, SummaryInventory)."""
    return variable.name == "AvailabilityState" or (variable.name == "Problem" and variable.text(context) == "true")


_BASES: Mapping[str, Callable[[Variable, Context], bool]] = {
    "ConfigurationInventory": lambda variable, _context: variable.writable,
    "FullInventory": lambda _variable, _context: True,
    "SummaryInventory": _is_summary,
}


def _get_base_report(payload: JsonObject, context: Context) -> Handled:
    chosen = _BASES[payload["reportBase"]]
    return _report(payload["requestId"], [variable for variable in inventory(context.state) if chosen(variable, context)], context)


def _get_report(payload: JsonObject, context: Context) -> Handled:
    criteria: list[str] = payload.get("componentCriteria", [])
    wanted: list[JsonObject] = payload.get("componentVariable", [])
    # each of them is held against each variable: some thousands would keep everybody waiting for seconds
    refusal = too_many(wanted, ITEMS_MAX, "DeviceDataCtrlr.ItemsPerMessage[GetReport]")
    if refusal is not None:
        return refusal
    everything = inventory(context.state)
    chosen = [
        variable
        for variable in everything
        if (not wanted or any(is_meant(variable, one) for one in wanted)) and _fits(variable, criteria, everything, context)
    ]
    return _report(payload["requestId"], chosen, context)


def _fits(variable: Variable, criteria: Iterable[str], everything: Iterable[Variable], context: Context) -> bool:
    """Whether its component meets any of the criteria.

    B08.FR.07 to .10: a component without the variable Active, Available or Enabled counts as if it were true; one without Problem has none.
    """
    own = {other.name: other for other in everything if other.key[:4] == variable.key[:4] and other.instance is None}
    told = [own[name].text(context) == "true" if name in own else name != "Problem" for name in criteria]
    return not told or any(told)


# --- how they are told ------------------------------------------------------------------------------------------------------------


def _report(request: int, variables: Sequence[Variable], context: Context) -> Reply:
    if not variables:
        return Reply(payload={"status": "EmptyResultSet"})
    data = [report_data(variable, context) for variable in variables]
    return Reply(payload={"status": "Accepted"}, messages=chain("NotifyReport", "reportData", request, data, context))


def chain(action: str, name: str, request: int, data: Sequence[JsonObject], context: Context) -> tuple[Outgoing, ...]:
    """A report in parts, numbered from 0; all but the last say that more is to come."""
    parts = [data[first : first + PART_ITEMS] for first in range(0, len(data), PART_ITEMS)]
    generated = as_iso(context.stamp["at"].utc_ms)
    return tuple(
        Outgoing(
            action,
            {"requestId": request, "generatedAt": generated, "seqNo": number, "tbc": number + 1 < len(parts), name: list(part)},
        )
        for number, part in enumerate(parts)
    )


def report_data(variable: Variable, context: Context) -> JsonObject:
    """A ReportDataType."""
    attribute: JsonObject = {"type": "Actual", "mutability": variable.mutability.value, "persistent": variable.field is not None}
    if variable.mutability is not Mutability.WRITE_ONLY:
        attribute["value"] = variable.text(context)[:REPORT_MAX]
    characteristics: JsonObject = {"dataType": variable.type.value, "supportsMonitoring": variable.observable}
    optional = {
        "unit": variable.unit,
        # of a text and a list it is the length that is limited, which is told elsewhere
        "minLimit": variable.minimum if variable.numeric else None,
        "maxLimit": variable.maximum if variable.numeric or variable.type is DataType.STRING else None,
        "valuesList": ",".join(variable.items) if variable.type in _LISTS else None,
    }
    characteristics |= {name: value for name, value in optional.items() if value is not None}
    return variable.named | {"variableAttribute": [attribute], "variableCharacteristics": characteristics}


HANDLERS: Mapping[str, Handler] = {"GetBaseReport": _get_base_report, "GetReport": _get_report}
