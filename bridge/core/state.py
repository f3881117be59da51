"""What is known of one charge point. `Kept` survives a restart; everything else is learnt again.

Derived things (status, limit, command, deadlines) are functions of it and are never stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from bridge.core.events import Origin
from bridge.core.orders import ChargingProfile, DisplayMessage, FirmwareJob, LogJob, Reservation
from bridge.core.settings import Rules, Settings
from bridge.core.values import (
    NO_FAULT,
    Authority,
    ChargingState,
    CommandId,
    IdTag,
    Instant,
    Mode,
    Person,
    QuestionId,
    Reading,
    RequestId,
    SessionId,
    StopReason,
    TagInfo,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What the wallbox told. None is unknown; unknown never starts or ends a session."""

    plugged: bool | None = None
    charging: bool | None = None
    cp_state: str | None = None
    plug: str | None = None
    fault: str = NO_FAULT
    online: bool | None = None
    """The device's own word on its availability; None: it never says."""
    live: bool = False
    """The plug was told since we subscribed, not from the broker's store."""
    plug_live: bool = False
    """So was the name of the plug-in."""
    offline_since_s: float | None = None
    plugged_at: Instant | None = None
    """When the vehicle was plugged, as far as we saw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What the meter shows now."""

    register_wh: int | None = None
    register_at: Instant | None = None
    taken_ms: int | None = None
    """UTC of the reading, by the meter's own clock where it tells."""
    live: bool = False
    """False: only what the broker had stored."""
    rose_at_s: float | None = None
    """When the register last rose (mono)."""
    power_w: float | None = None
    current_a: tuple[float | None, ...] = ()
    voltage_v: tuple[float | None, ...] = ()
    soc_percent: float | None = None
    signed: str | None = None
    doubted: tuple[int, ...] = ()
    """Registers that jumped further than the hardware can deliver, held until three agree (design.md §2 "Meter")."""
    former: tuple[int, float] | None = None
    """The register before it ran back, and when it was heard last (mono): it may come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The last word of one source of energy management."""

    name: str
    everywhere: bool
    allow: bool | None = None
    limit_w: float | None = None
    limit_a: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSession:
    """Nothing runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The session is over and its energy is off; only the meter's last word is awaited, for a short while."""

    reason: StopReason
    utc_ms: int
    tag: IdTag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSession:
    """A transaction the backend bills."""

    id: SessionId
    person: Person
    tag: IdTag
    mode: Mode
    begin: Reading
    started_ms: int
    sequence: int
    """Number of the next record; the start has 0."""
    last: Reading
    """The newest durable reading: what a stop after a crash is billed with."""
    remote: bool = False
    backend_id: str | None = None
    """The backend's name for it, as text; None until it has answered. "0" and "-1" are legal names."""
    group: str | None = None
    refused: TagInfo | None = None
    """The backend took the start and refused the tag, and the transaction stays open without energy (B16)."""
    refused_wh: int = 0
    """Register at the refusal, from which `max_energy_on_invalid_wh` is counted."""
    follows: SessionId | None = None
    ending: Ending | None = None
    clock_trusted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSession:
    """A session the backend never hears of: it has nothing to bill with."""

    id: SessionId
    person: Person
    mode: Mode
    begin: Reading
    started_ms: int
    last: Reading
    cost: Decimal = Decimal(0)
    price_per_kwh: Decimal | None = None
    """The price in force since `priced_wh`."""
    priced_wh: int = 0
    """Register up to which `cost` has been summed."""
    follows: SessionId | None = None
    ending: Ending | None = None
    clock_trusted: bool = True


