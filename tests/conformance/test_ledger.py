"""The list of public certification cases against the tests that exist: nothing is forgotten, nothing is claimed twice over."""

from pathlib import Path

import pytest

from bridge.ocpp.v16.keys import PROFILES
from tests.conformance import ledger

KNOWN = {case.requirement for case in ledger.cases()}


def test_every_claimed_case_has_a_test_or_a_reason() -> None:
    """Each certification case of the profiles the bridge claims is either shown by a test or explained."""
    assert ledger.missing(ledger.tested()) == []


def test_a_case_without_its_test_is_missed() -> None:
    """The check above would notice: without the marks, exactly the cases with a reason are left."""
    everything = {case.requirement for case in ledger.claimed()}
    assert len(ledger.missing(frozenset())) == len(everything) - len(ledger.NOT_APPLICABLE)
    [line] = ledger.missing(ledger.tested() - {"1.6 TC_003_CS"})
    assert line.startswith("1.6 TC_003_CS (Regular Charging Session")


def test_what_is_not_applicable_is_a_claimed_case_without_a_test() -> None:
    """A reason stands for a case that exists; where there is a test, the reason has to go."""
    assert ledger.NOT_APPLICABLE.keys() <= {case.requirement for case in ledger.claimed()}
    assert ledger.NOT_APPLICABLE.keys() & ledger.tested() == set()
    assert all(len(reason) > 20 for reason in ledger.NOT_APPLICABLE.values())


def test_the_claimed_profiles_are_the_ones_the_station_reports() -> None:
    """SupportedFeatureProfiles decides which cases count."""
    spelled = {"Local Auth List": "LocalAuthListManagement"}
    claimed = {spelled.get(profile, profile.replace(" ", "")) for profile in ledger.CLAIMED["1.6"]}
    assert claimed <= {name for name, _ in PROFILES}


def test_no_test_names_a_case_that_does_not_exist() -> None:
    """A case's id is written right, wherever a test names one."""
    unknown = [
        f"{mark.file.name}::{mark.test}: {mark.requirement}"
        for mark in ledger.marks(ledger.TESTS)
        if mark.requirement.startswith(("1.6 ", "2.0.1 ")) and mark.requirement not in KNOWN
    ]
    assert unknown == []


def test_the_list_of_cases_is_whole() -> None:
    """112 cases of OCPP 1.6 and 424 of 2.0.1, none twice."""
    listed = ledger.cases()
    assert [sum(case.version == version for case in listed) for version in ("1.6", "2.0.1")] == [112, 424]
    assert len(KNOWN) == len(listed)


def test_marks_are_found_on_tests_and_on_rows_of_their_tables(tmp_path: Path) -> None:
    """On a test, on a row of its table, on several; not in text, not on helpers."""
    (tmp_path / "test_some.py").write_text(
        """
import pytest

@pytest.mark.requirement("a")
@pytest.mark.requirement("b")
async def test_one(): "pytest.mark.requirement('text')"

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("c")), 2])
def test_two(x): ...

@pytest.mark.requirement("helper")
def helper(): ...
""",
    )
    assert [(mark.requirement, mark.test) for mark in ledger.marks(tmp_path)] == [("a", "test_one"), ("b", "test_one"), ("c", "test_two")]


def test_the_table_of_the_readme_is_up_to_date() -> None:
    """Otherwise: `python -m tests.conformance.ledger`."""
    readme = ledger.README.read_text(encoding="utf-8")
    assert ledger.renewed(readme) == readme


def test_a_readme_without_a_place_for_the_table_is_refused() -> None:
    """The table can't get lost unnoticed."""
    with pytest.raises(ValueError, match="must have <!-- conformance -->"):
        ledger.renewed("# evbridge\n")
