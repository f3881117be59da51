"""Lets what is on a tape happen again, and says where it comes out otherwise. Pure."""

import json
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.core.effects import Decide, Decision, Effects
from bridge.core.events import AnyEvent
from bridge.core.state import State
from bridge.core.step import Step, step
from bridge.core.values import ChargePointId
from bridge.tape.language import Json, Language, forms, read
from bridge.tape.pages import TapeRefused
from bridge.tape.scribe import FORM, Sums, effects_told

SPOILT = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading raises where a line is not what it should be."""
BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a mistake of our own raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something comes out otherwise than it did."""

    what: str
    """`decision`, `effects`, `state` or `failure`."""
    then: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An event, played again."""

    charge_point: ChargePointId
    before: State
    event: AnyEvent
    made: Step | None
    """None: this version fails on it."""
    differences: tuple[Difference, ...]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What this version decides."""
        return () if self.made is None else tuple(effect.decision for effect in self.made.effects if isinstance(effect, Decide))


@dataclass(slots=True)
class Place:
    """A charge point on the way."""

    sums: Sums
    strayed: set[str] = field(default_factory=set)
    """Parts of the state that have come out otherwise: once told, what follows from it is not told again."""


class Player:
    """Plays the lines of a tape, segment after segment."""

    def __init__(self) -> None:
        """Nothing has been played yet."""
        self._language: Final = Language()
        self._forms: Final = forms()
        self._places: dict[ChargePointId, Place] = {}
        self._comparable: frozenset[str] | None = None
        self.versions: list[str] = []
        """Of evbridge, that wrote it."""
        self.incomparable: set[str] = set()
        """Parts of the state, and effects, that this version builds otherwise; only that there are some is compared."""

    def play(self, lines: Iterable[bytes]) -> Iterator[Moment]:
        """Every event again. Raises TapeRefused at a line that can't be read."""
        for number, text in enumerate(lines, 1):
            try:
                line = json.loads(text)
                if not isinstance(line, dict):
                    raise TypeError(line)
                moment = self._line(line)
            except SPOILT as error:
                raise TapeRefused(
                    f"line {number} can't be read by this version ({type(error).__name__}: {error}); "
                    "use the evbridge that wrote it, or a newer one"
                ) from error
            if moment is not None:
                yield moment

    def _line(self, line: Mapping[str, Json]) -> Moment | None:
        if "tape" in line:
            self._head(line)
            return None
        if self._comparable is None:
            raise ValueError("it does not begin like a tape")
        charge_point = ChargePointId(line["cp"])
        if "state" in line:
            self._places[charge_point] = Place(Sums(self._language, read(State, line["state"])))
            return None
        return self._event(charge_point, self._places[charge_point], read(AnyEvent, line["event"]), line)

    def _head(self, line: Mapping[str, Json]) -> None:
        if line["tape"] != FORM:
            raise ValueError(f"form {line['tape']}")
        self._places.clear()
        same = {name for name, form in line["forms"].items() if self._forms.get(name) == form}
        self._comparable = frozenset(same)
        self.incomparable |= self._forms.keys() - same
        if line["evbridge"] not in self.versions:
            self.versions.append(line["evbridge"])

    def _event(self, charge_point: ChargePointId, place: Place, event: AnyEvent, line: Mapping[str, Json]) -> Moment:
        before = place.sums.state
        try:
            made = step(before, event)
        except BROKEN as error:
            failure = Difference(what="failure", then="", now=_where(error))
            return Moment(charge_point=charge_point, before=before, event=event, made=None, differences=(failure,))
        now = place.sums.follow(made.state)
        differences = tuple(self._differences(place, made.effects, now, line)) if "now" in line else ()
        return Moment(charge_point=charge_point, before=before, event=event, made=made, differences=differences)

    def _differences(self, place: Place, effects: Effects, now: Mapping[str, int], line: Mapping[str, Json]) -> Iterator[Difference]:
        assert self._comparable is not None, "there was a head"
        told = effects_told(self._language, effects)
        yield from _decided(line.get("decided", ()), told.get("decided", ()))
        then = line["now"]
        changed = sorted(
            name for name in self._comparable - place.strayed if name in then.keys() | now.keys() and then.get(name) != now.get(name)
        )
        if changed:
            place.strayed.update(changed)
            yield Difference(what="state", then="", now=", ".join(changed))
        exact = frozenset() if place.strayed else self._comparable
        did_then, did_now = (_did(one.get("did", ()), exact) for one in (line, told))
        if did_then != did_now:
            yield Difference(what="effects", then=_names(did_then), now=_names(did_now))


def _decided(then: Iterable[dict[str, Any]], now: Iterable[dict[str, Any]]) -> Iterator[Difference]:
    was, is_ = list(then), list(now)
    for index in range(max(len(was), len(is_))):
        old = was[index] if index < len(was) else None
        new = is_[index] if index < len(is_) else None
        # what a newer version tells beside it is no other decision
        if old is None or new is None or any(new.get(name) != value for name, value in old.items()):
            yield Difference(what="decision", then=_decision(old), now=_decision(new))


def _decision(told: Mapping[str, Any] | None) -> str:
    """In the order in which it is shown."""
    return "none" if told is None else f"{told['colour']}, {told['why']}, by {told['authority']}"


def _did(told: Iterable[tuple[str, int]], exact: frozenset[str]) -> list[tuple[str, int]]:
    return [(name, value if name in exact else 0) for name, value in told]


def _names(did: Iterable[tuple[str, int]]) -> str:
    return ", ".join(name for name, _ in did) or "none"


def _where(error: BaseException) -> str:
    """The mistake and the line it was made in."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    name = place.filename.rpartition("/")[2]
    return f"{type(error).__name__}: {error} ({name}, line {place.lineno}, in {place.name})"
