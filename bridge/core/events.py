"""What can happen to a charge point. Past tense, frozen; ids and times come in with the event."""

from dataclasses import dataclass
from enum import Enum, StrEnum, unique
from typing import TypeAlias

from bridge.core.backend import BackendEvent
from bridge.core.event import Event
from bridge.core.values import (
    CommandId,
    Mode,
    Person,
    ReaderId,
    RequestId,
    TagInfo,
    UserId,
)

# --- the world as a whole ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted(Event):
    """The first event of a charge point's life in this process (B8). What was kept is already in the state."""

    planned: bool
    """The last stop was orderly; False after a power cut or crash."""
    clock_trusted: bool = True
    """The host's clock has been set; False: it is earlier than the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed(Event):
    """A deadline of the state is due. Early or needless ones do no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSynchronised(Event):
    """Everything the broker had stored has been delivered; from here on silence means "nothing to say"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLost(Event):
    """The hardware can't be heard. What was known of it is no longer live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageChanged(Event):
    """The disk refuses records, or takes them again."""

    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCorrected(Event):
    """The host's clock had not been set, and the time is known now, from the backend or (`trusted`) the host: a `Leap` of what is kept."""

    before_ms: int
    by_ms: int
    trusted: bool


# --- hardware ---------------------------------------------------------------------------------------------------------------------


@unique
class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET = Unset.UNSET
"""Not told by this message, as against told to be unknown (None)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallboxReported(Event):
    """The wallbox said something of itself. Only the fields that are not UNSET were told; None means "unknown from now on"."""

    live: bool
    """False: the broker had it stored before we subscribed."""
    plugged: bool | None | Unset = UNSET
    charging: bool | None | Unset = UNSET
    cp_state: str | None | Unset = UNSET
    """A…F of IEC 61851; wins over `plugged` and `charging`."""
    plug: str | None | Unset = UNSET
    """`plugged_since` or `plug_id`: any text that changes with each plug-in."""
    fault: str | None | Unset = UNSET
    """A fault code of the field; NO_FAULT when healthy."""
    online: bool | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReported(Event):
    """The meter said something. Only the fields that are not UNSET were told; None means "unknown from now on"."""

    live: bool
    taken_ms: int | None = None
    """The meter's own time of the reading (UTC), where it tells one."""
    register_wh: float | None | Unset = UNSET
    power_w: float | None | Unset = UNSET
    current_a: tuple[float, ...] | None | Unset = UNSET
    """All phases at once."""
    voltage_v: tuple[float, ...] | None | Unset = UNSET
    phase_current_a: tuple[int, float | None] | Unset = UNSET
    """One phase: (index from 0, value)."""
    phase_voltage_v: tuple[int, float | None] | Unset = UNSET
    soc_percent: float | None | Unset = UNSET
    signed: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswered(Event):
    """The wallbox told how a command went."""

    command: CommandId
    ok: bool
    supported: bool = True
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareReported(Event):
    """The wallbox told how its update goes, in 2.0.1's words (FirmwareStatus)."""

    status: str
    live: bool = True
    """False: the broker had it stored before we subscribed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgressed(Event):
    """An upload begun here went on, in 2.0.1's words (UploadLogStatus)."""

    job: int
    status: str


@unique
class VendorReply(StrEnum):
    """What a flow says to a vendor's message."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN_MESSAGE = "unknown_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorMessageAnswered(Event):
    """A flow on the site answered what the backend said."""

    request: RequestId
    reply: VendorReply
    data: str | None = None
    """JSON."""


# --- people -----------------------------------------------------------------------------------------------------------------------


@unique
class Door(StrEnum):
    """Where a wish to charge came in."""

    READER = "reader"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who waits for the decision, and under which id."""

    door: Door
    id: str
    """The tap's or the app's own request id, else one the shell drew."""
    reader: ReaderId | None = None
    user: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPresented(Event):
    """A card was tapped, or an app pressed start. The session gets `fresh` as its id, should one start."""

    origin: Origin
    person: Person
    mode: Mode | None = None
    """As told by the tap, else the reader's default; wins over the person's."""
    known: TagInfo | None = None
    """What the local list or the authorisation cache has on the tag."""
    start_only: bool = False
    """An app's start never stops a session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantMoved(Event):
    """A vehicle was plugged here after its driver tapped a shared reader; the permission given at the neighbour moves here."""

    person: Person
    mode: Mode | None
    authority_local: bool
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantWithdrawn(Event):
    """The permission that waited here for a plug has moved to the neighbour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPressed(Event):
    """An app pressed stop."""

    origin: Origin
    user: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStopOrdered(Event):
    """The operator of the site ends whatever runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCleared(Event):
    """The operator of the site has seen an alert and puts it away."""

    alert: str


# --- energy management and price --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyManaged(Event):
    """A source of energy management spoke. None takes that part of the source back."""

    source: str
    everywhere: bool
    """Said to `all`, not to this charge point by name."""
    live: bool = True
    """False: the broker had it stored, so it is no sign of life from the source."""
    allow: bool | None | Unset = UNSET
    limit_w: float | None | Unset = UNSET
    limit_a: float | None | Unset = UNSET
    reason: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanged(Event):
    """The local price per kWh. None returns to the configured one."""

    everywhere: bool
    per_kwh: float | None


AnyEvent: TypeAlias = (
    Restarted
    | TimePassed
    | BrokerSynchronised
    | BrokerLost
    | StorageChanged
    | ClockCorrected
    | WallboxReported
    | MeterReported
    | CommandAnswered
    | FirmwareReported
    | UploadProgressed
    | VendorMessageAnswered
    | TagPresented
    | GrantMoved
    | GrantWithdrawn
    | StopPressed
    | SessionStopOrdered
    | AlertCleared
    | EnergyManaged
    | PriceChanged
    | BackendEvent
)
"""Every event there is; `step` answers each of them in any state."""
