"""One charge point, alive: what waits for the disk and what never does (`bridge/runtime.py`, design.md §4 rule 3)."""

from dataclasses import replace

import pytest

from bridge.core.alerts import AlertId
from bridge.core.backend import (
    AuthorizeFailed,
    AvailabilityRequested,
    BackendOffline,
    BackendOnline,
    CacheClearRequested,
    ListSent,
    RecordDelivered,
    ResetKind,
    ResetRequested,
    SettingChangeRequested,
    UnlockRequested,
)
from bridge.core.effects import AnnounceStatus, Answer, AskAuthorize, Decision, HistoryEntry, Outcome, RecordStart, RestartStation
from bridge.core.events import BrokerLost, BrokerSynchronised, MeterReported, Restarted, SessionStopOrdered, StorageChanged, WallboxReported
from bridge.core.orders import ListEntry
from bridge.core.state import BackendSession, NoSession
from bridge.core.values import (
    Colour,
    IdTag,
    Person,
    QuestionId,
    RecordId,
    RequestId,
    TagInfo,
    UserId,
    Verdict,
    Why,
)
from bridge.store.protocol import Parked, Sent
from tests.shells import TEN_O_CLOCK_MS, turns
from tests.solo import ACCEPTED, FLEET, GARAGE, ROAMER, STOP_WAIT_S, Place, ready, released

LOCAL = Person(user=UserId("carl"), card="04CC", local=True)


@pytest.fixture
async def place() -> Place:
    """Ready for a tap; nothing heard yet."""
    return await ready()


@pytest.fixture
async def charging() -> Place:
    """A transaction is open, released and on the disk; nothing heard yet."""
    return await released()


# --- what waits for the disk ------------------------------------------------------------------------------------------------------


async def test_nothing_is_released_while_any_commit_is_under_way(place: Place) -> None:
    """A wallbox gets energy only when everything that explains it is on the disk, and then it does."""
    place.store.holds = True
    place.taps()
    place.says_yes()
    place.energy(reason="sunny")
    pending = len(place.store.held)
    assert pending >= 2
    for _ in range(pending - 1):
        await place.store.lets_through(1)
        assert True not in place.enabled
    await place.store.lets_through(1)
    assert place.enabled[-1] is True


async def test_a_disk_that_never_answers_never_releases(place: Place) -> None:
    """Without a disk there is green light and no energy, whatever else happens."""
    place.store.holds = True
    place.taps()
    place.says_yes()
    place.energy(limit_a=10.0)
    place.energy(limit_a=16.0)
    place.happens(BrokerLost)
    place.happens(BrokerSynchronised)
    place.clock.ahead_s += 3600.0
    place.happens(MeterReported, live=True, register_wh=1001.0)
    await turns()
    assert place.runtime.state.kept.session != NoSession()
    assert True not in place.enabled


async def test_a_higher_limit_waits_as_a_release_does(charging: Place) -> None:
    """More than the hardware has been given is given when it is on the disk."""
    charging.energy(limit_a=10.0)
    await turns()
    charging.ears.forget()
    charging.store.holds = True
    charging.energy(limit_a=13.0)
    assert charging.ears.commands == []
    await charging.store.lets_through()
    assert [one.limit_a for one in charging.ears.commands] == [13.0]


async def test_switching_off_leaves_at_once(charging: Place) -> None:
    """Energy management is obeyed even by a bridge whose disk hangs (B6)."""
    charging.store.holds = True
    charging.energy(allow=False)
    assert len(charging.store.held) == 1
    assert charging.enabled == [False]


async def test_a_lower_limit_leaves_at_once(charging: Place) -> None:
    """Lowering needs no disk."""
    charging.store.holds = True
    charging.energy(limit_a=10.0)
    assert len(charging.store.held) == 1
    assert [one.limit_a for one in charging.ears.commands] == [10.0]


async def test_a_switch_off_that_comes_while_a_release_waits_wins(place: Place) -> None:
    """The release that waited for the disk never goes out."""
    place.store.holds = True
    place.taps()
    place.says_yes()
    place.energy(allow=False)
    assert place.enabled[-1:] == [False]
    await place.store.lets_through()
    assert True not in place.enabled
    assert place.ears.commands[-1].enabled is False


