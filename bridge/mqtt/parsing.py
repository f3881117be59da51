"""Bytes to values, with every limit in front: size, depth, numbers, duplicates, encoding. Pure.

Errors are ValueErrors whose text never quotes the payload, which may hold a whole tag.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

PAYLOAD_MAX = 16 * 1024
"""A signed meter value has some 3 KiB; nothing else comes near. What is larger is no message of this contract."""
DEPTH_MAX = 8
"""The contract's deepest message has two levels; the rest is room for keys of later versions."""
DIGITS_MAX = 17
"""More digits than a double can tell apart: no measurement, but an attack on the parser or on whoever reads on."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SEPARATORS = str.maketrans("", "", ":-. ")
_HEX = re.compile(r"[0-9A-Fa-f]+")


def text_of(payload: bytes) -> str:
    """Bare text without the white space around it. Raises ValueError."""
    _limit(payload)
    try:
        return payload.decode().strip()
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error


def json_of(payload: bytes) -> Any:  # noqa: ANN401 (a JSON value; its schema is checked next)
    """A JSON value. Raises ValueError, also for what JSON allows and nobody means: duplicate keys, NaN, numbers without end."""
    _limit(payload)
    if payload.count(b"[") + payload.count(b"{") > DEPTH_MAX and _depth(payload) > DEPTH_MAX:
        raise ValueError(f"is nested deeper than {DEPTH_MAX} levels")
    try:
        value = _DECODER.decode(payload.decode())
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON ({error.msg} at character {error.pos + 1})") from error
    if b"\\u" in payload:
        _refuse_lone_surrogates(value)
    return value


def utc_ms(text: str) -> int:
    """A time that passed its schema as milliseconds UTC since 1970."""
    return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND


def session_of(entry: bytes) -> tuple[str, int] | None:
    """The name of a finished session and its end (milliseconds UTC), as the bridge told them; None: nothing, or somebody else's words."""
    try:
        told = json_of(entry)
        return str(told["id"]), utc_ms(told["ended"])
    except (LookupError, TypeError, ValueError):
        return None


def iso(ms: int) -> str:
    """Milliseconds UTC as the contract writes times: 2026-01-31T12:00:00.000Z."""
    return (_EPOCH + ms * _MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normalised_tag(text: str) -> str:
    """A tag as it is compared and shown: readers write the same card as 04A2B3, 04:a2:b3 or 04-A2-B3."""
    bare = text.translate(_SEPARATORS)
    return bare.upper() if _HEX.fullmatch(bare) else text.strip()


def _limit(payload: bytes) -> None:
    if len(payload) > PAYLOAD_MAX:
        raise ValueError(f"has {len(payload)} bytes, and {PAYLOAD_MAX} are the limit")


def _depth(payload: bytes) -> int:
    """How deep valid JSON nests; brackets within strings do not count. Linear, whatever the bytes."""
    deepest = depth = 0
    quoted = escaped = False
    for letter in payload:
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = letter in b"\\", letter not in b'"'
        elif letter in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in b"]}":
            depth -= 1
        else:
            quoted = letter in b'"'
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("has a key twice")
    return value


def _constant(name: str) -> float:
    raise ValueError(f"has {name}, which is no number")


def _integer(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise ValueError(f"has a number of more than {DIGITS_MAX} digits")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in {float("inf"), float("-inf")}:
        raise ValueError("has a number too large to be one")
    return value


def _refuse_lone_surrogates(value: Any) -> None:  # noqa: ANN401 (a JSON value)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("has half a character (a lone surrogate)") from error


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float)
"""Made once: `json.loads` with hooks makes a new one for every message, which costs more than reading it."""
