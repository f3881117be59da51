"""What the backend orders that outlives its request: lists, reservations, charging profiles, messages, files. Version-neutral."""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import TypeAlias

from bridge.core.values import IdTag, TagInfo

# --- local list -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """One tag of the local list."""

    tag: IdTag
    info: TagInfo | None
    """None: take it off the list."""


# --- reservations -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Nobody but this tag, or its group, may begin here until it expires."""

    id: int
    connector: int
    """0: the backend left the choice to us."""
    tag: IdTag
    group: str | None
    expires_ms: int
    """UTC."""


# --- smart charging ---------------------------------------------------------------------------------------------------------------


@unique
class ProfilePurpose(StrEnum):
    """What a charging profile is for."""

    STATION_MAX = "station_max"
    TX_DEFAULT = "tx_default"
    TX = "tx"
    EXTERNAL = "external"


@unique
class ProfileKind(StrEnum):
    """What its times count from."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


@unique
class Recurrency(StrEnum):
    """How often a recurring profile begins anew."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


@unique
class RateUnit(StrEnum):
    """What its limits are in."""

    AMPERES = "A"
    """Per phase."""
    WATTS = "W"
    """Over all phases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePeriod:
    """From `start_s` on, counted from the start of the schedule."""

    start_s: int
    limit: float
    phases: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingSchedule:
    """Limits over time."""

    id: int | None
    """2.0.1 names them; 1.6 does not."""
    unit: RateUnit
    periods: tuple[SchedulePeriod, ...]
    start_ms: int | None = None
    """UTC."""
    duration_s: int | None = None
    min_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """What the backend allows."""

    id: int
    connector: int
    """0: the station as a whole."""
    purpose: ProfilePurpose
    stack_level: int
    kind: ProfileKind
    schedule: ChargingSchedule
    recurrency: Recurrency | None = None
    valid_from_ms: int | None = None
    valid_to_ms: int | None = None
    transaction: str | None = None
    """The backend's name for the one it is for."""
    told: str = ""
    """As it came, in JSON: a report repeats it to the letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFilter:
    """Which profiles are meant; a field that is None matches all."""

    id: int | None = None
    connector: int | None = None
    purpose: ProfilePurpose | None = None
    stack_level: int | None = None


# --- display ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayMessage:
    """Something the backend wants shown to drivers."""

    id: int
    priority: str
    """AlwaysFront, InFront or NormalCycle."""
    text: str
    format: str
    """ASCII, HTML, URI or UTF8."""
    language: str | None = None
    state: str | None = None
    """Charging, Faulted, Idle or Unavailable; None: always."""
    start_ms: int | None = None
    end_ms: int | None = None
    transaction: str | None = None
    told: str = ""
    """As it came, in JSON: a report repeats it to the letter."""


# --- files ------------------------------------------------------------------------------------------------------------------------


@unique
class LogKind(StrEnum):
    """What a log is about."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogJob:
    """Upload what happened here between two times."""

    id: int
    """The backend's `requestId`; in 1.6, which has none, drawn by us."""
    kind: LogKind
    location: str
    """URL to upload to."""
    file: str = "log.tar.gz"
    """What it is called there, where the location is a directory."""
    oldest_ms: int | None = None
    newest_ms: int | None = None
    retries: int = 0
    """How often it is tried again; counted down."""
    retry_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareJob:
    """Bring new firmware to the wallbox."""

    id: int
    location: str
    retrieve_ms: int | None = None
    install_ms: int | None = None
    retries: int = 0
    retry_s: int = 0
    certificate: str | None = None
    """PEM of who signed it."""
    signature: str | None = None


# --- notices ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationEnded:
    """A reservation ended without being used."""

    id: int
    expired: bool
    """False: it had to be removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTold:
    """How an upload goes. `status` in 2.0.1's words (UploadLogStatus)."""

    job: int | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareTold:
    """How an update goes. `status` in 2.0.1's words (FirmwareStatus)."""

    job: int | None
    status: str


Notice: TypeAlias = ReservationEnded | LogTold | FirmwareTold
"""What the backend is told once, in order, as soon as it is there; kept in memory only."""