async def test_a_release_taken_back_and_given_again_waits_for_all_of_it(place: Place) -> None:
    """However often minds change meanwhile, the hardware sees energy only after the last commit."""
    place.store.holds = True
    place.taps()
    place.says_yes()
    place.energy(allow=False)
    place.energy(allow=True)
    while len(place.store.held) > 1:
        await place.store.lets_through(1)
    assert True not in place.enabled
    await place.store.lets_through(1)
    assert place.enabled[-1] is True


async def test_a_store_that_closes_before_the_disk_took_it_releases_nothing(place: Place) -> None:
    """A commit that was given up is no commit."""
    place.store.holds = True
    place.taps()
    place.says_yes()
    for _, future in place.store.held:
        future.cancel()
    await turns()
    assert True not in place.enabled
    assert place.ears.wakes == 0


async def test_the_hardware_is_left_alone_until_the_broker_has_told_all() -> None:
    """Before the state is known nothing is commanded, neither on nor off."""
    place = Place()
    place.happens(WallboxReported, live=True, plugged=True)
    place.energy(allow=False)
    await turns()
    assert place.ears.commands == []
    place.happens(BrokerSynchronised)
    await turns()
    assert place.enabled[-1] is False


async def test_records_wake_the_link_before_the_status_that_goes_with_them(place: Place) -> None:
    """A central system hears the transaction first and the status after it, both once they are on the disk."""
    place.happens(WallboxReported, live=True, charging=True)
    place.taps()
    place.store.holds = True
    place.says_yes()
    assert "wake" not in place.ears.journal
    assert place.heard(AnnounceStatus) == []
    await place.store.lets_through()
    told = [one for one in place.ears.journal if one == "wake" or isinstance(one, AnnounceStatus)]
    assert told == ["wake", AnnounceStatus()]
    row = place.runtime.next_record()
    assert row is not None
    assert isinstance(row.record, RecordStart)


async def test_an_answer_waits_for_what_it_promises(place: Place) -> None:
    """What the central system was told Accepted survives a power cut right after."""
    place.store.holds = True
    place.happens(AvailabilityRequested, request=RequestId("r1"), operative=False, station=False)
    assert place.heard(Answer) == []
    await place.store.lets_through()
    assert [one.request for one in place.heard(Answer)] == ["r1"]


async def test_history_is_published_when_it_is_on_the_disk(charging: Place) -> None:
    """A session on a dashboard is a session in the books."""
    charging.store.holds = True
    charging.happens(SessionStopOrdered)
    charging.passes(STOP_WAIT_S)
    assert charging.runtime.state.kept.session == NoSession()
    assert charging.heard(HistoryEntry) == []
    await charging.store.lets_through()
    assert [entry for _, entry in charging.store.history()] == charging.heard(HistoryEntry) != []


async def test_a_restart_of_the_station_waits_for_the_records_before_it(charging: Place) -> None:
    """A reset by the central system leaves after the stop it causes is on the disk, and so does the hardware's own."""
    charging.store.holds = True
    charging.happens(ResetRequested, request=RequestId("r1"), kind=ResetKind.HARD)
    assert charging.heard(RestartStation) == []
    assert charging.heard(tuple) == []
    await charging.store.lets_through()
    assert charging.heard(RestartStation) == [RestartStation(kind=ResetKind.HARD)]
    assert [what for what, _ in charging.heard(tuple)] == ["reset"]


async def test_the_cable_is_freed_by_the_wallbox(place: Place) -> None:
    """An unlock reaches the wallbox under the id its result must carry."""
    place.happens(UnlockRequested, request=RequestId("r1"))
    await turns()
    unlocking = place.runtime.state.unlocking
    assert unlocking is not None
    assert place.heard(tuple) == [("unlock", unlocking.command)]


# --- what never waits -------------------------------------------------------------------------------------------------------------


async def test_questions_and_lamps_never_wait_for_the_disk(place: Place) -> None:
    """The lamp is as quick as the central system, even while the disk hangs."""
    place.store.holds = True
    place.energy(reason="the disk hangs from here on")
    place.taps()
    assert [one.tag for one in place.heard(AskAuthorize)] == [ROAMER.tag]
    place.says_yes()
    assert [one.colour for one in place.heard(Decision)] == [Colour.GREEN]
    assert place.ears.wakes == 0


