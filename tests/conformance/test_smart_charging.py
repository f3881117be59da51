"""OCPP 1.6: charging profiles of the central system, at a station that follows them; what the hardware is told is looked at as well."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.conformance.charging import (
    COMBINED,
    DEFAULT,
    HARDWARE_A,
    NOW_MS,
    OWN,
    PHASES,
    STACK_HIGH,
    STACK_LOW,
    STACKED,
    VOLTS,
    as_time,
    now_ms,
    schedule,
    shifted,
    told,
)
from tests.conformance.laboratory import TAG, Station, transaction_of
from tests.conformance.times import moment_ms

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAX, TX_DEFAULT, TX = "ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"


def profile(purpose: str, periods: Sequence[tuple[int, float]], *, number: int = 1, level: int = 0, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """An absolute profile; times of its schedule are told likewise."""
    inner = {name: fields.pop(name) for name in ("unit", "duration", "startSchedule") if name in fields}
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule(periods, **inner),
        **fields,
    }


async def sets(station: Station, sent: dict[str, Any], connector: int = 1) -> str:
    """SetChargingProfile: the status of its answer."""
    return await station.answers("SetChargingProfile", connectorId=connector, csChargingProfiles=sent)


async def composite(station: Station, duration: int, *, unit: str = "A", connector: int = 1) -> tuple[str, list[tuple[int, float]]]:
    """GetCompositeSchedule, which must be Accepted and about what was asked: its start and its periods."""
    asked_ms = now_ms()
    answer = await station.call("GetCompositeSchedule", connectorId=connector, duration=duration, chargingRateUnit=unit)
    assert (answer["status"], answer["connectorId"]) == ("Accepted", connector)
    inner = answer["chargingSchedule"]
    assert (inner["duration"], inner["chargingRateUnit"]) == (duration, unit)
    assert abs(moment_ms(answer["scheduleStart"]) - asked_ms) < NOW_MS
    return answer["scheduleStart"], told(inner["chargingSchedulePeriod"])


async def shows(station: Station, periods: Sequence[tuple[int, float]], begin_ms: int, duration: int, unit: str = "A") -> None:
    """The composite schedule is this one, which began then."""
    start, found = await composite(station, duration, unit=unit)
    assert found == shifted(periods, begin_ms, start)


@pytest.mark.parametrize("unit, limit, limit_a", [("A", 6, 6.0), ("W", 6000, 8.6)])
@pytest.mark.requirement("1.6 TC_056_CS")
async def test_a_default_profile(smart: Station, unit: str, limit: float, limit_a: float) -> None:
    """Set before anybody charges, it limits the transaction that then begins."""
    begin_ms = now_ms()
    sent = profile(TX_DEFAULT, [(0, limit)], unit=unit, duration=86_400, startSchedule=as_time(begin_ms))
    assert await sets(smart, sent) == "Accepted"
    await shows(smart, [(0, limit)], begin_ms, 300, unit)
    await smart.charges()
    await smart.box.limited_to(limit_a)
    await smart.topics.shows(f"charge_point/{smart.name}/limit_by", "profile")


@pytest.mark.requirement("1.6 TC_057_CS")
async def test_a_profile_of_the_transaction(smart: Station) -> None:
    """It names its transaction, limits it, and is gone with it."""
    transaction = await smart.charges()
    begin_ms = now_ms()
    sent = profile(TX, [(0, 6)], transactionId=transaction, duration=300, startSchedule=as_time(begin_ms))
    assert await sets(smart, sent) == "Accepted"
    await shows(smart, [(0, 6)], begin_ms, 200)
    await smart.box.limited_to(6.0)
    await smart.box.unplug()
    await smart.reports("Available")
    await shows(smart, [(0, HARDWARE_A)], begin_ms, 200)
    assert await smart.answers("ClearChargingProfile", id=1) == "Unknown"


@pytest.mark.requirement("1.6 TC_058_1_CS")
async def test_a_profile_of_no_transaction(smart: Station) -> None:
    """There is none to limit; on connector 0 there never is."""
    assert await sets(smart, profile(TX, [(0, 6)])) == "Rejected"
    assert await sets(smart, profile(TX, [(0, 6)], transactionId=1)) == "Rejected"
    await smart.charges()
    assert await sets(smart, profile(TX, [(0, 6)]), connector=0) == "Rejected"
    await smart.settle()
    assert smart.told() == []


@pytest.mark.requirement("1.6 TC_058_2_CS")
async def test_a_profile_of_another_transaction(smart: Station) -> None:
    """What runs is not limited by it."""
    transaction = await smart.charges()
    assert await sets(smart, profile(TX, [(0, 6)], transactionId=transaction + 1)) == "Rejected"
    await smart.settle()
    assert (await composite(smart, 60))[1] == [(0, HARDWARE_A)]
    await smart.box.limited_to(HARDWARE_A)


@pytest.mark.requirement("1.6 TC_082_CS")
async def test_a_default_profile_while_a_transaction_runs(smart: Station) -> None:
    """It counts for the running transaction at once; less than 6 A is a pause, and the transaction goes on afterwards."""
    await smart.charges()
    begin_ms = now_ms()
    assert await sets(smart, profile(TX_DEFAULT, [(0, 6)], duration=300, startSchedule=as_time(begin_ms))) == "Accepted"
    await shows(smart, [(0, 6)], begin_ms, 200)
    await smart.box.limited_to(6.0)
    smart.mark()
    assert await sets(smart, profile(TX_DEFAULT, [(0, 0)])) == "Accepted"
    await smart.reports("SuspendedEVSE")
    await smart.box.held()
    assert await smart.answers("ClearChargingProfile", id=1) == "Accepted"
    await smart.box.released()
    await smart.box.charge()
    await smart.reports("Charging")
    assert "StopTransaction" not in smart.told()


@pytest.mark.parametrize("unit, factor", [("A", 1), ("W", 500)])
@pytest.mark.requirement("1.6 TC_066_CS")
async def test_the_composite_schedule_of_all_purposes(smart: Station, unit: str, factor: int) -> None:
    """The transaction's own overrules the default, and the station's maximum is above both. In watts within what the hardware has."""

    def scaled(periods: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
        return [(start_s, limit * factor) for start_s, limit in periods]

    transaction = await smart.charges()
    begin_ms = now_ms()
    times: dict[str, Any] = {"startSchedule": as_time(begin_ms), "unit": unit}
    assert await sets(smart, profile(MAX, scaled([(0, 10)]), duration=86_400, **times), connector=0) == "Accepted"
    assert await sets(smart, profile(TX_DEFAULT, scaled(DEFAULT), number=2, duration=300, **times)) == "Accepted"
    own = profile(TX, scaled(OWN), number=3, duration=260, transactionId=transaction, **times)
    assert await sets(smart, own) == "Accepted"
    await shows(smart, scaled(COMBINED), begin_ms, 400, unit)
    await smart.box.limited_to(8 if unit == "A" else 8 * factor / VOLTS / PHASES)


@pytest.mark.requirement("1.6 TC_067_CS")
async def test_profiles_are_cleared_one_after_the_other(smart: Station) -> None:
    """By its id, by purpose and level, and all that are left; each time what lies below counts."""
    begin_ms = now_ms()
    times = {"startSchedule": as_time(begin_ms), "duration": 400}
    base, middle, top = [(0, 11), (200, 12)], [(0, 7), (100, 9)], [(0, 6)]
    for number, periods in enumerate((base, middle, top)):
        assert await sets(smart, profile(TX_DEFAULT, periods, number=number + 1, level=number, **times)) == "Accepted"
    await shows(smart, top, begin_ms, 300)
    assert await smart.answers("ClearChargingProfile", id=3) == "Accepted"
    await shows(smart, middle, begin_ms, 300)
    assert await smart.answers("ClearChargingProfile", chargingProfilePurpose=TX_DEFAULT, stackLevel=1) == "Accepted"
    await shows(smart, base, begin_ms, 300)
    assert await smart.answers("ClearChargingProfile") == "Accepted"
    await shows(smart, [(0, HARDWARE_A)], begin_ms, 300)
    assert await smart.answers("ClearChargingProfile") == "Unknown"


@pytest.mark.requirement("1.6 TC_072_CS")
async def test_stacked_profiles(smart: Station) -> None:
    """The higher level counts as long as it lasts, then the lower one as it then stands."""
    begin_ms = now_ms()
    start = as_time(begin_ms)
    assert await sets(smart, profile(TX_DEFAULT, STACK_LOW, duration=400, startSchedule=start)) == "Accepted"
    assert await sets(smart, profile(TX_DEFAULT, STACK_HIGH, number=2, level=1, duration=150, startSchedule=start)) == "Accepted"
    await shows(smart, STACKED, begin_ms, 350)


@pytest.mark.requirement("1.6 TC_059_CS")
async def test_a_remote_start_brings_a_profile(smart: Station) -> None:
    """The transaction that it starts follows it."""
    await smart.plugs()
    begin_ms = now_ms()
    sent = profile(TX, [(0, 7)], duration=300, startSchedule=as_time(begin_ms))
    assert await smart.answers("RemoteStartTransaction", connectorId=1, idTag=TAG, chargingProfile=sent) == "Accepted"
    await smart.box.charge()
    start = await smart.sends("StartTransaction", idTag=TAG)
    await smart.reports("Charging")
    assert transaction_of(start) is not None
    await shows(smart, [(0, 7)], begin_ms, 200)
    await smart.box.limited_to(7.0)


@pytest.mark.requirement("1.6 TC_060_CS")
async def test_a_remote_start_with_a_profile_that_is_not_of_a_transaction(smart: Station) -> None:
    """Nothing starts."""
    await smart.plugs()
    for sent in (profile(TX_DEFAULT, [(0, 7)]), profile(MAX, [(0, 7)]), profile(TX, [(0, 7)], transactionId=1)):
        assert await smart.answers("RemoteStartTransaction", connectorId=1, idTag=TAG, chargingProfile=sent) == "Rejected"
    await smart.settle()
    assert smart.told() == []


async def test_by_default_profiles_are_not_followed(station: Station) -> None:
    """One switch turns smart charging on; without it a profile that comes with a remote start is ignored."""
    assert await sets(station, profile(TX_DEFAULT, [(0, 6)])) == "NotSupported"
    assert await station.answers("ClearChargingProfile") == "NotSupported"
    assert await station.answers("GetCompositeSchedule", connectorId=1, duration=60) == "NotSupported"
    answer = await station.call("GetConfiguration", key=["SupportedFeatureProfiles", "MaxChargingProfilesInstalled"])
    assert answer["unknownKey"] == ["MaxChargingProfilesInstalled"]
    assert "SmartCharging" not in answer["configurationKey"][0]["value"]
    await station.plugs()
    sent = profile(TX_DEFAULT, [(0, 6)])
    assert await station.answers("RemoteStartTransaction", connectorId=1, idTag=TAG, chargingProfile=sent) == "Accepted"
    await station.sends("StartTransaction", idTag=TAG)
    await station.box.limited_to(HARDWARE_A)
