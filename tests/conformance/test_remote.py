"""OCPP 1.6: sessions that the central system starts and stops."""

import pytest

from tests.conformance.laboratory import STRANGER, TAG, Station

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = pytest.mark.parametrize("asked", [True, False], ids=["authorize", "no-authorize"])
"""AuthorizeRemoteTxRequests."""


async def started(station: Station, tag: str = TAG) -> str:
    """RemoteStartTransaction on connector 1: the status of its answer."""
    return await station.answers("RemoteStartTransaction", connectorId=1, idTag=tag)


@ASKED
@pytest.mark.requirement("1.6 TC_010_CS")
async def test_remote_start_of_a_plugged_vehicle(station: Station, asked: bool) -> None:
    """The vehicle is plugged; the central system starts it. The tag is asked about only if AuthorizeRemoteTxRequests says so."""
    await station.configure(AuthorizeRemoteTxRequests=asked)
    await station.plugs()
    assert await started(station) == "Accepted"
    await station.box.charge()
    await station.sends("StartTransaction", connectorId=1, idTag=TAG)
    await station.reports("Charging")
    told = station.told()
    assert sorted(told) == ["Authorize"] * asked + ["Charging", "StartTransaction"]
    assert [call.payload for call in station.sent("Authorize")] == [{"idTag": TAG}] * asked
    assert told[0] == ("Authorize" if asked else "StartTransaction")


@ASKED
@pytest.mark.requirement("1.6 TC_011_1_CS")
async def test_remote_start_before_the_plug(station: Station, asked: bool) -> None:
    """The central system starts, then the vehicle is plugged: only now the transaction begins."""
    await station.configure(AuthorizeRemoteTxRequests=asked)
    assert await started(station) == "Accepted"
    await station.reports("Preparing")
    await station.settle()
    assert sorted(station.told()) == ["Authorize"] * asked + ["Preparing"]
    station.mark()
    await station.box.plug()
    await station.box.charge()
    await station.sends("StartTransaction", connectorId=1, idTag=TAG)
    await station.reports("Charging")
    assert station.told() == ["StartTransaction", "Charging"]


@ASKED
@pytest.mark.requirement("1.6 TC_011_2_CS")
async def test_remote_start_without_a_plug_lapses(station: Station, asked: bool) -> None:
    """Nobody plugs in within ConnectionTimeOut: Available again, and no transaction."""
    await station.configure(AuthorizeRemoteTxRequests=asked, ConnectionTimeOut=1)
    assert await started(station) == "Accepted"
    preparing = await station.reports("Preparing")
    available = await station.reports("Available")
    assert available.frame.at_ms - preparing.frame.at_ms >= 900
    await station.box.plug()
    await station.reports("Preparing", count=2)
    await station.settle()
    assert station.told() == ["Authorize"] * asked + ["Preparing", "Available", "Preparing"]
    assert True not in station.box.enabled_history


@pytest.mark.requirement("1.6 TC_012_CS")
async def test_remote_stop(station: Station) -> None:
    """The central system stops: energy off, and the transaction ends with the reason Remote."""
    transaction = await station.charges()
    await station.box.draw(700)
    assert await station.answers("RemoteStopTransaction", transactionId=transaction) == "Accepted"
    await station.box.held()
    stop = await station.sends("StopTransaction", transactionId=transaction, reason="Remote")
    await station.reports("Finishing")
    assert stop.payload["meterStop"] == station.box.register_wh
    assert sorted(station.told()) == ["Finishing", "StopTransaction"]


@pytest.mark.requirement("1.6 TC_026_CS")
async def test_remote_start_of_an_occupied_connector_is_rejected(station: Station) -> None:
    """A session runs: a second one is Rejected, and the first goes on."""
    await station.charges()
    assert await started(station) == "Rejected"
    await station.settle()
    assert station.told() == []
    assert station.box.commands.enabled


@pytest.mark.requirement("1.6 TC_027_CS")
async def test_remote_start_of_connector_0_is_rejected(station: Station) -> None:
    """Connector 0 is the station as a whole: nothing can be charged there."""
    await station.plugs()
    assert await station.answers("RemoteStartTransaction", connectorId=0, idTag=TAG) == "Rejected"
    await station.settle()
    assert station.told() == []


@pytest.mark.requirement("1.6 TC_028_CS")
async def test_remote_stop_of_an_unknown_transaction_is_rejected(station: Station) -> None:
    """Another id than the running transaction's: Rejected, and the session is untouched until the right one comes."""
    transaction = await station.charges()
    for unknown in (transaction + 1000, 0, -1):
        assert await station.answers("RemoteStopTransaction", transactionId=unknown) == "Rejected"
    await station.settle()
    assert station.told() == []
    assert station.box.commands.enabled
    assert await station.answers("RemoteStopTransaction", transactionId=transaction) == "Accepted"


@pytest.mark.requirement("1.6 TC_023_5_CS")
async def test_remote_start_of_an_invalid_tag_starts_nothing(station: Station) -> None:
    """Accepted only means "will try": the tag is asked about and refused, and no transaction follows."""
    await station.configure(AuthorizeRemoteTxRequests=True)
    await station.plugs()
    assert await started(station, STRANGER) == "Accepted"
    refused = await station.sends("Authorize", idTag=STRANGER)
    await station.settle()
    assert refused.answer == {"idTagInfo": {"status": "Invalid"}}
    assert station.told() == ["Authorize"]
    assert True not in station.box.enabled_history


@pytest.mark.requirement("1.6 TC_007_CS")
async def test_remote_start_of_a_cached_tag_of_a_plugged_vehicle(station: Station) -> None:
    """With LocalPreAuthorize a tag that was accepted before starts without a question, remotely as well."""
    await station.knows(TAG)
    await station.configure(LocalPreAuthorize=True, AuthorizeRemoteTxRequests=True)
    await station.plugs()
    assert await started(station) == "Accepted"
    await station.box.charge()
    await station.sends("StartTransaction", idTag=TAG)
    await station.reports("Charging")
    await station.settle()
    assert sorted(station.told()) == ["Charging", "StartTransaction"]


@pytest.mark.requirement("1.6 TC_007_2_CS")
async def test_remote_start_of_a_cached_tag_before_the_plug(station: Station) -> None:
    """The same, and the vehicle comes afterwards."""
    await station.knows(TAG)
    await station.configure(LocalPreAuthorize=True, AuthorizeRemoteTxRequests=True)
    assert await started(station) == "Accepted"
    await station.reports("Preparing")
    await station.box.plug()
    await station.box.charge()
    await station.sends("StartTransaction", idTag=TAG)
    await station.reports("Charging")
    await station.settle()
    assert station.told() == ["Preparing", "StartTransaction", "Charging"]


@pytest.mark.requirement("1.6 TC_061_2_CS")
async def test_a_cleared_cache_has_forgotten_the_remote_tag(station: Station) -> None:
    """After ClearCache a remote start asks about the tag again."""
    await station.knows(TAG)
    await station.configure(LocalPreAuthorize=True, AuthorizeRemoteTxRequests=True)
    assert await station.answers("ClearCache") == "Accepted"
    await station.plugs()
    assert await started(station) == "Accepted"
    await station.sends("StartTransaction", idTag=TAG)
    assert station.told()[:2] == ["Authorize", "StartTransaction"]
