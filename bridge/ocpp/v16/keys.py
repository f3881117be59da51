"""The configuration keys of OCPP 1.6 (§9), as a table over the core's settings, and the two messages that read and write them. Pure.

A change is in force when it is accepted: no key of ours needs a reboot, so RebootRequired is never answered.

AuthorizationKey is not among them: until passwords can be changed over the wire it is neither reported nor accepted.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum, unique
from typing import TypeAlias, assert_never

from bridge.core.energy import follows_profiles
from bridge.core.local_list import LIST_MAX, UPDATE_MAX
from bridge.core.profiles import PERIODS_MAX, PROFILES_MAX, STACK_LEVEL_MAX
from bridge.core.settings import Ability, Cable, Rules, Settings
from bridge.core.state import State
from bridge.core.values import ChargePointId, Instant
from bridge.locations import PORTS
from bridge.ocpp.dialect import JsonObject
from bridge.ocpp.measurands import MEASURANDS

Value: TypeAlias = bool | int | tuple[str, ...]

MAX_KEYS = 100
"""GetConfigurationMaxKeys: twice as many as there are, so that asking for all by name works; a request for more is a mistake."""
DAY_S = 86_400
"""The longest interval: OCPP-J 1.6 §5.3 wants at least one message a day, and no grid of the clock is wider."""
CONNECTORS = 1
FILE_PROTOCOLS = tuple(scheme.upper() for scheme in PORTS)


def _always(_: State) -> bool:
    return True


def _charges_smartly(state: State) -> bool:
    return follows_profiles(state.rules)


PROFILES: tuple[tuple[str, Callable[[State], bool]], ...] = (
    ("Core", _always),
    ("LocalAuthListManagement", _always),
    ("FirmwareManagement", lambda state: Ability.FIRMWARE in state.rules.can),
    ("Reservation", _always),
    ("RemoteTrigger", _always),
    ("SmartCharging", _charges_smartly),
)
"""The feature profiles, and whether a charge point has them."""


def _profiles(state: State) -> tuple[str, ...]:
    return tuple(name for name, has in PROFILES if has(state))


@unique
class Type(StrEnum):
    """The types of OCPP 1.6 §9."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    LIST = "CSL"


