"""A host that began in 1970 learns the time: what it had written is put right, once."""

import sqlite3

from bridge.clock import BUILT_MS
from bridge.core.leap import Leap
from bridge.core.values import IdTag
from bridge.store import leaps
from bridge.store.protocol import RecordState
from tests.store.vaults import SqliteVault, Vault
from tests.store.worlds import (
    ACCEPTED,
    CARPORT,
    FIRST,
    GARAGE,
    MINUTE_MS,
    NOON_MS,
    SECOND,
    TAG,
    decision,
    entry,
    local_kept,
    sample,
    start,
    stop,
)

UP_MS = 5 * MINUTE_MS
"""How long the host is up, and what it takes for the time of day."""
LEARNT = Leap(before_ms=BUILT_MS, by_ms=NOON_MS - UP_MS)
UNSET = Leap(before_ms=NOON_MS + 1, by_ms=UP_MS - NOON_MS)
"""The other way round: what a test writes for noon becomes what such a host writes."""


async def write_in_1970(vault: Vault) -> None:
    """A session, its history and a refused tap."""
    await vault.commit(
        utc_ms=UP_MS,
        kept=UNSET.kept(local_kept()),
        records=(UNSET.record(start()), UNSET.record(sample()), UNSET.record(stop())),
        history=(UNSET.entry(entry()),),
        decisions=(UNSET.decision(decision()),),
    )


async def leap(vault: Vault) -> None:
    await vault._written(vault.store.leap(LEARNT))


async def test_everything_is_put_right_at_once(vault: Vault) -> None:
    """The records leave with the times at which things happened; the history tells the same."""
    await write_in_1970(vault)
    await leap(vault)
    assert vault.store.kept(GARAGE) == local_kept()
    assert [row.record for row in vault.store.rows()] == [start(), sample(), stop()]
    assert {row.created_ms for row in vault.store.rows()} == {NOON_MS}
    assert vault.store.history() == [(GARAGE, entry())]
    assert vault.store.history(since_ms=NOON_MS) == [(GARAGE, entry())]
    assert vault.store.decisions(since_ms=NOON_MS) == [(GARAGE, decision())]
    assert vault.store.newest_before(BUILT_MS) is None


async def test_what_was_right_stays_as_it_is(vault: Vault) -> None:
    """Records of a life that knew the time wait in the same queue."""
    await vault.commit(records=(start(), sample()), kept=local_kept(), history=(entry(),), decisions=(decision(),))
    await vault.commit(utc_ms=UP_MS, records=(UNSET.record(start(SECOND)),))
    await leap(vault)
    assert [row.record for row in vault.store.rows()] == [start(), sample(), start(SECOND)]
    assert vault.store.kept(GARAGE) == local_kept()
    assert vault.store.history() == [(GARAGE, entry())]
    assert vault.store.decisions() == [(GARAGE, decision())]


async def test_a_record_written_after_the_time_was_known_may_hold_a_time_from_before(vault: Vault) -> None:
    """The end of a session tells its beginning as well."""
    await vault.commit(records=(UNSET.record(stop()),))
    await leap(vault)
    assert vault.next().record == stop()
    assert vault.next().created_ms == NOON_MS


async def test_what_was_delivered_stays_as_it_was_sent(vault: Vault) -> None:
    """The central system has it so; another time would be another transaction."""
    await write_in_1970(vault)
    await vault.deliver_next("7", utc_ms=UP_MS)
    await leap(vault)
    assert [row.record for row in vault.store.rows(states=(RecordState.DELIVERED,))] == [UNSET.record(start())]


async def test_a_parked_record_is_moved_and_its_next_try_with_it(vault: Vault) -> None:
    await vault.commit(records=(UNSET.record(start()), UNSET.record(start(SECOND))))
    await vault.park_next(retry_ms=UP_MS + MINUTE_MS)
    await vault.park_next(retry_ms=NOON_MS)
    await leap(vault)
    first, second = vault.store.rows()
    assert (first.record, first.retry_ms) == (start(), NOON_MS + MINUTE_MS)
    assert (second.record, second.retry_ms) == (start(SECOND), NOON_MS)


async def test_what_was_handed_in_just_before_is_moved_as_well(vault: Vault) -> None:
    """And what is handed in just after it is the newest."""
    vault.handle(kept=UNSET.kept(local_kept()), records=(UNSET.record(start()),))
    done = vault.store.leap(LEARNT)
    vault.handle(records=(sample(),))
    await done
    await vault.restart()
    assert vault.store.kept(GARAGE) == local_kept()
    assert [row.record for row in vault.store.rows()] == [start(), sample()]


async def test_what_is_kept_after_it_wins(vault: Vault) -> None:
    vault.handle(kept=UNSET.kept(local_kept()))
    vault.store.leap(LEARNT)
    vault.handle(kept=local_kept(2000))
    await vault.restart()
    assert vault.store.kept(GARAGE) == local_kept(2000)


async def test_the_newest_time_of_such_a_life_is_known_to_the_next(vault: Vault) -> None:
    """It counts on from there, so that the order of times is the order of things."""
    assert vault.store.newest_before(BUILT_MS) is None
    await vault.commit(records=(start(),), kept=local_kept(), history=(entry(),), decisions=(decision(),))
    assert vault.store.newest_before(BUILT_MS) is None
    await vault.commit(charge_point=CARPORT, utc_ms=1, kept=local_kept())
    assert vault.store.newest_before(BUILT_MS) == 1
    await vault.commit(utc_ms=2, records=(start(),))
    assert vault.store.newest_before(BUILT_MS) == 2
    await vault.commit(history=(entry(ended_ms=3),))
    assert vault.store.newest_before(BUILT_MS) == 3
    await vault.commit(decisions=(decision(utc_ms=4),))
    assert vault.store.newest_before(BUILT_MS) == 4


async def test_a_long_queue_is_moved_to_its_end(disk: SqliteVault) -> None:
    """In parts that fit into a small computer's memory."""
    many = leaps.CHUNK + 1
    await disk.commit(records=tuple(UNSET.record(sample(sequence=number)) for number in range(many)))
    await leap(disk)
    assert [row.record for row in disk.store.rows()] == [sample(sequence=number) for number in range(many)]


async def test_a_row_that_cannot_be_read_is_not_in_the_way(disk: SqliteVault) -> None:
    await write_in_1970(disk)
    db = sqlite3.connect(disk.path)
    db.execute("""INSERT INTO history (charge_point, ended_ms, entry) VALUES ('garage', 0, '{"from": "nowhere"}')""")
    db.commit()
    db.close()
    await leap(disk)
    assert [row.record for row in disk.store.rows()] == [start(), sample(), stop()]


async def test_remembered_tags_are_left_alone(vault: Vault) -> None:
    """Their expiry is the central system's own time."""
    known = IdTag(text=TAG.text)
    await vault.commit(utc_ms=UP_MS, remembered=((known, ACCEPTED),))
    await leap(vault)
    assert vault.store.known_tag(GARAGE, known.key) == ACCEPTED


async def test_twice_is_once(vault: Vault) -> None:
    await write_in_1970(vault)
    await leap(vault)
    await leap(vault)
    assert [row.record for row in vault.store.rows()] == [start(), sample(), stop()]
    assert vault.store.rows()[0].record.session == FIRST
