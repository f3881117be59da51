"""Block D, the local authorization list: SendLocalList, GetLocalListVersion. Pure."""

from collections.abc import Mapping

from bridge.core.effects import Outcome
from bridge.core.orders import ListEntry
from bridge.ocpp import lists
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Reply, Words
from bridge.ocpp.v201.authorization import tag_info, tag_of
from bridge.ocpp.v201.refusals import declined
from bridge.ocpp.v201.variable import Variable

NOT_HERE = 0
"""TC_D_10: the version of a list that is switched off."""


def _version(_: JsonObject, context: Context) -> Handled:
    state = context.state
    return Reply(payload={"versionNumber": state.kept.list_version if state.settings.list_enabled else NOT_HERE})


def _send(payload: JsonObject, context: Context) -> Handled:
    if not context.state.settings.list_enabled:
        return declined("NotEnabled", status="Failed")
    entries: list[ListEntry] = []
    for entry in payload.get("localAuthorizationList", ()):
        tag = tag_of(entry["idToken"])
        if tag is None:
            return declined("InvalidIdToken", status="Failed")
        entries.append(ListEntry(tag=tag, info=tag_info(entry)))
    return lists.sent(context, version=payload["versionNumber"], full=payload["updateType"] == lists.FULL, entries=entries)


HANDLERS: Mapping[str, Handler] = {"GetLocalListVersion": _version, "SendLocalList": _send}
ANSWERS: Mapping[str, Words] = {"SendLocalList": (frozenset({Outcome.ACCEPTED, Outcome.VERSION_MISMATCH}), "Failed")}
VARIABLES: tuple[Variable, ...] = ()
"""Those of LocalAuthListCtrlr stand with the other extras (`bridge.ocpp.v201.extras`)."""
