"""What every store promises of records: in order, parked, replayed and dropped, and never lost."""

from dataclasses import replace

import pytest

from bridge.core.values import SessionId
from bridge.store import policy
from bridge.store.protocol import Parked, QueueCount, RecordState, Sent
from tests.store.vaults import Vault
from tests.store.worlds import (
    CARPORT,
    CSMS,
    DAY_MS,
    FIRST,
    GARAGE,
    MINUTE_MS,
    NOON_MS,
    SECOND,
    sample,
    start,
    stop,
    update,
)

ALL = tuple(RecordState)

# --- the queue --------------------------------------------------------------------------------------------------------------------


async def test_records_wait_in_order(vault: Vault) -> None:
    await vault.commit(records=(start(), sample()))
    await vault.commit(records=(stop(),))
    rows = vault.store.rows()
    assert [row.record for row in rows] == [start(), sample(), stop()]
    assert [row.id for row in rows] == sorted({row.id for row in rows})
    assert vault.next() == rows[0]
    assert (rows[0].charge_point, rows[0].link, rows[0].created_ms) == (GARAGE, CSMS, NOON_MS)


async def test_what_waits_while_the_backend_is_away_counts_as_offline(vault: Vault) -> None:
    """For good, over restarts; not the oldest, which may have been sent, nor what waits for somebody else, or has arrived."""
    await vault.commit(records=(start(), update(sequence=1), update(sequence=2), stop(sequence=3)))
    await vault.commit(records=(start(SECOND), stop(SECOND, 1)), charge_point=CARPORT)
    await vault.deliver_next("17")
    await vault.commit(waited=True)
    await vault.restart()
    garage, carport = (vault.store.rows(one, states=ALL) for one in (GARAGE, CARPORT))
    assert [row.record.offline for row in garage] == [False, False, True, True]
    assert garage[-1].record == replace(stop(sequence=3), offline=True)
    assert [row.record.offline for row in carport] == [False, False]


async def test_what_was_put_aside_has_been_sent_and_is_told_as_it_was(vault: Vault) -> None:
    """A repetition says the same, whatever the link has done since."""
    await vault.commit(records=(start(), update(sequence=1), stop(sequence=2)))
    numbers = [row.id for row in vault.store.rows()]
    await vault.commit(parked=tuple(Parked(id=number, error="InternalError", retry_ms=None) for number in numbers))
    await vault.store.replay(GARAGE, FIRST)
    await vault.commit(waited=True)
    assert [row.record.offline for row in vault.store.rows()] == [False, False, False]


async def test_nothing_waits_nowhere(vault: Vault) -> None:
    await vault.commit(waited=True)
    assert vault.store.rows() == []


async def test_each_backend_and_charge_point_has_its_own_queue(vault: Vault) -> None:
    await vault.commit(records=(start(FIRST),))
    await vault.commit(link="other", records=(start(SECOND),))
    await vault.commit(charge_point=CARPORT, records=(stop(),))
    assert [row.link for row in vault.store.rows(GARAGE)] == [CSMS, "other"]
    assert [row.charge_point for row in vault.store.rows()] == [GARAGE, GARAGE, CARPORT]
    found = vault.store.next_record(GARAGE, "other")
    assert found is not None
    assert found.record == start(SECOND)
    assert vault.store.next_record(CARPORT, "other") is None


async def test_whether_a_session_waits_is_told(vault: Vault) -> None:
    """Of one or of any; what is delivered or put aside does not wait."""

    def queued(*sessions: SessionId | None) -> list[bool]:
        return [vault.store.is_queued(GARAGE, CSMS, session) for session in sessions]

    assert queued(None, FIRST) == [False, False]
    await vault.commit(records=(start(FIRST), start(SECOND)))
    await vault.commit(link="other", records=(stop(SessionId("elsewhere")),))
    assert queued(None, FIRST, SECOND, SessionId("elsewhere")) == [True, True, True, False]
    await vault.deliver_next("42")
    assert queued(None, FIRST, SECOND) == [True, False, True]
    await vault.commit(parked=(Parked(id=vault.next().id, error="InternalError", retry_ms=None),))
    assert queued(None, SECOND) == [False, False]
    assert not vault.store.is_queued(CARPORT, CSMS, None)


