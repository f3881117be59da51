"""When to ping, and when a ping has been unanswered for too long. Pure: times come in, in seconds of one clock."""


class Pings:
    """Of one link. An interval of 0: none are sent."""

    __slots__ = ("_open", "_pong_s", "_sent_s")

    def __init__(self, pong_s: float) -> None:
        """`pong_s` is how long an answer may take."""
        self._pong_s = pong_s
        self._sent_s = 0.0
        self._open = False
        """One is on its way."""

    def connected(self, now_s: float) -> None:
        """A new connection."""
        self._sent_s = now_s
        self._open = False

    def due_s(self, interval_s: float, now_s: float) -> float:
        """When to look: for the next one, or for the answer to the last; infinity: never."""
        if interval_s <= 0:
            return float("inf")
        early_s = self._sent_s + interval_s
        late_s = self._sent_s + self._pong_s
        return late_s if self._open and (late_s < early_s or early_s <= now_s) else early_s

    def is_mute(self, interval_s: float, now_s: float, *, ponged_s: float) -> bool:
        """Whether the last ping was not answered in time; `ponged_s` is when the newest answer came."""
        if interval_s <= 0 or ponged_s >= self._sent_s:
            self._open = False
        return self._open and now_s >= self._sent_s + self._pong_s

    def is_due(self, interval_s: float, now_s: float) -> bool:
        """Whether to send the next one now; the caller does."""
        if interval_s <= 0 or self._open or now_s < self._sent_s + interval_s:
            return False
        self._open, self._sent_s = True, now_s
        return True
