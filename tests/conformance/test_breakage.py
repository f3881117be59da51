"""The breakages that prove the ledger's tests: each one can be put in, and the machinery tells red from blind."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance import breakage, ledger
from tests.conformance.breakage import Breakage

ALL = breakage.breakages()
KNOWN = {case.requirement for case in ledger.cases()}


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_a_breakage_can_be_put_in(one: Breakage, tmp_path: Path) -> None:
    """Its text occurs once, and what comes of it is still a program."""
    copied = tmp_path / one.file
    copied.parent.mkdir(parents=True)
    copied.write_text((breakage.ROOT / one.file).read_text(encoding="utf-8"), encoding="utf-8")
    one.apply(tmp_path)
    compile(copied.read_text(encoding="utf-8"), one.file, "exec")
    with pytest.raises(ValueError, match="has its text"):
        replace(one, old="no such text").apply(tmp_path)


def test_breakages_name_cases_of_the_list() -> None:
    """And each breaks something once."""
    assert {case for one in ALL for case in one.cases} <= KNOWN
    assert len({one.name for one in ALL}) == len(ALL)


def test_what_is_drawn_depends_on_the_seed_only() -> None:
    """So that a figure can be checked by anybody."""
    assert breakage.drawn(7, 30) == breakage.drawn(7, 30)
    assert breakage.drawn(7, 30) != breakage.drawn(8, 30)
    assert len({case for case, _ in breakage.drawn(7, 30)}) == 30
    assert {case for case, _ in breakage.drawn(7, 1000)} == breakage.breakable().keys() <= ledger.tested()
