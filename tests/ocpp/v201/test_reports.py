"""Block B, reports: which variables are told, and how."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.settings import Settings
from bridge.core.state import Hardware, State
from bridge.ocpp.dialect import Context, Refusal, Reply
from bridge.ocpp.v201 import reports
from bridge.ocpp.v201.inventory import inventory
from bridge.ocpp.v201.reports import HANDLERS, PART_ITEMS, chain, report_data
from bridge.ocpp.v201.variable import REPORT_MAX, DataType, Mutability, Variable
from bridge.ocpp.v201.variables import ITEMS_MAX
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import payloads
from tests.ocpp.v201 import devices
from tests.ocpp.v201.desk import handled, said
from tests.ocpp.v201.devices import EVERY_SORT, FULL, PLAIN
from tests.ocpp.v201.test_inventory import PROFILES, REQUIRED, named
from tests.ocpp.worlds import NOW_TEXT, asked, charge_point

REQUEST_ID = 17
FAULTED = charge_point(hardware=Hardware(fault="GroundFailure", online=True))
LISTS = {"OptionList", "SequenceList", "MemberList"}
AVAILABILITY = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}


def told(action: str, context: Context | None = None, **asking: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Ask for a report: all that its parts tell, once these have been found to be in order."""
    reply = handled(action, {"requestId": REQUEST_ID, **asking}, context)
    assert isinstance(reply, Reply)
    assert (reply.errands, reply.event) == ((), None)
    if not reply.messages:
        assert reply.payload == {"status": "EmptyResultSet"}
        return []
    assert reply.payload == {"status": "Accepted"}
    parts = [said(outgoing) for outgoing in reply.messages]
    assert {outgoing.action for outgoing in reply.messages} == {"NotifyReport"}
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {(part["requestId"], part["generatedAt"]) for part in parts} == {(REQUEST_ID, NOW_TEXT)}
    return [row for part in parts for row in part["reportData"]]


def base(word: str, state: State = PLAIN) -> list[dict[str, Any]]:
    """GetBaseReport."""
    return told("GetBaseReport", asked(state), reportBase=word)


def custom(state: State = PLAIN, **asking: Any) -> set[str]:  # noqa: ANN401
    """GetReport."""
    return {name_of(row) for row in told("GetReport", asked(state), **asking)}


def name_of(row: dict[str, Any]) -> str:
    """`Component.Variable[Instance]`."""
    instance = row["variable"].get("instance")
    return f"{row['component']['name']}.{row['variable']['name']}" + (f"[{instance}]" if instance is not None else "")


# --- GetBaseReport ----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_B_13_CS")
@pytest.mark.requirement("2.0.1 TC_B_53_CS")
@pytest.mark.parametrize("sort", EVERY_SORT)
def test_the_full_inventory_tells_everything_with_its_value(sort: str) -> None:
    state = EVERY_SORT[sort]
    rows = base("FullInventory", state)
    assert [(row["component"], row["variable"]) for row in rows] == [tuple(one.named.values()) for one in inventory(state)]
    for row in rows:
        (attribute,) = row["variableAttribute"]
        about = row["variableCharacteristics"]
        assert attribute["type"] == "Actual"
        assert isinstance(attribute["value"], str)
        assert ("valuesList" in about) is (about["dataType"] in LISTS)
        if about["dataType"] in LISTS and attribute["value"]:
            assert set(attribute["value"].split(",")) <= set(about["valuesList"].split(","))


@pytest.mark.requirement("2.0.1 TC_B_53_CS")
def test_whatever_the_certification_wants_to_see_is_in_the_full_inventory() -> None:
    rows = base("FullInventory", FULL)
    there = [{"component": row["component"], "variable": row["variable"]} for row in rows]
    missing = [
        f"{component}.{name}" for component, names in (REQUIRED | PROFILES).items() for name in names if named(component, name) not in there
    ]
    assert missing == []
    (power,) = (row for row in rows if name_of(row) == "EVSE.Power")
    assert power["variableCharacteristics"] == {
        "dataType": "decimal",
        "supportsMonitoring": True,
        "unit": "W",
        "minLimit": 0,
        "maxLimit": 11_040.0,
    }


@pytest.mark.requirement("2.0.1 TC_B_12_CS")
def test_the_configuration_is_what_can_be_written() -> None:
    rows = base("ConfigurationInventory", FULL)
    assert {row["variableAttribute"][0]["mutability"] for row in rows} == {"ReadWrite"}
    writable = {
        name_of(named(component, name))
        for component, names in (REQUIRED | PROFILES).items()
        for name, mutability in names.items()
        if mutability is Mutability.READ_WRITE
    }
    assert writable <= {name_of(row) for row in rows}


