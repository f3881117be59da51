"""One charge point alone, at a central system: its runtime, and everything around it in the test's hand."""

from collections.abc import Callable
from typing import Any, TypeVar

from bridge.core.backend import AuthorizeAnswered, BackendOnline
from bridge.core.effects import AskAuthorize
from bridge.core.event import Event
from bridge.core.events import BrokerSynchronised, Door, EnergyManaged, MeterReported, Origin, TagPresented, TimePassed, WallboxReported
from bridge.core.settings import Ability, Rules, Settings
from bridge.core.state import State
from bridge.core.values import ChargePointId, IdTag, Person, ReaderId, TagInfo, Verdict
from bridge.runtime import Runtime
from tests.shells import Ears, HeldStore, StillClock, turns

GARAGE = ChargePointId("garage")
FLEET = "fleet"
ROAMER = Person(tag=IdTag(text="04EE"), card="04EE")
ACCEPTED = TagInfo(verdict=Verdict.ACCEPTED)
STOP_WAIT_S = 0.5
_E = TypeVar("_E")


class Place:
    """A charge point at a central system, everything around it in the test's hand."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.store = HeldStore()
        self.ears = Ears()
        rules = Rules(charge_point=GARAGE, backend=FLEET, stop_wait_s=STOP_WAIT_S, can=frozenset(Ability))
        settings = Settings()
        state = State(rules=rules, settings=settings, base=settings, now=self.clock.stamp()["at"])
        self.runtime = Runtime(state=state, link=FLEET, clock=self.clock, store=self.store, outlet=self.ears)
        self.runtime.wire = self.ears

    def happens(self, kind: Callable[..., Event], /, **fields: Any) -> None:  # noqa: ANN401
        """Anything at all, now."""
        self.runtime.handle(kind(**self.clock.stamp(), **fields))  # type: ignore[arg-type] # every event but the base of them

    def passes(self, seconds: float) -> None:
        """Time passes, and the core is told."""
        self.clock.ahead_s += seconds
        self.happens(TimePassed)

    def taps(self, person: Person = ROAMER) -> None:
        origin = Origin(door=Door.READER, id=self.clock.fresh(), reader=ReaderId("door"))
        self.happens(TagPresented, origin=origin, person=person)

    def says_yes(self) -> None:
        """The central system, to the newest question."""
        asked = self.heard(AskAuthorize)[-1]
        self.happens(AuthorizeAnswered, question=asked.question, info=ACCEPTED, tag=asked.tag)

    def energy(self, **said: Any) -> None:  # noqa: ANN401
        self.happens(EnergyManaged, source="load", everywhere=False, **said)

    def heard(self, kind: type[_E]) -> list[_E]:
        """Everything of a kind that has left."""
        return [one for one in self.ears.journal if isinstance(one, kind)]

    @property
    def enabled(self) -> list[bool]:
        """What the hardware was told, oldest first."""
        return [one.enabled for one in self.ears.commands]

    async def settles(self) -> None:
        """What is on its way arrives; only what comes from now on counts."""
        await turns()
        self.ears.forget()
        self.store.changes.clear()


async def ready() -> Place:
    """Plugged, metered, online, synchronised, and everything of it on the disk; nothing heard yet."""
    made = Place()
    made.happens(BackendOnline, clock_offset_ms=0)
    made.happens(WallboxReported, live=True, plugged=True)
    made.happens(MeterReported, live=True, register_wh=1000.0)
    made.happens(BrokerSynchronised)
    await made.settles()
    return made


async def released() -> Place:
    """A transaction is open, released and on the disk; nothing heard yet."""
    made = await ready()
    made.taps()
    made.says_yes()
    await turns()
    assert made.enabled[-1]
    await made.settles()
    return made
