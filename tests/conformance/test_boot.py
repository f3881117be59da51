"""OCPP 1.6: a station that the central system does not accept at once. Each test has a bridge of its own, seen from its first frame."""

from pathlib import Path

import pytest

from tests.conformance.laboratory import Station, bench
from tests.conformance.times import gaps_ms
from tests.peers.journal import Call

SLACK_MS = 20
"""Two processes read two clocks at different moments."""
TOLERANCE_MS = 4000
"""Of the laboratories, for intervals (conformance.md §0.1)."""
INTERVAL_S = 2
"""Between two attempts to register; heartbeats come every second, so that the two can't be mixed up."""


async def accepts_at_the_second_attempt(station: Station, first: str) -> None:
    """The next BootNotification is answered with `first`, all others with Accepted."""
    await station.csms.answer("BootNotification", {"interval": 1}, merge=True)
    await station.csms.answer("BootNotification", {"status": first, "interval": INTERVAL_S}, merge=True, times=1)


def waits_ms(calls: list[Call]) -> list[int]:
    """Between one message and the next."""
    return gaps_ms([call.frame.at_ms for call in calls])


async def registers_and_lives(station: Station) -> None:
    """It waited as it was told, was accepted, told its statuses, and beats every second."""
    await station.sends("BootNotification", count=2)
    await station.reports("Available", connector=0)
    await station.reports("Available", connector=1)
    await station.sends("Heartbeat", count=4)
    boots, beats = station.sent("BootNotification"), station.sent("Heartbeat")
    [wait_ms] = waits_ms(boots)
    assert INTERVAL_S * 1000 - SLACK_MS <= wait_ms <= INTERVAL_S * 1000 + TOLERANCE_MS
    assert all(1000 - SLACK_MS <= beat_ms <= 1000 + TOLERANCE_MS for beat_ms in waits_ms(beats))
    assert beats[0].frame.at_ms > boots[1].frame.at_ms
    assert station.told() == ["BootNotification", "BootNotification", "0 Available", "Available"]


@pytest.mark.requirement("1.6 TC_001_CS")
async def test_cold_boot_rejected_at_first(tmp_path: Path) -> None:
    """Rejected: silence until the interval is over, then another BootNotification; accepted, statuses and heartbeats follow."""
    async with bench(tmp_path) as powered:
        station = powered.station
        await accepts_at_the_second_attempt(station, "Rejected")
        await powered.process.start(online=())
        await station.sends("BootNotification")
        # a card meanwhile is decided here: nothing may be asked
        assert (await station.box.tap("04AABBCC")).led == "red"
        await registers_and_lives(station)


@pytest.mark.requirement("1.6 TC_002_CS")
async def test_cold_boot_pending_at_first(tmp_path: Path) -> None:
    """Pending: the central system may configure the station, which sends nothing by itself until the interval is over."""
    async with bench(tmp_path) as powered:
        station = powered.station
        await accepts_at_the_second_attempt(station, "Pending")
        await powered.process.start(online=())
        await station.sends("BootNotification")
        keys = (await station.call("GetConfiguration"))["configurationKey"]
        assert "MeterValueSampleInterval" in {entry["key"] for entry in keys}
        await station.configure(MeterValueSampleInterval=7)
        assert len(station.sent("BootNotification")) == 1, "all of this happened while it was pending"
        await registers_and_lives(station)
