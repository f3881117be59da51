"""OCPP 2.0.1, block D and the cases of block C about it: the local authorization list, and what it decides."""

from pathlib import Path

import pytest

from tests.conformance.cards201 import (
    FLEET,
    NOBODY,
    PRE,
    answers_once,
    asked,
    charges_offline,
    is_refused,
    lists,
    says,
    starts_asked,
    starts_unasked,
    stops,
    taps,
)
from tests.conformance.laboratory import COLLEAGUE, PARTNER, STRANGER, TAG
from tests.conformance.laboratory201 import Station201, bench201

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = says("Accepted")
LONGEST_MESSAGE = 1000
"""LocalAuthListCtrlr.ItemsPerMessage."""


async def version(station: Station201) -> int:
    """GetLocalListVersion."""
    number: int = (await station.call("GetLocalListVersion"))["versionNumber"]
    return number


# --- block D ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_D_01_CS")
@pytest.mark.requirement("2.0.1 TC_D_08_CS")
async def test_a_list_is_sent(station201: Station201) -> None:
    """Its version is the one that was sent, and the device model counts what is on it."""
    assert await version(station201) == 0
    assert await lists(station201, {TAG: GOOD, STRANGER: says("Blocked")}, version=4) == "Accepted"
    assert await version(station201) == 4
    assert await station201.get("LocalAuthListCtrlr.Entries") == "2"


@pytest.mark.requirement("2.0.1 TC_D_02_CS")
@pytest.mark.requirement("2.0.1 TC_D_03_CS")
@pytest.mark.requirement("2.0.1 TC_D_05_CS")
async def test_a_list_is_changed_card_by_card(station201: Station201) -> None:
    """One is put on it, one is taken off, nothing changes at all: each has its version."""
    assert await lists(station201, {TAG: GOOD}, version=1) == "Accepted"
    assert await lists(station201, {PARTNER: GOOD, COLLEAGUE: GOOD}, version=2, kind="Differential") == "Accepted"
    assert (await version(station201), await station201.get("LocalAuthListCtrlr.Entries")) == (2, "3")
    assert await lists(station201, {TAG: None, PARTNER: None}, version=3, kind="Differential") == "Accepted"
    assert (await version(station201), await station201.get("LocalAuthListCtrlr.Entries")) == (3, "1")
    assert await lists(station201, {}, version=4, kind="Differential") == "Accepted"
    assert (await version(station201), await station201.get("LocalAuthListCtrlr.Entries")) == (4, "1")


@pytest.mark.requirement("2.0.1 TC_D_04_CS")
async def test_an_empty_list_takes_the_place_of_the_old_one(station201: Station201) -> None:
    assert await lists(station201, {TAG: GOOD}, version=1) == "Accepted"
    assert await lists(station201, {}, version=2) == "Accepted"
    assert (await version(station201), await station201.get("LocalAuthListCtrlr.Entries")) == (2, "0")


@pytest.mark.requirement("2.0.1 TC_D_06_CS")
async def test_a_change_that_is_older_than_the_list_is_refused(station201: Station201) -> None:
    assert await lists(station201, {TAG: GOOD}, version=5) == "Accepted"
    for older in (4, 5):
        assert await lists(station201, {TAG: None}, version=older, kind="Differential") == "VersionMismatch"
    assert (await version(station201), await station201.get("LocalAuthListCtrlr.Entries")) == (5, "1")


async def test_a_list_that_can_not_be_kept_is_refused_as_a_whole(station201: Station201) -> None:
    """More cards than one message may carry, or two things said of one card."""
    assert await lists(station201, {TAG: GOOD}, version=1) == "Accepted"
    crowd = {f"{number:08X}": GOOD for number in range(LONGEST_MESSAGE + 1)}
    assert await lists(station201, crowd, version=2) == "Failed"
    assert await lists(station201, {STRANGER: GOOD, TAG.lower(): GOOD, TAG: says("Blocked")}, version=2) == "Failed"
    assert (await version(station201), await station201.get("LocalAuthListCtrlr.Entries")) == (1, "1")


@pytest.mark.requirement("2.0.1 TC_D_07_CS")
async def test_the_list_outlives_a_power_cut(tmp_path: Path) -> None:
    """The cards and their version."""
    async with bench201(tmp_path) as lab:
        await lab.switched_on()
        station = lab.station
        assert await lists(station, {TAG: GOOD}, version=7) == "Accepted"
        await lab.loses_power()
        await station.reports("Available")
        await station.settle()
        assert await version(station) == 7
        await station.set(**PRE)
        await station.plugs()
        await starts_unasked(station)


@pytest.mark.requirement("2.0.1 TC_D_10_CS")
async def test_a_list_that_is_switched_off_is_not_there(station201: Station201) -> None:
    assert await lists(station201, {TAG: GOOD}, version=3) == "Accepted"
    await station201.set(**{"LocalAuthListCtrlr.Enabled": False})
    assert await version(station201) == 0
    assert await lists(station201, {TAG: GOOD}, version=4) == "Failed"


# --- while the central system is there --------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_C_27_CS")
async def test_a_listed_card_needs_no_question(station201: Station201) -> None:
    await station201.set(**PRE)
    assert await lists(station201, {TAG: GOOD}) == "Accepted"
    await station201.plugs()
    await starts_unasked(station201)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Invalid", marks=pytest.mark.requirement("2.0.1 TC_C_28_CS")),
        pytest.param("Blocked", marks=pytest.mark.requirement("2.0.1 TC_C_29_CS")),
        pytest.param("Expired", marks=pytest.mark.requirement("2.0.1 TC_C_30_CS")),
    ],
)
async def test_a_card_the_list_refuses_is_asked_about(station201: Station201, status: str) -> None:
    """The central system still says no."""
    await station201.set(**PRE)
    assert await lists(station201, {TAG: says(status)}) == "Accepted"
    await station201.plugs()
    await answers_once(station201, "Authorize", says(status))
    await is_refused(station201)


