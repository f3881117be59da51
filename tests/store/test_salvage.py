"""A damaged database costs what is damaged: every row that can be read is in the new one, and the alert counts the rest."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.errors import StoreRefused
from bridge.store import files
from bridge.store.copying import Copy
from bridge.store.loss import Kind, Salvage
from bridge.store.protocol import TAG_REF_KEY, OutboxRow, RecordState
from bridge.store.sqlite import SqliteStore
from tests.store import dumps
from tests.store.vaults import SqliteVault, names
from tests.store.worlds import ACCEPTED, CARPORT, GARAGE, TAG, local_kept, start
from tests.store.wreck import PAGE_BYTES, SESSIONS, fill, patch, reopen, session, spoil, zeros


def _ask(path: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        found = db.execute(sql, values).fetchall()
        db.commit()
        return found
    finally:
        db.close()


def _bytes(path: Path, content: bytes | None = None) -> bytes:
    """What is in a file, or is from now on."""
    if content is not None:
        path.write_bytes(content)
    return path.read_bytes()


def _flip(path: Path, place: int, bits: int) -> None:
    spoilt = bytearray(path.read_bytes())
    spoilt[place] ^= bits
    path.write_bytes(spoilt)


def _in_the_schema(path: Path) -> list[int]:
    """Places in the pages in which there is text of the schema, and one more page between."""
    content = path.read_bytes()
    pages = [page for page in range(len(content) // PAGE_BYTES) if b"CREATE " in content[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]]
    return [page * PAGE_BYTES + place for page in pages for place in range(0, PAGE_BYTES, 97)]


def _number_of(path: Path, row: OutboxRow) -> int:
    """Where the number of a row is in the file: behind the length of the row, before its text."""
    [(text,)] = _ask(path, "SELECT record FROM outbox WHERE id = ?", row.id)
    content = path.read_bytes()
    return content.rindex(
        (row.id + 0x8100 - 0x80 if row.id > 127 else row.id).to_bytes(2 if row.id > 127 else 1, "big"), 0, content.index(str(text).encode())
    )


def _root(path: Path, name: str) -> int:
    [(page,)] = _ask(path, "SELECT rootpage FROM sqlite_schema WHERE name = ?", name)
    assert isinstance(page, int)
    return page


def _told(store: SqliteStore) -> Salvage:
    assert store.salvage is not None
    return store.salvage


def _is_kept_whole(store: SqliteStore) -> None:
    """Nothing of what people and central systems need is missing."""
    assert [store.kept(one) for one in (GARAGE, CARPORT)] == [local_kept(100 * (SESSIONS - 1))] * 2
    assert (len(store.history()), len(store.decisions())) == (2 * SESSIONS, 2 * SESSIONS)
    assert [store.known_tag(one, TAG.key) for one in (GARAGE, CARPORT)] == [ACCEPTED] * 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evbridge.db"


# --- what is saved ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("UPDATE tally SET number = number + 1 WHERE what = 'queued'", id="a tally"),
        pytest.param("UPDATE sqlite_schema SET sql = replace(sql, 'attempts', 'attemptz') WHERE name = 'outbox'", id="a column's name"),
        pytest.param("UPDATE sqlite_schema SET sql = replace(sql, 'state', 'stat\xff') WHERE name = 'kept'", id="the schema's text"),
        pytest.param("DELETE FROM sqlite_schema WHERE name = 'outbox_queued'", id="an index that is gone"),
        pytest.param("PRAGMA user_version = 2", id="the version"),
    ],
)
async def test_where_no_row_is_damaged_nothing_is_lost(damage: str, path: Path) -> None:
    """Order, numbers, names and the secret behind `tag_ref` included: central systems and dashboards notice nothing."""
    rows = await fill(path)
    key = _ask(path, "SELECT value FROM fact WHERE name = ?", TAG_REF_KEY)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA writable_schema = ON")
    db.execute(damage)
    db.close()
    store = reopen(path)
    assert store.set_aside is not None
    assert (_told(store).lost, _told(store).parked) == ({}, 0)
    assert store.rows() == rows
    assert [(store.fact(TAG_REF_KEY),)] == key
    assert store.rows(states=(RecordState.DELIVERED,)) != []
    _is_kept_whole(store)
    await store.close()


@pytest.mark.parametrize(
    "name", ["outbox", "kept", "history", "assigned", "fact", "tally", "outbox_queued", "outbox_session", "sqlite_sequence"]
)
async def test_a_broken_root_costs_at_most_its_own_rows(name: str, path: Path) -> None:
    """The tree is gone, its leaves are not."""
    rows = await fill(path)
    spoil(path, _root(path, name), zeros)
    store = reopen(path)
    assert store.set_aside is not None
    assert [(row.id, row.record) for row in store.rows()] == [(row.id, row.record) for row in rows]
    assert [row.backend_id for row in store.rows()] == [row.backend_id for row in rows], "what is delivered tells the name too"
    assert (len(store.history()), len(store.decisions())) == (2 * SESSIONS, 2 * SESSIONS)
    assert [store.kept(one) is None for one in (GARAGE, CARPORT)] == [name == "kept"] * 2
    assert {owner: loss.get(Kind.KEPT) for owner, loss in _told(store).lost.items() if Kind.KEPT in loss} == (
        {GARAGE: 1, CARPORT: 1} if name == "kept" else {}
    )
    await store.close()


@pytest.mark.parametrize("place", [0, 16, 18, 28, 44, 56, 100, 103, 105])
async def test_a_bit_in_the_header_costs_no_record(place: int, path: Path) -> None:
    rows = await fill(path)
    _flip(path, place, 4)
    store = reopen(path)
    assert store.rows() == rows
    _is_kept_whole(store)
    await store.close()


async def test_no_bit_of_the_schema_stops_the_bridge(path: Path, tmp_path: Path) -> None:
    """Whatever SQLite makes of it: the database opens, and nothing that waits is lost."""
    rows = await fill(path)
    places = _in_the_schema(path)
    assert len(places) > 80
    for place in places:
        one = tmp_path / f"{place}.db"
        shutil.copy(path, one)
        _flip(one, place, 1 << place % 8)
        store = reopen(one)
        assert store.rows() == rows, place
        await store.close()


# --- what is lost -----------------------------------------------------------------------------------------------------------------


async def test_a_changed_digit_in_a_record_is_never_billed(path: Path) -> None:
    """The record is counted as lost; what waits behind it arrives in its order."""
    rows = await fill(path)
    [(old,)] = _ask(path, "SELECT record FROM outbox WHERE id = ?", rows[2].id)
    patch(path, str(old).encode(), str(old).replace('"register_wh":9000', '"register_wh":9001', 1).encode())
    store = reopen(path)
    assert store.rows() == [*rows[:2], *rows[3:]]
    assert _told(store).lost == {rows[2].charge_point: {Kind.RECORD: 1}}
    assert f"lost, {rows[2].charge_point}: 1 record; saved: 2 kept states, " in _told(store).text(path)
    await store.close()


async def test_a_changed_digit_in_a_kept_state_leaves_that_charge_point_without_a_session(path: Path) -> None:
    rows = await fill(path)
    patch(path, b'"register_wh":1100,"register_ms"', b'"register_wh":1101,"register_ms"')
    store = reopen(path)
    assert sorted([store.kept(GARAGE) is None, store.kept(CARPORT) is None]) == [False, True]
    assert list(_told(store).lost.values()) == [{Kind.KEPT: 1}]
    assert store.rows() == rows
    await store.close()


async def test_a_changed_name_of_a_transaction_is_told_again_by_what_was_delivered(path: Path) -> None:
    """Nobody else's transaction is stopped."""
    rows = await fill(path)
    _ask(path, "UPDATE assigned SET backend_id = '77' WHERE session = ?", session(GARAGE, 3))
    store = reopen(path)
    assert store.rows() == rows
    await store.close()


