"""OCPP 2.0.1, block C: what the central system says of a card decides, groups and master passes included."""

import pytest

from tests.conformance.cards201 import FLEET, answers_once, asked, authorized, is_refused, says, stops, taps
from tests.conformance.laboratory import COLLEAGUE, PARTNER, STRANGER, TAG
from tests.conformance.laboratory201 import Station201

pytestmark = pytest.mark.asyncio(loop_scope="module")

MASTER = {"idToken": "MASTER", "type": "Central"}
WITH_MASTER = {"AuthCtrlr.MasterPassGroupId": "MASTER"}


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Invalid", marks=pytest.mark.requirement("2.0.1 TC_C_02_CS")),
        pytest.param("Blocked", marks=pytest.mark.requirement("2.0.1 TC_C_06_CS")),
        pytest.param("Expired", marks=pytest.mark.requirement("2.0.1 TC_C_07_CS")),
        pytest.param("Unknown", marks=[pytest.mark.requirement("2.0.1 TC_C_02_CS"), pytest.mark.requirement("2.0.1 TC_C_56_CS")]),
    ],
)
async def test_a_card_the_central_system_refuses_starts_nothing(station201: Station201, status: str) -> None:
    """Red, no transaction tells of it, and no energy."""
    await station201.plugs()
    await answers_once(station201, "Authorize", says(status))
    await is_refused(station201)


@pytest.mark.requirement("2.0.1 TC_C_04_CS")
async def test_another_card_stops_nothing(station201: Station201) -> None:
    """It is good, and somebody else's."""
    await station201.charges(TAG)
    assert await taps(station201, COLLEAGUE) == "red"
    await station201.settle()
    assert not station201.events()
    assert station201.box.commands.enabled


@pytest.mark.requirement("2.0.1 TC_C_39_CS")
async def test_a_card_of_the_same_group_stops(station201: Station201) -> None:
    """It is asked about first; the transaction ends with its name."""
    await station201.charges(PARTNER)
    assert await taps(station201, COLLEAGUE) == "green"
    last = await stops(station201, COLLEAGUE)
    assert asked(station201) == [COLLEAGUE]
    assert (last.payload["eventType"], last.payload["transactionInfo"].get("stoppedReason", "Local")) == ("Ended", "Local")
    await station201.box.held()


@pytest.mark.requirement("2.0.1 TC_C_42_CS")
async def test_a_card_of_the_same_group_that_is_refused_stops_nothing(station201: Station201) -> None:
    await station201.charges(PARTNER)
    await answers_once(station201, "Authorize", says("Invalid", group=FLEET))
    assert await taps(station201, COLLEAGUE) == "red"
    await station201.settle()
    assert asked(station201) == [COLLEAGUE]
    assert not station201.events()
    assert station201.box.commands.enabled


@pytest.mark.requirement("2.0.1 TC_C_45_CS")
async def test_a_master_pass_starts_nothing(station201: Station201) -> None:
    """Neither at once nor when a vehicle comes."""
    await station201.set(**WITH_MASTER)
    await answers_once(station201, "Authorize", says("Accepted", group=MASTER))
    assert await taps(station201, COLLEAGUE) == "red"
    await station201.box.plug()
    await station201.reports("Occupied")
    await station201.settle()
    assert asked(station201) == [COLLEAGUE]
    assert not station201.events()
    assert True not in station201.box.enabled_history


@pytest.mark.requirement("2.0.1 TC_C_49_CS")
async def test_a_master_pass_stops_anybodys_transaction(station201: Station201) -> None:
    """A stranger's card does not, with master passes neither."""
    await station201.set(**WITH_MASTER)
    await station201.charges(TAG)
    assert await taps(station201, STRANGER) == "red"
    await answers_once(station201, "Authorize", says("Accepted", group=MASTER))
    assert await taps(station201, COLLEAGUE) == "green"
    last = await stops(station201, COLLEAGUE)
    assert (last.payload["eventType"], last.payload["transactionInfo"]["stoppedReason"]) == ("Ended", "MasterPass")
    assert asked(station201) == [STRANGER, COLLEAGUE]
    await station201.box.held()


@pytest.mark.requirement("2.0.1 TC_E_52_CS")
async def test_the_central_system_need_not_be_asked(station201: Station201) -> None:
    """DisableRemoteAuthorization: nobody here knows the card, so it starts nothing, not even with a plug; whom the cache knows charges."""
    await station201.knows(TAG)
    await station201.set(**{"AuthCtrlr.DisableRemoteAuthorization": True})
    assert await taps(station201, COLLEAGUE) == "red"
    await station201.box.plug()
    await station201.reports("Occupied")
    await station201.settle()
    assert not station201.events()
    assert await taps(station201) == "green"
    await authorized(station201)
    assert not asked(station201)
