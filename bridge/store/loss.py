"""What became of a damaged database: where it lies, what was saved of it, and what was lost."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, Self

LOST_MAX: Final = 4
"""Charge points named with their losses: an alert is one line, and the log has them all."""

UNKNOWN: Final = "some charge point"
BRIDGE: Final = "the bridge"
"""Whose a loss is, where no charge point's name can be read, or none is concerned."""


@unique
class Kind(StrEnum):
    """What can be lost, in the words of an alert."""

    KEPT = "kept state"
    RECORD = "record"
    HISTORY = "history entry"
    SENT = "delivered record"
    DECISION = "decision"
    TAG = "remembered tag"
    LISTED = "list entry"
    KEY = "key behind tag_ref"


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvage:
    """What could be read is in the new database, in its order."""

    aside: str
    """The name of the damaged file, in the directory of the new one."""
    saved: Mapping[Kind, int] = field(default_factory=dict)
    lost: Mapping[str, Mapping[Kind, int]] = field(default_factory=dict)
    """By charge point."""
    uncounted: tuple[Kind, ...] = ()
    """Of these more may be lost than could be counted."""
    parked: int = 0
    """So many records could not be delivered as they are: the start of their transaction, or its name, is lost. The operator decides."""

    def text(self, path: Path, *, all_of_them: bool = False) -> str:
        """One line for people; `path` is that of the new database."""
        owners = sorted(self.lost)
        named = owners if all_of_them else owners[:LOST_MAX]
        losses = [f"{owner}: {_counted(self.lost[owner])}" for owner in named]
        if len(named) < len(owners):
            losses.append(
                f"{len(owners) - len(named)} more charge points: {_counted(_sum(self.lost[owner] for owner in owners[LOST_MAX:]))}"
            )
        if self.uncounted:
            losses.append(f"{_listed([_plural(kind) for kind in self.uncounted])} nobody can count")
        told = f"the database was damaged and is set aside as {path.with_name(self.aside)}; "
        if not self.saved:
            return told + "nothing in it could be read: sessions and queued records in it need a person"
        lost = f"lost, {'; '.join(losses)}" if losses else "nothing is lost"
        parked = f", {self.parked} of them parked for want of their start" if self.parked else ""
        person = "; what is lost may need a person" if losses else ""
        return f"{told}{lost}; saved: {_counted(self.saved)}{parked}{person}"

    def to_json(self) -> str:
        """For the fact in the new database."""
        return json.dumps({"aside": self.aside, "saved": self.saved, "lost": self.lost, "uncounted": self.uncounted, "parked": self.parked})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The same again. Raises ValueError, TypeError or KeyError where the text is not one."""
        plain = json.loads(text)
        return cls(
            aside=plain["aside"],
            saved=_kinds(plain["saved"]),
            lost={owner: _kinds(kinds) for owner, kinds in plain["lost"].items()},
            uncounted=tuple(Kind(kind) for kind in plain["uncounted"]),
            parked=int(plain["parked"]),
        )


def _kinds(plain: Mapping[str, int]) -> dict[Kind, int]:
    return {Kind(kind): int(number) for kind, number in plain.items()}


def _sum(losses: Iterable[Mapping[Kind, int]]) -> Counter[Kind]:
    found: Counter[Kind] = Counter()
    for loss in losses:
        found.update(loss)
    return found


def _counted(kinds: Mapping[Kind, int]) -> str:
    return _listed([f"1 {kind}" if kinds[kind] == 1 else f"{kinds[kind]} {_plural(kind)}" for kind in Kind if kind in kinds])


def _plural(kind: Kind) -> str:
    match kind:
        case Kind.HISTORY | Kind.LISTED:
            return f"{kind[:-1]}ies"
        case _:
            return f"{kind}s"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
