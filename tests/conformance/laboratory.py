"""The test laboratory: a broker, an independent strict central system, and the real bridge with a row of charge points.

    async with laboratory(folder, broker) as lab, lab.station() as station:        # one that no other test has used
        await station.configure(ConnectionTimeOut=1)
        await station.box.plug()
        await station.reports("Preparing")
        assert station.told() == ["Preparing"]

As certification laboratories do it, what a case needs is set by ChangeConfiguration; the bridge's own configuration has only what hardware
is there. Charge points are strangers to each other, so that one process serves all tests of a file.
"""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.conformance.subject import Subject
from tests.peers.bridge_process import BridgeProcess, bridge
from tests.peers.broker import Mosquitto
from tests.peers.journal import Call
from tests.peers.onlooker import Onlooker, onlooker
from tests.peers.strict_csms import ACCEPTED, INVALID, StrictCsms, strict_csms
from tests.peers.wallbox import wallbox

SOCKETS = [f"socket-{number}" for number in range(1, 17)]
TETHERED = [f"tethered-{number}" for number in range(1, 4)]
SMART = [f"smart-{number}" for number in range(1, 13)]
"""Charge points of one bridge, with a socket, with a fixed cable, and with a socket and smart charging: more than any file has tests."""
VENDOR = "com.example"
"""Whose DataTransfers are put to the flows on site."""
STOP_WAIT_S = 0.3
"""A session's end waits so long for the meter's last word: the simulated meter has spoken by then."""
TAG = "04AABBCC"
"""A card the central system knows."""
PARTNER, COLLEAGUE = "04AAAA01", "04AAAA02"
"""Two cards with the same parentIdTag."""
STRANGER = "04FFFFFF"
"""A card the central system refuses."""
GROUP = {"status": "Accepted", "parentIdTag": "FLEET"}
CARDS = {TAG: ACCEPTED, PARTNER: GROUP, COLLEAGUE: GROUP, STRANGER: INVALID}


def settings(csms: StrictCsms, sockets: Sequence[str], tethered: Sequence[str] = (), smart: Sequence[str] = ()) -> dict[str, Any]:
    """A bridge's configuration: hardware that can do everything."""
    return {
        "csms": {
            "lab": {
                "url": f"{csms.url}/ocpp",
                "file_hosts": ["127.0.0.1"],
                # as soon back as the schema lets it: minutes of back-off are no part of any case
                "reconnect_max_s": 1,
                "boot_retry_min_s": 1,
            },
        },
        "charge_points": charge_points(sockets, tethered, smart),
        "log": {"level": "debug"},
    }


def charge_points(sockets: Sequence[str], tethered: Sequence[str], smart: Sequence[str]) -> dict[str, dict[str, Any]]:
    """All of a laboratory, by their names."""
    common = {"csms": "lab", "stop_tap_min_s": 0, "stop_wait_s": STOP_WAIT_S, "data_transfer_vendors": [VENDOR]}
    socket = {**common, "cable": "socket", "can": ["limit", "unlock", "reset", "firmware", "display"]}
    fixed = {**common, "cable": "fixed", "can": ["limit", "reset", "firmware", "display"]}
    return (
        {name: {**socket, "identity": identity_of(name)} for name in sockets}
        | {name: {**fixed, "identity": identity_of(name)} for name in tethered}
        | {name: {**socket, "identity": identity_of(name), "smart_charging": True} for name in smart}
    )


def identity_of(name: str) -> str:
    """At the central system."""
    return f"LAB-{name.upper()}"


@dataclasses.dataclass(slots=True, kw_only=True)
class Station(Subject):
    """A charge point that speaks OCPP 1.6."""

    # --- the central system asks ----------------------------------------------------------------------------------------------------

    async def configure(self, **keys: str | int | bool) -> None:
        """ChangeConfiguration of each key, which must be Accepted."""
        for key, value in keys.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            assert await self.answers("ChangeConfiguration", key=key, value=text) == "Accepted", key

    async def trigger(self, message: str, **fields: int) -> str:
        """TriggerMessage: the status of its answer."""
        return await self.answers("TriggerMessage", requestedMessage=message, **fields)

    # --- the station tells ----------------------------------------------------------------------------------------------------------

    @staticmethod
    def word(call: Call) -> str:
        """A status is told by its word ("0 Available": the station as a whole)."""
        return _word(call)

    async def reports(self, status: str, *, connector: int = 1, count: int = 1) -> Call:
        """A StatusNotification since the mark; waits for it."""
        return await self.sends("StatusNotification", connectorId=connector, status=status, count=count)

    async def settle(self) -> None:
        """Return when everything has been told that the bridge was going to tell of what has happened so far; nothing of this in `told`."""
        # every MQTT message that was published before this one has been worked off when it is answered
        await self.topics.ask("status", charge_point=self.name)
        # Accepted leaves after the commits of what it has worked off, and what waits for them is said before it
        await self.configure(BlinkRepeat=next(self.numbers))
        # a heartbeat overtakes a transaction message that waits, the second one comes after it
        for _ in range(2):
            beats = len(self.sent("Heartbeat"))
            assert await self.trigger("Heartbeat") == "Accepted"
            await self.sends("Heartbeat", count=beats + 1)

    # --- whole parts of a case ------------------------------------------------------------------------------------------------------

    async def plugs(self) -> None:
        """Plug in; the mark is set behind it."""
        self.mark()
        await self.box.plug()
        await self.reports("Preparing")
        self.mark()

    async def charges(self, tag: str = TAG) -> int:
        """Plug in, tap and charge; the mark is set behind it. The transaction's id."""
        await self.plugs()
        assert (await self.box.tap(tag)).led == "green"
        await self.box.charge()
        start = await self.sends("StartTransaction", idTag=tag)
        await self.reports("Charging")
        self.mark()
        return transaction_of(start)

    async def knows(self, tag: str = TAG) -> None:
        """Teach its cache a tag that the central system accepts, by a remote start that nobody plugs in for; the mark is set behind it."""
        await self.configure(ConnectionTimeOut=1, AuthorizeRemoteTxRequests=True)
        self.mark()
        assert await self.answers("RemoteStartTransaction", connectorId=1, idTag=tag) == "Accepted"
        await self.sends("Authorize", idTag=tag)
        await self.reports("Preparing")
        await self.reports("Available")
        await self.configure(ConnectionTimeOut=60)
        self.mark()