async def test_what_comes_before_the_start_is_no_dependant_of_it(vault: Vault) -> None:
    """2.0.1 may begin a transaction with the permission or the plug; its billed start follows in the same queue."""
    await vault.commit(records=(update(FIRST, 0), start(FIRST), stop(FIRST)))
    for record in (update(FIRST, 0), start(FIRST), stop(FIRST)):
        assert (await vault.deliver_next("tx")).record == record
    assert vault.store.next_record(GARAGE, CSMS) is None


async def test_a_delivered_record_makes_way_for_the_next(vault: Vault) -> None:
    await vault.commit(records=(start(), stop()))
    await vault.deliver_next("42", utc_ms=NOON_MS + 5)
    assert vault.next().record == stop()
    delivered = vault.store.rows(states=(RecordState.DELIVERED,))
    assert [(row.record, row.state, row.settled_ms) for row in delivered] == [(start(), RecordState.DELIVERED, NOON_MS + 5)]


async def test_delivered_is_delivered(vault: Vault) -> None:
    """A late word on a row that has been taken changes nothing."""
    await vault.commit(records=(start(),))
    row = await vault.deliver_next("42")
    before = vault.store.rows(states=ALL)
    await vault.commit(
        delivered=(row.id,),
        parked=(Parked(id=row.id, error="late", retry_ms=1),),
        sent=(Sent(id=row.id, attempts=9, message="x"),),
        utc_ms=NOON_MS + 9,
    )
    assert vault.store.rows(states=ALL) == before


async def test_attempts_and_the_message_id_survive(vault: Vault) -> None:
    """After a restart the same frame is sent again under the same id, and attempts are not counted anew."""
    await vault.commit(records=(start(),))
    row = vault.next()
    await vault.commit(sent=(Sent(id=row.id, attempts=2, message="m-7", error="GenericError"),))
    again = vault.next()
    assert (again.id, again.attempts, again.message, again.error) == (row.id, 2, "m-7", "GenericError")


@pytest.mark.parametrize("name", ["42", "0", "-1", ""])
async def test_the_backends_name_is_looked_up_when_the_row_is_read(vault: Vault, name: str) -> None:
    """A transaction id that arrives late is found by every record that was written before it; zero and negative ones are names too."""
    await vault.commit(records=(start(), stop(), start(SECOND)))
    assert vault.next().backend_id is None
    await vault.deliver_next(name)
    assert vault.next().backend_id == name
    await vault.deliver_next()
    assert vault.next().backend_id is None


async def test_a_name_belongs_to_one_backend_and_one_charge_point(vault: Vault) -> None:
    await vault.commit(assigned=((FIRST, "42"),))
    await vault.commit(link="other", records=(stop(),))
    await vault.commit(charge_point=CARPORT, records=(stop(),))
    assert [row.backend_id for row in vault.store.rows()] == [None, None]


async def test_a_name_can_be_told_anew(vault: Vault) -> None:
    """A start that was sent twice is known under its last name."""
    await vault.commit(records=(stop(),), assigned=((FIRST, "42"),))
    await vault.commit(assigned=((FIRST, "43"),))
    assert vault.next().backend_id == "43"


async def test_counts_follow_every_row(vault: Vault) -> None:
    assert vault.store.count(GARAGE) == QueueCount()
    await vault.commit(records=(start(), sample(), stop()))
    await vault.commit(charge_point=CARPORT, records=(stop(),))
    await vault.deliver_next("1")
    await vault.park_next()
    assert vault.store.count(GARAGE) == QueueCount(queued=1, parked=1, delivered=1)
    await vault.replay(FIRST)
    assert vault.store.count(GARAGE) == QueueCount(queued=2, delivered=1)
    assert vault.store.count(CARPORT) == QueueCount(queued=1)


# --- parking ----------------------------------------------------------------------------------------------------------------------


async def test_a_parked_record_lets_the_others_pass(vault: Vault) -> None:
    """A message the central system refuses for good does not hold up the bill of the next driver."""
    await vault.commit(records=(start(), stop(), start(SECOND)))
    await vault.deliver_next("42")
    parked = await vault.park_next(error="FormationViolation")
    assert vault.next().record == start(SECOND)
    (row,) = vault.store.rows(states=(RecordState.PARKED,))
    assert (row.id, row.error, row.retry_ms, row.attempts) == (parked.id, "FormationViolation", None, 3)


