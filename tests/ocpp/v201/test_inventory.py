"""The device model as a whole."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.state import State
from bridge.ocpp.v201.inventory import BLOCKS, EVERYTHING, Missing, find, inventory, is_meant, key_of, lookup
from bridge.ocpp.v201.variable import DataType, Mutability, Variable
from tests.ocpp.v201 import devices
from tests.ocpp.v201.devices import EVERY_SORT, FIXED, FULL, PLAIN
from tests.ocpp.worlds import asked

RO, RW = Mutability.READ_ONLY, Mutability.READ_WRITE
EVSE, CONNECTOR = "EVSE#1", "Connector#1#1"
REQUIRED: dict[str, dict[str, Mutability]] = {
    "AlignedDataCtrlr": {"Interval": RW, "Measurands": RW, "TxEndedInterval": RW, "TxEndedMeasurands": RW},
    "AuthCtrlr": {"AuthorizeRemoteStart": RW, "LocalAuthorizeOffline": RW, "LocalPreAuthorize": RW},
    "ChargingStation": {"Available": RO, "AvailabilityState": RO, "SupplyPhases": RO},
    EVSE: {"Available": RO, "AvailabilityState": RO, "SupplyPhases": RO, "Power": RO},
    CONNECTOR: {"Available": RO, "AvailabilityState": RO, "ConnectorType": RO, "SupplyPhases": RO},
    "ClockCtrlr": {"DateTime": RO, "TimeSource": RW},
    "DeviceDataCtrlr": {
        f"{name}[{of}]": RO for name in ("BytesPerMessage", "ItemsPerMessage") for of in ("GetReport", "GetVariables", "SetVariables")
    },
    "OCPPCommCtrlr": {
        "ActiveNetworkProfile": RO,
        "FileTransferProtocols": RO,
        "MessageTimeout[Default]": RO,
        "MessageAttemptInterval[TransactionEvent]": RW,
        "MessageAttempts[TransactionEvent]": RW,
        "NetworkConfigurationPriority": RW,
        "NetworkProfileConnectionAttempts": RW,
        "OfflineThreshold": RW,
        "ResetRetries": RW,
        "UnlockOnEVSideDisconnect": RW,
        "RetryBackOffRepeatTimes": RW,
        "RetryBackOffRandomRange": RW,
        "RetryBackOffWaitMinimum": RW,
        "WebSocketPingInterval": RW,
    },
    "SampledDataCtrlr": {
        "TxStartedMeasurands": RW,
        "TxUpdatedInterval": RW,
        "TxUpdatedMeasurands": RW,
        "TxEndedInterval": RW,
        "TxEndedMeasurands": RW,
    },
    "SecurityCtrlr": {"CertificateEntries": RO, "SecurityProfile": RO, "OrganizationName": RW},
    "TxCtrlr": {
        "EVConnectionTimeOut": RW,
        "StopTxOnInvalidId": RW,
        "StopTxOnEVSideDisconnect": RO,
        "TxStartPoint": RW,
        "TxStopPoint": RW,
    },
}
"""Of every station (conformance.md §3.12), by component."""
PROFILES: dict[str, dict[str, Mutability]] = {
    "LocalAuthListCtrlr": {"Entries": RO, "BytesPerMessage": RO, "ItemsPerMessage": RO},
    "SmartChargingCtrlr": {
        "Entries[ChargingProfiles]": RO,
        "LimitChangeSignificance": RW,
        "PeriodsPerSchedule": RO,
        "ProfileStackLevel": RO,
        "RateUnit": RO,
    },
    "MonitoringCtrlr": {"BytesPerMessage[SetVariableMonitoring]": RO, "ItemsPerMessage[SetVariableMonitoring]": RO},
    "DisplayMessageCtrlr": {"DisplayMessages": RO, "SupportedFormats": RO, "SupportedPriorities": RO},
    "TariffCostCtrlr": {"Currency": RO, "TariffFallbackMessage": RW, "TotalCostFallbackMessage": RW},
}
"""Of one that has all profiles."""
EMPTY = {"TariffFallbackMessage", "TotalCostFallbackMessage"}
"""Texts for drivers: nobody but the central system knows the language, and it has not said any."""


def _requirements() -> list[tuple[State, str, str, Mutability]]:
    always = [(state, *row) for state in (PLAIN, FULL) for row in _flat(REQUIRED)]
    return always + [(FULL, *row) for row in _flat(PROFILES)]


def _flat(table: dict[str, dict[str, Mutability]]) -> list[tuple[str, str, Mutability]]:
    return [(component, name, mutability) for component, names in table.items() for name, mutability in names.items()]


def named(component: str, name: str) -> dict[str, Any]:
    """`EVSE#1` and `ItemsPerMessage[GetReport]` as OCPP writes them."""
    word, *place = component.split("#")
    variable, _, instance = name.rstrip("]").partition("[")
    told: dict[str, Any] = {"component": {"name": word}, "variable": {"name": variable}}
    if place:
        told["component"]["evse"] = dict(zip(("id", "connectorId"), map(int, place), strict=False))
    if instance:
        told["variable"]["instance"] = instance
    return told


@pytest.mark.requirement("2.0.1 TC_B_53_CS")
@pytest.mark.parametrize("state, component, name, mutability", _requirements())
def test_every_required_variable_is_there_with_a_value(state: State, component: str, name: str, mutability: Mutability) -> None:
    wanted = named(component, name)
    variable = find(wanted["component"], wanted["variable"], state)
    assert isinstance(variable, Variable)
    assert variable.mutability is mutability
    assert variable.named == wanted
    text = variable.text(asked(state))
    assert bool(text) is (name not in EMPTY)
    assert not (variable.items and text) or set(text.split(",")) <= set(variable.items)


@given(devices.states)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_charge_point_has_each_variable_once_and_it_can_be_found(state: State) -> None:
    have = inventory(state)
    keys = [variable.key for variable in have]
    assert len(set(keys)) == len(keys)
    for variable in have:
        assert lookup(variable.key, state) == variable
        assert find(variable.named["component"], variable.named["variable"], state) == variable
        assert key_of(variable.named["component"], variable.named["variable"]) == variable.key
        assert is_meant(variable, variable.named)


def test_they_are_sorted_as_people_look_for_them() -> None:
    names = [(variable.component, variable.evse or 0, variable.name, variable.instance or "") for variable in EVERYTHING]
    assert names == sorted(names)
    assert all(block.VARIABLES is not None for block in BLOCKS)


@pytest.mark.parametrize(
    "component, name, missing",
    [
        ("TxCtrlr", "EVConnectionTimeOut", None),
        ("txctrlr", "evconnectiontimeout", None),
        ("TxCtrlr", "Nothing", Missing.VARIABLE),
        ("TxCtrlr", "EVConnectionTimeOut[Other]", Missing.VARIABLE),
        ("OCPPCommCtrlr", "MessageTimeout", Missing.VARIABLE),
        ("OCPPCommCtrlr", "messagetimeout[default]", None),
        ("Nothing", "EVConnectionTimeOut", Missing.COMPONENT),
        ("", "", Missing.COMPONENT),
        ("TxCtrlr#1", "EVConnectionTimeOut", Missing.COMPONENT),
        ("EVSE#1", "Power", None),
        ("EVSE", "Power", Missing.COMPONENT),
        ("EVSE#2", "Power", Missing.COMPONENT),
        ("EVSE#1#1", "Power", Missing.COMPONENT),
        ("Connector#1#1", "ConnectorType", None),
        ("Connector#1", "ConnectorType", Missing.COMPONENT),
        ("SmartChargingCtrlr", "RateUnit", Missing.COMPONENT),
    ],
)
def test_what_is_not_there_is_an_unknown_component_or_an_unknown_variable_of_a_known_one(
    component: str, name: str, missing: Missing | None
) -> None:
    wanted = named(component, name)
    found = find(wanted["component"], wanted["variable"], PLAIN)
    assert (found if isinstance(found, Missing) else None) is missing


def test_an_instance_of_a_component_is_another_component() -> None:
    wanted = {"name": "TxCtrlr", "instance": "Other"}
    assert find(wanted, {"name": "EVConnectionTimeOut"}, PLAIN) is Missing.COMPONENT


def test_what_belongs_to_some_charge_points_is_unknown_to_the_others() -> None:
    have = {sort: {variable.title for variable in inventory(state)} for sort, state in EVERY_SORT.items()}
    assert have["plain"] == have["fixed cable"]
    assert {"SmartChargingCtrlr.RateUnit", "DisplayMessageCtrlr.DisplayMessages"} <= have["everything"] - have["plain"]
    unlock = named("OCPPCommCtrlr", "UnlockOnEVSideDisconnect")
    there, here = (find(unlock["component"], unlock["variable"], state) for state in (FIXED, PLAIN))
    assert isinstance(there, Variable)
    assert not there.writable
    assert there.text(asked(FIXED)) == "false"
    assert isinstance(here, Variable)
    assert here.writable


def test_the_limit_of_the_power_is_what_the_hardware_can_deliver() -> None:
    wanted = named("EVSE#1", "Power")
    power = find(wanted["component"], wanted["variable"], PLAIN)
    assert isinstance(power, Variable)
    assert power.maximum == 16 * 230 * 3


@pytest.mark.requirement("2.0.1 TC_B_54_CS")
@pytest.mark.requirement("2.0.1 TC_B_55_CS")
@pytest.mark.requirement("2.0.1 TC_B_56_CS")
@pytest.mark.parametrize(
    "wanted, titles",
    [
        ({"component": {"name": "EVSE"}, "variable": {"name": "AvailabilityState"}}, {"EVSE.AvailabilityState"}),
        ({"component": {"name": "evse", "evse": {"id": 1}}, "variable": {"name": "Power"}}, {"EVSE.Power"}),
        ({"component": {"name": "EVSE", "evse": {"id": 2}}, "variable": {"name": "Power"}}, set()),
        ({"component": {"name": "EVSE", "evse": {"id": 1, "connectorId": 1}}}, set()),
        (
            {"component": {"name": "DeviceDataCtrlr"}, "variable": {"name": "ItemsPerMessage"}},
            {f"DeviceDataCtrlr.ItemsPerMessage[{of}]" for of in ("GetReport", "GetVariables", "SetVariables")},
        ),
        (
            {"component": {"name": "DeviceDataCtrlr"}, "variable": {"name": "itemspermessage", "instance": "getreport"}},
            {"DeviceDataCtrlr.ItemsPerMessage[GetReport]"},
        ),
        ({"component": {"name": "DeviceDataCtrlr", "instance": "Other"}}, set()),
        ({"component": {"name": "ClockCtrlr"}, "variable": {"name": "Nothing"}}, set()),
        (
            {"component": {"name": "SecurityCtrlr"}},
            {f"SecurityCtrlr.{name}" for name in ("CertificateEntries", "OrganizationName", "SecurityProfile")},
        ),
    ],
)
def test_what_a_report_asks_for_leaves_open_what_it_does_not_name(wanted: dict[str, Any], titles: set[str]) -> None:
    assert {variable.title for variable in EVERYTHING if is_meant(variable, wanted)} == titles


@given(st.text(max_size=50), st.text(max_size=50), st.none() | st.integers())
def test_any_name_can_be_asked_for(component: str, name: str, evse: int | None) -> None:
    place = {} if evse is None else {"evse": {"id": evse}}
    assert find({"name": component, **place}, {"name": name}, FULL)


def test_lists_say_what_they_may_hold_and_numbers_where_they_end() -> None:
    """TC_B_12: whoever may write a variable is told the range."""
    for variable in EVERYTHING:
        lists = variable.type in {DataType.OPTION_LIST, DataType.SEQUENCE_LIST, DataType.MEMBER_LIST}
        assert bool(variable.items) is lists, variable.title
        if variable.writable:
            assert variable.field is not None, variable.title
            assert not variable.numeric or None not in {variable.minimum, variable.maximum}, variable.title
