"""What others can tell the bridge over MQTT, decoded. UNSET is "not told by this message", None is "unknown from now on"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import TypeAlias

from bridge.core.events import UNSET, Unset, VendorReply
from bridge.core.values import CommandId, IdTag, Mode, ReaderId, RequestId, UserId
from bridge.errors import PayloadRefused

Json: TypeAlias = "str | int | float | bool | None | list[Json] | dict[str, Json]"
"""A JSON value as it was parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallboxMessage:
    """A wallbox said something of itself (`WallboxReported`)."""

    wallbox: str
    live: bool
    """False: the broker had it stored before we subscribed."""
    plugged: bool | None | Unset = UNSET
    charging: bool | None | Unset = UNSET
    cp_state: str | None | Unset = UNSET
    plug: str | None | Unset = UNSET
    fault: str | None | Unset = UNSET
    """A fault code of the field; `none` has become NO_FAULT."""
    online: bool | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterMessage:
    """A meter said something (`MeterReported`)."""

    meter: str
    live: bool
    taken_ms: int | None = None
    register_wh: float | None | Unset = UNSET
    power_w: float | None | Unset = UNSET
    current_a: tuple[float, ...] | None | Unset = UNSET
    voltage_v: tuple[float, ...] | None | Unset = UNSET
    phase_current_a: tuple[int, float | None] | Unset = UNSET
    """One phase: (index from 0, value)."""
    phase_voltage_v: tuple[int, float | None] | Unset = UNSET
    soc_percent: float | None | Unset = UNSET
    signed: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """A wallbox told how a command went (`CommandAnswered`)."""

    wallbox: str
    command: CommandId
    ok: bool
    supported: bool
    """False: the hardware can't do this at all."""
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareMessage:
    """A wallbox told how its update goes (`FirmwareReported`)."""

    wallbox: str
    status: str
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TapMessage:
    """A card was held to a reader."""

    reader: ReaderId
    tag: IdTag
    """Normalised: separators of a hex tag are gone, its letters upper case."""
    id: str | None
    """The tap's own id, which tells a repeat from a second tap; None: it has none."""
    taken_ms: int | None
    """The reader's own time of the tap, UTC; None: not told."""
    mode: Mode | None
    charge_point: str | None
    """Where the reader wants it to count; None: the bridge finds out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a `users/{user}` topic tells of a person."""

    name: str
    tag: IdTag | None
    """What the central system is asked for."""
    cards: tuple[str, ...]
    """NFC tags, normalised; compare by `tag_key`."""
    local: bool
    """May charge without the central system."""
    charge_points: tuple[str, ...] | None
    """Where the local permission counts; None: everywhere."""
    mode: Mode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """A person was told, changed, or (None) removed."""

    user: UserId
    profile: Profile | None
    live: bool


@unique
class Press(StrEnum):
    """What was pressed in an app."""

    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppMessage:
    """A person pressed start or stop in an app."""

    user: UserId
    press: Press
    charge_point: str
    id: str | None
    taken_ms: int | None
    mode: Mode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyMessage:
    """A source of energy management spoke (`EnergyManaged`)."""

    source: str
    charge_point: str | None
    """None: to all."""
    live: bool
    allow: bool | None | Unset = UNSET
    limit_w: float | None | Unset = UNSET
    """Never below zero."""
    limit_a: float | None | Unset = UNSET
    reason: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMessage:
    """The local price changed (`PriceChanged`). None returns to the configured one."""

    charge_point: str | None
    """None: of all."""
    per_kwh: float | None
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAnswer:
    """A flow answered what the central system said in a vendor's words (`VendorMessageAnswered`)."""

    charge_point: str
    request: RequestId
    reply: VendorReply
    data: str | None
    """JSON."""


@unique
class Request(StrEnum):
    """What the bridge can be asked for."""

    STATUS = "status"
    HISTORY = "history"
    QUEUE = "queue"
    QUEUE_REPLAY = "queue_replay"
    QUEUE_DROP = "queue_drop"
    ALERT_CLEAR = "alert_clear"
    SESSION_STOP = "session_stop"
    TAP_TEST = "tap_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """Where the answer to a request goes, and what it must carry."""

    command: str
    transaction: str | int | None = None
    topic: str | None = None
    """The MQTT 5 response topic, checked; None: bridge/response/{command}."""
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMessage:
    """The bridge was asked for something."""

    request: Request
    arguments: Mapping[str, Json] = field(default_factory=dict)
    """What `schemas/request_{command}` allows, `transaction` taken out."""
    reply: ReplyTo


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMessage:
    """The bridge hears its own word: everything the broker had stored came before it. Consumed by the client."""

    nonce: str


Message: TypeAlias = (
    WallboxMessage
    | MeterMessage
    | CommandResult
    | FirmwareMessage
    | TapMessage
    | UserMessage
    | AppMessage
    | EnergyMessage
    | PriceMessage
    | TransferAnswer
    | RequestMessage
    | SyncMessage
)
"""Every message there is."""


class RetainedEvent(PayloadRefused):
    """An event came with the retain flag: it may be old, and it would come again at every start."""

    def __init__(self, topic: str) -> None:
        """`topic` is the whole name, which is cleared once."""
        super().__init__(topic, "an event must not be retained; it was ignored (publish it without the retain flag)")


class RequestRefused(PayloadRefused):
    """A request breaks its schema; whoever asked gets the reason."""

    def __init__(self, topic: str, reason: str, reply: ReplyTo) -> None:
        """`reply` says where the answer goes."""
        super().__init__(topic, reason)
        self.reply = reply
