"""OCPP 1.6: sessions while the central system is away, and what it is told on its return."""

import time

import pytest

from tests.conformance.laboratory import STRANGER, TAG, Station, transaction_of
from tests.conformance.times import are_apart, measured_ms, moment_ms
from tests.peers.journal import Call
from tests.peers.strict_csms import INVALID

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUND = "0 Available"
"""After a reconnect the status of the station as a whole is told, too."""


async def charges_offline(station: Station, tag: str) -> None:
    """A card, a plug, a vehicle that draws; nobody to ask."""
    assert (await station.box.tap(tag)).led == "green"
    await station.box.plug()
    await station.box.charge()
    await station.topics.shows(f"charge_point/{station.name}/status", "Charging")


def connector_statuses(station: Station) -> list[str]:
    """Of connector 1, since the mark."""
    return [call.payload["status"] for call in station.sent("StatusNotification", connectorId=1)]


def before(station: Station, first: Call, second: Call) -> bool:
    """Which of two messages came first."""
    numbers = [call.frame for call in station.sent(first.action) + station.sent(second.action)]
    assert first.frame in numbers
    return station.csms.frames.index(first.frame) < station.csms.frames.index(second.frame)


@pytest.mark.requirement("1.6 TC_036_CS")
async def test_readings_of_an_outage_arrive_in_order(station: Station) -> None:
    """The link breaks during a session for more than three readings: all are there afterwards, each a second apart, the oldest first."""
    await station.configure(MeterValueSampleInterval=1)
    transaction = await station.charges()
    await station.sends("MeterValues")
    async with station.offline():
        await station.topics.shows(f"charge_point/{station.name}/ocpp/queue", "3")
    returned_ms = station.sent("StatusNotification")[0].frame.at_ms
    told = len(station.sent("MeterValues"))
    await station.sends("MeterValues", count=told + 2)
    sent = station.sent("MeterValues", transactionId=transaction)
    moments_ms = measured_ms(sent)
    assert are_apart(moments_ms, 1000)
    assert sum(moment < returned_ms for moment in moments_ms) >= 3
    assert moments_ms[-1] > returned_ms
    assert len(station.sent("MeterValues")) == len(sent)


@pytest.mark.requirement("1.6 TC_037_1_CS")
@pytest.mark.parametrize("cached", [True, False], ids=["LocalAuthorizeOffline", "AllowOfflineTxForUnknownId"])
async def test_offline_start(station: Station, cached: bool) -> None:
    """A card known from before, or any card where that is allowed, starts a session; it is told on return with the time it began."""
    if cached:
        await station.knows(TAG)
    await station.configure(LocalAuthorizeOffline=cached, AllowOfflineTxForUnknownId=not cached)
    async with station.offline():
        began_ms = time.time_ns() // 1_000_000
        await charges_offline(station, TAG)
        charging_ms = time.time_ns() // 1_000_000
    start = await station.sends("StartTransaction", connectorId=1, idTag=TAG)
    await station.reports("Charging")
    await station.settle()
    assert began_ms <= moment_ms(start.payload["timestamp"]) <= charging_ms <= start.frame.at_ms
    assert start.answer is not None
    assert start.answer["idTagInfo"]["status"] == "Accepted"
    assert sorted(station.told()) == [ROUND, "Charging", "StartTransaction"]
    assert station.box.commands.enabled


@pytest.mark.requirement("1.6 TC_037_2_CS")
async def test_offline_start_that_turns_out_invalid_is_suspended(station: Station) -> None:
    """With StopTransactionOnInvalidId false the energy stops and the transaction stays open; older states are not told afterwards."""
    await station.configure(AllowOfflineTxForUnknownId=True, StopTransactionOnInvalidId=False, MaxEnergyOnInvalidId=0)
    async with station.offline():
        await charges_offline(station, STRANGER)
    start = await station.sends("StartTransaction", idTag=STRANGER)
    await station.box.held()
    await station.reports("SuspendedEVSE")
    await station.settle()
    assert start.answer is not None
    assert start.answer["idTagInfo"] == INVALID
    assert connector_statuses(station) == ["Charging", "SuspendedEVSE"]
    assert sorted(station.told()) == [ROUND, "Charging", "StartTransaction", "SuspendedEVSE"]
    station.mark()
    await station.box.unplug()
    await station.sends("StopTransaction", transactionId=transaction_of(start), reason="EVDisconnected")


