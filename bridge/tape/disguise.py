"""Who and what can't be recognised on a tape, and is told apart all the same: keyed hashes keep equality and length, which decide. Pure."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bridge.core.values import tag_key

Hide = Callable[[str], str]
"""The same text always becomes the same other text."""

TAG_MIN, TAG_MAX = 8, 64
"""Hexadecimal digits: fewer would let two cards look the same, more than any protocol allows tell nothing."""
USER_DIGITS = 8
TEXT_DIGITS = 12
REMEMBERED = 4096
"""Texts whose disguise is kept at hand: the cards and users of a large site."""
FILLER = "-"
"""Counts for the length of a tag and not for its identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disguise:
    """How each sort of text is hidden."""

    tag: Hide
    """Keeps the length, and which tags are the same (`tag_key`). The first characters are the `tag_ref` shown elsewhere, in capitals."""
    user: Hide
    text: Hide
    """Keeps the length, since some limits count characters; shorter ones than thirteen become as long as that."""


def disguise(key: bytes) -> Disguise:
    """With the installation's own key, which stands on no tape: nobody without it can tell which tag is meant by trying all."""

    def digits(text: str) -> str:
        return hmac.new(key, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()

    def tag(text: str) -> str:
        own = tag_key(text)
        hidden = digits(own)[: min(max(len(own), TAG_MIN), TAG_MAX)].upper()
        return hidden.ljust(len(text), FILLER) if text else text

    def user(text: str) -> str:
        return f"user-{digits(f'user {text}')[:USER_DIGITS]}"

    def some_text(text: str) -> str:
        return f"~{digits(f'text {text}')[:TEXT_DIGITS]}".ljust(len(text), ".") if text else text

    return Disguise(tag=lru_cache(REMEMBERED)(tag), user=lru_cache(REMEMBERED)(user), text=lru_cache(REMEMBERED)(some_text))


def _as_it_is(text: str) -> str:
    return text


PLAIN: Final = Disguise(tag=_as_it_is, user=_as_it_is, text=_as_it_is)
"""For what comes from a tape, and is disguised already."""
