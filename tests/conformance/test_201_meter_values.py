"""OCPP 2.0.1, block J: readings at the points of the clock, and those of a transaction's beginning, course and end."""

import json
from base64 import b64decode
from typing import Any

import pytest

from tests.conformance.laboratory201 import Station201, samples
from tests.conformance.times import are_apart, moment_ms
from tests.peers.journal import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENT = "TransactionEvent"
REGISTER, POWER = "Energy.Active.Import.Register", "Power.Active.Import"
BOTH = f"{REGISTER},{POWER}"
CLOCK, PERIODIC, BEGIN, END = "Sample.Clock", "Sample.Periodic", "Transaction.Begin", "Transaction.End"
EVERY_S = 2
OCMF = '{"FV":"1.0","GI":"test","RD":[]}'
SIGNED = f"OCMF|{OCMF}|" + '{"SA":"ECDSA-secp256r1-SHA256","SD":"3045"}'


def told_of(call: Call, context: str) -> dict[int, list[str]]:
    """The measurands of a message with this context, by the time they were taken."""
    found: dict[int, list[str]] = {}
    for value in call.payload.get("meterValue", ()):
        if wanted := [sample["measurand"] for sample in value["sampledValue"] if sample.get("context", PERIODIC) == context]:
            found.setdefault(moment_ms(value["timestamp"]), []).extend(wanted)
    return found


async def only(station: Station201, **variables: Any) -> None:  # noqa: ANN401 - as `Station201.set`
    """All readings are switched off, but these."""
    off = {
        "AlignedDataCtrlr.Interval": 0,
        "AlignedDataCtrlr.TxEndedInterval": 0,
        "SampledDataCtrlr.TxUpdatedInterval": 0,
        "SampledDataCtrlr.TxEndedInterval": 0,
    }
    await station.set(**{name: value for name, value in off.items() if name not in variables})
    await station.set(**variables)
    station.mark()


async def measured(station: Station201, **more: Any) -> None:  # noqa: ANN401 - JSON
    """The meter tells register and power in one message."""
    told = {"energy_wh": station.box.register_wh, "power_w": station.box.power_w, **more}
    await station.topics.publish(f"meter/{station.name}/sample", json.dumps(told))


async def at_points_of_the_clock(station: Station201, action: str, count: int = 3) -> None:
    """So many messages with readings on the grid, that far apart, with what was configured and nothing else."""
    await station.sends(action, count=count)
    told = [told_of(call, CLOCK) for call in station.sent(action)]
    moments = [moment for one in told for moment in one]
    assert are_apart(moments, EVERY_S * 1000)
    assert {moment % (EVERY_S * 1000) for moment in moments} == {0}
    assert all(measurands == [REGISTER, POWER] for one in told for measurands in one.values())
    assert all(sample["location"] == "Outlet" for call in station.sent(action) for sample in samples(call))


@pytest.mark.requirement("2.0.1 TC_J_01_CS")
async def test_aligned_readings_without_a_transaction(station201: Station201) -> None:
    """MeterValues of the EVSE, at each even second."""
    await measured(station201)
    await only(station201, **{"AlignedDataCtrlr.Measurands": BOTH, "AlignedDataCtrlr.Interval": EVERY_S})
    await at_points_of_the_clock(station201, "MeterValues")
    assert set(station201.told()) == {"MeterValues"}
    assert all(call.payload["evseId"] == 1 for call in station201.sent("MeterValues"))


@pytest.mark.requirement("2.0.1 TC_J_02_CS")
async def test_aligned_readings_of_a_transaction(station201: Station201) -> None:
    """TransactionEvents of the running transaction, at each even second."""
    transaction = await station201.charges()
    await measured(station201)
    await only(station201, **{"AlignedDataCtrlr.Measurands": BOTH, "AlignedDataCtrlr.Interval": EVERY_S})
    await at_points_of_the_clock(station201, EVENT)
    assert set(station201.told()) == {"Updated MeterValueClock"}
    assert all(call.payload["transactionInfo"]["transactionId"] == transaction for call in station201.events())


@pytest.mark.requirement("2.0.1 TC_J_03_CS")
async def test_aligned_readings_at_the_end(station201: Station201) -> None:
    """The end of the transaction tells the readings that were collected at the points of the clock."""
    await only(station201, **{"AlignedDataCtrlr.TxEndedMeasurands": REGISTER, "AlignedDataCtrlr.TxEndedInterval": 1})
    await station201.charges()
    await until_later(station201, 3)
    last = await station201.ends()
    told = told_of(last, CLOCK)
    assert len(told) >= 2
    assert are_apart(list(told), 1000)
    assert {moment % 1000 for moment in told} == {0}
    assert all(measurands == [REGISTER] for measurands in told.values())


async def until_later(station: Station201, seconds: int) -> None:
    """Waiting is the point: so many heartbeats, one each second."""
    await station.set(**{"OCPPCommCtrlr.HeartbeatInterval": 1})
    station.mark()
    await station.sends("Heartbeat", count=seconds)


@pytest.mark.requirement("2.0.1 TC_J_06_CS")
async def test_aligned_readings_only_while_nothing_goes_on(station201: Station201) -> None:
    """With SendDuringIdle nothing is told at the points of the clock while a transaction runs."""
    await only(
        station201,
        **{"AlignedDataCtrlr.Measurands": REGISTER, "AlignedDataCtrlr.Interval": 1, "AlignedDataCtrlr.SendDuringIdle": True},
    )
    await station201.sends("MeterValues", count=2)
    await station201.charges()
    await until_later(station201, 3)
    assert station201.sent("MeterValues") == []
    assert station201.events(triggerReason="MeterValueClock") == []
    await station201.ends()
    station201.mark()
    await station201.sends("MeterValues", count=2)


