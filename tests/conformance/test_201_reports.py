"""OCPP 2.0.1, block B: reports of the device model, whole and in parts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.conformance.laboratory201 import EVSE, Station201
from tests.peers.journal import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

Entry = dict[str, Any]
LISTS = {"OptionList", "SequenceList", "MemberList"}
REQUIRED: Mapping[str, Sequence[str]] = {
    "AlignedDataCtrlr": ("Interval", "Measurands", "TxEndedInterval", "TxEndedMeasurands"),
    "AuthCtrlr": ("AuthorizeRemoteStart", "LocalAuthorizeOffline", "LocalPreAuthorize"),
    "ChargingStation": ("Available", "AvailabilityState", "SupplyPhases"),
    "EVSE": ("Available", "AvailabilityState", "SupplyPhases", "Power"),
    "Connector": ("Available", "AvailabilityState", "ConnectorType", "SupplyPhases"),
    "ClockCtrlr": ("DateTime", "TimeSource"),
    "DeviceDataCtrlr": ("BytesPerMessage", "ItemsPerMessage"),
    "OCPPCommCtrlr": (
        "FileTransferProtocols",
        "MessageTimeout",
        "MessageAttemptInterval",
        "MessageAttempts",
        "NetworkConfigurationPriority",
        "NetworkProfileConnectionAttempts",
        "OfflineThreshold",
        "ResetRetries",
        "UnlockOnEVSideDisconnect",
        "RetryBackOffRepeatTimes",
        "RetryBackOffRandomRange",
        "RetryBackOffWaitMinimum",
        "WebSocketPingInterval",
    ),
    "SampledDataCtrlr": ("TxStartedMeasurands", "TxUpdatedInterval", "TxUpdatedMeasurands", "TxEndedInterval", "TxEndedMeasurands"),
    "SecurityCtrlr": ("CertificateEntries", "SecurityProfile", "OrganizationName"),
    "TxCtrlr": ("EVConnectionTimeOut", "StopTxOnInvalidId", "StopTxOnEVSideDisconnect", "TxStartPoint", "TxStopPoint"),
}
"""conformance.md §3.12: what every station must have."""
WRITABLE: Mapping[str, Sequence[str]] = {
    "AlignedDataCtrlr": REQUIRED["AlignedDataCtrlr"],
    "AuthCtrlr": ("LocalAuthorizeOffline", "LocalPreAuthorize"),
    "OCPPCommCtrlr": (
        "MessageAttemptInterval",
        "MessageAttempts",
        "NetworkConfigurationPriority",
        "NetworkProfileConnectionAttempts",
        "OfflineThreshold",
        "ResetRetries",
    ),
    "SampledDataCtrlr": REQUIRED["SampledDataCtrlr"],
    "TxCtrlr": ("EVConnectionTimeOut", "StopTxOnInvalidId"),
}
"""And what of it the central system may change."""


def entries(parts: Sequence[Call]) -> list[Entry]:
    """Of all parts of a report, which are numbered from 0."""
    assert [part.payload["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part.payload.get("tbc", False) for part in parts] == [True] * (len(parts) - 1) + [False]
    return [entry for part in parts for entry in part.payload.get("reportData", ())]


def has(found: Sequence[Entry], wanted: Mapping[str, Sequence[str]]) -> list[str]:
    """What is missing of it."""
    names = {(entry["component"]["name"], entry["variable"]["name"]) for entry in found}
    return [f"{component}.{name}" for component, listed in wanted.items() for name in listed if (component, name) not in names]


def attributes(found: Sequence[Entry]) -> list[Entry]:
    """All attributes."""
    return [attribute for entry in found for attribute in entry["variableAttribute"]]


@pytest.mark.requirement("2.0.1 TC_B_12_CS")
async def test_what_can_be_configured_is_reported(station201: Station201) -> None:
    """Only what can be written, all of it that has to be there, and of lists what they may hold."""
    found = entries(await station201.report(reportBase="ConfigurationInventory"))
    assert {attribute.get("mutability", "ReadWrite") for attribute in attributes(found)} <= {"ReadWrite", "WriteOnly"}
    assert has(found, WRITABLE) == []
    for entry in found:
        if entry["variableCharacteristics"]["dataType"] in LISTS:
            assert entry["variableCharacteristics"].get("valuesList"), entry


@pytest.mark.requirement("2.0.1 TC_B_13_CS")
async def test_everything_is_reported(station201: Station201) -> None:
    """Each entry with its characteristics, none twice, and all that has to be there."""
    found = entries(await station201.report(reportBase="FullInventory"))
    assert has(found, REQUIRED) == []
    assert all(
        "dataType" in entry["variableCharacteristics"] and "supportsMonitoring" in entry["variableCharacteristics"] for entry in found
    )
    names = [repr((entry["component"], entry["variable"])) for entry in found]
    assert len(set(names)) == len(names)


@pytest.mark.requirement("2.0.1 TC_B_14_CS")
async def test_how_it_is_is_reported(station201: Station201) -> None:
    """The availability of station, EVSE and connector, and what is a problem."""
    found = entries(await station201.report(reportBase="SummaryInventory"))
    states = {
        entry["component"]["name"]: entry["variableAttribute"][0]["value"]
        for entry in found
        if entry["variable"]["name"] == "AvailabilityState"
    }
    assert states == {"ChargingStation": "Available", "EVSE": "Available", "Connector": "Available"}
    others = {entry["variable"]["name"] for entry in found} - {"AvailabilityState"}
    assert others <= {"Problem", "Fallback", "Tripped", "Overload"}


@pytest.mark.requirement("2.0.1 TC_B_53_CS")
async def test_what_is_reported_can_be_relied_on(station201: Station201) -> None:
    """Everything has a value (of what can only be written none is told), and values of lists are among those listed.

    What every station must have is never empty.
    """
    for entry in entries(await station201.report(reportBase="FullInventory")):
        characteristics = entry["variableCharacteristics"]
        name = (entry["component"]["name"], entry["variable"]["name"])
        for attribute in entry["variableAttribute"]:
            if attribute.get("mutability") == "WriteOnly":
                assert "value" not in attribute, name
            elif name == ("EVSE", "Power"):
                assert "maxLimit" in characteristics
            else:
                assert "value" in attribute, name
                assert attribute["value"] or name[1] not in REQUIRED.get(name[0], ()), name
                if characteristics["dataType"] in LISTS:
                    values = {value for value in attribute["value"].split(",") if value}
                    assert values <= set(characteristics["valuesList"].split(",")), name


@pytest.mark.requirement("2.0.1 TC_B_16_CS")
async def test_components_are_chosen_by_what_they_are(station201: Station201) -> None:
    """Those that are Enabled."""
    found = entries(await station201.report("GetReport", componentCriteria=["Enabled"]))
    everything = entries(await station201.report(reportBase="FullInventory"))
    on = {
        repr(entry["component"])
        for entry in everything
        if entry["variable"]["name"] == "Enabled" and entry["variableAttribute"][0]["value"] == "true"
    }
    off = {repr(entry["component"]) for entry in everything if entry["variable"]["name"] == "Enabled"} - on
    told = {repr(entry["component"]) for entry in found}
    assert on <= told
    assert not off & told


STATE = {"component": {"name": "EVSE", "evse": EVSE}, "variable": {"name": "AvailabilityState"}}


@pytest.mark.requirement("2.0.1 TC_B_17_CS")
async def test_a_variable_is_reported(station201: Station201) -> None:
    """One entry, with what the list may hold."""
    [entry] = entries(await station201.report("GetReport", componentVariable=[STATE]))
    assert (entry["component"], entry["variable"]) == (STATE["component"], STATE["variable"])
    [attribute] = entry["variableAttribute"]
    assert (attribute.get("type", "Actual"), attribute["mutability"], attribute["value"]) == ("Actual", "ReadOnly", "Available")
    characteristics = entry["variableCharacteristics"]
    assert characteristics["dataType"] == "OptionList"
    assert set(characteristics["valuesList"].split(",")) == {"Available", "Occupied", "Reserved", "Unavailable", "Faulted"}


@pytest.mark.requirement("2.0.1 TC_B_18_CS")
async def test_both_have_to_fit(station201: Station201) -> None:
    """A component that is available has its variable reported; one that has no problem has nothing to report."""
    [entry] = entries(await station201.report("GetReport", componentCriteria=["Available"], componentVariable=[STATE]))
    assert entry["variable"] == STATE["variable"]
    nothing = {"componentCriteria": ["Problem"], "componentVariable": [STATE]}
    station201.mark()
    assert await station201.answers("GetReport", requestId=99, **nothing) == "EmptyResultSet"
    await station201.settle()
    assert station201.told() == []


ITEMS = {"component": {"name": "DeviceDataCtrlr"}, "variable": {"name": "ItemsPerMessage"}}


@pytest.mark.requirement("2.0.1 TC_B_54_CS")
async def test_without_an_instance_all_are_reported(station201: Station201) -> None:
    """ItemsPerMessage has an instance for each message."""
    found = entries(await station201.report("GetReport", componentVariable=[ITEMS]))
    assert {"GetReport", "GetVariables", "SetVariables"} <= {entry["variable"]["instance"] for entry in found}
    assert {entry["variable"]["name"] for entry in found} == {"ItemsPerMessage"}


@pytest.mark.requirement("2.0.1 TC_B_55_CS")
async def test_one_instance_is_reported(station201: Station201) -> None:
    """And no other."""
    wanted = {**ITEMS, "variable": {"name": "ItemsPerMessage", "instance": "GetReport"}}
    [entry] = entries(await station201.report("GetReport", componentVariable=[wanted]))
    assert entry["variable"] == wanted["variable"]


@pytest.mark.requirement("2.0.1 TC_B_56_CS")
async def test_without_an_evse_each_is_reported(station201: Station201) -> None:
    """There is one."""
    wanted = {**STATE, "component": {"name": "EVSE"}}
    [entry] = entries(await station201.report("GetReport", componentVariable=[wanted]))
    assert entry["component"] == STATE["component"]