async def test_what_follows_a_parked_start_has_no_name(vault: Vault) -> None:
    """OCPP 1.6 errata 3.18: where the start never arrived, the transaction id is -1."""
    await vault.commit(records=(start(), stop(), start(SECOND), stop(SECOND)))
    assert not vault.next().start_parked
    await vault.park_next()
    follower = vault.next()
    assert (follower.record, follower.backend_id, follower.start_parked) == (stop(), None, True)
    await vault.deliver_next()
    await vault.deliver_next("43")
    assert not vault.next().start_parked


async def test_a_row_delivered_after_all_is_no_longer_parked(vault: Vault) -> None:
    """An answer that comes when nobody expects it any more still counts: the central system has it."""
    await vault.commit(records=(stop(),))
    row = await vault.park_next(retry_ms=NOON_MS)
    await vault.commit(delivered=(row.id,))
    assert vault.store.count(GARAGE) == QueueCount(delivered=1)
    assert vault.store.due(GARAGE, CSMS, NOON_MS) is None


async def test_a_parked_session_is_due_when_its_time_has_come(vault: Vault) -> None:
    await vault.commit(records=(stop(FIRST), stop(SECOND)))
    await vault.park_next(retry_ms=NOON_MS + MINUTE_MS)
    await vault.park_next(retry_ms=NOON_MS)
    assert vault.store.due(GARAGE, CSMS, NOON_MS - 1) is None
    assert vault.store.due(GARAGE, CSMS, NOON_MS) == SECOND
    assert vault.store.due(GARAGE, CSMS, NOON_MS + MINUTE_MS) == FIRST
    assert vault.store.due(GARAGE, "other", NOON_MS + MINUTE_MS) is None
    assert vault.store.due(CARPORT, CSMS, NOON_MS + MINUTE_MS) is None


async def test_what_waits_for_the_operator_is_never_due(vault: Vault) -> None:
    await vault.commit(records=(stop(),))
    await vault.park_next(retry_ms=None)
    assert vault.store.due(GARAGE, CSMS, NOON_MS + 1000 * DAY_MS) is None


# --- replay -----------------------------------------------------------------------------------------------------------------------


async def test_a_replayed_session_waits_in_its_old_place(vault: Vault) -> None:
    """Tried again a day later, the session of yesterday is told before that of today, and in order."""
    await vault.commit(records=(start(), stop()))
    first = await vault.park_next(retry_ms=NOON_MS)
    second = await vault.park_next(retry_ms=NOON_MS)
    await vault.commit(records=(start(SECOND),))
    assert await vault.replay(FIRST) == 2
    rows = vault.store.rows()
    assert [row.id for row in rows[:2]] == [first.id, second.id]
    assert [(row.state, row.attempts, row.message, row.rounds, row.retry_ms) for row in rows[:2]] == [
        (RecordState.QUEUED, 0, None, 1, None)
    ] * 2
    assert rows[2].rounds == 0
    assert await vault.drain() == [row.id for row in rows]


async def test_a_replayed_start_takes_along_what_was_sent_without_a_name(vault: Vault) -> None:
    """A stop sent with -1 is sent again with the id that the start gets in the end: the driver gets one proper bill."""
    await vault.commit(records=(start(), sample(), stop()))
    began = await vault.park_next()
    await vault.deliver_next()  # with -1
    await vault.deliver_next()  # with -1
    assert await vault.replay(FIRST) == 3
    assert vault.next().id == began.id
    await vault.deliver_next("42")
    assert (vault.next().record, vault.next().backend_id, vault.next().rounds) == (sample(), "42", 1)
    await vault.deliver_next()
    assert (vault.next().record, vault.next().backend_id) == (stop(), "42")
    await vault.deliver_next()
    assert vault.store.count(GARAGE) == QueueCount(delivered=3)


async def test_a_replayed_stop_leaves_alone_what_was_sent_under_its_name(vault: Vault) -> None:
    await vault.commit(records=(start(), sample(), stop()))
    await vault.deliver_next("42")
    await vault.deliver_next()
    await vault.park_next()
    assert await vault.replay(FIRST) == 1
    assert vault.next().record == stop()


