"""What every store promises: one suite runs them all, restarted after every step as well."""

import asyncio
import functools

import pytest

from bridge.core.values import IdTag, SessionId, TagInfo, Verdict
from bridge.store import policy
from bridge.store.protocol import CLEAN_STOP, TAG_REF_KEY, Change, Parked, QueueCount, RecordState, Sent
from tests.store.vaults import Vault
from tests.store.worlds import (
    ACCEPTED,
    CARPORT,
    CSMS,
    DAY_MS,
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

ALL = tuple(RecordState)

# --- state ------------------------------------------------------------------------------------------------------------------------


async def test_the_newest_state_is_kept(vault: Vault) -> None:
    """After a power cut a session goes on from its last durable register."""
    assert vault.store.kept(GARAGE) is None
    await vault.commit(kept=local_kept(1000))
    await vault.commit(kept=local_kept(2000))
    await vault.commit(charge_point=CARPORT, link=None, kept=local_kept(7))
    assert vault.store.kept(GARAGE) == local_kept(2000)
    assert vault.store.kept(CARPORT) == local_kept(7)


async def test_a_change_without_state_leaves_the_state_alone(vault: Vault) -> None:
    await vault.commit(kept=local_kept())
    await vault.commit(records=(start(),))
    assert vault.store.kept(GARAGE) == local_kept()


async def test_facts_are_kept(vault: Vault) -> None:
    assert vault.store.fact(CLEAN_STOP) is None
    await vault.set_fact(CLEAN_STOP, "false")
    await vault.set_fact(CLEAN_STOP, "true")
    assert vault.store.fact(CLEAN_STOP) == "true"


async def test_the_secret_behind_tag_references_is_there_and_stays(vault: Vault) -> None:
    """The same card keeps its reference for as long as the database lives."""
    secret = vault.store.fact(TAG_REF_KEY)
    assert secret is not None
    assert len(bytes.fromhex(secret)) == 16
    await vault.restart()
    assert vault.store.fact(TAG_REF_KEY) == secret


# --- writing ----------------------------------------------------------------------------------------------------------------------


async def test_changes_are_done_in_the_order_they_came(vault: Vault) -> None:
    """The release of a wallbox never overtakes the record that explains it."""
    order: list[int] = []
    futures = [vault.store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, records=(sample(sequence=n),))) for n in range(50)]
    for number, future in enumerate(futures):
        future.add_done_callback(functools.partial(_note, order, number))
    await asyncio.gather(*futures)
    assert order == list(range(50))
    assert [row.record.sequence for row in vault.store.rows()] == list(range(50))


def _note(order: list[int], number: int, _: "asyncio.Future[None]") -> None:
    order.append(number)


async def test_nothing_is_seen_before_it_is_on_the_disk(vault: Vault) -> None:
    future = vault.store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, records=(start(),)))
    assert not future.done()
    await future
    assert vault.next().record == start()


async def test_nobody_has_to_wait_for_a_change(vault: Vault) -> None:
    """Whoever stops waiting takes nothing with them."""
    future = vault.store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, records=(start(),)))
    future.cancel()
    await vault.commit(records=(sample(),))
    assert [row.record for row in vault.store.rows()] == [start(), sample()]


async def test_closing_writes_what_was_handed_in(vault: Vault) -> None:
    futures = [vault.store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, records=(sample(sequence=n),))) for n in range(20)]
    await vault.restart()
    assert all(future.done() for future in futures)
    assert vault.store.count(GARAGE) == QueueCount(queued=20)


async def test_closing_twice_does_no_harm(vault: Vault) -> None:
    await vault.store.close()
    await vault.store.close()


async def test_records_need_a_backend_to_go_to(vault: Vault) -> None:
    """A charge point without a central system has nothing to tell one; to try is our own mistake."""
    with pytest.raises(AssertionError, match="records are for a backend"):
        await vault.commit(link=None, records=(start(),))


# --- the queue --------------------------------------------------------------------------------------------------------------------


async def test_records_wait_in_order(vault: Vault) -> None:
    await vault.commit(records=(start(), sample()))
    await vault.commit(records=(stop(),))
    rows = vault.store.rows()
    assert [row.record for row in rows] == [start(), sample(), stop()]
    assert [row.id for row in rows] == sorted({row.id for row in rows})
    assert vault.next() == rows[0]
    assert (rows[0].charge_point, rows[0].link, rows[0].created_ms) == (GARAGE, CSMS, NOON_MS)


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


# --- pruning ----------------------------------------------------------------------------------------------------------------------


async def _later(vault: Vault, days: float) -> None:
    """Some time passes, and something is written."""
    await vault.commit(charge_point=CARPORT, link=None, utc_ms=NOON_MS + int(days * DAY_MS))


async def test_old_delivered_samples_go_and_the_ends_stay(vault: Vault) -> None:
    """The database stays small, and every session can still be proven by its start and stop."""
    await vault.commit(records=(start(), sample(), stop()))
    await vault.deliver_next("42")
    await vault.drain()
    await _later(vault, policy.SENT_KEPT_DAYS)
    assert vault.store.count(GARAGE) == QueueCount(delivered=3)
    await _later(vault, policy.SENT_KEPT_DAYS + 1)
    assert [row.record for row in vault.store.rows(states=ALL)] == [start(), stop()]
    assert vault.store.count(GARAGE) == QueueCount(delivered=2)


