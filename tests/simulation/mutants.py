"""Planted bugs, and the seed that finds each: a promise of the bridge that no seed can break is not tested by the simulation.

    python -m tests.simulation.mutants                  # each is planted, and hunted seed by seed until a violation shows it
    python -m tests.simulation.mutants --only NAME      # only this one; may be given more than once
    python -m tests.simulation.mutants --record         # writes what it found into mutants.json, and the table into the README

A seed counts where the bridge as it is has no violation in it. Takes some minutes, so `make test` plants only a few (`test_mutants.py`).
"""

import argparse
import functools
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from tests.simulation.planting import HOURS, ROOT, Mutant, load, plant

RECORD = Path(__file__).with_name("mutants.json")
README = ROOT / "README.md"
BEGIN, END = "<!-- planted-bugs -->\n", "<!-- /planted-bugs -->\n"
SEEDS_MAX = 100
"""As many as `make sim` runs: a bug that is not found by then counts as missed."""
RESTLESS_S = 45.0
"""Seconds of computing for one seed; the bridge as it is takes two or three."""
VIOLATION_MAX = 200
"""Of a violation, as much as tells what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How a bug was found."""

    name: str
    seed: int
    violation: str


# --- the hunter: a process of its own for each bug --------------------------------------------------------------------------------------


def hunt(mutant: Mutant | None, seeds: Iterable[int]) -> tuple[int, str] | None:
    """The first seed with a violation, and what it is. None as the mutant: the bridge as it is."""
    if mutant is not None:
        plant(mutant)
    from tests.simulation.run import simulate

    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGVTALRM, _restless)
    for seed in seeds:
        signal.setitimer(signal.ITIMER_VIRTUAL, RESTLESS_S)
        try:
            violations = simulate(seed, HOURS).violations
        except (Exception, RestlessError) as error:  # noqa: BLE001 - a bridge that can't even be simulated is a violation
            violations = (f"{type(error).__name__}: {error}",)
        found = next((one for one in violations if mutant is None or mutant.shows in one), None)
        if found is not None:
            return seed, found[:VIOLATION_MAX]
    return None


class RestlessError(KeyboardInterrupt):
    """It never comes to rest. An event loop lets only such an exception through."""


def _restless(_signal: int, _frame: FrameType | None) -> None:
    raise RestlessError("it never comes to rest")


def sent_out(mutant: Mutant | None, seeds: Sequence[int]) -> tuple[int, str] | None:
    """As `hunt`, in a process of its own."""
    name = [] if mutant is None else ["--only", mutant.name]
    command = [sys.executable, "-m", "tests.simulation.mutants", "--hunt", *name, "--seeds", *map(str, seeds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    return None if found is None else (found[0], found[1])


@functools.cache
def is_clean(seed: int) -> bool:
    """Whether the bridge as it is has no violation there."""
    return sent_out(None, [seed]) is None


def find(mutant: Mutant, seeds: Sequence[int]) -> Found | None:
    """Hunt a bug. A violation that is there without it does not count."""
    left = list(seeds)
    while left:
        found = sent_out(mutant, left)
        if found is None:
            return None
        seed, violation = found
        if is_clean(seed):
            return Found(name=mutant.name, seed=seed, violation=violation)
        left = left[left.index(seed) + 1 :]
    return None


# --- what was found ---------------------------------------------------------------------------------------------------------------------


def recorded() -> dict[str, Found]:
    """What the last recorded hunt found, by name."""
    return {name: Found(name=name, **found) for name, found in json.loads(RECORD.read_text())["found"].items()}


def record(found: Sequence[Found]) -> None:
    """Write down what a hunt for all of them found, when, and in which code."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    by_name = {one.name: {"seed": one.seed, "violation": one.violation} for one in found}
    what = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit, "found": by_name}
    RECORD.write_text(json.dumps(what, indent=2) + "\n")


def paragraph() -> str:
    """For the README: the table, and the figure."""
    what, found, mutants = json.loads(RECORD.read_text()), recorded(), load()
    most = max(one.seed for one in found.values()) + 1
    figure = (
        f"`make mutants` found {len(found)} of {len(mutants)} planted bugs within {most} seeds ({what['date']}, commit `{what['commit']}`)."
    )
    lines = [
        f"{figure} Each is one small change of the source, planted in memory:",
        "",
        "| room | planted bug | the promise it breaks | seeds |",
        "|---|---|---|---|",
    ]
    lines += [f"| {one.room} | {one.name} | {one.breaks} | {found[one.name].seed + 1} |" for one in mutants]
    return "\n".join(lines) + "\n"


def write_readme() -> None:
    """Put the paragraph between its marks."""
    before, _, rest = README.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}{paragraph()}{END}{after}")


# --- the command ------------------------------------------------------------------------------------------------------------------------


def main() -> int:
    """Hunt them all, or those named. Returns how many were missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="only this one")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed")
    parser.add_argument("--seeds-max", type=int, default=SEEDS_MAX, help="how many seeds a bug may hide from")
    parser.add_argument("--processes", type=int, default=2, help="side by side")
    parser.add_argument("--record", action="store_true", help="write down what was found")
    parser.add_argument("--hunt", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seeds", type=int, nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    mutants = [mutant for mutant in load() if given.only is None or mutant.name in given.only]
    if given.hunt:
        print(json.dumps(hunt(mutants[0] if given.only else None, given.seeds)))
        return 0
    seeds = range(given.first, given.first + given.seeds_max)
    with ThreadPoolExecutor(given.processes) as hunters:
        found = [one for one in hunters.map(functools.partial(_hunted, seeds=seeds), mutants) if one is not None]
    most = max((one.seed - given.first + 1 for one in found), default=0)
    print(f"mutants: {len(found)} of {len(mutants)} planted bugs found within {most} seeds")
    if given.record and len(found) == len(load()):
        record(found)
        write_readme()
    return len(mutants) - len(found)


def _hunted(mutant: Mutant, seeds: Sequence[int]) -> Found | None:
    found = find(mutant, seeds)
    how = "MISSED " if found is None else f"seed {found.seed:2}"
    print(f"{how} {mutant.name} ({mutant.room})" + ("" if found is None else f": {found.violation}"), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
