"""What the demo's tests share: both brokers, each by itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.demo.broker import Broker, BrokerKind, running_broker


@pytest.fixture(params=[BrokerKind.MOSQUITTO, BrokerKind.EMBEDDED], ids=str)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    """Each promise is kept with the installed broker and with the embedded one."""
    async with running_broker(request.param, tmp_path) as running:
        yield running
