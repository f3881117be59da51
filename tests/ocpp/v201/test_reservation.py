"""Block H, reservations."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from bridge.core.backend import ReservationCancelRequested, ReservationRequested
from bridge.core.effects import Outcome
from bridge.core.orders import Reservation, ReservationEnded
from bridge.core.settings import Cable
from bridge.core.values import IdTag, TagKind
from bridge.ocpp.dialect import Context, Passed
from bridge.ocpp.v201.reservation import status_update
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import payloads
from tests.ocpp.v201.desk import REQUEST, handled, said, spelt, status
from tests.ocpp.worlds import NOW, NOW_TEXT, STAMP, asked, charge_point

TOKEN = {"idToken": "04A1B2C3", "type": "ISO14443"}
ASKED: dict[str, Any] = {"id": 7, "expiryDateTime": NOW_TEXT, "idToken": TOKEN, "evseId": 1}
WANTED = Reservation(id=7, connector=1, tag=IdTag(text="04A1B2C3", kind=TagKind.ISO14443), group=None, expires_ms=NOW.utc_ms)
ANYWHERE = {name: value for name, value in ASKED.items() if name != "evseId"}
FIXED = asked(charge_point(cable=Cable.FIXED))


@pytest.mark.requirement("2.0.1 TC_H_08_CS")
@pytest.mark.requirement("2.0.1 TC_H_15_CS")
@pytest.mark.parametrize(
    "payload, reservation, context",
    [
        (ASKED, WANTED, asked()),
        (ANYWHERE, replace(WANTED, connector=0), asked()),
        (ASKED | {"groupIdToken": {"idToken": "FAMILY", "type": "Central"}}, replace(WANTED, group="FAMILY"), asked()),
        (ASKED | {"groupIdToken": {"idToken": "", "type": "NoAuthorization"}}, WANTED, asked()),
        (ASKED | {"connectorType": "sType2"}, WANTED, asked()),
        (ASKED | {"connectorType": "cType2"}, WANTED, FIXED),
        (ASKED | {"connectorType": "Undetermined"}, WANTED, asked()),
    ],
)
def test_the_core_decides_about_a_reservation(payload: dict[str, Any], reservation: Reservation, context: Context) -> None:
    """With or without an EVSE, for the plug that is there."""
    event = ReservationRequested(request=REQUEST, reservation=reservation, **STAMP)
    assert handled("ReserveNow", payload, context) == Passed(event=event)


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"evseId": 2}, "UnknownEvse"),
        ({"evseId": 0}, "UnknownEvse"),
        ({"connectorType": "cCCS2"}, "UnknownConnectorType"),
        ({"connectorType": "cType2"}, "UnknownConnectorType"),
        ({"idToken": {"idToken": "", "type": "NoAuthorization"}}, "InvalidIdToken"),
        ({"expiryDateTime": "0001-01-01T00:00:00Z"}, "InvalidValue"),
    ],
)
def test_what_means_nothing_here_is_rejected_with_its_reason(changed: dict[str, Any], reason: str) -> None:
    assert status("ReserveNow", ASKED | changed) == ("Rejected", reason)


def test_the_core_decides_about_taking_it_back() -> None:
    event = ReservationCancelRequested(request=REQUEST, reservation=7, **STAMP)
    assert handled("CancelReservation", {"reservationId": 7}) == Passed(event=event)


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.FAULTED, Outcome.OCCUPIED, Outcome.UNAVAILABLE, Outcome.REJECTED])
def test_the_answers_have_the_words_of_2_0_1(outcome: Outcome) -> None:
    assert spelt("ReserveNow", outcome) == {"status": outcome.value}
    plain = outcome if outcome is Outcome.ACCEPTED else Outcome.REJECTED
    assert spelt("CancelReservation", outcome) == {"status": plain.value}


@pytest.mark.parametrize("expired, word", [(True, "Expired"), (False, "Removed")])
def test_the_end_of_an_unused_one_is_told(*, expired: bool, word: str) -> None:
    sent = status_update(ReservationEnded(id=7, expired=expired))
    assert sent.action == "ReservationStatusUpdate"
    assert said(sent) == {"reservationId": 7, "reservationUpdateStatus": word}


@given(payloads("ReserveNow", Kind.REQUEST, Version.V201))
def test_whatever_is_asked_gets_an_answer(payload: dict[str, Any]) -> None:
    handled("ReserveNow", payload)
