"""OCPP 2.0.1, block N: variables that are watched, and what is told of them."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.laboratory201 import Station201, bench201, named
from tests.conformance.times import gaps_ms, moment_ms
from tests.peers.journal import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATE, POWER, THRESHOLD = "EVSE@1.AvailabilityState", "EVSE@1.Power", "OCPPCommCtrlr.OfflineThreshold"
PROBLEM = "Connector@1.1.Problem"
DELTA, UPPER, LOWER, PERIODIC = "Delta", "UpperThreshold", "LowerThreshold", "Periodic"
SEVERITY = 5
CRITERIA = {"ThresholdMonitoring": {UPPER, LOWER}, "DeltaMonitoring": {DELTA}, "PeriodicMonitoring": {PERIODIC}}
SLACK_MS = 400
"""Around a period of seconds, of two busy processes."""


def wanted(name: str, kind: str, value: float, *, severity: int = SEVERITY, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's
    """An element of SetVariableMonitoring."""
    return {**named(name), "type": kind, "value": value, "severity": severity, **fields}


async def set_all(station: Station201, *monitors: dict[str, Any]) -> list[dict[str, Any]]:
    """SetVariableMonitoring: one result for each, with the names as they were told."""
    results: list[dict[str, Any]] = (await station.call("SetVariableMonitoring", setMonitoringData=list(monitors)))["setMonitoringResult"]
    for result, monitor in zip(results, monitors, strict=True):
        assert all(result[name] == monitor[name] for name in ("type", "severity", "component", "variable"))
        assert ("id" in result) == (result["status"] == "Accepted")
    return results


async def watch(station: Station201, name: str, kind: str, value: float, **fields: Any) -> int:  # noqa: ANN401 - a payload's field
    """A monitor, which must be Accepted: its id."""
    [result] = await set_all(station, wanted(name, kind, value, **fields))
    assert result["status"] == "Accepted", result
    number: int = result["id"]
    return number


async def refused(station: Station201, name: str, kind: str, value: float, **fields: Any) -> str:  # noqa: ANN401 - a payload's field
    """The status of a monitor that is not accepted."""
    [result] = await set_all(station, wanted(name, kind, value, **fields))
    status: str = result["status"]
    return status


def reported(parts: Sequence[Call]) -> dict[int, tuple[str, str, float, int]]:
    """Variable, kind, value and severity of the monitors in a report, by their ids."""
    assert [part.payload["seqNo"] for part in parts] == list(range(len(parts)))
    return {
        monitor["id"]: (entry["variable"]["name"], monitor["type"], monitor["value"], monitor["severity"])
        for part in parts
        for entry in part.payload.get("monitor", ())
        for monitor in entry["variableMonitoring"]
    }


async def monitors(station: Station201, **which: Any) -> dict[int, tuple[str, str, float, int]]:  # noqa: ANN401 - a payload's field
    """Those a report tells of; none: EmptyResultSet."""
    request = next(station.numbers)
    station.mark()
    status = await station.answers("GetMonitoringReport", requestId=request, **which)
    if status == "EmptyResultSet":
        return {}
    assert status == "Accepted"
    return reported(await station.parts("NotifyMonitoringReport", requestId=request))


def events(station: Station201, monitor: int) -> list[dict[str, Any]]:
    """What has been told of a monitor since the mark."""
    told = [event for call in station.sent("NotifyEvent") for event in call.payload["eventData"]]
    return [event for event in told if event.get("variableMonitoringId") == monitor]


async def told(station: Station201, monitor: int, *, count: int = 1) -> dict[str, Any]:
    """The `count`-th event of a monitor since the mark; waits for it."""
    for number in itertools.count(1):
        if len(found := events(station, monitor)) >= count:
            return found[count - 1]
        await station.sends("NotifyEvent", count=number)
    raise AssertionError


async def cleared(station: Station201, *ids: int) -> list[str]:
    """ClearVariableMonitoring: the status of each."""
    results = (await station.call("ClearVariableMonitoring", id=list(ids)))["clearMonitoringResult"]
    assert [result["id"] for result in results] == list(ids)
    return [result["status"] for result in results]


# --- setting ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_N_08_CS")
@pytest.mark.requirement("2.0.1 TC_N_02_CS")
async def test_a_monitor_is_set_and_reported(station201: Station201) -> None:
    """With the id it was given; a report about its variable tells of it."""
    number = await watch(station201, STATE, DELTA, 1)
    assert (await monitors(station201, componentVariable=[named(STATE)]))[number] == ("AvailabilityState", DELTA, 1, SEVERITY)
    assert await monitors(station201, componentVariable=[named(THRESHOLD)]) == {}


@pytest.mark.requirement("2.0.1 TC_N_09_CS")
@pytest.mark.requirement("2.0.1 TC_N_10_CS")
@pytest.mark.requirement("2.0.1 TC_N_47_CS")
async def test_several_monitors_are_set_and_reported(station201: Station201) -> None:
    """On several variables and on the same one; a report without a filter tells of all of them."""
    results = await set_all(station201, wanted(STATE, DELTA, 1), wanted(POWER, UPPER, 9000), wanted(POWER, LOWER, 100))
    assert [result["status"] for result in results] == ["Accepted"] * 3
    everything = await monitors(station201)
    assert {result["id"] for result in results} <= everything.keys()
    of_power = await monitors(station201, componentVariable=[named(POWER)])
    assert of_power == {number: everything[number] for number in (result["id"] for result in results[1:])}


@pytest.mark.requirement("2.0.1 TC_N_01_CS")
@pytest.mark.requirement("2.0.1 TC_N_03_CS")
async def test_monitors_are_reported_by_their_kind(station201: Station201) -> None:
    """Thresholds, deltas, periods: alone, and together with a variable."""
    await set_all(station201, wanted(POWER, UPPER, 9000), wanted(POWER, DELTA, 500), wanted(STATE, PERIODIC, 600))
    for criterion, kinds in CRITERIA.items():
        found = await monitors(station201, monitoringCriteria=[criterion])
        assert {kind for _, kind, _, _ in found.values()} <= kinds
        assert found
    both = await monitors(station201, monitoringCriteria=["ThresholdMonitoring"], componentVariable=[named(POWER)])
    assert [kind for _, kind, _, _ in both.values()] == [UPPER]
    assert await monitors(station201, monitoringCriteria=["PeriodicMonitoring"], componentVariable=[named(POWER)]) == {}


@pytest.mark.requirement("2.0.1 TC_N_11_CS")
@pytest.mark.requirement("2.0.1 TC_N_37_CS")
async def test_what_is_not_there_is_not_watched(station201: Station201) -> None:
    """Neither a component nor a variable that is unknown."""
    assert await refused(station201, "EVSE@7.AvailabilityState", DELTA, 1) in {"UnknownComponent", "Rejected"}
    assert await refused(station201, "Nobody.AvailabilityState", DELTA, 1) == "UnknownComponent"
    assert await refused(station201, "EVSE@1.Nothing", DELTA, 1) == "UnknownVariable"


@pytest.mark.requirement("2.0.1 TC_N_12_CS")
@pytest.mark.requirement("2.0.1 TC_N_13_CS")
async def test_what_is_out_of_range_is_not_watched(station201: Station201) -> None:
    """A change that is negative, a threshold that is never reached."""
    before = await monitors(station201)
    assert await refused(station201, POWER, DELTA, -1) == "Rejected"
    assert await refused(station201, POWER, UPPER, 999_999) == "Rejected"
    assert await monitors(station201) == before


@pytest.mark.requirement("2.0.1 TC_N_43_CS")
async def test_one_bad_monitor_spoils_no_other(station201: Station201) -> None:
    """The first and the third are in force, the second is not."""
    results = await set_all(station201, wanted(STATE, DELTA, 1), wanted(POWER, UPPER, 999_999), wanted(POWER, UPPER, 9000))
    assert [result["status"] for result in results] == ["Accepted", "Rejected", "Accepted"]
    assert {results[0]["id"], results[2]["id"]} <= (await monitors(station201)).keys()


@pytest.mark.requirement("2.0.1 TC_N_15_CS")
async def test_the_same_monitor_is_not_set_twice(station201: Station201) -> None:
    """Same variable, kind and severity: Duplicate; with another severity it is another one."""
    await watch(station201, POWER, UPPER, 9000)
    assert await refused(station201, POWER, UPPER, 8000) == "Duplicate"
    await watch(station201, POWER, UPPER, 8000, severity=SEVERITY + 1)


@pytest.mark.requirement("2.0.1 TC_N_38_CS")
async def test_not_every_monitor_fits_every_variable(station201: Station201) -> None:
    """A threshold of words says nothing."""
    assert await refused(station201, STATE, UPPER, 1) in {"UnsupportedMonitorType", "Rejected"}


@pytest.mark.requirement("2.0.1 TC_N_39_CS")
@pytest.mark.requirement("2.0.1 TC_N_40_CS")
async def test_a_monitor_is_replaced_by_its_id(station201: Station201) -> None:
    """On its own variable only: with another one it stays as it was."""
    number = await watch(station201, POWER, DELTA, 500)
    [result] = await set_all(station201, wanted(STATE, DELTA, 1, id=number))
    assert result["status"] == "Rejected"
    assert (await monitors(station201))[number] == ("Power", DELTA, 500, SEVERITY)
    [result] = await set_all(station201, wanted(POWER, DELTA, 600, severity=4, id=number))
    assert (result["status"], result["id"]) == ("Accepted", number)
    assert (await monitors(station201))[number] == ("Power", DELTA, 600, 4)


# --- base, level, clearing ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_N_05_CS")
@pytest.mark.requirement("2.0.1 TC_N_06_CS")
async def test_the_base_of_monitoring(station201: Station201) -> None:
    """Each is accepted; with HardWiredOnly no monitor of the central system is left."""
    await watch(station201, STATE, DELTA, 1)
    for base in ("All", "FactoryDefault", "HardWiredOnly"):
        assert await station201.answers("SetMonitoringBase", monitoringBase=base) == "Accepted"
    assert await monitors(station201, componentVariable=[named(STATE)]) == {}


@pytest.mark.requirement("2.0.1 TC_N_41_CS")
async def test_what_was_there_before_returns(station201: Station201) -> None:
    """A monitor of the station's own that was changed is again as it was at first."""
    before = await monitors(station201)
    [number, *_] = before
    await set_all(station201, wanted(PROBLEM, before[number][1], before[number][2], severity=8, id=number))
    assert (await monitors(station201))[number] != before[number]
    assert await station201.answers("SetMonitoringBase", monitoringBase="FactoryDefault") == "Accepted"
    assert await monitors(station201) == before


