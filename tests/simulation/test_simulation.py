"""The simulation itself: time passes without waiting, the same seed is the same world, and a quiet day is a quiet day."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.audit.examine import examine
from tests.simulation.channel import Channel
from tests.simulation.house import House, Plan
from tests.simulation.loop import SpinError, VirtualLoop
from tests.simulation.people import Driver
from tests.simulation.run import book_of
from tests.simulation.world import World

ROOT = Path(__file__).parents[2]
STORMY = 6
"""A seed in which a bridge dies often, on a bad disk, between a bad network and a bad broker."""


@pytest.fixture
def world() -> World:
    return World(1)


def _loop(world: World) -> VirtualLoop:
    return VirtualLoop(lambda: world.now_s)


def _told(hash_seed: str, log: Path) -> tuple[str, str]:
    command = [sys.executable, "-m", "tests.simulation", "--first", str(STORMY), "--hours", "0.5", "--log", str(log)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "hash " in told.stdout, told.stdout + told.stderr
    return told.stdout.split("hash ")[1].split(",")[0], log.read_text()


def test_the_same_seed_is_the_same_world_whatever_the_hash_seed(tmp_path: Path) -> None:
    """A violation that could not be seen again could not be mended."""
    one, log_of_one = _told("0", tmp_path / "one")
    other, log_of_other = _told("1", tmp_path / "other")
    differing = [pair for pair in zip(log_of_one.splitlines(), log_of_other.splitlines(), strict=False) if pair[0] != pair[1]]
    assert differing[:1] == []
    assert one == other
    assert len(log_of_one.splitlines()) > 1000, "something happened"


def test_another_seed_is_another_world() -> None:
    digests = set()
    for seed in (1, 2):
        with House(seed, Plan(charge_points=1)) as house:
            house.start()
            house.run(60)
            digests.add(house.world.digest)
    assert len(digests) == 2


def test_a_quiet_day_leaves_nothing_to_say() -> None:
    """Drivers come and go for a day, nothing breaks: the books are even, and everybody was told what happened."""
    with House(3, Plan(charge_points=2)) as house:
        drivers = [Driver(house, name, between_s=1200, stay_s=900) for name in house.wallboxes]
        house.start()
        house.run(24 * 3600)
        for driver in drivers:
            driver.go_home()
        house.run(house.world.now_s + 1200)
        house.finished = True
        house.stop()
        house.run(house.world.now_s + 60)
        assert house.mishaps == []
        assert house.world.counted["transactions"] > 20
        assert examine(book_of(house), house.central.frames, house.truth()) == ()


# --- the loop -------------------------------------------------------------------------------------------------------------------------


def test_a_night_passes_at_once_and_in_order(world: World) -> None:
    loop = _loop(world)
    heard: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        heard.append((name, loop.time()))

    with loop.running():
        tasks = [loop.create_task(sleeper(*one)) for one in (("late", 28_800.0), ("soon", 1.0))]
    while (due_s := loop.next_s()) is not None:
        world.now_s = max(world.now_s, due_s)
        loop.drain(lambda: False)
    assert heard == [("soon", 1.0), ("late", 28_800.0)]
    assert all(task.done() for task in tasks)
    loop.bury()


def test_a_loop_can_be_left_after_any_handle(world: World) -> None:
    """Where a process is cut, nothing of it goes on: not even what was ready."""
    loop = _loop(world)
    heard: list[int] = []
    for number in range(10):
        loop.call_soon(heard.append, number)
    loop.drain(lambda: len(heard) == 4)
    assert heard == [0, 1, 2, 3]
    loop.bury()


def test_what_spins_is_found_out(world: World) -> None:
    loop = _loop(world)

    def again() -> None:
        loop.call_soon(again)

    again()
    with pytest.raises(SpinError, match="again"):
        loop.drain(lambda: False)
    loop.bury()


def test_a_cancelled_timer_never_rings(world: World) -> None:
    loop = _loop(world)
    rung: list[str] = []
    loop.call_later(5, rung.append, "kept")
    loop.call_later(1, rung.append, "cancelled").cancel()
    assert loop.next_s() == 5
    world.now_s = 5
    loop.drain(lambda: False)
    assert rung == ["kept"]
    loop.bury()


def test_what_nobody_catches_is_told(world: World) -> None:
    loop = _loop(world)

    def fails() -> None:
        raise ValueError("nobody's")

    loop.call_soon(fails)
    loop.drain(lambda: False)
    assert [str(mishap) for mishap in loop.mishaps] == ["nobody's"]
    loop.bury()


# --- the network ----------------------------------------------------------------------------------------------------------------------


def _channel(world: World) -> tuple[Channel[int], list[int]]:
    heard: list[int] = []
    return Channel(world, world.chance("channel"), heard.append, slow_s=0.1), heard


def _all_arrives(world: World) -> None:
    while world.next_s() is not None:
        world.turn()


def test_what_is_sent_arrives_later_and_in_order(world: World) -> None:
    channel, heard = _channel(world)
    for number in range(100):
        channel.send(number)
    assert heard == []
    _all_arrives(world)
    assert heard == list(range(100))
    assert world.now_s > 0


@pytest.mark.parametrize(
    "breaks, arrives",
    [
        pytest.param(lambda channel: setattr(channel, "deaf", True), [1], id="half-open: what was on its way arrives"),
        pytest.param(lambda channel: setattr(channel, "broken", True), [], id="broken: nothing does"),
    ],
)
def test_a_broken_line_loses_what_is_sent(world: World, breaks: Callable[[Channel[int]], None], arrives: list[int]) -> None:
    channel, heard = _channel(world)
    channel.send(1)
    breaks(channel)
    channel.send(2)
    _all_arrives(world)
    assert heard == arrives
