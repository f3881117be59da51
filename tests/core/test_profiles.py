"""Charging profiles of the backend, below energy management (B14): which are taken, whom they limit, and when they go."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import ProfilesCleared, ProfileSent, RemoteStartRequested
from bridge.core.clockwork import deadline_s
from bridge.core.effects import CommandHardware, Outcome
from bridge.core.orders import ChargingProfile, ProfileFilter, ProfileKind, ProfilePurpose, RateUnit, Recurrency
from bridge.core.profiles import (
    PERIODS_MAX,
    PROFILES_MAX,
    SECONDS_MAX,
    STACK_LEVEL_MAX,
    TOLD_MAX,
    composite_schedule,
    is_sound,
    may_begin_with,
)
from bridge.core.settings import Ability, Settings
from bridge.core.state import Kept, Transaction
from bridge.core.values import ChargingState, LimitBy, RequestId, SessionId
from tests.core.test_schedules import DEFAULT, MAX, TX, T, profile
from tests.core.world import ACCEPTED, CARL, ROAMER, Bench, charging, plugged, ready

SMART: dict[str, Any] = {"smart_charging": True, "settings": Settings(sample_interval_s=0)}


def sends(bench: Bench, one: ChargingProfile) -> str:
    bench.happens(ProfileSent, request=RequestId("profile"), profile=one)
    assert bench.outcome is not None
    return bench.outcome.value


def clears(bench: Bench, **which: Any) -> str:  # noqa: ANN401
    bench.happens(ProfilesCleared, request=RequestId("clear"), which=ProfileFilter(**which))
    assert bench.outcome is not None
    return bench.outcome.value


def ids(bench: Bench) -> list[int]:
    return [one.id for one in bench.state.kept.profiles]


def limit(bench: Bench) -> tuple[bool, float, str]:
    """Whether energy flows, what the hardware was told last, and who decided."""
    return bench.enabled, bench.commanded.limit_a, bench.view.limit_by.value


def smart() -> Bench:
    """A session of the backend at a station that follows its profiles; the backend calls it 7."""
    bench = charging(**SMART)
    bench.takes_record(backend_id="7")
    return bench


# --- what can be taken ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one, sound",
    [
        (profile(MAX, (0, 10.0)), True),
        (profile(MAX, (0, 10.0), connector=1), False),
        (profile(DEFAULT, (0, 10.0)), True),
        (profile(DEFAULT, (0, 10.0), connector=0), True),
        (profile(DEFAULT, (0, 10.0), connector=2), False),
        (profile(DEFAULT, (0, 10.0), connector=-1), False),
        (profile(TX, (0, 10.0)), True),
        (profile(TX, (0, 10.0), connector=0), False),
        (profile(ProfilePurpose.EXTERNAL, (0, 10.0)), False),
        (profile(DEFAULT, (0, 10.0), stack_level=STACK_LEVEL_MAX), True),
        (profile(DEFAULT, (0, 10.0), stack_level=STACK_LEVEL_MAX + 1), False),
        (profile(DEFAULT, (0, 10.0), stack_level=-1), False),
        (profile(DEFAULT), False),
        (profile(DEFAULT, (1, 10.0)), False),
        (profile(DEFAULT, (0, 10.0), (60, 8.0), (60, 7.0)), False),
        (profile(DEFAULT, (0, 10.0), (60, 8.0), (30, 7.0)), False),
        (profile(DEFAULT, (0, 0.0)), True),
        (profile(DEFAULT, (0, -0.1)), False),
        (profile(DEFAULT, (0, float("inf"))), False),
        (profile(DEFAULT, (0, float("nan"))), False),
        (profile(DEFAULT, *((start_s, 6.0) for start_s in range(PERIODS_MAX))), True),
        (profile(DEFAULT, *((start_s, 6.0) for start_s in range(PERIODS_MAX + 1))), False),
        (profile(DEFAULT, (0, 6.0), (SECONDS_MAX, 6.0)), True),
        (profile(DEFAULT, (0, 6.0), (SECONDS_MAX + 1, 6.0)), False),
        (profile(DEFAULT, (0, 6.0), duration_s=1), True),
        (profile(DEFAULT, (0, 6.0), duration_s=0), False),
        (profile(DEFAULT, (0, 6.0), duration_s=SECONDS_MAX + 1), False),
        (profile(DEFAULT, (0, 6.0), kind=ProfileKind.RECURRING), False),
        (profile(DEFAULT, (0, 6.0), kind=ProfileKind.RECURRING, recurrency=Recurrency.WEEKLY), True),
        (profile(DEFAULT, (0, 6.0), valid_to_ms=T + 1), True),
        (profile(DEFAULT, (0, 6.0), valid_to_ms=T), False),
        (profile(DEFAULT, (0, 6.0), valid_from_ms=T + 9, valid_to_ms=T + 10), True),
        (profile(DEFAULT, (0, 6.0), valid_from_ms=T + 10, valid_to_ms=T + 10), False),
        (profile(DEFAULT, (0, 6.0), told="x" * TOLD_MAX), True),
        (profile(DEFAULT, (0, 6.0), told="x" * (TOLD_MAX + 1)), False),
    ],
)
def test_what_makes_sense_and_fits(one: ChargingProfile, sound: bool) -> None:
    assert is_sound(one, T) is sound
    bench = smart()
    one = replace(one, valid_to_ms=one.valid_to_ms and one.valid_to_ms + bench.now_ms - T)
    assert sends(bench, one) == ("Accepted" if sound else "Rejected")
    assert ids(bench) == [1] * sound


@pytest.mark.requirement("1.6 TC_060_CS")
def test_what_a_remote_start_may_bring() -> None:
    assert may_begin_with(profile(TX, (0, 6.0)), T)
    assert not may_begin_with(profile(DEFAULT, (0, 6.0)), T)
    assert not may_begin_with(profile(TX, (0, 6.0), transaction="7"), T)
    assert not may_begin_with(profile(TX), T)


@pytest.mark.parametrize("rules", [{}, {"smart_charging": True, "can": frozenset({Ability.UNLOCK})}])
def test_switched_off_nothing_is_taken_and_nothing_counts(rules: dict[str, Any]) -> None:
    """Off by default; and a wallbox that follows no limit can't follow a profile."""
    bench = charging(kept=Kept(profiles=(profile(MAX, (0, 8.0)),)), **rules)
    assert limit(bench) == (True, 16.0, "hardware")
    assert sends(bench, profile(DEFAULT, (0, 6.0), id=2)) == "Rejected"
    assert ids(bench) == [1]


