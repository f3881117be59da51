"""A wallbox whose meter counts by itself while a vehicle is plugged and the last command it heard was true, whoever has died meanwhile."""

import asyncio
import time
from dataclasses import dataclass, field
from random import Random

from bridge.audit.ledgers import Happened, Plugged, Power, Tapped
from bridge.core.values import ChargePointId
from tests.peers.wallbox import Wallbox

TICK_S = (0.2, 0.4)
"""How often the meter speaks while energy flows."""
TICK_WH = (1, 80)
"""Less than what the bridge would take for a jump of the meter."""
IDLE_TICKS = 8
"""How often it speaks while none does."""
DECISION_S = 1.0
"""A driver who has waited for so long does something else."""


def now_ms() -> int:
    """The clock of all observers."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True, kw_only=True)
class Hardware:
    """Use its methods from any task: they wait for each other."""

    box: Wallbox
    rng: Random
    names_plug_ins: bool
    """It tells `plug_id`."""
    begin_wh: int
    happened: list[Happened] = field(default_factory=list)
    _over: bool = False
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def id(self) -> ChargePointId:
        """Of its charge point."""
        return ChargePointId(self.box.name)

    async def plug(self) -> None:
        """A vehicle comes."""
        async with self._one:
            self.happened.append(Plugged(at_ms=now_ms(), charge_point=self.id, plugged=True))
            await self.box.plug(told=self.names_plug_ins)

    async def unplug(self) -> None:
        """It leaves; energy stops first."""
        async with self._one:
            self._flows(0)
            await self.box.unplug()
            self.happened.append(Plugged(at_ms=now_ms(), charge_point=self.id, plugged=False))

    async def tap(self, card: str) -> bool:
        """Hold a card to the reader; whether there was a decision while the driver waited."""
        tap = await self.box.present(card)
        self.happened.append(Tapped(at_ms=now_ms(), charge_point=self.id, id=tap[0], tag=card))
        try:
            async with asyncio.timeout(DECISION_S):
                await self.box.decided(tap)
        except TimeoutError:
            return False
        return True

    async def appear(self) -> None:
        """The bridge is back: say everything, as good hardware does."""
        async with self._one:
            await self.box.appear()

    async def live(self) -> None:
        """Until `end`."""
        idle = 0
        while not self._over:
            await asyncio.sleep(self.rng.uniform(*TICK_S))
            async with self._one:
                idle = 0 if await self._tick() else idle + 1
                if idle == IDLE_TICKS:
                    idle = 0
                    await self.box.report_meter()

    def end(self) -> None:
        """The meter counts no more."""
        self._over = True

    async def _tick(self) -> bool:
        box = self.box
        if box.plugged and box.commands.enabled:
            self._flows(box.power_w or 1)
            await box._charge(on=True)
            box.register_wh += self.rng.randint(*TICK_WH)
        elif box.charging:
            self._flows(0)
            await box._charge(on=False)
        else:
            return False
        await box.report_meter()
        return True

    def _flows(self, power_w: int) -> None:
        if self.box.charging != (power_w > 0):
            power = Power(at_ms=now_ms(), charge_point=self.id, power_w=power_w, register_wh=self.box.register_wh)
            self.happened.append(power)
