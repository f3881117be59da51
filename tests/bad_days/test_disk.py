"""The disk takes no more: what runs is ended and billed to the Wh, nothing new starts, and all is well as soon as there is room again."""

import contextlib
import resource
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bad_days.town import CARDS, HEALTHY, SESSION_WH, Town, charges_a_session, town
from tests.conformance.laboratory import Station, equipped
from tests.peers.broker import Mosquitto

OTHER = "other"
"""A second charge point, where somebody comes while the disk is full."""
STRANGER = "04FF00FF"
BALLAST_BYTES = 64 * 1024
DISK_BYTES = 16 * 1024 * 1024
"""Room for the database, and for the reserve of 4 MiB with as much again."""


class Disk(ABC):
    """Where the database is."""

    stores_ends: bool
    """It is the disk that is full, so that the space the bridge holds in reserve is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def fill(self, process_id: int) -> None:
        """From now on nothing can be written."""

    @abstractmethod
    def free(self, process_id: int) -> None:
        """There is room again."""


class SmallDisk(Disk):
    """A file system in memory, filled to the last byte."""

    stores_ends = True

    def fill(self, process_id: int) -> None:
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            for size in (BALLAST_BYTES, 1):
                with pytest.raises(OSError, match="No space left"):
                    while True:
                        ballast.write(bytes(size))

    def free(self, process_id: int) -> None:
        (self.folder / "ballast").unlink()


class ForbiddingSystem(Disk):
    """The system refuses to let files grow, as a quota does. The reserve is of no use there: what ends waits in memory."""

    stores_ends = False

    def fill(self, process_id: int) -> None:
        log = self.folder / "evbridge.db-wal"
        _, hard = resource.prlimit(process_id, resource.RLIMIT_FSIZE)
        resource.prlimit(process_id, resource.RLIMIT_FSIZE, (log.stat().st_size, hard))

    def free(self, process_id: int) -> None:
        _, hard = resource.prlimit(process_id, resource.RLIMIT_FSIZE)
        resource.prlimit(process_id, resource.RLIMIT_FSIZE, (hard, hard))


def mount(folder: Path) -> bool:
    """A small file system there; False: this user may not."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["a full disk", "a quota"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """Where nobody may mount, the quota stands for both."""
    folder = tmp_path / "disk"
    mounted = request.param == "a full disk" and mount(folder)
    folder.mkdir(exist_ok=True)
    try:
        yield SmallDisk(folder) if mounted else ForbiddingSystem(folder)
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.asynccontextmanager
async def street(folder: Path, broker: Mosquitto, disk: Disk) -> AsyncIterator[tuple[Town, Station]]:
    """The town, with a second charge point that has hardware; the database is on that disk."""
    tables: dict[str, Any] = {"store": {"path": str(disk.folder / "evbridge.db")}, "log": {"level": "warning"}}
    points, errors = {OTHER: {"csms": "office"}}, ("evbridge.db: the disk ", "the disk is nearly full")
    async with (
        town(folder, broker, charge_points=points, errors=errors, **tables) as place,
        equipped(OTHER, broker, place.csms, place.topics) as other,
    ):
        yield place, other


async def test_what_runs_is_ended_and_nothing_new_starts(tmp_path: Path, own_broker: Mosquitto, disk: Disk) -> None:
    """Full in mid-session. A card elsewhere gets red; the session ends and is billed, by way of a power cut where the disk has it."""
    async with street(tmp_path, own_broker, disk) as (place, other):
        healthy = place.healthy
        await healthy.charges(CARDS[0])
        await healthy.box.draw(SESSION_WH)
        await other.box.plug()
        disk.fill(place.process.process_id)
        assert (await other.box.tap(STRANGER)).led == "red"
        await place.alert("storage", "evbridge.db: the disk ")
        await refuses(other, CARDS[1])
        if disk.stores_ends:
            async with healthy.offline():
                await healthy.box.unplug()
                await place.topics.hears(f"charge_point/{HEALTHY}/history")
                await place.process.kill()
                await place.process.start(online=[])
                await other.box.appear()
                await refuses(other, CARDS[0])
            disk.free(place.process.process_id)
        else:
            await healthy.box.unplug()
            await refuses(other, CARDS[0])
            disk.free(place.process.process_id)
        stop = await healthy.sends("StopTransaction", reason="EVDisconnected")
        [start] = healthy.csms.calls("StartTransaction", healthy.identity)
        assert stop.payload["meterStop"] - start.payload["meterStart"] == SESSION_WH
        await place.topics.shows("bridge/alert/storage", "")
        assert other.csms.calls("StartTransaction", other.identity) == []
        other.mark()
        await other.box.unplug()
        await other.reports("Available")
        await charges_a_session(other, CARDS[1])
        assert [entry["energy_wh"] for entry in await place.process.history()] == [SESSION_WH, SESSION_WH]


async def refuses(station: Station, card: str) -> None:
    """A card gets red, and the reason."""
    decision = await station.box.tap(card)
    assert (decision.led, decision.authority, decision.reason) == ("red", "bridge", "storage")
