"""Where storms strike, and what one is: rows of the fault catalogue (reliability.md §2) made to happen."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from bridge.audit.ledgers import Outage
from bridge.core.values import ChargePointId
from tests.simulation.hardware import Wallbox
from tests.simulation.house import House
from tests.simulation.people import EnergyManager

End: TypeAlias = Callable[[], None]
"""Puts everything right again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """Where storms strike."""

    house: House
    rng: Random
    managers: dict[ChargePointId, EnergyManager]

    def struck(self, name: str) -> None:
        """It really happened."""
        self.house.world.injected[name] += 1

    def box(self) -> Wallbox:
        """One of the wallboxes."""
        return self.rng.choice(list(self.house.wallboxes.values()))

    def turned(self, what: object, **fields: tuple[object, object]) -> End:
        """Fields of something have the first value from now on, and the second one when it is over."""
        for field, (during, _) in fields.items():
            setattr(what, field, during)

        def over() -> None:
            for field, (_, after) in fields.items():
                setattr(what, field, after)

        return over

    def outage(self, what: str, charge_point: ChargePointId | None, end: End) -> End:
        """What the auditor is told of it, with a moment's grace after its end."""
        house = self.house
        from_ms = house.world.now_ms

        def over() -> None:
            end()
            house.outages.append(Outage(what=what, charge_point=charge_point, from_ms=from_ms, to_ms=house.world.now_ms))

        return over


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """One kind of fault."""

    rows: tuple[str, ...]
    """Of the fault catalogue."""
    name: str
    hours: float
    """Usual time between two of them where they are in season."""
    lasts_s: float
    """Usual time until it is over; 0: it is a blow."""
    begin: Callable[[Sky], End | None]
    counts: tuple[str, ...] = ()
    """Names under which it is counted in `World.injected`. Empty: its own."""

    @property
    def counters(self) -> tuple[str, ...]:
        """The same, never empty."""
        return self.counts or (self.name,)