async def test_a_stop_without_a_start_waits_for_the_operator(path: Path) -> None:
    """Sent as it is, it would end a transaction that never was."""
    rows = await fill(path)
    _ask(path, "UPDATE outbox SET delivered_as = NULL WHERE session = ?", session(GARAGE, 3))
    _ask(path, "UPDATE assigned SET backend_id = '77' WHERE session = ?", session(GARAGE, 3))
    store = reopen(path)
    changed = [(before, after) for before, after in zip(rows, store.rows(), strict=True) if before != after]
    assert [(after.record.session, after.state) for _, after in changed] == [(session(GARAGE, 3), RecordState.PARKED)]
    assert "was lost with a damaged database" in str(changed[0][1].error)
    assert (_told(store).parked, ", 1 of them parked for want of their start" in _told(store).text(path)) == (1, True)
    await store.close()


async def test_where_a_tree_leads_twice_to_one_page_nothing_is_delivered_twice(path: Path) -> None:
    """A second start would be a second bill; and what the other page holds is found all the same."""
    rows = await fill(path)
    spoil(path, _root(path, "outbox"), _leads_twice)
    store = reopen(path)
    assert store.set_aside is not None
    assert sorted(str(row.record) for row in store.rows()) == sorted(str(row.record) for row in rows)
    await store.close()


