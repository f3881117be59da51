"""Block H, reservations: ReserveNow, CancelReservation, ReservationStatusUpdate. Pure."""

from collections.abc import Mapping

from bridge.core.backend import ReservationCancelRequested, ReservationRequested
from bridge.core.effects import Outcome
from bridge.core.orders import Reservation, ReservationEnded
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Outgoing, Passed, Words
from bridge.ocpp.times import from_iso
from bridge.ocpp.v201.authorization import tag_of
from bridge.ocpp.v201.equipment import PLUGS
from bridge.ocpp.v201.evse import EVSE
from bridge.ocpp.v201.refusals import declined
from bridge.ocpp.v201.variable import DataType, Mutability, Variable

ANY_PLUG = frozenset({"Undetermined", "Unknown"})
"""ConnectorEnum's words for a driver who does not know."""


def _reserve(payload: JsonObject, context: Context) -> Handled:
    tag, expires_ms = tag_of(payload["idToken"]), from_iso(payload["expiryDateTime"])
    # H01: without evseId the choice is ours, and there is one
    if payload.get("evseId", EVSE) != EVSE:
        return declined("UnknownEvse")
    if payload.get("connectorType", PLUGS[context.state.rules.cable]) not in ANY_PLUG | {PLUGS[context.state.rules.cable]}:
        return declined("UnknownConnectorType")
    if tag is None:
        return declined("InvalidIdToken")
    if expires_ms is None:
        return declined("InvalidValue")
    group = tag_of(payload["groupIdToken"]) if "groupIdToken" in payload else None
    reservation = Reservation(
        id=payload["id"],
        connector=payload.get("evseId", 0),
        tag=tag,
        group=None if group is None else group.text,
        expires_ms=expires_ms,
    )
    return Passed(event=ReservationRequested(request=context.request, reservation=reservation, **context.stamp))


def _cancel(payload: JsonObject, context: Context) -> Handled:
    return Passed(event=ReservationCancelRequested(request=context.request, reservation=payload["reservationId"], **context.stamp))


def status_update(notice: ReservationEnded) -> Outgoing:
    """ReservationStatusUpdateRequest."""
    status = "Expired" if notice.expired else "Removed"
    return Outgoing("ReservationStatusUpdate", {"reservationId": notice.id, "reservationUpdateStatus": status})


HANDLERS: Mapping[str, Handler] = {"ReserveNow": _reserve, "CancelReservation": _cancel}
ANSWERS: Mapping[str, Words] = {
    "ReserveNow": (frozenset({Outcome.ACCEPTED, Outcome.FAULTED, Outcome.OCCUPIED, Outcome.UNAVAILABLE}), "Rejected"),
    "CancelReservation": (frozenset({Outcome.ACCEPTED}), "Rejected"),
}
VARIABLES: tuple[Variable, ...] = (
    Variable(
        component="ReservationCtrlr",
        name="Available",
        type=DataType.BOOLEAN,
        value=lambda _context: "true",
        doc="Reservations are understood.",
    ),
    Variable(
        component="ReservationCtrlr",
        name="Enabled",
        type=DataType.BOOLEAN,
        field="reservations_enabled",
        mutability=Mutability.READ_WRITE,
        doc="New reservations are taken.",
    ),
    Variable(
        component="ReservationCtrlr",
        name="NonEvseSpecific",
        type=DataType.BOOLEAN,
        value=lambda _context: "true",
        doc="A reservation need not name an EVSE.",
    ),
)
