"""The official schemas: compiled, complete, and of one mind with the reference validator."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ocpp.validation import Kind, Version, Violation, knows, validate
from tests.ocpp.official import ACTIONS, JSON, payloads, schema

BOTH = [(action, kind) for action in ACTIONS for kind in Kind]


def test_every_message_of_both_versions_has_its_schemas() -> None:
    assert len(ACTIONS) == 39
    assert knows(Version.V16, "GetLog"), "the security white paper is part of it"
    assert knows(Version.V201, "TransactionEvent")
    assert validate(Version.V201, "Reset", Kind.REQUEST, {"type": "Immediate"}) is None


@pytest.mark.parametrize("action", ["", "Foo", "reset", "../v16/Reset", "ResetResponse", "Reset\x00"])
def test_other_words_are_no_actions(action: str) -> None:
    assert not knows(Version.V16, action)


@pytest.mark.parametrize(
    "action, kind, payload, violation",
    [
        ("Reset", Kind.REQUEST, {"type": "Soft"}, None),
        ("Reset", Kind.REQUEST, {}, Violation(keyword="required", path="")),
        ("Reset", Kind.REQUEST, {"type": "Gentle"}, Violation(keyword="enum", path="type")),
        ("Reset", Kind.REQUEST, {"type": "Soft", "x": 1}, Violation(keyword="additionalProperties", path="")),
        ("Reset", Kind.REQUEST, [], Violation(keyword="type", path="")),
        ("Authorize", Kind.REQUEST, {"idTag": "x" * 21}, Violation(keyword="maxLength", path="idTag")),
        ("UnlockConnector", Kind.REQUEST, {"connectorId": "1"}, Violation(keyword="type", path="connectorId")),
        ("UnlockConnector", Kind.REQUEST, {"connectorId": True}, Violation(keyword="type", path="connectorId")),
        ("UnlockConnector", Kind.REQUEST, {"connectorId": 1.0}, Violation(keyword="type", path="connectorId")),
        ("Heartbeat", Kind.RESPONSE, {"currentTime": "2026-11-22 10:00"}, Violation(keyword="format", path="currentTime")),
        ("MeterValues", Kind.REQUEST, {"connectorId": 1, "meterValue": []}, Violation(keyword="minItems", path="meterValue")),
    ],
)
def test_a_violation_tells_keyword_and_place(action: str, kind: Kind, payload: Any, violation: Violation | None) -> None:  # noqa: ANN401
    assert validate(Version.V16, action, kind, payload) == violation


def _profile(limit: float) -> dict[str, Any]:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": schedule,
    }
    return {"connectorId": 1, "csChargingProfiles": profile}


def test_tenths_of_an_ampere_are_tenths_for_binary_floats_too() -> None:
    """Limits like 16.1 A have no exact binary form; none of them may be refused for it."""
    refused = [tenths for tenths in range(20_000) if validate(Version.V16, "SetChargingProfile", Kind.REQUEST, _profile(tenths / 10))]
    assert refused == []


def test_hundredths_are_refused_with_their_place() -> None:
    violation = validate(Version.V16, "SetChargingProfile", Kind.REQUEST, _profile(6.05))
    path = "csChargingProfiles/chargingSchedule/chargingSchedulePeriod/0/limit"
    assert violation == Violation(keyword="multipleOf", path=path)


@given(st.data())
def test_what_the_official_schema_allows_is_allowed(data: st.DataObject) -> None:
    action, kind = data.draw(st.sampled_from(BOTH))
    assert validate(Version.V16, action, kind, data.draw(payloads(action, kind))) is None


@given(st.sampled_from(BOTH), JSON)
def test_the_fast_validator_and_the_reference_one_agree_on_garbage(which: tuple[str, Kind], payload: object) -> None:
    action, kind = which
    reference = jsonschema.Draft4Validator(schema(action, kind)).is_valid(payload)
    assert (validate(Version.V16, action, kind, payload) is None) == reference
