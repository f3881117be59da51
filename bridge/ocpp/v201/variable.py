"""A variable of the device model (OCPP 2.0.1 part 1 §4, part 2 §2): what it is, where its value comes from, who may write it. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import TypeAlias, assert_never

from bridge.core.state import State
from bridge.ocpp.dialect import Context, JsonObject
from bridge.ocpp.times import from_iso

Setting: TypeAlias = bool | int | str | tuple[str, ...]

TEXT_MAX = 1000
"""ConfigurationValueSize: what SetVariables can carry (OCPP 2.0.1 part 2 §1.27)."""
REPORT_MAX = 2500
"""ReportingValueSize: what GetVariables can carry."""
Key: TypeAlias = tuple[str, str | None, int | None, int | None, str, str | None]
"""What tells variables apart, in lower case: component, its instance, EVSE, connector, variable, its instance."""


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


def _never_refused(_state: State, _value: Setting) -> str | None:
    return None


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
    negated: bool = False
    """True means that the field, a boolean, is false."""
    minimum: float | None = None
    maximum: float | None = None
    items: tuple[str, ...] = ()
    """What a list may hold (valuesList)."""
    ceiling: Callable[[State], float] | None = None
    """The maximum, where it depends on the charge point."""
    refusal: Callable[[State, Setting], str | None] = _never_refused
    """Why a value that is allowed can't be taken now (a reason code of part 2, appendix 5); None: it can."""
    reboot: bool = False
    """A change is in force after a restart of the station."""
    monitored: bool = False
    """Supports variable monitoring."""
    available: Callable[[State], bool] = _always
    """Whether this charge point has it."""

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return (
            self.component.lower(),
            _lower(self.component_instance),
            self.evse,
            self.connector,
            self.name.lower(),
            _lower(self.instance),
        )

    @property
    def writable(self) -> bool:
        """Whether SetVariables may change it."""
        return self.mutability is not Mutability.READ_ONLY

    @property
    def numeric(self) -> bool:
        """Whether it has more and less."""
        return self.type in {DataType.INTEGER, DataType.DECIMAL}

    @property
    def observable(self) -> bool:
        """Supports variable monitoring; whatever the central system can change can be monitored."""
        return self.monitored or self.field is not None

    def text(self, context: Context) -> str:
        """Its value as OCPP 2.0.1 writes it; nothing of what may only be written."""
        if self.mutability is Mutability.WRITE_ONLY:
            return ""
        if self.value is not None:
            return self.value(context)
        assert self.field is not None, self
        return self.spelled(getattr(context.state.settings, self.field))

    def spelled(self, setting: Setting) -> str:
        """A setting as OCPP 2.0.1 writes it."""
        match setting:
            case bool():
                return "true" if setting is not self.negated else "false"
            case tuple():
                return ",".join(setting)
            case _:
                return str(setting)

    def parse(self, text: str) -> Setting:
        """Read a value for its field. Raises ValueError that says what is allowed."""
        return _PARSERS[self.type](self, text)

    @property
    def title(self) -> str:
        """As the configuration names it: `TxCtrlr.EVConnectionTimeOut`, `OCPPCommCtrlr.MessageAttempts[TransactionEvent]`."""
        component = self.component + (f"[{self.component_instance}]" if self.component_instance is not None else "")
        return f"{component}.{self.name}" + (f"[{self.instance}]" if self.instance is not None else "")

    @property
    def allowed(self) -> str:
        """What may be written, in words."""
        match self.type:
            case DataType.BOOLEAN:
                return "true or false"
            case DataType.OPTION_LIST:
                return "one of " + ", ".join(self.items)
            case DataType.SEQUENCE_LIST | DataType.MEMBER_LIST:
                return "a comma-separated list of " + ", ".join(self.items)
            case DataType.DATE_TIME:
                return "a time as 2030-01-31T12:00:00Z"
            case DataType.STRING:
                return f"a text of at most {_longest(self)} characters"
            case DataType.INTEGER | DataType.DECIMAL:
                kind = "a whole number" if self.type is DataType.INTEGER else "a number"
                unit = f" {self.unit}" if self.unit is not None else ""
                return kind + _range(self.minimum, self.maximum) + unit
            case _:
                assert_never(self.type)

    @property
    def named(self) -> JsonObject:
        """Component and variable as OCPP writes them."""
        component: JsonObject = {"name": self.component}
        if self.component_instance is not None:
            component["instance"] = self.component_instance
        if self.evse is not None:
            component["evse"] = {"id": self.evse}
            if self.connector is not None:
                component["evse"]["connectorId"] = self.connector
        variable: JsonObject = {"name": self.name}
        if self.instance is not None:
            variable["instance"] = self.instance
        return {"component": component, "variable": variable}


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is None:
        return "" if maximum is None else f" up to {maximum:.10g}"
    return f" from {minimum:.10g}" if maximum is None else f" from {minimum:.10g} to {maximum:.10g}"


def _longest(variable: Variable) -> int:
    return TEXT_MAX if variable.maximum is None else int(variable.maximum)


def _refused(variable: Variable) -> ValueError:
    return ValueError(f"{variable.title} is {variable.allowed}")


def _parse_boolean(variable: Variable, text: str) -> Setting:
    word = text.strip().lower()
    if word not in {"true", "false"}:
        raise _refused(variable)
    return (word == "true") is not variable.negated


def _parse_integer(variable: Variable, text: str) -> Setting:
    # `int` alone also takes "1_000", Arabic digits and a megabyte of nines
    if re.fullmatch(r"[+-]?[0-9]{1,9}", text.strip()) is None or not in_range(variable, int(text)):
        raise _refused(variable)
    return int(text)


def _parse_decimal(variable: Variable, text: str) -> Setting:
    """Kept as it is written: 0.1 stays 0.1."""
    number = text.strip()
    if re.fullmatch(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?", number) is None or not in_range(variable, float(number)):
        raise _refused(variable)
    return number


def _parse_time(variable: Variable, text: str) -> Setting:
    # the schema's own form: a date with a time and a zone
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)", text, re.ASCII) is None or from_iso(text) is None:
        raise _refused(variable)
    return text


def _parse_text(variable: Variable, text: str) -> Setting:
    if len(text) > _longest(variable):
        raise _refused(variable)
    return text


def _parse_option(variable: Variable, text: str) -> Setting:
    known = {item.lower(): item for item in variable.items}
    if text.strip().lower() not in known:
        raise _refused(variable)
    return known[text.strip().lower()]


def _parse_list(variable: Variable, text: str) -> Setting:
    known = {item.lower(): item for item in variable.items}
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    if any(word not in known for word in words) or len(words) < (variable.minimum or 0):
        raise _refused(variable)
    return tuple(dict.fromkeys(known[word] for word in words))


def in_range(variable: Variable, number: float) -> bool:
    """Whether a number lies within its limits."""
    return (variable.minimum is None or number >= variable.minimum) and (variable.maximum is None or number <= variable.maximum)


_PARSERS: Mapping[DataType, Callable[[Variable, str], Setting]] = {
    DataType.BOOLEAN: _parse_boolean,
    DataType.INTEGER: _parse_integer,
    DataType.DECIMAL: _parse_decimal,
    DataType.DATE_TIME: _parse_time,
    DataType.STRING: _parse_text,
    DataType.OPTION_LIST: _parse_option,
    DataType.SEQUENCE_LIST: _parse_list,
    DataType.MEMBER_LIST: _parse_list,
}
