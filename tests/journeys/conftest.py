"""A broker for each test: retained topics of one journey are no part of the next."""

from collections.abc import Iterator

import pytest

from tests.peers.broker import Mosquitto


@pytest.fixture(params=["ocpp1.6", "ocpp2.0.1"])
def protocol(request: pytest.FixtureRequest) -> str:
    """The journey is the same in both versions."""
    return str(request.param)


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    """A real mosquitto."""
    with Mosquitto() as running:
        yield running
