"""How all versions of OCPP refuse a request by a CALLERROR: which code is meant when. What they spell differently comes in. Pure."""

from bridge.ocpp.dialect import Refusal
from bridge.ocpp.validation import Version, knows

NOT_IMPLEMENTED = "NotImplemented"
NOT_SUPPORTED = "NotSupported"
PROPERTY = "PropertyConstraintViolation"
TYPE = "TypeConstraintViolation"


def violation(keyword: str, *, occurrence: str, form: str) -> str:
    """The code for a payload that breaks its schema, by the JSON Schema keyword that failed; what is left is a value out of range."""
    match keyword:
        case "required" | "minItems" | "maxItems":
            return occurrence
        case "type":
            return TYPE
        # "not conform the PDU structure for Action" (OCPP-J 1.6 table 7): a field the message doesn't have
        case "additionalProperties":
            return form
        case _:
            return PROPERTY


def unknown_action(action: str, version: Version) -> Refusal:
    """NotSupported where the version has the action, else NotImplemented.

    OCPP-J 1.6 table 7: NotImplemented is "not known by receiver", NotSupported is "recognized but not supported". Recognised is every
    message of the version (of 1.6 also those of its security white paper), those included that only a station may send.
    """
    if knows(version, action):
        return Refusal(code=NOT_SUPPORTED, description="this charging station does not offer this action")
    return Refusal(code=NOT_IMPLEMENTED, description=f"OCPP {version.value.removeprefix('ocpp')} has no such action")
