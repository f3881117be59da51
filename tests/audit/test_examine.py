"""`bridge.audit.examine`: the auditor is tested by planting what it must find. One that nothing can fail would prove nothing."""

import pytest

from bridge.audit.rules import RULES
from tests.audit.defects import DEFECTS, Defect
from tests.audit.world import a_day


def test_a_correct_day_passes() -> None:
    """Lost answers, refusals, a cut, a parked start and a local session are no breach of anything."""
    assert a_day().findings() == ()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.rule}: {defect.name}")
def test_a_planted_defect_is_found(defect: Defect) -> None:
    """By the rule it breaks, whatever others say as well."""
    day = a_day()
    defect.spoil(day)
    findings = day.findings()
    assert defect.rule in {finding.rule for finding in findings}, [f"{finding.rule}: {finding}" for finding in findings]


def test_every_rule_has_been_broken() -> None:
    assert {defect.rule for defect in DEFECTS} == {rule.number for rule in RULES}


def test_every_rule_says_what_it_promises() -> None:
    """In one sentence, for people who are told that it is broken."""
    assert all((rule.check.__doc__ or "").split("\n")[0].endswith(".") for rule in RULES)
