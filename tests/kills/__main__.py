"""`python -m tests.kills --kills 1000`: towns side by side, each audited; ends with one line, and with 1 where anything is wrong."""

import argparse
import itertools
import multiprocessing
import secrets
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed

from tests.kills.campaign import Outcome, closing_line, lone_town

KILLS_A_TOWN = 50
"""So that a failure is known soon, and its ledgers can be read by a person."""
SIDE_BY_SIDE = 3
"""A town mostly waits: two cores are busy with three."""


def main() -> int:
    """0: nothing is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.kills", description="Kill the real bridge again and again, and audit what is left."
    )
    parser.add_argument("--kills", type=int, default=1000, help="how often, over all towns")
    parser.add_argument("--seed", default="", help="of all dice; without it, one is drawn and told")
    parser.add_argument("--side-by-side", type=int, default=SIDE_BY_SIDE, help="how many towns at once")
    asked = parser.parse_args()
    seed = asked.seed or secrets.token_hex(4)
    shares = [KILLS_A_TOWN] * (asked.kills // KILLS_A_TOWN) + [asked.kills % KILLS_A_TOWN] * (asked.kills % KILLS_A_TOWN > 0)
    seeds = [seed] if len(shares) == 1 else [f"{seed}-{number}" for number in itertools.islice(itertools.count(1), len(shares))]
    began_s = time.monotonic()
    outcomes: list[Outcome] = []
    # a fresh interpreter each: a fork would share the loops of its siblings
    with ProcessPoolExecutor(asked.side_by_side, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: list[Future[Outcome]] = [pool.submit(lone_town, one, kills) for one, kills in zip(seeds, shares, strict=True)]
        for done in as_completed(running):
            outcome = done.result()
            outcomes.append(outcome)
            tell(outcome, time.monotonic() - began_s)
    print(f"kills: seed {seed}, {time.monotonic() - began_s:.0f} s; again with: make kills KILLS={asked.kills} SEED={seed}")
    print(closing_line(outcomes))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def tell(outcome: Outcome, after_s: float) -> None:
    """One town's line, and what is wrong there."""
    print(f"{after_s:6.0f} s  {closing_line([outcome])}  (seed {outcome.seed})", flush=True)
    for finding in outcome.findings[:60]:
        print(f"          rule {finding.rule}: {finding}", flush=True)
    if outcome.trouble is not None:
        print(f"          {outcome.trouble}", flush=True)
    if outcome.folder is not None:
        print(f"          log, database and frames: {outcome.folder}", flush=True)
        print(f"          again with: make kills KILLS={outcome.kills} SEED={outcome.seed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
