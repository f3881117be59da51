"""Scenes for cuts: what one driver does at one charge point, second by second, and how often he tries where nothing answers.

A scene is a generator of pauses. What its driver does depends on what he sees, as with a real one, so that it comes to its end wherever
the bridge is cut; without a cut it is the same every time.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from bridge.audit.ledgers import Lamp, Outage
from bridge.ocpp import failures
from tests.simulation.house import House

LOOK_S = 0.5
"""How often a driver looks at lamp and dashboard."""
PATIENCE_S = 12.0
"""A decision comes within 10 s (B9); where none does, he holds his card to the reader again."""
TRIES_MAX = 30
STUCK_S = 60.0
"""Longer than the bridge waits for the wallbox after a start (B8: 30 s)."""
HUNGRY_S = 1200.0
"""A driver whose vehicle is not full by then leaves, and complains."""
ROAMER, BEN = "CAFE0001", "0B0B0B02"
"""A card the central system accepts; the card of a user whom it refuses, and who may charge all the same (B3)."""

Pauses: TypeAlias = Iterator[float]


class Visitor:
    """Who comes to the only charge point of a house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.complaints: list[str] = []
        self.gone = False
        (self.box,) = house.wallboxes.values()

    def play(self, scene: "Scene") -> None:
        """Begin."""
        self._go_on(scene(self))

    def _go_on(self, pauses: Pauses) -> None:
        pause_s = next(pauses, None)
        if pause_s is None:
            self.gone = True
        else:
            self.house.world.after(pause_s, self._go_on, pauses)

    def authorise(self, card: str) -> Pauses:
        """Tap until it is green."""
        for _ in range(TRIES_MAX):
            since = len(self.house.happened)
            self.house.tap(self.box.name, card)
            for _ in range(int(PATIENCE_S / LOOK_S)):
                yield LOOK_S
                if any(isinstance(one, Lamp) and one.colour == "green" for one in self.house.happened[since:]):
                    return
        self.complaints.append("the driver saw no green")

    def fill_up(self, card: str) -> Pauses:
        """Be authorised, and wait until the vehicle is full.

        A lamp does not wait for the disk: after a green and a cut nothing need flow, and the card is held up again. What has begun to
        flow must go on by itself.
        """
        yield from self.authorise(card)
        began_wh, began_s = self.box.register_wh, self.house.world.now_s
        tries = 1
        while self.box.wants_wh:
            yield LOOK_S
            waited_s = self.house.world.now_s - began_s
            if waited_s > tries * STUCK_S and not self.box.power_w and self.box.register_wh == began_wh:
                tries += 1
                yield from self.authorise(card)
            if waited_s > HUNGRY_S:
                self.complaints.append(f"the vehicle left without {self.box.wants_wh:.0f} Wh of what it wanted")
                return

    def close_office(self) -> Callable[[], None]:
        """The central system lets nobody in; returns what opens it again."""
        central, world, began_ms = self.house.central, self.house.world, self.house.world.now_ms
        central.weather.refusal = failures.of_os_error(ConnectionRefusedError(111, "connection refused"), host="office")
        central.drop_all()

        def reopen() -> None:
            central.weather.refusal = None
            self.house.outages.append(Outage(what="csms", charge_point=None, from_ms=began_ms, to_ms=world.now_ms))

        return reopen


Scene: TypeAlias = Callable[[Visitor], Pauses]


def charge(visitor: Visitor) -> Pauses:
    """Start, charge, stop: plugged, tapped, full, tapped again, unplugged."""
    yield 3
    visitor.box.plug(wants_wh=200)
    yield 2
    yield from visitor.fill_up(ROAMER)
    yield from visitor.authorise(ROAMER)
    yield 3
    visitor.box.unplug()


def offline(visitor: Visitor) -> Pauses:
    """The central system is away for the whole of a transaction; its card is known from the one before."""
    yield 3
    visitor.box.plug(wants_wh=20)
    yield 2
    yield from visitor.fill_up(ROAMER)
    reopen = visitor.close_office()
    visitor.box.unplug()
    yield 3
    visitor.box.plug(wants_wh=150)
    yield 2
    # one that is not known after all may be authorised as soon as somebody can be asked
    visitor.house.world.after(100, reopen)
    yield from visitor.fill_up(ROAMER)
    visitor.box.unplug()
    yield 100


def local(visitor: Visitor) -> Pauses:
    """The central system says no, the house says yes."""
    yield 3
    visitor.box.plug(wants_wh=150)
    yield 2
    yield from visitor.fill_up(BEN)
    yield from visitor.authorise(BEN)
    yield 3
    visitor.box.unplug()


def recovery(visitor: Visitor) -> Pauses:
    """The power fails while energy flows, and the vehicle goes on charging afterwards."""
    yield from _interrupted(visitor, wants_wh=500)


def crash_loop(visitor: Visitor) -> Pauses:
    """The same with a vehicle that stays long enough for twenty recoveries."""
    yield from _interrupted(visitor, wants_wh=2700)


def _interrupted(visitor: Visitor, *, wants_wh: float) -> Pauses:
    yield 3
    visitor.box.plug(wants_wh)
    yield 2
    visitor.house.world.after(70, lambda: visitor.house.cut(power=True))
    yield from visitor.fill_up(ROAMER)
    yield 3
    visitor.box.unplug()


SCENES: dict[str, Scene] = {"charge": charge, "offline": offline, "local": local, "recovery": recovery, "crash_loop": crash_loop}
