"""What the configuration says of a charge point, and what the backend can change of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum, unique

from bridge.core.values import ChargePointId, Mode, TxPoint

PAUSE_BELOW_A = 6.0
"""IEC 61851-1 has no duty cycle for less than 6 A: a lower limit is a pause (design.md §2)."""


@unique
class Cable(StrEnum):
    """How the cable is attached at the station."""

    FIXED = "fixed"
    SOCKET = "socket"


@unique
class Ability(StrEnum):
    """What the hardware behind MQTT can do beside switching on and off; what is not declared is neither claimed nor accepted."""

    LIMIT = "limit"
    """Follows `command/limit_a`."""
    UNLOCK = "unlock"
    """Frees the cable on command; only with a socket."""
    RESET = "reset"
    FIRMWARE = "firmware"
    """Fetches and installs firmware on command."""
    DISPLAY = "display"
    """Shows texts."""


@unique
class Missing(StrEnum):
    """What a required but silent source of energy management means."""

    ALLOW = "allow"
    STOP = "stop"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyRules:
    """`[ems]` of the configuration."""

    required: tuple[str, ...] = ()
    """Sources that must have spoken before anything is released."""
    stale_after_s: float | None = None
    """A source silent for longer counts as missing; None: never."""
    on_missing: Missing = Missing.STOP
    missing_limit_a: float = PAUSE_BELOW_A
    """With `on_missing = limit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the configuration says of this charge point. Constant while the process lives."""

    charge_point: ChargePointId
    backend: str | None
    """The backend's name as it is shown; None: this charge point has no backend."""
    max_current_a: float = 16.0
    phases: int = 3
    voltage_v: float = 230.0
    cable: Cable = Cable.SOCKET
    mode: Mode = Mode.ECO
    price_per_kwh: Decimal | None = None
    show_backend_prices: bool = False
    tag_length_max: int = 20
    """Of the backend's protocol: 20 or 36."""
    stop_wait_s: float = 5.0
    """How long the end of a session waits for the meter's last word; then the last known register is taken."""
    question_s: float = 8.0
    """From the tap to the answer; then cache, list or local permission decide (B9)."""
    tap_stops: bool = True
    stop_tap_min_s: float = 15.0
    resume: bool = False
    """After a restart the same transaction goes on where the plug-in is proven the same (B8)."""
    continue_max_s: float = 600.0
    energy: EnergyRules = field(default_factory=EnergyRules)
    can: frozenset[Ability] = frozenset({Ability.LIMIT, Ability.UNLOCK})
    smart_charging: bool = False
    """The backend's charging profiles are followed (B14)."""
    transaction_events: bool = False
    """The backend may speak OCPP 2.0.1: every step of a transaction is recorded, not only start, samples and stop."""
    vendors: tuple[str, ...] = ()
    """Whose messages are put to the flows on site."""
    file_hosts: tuple[str, ...] = ()
    """Where files may be sent to and fetched from."""
    currency: str = "EUR"
    """ISO 4217."""

    @property
    def max_power_w(self) -> float:
        """What the hardware can deliver."""
        return self.max_current_a * self.voltage_v * self.phases


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the backend can change, in words of both protocol versions. Times in seconds; 0 switches a periodic thing off."""

    connection_timeout_s: int = 60
    """How long a permission waits for a plug (B4)."""
    authorize_remote: bool = True
    cache_enabled: bool = True
    local_authorize_offline: bool = True
    local_pre_authorize: bool = False
    allow_offline_unknown: bool = False
    stop_on_invalid: bool = True
    """End the transaction when the backend refuses after the fact; False: only stop the energy (B16)."""
    max_energy_on_invalid_wh: int = 0
    sample_interval_s: int = 60
    aligned_interval_s: int = 0
    sampled: tuple[str, ...] = ("Energy.Active.Import.Register",)
    aligned: tuple[str, ...] = ("Energy.Active.Import.Register",)
    stop_sampled: tuple[str, ...] = ()
    """At the end of a 1.6 transaction, which has the registers anyway; so has `stop_aligned`."""
    stop_aligned: tuple[str, ...] = ()
    minimum_status_s: int = 0
    unlock_on_ev_disconnect: bool = True
    heartbeat_s: int = 0
    """0: what the backend says at registration."""
    ping_s: int = 20
    attempts: int = 3
    """Sends of one record before it is parked."""
    retry_s: int = 60
    reset_retries: int = 1
    phase_rotation: tuple[str, ...] = ("0.Unknown", "1.Unknown")
    light_intensity: int = 100
    blink_repeat: int = 0
    list_enabled: bool = True
    list_final: bool = False
    """The backend is not asked again about a tag that its list refuses (2.0.1 LocalAuthListCtrlr.DisablePostAuthorize)."""
    cache_final: bool = False
    """Likewise for the cache (2.0.1 AuthCacheCtrlr.DisablePostAuthorize)."""
    cache_life_s: int = 0
    """0: what is cached does not grow old."""
    ask_backend: bool = True
    """False: only list and cache decide (2.0.1 AuthCtrlr.DisableRemoteAuthorization)."""
    master_pass_group: str = ""
    """Tags of this group stop anybody's session and start none (2.0.1 C16)."""
    reservations_enabled: bool = True
    start_points: tuple[str, ...] = (TxPoint.POWER_PATH_CLOSED.value,)
    stop_points: tuple[str, ...] = (TxPoint.POWER_PATH_CLOSED.value, TxPoint.EV_CONNECTED.value)
    sampled_start: tuple[str, ...] = ("Energy.Active.Import.Register",)
    sampled_end: tuple[str, ...] = ("Energy.Active.Import.Register",)
    """At the end of a 2.0.1 transaction, which has nothing else to make a bill from."""
    aligned_end: tuple[str, ...] = ("Energy.Active.Import.Register",)
    end_interval_s: int = 0
    """Readings for the end of a 2.0.1 transaction are taken so often; 0: none between its first and its last."""
    aligned_end_interval_s: int = 0
    aligned_idle_only: bool = False
    """2.0.1 AlignedDataCtrlr.SendDuringIdle."""
    offline_threshold_s: int = 300
    """After a longer outage all statuses are told again, else what changed (2.0.1 B04)."""
    backoff_repeats: int = 5
    backoff_random_s: int = 10
    backoff_minimum_s: int = 2
    network_attempts: int = 3
    network_priority: tuple[str, ...] = ("1",)
    time_sources: tuple[str, ...] = ("NTP", "Heartbeat")
    """Kept and reported: the host's clock rules, and the backend's stands in while that has not been set."""
    time_offset: str = "+00:00"
    """From here on: what displays need to tell the time of day; kept and reported."""
    time_offset_next: str = ""
    time_offset_next_at: str = ""
    time_zone: str = ""
    organization: str = "evbridge"
    offline_severity: int = 4
    """Events of monitors up to this severity wait while the backend is away; others are lost (2.0.1 OfflineQueuingSeverity)."""
    tariff_fallback: str = ""
    """What a display tells of the price where the backend has said nothing; kept and reported."""
    cost_fallback: str = ""
    limit_change_percent: str = "1.0"
    """A change of the limit from outside that is worth telling; a decimal number, kept as it was written."""
