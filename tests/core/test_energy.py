"""Energy management: a level, not an event (B6). Whatever else is said, a no or a lower limit wins."""

from typing import Any

import pytest

from bridge.core.effects import CommandHardware
from bridge.core.energy import allowance, amperes_to_watts, watts_to_amperes
from bridge.core.orders import ChargingProfile
from bridge.core.settings import EnergyRules, Missing, Settings
from bridge.core.state import Kept, Source, Transaction
from bridge.core.values import ChargingState, LimitBy, Mode, ReadingContext, SessionId
from tests.core.test_schedules import DEFAULT, MAX, TX, profile
from tests.core.world import ACCEPTED, BLOCKED, CARL, FAMILY, INVALID, ROAMER, STRANGER, Bench, charging, plugged, ready

# --- the level -------------------------------------------------------------------------------------------------------------------


def _said(name: str, **said: Any) -> Source:  # noqa: ANN401
    return Source(name=name, everywhere=False, **said)


@pytest.mark.requirement("B6")
@pytest.mark.parametrize(
    "said, allowed, limit_a, by",
    [
        pytest.param([], True, 16.0, LimitBy.HARDWARE, id="nobody speaks: what the hardware can"),
        pytest.param([{"allow": True}], True, 16.0, LimitBy.HARDWARE, id="allowed"),
        pytest.param([{"allow": False}], False, 16.0, LimitBy.EMS, id="not allowed"),
        pytest.param([{"allow": True}, {"allow": False}], False, 16.0, LimitBy.EMS, id="the AND over all"),
        pytest.param([{"limit_a": 10.0}], True, 10.0, LimitBy.EMS, id="a limit"),
        pytest.param([{"limit_a": 10.0}, {"limit_a": 8.0}], True, 8.0, LimitBy.EMS, id="the minimum of all"),
        pytest.param([{"limit_a": 20.0}], True, 16.0, LimitBy.HARDWARE, id="more than the hardware can"),
        pytest.param([{"limit_w": 6900.0}], True, 10.0, LimitBy.EMS, id="watts, three phases at 230 V"),
        pytest.param([{"limit_w": 6900.0, "limit_a": 9.0}], True, 9.0, LimitBy.EMS, id="both: amperes lower"),
        pytest.param([{"limit_w": 5520.0, "limit_a": 9.0}], True, 8.0, LimitBy.EMS, id="both: watts lower"),
        pytest.param([{"limit_a": 6.0}], True, 6.0, LimitBy.EMS, id="six amperes charge"),
        pytest.param([{"limit_a": 5.9}], False, 5.9, LimitBy.EMS, id="less is a pause"),
        pytest.param([{"limit_a": 0.0}], False, 0.0, LimitBy.EMS, id="nothing is a pause"),
        pytest.param([{"limit_a": -3.0}], False, 0.0, LimitBy.EMS, id="feeding in is nothing"),
        pytest.param([{"allow": True, "limit_a": 0.0}], False, 0.0, LimitBy.EMS, id="allowed and nothing to have"),
        pytest.param([{"allow": False, "limit_a": 10.0}], False, 10.0, LimitBy.EMS, id="not allowed, with a limit"),
        pytest.param([{"reason": "holiday"}], True, 16.0, LimitBy.HARDWARE, id="a reason alone says nothing"),
    ],
)
def test_the_level_is_the_and_of_all_and_the_lowest_limit(said: list[dict[str, Any]], allowed: bool, limit_a: float, by: LimitBy) -> None:
    bench = charging(CARL)
    for number, one in enumerate(said):
        bench.energy(f"source-{number}", **one)
    left = allowance(bench.state)
    assert (left.allowed, left.limit_a, left.by) == (allowed, limit_a, by)
    assert bench.enabled is allowed
    assert bench.commanded.enabled is allowed
    assert bench.commanded.limit_a == pytest.approx(limit_a)


@pytest.mark.parametrize("phases, voltage_v", [(3, 230.0), (1, 230.0), (3, 231.7), (1, 120.0), (2, 229.3)])
def test_watts_of_six_amperes_are_not_a_pause(phases: int, voltage_v: float) -> None:
    """A division of floats must not cost the driver the night."""
    bench = charging(CARL, phases=phases, voltage_v=voltage_v)
    watts = amperes_to_watts(6.0, bench.state)
    bench.energy(limit_w=watts)
    assert bench.enabled
    assert bench.commanded.limit_a == 6.0
    assert watts_to_amperes(watts, bench.state) == pytest.approx(6.0)
    bench.energy(limit_w=watts - 1)
    assert not bench.enabled


