"""OCPP 2.0.1, block K: charging profiles of the central system, at a station that follows them."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio

from tests.conformance.charging import (
    COMBINED,
    DEFAULT,
    HARDWARE_A,
    NOW_MS,
    OWN,
    STACK_HIGH,
    STACK_LOW,
    STACKED,
    as_time,
    now_ms,
    schedule,
    shifted,
    told,
)
from tests.conformance.laboratory import TAG
from tests.conformance.laboratory201 import Laboratory201, Station201, token, transaction_of
from tests.conformance.times import moment_ms

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAX, TX_DEFAULT, TX, EXTERNAL = "ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile", "ChargingStationExternalConstraints"
RATE = "ChargingRateChanged"
IN_SCHEDULE = ("unit", "duration", "startSchedule")


def profile(
    purpose: str,
    periods: Sequence[tuple[int, float]] = ((0, 6),),
    *,
    number: int = 1,
    level: int = 0,
    **fields: Any,  # noqa: ANN401 - a payload's field
) -> dict[str, Any]:
    """An absolute profile from this second on; times of its schedule are told likewise."""
    inner = {"startSchedule": as_time(now_ms())} | {name: fields.pop(name) for name in IN_SCHEDULE if name in fields}
    return {
        "id": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [{"id": number, **schedule(periods, **inner)}],
        **fields,
    }


async def sets(station: Station201, sent: dict[str, Any], evse: int = 1) -> str:
    """SetChargingProfile: the status of its answer."""
    return await station.answers("SetChargingProfile", evseId=evse, chargingProfile=sent)


async def reported(station: Station201, evse: int | None = None, **wanted: Any) -> list[tuple[int, dict[str, Any]]]:  # noqa: ANN401
    """GetChargingProfiles and what is then reported: each profile with its EVSE. Nothing where there are none."""
    request = next(station.numbers)
    place = {} if evse is None else {"evseId": evse}
    status = await station.answers("GetChargingProfiles", requestId=request, chargingProfile=wanted, **place)
    if status == "NoProfiles":
        await station.settle()
        assert station.sent("ReportChargingProfiles", requestId=request) == []
        return []
    assert status == "Accepted"
    parts = await station.parts("ReportChargingProfiles", requestId=request)
    return [(part.payload["evseId"], one) for part in parts for one in part.payload["chargingProfile"]]


async def composite(station: Station201, duration: int, *, unit: str = "A", evse: int = 1) -> tuple[str, list[tuple[int, float]]]:
    """GetCompositeSchedule, which must be Accepted and about what was asked: its start and its periods."""
    asked_ms = now_ms()
    answer = await station.call("GetCompositeSchedule", evseId=evse, duration=duration, chargingRateUnit=unit)
    assert answer["status"] == "Accepted"
    found = answer["schedule"]
    assert (found["evseId"], found["duration"], found["chargingRateUnit"]) == (evse, duration, unit)
    assert abs(moment_ms(found["scheduleStart"]) - asked_ms) < NOW_MS
    return found["scheduleStart"], told(found["chargingSchedulePeriod"])


async def shows(station: Station201, periods: Sequence[tuple[int, float]], begin_ms: int, duration: int, *, evse: int = 1) -> None:
    """The composite schedule is this one, which began then."""
    start, found = await composite(station, duration, evse=evse)
    assert found == shifted(periods, begin_ms, start)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bare(lab201: Laboratory201) -> AsyncIterator[Station201]:
    """A station without profiles, for tests that leave none."""
    async with lab201.station(smart=True) as station:
        yield station


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full(lab201: Laboratory201) -> AsyncIterator[Station201]:
    """A station with four profiles, for tests that only read them: 1 is the station's maximum, 2 to 4 are of the EVSE."""
    async with lab201.station(smart=True) as station:
        assert await sets(station, profile(MAX), evse=0) == "Accepted"
        for number in (2, 3):
            assert await sets(station, profile(TX_DEFAULT, number=number, level=number - 2)) == "Accepted"
        transaction = await station.charges()
        assert await sets(station, profile(TX, number=4, transactionId=transaction)) == "Accepted"
        yield station


