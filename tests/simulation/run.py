"""One simulation from a seed: a house, its people, its storms; then everything heals, becomes quiet, and is audited."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from bridge.audit.examine import examine
from bridge.audit.ledgers import Book, Finding
from bridge.audit.restart import nothing_changed
from bridge.audit.secrecy import nothing_told
from bridge.commands import audit
from bridge.core.state import NoSession
from bridge.core.values import ChargePointId
from bridge.store.offline import open_reader
from bridge.store.protocol import RecordState
from tests.simulation.hardware import ROOT
from tests.simulation.house import ANNA_TAG, BEN_TAG, CARDS, House, Plan
from tests.simulation.people import Driver, EnergyManager
from tests.simulation.storms import STORMS, Season, Sky, Storm

SETTLE_S = 1200.0
"""For everything to find each other again, and for the meters to speak."""
QUIET_S = 6 * 3600.0
"""Within so long after the last fault everything is delivered, or something is stuck."""
LOOK_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a seed."""

    seed: int
    hours: float
    charge_points: int
    digest: str
    transactions: int
    injected: Counter[str]
    counted: Counter[str]
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How life goes at a place."""

    between_s: tuple[float, ...]
    """Usual times without a vehicle, of which each house draws one."""
    stay_s: tuple[float, ...]
    """Usual times with one."""
    thirst: float = 1.0
    """How much vehicles take, compared with empty ones."""
    storms: float = 1.0
    """How often it storms, compared with a bad place."""
    more: int = 0
    """More charge points than a small place has."""
    sample_s: int | None = None
    """Between two readings; None: each house has its own."""


CAR_PARK = Pace(between_s=(30.0, 120.0, 900.0), stay_s=(60.0, 240.0, 900.0))
"""Everything at once, and always in bad weather: what a short run has most of."""
STREET = Pace(between_s=(30.0, 60.0), stay_s=(60.0, 120.0), thirst=0.2, storms=0.1, more=2, sample_s=300)
"""Vehicle after vehicle: many transactions in little time."""
HOME = Pace(between_s=(3600.0, 14_400.0, 43_200.0), stay_s=(900.0, 3600.0, 14_400.0), thirst=0.2, storms=0.1, more=4, sample_s=300)
"""Years pass there where there would be days of a car park."""
PACES = {"car-park": CAR_PARK, "street": STREET, "home": HOME}


def plan_of(seed: int) -> tuple[Plan, tuple[Storm, ...], float]:
    """What house a seed has, which storms are in season, and how many times more often than usual they strike.

    Not all at once: a house that burns all day never does what it does on a quiet one.
    """
    rng = Random(f"{seed}/plan")
    plan = Plan(
        charge_points=rng.choice((2, 4, 6)),
        resume=rng.random() < 0.3,
        ping_s=rng.choice((20, 60, 240)),
        sample_s=rng.choice((30, 60, 300)),
        attempts=rng.choice((1, 3, 5)),
        stale_after_s=Random(f"{seed}/silence").choice((None, None, None, 900)),
    )
    share = rng.choice((0.1, 0.3, 0.6))
    hurry = rng.choice((1.0, 3.0, 8.0))
    return plan, tuple(storm for storm in STORMS if Random(f"{seed}/season/{storm.name}").random() < share), hurry


def simulate(seed: int, hours: float, *, pace: Pace = CAR_PARK, noted: Callable[[str], None] | None = None) -> Outcome:
    """Run a seed. What the bridge does wrong is a violation; what is raised is a mistake of the simulation."""
    plan, storms, hurry = plan_of(seed)
    if pace.sample_s is not None:
        plan = replace(plan, ping_s=240, sample_s=pace.sample_s)
    plan = replace(plan, charge_points=plan.charge_points + pace.more)
    with House(seed, plan) as house:
        if noted is not None:
            house.world.noted = noted
        return Simulation(house, storms, hurry=hurry * pace.storms, pace=pace).run(hours)


class Simulation:
    """A house with its people and its weather."""

    def __init__(self, house: House, storms: tuple[Storm, ...], *, hurry: float, pace: Pace = CAR_PARK) -> None:
        self.house = house
        rng = house.world.chance("people")
        between_s, stay_s = rng.choice(pace.between_s), rng.choice(pace.stay_s)
        self.drivers = [Driver(house, name, between_s=between_s, stay_s=stay_s, thirst=pace.thirst) for name in house.wallboxes]
        self.managers = {name: EnergyManager(house, name, between_s=rng.choice((300.0, 3600.0))) for name in house.wallboxes}
        house.disk_is_bad = any(row in {"D4", "D5"} for storm in storms for row in storm.rows)
        sky = Sky(house=house, rng=house.world.chance("sky"), managers=self.managers)
        self.season = Season(sky, storms, hurry=hurry)
        outage_s = rng.choice((2.0, 30.0, 900.0))
        restarts = house.world.chance("restarts")
        house.down_s = lambda: 0.5 + restarts.expovariate(1 / outage_s)

    def run(self, hours: float) -> Outcome:
        """So many hours of life, then quiet, then the audit."""
        house = self.house
        house.start()
        house.run(hours * 3600)
        self.heal()
        house.run(house.world.now_s + SETTLE_S)
        violations = [f"not quiet: {left}" for left in self.become_quiet()] + told_otherwise(house)
        before = book_of(house)
        found_before = self.findings(before)
        house.cut(power=True)
        house.run(house.world.now_s + LOOK_S)
        house.finished = True
        house.stop()
        house.run(house.world.now_s + 60)
        book = book_of(house)
        found = self.findings(book)
        whole = {topic: payload.decode() for topic, payload in house.broker.retained.items() if "/nfc/" not in topic}
        told = (*found, *nothing_changed(before, book, found_before, found), *nothing_told(whole, (*CARDS, ANNA_TAG, BEN_TAG)))
        violations += [str(finding) for finding in told]
        violations += house.mishaps
        return Outcome(
            seed=house.world.seed,
            hours=hours,
            charge_points=len(house.wallboxes),
            digest=house.world.digest,
            transactions=house.world.counted["transactions"],
            injected=house.world.injected | Counter({str(name): count for name, count in house.disk.injected.items()}),
            counted=house.world.counted,
            violations=tuple(violations),
        )

    def heal(self) -> None:
        """No fault any more, nobody plugged, everybody connected."""
        house = self.house
        self.season.end()
        for driver in self.drivers:
            driver.go_home()
        for box in house.wallboxes.values():
            box.metered = True
            box.stubborn = False
            box.break_down("none")
        if not house.broker.up:
            house.broker.come_back()
        for box in house.wallboxes.values():
            box.find_broker()
        house.manage_again()
        for manager in self.managers.values():
            manager.release()
        for seconds in (30, 300, 600):
            house.world.after(seconds, self._put_into_service)
        house.down_s = lambda: 1.0
        house.start_again()

    def _put_into_service(self) -> None:
        """Whoever was put out of service is not told just once: the first time it may not have heard."""
        central = self.house.central
        for name in self.house.wallboxes:
            if central.version(name) == "ocpp1.6":
                central.ask(name, "ChangeAvailability", {"connectorId": 1, "type": "Operative"})
            elif central.version(name) is not None:
                for place in ({}, {"evse": {"id": 1}}):
                    central.ask(name, "ChangeAvailability", {"operationalStatus": "Operative"} | place)

    def become_quiet(self) -> list[str]:
        """Wait until nothing waits; what an operator has to look at is sent again. Returns what is left after a long time."""
        house = self.house
        until_s = house.world.now_s + QUIET_S
        while True:
            left = waiting(house)
            if not left or house.world.now_s >= until_s:
                return left
            for name, session in parked(house):
                request = f'{{"charge_point": "{name}", "session": "{session}"}}'
                house.wallboxes[name].device.publish(f"{ROOT}/bridge/request/queue_replay", request, retain=False)
            house.run(house.world.now_s + LOOK_S)

    def findings(self, book: Book) -> tuple[Finding, ...]:
        """What the auditor says."""
        return examine(book, self.house.central.frames, self.house.truth())


def parked(house: House) -> list[tuple[ChargePointId, str]]:
    """Sessions with records that were put aside."""
    with open_reader(house.database) as store:
        rows = store.rows(states=(RecordState.PARKED,))
    return list(dict.fromkeys((row.charge_point, str(row.record.session)) for row in rows))


RESTING = {"wallbox/{}/command/enabled": b"false", "charge_point/{}/status": b"Available", "charge_point/{}/ocpp/queue": b"0"}
"""What the broker has stored of a charge point where nobody is."""


def told_otherwise(house: House) -> list[str]:
    """Where everything rests, and the broker or a wallbox has another word of it: the next vehicle would charge for nothing."""
    told = house.broker.retained
    wrong = []
    for name, box in house.wallboxes.items():
        for topic, value in RESTING.items():
            stored = told.get(f"{ROOT}/{topic.format(name)}")
            if stored != value:
                wrong.append(f"{name}: at rest the broker has {stored!r} under {topic.format(name)}")
        if box.enabled:
            wrong.append(f"{name}: at rest the wallbox lets every vehicle charge")
    return wrong


def waiting(house: House) -> list[str]:
    """What is not done yet."""
    left = []
    with open_reader(house.database) as store:
        for name in house.wallboxes:
            count = store.count(name)
            kept = store.kept(name)
            if count.queued or count.parked:
                left.append(f"{name}: {count.queued} queued, {count.parked} parked")
            if kept is not None and not isinstance(kept.session, NoSession):
                left.append(f"{name}: a session is open")
    return left


def book_of(house: House) -> Book:
    """J, from the disk."""
    with open_reader(house.database) as store:
        return audit.book_of(store, house.wallboxes)
