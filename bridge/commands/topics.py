"""`evbridge topics`: what is on the broker, as an annotated tree, and then every change; or the contract itself."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.text import Text

from bridge.app import broker_settings
from bridge.commands.terminal import console, grid, show
from bridge.config import load
from bridge.errors import PayloadRefused
from bridge.mqtt import topics as contract
from bridge.mqtt.names import Names
from bridge.mqtt.privacy import mask
from bridge.mqtt.topics import Topic
from bridge.mqtt.visitor import visiting

SHOWN_MAX = 100
"""Characters of a value: a line stays a line; MQTT Explorer shows the rest."""
STRANGE = "not in the contract"

_HOLD_TAGS = (contract.TAP, contract.TAP_TEXT, contract.USER)
_TAGS = frozenset({"tag", "ocpp_tag", "nfc"})


def table() -> int:
    """The contract, row by row."""
    rows = grid("topic", "direction", "stored", "payload", "meaning")
    for row in contract.TABLE:
        rows.add_row(row.pattern, row.direction.value, "yes" if row.retained else "no", row.schema, row.about)
    show(rows)
    return 0


def topics(path: Path, *, once: bool) -> int:
    """Visit the broker: the tree of what it has stored; then, until Ctrl-C, every message as it comes."""
    return asyncio.run(_look(path, once=once))


async def _look(path: Path, *, once: bool) -> int:
    configuration = load(path)
    names = Names(configuration.mqtt.root)
    out = console()
    async with visiting(broker_settings(configuration)) as visitor:
        stored = await visitor.stored()
        for line in tree(names, stored):
            out.print(line)
        if not stored:
            out.print(f"the broker has nothing stored under {names.root}/", style="yellow")
        if once:
            return 0
        out.print(f"{len(stored)} topics; now every message as it comes, until Ctrl-C", style="dim")
        async for seen in visitor.live():
            out.print(line_of(names, seen.name, seen.payload, seen.name))
    return 0


def tree(names: Names, values: Mapping[str, bytes]) -> Iterator[Text]:
    """One line a level; topics with their value and meaning."""
    above: list[str] = []
    for name in sorted(values, key=lambda name: name.split("/")):
        *folders, leaf = name.split("/")
        shared = _shared(above, folders)
        for depth in range(shared, len(folders)):
            yield Text("  " * depth + folders[depth] + "/", style="bold")
        yield line_of(names, name, values[name], "  " * len(folders) + leaf)
        above = folders


def _shared(one: list[str], other: list[str]) -> int:
    """How many levels both begin with."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count


def line_of(names: Names, name: str, payload: bytes, label: str) -> Text:
    """`label = value   meaning`."""
    row = _row(names, name)
    line = Text(label)
    line.append(" = ")
    line.append(shown(row, payload), style="cyan")
    line.append(f"   {row.about if row else STRANGE}", style="dim" if row else "yellow")
    return line


def _row(names: Names, name: str) -> Topic | None:
    try:
        place = names.parse(name)
    except PayloadRefused:
        return None
    return None if place is None else place.topic


def shown(row: Topic | None, payload: bytes) -> str:
    """A payload on one line; tags are masked, also in messages we don't understand."""
    if not payload:
        return "(empty)"
    text = payload.decode("utf-8", "backslashreplace")
    if row is contract.TAP_TEXT:
        # without the sign the whole text may be a tag
        tag, sign, counter = text.rpartition("#") if "#" in text else (text, "", "")
        text = mask(tag) + sign + counter
    elif row in _HOLD_TAGS:
        text = _masked(text)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def _masked(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return "(not JSON)"
    if not isinstance(value, dict):
        return "(no JSON object)"
    return json.dumps({key: _mask(item) if key in _TAGS else item for key, item in value.items()}, ensure_ascii=False)


def _mask(item: object) -> object:
    match item:
        case str():
            return mask(item)
        case list():
            return [_mask(each) for each in item]
        case _:
            return "****"
