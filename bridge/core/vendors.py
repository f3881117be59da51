"""What a backend and the flows on site say to each other in words of their own (OCPP 1.6 §4.3, 2.0.1 block P)."""

from dataclasses import replace

from bridge.core.backend import VendorMessageReceived
from bridge.core.draft import Draft
from bridge.core.effects import Answer, AskSite, Outcome
from bridge.core.events import VendorMessageAnswered, VendorReply
from bridge.core.state import State
from bridge.core.values import RequestId

ANSWER_S = 10.0
"""How long a flow may think. A central system gives up on an answer after half a minute."""
WAITING_MAX = 16
"""As many as a connection lets wait at the same time."""

_OUTCOMES = {
    VendorReply.ACCEPTED: Outcome.ACCEPTED,
    VendorReply.REJECTED: Outcome.REJECTED,
    VendorReply.UNKNOWN_MESSAGE: Outcome.UNKNOWN_MESSAGE,
}


def vendor_message_received(draft: Draft, event: VendorMessageReceived) -> None:
    """Put it to the flows, where they know this vendor and can be reached."""
    state = draft.state
    if event.vendor not in state.rules.vendors:
        draft.emit(Answer(request=event.request, outcome=Outcome.UNKNOWN_VENDOR))
    elif not state.synchronised or len(state.transfers) >= WAITING_MAX:
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
    else:
        draft.state = replace(state, transfers=(*state.transfers, (event.request, draft.now_s + ANSWER_S)))
        draft.emit(AskSite(request=event.request, vendor=event.vendor, message=event.message, data=event.data))


def vendor_message_answered(draft: Draft, event: VendorMessageAnswered) -> None:
    """A flow answered; late and second answers find nobody who waits."""
    if any(request == event.request for request, _ in draft.state.transfers):
        _settle(draft, event.request, _OUTCOMES[event.reply], event.data)


def due_s(state: State) -> float | None:
    """When the oldest message has waited long enough."""
    return min((until_s for _, until_s in state.transfers), default=None)


def give_up(draft: Draft) -> None:
    """No flow has answered in time."""
    for request, until_s in draft.state.transfers:
        if until_s <= draft.now_s:
            _settle(draft, request, Outcome.REJECTED, None)


def _settle(draft: Draft, request: RequestId, outcome: Outcome, data: str | None) -> None:
    left = tuple(one for one in draft.state.transfers if one[0] != request)
    draft.state = replace(draft.state, transfers=left)
    draft.emit(Answer(request=request, outcome=outcome, data=data))
