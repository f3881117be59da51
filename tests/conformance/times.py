"""Times on the wire, for cases about when."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.peers.journal import Call

ROUNDING_MS = 1
"""Times are told in whole milliseconds."""


def moment_ms(text: str) -> int:
    """A timestamp, in ms since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def soon(seconds: float) -> str:
    """So long from now, as a central system writes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def measured_ms(calls: Sequence[Call]) -> list[int]:
    """When the readings of MeterValues say they were taken."""
    return [moment_ms(value["timestamp"]) for call in calls for value in call.payload["meterValue"]]


def gaps_ms(moments_ms: Sequence[int]) -> list[int]:
    """Between one and the next."""
    return [later - earlier for earlier, later in itertools.pairwise(moments_ms)]


def are_apart(moments_ms: Sequence[int], interval_ms: int) -> bool:
    """Exactly so far, each from the one before: no gap, no burst, no disorder."""
    return all(abs(gap_ms - interval_ms) <= ROUNDING_MS for gap_ms in gaps_ms(moments_ms))
