"""What a 1.6 central system asks, and the answers by the book."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.backend import (
    AvailabilityRequested,
    CacheClearRequested,
    RemoteStartRequested,
    RemoteStopRequested,
    ResetKind,
    ResetRequested,
    SettingChangeRequested,
    UnlockRequested,
)
from bridge.core.effects import Answer, Outcome
from bridge.core.settings import Cable, Settings
from bridge.core.values import IdTag, Person, RequestId, TagInfo, UserId, Verdict
from bridge.ocpp.dialect import Context, Errand, Handled, Passed, Refusal, Registration, Reply
from bridge.ocpp.frames import DESCRIPTION_MAX
from bridge.ocpp.v16 import requests
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.v16.keys import MAX_KEYS
from bridge.ocpp.validation import Kind, Version, validate
from tests.ocpp import worlds
from tests.ocpp.official import ACTIONS, FROM_CSMS, JSON, assert_valid, payloads
from tests.ocpp.worlds import LOCAL_SESSION, STAMP, asked, charge_point

OCPP = Dialect16()
REQUEST = RequestId("request-1")
PENDING = asked(registration=Registration.PENDING)
UNREGISTERED = asked(registration=None)
FIXED = asked(charge_point(cable=Cable.FIXED))
LOCAL = asked(charge_point(session=LOCAL_SESSION))
NO_METER = asked(charge_point(register_wh=None))


def _handle(action: str, payload: dict[str, Any], context: Context | None = None) -> Handled:
    """Ask, and hold both the question and the answer against the official schema."""
    assert_valid(action, Kind.REQUEST, payload)
    handled = OCPP.handle(action, payload, context or asked())
    if isinstance(handled, Reply):
        assert_valid(action, Kind.RESPONSE, handled.payload)
    return handled


def _status(action: str, payload: dict[str, Any], context: Context | None = None) -> str:
    handled = _handle(action, payload, context)
    assert isinstance(handled, Reply), handled
    assert not handled.errands
    status: str = handled.payload["status"]
    return status


def _spelt(action: str, outcome: Outcome) -> dict[str, Any]:
    return OCPP.answer(action, Answer(request=REQUEST, outcome=outcome), charge_point())


# --- remote start and stop --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [{"idTag": "TAG-1", "connectorId": 1}, {"idTag": "TAG-1"}])
def test_a_remote_start_is_passed_on_with_the_tag_it_names(payload: dict[str, Any]) -> None:
    """The session is billed to the tag the central system named, whoever that is here."""
    person = Person(user=UserId("anna"), name="Anna", tag=IdTag(text="TAG-1"), card="TAG1", local=True)
    event = RemoteStartRequested(request=REQUEST, person=person, known=None, **STAMP)
    assert _handle("RemoteStartTransaction", payload) == Passed(event=event)


def test_a_remote_start_brings_what_the_cache_knows() -> None:
    info = TagInfo(verdict=Verdict.ACCEPTED)
    handled = _handle("RemoteStartTransaction", {"idTag": "TAG-1"}, replace(asked(), known=lambda _: info))
    assert isinstance(handled, Passed)
    assert isinstance(handled.event, RemoteStartRequested)
    assert handled.event.known == info


def test_a_profile_that_comes_with_a_remote_start_is_ignored() -> None:
    """OCPP 1.6 §5.11: without smart charging the parameter "SHOULD be ignored"."""
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.1}]},
    }
    with_profile = _handle("RemoteStartTransaction", {"idTag": "TAG-1", "chargingProfile": profile})
    assert with_profile == _handle("RemoteStartTransaction", {"idTag": "TAG-1"})


@pytest.mark.parametrize(
    "payload, context",
    [
        pytest.param({"idTag": "TAG-1", "connectorId": 0}, asked(), marks=pytest.mark.requirement("1.6 TC_027_CS")),
        ({"idTag": "TAG-1", "connectorId": 2}, asked()),
        ({"idTag": "TAG-1", "connectorId": -1}, asked()),
        ({"idTag": ""}, asked()),
        ({"idTag": "TAG-1"}, PENDING),
        ({"idTag": "TAG-1"}, UNREGISTERED),
    ],
)
def test_a_remote_start_that_can_not_be_is_rejected(payload: dict[str, Any], context: Context) -> None:
    assert _status("RemoteStartTransaction", payload, context) == "Rejected"


@pytest.mark.parametrize("number", [7, 0, -1, 2**63])
def test_a_remote_stop_is_passed_on_by_the_name_of_the_transaction(number: int) -> None:
    event = RemoteStopRequested(request=REQUEST, backend_id=str(number), **STAMP)
    assert _handle("RemoteStopTransaction", {"transactionId": number}) == Passed(event=event)


@pytest.mark.parametrize("context", [PENDING, UNREGISTERED])
def test_a_remote_stop_before_registration_is_rejected(context: Context) -> None:
    assert _status("RemoteStopTransaction", {"transactionId": 7}, context) == "Rejected"


# --- the charge point -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word, kind",
    [
        ("Hard", ResetKind.HARD),
        ("Soft", ResetKind.SOFT),
    ],
)
def test_a_reset_is_passed_on(word: str, kind: ResetKind) -> None:
    assert _handle("Reset", {"type": word}) == Passed(event=ResetRequested(request=REQUEST, kind=kind, **STAMP))


@pytest.mark.parametrize("connector, station", [(0, True), (1, False)])
@pytest.mark.parametrize("word, operative", [("Operative", True), ("Inoperative", False)])
def test_availability_is_passed_on_for_the_station_or_its_connector(connector: int, station: bool, word: str, operative: bool) -> None:
    event = AvailabilityRequested(request=REQUEST, operative=operative, station=station, **STAMP)
    assert _handle("ChangeAvailability", {"connectorId": connector, "type": word}) == Passed(event=event)


@pytest.mark.parametrize("connector", [2, -1])
def test_the_availability_of_an_unknown_connector_can_not_be_changed(connector: int) -> None:
    assert _status("ChangeAvailability", {"connectorId": connector, "type": "Operative"}) == "Rejected"


def test_an_unlock_is_passed_on() -> None:
    assert _handle("UnlockConnector", {"connectorId": 1}) == Passed(event=UnlockRequested(request=REQUEST, **STAMP))


@pytest.mark.parametrize(
    "connector, context",
    [
        pytest.param(2, asked(), marks=pytest.mark.requirement("1.6 TC_031_CS")),
        (0, asked()),
        pytest.param(1, FIXED, marks=[pytest.mark.requirement("1.6 TC_017_2_CS"), pytest.mark.requirement("1.6 TC_018_2_CS")]),
    ],
)
def test_what_has_no_lock_is_not_supported(connector: int, context: Context) -> None:
    """A fixed cable, or a connector that doesn't exist; a session in progress is left alone."""
    assert _status("UnlockConnector", {"connectorId": connector}, context) == "NotSupported"


