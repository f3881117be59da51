"""The database is damaged under a running bridge, or while it is dead: noticed, set aside, told; the service goes on."""

import contextlib
import sqlite3
from pathlib import Path

from tests.journeys.garage import Garage
from tests.journeys.house import CARD, OTHER, House, house
from tests.peers.broker import Mosquitto

PAGE_BYTES = 4096
ALERT = "bridge/alert/database_set_aside"
UNAVAILABLE = 3
"""Exit code: something outside does not work."""


def damage(database: Path) -> None:
    """Every second page is junk now, as of a worn-out card; the log beside it is cut off in the middle."""
    with database.open("r+b") as file:
        for offset in range(PAGE_BYTES, database.stat().st_size, 2 * PAGE_BYTES):
            file.seek(offset)
            file.write(b"\xa5" * PAGE_BYTES)
    log = database.with_name(f"{database.name}-wal")
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size // 2)


def set_aside(folder: Path) -> list[Path]:
    """The evidence."""
    return [file for file in folder.iterdir() if ".damaged-" in file.name and not file.name.endswith(("-wal", "-shm"))]


def back_up(database: Path, copy: Path) -> None:
    """As an installer does, while the bridge runs."""
    with contextlib.closing(sqlite3.connect(database)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def put_back(copy: Path, database: Path) -> None:
    """In place of the database and its log."""
    for file in (database, *database.parent.glob(f"{database.name}-*")):
        file.unlink()
    copy.rename(database)


async def charges_again(home: House, garage: Garage, card: str) -> None:
    """The next driver, with everything in order."""
    await garage.box.unplug()
    await garage.reports("Available")
    await home.topics.shows("charge_point/garage/status", "Available")
    before = len(garage.bills())
    await garage.charges(card)
    await garage.box.draw(500)
    await garage.box.unplug()
    await garage.ends("EVDisconnected")
    assert [bill.energy_wh for bill in garage.bills()[before:]][-1] == 500


async def test_damaged_while_it_was_dead(tmp_path: Path) -> None:
    """Killed with a session running and records waiting, and the disk is worn out: an alert says so, and the next one charges."""
    with Mosquitto() as broker:
        async with house(tmp_path, broker) as home, home.garage() as garage:
            await garage.charges(CARD)
            await garage.box.draw(1000)
            async with garage.offline():
                await garage.box.unplug()
                await home.topics.hears("charge_point/garage/history")
                await home.process.kill()
                damage(tmp_path / "evbridge.db")
                await home.process.start(online=[])
                await garage.box.appear()
            told = await home.topics.reads(ALERT, "was damaged", "is set aside as", "a person")
            [evidence] = set_aside(tmp_path)
            assert str(evidence) in told.text
            await charges_again(home, garage, OTHER)


async def test_damaged_while_it_runs(tmp_path: Path) -> None:
    """It ends with one line, as nothing could be written down any more; started again, as service managers do, it serves."""
    with Mosquitto() as broker:
        async with house(tmp_path, broker) as home, home.garage() as garage:
            await garage.charges(CARD)
            await garage.box.draw(1000)
            damage(tmp_path / "evbridge.db")
            await garage.box.unplug()
            assert await home.process.ended() == UNAVAILABLE
            assert "the database is damaged: restart evbridge, which sets it aside" in home.process.log().splitlines()[-1]
            await home.process.start()
            await garage.box.appear()
            told = await home.topics.reads(ALERT, "was damaged", "is set aside as", "a person")
            [evidence] = set_aside(tmp_path)
            assert str(evidence) in told.text
            await charges_again(home, garage, OTHER)


async def test_an_older_copy_is_put_back(tmp_path: Path) -> None:
    """Somebody restores the backup of a week ago, with a session running in it: an alert says so, and nothing is billed a second time."""
    database, copy = tmp_path / "evbridge.db", tmp_path / "copy.db"
    with Mosquitto() as broker:
        async with house(tmp_path, broker) as home, home.garage() as garage:
            await garage.charges(CARD)
            await garage.box.draw(1000)
            back_up(database, copy)
            await garage.box.unplug()
            await garage.ends("EVDisconnected")
            await charges_again(home, garage, OTHER)
            billed = [bill.energy_wh for bill in garage.bills()]
            await home.process.kill()
            put_back(copy, database)
            await home.process.start()
            await garage.box.appear()
            await home.topics.reads("bridge/alert/database_older", "later sessions of garage", "an older copy")
            await charges_again(home, garage, CARD)
            assert [bill.energy_wh for bill in garage.bills()] == [*billed, 500]