# --- K01: what is set is reported, to the letter ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evse, purpose",
    [
        pytest.param(1, TX_DEFAULT, marks=pytest.mark.requirement("2.0.1 TC_K_01_CS")),
        pytest.param(0, TX_DEFAULT, marks=pytest.mark.requirement("2.0.1 TC_K_10_CS")),
        pytest.param(0, MAX, marks=pytest.mark.requirement("2.0.1 TC_K_03_CS")),
    ],
)
async def test_a_profile_is_set_and_reported(smart201: Station201, evse: int, purpose: str) -> None:
    """It limits what is charged, and who asks for it gets it as it was sent."""
    sent = profile(purpose, [(0, 7.5), (3600, 6)], duration=86_400)
    assert await sets(smart201, sent, evse=evse) == "Accepted"
    assert await reported(smart201, chargingProfileId=[1]) == [(evse, sent)]
    await smart201.charges()
    await smart201.box.limited_to(7.5)
    await smart201.topics.shows(f"charge_point/{smart201.name}/limit_by", "profile")


@pytest.mark.requirement("2.0.1 TC_P_04_CS")
@pytest.mark.requirement("2.0.1 TC_K_04_CS")
async def test_the_same_id_replaces(smart201: Station201) -> None:
    """Whatever else a vendor has put into it."""
    vendor = {"customData": {"vendorId": "com.example", "why": ["because", 1]}}
    assert await sets(smart201, profile(TX_DEFAULT, [(0, 7)]) | vendor) == "Accepted"
    sent = profile(TX_DEFAULT, [(0, 9)], level=1) | vendor
    assert await sets(smart201, sent) == "Accepted"
    assert await reported(smart201) == [(1, sent)]
    assert (await composite(smart201, 60))[1] == [(0, 9)]


@pytest.mark.requirement("2.0.1 TC_K_19_CS")
async def test_a_recurring_profile(smart201: Station201) -> None:
    """It began on some day in the past and counts today."""
    begin_ms = now_ms() - 86_400_000 * 3
    sent = profile(TX_DEFAULT, [(0, 7), (100, 9)], startSchedule=as_time(begin_ms), duration=86_400)
    sent |= {"chargingProfileKind": "Recurring", "recurrencyKind": "Daily"}
    assert await sets(smart201, sent) == "Accepted"
    assert await reported(smart201) == [(1, sent)]
    await shows(smart201, [(0, 7), (100, 9)], begin_ms + 86_400_000 * 3, 300)


@pytest.mark.requirement("2.0.1 TC_K_13_CS")
async def test_a_profile_survives_a_reboot(smart201: Station201) -> None:
    sent = profile(TX_DEFAULT)
    assert await sets(smart201, sent) == "Accepted"
    before = smart201.connections
    smart201.mark()
    assert await smart201.answers("Reset", type="Immediate") == "Accepted"
    await smart201.reconnects(before)
    await smart201.sends("BootNotification")
    await smart201.settle()
    assert await reported(smart201) == [(1, sent)]


@pytest.mark.parametrize(
    "sent, evse",
    [
        pytest.param(profile(TX, transactionId="tx"), 1, id="no transaction", marks=pytest.mark.requirement("2.0.1 TC_K_02_CS")),
        pytest.param(profile(TX, transactionId="tx"), 0, id="all EVSEs", marks=pytest.mark.requirement("2.0.1 TC_K_11_CS")),
        pytest.param(profile(TX_DEFAULT), 2, id="no such EVSE", marks=pytest.mark.requirement("2.0.1 TC_K_14_CS")),
        pytest.param(profile(EXTERNAL), 0, id="external constraints"),
    ],
)
async def test_what_cannot_be_set_is_rejected(bare: Station201, sent: dict[str, Any], evse: int) -> None:
    assert await sets(bare, sent, evse=evse) == "Rejected"
    assert await reported(bare) == []


