"""Links, central systems, and their end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bridge.ocpp.link import Link
from tests.ocpp.stations import FakeStation, link_to
from tests.peers.central_system import CentralSystem


class Links:
    """Starts links, and ends them after the test."""

    def __init__(self) -> None:
        self._running: list[tuple[Link, asyncio.Task[None]]] = []

    def start(self, station: FakeStation, url: str, **options: Any) -> asyncio.Task[None]:  # noqa: ANN401 - of `link_to`
        """A link that runs; the station knows it."""
        link = link_to(station, url, **options)
        task = asyncio.create_task(link.run(), name="link under test")
        self._running.append((link, task))
        return task

    async def end(self) -> None:
        """All of them; none may have died meanwhile."""
        for link, task in self._running:
            died = task.done() and not task.cancelled() and task.exception() is not None
            assert not died, f"a link died: {task.exception()!r}"
            await link.close()
            await asyncio.wait([task], timeout=2)
            assert task.done(), "a closed link ends"


@pytest.fixture
async def links() -> AsyncIterator[Links]:
    """Links that end with the test."""
    made = Links()
    yield made
    await made.end()


@pytest.fixture
async def csms() -> AsyncIterator[CentralSystem]:
    """A friendly central system; whatever the station did was by the book."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(CentralSystem())
        yield made
        assert made.faults() == []


@pytest.fixture
def station() -> FakeStation:
    """A free charge point."""
    return FakeStation()
