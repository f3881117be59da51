"""The three ledgers: what the bridge wrote down, what the central system was told, and what the hardware really did.

Times called `at_ms` are the observer's own, in milliseconds, from a clock that never jumps; times that somebody wrote into a message or
a record are called `…_utc_ms` or stand in the record itself, and may be as wrong as that party's clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.core.effects import Decision, HistoryEntry, Record
from bridge.core.values import ChargePointId

# --- the bridge -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record of the bridge's outbox and where it is: `queued`, `delivered` or `parked`."""

    id: int
    charge_point: ChargePointId
    state: str
    record: Record
    attempts: int = 0
    rounds: int = 0
    backend_id: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """J: what the bridge has on its disk."""

    history: tuple[tuple[ChargePointId, HistoryEntry], ...] = ()
    rows: tuple[Row, ...] = ()
    """In order of delivery. Delivered samples older than a month are not kept."""
    decisions: tuple[tuple[ChargePointId, Decision], ...] = ()
    open_sessions: tuple[tuple[ChargePointId, str], ...] = ()
    """Charge points with a running session, and its id."""
    open_starts_wh: Mapping[str, int] = field(default_factory=dict)
    """Where a running session began, by its id. Needed of local ones only: of the others a row tells it."""


# --- the central system ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """C, frame by frame: one text frame of one WebSocket, as the central system saw it."""

    at_ms: int
    connection: int
    """Counted from 1 over all stations."""
    charge_point: ChargePointId
    protocol: str
    """`ocpp1.6` or `ocpp2.0.1`."""
    from_station: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """C, bill by bill: a transaction as a central system exports it. `end_wh` None: it is open."""

    charge_point: ChargePointId
    name: str
    start_wh: int
    end_wh: int | None
    tag: str | None = None
    started_utc_ms: int | None = None
    ended_utc_ms: int | None = None


# --- the hardware ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What a meter showed before anything happened, and at the end."""

    start_wh: int
    end_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """A vehicle was plugged in (True) or pulled out."""

    at_ms: int
    charge_point: ChargePointId
    plugged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """From now on so much flows; 0: the contactor is open or the vehicle takes nothing."""

    at_ms: int
    charge_point: ChargePointId
    power_w: float
    register_wh: int
    """The true register at that moment, rounded down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """What energy management wants from now on, all sources together: at most so much; 0: nothing may flow. Infinity: no limit."""

    at_ms: int
    charge_point: ChargePointId
    limit_w: float
    reached: bool = True
    """The bridge heard it, or the broker stored it for the bridge's next start. False: it got lost, unless the bridge was down then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapped:
    """A card was held to a reader, and the broker delivered the message to the bridge. `id` is unique."""

    at_ms: int
    charge_point: ChargePointId
    id: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """The reader was told a decision about a tap."""

    at_ms: int
    charge_point: ChargePointId
    id: str
    colour: str
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Something was not there or not itself: for these times promises of time do not hold."""

    what: str
    """`bridge` (down), `broker` (bridge or hardware cut off from it), `csms`, `disk`, `hardware`, `meter`."""
    charge_point: ChargePointId | None
    """None: all."""
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The bridge process was killed or lost its power, at once."""

    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebased:
    """The register leaps without any energy: the meter was replaced, began anew, or is back where it was."""

    at_ms: int
    charge_point: ChargePointId
    from_wh: int
    """The last register the bridge can have heard before."""
    to_wh: int
    """The first one afterwards."""


Happened: TypeAlias = Plugged | Power | Managed | Tapped | Lamp | Rebased


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """The host's clock was set: from now on it shows so much more, or less, than it would have."""

    at_ms: int
    by_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """H: what really happened."""

    meters: Mapping[ChargePointId, Metered]
    happened: tuple[Happened, ...] = ()
    """In the order of time."""
    outages: tuple[Outage, ...] = ()
    cuts: tuple[Cut, ...] = ()
    drops: int = 0
    """How often a connection to the central system ended, for whatever reason."""
    statuses: Mapping[ChargePointId, str] = field(default_factory=dict)
    """At the end, in 1.6's nine words: what the last status the central system was told must be. `|` between words: either will do."""
    steps: tuple[Stepped, ...] = ()
    clock_ms: int | None = None
    """What the host's clock showed (UTC) when the observer's showed 0. None: judged by the first decision that a lamp showed."""
    permitted: frozenset[str] | None = None
    """Tags and cards with a local permission, as `tag_key` has them. None: not told, so greens by local permission are not questioned."""
    signed: Mapping[ChargePointId, tuple[str, ...]] = field(default_factory=dict)
    """Everything a meter has signed, in order. A charge point that is missing: not told."""


# --- the outcome ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    rule: int
    """Number of the invariant that is broken (see `bridge.audit.rules`)."""
    charge_point: ChargePointId | None
    text: str

    def __str__(self) -> str:
        """One line."""
        return self.text if self.charge_point is None else f"{self.charge_point}: {self.text}"
