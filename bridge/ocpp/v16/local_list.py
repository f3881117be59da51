"""The local list (OCPP 1.6 §5.10 GetLocalListVersion, §5.15 SendLocalList). Pure."""

from collections.abc import Mapping

from bridge.core.effects import Outcome
from bridge.core.orders import ListEntry
from bridge.core.values import IdTag
from bridge.ocpp import lists
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Reply, Words
from bridge.ocpp.v16.answers import tag_info

NOT_HERE = -1
"""§5.10: "A version number of -1 SHALL be used to indicate that the Charge Point does not support Local Authorization Lists"."""
EMPTY = 0
"""§5.10: "A version number of 0 (zero) SHALL be used to indicate that the local authorization list is empty"."""


def _version(_: JsonObject, context: Context) -> Handled:
    return Reply(payload={"listVersion": _version_now(context)})


def _version_now(context: Context) -> int:
    state = context.state
    if not state.settings.list_enabled:
        return NOT_HERE
    return state.kept.list_version if context.list_size() else EMPTY


def _send(payload: JsonObject, context: Context) -> Handled:
    entries = [ListEntry(tag=IdTag(text=entry["idTag"]), info=tag_info(entry)) for entry in payload.get("localAuthorizationList", ())]
    full = payload["updateType"] == lists.FULL
    if not full and _version_now(context) == EMPTY:
        # the central system was told 0, and every version comes after that
        return lists.sent(
            context, version=payload["listVersion"], full=True, entries=[entry for entry in entries if entry.info is not None]
        )
    return lists.sent(context, version=payload["listVersion"], full=full, entries=entries)


HANDLERS: Mapping[str, Handler] = {"GetLocalListVersion": _version, "SendLocalList": _send}
ANSWERS: Mapping[str, Words] = {
    "SendLocalList": (frozenset({Outcome.ACCEPTED, Outcome.NOT_SUPPORTED, Outcome.VERSION_MISMATCH}), "Failed"),
}
