"""A damaged database on a disk that bites as well: whatever is cut or refused meanwhile, all that can be read is saved in the end."""

import random
import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store import policy
from bridge.store.loss import Kind
from bridge.store.offline import open_reader
from bridge.store.protocol import Change, OutboxRow
from tests.simulation.disk import SimulatedDisk
from tests.simulation.vfs_cuts import cut_at
from tests.simulation.vfs_faults import Injected
from tests.store.worlds import CSMS, GARAGE, NOON_MS, local_kept, start
from tests.store.wreck import PAGE_BYTES, fill, reopen

SEEDS = 170
"""A quarter of the damages is an end that is gone: more than forty of either kind."""

FEW = 3
"""Sessions where every single operation is tried."""


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that can't write tries again at once."""
    monkeypatch.setattr(policy, "RETRY_FIRST_S", 0.0)


@dataclass(slots=True)
class Original:
    """What was written, before the damage."""

    content: bytes
    rows: list[OutboxRow]
    texts: dict[int, bytes]
    pages: dict[int, list[int]] = field(default_factory=dict)
    """Where the text of each record is: pages of the file, from 0. It is in one of them, unless a copy was left behind."""

    def readable(self, damaged: bytes) -> list[OutboxRow]:
        """The records of which no page was touched. What leads there may have been."""
        return [
            row for row in self.rows if all(self._piece(damaged, page) == self._piece(self.content, page) for page in self.pages[row.id])
        ]

    @staticmethod
    def _piece(content: bytes, page: int) -> bytes:
        return content[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]


async def _original(folder: Path, sessions: int) -> Original:
    path = folder / "original.db"
    rows = await fill(path, sessions)
    db = sqlite3.connect(path)
    texts = {number: text.encode() for number, text in db.execute("SELECT id, record FROM outbox")}
    db.close()
    original = Original(path.read_bytes(), rows, texts)
    for row in rows:
        place = -1
        original.pages[row.id] = []
        while (place := original.content.find(texts[row.id], place + 1)) >= 0:
            original.pages[row.id].append(place // PAGE_BYTES)
    return original


def _laid(folder: Path, name: str, original: Original) -> Path:
    """The database as it was, in a folder of its own."""
    path = folder / name / "evbridge.db"
    path.parent.mkdir()
    path.write_bytes(original.content)
    return path


def _content(path: Path) -> bytes:
    return path.read_bytes()


def _spoilt(path: Path, row: OutboxRow, original: Original) -> None:
    """A digit of one record is another one."""
    text = original.texts[row.id]
    path.write_bytes(original.content.replace(text, text.replace(b'"utc_ms":1', b'"utc_ms":2', 1)))


async def test_of_a_damaged_database_everything_that_can_be_read_is_saved(folder: Path) -> None:
    """Bits turn over or the end is gone between two lives: the bridge starts, goes on, and what no damage has touched arrives in order.

    Of what did not arrive, something is told; and what is told lies where it is said.
    """
    original = await _original(folder, 12)
    outcomes: Counter[str] = Counter()
    for seed in range(SEEDS):
        path = _laid(folder, str(seed), original)
        with SimulatedDisk(path.parent, random.Random(seed)) as disk:
            disk.corrupt("evbridge.db")
            damage = "cut off" if disk.injected[Injected.CUT_OFF] else "bit rot"
            outcomes[damage] += 1
            outcomes[f"{damage}: {await _open_damaged(path, original)}"] += 1
        shutil.rmtree(path.parent)
    assert min(outcomes["cut off"], outcomes["bit rot"]) >= 40
    assert outcomes["bit rot: set aside"] > outcomes["bit rot: not seen"], "the bits were in free space"
    assert sum(outcomes[f"{damage}: {what}"] for damage in ("bit rot", "cut off") for what in ("set aside", "not seen", "refused")) == SEEDS
    assert outcomes["bit rot: refused"] < 5, "a mark of another program or of a newer version: a person has to look"
    assert outcomes["cut off: set aside"] >= outcomes["cut off"] - 3, "a bit of a file is none"


async def _open_damaged(path: Path, original: Original) -> str:
    """What came of it, one of three."""
    damaged = _content(path)
    try:
        store = reopen(path)
    except StoreRefused as refusal:
        strange = "a database of another program" in str(refusal) or "by a newer evbridge" in str(refusal)
        return "refused" if strange else str(refusal)
    rows = store.rows()
    records = [row.record for row in rows]
    saved = [record for record in records if record in {row.record for row in original.rows}]
    assert len(set(records)) == len(records), "none is delivered twice"
    readable = [row.record for row in original.readable(damaged)]
    assert [record for record in saved if record in readable] == readable
    lost = len(original.rows) - len(saved)
    if store.salvage is None:
        assert lost == 0
        assert store.set_aside is None
    else:
        assert store.set_aside is not None
        assert _content(store.set_aside) == damaged
        told = store.salvage
        assert sum(loss.get(Kind.RECORD, 0) for loss in told.lost.values()) >= lost or Kind.RECORD in told.uncounted or not told.saved
    await store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, kept=local_kept(5000), records=(start(),)))
    told_aside = store.set_aside is not None
    await store.close()
    with open_reader(path) as reader:
        assert reader.rows()[-1].record == start()
        assert reader.kept(GARAGE) == local_kept(5000)
    return "set aside" if told_aside else "not seen"


