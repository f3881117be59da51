"""How long to wait before the next try. Pure: randomness and times come in, seconds go out.

Everything is tried again for ever, 401, 403, 404 and 429 included (the errata of OCPP-J 1.6 want a retry with back-off), and never at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Limits of the back-off, in seconds."""

    first_s: float = 2.0
    """The first wait lasts up to this: a dropped link is back before a driver notices, and 1,000 stations are 500 a second."""
    cap_s: float = 300.0
    """The longest wait: whoever mends a password at the central system sees the station within five minutes."""
    floor_s: float = 0.5
    """No wait is shorter, so that no peer that accepts and hangs up can make the link spin."""
    patient_s: float = 60.0
    """Refusals that a person has to mend wait up to this from the first try on."""


def backoff(pace: Pace, rng: Random) -> Iterator[float]:
    """Seconds to wait, for ever: full jitter under a ceiling that doubles up to the cap."""
    ceiling_s = pace.first_s
    while True:
        yield rng.uniform(pace.floor_s, max(pace.floor_s, ceiling_s))
        ceiling_s = min(pace.cap_s, ceiling_s * 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """RetryBackOffWaitMinimum, RandomRange (both in seconds) and RepeatTimes, as the central system has set them."""

    minimum_s: float
    random_s: float
    repeats: int


def steps(wanted: Steps, pace: Pace, rng: Random) -> Iterator[float]:
    """Seconds to wait, for ever, exactly as OCPP 2.0.1 part 4 §5.3 wants it: doubled so many times, each with a random part of its own."""
    base_s = wanted.minimum_s
    for _ in range(wanted.repeats):
        yield max(pace.floor_s, base_s + rng.uniform(0, wanted.random_s))
        base_s *= 2
    last_s = max(pace.floor_s, base_s + rng.uniform(0, wanted.random_s))
    while True:
        yield last_s


def wait_s(drawn_s: float, pace: Pace, rng: Random, *, patient: bool = False, retry_after_s: float | None = None) -> float:
    """A wait drawn from `backoff`, stretched by what the refusal asks for (up to the cap)."""
    wished_s = rng.uniform(pace.floor_s, pace.patient_s) if patient else pace.floor_s
    if retry_after_s is not None:
        # some jitter on top, else all stations of a restarted server come back in the same second
        wished_s = min(retry_after_s, pace.cap_s) + rng.uniform(0, pace.first_s)
    return max(drawn_s, wished_s)


def retry_after_s(header: str | None, utc_ms: int) -> float | None:
    """Read `Retry-After` (RFC 9110 §10.2.3: seconds or a date); None where it is absent or can't be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        # more digits than any wait has, and fewer than Python refuses to convert
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - utc_ms / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Limits of the intervals a central system tells at registration, in seconds."""

    own_s: int = 60
    """Where it tells none (0 or less), OCPP 1.6 §4.2 leaves the wait to the station."""
    floor_s: int = 10
    """BootNotification is not repeated faster, whatever it tells (reliability W13). Heartbeats may be."""
    cap_s: int = 86_400
    """OCPP 1.6 §4.6 recommends a heartbeat every 24 hours at the least, for the clock."""


def boot_wait_s(interval_s: int, intervals: Intervals) -> int:
    """How long to wait before BootNotification is sent again after Pending, Rejected or no usable answer."""
    wished_s = interval_s if interval_s > 0 else intervals.own_s
    return min(max(wished_s, intervals.floor_s), intervals.cap_s)


def heartbeat_s(interval_s: int, intervals: Intervals) -> int:
    """The heartbeat interval after Accepted."""
    wished_s = interval_s if interval_s > 0 else intervals.own_s
    return min(wished_s, intervals.cap_s)
