"""A wallbox with its meter, its reader and a vehicle: what really happens, which is the truth that everything else is held against.

Energy flows while a vehicle is plugged, wants energy, and the last command that was heard allows it; also while nobody enforces anything.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from bridge.audit.ledgers import Happened, Lamp, Plugged, Power
from bridge.core.values import ChargePointId
from tests.simulation.broker import Device, MqttBroker
from tests.simulation.world import World

ROOT = "evbridge"
VOLTS, PHASES, MAX_A = 230, 3, 16.0
MAX_W = VOLTS * PHASES * MAX_A
REACT_S = 0.3
"""From the command to the contactor."""
BUSY_REPORT_S, IDLE_REPORT_S = 30.0, 600.0
"""How often the meter speaks by itself: while energy flows, and otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """What kind of wallbox it is."""

    names_plug_ins: bool
    """It tells `plug_id`."""
    speaks_pilot: bool
    """It tells `cp_state` instead of plugged and charging."""
    samples: bool
    """Its meter tells whole samples, with signed values."""


class Wallbox:
    """One charge point's hardware."""

    def __init__(self, world: World, broker: MqttBroker, name: ChargePointId, make: Make, happened: Callable[[Happened], None]) -> None:
        self.name = name
        self.make = make
        self.plugged = False
        self.wants_wh = 0.0
        """What the vehicle still takes."""
        self.online = True
        self.metered = True
        """The meter speaks."""
        self.fault = "none"
        self.stubborn = False
        """It ignores commands."""
        self.power_w = 0.0
        self.signed: list[str] = []
        """Everything the meter has signed."""
        self.exact_wh = float(int(world.chance(f"meter {name}").uniform(1_000, 9_000_000)))
        self.begin_wh = self.register_wh
        self.enabled = False
        self.limit_w = MAX_W
        self._world = world
        self._rng = world.chance(f"wallbox {name}")
        self._happened = happened
        self._since_s = 0.0
        self._obeys_s = 0.0
        self._plug_ins = 0
        self._turn = 0
        """Of the state; what was planned in an older one is void."""
        self._told: dict[str, str] = {}
        self._seen: set[str] = set()
        self.device = Device(
            broker,
            name,
            (f"{ROOT}/wallbox/{name}/command/+", f"{ROOT}/nfc/{name}/decision"),
            self._hear,
        )
        self._greet()
        self._beat = 0
        """Of the meter's own rhythm; an older one is void."""
        world.after(self._rng.uniform(0, BUSY_REPORT_S), self._tick, 0)

    # --- physics ----------------------------------------------------------------------------------------------------------------------

    @property
    def register_wh(self) -> int:
        """What the meter shows."""
        return math.floor(self.exact_wh)

    def _count(self) -> None:
        """Bring the register up to now."""
        drawn = self.power_w * (self._world.now_s - self._since_s) / 3600
        self.exact_wh += drawn
        self.wants_wh = max(0.0, self.wants_wh - drawn)
        self._since_s = self._world.now_s

    def _settle(self) -> None:
        """Let as much flow as may flow now."""
        self._count()
        flows = self.plugged and self.fault == "none" and self.enabled and self.wants_wh > 1.0
        power_w = min(self.limit_w, MAX_W) if flows else 0.0
        if power_w < 6 * VOLTS * PHASES - 1:
            power_w = 0.0
        if power_w == self.power_w:
            return
        self.power_w = power_w
        self._turn += 1
        self._happened(Power(at_ms=self._world.now_ms, charge_point=self.name, power_w=power_w, register_wh=self.register_wh))
        self._world.note("power", self.name, f"{power_w:.0f}", self.register_wh)
        if power_w > 0:
            self._beat += 1
            self._world.after(BUSY_REPORT_S, self._tick, self._beat)
            self._world.after(self.wants_wh / power_w * 3600 + 0.01, self._satisfied, self._turn)
        self._report_state()
        self.report_meter()

    def _satisfied(self, turn: int) -> None:
        if turn == self._turn:
            self._count()
            self.wants_wh = 0.0
            self._settle()

    # --- people -----------------------------------------------------------------------------------------------------------------------

    def plug(self, wants_wh: float) -> None:
        """A vehicle arrives."""
        self.plugged, self.wants_wh = True, wants_wh
        self._plug_ins += 1
        self._plug_changed()

    def unplug(self) -> None:
        """It leaves."""
        self._count()
        self.plugged, self.wants_wh = False, 0.0
        self._plug_changed()

    def _plug_changed(self) -> None:
        self._happened(Plugged(at_ms=self._world.now_ms, charge_point=self.name, plugged=self.plugged))
        self._world.note("plug", self.name, self.plugged)
        self._settle()
        self._report_state()
        self.report_meter()

    def tap(self, tag: str, number: str) -> None:
        """A card is held to the reader."""
        self.device.publish(f"{ROOT}/nfc/{self.name}/tap", json.dumps({"tag": tag, "id": number}), retain=False)

    # --- what it hears ----------------------------------------------------------------------------------------------------------------

    def _hear(self, topic: str, payload: bytes, _retained: bool) -> None:
        if topic.endswith("/decision"):
            decision = json.loads(payload)
            self._world.note("lamp", self.name, decision["id"], decision["led"])
            self._happened(
                Lamp(
                    at_ms=self._world.now_ms,
                    charge_point=self.name,
                    id=decision["id"],
                    colour=decision["led"],
                    authority=decision["authority"],
                )
            )
        elif not self.stubborn:
            # one after the other, however fast they come
            self._obeys_s = max(self._obeys_s, self._world.now_s + self._rng.uniform(0.1, 2 * REACT_S))
            self._world.at(self._obeys_s, self._obey, topic.rsplit("/", 1)[-1], payload.decode())

    def _obey(self, what: str, value: str) -> None:
        match what:
            case "enabled":
                self.enabled = value == "true"
            case "limit_w":
                self.limit_w = float(value)
            case "unlock" | "reset":
                result = json.dumps({"id": json.loads(value)["id"], "status": "ok"})
                self.device.publish(f"{ROOT}/wallbox/{self.name}/command/result", result, retain=False)
                return
            case _:
                return
        self._settle()

    # --- what it tells ----------------------------------------------------------------------------------------------------------------

    def _greet(self) -> None:
        """Everything, as after a start."""
        self._told.clear()
        self._tell("availability", "online")
        self._report_state()
        self.report_meter()

    def _tell(self, what: str, value: str) -> None:
        if self._told.get(what) != value:
            self._told[what] = value
            self.device.publish(f"{ROOT}/wallbox/{self.name}/{what}", value)

    def _report_state(self) -> None:
        if not self.online:
            return
        self._tell("fault", self.fault)
        if self.make.names_plug_ins and self.plugged:
            self._tell("plug_id", f"{self.name}-{self._plug_ins}")
        if self.make.speaks_pilot:
            self._tell("cp_state", "A" if not self.plugged else "C" if self.power_w else "B")
        else:
            self._tell("plugged", "true" if self.plugged else "false")
            self._tell("charging", "true" if self.power_w else "false")

    def report_meter(self) -> None:
        """The meter speaks."""
        if not (self.metered and self.online):
            return
        self._count()
        if self.make.samples:
            signed = f"OCMF|{self.name}:{len(self.signed)}:{self.register_wh}|x"
            self.signed.append(signed)
            sample = {"energy_wh": self.register_wh, "power_w": round(self.power_w), "signed": signed}
            self.device.publish(f"{ROOT}/meter/{self.name}/sample", json.dumps(sample), retain=False)
        else:
            self.device.publish(f"{ROOT}/meter/{self.name}/energy_wh", str(self.register_wh))
            self.device.publish(f"{ROOT}/meter/{self.name}/power_w", f"{self.power_w:.0f}", qos=0)

    def _tick(self, beat: int) -> None:
        if beat == self._beat:
            self._world.after(BUSY_REPORT_S if self.power_w else IDLE_REPORT_S, self._tick, beat)
            self.report_meter()

    def replace_meter(self, to_wh: int) -> None:
        """Another meter counts from now on, and says so."""
        self._count()
        self.exact_wh = to_wh + self.exact_wh % 1
        for number in range(4):
            self._world.after(number * 5.0, self.report_meter)

    # --- what becomes of it -----------------------------------------------------------------------------------------------------------

    def lose_broker(self) -> None:
        """Its network is gone; the broker says its last will."""
        self.device.connected = False
        self.online = False
        self.device.will(f"{ROOT}/wallbox/{self.name}/availability", "offline")

    def find_broker(self) -> None:
        """Connected again, or restarted: it says everything anew, and is told everything anew."""
        self.online = True
        self.device.listen()
        self._greet()

    def lose_power(self, *, allows: bool) -> None:
        """It restarts, and does not remember what it was told: until it is told again it allows everything, or nothing."""
        self.lose_broker()
        self.enabled, self.limit_w = allows, MAX_W
        self._settle()

    def break_down(self, fault: str) -> None:
        """Something breaks; `none`: it is mended."""
        self.fault = fault
        self._settle()
        self._report_state()
