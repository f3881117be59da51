"""How long the bridge waits before it tries again."""

from itertools import islice, pairwise
from random import Random

import pytest

from bridge.ocpp.backoff import Intervals, Pace, Steps, backoff, boot_wait_s, heartbeat_s, retry_after_s, steps, wait_s

PACE = Pace(first_s=2.0, cap_s=300.0, floor_s=0.5, patient_s=60.0)
NOON_MS = 1_795_348_800_000
"""2026-11-22T12:00:00Z."""


class Highest(Random):
    """Draws the most."""

    def uniform(self, a: float, b: float) -> float:
        return b


class Lowest(Random):
    """Draws the least."""

    def uniform(self, a: float, b: float) -> float:
        return a


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    """A central system that is down for a day is not asked every second."""
    assert list(islice(backoff(PACE, Highest()), 11)) == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_no_wait_is_shorter_than_the_floor() -> None:
    """A peer that accepts and hangs up at once does not make the bridge spin."""
    assert set(islice(backoff(PACE, Lowest()), 50)) == {0.5}
    assert list(islice(backoff(Pace(first_s=0.1, cap_s=0.2, floor_s=0.5), Highest()), 3)) == [0.5, 0.5, 0.5]


def test_a_thousand_stations_do_not_come_back_together() -> None:
    """After an outage the connections are spread over the whole wait."""
    waits = sorted(list(islice(backoff(PACE, Random(seed)), 6))[5] for seed in range(1000))
    assert waits[0] < 5
    assert waits[-1] > 55
    assert max(later - earlier for earlier, later in pairwise(waits)) < 2


@pytest.mark.parametrize(
    "patient, retry_after, lowest, highest",
    [
        pytest.param(False, None, 1.0, 1.0, id="as drawn"),
        pytest.param(True, None, 1.0, 60.0, id="a person has to mend it"),
        pytest.param(False, 120.0, 120.0, 122.0, id="as long as the central system asks for"),
        pytest.param(False, 86_400.0, 300.0, 302.0, id="but not a day"),
        pytest.param(False, 0.0, 1.0, 2.0, id="it asks for nothing"),
        pytest.param(True, 3.0, 3.0, 5.0, id="its word counts more than our guess"),
    ],
)
def test_a_refusal_stretches_the_wait(patient: bool, retry_after: float | None, lowest: float, highest: float) -> None:
    """Retry-After is kept to, within reason, and never by all stations in the same second."""
    assert wait_s(1.0, PACE, Lowest(), patient=patient, retry_after_s=retry_after) == lowest
    assert wait_s(1.0, PACE, Highest(), patient=patient, retry_after_s=retry_after) == highest


def test_a_refusal_never_shortens_the_wait() -> None:
    assert wait_s(200.0, PACE, Highest(), patient=True, retry_after_s=1.0) == 200.0


@pytest.mark.parametrize(
    "header, seconds",
    [
        (None, None),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("9" * 5000, 999_999_999.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120.0),
        ("Sun, 22 Nov 2026 12:02:00", 120.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 99 Nov 2026 11:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOON_MS) == seconds


@pytest.mark.requirement("W13")
@pytest.mark.parametrize("told_s, waited_s", [(0, 60), (-7, 60), (1, 10), (10, 10), (90, 90), (86_400, 86_400), (2**31, 86_400)])
def test_boot_is_repeated_after_the_interval_within_reason(told_s: int, waited_s: int) -> None:
    """Neither 0 nor a hundred years makes the station flood or fall silent."""
    assert boot_wait_s(told_s, Intervals()) == waited_s


@pytest.mark.requirement("W13")
@pytest.mark.parametrize("told_s, beaten_s", [(0, 60), (-7, 60), (1, 1), (300, 300), (14_400, 14_400), (2**31, 86_400)])
def test_heartbeats_come_as_often_as_the_central_system_wants(told_s: int, beaten_s: int) -> None:
    assert heartbeat_s(told_s, Intervals()) == beaten_s


@pytest.mark.requirement("2.0.1 TC_B_57_CS")
@pytest.mark.parametrize(
    "wanted, rng, waits",
    [
        (Steps(minimum_s=2, random_s=0, repeats=3), Lowest(), [2, 4, 8, 16, 16, 16]),
        (Steps(minimum_s=2, random_s=10, repeats=2), Highest(), [12, 14, 18, 18, 18, 18]),
        (Steps(minimum_s=2, random_s=10, repeats=0), Highest(), [12, 12, 12, 12, 12, 12]),
        (Steps(minimum_s=0, random_s=0, repeats=5), Lowest(), [0.5] * 6),
    ],
    ids=["doubled", "with a random part", "never doubled", "a hammer is none"],
)
def test_2_0_1_says_exactly_how_long_to_wait(wanted: Steps, rng: Random, waits: list[float]) -> None:
    """Doubled so many times; every wait has a random part of its own, and the last one stays."""
    assert list(islice(steps(wanted, PACE, rng), 6)) == waits


def test_the_random_part_is_within_its_range() -> None:
    drawn = [next(steps(Steps(minimum_s=2, random_s=10, repeats=5), PACE, Random(seed))) for seed in range(200)]
    assert all(2 <= wait <= 12 for wait in drawn)
    assert max(drawn) - min(drawn) > 8
