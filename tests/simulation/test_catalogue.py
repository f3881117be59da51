"""The catalogue of faults keeps to what there is: every row is answered, every storm has a row, every test exists, every counter counts."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.simulation.catalogue import CATALOGUE, missing, storms_of
from tests.simulation.house import House, Plan
from tests.simulation.run import Simulation
from tests.simulation.storms import STORMS, Sky, Storm

ROOT = Path(__file__).parents[2]
SIZES = {"D": 11, "W": 17, "C": 5, "M": 13, "E": 5, "H": 7, "N": 5, "O": 3, "P": 3}
"""How many rows each chapter of reliability.md §2 has."""


TRIES = 6
"""Seeds for a storm that needs luck: somebody must be charging, or connected."""
LOOKS, LOOK_S = 50, 20.0
CUTS = frozenset({"power cut", "kill"})
COMPANIONS: dict[str, frozenset[str]] = {
    "crash loop": CUTS,
    "cut at a write": CUTS,
    "cut at a point": CUTS,
    "cut at an await": CUTS,
    "boot in 1970": CUTS,
    "boot in 1970 with a queue": CUTS,
    "silly registration": frozenset({"registration Pending", "registration Rejected"}),
}
"""What some storms bring with them, and it is counted as well."""


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


@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.name)
def test_a_storm_counts_what_it_promises(storm: Storm) -> None:
    """A fault that is said to have happened has happened: each strikes a small house until it is counted, under its own names only."""
    seen: Counter[str] = Counter()
    for seed in range(TRIES):
        with House(seed, Plan(charge_points=2)) as house:
            simulation = Simulation(house, (), hurry=1.0)
            sky = Sky(house=house, rng=house.world.chance("sky"), managers=simulation.managers)
            house.start()
            house.run(300)
            began = Counter(house.world.injected)
            end = storm.begin(sky)
            for _ in range(LOOKS):
                house.run(house.world.now_s + LOOK_S)
                seen = house.world.injected - began
                if any(seen[counter] for counter in storm.counters):
                    break
            if end is not None:
                end()
        if any(seen[counter] for counter in storm.counters):
            break
    assert any(seen[counter] for counter in storm.counters), dict(seen)
    others = {counter for other in STORMS if other is not storm for counter in other.counters}
    assert not set(seen) & (others - COMPANIONS.get(storm.name, frozenset())), dict(seen)


def test_what_never_happened_is_named() -> None:
    """A campaign that never saw a fault says so."""
    everything = dict.fromkeys(missing({}), 1)
    assert missing(everything) == []
    assert missing({**everything, "lost sector": 0, "power cut": 0}) == ["lost sector", "power cut"]
