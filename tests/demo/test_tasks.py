"""Loops live as long as their block, and their errors are not lost."""

import asyncio

import pytest

from bridge.demo.tasks import ended_with_block, to_the_end


async def test_loops_end_with_the_block() -> None:
    ended: list[str] = []

    async def loop(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async with ended_with_block(loop("one"), loop("two")):
        await asyncio.sleep(0)
        assert not ended
    assert ended == ["one", "two"]


async def test_a_loop_that_fails_ends_the_block() -> None:
    """A broker that goes away must not leave the story waiting."""

    async def fail() -> None:
        raise OSError("gone")

    with pytest.raises(ExceptionGroup) as caught:
        async with ended_with_block(fail()):
            await asyncio.Event().wait()
    assert [str(error) for error in caught.value.exceptions] == ["gone"]


async def test_an_end_is_not_interrupted() -> None:
    """A process that is being ended is ended, however often somebody cancels meanwhile; who cancelled is heard afterwards."""
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def end() -> None:
        begun.set()
        await go_on.wait()
        ended.set()

    task = asyncio.create_task(to_the_end(end()))
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_an_end_nobody_interrupts_just_ends() -> None:
    async def fail() -> None:
        raise OSError("gone")

    await to_the_end(asyncio.sleep(0))
    with pytest.raises(OSError, match="gone"):
        await to_the_end(fail())