@pytest.mark.requirement("2.0.1 TC_C_31_CS")
async def test_the_central_system_may_have_changed_its_mind_about_a_listed_card(station201: Station201) -> None:
    await station201.set(**PRE)
    assert await lists(station201, {TAG: says("Invalid")}) == "Accepted"
    await station201.plugs()
    await starts_asked(station201)


@pytest.mark.requirement("2.0.1 TC_C_58_CS")
async def test_the_lists_no_may_be_final(station201: Station201) -> None:
    await station201.set(**PRE | {"LocalAuthListCtrlr.DisablePostAuthorize": True})
    assert await lists(station201, {TAG: says("Invalid")}) == "Accepted"
    await station201.plugs()
    await is_refused(station201, unasked=True)


@pytest.mark.requirement("2.0.1 TC_C_40_CS")
async def test_a_listed_card_of_the_group_stops_without_a_question(station201: Station201) -> None:
    await station201.set(**PRE)
    both = says("Accepted", group=FLEET)
    assert await lists(station201, {PARTNER: both, COLLEAGUE: both}) == "Accepted"
    await station201.plugs()
    await starts_unasked(station201, PARTNER)
    assert await taps(station201, COLLEAGUE) == "green"
    last = await stops(station201, COLLEAGUE)
    assert (last.payload["eventType"], last.payload["transactionInfo"].get("stoppedReason", "Local")) == ("Ended", "Local")
    assert not station201.sent("Authorize")


@pytest.mark.requirement("2.0.1 TC_C_43_CS")
async def test_a_card_of_the_group_that_the_list_refuses_stops_nothing(station201: Station201) -> None:
    """The central system is asked, and says no, too."""
    await station201.set(**PRE)
    bad = says("Invalid", group=FLEET)
    assert await lists(station201, {PARTNER: says("Accepted", group=FLEET), COLLEAGUE: bad}) == "Accepted"
    await station201.plugs()
    await starts_unasked(station201, PARTNER)
    await answers_once(station201, "Authorize", bad)
    assert await taps(station201, COLLEAGUE) == "red"
    await station201.settle()
    assert asked(station201) == [COLLEAGUE]
    assert not station201.events(idToken={"idToken": COLLEAGUE})
    assert not station201.events(eventType="Ended")
    assert station201.box.commands.enabled


# --- while the central system is away ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_C_21_CS")
async def test_a_listed_card_starts_and_stops_offline(station201: Station201) -> None:
    """All of it is told on return, and that it happened offline."""
    await station201.set(**{"AuthCacheCtrlr.Enabled": False, "AuthCtrlr.LocalAuthorizeOffline": True})
    assert await lists(station201, {TAG: GOOD}) == "Accepted"
    async with station201.offline():
        await charges_offline(station201)
        await station201.box.draw(700)
        assert await taps(station201) == "green"
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Finishing")
    await stops(station201, TAG)
    await station201.ended()
    await station201.settle()
    assert [call.payload.get("offline") for call in station201.events()] == [True] * len(station201.events())
    assert not station201.sent("Authorize")


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Invalid", marks=pytest.mark.requirement("2.0.1 TC_C_22_CS")),
        pytest.param("Blocked", marks=pytest.mark.requirement("2.0.1 TC_C_23_CS")),
        pytest.param("Expired", marks=pytest.mark.requirement("2.0.1 TC_C_24_CS")),
        pytest.param("Invalid-though-cached", marks=pytest.mark.requirement("2.0.1 TC_C_25_CS")),
    ],
)
async def test_a_card_the_list_refuses_starts_nothing_offline(station201: Station201, status: str) -> None:
    """Whatever the cache has on it, and even where strangers may charge."""
    if status == "Invalid-though-cached":
        await station201.knows(TAG)
        await station201.set(**{"AuthCtrlr.OfflineTxForUnknownIdEnabled": True})
    assert await lists(station201, {TAG: says(status.partition("-")[0])}) == "Accepted"
    async with station201.offline():
        await station201.box.plug()
        await station201.box.tap(NOBODY)
        assert (await station201.box.tap(TAG)).reason == "rejected"
    await station201.reports("Occupied")
    await station201.settle()
    assert not station201.events()
    assert not station201.sent("Authorize")
    assert True not in station201.box.enabled_history


@pytest.mark.requirement("2.0.1 TC_E_45_CS")
async def test_a_card_of_the_group_stops_offline(station201: Station201) -> None:
    """Both are on the list; all that happened offline says so, and the transaction ends once."""
    await station201.set(**PRE)
    both = says("Accepted", group=FLEET)
    assert await lists(station201, {PARTNER: both, COLLEAGUE: both}) == "Accepted"
    await station201.plugs()
    await starts_unasked(station201, PARTNER)
    await station201.settle()
    async with station201.offline():
        assert await taps(station201, COLLEAGUE) == "green"
        await station201.box.held()
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Finishing")
    last = await stops(station201, COLLEAGUE)
    await station201.settle()
    assert (last.payload["eventType"], last.payload["offline"]) == ("Ended", True)
    assert len(station201.events(eventType="Ended")) == 1
