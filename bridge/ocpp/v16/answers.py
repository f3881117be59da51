"""How OCPP 1.6 answers are read, beside what all versions have in common (`bridge.ocpp.answers`). Pure."""

from bridge.core.values import TagInfo, Verdict
from bridge.ocpp.answers import group, integer, word
from bridge.ocpp.dialect import JsonObject
from bridge.ocpp.times import from_iso


def tag_info(payload: JsonObject) -> TagInfo | None:
    """`idTagInfo` of an answer; None where it has no status."""
    info = payload.get("idTagInfo")
    if not isinstance(info, dict) or not isinstance(info.get("status"), str):
        return None
    return TagInfo(
        # deviates: a status that 1.6 doesn't have (arthexis doesn't check its own) is an answer, and it is not a yes
        verdict=word(Verdict, info["status"]) or Verdict.INVALID,
        group=group(info.get("parentIdTag")),
        expires_ms=from_iso(info.get("expiryDate")),
    )


def transaction_name(payload: JsonObject) -> str | None:
    """`transactionId` of StartTransaction.conf as text; None where there is none that could be sent back.

    0 and negative numbers are names like any other (1.6 errata 3.54). Lenient: a whole float and digits in a string are read too.
    """
    number = integer(payload.get("transactionId"))
    return None if number is None else str(number)


def transaction_number(name: str | None) -> int:
    """The number to send for a transaction's name.

    1.6 errata 3.18: without a name "the Charge Point SHALL send any Transaction related messages for this transaction to the Central
    System with a transactionId = -1". The same goes for a name of another version of OCPP, given before the protocol was changed.
    """
    number = integer(name)
    return -1 if number is None else number