def _leads_twice(page: bytes) -> bytes:
    """The last two children of an upper page are one."""
    last = len(rows := page[12 : 12 + 2 * int.from_bytes(page[3:5], "big")])
    one, other = (int.from_bytes(rows[place : place + 2], "big") for place in (last - 4, last - 2))
    return page[:other] + page[one : one + 4] + page[other + 4 :]


async def test_a_record_whose_state_is_damaged_is_parked(path: Path) -> None:
    rows = await fill(path)
    patch(path, b"queued", b"quewed", times=1)
    store = reopen(path)
    assert [row.record for row in store.rows()] == [row.record for row in rows]
    await store.close()


async def test_a_number_that_does_not_rise_keeps_its_place_in_the_queue(path: Path) -> None:
    """The order of delivery is the order in which it was written."""
    rows = await fill(path)
    _flip(path, _number_of(path, rows[40]), 1)
    store = reopen(path)
    assert store.set_aside is not None
    assert [row.record for row in store.rows()] == [row.record for row in rows]
    await store.close()


async def test_a_number_that_is_far_too_high_is_not_taken_for_another_record(path: Path) -> None:
    """Even where the pages are read as well, for what is damaged elsewhere."""
    rows = await fill(path)
    _flip(path, _number_of(path, rows[40]), 2)
    [(old,)] = _ask(path, "SELECT record FROM outbox WHERE id = ?", rows[0].id)
    patch(path, str(old).encode(), str(old).replace('"register_wh":9000', '"register_wh":9001', 1).encode())
    store = reopen(path)
    assert [row.record for row in store.rows()] == [row.record for row in rows[1:]]
    await store.close()


async def test_nothing_readable_is_told_as_that(path: Path) -> None:
    _bytes(path, b"SQLite format 3\x00" + b"\xa5" * 8000)
    store = reopen(path)
    assert "nothing in it could be read: sessions and queued records in it need a person" in _told(store).text(path)
    await store.close()


async def test_what_comes_later_gets_numbers_never_used(path: Path) -> None:
    rows = await fill(path)
    _ask(path, "UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'outbox'")
    _ask(path, "UPDATE tally SET number = number + 1")
    vault = SqliteVault(path)
    await vault.commit(records=(start(),))
    assert vault.store.salvage is not None
    assert [row.id for row in vault.store.rows()] == [*(row.id for row in rows), 5001]
    await vault.store.close()


