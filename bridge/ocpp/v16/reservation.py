"""Reservations (OCPP 1.6 §5.2 CancelReservation, §5.13 ReserveNow). Pure."""

from collections.abc import Mapping

from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Reply, Words


def _reserve(_: JsonObject, __: Context) -> Handled:
    """§7.40: Rejected is "Charge Point is not configured to accept reservations"."""
    return Reply(payload={"status": "Rejected"})


HANDLERS: Mapping[str, Handler] = {"ReserveNow": _reserve}
ANSWERS: Mapping[str, Words] = {}
