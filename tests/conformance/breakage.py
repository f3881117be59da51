"""Break the product a little, and see the cases of the ledger go red: proof that their tests look.

    python -m tests.conformance.breakage --seed 7 --count 30               # 30 cases that have a test, drawn by seed
    python -m tests.conformance.breakage --case "1.6 TC_012_CS"            # or by name

For each case one small breakage of breakages.toml is put into a copy of the repository, where first the case's tests must pass without it
and then one of them must fail by itself, not because nothing starts any more. The exit status tells whether all were seen.
"""

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance import ledger, only

FILE = ledger.HERE / "breakages.toml"
ROOT = ledger.TESTS.parent
COPIED = ("bridge", "schemas", "tests", "pyproject.toml", "README.md")
"""What the tests of a case need."""
DEAF = ("node_modules", "__pycache__")
CASE_S = 300
"""A broken product may make its tests wait for what never comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """One behaviour, broken by replacing a text that occurs once."""

    name: str
    file: str
    old: str
    new: str
    cases: tuple[str, ...]

    def apply(self, root: Path) -> None:
        """Break it. Raises ValueError where the text is not there exactly once."""
        file = root / self.file
        text = file.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.file} has its text {text.count(self.old)} times")
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")


def breakages() -> tuple[Breakage, ...]:
    """All of them."""
    listed = tomllib.loads(FILE.read_text(encoding="utf-8"))["breakage"]
    return tuple(Breakage(**{**one, "cases": tuple(one["cases"])}) for one in listed)


def breakable() -> dict[str, tuple[Breakage, ...]]:
    """Each case that has a test and a breakage, and its breakages."""
    shown = ledger.tested()
    found: dict[str, tuple[Breakage, ...]] = {}
    for breakage in breakages():
        for case in breakage.cases:
            if case in shown:
                found[case] = (*found.get(case, ()), breakage)
    return found


def drawn(seed: int, count: int) -> list[tuple[str, Breakage]]:
    """So many cases by seed, each with one of its breakages."""
    rng = random.Random(seed)
    known = breakable()
    return [(case, rng.choice(known[case])) for case in rng.sample(sorted(known), min(count, len(known)))]


# --- seeing red ---------------------------------------------------------------------------------------------------------------------


async def verdict(case: str, breakage: Breakage, folder: Path) -> str:
    """What is wrong with the pair; empty: the case's tests pass, and fail with the breakage."""
    root = copy(folder)
    if (status := await _run(case, root)) != pytest.ExitCode.OK:
        return f"its tests do not pass unbroken ({status})"
    breakage.apply(root)
    status = await _run(case, root)
    return "" if status == pytest.ExitCode.TESTS_FAILED else f"not seen ({status})"


def copy(folder: Path) -> Path:
    """The repository as far as it is needed; what npm installed stays where it is."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(*DEAF))
        else:
            shutil.copy(source, folder / name)
    (folder / "tests" / "node" / "node_modules").symlink_to(ROOT / "tests" / "node" / "node_modules")
    return folder


async def _run(case: str, root: Path) -> int:
    """Only the tests of this case, and only what fails in them, not before: their exit status."""
    files = sorted({str(mark.file.relative_to(ROOT)) for mark in ledger.marks(ledger.HERE) if mark.requirement == case})
    command = (sys.executable, "-m", "pytest", "-p", only.__name__, "-p", "no:cacheprovider", "-x", "--quiet", *files)
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=root,
        env={**os.environ, only.CASE: case},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(CASE_S):
        return await process.wait()


async def examine(pairs: Sequence[tuple[str, Breakage]], jobs: int) -> list[str]:
    """All pairs, some at a time; the cases that did not see their breakage."""
    room = asyncio.Semaphore(jobs)
    blind: list[str] = []

    async def one(case: str, breakage: Breakage) -> None:
        async with room:
            with tempfile.TemporaryDirectory() as folder:
                wrong = await verdict(case, breakage, Path(folder))
        print(f"{'red ' if not wrong else 'BLIND'} {case}: {breakage.name}{f': {wrong}' if wrong else ''}", flush=True)
        if wrong:
            blind.append(case)

    async with asyncio.TaskGroup() as group:
        for case, breakage in pairs:
            group.create_task(one(case, breakage), name=case)
    return blind


def _named(cases: Sequence[str]) -> Iterator[tuple[str, Breakage]]:
    known = breakable()
    for case in cases:
        for breakage in known[case]:
            yield case, breakage


def main() -> int:
    """Draw, break, look."""
    parser = argparse.ArgumentParser(description="Break the product a little, and see the cases of the ledger go red.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--case", action="append", default=[], help="instead of drawing: all breakages of this case")
    parser.add_argument("--all", action="store_true", help="every case with each of its breakages")
    options = parser.parse_args()
    named = sorted(breakable()) if options.all else options.case
    pairs = list(_named(named)) if named else drawn(options.seed, options.count)
    blind = asyncio.run(examine(pairs, options.jobs))
    print(f"{len(pairs) - len(blind)} of {len(pairs)} breakages were seen")
    return 1 if blind else 0


if __name__ == "__main__":
    sys.exit(main())
