"""The device model's table of what goes beyond Core: one component for each profile, where this charge point has it. Pure."""

from collections.abc import Callable
from dataclasses import replace

from bridge.core.local_list import LIST_MAX, UPDATE_MAX
from bridge.core.messages import MESSAGES_MAX
from bridge.core.profiles import PERIODS_MAX, PROFILES_MAX, STACK_LEVEL_MAX
from bridge.core.settings import Ability
from bridge.core.state import State
from bridge.ocpp.dialect import Context
from bridge.ocpp.v201.monitors import MONITOR_ITEMS_MAX, SEVERITY_MAX, Base, monitors_of
from bridge.ocpp.v201.variable import DataType, Mutability, Variable
from bridge.ocpp.v201.variables import boolean, constant, integer, limits, present, text

LIST_BYTES_MAX = 262_144
"""BytesPerMessage of SendLocalList: `UPDATE_MAX` tags with their groups."""
FALLBACK_MAX = 255
"""Of a text about prices: a display line or two (P2 §2.11 allows 255)."""
_LIST, _RESERVATION, _SMART, _DISPLAY = "LocalAuthListCtrlr", "ReservationCtrlr", "SmartChargingCtrlr", "DisplayMessageCtrlr"
_TARIFF, _MONITORING = "TariffCostCtrlr", "MonitoringCtrlr"


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

RESERVATIONS: tuple[Variable, ...] = (
    present(_RESERVATION, "Reservations."),
    boolean(_RESERVATION, "Enabled", "reservations_enabled", "Reservations are taken."),
    _yes(_RESERVATION, "NonEvseSpecific", "So are those that name no EVSE."),
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
        doc="A change of the limit on site that is worth telling.",
    ),
    constant(_SMART, "PeriodsPerSchedule", str(PERIODS_MAX), "Most periods of one schedule."),
    constant(_SMART, "ProfileStackLevel", str(STACK_LEVEL_MAX), "Highest stack level."),
    _words(_SMART, "RateUnit", "What limits may be in.", items=("A", "W")),
)

DISPLAY = _where(
    _has_display,
    present(_DISPLAY, "Texts on the display."),
    _yes(_DISPLAY, "Enabled", "Likewise."),
    _count(_DISPLAY, "DisplayMessages", MESSAGES_MAX, lambda context: len(context.state.kept.messages), "Texts that are kept."),
    _words(_DISPLAY, "SupportedFormats", "What they may be written in.", items=("ASCII", "HTML", "URI", "UTF8")),
    _words(_DISPLAY, "SupportedPriorities", "How urgent they may be.", items=("AlwaysFront", "InFront", "NormalCycle")),
)

TARIFF: tuple[Variable, ...] = (
    present(_TARIFF, "What a transaction costs is passed on to the site.", instance="Cost"),
    _yes(_TARIFF, "Enabled", "Likewise.", instance="Cost"),
    *_where(
        _has_display,
        present(_TARIFF, "Prices are shown.", instance="Tariff"),
        _yes(_TARIFF, "Enabled", "Likewise.", instance="Tariff"),
    ),
    Variable(
        component=_TARIFF,
        name="Currency",
        type=DataType.STRING,
        value=lambda context: context.state.rules.currency,
        doc="As configured, by ISO 4217.",
    ),
    text(_TARIFF, "TariffFallbackMessage", "tariff_fallback", "Shown where no price is known; kept and reported.", longest=FALLBACK_MAX),
    text(_TARIFF, "TotalCostFallbackMessage", "cost_fallback", "Shown where no cost is known; kept and reported.", longest=FALLBACK_MAX),
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

EXTRAS: tuple[Variable, ...] = (*LISTS, *RESERVATIONS, *SMART_CHARGING, *DISPLAY, *TARIFF, *MONITORING)