@pytest.mark.requirement("2.0.1 TC_N_16_CS")
async def test_only_what_is_severe_enough_is_told(station201: Station201) -> None:
    """Up to the level; what is less severe is not told."""
    loud, quiet = [await watch(station201, STATE, DELTA, 1, severity=severity) for severity in (7, 8)]
    assert await station201.answers("SetMonitoringLevel", severity=7) == "Accepted"
    station201.mark()
    await station201.box.plug()
    await told(station201, loud)
    await station201.settle()
    assert events(station201, quiet) == []


@pytest.mark.requirement("2.0.1 TC_N_17_CS")
@pytest.mark.parametrize("severity", [10, -1])
async def test_there_are_ten_severities(station201: Station201, severity: int) -> None:
    """From 0 to 9."""
    assert await station201.answers("SetMonitoringLevel", severity=severity) == "Rejected"


@pytest.mark.requirement("2.0.1 TC_N_18_CS")
@pytest.mark.requirement("2.0.1 TC_N_19_CS")
@pytest.mark.requirement("2.0.1 TC_N_52_CS")
async def test_monitors_are_cleared(station201: Station201) -> None:
    """Each gets its word; of what is cleared nothing is told any more."""
    one, other = await watch(station201, STATE, DELTA, 1), await watch(station201, POWER, UPPER, 9000)
    assert await cleared(station201, one, 987_654, other) == ["Accepted", "NotFound", "Accepted"]
    assert await monitors(station201, componentVariable=[named(STATE), named(POWER)]) == {}
    assert await cleared(station201, one) == ["NotFound"]
    station201.mark()
    await station201.box.plug()
    await station201.settle()
    assert events(station201, one) == []


