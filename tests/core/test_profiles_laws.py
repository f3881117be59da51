"""Charging profiles under anything at all: the lives of `test_laws.py`, with a backend that limits."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from bridge.core.backend import ProfilesCleared, ProfileSent, RemoteStartRequested
from bridge.core.effects import AnyEffect
from bridge.core.energy import command
from bridge.core.events import AnyEvent
from bridge.core.orders import ChargingProfile, ProfileFilter, ProfilePurpose
from bridge.core.profiles import PROFILES_MAX
from bridge.core.state import BackendSession, LocalSession, NoSession, State
from bridge.core.values import LimitBy, Person, RequestId
from bridge.core.view import view
from tests.core.test_laws import GUESTS, AtWork, TestAnything
from tests.core.test_schedules import DEFAULT, MAX, PROFILES, TX, T, brute_force, profile
from tests.core.world import FAMILY

NOISE_A = 1e-6
FILTERS = st.builds(
    ProfileFilter,
    id=st.none() | st.integers(1, 9),
    connector=st.sampled_from([None, 0, 1]),
    purpose=st.none() | st.sampled_from(ProfilePurpose),
    stack_level=st.none() | st.integers(0, 2),
)
LIMITS = st.sampled_from([0.0, 6.0, 8.0, 10.0])
NAMES = st.sampled_from([None, None, "7", "own", "gone"])


def limits_are_kept(_before: State, _event: AnyEvent, after: State, _effects: Iterable[AnyEffect]) -> None:
    """Nobody is given more than the profiles leave him, and none is blamed for what it did not decide (B14)."""
    session, now_ms = after.kept.session, after.now.utc_ms
    mine = [
        one
        for one in after.kept.profiles
        if one.purpose is MAX or (not isinstance(session, LocalSession) and (one.purpose is not TX or isinstance(session, BackendSession)))
    ]
    began_ms = now_ms if isinstance(session, NoSession) else min(session.started_ms, now_ms)
    left_a = brute_force(mine, now_ms, began_ms)
    wanted = command(after)
    assert wanted.limit_a <= left_a + NOISE_A
    assert not wanted.enabled or left_a + NOISE_A >= 6
    if view(after).limit_by is LimitBy.PROFILE:
        assert left_a < after.rules.max_current_a
        assert wanted.limit_a + 0.1 + NOISE_A >= left_a, "the profile decided, and something else is lower"


def profiles_are_in_order(_before: State, _event: AnyEvent, after: State, _effects: Iterable[AnyEffect]) -> None:
    """One in each place, none that is over, none of a transaction that is over."""
    profiles, session = after.kept.profiles, after.kept.session
    assert len(profiles) <= PROFILES_MAX
    assert len({one.id for one in profiles}) == len(profiles)
    assert len({(one.purpose, one.stack_level, one.connector) for one in profiles}) == len(profiles)
    assert all(one.valid_to_ms is None or one.valid_to_ms > after.now.utc_ms for one in profiles)
    own = session.id if isinstance(session, BackendSession) else None
    assert all(one.transaction == own for one in profiles if one.purpose is TX)
    assert own is not None or not any(one.purpose is TX for one in profiles)


class Limited(AtWork):
    """A backend that sends charging profiles, good ones and bad ones."""

    @initialize(person=GUESTS, resume=st.booleans())
    def begins(self, person: Person, resume: bool) -> None:
        self._begins(resume=resume, smart_charging=True)
        self.bench.watchers += [limits_are_kept, profiles_are_in_order]
        self.comes_and_charges(person=person, info=FAMILY, told=None, plug="first")

    def _now(self, one: ChargingProfile) -> ChargingProfile:
        """Around the present moment."""
        by_ms = self.bench.now_ms - T

        def moved(utc_ms: int | None) -> int | None:
            return None if utc_ms is None else utc_ms + by_ms

        schedule = replace(one.schedule, start_ms=moved(one.schedule.start_ms))
        return replace(one, schedule=schedule, valid_from_ms=moved(one.valid_from_ms), valid_to_ms=moved(one.valid_to_ms))

    @rule(one=PROFILES, name=NAMES)
    def sends_a_profile(self, one: ChargingProfile, name: str | None) -> None:
        session = self.bench.state.kept.session
        own = session.id if name == "own" and isinstance(session, BackendSession) else name
        self.bench.happens(ProfileSent, request=RequestId("profile"), profile=replace(self._now(one), transaction=own))
        assert self.bench.outcome is not None

    @rule(low_a=LIMITS, high_a=LIMITS, purpose=st.sampled_from([MAX, DEFAULT]))
    def stacks_two(self, low_a: float, high_a: float, purpose: ProfilePurpose) -> None:
        """Both count now and for ever: left to chance that is rare."""
        for level, limit in enumerate((low_a, high_a)):
            self.bench.happens(
                ProfileSent, request=RequestId("stack"), profile=profile(purpose, (0, limit), id=20 + level, stack_level=level)
            )

    @rule(which=FILTERS)
    def clears_profiles(self, which: ProfileFilter) -> None:
        self.bench.happens(ProfilesCleared, request=RequestId("clear"), which=which)
        assert self.bench.outcome is not None

    @rule(person=GUESTS, one=PROFILES)
    def starts_with_a_profile(self, person: Person, one: ChargingProfile) -> None:
        """The dialects let nothing else through than a TxProfile of connector 1."""
        brought = replace(self._now(one), purpose=TX, connector=1, valid_to_ms=None)
        self.bench.happens(RemoteStartRequested, request=RequestId("start"), person=person, profile=brought)

    def teardown(self) -> None:
        """A profile that runs out between two restarts would be a difference."""
        if hasattr(self, "bench"):
            self.bench.happens(ProfilesCleared, request=RequestId("clear"), which=ProfileFilter())
        super().teardown()


TestLimited = Limited.TestCase
TestLimited.settings = TestAnything.settings
del TestAnything
