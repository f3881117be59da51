"""The device model's table of what there is: the station, its EVSE and its connector. Pure."""

from collections.abc import Callable
from math import isfinite

from bridge.core.hardware import is_faulted
from bridge.core.settings import Cable
from bridge.core.status import station_status
from bridge.ocpp.dialect import Context
from bridge.ocpp.v201.availability import connector_status
from bridge.ocpp.v201.evse import CONNECTOR, EVSE
from bridge.ocpp.v201.variable import DataType, Variable

STATES = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")
"""ConnectorStatus."""
PLUGS = {Cable.FIXED: "cType2", Cable.SOCKET: "sType2"}
"""IEC 62196-2 type 2, as ConnectorEnum writes it: with a cable of the station's own, or a socket."""
_STATION = "ChargingStation"


def connector_state(context: Context) -> str:
    """What StatusNotification says of the connector."""
    return connector_status(context.state)


def station_state(context: Context) -> str:
    """What it is told of the station as a whole."""
    return station_status(context.state).value


def _problem(context: Context) -> str:
    return "true" if is_faulted(context.state.hardware) else "false"


def _phases(context: Context) -> str:
    return str(context.state.rules.phases)


def _power(context: Context) -> str:
    power_w = context.state.meter.power_w
    # by way of `round`: a hair below zero is no "-0"
    return str(round(power_w)) if power_w is not None and isfinite(power_w) else "0"


def _at(name: str, place: tuple[str, int | None, int | None], kind: DataType, value: Callable[[Context], str], doc: str) -> Variable:
    component, evse, connector = place
    items = STATES if kind is DataType.OPTION_LIST else ()
    return Variable(
        component=component, evse=evse, connector=connector, name=name, type=kind, items=items, value=value, monitored=True, doc=doc
    )


def _everywhere(place: tuple[str, int | None, int | None], state: Callable[[Context], str]) -> tuple[Variable, ...]:
    return (
        _at("Available", place, DataType.BOOLEAN, lambda _context: "true", "It is there."),
        _at("AvailabilityState", place, DataType.OPTION_LIST, state, "What it is doing, as the central system is told."),
        _at("Problem", place, DataType.BOOLEAN, _problem, "The hardware has a fault."),
        _at("SupplyPhases", place, DataType.INTEGER, _phases, "Phases it is connected to."),
    )


def _nameplate(name: str, read: Callable[[Context], str | None], doc: str) -> Variable:
    return Variable(component=_STATION, name=name, type=DataType.STRING, value=lambda context: read(context) or "", doc=doc)


EQUIPMENT: tuple[Variable, ...] = (
    *_everywhere((_STATION, None, None), station_state),
    _nameplate("Model", lambda context: context.nameplate.model, "As configured."),
    _nameplate("VendorName", lambda context: context.nameplate.vendor, "As configured."),
    _nameplate("SerialNumber", lambda context: context.nameplate.serial, "As configured."),
    _nameplate("FirmwareVersion", lambda context: context.nameplate.firmware, "As configured."),
    *_everywhere(("EVSE", EVSE, None), connector_state),
    Variable(
        component="EVSE",
        evse=EVSE,
        name="Power",
        type=DataType.DECIMAL,
        unit="W",
        value=_power,
        monitored=True,
        minimum=0,
        ceiling=lambda state: state.rules.max_power_w,
        doc="What flows; its limit is what the hardware can deliver.",
    ),
    *_everywhere(("Connector", EVSE, CONNECTOR), connector_state),
    Variable(
        component="Connector",
        evse=EVSE,
        connector=CONNECTOR,
        name="ConnectorType",
        type=DataType.STRING,
        value=lambda context: PLUGS[context.state.rules.cable],
        doc="cType2 with a fixed cable, else sType2.",
    ),
)
