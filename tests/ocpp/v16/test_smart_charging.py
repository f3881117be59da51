"""Smart charging as a 1.6 central system asks for it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.backend import ProfilesCleared, ProfileSent, RemoteStartRequested
from bridge.core.effects import Answer, Outcome
from bridge.core.orders import ProfileFilter, ProfileKind, ProfilePurpose
from bridge.core.profiles import PERIODS_MAX, PROFILES_MAX, STACK_LEVEL_MAX
from bridge.core.settings import Ability
from bridge.core.state import State
from bridge.core.values import RequestId
from bridge.ocpp.dialect import Context, Handled, Passed, Refusal, Reply
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.v16.keys import get_configuration
from bridge.ocpp.v16.smart_charging import profile_of
from bridge.ocpp.validation import Kind
from tests.ocpp.official import assert_valid, payloads
from tests.ocpp.worlds import BACKEND_SESSION, LOCAL_SESSION, STAMP, asked, charge_point

OCPP = Dialect16()
ACTIONS = ("SetChargingProfile", "ClearChargingProfile", "GetCompositeSchedule")
SCHEDULE = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.7}, {"startPeriod": 60, "limit": 6}]}
DEFAULT = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": SCHEDULE,
}
OWN = DEFAULT | {"chargingProfilePurpose": "TxProfile"}


def smart(state: State | None = None, **rules: Any) -> State:  # noqa: ANN401
    """Smart charging is on."""
    state = state or charge_point()
    return replace(state, rules=replace(state.rules, smart_charging=True, **rules))


ON, OFF = asked(smart()), asked()
UNABLE = asked(smart(can=frozenset({Ability.UNLOCK})))
"""Switched on, and the wallbox follows no limit."""


def ask(action: str, context: Context, **payload: Any) -> Handled:  # noqa: ANN401 - a payload's field
    assert_valid(action, Kind.REQUEST, payload)
    handled = OCPP.handle(action, payload, context)
    if isinstance(handled, Reply):
        assert_valid(action, Kind.RESPONSE, handled.payload)
    return handled


# --- off --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", [OFF, UNABLE])
def test_switched_off_nothing_of_it_is_there(context: Context) -> None:
    assert ask("SetChargingProfile", context, connectorId=1, csChargingProfiles=DEFAULT) == Reply(payload={"status": "NotSupported"})
    for refused in (ask("ClearChargingProfile", context), ask("GetCompositeSchedule", context, connectorId=1, duration=60)):
        assert isinstance(refused, Refusal)
        assert refused.code == "NotSupported"
    keys = get_configuration([], context.state)["configurationKey"]
    assert not [key for key in keys if "Charging" in key["key"] or "ChargeProfile" in key["key"] or "Switch3to1" in key["key"]]
    assert "SmartCharging" not in get_configuration(["SupportedFeatureProfiles"], context.state)["configurationKey"][0]["value"]


@pytest.mark.parametrize("context", [OFF, UNABLE])
def test_switched_off_a_remote_start_ignores_its_profile(context: Context) -> None:
    """§5.11: whatever it is."""
    handled = ask("RemoteStartTransaction", context, idTag="TAG-1", chargingProfile=DEFAULT)
    assert isinstance(handled, Passed)
    assert isinstance(handled.event, RemoteStartRequested)
    assert handled.event.profile is None


# --- on ---------------------------------------------------------------------------------------------------------------------------


def test_the_limits_can_be_read() -> None:
    names = ["ChargeProfileMaxStackLevel", "ChargingScheduleAllowedChargingRateUnit", "ChargingScheduleMaxPeriods"]
    names += ["ConnectorSwitch3to1PhaseSupported", "MaxChargingProfilesInstalled"]
    told = {key["key"]: (key["value"], key["readonly"]) for key in get_configuration(names, smart())["configurationKey"]}
    values = [str(STACK_LEVEL_MAX), "Current,Power", str(PERIODS_MAX), "false", str(PROFILES_MAX)]
    assert told == {name: (value, True) for name, value in zip(names, values, strict=True)}
    assert "SmartCharging" in get_configuration(["SupportedFeatureProfiles"], smart())["configurationKey"][0]["value"]


@pytest.mark.parametrize(
    "purpose, meant, transaction",
    [
        ("ChargePointMaxProfile", ProfilePurpose.STATION_MAX, {}),
        ("TxDefaultProfile", ProfilePurpose.TX_DEFAULT, {}),
        ("TxProfile", ProfilePurpose.TX, {}),
        ("TxProfile", ProfilePurpose.TX, {"transactionId": -1}),
    ],
)
def test_a_profile_is_passed_on(purpose: str, meant: ProfilePurpose, transaction: dict[str, int]) -> None:
    told = DEFAULT | {"chargingProfilePurpose": purpose} | transaction
    handled = ask("SetChargingProfile", ON, connectorId=1, csChargingProfiles=told)
    assert handled == Passed(event=ProfileSent(request=RequestId("request-1"), profile=profile_of(told, 1), **STAMP))
    profile = profile_of(told, 1)
    assert (profile.purpose, profile.transaction, profile.kind) == (meant, "-1" if transaction else None, ProfileKind.RELATIVE)


@pytest.mark.parametrize("name", ["validFrom", "validTo"])
def test_a_profile_that_cannot_be_read_is_rejected(name: str) -> None:
    told = DEFAULT | {name: "1900-01-01T00:00:00Z"}
    assert ask("SetChargingProfile", ON, connectorId=1, csChargingProfiles=told) == Reply(payload={"status": "Rejected"})
    assert ask("RemoteStartTransaction", ON, idTag="TAG-1", chargingProfile=OWN | {name: "1900-01-01T00:00:00Z"}) == Reply(
        payload={"status": "Rejected"}
    )


@pytest.mark.requirement("1.6 TC_060_CS")
@pytest.mark.parametrize("told", [DEFAULT, OWN | {"transactionId": 1}, OWN | {"stackLevel": 1000}])
def test_a_remote_start_with_another_profile_is_rejected(told: dict[str, Any]) -> None:
    assert ask("RemoteStartTransaction", ON, idTag="TAG-1", chargingProfile=told) == Reply(payload={"status": "Rejected"})


@pytest.mark.requirement("1.6 TC_059_CS")
def test_a_remote_start_brings_its_profile() -> None:
    handled = ask("RemoteStartTransaction", ON, idTag="TAG-1", chargingProfile=OWN)
    assert isinstance(handled, Passed)
    assert isinstance(handled.event, RemoteStartRequested)
    assert handled.event.profile == profile_of(OWN, 1)
    without = ask("RemoteStartTransaction", ON, idTag="TAG-1")
    assert isinstance(without, Passed)
    assert isinstance(without.event, RemoteStartRequested)
    assert without.event.profile is None


@pytest.mark.parametrize(
    "told, which",
    [
        ({}, ProfileFilter()),
        ({"id": 0}, ProfileFilter(id=0)),
        ({"connectorId": 0, "stackLevel": 1}, ProfileFilter(connector=0, stack_level=1)),
        ({"chargingProfilePurpose": "ChargePointMaxProfile"}, ProfileFilter(purpose=ProfilePurpose.STATION_MAX)),
    ],
)
def test_which_are_cleared(told: dict[str, Any], which: ProfileFilter) -> None:
    assert ask("ClearChargingProfile", ON, **told) == Passed(event=ProfilesCleared(request=RequestId("request-1"), which=which, **STAMP))


@pytest.mark.parametrize(
    "action, outcome, status",
    [
        ("SetChargingProfile", Outcome.ACCEPTED, "Accepted"),
        ("SetChargingProfile", Outcome.REJECTED, "Rejected"),
        ("SetChargingProfile", Outcome.FAILED, "Rejected"),
        ("ClearChargingProfile", Outcome.ACCEPTED, "Accepted"),
        ("ClearChargingProfile", Outcome.UNKNOWN, "Unknown"),
        ("ClearChargingProfile", Outcome.REJECTED, "Unknown"),
    ],
)
def test_how_it_went_is_told(action: str, outcome: Outcome, status: str) -> None:
    told = OCPP.answer(action, Answer(request=RequestId("request-1"), outcome=outcome), smart())
    assert_valid(action, Kind.RESPONSE, told)
    assert told == {"status": status}


# --- the composite schedule -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_056_CS")
@pytest.mark.parametrize("connector", [0, 1])
@pytest.mark.parametrize(
    "asked_for, unit, limits",
    [({}, "A", [8.7, 6.0]), ({"chargingRateUnit": "A"}, "A", [8.7, 6.0]), ({"chargingRateUnit": "W"}, "W", [6003.0, 4140.0])],
)
def test_the_composite_schedule_is_told(connector: int, asked_for: dict[str, str], unit: str, limits: list[float]) -> None:
    """From this second on."""
    state = smart(charge_point())
    context = asked(replace(state, kept=replace(state.kept, profiles=(profile_of(DEFAULT, 1),))))
    start = "2026-11-22T10:45:10.000Z"
    assert ask("GetCompositeSchedule", context, connectorId=connector, duration=300, **asked_for) == Reply(
        payload={
            "status": "Accepted",
            "connectorId": connector,
            "scheduleStart": start,
            "chargingSchedule": {
                "duration": 300,
                "startSchedule": start,
                "chargingRateUnit": unit,
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limits[0]}, {"startPeriod": 60, "limit": limits[1]}],
            },
        }
    )


@pytest.mark.parametrize(
    "payload", [{"connectorId": 2, "duration": 60}, {"connectorId": -1, "duration": 60}, {"connectorId": 1, "duration": -1}]
)
def test_there_is_no_composite_schedule_of_nothing(payload: dict[str, int]) -> None:
    assert ask("GetCompositeSchedule", ON, **payload) == Reply(payload={"status": "Rejected"})


# --- anything ---------------------------------------------------------------------------------------------------------------------

CONTEXTS = st.sampled_from(
    [ON, OFF, asked(smart(charge_point(session=BACKEND_SESSION))), asked(smart(charge_point(session=LOCAL_SESSION)))]
)


@pytest.mark.parametrize("action", [*ACTIONS, "RemoteStartTransaction"])
@given(data=st.data(), context=CONTEXTS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_asked_is_answered(action: str, data: st.DataObject, context: Context) -> None:
    """By the schema, whatever it allows; and what is taken is of use to the core."""
    handled = ask(action, context, **data.draw(payloads(action, Kind.REQUEST)))
    assert isinstance(handled, Reply | Passed | Refusal)
    if isinstance(handled, Passed) and isinstance(handled.event, ProfileSent):
        state = replace(context.state, kept=replace(context.state.kept, profiles=(handled.event.profile,)))
        ask("GetCompositeSchedule", replace(context, state=state), connectorId=0, duration=10**6)
