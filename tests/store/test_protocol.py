"""What every store promises: one suite runs them all, restarted after every step as well."""

import asyncio
import functools
from dataclasses import replace

import pytest

from bridge.core.orders import ListEntry
from bridge.core.state import Kept
from bridge.core.values import ChargePointId, IdTag, SessionId, TagInfo, Verdict
from bridge.store import policy
from bridge.store.protocol import CLEAN_STOP, TAG_REF_KEY, Change, QueueCount, RecordState
from tests.store.vaults import Vault
from tests.store.worlds import (
    ACCEPTED,
    CARPORT,
    CSMS,
    DAY_MS,
    FIRST,
    GARAGE,
    NOON_MS,
    TAG,
    decision,
    entry,
    local_kept,
    sample,
    start,
    stop,
    update,
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


# --- pruning ----------------------------------------------------------------------------------------------------------------------


async def _later(vault: Vault, days: float) -> None:
    """Some time passes, and something is written."""
    await vault.commit(charge_point=CARPORT, link=None, utc_ms=NOON_MS + int(days * DAY_MS))


async def test_old_delivered_steps_go_and_the_ends_stay(vault: Vault) -> None:
    """The database stays small, and every session can still be proven by its start and stop."""
    await vault.commit(records=(start(), sample(), update(), stop()))
    await vault.deliver_next("42")
    await vault.drain()
    await _later(vault, policy.SENT_KEPT_DAYS)
    assert [row.record for row in vault.store.rows(states=ALL)] == [start(), sample(), update(), stop()]
    assert vault.store.count(GARAGE) == QueueCount(delivered=4)
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


async def test_one_tag_is_forgotten_and_no_other(vault: Vault) -> None:
    """Whoever wants to be forgotten is; a tag nobody knows is no trouble."""
    await vault.commit(remembered=((TAG, ACCEPTED), (OTHER, ACCEPTED)))
    await vault.commit(charge_point=CARPORT, remembered=((TAG, ACCEPTED),))
    await vault.commit(forgotten=(TAG, IdTag(text="NEVER")))
    assert [vault.store.known_tag(GARAGE, tag.key) for tag in (TAG, OTHER)] == [None, ACCEPTED]
    assert vault.store.known_tag(CARPORT, TAG.key) == ACCEPTED


async def test_the_tag_longest_unheard_of_makes_room(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "TAGS_MAX", 3)
    for text in ("A", "B", "C", "A", "D"):
        await vault.commit(remembered=((IdTag(text=text), ACCEPTED),))
    assert [vault.store.known_tag(GARAGE, key) for key in "ABCD"] == [ACCEPTED, None, ACCEPTED, ACCEPTED]


# --- the local list ---------------------------------------------------------------------------------------------------------------

BLOCKED = TagInfo(verdict=Verdict.BLOCKED, group="fleet", expires_ms=NOON_MS, listed=True)
OTHER = IdTag(text="OTHER")


def _on(tag: IdTag, info: TagInfo | None = ACCEPTED) -> ListEntry:
    return ListEntry(tag=tag, info=info)


def _listed(vault: Vault, charge_point: ChargePointId = GARAGE) -> tuple[int, list[TagInfo | None]]:
    return vault.store.list_size(charge_point), [vault.store.listed_tag(charge_point, tag.key) for tag in (TAG, OTHER)]


LISTED = replace(ACCEPTED, listed=True)


async def test_a_tag_is_listed_in_the_form_in_which_tags_are_compared(vault: Vault) -> None:
    """The list belongs to one charge point, and is no part of the cache."""
    assert _listed(vault) == (0, [None, None])
    await vault.commit(listed=(_on(IdTag(text="04a1b2")),))
    assert _listed(vault) == (1, [LISTED, None])
    assert _listed(vault, CARPORT) == (0, [None, None])
    assert vault.store.known_tag(GARAGE, TAG.key) is None
    await vault.commit(remembered=((OTHER, ACCEPTED),), forget_tags=True)
    assert _listed(vault) == (1, [LISTED, None])


async def test_a_list_is_changed_tag_by_tag(vault: Vault) -> None:
    """The newest word on a tag counts; a tag without one is taken off."""
    await vault.commit(listed=(_on(TAG), _on(OTHER)))
    await vault.commit(listed=(_on(TAG, BLOCKED), _on(OTHER, None), _on(IdTag(text="NEVER"), None)))
    assert _listed(vault) == (1, [BLOCKED, None])
    await vault.commit(listed=(_on(OTHER), _on(OTHER, None), _on(OTHER, BLOCKED)))
    assert _listed(vault) == (2, [BLOCKED, BLOCKED])


async def test_a_list_is_replaced_as_a_whole(vault: Vault) -> None:
    await vault.commit(charge_point=CARPORT, listed=(_on(TAG),))
    await vault.commit(listed=(_on(TAG),))
    await vault.commit(list_replaced=True, listed=(_on(OTHER),))
    assert _listed(vault) == (1, [None, LISTED])
    await vault.commit(list_replaced=True)
    assert _listed(vault) == (0, [None, None])
    assert _listed(vault, CARPORT) == (1, [LISTED, None])


async def test_a_list_and_its_version_come_together(vault: Vault) -> None:
    """Whoever reads the one after a restart reads the other."""
    await vault.commit(kept=Kept(list_version=7), list_replaced=True, listed=(_on(TAG),))
    kept = vault.store.kept(GARAGE)
    assert kept is not None
    assert (kept.list_version, vault.store.list_size(GARAGE)) == (7, 1)
