"""One town's life and death, and what the auditor says about it; many of them are a campaign."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.audit.accounts import balance_of
from bridge.audit.case import Case
from bridge.audit.examine import EXACT, examine
from bridge.audit.ledgers import Finding
from tests.kills import ledgers
from tests.kills.town import CHARGE_POINTS, Town, town

LOST, DUPLICATED = frozenset({1, 2, 6, 7, 13}), frozenset({8, 9})
"""Rules of the auditor (`bridge.audit.rules`) by what their breach means for a bill; the sums of rule 4 are told in Wh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came out of one town."""

    seed: str
    kills: int = 0
    transactions: int = 0
    disconnects: int = 0
    unaccounted_wh: int = 0
    findings: tuple[Finding, ...] = ()
    trouble: str | None = None
    """Why it could not be audited: the bridge hung, or ended by itself."""
    folder: Path | None = None
    """Where log, database and frames are kept; None: nothing is wrong, and they are gone."""

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings and self.trouble is None


def audited(place: Town, seed: str) -> Outcome:
    """The three ledgers compared."""
    truth = ledgers.truth(place)
    book, frames = ledgers.book(place.database, list(truth.meters)), ledgers.frames(place.backends)
    case = Case(book=book, frames=frames, truth=truth, tolerances=EXACT)
    balances = [balance_of(case, one, meter) for one, meter in truth.meters.items()]
    return Outcome(
        seed=seed,
        kills=len(place.cuts),
        transactions=len(case.sessions),
        disconnects=place.disconnects,
        unaccounted_wh=sum(abs(one.meter_wh - one.accounted_wh) for one in balances),
        findings=examine(book, frames, truth),
    )


async def outlives(
    folder: Path,
    *,
    seed: str,
    kills: int,
    charge_points: int = CHARGE_POINTS,
    disk: Path | None = None,
    worse: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """A town of its own: killed so often, healed, audited. Raises AssertionError where it does not come to rest.

    `disk` and `worse`: see `town` and `Town.suffers`.
    """
    async with town(folder, seed=seed, charge_points=charge_points, disk=disk) as place:
        try:
            await place.suffers(kills, worse=worse)
            await place.heals()
            return audited(place, seed)
        finally:
            write_frames(place, folder / "frames.log")


def write_frames(place: Town, path: Path) -> None:
    """For whoever looks into a failure."""
    lines = [
        f"{frame.at_ms} {frame.charge_point} {frame.connection} {'>' if frame.from_station else '<'} {frame.text}\n"
        for frame in ledgers.frames(place.backends)
    ]
    path.write_text("".join(lines))


def lone_town(seed: str, kills: int) -> Outcome:
    """The same for a process of its own; what a failure has left behind is kept."""
    folder = Path(tempfile.mkdtemp(prefix=f"evbridge-kills-{seed}-"))
    try:
        outcome = asyncio.run(outlives(folder, seed=seed, kills=kills))
    except (AssertionError, ExceptionGroup) as error:
        text = "; ".join(f"{type(one).__name__}: {one}" for one in _leaves(error))
        return Outcome(seed=seed, kills=kills, trouble=text, folder=folder)
    if outcome.passed:
        shutil.rmtree(folder)
        return outcome
    return replace(outcome, folder=folder)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def closing_line(outcomes: Iterable[Outcome]) -> str:
    """All towns together."""
    all_ = list(outcomes)
    rules = [finding.rule for outcome in all_ for finding in outcome.findings]
    lost, duplicated = sum(rule in LOST for rule in rules), sum(rule in DUPLICATED for rule in rules)
    wrong = sum(outcome.trouble is not None for outcome in all_) + sum(rule not in LOST | DUPLICATED | {4} for rule in rules)
    return (
        f"kills: {sum(outcome.kills for outcome in all_):,} kills, {sum(outcome.transactions for outcome in all_):,} transactions, "
        f"{sum(outcome.disconnects for outcome in all_):,} disconnects, {lost} lost, {duplicated} duplicated, "
        f"{sum(outcome.unaccounted_wh for outcome in all_)} Wh unaccounted" + (f", {wrong} things otherwise wrong" if wrong else "")
    )
