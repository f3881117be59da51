"""The device model's table of what goes beyond Core: one component for each profile, where this charge point has it. Pure.

Reservations, displays and costs have their rows with their blocks.
"""

from collections.abc import Callable
from dataclasses import replace

from bridge.core.local_list import LIST_MAX, UPDATE_MAX
from bridge.core.profiles import PERIODS_MAX, PROFILES_MAX, STACK_LEVEL_MAX
from bridge.core.settings import Ability
from bridge.core.state import State
from bridge.ocpp.dialect import Context
from bridge.ocpp.v201.monitors import MONITOR_ITEMS_MAX, SEVERITY_MAX, Base, monitors_of
from bridge.ocpp.v201.variable import DataType, Mutability, Variable
from bridge.ocpp.v201.variables import boolean, constant, integer, limits, present

LIST_BYTES_MAX = 262_144
"""BytesPerMessage of SendLocalList: `UPDATE_MAX` tags with their groups."""
_LIST, _SMART, _TARIFF, _MONITORING = "LocalAuthListCtrlr", "SmartChargingCtrlr", "TariffCostCtrlr", "MonitoringCtrlr"


def _is_smart(state: State) -> bool:
    return state.rules.smart_charging


def _has_display(state: State) -> bool:
    return Ability.DISPLAY in state.rules.can


def _where(available: Callable[[State], bool], *variables: Variable) -> tuple[Variable, ...]:
    """These, on charge points of this sort."""
    return tuple(replace(variable, available=available) for variable in variables)


def _yes(component: str, name: str, doc: str, *, instance: str | None = None) -> Variable:
    return constant(component, name, "true", doc, type_=DataType.BOOLEAN, instance=instance)


def _count(component: str, name: str, most: int, read: Callable[[Context], int], doc: str, *, instance: str | None = None) -> Variable:
    """How many there are, and how many there may be."""
    return Variable(
        component=component,
        name=name,
        instance=instance,
        type=DataType.INTEGER,
        minimum=0,
        maximum=most,
        value=lambda context: str(read(context)),
        monitored=True,
        doc=doc,
    )


def _words(component: str, name: str, doc: str, *, items: tuple[str, ...]) -> Variable:
    value = ",".join(items)
    return Variable(component=component, name=name, type=DataType.MEMBER_LIST, items=items, value=lambda _context: value, doc=doc)


LISTS: tuple[Variable, ...] = (
    present(_LIST, "The local authorization list."),
    boolean(_LIST, "Enabled", "list_enabled", "Use the list the central system sent."),
    _count(_LIST, "Entries", LIST_MAX, lambda context: context.list_size(), "Tags on the list."),
    constant(_LIST, "ItemsPerMessage", str(UPDATE_MAX), "Most tags of one SendLocalList."),
    constant(_LIST, "BytesPerMessage", str(LIST_BYTES_MAX), "Longest SendLocalList."),
    boolean(_LIST, "DisablePostAuthorize", "list_final", "Don't ask the central system about a tag that the list refuses."),
)

SMART_CHARGING = _where(
    _is_smart,
    present(_SMART, "Charging profiles, below what energy management allows."),
    _yes(_SMART, "Enabled", "Likewise."),
    _count(
        _SMART, "Entries", PROFILES_MAX, lambda context: len(context.state.kept.profiles), "Charging profiles.", instance="ChargingProfiles"
    ),
    Variable(
        component=_SMART,
        name="LimitChangeSignificance",
        type=DataType.DECIMAL,
        field="limit_change_percent",
        mutability=Mutability.READ_WRITE,
        unit="Percent",
        minimum=0,
        maximum=100,
        doc="A change of what a charging vehicle may draw that is worth telling.",
    ),
    constant(_SMART, "PeriodsPerSchedule", str(PERIODS_MAX), "Most periods of one schedule."),
    constant(_SMART, "ProfileStackLevel", str(STACK_LEVEL_MAX), "Highest stack level."),
    _words(_SMART, "RateUnit", "What limits may be in.", items=("A", "W")),
)

TARIFF = _where(
    # the rest of TariffCostCtrlr is block I's own (`bridge.ocpp.v201.tariff`)
    _has_display,
    present(_TARIFF, "Prices are shown.", instance="Tariff"),
    _yes(_TARIFF, "Enabled", "Likewise.", instance="Tariff"),
)

MONITORING: tuple[Variable, ...] = (
    present(_MONITORING, "Monitoring of variables."),
    _yes(_MONITORING, "Enabled", "Likewise."),
    Variable(
        component=_MONITORING,
        name="ActiveMonitoringBase",
        type=DataType.OPTION_LIST,
        items=tuple(base.value for base in Base),
        value=lambda context: monitors_of(context.state).base.value,
        doc="What SetMonitoringBase said last.",
    ),
    Variable(
        component=_MONITORING,
        name="ActiveMonitoringLevel",
        type=DataType.INTEGER,
        minimum=0,
        maximum=SEVERITY_MAX,
        value=lambda context: str(monitors_of(context.state).level),
        doc="Less severe events are not told.",
    ),
    integer(
        _MONITORING,
        "OfflineQueuingSeverity",
        "offline_severity",
        "Up to this severity, events wait for the central system.",
        unit=None,
        maximum=SEVERITY_MAX,
    ),
    *limits(_MONITORING, "SetVariableMonitoring", items=MONITOR_ITEMS_MAX),
    *limits(_MONITORING, "ClearVariableMonitoring", items=MONITOR_ITEMS_MAX),
)

EXTRAS: tuple[Variable, ...] = (*LISTS, *SMART_CHARGING, *TARIFF, *MONITORING)