@pytest.mark.requirement("2.0.1 TC_B_14_CS")
@pytest.mark.parametrize("state, problems", [(PLAIN, set[str]()), (FAULTED, {"Problem"})])
def test_the_summary_is_what_can_be_charged_at_and_what_is_wrong(state: State, problems: set[str]) -> None:
    names = {"AvailabilityState", *problems}
    wanted = {f"{component}.{name}" for component in ("ChargingStation", "EVSE", "Connector") for name in names}
    assert {name_of(row) for row in base("SummaryInventory", state)} == wanted


# --- GetReport --------------------------------------------------------------------------------------------------------------------


def test_without_any_criteria_everything_is_told() -> None:
    assert custom() == {variable.title for variable in inventory(PLAIN)}


@pytest.mark.requirement("2.0.1 TC_B_17_CS")
def test_one_variable_is_told_with_what_it_may_be() -> None:
    assert told("GetReport", componentVariable=[AVAILABILITY]) == [
        {
            **AVAILABILITY,
            "variableAttribute": [{"type": "Actual", "mutability": "ReadOnly", "persistent": False, "value": "Available"}],
            "variableCharacteristics": {
                "dataType": "OptionList",
                "supportsMonitoring": True,
                "valuesList": "Available,Occupied,Reserved,Unavailable,Faulted",
            },
        }
    ]


@pytest.mark.requirement("2.0.1 TC_B_54_CS")
@pytest.mark.requirement("2.0.1 TC_B_55_CS")
@pytest.mark.requirement("2.0.1 TC_B_56_CS")
@pytest.mark.parametrize(
    "wanted, titles",
    [
        ([named("EVSE", "AvailabilityState")], {"EVSE.AvailabilityState"}),
        ([named("evse#1", "power"), named("EVSE#1", "Power")], {"EVSE.Power"}),
        (
            [named("DeviceDataCtrlr", "ItemsPerMessage"), named("ClockCtrlr", "DateTime")],
            {
                *(f"DeviceDataCtrlr.ItemsPerMessage[{of}]" for of in ("GetReport", "GetVariables", "SetVariables")),
                "ClockCtrlr.DateTime",
            },
        ),
        ([named("DeviceDataCtrlr", "ItemsPerMessage[GetReport]")], {"DeviceDataCtrlr.ItemsPerMessage[GetReport]"}),
        ([named("EVSE#2", "Power")], set()),
        ([named("Nothing", "Power"), named("EVSE", "Nothing")], set()),
        ([named("SmartChargingCtrlr", "RateUnit")], set()),
    ],
)
def test_what_is_asked_for_is_told_once_and_what_is_not_there_is_not(wanted: list[dict[str, Any]], titles: set[str]) -> None:
    rows = told("GetReport", componentVariable=wanted)
    assert sorted(name_of(row) for row in rows) == sorted(titles)


def test_more_is_asked_for_than_a_message_may_have() -> None:
    """It is refused before anything is looked up: all links share one thread."""
    most = {"requestId": REQUEST_ID, "componentVariable": [AVAILABILITY] * ITEMS_MAX}
    assert isinstance(handled("GetReport", most, asked()), Reply)
    refusal = handled("GetReport", {"requestId": REQUEST_ID, "componentVariable": [AVAILABILITY] * (ITEMS_MAX + 1)}, asked())
    assert refusal == Refusal(
        code="OccurrenceConstraintViolation", description="more items than DeviceDataCtrlr.ItemsPerMessage[GetReport] (50)"
    )


@pytest.mark.requirement("2.0.1 TC_B_18_CS")
@pytest.mark.parametrize(
    "state, criteria, found",
    [
        (PLAIN, ["Available"], True),
        (PLAIN, ["Problem"], False),
        (FAULTED, ["Problem"], True),
        # B08.FR.08: without a variable Active it counts as active
        (PLAIN, ["Active"], True),
        (PLAIN, ["Enabled"], True),
        (PLAIN, ["Problem", "Available"], True),
        (PLAIN, [], True),
    ],
)
def test_criteria_narrow_down_what_is_asked_for(state: State, criteria: list[str], *, found: bool) -> None:
    asking: dict[str, Any] = {"componentVariable": [AVAILABILITY]} | ({"componentCriteria": criteria} if criteria else {})
    assert custom(state, **asking) == ({"EVSE.AvailabilityState"} if found else set())


@pytest.mark.requirement("2.0.1 TC_B_16_CS")
def test_a_component_that_is_off_is_not_told_among_those_that_are_on() -> None:
    off = charge_point(settings=Settings(cache_enabled=False))
    components = {title.partition(".")[0] for title in custom(off, componentCriteria=["Enabled"])}
    everything = {title.partition(".")[0] for title in custom(off)}
    assert everything - components == {"AuthCacheCtrlr"}
    assert "AuthCacheCtrlr.LifeTime" in custom(PLAIN, componentCriteria=["Enabled"])


