"""How long to wait before the broker is tried again. Pure; randomness comes in."""

from collections.abc import Iterator
from random import Random

FIRST_S = 0.25
"""A broker that restarts is back in less than a second."""
CAP_S = 30.0
"""Whoever switches the broker on again sees the bridge within half a minute."""
PATIENT_MIN_S = 10.0
"""A wrong password is mended by a person; brokers lock out whoever hammers."""
STEADY_S = 10.0
"""A connection that lasted so long was good: the next loss begins with short waits again."""


def waits(rng: Random) -> Iterator[float]:
    """Seconds to wait, for ever: full jitter under a ceiling that doubles up to the cap."""
    ceiling_s = FIRST_S
    while True:
        yield rng.uniform(0, ceiling_s)
        ceiling_s = min(CAP_S, ceiling_s * 2)


def patient_wait(rng: Random) -> float:
    """The wait where only a person can help."""
    return rng.uniform(PATIENT_MIN_S, CAP_S)
