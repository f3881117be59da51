"""What is to be done later is done in the reading loop, once."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from bridge.mqtt.timers import Timers

LOOPS = (asyncio.new_event_loop, uvloop.new_event_loop)


def timers() -> tuple[Timers, asyncio.Event]:
    rung = asyncio.Event()
    return Timers(rung.set), rung


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("delay_s", [-1.0, 0.0, 0.0001, 0.01])
def test_a_time_that_has_come_is_a_time_like_any_other(loop: Callable[[], asyncio.AbstractEventLoop], delay_s: float) -> None:
    """The handle that uvloop gives for it has no `when`; the bridge once died of asking."""

    async def run() -> None:
        done: list[str] = []
        own, rung = timers()
        own.after("outbox", delay_s, lambda: done.append("sent"))
        now_s = asyncio.get_running_loop().time()
        assert own.is_set_by("outbox", now_s + 1)
        assert not own.is_set_by("outbox", now_s - 2)
        await asyncio.wait_for(rung.wait(), 5)
        assert done == []
        assert not own.is_set_by("outbox", now_s + 1)
        own.work()
        own.work()
        assert done == ["sent"]

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())


async def test_a_timer_is_replaced_and_cancelled() -> None:
    done: list[str] = []
    own, rung = timers()
    own.after("a", 0, lambda: done.append("first"))
    own.after("a", 0, lambda: done.append("second"))
    own.after("b", 0, lambda: done.append("never"))
    own.cancel("b")
    own.cancel("unknown")
    await asyncio.wait_for(rung.wait(), 5)
    own.work()
    assert done == ["second"]


async def test_nothing_is_left_of_a_lost_connection() -> None:
    done: list[str] = []
    own, rung = timers()
    own.after("a", 0, lambda: done.append("late"))
    await asyncio.wait_for(rung.wait(), 5)
    own.after("b", 0.001, lambda: done.append("later"))
    own.clear()
    own.work()
    assert done == []
    assert not own.is_set_by("b", asyncio.get_running_loop().time() + 1)