def test_a_faulted_station_tells_all_of_the_parts_that_have_a_problem() -> None:
    components = {title.partition(".")[0] for title in custom(FAULTED, componentCriteria=["Problem"])}
    assert components == {"ChargingStation", "EVSE", "Connector"}


def test_the_criteria_of_one_instance_are_not_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """TariffCostCtrlr.Enabled[Cost] says nothing of the controller as a whole."""
    off = replace(THING, name="Enabled", type=DataType.BOOLEAN, field=None, value=lambda _context: "false")
    monkeypatch.setattr(reports, "inventory", lambda _state: (THING, replace(off, instance="Part")))
    assert custom(componentCriteria=["Enabled"]) == {"TestCtrlr.Thing", "TestCtrlr.Enabled[Part]"}
    monkeypatch.setattr(reports, "inventory", lambda _state: (THING, off))
    assert custom(componentCriteria=["Enabled"]) == set()


@pytest.mark.parametrize("action", sorted(HANDLERS))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_any_report_of_any_charge_point_is_in_order(action: str, data: st.DataObject) -> None:
    payload = data.draw(payloads(action, Kind.REQUEST, Version.V201))
    reply = HANDLERS[action](payload, asked(data.draw(devices.states)))
    assert isinstance(reply, Reply)
    assert reply.payload["status"] in {"Accepted", "EmptyResultSet"}
    parts = [outgoing.payload for outgoing in reply.messages]
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts[-1:]] == [False] * bool(parts)
    for part in parts[:1]:
        said(reply.messages[0])
        assert part["requestId"] == payload["requestId"]


# --- how they are told ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "count, sizes",
    [
        (0, []),
        (1, [1]),
        (PART_ITEMS, [PART_ITEMS]),
        (PART_ITEMS + 1, [PART_ITEMS, 1]),
        (3 * PART_ITEMS, [PART_ITEMS] * 3),
    ],
)
def test_a_report_comes_in_parts_without_a_gap(count: int, sizes: list[int]) -> None:
    data: list[dict[str, Any]] = [{"number": number} for number in range(count)]
    parts = [outgoing.payload for outgoing in chain("NotifyReport", "reportData", 7, data, asked())]
    assert [len(part["reportData"]) for part in parts] == sizes
    assert [row for part in parts for row in part["reportData"]] == data
    assert [(part["seqNo"], part["tbc"]) for part in parts] == [(number, number + 1 < len(sizes)) for number in range(len(sizes))]
    assert all((part["requestId"], part["generatedAt"]) == (7, NOW_TEXT) for part in parts)


THING = Variable(
    component="TestCtrlr", name="Thing", type=DataType.INTEGER, doc="", field="retry_s", mutability=Mutability.READ_WRITE, unit="s"
)


@pytest.mark.parametrize(
    "variable, attribute, characteristics",
    [
        (
            replace(THING, minimum=0, maximum=9),
            {"mutability": "ReadWrite", "persistent": True, "value": "60"},
            {"dataType": "integer", "supportsMonitoring": True, "unit": "s", "minLimit": 0, "maxLimit": 9},
        ),
        (
            replace(THING, type=DataType.STRING, field="organization", unit=None, minimum=1, maximum=9),
            {"mutability": "ReadWrite", "persistent": True, "value": "evbridge"},
            {"dataType": "string", "supportsMonitoring": True, "maxLimit": 9},
        ),
        (
            replace(THING, type=DataType.MEMBER_LIST, unit=None, field="network_priority", items=("1", "2"), minimum=1, maximum=2),
            {"mutability": "ReadWrite", "persistent": True, "value": "1"},
            {"dataType": "MemberList", "supportsMonitoring": True, "valuesList": "1,2"},
        ),
        (
            replace(THING, mutability=Mutability.WRITE_ONLY),
            {"mutability": "WriteOnly", "persistent": True},
            {"dataType": "integer", "supportsMonitoring": True, "unit": "s"},
        ),
        (
            replace(THING, field=None, value=lambda _context: "x" * 9999, mutability=Mutability.READ_ONLY, unit=None),
            {"mutability": "ReadOnly", "persistent": False, "value": "x" * REPORT_MAX},
            {"dataType": "integer", "supportsMonitoring": False},
        ),
    ],
)
def test_a_variable_is_told_with_its_value_and_what_it_may_be(
    variable: Variable, attribute: dict[str, Any], characteristics: dict[str, Any]
) -> None:
    row = report_data(variable, asked())
    assert row == variable.named | {"variableAttribute": [{"type": "Actual", **attribute}], "variableCharacteristics": characteristics}
    for outgoing in chain("NotifyReport", "reportData", 1, [row], asked()):
        said(outgoing)


def test_every_sort_of_list_has_its_values() -> None:
    assert {one.value for one in reports._LISTS} == LISTS
