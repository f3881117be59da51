"""Every planted bug can still be planted, and the quickest are found here; `make mutants` shows that the simulation finds each of them."""

import pytest

from tests.simulation import mutants
from tests.simulation.planting import ROOT, Mutant, load, planted

MUTANTS = load()
QUICK = [mutant for mutant in MUTANTS if mutant.quick]
TRIES = 3
"""A change of the simulation changes what its seeds do: the recorded seed is tried first, then a few others."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_can_be_planted(mutant: Mutant) -> None:
    """What it changes is there, once, and the result is still Python."""
    source = (ROOT / mutant.file).read_text()
    changed = planted(mutant, source)
    assert changed != source
    compile(changed, mutant.file, "exec")


@pytest.mark.parametrize("mutant", QUICK, ids=lambda mutant: mutant.name)
def test_a_quick_one_is_found(mutant: Mutant) -> None:
    """In a seed in which the bridge as it is does nothing wrong."""
    seed = mutants.recorded()[mutant.name].seed
    found = mutants.find(mutant, [seed, *(other for other in range(TRIES) if other != seed)])
    assert found is not None, mutant.breaks


def test_each_was_found_once_and_the_readme_says_so() -> None:
    """`python -m tests.simulation.mutants --record` writes both."""
    assert set(mutants.recorded()) == {mutant.name for mutant in MUTANTS}
    assert mutants.paragraph() in mutants.README.read_text()


def test_names_are_told_apart() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