@pytest.mark.parametrize("power", [True, False])
async def test_a_rescue_may_be_cut_at_any_operation(power: bool, folder: Path) -> None:
    """The source is not touched before the new database is on the disk: the next opening has everything that could be read."""
    original = await _original(folder, FEW)
    lost = original.rows[7]
    left = [row for row in original.rows if row is not lost]
    for number in range(1, 400):
        path = _laid(folder, str(number), original)
        _spoilt(path, lost, original)
        with SimulatedDisk(path.parent, random.Random(number)) as disk:
            cut_at(disk, number, power=power)
            try:
                store = reopen(path)
            except StoreRefused:
                assert disk.dead
            else:
                disk.on_operation = None
                whole = not disk.dead
                await store.close()
                if whole:
                    break
            disk.restore()
            disk.on_operation = None
            store = reopen(path)
            assert store.rows() == left, f"cut at operation {number}"
            assert store.salvage is not None
            assert store.salvage.lost == {lost.charge_point: {Kind.RECORD: 1}}
            assert store.set_aside is not None
            assert store.set_aside.exists()
            await store.close()
        shutil.rmtree(path.parent)
    else:
        raise AssertionError("a rescue ends")
    assert number > 20


async def test_the_new_database_is_on_the_disk_before_it_takes_its_place(folder: Path) -> None:
    """Its last word is a sync; only then the damaged one is moved."""
    original = await _original(folder, FEW)
    path = _laid(folder, "1", original)
    _spoilt(path, original.rows[7], original)
    said: list[str] = []
    with SimulatedDisk(path.parent, random.Random(1)) as disk:
        disk.on_operation = lambda kind, name: said.append(kind) if name == "evbridge.db.new" else None
        store = reopen(path)
        await store.close()
    assert "write" in said
    assert said[-1] == "sync"


@pytest.mark.parametrize("kind", ["read", "write", "sync", "full"])
async def test_a_rescue_that_meets_an_error_of_the_disk_loses_nothing_more(kind: str, folder: Path) -> None:
    """The bridge does not start, the service manager tries again: a cable costs no row."""
    original = await _original(folder, FEW)
    lost = original.rows[7]
    for number in range(0, 2000, 3):
        path = _laid(folder, str(number), original)
        _spoilt(path, lost, original)
        with SimulatedDisk(path.parent, random.Random(number)) as disk:
            match kind:
                case "read":
                    disk.fail_read(after=number)
                case "write":
                    disk.fail_write(after=number)
                case "sync":
                    disk.fail_sync(after=number)
                case _:
                    disk.fail_write(sqlite3.SQLITE_FULL, after=number)
            try:
                store = reopen(path)
            except StoreRefused:
                store = reopen(path)
            disk.heal()
            struck = bool(disk.injected.keys() & {Injected.READ_ERROR, Injected.WRITE_ERROR, Injected.SYNC_ERROR})
            assert store.rows() == [row for row in original.rows if row is not lost], f"failed after {number}"
            assert store.salvage is not None
            assert store.salvage.lost == {lost.charge_point: {Kind.RECORD: 1}}
            await store.close()
        shutil.rmtree(path.parent)
        if not struck:
            break
    else:
        raise AssertionError("a rescue ends")
    assert number > 5
