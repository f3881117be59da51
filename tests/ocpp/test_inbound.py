"""Requests of the central system: checked, answered or passed on, and never too many."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import ResetRequested, UnlockRequested
from bridge.core.effects import Answer, Outcome
from bridge.core.values import RequestId
from bridge.ocpp.dialect import Dialect, Errand, Registration
from bridge.ocpp.frames import BadFrame, Call, CallError, CallResult, Fault
from bridge.ocpp.inbound import BURST_MAX, RATE_PER_S, WORK_MAX, Answered, Arrival, Handed, Handling, Ignored, Inbound
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.v201.dialect import Dialect201
from tests.ocpp.stations import FakeStation
from tests.ocpp.worlds import STAMP

REQUEST_S = 25.0
HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "0", "issuerKeyHash": "0", "serialNumber": "1"}


class Door:
    """Requests come in."""

    def __init__(self, dialect: Dialect | None = None) -> None:
        self.inbound = Inbound(dialect or Dialect16(), FakeStation(), REQUEST_S)
        self.count = 0
        self.now_s = 0.0
        self.registration: Registration | None = Registration.ACCEPTED

    def ask(self, action: str, payload: dict[str, Any] | None = None, *, message_id: str | None = None) -> Handling:
        self.count += 1
        arrival = Arrival(
            call=Call(message_id=message_id or f"m{self.count}", action=action, payload=payload or {}),
            now_s=self.now_s,
            stamp=STAMP,
            request=RequestId(f"r{self.count}"),
            registration=self.registration,
            heartbeat_s=300,
        )
        return self.inbound.received(arrival)

    def refused(self, action: str, payload: dict[str, Any] | None = None, *, message_id: str | None = None) -> str:
        handling = self.ask(action, payload, message_id=message_id)
        assert isinstance(handling, Answered)
        assert isinstance(handling.frame, CallError)
        return handling.frame.code


def answered(door: Door, request: str, outcome: Outcome) -> CallResult | None:
    return door.inbound.answer(Answer(request=RequestId(request), outcome=outcome))


def test_a_request_that_is_only_a_matter_of_the_book_is_answered_at_once() -> None:
    handling = Door().ask("GetConfiguration", {"key": ["HeartbeatInterval"]})
    assert isinstance(handling, Answered)
    assert isinstance(handling.frame, CallResult)
    assert handling.frame.message_id == "m1"
    assert handling.frame.payload["configurationKey"][0]["value"] == "300", "the interval in force"


@pytest.mark.requirement("1.6 TC_054_CS")
def test_what_was_triggered_follows_the_answer() -> None:
    handling = Door().ask("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
    assert isinstance(handling, Answered)
    assert (handling.errands, handling.connector) == ((Errand.STATUS,), 1)


def test_a_request_the_core_decides_is_answered_by_the_core() -> None:
    door = Door()
    assert door.ask("Reset", {"type": "Soft"}) == Handed(ResetRequested(request=RequestId("r1"), kind="Soft", **STAMP))  # type: ignore[arg-type]
    assert answered(door, "r1", Outcome.ACCEPTED) == CallResult(message_id="m1", payload={"status": "Accepted"})


def test_an_answer_that_nobody_waits_for_is_dropped() -> None:
    """The central system that asked is gone; nobody else gets its answer."""
    door = Door()
    door.ask("Reset", {"type": "Soft"})
    door.inbound.forget()
    assert answered(door, "r1", Outcome.ACCEPTED) is None


@pytest.mark.requirement("W12")
def test_requests_are_answered_in_any_order() -> None:
    door = Door()
    door.ask("Reset", {"type": "Soft"})
    unlock = door.ask("UnlockConnector", {"connectorId": 1})
    assert isinstance(unlock, Handed)
    assert isinstance(unlock.event, UnlockRequested)
    assert answered(door, "r2", Outcome.UNLOCKED) == CallResult(message_id="m2", payload={"status": "Unlocked"})
    assert answered(door, "r1", Outcome.ACCEPTED) == CallResult(message_id="m1", payload={"status": "Accepted"})


@pytest.mark.requirement("W12")
def test_an_id_in_work_is_refused_until_it_is_answered() -> None:
    door = Door()
    door.ask("Reset", {"type": "Soft"}, message_id="same")
    assert door.refused("ClearCache", message_id="same") == "ProtocolError"
    answered(door, "r1", Outcome.ACCEPTED)
    assert isinstance(door.ask("ClearCache", message_id="same"), Handed)


def test_only_so_many_wait_for_the_core() -> None:
    door = Door()
    assert all(isinstance(door.ask("ClearCache"), Handed) for _ in range(WORK_MAX))
    assert door.refused("ClearCache") == "GenericError"
    assert isinstance(door.ask("GetLocalListVersion"), Answered)


@pytest.mark.requirement("W12")
def test_a_flood_is_refused_cheaply_and_ends_by_itself() -> None:
    """A central system that loops is told so; what an operator clicks a little later is served."""
    door = Door()
    for _ in range(BURST_MAX):
        door.ask("GetLocalListVersion")
    assert door.refused("GetLocalListVersion") == "GenericError"
    door.now_s += 1 / RATE_PER_S
    handling = door.ask("GetLocalListVersion")
    assert isinstance(handling, Answered)
    assert isinstance(handling.frame, CallResult)
    assert door.refused("GetLocalListVersion") == "GenericError"


def test_what_the_core_leaves_waiting_is_answered_with_an_error() -> None:
    door = Door()
    assert door.inbound.due_s() == float("inf")
    door.ask("Reset", {"type": "Soft"})
    door.now_s = 5.0
    door.ask("ClearCache")
    assert door.inbound.due_s() == REQUEST_S
    assert door.inbound.expired(REQUEST_S - 0.1) == []
    late = door.inbound.expired(REQUEST_S)
    assert late == [CallError(message_id="m1", code="InternalError", description="no answer in time")]
    assert answered(door, "r1", Outcome.ACCEPTED) is None
    assert door.inbound.due_s() == REQUEST_S + 5.0


@pytest.mark.parametrize(
    "action, payload, code",
    [
        ("Reset", {}, "OccurenceConstraintViolation"),
        ("Reset", {"type": "Medium"}, "PropertyConstraintViolation"),
        ("Reset", {"type": 7}, "TypeConstraintViolation"),
        ("Reset", {"type": "Soft", "extra": 1}, "FormationViolation"),
        ("SelfDestruct", {}, "NotImplemented"),
        ("DeleteCertificate", {"certificateHashData": HASHES}, "NotSupported"),
    ],
)
def test_a_request_that_is_wrong_is_refused_with_the_right_code(action: str, payload: dict[str, Any], code: str) -> None:
    assert Door().refused(action, payload) == code


@pytest.mark.requirement("1.6 TC_001_CS")
def test_while_rejected_nothing_is_answered() -> None:
    door = Door()
    door.registration = Registration.REJECTED
    assert door.ask("GetConfiguration") == Ignored()


@pytest.mark.requirement("2.0.1 TC_B_30_CS")
def test_while_rejected_a_newer_central_system_is_told() -> None:
    door = Door(Dialect201())
    door.registration = Registration.REJECTED
    assert door.refused("GetVariables") == "SecurityError"


@pytest.mark.requirement("W11")
@pytest.mark.parametrize(
    "bad, code_16, code_201",
    [
        (BadFrame(fault=Fault.ELEMENT, message_id="m", call=True), "FormationViolation", "FormatViolation"),
        (BadFrame(fault=Fault.ELEMENT, message_id="m"), None, None),
        (BadFrame(fault=Fault.JSON), None, "RpcFrameworkError"),
        (BadFrame(fault=Fault.MESSAGE_TYPE), None, "MessageTypeNotSupported"),
    ],
)
def test_unreadable_frames_are_answered_as_each_version_wants(bad: BadFrame, code_16: str | None, code_201: str | None) -> None:
    both: list[tuple[Dialect, str | None]] = [(Dialect16(), code_16), (Dialect201(), code_201)]
    for dialect, code in both:
        error = Inbound(dialect, FakeStation(), REQUEST_S).unreadable(bad)
        assert (None if error is None else error.code) == code
        if error is not None:
            assert error.message_id == (bad.message_id or "-1")


def test_the_registration_is_known_to_the_answer() -> None:
    """While pending a remote start is rejected (OCPP 1.6 §4.2)."""
    door = Door()
    door.registration = Registration.PENDING
    handling = door.ask("RemoteStartTransaction", {"idTag": "04A1B2C3"})
    assert isinstance(handling, Answered)
    assert replace(handling, frame=CallResult(message_id="m1", payload={"status": "Rejected"})) == handling


def test_requests_are_read_in_the_version_that_was_agreed_on() -> None:
    """An action of the other one is unknown."""
    door = Door()
    assert door.refused("GetVariables", {"getVariableData": []}) == "NotImplemented"
    door.inbound.speak(Dialect201())
    assert door.refused("GetVariables", {"getVariableData": []}) == "OccurrenceConstraintViolation"
    assert door.refused("GetConfiguration", {}) == "NotImplemented"
