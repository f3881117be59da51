"""A checksum behind every text that is kept, so that a digit the disk has changed is noticed and never billed.

It covers the text and whose it is: `{"register_wh":1000}#1a2b3c4d`, CRC-32 in hexadecimal. What an older version wrote has none.
"""

from zlib import crc32

from bridge.errors import StoreDamaged

_LENGTH = 9
_MARK = "#"
_UNSEALED_END = "}"
"""What was written before there were seals is a JSON object alone. No single bit turns the end of a seal into this."""


class TextDamaged(StoreDamaged):
    """The disk has changed what was written: start again, and the database is set aside and what can be read of it saved."""


def sealed(text: str, owner: str) -> str:
    """The text with its seal; `owner` is the charge point it is about."""
    return f"{text}{_MARK}{checksum(owner, text):08x}"


def unsealed(text: str, owner: str) -> str:
    """The text again, or one that never had a seal as it is. Raises TextDamaged."""
    if text.endswith(_UNSEALED_END):
        return text
    plain = text[:-_LENGTH]
    if text[-_LENGTH:] != f"{_MARK}{checksum(owner, plain):08x}":
        raise TextDamaged("the database holds what the disk has changed: restart evbridge, which saves what can be read")
    return plain


def checksum(*texts: str) -> int:
    """Of several texts in their order; halves of characters included."""
    number = 0
    for text in texts:
        number = crc32(text.encode("utf-8", "surrogatepass"), number)
    return number
