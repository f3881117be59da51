"""Loops that live as long as a block."""

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
