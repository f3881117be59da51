"""A host whose clock has not been set: it counts on from 1970 until somebody knows the time."""

import asyncio
from collections.abc import Callable

import pytest

from bridge import timekeeping
from bridge.clock import BUILT_MS, LATEST_MS, Clock
from bridge.core.alerts import AlertId
from bridge.core.effects import Decision, RecordStart
from bridge.core.events import AnyEvent, ClockCorrected
from bridge.core.leap import Leap
from bridge.core.settings import Rules, Settings
from bridge.core.state import State
from bridge.core.values import ChargePointId
from bridge.runtime import Runtime
from bridge.store.memory import MemoryStore
from bridge.store.memory_disk import MemoryDisk
from bridge.store.protocol import CLOCK_UNSET, Change
from bridge.timekeeping import ADJUST_MS, Timekeeper
from tests.peers.waiting import TIMEOUT_S, Bell
from tests.store.worlds import CSMS, GARAGE, NOON_MS, local_kept, sample, start

UP_MS = 60_000
"""How long the host has been up."""
UNSET = Leap(before_ms=NOON_MS + 1, by_ms=UP_MS - NOON_MS)
"""What a test writes for noon becomes what a host of 1970 writes."""


class WallClock(Clock):
    """A host's clock in the hand of the test; the monotonic side runs."""

    def __init__(self, host_ms: int) -> None:
        super().__init__()
        self.host = host_ms
        self.slept_s = 0.0

    def host_ms(self) -> int:
        return self.host

    def mono_s(self) -> float:
        return super().mono_s() + self.slept_s

    def passes(self, milliseconds: int) -> None:
        """On both sides."""
        self.host += milliseconds
        self.slept_s += milliseconds / 1000


class Notes:
    """Implements `site.Notices`."""

    def __init__(self) -> None:
        self.standing: set[AlertId] = set()

    def refused(self, decision: Decision) -> None:
        raise AssertionError(decision)

    def alert(self, alert: AlertId, text: str, *, passing: bool = True) -> None:
        assert not passing
        assert "NTP" in text
        self.standing.add(alert)

    def clear(self, alert: AlertId) -> None:
        self.standing.discard(alert)


class FakeRuntime(Runtime):
    """A charge point that only notes what it is told."""

    def __init__(self, clock: Clock, store: MemoryStore) -> None:
        rules, settings = Rules(charge_point=ChargePointId(GARAGE), backend="Office"), Settings()
        state = State(rules=rules, settings=settings, base=settings, now=clock.stamp()["at"])
        super().__init__(state=state, link=CSMS, clock=clock, store=store, outlet=None)  # type: ignore[arg-type] # shows nothing
        self.events: list[AnyEvent] = []
        self.woken = asyncio.Event()
        self.bell = Bell()

    def handle(self, event: AnyEvent) -> None:
        self.events.append(event)
        self.bell.ring()

    def wake(self) -> None:
        self.woken.set()


class Life:
    """From one start of the process to its end."""

    def __init__(self, host_ms: int, disk: MemoryDisk | None = None) -> None:
        self.clock = WallClock(host_ms)
        self.store = MemoryStore(disk=disk)
        self.notes = Notes()
        self.runtime = FakeRuntime(self.clock, self.store)
        runtimes = {GARAGE: self.runtime}
        self.keeper = Timekeeper(clock=self.clock, store=self.store, runtimes=runtimes, notices=self.notes)

    def begin(self) -> Leap | None:
        leap = self.keeper.begin()
        self.keeper.start()
        return leap

    async def end(self) -> MemoryDisk:
        self.keeper.stop()
        await self.store.close()
        return self.store.disk

    async def write(self, record: RecordStart) -> None:
        await self.store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=self.clock.utc_ms(), records=(record,)))

    @property
    def corrections(self) -> list[tuple[int, bool]]:
        assert all(isinstance(event, ClockCorrected) and event.before_ms == BUILT_MS for event in self.runtime.events)
        return [(event.by_ms, event.trusted) for event in self.runtime.events if isinstance(event, ClockCorrected)]

    async def until(self, look: Callable[[], bool]) -> None:
        await self.runtime.bell.until(lambda: look() or None, lambda: str(self.runtime.events))


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeping, "LOOK_S", 0.005)


async def test_a_host_that_knows_the_time_is_left_alone() -> None:
    """No central system moves its clock."""
    life = Life(NOON_MS)
    assert life.begin() is None
    life.keeper.told("office", NOON_MS + 3_600_000)
    assert life.clock.utc_ms() == NOON_MS
    assert life.corrections == []
    assert life.notes.standing == set()
    assert (await life.end()).facts.get(CLOCK_UNSET) is None


async def test_the_time_is_learnt_from_a_central_system() -> None:
    """What was written is put right, and only then may records go; the alert stays, for the host is still wrong."""
    life = Life(UP_MS)
    life.begin()
    assert life.notes.standing == {AlertId.CLOCK_NOT_SET}
    await life.write(UNSET.record(start()))  # type: ignore[arg-type] # a start stays a start
    assert life.runtime.next_record() is None, "its times are not known yet"
    life.keeper.told("office", NOON_MS)
    assert life.clock.utc_ms() == NOON_MS
    assert life.corrections == [(NOON_MS - UP_MS, False)]
    assert life.runtime.next_record() is None, "not before it is on the disk"
    await asyncio.wait_for(life.runtime.woken.wait(), TIMEOUT_S)
    row = life.runtime.next_record()
    assert row is not None
    assert row.record == start()
    life.clock.passes(1000)
    assert life.clock.utc_ms() == NOON_MS + 1000
    assert life.notes.standing == {AlertId.CLOCK_NOT_SET}
    assert (await life.end()).facts[CLOCK_UNSET] == "false"