@unique
class Change(StrEnum):
    """Why a change is not made; the values are those of ConfigurationStatus."""

    REJECTED = "Rejected"
    NOT_SUPPORTED = "NotSupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A change the core is asked to make."""

    field: str
    """Of `Settings`."""
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One configuration key."""

    name: str
    type: Type
    doc: str
    """One sentence for the README."""
    field: str | None = None
    """Of `Settings`; None: read-only."""
    constant: Value | Callable[[State], Value] = ()
    """What a key without a field reports; a function where that depends on the charge point."""
    available: Callable[[State], bool] = _always
    """Whether this charge point has it; otherwise the key is as unknown as any other word."""
    unit: str = ""
    minimum: int = 0
    maximum: int = DAY_S
    items: tuple[str, ...] = ()
    """What a list may hold."""
    exclusive: bool = False
    """Items that are the same up to the first dot exclude each other: a connector has one rotation."""
    words: str | None = None
    """What may be written, where the list of all items would be too long to read."""
    fixed_cable: bool | None = None
    """What it reports, read-only, where the cable is fixed; None: the cable makes no difference."""

    def is_writable(self, state: State) -> bool:
        """RW as against R."""
        return self.field is not None and not (self.fixed_cable is not None and state.rules.cable is Cable.FIXED)

    def value(self, state: State) -> Value:
        """What it is set to."""
        if self.fixed_cable is not None and state.rules.cable is Cable.FIXED:
            return self.fixed_cable
        if self.field is None:
            return self.constant(state) if callable(self.constant) else self.constant
        value: Value = getattr(state.settings, self.field)
        return value

    def parse(self, text: str) -> Value:
        """Read a value. Raises ValueError that says what is allowed."""
        return _PARSERS[self.type](self, text)

    @property
    def allowed(self) -> str:
        """What may be written, in words."""
        if self.words is not None:
            return self.words
        match self.type:
            case Type.BOOLEAN:
                return "true or false"
            case Type.INTEGER:
                return f"{self.minimum} to {self.maximum}{' ' if self.unit else ''}{self.unit}"
            case Type.LIST:
                return "a comma-separated list of " + ", ".join(self.items)
            case _:
                assert_never(self.type)


def _parse_boolean(key: Key, text: str) -> Value:
    word = text.strip().lower()
    if word not in {"true", "false"}:
        raise ValueError(f"{key.name} is {key.allowed}")
    return word == "true"


def _parse_integer(key: Key, text: str) -> Value:
    # `int` alone also takes "1_000", Arabic digits and a megabyte of nines
    if re.fullmatch(r"[+-]?[0-9]{1,9}", text.strip()) is None or not key.minimum <= int(text) <= key.maximum:
        raise ValueError(f"{key.name} is a whole number from {key.allowed}")
    return int(text)


def _parse_list(key: Key, text: str) -> Value:
    known = {item.lower(): item for item in key.items}
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    # OCPP 1.6 errata 3.14.4: one unsupported measurand, and the whole list is Rejected and nothing changes
    if any(word not in known for word in words):
        raise ValueError(f"{key.name} is {key.allowed}")
    items = tuple(dict.fromkeys(known[word] for word in words))
    if key.exclusive and len({item.partition(".")[0] for item in items}) < len(items):
        raise ValueError(f"{key.name} is {key.allowed}")
    return items


_PARSERS: Mapping[Type, Callable[[Key, str], Value]] = {
    Type.BOOLEAN: _parse_boolean,
    Type.INTEGER: _parse_integer,
    Type.LIST: _parse_list,
}

_ROTATIONS = ("NotApplicable", "Unknown", "RST", "RTS", "SRT", "STR", "TRS", "TSR")
_PHASE_ROTATION = tuple(f"{connector}.{rotation}" for connector in range(CONNECTORS + 1) for rotation in _ROTATIONS)


def _boolean(name: str, field: str, doc: str, *, fixed_cable: bool | None = None) -> Key:
    return Key(name=name, type=Type.BOOLEAN, field=field, doc=doc, fixed_cable=fixed_cable)


def _integer(name: str, field: str, doc: str, *, unit: str = "s", minimum: int = 0, maximum: int = DAY_S) -> Key:
    return Key(name=name, type=Type.INTEGER, field=field, doc=doc, unit=unit, minimum=minimum, maximum=maximum)


def _measurands(name: str, field: str, doc: str) -> Iterator[Key]:
    yield Key(name=name, type=Type.LIST, field=field, doc=doc, items=MEASURANDS)
    yield _length(name, len(MEASURANDS))


def _length(name: str, items: int) -> Key:
    return Key(name=f"{name}MaxLength", type=Type.INTEGER, constant=items, doc=f"Longest list that {name} takes.")


def _smart(name: str, constant: Value, doc: str) -> Key:
    kind = Type.BOOLEAN if isinstance(constant, bool) else Type.INTEGER if isinstance(constant, int) else Type.LIST
    return Key(name=name, type=kind, constant=constant, available=_charges_smartly, doc=f"{doc} With smart charging only.")


KEYS: tuple[Key, ...] = (
    _boolean("AllowOfflineTxForUnknownId", "allow_offline_unknown", "Without the central system, charge for tags nobody knows."),
    _boolean("AuthorizationCacheEnabled", "cache_enabled", "Remember what the central system said of a tag."),
    _boolean("AuthorizeRemoteTxRequests", "authorize_remote", "Ask about the tag of a remote start before starting."),
    _integer("BlinkRepeat", "blink_repeat", "Kept and reported; the lamp is the reader's own.", unit="times", maximum=1000),
    _smart("ChargeProfileMaxStackLevel", STACK_LEVEL_MAX, "Highest stack level of a charging profile."),
    _smart("ChargingScheduleAllowedChargingRateUnit", ("Current", "Power"), "Charging profiles may be in amperes and in watts."),
    _smart("ChargingScheduleMaxPeriods", PERIODS_MAX, "Most periods of a charging profile."),
    _integer("ClockAlignedDataInterval", "aligned_interval_s", "Send readings at these points of the clock; 0: none."),
    _integer("ConnectionTimeOut", "connection_timeout_s", "How long a permission waits for the plug.", minimum=1),
    Key(
        name="ConnectorPhaseRotation",
        type=Type.LIST,
        field="phase_rotation",
        items=_PHASE_ROTATION,
        exclusive=True,
        words="a comma-separated list of one rotation for each of 0 and 1, as 0.RST,1.RST; besides there are " + ", ".join(_ROTATIONS),
        doc="How the phases are wired; kept and reported.",
    ),
    _length("ConnectorPhaseRotation", CONNECTORS + 1),
    _smart("ConnectorSwitch3to1PhaseSupported", constant=False, doc="Phases can't be switched while charging."),
    Key(name="GetConfigurationMaxKeys", type=Type.INTEGER, constant=MAX_KEYS, doc="Most keys that one GetConfiguration may name."),
    _integer("HeartbeatInterval", "heartbeat_s", "Longest silence; 0: what the central system says at registration."),
    _integer("LightIntensity", "light_intensity", "Kept and reported; the lamp is the reader's own.", unit="%", maximum=100),
    _boolean("LocalAuthListEnabled", "list_enabled", "Keep the list of tags that the central system sends, and go by it."),
    Key(name="LocalAuthListMaxLength", type=Type.INTEGER, constant=LIST_MAX, doc="Most tags on the local list."),
    _boolean("LocalAuthorizeOffline", "local_authorize_offline", "Without the central system, its list and what it said of a tag decide."),
    _boolean("LocalPreAuthorize", "local_pre_authorize", "Start at once for tags that list or cache accept, and ask afterwards."),
    _integer(
        "MaxEnergyOnInvalidId",
        "max_energy_on_invalid_wh",
        "What may still be charged when the central system refuses after the start.",
        unit="Wh",
        maximum=1_000_000,
    ),
    _smart("MaxChargingProfilesInstalled", PROFILES_MAX, "Most charging profiles at a time."),
    *_measurands("MeterValuesAlignedData", "aligned", "What is sent at points of the clock."),
    *_measurands("MeterValuesSampledData", "sampled", "What is sent while charging; empty: the register."),
    _integer("MeterValueSampleInterval", "sample_interval_s", "Send readings so often while a transaction runs; 0: none."),
    _integer("MinimumStatusDuration", "minimum_status_s", "A status that lasts shorter is not reported.", maximum=3600),
    Key(name="NumberOfConnectors", type=Type.INTEGER, constant=CONNECTORS, doc="A charge point is one wallbox with one connector."),
    Key(
        name="ReserveConnectorZeroSupported",
        type=Type.BOOLEAN,
        constant=True,
        doc="A reservation may leave the choice of the connector to the station.",
    ),
    _integer("ResetRetries", "reset_retries", "Kept and reported; a reset of the bridge's side can't fail.", unit="times", maximum=100),
    Key(name="SendLocalListMaxLength", type=Type.INTEGER, constant=UPDATE_MAX, doc="Most tags that one SendLocalList may carry."),
    Key(
        name="StopTransactionOnEVSideDisconnect",
        type=Type.BOOLEAN,
        constant=True,
        doc="A transaction ends when the vehicle is unplugged, always.",
    ),
    _boolean("StopTransactionOnInvalidId", "stop_on_invalid", "End the transaction when the central system refuses after the start."),
    *_measurands("StopTxnAlignedData", "stop_aligned", "What is sent of begin and end along with StopTransaction."),
    *_measurands("StopTxnSampledData", "stop_sampled", "What is sent of begin and end along with StopTransaction."),
    Key(name="SupportedFeatureProfiles", type=Type.LIST, constant=_profiles, doc="What the central system may ask for."),
    Key(name="SupportedFileTransferProtocols", type=Type.LIST, constant=FILE_PROTOCOLS, doc="How logs are sent and firmware is fetched."),
    _integer(
        "TransactionMessageAttempts",
        "attempts",
        "How often a transaction message is sent before it is put aside.",
        unit="times",
        minimum=1,
        maximum=100,
    ),
    _integer("TransactionMessageRetryInterval", "retry_s", "Wait before the second attempt; before the third twice as long, and so on."),
    _boolean(
        "UnlockConnectorOnEVSideDisconnect",
        "unlock_on_ev_disconnect",
        "Free the cable at the station when it is pulled at the vehicle; read-only false with a fixed cable.",
        fixed_cable=False,
    ),
    _integer("WebSocketPingInterval", "ping_s", "Time between pings on the connection; 0: none."),
)
"""Every key, in the order of OCPP 1.6 §9.1."""

# OCPP 1.6 §6.9: a key is a CiString50Type, and upper and lower case make no difference
_BY_NAME = {key.name.lower(): key for key in KEYS}


def _find(name: str, state: State) -> Key | None:
    key = _BY_NAME.get(name.lower())
    return key if key is not None and key.available(state) else None


def get_configuration(wanted: Iterable[str], state: State, *, heartbeat_s: int = 0) -> JsonObject:
    """GetConfiguration.conf. No names mean all keys (§5.8; CitrineOS asks with an empty list); `heartbeat_s` is the interval in force."""
    names = dict.fromkeys(wanted)
    found = {name: _find(name, state) for name in names or _BY_NAME}
    if state.settings.heartbeat_s == 0:
        state = replace(state, settings=replace(state.settings, heartbeat_s=heartbeat_s))
    keys = dict.fromkeys(key for key in found.values() if key is not None)
    known = [{"key": key.name, "readonly": not key.is_writable(state), "value": as_text(key.value(state))} for key in keys]
    unknown = [name for name in names if found[name] is None]
    # both lists are optional, and an empty one is left out (OCPP-J: no nulls, no empty fields)
    return {**({"configurationKey": known} if known else {}), **({"unknownKey": unknown} if unknown else {})}


def change_configuration(name: str, text: str, state: State) -> Accepted | Change:
    """What becomes of ChangeConfiguration.req (§5.3)."""
    key = _find(name, state)
    if key is None:
        return Change.NOT_SUPPORTED
    if key.field is None or not key.is_writable(state):
        return Change.REJECTED
    try:
        return Accepted(field=key.field, value=key.parse(text))
    except ValueError:
        return Change.REJECTED


def initial(variables: Mapping[str, str | int | bool], *, base: Settings) -> Settings:
    """Settings from the configuration's table. Raises ValueError with all problems, one a line, each with its key and what is allowed."""
    changes: dict[str, Value] = {}
    problems: list[str] = []
    for name, given in variables.items():
        key = _BY_NAME.get(name.lower())
        if key is None:
            problems.append(_unknown(name))
        elif key.field is None:
            problems.append(f"{key.name} can't be changed: {_why_constant(key)}")
        else:
            try:
                changes[key.field] = key.parse(as_text(given))
            except ValueError as error:
                problems.append(str(error))
    if problems:
        raise ValueError("\n".join(problems))
    return replace(base, **changes)  # type: ignore[arg-type]  # each key parses to the type of its field; a test compares them


def as_text(value: Value | str) -> str:
    """A value as OCPP 1.6 writes it: always a string."""
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def rows() -> Iterator[tuple[str, str, str, str, str]]:
    """The README's table: name, access, allowed values, default, meaning."""
    usual = State(
        rules=Rules(charge_point=ChargePointId(""), backend=None), settings=Settings(), base=Settings(), now=Instant(mono_s=0.0, utc_ms=0)
    )
    for key in KEYS:
        writable = key.is_writable(usual)
        default = as_text(key.value(usual))
        yield key.name, "RW" if writable else "R", key.allowed if writable else "", default, key.doc


def _why_constant(key: Key) -> str:
    return "it follows from the charge point" if callable(key.constant) else f"it is always {as_text(key.constant)}"


def _unknown(name: str) -> str:
    near = get_close_matches(name, [key.name for key in KEYS if key.field is not None], n=1)
    hint = f"did you mean {near[0]}?" if near else "the README lists them all"
    return f"{name} is no configuration key of OCPP 1.6 that the bridge has: {hint}"
