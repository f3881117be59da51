"""A broker for each file: its tests share one town."""

from collections.abc import Iterator

import pytest

from tests.peers.broker import Mosquitto


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    """A real mosquitto."""
    with Mosquitto() as running:
        yield running
