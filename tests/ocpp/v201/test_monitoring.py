"""Block N, variable monitoring: what is watched, as the central system sets, reads and clears it."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import NoteRequested
from bridge.core.effects import Outcome
from bridge.ocpp.dialect import Context, Passed, Refusal, Reply
from bridge.ocpp.v201.monitors import MONITOR_ITEMS_MAX, MONITORS_MAX, NOTE, OURS, monitors_of
from tests.ocpp.v201.desk import handled, spelt, status
from tests.ocpp.worlds import asked

POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
STATE = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}
MODEL = {"component": {"name": "ChargingStation"}, "variable": {"name": "Model"}}
NOBODY = {"component": {"name": "Nobody"}, "variable": {"name": "Power"}}
NOTHING = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Nothing"}}


def wanted(what: dict[str, Any], kind: str, value: float, severity: int = 5, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {**what, "type": kind, "value": value, "severity": severity, **fields}


class Station:
    """Its monitors are kept from one request to the next."""

    def __init__(self) -> None:
        self.context: Context = asked()

    def ask(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        told = handled(action, payload, self.context)
        if isinstance(told, Reply):
            return told.payload
        assert isinstance(told, Passed)
        assert isinstance(told.event, NoteRequested)
        assert told.event.name == NOTE
        state = self.context.state
        self.context = replace(self.context, state=replace(state, kept=replace(state.kept, notes={NOTE: told.event.text or ""})))
        return told.payload or spelt(action, Outcome.ACCEPTED)

    def sets(self, *items: dict[str, Any]) -> list[tuple[str, int | None]]:
        results = self.ask("SetVariableMonitoring", {"setMonitoringData": list(items)})["setMonitoringResult"]
        return [(result["status"], result.get("id")) for result in results]

    def reports(self, **which: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
        told = handled("GetMonitoringReport", {"requestId": 7, **which}, self.context)
        assert isinstance(told, Reply)
        assert (told.payload["status"] == "Accepted") == bool(told.messages)
        return [entry for message in told.messages for entry in message.payload["monitor"]]


@pytest.mark.parametrize(
    "item, expected",
    [
        (wanted(POWER, "UpperThreshold", 9000), "Accepted"),
        (wanted(POWER, "UpperThreshold", 999_999), "Rejected"),
        (wanted(POWER, "LowerThreshold", -1), "Rejected"),
        (wanted(POWER, "LowerThreshold", 0), "Accepted"),
        (wanted(POWER, "Delta", 100, transaction=True), "Accepted"),
        (wanted(POWER, "Delta", 0), "Rejected"),
        (wanted(POWER, "Delta", -1), "Rejected"),
        (wanted(POWER, "Periodic", 0), "Rejected"),
        (wanted(POWER, "PeriodicClockAligned", 900), "Accepted"),
        (wanted(POWER, "Delta", 100, 10), "Rejected"),
        (wanted(POWER, "Delta", 100, -1), "Rejected"),
        (wanted(POWER, "Delta", 100, id=4711), "Rejected"),
        (wanted(STATE, "Delta", 0), "Accepted"),
        (wanted(STATE, "Delta", -1), "Rejected"),
        (wanted(STATE, "UpperThreshold", 1), "UnsupportedMonitorType"),
        (wanted(MODEL, "Delta", 1), "UnsupportedMonitorType"),
        (wanted(NOBODY, "Delta", 1), "UnknownComponent"),
        (wanted(NOTHING, "Delta", 1), "UnknownVariable"),
    ],
)
def test_what_can_be_watched(item: dict[str, Any], expected: str) -> None:
    station = Station()
    [(told, number)] = station.sets(item)
    assert told == expected
    assert (number is not None) == (told == "Accepted")
    assert len(monitors_of(station.context.state).active) == len(OURS) + (told == "Accepted")


def test_each_item_is_judged_by_itself() -> None:
    station = Station()
    told = station.sets(wanted(STATE, "Delta", 1), wanted(NOTHING, "Delta", 1), wanted(STATE, "Delta", 2), wanted(STATE, "Delta", 2, 6))
    assert [word for word, _ in told] == ["Accepted", "UnknownVariable", "Duplicate", "Accepted"]


def test_a_monitor_is_replaced_by_its_id_on_its_own_variable() -> None:
    station = Station()
    [(_, number)] = station.sets(wanted(POWER, "Delta", 100))
    assert station.sets(wanted(STATE, "Delta", 1, id=number)) == [("Rejected", None)]
    assert station.sets(wanted(POWER, "UpperThreshold", 9000, 3, id=number)) == [("Accepted", number)]
    [entry] = station.reports(componentVariable=[POWER])
    assert entry["variableMonitoring"] == [{"id": number, "transaction": False, "value": 9000, "type": "UpperThreshold", "severity": 3}]
    assert entry["component"] == POWER["component"]


def test_there_is_room_for_so_many() -> None:
    station = Station()
    kinds = ["Delta", "UpperThreshold", "LowerThreshold", "Periodic", "PeriodicClockAligned"]
    items = [wanted(POWER, kind, 100, severity) for kind in kinds for severity in range(10)]
    watched = [{**POWER, "variable": {"name": name}} for name in ("Available", "Problem", "SupplyPhases", "AvailabilityState")]
    others = [wanted(what, "Periodic", 60, severity) for what in watched for severity in range(10)]
    more = [wanted(STATE, "Delta", 1, severity) for severity in range(10)]
    assert {word for word, _ in station.sets(*items)} == {"Accepted"}
    words = [word for word, _ in station.sets(*others, *more)]
    assert words == ["Accepted"] * (MONITORS_MAX - len(OURS) - 50) + ["Rejected"] * len(OURS)


def test_more_items_than_are_told_of_are_an_error() -> None:
    many = [wanted(POWER, "Delta", 100)] * (MONITOR_ITEMS_MAX + 1)
    for action, payload in (
        ("SetVariableMonitoring", {"setMonitoringData": many}),
        ("ClearVariableMonitoring", {"id": list(range(MONITOR_ITEMS_MAX + 1))}),
    ):
        told = handled(action, payload)
        assert isinstance(told, Refusal)
        assert told.code == "OccurrenceConstraintViolation"


def test_reports_by_kind_and_by_variable() -> None:
    station = Station()
    station.sets(wanted(POWER, "UpperThreshold", 9000), wanted(POWER, "Delta", 100), wanted(STATE, "Periodic", 60))
    assert len(station.reports()) == 2 + len(OURS)
    [entry] = station.reports(monitoringCriteria=["ThresholdMonitoring"])
    assert [monitor["type"] for monitor in entry["variableMonitoring"]] == ["UpperThreshold"]
    [entry] = station.reports(monitoringCriteria=["ThresholdMonitoring", "PeriodicMonitoring"], componentVariable=[STATE])
    assert [monitor["type"] for monitor in entry["variableMonitoring"]] == ["Periodic"]
    assert station.reports(monitoringCriteria=["DeltaMonitoring"], componentVariable=[STATE]) == []


def test_a_variable_that_is_no_longer_there_is_not_reported() -> None:
    station = Station()
    lost = replace(OURS[0], key=("nobody", None, None, None, "nothing", None))
    text = monitors_of(station.context.state).with_one(lost).noted()
    state = station.context.state
    station.context = replace(station.context, state=replace(state, kept=replace(state.kept, notes={NOTE: text})))
    assert station.reports() == []


def test_clearing_tells_of_each() -> None:
    station = Station()
    [(_, number)] = station.sets(wanted(POWER, "Delta", 100))
    answer = station.ask("ClearVariableMonitoring", {"id": [number, 4711]})
    assert [result["status"] for result in answer["clearMonitoringResult"]] == ["Accepted", "NotFound"]
    assert isinstance(handled("ClearVariableMonitoring", {"id": [4711]}, station.context), Reply)


@pytest.mark.parametrize("base, left", [("All", 2), ("FactoryDefault", 1), ("HardWiredOnly", 0)])
def test_a_base_leaves_what_belongs_to_it(base: str, left: int) -> None:
    station = Station()
    station.sets(wanted(POWER, "Delta", 100))
    assert station.ask("SetMonitoringBase", {"monitoringBase": base}) == {"status": "Accepted"}
    found = monitors_of(station.context.state)
    assert (found.base, len(found.active)) == (base, left)
    assert station.ask("SetMonitoringBase", {"monitoringBase": "All"}) == {"status": "Accepted"}
    assert set(OURS) <= set(monitors_of(station.context.state).active)


@pytest.mark.parametrize("level, accepted", [(0, True), (9, True), (10, False), (-1, False)])
def test_there_are_ten_severities(level: int, accepted: bool) -> None:
    station = Station()
    if accepted:
        assert station.ask("SetMonitoringLevel", {"severity": level}) == {"status": "Accepted"}
        assert monitors_of(station.context.state).level == level
    else:
        assert status("SetMonitoringLevel", {"severity": level}) == ("Rejected", "ValueOutOfRange")
