"""The list of public certification cases against the tests that exist: nothing is forgotten, nothing is claimed twice over."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.ocpp.v16.keys import PROFILES
from tests.conformance import ledger, reasons
from tests.conformance.ledger import Standing

ALL = {case.requirement: case for case in ledger.cases()}
TESTED = ledger.tested()


def test_every_case_has_a_test_or_a_reason() -> None:
    """Each certification case is shown by a test, or explained, or on the list of those that are still missing."""
    assert [one for one in ledger.missing(TESTED) if one not in ledger.committed(ledger.MISSING)] == []


def test_what_is_missing_can_only_become_less() -> None:
    """A case that has a test or a reason now leaves the list: `python -m tests.conformance.ledger`."""
    assert ledger.committed(ledger.MISSING) == ledger.missing(TESTED)
    with pytest.raises(ValueError, match=r"these cases had a test or a reason: 1\.6 TC_003_CS"):
        ledger.shrunk(ledger.committed(ledger.MISSING), TESTED - {"1.6 TC_003_CS"})


def test_a_case_without_its_test_is_missed() -> None:
    """The check above would notice: without any test, everything is missing that has no reason."""
    without = {ledger.standing(case, frozenset()) for case in ALL.values()}
    assert without == {Standing.NOT_APPLICABLE, Standing.DEFERRED, Standing.MISSING}
    assert "1.6 TC_003_CS" in ledger.missing(TESTED - {"1.6 TC_003_CS"})


def test_what_is_deferred_is_exactly_the_committed_list() -> None:
    """The security and certificate cases, one by one."""
    assert [case.requirement for case in ALL.values() if reasons.deferred(case)] == ledger.committed(ledger.DEFERRED)


def test_a_reason_stands_for_one_case_that_exists_and_has_no_test() -> None:
    """Where there is a test, the reason has to go."""
    named = [requirement for cases in reasons.NAMED.values() for requirement in cases]
    assert len(named) == len(set(named))
    assert set(named) <= ALL.keys()
    explained = {one for one, case in ALL.items() if ledger.standing(case, frozenset()) is not Standing.MISSING}
    assert explained & TESTED == set()


def test_every_reason_is_needed() -> None:
    """The list of reasons is closed, and none of them is spare."""
    given = [reasons.not_applicable(case) for case in ALL.values()]
    assert {found[0] for found in given if found is not None} == set(reasons.Reason)


def test_the_profiles_that_the_station_reports_are_whole() -> None:
    """SupportedFeatureProfiles names nothing of which a case is missing without being on the list."""
    spelled = {"LocalAuthListManagement": "Local Auth List"}
    reported = {name for name, _ in PROFILES}
    known = {case.profile.replace(" ", "") for case in ALL.values() if case.version == "1.6"}
    assert {spelled.get(name, name).replace(" ", "") for name in reported} <= known


def test_no_test_names_a_case_that_does_not_exist() -> None:
    """A case's id is written right, wherever a test names one."""
    unknown = [
        f"{mark.file.name}::{mark.test}: {mark.requirement}"
        for mark in ledger.marks(ledger.TESTS)
        if mark.requirement.startswith(("1.6 ", "2.0.1 ")) and mark.requirement not in ALL
    ]
    assert unknown == []


def test_the_list_of_cases_is_whole() -> None:
    """112 cases of OCPP 1.6 and 424 of 2.0.1, none twice."""
    listed = ledger.cases()
    assert [sum(case.version == version for case in listed) for version in ledger.VERSIONS] == [112, 424]
    assert len(ALL) == len(listed)


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
    assert ledger.renewed(readme, TESTED) == readme


def test_a_readme_without_a_place_for_the_table_is_refused() -> None:
    """The table can't get lost unnoticed."""
    with pytest.raises(ValueError, match="must have <!-- conformance -->"):
        ledger.renewed("# evbridge\n", TESTED)


SOME = """
import pytest

@pytest.mark.requirement("1.6 TC_003_CS")
def test_one(): ...

@pytest.mark.parametrize("x", [1, 2])
@pytest.mark.requirement("2.0.1 TC_B_06_CS")
def test_two(x): ...

@pytest.mark.requirement("2.0.1 TC_B_07_CS")
@pytest.mark.parametrize("x", [1, 2])
def test_three(x): assert x != FAILS

@pytest.mark.skipif(FAILS == 0, reason="")
@pytest.mark.requirement("1.6 TC_004_1_CS")
def test_four(): ...
"""


@pytest.mark.parametrize("fails, passed, processes", [(0, (1, 2), ()), (1, (2, 1), ("--numprocesses", "2"))], ids=["alone", "with-others"])
def test_the_closing_lines_count_what_passed(fails: int, passed: tuple[int, int], processes: tuple[str, ...], tmp_path: Path) -> None:
    """One line for each version, the last ones; a case with one failed or skipped test has not passed."""
    (tmp_path / "test_some.py").write_text(SOME.replace("FAILS", str(fails)))
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = requirement(id): a case\n")
    plugin = ("-p", "tests.conformance.closing", "-c", str(tmp_path / "pytest.ini"))
    command = [sys.executable, "-m", "pytest", *plugin, *processes, str(tmp_path)]
    ran = subprocess.run(command, cwd=ledger.README.parent, capture_output=True, text=True, check=False)
    lines = ran.stdout.splitlines()[-2:]
    for line, version, count in zip(lines, ledger.VERSIONS, passed, strict=True):
        told = re.fullmatch(rf"conformance {version}: (\d+) passed, (\d+) not applicable, (\d+) deferred, (\d+) missing", line)
        assert told is not None, ran.stdout + ran.stderr
        numbers = [int(number) for number in told.groups()]
        assert numbers[0] == count
        assert sum(numbers) == sum(case.version == version for case in ALL.values())
    assert ran.stdout.count("conformance ") == 2
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, "cases are missing that this project has tests of"
