"""Block F: remote start and stop, the cable, triggers."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import RemoteStartRequested, RemoteStopRequested, UnlockRequested
from bridge.core.effects import Outcome
from bridge.core.settings import Ability, Cable
from bridge.core.state import State
from bridge.core.values import IdTag, Person, TagInfo, TagKind, UserId, Verdict
from bridge.ocpp.dialect import Context, Errand, Passed, Registration, Reply
from tests.ocpp.v201.desk import REQUEST, handled, in_transaction, spelt, status
from tests.ocpp.worlds import BACKEND_SESSION, LOCAL_SESSION, STAMP, asked, charge_point

START = {"idToken": {"idToken": "TAG-1", "type": "Central"}, "remoteStartId": 77}
TAG = IdTag(text="TAG-1", kind=TagKind.CENTRAL)
PENDING = asked(registration=Registration.PENDING)
UNREGISTERED = asked(registration=None)
RUNNING = charge_point(session=BACKEND_SESSION)


# --- remote start and stop --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more, group",
    [
        ({}, None),
        ({"evseId": 1}, None),
        ({"groupIdToken": {"idToken": "FLEET", "type": "Central"}}, "FLEET"),
        ({"groupIdToken": {"idToken": "", "type": "NoAuthorization"}}, None),
    ],
)
def test_a_remote_start_is_passed_on_with_the_tag_it_names(more: dict[str, Any], group: str | None) -> None:
    """The session is billed to the tag the central system named, whoever that is here."""
    person = Person(user=UserId("anna"), name="Anna", tag=TAG, card="TAG1", local=True)
    event = RemoteStartRequested(request=REQUEST, person=person, known=None, remote_id=77, group=group, **STAMP)
    assert handled("RequestStartTransaction", START | more) == Passed(event=event)


def test_a_remote_start_brings_what_is_known_here() -> None:
    info = TagInfo(verdict=Verdict.ACCEPTED)
    passed = handled("RequestStartTransaction", START, replace(asked(), known=lambda _: info))
    assert isinstance(passed, Passed)
    assert isinstance(passed.event, RemoteStartRequested)
    assert passed.event.known == info


@pytest.mark.requirement("2.0.1 TC_F_01_CS")
def test_a_yes_names_the_transaction_that_waits_for_its_permission() -> None:
    """F01.FR.13."""
    passed = handled("RequestStartTransaction", START, asked(in_transaction(charge_point(), authorised=False)))
    assert isinstance(passed, Passed)
    assert passed.payload == {"status": "Accepted", "transactionId": "session-1"}


@pytest.mark.parametrize(
    "payload, context, reason",
    [
        (START | {"evseId": 0}, asked(), "UnknownEvse"),
        (START | {"evseId": 2}, asked(), "UnknownEvse"),
        (START | {"idToken": {"idToken": "", "type": "NoAuthorization"}}, asked(), "InvalidIdToken"),
        (START, PENDING, "CSNotAccepted"),
        (START, UNREGISTERED, "CSNotAccepted"),
        (START, asked(RUNNING), "TxInProgress"),
        (START, asked(in_transaction(charge_point())), "TxInProgress"),
    ],
)
def test_a_remote_start_that_can_not_be_is_rejected(payload: dict[str, Any], context: Context, reason: str) -> None:
    assert status("RequestStartTransaction", payload, context) == ("Rejected", reason)


PROFILE = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": [{"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.1}]}],
}


def test_a_profile_that_comes_along_is_ignored_where_none_are_followed() -> None:
    """F01.FR.12."""
    assert handled("RequestStartTransaction", START | {"chargingProfile": PROFILE}) == handled("RequestStartTransaction", START)


def test_a_profile_that_comes_along_is_followed_or_refused_where_profiles_are() -> None:
    """F01.FR.10, FR.26."""
    state = charge_point()
    smart = asked(replace(state, rules=replace(state.rules, smart_charging=True)))
    passed = handled("RequestStartTransaction", START | {"chargingProfile": PROFILE}, smart)
    assert isinstance(passed, Passed)
    assert isinstance(passed.event, RemoteStartRequested)
    assert passed.event.profile is not None
    odd = PROFILE | {"chargingProfilePurpose": "TxDefaultProfile"}
    assert status("RequestStartTransaction", START | {"chargingProfile": odd}, smart) == ("Rejected", "InvalidProfile")


@pytest.mark.parametrize("state", [in_transaction(RUNNING), in_transaction(charge_point(), authorised=False), RUNNING])
def test_a_remote_stop_is_passed_on_by_the_name_of_the_transaction(state: State) -> None:
    event = RemoteStopRequested(request=REQUEST, backend_id="session-1", **STAMP)
    assert handled("RequestStopTransaction", {"transactionId": "session-1"}, asked(state)) == Passed(event=event)


@pytest.mark.parametrize(
    "context, reason",
    [
        (PENDING, "CSNotAccepted"),
        (UNREGISTERED, "CSNotAccepted"),
        pytest.param(asked(in_transaction(RUNNING)), "TxNotFound", marks=pytest.mark.requirement("2.0.1 TC_F_09_CS")),
        (asked(), "TxNotFound"),
        (asked(charge_point(session=LOCAL_SESSION)), "TxNotFound"),
    ],
)
def test_a_remote_stop_of_what_does_not_run_is_rejected(context: Context, reason: str) -> None:
    assert status("RequestStopTransaction", {"transactionId": "session-2"}, context) == ("Rejected", reason)


@pytest.mark.parametrize("action", ["RequestStartTransaction", "RequestStopTransaction"])
def test_the_answer_is_the_cores(action: str) -> None:
    assert spelt(action, Outcome.ACCEPTED) == {"status": "Accepted"}
    assert spelt(action, Outcome.REJECTED) == spelt(action, Outcome.FAULTED) == {"status": "Rejected"}


# --- the cable --------------------------------------------------------------------------------------------------------------------

HERE = {"evseId": 1, "connectorId": 1}


def _can(state: State, *abilities: Ability) -> Context:
    return asked(replace(state, rules=replace(state.rules, can=frozenset(abilities))))


@pytest.mark.parametrize("state", [charge_point(), in_transaction(charge_point(), authorised=False)])
def test_an_unlock_is_passed_on(state: State) -> None:
    """Whether a cable is there or not (F05.FR.06), and though a transaction nobody may charge in is open."""
    assert handled("UnlockConnector", HERE, asked(state)) == Passed(event=UnlockRequested(request=REQUEST, **STAMP))


@pytest.mark.parametrize(
    "payload, context, told",
    [
        ({"evseId": 1, "connectorId": 999}, asked(), "UnknownConnector"),
        ({"evseId": 2, "connectorId": 1}, asked(), "UnknownConnector"),
        ({"evseId": 0, "connectorId": 0}, asked(RUNNING), "UnknownConnector"),
        (HERE, asked(RUNNING), "OngoingAuthorizedTransaction"),
        (HERE, asked(in_transaction(charge_point())), "OngoingAuthorizedTransaction"),
        (HERE, asked(charge_point(cable=Cable.FIXED)), "UnlockFailed"),
        (HERE, _can(charge_point()), "UnlockFailed"),
        # a local session is not the central system's to end, nor to see
        (HERE, asked(charge_point(session=LOCAL_SESSION)), "UnlockFailed"),
    ],
)
def test_what_can_not_be_unlocked_stays_locked(payload: dict[str, Any], context: Context, told: str) -> None:
    assert status("UnlockConnector", payload, context)[0] == told


@pytest.mark.parametrize(
    "outcome, word",
    [
        (Outcome.UNLOCKED, "Unlocked"),
        (Outcome.UNLOCK_FAILED, "UnlockFailed"),
        (Outcome.NOT_SUPPORTED, "UnlockFailed"),
        (Outcome.ONGOING, "OngoingAuthorizedTransaction"),
    ],
)
def test_the_wallbox_own_word_is_the_answer(outcome: Outcome, word: str) -> None:
    assert spelt("UnlockConnector", outcome) == {"status": word}


# --- triggers ---------------------------------------------------------------------------------------------------------------------


def _trigger(message: str, evse: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"requestedMessage": message} | ({} if evse is None else {"evse": evse})


BUSY = asked(in_transaction(RUNNING))
CONNECTOR = {"id": 1, "connectorId": 1}


@pytest.mark.parametrize(
    "message, evse, context, errand",
    [
        ("BootNotification", None, PENDING, Errand.BOOT),
        ("BootNotification", None, UNREGISTERED, Errand.BOOT),
        ("Heartbeat", None, asked(), Errand.HEARTBEAT),
        ("StatusNotification", CONNECTOR, asked(), Errand.STATUS),
        ("StatusNotification", {"id": 1}, asked(), Errand.STATUS),
        ("StatusNotification", None, asked(), Errand.STATUS),
        ("MeterValues", {"id": 1}, asked(), Errand.READING),
        ("MeterValues", None, BUSY, Errand.READING),
        ("TransactionEvent", {"id": 1}, BUSY, Errand.TRANSACTION),
        ("TransactionEvent", None, BUSY, Errand.TRANSACTION),
        ("LogStatusNotification", None, asked(), Errand.LOG_STATUS),
        ("FirmwareStatusNotification", None, asked(), Errand.FIRMWARE_STATUS),
        # F06.FR.03: an evse "not relevant to the message" is ignored
        ("Heartbeat", {"id": 9}, asked(), Errand.HEARTBEAT),
        ("FirmwareStatusNotification", {"id": 9}, asked(), Errand.FIRMWARE_STATUS),
    ],
)
def test_a_triggered_message_follows_its_answer(message: str, evse: dict[str, Any] | None, context: Context, errand: Errand) -> None:
    assert handled("TriggerMessage", _trigger(message, evse), context) == Reply(payload={"status": "Accepted"}, errands=(errand,))


@pytest.mark.parametrize(
    "message, evse, context, told",
    [
        ("BootNotification", None, asked(), "Rejected"),
        ("StatusNotification", {"id": 2}, asked(), "Rejected"),
        ("StatusNotification", {"id": 1, "connectorId": 2}, asked(), "Rejected"),
        ("MeterValues", {"id": 2}, asked(), "Rejected"),
        ("MeterValues", None, asked(charge_point(register_wh=None)), "Rejected"),
        ("MeterValues", None, asked(charge_point(session=LOCAL_SESSION)), "Rejected"),
        ("TransactionEvent", {"id": 2}, BUSY, "Rejected"),
        ("TransactionEvent", None, asked(), "Rejected"),
        ("SignChargingStationCertificate", None, asked(), "NotImplemented"),
        ("SignV2GCertificate", None, asked(), "NotImplemented"),
        ("SignCombinedCertificate", None, asked(), "NotImplemented"),
        ("PublishFirmwareStatusNotification", None, asked(), "NotImplemented"),
    ],
)
def test_what_can_not_be_triggered_is_refused(message: str, evse: dict[str, Any] | None, context: Context, told: str) -> None:
    assert status("TriggerMessage", _trigger(message, evse), context)[0] == told
