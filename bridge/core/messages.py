"""What the backend wants shown to drivers: texts and costs (2.0.1 I and O)."""

from dataclasses import replace

from bridge.core.backend import CostTold, MessageCleared, MessageSent
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome


def message_sent(draft: Draft, event: MessageSent) -> None:
    """The backend wants a text shown."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))


def message_cleared(draft: Draft, event: MessageCleared) -> None:
    """The backend takes a text back."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))


def cost_told(draft: Draft, event: CostTold) -> None:
    """What the transaction costs so far, by the backend's reckoning."""
    draft.state = replace(draft.state, cost=event.cost)
