"""Reservations (OCPP 1.6 §5.2 CancelReservation, §5.13 ReserveNow). Pure."""

from collections.abc import Mapping

from bridge.core.backend import ReservationCancelRequested, ReservationRequested
from bridge.core.effects import Outcome
from bridge.core.orders import Reservation
from bridge.core.values import IdTag
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Passed, Reply, Words
from bridge.ocpp.times import from_iso
from bridge.ocpp.v16.records import CONNECTOR, STATION


def _reserve(payload: JsonObject, context: Context) -> Handled:
    expires_ms = from_iso(payload["expiryDate"])
    if payload["connectorId"] not in {STATION, CONNECTOR} or expires_ms is None:
        return Reply(payload={"status": "Rejected"})
    reservation = Reservation(
        id=payload["reservationId"],
        connector=payload["connectorId"],
        tag=IdTag(text=payload["idTag"]),
        group=payload.get("parentIdTag") or None,
        expires_ms=expires_ms,
    )
    return Passed(event=ReservationRequested(request=context.request, reservation=reservation, **context.stamp))


def _cancel(payload: JsonObject, context: Context) -> Handled:
    return Passed(event=ReservationCancelRequested(request=context.request, reservation=payload["reservationId"], **context.stamp))


HANDLERS: Mapping[str, Handler] = {"ReserveNow": _reserve, "CancelReservation": _cancel}
ANSWERS: Mapping[str, Words] = {
    "ReserveNow": (frozenset({Outcome.ACCEPTED, Outcome.FAULTED, Outcome.OCCUPIED, Outcome.UNAVAILABLE}), "Rejected"),
    "CancelReservation": (frozenset({Outcome.ACCEPTED}), "Rejected"),
}
