"""The monitors of block N: what the central system wants to be told of by itself, and how that is kept over a restart. Pure."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum, unique
from functools import lru_cache

from bridge.core.state import State
from bridge.ocpp.v201.evse import CONNECTOR, EVSE
from bridge.ocpp.v201.variable import Key

NOTE = "monitors"
"""Under which they are kept (`Kept.notes`)."""
MONITORS_MAX = 100
"""More than one of each kind on everything that moves; all of them are looked at after every step."""
MONITOR_ITEMS_MAX = 50
"""ItemsPerMessage of SetVariableMonitoring and ClearVariableMonitoring."""
SEVERITY_MAX = 9
"""Debug. 0 is danger (OCPP 2.0.1 part 2 N: severities)."""
HARDWARE_FAILURE = 1
"""The severity of what keeps the station from charging."""


@unique
class Kind(StrEnum):
    """MonitorEnumType."""

    UPPER = "UpperThreshold"
    LOWER = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    CLOCK = "PeriodicClockAligned"


@unique
class Base(StrEnum):
    """MonitoringBaseEnumType."""

    ALL = "All"
    FACTORY = "FactoryDefault"
    HARD_WIRED = "HardWiredOnly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """One monitor on one variable."""

    id: int
    key: Key
    kind: Kind
    value: float
    severity: int
    transaction: bool = False
    """Only while a transaction runs."""
    custom: bool = True
    """Set or changed by the central system; else it is ours."""


OURS: tuple[Monitor, ...] = (
    # StatusNotification of 2.0.1 says no more than Faulted: this one tells what is wrong
    Monitor(
        id=1,
        key=("connector", None, EVSE, CONNECTOR, "problem", None),
        kind=Kind.DELTA,
        value=1,
        severity=HARDWARE_FAILURE,
        custom=False,
    ),
)
"""What is monitored unless the central system says otherwise. None is hard-wired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitors:
    """All of them, and what is told of them."""

    base: Base = Base.ALL
    level: int = SEVERITY_MAX
    """Events of a higher number are not told."""
    next_id: int = 100
    """No id is given twice; the first hundred are ours."""
    active: tuple[Monitor, ...] = OURS

    def find(self, id_: int) -> Monitor | None:
        """The monitor of this id."""
        return next((monitor for monitor in self.active if monitor.id == id_), None)

    def with_one(self, monitor: Monitor) -> "Monitors":
        """With a new one, or another in the place of the one with its id."""
        others = tuple(other for other in self.active if other.id != monitor.id)
        return replace(self, active=(*others, monitor), next_id=max(self.next_id, monitor.id + 1))

    def without(self, id_: int) -> "Monitors":
        """Without it."""
        return replace(self, active=tuple(other for other in self.active if other.id != id_))

    def based(self, base: Base) -> "Monitors":
        """As SetMonitoringBase has it (N05): All brings back ours and leaves the rest, the other two leave nothing else."""
        return replace(self, base=base, active=_BASES[base](self))

    def noted(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), separators=(",", ":"))


def _all(monitors: Monitors) -> tuple[Monitor, ...]:
    present = {monitor.id for monitor in monitors.active}
    return (*(monitor for monitor in OURS if monitor.id not in present), *monitors.active)


_BASES: dict[Base, Callable[[Monitors], tuple[Monitor, ...]]] = {
    Base.ALL: _all,
    Base.FACTORY: lambda _monitors: OURS,
    Base.HARD_WIRED: lambda _monitors: (),
}


def monitors_of(state: State) -> Monitors:
    """A charge point's monitors."""
    return _read(state.kept.notes.get(NOTE))


@lru_cache(maxsize=256)
def _read(text: str | None) -> Monitors:
    """What was noted; it is looked at after every step and changes once a year."""
    if text is None:
        return Monitors()
    told = json.loads(text)
    active = tuple(
        Monitor(**{**monitor, "kind": Kind(monitor["kind"]), "key": tuple(monitor["key"])})  # our own words, read back
        for monitor in told["active"]
    )
    return Monitors(base=Base(told["base"]), level=told["level"], next_id=told["next_id"], active=active)
