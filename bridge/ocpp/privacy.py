"""Frames and error texts as they may be logged: no whole tag (design.md §3)."""

import re
from collections.abc import Callable

_TAGS = re.compile(r'("(?:idTag|parentIdTag|idToken|groupIdToken)"\s*:\s*")((?:[^"\\]|\\.)*)(")')
"""Fields that carry a tag, in both versions. In 2.0.1 `idToken` is an object around a field of the same name, which is the one hit."""


_NETWORK = '"SetNetworkProfile"'
"""It may name a modem's PIN and the key of a VPN, in an object that may hold anything."""


def without(text: str, tag: str) -> str:
    """The text without this one tag, however it is written: central systems like to repeat it in the text of an error."""
    return re.sub(re.escape(tag), "…", text, flags=re.IGNORECASE) if tag else text


def hidden(text: str, mask: Callable[[str], str]) -> str:
    """The text with every tag masked, and without what may hold the passwords of a network."""
    begin, found, _ = text.partition(_NETWORK)
    if found:
        text = f"{begin}{found}…"
    return _TAGS.sub(lambda found: found[1] + mask(found[2]) + found[3], text)