def test_clearing_the_cache_is_passed_on() -> None:
    assert _handle("ClearCache", {}) == Passed(event=CacheClearRequested(request=REQUEST, **STAMP))


def test_without_a_cache_there_is_none_to_clear() -> None:
    """1.6 errata 3.23."""
    assert _status("ClearCache", {}, asked(charge_point(settings=Settings(cache_enabled=False)))) == "Rejected"


# --- configuration ----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_019_CS")
@pytest.mark.parametrize("context", [asked(), PENDING, UNREGISTERED])
@pytest.mark.parametrize("payload", [{}, {"key": []}])
def test_the_configuration_is_told_at_any_time(payload: dict[str, Any], context: Context) -> None:
    """CitrineOS asks for all keys with an empty list, and asks while the registration is pending."""
    handled = _handle("GetConfiguration", payload, context)
    assert isinstance(handled, Reply)
    assert {key["key"] for key in handled.payload["configurationKey"]} >= {"HeartbeatInterval", "MeterValuesSampledData"}


def test_the_heartbeat_told_is_the_one_in_force() -> None:
    handled = _handle("GetConfiguration", {"key": ["HeartbeatInterval"]}, asked(heartbeat_s=300))
    expected = {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]}
    assert handled == Reply(payload=expected)


def test_a_request_for_more_keys_than_allowed_is_refused() -> None:
    handled = _handle("GetConfiguration", {"key": [f"Key{number}" for number in range(MAX_KEYS + 1)]})
    assert isinstance(handled, Refusal)
    assert handled.code == "OccurenceConstraintViolation"
    assert isinstance(_handle("GetConfiguration", {"key": [f"Key{number}" for number in range(MAX_KEYS)]}), Reply)


