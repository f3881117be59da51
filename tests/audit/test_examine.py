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


SAID = {
    "a lamp too early": "was decided before it happened",
    "a lamp too late": "was decided after 10.5 s",
    "green without the central system's yes": "the central system had not accepted the card",
    "2.0.1 does not begin with its start": "does not begin with its start",
    "2.0.1 begins twice": "number 2 of y1 is a start, and was written as Updated",
    "2.0.1 ends twice": "does not end with its end",
    "2.0.1 does not end with its end": "does not end with its end",
    "2.0.1 has no number 2": "has no number 2",
    "2.0.1 tells another time": "tells another time than was written",
    "2.0.1 tells another register": "tells 151 Wh, and was written with 150 Wh",
    "2.0.1 hides that it was offline": "was written offline and tells otherwise",
    "two messages are reordered": "row 3 was heard before row 2",
    "a reading nobody wrote": "heard a reading the bridge never wrote",
    "an id for two messages": "message id m-start was used for two messages",
    "an id twice on one connection": "message id m-start was used twice on connection 2",
    "two open calls": "message b was sent while a was open",
    "sent again after the answer was read": "though it had been answered, or was still open",
    "another payload the second time": "was sent again with another content",
    "2.0.1: another payload the second time": "was sent again with another content",
    "another id after silence": "was sent again under another id",
    "a row is deleted": "rows of s4 are missing or double: [0, 2]",
    "a number is used twice": "two rows of the outbox have one number",
    "delivered, and never answered": "but the central system never took it",
    "a signed reading is altered": "has a signed reading the bridge never had",
    "a signed reading the meter never made": "has a signed reading the meter never made",
    "signed readings in the wrong order": "a signed reading was sent after a later one",
    "the end tells of a higher register": "runs back from 2001 to 2000 Wh in s1, as the central system heard",
}
"""Where several complaints of one rule are near, the right one is made."""


@pytest.mark.parametrize("name", SAID)
def test_the_right_complaint_is_made(name: str) -> None:
    """Whoever reads it must look in the right place."""
    day = a_day()
    [defect] = [one for one in DEFECTS if one.name == name]
    defect.spoil(day)
    assert any(SAID[name] in str(finding) for finding in day.findings()), [str(finding) for finding in day.findings()]
