"""What people do at a charge point, in a loop: plug in, tap, charge, leave. Nobody waits for a bridge that is dead."""

import asyncio
from dataclasses import dataclass
from random import Random

from tests.kills.backend import Backend
from tests.kills.hardware import Hardware
from tests.kills.people import DRIVERS, Driver

REMOTE_SHARE = 0.15
EARLY_SHARE = 0.2
SWAP_SHARE = 0.15


@dataclass(slots=True, kw_only=True)
class Visits:
    """All that happens at one charge point."""

    hardware: Hardware
    backend: Backend
    rng: Random
    over: bool = False

    async def go_on(self) -> None:
        """Until `over`; then nothing is plugged."""
        while not self.over:
            await self._visit(self.rng.choice(DRIVERS))

    async def _visit(self, driver: Driver) -> None:
        rng, hardware = self.rng, self.hardware
        early = rng.random() < EARLY_SHARE
        if early:
            await hardware.tap(driver.cards[0])
            await self._pause(0.05, 0.5)
        await hardware.plug()
        await self._pause(0.0, 0.6)
        if driver.remote is not None and rng.random() < REMOTE_SHARE:
            await self.backend.remote_start(hardware.box.name, driver.remote)
        elif not early:
            await hardware.tap(driver.cards[0])
        await self._pause(0.1, 3.0)
        await self._leave(driver)
        await self._pause(0.05, 0.8)

    async def _leave(self, driver: Driver) -> None:
        drawn = self.rng.random()
        if drawn < SWAP_SHARE:
            # another vehicle, so quickly that a bridge that is down sees nothing of it
            await self.hardware.unplug()
            await self.hardware.plug()
            await self._pause(0.1, 1.5)
        elif drawn < 0.45:
            await self.hardware.tap(driver.cards[1])
            await self._pause(0.0, 1.0)
        elif drawn < 0.6:
            await self.backend.remote_stop(self.hardware.box.name)
            await self._pause(0.0, 1.0)
        await self.hardware.unplug()

    async def _pause(self, least_s: float, most_s: float) -> None:
        await asyncio.sleep(self.rng.uniform(least_s, most_s))