@pytest.mark.parametrize(
    "context",
    [
        pytest.param(asked(), marks=pytest.mark.requirement("1.6 TC_021_CS")),
        PENDING,
    ],
)
def test_a_good_change_is_passed_on(context: Context) -> None:
    event = SettingChangeRequested(request=REQUEST, name="sample_interval_s", value=30, **STAMP)
    assert _handle("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "30"}, context) == Passed(event=event)


@pytest.mark.parametrize(
    "key, value, status",
    [
        pytest.param("Testing", "true", "NotSupported", marks=pytest.mark.requirement("1.6 TC_040_1_CS")),
        pytest.param("MeterValueSampleInterval", "-1", "Rejected", marks=pytest.mark.requirement("1.6 TC_040_2_CS")),
        ("NumberOfConnectors", "2", "Rejected"),
        ("AuthorizationKey", "0123456789ABCDEF", "NotSupported"),
    ],
)
def test_a_bad_change_is_answered_at_once(key: str, value: str, status: str) -> None:
    assert _status("ChangeConfiguration", {"key": key, "value": value}) == status


# --- triggers ---------------------------------------------------------------------------------------------------------------------


def _trigger(message: str, connector: int | None = None) -> dict[str, Any]:
    return {"requestedMessage": message} if connector is None else {"requestedMessage": message, "connectorId": connector}


@pytest.mark.parametrize(
    "message, connector, errand",
    [
        ("MeterValues", 1, Errand.READING),
        ("MeterValues", None, Errand.READING),
        ("Heartbeat", None, Errand.HEARTBEAT),
        ("StatusNotification", 0, Errand.STATUS),
        ("StatusNotification", 1, Errand.STATUS),
        ("StatusNotification", None, Errand.STATUS),
        ("DiagnosticsStatusNotification", None, Errand.DIAGNOSTICS_STATUS),
        ("FirmwareStatusNotification", None, Errand.FIRMWARE_STATUS),
        # §5.17: a connector "not relevant to the message" is ignored
        ("Heartbeat", 9, Errand.HEARTBEAT),
    ],
)
def test_a_trigger_is_accepted_first_and_run_after(message: str, connector: int | None, errand: Errand) -> None:
    handled = _handle("TriggerMessage", _trigger(message, connector))
    assert handled == Reply(payload={"status": "Accepted"}, errands=(errand,), connector=connector)


@pytest.mark.parametrize(
    "message, connector, context",
    [
        pytest.param("MeterValues", 2, asked(), marks=pytest.mark.requirement("1.6 TC_055_CS")),
        ("MeterValues", 0, asked()),
        ("StatusNotification", 2, asked()),
        ("MeterValues", 1, LOCAL),
        ("MeterValues", 1, NO_METER),
        # errata 3.35: no new registration while one is in force
        ("BootNotification", None, asked()),
    ],
)
def test_a_trigger_that_can_not_be_run_is_rejected(message: str, connector: int | None, context: Context) -> None:
    assert _status("TriggerMessage", _trigger(message, connector), context) == "Rejected"


@pytest.mark.parametrize("context", [PENDING, UNREGISTERED])
def test_a_registration_can_be_triggered_while_it_is_pending(context: Context) -> None:
    handled = _handle("TriggerMessage", _trigger("BootNotification"), context)
    assert handled == Reply(payload={"status": "Accepted"}, errands=(Errand.BOOT,))


# --- what this station does not offer ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("B14")
@given(payloads("SetChargingProfile", Kind.REQUEST))
def test_a_charging_profile_is_not_supported(payload: dict[str, Any]) -> None:
    """Energy management on site has the last word; profiles are off."""
    assert _status("SetChargingProfile", payload) == "NotSupported"


# --- the core's answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action, outcome, status",
    [
        ("RemoteStartTransaction", Outcome.ACCEPTED, "Accepted"),
        ("RemoteStartTransaction", Outcome.REJECTED, "Rejected"),
        ("RemoteStopTransaction", Outcome.REJECTED, "Rejected"),
        ("Reset", Outcome.ACCEPTED, "Accepted"),
        ("ChangeAvailability", Outcome.SCHEDULED, "Scheduled"),
        ("ChangeConfiguration", Outcome.ACCEPTED, "Accepted"),
        ("ChangeConfiguration", Outcome.NOT_SUPPORTED, "NotSupported"),
        ("ClearCache", Outcome.ACCEPTED, "Accepted"),
        ("UnlockConnector", Outcome.UNLOCKED, "Unlocked"),
        ("UnlockConnector", Outcome.UNLOCK_FAILED, "UnlockFailed"),
        ("UnlockConnector", Outcome.NOT_SUPPORTED, "NotSupported"),
        # what the message has no word for is its plain no
        ("UnlockConnector", Outcome.ACCEPTED, "UnlockFailed"),
        ("Reset", Outcome.SCHEDULED, "Rejected"),
        ("RemoteStartTransaction", Outcome.NOT_SUPPORTED, "Rejected"),
    ],
)
def test_the_core_s_answer_is_spelt_in_1_6(action: str, outcome: Outcome, status: str) -> None:
    assert _spelt(action, outcome) == {"status": status}