Session: TypeAlias = NoSession | BackendSession | LocalSession


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPending:
    """Nobody waits for anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The backend has been asked about a tag. `stop` tells whether a yes would end the running session or open one."""

    question: QuestionId
    person: Person
    tag: IdTag
    mode: Mode | None
    remote_id: int | None = None
    profile: ChargingProfile | None = None
    origins: tuple[Origin, ...]
    """All who wait for the decision: a tap of the same identity joins (design.md §2 "Taps"). Empty for a remote start."""
    until_s: float
    known: TagInfo | None
    stop: bool = False
    remote: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Permitted, and waiting for a plug (B4) or for the meter."""

    id: SessionId
    person: Person
    mode: Mode
    local: bool
    """On local permission: opens a LocalSession."""
    group: str | None
    until_s: float
    """When it lapses while unplugged."""
    meter_until_s: float | None = None
    """Plugged; the session starts with a live reading, or at this time with the last known one."""
    remote: bool = False
    follows: SessionId | None = None
    reader: str | None = None
    """The reader it was given at, which may serve several wallboxes."""
    remote_id: int | None = None
    profile: ChargingProfile | None = None


Pending: TypeAlias = NotPending | Asking | Granted


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocking:
    """The wallbox has been told to free the cable and has not answered."""

    command: CommandId
    request: RequestId
    until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """After a restart: a session was open, and live word of the wallbox is awaited (B8); `waited`: what the broker had stored does."""

    until_s: float
    planned: bool
    went_down_ms: int
    """The last durable time of the life before."""
    waited: bool = False
    meter_until_s: float | None = None
    """The vehicle stayed; the session goes on with a live reading, or at this time with the last known one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Whose vehicle is still plugged after its session."""

    person: Person
    finishing: bool
    """False: the backend was told Unavailable in between, and from there OCPP 1.6 §4.9 has no way to Finishing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something a person should know. Published retained until solved."""

    text: str
    until_s: float | None = None
    """When it clears by itself (mono); None: when it is solved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What OCPP 2.0.1 has been told of a transaction. It may begin before its session and end after it (TxStartPoint, TxStopPoint)."""

    id: SessionId
    """Also of its session, once it has one."""
    sequence: int
    """Of the next record."""
    charging: ChargingState
    """As last told."""
    connected: bool = False
    """The connector has been told."""
    authorised: bool = False
    """A tag has been told, and not its end."""
    over: bool = False
    """Its session has ended; only the plug is waited for."""
    reason: StopReason | None = None
    """Why it has, which is why the transaction will have ended."""
    told_ms: int | None = None
    """Time of the newest event told (UTC): no later one may be of an earlier time, whatever is known after a crash."""
    begin: Reading | None = None
    collected: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a vehicle that charges may draw, as the backend last knew it."""

    limit_a: float
    """Per phase."""
    told_s: float | None = None
    """When a change of it was told (mono); None: not since the vehicle began to charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What survives a restart. A handler that changes nothing of it keeps the very object, so that nothing is written."""

    session: Session = field(default_factory=NoSession)
    sources: tuple[Source, ...] = ()
    operative: bool = True
    station_operative: bool = True
    scheduled: tuple[tuple[bool, bool], ...] = ()
    """Availability changes that wait for the end of the session: (station, operative), oldest first."""
    overrides: Mapping[str, bool | int | str | tuple[str, ...]] = field(default_factory=dict)
    """Settings the backend changed."""
    register_wh: int | None = None
    """The newest durable register, written at least every 60 s while energy flows."""
    register_ms: int | None = None
    accounted_wh: int | None = None
    """Up to here every Wh belongs to a session or a recorded gap."""
    accounted_ms: int | None = None
    plug: str | None = None
    plugged: bool | None = None
    prices: tuple[tuple[bool, Decimal], ...] = ()
    """Live prices: (everywhere, per kWh)."""
    transaction: Transaction | None = None
    """The one that OCPP 2.0.1 is told of."""
    list_version: int = 0
    """0: there is no local list."""
    reservation: Reservation | None = None
    profiles: tuple[ChargingProfile, ...] = ()
    messages: tuple[DisplayMessage, ...] = ()
    firmware: FirmwareJob | None = None
    """The update that is under way."""
    firmware_status: str = "Idle"
    reset_scheduled: bool = False
    """The station starts anew when nothing runs any more (2.0.1 Reset OnIdle)."""
    boot_reason: str = "PowerUp"
    """Why it starts anew, in 2.0.1's words (BootReason); read when it registers."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What only a protocol knows, in JSON: monitors, network profiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One charge point."""

    rules: Rules
    settings: Settings
    """In force: `base`, which is the configuration's, with what the backend changed laid over."""
    base: Settings
    now: Instant
    """Of the newest event."""
    kept: Kept = field(default_factory=Kept)
    hardware: Hardware = field(default_factory=Hardware)
    meter: Meter = field(default_factory=Meter)
    pending: Pending = field(default_factory=NotPending)
    unlocking: Unlocking | None = None
    recovery: Recovery | None = None
    synchronised: bool = False
    """The broker has told all it had; before that nothing is newly released."""
    storage_ok: bool = True
    backend_online: bool = False
    transfers: tuple[tuple[RequestId, float], ...] = ()
    """Messages of vendors that wait for a flow's answer, and until when (mono)."""
    cost: float | None = None
    """Of the running or last transaction (`billed`), by the backend's reckoning."""
    billed: SessionId | None = None
    """The session that runs, or ran last in this life: the one that `cost` is of."""
    log_job: LogJob | None = None
    """The upload that runs."""
    log_until_s: float | None = None
    """When an attempt that says nothing counts as failed; None: none runs."""
    log_retry_s: float | None = None
    """When the next attempt begins."""
    installing: CommandId | None = None
    """The wallbox has been handed the update; None: not in this life."""
    firmware_until_s: float | None = None
    """When it must have said something of it."""
    firmware_retry_s: float | None = None
    """When it is handed over again."""
    ended: Ended | None = None
    """A session ended and the vehicle is still plugged: the driver has to act (Finishing)."""
    ending_until_s: float | None = None
    """When the meter's last word is no longer awaited."""
    held: tuple[Person, Authority] | None = None
    """Whose cable is still locked in the socket though the vehicle has let go of it (UnlockOnEVSideDisconnect false), and who had
    permitted the session. Not kept: after a restart the backend can still unlock."""
    opened_s: float | None = None
    """When the running session was opened by somebody's wish; None: it goes on from another one."""
    clock_trusted: bool = True
    """The host's clock had been set when the process started."""
    released_s: float | None = None
    """When the session that just opened was given energy, while its vehicle has not begun; None: it has, or was paused."""
    kept_s: float = 0.0
    """When the register was last made durable."""
    sampled_s: float | None = None
    """When the running transaction was last sampled."""
    rate: Rate | None = None
    """Where the backend is told of rates: 2.0.1 with smart charging, while a vehicle charges."""
    aligned_ms: int = 0
    """The last point of the wall-clock grid that was sampled."""
    spoke_s: Mapping[str, float] = field(default_factory=dict)
    """When each source of energy management spoke last, in this life."""
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    started_s: float = 0.0
    over_limit_s: float | None = None
    """Since when more power flows than is allowed."""
