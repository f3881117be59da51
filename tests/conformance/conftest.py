"""One broker, one central system and one bridge for all tests of a file; a charge point of its own for each test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.conformance.laboratory import Laboratory, Station, laboratory
from tests.conformance.laboratory201 import Laboratory201, Station201, laboratory201
from tests.peers.broker import Mosquitto


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    """A real mosquitto."""
    with Mosquitto() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Laboratory]:
    """The bridge of this file's tests."""
    async with laboratory(tmp_path_factory.mktemp("laboratory"), broker) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def station(lab: Laboratory) -> AsyncIterator[Station]:
    """A charge point with a socket."""
    async with lab.station() as fresh:
        yield fresh


@pytest_asyncio.fixture(loop_scope="module")
async def tethered(lab: Laboratory) -> AsyncIterator[Station]:
    """A charge point with a fixed cable."""
    async with lab.station(cable="fixed") as fresh:
        yield fresh


@pytest_asyncio.fixture(loop_scope="module")
async def smart(lab: Laboratory) -> AsyncIterator[Station]:
    """A charge point with a socket that follows charging profiles."""
    async with lab.station(smart=True) as fresh:
        yield fresh


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab201(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Laboratory201]:
    """The bridge of this file's tests, for OCPP 2.0.1."""
    async with laboratory201(tmp_path_factory.mktemp("laboratory201"), broker) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def station201(lab201: Laboratory201) -> AsyncIterator[Station201]:
    """A charge point with a socket; it speaks OCPP 2.0.1."""
    async with lab201.station() as fresh:
        yield fresh


@pytest_asyncio.fixture(loop_scope="module")
async def tethered201(lab201: Laboratory201) -> AsyncIterator[Station201]:
    """A charge point with a fixed cable; it speaks OCPP 2.0.1."""
    async with lab201.station(cable="fixed") as fresh:
        yield fresh


@pytest_asyncio.fixture(loop_scope="module")
async def smart201(lab201: Laboratory201) -> AsyncIterator[Station201]:
    """A charge point with a socket that follows charging profiles; it speaks OCPP 2.0.1."""
    async with lab201.station(smart=True) as fresh:
        yield fresh
