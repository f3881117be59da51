"""Tags as they may be shown: masked, with a keyed hash to match them by. Pure.

The whole tag travels only on `nfc/+/tap*`, `users/+` and to the central system (design.md §3).
"""

import hashlib
import hmac

from bridge.core.values import tag_key

SHOWN_MAX = 4
"""Enough for a person to recognise the own card, too little to copy it."""
REF_LENGTH = 12
"""48 bits: no two of a site's cards collide, and nobody pages through the key."""
MASK = "****"
"""The same for every length, which would tell the kind of card."""


def mask(tag: str) -> str:
    """At most half of the tag, at most its last four characters."""
    count = min(SHOWN_MAX, len(tag) // 2)
    return MASK + tag[len(tag) - count :]


def tag_ref(tag: str, key: bytes) -> str:
    """The same twelve characters for the same tag of this installation; nobody without the key can compute them."""
    return hmac.new(key, tag_key(tag).encode(), hashlib.sha256).hexdigest()[:REF_LENGTH]
