"""One charge point, alive: its deadlines, its queue and its link (`bridge/runtime.py`)."""

import asyncio

import pytest

from bridge.clock import BUILT_MS
from bridge.core.backend import RecordDelivered, UnlockRequested
from bridge.core.clockwork import deadline_s
from bridge.core.effects import AskAuthorize
from bridge.core.events import EnergyManaged
from bridge.core.state import Asking, BackendSession
from bridge.core.values import IdTag, RecordId, RequestId
from bridge.runtime import TICK_S
from bridge.store.protocol import RecordState
from tests.shells import TEN_O_CLOCK_MS, Timers, turns
from tests.solo import GARAGE, Place, ready, released

HOUR_MS = 3_600_000


@pytest.fixture
async def place() -> Place:
    """Ready for a tap; nothing heard yet."""
    return await ready()


@pytest.fixture
async def charging() -> Place:
    """A transaction is open, released and on the disk; nothing heard yet."""
    return await released()


async def _parks(charging: Place) -> BackendSession:
    """The start of the running transaction is put aside for an hour."""
    session = charging.runtime.state.kept.session
    assert isinstance(session, BackendSession)
    charging.runtime.record_parked(RecordId(1), session.id, error="GenericError", retry_ms=TEN_O_CLOCK_MS + HOUR_MS)
    await charging.settles()
    return session


def _due_s(place: Place) -> float:
    due_s = deadline_s(place.runtime.state)
    assert due_s is not None
    return due_s


# --- deadlines --------------------------------------------------------------------------------------------------------------------


async def test_the_core_is_woken_just_after_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """One timer for the earliest deadline, and what was due then happens."""
    timers = Timers(asyncio.get_running_loop(), monkeypatch)
    place = await ready()
    place.taps()
    asking = place.runtime.state.pending
    assert isinstance(asking, Asking)
    assert timers.waits_s == [asking.until_s + TICK_S]
    place.clock.ahead_s += asking.until_s + TICK_S - place.clock.mono_s()
    timers.fire()
    assert not isinstance(place.runtime.state.pending, Asking)
    assert len(place.ears.decisions) == 1
    assert deadline_s(place.runtime.state) is None
    assert timers.waits_s == []


async def test_a_deadline_that_stays_keeps_its_timer_and_another_one_replaces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much happens there is one timer."""
    timers = Timers(asyncio.get_running_loop(), monkeypatch)
    place = await ready()
    assert timers.waits_s == []
    place.happens(UnlockRequested, request=RequestId("r1"))
    before_s = _due_s(place) + TICK_S
    assert timers.waits_s == [before_s]
    armed = timers.armed
    place.energy(reason="nothing that is ever due")
    assert (timers.waits_s, timers.armed) == ([before_s], armed)
    place.taps()
    sooner_s = _due_s(place) + TICK_S
    assert sooner_s < before_s
    assert timers.waits_s == [sooner_s]


async def test_a_timer_that_finds_nothing_due_any_more_is_armed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that fires early does not lose a deadline."""
    timers = Timers(asyncio.get_running_loop(), monkeypatch)
    place = await ready()
    place.taps()
    waits_s = timers.waits_s
    timers.fire()
    assert isinstance(place.runtime.state.pending, Asking)
    assert timers.waits_s == waits_s


async def test_a_stopped_runtime_hears_no_more_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bridge that stops asks nobody anything afterwards."""
    timers = Timers(asyncio.get_running_loop(), monkeypatch)
    place = await ready()
    place.taps()
    place.runtime.stop()
    assert timers.waits_s == []
    place.runtime.stop()
    assert timers.waits_s == []


# --- the queue --------------------------------------------------------------------------------------------------------------------


async def test_a_parked_session_is_queued_again_when_its_time_has_come(charging: Place) -> None:
    """Not before its time; then the link is woken, once the row is queued on the disk."""
    await _parks(charging)
    charging.runtime.replay_due()
    await turns()
    assert charging.ears.wakes == 0
    assert charging.runtime.next_record() is None
    charging.clock.ahead_s += HOUR_MS / 1000
    charging.runtime.replay_due()
    assert charging.ears.wakes == 0
    await turns()
    assert charging.ears.wakes == 1
    row = charging.runtime.next_record()
    assert row is not None
    assert (row.id, row.rounds) == (1, 1)


async def test_the_operator_gives_up_a_parked_session(charging: Place) -> None:
    """Dropped rows are counted, dashboards follow, and nothing of it is sent."""
    session = await _parks(charging)
    shown = charging.ears.changes
    assert await charging.runtime.drop(session.id) == 1
    await turns()
    assert charging.ears.changes == shown + 1
    assert charging.runtime.next_record() is None
    assert [row.state for row in charging.store.rows(GARAGE, tuple(RecordState))] == [RecordState.DELIVERED]


async def test_a_replay_that_was_given_up_wakes_nobody(charging: Place) -> None:
    """A store that closes first leaves the rows where they are."""
    session = await _parks(charging)
    charging.runtime.replay(session.id).cancel()
    await turns()
    assert charging.ears.wakes == 0


async def test_a_record_from_before_the_time_was_known_waits(place: Place) -> None:
    """A transaction is never told with a date of 1970."""
    place.clock.host_ms = lambda: BUILT_MS - HOUR_MS  # type: ignore[method-assign] # a host whose clock has not been set
    place.taps()
    place.says_yes()
    await turns()
    assert place.store.count(GARAGE).queued == 1
    assert place.runtime.next_record() is None


# --- the link ---------------------------------------------------------------------------------------------------------------------


async def test_without_a_link_everything_else_goes_on(place: Place) -> None:
    """A charge point without a central system obeys energy management all the same."""
    place.runtime.wire = None
    place.taps()
    place.runtime.wake()
    place.happens(RecordDelivered, record=RecordId(1), session=place.clock.fresh())
    place.happens(EnergyManaged, source="load", everywhere=True, limit_a=8.0)
    await turns()
    assert place.heard(AskAuthorize) == []
    assert place.ears.commands[-1].limit_a == 8.0


async def test_what_the_link_says_of_itself_is_shown(place: Place) -> None:
    """Dashboards tell why a charge point is away."""
    place.runtime.link_changed(connected=True, boot_status="Pending", error="not yet", version="ocpp1.6")
    assert place.ears.links == [(True, "Pending", "not yet", "ocpp1.6")]


async def test_the_link_learns_who_a_tag_belongs_to(place: Place) -> None:
    """A remote start is for somebody."""
    assert place.runtime.person(IdTag(text="04EE")).name == "whoever it is"


async def test_nobody_is_remembered_who_was_never_asked_about(place: Place) -> None:
    """The cache has nothing on a stranger."""
    assert place.runtime.known_tag(IdTag(text="04EE")) is None