@pytest.mark.parametrize("limit_a, told_a, told_w", [(10.07, 10.0, 6900.0), (9.99, 9.9, 6831.0), (6.3, 6.3, 4347.0), (16.0, 16.0, 11040.0)])
def test_limits_are_told_in_tenths_rounded_down_and_always_as_numbers(limit_a: float, told_a: float, told_w: float) -> None:
    bench = charging(CARL)
    bench.energy(limit_a=limit_a)
    assert (bench.commanded.limit_a, bench.commanded.limit_w) == (told_a, told_w)


def test_one_phase_takes_a_third() -> None:
    bench = charging(CARL, phases=1)
    bench.energy(limit_w=2300.0)
    assert (bench.commanded.limit_a, bench.commanded.limit_w) == (10.0, 2300.0)


def test_hardware_that_cannot_give_six_amperes_never_charges() -> None:
    bench = charging(CARL, max_current_a=5.0)
    assert not bench.enabled
    assert bench.commanded.reason == "energy_management: the hardware delivers less than 6 A"


# --- it wins, at any moment -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B6")
@pytest.mark.requirement("E1")
def test_a_no_stops_the_energy_and_leaves_the_transaction_open() -> None:
    bench = charging()
    bench.energy(allow=False)
    assert bench.just_asked_for(CommandHardware)
    assert not bench.commanded.enabled
    assert bench.reported == "SuspendedEVSE"
    assert bench.recorded == "Start"
    bench.energy(allow=True)
    assert bench.commanded.enabled
    assert bench.reported == "Charging"
    assert bench.recorded == "Start"


@pytest.mark.requirement("E3")
def test_flapping_makes_no_second_transaction() -> None:
    bench = charging(settings=Settings(sample_interval_s=0))
    for turn in range(100):
        bench.energy(allow=turn % 2 == 0)
        bench.passes(1)
    bench.unplugs()
    bench.passes(5)
    assert bench.recorded == "Start Stop"


@pytest.mark.parametrize("presents", [lambda bench: bench.taps(ROAMER), Bench.remote_start])
def test_no_yes_can_outrun_a_no(presents: Any) -> None:  # noqa: ANN401
    """Said before the question, during it, or between its answer and the plug."""
    for when in ("before", "during", "after"):
        bench = ready()
        if when == "before":
            bench.energy(allow=False)
        presents(bench)
        if when == "during":
            bench.energy(allow=False)
        bench.answers(ACCEPTED)
        if when == "after":
            bench.energy(allow=False)
        bench.plugs()
        assert bench.recorded == "Start"
        assert not any(effect.command.enabled for effect in bench.asked_for(CommandHardware))


def test_the_reason_is_told_by_name() -> None:
    bench = charging()
    bench.energy("grid", reason="operator")
    bench.energy("grid", allow=False)
    bench.energy("sun", limit_a=3.0)
    assert bench.commanded.reason == "energy_management: grid: operator; sun"
    bench.energy("grid", allow=None, reason="")
    assert bench.commanded.reason == "energy_management: sun"


@pytest.mark.parametrize(
    "breaks, reason",
    [
        (lambda bench: bench.unplugs(), "not_authorised"),
        (lambda bench: bench.wallbox(fault="GroundFailure"), "faulted"),
        (lambda bench: bench.wallbox(cp_state="E"), "faulted"),
        (lambda bench: bench.energy(allow=False), "energy_management: load"),
    ],
)
def test_every_no_has_its_reason(breaks: Any, reason: str) -> None:  # noqa: ANN401
    bench = charging()
    assert (bench.commanded.enabled, bench.commanded.reason) == (True, "charging")
    breaks(bench)
    assert (bench.commanded.enabled, bench.commanded.reason) == (False, reason)


def test_the_command_carries_the_mode_of_whoever_charges_or_is_about_to() -> None:
    bench = ready(mode=Mode.ECO)
    told = [bench.commanded.mode]
    bench.taps(CARL, mode=Mode.PRIO)
    told.append(bench.commanded.mode)
    bench.plugs()
    told.append(bench.commanded.mode)
    bench.unplugs()
    bench.passes(5)
    told.append(bench.commanded.mode)
    assert told == [Mode.ECO, Mode.PRIO, Mode.PRIO, Mode.ECO]


def test_readings_tell_what_the_vehicle_was_offered() -> None:
    bench = charging(settings=Settings(sample_interval_s=20))
    bench.energy(limit_a=10.0)
    bench.passes(20)
    bench.energy(allow=False)
    bench.passes(20)
    assert [one.reading.offered_a for one in bench.samples] == [10.0, 0.0]
    assert bench.samples[0].reading.context is ReadingContext.PERIODIC


