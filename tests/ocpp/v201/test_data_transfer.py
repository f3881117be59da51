"""Block P, words of a vendor's own: any JSON, both ways."""

import json
from typing import Any

import pytest
from hypothesis import given

from bridge.core.backend import VendorMessageReceived
from bridge.core.effects import Answer, Outcome
from bridge.ocpp.dialect import Passed
from bridge.ocpp.v201 import requests
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import JSON, assert_valid
from tests.ocpp.v201.desk import REQUEST, handled
from tests.ocpp.worlds import STAMP


@pytest.mark.parametrize(
    "payload, message, data",
    [
        ({"vendorId": "com.example"}, None, None),
        ({"vendorId": "com.example", "messageId": "tariff", "data": {"eur": 0.35}}, "tariff", '{"eur": 0.35}'),
        ({"vendorId": "com.example", "data": "text"}, None, '"text"'),
        ({"vendorId": "com.example", "data": None}, None, "null"),
        ({"vendorId": "com.example", "data": [1, True]}, None, "[1, true]"),
    ],
)
def test_what_the_central_system_says_is_passed_on(payload: dict[str, Any], message: str | None, data: str | None) -> None:
    event = VendorMessageReceived(request=REQUEST, vendor="com.example", message=message, data=data, **STAMP)
    assert handled("DataTransfer", payload) == Passed(event=event)


@pytest.mark.requirement("2.0.1 TC_P_01_CS")
@pytest.mark.parametrize(
    "outcome, status",
    [
        (Outcome.ACCEPTED, "Accepted"),
        (Outcome.REJECTED, "Rejected"),
        (Outcome.UNKNOWN_MESSAGE, "UnknownMessageId"),
        (Outcome.UNKNOWN_VENDOR, "UnknownVendorId"),
    ],
)
def test_the_answer_has_its_word(outcome: Outcome, status: str) -> None:
    told = requests.answer("DataTransfer", Answer(request=REQUEST, outcome=outcome))
    assert told == {"status": status}
    assert_valid("DataTransfer", Kind.RESPONSE, told, Version.V201)


@given(JSON)
def test_any_json_comes_and_goes_unchanged(value: Any) -> None:  # noqa: ANN401
    asked = handled("DataTransfer", {"vendorId": "com.example", "data": value})
    assert isinstance(asked, Passed)
    assert isinstance(asked.event, VendorMessageReceived)
    assert json.loads(asked.event.data or "") == value
    told = requests.answer("DataTransfer", Answer(request=REQUEST, outcome=Outcome.ACCEPTED, data=asked.event.data))
    assert told["data"] == value
