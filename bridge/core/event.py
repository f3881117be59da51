"""What every event has."""

from dataclasses import dataclass

from bridge.core.values import Instant, SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Anything that happened, when, and an id nobody has used for whatever it opens."""

    at: Instant
    fresh: SessionId
    """Id of the session (or question, or command) that this event opens, should it open one. At most one does."""
