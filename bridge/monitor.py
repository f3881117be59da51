"""Whether a central system can be reached: one alert for each after a grace time, gone on its return (B12)."""

import asyncio
from collections.abc import Callable, Iterable

from bridge.core.values import ChargePointId


class Monitor:
    """Watches one central system through the charge points that report to it."""

    def __init__(self, *, charge_points: Iterable[ChargePointId], grace_s: float, tell: Callable[[float | None], None]) -> None:
        """`tell` gets the grace time in seconds when it has passed with no charge point online, and None when one is again."""
        self._away = set(charge_points)
        self._all = frozenset(self._away)
        self._grace_s = grace_s
        self._tell = tell
        self._timer: asyncio.TimerHandle | None = None
        self._told = False

    def start(self) -> None:
        """Begin to wait; nobody is online yet."""
        self._timer = asyncio.get_running_loop().call_later(self._grace_s, self._grace_over)

    def seen(self, charge_point: ChargePointId, *, online: bool) -> None:
        """A charge point has come or gone."""
        if online:
            self._away.discard(charge_point)
            self.stop()
            if self._told:
                self._told = False
                self._tell(None)
            return
        self._away.add(charge_point)
        if self._away == self._all and self._timer is None and not self._told:
            self.start()

    def stop(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _grace_over(self) -> None:
        self._timer = None
        self._told = True
        self._tell(self._grace_s)