def _word(call: Call) -> str:
    if call.action != "StatusNotification":
        return call.action
    status: str = call.payload["status"]
    return status if call.payload["connectorId"] == 1 else f"{call.payload['connectorId']} {status}"


def transaction_of(start: Call) -> int:
    """The id that the central system gave."""
    assert start.answer is not None
    transaction: int = start.answer["transactionId"]
    return transaction


@dataclasses.dataclass(slots=True, kw_only=True)
class Laboratory:
    """One bridge and its surroundings. Use `laboratory()`."""

    broker: Mosquitto
    csms: StrictCsms
    topics: Onlooker
    process: BridgeProcess
    sockets: Iterator[str]
    tethered: Iterator[str]
    smart: Iterator[str]

    @contextlib.asynccontextmanager
    async def station(self, *, cable: str = "socket", smart: bool = False) -> AsyncIterator[Station]:
        """A charge point that no test has used, booted and idle; at the end everything on its link must have been by the book."""
        row = self.smart if smart else self.sockets if cable == "socket" else self.tethered
        name = next(row, None)
        assert name is not None, "the file has more tests than the bridge has charge points"
        print(f"{name}: see {self.process.file.parent}")
        async with equipped(name, self.broker, self.csms, self.topics) as station:
            yield station


@contextlib.asynccontextmanager
async def equipped(name: str, broker: Mosquitto, csms: StrictCsms, topics: Onlooker) -> AsyncIterator[Station]:
    """A charge point of a running bridge with hardware; at the end everything on its link must have been by the book."""
    async with wallbox(broker, name) as box:
        station = Station(name=name, identity=identity_of(name), csms=csms, topics=topics, box=box)
        await station.reports("Available")
        await station.settle()
        station.mark()
        yield station
        csms.must_be_valid(station.identity)


@dataclasses.dataclass(slots=True, kw_only=True)
class Bench:
    """A bridge with one charge point only, whose power the test has in hand. Use `bench()`."""

    process: BridgeProcess
    station: Station

    async def loses_power(self) -> None:
        """A power cut, and the power is back: nothing could be said or written in between."""
        await self.process.kill()
        await self.station.csms.disconnected(self.station.identity)
        self.station.mark()
        await self.process.start()
        # a wallbox that comes up says how it is
        await self.station.box.appear()


@contextlib.asynccontextmanager
async def bench(folder: Path, *, smart: bool = False) -> AsyncIterator[Bench]:
    """A bridge that has not been started yet, with hardware that waits for it; at the end everything must have been by the book."""
    name = SMART[0] if smart else SOCKETS[0]
    with Mosquitto() as broker:
        async with central_system() as csms, onlooker(broker) as topics, wallbox(broker, name) as box:
            process = BridgeProcess(folder, broker, topics, settings(csms, [], smart=[name]) if smart else settings(csms, [name]))
            try:
                yield Bench(process=process, station=Station(name=name, identity=identity_of(name), csms=csms, topics=topics, box=box))
                csms.must_be_valid()
            except BaseException:
                print(process.log())
                raise
            finally:
                if process.running:
                    await process.stop()


@contextlib.asynccontextmanager
async def central_system() -> AsyncIterator[StrictCsms]:
    """It knows the cards of the cases."""
    async with strict_csms(tags=CARDS) as csms:
        yield csms


@contextlib.asynccontextmanager
async def laboratory(folder: Path, broker: Mosquitto) -> AsyncIterator[Laboratory]:
    """A bridge that is ready, with all its charge points online."""
    async with (
        central_system() as csms,
        onlooker(broker) as topics,
        bridge(folder, broker, topics, settings(csms, SOCKETS, TETHERED, SMART)) as process,
    ):
        yield Laboratory(
            broker=broker,
            csms=csms,
            topics=topics,
            process=process,
            sockets=iter(SOCKETS),
            tethered=iter(TETHERED),
            smart=iter(SMART),
        )
