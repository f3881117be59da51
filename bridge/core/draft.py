"""A step in the making: the state so far and what it asks for. Lives only inside one `step`."""

from dataclasses import replace

from bridge.core.alerts import AlertId, cleared, raised
from bridge.core.effects import AnyEffect, Decide, Decision, Effects
from bridge.core.event import Event
from bridge.core.events import Origin
from bridge.core.state import Kept, Pending, Session, State
from bridge.core.values import Authority, Colour, Person, SessionId, Verdict, Why


class Draft:
    """Handlers change the facts in it and emit what follows; `step` reads the result."""

    __slots__ = ("_effects", "fresh", "state")

    def __init__(self, state: State, event: Event) -> None:
        """Begin with the state as it was, at the time of the event."""
        self.state = replace(state, now=event.at)
        self.fresh: SessionId = event.fresh
        self._effects: list[AnyEffect] = []

    @property
    def effects(self) -> Effects:
        """What has been asked for, in order."""
        return tuple(self._effects)

    @effects.setter
    def effects(self, effects: Effects) -> None:
        self._effects = list(effects)

    @property
    def now_s(self) -> float:
        """The event's time on the clock that never jumps."""
        return self.state.now.mono_s

    @property
    def now_ms(self) -> int:
        """The event's time in UTC."""
        return self.state.now.utc_ms

    @property
    def kept(self) -> Kept:
        """What survives a restart."""
        return self.state.kept

    @kept.setter
    def kept(self, kept: Kept) -> None:
        self.state = replace(self.state, kept=kept)

    @property
    def session(self) -> Session:
        """What runs."""
        return self.state.kept.session

    @session.setter
    def session(self, session: Session) -> None:
        self.kept = replace(self.state.kept, session=session)

    @property
    def pending(self) -> Pending:
        """Who waits for what."""
        return self.state.pending

    @pending.setter
    def pending(self, pending: Pending) -> None:
        self.state = replace(self.state, pending=pending)

    def emit(self, effect: AnyEffect) -> None:
        """Ask for something."""
        self._effects.append(effect)

    def alert(self, alert: AlertId, text: str, *, for_s: float | None = None) -> None:
        """Tell a person."""
        self.state = raised(self.state, alert, text, for_s=for_s)

    def clear(self, alert: AlertId) -> None:
        """Solved."""
        self.state = cleared(self.state, alert)

    def decide(
        self,
        origins: tuple[Origin, ...],
        person: Person,
        colour: Colour,
        authority: Authority,
        *,
        why: Why,
        verdict: Verdict | None = None,
    ) -> None:
        """Give everybody who waits the one decision (B9)."""
        for origin in origins:
            decision = Decision(
                origin=origin,
                colour=colour,
                authority=authority,
                why=why,
                verdict=verdict,
                user=person.user,
                tag=person.tag,
                card=person.card,
                utc_ms=self.now_ms,
            )
            self.emit(Decide(decision=decision))