async def test_a_database_of_an_older_release_is_saved_too(path: Path) -> None:
    dumps.load("schema_1.sql", path)
    _ask(path, "PRAGMA user_version = 2")
    store = reopen(path)
    assert store.set_aside is not None
    assert store.kept(GARAGE) == local_kept(4321)
    assert len(store.rows()) == 3
    await store.close()


# --- the report -------------------------------------------------------------------------------------------------------------------


async def test_the_report_is_told_until_a_life_has_ended_in_good_order(path: Path) -> None:
    """A bridge that is killed in the middle of its start does not take the news with it."""
    await fill(path)
    _ask(path, "UPDATE tally SET number = number + 1")
    first = reopen(path)
    told, aside = first.salvage, first.set_aside
    first._writer.scribe.disconnect()
    first._db.close()
    first._lock.release()
    second = reopen(path)
    assert (second.salvage, second.set_aside) == (told, aside)
    await second.close()
    third = reopen(path)
    assert (third.salvage, third.set_aside) == (None, None)
    await third.close()


# --- cut off ----------------------------------------------------------------------------------------------------------------------


class _Cut(BaseException):
    """The power went."""


class _Steps:
    """Everything that changes a name in the folder, cut before one of them."""

    def __init__(self, left: int) -> None:
        self.left = left

    def over(self, patch: pytest.MonkeyPatch) -> None:
        for where, name in ((Path, "rename"), (Path, "unlink"), (files, "sync_directory")):
            patch.setattr(where, name, self._counted(getattr(where, name)))

    def _counted(self, real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **options: object) -> object:
            if self.left == 0:
                raise _Cut
            self.left -= 1
            return real(*arguments, **options)

        return step


async def _is_cut(path: Path, number: int) -> bool:
    """Open with a cut before so many steps are done; whether it came to that."""
    with pytest.MonkeyPatch.context() as patch:
        _Steps(number).over(patch)
        try:
            store = reopen(path)
        except _Cut:
            return True
    await store.close()
    return False


async def test_a_rescue_may_be_cut_between_any_two_steps(tmp_path: Path) -> None:
    """Before and after each name that changes: the next opening has everything that could be read, and knows where the old one is."""
    rows = await fill(tmp_path / "whole.db")
    _ask(tmp_path / "whole.db", "UPDATE tally SET number = number + 1")
    for number in range(100):
        path = tmp_path / str(number) / "evbridge.db"
        path.parent.mkdir()
        shutil.copy(tmp_path / "whole.db", path)
        if not await _is_cut(path, number):
            break
        store = reopen(path)
        assert store.rows() == rows, number
        assert _told(store).lost == {}
        await store.close()
        assert [name for name in names(path.parent) if ".new" in name] == []
        assert len([name for name in names(path.parent) if ".damaged-" in name]) == 1, "nothing lies there twice"
    else:
        raise AssertionError("opening ends")
    assert number > 6


async def test_what_was_being_made_for_a_database_that_was_taken_away_is_kept_too(path: Path) -> None:
    files.fresh(path).write_bytes(b"half")
    store = reopen(path)
    assert store.rows() == []
    await store.close()
    assert any(name.startswith("evbridge.db.new.damaged-") for name in names(path.parent))


async def test_a_rescue_that_finds_no_room_leaves_everything_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service manager starts the bridge again, and it tries again."""
    rows = await fill(path)
    _ask(path, "UPDATE tally SET number = number + 1")
    path.with_name(path.name + ".reserve").unlink()
    before = _bytes(path)

    def refuse(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Copy, "everything", refuse)
        with pytest.raises(StoreRefused, match="the disk is full: free some space"):
            reopen(path)
    assert _bytes(path) == before
    assert [name for name in names(path.parent) if ".new" in name or "damaged" in name] == []
    store = reopen(path)
    assert store.rows() == rows
    await store.close()
