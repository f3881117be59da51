"""Transactions as OCPP 2.0.1 tells them (P2 E01-E12): derived from what happened to the session, in one place."""

from bridge.core.draft import Draft
from bridge.core.events import AnyEvent
from bridge.core.state import State


def follow(before: State, draft: Draft, event: AnyEvent) -> None:
    """Number and describe the records of this step, and add those that only 2.0.1 tells."""