async def test_a_central_system_in_1970_or_in_9999_teaches_nothing() -> None:
    life = Life(UP_MS)
    life.begin()
    life.keeper.told("office", 5_000)
    life.keeper.told("office", BUILT_MS - 1)
    life.keeper.told("office", LATEST_MS + 1)
    assert (life.clock.utc_ms(), life.corrections) == (UP_MS, [])
    life.keeper.told("office", BUILT_MS)
    assert life.clock.utc_ms() == BUILT_MS
    await life.end()


async def test_the_first_one_counts_and_others_that_differ_do_not() -> None:
    """Two central systems whose clocks differ must not pull the clock to and fro."""
    life = Life(UP_MS)
    life.begin()
    life.keeper.told("office", NOON_MS)
    life.keeper.told("roaming", NOON_MS + 10 * ADJUST_MS)
    assert life.clock.utc_ms() == NOON_MS
    await life.end()


@pytest.mark.parametrize("drift_ms, moved", [(ADJUST_MS - 1, False), (ADJUST_MS, True), (1 - ADJUST_MS, False), (-ADJUST_MS, True)])
async def test_a_drift_is_followed_when_it_is_worth_it(drift_ms: int, moved: bool) -> None:
    life = Life(UP_MS)
    life.begin()
    life.keeper.told("office", NOON_MS)
    life.keeper.told("office", NOON_MS + drift_ms)
    assert life.clock.utc_ms() == NOON_MS + (drift_ms if moved else 0)
    assert life.corrections == [(NOON_MS - UP_MS, False)] + ([(drift_ms, False)] if moved else [])
    await life.end()


async def test_the_host_is_set_before_any_central_system_speaks() -> None:
    """NTP comes at last: what was written leaps by as much as the clock did, and nothing is marked any more."""
    life = Life(UP_MS)
    life.begin()
    await life.write(UNSET.record(start()))  # type: ignore[arg-type] # a start stays a start
    life.clock.host = NOON_MS
    assert life.clock.utc_ms() == NOON_MS, "at once, whoever asks"
    await life.until(lambda: life.corrections != [])
    [(by_ms, trusted)] = life.corrections
    assert trusted
    assert abs(by_ms - (NOON_MS - UP_MS)) < 5000
    assert life.notes.standing == set()
    await asyncio.wait_for(life.runtime.woken.wait(), TIMEOUT_S)
    row = life.runtime.next_record()
    assert row is not None
    assert row.record.reading is not None
    assert abs(row.record.reading.utc_ms - NOON_MS) < 5000
    await life.end()


async def test_the_host_is_set_after_a_central_system_spoke() -> None:
    """Nothing leaps a second time: what was sent stands."""
    life = Life(UP_MS)
    life.begin()
    life.keeper.told("office", NOON_MS)
    await life.write(start())
    life.clock.host = NOON_MS + 7000
    await life.until(lambda: len(life.corrections) == 2)
    assert life.corrections[1][1]
    assert life.clock.utc_ms() == NOON_MS + 7000
    assert life.notes.standing == set()
    disk = await life.end()
    assert [row.record for row in disk.outbox.values()] == [start()]


async def test_a_host_that_loses_its_time_learns_it_again() -> None:
    life = Life(NOON_MS)
    life.begin()
    life.clock.host = UP_MS
    await life.until(lambda: life.corrections == [(0, False)])
    assert life.notes.standing == {AlertId.CLOCK_NOT_SET}
    life.keeper.told("office", NOON_MS)
    assert life.clock.utc_ms() == NOON_MS
    await life.end()


async def test_several_lives_without_a_time_keep_their_order() -> None:
    """Each begins in 1970 again, and counts on from where the last one ended; then all of them leap by the same amount."""
    first = Life(UP_MS)
    first.begin()
    await first.write(UNSET.record(start()))  # type: ignore[arg-type] # a start stays a start
    disk = await first.end()
    second = Life(1000, disk)
    assert second.begin() is None
    assert second.clock.utc_ms() == UP_MS + 1
    second.keeper.told("office", NOON_MS + 1)
    disk = await second.end()
    assert [row.record for row in disk.outbox.values()] == [start()]


async def test_what_a_life_without_a_time_left_is_put_right_by_one_that_has_it() -> None:
    """As late as it can have been; what is kept is right before the charge points are built from it."""
    first = Life(UP_MS)
    first.begin()
    change = Change(charge_point=GARAGE, link=CSMS, utc_ms=UP_MS, kept=UNSET.kept(local_kept()), records=(UNSET.record(sample()),))
    await first.store.commit(change)
    disk = await first.end()
    second = Life(NOON_MS, disk)
    leap = second.begin()
    assert leap is not None
    kept = second.store.kept(GARAGE)
    assert kept is not None
    assert leap.kept(kept) == local_kept()
    assert second.corrections == []
    await asyncio.wait_for(second.runtime.woken.wait(), TIMEOUT_S)
    row = second.runtime.next_record()
    assert row is not None
    assert row.record == sample()
    disk = await second.end()
    assert Life(NOON_MS, disk).keeper.begin() is None, "once is enough"


async def test_a_mark_without_anything_behind_it_is_harmless() -> None:
    """The host was set before anything was written."""
    life = Life(UP_MS)
    life.begin()
    later = Life(NOON_MS, await life.end())
    assert later.begin() is None
    await later.end()
