"""A charge point of a house in words of both versions: what it asked, what it told of its connector, what it will be billed for."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from tests.conformance.laboratory import Station
from tests.conformance.laboratory201 import Station201
from tests.journeys.office import Office
from tests.peers.billing import Transaction
from tests.peers.journal import Call
from tests.peers.wallbox import Wallbox

STARTS, STOPS = {"StartTransaction", "Started"}, {"StopTransaction", "Ended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Garage:
    """Use `House.garage()`."""

    station: Station | Station201

    @property
    def box(self) -> Wallbox:
        """Its hardware."""
        return self.station.box

    @property
    def office(self) -> Office:
        """What the central system asks of it."""
        return Office(station=self.station)

    async def plugs(self) -> None:
        """Plug in; the mark is set behind it."""
        await self.station.plugs()

    async def boots(self) -> None:
        """It has registered since the mark; waits for it."""
        await self.station.sends("BootNotification")

    async def reports(self, status: str, *, count: int = 1) -> None:
        """The central system was told Available, Unavailable, Charging or SuspendedEVSE; waits for it."""
        if isinstance(self.station, Station201) and status in {"Charging", "SuspendedEVSE"}:
            await self.station.state(status, count=count)
        else:
            await self.station.reports(status, count=count)

    def reported(self) -> str:
        """The status of its connector as it was told last."""
        fields = {"connectorId": 1}
        last = self.station.csms.calls("StatusNotification", self.station.identity, **fields)[-1]
        return str(last.payload.get("status") or last.payload["connectorStatus"])

    async def triggers_readings(self) -> str:
        """MeterValues are asked for: the status of the answer."""
        place = {"evse": {"id": 1}} if isinstance(self.station, Station201) else {"connectorId": 1}
        return await self.station.trigger("MeterValues", **place)

    async def asks(self, tag: str) -> None:
        """About a tag; waits for it."""
        if isinstance(self.station, Station201):
            await self.station.sends("Authorize", idToken={"idToken": tag})
        else:
            await self.station.sends("Authorize", idTag=tag)

    def asked(self) -> list[str]:
        """The tags it has asked about since the mark."""
        tags = [call.payload.get("idTag") or call.payload["idToken"]["idToken"] for call in self.station.sent("Authorize")]
        return [str(tag) for tag in tags]

    async def begins(self, tag: str | None = None, *, count: int = 1) -> Call:
        """So many transactions since the mark, for this tag; waits for it. The first message of the last one."""
        fields: dict[str, Any] = {}
        if isinstance(self.station, Station201):
            if tag is not None:
                fields["idToken"] = {"idToken": tag}
            return await self.station.started(count=count, **fields)
        if tag is not None:
            fields["idTag"] = tag
        return await self.station.sends("StartTransaction", count=count, **fields)

    async def ends(self, reason: str = "Local", *, count: int = 1) -> Transaction:
        """So many transactions have ended since the mark, the last one for this reason; waits for it."""
        if isinstance(self.station, Station201):
            await self.station.ended(count=count)
        else:
            await self.station.sends("StopTransaction", count=count)
        last = self.bills()[-1]
        assert (last.reason or "Local") == reason, last
        return last

    def bills(self) -> list[Transaction]:
        """What it would be billed for, in the order of the starts."""
        return self.station.csms.transactions(self.station.identity)

    def tells(self) -> list[str]:
        """Every message about transactions since the mark: `start`, `stop` or `more`; readings outside any are none."""
        told = []
        for word in self.station.told():
            head = word.partition(" ")[0]
            if head in {"StartTransaction", "StopTransaction", "Started", "Ended", "Updated"}:
                told.append("start" if head in STARTS else "stop" if head in STOPS else "more")
        return told

    async def accepts_any_tag(self) -> None:
        """From now on, when it is asked."""
        field = "idTokenInfo" if isinstance(self.station, Station201) else "idTagInfo"
        await self.station.csms.answer("Authorize", {field: {"status": "Accepted"}})

    async def is_refused_after_green(self) -> None:
        """From now on the central system takes a start, and refuses its tag in the answer."""
        blocked = {"status": "Blocked"}
        if isinstance(self.station, Station201):
            await self.station.csms.answer("TransactionEvent", {"idTokenInfo": blocked})
        else:
            await self.station.csms.answer("StartTransaction", {"transactionId": 7, "idTagInfo": blocked})

    async def charges(self, tag: str) -> None:
        """Plug in, tap and charge; the mark is set behind it."""
        await self.station.charges(tag)

    async def knows(self, tag: str) -> None:
        """Teach its cache a tag; the mark is set behind it."""
        await self.station.knows(tag)

    async def settle(self) -> None:
        """Everything has been told."""
        await self.station.settle()

    def offline(self) -> AbstractAsyncContextManager[None]:
        """Inside, the central system is away."""
        return self.station.offline()
