"""How a central system's answers are read, in every version: as far as they can be, whatever the schema says. Pure.

The link has compared the answer with its schema and logged what is wrong; here it is read anyway, because a station that refuses to
understand loses the session. Nothing here trusts a type.
"""

from enum import StrEnum
from typing import TypeVar

from bridge.errors import CsmsRefused
from bridge.ocpp.dialect import Json, JsonObject, Registered, Registration
from bridge.ocpp.times import from_iso

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**64 - 1
"""What the JSON encoder can write again: a number may have to be sent back."""
EXACT_FLOAT_MAX = 2.0**53
"""Above it a float has lost digits, and would name another thing."""
DIGITS_MAX = 20
"""Of `INTEGER_MAX`; more is not read."""
INTERVAL_S_MAX = 7 * 86_400
"""A week: a central system that wants to hear less often has made a mistake, and the connection would look dead."""
GROUP_MAX = 255
"""1.6 allows 20, 2.0.1 36; a longer group is compared all the same, a megabyte is not kept."""

Word = TypeVar("Word", bound=StrEnum)


def registered(payload: JsonObject) -> Registered:
    """The answer to BootNotification. Raises CsmsRefused without a status."""
    status = word(Registration, payload.get("status"))
    if status is None:
        raise CsmsRefused("the answer to BootNotification has no status that OCPP knows")
    # the J specification's own example (1.6 §4.2.2) says `heartbeatInterval`, its name in OCPP 1.5
    interval_s = integer(payload.get("interval", payload.get("heartbeatInterval")))
    return Registered(status=status, interval_s=min(max(interval_s or 0, 0), INTERVAL_S_MAX), now_ms=now_ms(payload))


def now_ms(payload: JsonObject) -> int | None:
    """`currentTime` of the answers to BootNotification and Heartbeat."""
    return from_iso(payload.get("currentTime"))


def integer(value: Json) -> int | None:
    """A whole number, written as one, as a float or as text; None: none that can be written again."""
    match value:
        case bool():
            return None
        case int() if INTEGER_MIN <= value <= INTEGER_MAX:
            return value
        case float() if value.is_integer() and abs(value) <= EXACT_FLOAT_MAX:
            return int(value)
        case str() if len(value) <= DIGITS_MAX and value.isascii() and value.removeprefix("-").isdigit():
            return integer(int(value))
        case _:
            return None


def word(words: type[Word], value: Json) -> Word | None:
    """A word of an enumeration, upper or lower case; None: not one of them."""
    if not isinstance(value, str):
        return None
    return next((one for one in words if one.value.lower() == value.lower()), None)


def group(value: Json) -> str | None:
    """The tag of a group; None: there is none that can be kept."""
    return value if isinstance(value, str) and 0 < len(value) <= GROUP_MAX else None