@pytest.mark.requirement("2.0.1 TC_K_16_CS")
async def test_a_profile_of_another_transaction_is_rejected(smart201: Station201) -> None:
    await smart201.charges()
    assert await sets(smart201, profile(TX, transactionId="another")) == "Rejected"
    assert await reported(smart201) == []
    await smart201.box.limited_to(HARDWARE_A)


@pytest.mark.requirement("2.0.1 TC_K_60_CS")
async def test_a_profile_of_the_transaction(smart201: Station201) -> None:
    """It limits the transaction and is gone with it."""
    transaction = await smart201.charges()
    sent = profile(TX, [(0, 6)], transactionId=transaction)
    assert await sets(smart201, sent) == "Accepted"
    assert await reported(smart201) == [(1, sent)]
    await smart201.box.limited_to(6)
    await smart201.ends()
    assert await reported(smart201) == []


@pytest.mark.requirement("2.0.1 TC_K_28_CS")
async def test_a_default_profile_while_a_transaction_runs(smart201: Station201) -> None:
    """It counts at once."""
    await smart201.charges()
    begin_ms = now_ms()
    assert await sets(smart201, profile(TX_DEFAULT, [(0, 6)], duration=300, startSchedule=as_time(begin_ms))) == "Accepted"
    await shows(smart201, [(0, 6)], begin_ms, 200)
    await smart201.box.limited_to(6)


# --- when it counts ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "later, periods",
    [
        pytest.param("validFrom", [(0, HARDWARE_A), (300, 6)], marks=pytest.mark.requirement("2.0.1 TC_K_21_CS")),
        pytest.param("startSchedule", [(0, HARDWARE_A), (300, 6)], marks=pytest.mark.requirement("2.0.1 TC_K_23_CS")),
        pytest.param("validTo", [(0, 6), (300, HARDWARE_A)], marks=pytest.mark.requirement("2.0.1 TC_K_22_CS")),
    ],
)
async def test_a_profile_counts_in_its_time(smart201: Station201, later: str, periods: list[tuple[int, float]]) -> None:
    """For the EVSE and for the station as a whole."""
    begin_ms = now_ms()
    times = {"startSchedule": as_time(begin_ms), later: as_time(begin_ms + 300_000)}
    assert await sets(smart201, profile(TX_DEFAULT, [(0, 6)], **times), evse=0) == "Accepted"  # type: ignore[arg-type]
    for evse in (0, 1):
        await shows(smart201, periods, begin_ms, 400, evse=evse)


# --- K08: the composite schedule --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_K_39_CS")
async def test_without_profiles_the_local_limit_is_told(bare: Station201) -> None:
    """In both units."""
    assert (await composite(bare, 300, evse=0))[1] == [(0, HARDWARE_A)]
    assert (await composite(bare, 300, evse=0, unit="W"))[1] == [(0, HARDWARE_A * 690)]


@pytest.mark.requirement("2.0.1 TC_K_47_CS")
async def test_there_is_no_schedule_of_an_evse_that_is_not_there(bare: Station201) -> None:
    answer = await bare.call("GetCompositeSchedule", evseId=2, duration=300)
    assert (answer["status"], "schedule" in answer) == ("Rejected", False)


@pytest.mark.requirement("2.0.1 TC_K_40_CS")
async def test_stacked_profiles(smart201: Station201) -> None:
    """The higher level counts as long as it lasts, then the lower one as it then stands."""
    begin_ms = now_ms()
    start = as_time(begin_ms)
    assert await sets(smart201, profile(TX_DEFAULT, STACK_LOW, duration=400, startSchedule=start)) == "Accepted"
    assert await sets(smart201, profile(TX_DEFAULT, STACK_HIGH, number=2, level=1, duration=150, startSchedule=start)) == "Accepted"
    await shows(smart201, STACKED, begin_ms, 350)


