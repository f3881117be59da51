"""The words everything else is written in: moments, registers, tags, readings, reasons."""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import NewType

ChargePointId = NewType("ChargePointId", str)
SessionId = NewType("SessionId", str)
"""Drawn by the shell with each event, at most 36 characters; never used twice, not even after a restart."""
QuestionId = NewType("QuestionId", str)
"""Names one question to the backend. It is the id of the session that a yes would open."""
RequestId = NewType("RequestId", str)
"""Names one request of the backend that waits for our answer."""
CommandId = NewType("CommandId", str)
"""Names one command to the wallbox whose result is awaited."""
UserId = NewType("UserId", str)
ReaderId = NewType("ReaderId", str)
RecordId = NewType("RecordId", int)
"""A row of the outbox. The order of the numbers is the order of delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """When something happened, on both clocks."""

    mono_s: float
    """Seconds on a clock that never jumps. Every duration and deadline is measured on it; it means nothing after a restart."""
    utc_ms: int
    """Milliseconds since 1970 in UTC. Written into records; never used to measure a duration."""


@unique
class TagKind(StrEnum):
    """What sort of token a tag is, where the backend's protocol wants to know."""

    CENTRAL = "Central"
    EMAID = "eMAID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"


def tag_key(text: str) -> str:
    """The form in which tags are compared: upper case, without separators (design.md §2 "Identity")."""
    return "".join(letter for letter in text.upper() if letter.isalnum())


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTag:
    """A tag as it is shown to the backend. Compare `key`, never `text`."""

    text: str
    kind: TagKind | None = None
    """As told by the tap or the user; None leaves it to the length of the text."""

    @property
    def key(self) -> str:
        """The form in which it is compared."""
        return tag_key(self.text)


@unique
class Mode(StrEnum):
    """How eagerly to charge (B13)."""

    ECO = "eco"
    PRIO = "prio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who stands in front of the wallbox, looked up when the tap arrived; valid for this one charge point."""

    user: UserId | None = None
    name: str | None = None
    tag: IdTag | None = None
    """What the backend is asked for: the user's own tag or the roaming card. None: this user has none."""
    card: str | None = None
    """The key of the card in hand, where there was one: the same card is the same person."""
    local: bool = False
    """May charge here without the backend (B3)."""
    mode: Mode | None = None
    """The user's default mode."""

    def is_same(self, other: "Person") -> bool:
        """Whether both are one identity: the same user, the same tag or the same card."""
        if self.user is not None and self.user == other.user:
            return True
        if self.tag is not None and other.tag is not None and self.tag.key == other.tag.key:
            return True
        return self.card is not None and self.card == other.card


@unique
class Verdict(StrEnum):
    """What the backend says of a tag."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT = "ConcurrentTx"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_HERE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagInfo:
    """What the backend told about a tag; also what the authorisation cache and the local list remember."""

    verdict: Verdict
    group: str | None = None
    """The parent or group tag. Compare by `tag_key`."""
    expires_ms: int | None = None
    """UTC; None never expires."""
    listed: bool = False
    """From the local list, which the backend maintains; else from its own answer, which the cache keeps."""
    stored_ms: int | None = None
    """When the cache got it (UTC); None: it did not."""

    def accepts(self, utc_ms: int) -> bool:
        """Whether this tag may charge at that time."""
        return self.verdict is Verdict.ACCEPTED and (self.expires_ms is None or utc_ms < self.expires_ms)


@unique
class Colour(StrEnum):
    """What the lamp shows."""

    GREEN = "green"
    RED = "red"


@unique
class Authority(StrEnum):
    """Who decided (B9)."""

    OCPP = "ocpp"
    LOCAL = "local"
    EMS = "ems"
    BRIDGE = "bridge"


@unique
class Why(StrEnum):
    """The reason of a decision, as dashboards and flows read it. A closed list."""

    ACCEPTED = "accepted"
    """The backend, its cache or its local list said yes; or the local permission did (see the authority)."""
    LOCAL_PERMISSION = "local_permission"
    WAITING_FOR_ENERGY_MANAGEMENT = "waiting_for_energy_management"
    WAITING_FOR_PLUG = "waiting_for_plug"
    ALREADY_RUNNING = "already_running"
    STOPPED = "stopped"
    REJECTED = "rejected"
    """The backend said no and there is no local permission."""
    NO_ANSWER = "no_answer"
    """The backend gave no answer in time and there is no local permission."""
    BACKEND_AWAY = "backend_away"
    """Not connected, and nobody here knows the card."""
    NO_PERMISSION = "no_permission"
    """A known user without a tag for the backend and without local permission."""
    OCCUPIED = "occupied"
    RESERVED = "reserved"
    """Somebody else has reserved the connector at the backend."""
    NO_SESSION = "no_session"
    """A stop was asked for where nothing of this person runs."""
    NO_CHARGE_POINT = "no_charge_point"
    UNKNOWN_CHARGE_POINT = "unknown_charge_point"
    UNKNOWN_USER = "unknown_user"
    NO_METER = "no_meter"
    HARDWARE_OFFLINE = "hardware_offline"
    FAULTED = "faulted"
    UNAVAILABLE = "unavailable"
    UNPLUGGED = "unplugged"
    """The cable was pulled while the backend was being asked."""
    STALE = "stale"
    TAG_TOO_LONG = "tag_too_long"
    STORAGE = "storage"
    """The disk takes no records, so nothing new may start."""


@unique
class StopReason(StrEnum):
    """Why a session ended. The names are the field's; each protocol spells them in its own way."""

    LOCAL = "Local"
    REMOTE = "Remote"
    EV_DISCONNECTED = "EVDisconnected"
    DEAUTHORIZED = "DeAuthorized"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    SOFT_RESET = "SoftReset"
    HARD_RESET = "HardReset"
    UNLOCK = "UnlockCommand"
    EMERGENCY_STOP = "EmergencyStop"
    OTHER = "Other"
    IMMEDIATE_RESET = "ImmediateReset"
    MASTER_PASS = "MasterPass"  # noqa: S105 - a word of the field
    STOPPED_BY_EV = "StoppedByEV"
    TIMEOUT = "Timeout"


