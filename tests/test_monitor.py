"""Whether a central system can be reached (`bridge/monitor.py`)."""

import asyncio
from collections.abc import Callable

import pytest

from bridge.core.values import ChargePointId
from bridge.monitor import Monitor
from tests.shells import Timers

GRACE_S = 300.0
GARAGE = ChargePointId("garage")
YARD = ChargePointId("yard")

pytestmark = pytest.mark.requirement("B12")


@pytest.fixture
async def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    """Every timer, kept instead of waited for."""
    return Timers(asyncio.get_running_loop(), monkeypatch)


@pytest.fixture
def told() -> list[float | None]:
    """What was told, oldest first."""
    return []


@pytest.fixture
async def monitor(told: list[float | None], timers: Timers) -> Monitor:
    """Watches a central system that a garage and a yard report to."""
    watching = Monitor(charge_points=[GARAGE, YARD], grace_s=GRACE_S, tell=told.append)
    watching.start()
    return watching


async def test_nobody_online_after_the_grace_time_is_told_once(monitor: Monitor, told: list[float | None], timers: Timers) -> None:
    """A central system nobody reaches gets one alert, after the grace time and not before."""
    monitor.seen(GARAGE, online=False)
    assert told == []
    assert timers.waits_s == [GRACE_S]
    timers.fire()
    monitor.seen(YARD, online=False)
    assert told == [GRACE_S]
    assert timers.waits_s == []


async def test_one_charge_point_online_in_time_keeps_it_quiet(monitor: Monitor, told: list[float | None], timers: Timers) -> None:
    """One charge point that gets through shows that the central system can be reached."""
    monitor.seen(YARD, online=True)
    assert timers.waits_s == []
    assert told == []


async def test_the_alert_goes_with_the_first_return_and_only_once(monitor: Monitor, told: list[float | None], timers: Timers) -> None:
    """The alert is gone as soon as anybody is online again."""
    timers.fire()
    monitor.seen(GARAGE, online=True)
    monitor.seen(YARD, online=True)
    assert told == [GRACE_S, None]


async def test_only_the_last_one_to_go_starts_the_wait(monitor: Monitor, told: list[float | None], timers: Timers) -> None:
    """As long as anybody is online nothing is waited for; when the last one goes, a whole grace time begins."""
    monitor.seen(GARAGE, online=True)
    monitor.seen(YARD, online=True)
    monitor.seen(GARAGE, online=False)
    assert timers.waits_s == []
    monitor.seen(YARD, online=False)
    assert timers.waits_s == [GRACE_S]
    timers.fire()
    assert told == [GRACE_S]


async def test_it_can_be_away_again_after_its_return(monitor: Monitor, told: list[float | None], timers: Timers) -> None:
    """Every outage that lasts has an alert of its own."""
    timers.fire()
    monitor.seen(GARAGE, online=True)
    monitor.seen(GARAGE, online=False)
    timers.fire()
    assert told == [GRACE_S, None, GRACE_S]


@pytest.mark.parametrize("end", [Monitor.stop, lambda one: (one.stop(), one.stop())], ids=["once", "twice"])
async def test_a_stopped_monitor_waits_no_more(
    monitor: Monitor, told: list[float | None], timers: Timers, end: Callable[[Monitor], object]
) -> None:
    """A bridge that stops tells no alert afterwards."""
    end(monitor)
    assert timers.waits_s == []
    assert told == []
