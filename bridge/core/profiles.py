"""Charging profiles: what the backend allows over time, below what energy management allows (B14; 1.6 §3.13, 2.0.1 K)."""

from bridge.core.backend import ProfilesCleared, ProfileSent
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome


def profile_sent(draft: Draft, event: ProfileSent) -> None:
    """The backend limits what is charged."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))


def profiles_cleared(draft: Draft, event: ProfilesCleared) -> None:
    """The backend takes limits back."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
