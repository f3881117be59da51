"""The catalogue of faults keeps to what there is: every row is answered, every storm has a row, every test exists, every counter counts."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.simulation.catalogue import CATALOGUE, missing, storms_of
from tests.simulation.storms import STORMS

ROOT = Path(__file__).parents[2]
SIZES = {"D": 11, "W": 17, "C": 5, "M": 13, "E": 5, "H": 7, "N": 5, "O": 3, "P": 3}
"""How many rows each chapter of reliability.md §2 has."""


@cache
def _tests(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_row_is_answered() -> None:
    """A fault that can happen is made to happen, is tested elsewhere, or is said to be impossible."""
    assert list(CATALOGUE) == [f"{letter}{number}" for letter, last in SIZES.items() for number in range(1, last + 1)]
    unanswered = [name for name, row in CATALOGUE.items() if not (storms_of(name) or row.tests or row.reason)]
    assert unanswered == []


@pytest.mark.parametrize("row", CATALOGUE)
def test_every_test_that_is_named_exists(row: str) -> None:
    """A promise that points nowhere is none."""
    for test in CATALOGUE[row].tests:
        file, _, name = test.partition("::")
        assert name in _tests(file), test


def test_every_reason_is_a_sentence() -> None:
    """Whoever reads why a row does not apply learns it."""
    for name, row in CATALOGUE.items():
        assert not row.reason or (row.reason.endswith(".") and len(row.reason) > 40), name


def test_every_storm_belongs_to_a_row() -> None:
    """And no two storms, nor their counters, share a name."""
    assert all(row in CATALOGUE for storm in STORMS for row in storm.rows)
    assert all(storm.rows for storm in STORMS)
    assert len({storm.name for storm in STORMS}) == len(STORMS)
    counters = [counter for storm in STORMS for counter in storm.counters]
    assert len(set(counters)) == len(counters)


def test_what_never_happened_is_named() -> None:
    """A campaign that never saw a fault says so."""
    everything = dict.fromkeys(missing({}), 1)
    assert missing(everything) == []
    assert missing({**everything, "lost write": 0, "power cut": 0}) == ["lost write", "power cut"]
