"""Block F, remote control: RequestStartTransaction, RequestStopTransaction, UnlockConnector, TriggerMessage. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.core.backend import RemoteStartRequested, RemoteStopRequested, UnlockRequested
from bridge.core.effects import Outcome
from bridge.core.settings import Ability, Cable
from bridge.core.state import LocalSession, State
from bridge.ocpp.dialect import Context, Errand, Handled, Handler, JsonObject, Passed, Registration, Reply, Words
from bridge.ocpp.v201.authorization import TAG_MAX, tag_of
from bridge.ocpp.v201.evse import CONNECTOR, EVSE, stranger
from bridge.ocpp.v201.refusals import declined
from bridge.ocpp.v201.smart_charging import start_profile
from bridge.ocpp.v201.transactions import is_authorised, is_open
from bridge.ocpp.v201.variable import Variable

# --- transactions -----------------------------------------------------------------------------------------------------------------


def _request_start(payload: JsonObject, context: Context) -> Handled:
    # B02.FR.05: not before the station has been accepted; before the first answer to BootNotification likewise, for a start that
    # nobody waits for any more must not release a wallbox
    if context.registration is not Registration.ACCEPTED:
        return declined("CSNotAccepted")
    # F01.FR.06: "When no evseId is provided, the Charging Station is in control of the EVSE selection" - we have one
    if payload.get("evseId", EVSE) != EVSE:
        return declined("UnknownEvse")
    tag = tag_of(payload["idToken"])
    if tag is None:
        return declined("InvalidIdToken")
    state = context.state
    # F01.FR.24: only no transaction, or one that nobody has been permitted yet, can be matched with the request
    if is_authorised(state):
        return declined("TxInProgress")
    try:
        profile = start_profile(payload, context)
    except ValueError:
        return declined("InvalidProfile")
    event = RemoteStartRequested(
        request=context.request,
        # F01.FR.04: the idToken of the request is the one to be told of, whoever it belongs to here
        person=replace(context.person(tag), tag=tag),
        known=context.known(tag),
        remote_id=payload["remoteStartId"],
        group=_group(payload.get("groupIdToken")),
        profile=profile,
        **context.stamp,
    )
    # F01.FR.13: the name of a transaction that waits for its permission goes with a yes
    waiting = state.kept.transaction
    return Passed(event=event, payload=None if waiting is None else {"status": "Accepted", "transactionId": waiting.id})


def _group(token: JsonObject | None) -> str | None:
    return None if token is None else token["idToken"][:TAG_MAX] or None


def _request_stop(payload: JsonObject, context: Context) -> Handled:
    if context.registration is not Registration.ACCEPTED:
        return declined("CSNotAccepted")
    # F03.FR.08: a name that can't be matched to an active transaction
    if not is_open(context.state, payload["transactionId"]):
        return declined("TxNotFound")
    return Passed(event=RemoteStopRequested(request=context.request, backend_id=payload["transactionId"], **context.stamp))


# --- the cable --------------------------------------------------------------------------------------------------------------------


def _unlock(payload: JsonObject, context: Context) -> Handled:
    rules = context.state.rules
    # F05.FR.03; 2.0.1 has one word for both
    if payload["evseId"] != EVSE or payload["connectorId"] != CONNECTOR:
        return declined("UnknownConnectorId", "UnknownConnector")
    # F05.FR.02: an authorised transaction is left alone, and the connector locked
    if is_authorised(context.state):
        return declined("TxInProgress", "OngoingAuthorizedTransaction")
    if rules.cable is Cable.FIXED:
        return declined("FixedCable", "UnlockFailed")
    # nor is a session stopped that the central system knows nothing of
    if Ability.UNLOCK not in rules.can or isinstance(context.state.kept.session, LocalSession):
        return declined("UnsupportedRequest", "UnlockFailed")
    return Passed(event=UnlockRequested(request=context.request, **context.stamp))


# --- triggers ---------------------------------------------------------------------------------------------------------------------


_ERRANDS: Mapping[str, Errand] = {
    "BootNotification": Errand.BOOT,
    "Heartbeat": Errand.HEARTBEAT,
    "StatusNotification": Errand.STATUS,
    "MeterValues": Errand.READING,
    "TransactionEvent": Errand.TRANSACTION,
    "LogStatusNotification": Errand.LOG_STATUS,
    "FirmwareStatusNotification": Errand.FIRMWARE_STATUS,
}
"""What can be triggered; the rest of MessageTriggerEnumType (certificates, published firmware) is NotImplemented."""


def _trigger(payload: JsonObject, context: Context) -> Handled:
    errand = _ERRANDS.get(payload["requestedMessage"])
    unknown = stranger(payload.get("evse"))
    state = context.state
    match errand:
        case None:
            return declined("UnsupportedRequest", "NotImplemented")
        # F06.FR.17: "only meant to be used when the BootNotification has not yet been accepted"
        case Errand.BOOT if context.registration is Registration.ACCEPTED:
            return declined("UnsupportedRequest")
        # F06.FR.03: where the evse is "not relevant to the message, it SHALL be ignored"
        case Errand.STATUS | Errand.READING | Errand.TRANSACTION if unknown is not None:
            return declined(unknown)
        case Errand.READING if not _can_read(state):
            return declined("NotFound")
        case Errand.TRANSACTION if state.kept.transaction is None:
            return declined("TxNotFound")
        # F06.FR.12 lets us reject a StatusNotification without a connector; we have one, and tell it
        case _:
            return Reply(payload={"status": "Accepted"}, errands=(errand,))


def _can_read(state: State) -> bool:
    """There is a register, and it is not a local session's (design.md §2 "Hardware")."""
    return state.meter.register_wh is not None and not isinstance(state.kept.session, LocalSession)


HANDLERS: Mapping[str, Handler] = {
    "RequestStartTransaction": _request_start,
    "RequestStopTransaction": _request_stop,
    "UnlockConnector": _unlock,
    "TriggerMessage": _trigger,
}
_YES_NO = frozenset({Outcome.ACCEPTED})
ANSWERS: Mapping[str, Words] = {
    "RequestStartTransaction": (_YES_NO, "Rejected"),
    "RequestStopTransaction": (_YES_NO, "Rejected"),
    "UnlockConnector": (frozenset({Outcome.UNLOCKED, Outcome.ONGOING}), "UnlockFailed"),
}
VARIABLES: tuple[Variable, ...] = ()
