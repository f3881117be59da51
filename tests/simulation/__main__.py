"""`python -m tests.simulation`: seeds in parallel, one closing line, and for each violation how to see it again."""

import argparse
import gc
import logging
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from tests.simulation.catalogue import missing
from tests.simulation.run import PACES, Outcome, simulate

REGRESSIONS = Path(__file__).with_name("regressions.txt")
"""Seeds that once found something: `seed hours`, where it is another the pace, and what it was."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run. Returns 0 where there is no violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--hours", type=float, default=2.0, help="of life, each")
    parser.add_argument("--pace", choices=PACES, default="car-park", help="street: more vehicles, home: more time")
    parser.add_argument("--processes", type=int, default=2, help="side by side")
    parser.add_argument("--regressions", action="store_true", help="also the seeds that once found something")
    parser.add_argument("--complete", action="store_true", help="fail where a kind of fault never happened")
    parser.add_argument("--log", type=Path, help="write everything that happens in the (only) seed to a file")
    given = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    if given.log is not None:
        return _told(Job(given.first, given.hours, given.pace), given.log)
    seeds = range(given.first, given.first + given.seeds)
    jobs = [*(_regressions() if given.regressions else ()), *(Job(seed, given.hours, given.pace) for seed in seeds)]
    return _report(jobs, given.processes, complete=given.complete)


class Job(NamedTuple):
    """One simulation."""

    seed: int
    hours: float
    pace: str = "car-park"

    def __str__(self) -> str:
        """As arguments of the command line."""
        return f"--first {self.seed} --hours {self.hours:g} --pace {self.pace}"


def _regressions() -> Iterator[Job]:
    for line in REGRESSIONS.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            yield Job(int(words[0]), float(words[1]), *words[2:])


def _one(job: Job) -> tuple[Job, Outcome | str]:
    try:
        outcome = simulate(job.seed, job.hours, pace=PACES[job.pace])
    except Exception:  # noqa: BLE001 - whatever went wrong is told with the seed
        return job, traceback.format_exc(limit=-6)
    finally:
        gc.collect()
    return job, outcome


def _report(jobs: list[Job], processes: int, *, complete: bool) -> int:
    began_s = time.monotonic()
    hours = transactions = violations = 0.0
    injected: Counter[str] = Counter()
    with get_context("fork").Pool(processes, maxtasksperchild=25) as pool:
        for job, outcome in pool.imap_unordered(_one, jobs):
            if isinstance(outcome, str):
                violations += 1
                print(f"seed {job.seed}: an error in the simulation\n{outcome}")
            else:
                hours += outcome.charge_points * job.hours
                transactions += outcome.transactions
                violations += len(outcome.violations)
                injected += outcome.injected
                for violation in outcome.violations:
                    print(f"seed {job.seed}: {violation}")
                if not outcome.violations:
                    continue
            print(f"  to see it again: python -m tests.simulation {job} --log seed-{job.seed}.log", flush=True)
    lacking = missing(injected) if complete else []
    for name in lacking:
        print(f"never injected: {name}")
    seconds = time.monotonic() - began_s
    print(f"{seconds:.0f} s; a second was worth {hours * 3600 / seconds:,.0f} s of a charge point's life")
    print(
        f"simulation: {len(jobs)} seeds, {hours:,.0f} charge-point-hours, {transactions:,.0f} transactions, "
        f"{sum(injected.values()):,} faults injected, {violations:.0f} violations"
    )
    return 1 if violations or lacking else 0


def _told(job: Job, file: Path) -> int:
    with file.open("w") as log:
        outcome = simulate(job.seed, job.hours, pace=PACES[job.pace], noted=lambda line: print(line, file=log))
    for violation in outcome.violations:
        print(violation)
    print(f"hash {outcome.digest}, {len(outcome.violations)} violations, log in {file}")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
