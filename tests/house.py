"""A house with three charge points and no central system, and whoever speaks to it over MQTT."""

from dataclasses import dataclass, field
from typing import Any

from bridge.config.values import Configuration
from bridge.core.events import BrokerSynchronised
from bridge.core.state import NoSession, State
from bridge.core.values import ChargePointId, IdTag, ReaderId, UserId, Why
from bridge.mqtt.messages import AppMessage, Message, MeterMessage, Press, Profile, TapMessage, UserMessage, WallboxMessage
from bridge.runtime import Runtime
from bridge.site import Site
from bridge.store.memory import MemoryStore
from tests.shells import Ears, StillClock, Told

GARAGE, YARD, LANE = ChargePointId("garage"), ChargePointId("yard"), ChargePointId("lane")
FILE = """\
[charge_points.garage]
readers = ["door"]
stop_tap_min_s = 0
[charge_points.yard]
readers = ["door"]
[charge_points.lane]
readers = ["post"]
[readers.post]
mode = "prio"
[users.carl]
nfc = ["04:AA:AA:AA"]
local = "all"
[users.dora]
nfc = ["04:DD:DD:DD"]
"""
"""Garage and yard share the reader at the door; the lane has its own. Each has a meter of its own name."""
CARL, DORA = "04AAAAAA", "04DDDDDD"


@dataclass(kw_only=True)
class House:
    """Three charge points without a central system, and whoever speaks to them."""

    configuration: Configuration
    clock: StillClock = field(default_factory=StillClock)
    told: Told = field(default_factory=Told)
    ears: dict[ChargePointId, Ears] = field(default_factory=dict)
    runtimes: dict[ChargePointId, Runtime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site = Site(configuration=self.configuration, clock=self.clock, runtimes=self.runtimes, notices=self.told)
        store = MemoryStore()
        for one in self.configuration.charge_points.values():
            state = State(rules=one.rules, settings=one.settings, base=one.settings, now=self.clock.stamp()["at"])
            self.ears[one.id] = Ears()
            self.runtimes[one.id] = Runtime(state=state, link=None, clock=self.clock, store=store, outlet=self.ears[one.id])
            self.runtimes[one.id].handle(BrokerSynchronised(**self.clock.stamp()))
        for name in self.runtimes:
            self.hears(MeterMessage(meter=name, live=True, register_wh=1000.0))

    def hears(self, *messages: Message) -> None:
        for message in messages:
            self.site.told(message)

    def state(self, charge_point: ChargePointId) -> State:
        return self.runtimes[charge_point].state

    def plugs(self, wallbox: str, *, plugged: bool = True) -> None:
        self.hears(WallboxMessage(wallbox=wallbox, live=True, plugged=plugged))

    def taps(self, tag: str = CARL, reader: str = "door", **told: Any) -> None:  # noqa: ANN401
        fields: dict[str, Any] = {"id": None, "taken_ms": None, "mode": None, "charge_point": None} | told
        self.hears(TapMessage(reader=ReaderId(reader), tag=IdTag(text=tag), **fields))

    def presses(self, press: Press, user: str = "carl", charge_point: str = "garage", **told: Any) -> None:  # noqa: ANN401
        fields: dict[str, Any] = {"id": None, "taken_ms": None, "mode": None} | told
        self.hears(AppMessage(user=UserId(user), press=press, charge_point=charge_point, **fields))

    def publishes(self, user: str, *cards: str, local: bool = True, charge_points: tuple[str, ...] | None = None) -> None:
        profile = Profile(name=user.title(), tag=None, cards=cards, local=local, charge_points=charge_points, mode=None)
        self.hears(UserMessage(user=UserId(user), profile=profile, live=True))

    def runs(self, charge_point: ChargePointId) -> bool:
        return not isinstance(self.state(charge_point).kept.session, NoSession)

    def decided(self, charge_point: ChargePointId) -> list[tuple[str, str]]:
        """Colour and reason of every decision there."""
        return [(one.colour.value, one.why.value) for one in self.ears[charge_point].decisions]

    @property
    def refused(self) -> list[Why]:
        """Why no charge point was asked, oldest first."""
        return [one.why for one in self.told.refusals]
