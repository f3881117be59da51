"""A broker for each test: retained topics of one journey are no part of the next."""

from collections.abc import Iterator

import pytest

from tests.peers.broker import Mosquitto


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    """A real mosquitto."""
    with Mosquitto() as running:
        yield running
