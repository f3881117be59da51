"""Loops that live as long as a block, and ends that nothing interrupts."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def ended_with_block(*loops: Coroutine[object, None, None]) -> AsyncIterator[None]:
    """Run endless loops beside the block. One that fails ends the block; its error comes in a group."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop, name="demo loop") for loop in loops]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def to_the_end(work: Coroutine[object, None, object]) -> None:
    """Finish work that must not be left half done; who cancels meanwhile is heard afterwards.

    When the broker goes, several loops fail one after the other, and each cancels whatever ends because of the first.
    """
    task = asyncio.create_task(work, name="demo ends")
    interrupted = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            interrupted = True
    task.result()
    if interrupted:
        raise asyncio.CancelledError
