"""The device model as a whole: the tables of all blocks in one, and what a charge point has of it. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum, unique
from itertools import groupby

from bridge.core.state import State
from bridge.ocpp.dialect import JsonObject
from bridge.ocpp.v201 import (
    authorization,
    availability,
    data_transfer,
    diagnostics,
    display,
    firmware,
    local_list,
    metering,
    provisioning,
    remote_control,
    reservation,
    smart_charging,
    tariff,
    transactions,
)
from bridge.ocpp.v201.equipment import EQUIPMENT
from bridge.ocpp.v201.extras import EXTRAS
from bridge.ocpp.v201.variable import Key, Variable
from bridge.ocpp.v201.variables import VARIABLES

BLOCKS = (
    provisioning,
    authorization,
    local_list,
    transactions,
    remote_control,
    availability,
    reservation,
    tariff,
    metering,
    smart_charging,
    firmware,
    diagnostics,
    display,
    data_transfer,
)


@unique
class Missing(StrEnum):
    """Why there is no such variable."""

    COMPONENT = "UnknownComponent"
    VARIABLE = "UnknownVariable"


def _merged() -> tuple[Variable, ...]:
    """Every row, sorted as people look for it. What a block says of its own variable counts, with all rows it has of it."""
    own = [variable for block in BLOCKS for variable in block.VARIABLES]
    taken = {variable.key for variable in own}
    general = [variable for variable in (*VARIABLES, *EQUIPMENT, *EXTRAS) if variable.key not in taken]
    return tuple(sorted((*own, *general), key=_place))


def _place(variable: Variable) -> tuple[str, str, int, int, str, str]:
    return (
        variable.component,
        variable.component_instance or "",
        variable.evse or 0,
        variable.connector or 0,
        variable.name,
        variable.instance or "",
    )


EVERYTHING: tuple[Variable, ...] = _merged()
"""Every variable that a charge point of some sort has."""
_ROWS: Mapping[Key, tuple[Variable, ...]] = {
    key: tuple(rows) for key, rows in groupby(sorted(EVERYTHING, key=_place), key=lambda variable: variable.key)
}


def inventory(state: State) -> tuple[Variable, ...]:
    """What this charge point has."""
    return tuple(_fitted(variable, state) for variable in EVERYTHING if variable.available(state))


def lookup(key: Key, state: State) -> Variable | None:
    """A variable by its key."""
    return next((_fitted(variable, state) for variable in _ROWS.get(key, ()) if variable.available(state)), None)


def find(component: JsonObject, variable: JsonObject, state: State) -> Variable | Missing:
    """The variable that a ComponentType and a VariableType mean; names in any case (P2 §2.12)."""
    key = key_of(component, variable)
    found = lookup(key, state)
    if found is not None:
        return found
    return Missing.VARIABLE if any(other.key[:4] == key[:4] for other in inventory(state)) else Missing.COMPONENT


def key_of(component: JsonObject, variable: JsonObject) -> Key:
    """What a ComponentType and a VariableType mean."""
    evse = component.get("evse", {})
    return (
        component["name"].lower(),
        _lower(component.get("instance")),
        evse.get("id"),
        evse.get("connectorId"),
        variable["name"].lower(),
        _lower(variable.get("instance")),
    )


def is_meant(variable: Variable, wanted: JsonObject) -> bool:
    """Whether a ComponentVariableType means it: what it leaves out, matches anything (B08.FR.20 and following)."""
    component, name = wanted["component"], wanted.get("variable")
    evse = component.get("evse", {})
    asked = (
        (component["name"].lower(), variable.key[0]),
        (_lower(component.get("instance")), variable.key[1]),
        (evse.get("id"), variable.key[2]),
        (evse.get("connectorId"), variable.key[3]),
        (None if name is None else name["name"].lower(), variable.key[4]),
        (None if name is None else _lower(name.get("instance")), variable.key[5]),
    )
    return all(want is None or want == have for want, have in asked)


def _fitted(variable: Variable, state: State) -> Variable:
    """With the limits of this charge point."""
    return variable if variable.ceiling is None else replace(variable, maximum=variable.ceiling(state))


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
