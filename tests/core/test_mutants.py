"""Every planted bug can still be planted; `python -m tests.core.mutants` shows that the laws find each of them."""

import pytest

from tests.core.mutants import MUTANTS, ROOT, Mutant, planted


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.module}: {mutant.law}")
def test_a_bug_can_be_planted(mutant: Mutant) -> None:
    """The line it changes is there, once, and the result is still Python."""
    source = (ROOT / "bridge" / "core" / f"{mutant.module}.py").read_text()
    changed = planted(mutant, source)
    assert changed != source
    compile(changed, mutant.module, "exec")
