"""Block G, availability: StatusNotification, ChangeAvailability, Heartbeat. Pure."""

from collections.abc import Mapping

from bridge.core.backend import AvailabilityRequested
from bridge.core.effects import Outcome
from bridge.core.hardware import is_plugged
from bridge.core.state import State
from bridge.core.status import reported_status
from bridge.core.values import Status
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Outgoing, Passed, Words
from bridge.ocpp.times import as_iso
from bridge.ocpp.v201.evse import CONNECTOR, EVSE, stranger
from bridge.ocpp.v201.refusals import declined
from bridge.ocpp.v201.variable import Variable

AVAILABLE, OCCUPIED = "Available", "Occupied"
_WORDS: Mapping[Status, str] = {
    Status.AVAILABLE: AVAILABLE,
    Status.RESERVED: "Reserved",
    Status.UNAVAILABLE: "Unavailable",
    Status.FAULTED: "Faulted",
}
"""Everything else is Occupied."""


def connector_status(state: State) -> str:
    """What the central system is told of the connector (ConnectorStatus): five words for the core's nine."""
    status = reported_status(state)
    # G01: a connector is Occupied from the plug on; permitted and not plugged it is still Available
    if status is Status.PREPARING and not _is_plugged(state):
        return AVAILABLE
    return _WORDS.get(status, OCCUPIED)


def _is_plugged(state: State) -> bool:
    plugged = is_plugged(state.hardware)
    # unknown ends nothing: until the wallbox speaks again its vehicle counts as still there
    return bool(state.kept.plugged if plugged is None else plugged)


def statuses(state: State, connector: int | None = None) -> tuple[Outgoing, ...]:
    """StatusNotificationRequest; there is one connector, and none for the station as a whole."""
    if connector not in {None, CONNECTOR}:
        return ()
    payload = {
        "timestamp": as_iso(state.now.utc_ms),
        "connectorStatus": connector_status(state),
        "evseId": EVSE,
        "connectorId": CONNECTOR,
    }
    return (Outgoing("StatusNotification", payload),)


def _change_availability(payload: JsonObject, context: Context) -> Handled:
    evse: JsonObject | None = payload.get("evse")
    unknown = stranger(evse)
    if unknown is not None:
        return declined(unknown)
    operative = payload["operationalStatus"] == "Operative"
    return Passed(event=AvailabilityRequested(request=context.request, operative=operative, station=evse is None, **context.stamp))


HANDLERS: Mapping[str, Handler] = {"ChangeAvailability": _change_availability}
ANSWERS: Mapping[str, Words] = {"ChangeAvailability": (frozenset({Outcome.ACCEPTED, Outcome.SCHEDULED}), "Rejected")}
VARIABLES: tuple[Variable, ...] = ()
