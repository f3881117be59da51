"""OCPP 2.0.1, block P: words of a vendor's own, which the flows on site answer."""

import asyncio
from typing import Any

import pytest

from tests.conformance.laboratory import VENDOR
from tests.conformance.laboratory201 import Station201, named

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOM = {"customData": {"vendorId": "org.example", "anything": {"at": ["all"]}}}


async def transfers(station: Station201, answer: dict[str, Any] | None, **payload: Any) -> dict[str, Any]:  # noqa: ANN401
    """The answer to a DataTransfer of a configured vendor; a flow answers so, or not at all."""
    topic = f"charge_point/{station.name}/data_transfer"
    since = station.topics.now
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(station.call("DataTransfer", vendorId=VENDOR, **payload))
        put = (await station.topics.hears(topic, since=since, vendor_id=VENDOR)).json
        assert (put["message_id"], put["data"]) == (payload.get("messageId"), payload.get("data"))
        if answer is not None:
            await station.topics.publish(f"{topic}/answer", {"id": put["id"], **answer})
    return asked.result()


@pytest.mark.requirement("2.0.1 TC_P_01_CS")
async def test_words_of_a_vendor_that_nobody_knows(station201: Station201) -> None:
    """At once, and nothing is put to the site."""
    payload: dict[str, Any] = {"messageId": "anything", "data": {"a": [1, "b", None]}}
    assert await station201.answers("DataTransfer", vendorId="org.example.nobody", **payload) == "UnknownVendorId"
    await station201.settle()
    assert station201.topics.said(f"charge_point/{station201.name}/data_transfer") == []


@pytest.mark.requirement("2.0.1 TC_P_01_CS")
@pytest.mark.parametrize(
    "answer, status",
    [
        ({"status": "accepted", "data": {"shown": True}}, "Accepted"),
        ({"status": "rejected"}, "Rejected"),
        ({"status": "unknown_message"}, "UnknownMessageId"),
        (None, "Rejected"),
    ],
    ids=["accepted", "rejected", "unknown-message", "no-answer"],
)
async def test_words_of_a_vendor_are_answered_by_a_flow(station201: Station201, answer: dict[str, Any] | None, status: str) -> None:
    """Any JSON, both ways; silence is a no."""
    told = await transfers(station201, answer, messageId="tariff", data={"eur": 0.35, "of": ["a", 1]})
    assert told["status"] == status
    assert told.get("data") == (answer or {}).get("data")


@pytest.mark.requirement("2.0.1 TC_P_03_CS")
async def test_custom_data_is_no_obstacle(station201: Station201) -> None:
    """SetVariables and GetVariables with customData do what they do without."""
    name = named("OCPPCommCtrlr.ResetRetries")
    set_ = await station201.call("SetVariables", setVariableData=[{**name, "attributeValue": "7", **CUSTOM}], **CUSTOM)
    assert set_["setVariableResult"][0]["attributeStatus"] == "Accepted"
    got = await station201.call("GetVariables", getVariableData=[{**name, **CUSTOM}], **CUSTOM)
    assert got["getVariableResult"][0]["attributeValue"] == "7"
