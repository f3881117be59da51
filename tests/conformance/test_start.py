"""OCPP 1.6: how a session begins by a card, and how it does not."""

import pytest

from tests.conformance.laboratory import STRANGER, TAG, Station

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.requirement("1.6 TC_003_CS")
async def test_plug_then_card(station: Station) -> None:
    """Plug in, then hold the card to the reader: the card is asked about, and the session starts."""
    box = station.box
    await box.plug()
    await station.reports("Preparing")
    assert (await box.tap(TAG)).led == "green"
    await box.charge()
    start = await station.sends("StartTransaction", connectorId=1, idTag=TAG, meterStart=box.register_wh)
    await station.reports("Charging")
    assert start.answer is not None
    assert station.told()[:2] == ["Preparing", "Authorize"]
    assert sorted(station.told()[2:]) == ["Charging", "StartTransaction"]
    assert station.sent("Authorize")[0].payload == {"idTag": TAG}


@pytest.mark.requirement("1.6 TC_004_1_CS")
async def test_card_then_plug(station: Station) -> None:
    """Hold the card to the reader, then plug in: between the two the connector is no longer Available."""
    box = station.box
    assert (await box.tap(TAG)).led == "green"
    await station.reports("Preparing")
    assert sorted(station.told()) == ["Authorize", "Preparing"]
    station.mark()
    await box.plug()
    await box.charge()
    await station.sends("StartTransaction", connectorId=1, idTag=TAG)
    await station.reports("Charging")
    assert sorted(station.told()) == ["Charging", "StartTransaction"]


@pytest.mark.requirement("1.6 TC_004_2_CS")
async def test_card_without_plug_lapses(station: Station) -> None:
    """Nobody plugs in within ConnectionTimeOut: the connector is Available again, and a vehicle that comes later is not charged."""
    await station.configure(ConnectionTimeOut=1)
    assert (await station.box.tap(TAG)).led == "green"
    preparing = await station.reports("Preparing")
    available = await station.reports("Available")
    assert available.frame.at_ms - preparing.frame.at_ms >= 900
    await station.box.plug()
    await station.reports("Preparing", count=2)
    await station.settle()
    assert sorted(station.told()[:2]) == ["Authorize", "Preparing"]
    assert station.told()[2:] == ["Available", "Preparing"]
    assert True not in station.box.enabled_history


@pytest.mark.requirement("1.6 TC_023_CS")
@pytest.mark.requirement("1.6 TC_023_4_CS")
async def test_invalid_card_starts_nothing(station: Station) -> None:
    """The central system does not know the card: red, and neither a transaction nor energy."""
    await station.box.plug()
    await station.reports("Preparing")
    assert (await station.box.tap(STRANGER)).led == "red"
    await station.settle()
    assert station.told() == ["Preparing", "Authorize"]
    answer = station.sent("Authorize", idTag=STRANGER)[0].answer
    assert answer == {"idTagInfo": {"status": "Invalid"}}
    assert True not in station.box.enabled_history


@pytest.mark.requirement("1.6 TC_024_CS")
@pytest.mark.parametrize("at_once", [False, True], ids=["fault-then-plug", "both-in-one-message"])
async def test_lock_failure_starts_nothing(station: Station, at_once: bool) -> None:
    """The cable is only half plugged and can't be locked: Faulted with ConnectorLockFailure, and no transaction."""
    box = station.box
    assert (await box.tap(TAG)).led == "green"
    await station.reports("Preparing")
    if at_once:
        await box.say("state", '{"plugged": true, "fault": "ConnectorLockFailure"}')
    else:
        await box.break_down("ConnectorLockFailure")
        await box.plug()
    faulted = await station.reports("Faulted")
    await station.settle()
    assert faulted.payload["errorCode"] == "ConnectorLockFailure"
    assert sorted(station.told()) == ["Authorize", "Faulted", "Preparing"]
    assert True not in box.enabled_history


@pytest.mark.requirement("1.6 TC_007_1_CS")
@pytest.mark.parametrize("plug_first", [False, True], ids=["card-first", "plug-first"])
async def test_cached_card_starts_without_a_question(station: Station, plug_first: bool) -> None:
    """With LocalPreAuthorize a card that was accepted before is not asked about again."""
    await station.knows(TAG)
    await station.configure(LocalPreAuthorize=True)
    if plug_first:
        await station.box.plug()
        await station.reports("Preparing")
    decision = await station.box.tap(TAG)
    await station.reports("Preparing")
    if not plug_first:
        await station.box.plug()
    await station.box.charge()
    await station.sends("StartTransaction", idTag=TAG)
    await station.reports("Charging")
    await station.settle()
    assert (decision.led, decision.authority) == ("green", "ocpp")
    assert station.told()[0] == "Preparing"
    assert sorted(station.told()[1:]) == ["Charging", "StartTransaction"]


@pytest.mark.requirement("1.6 TC_061_CS")
@pytest.mark.requirement("1.6 TC_061_1_CS")
async def test_a_cleared_cache_has_forgotten_the_card(station: Station) -> None:
    """After ClearCache the card that needed no question is asked about again."""
    await station.knows(TAG)
    await station.configure(LocalPreAuthorize=True)
    assert await station.answers("ClearCache") == "Accepted"
    await station.plugs()
    assert (await station.box.tap(TAG)).led == "green"
    await station.sends("StartTransaction", idTag=TAG)
    assert station.told()[:2] == ["Authorize", "StartTransaction"]
    assert station.sent("Authorize")[0].payload == {"idTag": TAG}