@pytest.mark.requirement("2.0.1 TC_K_41_CS")
async def test_the_composite_schedule_of_all_purposes(smart201: Station201) -> None:
    """The transaction's own overrules the default, and the station's maximum is above both."""
    transaction = await smart201.charges()
    begin_ms = now_ms()
    start = as_time(begin_ms)
    assert await sets(smart201, profile(MAX, [(0, 10)], duration=86_400, startSchedule=start), evse=0) == "Accepted"
    assert await sets(smart201, profile(TX_DEFAULT, DEFAULT, number=2, duration=300, startSchedule=start)) == "Accepted"
    own = profile(TX, OWN, number=3, duration=260, startSchedule=start, transactionId=transaction)
    assert await sets(smart201, own) == "Accepted"
    await shows(smart201, COMBINED, begin_ms, 400)
    await smart201.box.limited_to(8)


# --- K09: get ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evse, wanted, found",
    [
        pytest.param(0, {}, [1], marks=pytest.mark.requirement("2.0.1 TC_K_29_CS")),
        pytest.param(1, {}, [2, 3, 4], marks=pytest.mark.requirement("2.0.1 TC_K_30_CS")),
        pytest.param(None, {}, [1, 2, 3, 4], marks=pytest.mark.requirement("2.0.1 TC_K_31_CS")),
        pytest.param(None, {"chargingProfileId": [3]}, [3], marks=pytest.mark.requirement("2.0.1 TC_K_32_CS")),
        pytest.param(1, {"stackLevel": 1}, [3], marks=pytest.mark.requirement("2.0.1 TC_K_33_CS")),
        pytest.param(1, {"chargingLimitSource": ["CSO"]}, [2, 3, 4], marks=pytest.mark.requirement("2.0.1 TC_K_34_CS")),
        pytest.param(1, {"chargingLimitSource": ["EMS"]}, [], marks=pytest.mark.requirement("2.0.1 TC_K_34_CS")),
        pytest.param(1, {"chargingProfilePurpose": TX_DEFAULT}, [2, 3], marks=pytest.mark.requirement("2.0.1 TC_K_35_CS")),
        pytest.param(1, {"chargingProfilePurpose": TX_DEFAULT, "stackLevel": 0}, [2], marks=pytest.mark.requirement("2.0.1 TC_K_36_CS")),
    ],
)
async def test_which_profiles_are_reported(full: Station201, evse: int | None, wanted: dict[str, Any], found: list[int]) -> None:
    told = await reported(full, evse, **wanted)
    assert sorted(one["id"] for _, one in told) == found
    assert all(place == (0 if one["id"] == 1 else 1) for place, one in told)


@pytest.mark.requirement("2.0.1 TC_K_52_CS")
async def test_the_limit_of_energy_management_is_reported(smart201: Station201) -> None:
    """As what it is: a constraint from outside, which the central system can see and can't lift."""
    await smart201.topics.publish(f"ems/load/{smart201.name}/limit_a", "10", retain=True)
    await smart201.box.limited_to(10)
    [(evse, found)] = await reported(smart201, chargingProfilePurpose=EXTERNAL)
    assert evse == 0
    assert told(found["chargingSchedule"][0]["chargingSchedulePeriod"]) == [(0, 10)]
    assert await smart201.answers("ClearChargingProfile", chargingProfileCriteria={"chargingProfilePurpose": EXTERNAL}) == "Unknown"
    assert await sets(smart201, profile(TX_DEFAULT, [(0, 12)])) == "Accepted"
    assert (await composite(smart201, 60))[1] == [(0, 10)]


# --- K10: clear -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "which",
    [
        pytest.param({"chargingProfileId": 1}, marks=pytest.mark.requirement("2.0.1 TC_K_05_CS")),
        pytest.param(
            {"chargingProfileCriteria": {"chargingProfilePurpose": TX_DEFAULT, "stackLevel": 1}},
            marks=pytest.mark.requirement("2.0.1 TC_K_06_CS"),
        ),
    ],
)
async def test_a_profile_is_cleared(smart201: Station201, which: dict[str, Any]) -> None:
    assert await sets(smart201, profile(TX_DEFAULT, level=1)) == "Accepted"
    assert await smart201.answers("ClearChargingProfile", **which) == "Accepted"
    assert await reported(smart201) == []
    assert await smart201.answers("ClearChargingProfile", **which) == "Unknown"


