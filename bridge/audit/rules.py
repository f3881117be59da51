"""The table of rules. Their numbers are those of the invariants in the design's reliability chapter, and never change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bridge.audit.accounts import accounted_for, local_is_silent
from bridge.audit.case import Case
from bridge.audit.decisions import one_lamp
from bridge.audit.delivery import explained_copies, in_order, nothing_deleted, one_at_a_time
from bridge.audit.ledgers import Finding
from bridge.audit.power import flows_in_sessions, limits_obeyed, nothing_ahead, refused_is_stopped
from bridge.audit.shown import signatures_unaltered, status_is_true
from bridge.audit.transactions import never_backwards, started_once, stopped_once, under_its_own_name

Check: TypeAlias = Callable[[Case], Iterator[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An invariant, and what looks for breaches of it; the check's docstring says it in a sentence."""

    number: int
    check: Check


RULES: tuple[Rule, ...] = (
    Rule(number=1, check=started_once),
    Rule(number=2, check=stopped_once),
    Rule(number=3, check=never_backwards),
    Rule(number=4, check=accounted_for),
    Rule(number=4, check=nothing_ahead),
    Rule(number=5, check=local_is_silent),
    Rule(number=6, check=in_order),
    Rule(number=7, check=nothing_deleted),
    Rule(number=8, check=explained_copies),
    Rule(number=9, check=one_at_a_time),
    Rule(number=10, check=one_lamp),
    Rule(number=11, check=limits_obeyed),
    Rule(number=12, check=flows_in_sessions),
    Rule(number=12, check=refused_is_stopped),
    Rule(number=13, check=under_its_own_name),
    Rule(number=14, check=status_is_true),
    Rule(number=17, check=signatures_unaltered),
)
"""15 (`bridge.audit.secrecy`) looks at texts and 16 (`bridge.audit.restart`) at two books: they are asked by themselves."""