@pytest.mark.parametrize(
    "other, left",
    [
        pytest.param(profile(DEFAULT, (0, 8.0), id=1, stack_level=3), [1], id="the same id"),
        pytest.param(profile(MAX, (0, 8.0), id=1), [1], id="the same id of another purpose"),
        pytest.param(profile(DEFAULT, (0, 8.0), id=2), [2], id="the same purpose, level and connector"),
        pytest.param(profile(DEFAULT, (0, 8.0), id=2, connector=0), [1, 2], id="another connector"),
        pytest.param(profile(DEFAULT, (0, 8.0), id=2, stack_level=1), [1, 2], id="another level"),
        pytest.param(profile(MAX, (0, 8.0), id=2), [1, 2], id="another purpose"),
    ],
)
@pytest.mark.requirement("2.0.1 TC_K_04_CS")
def test_a_profile_takes_the_place_of_its_like(other: ChargingProfile, left: list[int]) -> None:
    bench = smart()
    assert sends(bench, profile(DEFAULT, (0, 6.0))) == "Accepted"
    assert sends(bench, other) == "Accepted"
    assert ids(bench) == left
    assert bench.state.kept.profiles[-1] == other


@pytest.mark.parametrize("purpose", [MAX, DEFAULT])
def test_a_transaction_that_makes_no_sense_makes_no_other_place(purpose: ProfilePurpose) -> None:
    bench = smart()
    assert sends(bench, profile(purpose, (0, 6.0))) == "Accepted"
    assert sends(bench, profile(purpose, (0, 8.0), id=2, transaction="7")) == "Accepted"
    assert ids(bench) == [2]


