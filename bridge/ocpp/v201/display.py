"""Block O, display messages: SetDisplayMessage, GetDisplayMessages, ClearDisplayMessage. Pure."""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bridge.core.backend import MessageCleared, MessageSent
from bridge.core.effects import Outcome
from bridge.core.messages import FORMATS, MESSAGES_MAX, PRIORITIES, STATES, standing
from bridge.core.orders import DisplayMessage
from bridge.core.settings import Ability
from bridge.core.state import State
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Outgoing, Passed, Reply, Words
from bridge.ocpp.times import from_iso
from bridge.ocpp.v201.refusals import declined, unknown_action
from bridge.ocpp.v201.variable import DataType, Variable

PART_MAX = 10
"""Messages in one NotifyDisplayMessages: at 512 characters each a frame that every central system takes."""


def _has_display(state: State) -> bool:
    return Ability.DISPLAY in state.rules.can


def _with_display(action: str, handler: Handler) -> Handler:
    """A station without a display has no such action."""

    @functools.wraps(handler)
    def handle(payload: JsonObject, context: Context) -> Handled:
        return handler(payload, context) if _has_display(context.state) else unknown_action(action)

    return handle


# --- O01, O06: set ----------------------------------------------------------------------------------------------------------------


def _set(payload: JsonObject, context: Context) -> Handled:
    told: JsonObject = payload["message"]
    # O01.FR.02 … 04: what is not supported is refused by its name
    if told["message"]["format"] not in FORMATS:
        return declined("UnsupportedParam", "NotSupportedMessageFormat")
    start_ms, end_ms = from_iso(told.get("startDateTime")), from_iso(told.get("endDateTime"))
    if ("startDateTime" in told and start_ms is None) or ("endDateTime" in told and end_ms is None):
        return declined("InvalidValue")
    message = DisplayMessage(
        id=told["id"],
        priority=told["priority"],
        text=told["message"]["content"],
        format=told["message"]["format"],
        language=told["message"].get("language"),
        state=told.get("state"),
        start_ms=start_ms,
        end_ms=end_ms,
        transaction=told.get("transactionId"),
        told=json.dumps(told),
    )
    return Passed(event=MessageSent(request=context.request, message=message, **context.stamp))


# --- O03, O04: get ----------------------------------------------------------------------------------------------------------------


def _get(payload: JsonObject, context: Context) -> Handled:
    found = [json.loads(one.told) for one in standing(context.state) if _matches(one, payload)]
    if not found:
        return declined("NotFound", "Unknown")
    return Reply(payload={"status": "Accepted"}, messages=tuple(_notifications(payload["requestId"], found)))


def _matches(message: DisplayMessage, wanted: JsonObject) -> bool:
    """All that is told must fit (O04.FR.06: a known id in another state is unknown)."""
    ids = wanted.get("id", (message.id,))
    return message.id in ids and wanted.get("priority", message.priority) == message.priority and _is_in_state(message, wanted)


def _is_in_state(message: DisplayMessage, wanted: JsonObject) -> bool:
    return "state" not in wanted or wanted["state"] == message.state


def _notifications(request: int, found: list[JsonObject]) -> Iterator[Outgoing]:
    for first in range(0, len(found), PART_MAX):
        payload: JsonObject = {"requestId": request, "messageInfo": found[first : first + PART_MAX]}
        yield Outgoing("NotifyDisplayMessages", payload | {"tbc": True} if first + PART_MAX < len(found) else payload)


# --- O05: clear -------------------------------------------------------------------------------------------------------------------


def _clear(payload: JsonObject, context: Context) -> Handled:
    return Passed(event=MessageCleared(request=context.request, message=payload["id"], **context.stamp))


_BY_ACTION: Mapping[str, Handler] = {"SetDisplayMessage": _set, "GetDisplayMessages": _get, "ClearDisplayMessage": _clear}
HANDLERS: Mapping[str, Handler] = {action: _with_display(action, handler) for action, handler in _BY_ACTION.items()}
ANSWERS: Mapping[str, Words] = {
    "SetDisplayMessage": (frozenset({Outcome.ACCEPTED, Outcome.UNKNOWN_TRANSACTION}), "Rejected"),
    "ClearDisplayMessage": (frozenset({Outcome.ACCEPTED}), "Unknown"),
}
_AVAILABLE = Variable(
    component="DisplayMessageCtrlr",
    name="Available",
    type=DataType.BOOLEAN,
    value=lambda _context: "true",
    available=_has_display,
    doc="There is a display, which follows MQTT.",
)
VARIABLES: tuple[Variable, ...] = (
    _AVAILABLE,
    replace(_AVAILABLE, name="Enabled", doc="Texts are shown as soon as they are set."),
    replace(
        _AVAILABLE,
        name="DisplayMessages",
        type=DataType.INTEGER,
        value=lambda context: str(len(standing(context.state))),
        minimum=0,
        maximum=MESSAGES_MAX,
        doc="Texts that are kept now.",
    ),
    replace(
        _AVAILABLE,
        name="SupportedFormats",
        type=DataType.MEMBER_LIST,
        value=lambda _context: ",".join(FORMATS),
        items=FORMATS,
        doc="Plain text.",
    ),
    replace(
        _AVAILABLE,
        name="SupportedPriorities",
        type=DataType.MEMBER_LIST,
        value=lambda _context: ",".join(PRIORITIES),
        items=PRIORITIES,
        doc="All there are.",
    ),
    replace(
        _AVAILABLE,
        name="SupportedStates",
        type=DataType.MEMBER_LIST,
        value=lambda _context: ",".join(STATES),
        items=STATES,
        doc="All there are.",
    ),
)
