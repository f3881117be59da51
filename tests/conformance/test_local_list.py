"""OCPP 1.6: the local list of cards, and what it decides."""

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.laboratory import STRANGER, TAG, Station, bench

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPTED = {"status": "Accepted"}
BLOCKED = {"status": "Blocked"}
LONGEST_MESSAGE = 1000
"""SendLocalListMaxLength."""


def listed(**cards: dict[str, str] | None) -> list[dict[str, Any]]:
    """Entries of a list; a card of which nothing is said is taken off it."""
    return [{"idTag": card, **({} if info is None else {"idTagInfo": info})} for card, info in cards.items()]


async def sends(station: Station, version: int, kind: str, **cards: dict[str, str] | None) -> str:
    """SendLocalList: the status of its answer. Without cards the list is left out."""
    entries = {"localAuthorizationList": listed(**cards)} if cards else {}
    return await station.answers("SendLocalList", listVersion=version, updateType=kind, **entries)


async def version(station: Station) -> int:
    """GetLocalListVersion."""
    number: int = (await station.call("GetLocalListVersion"))["listVersion"]
    return number


async def starts_unasked(station: Station, card: str) -> None:
    """Plug, then card: a session starts, and the central system is not asked."""
    await station.plugs()
    assert (await station.box.tap(card)).led == "green"
    await station.sends("StartTransaction", idTag=card)
    await station.settle()
    assert not station.sent("Authorize")


@pytest.mark.requirement("1.6 TC_042_1_CS")
@pytest.mark.requirement("1.6 TC_043_1_CS")
async def test_a_list_that_is_switched_off_is_not_there(station: Station) -> None:
    """Its version is -1, and none is taken; switched on again, the old one is there."""
    assert await sends(station, 3, "Full", **{TAG: ACCEPTED}) == "Accepted"
    await station.configure(LocalAuthListEnabled=False)
    assert await version(station) == -1
    assert await sends(station, 4, "Full", **{TAG: ACCEPTED}) == "NotSupported"
    await station.configure(LocalAuthListEnabled=True)
    assert await version(station) == 3


@pytest.mark.requirement("1.6 TC_042_2_CS")
async def test_an_empty_list_has_version_0(station: Station) -> None:
    assert await version(station) == 0
    assert await sends(station, 1, "Full") == "Accepted"
    assert await version(station) == 0


@pytest.mark.requirement("1.6 TC_043_CS")
async def test_a_list_is_sent_and_changed(station: Station) -> None:
    """As a whole, then card by card: who was put on it charges without a question, who was taken off is asked about."""
    await station.configure(LocalPreAuthorize=True)
    assert await sends(station, 1, "Full", **{STRANGER: ACCEPTED}) == "Accepted"
    assert await sends(station, 2, "Differential", **{TAG: ACCEPTED, STRANGER: None}) == "Accepted"
    assert await version(station) == 2
    await station.plugs()
    assert (await station.box.tap(STRANGER)).led == "red"
    assert (await station.box.tap(TAG)).led == "green"
    await station.sends("StartTransaction", idTag=TAG)
    await station.settle()
    assert [call.payload for call in station.sent("Authorize")] == [{"idTag": STRANGER}]


@pytest.mark.requirement("1.6 TC_043_2_CS")
async def test_a_change_that_is_older_than_the_list_is_refused(station: Station) -> None:
    assert await sends(station, 2, "Full", **{TAG: ACCEPTED}) == "Accepted"
    assert await version(station) == 2
    assert await sends(station, 5, "Differential", **{STRANGER: BLOCKED}) == "Accepted"
    assert await version(station) == 5
    assert await sends(station, 4, "Differential", **{TAG: None}) == "VersionMismatch"
    assert await version(station) == 5


@pytest.mark.requirement("1.6 TC_043_3_CS")
async def test_a_list_that_can_not_be_kept_is_refused_as_a_whole(station: Station) -> None:
    """Too many cards, or one of which nothing is said: the list stays as it is."""
    assert await sends(station, 2, "Full", **{TAG: ACCEPTED}) == "Accepted"
    crowd = {f"{number:08X}": ACCEPTED for number in range(LONGEST_MESSAGE + 1)}
    assert await sends(station, 3, "Full", **crowd) == "Failed"
    assert await sends(station, 3, "Full", **{STRANGER: ACCEPTED, TAG: None}) == "Failed"
    assert await sends(station, 0, "Full", **{STRANGER: ACCEPTED}) == "Failed"
    assert await version(station) == 2
    await station.configure(LocalPreAuthorize=True)
    await starts_unasked(station, TAG)


@pytest.mark.requirement("1.6 TC_008_CS")
@pytest.mark.requirement("1.6 TC_008_1_CS")
async def test_a_listed_card_starts_a_session_without_a_question(station: Station) -> None:
    """Card, then plug; the cache is off, so that only the list can know it."""
    await station.configure(LocalPreAuthorize=True, AuthorizationCacheEnabled=False)
    assert await sends(station, 1, "Full", **{TAG: ACCEPTED}) == "Accepted"
    assert (await station.box.tap(TAG)).led == "green"
    await station.reports("Preparing")
    await station.box.plug()
    await station.box.charge()
    await station.sends("StartTransaction", connectorId=1, idTag=TAG)
    await station.reports("Charging")
    await station.settle()
    assert sorted(station.told()) == ["Charging", "Preparing", "StartTransaction"]


@pytest.mark.requirement("1.6 TC_008_CS")
@pytest.mark.requirement("1.6 TC_008_2_CS")
async def test_a_listed_card_is_started_remotely_without_a_question(station: Station) -> None:
    await station.configure(LocalPreAuthorize=True, AuthorizationCacheEnabled=False, AuthorizeRemoteTxRequests=True)
    assert await sends(station, 1, "Full", **{TAG: ACCEPTED}) == "Accepted"
    assert await station.answers("RemoteStartTransaction", connectorId=1, idTag=TAG) == "Accepted"
    await station.reports("Preparing")
    await station.box.plug()
    await station.box.charge()
    await station.sends("StartTransaction", connectorId=1, idTag=TAG)
    await station.reports("Charging")
    await station.settle()
    assert sorted(station.told()) == ["Charging", "Preparing", "StartTransaction"]


async def test_the_list_is_heard_before_the_cache(station: Station) -> None:
    """While the central system is away, a card it once accepted and has blocked by list since stays out."""
    await station.knows(TAG)
    assert await sends(station, 1, "Full", **{TAG: BLOCKED}) == "Accepted"
    await station.configure(AllowOfflineTxForUnknownId=True)
    async with station.offline():
        decision = await station.box.tap(TAG)
    assert (decision.led, decision.reason) == ("red", "rejected")


async def test_the_list_outlives_a_power_cut(tmp_path: Path) -> None:
    """The cards and their version: both are as the central system left them."""
    async with bench(tmp_path) as lab:
        station = lab.station
        await lab.process.start()
        await station.configure(LocalPreAuthorize=True, AuthorizationCacheEnabled=False)
        assert await sends(station, 7, "Full", **{TAG: ACCEPTED}) == "Accepted"
        await lab.loses_power()
        await station.settle()
        assert await version(station) == 7
        await starts_unasked(station, TAG)
