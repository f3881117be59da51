"""A tape of what happens on a bench."""

from dataclasses import dataclass, field
from io import BytesIO

from bridge.core.effects import Effects
from bridge.core.events import AnyEvent
from bridge.core.state import State
from bridge.core.step import Step
from bridge.tape.disguise import disguise
from bridge.tape.language import Language
from bridge.tape.pages import Pages, packed
from bridge.tape.player import Moment, Player
from bridge.tape.scribe import Scribe
from tests.core.world import Bench

LANGUAGE = Language(disguise(b"key"))
"""Made once: it takes a tenth of a second."""


@dataclass
class Tape:
    """Put `watch` among the watchers of a bench."""

    scribe: Scribe = field(default_factory=lambda: Scribe(LANGUAGE))
    text: bytes = b""

    def __post_init__(self) -> None:
        self.text = self.scribe.begin()

    def watch(self, before: State, event: AnyEvent, after: State, effects: Effects) -> None:
        self.text += self.scribe.lines(before, event, Step(after, effects))

    @property
    def lines(self) -> list[bytes]:
        return self.text.splitlines(keepends=True)


def recorded(bench: Bench) -> Tape:
    """What happens on it from now on."""
    tape = Tape()
    bench.watchers.append(tape.watch)
    return tape


def played(tape: Tape, player: Player | None = None) -> list[Moment]:
    return list((player or Player()).play(Pages(BytesIO(packed(tape.text)))))


def told(moments: list[Moment]) -> list[tuple[str, str, str]]:
    """What comes out otherwise."""
    return [(difference.what, difference.then, difference.now) for moment in moments for difference in moment.differences]
