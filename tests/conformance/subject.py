"""The station under test, as far as the version of OCPP makes no difference: what it was asked, what it sent, its weather."""

import contextlib
import dataclasses
import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

from tests.peers import journal
from tests.peers.journal import Call
from tests.peers.onlooker import Onlooker
from tests.peers.strict_csms import CallFailed, StrictCsms
from tests.peers.wallbox import Wallbox


@dataclasses.dataclass(slots=True, kw_only=True)
class Subject:
    """One charge point from both sides: its hardware on the broker, its messages at the central system."""

    name: str
    """In topics."""
    identity: str
    """At the central system."""
    csms: StrictCsms
    topics: Onlooker
    box: Wallbox
    begin: int = 0
    """What it sent before this number is no part of the case."""
    numbers: Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(1))

    # --- the central system asks ----------------------------------------------------------------------------------------------------

    async def call(self, action: str, **payload: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's field
        """The answer to a request of the central system."""
        return await self.csms.call(self.identity, action, payload)

    async def answers(self, action: str, **payload: Any) -> str:  # noqa: ANN401 - a payload's field
        """The status of the answer, or the code of the CALLERROR."""
        try:
            status: str = (await self.call(action, **payload))["status"]
        except CallFailed as refused:
            return refused.code
        return status

    # --- the station tells ----------------------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """Here the case begins, or its next part: what was told before does not count."""
        self.begin = len(self._calls())

    def sent(self, action: str, **fields: Any) -> list[Call]:  # noqa: ANN401 - a payload's field
        """Its messages of one kind since the mark, oldest first."""
        return [call for call in self._calls()[self.begin :] if call.fits(action, None, fields)]

    def told(self) -> list[str]:
        """Everything it sent since the mark, one word each (`word`). Heartbeats are left out."""
        return [self.word(call) for call in self._calls()[self.begin :] if call.action != "Heartbeat"]

    @staticmethod
    def word(call: Call) -> str:
        """What `told` says of a message."""
        return call.action

    async def sends(self, action: str, *, count: int = 1, **fields: Any) -> Call:  # noqa: ANN401 - a payload's field
        """The `count`-th such message since the mark, once it has been answered; waits for it."""
        earlier = sum(call.fits(action, None, fields) for call in self._calls()[: self.begin])
        return await self.csms.saw(action, self.identity, count=earlier + count, **fields)

    # --- weather --------------------------------------------------------------------------------------------------------------------

    @property
    def connections(self) -> int:
        """How often it has come in."""
        return sum(connection.identity == self.identity for connection in self.csms.connections)

    async def reconnects(self, before: int) -> None:
        """It has come in again since `connections` was this, and is registered."""
        await self.csms.connected(self.identity, count=before + 1)
        await self.topics.shows(f"charge_point/{self.name}/online", "true")

    @contextlib.asynccontextmanager
    async def offline(self) -> AsyncIterator[None]:
        """Inside, the central system is away; behind it the station has come back. The mark is set at the beginning."""
        before = self.connections
        await self.csms.refuse(503)
        try:
            await self.csms.disconnect(self.identity, force=True)
            await self.topics.shows(f"charge_point/{self.name}/online", "false")
            self.mark()
            yield
        finally:
            await self.csms.welcome()
        await self.reconnects(before)

    # --- inside ---------------------------------------------------------------------------------------------------------------------

    def _calls(self) -> list[Call]:
        return journal.calls([frame for frame in self.csms.frames if frame.identity == self.identity])
