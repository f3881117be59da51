"""The CALLERROR codes of OCPP 1.6-J, and when which one is meant. Pure."""

from collections.abc import Mapping

from bridge.ocpp.dialect import Refusal
from bridge.ocpp.validation import Version, knows

NOT_IMPLEMENTED = "NotImplemented"
NOT_SUPPORTED = "NotSupported"
FORMATION = "FormationViolation"
OCCURENCE = "OccurenceConstraintViolation"
"""With one r: OCPP-J 1.6 spells it so on the wire, and its errata say to leave it."""
PROPERTY = "PropertyConstraintViolation"
TYPE = "TypeConstraintViolation"

_VIOLATIONS: Mapping[str, str] = {
    "required": OCCURENCE,
    "minItems": OCCURENCE,
    "maxItems": OCCURENCE,
    "type": TYPE,
    # "not conform the PDU structure for Action": a field the message doesn't have
    "additionalProperties": FORMATION,
}


def violation(keyword: str) -> str:
    """The code for a payload that breaks its schema (OCPP-J 1.6 §4.2.3, table 7); what is left is a value out of range."""
    return _VIOLATIONS.get(keyword, PROPERTY)


def unknown_action(action: str) -> Refusal:
    """OCPP-J 1.6 table 7: NotImplemented is "not known by receiver", NotSupported is "recognized but not supported".

    Recognised is every message of OCPP 1.6 and of its security white paper, those included that only a station may send.
    """
    if knows(Version.V16, action):
        return Refusal(code=NOT_SUPPORTED, description="this charging station does not offer this action")
    return Refusal(code=NOT_IMPLEMENTED, description="OCPP 1.6 has no such action")
