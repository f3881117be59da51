"""What the backend wants shown to drivers: texts and costs (2.0.1 blocks I and O)."""

from dataclasses import dataclass, replace

from bridge.core.backend import CostTold, MessageCleared, MessageSent
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome
from bridge.core.energy import is_running
from bridge.core.orders import DisplayMessage
from bridge.core.settings import Ability
from bridge.core.state import BackendSession, LocalSession, State
from bridge.core.status import status
from bridge.core.values import SessionId, Status

MESSAGES_MAX = 20
"""More than a display can cycle through while somebody stands in front of it."""
COST_MAX = 1e9
"""More is no cost of a session in any currency."""
PRIORITIES = ("AlwaysFront", "InFront", "NormalCycle")
"""The most important first."""
STATES = ("Charging", "Faulted", "Idle", "Unavailable")
FORMATS = ("ASCII", "UTF8")
"""Plain text: what every display can show. Nobody here renders HTML or follows a link for a driver."""

# --- texts ------------------------------------------------------------------------------------------------------------------------


def message_sent(draft: Draft, event: MessageSent) -> None:
    """Keep a text; the same id replaces, and so does another text that must always be in front: there is room for one."""
    message = event.message
    others = tuple(one for one in draft.kept.messages if one.id != message.id and not _displaces(message, one))
    outcome = _outcome(draft.state, message, others)
    if outcome is Outcome.ACCEPTED:
        draft.kept = replace(draft.kept, messages=(*others, message))
    draft.emit(Answer(request=event.request, outcome=outcome))


def _displaces(new: DisplayMessage, old: DisplayMessage) -> bool:
    return new.priority == old.priority == PRIORITIES[0]


def _outcome(state: State, message: DisplayMessage, others: tuple[DisplayMessage, ...]) -> Outcome:
    if message.transaction is not None and message.transaction != transaction_id(state):
        return Outcome.UNKNOWN_TRANSACTION
    over = message.end_ms is not None and message.end_ms <= max(state.now.utc_ms, message.start_ms or 0)
    if over or Ability.DISPLAY not in state.rules.can or len(others) >= MESSAGES_MAX:
        return Outcome.REJECTED
    return Outcome.ACCEPTED


def message_cleared(draft: Draft, event: MessageCleared) -> None:
    """The backend takes a text back."""
    left = tuple(one for one in draft.kept.messages if one.id != event.message)
    known = len(left) < len(draft.kept.messages)
    if known:
        draft.kept = replace(draft.kept, messages=left)
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED if known else Outcome.UNKNOWN))


def transaction_id(state: State) -> SessionId | None:
    """The transaction that the backend knows to be open, if one is."""
    if state.kept.transaction is not None:
        return state.kept.transaction.id
    session = state.kept.session
    return session.id if isinstance(session, BackendSession) and is_running(session) else None


def standing(state: State) -> tuple[DisplayMessage, ...]:
    """The texts that are not over: their time is not up, and their transaction still runs."""
    current, now_ms = transaction_id(state), state.now.utc_ms
    return tuple(
        one
        for one in state.kept.messages
        if (one.end_ms is None or now_ms < one.end_ms) and (one.transaction is None or one.transaction == current)
    )


def shown(state: State) -> tuple[DisplayMessage, ...]:
    """What is to be shown now, the most important first."""
    now = [one for one in standing(state) if (one.start_ms or 0) <= state.now.utc_ms and one.state in {None, display_state(state)}]
    return tuple(sorted(now, key=lambda one: PRIORITIES.index(one.priority)))


def display_state(state: State) -> str:
    """What the station does, in the four words of a text's state; a session that pauses still is one."""
    match status(state):
        case Status.FAULTED:
            return "Faulted"
        case Status.UNAVAILABLE:
            return "Unavailable"
        case _:
            return "Charging" if is_running(state.kept.session) else "Idle"


# --- costs ------------------------------------------------------------------------------------------------------------------------


def cost_told(draft: Draft, event: CostTold) -> None:
    """What a transaction costs so far."""
    learn_cost(draft, event.backend_id, event.cost)


def learn_cost(draft: Draft, transaction: str, cost: float) -> None:
    """Of the running transaction, or of the last one in the end; of any other nobody here can be told."""
    if transaction == draft.state.billed and abs(cost) <= COST_MAX:
        draft.state = replace(draft.state, cost=cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the backend tells people now."""

    messages: tuple[DisplayMessage, ...] | None
    """None: there is no display."""
    cost: tuple[SessionId, float] | None
    """Of which session."""


def told_to_people(state: State) -> Told:
    """Texts and costs, as they are to be seen."""
    return Told(
        messages=shown(state) if Ability.DISPLAY in state.rules.can else None,
        cost=None if state.cost is None or state.billed is None else (state.billed, state.cost),
    )


# --- whatever happens -------------------------------------------------------------------------------------------------------------


def settle(draft: Draft) -> None:
    """Take away what is over: texts, and with a new session the cost of the one before."""
    left = standing(draft.state)
    if left != draft.kept.messages:
        draft.kept = replace(draft.kept, messages=left)
    session = draft.session
    current = session.id if isinstance(session, LocalSession) else transaction_id(draft.state)
    if current is not None and current != draft.state.billed:
        draft.state = replace(draft.state, billed=current, cost=None)


def due_s(state: State) -> float | None:
    """When the next text begins or ends."""
    now_ms = state.now.utc_ms
    times = [at_ms for one in state.kept.messages for at_ms in (one.start_ms, one.end_ms) if at_ms is not None and at_ms > now_ms]
    return state.now.mono_s + (min(times) - now_ms) / 1000 if times else None
