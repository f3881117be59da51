"""Time and fresh ids (`bridge/clock.py`)."""

import asyncio
import time

import pytest

from bridge.clock import BUILT_MS, Clock

FRESH_LENGTH_MAX = 36
"""OCPP's longest identifier of a transaction; `SessionId` promises no more."""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the host thinks the time is, in nanoseconds; a test writes over it."""
    now_ns = [BUILT_MS * 1_000_000]
    monkeypatch.setattr(time, "time_ns", lambda: now_ns[0])
    return now_ns


async def test_durations_are_measured_on_the_loops_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulated loop brings its own time."""
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 42.5)
    assert Clock().mono_s() == 42.5


@pytest.mark.parametrize("past_ns, told_ms", [(0, 0), (999_999, 0), (1_000_000, 1), (2_999_999, 2)])
def test_times_are_whole_milliseconds_that_have_passed(host: list[int], past_ns: int, told_ms: int) -> None:
    """A record is never dated into the future."""
    host[0] += past_ns
    assert Clock().utc_ms() == BUILT_MS + told_ms


@pytest.mark.parametrize(
    "host_ms, trusted, told_ms",
    [(BUILT_MS, True, BUILT_MS), (BUILT_MS - 1, False, BUILT_MS + 4999), (60_000, False, 65_000)],
    ids=["just set", "just not", "1970"],
)
def test_the_offset_counts_only_while_the_host_does_not_know_the_time(host: list[int], host_ms: int, trusted: bool, told_ms: int) -> None:
    """A host whose clock has been set is believed, whatever a central system said before."""
    host[0] = host_ms * 1_000_000
    clock = Clock()
    clock.offset_ms = 5000
    assert clock.trusted is trusted
    assert clock.utc_ms() == told_ms
    assert clock.host_ms() == host_ms


def test_no_id_is_drawn_twice_not_even_after_a_restart() -> None:
    """Two starts of the bridge never name two sessions alike."""
    clocks = (Clock(), Clock())
    drawn = [clock.fresh() for clock in clocks for _ in range(1000)]
    assert len(set(drawn)) == len(drawn)
    assert {len(one) for one in drawn} == {25}
    assert max(map(len, drawn)) <= FRESH_LENGTH_MAX


async def test_a_stamp_carries_both_clocks_and_a_fresh_id(host: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event comes with its time and with an id of its own."""
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 7.25)
    clock = Clock()
    first, second = clock.stamp(), clock.stamp()
    assert (first["at"].mono_s, first["at"].utc_ms) == (7.25, host[0] // 1_000_000)
    assert first["fresh"] != second["fresh"]
