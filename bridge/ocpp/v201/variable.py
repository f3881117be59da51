"""A variable of the device model (OCPP 2.0.1 part 1 §4, part 2 §2): what it is, where its value comes from, who may write it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, unique

from bridge.core.state import State
from bridge.ocpp.dialect import Context


@unique
class DataType(StrEnum):
    """DataEnumType."""

    STRING = "string"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE_TIME = "dateTime"
    BOOLEAN = "boolean"
    OPTION_LIST = "OptionList"
    """One of `items`."""
    SEQUENCE_LIST = "SequenceList"
    """Several of `items`, the order counts."""
    MEMBER_LIST = "MemberList"
    """Several of `items`."""


@unique
class Mutability(StrEnum):
    """MutabilityEnumType."""

    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"
    READ_WRITE = "ReadWrite"


def _always(_state: State) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of one component. Names are compared without regard to case (P2 §2)."""

    component: str
    name: str
    doc: str
    """One sentence for the README."""
    type: DataType
    instance: str | None = None
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    field: str | None = None
    """Of `Settings`: read from there and, where it is writable, changed there."""
    value: Callable[[Context], str] | None = None
    """Where there is no field: how it is read."""
    mutability: Mutability = Mutability.READ_ONLY
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    items: tuple[str, ...] = ()
    """What a list may hold (valuesList)."""
    reboot: bool = False
    """A change is in force after a restart of the station."""
    monitored: bool = False
    """Supports variable monitoring."""
    available: Callable[[State], bool] = _always
    """Whether this charge point has it."""
