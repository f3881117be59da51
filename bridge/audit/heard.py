"""What a central system heard, in the words of neither version of OCPP."""

from dataclasses import dataclass, field
from enum import StrEnum, unique

from bridge.core.values import ChargePointId

NO_NAME = "-1"
"""The name under which messages of a transaction go whose start never arrived (1.6 errata 3.18)."""


@unique
class Step(StrEnum):
    """Where in a transaction a message stands."""

    START = "start"
    SAMPLE = "sample"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the central system said to a call."""

    order: int
    """Number of the frame."""
    at_ms: int
    error: str | None = None
    """The code, where it was an error or could not be read."""
    name: str | None = None
    """The transaction's name, where it gave one."""
    accepted: bool | None = None
    """What it said of the tag, where it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of the station, and how it was answered."""

    order: int
    """Number of the frame."""
    at_ms: int
    connection: int
    id: str
    content: str
    """Action and payload, the same letters for the same meaning."""
    answer: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A register as it was told."""

    utc_ms: int
    register_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One copy of a transaction message."""

    call: Call
    step: Step
    own_names: bool
    """The station names its transactions, and numbers their messages (2.0.1)."""
    name: str | None
    """None: a start that is named by the answer."""
    sequence: int | None
    utc_ms: int | None
    register_wh: int | None
    """At the start, at the end, or of the sample. None: not told."""
    begin_wh: int | None
    """With an end: the register at the start, where it is told again."""
    tag: str | None
    offline: bool | None
    """None: this version does not tell."""
    core: str
    """What must never change from copy to copy, whatever is configured in between; without the name."""
    readings: tuple[Measured, ...]
    signed: tuple[tuple[int, str], ...]
    """Signed readings with their times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A status of the connector."""

    order: int
    at_ms: int
    utc_ms: int | None
    status: str
    coarse: bool
    """In the five words of 2.0.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """From now on the central system has accepted a tag; `key` as `tag_key` has it."""

    at_ms: int
    key: str


@dataclass(slots=True, kw_only=True)
class Hearing:
    """Everything heard of one charge point, in order."""

    charge_point: ChargePointId
    calls: list[Call] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    loose: list[Measured] = field(default_factory=list)
    """Registers told outside any transaction."""
    shown: list[Shown] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)
    """Frames by which the central system changed what it wants to be told."""
    registrations: int = 0
    """How often the station registered, and was accepted."""
    summons: int = 0
    """How often the central system asked for something that ends in a registration."""
    connections: set[int] = field(default_factory=set)
    malformed: list[int] = field(default_factory=list)
    """Frames of the station that nobody could read."""
