"""OCPP 2.0.1, block F: transactions that the central system starts and stops, and the cable."""

from typing import Any

import pytest

from tests.conformance.laboratory import STRANGER, TAG
from tests.conformance.laboratory201 import Station201, token
from tests.peers.journal import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = pytest.mark.parametrize("asked", [True, False], ids=["authorize", "no-authorize"])
"""AuthCtrlr.AuthorizeRemoteStart."""
REMOTE_ID = 4711


async def start(station: Station201, tag: str = TAG, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's field
    """RequestStartTransaction on EVSE 1."""
    return await station.call("RequestStartTransaction", **{"evseId": 1, "remoteStartId": REMOTE_ID, "idToken": token(tag), **fields})


async def remotely_started(station: Station201) -> Call:
    """A TransactionEvent tells that the central system started it; waits for it."""
    return await station.sends(
        "TransactionEvent",
        triggerReason="RemoteStart",
        transactionInfo={"remoteStartId": REMOTE_ID},
        idToken={"idToken": TAG},
    )


# --- start ------------------------------------------------------------------------------------------------------------------------


@ASKED
@pytest.mark.requirement("2.0.1 TC_F_01_CS")
@pytest.mark.parametrize("start_point", ["PowerPathClosed", "EVConnected"])
async def test_remote_start_of_a_plugged_vehicle(station201: Station201, asked: bool, start_point: str) -> None:
    """A transaction that the plug has opened is named in the answer; the next event says RemoteStart, and for whom."""
    await station201.set(**{"AuthCtrlr.AuthorizeRemoteStart": asked})
    await station201.set(**{"TxCtrlr.TxStartPoint": start_point})
    await station201.plugs()
    waiting = [call.payload["transactionInfo"]["transactionId"] for call in station201.csms.calls("TransactionEvent", station201.identity)]
    assert len(waiting) == (1 if start_point == "EVConnected" else 0)
    answer = await start(station201)
    assert (answer["status"], [answer[name] for name in ("transactionId",) if name in answer]) == ("Accepted", waiting)
    event = await remotely_started(station201)
    assert event.payload["eventType"] == ("Updated" if waiting else "Started")
    await station201.box.charge()
    charging = await station201.state("Charging")
    assert charging.payload["transactionInfo"]["transactionId"] == event.payload["transactionInfo"]["transactionId"]
    assert len(station201.sent("Authorize")) == asked


@pytest.mark.requirement("2.0.1 TC_F_02_CS")
async def test_remote_start_before_the_plug(station201: Station201) -> None:
    """With AuthorizeRemoteStart the tag is asked about first; then the vehicle comes."""
    await station201.set(**{"AuthCtrlr.AuthorizeRemoteStart": True})
    await remote_first(station201)
    assert [call.payload["idToken"]["idToken"] for call in station201.sent("Authorize")] == [TAG]


@pytest.mark.requirement("2.0.1 TC_F_03_CS")
async def test_remote_start_before_the_plug_without_a_question(station201: Station201) -> None:
    """Without AuthorizeRemoteStart nobody is asked."""
    await station201.set(**{"AuthCtrlr.AuthorizeRemoteStart": False})
    await remote_first(station201)
    assert not station201.sent("Authorize")


async def remote_first(station: Station201) -> None:
    """Started, then plugged; the connector is occupied with the plug and not before."""
    assert (await start(station))["status"] == "Accepted"
    await station.settle()
    assert not station.sent("StatusNotification")
    await station.box.plug()
    await station.reports("Occupied")
    await remotely_started(station)
    await station.box.charge()
    await station.state("Charging")
    assert [word for word in station.told() if word.startswith("Started")] == ["Started RemoteStart"]


@pytest.mark.requirement("2.0.1 TC_F_04_CS")
@pytest.mark.parametrize("start_point", ["PowerPathClosed", "Authorized"])
async def test_remote_start_without_a_plug_lapses(station201: Station201, start_point: str) -> None:
    """Nobody plugs in within EVConnectionTimeOut: a transaction that is open ends, and the next remote start works."""
    await station201.set(**{"TxCtrlr.TxStartPoint": start_point, "TxCtrlr.TxStopPoint": "Authorized"})
    await station201.set(**{"TxCtrlr.EVConnectionTimeOut": 1})
    assert (await start(station201))["status"] == "Accepted"
    if start_point == "Authorized":
        first = await remotely_started(station201)
        last = await station201.ended(triggerReason="EVConnectTimeout", transactionInfo={"stoppedReason": "Timeout"})
        assert last.payload["transactionInfo"]["transactionId"] == first.payload["transactionInfo"]["transactionId"]
    else:
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Preparing")
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Available")
    await station201.settle()
    assert "Charging" not in str(station201.events())
    assert True not in station201.box.enabled_history
    station201.mark()
    await station201.set(**{"TxCtrlr.EVConnectionTimeOut": 30})
    assert (await start(station201))["status"] == "Accepted"
    await station201.box.plug()
    await remotely_started(station201)
    await station201.box.charge()
    await station201.state("Charging")


async def test_remote_start_of_an_invalid_tag_starts_nothing(station201: Station201) -> None:
    """Accepted only means "will try": the tag is asked about and refused."""
    await station201.plugs()
    assert (await start(station201, STRANGER))["status"] == "Accepted"
    await station201.sends("Authorize", idToken={"idToken": STRANGER})
    await station201.settle()
    assert station201.told() == ["Authorize"]
    assert True not in station201.box.enabled_history


# --- stop -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_F_08_CS")
@pytest.mark.parametrize("stop_point", ["PowerPathClosed", "EVConnected"])
async def test_remote_stop(station201: Station201, stop_point: str) -> None:
    """Accepted, the energy stops, and the last event says why, at once or when the plug is pulled."""
    await station201.set(**{"TxCtrlr.TxStopPoint": stop_point})
    transaction = await station201.charges()
    await station201.box.draw(700)
    assert await station201.answers("RequestStopTransaction", transactionId=transaction) == "Accepted"
    await station201.box.held()
    event = await station201.sends("TransactionEvent", triggerReason="RemoteStop")
    assert event.payload["eventType"] == ("Ended" if stop_point == "PowerPathClosed" else "Updated")
    await station201.box.unplug()
    last = await station201.ended()
    assert last.payload["transactionInfo"]["stoppedReason"] == "Remote"
    [one] = station201.csms.transactions(station201.identity)
    assert one.energy_wh == 700


@pytest.mark.requirement("2.0.1 TC_F_09_CS")
async def test_remote_stop_of_another_transaction_is_rejected(station201: Station201) -> None:
    """It goes on untouched."""
    transaction = await station201.charges()
    for unknown in ("0", "unknown", transaction[:-1]):
        assert await station201.answers("RequestStopTransaction", transactionId=unknown) == "Rejected"
    await station201.settle()
    assert station201.told() == []
    assert station201.box.commands.enabled


# --- the cable --------------------------------------------------------------------------------------------------------------------


async def unlock(station: Station201, connector: int = 1) -> str:
    """UnlockConnector: the status of its answer."""
    return await station.answers("UnlockConnector", evseId=1, connectorId=connector)


@pytest.mark.requirement("2.0.1 TC_F_05_CS")
async def test_a_cable_in_use_is_not_unlocked(station201: Station201) -> None:
    """An authorised transaction goes on, and the wallbox is told nothing."""
    await station201.charges()
    assert await unlock(station201) == "OngoingAuthorizedTransaction"
    await station201.settle()
    assert station201.told() == []
    assert station201.box.orders == []
    assert station201.box.commands.enabled


@pytest.mark.requirement("2.0.1 TC_F_06_CS")
async def test_a_cable_that_hangs_is_unlocked(station201: Station201) -> None:
    """The wallbox is told, and its own word is the answer."""
    await station201.plugs()
    assert await unlock(station201) == "Unlocked"
    await station201.box.ordered("unlock")
    station201.box.order_answer = {"status": "failed"}
    assert await unlock(station201) == "UnlockFailed"


@pytest.mark.requirement("2.0.1 TC_F_07_CS")
async def test_an_empty_socket_is_unlocked_all_the_same(station201: Station201) -> None:
    assert await unlock(station201) == "Unlocked"
    await station201.box.ordered("unlock")


@pytest.mark.requirement("2.0.1 TC_F_10_CS")
async def test_an_unknown_connector_can_not_be_unlocked(station201: Station201) -> None:
    assert await unlock(station201, 999) == "UnknownConnector"
    assert station201.box.orders == []