async def test_a_row_on_its_way_while_its_start_is_replayed_follows_it(vault: Vault) -> None:
    """The operator presses replay in the very second in which the stop is being sent with -1."""
    await vault.commit(records=(start(), stop()))
    await vault.park_next()
    on_its_way = vault.next()
    assert await vault.replay(FIRST) == 1
    await vault.commit(delivered=(on_its_way.id,))
    assert vault.next().record == start()
    await vault.deliver_next("42")
    assert (vault.next().id, vault.next().backend_id, vault.next().rounds, vault.next().message) == (on_its_way.id, "42", 1, None)


async def test_replay_is_about_one_session_of_one_charge_point(vault: Vault) -> None:
    await vault.commit(records=(stop(FIRST), stop(SECOND)))
    await vault.park_next()
    await vault.park_next()
    assert await vault.replay(FIRST, CARPORT) == 0
    assert await vault.replay(SessionId("nobody")) == 0
    assert await vault.replay(SECOND) == 1
    assert vault.next().record == stop(SECOND)


async def test_replaying_twice_is_replaying_once(vault: Vault) -> None:
    await vault.commit(records=(start(), stop()))
    await vault.park_next()
    assert [await vault.replay(FIRST), await vault.replay(FIRST)] == [1, 0]
    assert vault.next().rounds == 1


async def test_what_waits_already_is_not_queued_twice(vault: Vault) -> None:
    """The start is refused a second time, while its followers still wait behind it."""
    await vault.commit(records=(start(), stop()))
    await vault.park_next()
    await vault.deliver_next()
    assert await vault.replay(FIRST) == 2
    await vault.park_next()
    assert await vault.replay(FIRST) == 1
    assert [row.rounds for row in vault.store.rows()] == [2, 1]


async def test_a_session_parked_again_can_be_replayed_again(vault: Vault) -> None:
    await vault.commit(records=(start(), stop()))
    for round_number in range(3):
        assert (await vault.park_next()).rounds == round_number
        await vault.deliver_next()
        assert await vault.replay(FIRST) == 2


async def test_each_backend_has_its_own_start(vault: Vault) -> None:
    """With two backends, a start parked at one takes nothing along at the other."""
    await vault.commit(records=(start(), stop()))
    await vault.commit(link="other", records=(start(), stop()))
    await vault.park_next()
    for name in ("7", None):
        row = vault.store.next_record(GARAGE, "other")
        assert row is not None
        assert not row.start_parked
        await vault.commit(link="other", delivered=(row.id,), assigned=() if name is None else ((FIRST, name),))
    assert await vault.replay(FIRST) == 1


# --- drop -------------------------------------------------------------------------------------------------------------------------


async def test_a_dropped_session_is_settled_but_not_erased(vault: Vault) -> None:
    """What the operator gives up can still be read, with the reason."""
    await vault.commit(records=(start(), stop(), start(SECOND)))
    await vault.park_next(retry_ms=NOON_MS)
    await vault.park_next()
    assert await vault.drop(FIRST) == 2
    assert await vault.drop(FIRST) == 0
    rows = vault.store.rows(states=(RecordState.DELIVERED,))
    assert [(row.record, row.error, row.retry_ms) for row in rows] == [(start(), policy.DROPPED, None), (stop(), policy.DROPPED, None)]
    assert vault.store.count(GARAGE) == QueueCount(queued=1, delivered=2)
    assert vault.store.due(GARAGE, CSMS, NOON_MS) is None
    assert await vault.replay(FIRST) == 0


async def test_what_follows_a_dropped_start_still_has_no_name(vault: Vault) -> None:
    await vault.commit(records=(start(), stop()))
    await vault.park_next()
    await vault.drop(FIRST)
    assert (vault.next().record, vault.next().start_parked) == (stop(), True)


async def test_dropping_leaves_alone_what_waits(vault: Vault) -> None:
    await vault.commit(records=(start(), stop()))
    assert await vault.drop(FIRST) == 0
    assert vault.store.count(GARAGE) == QueueCount(queued=2)


async def test_what_was_given_up_is_not_taken_along_by_a_later_replay(vault: Vault) -> None:
    await vault.commit(records=(sample(sequence=1), start(), stop()))  # out of order, so that the start is parked last
    await vault.park_next()
    await vault.drop(FIRST)
    await vault.park_next()
    assert await vault.replay(FIRST) == 1
