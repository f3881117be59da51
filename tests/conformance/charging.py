"""Charging profiles of the smart-charging cases, and composite schedules as they are compared."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.conformance.times import moment_ms

HARDWARE_A = 16.0
"""What the laboratory's wallboxes deliver, per phase: the local limit."""
VOLTS, PHASES = 230, 3
NOW_MS = 5000
"""A moment that is "now", on two busy cores."""
STACK_LOW = [(0, 6), (100, 8), (200, 10)]
STACK_HIGH = [(0, 7), (100, 9)]
"""The schedules of TC_072 and TC_K_40: 400 s on level 0, 150 s on level 1."""
STACKED = [(0, 7), (100, 9), (150, 8), (200, 10)]
DEFAULT = [(0, 6), (60, 10), (120, 8), (180, 15), (260, 8)]
OWN = [(0, 8), (50, 11), (140, 16), (200, 6), (240, 12)]
"""The schedules of TC_066 and TC_K_41, below a maximum of 10: the transaction's own lasts 260 s."""
COMBINED = [(0, 8), (50, 10), (200, 6), (240, 10)]


def now_ms() -> int:
    """The beginning of this second."""
    return int(time.time()) * 1000


def as_time(utc_ms: int) -> str:
    """As central systems write it."""
    return datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def schedule(periods: Sequence[tuple[int, float]], *, unit: str = "A", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a field
    """A ChargingSchedule, as far as both versions have it."""
    told = [{"startPeriod": start_s, "limit": limit} for start_s, limit in periods]
    return {"chargingRateUnit": unit, "chargingSchedulePeriod": told, **fields}


def shifted(periods: Sequence[tuple[int, float]], begin_ms: int, start: str) -> list[tuple[int, float]]:
    """What is expected of a composite schedule that starts later than the profiles: "50-x". Before any period: the first."""
    later_s = (moment_ms(start) - begin_ms) / 1000
    assert later_s >= 0, "the composite schedule starts before the profile"
    first = [(0, limit) for start_s, limit in periods if start_s <= later_s][-1:]
    return first + [(math.ceil(start_s - later_s), limit) for start_s, limit in periods if start_s > later_s]


def told(periods: Sequence[dict[str, Any]]) -> list[tuple[int, float]]:
    """The periods of a composite schedule."""
    return [(period["startPeriod"], period["limit"]) for period in periods]