async def test_nothing_durable_changed_is_no_commit(place: Place) -> None:
    """What need not be kept costs no disk, and leaves at once."""
    place.store.holds = True
    place.happens(AuthorizeFailed, question=QuestionId("nobody asked"))
    place.happens(MeterReported, live=True, power_w=0.0)
    place.happens(BackendOffline)
    place.happens(BackendOnline, clock_offset_ms=0)
    place.happens(UnlockRequested, request=RequestId("r1"))
    assert place.store.changes == []
    assert [what for what, _ in place.heard(tuple)] == ["unlock"]


async def test_decisions_are_not_piled_up_while_the_disk_refuses(place: Place) -> None:
    """A flood of taps at a full disk is answered and forgotten; afterwards decisions are kept again."""
    place.happens(StorageChanged, ok=False)
    place.store.changes.clear()
    for _ in range(3):
        place.taps(LOCAL)
    assert [(one.colour, one.why) for one in place.heard(Decision)] == [(Colour.RED, Why.STORAGE)] * 3
    assert place.store.changes == []
    place.happens(StorageChanged, ok=True)
    place.taps(LOCAL)
    assert [decision for change in place.store.changes for decision in change.decisions] == place.heard(Decision)[3:]
    assert len(place.heard(Decision)) == 4


# --- what is one change -----------------------------------------------------------------------------------------------------------


async def test_a_start_is_one_change(place: Place) -> None:
    """State, record, decision and what the cache learnt are on the disk together or not at all."""
    place.taps()
    place.store.changes.clear()
    place.says_yes()
    (change,) = place.store.changes
    assert change.kept is place.runtime.state.kept
    assert [type(record) for record in change.records] == [RecordStart]
    assert [decision.colour for decision in change.decisions] == [Colour.GREEN]
    assert change.remembered == ((ROAMER.tag, replace(ACCEPTED, stored_ms=TEN_O_CLOCK_MS)),)
    assert (change.charge_point, change.link, change.utc_ms) == (GARAGE, FLEET, TEN_O_CLOCK_MS)


async def test_a_delivery_settles_row_name_and_state_in_one_change(charging: Place) -> None:
    """The central system's name for a transaction and the row it answers are kept together."""
    session = charging.runtime.state.kept.session
    assert isinstance(session, BackendSession)
    row = charging.runtime.next_record()
    assert row is not None
    assert charging.runtime.is_queued(session.id)
    charging.happens(RecordDelivered, record=row.id, session=session.id, starts=True, backend_id="77", info=ACCEPTED)
    (change,) = charging.store.changes
    assert change.delivered == (row.id,)
    assert change.assigned == ((session.id, "77"),)
    assert change.kept is charging.runtime.state.kept
    assert isinstance(change.kept.session, BackendSession)
    assert change.kept.session.backend_id == "77"
    await turns()
    assert charging.ears.wakes == 1
    assert charging.runtime.next_record() is None
    assert not charging.runtime.is_queued(None)


async def test_what_is_queued_when_the_central_system_goes_away_counts_as_offline(charging: Place) -> None:
    """2.0.1 E11.FR.07; kept with the record, so that after a crash it is sent again as it was. The oldest may be on its way already."""
    charging.happens(WallboxReported, live=True, plugged=False)
    charging.passes(STOP_WAIT_S)
    await turns()
    charging.store.changes.clear()
    charging.happens(BackendOffline)
    assert [change.waited for change in charging.store.changes] == [True]
    assert [row.record.offline for row in charging.store.rows()] == [False, True]


async def test_what_is_queued_at_a_restart_waited_as_well(charging: Place) -> None:
    """Nobody knows how long the power was away."""
    charging.happens(Restarted, planned=False, clock_trusted=True)
    assert charging.store.changes[0].waited


@pytest.mark.parametrize("disk", [True, False])
async def test_records_on_their_way_to_the_disk_wait_too(place: Place, disk: bool) -> None:
    """Unless the disk takes nothing: then an unsteady link must not fill the memory."""
    place.store.holds = True
    place.energy(reason="on its way")
    if not disk:
        place.happens(StorageChanged, ok=False)
    place.store.changes.clear()
    place.happens(BackendOffline)
    assert [change.waited for change in place.store.changes] == [True] * disk


async def test_a_delivery_that_tells_no_name_settles_the_row_alone(charging: Place) -> None:
    """A sample has no name to give."""
    session = charging.runtime.state.kept.session
    assert isinstance(session, BackendSession)
    charging.happens(RecordDelivered, record=RecordId(1), session=session.id, backend_id="77")
    assert [(one.delivered, one.assigned) for one in charging.store.changes] == [((1,), ())]


