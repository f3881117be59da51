"""What a vehicle may draw while it charges: told when it is worth telling, and no more than once a minute (2.0.1 K10, K11)."""

from typing import Any

import pytest

from bridge.core.backend import ProfilesCleared, ProfileSent
from bridge.core.effects import RecordUpdate
from bridge.core.orders import ProfileFilter
from bridge.core.settings import Ability
from bridge.core.values import RequestId, TxTrigger
from tests.core.test_schedules import DEFAULT, profile
from tests.core.test_transaction import at, draws, pauses, sound, starts, story
from tests.core.world import Bench, plugged

RATE = "Updated ChargingRateChanged Charging"


def smart(**more: Any) -> Bench:  # noqa: ANN401
    """A vehicle charges with 16 A, and smart charging is on."""
    bench = plugged(smart_charging=True, **at(sample_interval_s=0, **more))
    starts(bench)
    draws(bench)
    return bench


def rates(bench: Bench) -> list[tuple[float, float | None]]:
    """When it was told of a rate, after the vehicle had begun, and what was offered then."""
    told = [record for record in bench.records if record.telling is not None and record.telling.trigger is TxTrigger.CHARGING_RATE_CHANGED]
    begin_ms = bench.starts[0].utc_ms
    return [
        ((one.utc_ms - begin_ms) / 1000, None if one.reading is None else one.reading.offered_a)
        for one in told
        if isinstance(one, RecordUpdate)
    ]


def limited(bench: Bench, limit_a: float) -> None:
    bench.happens(ProfileSent, request=RequestId("profile"), profile=profile(DEFAULT, (0, limit_a)))


def test_a_profile_that_changes_the_rate_is_told_at_once() -> None:
    """And so is its end, a moment later: the backend asked for both."""
    bench = smart()
    limited(bench, 10)
    assert story(bench)[-1] == RATE
    bench.passes(2)
    bench.happens(ProfilesCleared, request=RequestId("clear"), which=ProfileFilter())
    assert rates(bench) == [(0, 10), (2, 16)]
    assert bench.records[-1].session == bench.starts[0].session
    sound(bench)


def test_energy_management_is_told_of_once_a_minute() -> None:
    """The first change at once, then what has become of it: sixty changes are two messages."""
    bench = smart()
    for second in range(60):
        bench.energy(limit_a=7 + second % 5)
        bench.passes(1)
    assert rates(bench) == [(0, 7), (60, 11)]


def test_a_cloud_that_has_passed_is_not_told() -> None:
    bench = smart()
    bench.energy(limit_a=10)
    bench.passes(5)
    bench.energy(limit_a=8)
    bench.passes(5)
    bench.energy(limit_a=10)
    bench.passes(300)
    assert rates(bench) == [(0, 10)]


@pytest.mark.parametrize("percent, told", [("0", [15.8, 15.7]), ("1.0", [15.8]), ("1.3", [15.7]), ("50", [])])
def test_how_much_is_worth_telling_is_the_backend_s_to_say(percent: str, told: list[float]) -> None:
    """Small changes add up: what counts is what it was last told."""
    bench = smart(limit_change_percent=percent)
    for limit_a in (15.8, 15.7):
        bench.energy(limit_a=limit_a)
        bench.passes(60)
    assert [offered_a for _, offered_a in rates(bench)] == told


def test_a_schedule_of_a_profile_is_told_when_its_next_period_begins() -> None:
    bench = smart()
    bench.happens(ProfileSent, request=RequestId("profile"), profile=profile(DEFAULT, (0, 10), (90, 8)))
    bench.passes(100)
    assert rates(bench) == [(0, 10), (90, 8)]


def test_a_pause_is_told_as_a_pause() -> None:
    """The more specific trigger (E03.FR.12), and what changed meanwhile is known when the vehicle goes on."""
    bench = smart()
    bench.energy(limit_a=5)
    bench.passes(100)
    bench.energy(limit_a=10)
    bench.passes(100)
    assert story(bench)[-2:] == ["Updated ChargingStateChanged SuspendedEVSE", "Updated ChargingStateChanged Charging"]
    assert rates(bench) == []


def test_a_vehicle_that_does_not_charge_has_no_rate() -> None:
    bench = smart()
    pauses(bench)
    limited(bench, 10)
    bench.passes(100)
    assert rates(bench) == []


def test_a_silent_meter_is_no_part_of_it() -> None:
    """That the rate changed is known all the same."""
    bench = smart()
    bench.passes(3600)
    bench.energy(limit_a=10)
    assert rates(bench) == [(3600, None)]


@pytest.mark.parametrize("rules", [{"smart_charging": False}, {"can": frozenset({Ability.UNLOCK})}, {"transaction_events": False}])
def test_without_smart_charging_limits_are_nobodys_business(rules: dict[str, Any]) -> None:
    """SmartChargingCtrlr.LimitChangeSignificance isn't there either; and OCPP 1.6 has no such message."""
    bench = plugged(**(at(sample_interval_s=0) | {"smart_charging": True} | rules))
    starts(bench)
    draws(bench)
    count = len(bench.records)
    bench.energy(limit_a=10)
    bench.passes(100)
    assert len(bench.records) == count
