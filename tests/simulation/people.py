"""Drivers, and whoever else presses something: what is done to a house on a day on which nothing is broken."""

from random import Random

from bridge.core.values import ChargePointId
from tests.simulation.hardware import MAX_W
from tests.simulation.house import CARDS, FICKLE, ROAMERS, House

LEAST_W = 6 * 230 * 3
"""The least that a vehicle takes; a limit below is a pause."""


class Driver:
    """Everybody who comes to one charge point, one after the other."""

    def __init__(self, house: House, charge_point: ChargePointId, *, between_s: float, stay_s: float, thirst: float = 1.0) -> None:
        """`between_s`: usual time without a vehicle; `stay_s`: usual time with one; `thirst`: how empty it is, 1 at most."""
        self._house = house
        self._world = house.world
        self._box = house.wallboxes[charge_point]
        self._name = charge_point
        self._between_s = between_s
        self._stay_s = stay_s
        self._thirst = thirst
        self._rng: Random = house.world.chance(f"driver {charge_point}")
        self._gone_home = False
        self._wait(self._arrive, between_s)

    def go_home(self) -> None:
        """Nobody comes any more; whoever is here leaves."""
        self._gone_home = True
        if self._box.plugged:
            self._box.unplug()

    def _wait(self, what: object, usual_s: float) -> None:
        assert callable(what)
        self._world.after(0.5 + self._rng.expovariate(1 / usual_s), self._if_still_here, what)

    def _if_still_here(self, what: object) -> None:
        assert callable(what)
        if not self._gone_home:
            what()

    # --- a visit ----------------------------------------------------------------------------------------------------------------------

    def _arrive(self) -> None:
        rng = self._rng
        self._world.counted["visits"] += 1
        card = rng.choice(CARDS)
        way = rng.random()
        if way < 0.12:
            self._house.tap(self._name, card)
            self._wait(lambda: self._plug(card, tapped=True), 10)
        elif way < 0.15:
            # plugged and pulled again, faster than anybody thinks
            self._plug(card, tapped=True)
            self._world.after(rng.uniform(0.05, 0.5), self._pull_and_replug)
        else:
            self._plug(card, tapped=False)

    def _plug(self, card: str, *, tapped: bool) -> None:
        rng = self._rng
        if self._box.plugged:
            return
        self._box.plug(wants_wh=rng.choice((50.0, 500.0, 3000.0, 20_000.0)) * rng.uniform(0.2, 1.0) * self._thirst)
        if not tapped:
            self._wait(lambda: self._identify(card), 5)
        self._wait(lambda: self._leave(card), self._stay_s)

    def _pull_and_replug(self) -> None:
        if self._box.plugged and not self._gone_home:
            self._box.unplug()
            self._world.after(self._rng.uniform(0.05, 0.5), self._if_still_here, lambda: self._plug(self._rng.choice(CARDS), tapped=False))

    def _identify(self, card: str) -> None:
        rng, tap = self._rng, self._house.tap
        way = rng.random()
        if way < 0.15 and self._started_remotely(card):
            return
        tap(self._name, card)
        if way > 0.9:
            # the reader reads it again, or somebody else's card a moment later
            other = card if rng.random() < 0.5 else rng.choice(CARDS)
            self._world.after(rng.uniform(0.05, 4.0), tap, self._name, other)
        elif way > 0.8:
            self._wait(lambda: tap(self._name, rng.choice((card, *CARDS))), 30)

    def _started_remotely(self, card: str) -> bool:
        """By the central system; False: it can't."""
        if card not in ROAMERS or card == FICKLE:
            return False
        central = self._house.central
        match central.version(self._name):
            case "ocpp1.6":
                return central.ask(self._name, "RemoteStartTransaction", {"idTag": card, "connectorId": 1})
            case "ocpp2.0.1":
                token = {"idToken": card, "type": "ISO14443"}
                return central.ask(self._name, "RequestStartTransaction", {"idToken": token, "remoteStartId": self._rng.randrange(1000)})
            case _:
                return False

    def _leave(self, card: str) -> None:
        if not self._box.plugged:
            return
        if self._rng.random() < 0.4:
            self._house.tap(self._name, card)
            self._wait(self._unplug, 10)
        elif self._rng.random() < 0.15 and self._stopped_remotely():
            self._wait(self._unplug, 20)
        else:
            self._unplug()

    def _stopped_remotely(self) -> bool:
        central = self._house.central
        running = central.memory.running.get(self._name)
        if not running:
            return False
        name = running[-1]
        if isinstance(name, int):
            return central.ask(self._name, "RemoteStopTransaction", {"transactionId": name})
        return central.ask(self._name, "RequestStopTransaction", {"transactionId": name})

    def _unplug(self) -> None:
        if self._box.plugged:
            self._box.unplug()
        self._wait(self._arrive, self._between_s)


class EnergyManager:
    """Raises, lowers and stops, whenever it likes."""

    def __init__(self, house: House, charge_point: ChargePointId, *, between_s: float) -> None:
        self._house = house
        self._name = charge_point
        self._between_s = between_s
        self._rng = house.world.chance(f"manager {charge_point}")
        self._calm = False
        self._wait()

    def release(self) -> None:
        """Let everything flow from now on."""
        self._calm = True
        self._house.manage(self._name, MAX_W)

    def flap(self, times: int) -> None:
        """On and off, once a second."""
        for number in range(times):
            self._house.world.after(number, self._say, MAX_W if number % 2 else 0.0)

    def _wait(self) -> None:
        self._house.world.after(1 + self._rng.expovariate(1 / self._between_s), self._turn)

    def _turn(self) -> None:
        if not self._calm:
            rng = self._rng
            way = rng.random()
            self._say(0.0 if way < 0.25 else 3000.0 if way < 0.35 else MAX_W if way < 0.6 else rng.uniform(LEAST_W, MAX_W))
            self._wait()

    def _say(self, limit_w: float) -> None:
        if not self._calm:
            self._house.manage(self._name, limit_w)