# --- missing and stale sources --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("E2")
@pytest.mark.parametrize(
    "on_missing, missing_limit_a, enabled, limit_a, reason",
    [
        pytest.param(Missing.STOP, 6.0, False, 16.0, "energy_management: load is silent", id="stop"),
        pytest.param(Missing.ALLOW, 6.0, True, 16.0, "charging", id="allow"),
        pytest.param(Missing.LIMIT, 8.0, True, 8.0, "charging", id="a limit"),
        pytest.param(Missing.LIMIT, 32.0, True, 16.0, "charging", id="a limit above the hardware's"),
        pytest.param(Missing.LIMIT, 0.0, False, 0.0, "energy_management: load is silent", id="a limit of nothing"),
    ],
)
@pytest.mark.parametrize("kind", ["required", "stale"])
def test_a_missing_source_falls_under_the_policy(
    kind: str, on_missing: Missing, missing_limit_a: float, enabled: bool, limit_a: float, reason: str
) -> None:
    """A required one that never spoke, or any that has been silent for too long: its own last word no longer counts."""
    required = ("load",) if kind == "required" else ()
    stale_after_s = None if kind == "required" else 120.0
    rules = EnergyRules(required=required, stale_after_s=stale_after_s, on_missing=on_missing, missing_limit_a=missing_limit_a)
    bench = charging(CARL, energy=rules)
    if kind == "stale":
        bench.energy(allow=False, limit_a=10.0)
        bench.passes(119)
        assert bench.commanded.reason == "energy_management: load"
        bench.passes(1)
    assert (bench.commanded.enabled, bench.commanded.limit_a, bench.commanded.reason) == (enabled, limit_a, reason)
    assert "energy_management_missing" in bench.alerts


def test_the_others_still_count_while_one_is_missing() -> None:
    bench = charging(CARL, energy=EnergyRules(required=("load",), on_missing=Missing.LIMIT, missing_limit_a=10.0))
    bench.energy("sun", limit_a=8.0)
    assert bench.commanded.limit_a == 8.0


def test_a_required_source_that_speaks_ends_the_wait() -> None:
    bench = charging(CARL, energy=EnergyRules(required=("load",)))
    assert not bench.enabled
    bench.energy(reason="warming up")
    assert not bench.enabled, "a reason is no word on energy"
    bench.energy(allow=True)
    assert bench.enabled
    assert "energy_management_missing" not in bench.alerts


def test_a_stale_source_that_speaks_again_counts_again() -> None:
    bench = charging(CARL, energy=EnergyRules(stale_after_s=60.0))
    bench.energy(limit_a=10.0)
    bench.passes(60)
    assert not bench.enabled
    bench.energy(limit_a=10.0)
    assert bench.enabled


def test_by_default_no_source_grows_stale() -> None:
    bench = charging(CARL)
    bench.energy(limit_a=10.0)
    bench.passes(86_400)
    assert bench.commanded.limit_a == 10.0
    assert bench.enabled


def test_after_a_restart_silence_is_counted_from_its_beginning() -> None:
    bench = charging(CARL, energy=EnergyRules(stale_after_s=60.0))
    bench.energy(limit_a=10.0)
    bench.restarts(down_s=1)
    bench.synchronises()
    bench.plugs()
    bench.meters(1000)
    assert bench.commanded.limit_a == 10.0
    assert bench.enabled
    bench.passes(60)
    assert not bench.enabled


# --- a tag refused after green (B16) --------------------------------------------------------------------------------------------

STAYS_OPEN = Settings(stop_on_invalid=False, sample_interval_s=0)
TOLERANT = Settings(stop_on_invalid=False, max_energy_on_invalid_wh=50, sample_interval_s=0)


@pytest.mark.requirement("B16")
@pytest.mark.requirement("1.6 TC_037_2_CS")
def test_a_refused_tag_gets_no_more_energy_and_the_transaction_stays_open() -> None:
    bench = charging(settings=STAYS_OPEN)
    assert bench.reported == "Charging"
    bench.takes_record(backend_id="7", info=INVALID)
    assert not bench.enabled
    assert bench.reported == "SuspendedEVSE"
    assert bench.recorded == "Start"


@pytest.mark.requirement("B16")
def test_what_the_backend_tolerates_may_still_be_drawn() -> None:
    bench = charging(settings=TOLERANT)
    bench.meters(1010)
    bench.takes_record(backend_id="7", info=BLOCKED)
    assert bench.enabled
    bench.meters(1059)
    assert bench.enabled
    bench.meters(1060)
    assert not bench.enabled
    assert not bench.commanded.enabled
    bench.energy(allow=True)
    assert not bench.enabled


