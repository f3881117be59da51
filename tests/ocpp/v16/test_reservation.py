"""Reservations as OCPP 1.6 asks for them, and as a start names them."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import ReservationCancelRequested, ReservationRequested
from bridge.core.effects import Answer, Outcome
from bridge.core.orders import Reservation, ReservationEnded
from bridge.core.settings import Settings
from bridge.core.values import IdTag, RequestId
from bridge.ocpp.dialect import Passed, Reply
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.validation import Kind
from tests.ocpp.official import assert_valid
from tests.ocpp.worlds import NOW, NOW_TEXT, STAMP, START, asked, charge_point

OCPP = Dialect16()
ASKED: dict[str, Any] = {"connectorId": 1, "expiryDate": NOW_TEXT, "idTag": "04A1B2C3", "reservationId": 7}
WANTED = Reservation(id=7, connector=1, tag=IdTag(text="04A1B2C3"), group=None, expires_ms=NOW.utc_ms)


@pytest.mark.parametrize(
    "changed, reservation",
    [
        ({}, WANTED),
        ({"connectorId": 0}, replace(WANTED, connector=0)),
        ({"parentIdTag": "FAMILY"}, replace(WANTED, group="FAMILY")),
        ({"parentIdTag": ""}, WANTED),
        ({"expiryDate": "2026-11-22T11:45:10.147+01:00"}, WANTED),
        ({"reservationId": -1}, replace(WANTED, id=-1)),
    ],
)
def test_the_core_decides_about_a_reservation(changed: dict[str, Any], reservation: Reservation) -> None:
    payload = ASKED | changed
    assert_valid("ReserveNow", Kind.REQUEST, payload)
    event = ReservationRequested(request=RequestId("request-1"), reservation=reservation, **STAMP)
    assert OCPP.handle("ReserveNow", payload, asked()) == Passed(event=event)


@pytest.mark.parametrize("changed", [{"connectorId": 2}, {"connectorId": -1}, {"expiryDate": "0001-01-01T00:00:00Z"}])
def test_what_means_nothing_here_is_rejected(changed: dict[str, Any]) -> None:
    """A connector that is not there, and "no time" as some languages write it."""
    assert OCPP.handle("ReserveNow", ASKED | changed, asked()) == Reply(payload={"status": "Rejected"})


def test_the_core_decides_about_taking_it_back() -> None:
    event = ReservationCancelRequested(request=RequestId("request-1"), reservation=7, **STAMP)
    assert OCPP.handle("CancelReservation", {"reservationId": 7}, asked()) == Passed(event=event)


@pytest.mark.parametrize(
    "action, outcome, status",
    [
        ("ReserveNow", Outcome.ACCEPTED, "Accepted"),
        ("ReserveNow", Outcome.FAULTED, "Faulted"),
        ("ReserveNow", Outcome.OCCUPIED, "Occupied"),
        ("ReserveNow", Outcome.UNAVAILABLE, "Unavailable"),
        ("ReserveNow", Outcome.REJECTED, "Rejected"),
        ("CancelReservation", Outcome.ACCEPTED, "Accepted"),
        ("CancelReservation", Outcome.REJECTED, "Rejected"),
    ],
)
def test_the_answers_are_spelt_in_1_6(action: str, outcome: Outcome, status: str) -> None:
    told = OCPP.answer(action, Answer(request=RequestId("request-1"), outcome=outcome), charge_point())
    assert told == {"status": status}
    assert_valid(action, Kind.RESPONSE, told)


@pytest.mark.parametrize("number", [7, 0, -3])
def test_a_start_names_the_reservation_it_uses(number: int) -> None:
    """0 is a number like any other."""
    sent = OCPP.record(replace(START, reservation=number), backend_id=None, start_parked=False, settings=Settings())
    assert sent is not None
    assert sent.payload["reservationId"] == number
    assert_valid("StartTransaction", Kind.REQUEST, sent.payload)


def test_1_6_has_no_message_for_the_end_of_one() -> None:
    """The status of the connector tells it."""
    assert OCPP.notice(ReservationEnded(id=7, expired=True), charge_point()) == ()
