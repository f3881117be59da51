"""A house of the simulation: hardware, broker, central system and disk around one bridge, which lives, ends, and lives again."""

import functools
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from bridge.audit.ledgers import Cut, Happened, Managed, Metered, Outage, Stepped, Tapped, Truth
from bridge.config import Configuration, load
from bridge.core.state import NoSession
from bridge.core.values import ChargePointId
from bridge.errors import StoreRefused
from bridge.store.offline import open_reader
from tests.simulation.broker import Device, MqttBroker
from tests.simulation.central import Central
from tests.simulation.disk import SimulatedDisk
from tests.simulation.hardware import MAX_W, PHASES, ROOT, VOLTS, Make, Wallbox
from tests.simulation.life import Life
from tests.simulation.world import BEGIN_MS, World

MEMORY = Path("/dev/shm")
"""Where files cost nothing; elsewhere it is the usual folder for what is passing."""
DISK_S = 0.004
"""Usual time of a commit."""
ROAMERS = {"CAFE0001": "Accepted", "CAFE0002": "Accepted", "CAFE0003": "Blocked", "CAFE0004": "Accepted"}
FICKLE = "CAFE0004"
"""Accepted by Authorize, refused by the start (B16)."""
ANNA_TAG, BEN_TAG = "DE-ABC-ANNA", "DE-ABC-BEN"
CARDS = (*ROAMERS, "DEAD0001", "0A0A0A01", "0B0B0B02", "0C0C0C03")
"""Roamers, a stranger, Anna (whom the central system knows), Ben (whom it refuses, and who may charge all the same), Clara (local only)."""

LOCALS = frozenset({"0B0B0B02", "0C0C0C03", "DEABCBEN"})
"""Cards and tags with a local permission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a house is built."""

    charge_points: int = 4
    first: int = 0
    """Number of the first one: even ones speak 1.6, odd ones 2.0.1."""
    stale_after_s: int | None = None
    resume: bool = False
    ping_s: int = 60
    sample_s: int = 120
    attempts: int = 3


@functools.cache
def configured(plan: Plan) -> Configuration:
    """The configuration of such a house; reading one takes longer than an hour of its life."""
    numbers = range(plan.first, plan.first + plan.charge_points)
    lines = []
    for number, protocol in enumerate(("ocpp1.6", "ocpp2.0.1")):
        lines += [f"[csms.office{number}]", 'url = "ws://office/{identity}"', f'protocol = "{protocol}"', "monitor = true"]
    v16 = f"MeterValueSampleInterval = {plan.sample_s}, WebSocketPingInterval = {plan.ping_s}, TransactionMessageAttempts = {plan.attempts}"
    v201 = (
        f'"SampledDataCtrlr.TxUpdatedInterval" = {plan.sample_s}, "OCPPCommCtrlr.WebSocketPingInterval" = {plan.ping_s}, '
        f'"OCPPCommCtrlr.MessageAttempts[TransactionEvent]" = {plan.attempts}'
    )
    for number in numbers:
        variables = (v16, v201)[number % 2]
        lines += [f"[charge_points.cp{number}]", f'csms = "office{number % 2}"', f"variables = {{ {variables} }}"]
        lines += [f"resume = {str(plan.resume).lower()}", "price_per_kwh = 0.30"]
    lines += ["[users.anna]", f'ocpp_tag = "{ANNA_TAG}"', 'nfc = ["0A0A0A01"]', 'local = "none"']
    lines += ["[users.ben]", f'ocpp_tag = "{BEN_TAG}"', 'nfc = ["0B0B0B02"]', 'local = "all"']
    lines += ["[users.clara]", 'nfc = ["0C0C0C03"]', 'local = "all"']
    if plan.stale_after_s is not None:
        lines += ["[ems]", f"stale_after_s = {plan.stale_after_s}"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "evbridge.toml")
        file.write_text("\n".join(lines))
        return load(file)