@pytest.mark.requirement("B16")
def test_what_can_no_longer_be_counted_is_not_tolerated() -> None:
    """The meter goes silent: two minutes later the energy is off, without any message."""
    bench = charging(settings=TOLERANT)
    bench.takes_record(backend_id="7", info=BLOCKED)
    bench.passes(119)
    assert bench.commanded.enabled
    bench.passes(1)
    assert not bench.commanded.enabled


def test_the_owner_of_a_refused_session_can_still_end_it() -> None:
    bench = charging(ROAMER, info=FAMILY, settings=STAYS_OPEN)
    bench.takes_record(backend_id="7", info=INVALID)
    bench.passes(20)
    bench.taps(STRANGER)
    assert bench.questions[-1].tag == STRANGER.tag
    bench.taps(ROAMER)
    assert bench.runs == "backend ending"


def test_an_accepted_answer_to_the_start_changes_no_energy() -> None:
    bench = charging()
    bench.takes_record(backend_id="7", info=ACCEPTED)
    assert bench.enabled


def test_nothing_is_commanded_before_the_broker_is_in_step() -> None:
    """Until state is synchronised nothing is newly released; then the whole wish is told, whatever was told before."""
    bench = Bench()
    bench.plugs()
    bench.meters(1000)
    bench.backend_comes()
    bench.taps(CARL)
    assert not bench.asked_for(CommandHardware)
    bench.synchronises()
    assert bench.commanded.enabled
    bench.loses_the_broker()
    bench.energy(allow=False)
    assert not bench.just_asked_for(CommandHardware)
    bench.synchronises()
    assert not bench.commanded.enabled
    bench.synchronises()
    assert bench.just_asked_for(CommandHardware), "the broker may have forgotten"


def test_an_unchanged_wish_is_not_repeated() -> None:
    bench = plugged()
    bench.energy(allow=True)
    bench.meters(1001)
    bench.passes(1)
    assert not bench.just_asked_for(CommandHardware)


# --- charging profiles (the rest of them: test_profiles.py) ---------------------------------------------------------------------------

OWN = Transaction(id=SessionId("tx-1"), sequence=1, charging=ChargingState.EV_CONNECTED)


def _held(*profiles: ChargingProfile, transaction: Transaction | None = None) -> Kept:
    return Kept(profiles=profiles, transaction=transaction)


@pytest.mark.requirement("B14")
@pytest.mark.parametrize(
    "given, said, allowed, limit_a, by",
    [
        pytest.param(12.0, {}, True, 12.0, LimitBy.PROFILE, id="a profile lowers"),
        pytest.param(20.0, {}, True, 16.0, LimitBy.HARDWARE, id="and never raises"),
        pytest.param(12.0, {"limit_a": 12.0}, True, 12.0, LimitBy.EMS, id="alike: energy management decided"),
        pytest.param(12.0, {"allow": False}, False, 12.0, LimitBy.EMS, id="no profile lifts a no"),
        pytest.param(5.0, {}, False, 5.0, LimitBy.PROFILE, id="less than 6 A is a pause"),
    ],
)
def test_a_profile_only_lowers(given: float, said: dict[str, Any], allowed: bool, limit_a: float, by: LimitBy) -> None:
    bench = charging(kept=_held(profile(MAX, (0, given))), smart_charging=True)
    bench.energy(**said)
    left = allowance(bench.state)
    assert (left.allowed, left.limit_a, left.by) == (allowed, limit_a, by)
    assert bench.enabled is allowed
    if by is LimitBy.PROFILE and not allowed:
        assert bench.commanded.reason == "central system: charging profile"


@pytest.mark.parametrize(
    "bench, limit_a",
    [
        pytest.param(charging(kept=_held(profile(DEFAULT, (0, 7.0)))), 16.0, id="switched off"),
        pytest.param(charging(CARL, kept=_held(profile(DEFAULT, (0, 7.0))), smart_charging=True), 16.0, id="a local session"),
        pytest.param(charging(CARL, kept=_held(profile(MAX, (0, 7.0))), smart_charging=True), 7.0, id="a local session below the maximum"),
        pytest.param(ready(kept=_held(profile(DEFAULT, (0, 7.0))), smart_charging=True), 7.0, id="nobody yet"),
        pytest.param(charging(kept=_held(profile(TX, (0, 7.0), transaction="gone")), smart_charging=True), 16.0, id="another transaction"),
        pytest.param(
            ready(kept=_held(profile(TX, (0, 7.0), transaction="tx-1"), transaction=OWN), smart_charging=True),
            7.0,
            id="one without a session",
        ),
    ],
)
def test_whom_a_profile_limits(bench: Bench, limit_a: float) -> None:
    assert allowance(bench.state).limit_a == limit_a
