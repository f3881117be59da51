"""How OCPP 1.6 answers are read: as far as they can be, whatever the schema says. Pure.

The link has compared the answer with its schema and logged what is wrong; here it is read anyway, because a station that refuses to
understand loses the session. Nothing here trusts a type.
"""

from enum import StrEnum
from typing import TypeVar

from bridge.core.values import TagInfo, Verdict
from bridge.errors import CsmsRefused
from bridge.ocpp.dialect import Json, JsonObject, Registered, Registration
from bridge.ocpp.times import from_iso

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**64 - 1
"""What the JSON encoder can write again: a transaction id has to be sent back."""
EXACT_FLOAT_MAX = 2.0**53
"""Above it a float has lost digits, and would name another transaction."""
DIGITS_MAX = 20
"""Of `INTEGER_MAX`; more is not read."""
INTERVAL_S_MAX = 7 * 86_400
"""A week: a central system that wants to hear less often has made a mistake, and the connection would look dead."""
GROUP_MAX = 255
"""1.6 allows 20; a longer parentIdTag is compared all the same, a megabyte is not kept."""

Word = TypeVar("Word", bound=StrEnum)


def registered(payload: JsonObject) -> Registered:
    """BootNotification.conf."""
    status = _word(Registration, payload.get("status"))
    if status is None:
        raise CsmsRefused("the answer to BootNotification has no status that OCPP 1.6 knows")
    # the J specification's own example (§4.2.2) says `heartbeatInterval`, its name in OCPP 1.5
    interval_s = _integer(payload.get("interval", payload.get("heartbeatInterval")))
    return Registered(status=status, interval_s=min(max(interval_s or 0, 0), INTERVAL_S_MAX), now_ms=now_ms(payload))


def now_ms(payload: JsonObject) -> int | None:
    """`currentTime` of BootNotification.conf and Heartbeat.conf."""
    return from_iso(payload.get("currentTime"))


def tag_info(payload: JsonObject) -> TagInfo | None:
    """`idTagInfo` of an answer; None where it has no status."""
    info = payload.get("idTagInfo")
    if not isinstance(info, dict) or not isinstance(info.get("status"), str):
        return None
    group = info.get("parentIdTag")
    return TagInfo(
        # deviates: a status that 1.6 doesn't have (arthexis doesn't check its own) is an answer, and it is not a yes
        verdict=_word(Verdict, info["status"]) or Verdict.INVALID,
        group=group if isinstance(group, str) and 0 < len(group) <= GROUP_MAX else None,
        expires_ms=from_iso(info.get("expiryDate")),
    )


def transaction_name(payload: JsonObject) -> str | None:
    """`transactionId` of StartTransaction.conf as text; None where there is none that could be sent back.

    0 and negative numbers are names like any other (1.6 errata 3.54). Lenient: a whole float and digits in a string are read too.
    """
    number = _integer(payload.get("transactionId"))
    return None if number is None else str(number)


def transaction_number(name: str | None) -> int:
    """The number to send for a transaction's name.

    1.6 errata 3.18: without a name "the Charge Point SHALL send any Transaction related messages for this transaction to the Central
    System with a transactionId = -1". The same goes for a name of another version of OCPP, given before the protocol was changed.
    """
    number = _integer(name)
    return -1 if number is None else number


def _integer(value: Json) -> int | None:
    """A whole number, written as one, as a float or as text; None: none that can be written again."""
    match value:
        case bool():
            return None
        case int() if INTEGER_MIN <= value <= INTEGER_MAX:
            return value
        case float() if value.is_integer() and abs(value) <= EXACT_FLOAT_MAX:
            return int(value)
        case str() if len(value) <= DIGITS_MAX and value.isascii() and value.removeprefix("-").isdigit():
            return _integer(int(value))
        case _:
            return None


def _word(words: type[Word], value: Json) -> Word | None:
    """A word of an enumeration, upper or lower case; None: not one of them."""
    if not isinstance(value, str):
        return None
    return next((word for word in words if word.value.lower() == value.lower()), None)
