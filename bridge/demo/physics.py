"""What a wallbox, its meter and a vehicle do, second by second. Pure: time comes in as a number of seconds.

Honest time: power times time is energy, nothing is sped up, so that the bridge's plausibility check sees what it would see on site.
"""

import math
from dataclasses import dataclass, replace

VOLTAGE_V = 230
"""Nominal, between a phase and neutral."""
PAUSE_BELOW_A = 6.0
"""IEC 61851-1 has no duty cycle for less."""
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One wallbox with its meter and whatever is plugged in."""

    max_current_a: float = 32.0
    phases: int = 3
    register_wh: float = 0.0
    """Lifetime import register, with what the display does not show."""
    plugged: bool = False
    plugs: int = 0
    """Counts plug-ins: a new one for each vehicle."""
    wants_a: float = 0.0
    """What the vehicle draws if it may; 0 when it is full."""
    enabled: bool = False
    limit_a: float = 0.0
    """Per phase, as commanded."""

    @property
    def shown_wh(self) -> int:
        """The register as the display and every ledger has it: whole Wh, rounded down."""
        return math.floor(self.register_wh)

    @property
    def current_a(self) -> float:
        """What flows in each phase now."""
        offered_a = min(self.limit_a, self.max_current_a)
        if not (self.plugged and self.enabled) or offered_a < PAUSE_BELOW_A:
            return 0.0
        return min(offered_a, self.wants_a)

    @property
    def power_w(self) -> float:
        """What flows in all phases now."""
        return self.current_a * self.phases * VOLTAGE_V

    @property
    def charging(self) -> bool:
        """Whether energy flows."""
        return self.current_a > 0


def after(outlet: Outlet, seconds: float) -> Outlet:
    """The same outlet some time later, nothing touched in between."""
    assert seconds >= 0, "time never runs back: give it a monotonic clock"
    return replace(outlet, register_wh=outlet.register_wh + outlet.power_w * seconds / HOUR_S)


def plug(outlet: Outlet, *, wants_a: float) -> Outlet:
    """A vehicle is plugged in."""
    return replace(outlet, plugged=True, plugs=outlet.plugs + 1, wants_a=wants_a)


def unplug(outlet: Outlet) -> Outlet:
    """The vehicle leaves. The wallbox keeps its commands, as a real one does."""
    return replace(outlet, plugged=False, wants_a=0.0)


def command(outlet: Outlet, *, enabled: bool | None = None, limit_a: float | None = None) -> Outlet:
    """The bridge commands; None leaves that part as it is."""
    return replace(
        outlet,
        enabled=outlet.enabled if enabled is None else enabled,
        limit_a=outlet.limit_a if limit_a is None else limit_a,
    )
