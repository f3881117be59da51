"""How OCPP 2.0.1 says no: the CALLERROR codes (P4 §4.3) and when which one is meant, and the plain no of an answer. Pure."""

from collections.abc import Sequence

from bridge.ocpp import refusals
from bridge.ocpp.dialect import Json, Refusal, Reply
from bridge.ocpp.validation import Version

FORMAT = "FormatViolation"
OCCURRENCE = "OccurrenceConstraintViolation"


def violation(keyword: str) -> str:
    """The code for a payload that breaks its schema, by the JSON Schema keyword that failed."""
    return refusals.violation(keyword, occurrence=OCCURRENCE, form=FORMAT)


def unknown_action(action: str) -> Refusal:
    """NotSupported where 2.0.1 has the action, else NotImplemented."""
    return refusals.unknown_action(action, Version.V201)


def too_many(items: Sequence[Json], most: int, limit: str) -> Refusal | None:
    """The CALLERROR that B05.FR.11, B06.FR.16 and B08.FR.17 allow ("MAY"); `limit` is the variable that says how many there may be."""
    return None if len(items) <= most else Refusal(code=OCCURRENCE, description=f"more items than {limit} ({most})")


def declined(reason: str, status: str = "Rejected") -> Reply:
    """A no in the answer itself, with the reason code (appendix 5) an operator can look up."""
    return Reply(payload={"status": status, "statusInfo": {"reasonCode": reason}})
