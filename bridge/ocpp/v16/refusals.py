"""The CALLERROR codes of OCPP 1.6-J (§4.2.3, table 7), as it spells them. Pure."""

from bridge.ocpp import refusals
from bridge.ocpp.dialect import Refusal
from bridge.ocpp.validation import Version

FORMATION = "FormationViolation"
OCCURENCE = "OccurenceConstraintViolation"
"""With one r: OCPP-J 1.6 spells it so on the wire, and its errata say to leave it."""


def violation(keyword: str) -> str:
    """The code for a payload that breaks its schema, by the JSON Schema keyword that failed."""
    return refusals.violation(keyword, occurrence=OCCURENCE, form=FORMATION)


def unknown_action(action: str) -> Refusal:
    """NotSupported where 1.6 has the action, else NotImplemented."""
    return refusals.unknown_action(action, Version.V16)