@unique
class Status(StrEnum):
    """What a charge point is doing, in the nine words of the field."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


NO_FAULT = "NoError"
"""The fault code of a healthy charge point. Codes are the field's names (`GroundFailure`, `OverCurrentFailure` …)."""


@unique
class LimitBy(StrEnum):
    """The part that decided the limit (B14)."""

    HARDWARE = "hardware"
    EMS = "ems"
    PROFILE = "profile"


@unique
class ReadingContext(StrEnum):
    """Why a reading was taken."""

    BEGIN = "Transaction.Begin"
    END = "Transaction.End"
    PERIODIC = "Sample.Periodic"
    CLOCK = "Sample.Clock"
    TRIGGER = "Trigger"
    OTHER = "Other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the meter showed at one time. A quantity that is None is unknown, not zero."""

    utc_ms: int
    register_wh: int
    """Lifetime import register, whole Wh, rounded down."""
    power_w: float | None = None
    current_a: tuple[float, ...] | None = None
    """Per phase, L1 first."""
    voltage_v: tuple[float, ...] | None = None
    soc_percent: float | None = None
    offered_a: float | None = None
    """What the vehicle was offered then, per phase."""
    context: ReadingContext = ReadingContext.PERIODIC
    signed: str | None = None
    """A signed meter value (OCMF), passed on byte for byte."""


# --- transactions, as OCPP 2.0.1 tells them (P2 E) --------------------------------------------------------------------------------


@unique
class TxPoint(StrEnum):
    """What begins or ends a transaction (TxStartPoint, TxStopPoint). ParkingBayOccupancy and DataSigned need hardware we don't have."""

    EV_CONNECTED = "EVConnected"
    AUTHORIZED = "Authorized"
    POWER_PATH_CLOSED = "PowerPathClosed"
    """Connected and authorised."""
    ENERGY_TRANSFER = "EnergyTransfer"


@unique
class TxKind(StrEnum):
    """Where in a transaction a record stands."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


@unique
class TxTrigger(StrEnum):
    """Why a transaction's record was made (triggerReason)."""

    ABNORMAL = "AbnormalCondition"
    AUTHORIZED = "Authorized"
    CABLE_PLUGGED_IN = "CablePluggedIn"
    CHARGING_RATE_CHANGED = "ChargingRateChanged"
    CHARGING_STATE_CHANGED = "ChargingStateChanged"
    DEAUTHORIZED = "Deauthorized"
    EV_COMMUNICATION_LOST = "EVCommunicationLost"
    EV_CONNECT_TIMEOUT = "EVConnectTimeout"
    METER_CLOCK = "MeterValueClock"
    METER_PERIODIC = "MeterValuePeriodic"
    REMOTE_START = "RemoteStart"
    REMOTE_STOP = "RemoteStop"
    RESET_COMMAND = "ResetCommand"
    STOP_AUTHORIZED = "StopAuthorized"
    TRIGGER = "Trigger"
    UNLOCK_COMMAND = "UnlockCommand"


@unique
class ChargingState(StrEnum):
    """What a transaction's vehicle does."""

    IDLE = "Idle"
    EV_CONNECTED = "EVConnected"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
