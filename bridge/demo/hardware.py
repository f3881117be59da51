"""Simulated wallboxes and meters, talking over a real broker. They go on while the bridge is dead.

They speak once a second and on every change, and tell everything again when the bridge comes online. What the meters counted is the
truth: the third ledger.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum, unique

import aiomqtt

from bridge.audit.ledgers import Metered
from bridge.demo import physics, wiring
from bridge.demo.broker import Broker
from bridge.demo.central_system import now
from bridge.demo.physics import Outlet
from bridge.demo.tasks import ended_with_block

BEAT_S = 1.0
"""How often a meter speaks, as most do."""
PATIENT = math.inf
"""Every wait of the story has a deadline of its own. With one here, Python 3.11's `asyncio.wait_for` may swallow a cancellation."""
LASTING = 1
"""QoS of whatever must arrive."""
FLEETING = 0
"""QoS of power, current and voltage: the next one is a second away."""


@unique
class Style(StrEnum):
    """How a device writes: both ways are in the contract, and both are seen in the demo."""

    SCALARS = "scalars"
    """One value a topic."""
    OBJECTS = "objects"
    """One JSON object for the wallbox's state, one for each reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """The bridge released a wallbox, or switched it off."""

    wallbox: str
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The meters have spoken: energy may have flowed."""


Sight = Switched | Beat


class Wallbox:
    """One wallbox with its meter, as it is built in."""

    def __init__(self, name: str, *, style: Style, register_wh: float) -> None:
        """The register is whatever the meter has counted in its life so far."""
        self.name = name
        self.style = style
        self._outlet = Outlet(register_wh=register_wh)
        self._first_wh = self._outlet.shown_wh
        self._at_s: float | None = None

    def change(self, to: Callable[[Outlet], Outlet]) -> None:
        """Let time pass up to now, then change something."""
        now_s = asyncio.get_running_loop().time()
        passed_s = 0.0 if self._at_s is None else now_s - self._at_s
        self._outlet, self._at_s = to(physics.after(self._outlet, passed_s)), now_s

    def look(self) -> Outlet:
        """As it is now."""
        self.change(lambda outlet: outlet)
        return self._outlet

    @property
    def metered(self) -> Metered:
        """What the meter has counted since the beginning: the truth."""
        return Metered(start_wh=self._first_wh, end_wh=self.look().shown_wh)


