"""What the disk has changed is never shown as what was written."""

import sqlite3
from pathlib import Path

import pytest

from bridge.errors import StoreDamaged
from bridge.store.offline import open_reader
from bridge.store.protocol import RecordState
from tests.store.vaults import SqliteVault
from tests.store.worlds import ACCEPTED, CSMS, FIRST, GARAGE, SECOND, TAG, decision, entry, local_kept, start


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    path = tmp_path / "evbridge.db"
    vault = SqliteVault(path)
    await vault.commit(
        kept=local_kept(),
        records=(start(),),
        history=(entry(), entry(SECOND)),
        decisions=(decision("one"), decision("two")),
        remembered=((TAG, ACCEPTED),),
        assigned=((FIRST, "7"),),
    )
    await vault.store.close()
    return path


def _spoil(path: Path, sql: str) -> None:
    db = sqlite3.connect(path)
    assert db.execute(sql).rowcount == 1
    db.commit()
    db.close()


def test_a_damaged_history_entry_is_left_out_and_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """`evbridge history` shows the others, and says that it is not all."""
    _spoil(path, "UPDATE history SET entry = replace(entry, '9000', '9001') WHERE seq = 1")
    with open_reader(path) as reader:
        assert reader.history() == [(GARAGE, entry(SECOND))]
    assert caplog.messages == ["a history entry of garage is left out: the disk has changed it"]


def test_a_damaged_decision_is_left_out_and_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _spoil(path, "UPDATE decision SET decision = replace(decision, 'red', 'rad') WHERE seq = 2")
    with open_reader(path) as reader:
        assert reader.decisions() == [(GARAGE, decision("one"))]
    assert caplog.messages == ["a decision of garage is left out: the disk has changed it"]


def test_a_damaged_tag_is_one_nobody_has_heard_of(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The central system is asked."""
    _spoil(path, "UPDATE tag SET info = replace(info, 'null', 'nill')")
    with open_reader(path) as reader:
        assert reader.known_tag(GARAGE, TAG.key) is None
    assert caplog.messages == ["a remembered tag of garage is left out: the disk has changed it"]


def test_a_damaged_kept_state_stops_whoever_would_run_on_it(path: Path) -> None:
    _spoil(path, "UPDATE kept SET state = replace(state, '1000', '1001')")
    with (
        open_reader(path) as reader,
        pytest.raises(StoreDamaged, match="a kept state of garage that the disk has changed: restart evbridge"),
    ):
        reader.kept(GARAGE)


@pytest.mark.parametrize(
    "sql, says",
    [
        ("UPDATE outbox SET record = replace(record, '1000', '1001')", "a record of garage that the disk has changed"),
        ("UPDATE assigned SET backend_id = '8'", "a transaction's name of garage that the disk has changed"),
        ("UPDATE outbox SET record = CAST(x'7bff7d2330' AS TEXT)", "a record of garage that the disk has changed"),
    ],
)
def test_a_damaged_record_is_not_delivered(sql: str, says: str, path: Path) -> None:
    _spoil(path, sql)
    with open_reader(path) as reader:
        with pytest.raises(StoreDamaged, match=says):
            reader.next_record(GARAGE, CSMS)
        with pytest.raises(StoreDamaged, match=says):
            reader.rows(GARAGE, (RecordState.QUEUED,))