# --- events -------------------------------------------------------------------------------------------------------------------------


async def flows(station: Station201) -> None:
    """A vehicle draws 11 kW."""
    await station.charges()
    await station.box.report_meter()


async def stops(station: Station201) -> None:
    """It is gone."""
    await station.box.unplug()


@pytest.mark.requirement("2.0.1 TC_N_20_CS")
async def test_thresholds(station201: Station201) -> None:
    """Told when it is crossed, and when it no longer is; from above and from below."""
    upper = await watch(station201, POWER, UPPER, 5000)
    await flows(station201)
    station201.begin = 0
    event = await told(station201, upper)
    assert (event["trigger"], event["eventNotificationType"], event.get("cleared", False)) == ("Alerting", "CustomMonitor", False)
    assert float(event["actualValue"]) > 5000
    assert (event["component"], event["variable"]) == tuple(named(POWER).values())
    lower = await watch(station201, POWER, LOWER, 1000)
    await stops(station201)
    event = await told(station201, upper, count=2)
    assert event["cleared"] is True
    assert float(event["actualValue"]) <= 5000
    event = await told(station201, lower)
    assert event["trigger"] == "Alerting"
    assert float(event["actualValue"]) < 1000


@pytest.mark.requirement("2.0.1 TC_N_51_CS")
async def test_a_threshold_that_was_replaced(station201: Station201) -> None:
    """The new value counts, the old one does not."""
    number = await watch(station201, POWER, UPPER, 5000)
    await set_all(station201, wanted(POWER, UPPER, 11_039, id=number))
    await station201.topics.publish("ems/load/all/limit_a", "10", retain=True)
    try:
        await flows(station201)
        await station201.settle()
        assert events(station201, number) == []
    finally:
        await station201.topics.publish("ems/load/all/limit_a", "", retain=True)
    await set_all(station201, wanted(POWER, UPPER, 3000, id=number))
    await station201.box.report_meter()
    event = await told(station201, number)
    assert float(event["actualValue"]) > 3000