class House:
    """Use it as a context manager: it has a folder in memory and a disk under SQLite."""

    def __init__(self, seed: int, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self.world = World(seed)
        self.happened: list[Happened] = []
        self.outages: list[Outage] = []
        self.cuts: list[Cut] = []
        self.mishaps: list[str] = []
        """What no bridge may do: crash by itself, or leave an error that nobody catches."""
        self.broker = MqttBroker(self.world)
        self.broker.delivered = self._delivered
        self.broker.leaving = self._leaving
        self.central = Central(self.world, tags={**ROAMERS, ANNA_TAG: "Accepted", BEN_TAG: "Blocked"}, fickle=frozenset({FICKLE}))
        self.life: Life | None = None
        self.lives = 0
        self.disk_s = DISK_S
        self.paused_until_s = 0.0
        """The process is there and does nothing until then."""
        self.steps: list[Stepped] = []
        self.steps_left = 0
        """So many more steps, and it is cut; 0: it is not."""
        self.steps_left_power = False
        """Whether the power goes then."""
        self.disk_is_bad = False
        """Storms over the disk are in season."""
        self.finished = False
        """It is not started again."""
        self.down_s: Callable[[], float] = lambda: 1.0
        """How long it takes until the bridge is started again."""
        self.manager = Device(self.broker, "energy manager", (), lambda _topic, _payload, _retained: None)
        self._wanted: dict[ChargePointId, float] = {}
        self._heard: dict[ChargePointId, tuple[bool, float]] = {}
        """What the bridge has been told by energy management: allow, and a limit."""
        self._spoke_s: dict[ChargePointId, float] = {}
        """When it last did so, or when the bridge began to wait for it anew."""
        self._tapped: dict[str, str] = {}
        self._down_since_ms: int | None = 0
        self._stopping = False

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="evbridge-", dir=MEMORY if MEMORY.is_dir() else None))
        self.world.place = str(self.folder)
        self.disk = SimulatedDisk(self.folder, self.world.chance("sectors")).__enter__()
        self.database = self.folder / "evbridge.db"
        self.configuration = replace(configured(self.plan), store=self.database)
        rng = self.world.chance("makes")
        self.wallboxes = {
            name: Wallbox(
                self.world,
                self.broker,
                name,
                Make(names_plug_ins=rng.random() < 0.7, speaks_pilot=rng.random() < 0.3, samples=rng.random() < 0.3),
                self.happened.append,
            )
            for name in self.configuration.charge_points
        }
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self.life is not None:
            self.life.die(power=False)
            self.life.bury()
        self.disk.__exit__(kind, error, traceback)
        shutil.rmtree(self.folder)

    # --- time -------------------------------------------------------------------------------------------------------------------------

    def run(self, until_s: float) -> None:
        """Let time pass."""
        world = self.world
        while True:
            self._attend()
            life = self.life
            here_s = world.next_s()
            there_s = None if life is None else life.loop.next_s()
            if there_s is not None:
                there_s = max(there_s, self.paused_until_s)
            due_s = min((one for one in (here_s, there_s) if one is not None), default=until_s)
            if due_s > until_s:
                world.now_s = until_s
                return
            if there_s is not None and (here_s is None or there_s <= here_s):
                world.now_s = max(world.now_s, there_s)
            else:
                world.turn()

    def _attend(self) -> None:
        life = self.life
        if life is None:
            return
        if not life.over and self.world.now_s >= self.paused_until_s:
            life.loop.drain(functools.partial(self._is_over, life))
        if life.over:
            self._bury(life)

    def _is_over(self, life: Life) -> bool:
        """Asked between any two steps of the bridge, each of them from one await to the next."""
        if self.steps_left > 0:
            self.steps_left -= 1
            if self.steps_left == 0:
                self.world.injected["cut at an await"] += 1
                self.cut(power=self.steps_left_power)
        return life.over

    # --- the bridge -------------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The service manager starts it."""
        assert self.life is None
        self.lives += 1
        if self._down_since_ms is not None:
            self.outages.append(Outage(what="bridge", charge_point=None, from_ms=self._down_since_ms, to_ms=self.world.now_ms))
            self._down_since_ms = None
        self.world.counted["lives"] += 1
        self.world.note("life", self.lives)
        self._stopping = False
        for name in self._heard:
            self._counts_from_now(name)
        self.life = Life(self.world, self.lives, broker=self.broker, central=self.central, disk=self.disk, disk_s=lambda: self.disk_s)
        self.life.begin(self.configuration)

    def cut(self, *, power: bool) -> None:
        """Kill it, or take the power away; it is started again after a while."""
        life = self.life
        if life is not None and not life.over:
            self.world.injected["power cut" if power else "kill"] += 1
            self.world.note("cut", power)
            self.cuts.append(Cut(at_ms=self.world.now_ms))
            life.die(power=power)

    def stop(self) -> None:
        """SIGTERM: it ends in order, and is started again after a while."""
        if self.life is not None and not self.life.over:
            self._stopping = True
            self.life.ask_to_stop()

    def _bury(self, life: Life) -> None:
        ended_by_itself = not life.dead
        mishaps = [mishap for mishap in life.bury() if not self._is_the_disk(mishap)]
        self.life = None
        self._down_since_ms = self.world.now_ms
        if ended_by_itself and not self._stopping:
            self.cuts.append(Cut(at_ms=self.world.now_ms))
        self.mishaps += [f"life {life.number}, {self.world.now_s:.3f} s: {mishap!r}" for mishap in mishaps]
        self.world.after(self.down_s(), self.start_again)

    def _is_the_disk(self, mishap: BaseException | str) -> bool:
        """Refusing to start on a disk that refuses is right: the service manager tries again (reliability.md D5)."""
        if isinstance(mishap, StoreRefused) and self.disk_is_bad:
            self.world.counted["refused to start"] += 1
            return True
        return False

    def start_again(self) -> None:
        """Whoever looks after it does, where it is down."""
        if self.life is None and not self.finished:
            self.start()

    def step_clock(self, by_ms: int) -> None:
        """The host's clock is set to another time."""
        if by_ms:
            self.world.host_offset_ms += by_ms
            self.steps.append(Stepped(at_ms=self.world.now_ms, by_ms=by_ms))

    # --- what happens -----------------------------------------------------------------------------------------------------------------

    def tap(self, charge_point: ChargePointId, card: str) -> None:
        """Somebody holds a card to a reader."""
        self.world.counted["taps"] += 1
        number = f"tap-{self.world.counted['taps']}"
        self._tapped[number] = card
        self.wallboxes[charge_point].tap(card, number)

    def _delivered(self, topic: str, payload: bytes) -> None:
        """A message has reached the bridge: only from here on it can be held to it."""
        parts = topic.split("/")
        match parts[1:]:
            case ["nfc", name, "tap"]:
                number = payload.decode().rpartition('"id": "')[2].partition('"')[0]
                card = self._tapped.pop(number, None)
                if card is not None:
                    self.happened.append(Tapped(at_ms=self.world.now_ms, charge_point=ChargePointId(name), id=number, tag=card))
            case ["ems", _, name, "allow" | "limit_w" as what]:
                self._managed(ChargePointId(name), what, payload.decode())
            case _:
                pass

    def _leaving(self, topic: str, payload: bytes, in_step: bool) -> None:
        """A wallbox is released when the broker has told what it had stored, and the session is on the disk; never before.

        And no session is told that a later life does not know.
        """
        match topic.split("/")[1:]:
            case ["wallbox", name, "command", "enabled"] if payload == b"true":
                assert self.life is not None, "somebody has said it"
                if not in_step:
                    self.mishaps.append(f"{self.world.now_s:.3f} s: {name} was released before the broker had told what it had stored")
                if not self.life.has_session(ChargePointId(name)):
                    self.mishaps.append(f"{self.world.now_s:.3f} s: {name} was released, and no session of it was on the disk")
            case ["bridge", "alert", "database_older"] if payload:
                self.mishaps.append(f"{self.world.now_s:.3f} s: the broker knew of a session that was not on the disk")
            case _:
                pass

    def manage(self, charge_point: ChargePointId, limit_w: float) -> None:
        """Energy management speaks, for one charge point. Above the least a limit goes before the yes, so that no moment allows more."""
        self._wanted[charge_point] = limit_w
        self._say_managed(charge_point)
        self.world.note("managed", charge_point, f"{limit_w:.0f}")

    def manage_again(self) -> None:
        """It is connected again, and repeats itself."""
        self.manager.listen()
        for name in self._wanted:
            self._say_managed(name)

    def manage_by_mistake(self, charge_point: ChargePointId, limit_w: float) -> None:
        """Energy management says yes, and a limit that makes no sense."""
        self._wanted[charge_point] = limit_w
        self.manager.publish(f"{ROOT}/ems/load/{charge_point}/limit_w", f"{limit_w:g}")
        self.manager.publish(f"{ROOT}/ems/load/{charge_point}/allow", "true")
        self.world.note("managed by mistake", charge_point, f"{limit_w:g}")

    def is_written_down(self, box: Wallbox) -> bool:
        """Whether the bridge runs, and what this meter shows is on its disk, and will stay so for a while because nothing flows."""
        if self.life is None or self.life.over or not self.broker.up or not (box.online and box.metered) or box.power_w:
            return False
        try:
            with open_reader(self.database) as store:
                kept = store.kept(box.name)
        except StoreRefused:
            return False
        if kept is None or kept.register_wh != box.register_wh or kept.accounted_wh is None:
            return False
        match kept.session:
            case NoSession():
                return kept.accounted_wh == box.register_wh
            case session:
                return session.ending is None and session.last.register_wh == box.register_wh

    def _say_managed(self, charge_point: ChargePointId) -> None:
        limit_w = self._wanted[charge_point]
        if limit_w > 0:
            self.manager.publish(f"{ROOT}/ems/load/{charge_point}/limit_w", f"{limit_w:.0f}")
        self.manager.publish(f"{ROOT}/ems/load/{charge_point}/allow", "true" if limit_w > 0 else "false")

    def _managed(self, charge_point: ChargePointId, what: str, value: str) -> None:
        allow, limit_w = self._heard.get(charge_point, (True, MAX_W))
        self._heard[charge_point] = (value == "true", limit_w) if what == "allow" else (allow, float(value))
        self._counts_from_now(charge_point)

    def _counts_from_now(self, charge_point: ChargePointId) -> None:
        """What energy management said last is in force, until it has been silent for too long. A process that sleeps hears it later."""
        allow, limit_w = self._heard[charge_point]
        effective_w = limit_w if allow and limit_w >= 6 * VOLTS * PHASES else 0.0
        self.happened.append(Managed(at_ms=self.world.now_ms, charge_point=charge_point, limit_w=min(effective_w, MAX_W)))
        heard_s = self._spoke_s[charge_point] = max(self.world.now_s, self.paused_until_s)
        if self.plan.stale_after_s is not None:
            self.world.at(heard_s + self.plan.stale_after_s + 0.5, self._if_silent, charge_point, heard_s)

    def _if_silent(self, charge_point: ChargePointId, since_s: float) -> None:
        """Whoever has been silent for so long says no (`on_missing` is `stop`)."""
        if self._spoke_s[charge_point] == since_s:
            self.world.injected["energy management silent"] += 1
            self.happened.append(Managed(at_ms=self.world.now_ms, charge_point=charge_point, limit_w=0.0))

    # --- the ledgers ------------------------------------------------------------------------------------------------------------------

    def truth(self) -> Truth:
        """H."""
        for box in self.wallboxes.values():
            box._count()
        return Truth(
            meters={name: Metered(start_wh=box.begin_wh, end_wh=box.register_wh) for name, box in self.wallboxes.items()},
            happened=tuple(self.happened),
            outages=tuple(self.outages),
            cuts=tuple(self.cuts),
            drops=self.central.drops,
            statuses=dict.fromkeys(self.wallboxes, "Available"),
            steps=tuple(self.steps),
            clock_ms=BEGIN_MS,
            permitted=LOCALS,
            signed={name: tuple(box.signed) for name, box in self.wallboxes.items() if box.make.samples},
        )