def test_no_more_than_there_is_room_for() -> None:
    bench = smart()
    room = [(connector, level) for connector in (0, 1) for level in range(PROFILES_MAX // 2)]
    for number, (connector, level) in enumerate(room):
        assert sends(bench, profile(DEFAULT, (0, 6.0), id=number, connector=connector, stack_level=level)) == "Accepted"
    assert sends(bench, profile(MAX, (0, 6.0), id=99)) == "Rejected"
    assert sends(bench, profile(DEFAULT, (0, 8.0), id=99)) == "Accepted"
    assert len(ids(bench)) == PROFILES_MAX


# --- transactions -----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_057_CS")
@pytest.mark.requirement("1.6 TC_058_2_CS")
@pytest.mark.requirement("2.0.1 TC_K_16_CS")
@pytest.mark.parametrize("name, taken", [(None, True), ("7", True), ("own", True), ("8", False), ("", False)])
def test_a_profile_of_the_transaction_names_it_or_none(name: str | None, taken: bool) -> None:
    """1.6 by the number it gave, 2.0.1 by our own name."""
    bench = smart()
    named = bench.session.id if name == "own" else name
    assert sends(bench, profile(TX, (0, 9.0), transaction=named)) == ("Accepted" if taken else "Rejected")
    assert limit(bench) == ((True, 9.0, "profile") if taken else (True, 16.0, "hardware"))
    assert [one.transaction for one in bench.state.kept.profiles] == [bench.session.id] * taken


@pytest.mark.requirement("1.6 TC_058_1_CS")
@pytest.mark.requirement("2.0.1 TC_K_02_CS")
def test_without_a_transaction_there_is_none_to_limit() -> None:
    for bench in (plugged(**SMART), charging(CARL, **SMART)):
        assert sends(bench, profile(TX, (0, 9.0))) == "Rejected"
    bench = smart()
    bench.meters(2000, power_w=7000.0)
    bench.remote_stop("7")
    assert bench.runs == "backend ending"
    assert sends(bench, profile(TX, (0, 9.0))) == "Rejected"


def test_a_transaction_may_be_known_before_its_session() -> None:
    """2.0.1, where it begins with the plug: its profile waits for whoever charges in it."""
    begun = Transaction(id=SessionId("tx-1"), sequence=1, charging=ChargingState.EV_CONNECTED)
    bench = plugged(**SMART)
    bench.state = replace(bench.state, kept=replace(bench.state.kept, transaction=begun))
    assert sends(bench, profile(TX, (0, 9.0), transaction="tx-2")) == "Rejected"
    assert sends(bench, profile(TX, (0, 9.0), transaction="tx-1")) == "Accepted"
    assert bench.view.limit_by is LimitBy.PROFILE
    bench.state = replace(bench.state, kept=replace(bench.state.kept, transaction=replace(begun, over=True)))
    bench.passes(1)
    assert ids(bench) == []
    assert sends(bench, profile(TX, (0, 9.0), transaction="tx-1")) == "Rejected"


@pytest.mark.parametrize("ends", [lambda bench: bench.unplugs(), lambda bench: bench.remote_stop("7")])
def test_a_profile_goes_with_its_transaction(ends: Any) -> None:  # noqa: ANN401
    bench = smart()
    sends(bench, profile(TX, (0, 9.0)))
    sends(bench, profile(DEFAULT, (0, 10.0), id=2))
    ends(bench)
    bench.passes(10)
    assert ids(bench) == [2]
    assert limit(bench)[1:] == (10.0, "profile")


@pytest.mark.requirement("1.6 TC_059_CS")
@pytest.mark.requirement("2.0.1 TC_K_37_CS")
@pytest.mark.parametrize("asked", [True, False])
def test_a_remote_start_brings_the_profile_of_its_transaction(asked: bool) -> None:
    bench = plugged(smart_charging=True, settings=Settings(authorize_remote=asked))
    brought = profile(TX, (0, 9.0))
    bench.happens(RemoteStartRequested, request=RequestId("start"), person=ROAMER, profile=brought)
    if asked:
        bench.answers(ACCEPTED)
    assert bench.state.kept.profiles == (replace(brought, transaction=bench.session.id),)
    assert limit(bench) == (True, 9.0, "profile")


def test_switched_off_a_remote_start_brings_none() -> None:
    bench = plugged(settings=Settings(authorize_remote=False))
    bench.happens(RemoteStartRequested, request=RequestId("start"), person=ROAMER, profile=profile(TX, (0, 9.0)))
    assert bench.runs == "backend"
    assert ids(bench) == []


# --- whom they limit --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B14")
@pytest.mark.parametrize(
    "given, ems, expected",
    [
        pytest.param(9.0, {}, (True, 9.0, "profile"), id="the profile is lower than the hardware"),
        pytest.param(20.0, {}, (True, 16.0, "hardware"), id="the hardware is lower"),
        pytest.param(9.0, {"limit_a": 8.0}, (True, 8.0, "ems"), id="energy management is lower"),
        pytest.param(8.0, {"limit_a": 9.0}, (True, 8.0, "profile"), id="the profile is lower than energy management"),
        pytest.param(8.0, {"limit_a": 8.0}, (True, 8.0, "ems"), id="both alike: energy management decided"),
        pytest.param(9.0, {"allow": False}, (False, 9.0, "ems"), id="energy management's no wins"),
        pytest.param(20.0, {"allow": False}, (False, 16.0, "ems"), id="whatever the profile says"),
        pytest.param(6.0, {}, (True, 6.0, "profile"), id="six amperes charge"),
        pytest.param(5.9, {}, (False, 5.9, "profile"), id="less is a pause"),
        pytest.param(0.0, {}, (False, 0.0, "profile"), id="nothing is a pause"),
        pytest.param(0.0, {"limit_a": 4.0}, (False, 0.0, "ems"), id="both pause: energy management decided"),
    ],
)
def test_the_lowest_of_all_decides_and_is_named(given: float, ems: dict[str, Any], expected: tuple[bool, float, str]) -> None:
    bench = smart()
    bench.energy(**ems)
    sends(bench, profile(DEFAULT, (0, given)))
    assert limit(bench) == expected
    assert bench.reported == ("Charging" if expected[0] else "SuspendedEVSE")
    if not expected[0]:
        assert bench.commanded.reason == ("central system: charging profile" if expected[2] == "profile" else "energy_management: load")


@pytest.mark.requirement("B14")
def test_a_local_session_is_held_below_the_station_s_maximum_only() -> None:
    """The maximum protects the grid connection; everything else is about the backend's own transactions."""
    bench = charging(CARL, **SMART)
    sends(bench, profile(DEFAULT, (0, 7.0)))
    assert limit(bench) == (True, 16.0, "hardware")
    sends(bench, profile(MAX, (0, 10.0), id=2))
    assert limit(bench) == (True, 10.0, "profile")


def test_a_schedule_of_the_maximum_runs_on_in_a_local_session() -> None:
    """It counts from when the vehicle began to charge, whoever permitted that."""
    bench = charging(CARL, **SMART)
    sends(bench, profile(MAX, (0, 10.0), (60, 12.0), kind=ProfileKind.RELATIVE))
    assert limit(bench) == (True, 10.0, "profile")
    bench.passes(61)
    assert limit(bench) == (True, 12.0, "profile")


def test_before_anybody_charges_the_default_is_what_there_will_be() -> None:
    bench = ready(**SMART)
    sends(bench, profile(DEFAULT, (0, 9.0), (60, 7.0), kind=ProfileKind.RELATIVE))
    bench.passes(3600)
    assert limit(bench) == (False, 9.0, "profile")
    bench.plugs()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert limit(bench) == (True, 9.0, "profile")
    bench.passes(60)
    assert limit(bench) == (True, 7.0, "profile")


def test_a_tap_while_a_profile_pauses_is_decided_and_waits() -> None:
    bench = plugged(**SMART)
    sends(bench, profile(MAX, (0, 0.0)))
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert bench.decided == ("green", "ocpp", "waiting_for_energy_management")
    assert (bench.runs, bench.reported) == ("backend", "SuspendedEVSE")
    assert clears(bench) == "Accepted"
    assert bench.enabled


# --- time -------------------------------------------------------------------------------------------------------------------------


def test_the_hardware_is_told_when_the_limit_changes() -> None:
    """To the second, and nothing in between."""
    bench = smart()
    start_s = bench.now_s
    sends(bench, profile(DEFAULT, (0, 9.0), (60, 4.0), (90, 12.0), start_ms=bench.now_ms, duration_s=120))
    told: list[tuple[float, bool, float]] = []
    bench.watchers.append(
        lambda _before, _event, after, effects: told.extend(
            (round(after.now.mono_s - start_s, 3), effect.command.enabled, effect.command.limit_a)
            for effect in effects
            if isinstance(effect, CommandHardware)
        )
    )
    assert deadline_s(bench.state) is not None
    bench.passes(600)
    assert told == [(60.0, False, 4.0), (90.0, True, 12.0), (120.0, True, 16.0)]


def test_a_profile_that_is_no_longer_valid_is_dropped() -> None:
    bench = smart()
    sends(bench, profile(DEFAULT, (0, 9.0), valid_to_ms=bench.now_ms + 60_000))
    sends(bench, profile(DEFAULT, (0, 9.0), id=2, stack_level=1, start_ms=bench.now_ms, duration_s=30))
    bench.passes(59.9)
    assert ids(bench) == [1, 2]
    bench.passes(0.1)
    assert ids(bench) == [2]
    assert limit(bench) == (True, 16.0, "hardware")


def test_expired_profiles_go_even_where_nothing_runs_and_nothing_counts() -> None:
    """Switched off after they were taken."""
    kept = Kept(profiles=(profile(DEFAULT, (0, 9.0), valid_to_ms=T + 5000),))
    bench = Bench(kept=kept)
    assert deadline_s(bench.state) == bench.now_s + 5.0
    bench.passes(5)
    assert ids(bench) == []


def test_a_clock_that_is_put_back_does_not_unlimit_what_runs() -> None:
    bench = smart()
    sends(bench, profile(DEFAULT, (0, 9.0), (60, 7.0), kind=ProfileKind.RELATIVE))
    bench.clock_set(-3600)
    bench.passes(1)
    assert limit(bench) == (True, 9.0, "profile")


@pytest.mark.requirement("2.0.1 TC_K_13_CS")
def test_profiles_survive_a_restart_and_that_of_the_transaction_with_it() -> None:
    bench = charging(smart_charging=True, resume=True)
    bench.wallbox(plug="first")
    sends(bench, profile(MAX, (0, 12.0)))
    sends(bench, profile(TX, (0, 9.0), id=2))
    bench.restarts()
    assert ids(bench) == [1, 2]
    bench.synchronises()
    bench.plugs("first")
    bench.meters(1100)
    assert limit(bench) == (True, 9.0, "profile")
    other = charging(**SMART)
    sends(other, profile(MAX, (0, 12.0)))
    sends(other, profile(TX, (0, 9.0), id=2))
    other.restarts()
    other.synchronises()
    other.plugs()
    other.meters(1100)
    assert other.recorded == "Start Stop Start"
    assert ids(other) == [1]
    assert limit(other) == (True, 12.0, "profile")


# --- clearing ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_067_CS")
@pytest.mark.requirement("2.0.1 TC_K_06_CS")
@pytest.mark.requirement("2.0.1 TC_K_07_CS")
@pytest.mark.requirement("2.0.1 TC_K_08_CS")
@pytest.mark.parametrize(
    "which, left",
    [
        ({}, []),
        ({"id": 2}, [1, 3]),
        ({"id": 9}, [1, 2, 3]),
        ({"purpose": DEFAULT}, [1]),
        ({"purpose": DEFAULT, "stack_level": 1}, [1, 2]),
        ({"purpose": TX}, [1, 2, 3]),
        ({"purpose": ProfilePurpose.EXTERNAL}, [1, 2, 3]),
        ({"stack_level": 0}, [3]),
        ({"connector": 0}, [2, 3]),
        ({"connector": 1}, [1]),
        ({"id": 2, "stack_level": 1}, [1, 2, 3]),
    ],
)
def test_what_is_cleared(which: dict[str, Any], left: list[int]) -> None:
    bench = smart()
    for one in (profile(MAX, (0, 9.0)), profile(DEFAULT, (0, 8.0), id=2), profile(DEFAULT, (0, 7.0), id=3, stack_level=1)):
        sends(bench, one)
    assert clears(bench, **which) == (Outcome.ACCEPTED if len(left) < 3 else Outcome.UNKNOWN).value
    assert ids(bench) == left


# --- the composite schedule -------------------------------------------------------------------------------------------------------


def _composite(bench: Bench, **given: Any) -> list[tuple[int, float]]:  # noqa: ANN401
    asked: dict[str, Any] = {"utc_ms": bench.now_ms, "duration_s": 100, "unit": None} | given
    schedule = composite_schedule(bench.state, **asked)
    assert schedule.start_ms == asked["utc_ms"] - asked["utc_ms"] % 1000
    assert schedule.unit is (given.get("unit") or RateUnit.AMPERES)
    return [(period.start_s, period.limit) for period in schedule.periods]


@pytest.mark.requirement("1.6 TC_056_CS")
@pytest.mark.requirement("1.6 TC_082_CS")
@pytest.mark.requirement("2.0.1 TC_K_28_CS")
@pytest.mark.requirement("2.0.1 TC_K_39_CS")
def test_the_composite_is_what_would_be_charged() -> None:
    bench = ready(**SMART)
    assert _composite(bench) == [(0, 16.0)]
    assert _composite(bench, unit=RateUnit.WATTS) == [(0, 11_040.0)]
    sends(bench, profile(DEFAULT, (0, 9.0), (60, 7.0), kind=ProfileKind.RELATIVE))
    assert _composite(bench, utc_ms=bench.now_ms + 700) == [(0, 9.0), (60, 7.0)]
    bench.energy(limit_a=8.0)
    assert _composite(bench) == [(0, 8.0), (60, 7.0)]
    bench.energy(allow=False)
    assert _composite(bench) == [(0, 0.0)]
    bench.energy(allow=True, limit_a=None)
    bench.plugs()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert _composite(bench, utc_ms=bench.now_ms + 700) == [(0, 9.0), (60, 7.0)]
    bench.passes(20)
    assert _composite(bench) == [(0, 9.0), (40, 7.0)]
    sends(bench, profile(TX, (0, 6.0), id=2))
    assert _composite(bench) == [(0, 6.0)]
