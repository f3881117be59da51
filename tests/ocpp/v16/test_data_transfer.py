"""DataTransfer of OCPP 1.6, whose data is a text."""

from typing import Any

import pytest

from bridge.core.backend import VendorMessageReceived
from bridge.core.effects import Answer, Outcome
from bridge.core.values import RequestId
from bridge.ocpp.dialect import Passed
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.validation import Kind
from tests.ocpp.official import assert_valid
from tests.ocpp.worlds import STAMP, asked, charge_point

OCPP = Dialect16()
REQUEST = RequestId("request-1")


@pytest.mark.parametrize(
    "payload, message, data",
    [
        ({"vendorId": "com.example"}, None, None),
        ({"vendorId": "com.example", "messageId": "tariff", "data": "0.35"}, "tariff", '"0.35"'),
        ({"vendorId": "com.example", "data": '{"eur": 0.35}'}, None, '"{\\"eur\\": 0.35}"'),
        ({"vendorId": "com.example", "data": ""}, None, '""'),
    ],
)
def test_what_the_central_system_says_is_passed_on(payload: dict[str, Any], message: str | None, data: str | None) -> None:
    """As JSON, so that flows read both versions alike."""
    assert_valid("DataTransfer", Kind.REQUEST, payload)
    event = VendorMessageReceived(request=REQUEST, vendor="com.example", message=message, data=data, **STAMP)
    assert OCPP.handle("DataTransfer", payload, asked()) == Passed(event=event)


@pytest.mark.parametrize(
    "outcome, data, told",
    [
        (Outcome.ACCEPTED, None, {"status": "Accepted"}),
        (Outcome.ACCEPTED, '"shown"', {"status": "Accepted", "data": "shown"}),
        (Outcome.ACCEPTED, '{"shown":true}', {"status": "Accepted", "data": '{"shown":true}'}),
        (Outcome.REJECTED, "0", {"status": "Rejected", "data": "0"}),
        (Outcome.UNKNOWN_MESSAGE, None, {"status": "UnknownMessageId"}),
        (Outcome.UNKNOWN_VENDOR, None, {"status": "UnknownVendorId"}),
    ],
)
def test_the_answer_is_spelt_in_1_6(outcome: Outcome, data: str | None, told: dict[str, Any]) -> None:
    """A text as it is; anything else as JSON in a text, for 1.6 has no other data."""
    assert OCPP.answer("DataTransfer", Answer(request=REQUEST, outcome=outcome, data=data), charge_point()) == told
    assert_valid("DataTransfer", Kind.RESPONSE, told)