# --- laws -------------------------------------------------------------------------------------------------------------------------

_contexts = st.builds(asked, worlds.states, registration=st.none() | st.sampled_from(Registration), heartbeat_s=st.integers(0, 86_400))


def _assert_answerable(action: str, handled: Handled) -> None:
    match handled:
        case Reply(payload=payload):
            assert_valid(action, Kind.RESPONSE, payload)
        case Refusal(code=code, description=description):
            assert code in {"NotSupported", "NotImplemented", "OccurenceConstraintViolation"}
            assert len(description) <= DESCRIPTION_MAX
        case Passed(event=event):
            assert event.at == STAMP["at"]
            for outcome in Outcome:
                assert_valid(action, Kind.RESPONSE, _spelt(action, outcome))


@given(st.data(), _contexts)
def test_every_valid_request_gets_a_valid_answer(data: st.DataObject, context: Context) -> None:
    """Whatever a central system may ask by the schema, in any state: an answer, a refusal, or the core decides."""
    action = data.draw(st.sampled_from(ACTIONS))
    payload = data.draw(payloads(action, Kind.REQUEST))
    _assert_answerable(action, OCPP.handle(action, payload, context))


@given(st.sampled_from(ACTIONS), JSON, _contexts)
def test_every_request_that_breaks_its_schema_has_a_code(action: str, payload: Any, context: Context) -> None:  # noqa: ANN401
    violation = validate(Version.V16, action, Kind.REQUEST, payload)
    if violation is None:
        _assert_answerable(action, OCPP.handle(action, payload, context))
    else:
        assert OCPP.violation(violation.keyword).endswith("Violation")


def test_every_message_a_central_system_may_send_is_answered_or_refused_on_purpose() -> None:
    """No action of OCPP 1.6 §5 is forgotten."""
    refused: set[str] = set()
    assert set(FROM_CSMS) - set(requests._HANDLERS) == refused
    assert set(requests._HANDLERS) <= set(FROM_CSMS)
