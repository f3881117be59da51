"""What is written on a tape, line by line: who wrote it, where each charge point stood, and every event with what came of it. Pure.

    {"tape": 1, "evbridge": "0.1.0", "forms": {…}}                       first of each segment
    {"cp": "garage", "state": {…}}                                       before its first event there
    {"cp": "garage", "event": {…}, "now": {"meter": 73…}, "did": [["AnnounceStatus", 12…]], "decided": [{…}]}

`now` has the checksums of those parts of the state that changed. An event without it ended the process, or its handling did.
"""

from array import array
from collections.abc import Mapping
from operator import attrgetter
from typing import Final

from bridge import __version__
from bridge.core.effects import Decide, Effects
from bridge.core.events import AnyEvent
from bridge.core.state import State
from bridge.core.step import Step
from bridge.core.values import ChargePointId
from bridge.tape.language import PARTS, Json, Language, as_bytes, forms

FORM: Final = 1
"""Of these lines; a reader of one form refuses another."""

_parts = attrgetter(*PARTS)


class Sums:
    """The checksums of a charge point's state; what has not been touched is not summed up again."""

    __slots__ = ("_language", "_sums", "state")

    def __init__(self, language: Language, state: State) -> None:
        """As it stands."""
        self._language = language
        self._sums = array("L", map(language.part_sum, PARTS, _parts(state)))
        self.state = state

    def follow(self, after: State) -> Mapping[str, int]:
        """The parts that are not what they were."""
        changed: dict[str, int] = {}
        for index, (was, value) in enumerate(zip(_parts(self.state), _parts(after), strict=True)):
            if value is not was:
                name = PARTS[index]
                new = self._language.part_sum(name, value)
                if new != self._sums[index]:
                    self._sums[index] = changed[name] = new
        self.state = after
        return changed


class Scribe:
    """Writes the lines of one tape, of all charge points in the order in which things happened."""

    def __init__(self, language: Language) -> None:
        """`begin` comes first."""
        self._language = language
        self._stands: dict[ChargePointId, Sums] = {}
        self._head = as_bytes({"tape": FORM, "evbridge": __version__, "forms": forms()}) + b"\n"

    def begin(self) -> bytes:
        """The head of a segment, which can be read alone: everybody's state is told anew."""
        self._stands.clear()
        return self._head

    def lines(self, before: State, event: AnyEvent, made: Step | None) -> bytes:
        """An event and what came of it; None: it was never answered."""
        charge_point = before.rules.charge_point
        text = b""
        stands = self._stands.get(charge_point)
        if stands is None or stands.state is not before:
            text = as_bytes({"cp": charge_point, "state": self._language.state(before)}) + b"\n"
            stands = self._stands[charge_point] = Sums(self._language, before)
        line: dict[str, Json] = {"cp": charge_point, "event": self._language.event(event)}
        if made is None:
            del self._stands[charge_point]
        else:
            line |= {"now": stands.follow(made.state)} | effects_told(self._language, made.effects)
        return text + as_bytes(line) + b"\n"


def effects_told(language: Language, effects: Effects) -> dict[str, Json]:
    """Decisions in full, other effects by name and checksum."""
    told: dict[str, Json] = {}
    decided = [language.decision(effect.decision) for effect in effects if isinstance(effect, Decide)]
    if decided:
        told["decided"] = decided
    did = [(type(effect).__name__, language.effect_sum(effect)) for effect in effects if not isinstance(effect, Decide)]
    if did:
        told["did"] = did
    return told