@pytest.mark.requirement("1.6 TC_037_3_CS")
async def test_offline_start_that_turns_out_invalid_is_stopped(station: Station) -> None:
    """With StopTransactionOnInvalidId true the transaction ends, DeAuthorized, and the energy with it."""
    await station.configure(AllowOfflineTxForUnknownId=True, StopTransactionOnInvalidId=True)
    async with station.offline():
        await charges_offline(station, STRANGER)
    start = await station.sends("StartTransaction", idTag=STRANGER)
    await station.box.held()
    stop = await station.sends("StopTransaction", transactionId=transaction_of(start), reason="DeAuthorized")
    await station.reports("Finishing")
    await station.settle()
    assert start.answer is not None
    assert start.answer["idTagInfo"] == INVALID
    assert connector_statuses(station) == ["Charging", "Finishing"]
    assert before(station, start, stop)
    assert sorted(station.told()) == [ROUND, "Charging", "Finishing", "StartTransaction", "StopTransaction"]


@pytest.mark.requirement("1.6 TC_038_CS")
async def test_offline_stop(station: Station) -> None:
    """The card ends the session while the central system is away: on return it hears of the end, and that the vehicle is still there."""
    await station.plugs()
    assert await station.answers("RemoteStartTransaction", connectorId=1, idTag=TAG) == "Accepted"
    await station.box.charge()
    start = await station.sends("StartTransaction", idTag=TAG)
    await station.reports("Charging")
    async with station.offline():
        await station.box.draw(900)
        assert (await station.box.tap(TAG)).reason == "stopped"
        await station.box.held()
        await station.topics.shows(f"charge_point/{station.name}/ocpp/queue", "1")
        stopped_ms = time.time_ns() // 1_000_000
    stop = await station.sends("StopTransaction", transactionId=transaction_of(start))
    await station.reports("Finishing")
    await station.settle()
    assert stop.payload.get("reason", "Local") == "Local"
    assert stop.payload["meterStop"] == station.box.register_wh
    assert moment_ms(stop.payload["timestamp"]) <= stopped_ms
    assert sorted(station.told()) == [ROUND, "Finishing", "StopTransaction"]


@pytest.mark.requirement("1.6 TC_039_CS")
@pytest.mark.parametrize("given", [4711, 0])
async def test_offline_transaction(station: Station, given: int) -> None:
    """Begun and ended while the central system is away: the end carries the id that the late answer to the start gave, 0 included."""
    await station.knows(TAG)
    answer = {"transactionId": given}
    await station.csms.answer("StartTransaction", answer, identity=station.identity, merge=True, times=1)
    async with station.offline():
        await charges_offline(station, TAG)
        await station.box.draw(2500)
        # the reader ignores the same card within two seconds; somebody else's comes between
        assert (await station.box.tap(STRANGER)).reason == "occupied"
        assert (await station.box.tap(TAG)).reason == "stopped"
        await station.box.unplug()
        await station.topics.shows(f"charge_point/{station.name}/status", "Available")
    start = await station.sends("StartTransaction", idTag=TAG)
    stop = await station.sends("StopTransaction")
    await station.settle()
    assert transaction_of(start) == given
    assert stop.payload["transactionId"] == given
    assert stop.payload.get("reason", "Local") == "Local"
    assert stop.payload["meterStop"] - start.payload["meterStart"] == 2500
    assert moment_ms(start.payload["timestamp"]) <= moment_ms(stop.payload["timestamp"]) <= start.frame.at_ms
    assert before(station, start, stop)
    assert sorted(station.told()) == [ROUND, "Available", "StartTransaction", "StopTransaction"]