async def test_what_is_not_delivered_is_never_pruned(vault: Vault) -> None:
    """A central system that is away for years still gets every reading."""
    await vault.commit(records=(sample(sequence=1), sample(sequence=2)))
    await vault.park_next()
    await _later(vault, 2000)
    assert vault.store.count(GARAGE) == QueueCount(queued=1, parked=1)


async def test_samples_sent_without_a_name_stay_as_long_as_their_start_may_be_replayed(vault: Vault) -> None:
    await vault.commit(records=(start(), sample()))
    await vault.park_next()
    await vault.deliver_next()
    await _later(vault, 2000)
    assert await vault.replay(FIRST) == 2


# --- history, decisions -----------------------------------------------------------------------------------------------------------


async def test_history_is_told_oldest_first(vault: Vault) -> None:
    entries = [entry(SessionId(f"s{n}"), ended_ms=NOON_MS + n) for n in range(4)]
    for number, item in enumerate(entries):
        await vault.commit(charge_point=CARPORT if number == 2 else GARAGE, history=(item,))
    assert vault.store.history() == [(CARPORT if n == 2 else GARAGE, item) for n, item in enumerate(entries)]
    assert [item for _, item in vault.store.history(GARAGE)] == [entries[0], entries[1], entries[3]]
    assert [item for _, item in vault.store.history(GARAGE, limit=2)] == [entries[1], entries[3]]
    assert [item for _, item in vault.store.history(since_ms=NOON_MS + 2)] == entries[2:]
    assert [item for _, item in vault.store.history(GARAGE, since_ms=NOON_MS + 1, limit=1)] == [entries[3]]
    assert vault.store.history(limit=0) == []


async def test_every_decision_is_kept(vault: Vault) -> None:
    """Who was refused, when and why can be asked later."""
    made = [decision(f"tap {n}", NOON_MS + n) for n in range(4)]
    await vault.commit(decisions=tuple(made[:2]))
    await vault.commit(charge_point=CARPORT, decisions=(made[2],))
    await vault.commit(decisions=(made[3],))
    assert [item for _, item in vault.store.decisions()] == made
    assert [item for _, item in vault.store.decisions(CARPORT)] == [made[2]]
    assert [item for _, item in vault.store.decisions(GARAGE, since_ms=NOON_MS + 1)] == [made[1], made[3]]
    assert [item for _, item in vault.store.decisions(limit=2)] == made[2:]


async def test_the_oldest_decisions_of_a_charge_point_make_room(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader gone wild can't fill the disk, nor push out what was decided elsewhere."""
    monkeypatch.setattr(policy, "DECISIONS_MAX", 3)
    await vault.commit(charge_point=CARPORT, decisions=(decision("carport"),))
    for number in range(5):
        await vault.commit(decisions=(decision(f"tap {number}"),))
    assert [item.origin.id for _, item in vault.store.decisions()] == ["carport", "tap 2", "tap 3", "tap 4"]


async def test_history_is_never_pruned(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten years of charging can be looked up."""
    monkeypatch.setattr(policy, "DECISIONS_MAX", 3)
    for number in range(5):
        await vault.commit(history=(entry(SessionId(f"s{number}")),), utc_ms=NOON_MS + number * 1000 * DAY_MS)
    assert len(vault.store.history()) == 5


# --- remembered tags --------------------------------------------------------------------------------------------------------------


async def test_a_tag_is_remembered_in_the_form_in_which_tags_are_compared(vault: Vault) -> None:
    assert vault.store.known_tag(GARAGE, TAG.key) is None
    await vault.commit(remembered=((TAG, ACCEPTED),))
    assert vault.store.known_tag(GARAGE, "04A1B2") == ACCEPTED
    assert vault.store.known_tag(CARPORT, TAG.key) is None


async def test_the_newest_word_on_a_tag_counts(vault: Vault) -> None:
    blocked = TagInfo(verdict=Verdict.BLOCKED, group="fleet", expires_ms=NOON_MS)
    await vault.commit(remembered=((TAG, ACCEPTED),))
    await vault.commit(remembered=((IdTag(text="04a1b2"), blocked),))
    assert vault.store.known_tag(GARAGE, TAG.key) == blocked


async def test_a_cleared_cache_is_empty(vault: Vault) -> None:
    """ClearCache forgets the tags of this charge point, and of no other."""
    await vault.commit(remembered=((TAG, ACCEPTED),))
    await vault.commit(charge_point=CARPORT, remembered=((TAG, ACCEPTED),))
    await vault.commit(forget_tags=True)
    assert vault.store.known_tag(GARAGE, TAG.key) is None
    assert vault.store.known_tag(CARPORT, TAG.key) == ACCEPTED
    await vault.commit(forget_tags=True, remembered=((TAG, ACCEPTED),))
    assert vault.store.known_tag(GARAGE, TAG.key) == ACCEPTED


async def test_the_tag_longest_unheard_of_makes_room(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "TAGS_MAX", 3)
    for text in ("A", "B", "C", "A", "D"):
        await vault.commit(remembered=((IdTag(text=text), ACCEPTED),))
    assert [vault.store.known_tag(GARAGE, key) for key in "ABCD"] == [ACCEPTED, None, ACCEPTED, ACCEPTED]
