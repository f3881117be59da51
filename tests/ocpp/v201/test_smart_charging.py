"""Block K: charging profiles, their reports, the composite schedule."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.backend import ProfilesCleared, ProfileSent, RemoteStartRequested
from bridge.core.effects import Outcome
from bridge.core.orders import ChargingProfile, ProfileFilter, ProfilePurpose
from bridge.core.settings import Ability
from bridge.core.state import Source, State
from bridge.ocpp.dialect import Context, Passed, Refusal, Reply
from bridge.ocpp.v201.smart_charging import EXTERNAL_ID, PART_MAX, profile_of
from bridge.ocpp.validation import Kind, Version
from tests.core.test_schedules import profile as of_another_version
from tests.ocpp.official import payloads
from tests.ocpp.v201.desk import REQUEST, handled, spelt, status
from tests.ocpp.worlds import BACKEND_SESSION, LOCAL_SESSION, SESSION, STAMP, asked, charge_point

PERIODS = [{"startPeriod": 0, "limit": 8.7}, {"startPeriod": 60, "limit": 6, "numberPhases": 3}]
SCHEDULE = {"id": 4, "chargingRateUnit": "A", "chargingSchedulePeriod": PERIODS}
DEFAULT = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": [SCHEDULE],
}
MAX = DEFAULT | {"chargingProfilePurpose": "ChargingStationMaxProfile", "chargingProfileKind": "Absolute"}
OWN = DEFAULT | {"chargingProfilePurpose": "TxProfile"}
START = {"idToken": {"idToken": "TAG-1", "type": "Central"}, "remoteStartId": 77}


def smart(*profiles: ChargingProfile, state: State | None = None, sources: tuple[Source, ...] = ()) -> Context:
    """Smart charging is on, with these profiles."""
    state = state or charge_point()
    kept = replace(state.kept, profiles=profiles, sources=sources)
    return asked(replace(state, rules=replace(state.rules, smart_charging=True), kept=kept))


ON, OFF = smart(), asked()
UNABLE = asked(replace(ON.state, rules=replace(ON.state.rules, can=frozenset({Ability.UNLOCK}))))
"""Switched on, and the wallbox follows no limit."""


def sets(told: dict[str, Any], context: Context = ON, evse: int = 1) -> Any:  # noqa: ANN401
    return handled("SetChargingProfile", {"evseId": evse, "chargingProfile": told}, context)


# --- off --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_K_15_CS")
@pytest.mark.parametrize("context", [OFF, UNABLE])
@pytest.mark.parametrize(
    "action, payload",
    [
        ("SetChargingProfile", {"evseId": 1, "chargingProfile": DEFAULT}),
        ("GetChargingProfiles", {"requestId": 1, "chargingProfile": {}}),
        ("ClearChargingProfile", {}),
        ("GetCompositeSchedule", {"evseId": 1, "duration": 60}),
    ],
)
def test_switched_off_nothing_of_it_is_there(context: Context, action: str, payload: dict[str, Any]) -> None:
    refused = handled(action, payload, context)
    assert isinstance(refused, Refusal)
    assert refused.code == "NotSupported"


@pytest.mark.requirement("2.0.1 TC_K_38_CS")
@pytest.mark.parametrize("context", [OFF, UNABLE])
def test_switched_off_a_remote_start_ignores_its_profile(context: Context) -> None:
    """F01.FR.12: whatever it is."""
    assert _brought(DEFAULT, context) is None


# --- set --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told, evse, purpose",
    [
        (DEFAULT, 1, ProfilePurpose.TX_DEFAULT),
        (DEFAULT, 0, ProfilePurpose.TX_DEFAULT),
        (MAX, 0, ProfilePurpose.STATION_MAX),
        (OWN | {"transactionId": "tx"}, 1, ProfilePurpose.TX),
        (DEFAULT | {"customData": {"vendorId": "x", "more": [1]}}, 1, ProfilePurpose.TX_DEFAULT),
        (DEFAULT | {"chargingSchedule": [SCHEDULE, SCHEDULE | {"id": 5}]}, 1, ProfilePurpose.TX_DEFAULT),
    ],
)
def test_a_profile_is_passed_on(told: dict[str, Any], evse: int, purpose: ProfilePurpose) -> None:
    passed = sets(told, evse=evse)
    assert passed == Passed(event=ProfileSent(request=REQUEST, profile=profile_of(told, evse), **STAMP))
    profile = passed.event.profile
    assert (profile.purpose, profile.connector, profile.transaction, profile.schedule.id) == (purpose, evse, told.get("transactionId"), 4)
    assert json.loads(profile.told) == told


@pytest.mark.parametrize(
    "told, evse, reason",
    [
        pytest.param(DEFAULT, 2, "UnknownEvse", id="unknown EVSE", marks=pytest.mark.requirement("2.0.1 TC_K_14_CS")),
        pytest.param(OWN, 1, "MissingParam", id="no transaction named"),
        pytest.param(
            OWN | {"transactionId": "tx"}, 0, "InvalidProfile", id="of all EVSEs", marks=pytest.mark.requirement("2.0.1 TC_K_11_CS")
        ),
        pytest.param(MAX, 1, "InvalidProfile", id="the maximum of one EVSE"),
        pytest.param(MAX | {"chargingProfileKind": "Relative"}, 0, "InvalidProfile", id="a relative maximum"),
        pytest.param(DEFAULT | {"chargingProfilePurpose": "ChargingStationExternalConstraints"}, 0, "InvalidProfile", id="external"),
        pytest.param(DEFAULT | {"validTo": "1900-01-01T00:00:00Z"}, 1, "InvalidValue", id="no time"),
        pytest.param(DEFAULT | {"validTo": "2020-01-01T00:00:00Z"}, 1, "InvalidProfile", id="expired"),
    ],
)
def test_what_is_rejected_says_why(told: dict[str, Any], evse: int, reason: str) -> None:
    assert status("SetChargingProfile", {"evseId": evse, "chargingProfile": told}, ON) == ("Rejected", reason)


def _brought(told: dict[str, Any], context: Context) -> ChargingProfile | None:
    passed = handled("RequestStartTransaction", START | {"chargingProfile": told}, context)
    assert isinstance(passed, Passed)
    assert isinstance(passed.event, RemoteStartRequested)
    return passed.event.profile


@pytest.mark.requirement("2.0.1 TC_K_37_CS")
def test_a_remote_start_brings_its_profile() -> None:
    assert _brought(OWN, ON) == profile_of(OWN, 1)


@pytest.mark.parametrize(
    "told", [DEFAULT, OWN | {"transactionId": "tx"}, OWN | {"stackLevel": 1000}, OWN | {"validTo": "1900-01-01T00:00:00Z"}]
)
def test_a_remote_start_with_another_profile_is_rejected(told: dict[str, Any]) -> None:
    assert status("RequestStartTransaction", START | {"chargingProfile": told}, ON) == ("Rejected", "InvalidProfile")


# --- get --------------------------------------------------------------------------------------------------------------------------

STATION = profile_of(MAX, 0)
OTHER = profile_of(DEFAULT | {"id": 2, "stackLevel": 1}, 1)
THIRD = profile_of(DEFAULT | {"id": 3, "chargingSchedule": [SCHEDULE | {"startSchedule": "2026-11-22T10:00:00+01:00"}]}, 1)
BUSY = Source(name="load", everywhere=False, limit_a=10.07)


def reports(context: Context, evse: int | None = None, **wanted: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """What is reported, all parts."""
    request = {"requestId": 9, "chargingProfile": wanted} | ({} if evse is None else {"evseId": evse})
    told = handled("GetChargingProfiles", request, context)
    assert isinstance(told, Reply)
    parts = [message.payload for message in told.messages]
    assert told.payload == {"status": "Accepted" if parts else "NoProfiles"}
    assert [part.get("tbc", False) for part in parts] == [True] * (len(parts) - 1) + [False] * bool(parts)
    assert all(part["requestId"] == 9 for part in parts)
    assert all(message.action == "ReportChargingProfiles" for message in told.messages)
    return parts


def ids(parts: list[dict[str, Any]]) -> list[int]:
    return [profile["id"] for part in parts for profile in part["chargingProfile"]]


@pytest.mark.parametrize(
    "evse, wanted, found",
    [
        pytest.param(None, {}, [1, 2, 3], id="all", marks=pytest.mark.requirement("2.0.1 TC_K_31_CS")),
        pytest.param(0, {}, [1], id="of the station", marks=pytest.mark.requirement("2.0.1 TC_K_29_CS")),
        pytest.param(1, {}, [2, 3], id="of the EVSE", marks=pytest.mark.requirement("2.0.1 TC_K_30_CS")),
        pytest.param(2, {}, [], id="of no EVSE"),
        pytest.param(None, {"chargingProfileId": [3, 1, 8]}, [1, 3], id="by id", marks=pytest.mark.requirement("2.0.1 TC_K_32_CS")),
        pytest.param(1, {"stackLevel": 1}, [2], id="by level", marks=pytest.mark.requirement("2.0.1 TC_K_33_CS")),
        pytest.param(1, {"chargingLimitSource": ["CSO"]}, [2, 3], id="by source", marks=pytest.mark.requirement("2.0.1 TC_K_34_CS")),
        pytest.param(1, {"chargingLimitSource": ["EMS", "SO"]}, [], id="other source", marks=pytest.mark.requirement("2.0.1 TC_K_34_CS")),
        pytest.param(
            1, {"chargingProfilePurpose": "TxDefaultProfile"}, [2, 3], id="by purpose", marks=pytest.mark.requirement("2.0.1 TC_K_35_CS")
        ),
        pytest.param(1, {"chargingProfilePurpose": "TxProfile"}, [], id="other purpose"),
        pytest.param(
            1,
            {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0},
            [3],
            id="by purpose and level",
            marks=pytest.mark.requirement("2.0.1 TC_K_36_CS"),
        ),
    ],
)
def test_which_are_reported(evse: int | None, wanted: dict[str, Any], found: list[int]) -> None:
    assert ids(reports(smart(STATION, OTHER, THIRD), evse, **wanted)) == found


@pytest.mark.requirement("2.0.1 TC_K_01_CS")
@pytest.mark.requirement("2.0.1 TC_K_03_CS")
def test_a_report_repeats_a_profile_to_the_letter() -> None:
    parts = reports(smart(THIRD, STATION))
    assert [(part["evseId"], part["chargingLimitSource"]) for part in parts] == [(0, "CSO"), (1, "CSO")]
    assert parts[0]["chargingProfile"] == [MAX]
    assert parts[1]["chargingProfile"] == [json.loads(THIRD.told)]


def test_a_long_report_comes_in_parts() -> None:
    many = [replace(OTHER, told=json.dumps(json.loads(OTHER.told) | {"id": number})) for number in range(2 * PART_MAX + 1)]
    parts = reports(smart(*many))
    assert ids(parts) == list(range(2 * PART_MAX + 1))
    assert [len(part["chargingProfile"]) for part in parts] == [PART_MAX, PART_MAX, 1]


@pytest.mark.requirement("2.0.1 TC_K_37_CS")
def test_a_profile_that_came_with_the_start_is_reported_with_its_transaction() -> None:
    own = replace(profile_of(OWN, 1), transaction=SESSION)
    [part] = reports(smart(own, state=charge_point(session=BACKEND_SESSION)))
    assert part["chargingProfile"] == [OWN | {"transactionId": "session-1"}]


@pytest.mark.requirement("2.0.1 TC_K_52_CS")
@pytest.mark.parametrize(
    "source, limit", [(BUSY, 10.0), (replace(BUSY, allow=False), 0.0), (Source(name="load", everywhere=False, allow=False), 0.0)]
)
def test_energy_management_is_reported_as_what_it_is(source: Source, limit: float) -> None:
    parts = reports(smart(STATION, sources=(source,)))
    assert [(part["evseId"], part["chargingLimitSource"]) for part in parts] == [(0, "CSO"), (0, "EMS")]
    [told] = parts[1]["chargingProfile"]
    assert (told["id"], told["chargingProfilePurpose"]) == (EXTERNAL_ID, "ChargingStationExternalConstraints")
    assert told["chargingSchedule"][0]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": limit}]
    assert ids(reports(smart(STATION, sources=(source,)), chargingLimitSource=["EMS"])) == [EXTERNAL_ID]


def test_a_profile_of_another_version_is_put_into_words() -> None:
    """It survives a change of the protocol."""
    plain = of_another_version(ProfilePurpose.TX_DEFAULT, (0, 6.0), duration_s=60, valid_to_ms=1_900_000_000_000)
    [part] = reports(smart(plain))
    [told] = part["chargingProfile"]
    assert replace(profile_of(told, 1), told="") == plain
    [bare] = reports(
        smart(replace(plain, schedule=replace(plain.schedule, start_ms=None), valid_from_ms=1_900_000_000_000, valid_to_ms=None))
    )
    assert "startSchedule" not in bare["chargingProfile"][0]["chargingSchedule"][0]


# --- clear ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told, which",
    [
        ({}, ProfileFilter()),
        ({"chargingProfileId": 0}, ProfileFilter(id=0)),
        ({"chargingProfileCriteria": {}}, ProfileFilter()),
        (
            {"chargingProfileCriteria": {"evseId": 0, "stackLevel": 1, "chargingProfilePurpose": "TxDefaultProfile"}},
            ProfileFilter(connector=0, stack_level=1, purpose=ProfilePurpose.TX_DEFAULT),
        ),
        (
            {"chargingProfileCriteria": {"chargingProfilePurpose": "ChargingStationExternalConstraints"}},
            ProfileFilter(purpose=ProfilePurpose.EXTERNAL),
        ),
    ],
)
def test_which_are_cleared(told: dict[str, Any], which: ProfileFilter) -> None:
    assert handled("ClearChargingProfile", told, ON) == Passed(event=ProfilesCleared(request=REQUEST, which=which, **STAMP))


@pytest.mark.parametrize(
    "action, outcome, told",
    [
        ("SetChargingProfile", Outcome.ACCEPTED, "Accepted"),
        ("SetChargingProfile", Outcome.REJECTED, "Rejected"),
        ("ClearChargingProfile", Outcome.ACCEPTED, "Accepted"),
        ("ClearChargingProfile", Outcome.UNKNOWN, "Unknown"),
    ],
)
def test_how_it_went_is_told(action: str, outcome: Outcome, told: str) -> None:
    assert spelt(action, outcome) == {"status": told}


# --- the composite schedule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("evse", [0, 1])
@pytest.mark.parametrize("asked_for, unit, limits", [({}, "A", [8.7, 6.0]), ({"chargingRateUnit": "W"}, "W", [6003.0, 4140.0])])
def test_the_composite_schedule_is_told(evse: int, asked_for: dict[str, str], unit: str, limits: list[float]) -> None:
    """From this second on."""
    told = handled("GetCompositeSchedule", {"evseId": evse, "duration": 300} | asked_for, smart(profile_of(DEFAULT, 1)))
    schedule = {
        "evseId": evse,
        "duration": 300,
        "scheduleStart": "2026-11-22T10:45:10.000Z",
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limits[0]}, {"startPeriod": 60, "limit": limits[1]}],
    }
    assert told == Reply(payload={"status": "Accepted", "schedule": schedule})


@pytest.mark.requirement("2.0.1 TC_K_47_CS")
@pytest.mark.parametrize(
    "payload, reason", [({"evseId": 2, "duration": 60}, "UnknownEvse"), ({"evseId": 1, "duration": -1}, "InvalidValue")]
)
def test_there_is_no_composite_schedule_of_nothing(payload: dict[str, int], reason: str) -> None:
    assert status("GetCompositeSchedule", payload, ON) == ("Rejected", reason)


# --- anything ---------------------------------------------------------------------------------------------------------------------

CONTEXTS = st.sampled_from(
    [ON, OFF, smart(STATION, OTHER, state=charge_point(session=BACKEND_SESSION)), smart(THIRD, state=charge_point(session=LOCAL_SESSION))]
)


@pytest.mark.parametrize(
    "action", ["SetChargingProfile", "GetChargingProfiles", "ClearChargingProfile", "GetCompositeSchedule", "RequestStartTransaction"]
)
@given(data=st.data(), context=CONTEXTS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_asked_is_answered(action: str, data: st.DataObject, context: Context) -> None:
    """By the schema, whatever it allows; and what is taken can be reported."""
    told = handled(action, data.draw(payloads(action, Kind.REQUEST, Version.V201)), context)
    assert isinstance(told, Reply | Passed | Refusal)
    if isinstance(told, Passed) and isinstance(told.event, ProfileSent):
        holding = smart(replace(told.event.profile, transaction="tx"))
        assert ids(reports(holding)) == [told.event.profile.id]
        handled("GetCompositeSchedule", {"evseId": 0, "duration": 10**6}, holding)
