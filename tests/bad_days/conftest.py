"""A broker for each file whose tests share a town, and one for each test that has a town of its own."""

from collections.abc import Iterator

import pytest

from tests.peers.broker import Mosquitto


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    """A real mosquitto."""
    with Mosquitto() as running:
        yield running


@pytest.fixture
def own_broker() -> Iterator[Mosquitto]:
    """The same; what is retained in one test is no part of the next."""
    with Mosquitto() as running:
        yield running