@pytest.mark.requirement("2.0.1 TC_J_07_CS")
async def test_the_reading_at_the_beginning(station201: Station201) -> None:
    """The first event has what is configured for it, with the context Transaction.Begin."""
    await only(station201, **{"SampledDataCtrlr.TxStartedMeasurands": BOTH})
    await measured(station201)
    await station201.box.plug()
    assert (await station201.box.tap("04AABBCC")).led == "green"
    start = await station201.started()
    [measurands] = told_of(start, BEGIN).values()
    assert measurands == [REGISTER, POWER]
    assert {sample["context"] for sample in samples(start)} == {BEGIN}
    [register] = [sample for sample in samples(start) if sample["measurand"] == REGISTER]
    assert register["value"] == station201.box.register_wh
    assert register["unitOfMeasure"]["unit"] == "Wh"


@pytest.mark.requirement("2.0.1 TC_J_09_CS")
async def test_readings_while_it_runs(station201: Station201) -> None:
    """One each second from the beginning on, with what is configured for it."""
    await only(station201, **{"SampledDataCtrlr.TxUpdatedMeasurands": BOTH, "SampledDataCtrlr.TxUpdatedInterval": 1})
    transaction = await station201.charges()
    await measured(station201)
    await station201.sends(EVENT, triggerReason="MeterValuePeriodic", count=4)
    told = station201.events(triggerReason="MeterValuePeriodic")
    moments = [moment for call in told for moment in told_of(call, PERIODIC)]
    assert are_apart(moments, 1000)
    assert all(measurands == [REGISTER, POWER] for call in told[1:] for measurands in told_of(call, PERIODIC).values())
    assert {call.payload["transactionInfo"]["transactionId"] for call in told} == {transaction}
    assert {call.payload["eventType"] for call in told} == {"Updated"}


@pytest.mark.requirement("2.0.1 TC_J_10_CS")
async def test_readings_at_the_end(station201: Station201) -> None:
    """The end tells what was collected each second, and one last reading."""
    await only(station201, **{"SampledDataCtrlr.TxEndedMeasurands": REGISTER, "SampledDataCtrlr.TxEndedInterval": 1})
    await station201.charges()
    await station201.box.draw(1200)
    await until_later(station201, 3)
    last = await station201.ends()
    collected = told_of(last, PERIODIC)
    assert len(collected) >= 2
    assert are_apart(list(collected), 1000)
    assert all(measurands == [REGISTER] for measurands in collected.values())
    [measurands] = told_of(last, END).values()
    assert measurands == [REGISTER]
    [register] = samples(last, context=END)
    assert register["value"] == station201.box.register_wh
    registers = [sample["value"] for sample in samples(last) if sample["measurand"] == REGISTER]
    assert registers == sorted(registers), "told in the order they were taken"


def signatures(call: Call, context: str) -> list[str]:
    """The signed data of a message, as the meter told it."""
    signed = [sample.get("signedMeterValue") for sample in samples(call, context=context)]
    assert all(one is None or {"signingMethod", "encodingMethod", "publicKey"} <= one.keys() for one in signed)
    return [b64decode(one["signedMeterData"]).decode() for one in signed if one is not None]


async def signs(station: Station201, call: str) -> Call:
    """The meter signs a reading, and the next such event brings it."""
    await measured(station, signed=SIGNED)
    await station.topics.ask("status", charge_point=station.name)
    station.mark()
    return await station.sends(EVENT, triggerReason=call)


@pytest.mark.requirement("2.0.1 TC_J_04_CS")
async def test_signed_readings_of_the_clock(station201: Station201) -> None:
    """What the meter has signed is passed on byte for byte, while it runs and in the readings that are collected for the end."""
    await station201.charges()
    await only(station201, **{"AlignedDataCtrlr.Measurands": REGISTER, "AlignedDataCtrlr.Interval": 1})
    assert signatures(await signs(station201, "MeterValueClock"), CLOCK) == [SIGNED]
    await only(station201, **{"AlignedDataCtrlr.TxEndedMeasurands": REGISTER, "AlignedDataCtrlr.TxEndedInterval": 1})
    await measured(station201, signed=SIGNED)
    await until_later(station201, 2)
    assert signatures(await station201.ends(), CLOCK) == [SIGNED]


@pytest.mark.requirement("2.0.1 TC_J_11_CS")
async def test_signed_readings_of_a_transaction(station201: Station201) -> None:
    """Beginning, course and end: what the meter has signed is passed on byte for byte."""
    await only(
        station201,
        **{
            "SampledDataCtrlr.TxUpdatedMeasurands": REGISTER,
            "SampledDataCtrlr.TxUpdatedInterval": 1,
            "SampledDataCtrlr.TxEndedMeasurands": REGISTER,
        },
    )
    await measured(station201, signed=SIGNED)
    await station201.topics.ask("status", charge_point=station201.name)
    await station201.box.plug(metered=False)
    assert (await station201.box.tap("04AABBCC")).led == "green"
    assert signatures(await station201.started(), BEGIN) == [SIGNED]
    assert signatures(await signs(station201, "MeterValuePeriodic"), PERIODIC) == [SIGNED]
    await only(station201)
    await measured(station201, signed=SIGNED)
    await station201.topics.ask("status", charge_point=station201.name)
    await station201.box.unplug(metered=False)
    assert signatures(await station201.ended(), END) == [SIGNED]
