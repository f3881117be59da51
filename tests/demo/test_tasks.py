"""Loops live as long as their block, and their errors are not lost."""

import asyncio

import pytest

from bridge.demo.tasks import ended_with_block


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