@pytest.mark.requirement("2.0.1 TC_N_45_CS")
async def test_a_change_of_a_number(station201: Station201) -> None:
    """Told with the monitor's id when it has changed by more than the delta."""
    number = await watch(station201, POWER, DELTA, 1000)
    await flows(station201)
    station201.begin = 0
    event = await told(station201, number)
    assert event["trigger"] == "Delta"
    assert abs(float(event["actualValue"])) > 1000


@pytest.mark.requirement("2.0.1 TC_N_56_CS")
async def test_a_change_of_a_word(station201: Station201) -> None:
    """Every change is told."""
    number = await watch(station201, STATE, DELTA, 1)
    station201.mark()
    await station201.box.plug()
    event = await told(station201, number)
    assert (event["trigger"], event["actualValue"]) == ("Delta", "Occupied")
    await station201.box.unplug()
    event = await told(station201, number, count=2)
    assert event["actualValue"] == "Available"


@pytest.mark.requirement("2.0.1 TC_N_61_CS")
async def test_a_change_that_is_too_small(station201: Station201) -> None:
    """By one: nothing is told; by two: it is."""
    await station201.set(**{THRESHOLD: 300})
    number = await watch(station201, THRESHOLD, DELTA, 2)
    station201.mark()
    await station201.set(**{THRESHOLD: 301})
    await station201.settle()
    assert events(station201, number) == []
    await station201.set(**{THRESHOLD: 303})
    event = await told(station201, number)
    assert event["actualValue"] == "303"


@pytest.mark.requirement("2.0.1 TC_N_24_CS")
async def test_every_so_often(station201: Station201) -> None:
    """Told each second, changed or not."""
    number = await watch(station201, STATE, PERIODIC, 1)
    station201.mark()
    await told(station201, number, count=4)
    found = events(station201, number)
    assert {event["trigger"] for event in found} == {"Periodic"}
    assert all(abs(gap - 1000) <= SLACK_MS for gap in gaps_ms([moment_ms(event["timestamp"]) for event in found]))
    assert len({event["eventId"] for event in found}) == len(found)


@pytest.mark.requirement("2.0.1 TC_N_22_CS")
@pytest.mark.requirement("2.0.1 TC_N_23_CS")
async def test_what_is_kept_while_nobody_listens(station201: Station201) -> None:
    """What is severe enough is told on return, with the time it happened; the rest is not."""
    await station201.set(**{"MonitoringCtrlr.OfflineQueuingSeverity": SEVERITY})
    kept, left = [await watch(station201, STATE, DELTA, 1, severity=severity) for severity in (SEVERITY, SEVERITY + 1)]
    async with station201.offline():
        await station201.box.plug()
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Preparing")
    event = await told(station201, kept)
    assert event["actualValue"] == "Occupied"
    await station201.settle()
    assert events(station201, left) == []


@pytest.mark.requirement("2.0.1 TC_N_53_CS")
async def test_a_monitor_outlives_a_power_cut(tmp_path: Path) -> None:
    """It is still there, and still tells."""
    async with bench201(tmp_path) as powered:
        station = powered.station
        await powered.switched_on()
        number = await watch(station, STATE, DELTA, 1)
        await powered.loses_power()
        await station.reports("Available")
        assert (await monitors(station, componentVariable=[named(STATE)]))[number] == ("AvailabilityState", DELTA, 1, SEVERITY)
        station.mark()
        await station.box.plug()
        assert (await told(station, number))["actualValue"] == "Occupied"
