"""CALLERROR codes of 1.6."""

import pytest

from bridge.ocpp.v16.dialect import Dialect16
from tests.ocpp.worlds import asked

OCPP = Dialect16()

NOT_OFFERED = {
    "ClearChargingProfile",
    "GetCompositeSchedule",
    "UpdateFirmware",
    "CertificateSigned",
    "DeleteCertificate",
    "ExtendedTriggerMessage",
    "GetInstalledCertificateIds",
    "GetLog",
    "InstallCertificate",
    "SignedUpdateFirmware",
    # of a station, to a station
    "BootNotification",
    "StartTransaction",
    "SecurityEventNotification",
}


@pytest.mark.parametrize("action", sorted(NOT_OFFERED))
def test_a_known_action_that_is_not_offered_is_not_supported(action: str) -> None:
    """OCPP-J 1.6 table 7: "recognized but not supported"."""
    refusal = OCPP.unknown_action(action)
    assert refusal.code == "NotSupported"
    assert OCPP.handle(action, {}, asked()) == refusal


@pytest.mark.parametrize("action", ["Foo", "", "reset", "SetVariables", "../Reset", "x" * 1000])
def test_an_action_nobody_knows_is_not_implemented(action: str) -> None:
    """OCPP-J 1.6 table 7: "not known by receiver"; its name is not quoted."""
    refusal = OCPP.unknown_action(action)
    assert refusal.code == "NotImplemented"
    assert not action or action not in refusal.description
    assert OCPP.handle(action, {}, asked()) == refusal


@pytest.mark.parametrize(
    "keyword, code",
    [
        ("required", "OccurenceConstraintViolation"),
        ("minItems", "OccurenceConstraintViolation"),
        ("maxItems", "OccurenceConstraintViolation"),
        ("type", "TypeConstraintViolation"),
        ("additionalProperties", "FormationViolation"),
        ("enum", "PropertyConstraintViolation"),
        ("maxLength", "PropertyConstraintViolation"),
        ("multipleOf", "PropertyConstraintViolation"),
        ("format", "PropertyConstraintViolation"),
        ("whatever", "PropertyConstraintViolation"),
    ],
)
def test_a_broken_schema_is_answered_with_the_code_of_1_6(keyword: str, code: str) -> None:
    """In 1.6's own spelling, typing error included."""
    assert OCPP.violation(keyword) == code
