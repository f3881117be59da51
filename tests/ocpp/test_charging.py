"""Charging profiles as all versions write them."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.orders import ChargingProfile, ChargingSchedule, ProfileKind, ProfilePurpose, RateUnit, Recurrency, SchedulePeriod
from bridge.core.schedules import Composite
from bridge.ocpp.charging import composite_of, periods_of, profile_from, start_profile
from bridge.ocpp.dialect import Context
from tests.ocpp.worlds import NOW, NOW_TEXT, asked, charge_point

SCHEDULE: dict[str, Any] = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6000}]}
PROFILE: dict[str, Any] = {"stackLevel": 2, "chargingProfileKind": "Recurring", "recurrencyKind": "Daily"}


def _read(profile: dict[str, Any] | None = None, schedule: dict[str, Any] | None = None) -> ChargingProfile:
    return profile_from(
        PROFILE | (profile or {}), SCHEDULE | (schedule or {}), id=5, connector=1, purpose=ProfilePurpose.TX, transaction="7", told="{}"
    )


def test_all_that_is_told_is_read() -> None:
    periods = [{"startPeriod": 0, "limit": 6000.5, "numberPhases": 1}, {"startPeriod": 60.0, "limit": 7000, "phaseToUse": 1}]
    schedule = {"id": 3, "duration": 300, "startSchedule": NOW_TEXT, "minChargingRate": 1400, "chargingSchedulePeriod": periods}
    assert _read({"validFrom": NOW_TEXT, "validTo": "2026-11-22T12:45:10.147+01:00"}, schedule) == ChargingProfile(
        id=5,
        connector=1,
        purpose=ProfilePurpose.TX,
        stack_level=2,
        kind=ProfileKind.RECURRING,
        recurrency=Recurrency.DAILY,
        schedule=ChargingSchedule(
            id=3,
            unit=RateUnit.WATTS,
            periods=(SchedulePeriod(start_s=0, limit=6000.5, phases=1), SchedulePeriod(start_s=60, limit=7000.0)),
            start_ms=NOW.utc_ms,
            duration_s=300,
            min_rate=1400.0,
        ),
        valid_from_ms=NOW.utc_ms,
        valid_to_ms=NOW.utc_ms + 3_600_000,
        transaction="7",
        told="{}",
    )


def test_what_is_left_out_is_unknown() -> None:
    read = _read({"recurrencyKind": None})
    assert (read.recurrency, read.valid_from_ms, read.valid_to_ms) == (None, None, None)
    schedule = read.schedule
    assert (schedule.id, schedule.start_ms, schedule.duration_s, schedule.min_rate, schedule.periods[0].phases) == (None,) * 5


@pytest.mark.parametrize("text", ["soon", "", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z"])
@pytest.mark.parametrize("name", ["validFrom", "validTo", "startSchedule"])
def test_a_time_that_cannot_be_read_is_not_guessed(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is no time"):
        _read({name: text}, {name: text})


def test_no_time_as_some_languages_write_it_is_none() -> None:
    assert _read({"validTo": "0001-01-01T00:00:00Z"}, {"startSchedule": "0001-01-01T00:00:00"}).valid_to_ms is None


@pytest.mark.parametrize("schedule", [{"minChargingRate": 10**400}, {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10**400}]}])
def test_a_number_beyond_all_measure_is_refused(schedule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="beyond all measure"):
        _read(None, schedule)


def test_periods_name_their_phases_where_they_are_not_the_usual_ones() -> None:
    periods = (SchedulePeriod(start_s=0, limit=6.0), SchedulePeriod(start_s=9, limit=7.5, phases=1))
    schedule = Composite(start_ms=0, duration_s=10, unit=RateUnit.AMPERES, periods=periods)
    assert periods_of(schedule) == [{"startPeriod": 0, "limit": 6.0}, {"startPeriod": 9, "limit": 7.5, "numberPhases": 1}]


# --- what both versions do with them ----------------------------------------------------------------------------------------------


def _smart(*, on: bool = True) -> Context:
    state = charge_point()
    return asked(replace(state, rules=replace(state.rules, smart_charging=on)))


def _sent(transaction: str | None = None) -> ChargingProfile:
    plain = {"recurrencyKind": None, "chargingProfileKind": "Relative"}
    return replace(_read(plain), transaction=transaction)


@pytest.mark.parametrize("payload, on", [({}, True), ({"chargingProfile": {}}, False)])
def test_a_remote_start_without_a_profile_or_smart_charging_brings_none(payload: dict[str, Any], on: bool) -> None:
    assert start_profile(payload, _smart(on=on), lambda _: _sent()) is None


def test_a_remote_start_brings_a_profile_that_a_transaction_can_begin_with() -> None:
    assert start_profile({"chargingProfile": {}}, _smart(), lambda _: _sent()) == _sent()
    with pytest.raises(ValueError, match="without transactionId"):
        start_profile({"chargingProfile": {}}, _smart(), lambda _: _sent("7"))


@pytest.mark.parametrize("more, unit, limit", [({}, RateUnit.AMPERES, 16.0), ({"chargingRateUnit": "W"}, RateUnit.WATTS, 11_040.0)])
def test_a_composite_schedule_is_as_it_was_asked_for(more: dict[str, str], unit: RateUnit, limit: float) -> None:
    made = composite_of({"duration": 60, **more}, _smart())
    assert (made.duration_s, made.unit, made.start_ms) == (60, unit, NOW.utc_ms - NOW.utc_ms % 1000)
    assert [(period.start_s, period.limit) for period in made.periods] == [(0, limit)]
