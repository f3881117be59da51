"""What is wrong or odd in a configuration: where, and what to write instead."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

Step: TypeAlias = str | int
Document: TypeAlias = dict[str, Any]
"""A TOML file as it was read. `Any` ends in this package: `build` turns it into the types of `values`."""

SHOWN_MAX = 40
"""Characters of a refused value that are repeated: enough to find it in the file."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem or warning. `text` goes on after the key path and a colon."""

    path: tuple[Step, ...]
    text: str

    def __str__(self) -> str:
        """As it is shown: `csms.steve.url: is missing; …`."""
        return f"{key_path(self.path)}: {self.text}" if self.path else self.text


def key_path(path: Iterable[Step]) -> str:
    """The path as TOML writes keys; places in a list in brackets, from 0."""
    text = ""
    for step in path:
        match step:
            case int():
                text += f"[{step}]"
            case _:
                key = step if _BARE.fullmatch(step) else json.dumps(step, ensure_ascii=False)
                text += f".{key}" if text else key
    return text


def in_order(findings: Iterable[Finding], document: Document) -> list[Finding]:
    """Sorted as their keys stand in the file; what has no key there stands after its table; no finding twice."""
    return sorted(dict.fromkeys(findings), key=lambda finding: _place(finding.path, document))


def _place(path: tuple[Step, ...], document: Document) -> tuple[int, ...]:
    place: list[int] = []
    here: object = document
    for step in path:
        match here, step:
            case dict(), str() if step in here:
                place.append(list(here).index(step))
                here = here[step]
            case list(), int():
                place.append(step)
                here = here[step]
            case _:
                place.append(len(here) if isinstance(here, dict | list) else 0)
                break
    return tuple(place)


def as_written(value: object) -> str:
    """A value as TOML writes it, shortened."""
    text = in_full(value)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def in_full(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return "[" + ", ".join(in_full(item) for item in value) + "]"
        case dict():
            return "{ " + ", ".join(f"{key_path([key])} = {in_full(item)}" for key, item in value.items()) + " }"
        case _:
            return str(value)


def one_of(choices: Iterable[object]) -> str:
    """`"a", "b" or "c"`."""
    written = [as_written(choice) for choice in choices]
    return " or ".join(filter(None, [", ".join(written[:-1]), written[-1]])) if written else "nothing"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to write instead of a word nobody knows."""
    choices = list(known)
    close = get_close_matches(word, choices, n=1)
    if close:
        return f"did you mean {as_written(close[0])}?"
    return f"write {one_of(choices)}" if choices else "there is none yet"


def table(document: Mapping[str, Any], key: str) -> Document:
    """A table of the document; an empty one where there is none."""
    found = document.get(key, {})
    return found if isinstance(found, dict) else {}
