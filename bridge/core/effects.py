"""What the core wants done. Imperative, frozen. The type of an effect is the promise that goes with it.

Ask: now or never. Announce: the newest wins. Record: must arrive, in order. Answer: reply to a request of the backend.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique
from typing import TypeAlias

from bridge.core.backend import ResetKind
from bridge.core.events import Origin
from bridge.core.orders import FirmwareJob, ListEntry, LogJob, Notice
from bridge.core.values import (
    Authority,
    ChargingState,
    Colour,
    CommandId,
    IdTag,
    Mode,
    QuestionId,
    Reading,
    RequestId,
    SessionId,
    StopReason,
    TagInfo,
    TxKind,
    TxTrigger,
    UserId,
    Verdict,
    Why,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAuthorize:
    """Ask the backend about a tag. Never waits for the disk; answered by AuthorizeAnswered or AuthorizeFailed."""

    question: QuestionId
    tag: IdTag


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceStatus:
    """The status shown to the backend has changed; whoever sends it reads the newest from the state (`reported_status`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceReading:
    """A reading outside any transaction (clock-aligned or asked for). Lost if the backend is away."""

    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What OCPP 2.0.1 tells of a step of a transaction, beside its readings (`bridge.core.transaction`)."""

    kind: TxKind
    trigger: TxTrigger
    charging: ChargingState | None = None
    """Where it changed."""
    connected: bool = False
    """The first record for which the connector is known."""
    tag: IdTag | None = None
    """Of the authorisation or de-authorisation this tells of."""
    remote_id: int | None = None
    reservation: int | None = None
    reason: StopReason | None = None
    """Of an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStart:
    """A transaction began. These four identify it for ever: connector (one), tag, time, register (design.md §4 rule 4)."""

    session: SessionId
    sequence: int
    tag: IdTag
    reading: Reading
    utc_ms: int
    """When it began; the register may be older (`reading.utc_ms`)."""
    offline: bool
    remote: bool = False
    """Began by the backend's own request."""
    reservation: int | None = None
    """The one it uses up."""
    telling: Telling | None = None
    """None: 2.0.1 is told nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSample:
    """A reading of a running transaction."""

    session: SessionId
    sequence: int
    reading: Reading
    offline: bool
    telling: Telling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUpdate:
    """A step of a transaction that is neither its billed start nor its billed end; 1.6 has no message for it."""

    session: SessionId
    sequence: int
    utc_ms: int
    offline: bool
    telling: Telling
    reading: Reading | None = None
    begin: Reading | None = None
    """With an end: the reading at its start."""
    collected: tuple[Reading, ...] = ()
    """With an end: as in RecordStop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStop:
    """A transaction ended."""

    session: SessionId
    sequence: int
    reading: Reading
    utc_ms: int
    reason: StopReason
    tag: IdTag | None
    """Who ended it, where that was a tag of the session's own identity or group."""
    begin: Reading
    """The reading at its start, for data that is sent along with the stop."""
    offline: bool
    telling: Telling | None = None
    collected: tuple[Reading, ...] = ()
    """Readings taken on the way that are told at the end (2.0.1 TxEndedInterval)."""


Record: TypeAlias = RecordStart | RecordSample | RecordUpdate | RecordStop


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Reply to a request of the backend. Leaves after the commit of what it promises."""

    request: RequestId
    outcome: "Outcome"
    data: str | None = None
    """What goes with it, where the request asks for more than a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Tell the backend something once, in order, as soon as it is there. Kept in memory only."""

    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeList:
    """Replace (`full`) or change the local list."""

    full: bool
    entries: tuple[ListEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSite:
    """Put a vendor's message to the flows on site; answered by VendorMessageAnswered."""

    request: RequestId
    vendor: str
    message: str | None
    data: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUpload:
    """Upload a log; answered by UploadProgressed. One that runs is given up first."""

    job: LogJob


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallFirmware:
    """Hand new firmware to the wallbox; answered by CommandAnswered and FirmwareReported."""

    command: CommandId
    job: FirmwareJob


@unique
class Outcome(StrEnum):
    """What became of a request, in words every dialect can spell."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"
    UNLOCKED = "Unlocked"
    UNLOCK_FAILED = "UnlockFailed"
    NOT_SUPPORTED = "NotSupported"
    OCCUPIED = "Occupied"
    FAULTED = "Faulted"
    UNAVAILABLE = "Unavailable"
    VERSION_MISMATCH = "VersionMismatch"
    FAILED = "Failed"
    UNKNOWN = "Unknown"
    UNKNOWN_TRANSACTION = "UnknownTransaction"
    ONGOING = "OngoingAuthorizedTransaction"
    CANCELED = "AcceptedCanceled"
    UNKNOWN_VENDOR = "UnknownVendorId"
    UNKNOWN_MESSAGE = "UnknownMessageId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The one answer to a tap or an app start."""

    origin: Origin
    colour: Colour
    authority: Authority
    why: Why
    verdict: Verdict | None
    """What the backend said, if it was asked (or its cache or list)."""
    user: UserId | None
    tag: IdTag | None
    card: str | None
    utc_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Show a decision at the reader, to the app and to whoever looks on. Never waits for the disk; stored as well."""

    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The desired state of the hardware. A level, not an event."""

    enabled: bool
    limit_a: float
    """Per phase. Always a number: where nobody limits, what the hardware can."""
    limit_w: float
    mode: Mode
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHardware:
    """The desired state changed. Switching off and lowering leave at once; releasing and raising wait for the commit."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockHardware:
    """Free the cable; answered by CommandAnswered."""

    command: CommandId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetHardware:
    """Restart the wallbox, where it can."""

    command: CommandId


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartStation:
    """Present this charge point to the backend as freshly started: drop the link, register anew."""

    kind: ResetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberTag:
    """Put what the backend said of a tag into the authorisation cache."""

    tag: IdTag
    info: TagInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetTag:
    """Take one tag out of the authorisation cache."""

    tag: IdTag


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetTags:
    """Empty the authorisation cache."""


@unique
class EntryKind(StrEnum):
    """What a history entry is about."""

    OCPP = "ocpp"
    LOCAL = "local"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One finished session, or energy that belongs to none (B8, B10)."""

    id: SessionId
    kind: EntryKind
    authority: Authority | None
    """None for a gap."""
    user: UserId | None
    name: str | None
    tag: IdTag | None
    started_ms: int
    ended_ms: int
    start_wh: int
    end_wh: int
    cost: Decimal
    """In the configured currency; zero for the backend's sessions, since the backend bills."""
    price_per_kwh: Decimal | None
    reason: str
    """A StopReason, or for a gap what it comes from."""
    mode: Mode | None = None
    backend_id: str | None = None
    follows: SessionId | None = None
    """The session it continues after a restart, a refusal or a meter change."""
    clock_trusted: bool = True
    note: str | None = None

    @property
    def energy_wh(self) -> int:
        """What was drawn, in Wh."""
        return self.end_wh - self.start_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteHistory:
    """Keep a finished session or a gap, and publish it."""

    entry: HistoryEntry


AnyEffect: TypeAlias = (
    AskAuthorize
    | AnnounceStatus
    | AnnounceReading
    | RecordStart
    | RecordSample
    | RecordUpdate
    | RecordStop
    | Answer
    | Tell
    | ChangeList
    | AskSite
    | StartUpload
    | InstallFirmware
    | Decide
    | CommandHardware
    | UnlockHardware
    | ResetHardware
    | RestartStation
    | RememberTag
    | ForgetTag
    | ForgetTags
    | WriteHistory
)
"""Every effect there is."""

Effects: TypeAlias = tuple[AnyEffect, ...]
