"""OCPP 2.0.1, block B: variables of the device model, read and written one by one."""

from typing import Any

import pytest

from tests.conformance.laboratory201 import Station201, named

pytestmark = pytest.mark.asyncio(loop_scope="module")

THRESHOLD = "OCPPCommCtrlr.OfflineThreshold"
OFFLINE = "AuthCtrlr.LocalAuthorizeOffline"
REMOTE = "AuthCtrlr.AuthorizeRemoteStart"
WHOLE, TRUTH, MOMENT = "300", "true", "2026-11-22T10:00:00Z"


@pytest.mark.requirement("2.0.1 TC_B_06_CS")
async def test_a_variable_is_read(station201: Station201) -> None:
    """Its value, and the names as they were asked for."""
    await station201.set(**{THRESHOLD: 300})
    for fields in ({}, {"attributeType": "Actual"}):
        result = await station201.gets(THRESHOLD, **fields)
        assert result == {**named(THRESHOLD), "attributeType": "Actual", "attributeStatus": "Accepted", "attributeValue": "300"}


@pytest.mark.requirement("2.0.1 TC_B_07_CS")
async def test_variables_are_read(station201: Station201) -> None:
    """Several in one request: one result for each."""
    await station201.set(**{THRESHOLD: 300, OFFLINE: True})
    answer = await station201.call("GetVariables", getVariableData=[named(THRESHOLD), named(OFFLINE)])
    told = {one["variable"]["name"]: (one["attributeStatus"], one["attributeValue"]) for one in answer["getVariableResult"]}
    assert told == {"OfflineThreshold": ("Accepted", "300"), "LocalAuthorizeOffline": ("Accepted", "true")}


@pytest.mark.requirement("2.0.1 TC_B_09_CS")
async def test_a_variable_is_written(station201: Station201) -> None:
    """Accepted, with the names as they were told, and it is so from then on."""
    for value in ("301", "300"):
        item = {**named(THRESHOLD), "attributeValue": value}
        [result] = (await station201.call("SetVariables", setVariableData=[item]))["setVariableResult"]
        assert result == {**named(THRESHOLD), "attributeType": "Actual", "attributeStatus": "Accepted"}
        assert await station201.get(THRESHOLD) == value


@pytest.mark.requirement("2.0.1 TC_B_10_CS")
async def test_variables_are_written(station201: Station201) -> None:
    """Several in one request: each is judged by itself."""
    wanted = {THRESHOLD: "302", REMOTE: "false"}
    items = [{**named(name), "attributeValue": value} for name, value in wanted.items()]
    results = (await station201.call("SetVariables", setVariableData=items))["setVariableResult"]
    assert [result["attributeStatus"] for result in results] == ["Accepted", "Accepted"]
    assert {name: await station201.get(name) for name in wanted} == wanted


FORMS = {
    THRESHOLD: (WHOLE, (TRUTH, "1.1", MOMENT, "abc", "")),
    "SmartChargingCtrlr.LimitChangeSignificance": ("1.1", (TRUTH, MOMENT, "abc")),
    REMOTE: (TRUTH, (WHOLE, "1.1", MOMENT, "abc")),
    "ClockCtrlr.NextTimeOffsetTransitionDateTime": (MOMENT, (TRUTH, WHOLE, "1.1", "abc")),
}
"""Integer, decimal, boolean and time: a value that fits, and those that do not."""


@pytest.mark.requirement("2.0.1 TC_B_11_CS")
async def test_a_value_has_to_have_its_variables_form(smart201: Station201) -> None:
    """What does not fit is rejected and changes nothing; where a variable is not offered or can't be written, nothing fits."""
    judged = 0
    for name, (fits, others) in FORMS.items():
        before = await smart201.gets(name)
        if before["attributeStatus"] in {"UnknownComponent", "UnknownVariable"}:
            continue  # optional in the device model
        for value in others:
            assert await smart201.sets(name, value) == "Rejected", (name, value)
        assert await smart201.gets(name) == before
        judged += await smart201.sets(name, fits) == "Accepted"
    assert judged >= 2


@pytest.mark.requirement("2.0.1 TC_B_32_CS")
@pytest.mark.requirement("2.0.1 TC_B_35_CS")
async def test_a_component_that_is_not_there(station201: Station201) -> None:
    """UnknownComponent, with the names as they came, for reading and for writing."""
    unknown = named("Nobody.OfflineThreshold")
    result = await station201.gets("Nobody.OfflineThreshold")
    assert result["attributeStatus"] == "UnknownComponent"
    assert (result["component"], result["variable"]) == (unknown["component"], unknown["variable"])
    assert await station201.sets("Nobody.OfflineThreshold", 1) == "UnknownComponent"


@pytest.mark.requirement("2.0.1 TC_B_33_CS")
@pytest.mark.requirement("2.0.1 TC_B_36_CS")
async def test_a_variable_that_is_not_there(station201: Station201) -> None:
    """UnknownVariable, with the names as they came, for reading and for writing."""
    unknown = named("OCPPCommCtrlr.Nothing")
    result = await station201.gets("OCPPCommCtrlr.Nothing")
    assert result["attributeStatus"] == "UnknownVariable"
    assert (result["component"], result["variable"]) == (unknown["component"], unknown["variable"])
    assert await station201.sets("OCPPCommCtrlr.Nothing", 1) == "UnknownVariable"


@pytest.mark.requirement("2.0.1 TC_B_34_CS")
@pytest.mark.requirement("2.0.1 TC_B_37_CS")
@pytest.mark.parametrize("attribute", ["Target", "MinSet", "MaxSet"])
async def test_an_attribute_that_is_not_there(station201: Station201, attribute: str) -> None:
    """NotSupportedAttributeType, for reading and for writing."""
    result = await station201.gets(THRESHOLD, attributeType=attribute)
    assert (result["attributeStatus"], result["attributeType"]) == ("NotSupportedAttributeType", attribute)
    assert "attributeValue" not in result
    assert await station201.sets(THRESHOLD, 1, attributeType=attribute) == "NotSupportedAttributeType"


@pytest.mark.requirement("2.0.1 TC_B_39_CS")
async def test_what_is_read_only_is_not_written(station201: Station201) -> None:
    """Rejected, and it is as it was."""
    name = "OCPPCommCtrlr.MessageTimeout[Default]"
    before = await station201.get(name)
    assert await station201.sets(name, int(before) + 1) == "Rejected"
    assert await station201.get(name) == before


async def test_one_bad_item_spoils_no_other(station201: Station201) -> None:
    """Each item of a request has its own word."""
    wanted: dict[str, Any] = {THRESHOLD: "303", "OCPPCommCtrlr.Nothing": "1", "Nobody.Nothing": "1", REMOTE: "perhaps"}
    items = [{**named(name), "attributeValue": value} for name, value in wanted.items()]
    results = (await station201.call("SetVariables", setVariableData=items))["setVariableResult"]
    assert [result["attributeStatus"] for result in results] == ["Accepted", "UnknownVariable", "UnknownComponent", "Rejected"]
    assert await station201.get(THRESHOLD) == "303"
