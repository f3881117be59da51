"""Which CALLERROR is meant, whatever the version."""

import pytest

from bridge.ocpp.refusals import unknown_action, violation
from bridge.ocpp.validation import Version


@pytest.mark.parametrize(
    "keyword, code",
    [
        ("required", "how often"),
        ("minItems", "how often"),
        ("maxItems", "how often"),
        ("type", "TypeConstraintViolation"),
        ("additionalProperties", "which fields"),
        ("maxLength", "PropertyConstraintViolation"),
        ("enum", "PropertyConstraintViolation"),
    ],
)
def test_a_broken_schema_has_its_code(keyword: str, code: str) -> None:
    assert violation(keyword, occurrence="how often", form="which fields") == code


@pytest.mark.parametrize(
    "version, action, code",
    [
        (Version.V16, "Reset", "NotSupported"),
        (Version.V16, "RequestStartTransaction", "NotImplemented"),
        (Version.V201, "RequestStartTransaction", "NotSupported"),
        (Version.V201, "RemoteStartTransaction", "NotImplemented"),
    ],
)
def test_an_action_is_known_in_its_version(version: Version, action: str, code: str) -> None:
    refusal = unknown_action(action, version)
    assert refusal.code == code
    assert (version.value.removeprefix("ocpp") in refusal.description) is (code == "NotImplemented")