class Hardware:
    """All devices of the site behind one MQTT connection. Made by `running_hardware`."""

    def __init__(self, client: aiomqtt.Client, wallboxes: Sequence[Wallbox], tell: Callable[[Sight], None]) -> None:
        """`tell` hears what the bridge made the devices do."""
        self.wallboxes = {wallbox.name: wallbox for wallbox in wallboxes}
        self._client = client
        self._tell = tell
        self._speaking = asyncio.Lock()
        """A reading must not overtake an older one: the register would run backwards."""

    def look(self, name: str) -> Outlet:
        """A wallbox as it is now."""
        return self.wallboxes[name].look()

    # --- people and energy management ---------------------------------------------------------------------------------------------

    async def plug(self, name: str, *, wants_a: float) -> None:
        """A vehicle is plugged in."""
        wallbox = self.wallboxes[name]
        wallbox.change(lambda outlet: physics.plug(outlet, wants_a=wants_a))
        await self._publish_all(wallbox)

    async def unplug(self, name: str) -> None:
        """The vehicle leaves."""
        wallbox = self.wallboxes[name]
        wallbox.change(physics.unplug)
        await self._publish_all(wallbox)

    async def manage_energy(self, source: str, *, allow: bool, reason: str) -> None:
        """A source of energy management speaks to all charge points."""
        await self._say(wiring.energy_management(source, "all", "reason"), reason)
        await self._say(wiring.energy_management(source, "all", "allow"), _text(on=allow))

    # --- what is told -------------------------------------------------------------------------------------------------------------

    async def beat(self) -> None:
        """Every meter speaks once a second, for ever."""
        while True:
            for wallbox in self.wallboxes.values():
                await self._publish_meter(wallbox)
            self._tell(Beat())
            await asyncio.sleep(BEAT_S)

    async def publish_everything(self) -> None:
        """All devices tell all they know."""
        for wallbox in self.wallboxes.values():
            await self._publish_all(wallbox)

    async def _publish_all(self, wallbox: Wallbox) -> None:
        # The wallbox first: the bridge has to wait for the meter's last word, not the other way round.
        async with self._speaking:
            outlet = wallbox.look()
            flags = {"plugged": outlet.plugged, "charging": outlet.charging}
            texts = {"plug_id": f"plug-{outlet.plugs}", "availability": "online", "fault": "none"}
            match wallbox.style:
                case Style.SCALARS:
                    for leaf, value in (texts | {leaf: _text(on=flag) for leaf, flag in flags.items()}).items():
                        await self._say(wiring.wallbox(wallbox.name, leaf), value)
                case Style.OBJECTS:
                    await self._say(wiring.wallbox(wallbox.name, "state"), json.dumps(texts | flags))
        await self._publish_meter(wallbox)

    async def _publish_meter(self, wallbox: Wallbox) -> None:
        async with self._speaking:
            outlet = wallbox.look()
            match wallbox.style:
                case Style.SCALARS:
                    await self._publish_scalars(wallbox.name, outlet)
                case Style.OBJECTS:
                    await self._publish_sample(wallbox.name, outlet)

    async def _publish_scalars(self, name: str, outlet: Outlet) -> None:
        await self._say(wiring.meter(name, "energy_wh"), str(outlet.shown_wh))
        await self._say(wiring.meter(name, "power_w"), f"{outlet.power_w:.0f}", qos=FLEETING)
        for phase in range(1, outlet.phases + 1):
            await self._say(wiring.meter(name, f"current_a/l{phase}"), f"{outlet.current_a:g}", qos=FLEETING)
            await self._say(wiring.meter(name, f"voltage_v/l{phase}"), f"{physics.VOLTAGE_V}", qos=FLEETING)

    async def _publish_sample(self, name: str, outlet: Outlet) -> None:
        sample = {
            "ts": now(),
            "energy_wh": outlet.shown_wh,
            "power_w": outlet.power_w,
            "current_a": [outlet.current_a] * outlet.phases,
            "voltage_v": [physics.VOLTAGE_V] * outlet.phases,
        }
        await self._client.publish(wiring.meter(name, "sample"), json.dumps(sample), qos=LASTING, timeout=PATIENT)

    async def _say(self, topic: str, value: str, *, qos: int = LASTING) -> None:
        await self._client.publish(topic, value, qos=qos, retain=True, timeout=PATIENT)

    # --- what is heard ------------------------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Obey the bridge, for ever."""
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            text = message.payload.decode()
            match wiring.levels(str(message.topic)):
                case ["wallbox", name, "command", leaf] if name in self.wallboxes and text:
                    await self._obey(self.wallboxes[name], leaf, text)
                case ["bridge", "state"] if text == "online":
                    await self.publish_everything()

    async def _obey(self, wallbox: Wallbox, leaf: str, text: str) -> None:
        before = wallbox.look()
        match leaf:
            case "enabled":
                wallbox.change(lambda outlet: physics.command(outlet, enabled=text == "true"))
            case "limit_a":
                wallbox.change(lambda outlet: physics.command(outlet, limit_a=float(text)))
            case "unlock" | "reset":
                answer = json.dumps({"id": json.loads(text)["id"], "status": "ok"})
                await self._client.publish(wiring.wallbox(wallbox.name, "command/result"), answer, qos=LASTING, timeout=PATIENT)
        now_is = wallbox.look()
        if now_is.enabled != before.enabled:
            self._tell(Switched(wallbox=wallbox.name, enabled=now_is.enabled))
        if now_is.current_a != before.current_a:
            await self._publish_all(wallbox)


def _text(*, on: bool) -> str:
    return "true" if on else "false"


@asynccontextmanager
async def running_hardware(broker: Broker, wallboxes: Sequence[Wallbox], tell: Callable[[Sight], None]) -> AsyncIterator[Hardware]:
    """Devices that live as long as the block. Raises aiomqtt.MqttError, in a group, when the broker goes away."""
    # MQTT 3.1.1, as most devices speak.
    async with aiomqtt.Client(broker.host, broker.port, identifier="demo-hardware", protocol=aiomqtt.ProtocolVersion.V311) as client:
        hardware = Hardware(client, wallboxes, tell)
        for topic in (wiring.wallbox("+", "command/#"), wiring.bridge("state")):
            await client.subscribe(topic, qos=LASTING)
        await hardware.publish_everything()
        async with ended_with_block(hardware.listen(), hardware.beat()):
            yield hardware
