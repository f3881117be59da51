"""Topic names: built from rows of the table, and taken apart again."""

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

from bridge.errors import PayloadRefused
from bridge.mqtt.privacy import mask
from bridge.mqtt.topics import EVERYWHERE, PHASES, SYNC, TABLE, Direction, Nature, Topic

ID = re.compile(r"[a-z0-9-]{1,32}")
"""Whatever has a name in a topic. Narrow, so that no id can add a level, a wildcard or a control character."""
WORD = re.compile(r"[a-z0-9_-]{1,64}")
"""Ids of alerts and commands, which the bridge itself coins."""
ROOT = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
"""The root may have several levels; `$` at its beginning belongs to the broker."""
ROOT_LENGTH_MAX = 128
"""Far below MQTT's 65,535 bytes of a topic, and already silly."""
NAMES_REMEMBERED = 65_536
"""About twenty topics that speak to the bridge for each of three thousand charge points; each entry is some 300 bytes."""
SHOWN_MAX = 120
"""A stranger's topic may have 64 KiB; an alert shows this much."""

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


@dataclass(slots=True)
class _Node:
    row: Topic | None = None
    below: dict[str, "_Node"] = field(default_factory=dict)


class Place(NamedTuple):
    """A topic name taken apart."""

    topic: Topic
    ids: tuple[str, ...]
    """What stood for the placeholders, in their order."""


def placeholders(topic: Topic) -> tuple[str, ...]:
    """The names of its placeholders, in order."""
    return tuple(_PLACEHOLDER.findall(topic.pattern))


def shown(topic: str) -> str:
    """A name as it may be logged: short, printable."""
    return topic[:SHOWN_MAX].encode("ascii", "backslashreplace").decode().replace("\n", "\\n").replace("\r", "\\r")


def is_id(text: str) -> bool:
    """Whether it may name a charge point, a wallbox, a meter, a reader, a user, a source or a central system."""
    return ID.fullmatch(text) is not None and text != EVERYWHERE


def fits(placeholder: str, text: str) -> bool:
    """Whether a level may stand for that placeholder."""
    match placeholder:
        case "phase":
            return text in PHASES
        case "alert" | "command":
            return WORD.fullmatch(text) is not None
        case "target":
            return ID.fullmatch(text) is not None
        case _:
            return is_id(text)


class Names:
    """Names under one root."""

    def __init__(self, root: str = "evbridge") -> None:
        """Raise ValueError where the root is no plain topic."""
        if ROOT.fullmatch(root) is None or len(root) > ROOT_LENGTH_MAX:
            raise ValueError("the root is one or more words of letters, digits, . _ - with / between them")
        self.root = root
        self._prefix = root + "/"
        self._tree = _tree()
        self.recall = lru_cache(NAMES_REMEMBERED)(self.parse)
        """`parse`, remembered: for names that come again and again."""

    def name(self, topic: Topic, *ids: str) -> str:
        """The name of a topic. Raises ValueError where an id can't be one: nothing a stranger wrote becomes a topic."""
        wanted, form = _form(topic)
        if len(wanted) != len(ids) or not all(map(fits, wanted, ids)):
            raise ValueError(f"{topic.pattern} can't be named after {[shown(text) for text in ids]}")
        return self._prefix + form % ids

    def filter(self, topic: Topic) -> str:
        """The subscription that covers it."""
        return self._prefix + _PLACEHOLDER.sub("+", topic.pattern)

    def filters(self, direction: Direction, nature: Nature) -> tuple[str, ...]:
        """Subscriptions for all topics of a kind. No two of them overlap, so nothing is delivered twice."""
        return tuple(self.filter(row) for row in TABLE if row.direction is direction and row.nature is nature and row is not SYNC)

    def owns(self, name: str) -> bool:
        """Whether it lies under the root, in the contract or not."""
        return name == self.root or name.startswith(self._prefix)

    def parse(self, name: str) -> Place | None:
        """Take a name apart; None: not in the contract. Raises PayloadRefused where a level can't be an id."""
        if not name.startswith(self._prefix):
            return None
        node = self._tree
        ids: list[str] = []
        for level in name[len(self._prefix) :].split("/"):
            fixed = node.below.get(level)
            if fixed is None:
                ids.append(level)
            below = fixed or node.below.get("+")
            if below is None:
                return None
            node = below
        if node.row is None:
            return None
        wanted, _ = _form(node.row)
        for placeholder, level in zip(wanted, ids, strict=True):
            if not fits(placeholder, level):
                # Somebody may have named a user after a tag.
                label = mask(level) if placeholder == "user" else level
                topic = shown(name.replace(level, label)) if level else shown(name)
                raise PayloadRefused(topic, f"'{shown(label)}' can't stand for {{{placeholder}}}: {_rule(placeholder)}")
        return Place(node.row, tuple(ids))


@cache
def _form(topic: Topic) -> tuple[tuple[str, ...], str]:
    """The placeholders of a row of the table, and its pattern for the % operator."""
    return placeholders(topic), _PLACEHOLDER.sub("%s", topic.pattern)


def _rule(placeholder: str) -> str:
    match placeholder:
        case "phase":
            return "l1, l2 or l3"
        case "alert" | "command":
            return "at most 64 of a-z 0-9 _ -"
        case _:
            return f"at most 32 of a-z 0-9 -, and not '{EVERYWHERE}'"


def _tree() -> _Node:
    root = _Node()
    for row in TABLE:
        node = root
        for level in _PLACEHOLDER.sub("+", row.pattern).split("/"):
            node = node.below.setdefault(level, _Node())
        node.row = row
    return root
