"""What the configuration says, ready for use: names resolved, defaults filled in, secrets read. Constant while the process lives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path

from bridge.core.identity import User
from bridge.core.settings import Rules, Settings
from bridge.core.values import ChargePointId, Mode, ReaderId, UserId
from bridge.ocpp.dialect import Nameplate


@dataclass(frozen=True, slots=True)
class Secret:
    """A password. Its `repr` doesn't show it, so that no log does."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        """Not the password."""
        return "***"


@unique
class MqttProtocol(StrEnum):
    """The version of MQTT to be spoken."""

    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mqtt:
    """`[mqtt]`: the broker."""

    host: str = "localhost"
    port: int = 1883
    tls: bool = False
    ca_file: Path | None = None
    """Only certificates signed by these are trusted; None: what the system trusts."""
    user: str | None = None
    password: Secret | None = None
    root: str = "evbridge"
    """What every topic begins with, without a slash at either end."""
    protocol: MqttProtocol = MqttProtocol.V5
    instance: str = "evbridge"
    """The client id. Two bridges on one broker need two."""


@unique
class PasswordForm(StrEnum):
    """How a password becomes the bytes of the Basic-auth header."""

    TEXT = "text"
    HEX = "hex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Csms:
    """`[csms.ID]`: a central system."""

    id: str
    """As in topics and in the outbox."""
    name: str
    """As shown as the authority of a decision."""
    url: str
    """As written; a charge point's own is `ChargePoint.address`."""
    protocols: tuple[str, ...] = ("ocpp1.6",)
    """The WebSocket sub-protocols offered to it, the preferred one first."""
    file_hosts: tuple[str, ...] = ()
    """Where it may have files sent to and fetched from; without any, nowhere."""
    network_hosts: tuple[str, ...] = ()
    """Where it may send its charge points, beside its own host (OCPP 2.0.1 network profiles)."""
    ca_file: Path | None = None
    password_form: PasswordForm = PasswordForm.TEXT
    monitor: bool = False
    """Alert when it can't be reached (B12)."""
    monitor_grace_s: float = 300.0
    call_timeout_s: float = 30.0
    """Without an answer for so long the link is closed and opened anew (design.md §4 rule 5)."""
    connect_timeout_s: float = 30.0
    reconnect_max_s: float = 300.0
    """The waits between attempts to connect double up to this."""
    boot_retry_min_s: int = 10
    """A central system that doesn't accept a charge point is not asked again faster, whatever interval it tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargePoint:
    """`[charge_points.ID]`: one wallbox, presented as a charging station of its own."""

    id: ChargePointId
    identity: str
    """Its name at the central system."""
    csms: Csms | None
    """None: local only."""
    address: str | None
    """The URL of its own link, identity included."""
    password: Secret | None
    wallbox: str
    meter: str
    readers: tuple[ReaderId, ...]
    nameplate: Nameplate
    rules: Rules
    settings: Settings
    """As configured; what the central system changed is laid over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """`[readers.ID]`, or a reader that a charge point names."""

    id: ReaderId
    charge_points: tuple[ChargePointId, ...]
    """Whom it serves, in the order of the file."""
    led_hold_ms: int = 700
    mode: Mode | None = None


@unique
class LogForm(StrEnum):
    """How a line of the log looks."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """`[log]`."""

    level: str = "info"
    """error, warning, info or debug."""
    form: LogForm = LogForm.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The whole file."""

    mqtt: Mqtt
    csms: Mapping[str, Csms]
    charge_points: Mapping[ChargePointId, ChargePoint]
    readers: Mapping[ReaderId, Reader]
    users: Mapping[UserId, User]
    store: Path
    """The database."""
    tape_mb: int = 16
    """Size of what is recorded for `evbridge replay`; 0: nothing is."""
    log: Log = field(default_factory=Log)
    currency: str = "EUR"
    """ISO 4217; of all prices and costs."""
    warnings: tuple[str, ...] = ()
    """What is legal and probably not meant, each with its key path."""
