"""What the backend says and asks, as events (`bridge.core.events.Event`)."""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import TypeAlias

from bridge.core.event import Event
from bridge.core.orders import ChargingProfile, DisplayMessage, FirmwareJob, ListEntry, LogJob, ProfileFilter, Reservation
from bridge.core.values import IdTag, Person, QuestionId, ReadingContext, RecordId, RequestId, SessionId, TagInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOnline(Event):
    """Connected and registered: questions can be asked, records can be delivered."""

    clock_offset_ms: int
    """The backend's clock minus ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendOffline(Event):
    """Not connected, or not registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeAnswered(Event):
    """The backend answered a question about a tag."""

    question: QuestionId
    info: TagInfo
    tag: IdTag | None = None
    """The tag that was asked about: what a late answer still teaches the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeFailed(Event):
    """A question will not be answered: the link went down, or the backend answered with an error."""

    question: QuestionId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDelivered(Event):
    """The backend has taken a record. For a start, `backend_id` is the name it gave to the transaction."""

    record: RecordId
    session: SessionId
    starts: bool = False
    backend_id: str | None = None
    info: TagInfo | None = None
    """What it says of the tag the record carried, where the answer tells."""
    tag: IdTag | None = None
    cost: float | None = None
    """What the transaction costs so far (or cost in the end), where the answer tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordParked(Event):
    """The backend refused a record for good; it is kept aside and later records go on."""

    record: RecordId
    session: SessionId
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStartRequested(Event):
    """The backend wants a session to start."""

    request: RequestId
    person: Person
    known: TagInfo | None = None
    remote_id: int | None = None
    """The backend's name for this request (2.0.1 remoteStartId)."""
    group: str | None = None
    """Told along with the tag."""
    profile: ChargingProfile | None = None
    """What the transaction may charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStopRequested(Event):
    """The backend wants its transaction to end."""

    request: RequestId
    backend_id: str


@unique
class ResetKind(StrEnum):
    """How hard."""

    SOFT = "Soft"
    HARD = "Hard"
    IMMEDIATE = "Immediate"
    ON_IDLE = "OnIdle"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRequested(Event):
    """The backend wants this charge point (never the process) to start anew."""

    request: RequestId
    kind: ResetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityRequested(Event):
    """The backend puts the connector or the whole station into or out of service."""

    request: RequestId
    operative: bool
    station: bool
    """The whole station (connector 0), which includes the connector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockRequested(Event):
    """The backend wants the cable freed. `fresh` names the command to the wallbox."""

    request: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheClearRequested(Event):
    """The backend wants all remembered tags forgotten."""

    request: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChangeRequested(Event):
    """The backend changes one setting, a field of `Settings`; the value has already been checked for type and range."""

    request: RequestId
    name: str
    value: bool | int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChangeRequested(Event):
    """The backend changes several settings at once; checked likewise."""

    request: RequestId
    changes: tuple[tuple[str, bool | int | str | tuple[str, ...]], ...]
    """Field of `Settings` and its new value; the last word on a field counts."""


@unique
class Among(StrEnum):
    """Where a reading goes that the backend asks for."""

    ANY = "any"
    """Into the running transaction, else it is told by itself (1.6)."""
    READINGS = "readings"
    """Told by itself, whatever runs (2.0.1 MeterValues)."""
    TRANSACTION = "transaction"
    """Into the open transaction (2.0.1 TransactionEvent)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRequested(Event):
    """The backend wants a meter reading now; the request itself has been answered."""

    context: ReadingContext = ReadingContext.TRIGGER
    among: Among = Among.ANY


# --- lists, reservations, profiles ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSent(Event):
    """The backend replaces (`full`) or changes the local list."""

    request: RequestId
    version: int
    full: bool
    entries: tuple[ListEntry, ...]
    size: int
    """How many tags the list would then have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRequested(Event):
    """The backend reserves the connector; the same id replaces."""

    request: RequestId
    reservation: Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationCancelRequested(Event):
    """The backend takes a reservation back."""

    request: RequestId
    reservation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSent(Event):
    """The backend limits what is charged, over time."""

    request: RequestId
    profile: ChargingProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilesCleared(Event):
    """The backend takes limits back."""

    request: RequestId
    which: ProfileFilter


# --- people in front of it --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(Event):
    """The backend wants something shown; the same id replaces."""

    request: RequestId
    message: DisplayMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCleared(Event):
    """The backend takes a message back."""

    request: RequestId
    message: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTold(Event):
    """What the running transaction costs so far (or cost in the end), by the backend's reckoning."""

    backend_id: str
    cost: float
    """In the backend's currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorMessageReceived(Event):
    """The backend says something of its vendor's own; a flow on the site answers."""

    request: RequestId
    vendor: str
    message: str | None
    data: str | None
    """JSON, a plain text as well."""


# --- files ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequested(Event):
    """The backend wants to see what happened here."""

    request: RequestId
    job: LogJob


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareRequested(Event):
    """The backend has new firmware for the wallbox."""

    request: RequestId
    job: FirmwareJob


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerForgotten(Event):
    """The backend wants what is known of a tag to be forgotten; the request itself has been answered."""

    request: RequestId
    tag: IdTag


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRequested(Event):
    """The backend sets something that only its own protocol knows (monitors, network profiles); kept to the letter."""

    request: RequestId
    name: str
    text: str | None
    """JSON; None forgets it."""


Order: TypeAlias = (
    ListSent
    | ReservationRequested
    | ReservationCancelRequested
    | ProfileSent
    | ProfilesCleared
    | MessageSent
    | MessageCleared
    | CostTold
    | VendorMessageReceived
    | LogRequested
    | FirmwareRequested
    | CustomerForgotten
    | NoteRequested
)
"""What a backend asks that goes beyond OCPP 1.6's Core."""

BackendEvent: TypeAlias = (
    BackendOnline
    | BackendOffline
    | AuthorizeAnswered
    | AuthorizeFailed
    | RecordDelivered
    | RecordParked
    | RemoteStartRequested
    | RemoteStopRequested
    | ResetRequested
    | AvailabilityRequested
    | UnlockRequested
    | CacheClearRequested
    | SettingChangeRequested
    | SettingsChangeRequested
    | ReadingRequested
    | Order
)
"""What the backend says and asks."""
