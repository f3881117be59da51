"""The audit: every rule, over the three ledgers."""

from collections.abc import Sequence

from bridge.audit.case import Case
from bridge.audit.ledgers import Book, Finding, Frame, Truth
from bridge.audit.rules import RULES
from bridge.audit.tolerances import Tolerances

EXACT = Tolerances()


def examine(book: Book, frames: Sequence[Frame], truth: Truth, tolerances: Tolerances = EXACT) -> tuple[Finding, ...]:
    """What is wrong; empty: nothing was lost, nothing billed twice, and nobody was wronged.

    `frames` in the order in which the central system saw and sent them. To be asked when everything has come to rest, or else with
    tolerances that are not `quiet`.
    """
    case = Case(book=book, frames=frames, truth=truth, tolerances=tolerances)
    return tuple(finding for rule in RULES for finding in rule.check(case))