async def test_a_parked_record_and_its_alert_go_together(charging: Place) -> None:
    """What the central system refuses for good is put aside, told, and the link goes on with the next."""
    session = charging.runtime.state.kept.session
    assert isinstance(session, BackendSession)
    charging.store.holds = True
    charging.runtime.record_parked(RecordId(1), session.id, error="GenericError", retry_ms=TEN_O_CLOCK_MS + 1)
    (change,) = charging.store.changes
    assert change.parked == (Parked(id=RecordId(1), error="GenericError", retry_ms=TEN_O_CLOCK_MS + 1),)
    assert AlertId.RECORD_PARKED in charging.runtime.state.alerts
    assert charging.ears.wakes == 0
    await charging.store.lets_through()
    assert charging.ears.wakes == 1
    assert charging.store.count(GARAGE).parked == 1


async def test_how_an_attempt_went_is_kept_and_holds_nothing_up(place: Place) -> None:
    """A retry that is counted does not keep the energy waiting."""
    place.store.holds = True
    place.taps()
    place.says_yes()
    place.runtime.record_sent(RecordId(1), attempts=2, message="m-2", error="InternalError")
    assert place.store.changes[-1].sent == (Sent(id=RecordId(1), attempts=2, message="m-2", error="InternalError"),)
    await place.store.lets_through(len(place.store.held) - 1)
    assert place.enabled[-1:] == [True]


async def test_the_cache_is_emptied_on_the_disk_before_it_is_said(place: Place) -> None:
    """ClearCache is answered when nobody can be remembered any more."""
    place.taps()
    place.says_yes()
    await turns()
    assert place.runtime.known_tag(IdTag(text="04-ee")) == replace(ACCEPTED, stored_ms=TEN_O_CLOCK_MS)
    place.store.holds = True
    place.happens(CacheClearRequested, request=RequestId("r1"))
    assert place.heard(Answer) == []
    await place.store.lets_through()
    assert len(place.heard(Answer)) == 1
    assert place.runtime.known_tag(IdTag(text="04EE")) is None


# --- the local list ---------------------------------------------------------------------------------------------------------------

CARD = IdTag(text="04EE")
BLOCKED = TagInfo(verdict=Verdict.BLOCKED)


def _sends_list(place: Place, *entries: ListEntry, version: int = 1) -> None:
    place.happens(ListSent, request=RequestId("r1"), version=version, full=True, entries=entries, size=len(entries))


async def test_the_list_is_on_the_disk_with_its_version_before_that_is_said(place: Place) -> None:
    """A central system that heard Accepted finds the list after a power cut."""
    place.store.holds = True
    _sends_list(place, ListEntry(tag=CARD, info=BLOCKED), version=7)
    assert place.heard(Answer) == []
    (change,) = place.store.changes
    assert change.kept is not None
    assert (change.kept.list_version, change.list_replaced, change.listed) == (7, True, (ListEntry(tag=CARD, info=BLOCKED),))
    await place.store.lets_through()
    assert [answer.outcome for answer in place.heard(Answer)] == [Outcome.ACCEPTED]
    assert place.runtime.list_size() == 1


async def test_the_list_is_asked_before_the_cache(place: Place) -> None:
    """What it knows is not put into the cache, and an entry that was there before does not count (OCPP 1.6 §3.5.3)."""
    _sends_list(place, ListEntry(tag=CARD, info=BLOCKED))
    await turns()
    listed = replace(BLOCKED, listed=True)
    assert (place.runtime.listed_tag(CARD), place.runtime.known_tag(CARD)) == (listed, listed)
    place.taps()
    place.says_yes()
    await turns()
    assert place.store.known_tag(GARAGE, CARD.key) is None
    _sends_list(place)
    await turns()
    assert (place.runtime.listed_tag(CARD), place.runtime.known_tag(CARD)) == (None, None)


async def test_a_list_that_is_switched_off_is_as_if_there_were_none(place: Place) -> None:
    """The cache fills and answers again."""
    _sends_list(place, ListEntry(tag=CARD, info=BLOCKED))
    place.happens(SettingChangeRequested, request=RequestId("r2"), name="list_enabled", value=False)
    place.taps()
    place.says_yes()
    await turns()
    known = place.runtime.known_tag(CARD)
    assert known is not None
    assert (known.verdict, known.listed) == (Verdict.ACCEPTED, False)
    assert place.runtime.listed_tag(CARD) is None
    assert place.runtime.list_size() == 1
