"""How exact the world is: what is measured in time or power needs some room, what is counted in Wh needs none."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """The room left to clocks, contactors and a world that is being broken on purpose."""

    grace_s: float = 5.0
    """From a new limit, or the end of a session, until the vehicle obeys."""
    after_outage_s: float = 45.0
    """After the bridge or the broker is back: it connects, hears what is stored, and waits up to 30 s for the wallbox."""
    power_w: float = 100.0
    """Above a limit: amperes are rounded, and no contactor is a resistor."""
    decision_s: float = 10.0
    """From a tap to its lamp (B9)."""
    repeat_s: float = 2.0
    """A tap of the same card within this time needs no decision of its own."""
    quiet: bool = True
    """All faults are over and everything had the time to be sent: nothing may be queued any more."""
    strangers_offline: bool = False
    """While the central system is away, cards nobody knows are accepted (AllowOfflineTxForUnknownId)."""
    clock_ms: int = 0
    """So much a session may begin before the one before it ended: a clock was set in between, and nobody noted it."""
    kept_days: int = 29
    """Samples older than this may have been deleted after delivery."""
