"""What an OCPP 1.6 central system asks, and what the station answers. Pure.

What is only a matter of the book is answered here; what changes the charge point is passed to the core as an event.
"""

from collections.abc import Mapping
from dataclasses import replace

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
from bridge.core.settings import Cable
from bridge.core.state import LocalSession
from bridge.core.values import IdTag
from bridge.ocpp.dialect import Context, Errand, Handled, Handler, JsonObject, Passed, Refusal, Registration, Reply, Words
from bridge.ocpp.v16 import data_transfer, files, local_list, reservation, smart_charging
from bridge.ocpp.v16.keys import MAX_KEYS, Change, change_configuration, get_configuration
from bridge.ocpp.v16.records import CONNECTOR, STATION
from bridge.ocpp.v16.refusals import OCCURENCE, unknown_action


def handle(action: str, payload: JsonObject, context: Context) -> Handled:
    """Answer a request whose payload has passed its schema."""
    handler = _HANDLERS.get(action)
    return unknown_action(action) if handler is None else handler(payload, context)


def answer(action: str, answer: Answer) -> JsonObject:
    """Spell the core's answer. An outcome that the message has no word for becomes its plain no."""
    words, no = _ANSWERS[action]
    if not no:
        return {}
    told: JsonObject = {"status": answer.outcome.value if answer.outcome in words else no}
    return told if answer.data is None else told | {"data": data_transfer.written(answer.data)}


_YES_NO = frozenset({Outcome.ACCEPTED, Outcome.REJECTED})
_ANSWERS: Mapping[str, Words] = {
    **local_list.ANSWERS,
    **reservation.ANSWERS,
    **smart_charging.ANSWERS,
    **files.ANSWERS,
    **data_transfer.ANSWERS,
    "RemoteStartTransaction": (_YES_NO, "Rejected"),
    "RemoteStopTransaction": (_YES_NO, "Rejected"),
    "Reset": (_YES_NO, "Rejected"),
    "ClearCache": (_YES_NO, "Rejected"),
    "ChangeAvailability": (_YES_NO | {Outcome.SCHEDULED}, "Rejected"),
    "ChangeConfiguration": (_YES_NO | {Outcome.NOT_SUPPORTED}, "Rejected"),
    "UnlockConnector": (frozenset({Outcome.UNLOCKED, Outcome.UNLOCK_FAILED, Outcome.NOT_SUPPORTED}), "UnlockFailed"),
}


def _status(status: str) -> Reply:
    return Reply(payload={"status": status})


# --- transactions -----------------------------------------------------------------------------------------------------------------


def _remote_start(payload: JsonObject, context: Context) -> Handled:
    # OCPP 1.6 §4.2: in Pending the central system may not start or stop remotely. Before the first answer to BootNotification
    # (arthexis re-sends what it has left over at once) the same holds: a start nobody waits for any more must not release a wallbox
    if context.registration is not Registration.ACCEPTED:
        return _status("Rejected")
    # §5.11: "When no connector id is provided, the Charge Point is in control of the connector selection" - we have one
    if payload.get("connectorId", CONNECTOR) != CONNECTOR or not payload["idTag"]:
        return _status("Rejected")
    try:
        profile = smart_charging.start_profile(payload, context)
    except ValueError:
        return _status("Rejected")
    tag = IdTag(text=payload["idTag"])
    # §5.11: the idTag of the request is the one "which Charge Point SHALL use" in StartTransaction, whoever it belongs to here
    person = replace(context.person(tag), tag=tag)
    known = context.known(tag)
    return Passed(event=RemoteStartRequested(request=context.request, person=person, known=known, profile=profile, **context.stamp))


def _remote_stop(payload: JsonObject, context: Context) -> Handled:
    if context.registration is not Registration.ACCEPTED:
        return _status("Rejected")
    return Passed(event=RemoteStopRequested(request=context.request, backend_id=str(payload["transactionId"]), **context.stamp))


# --- the charge point -------------------------------------------------------------------------------------------------------------


def _reset(payload: JsonObject, context: Context) -> Handled:
    return Passed(event=ResetRequested(request=context.request, kind=ResetKind(payload["type"]), **context.stamp))


def _change_availability(payload: JsonObject, context: Context) -> Handled:
    connector = payload["connectorId"]
    if connector not in {STATION, CONNECTOR}:
        return _status("Rejected")
    operative = payload["type"] == "Operative"
    event = AvailabilityRequested(request=context.request, operative=operative, station=connector == STATION, **context.stamp)
    return Passed(event=event)


def _unlock(payload: JsonObject, context: Context) -> Handled:
    # OCPP 1.6 §7.46: NotSupported is "Charge Point has no connector lock, or ConnectorId is unknown"
    if payload["connectorId"] != CONNECTOR or context.state.rules.cable is Cable.FIXED:
        return _status("NotSupported")
    return Passed(event=UnlockRequested(request=context.request, **context.stamp))


def _clear_cache(_: JsonObject, context: Context) -> Handled:
    # 1.6 errata 3.23: without a cache the answer is Rejected
    if not context.state.settings.cache_enabled:
        return _status("Rejected")
    return Passed(event=CacheClearRequested(request=context.request, **context.stamp))


# --- configuration ----------------------------------------------------------------------------------------------------------------


def _get_configuration(payload: JsonObject, context: Context) -> Handled:
    wanted: list[str] = payload.get("key", [])
    if len(wanted) > MAX_KEYS:
        return Refusal(code=OCCURENCE, description=f"more keys than GetConfigurationMaxKeys ({MAX_KEYS})")
    return Reply(payload=get_configuration(wanted, context.state, heartbeat_s=context.heartbeat_s))


def _change_configuration(payload: JsonObject, context: Context) -> Handled:
    change = change_configuration(payload["key"], payload["value"], context.state)
    if isinstance(change, Change):
        return _status(change.value)
    event = SettingChangeRequested(request=context.request, name=change.field, value=change.value, **context.stamp)
    return Passed(event=event)


# --- triggers ---------------------------------------------------------------------------------------------------------------------


def _trigger(payload: JsonObject, context: Context) -> Handled:
    connector: int | None = payload.get("connectorId")
    match Errand(payload["requestedMessage"]):
        # 1.6 errata 3.35: once accepted "the Charge Point is RECOMMENDED to Reject a TriggerMessage request for BootNotification"
        case Errand.BOOT if context.registration is Registration.ACCEPTED:
            return _status("Rejected")
        case Errand.STATUS if connector not in {None, STATION, CONNECTOR}:
            return _status("Rejected")
        case Errand.READING if connector not in {None, CONNECTOR} or not _can_read(context):
            return _status("Rejected")
        # OCPP 1.6 §5.17: a connector that "is not relevant to the message" is ignored
        case errand:
            return Reply(payload={"status": "Accepted"}, errands=(errand,), connector=connector)


def _can_read(context: Context) -> bool:
    """There is a register, and it is not a local session's (design.md §2 "Hardware")."""
    return context.state.meter.register_wh is not None and not isinstance(context.state.kept.session, LocalSession)


_HANDLERS: Mapping[str, Handler] = {
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "Reset": _reset,
    "ChangeAvailability": _change_availability,
    "UnlockConnector": _unlock,
    "ClearCache": _clear_cache,
    "GetConfiguration": _get_configuration,
    "ChangeConfiguration": _change_configuration,
    "TriggerMessage": _trigger,
    **local_list.HANDLERS,
    **reservation.HANDLERS,
    **smart_charging.HANDLERS,
    **files.HANDLERS,
    **data_transfer.HANDLERS,
}
"""What is in none of them (certificates …) has no word for "not here" and is a CALLERROR."""
