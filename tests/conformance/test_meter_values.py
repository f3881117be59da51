"""OCPP 1.6: MeterValues during a transaction, every so often and at the points of the clock."""

import json
from typing import Any

import pytest

from tests.conformance.laboratory import Station
from tests.conformance.times import are_apart, measured_ms
from tests.peers.journal import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

REGISTER = "Energy.Active.Import.Register"
MEASURANDS = {
    "": [(REGISTER, None, "Wh")],
    f"{REGISTER},Power.Active.Import": [(REGISTER, None, "Wh"), ("Power.Active.Import", None, "W")],
    "Power.Active.Import,Current.Import,Voltage": [
        ("Power.Active.Import", None, "W"),
        *(("Current.Import", phase, "A") for phase in ("L1", "L2", "L3")),
        *(("Voltage", f"{phase}-N", "V") for phase in ("L1", "L2", "L3")),
    ],
}
"""MeterValuesSampledData, and one value for each: measurand, phase, unit."""
MEASURED = {"power_w": 11_000.5, "current_a": [16, 15.9, 15.8], "voltage_v": [230, 231, 229.5]}


def values_of(call: Call) -> list[dict[str, Any]]:
    """The values of a message that has one point in time."""
    [point] = call.payload["meterValue"]
    values: list[dict[str, Any]] = point["sampledValue"]
    return values


async def measured(station: Station) -> None:
    """The meter tells everything it can."""
    await station.topics.publish(f"meter/{station.name}/sample", json.dumps({"energy_wh": station.box.register_wh, **MEASURED}))


@pytest.mark.requirement("1.6 TC_070_CS")
@pytest.mark.parametrize("wanted", MEASURANDS, ids=["default", "two", "phases"])
async def test_sampled_meter_values(station: Station, wanted: str) -> None:
    """A reading each second from the start of the transaction on, exactly a second apart, with what was configured and nothing else."""
    await station.configure(MeterValueSampleInterval=1, ClockAlignedDataInterval=0, MeterValuesSampledData=wanted)
    station.mark()
    transaction = await station.charges()
    await measured(station)
    # the first one after the meter has told everything, and two more
    await station.sends("MeterValues", count=4)
    sent = station.sent("MeterValues")
    assert are_apart(measured_ms(sent), 1000)
    for call in sent[1:]:
        values = values_of(call)
        assert (call.payload["connectorId"], call.payload["transactionId"]) == (1, transaction)
        assert [(value["measurand"], value.get("phase"), value["unit"]) for value in values] == MEASURANDS[wanted]
        assert {value["context"] for value in values} == {"Sample.Periodic"}
    assert set(station.told()) == {"MeterValues"}


@pytest.mark.requirement("1.6 TC_071_CS")
async def test_clock_aligned_meter_values(station: Station) -> None:
    """A reading at each even second of the clock, whenever the transaction began."""
    measurands = f"{REGISTER},Power.Active.Import"
    await station.configure(MeterValueSampleInterval=0, MeterValuesAlignedData=measurands)
    transaction = await station.charges()
    await measured(station)
    await station.configure(ClockAlignedDataInterval=2)
    station.mark()
    await station.sends("MeterValues", count=3)
    sent = station.sent("MeterValues")
    assert are_apart(measured_ms(sent), 2000)
    assert {moment_ms % 2000 for moment_ms in measured_ms(sent)} == {0}
    for call in sent:
        values = values_of(call)
        assert (call.payload["connectorId"], call.payload["transactionId"]) == (1, transaction)
        assert [value["measurand"] for value in values] == [REGISTER, "Power.Active.Import"]
        assert {value["context"] for value in values} == {"Sample.Clock"}
    assert set(station.told()) == {"MeterValues"}
