"""What one version of OCPP must be able to say and understand. Pure; the link carries, the core decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, Protocol, TypeAlias

from bridge.clock import Stamp
from bridge.core.backend import RecordDelivered
from bridge.core.effects import AnnounceReading, Answer, Outcome, Record
from bridge.core.events import AnyEvent
from bridge.core.orders import Notice
from bridge.core.settings import Settings
from bridge.core.state import State
from bridge.core.values import IdTag, Person, RecordId, RequestId, SessionId, TagInfo
from bridge.ocpp.networks import Network

Json: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameplate:
    """What BootNotification tells of the hardware."""

    vendor: str
    model: str
    serial: str | None = None
    firmware: str | None = None
    meter_serial: str | None = None
    meter_type: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A CALL to be sent."""

    action: str
    payload: JsonObject


@unique
class Registration(StrEnum):
    """How the central system answered BootNotification."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The answer to BootNotification."""

    status: Registration
    interval_s: int
    now_ms: int | None
    """The central system's time, UTC; None where it can't be read."""


@unique
class Errand(StrEnum):
    """What is to be sent after a reply, because the central system asked for it."""

    BOOT = "BootNotification"
    HEARTBEAT = "Heartbeat"
    STATUS = "StatusNotification"
    READING = "MeterValues"
    TRANSACTION = "TransactionEvent"
    FIRMWARE_STATUS = "FirmwareStatusNotification"
    DIAGNOSTICS_STATUS = "DiagnosticsStatusNotification"
    LOG_STATUS = "LogStatusNotification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer at once; then run the errands, in order."""

    payload: JsonObject
    errands: tuple[Errand, ...] = ()
    connector: int | None = None
    """The connector an errand is about; None: all."""
    messages: tuple[Outgoing, ...] = ()
    """To be sent after it, in order: the parts of a report."""
    event: AnyEvent | None = None
    """What the core has to know, answer or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Answer with a CALLERROR. `code` is the version's own spelling; `description` at most 255 characters, never quoting the frame."""

    code: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The core decides; the answer comes as an `Answer` effect with the same request id."""

    event: AnyEvent
    payload: JsonObject | None = None
    """The whole answer, should the core say yes, where a word would not do."""


Handled: TypeAlias = Reply | Refusal | Passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a dialect may look at to answer a request."""

    state: State
    stamp: Stamp
    request: RequestId
    registration: Registration | None
    """None: BootNotification has not been answered yet."""
    person: Callable[[IdTag], Person]
    """Who a tag belongs to at this charge point."""
    known: Callable[[IdTag], TagInfo | None]
    """What is known here of a tag: by the local list, else by the authorisation cache."""
    heartbeat_s: int = 0
    """The heartbeat interval in force, where the central system may ask for it and the settings leave it to the registration."""
    nameplate: Nameplate = Nameplate(vendor="", model="")
    listed: Callable[[IdTag], TagInfo | None] = lambda _tag: None
    """What the local list has on a tag, where the list is in use."""
    list_size: Callable[[], int] = lambda: 0
    """How many tags it has."""
    is_queued: Callable[[SessionId | None], bool] = lambda _session: False
    """Whether records of a transaction (None: of any) wait to be delivered."""
    security_profile: int = 1
    """Of the connection (OCPP 2.0.1 A): 0 without a password, 1 with one, 2 with TLS as well."""
    call_timeout_s: float = 30.0
    """How long an answer may take."""
    network: Network = field(default_factory=Network)
    """By which road the link goes."""


Handler: TypeAlias = Callable[[JsonObject, Context], Handled]
"""Answers one action, whose payload has passed its schema."""


class Watch(Protocol):
    """Looks at a charge point after every step, for what the central system wants to be told of by itself (variable monitoring)."""

    @property
    def due_s(self) -> float:
        """When a look may find something although nothing has happened (mono); infinity: never."""

    def look(self, context: Context, *, online: bool) -> tuple[Outgoing, ...]:
        """What there is to tell; while the central system is away, what may wait for it."""


Words: TypeAlias = tuple[frozenset[Outcome], str]
"""The outcomes that an answer has a word for (each its own value), and its plain no for all others."""


class Dialect(Protocol):
    """One version of OCPP, station side."""

    subprotocol: str
    """`ocpp1.6` …"""
    speaks_of_transactions: bool
    """It has a message for each step of one, so that its own name for a transaction is ours."""
    tag_length_max: int

    def boot(self, nameplate: Nameplate, reason: str) -> Outgoing:
        """BootNotification; `reason` in 2.0.1's words (BootReason)."""

    def greetings(self, state: State) -> tuple[Outgoing, ...]:
        """What follows an accepted BootNotification, after the statuses."""

    def notice(self, notice: Notice, state: State) -> tuple[Outgoing, ...]:
        """Something to be told once; nothing where this version has no message for it."""

    def registered(self, payload: JsonObject) -> Registered:
        """Read its answer. Raises CsmsRefused where no status can be read: nothing has been answered."""

    def heartbeat(self) -> Outgoing:
        """Heartbeat."""

    def heartbeat_ms(self, payload: JsonObject) -> int | None:
        """The central system's time in the answer; None where it can't be read."""

    def statuses(self, state: State, connector: int | None = None) -> tuple[Outgoing, ...]:
        """StatusNotification as things are now: of one connector, or of connector 0 and then 1."""

    def authorize(self, tag: IdTag) -> Outgoing:
        """Authorize."""

    def authorized(self, payload: JsonObject) -> TagInfo:
        """Read its answer. Raises CsmsRefused where no status can be read: the question has not been answered."""

    def reading(self, effect: AnnounceReading, settings: Settings) -> Outgoing | None:
        """MeterValues outside a transaction; None where no configured measurand is known."""

    def record(self, record: Record, *, backend_id: str | None, start_parked: bool, settings: Settings) -> Outgoing | None:
        """A transaction message; None: this version has no message for it, and it counts as delivered.

        `backend_id` is what the central system called the transaction; None with `start_parked` where its start never arrived.
        """

    def delivered(self, row: RecordId, record: Record, payload: JsonObject, stamp: Stamp) -> RecordDelivered:
        """Read the answer to a transaction message.

        Raises CsmsRefused where a start's answer has neither a status nor a name for the transaction: it counts as an error answer.
        """

    def errand(self, errand: Errand, state: State, connector: int | None) -> tuple[Outgoing, ...]:
        """What an errand sends (STATUS, FIRMWARE_STATUS, DIAGNOSTICS_STATUS, LOG_STATUS).

        BOOT and HEARTBEAT are the link's. READING and TRANSACTION are the core's: the link hands it ReadingRequested, and the reading
        comes back as a record of the open transaction or as an AnnounceReading.
        """

    def handle(self, action: str, payload: JsonObject, context: Context) -> Handled:
        """Answer a request of the central system whose payload has passed its schema."""

    def answer(self, action: str, answer: Answer, state: State) -> JsonObject:
        """Spell the core's answer to a passed request."""

    def unknown_action(self, action: str) -> Refusal:
        """NotImplemented or NotSupported, as this version has it."""

    def violation(self, keyword: str) -> str:
        """The CALLERROR code for a payload that breaks its schema, by the JSON Schema keyword that failed."""

    def watch(self, second_s: float) -> Watch | None:
        """A new watch for one link, with seconds of this length; None: this version tells nothing by itself."""

    def initial(self, variables: Mapping[str, str | int | bool], *, base: Settings) -> Settings:
        """Settings from the configuration's table of initial variables, in this version's names.

        Raises ValueError that names the key and the allowed values.
        """
