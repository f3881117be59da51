"""What leaves for the broker, and how values are written: numbers bare, booleans in lower case, nothing for unknown. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, assert_never

import orjson

from bridge.mqtt.topics import Topic

Leaf: TypeAlias = str | bool | int | float | Decimal | None
"""A scalar of the contract; None is unknown."""
DECIMALS_MAX = 6
"""A price of 0.283451 per kWh is real; what lies behind is noise of floating point."""
FLOAT_DECIMALS = 3
"""Of measured values: a milliwatt is already below every meter's error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One message to the broker."""

    topic: str
    payload: bytes
    retained: bool
    qos: int = 1
    expiry_s: float | None = None
    """An event is dropped when it could not be handed to the broker in this time."""
    floor_s: float = 0.0
    """At most one message on this topic in this time; the newest wins."""
    after_s: float = 0.0
    """To be sent so much later, unless something else is published on the topic before."""
    urgent: bool = False
    """Ahead of everything else that is retained."""
    correlation: bytes | None = None
    """MQTT 5: what the asker wants to see again."""


def publication(row: Topic, name: str, payload: bytes, *, after_s: float = 0.0) -> Publication:
    """A message on a row of the table."""
    return Publication(
        topic=name,
        payload=payload,
        retained=row.retained,
        qos=row.qos,
        expiry_s=row.expiry_s,
        floor_s=row.floor_s,
        after_s=after_s,
        urgent=row.urgent,
    )


def scalar(value: Leaf) -> bytes:
    """A scalar as the contract writes it: `true`, `7360`, `0.35`, `Charging`, or nothing."""
    match value:
        case None:
            return b""
        case bool():
            return b"true" if value else b"false"
        case int() | float() | Decimal():
            return number(value).encode()
        case str():
            return value.encode(errors="replace")
        case _:
            assert_never(value)


def number(value: float | Decimal) -> str:
    """Without exponent, without zeros that say nothing: Node-RED, Loxone and people read it alike."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{DECIMALS_MAX if isinstance(value, Decimal) else FLOAT_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain(value: Decimal | None) -> int | float | None:
    """A sum of money as a JSON number."""
    if value is None:
        return None
    rounded = round(value, DECIMALS_MAX)
    return int(rounded) if rounded == int(rounded) else float(rounded)


def json_bytes(value: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """A JSON object, or a list of them."""
    return orjson.dumps(value)


def one_line(text: str, length_max: int) -> str:
    """Text for people as its schema wants it: one line, not longer than that."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return printable if len(printable) <= length_max else printable[: length_max - 1] + "…"