@pytest.mark.requirement("2.0.1 TC_K_08_CS")
async def test_where_there_is_no_profile_none_is_cleared(bare: Station201) -> None:
    assert await bare.answers("ClearChargingProfile", chargingProfileId=1) == "Unknown"


@pytest.mark.requirement("2.0.1 TC_K_07_CS")
async def test_what_fits_no_profile_clears_none(full: Station201) -> None:
    unknown = {"chargingProfilePurpose": TX_DEFAULT, "stackLevel": 9}
    assert await full.answers("ClearChargingProfile", chargingProfileCriteria=unknown) == "Unknown"
    assert len(await reported(full)) == 4


@pytest.mark.requirement("2.0.1 TC_K_09_CS")
async def test_a_default_profile_is_cleared_while_a_transaction_runs(smart201: Station201) -> None:
    """The transaction goes on with the local limit; one that was paused charges again."""
    assert await sets(smart201, profile(TX_DEFAULT, [(0, 6)])) == "Accepted"
    transaction = await smart201.charges()
    await smart201.box.limited_to(6)
    assert await sets(smart201, profile(TX_DEFAULT, [(0, 8)])) == "Accepted"
    await smart201.sends("TransactionEvent", eventType="Updated", triggerReason=RATE, transactionInfo={"transactionId": transaction})
    assert await sets(smart201, profile(TX_DEFAULT, [(0, 0)])) == "Accepted"
    await smart201.state("SuspendedEVSE")
    await smart201.box.held()
    assert await smart201.answers("ClearChargingProfile", chargingProfileId=1) == "Accepted"
    await smart201.box.released()
    await smart201.box.limited_to(HARDWARE_A)
    assert (await composite(smart201, 60))[1] == [(0, HARDWARE_A)]
    assert smart201.events(eventType="Ended") == []
    assert len(smart201.events(triggerReason=RATE)) == 1, "a pause and its end have a trigger of their own"


# --- F01: with a remote start -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_K_37_CS")
async def test_a_remote_start_brings_a_profile(smart201: Station201) -> None:
    """The transaction that it starts follows it, and it is reported with that transaction."""
    await smart201.plugs()
    sent = profile(TX, [(0, 7)])
    start = {"idToken": token(TAG), "remoteStartId": 5, "evseId": 1}
    assert await smart201.answers("RequestStartTransaction", **start, chargingProfile=profile(TX_DEFAULT)) == "Rejected"
    assert await smart201.answers("RequestStartTransaction", **start, chargingProfile=sent) == "Accepted"
    transaction = transaction_of(await smart201.started())
    await smart201.box.limited_to(7)
    assert await reported(smart201) == [(1, sent | {"transactionId": transaction})]


@pytest.mark.requirement("2.0.1 TC_K_38_CS")
async def test_by_default_a_remote_start_ignores_its_profile(station201: Station201) -> None:
    await station201.plugs()
    start = {"idToken": token(TAG), "remoteStartId": 5, "evseId": 1}
    assert await station201.answers("RequestStartTransaction", **start, chargingProfile=profile(TX, [(0, 7)])) == "Accepted"
    await station201.started()
    await station201.box.limited_to(HARDWARE_A)


@pytest.mark.requirement("2.0.1 TC_K_15_CS")
async def test_by_default_profiles_are_not_followed(station201: Station201) -> None:
    """One switch turns smart charging on."""
    assert await sets(station201, profile(TX_DEFAULT)) == "NotSupported"
    assert await station201.answers("GetChargingProfiles", requestId=1, chargingProfile={}) == "NotSupported"
    assert await station201.answers("ClearChargingProfile", chargingProfileId=1) == "NotSupported"
    assert await station201.answers("GetCompositeSchedule", evseId=1, duration=60) == "NotSupported"
