"""How OCPP 2.0.1 says no."""

import pytest

from bridge.ocpp.dialect import Refusal, Reply
from bridge.ocpp.v201.refusals import declined, too_many, unknown_action, violation


@pytest.mark.parametrize(
    "keyword, code",
    [
        ("required", "OccurrenceConstraintViolation"),
        ("minItems", "OccurrenceConstraintViolation"),
        ("maxItems", "OccurrenceConstraintViolation"),
        ("type", "TypeConstraintViolation"),
        ("additionalProperties", "FormatViolation"),
        ("maxLength", "PropertyConstraintViolation"),
        ("enum", "PropertyConstraintViolation"),
    ],
)
def test_a_broken_schema_has_its_code(keyword: str, code: str) -> None:
    """2.0.1 spells them right, other than 1.6."""
    assert violation(keyword) == code


def test_what_the_version_has_and_the_station_has_not_is_not_supported() -> None:
    assert unknown_action("InstallCertificate").code == "NotSupported"
    assert unknown_action("MakeCoffee") == Refusal(code="NotImplemented", description="OCPP 2.0.1 has no such action")


def test_a_plain_no_tells_its_reason() -> None:
    assert declined("TxNotFound") == Reply(payload={"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}})
    assert declined("FixedCable", "UnlockFailed").payload["status"] == "UnlockFailed"


def test_more_items_than_a_message_may_have_are_an_error_that_names_the_limit() -> None:
    assert too_many([], 2, "A.B[C]") is too_many([1, 2], 2, "A.B[C]") is None
    assert too_many([1, 2, 3], 2, "A.B[C]") == Refusal(code="OccurrenceConstraintViolation", description="more items than A.B[C] (2)")
