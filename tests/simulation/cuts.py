"""Every cut there is: each scene is played through once, and then again and again, cut at each of its points.

`python -m tests.simulation.cuts` does what the tests do and tells the figures, `--all` everything: both kinds of cut at every point,
publications too, and every second cut. `python -m tests.simulation.cuts recovery ocpp1.6 --cut kill@17 power@5` plays one alone.
"""

import argparse
import logging
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Self

from bridge.audit.examine import examine
from bridge.core.effects import EntryKind
from tests.simulation.house import House, Plan
from tests.simulation.run import LOOK_S, QUIET_S, book_of, waiting
from tests.simulation.scenes import SCENES, Visitor
from tests.simulation.vfs_cuts import cut_at

VERSIONS = {"ocpp1.6": 0, "ocpp2.0.1": 1}
"""The number of the charge point that speaks it."""
SEEDS = {"ocpp1.6": 5, "ocpp2.0.1": 3}
"""The first has a wallbox that tells as little as it may, the second one that names plug-ins, tells its pilot and signs whole samples."""
STEP_S = 60.0
"""Longer than anything in a small house that is healthy."""
RECOVERY_S = 45.0
"""A bridge that was started again has by then found everybody, and has dealt with the session it was cut in (B8: at most 30 s)."""
ROW = 20
"""So many cuts in a row (reliability.md D3)."""
DOUBLES, ROWS = 40, 3
"""A test plays every so manieth second cut, and every so manieth row."""
OPERATIONS = ("charge", "ocpp1.6")
"""Where a test cuts before each operation of the disk too."""
OPERATION = "disk"
PUBLISH = "publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where the bridge is cut: at the so manieth point, or disk operation, since the last cut."""

    number: int
    power: bool
    """With the power of the host; else the process alone is killed."""
    disk: bool = False
    """Before an operation of the disk; else right after a point."""

    def __str__(self) -> str:
        """As the command line takes it."""
        return f"{'power' if self.power else 'kill'}@{OPERATION if self.disk else ''}{self.number}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the command line."""
        kind, _, place = text.partition("@")
        return cls(number=int(place.removeprefix(OPERATION)), power=kind == "power", disk=place.startswith(OPERATION))

    @classmethod
    def alternating(cls, number: int, *, disk: bool = False) -> Self:
        """A kill at odd numbers, a power cut at even ones."""
        return cls(number=number, power=number % 2 == 0, disk=disk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One place for a cut."""

    number: int
    """Since the last cut."""
    kind: str
    life: int
    since_start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a scene."""

    wrong: tuple[str, ...]
    points: tuple[Point, ...]
    """All there were after the last cut."""
    operations: int
    """Of the disk, since the last cut."""
    sessions: int
    persists: tuple[int, ...]
    """Of each life that was cut; the first one is that a life has begun."""


class _Knife:
    """Cuts where it is told to, and counts what could have been cut."""

    def __init__(self, house: House, cuts: Sequence[Cut]) -> None:
        self._house = house
        self._cuts = deque(cuts)
        self._began_s = 0.0
        self._life = 0
        self.points: list[Point] = []
        self.persists: list[int] = []
        self.operations_before = 0
        house.world.on_point = self._passed
        self._aim()

    @property
    def left(self) -> list[str]:
        """Cuts whose place never came."""
        return [str(cut) for cut in self._cuts]

    def _aim(self) -> None:
        self.points.clear()
        self.operations_before = self._house.disk.operations
        if self._cuts and self._cuts[0].disk:
            cut_at(self._house.disk, self._cuts[0].number, power=self._cuts[0].power, then=self._cut)

    def _passed(self, _number: int, kind: str) -> None:
        house = self._house
        if house.life is None or house.life.dead:
            return
        if self._life != house.lives:
            self._life, self._began_s = house.lives, house.world.now_s
        number = len(self.points) + 1
        self.points.append(Point(number=number, kind=kind, life=house.lives, since_start_s=house.world.now_s - self._began_s))
        if self._cuts and not self._cuts[0].disk and self._cuts[0].number == number:
            self._cut()

    def _cut(self) -> None:
        house = self._house
        house.disk.on_operation = None
        self.persists.append(sum(point.kind == "persist" and point.life == house.lives for point in self.points))
        house.cut(power=self._cuts.popleft().power)
        self._aim()


def play(
    scene: str, version: str, cuts: Sequence[Cut] = (), *, seed: int | None = None, noted: Callable[[str], None] | None = None
) -> Played:
    """Play a scene, cut at these places one after the other; wait until it is quiet, and audit."""
    with House(SEEDS[version] if seed is None else seed, Plan(charge_points=1, first=VERSIONS[version], sample_s=30)) as house:
        if noted is not None:
            house.world.noted = noted
        visitor, knife = Visitor(house), _Knife(house, cuts)
        house.start()
        visitor.play(SCENES[scene])
        until_s = QUIET_S
        while not visitor.gone and house.world.now_s < until_s:
            house.run(house.world.now_s + STEP_S)
        house.run(house.world.now_s + STEP_S)
        # it would by itself, up to ten minutes later
        visitor.box.report_meter()
        house.run(house.world.now_s + STEP_S)
        while (left := waiting(house)) and house.world.now_s < until_s:
            house.run(house.world.now_s + LOOK_S)
        wrong = [f"not quiet: {one}" for one in left]
        wrong += [f"{cut} never came" for cut in knife.left]
        points, operations = tuple(knife.points), house.disk.operations - knife.operations_before
        house.finished = True
        house.stop()
        house.run(house.world.now_s + STEP_S)
        book, truth = book_of(house), house.truth()
        wrong += [str(finding) for finding in examine(book, house.central.frames, truth)]
        wrong += [*visitor.complaints, *house.mishaps]
        sessions = [entry for _, entry in book.history if entry.kind is not EntryKind.GAP]
        # with whom it began it goes on (B8)
        own = EntryKind.LOCAL if scene == "local" else EntryKind.OCPP
        wrong += [
            f"session {entry.id} is {entry.kind.value}, in a scene in which all are {own.value}"
            for entry in sessions
            if entry.kind is not own
        ]
        return Played(
            wrong=tuple(wrong),
            points=points,
            operations=operations,
            sessions=len(sessions),
            persists=tuple(knife.persists),
        )


# --- which ones -----------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Enumeration:
    """All cuts of a scene in one version; counts them, and collects what went wrong."""

    scene: str
    version: str
    everything: bool = False
    """Both kinds of cut at every point, and every second cut; else what a test has time for."""
    seed: int | None = None
    counted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def play(self, *cuts: Cut) -> Played:
        """Play it once more."""
        played = play(self.scene, self.version, cuts, seed=self.seed)
        self.wrong += [f"{self._again(cuts)}\n    {wrong}" for wrong in played.wrong]
        self.counted["cut"] += len(cuts)
        return played

    def _again(self, cuts: Sequence[Cut]) -> str:
        again = f"python -m tests.simulation.cuts {self.scene} {self.version}"
        again += f" --seed {self.seed}" if self.seed is not None else ""
        return again + (f" --cut {' '.join(map(str, cuts))}" if cuts else "")

    def run(self) -> Self:
        """All of them."""
        whole = self.play()
        self.counted["points"] += len(_places(whole.points))
        if self.scene == "crash_loop":
            self._rows(whole)
            return self
        for number in _places(whole.points):
            cut = Cut.alternating(number)
            self._second(cut, self._first(cut))
        if self.everything:
            for point in whole.points:
                self._first(Cut(number=point.number, power=point.number % 2 == 1))
                if point.kind == PUBLISH:
                    self._first(Cut.alternating(point.number))
        if self.everything or (self.scene, self.version) == OPERATIONS:
            self._operations(whole)
        return self

    def _first(self, cut: Cut) -> Played:
        self.counted["single"] += 1
        return self.play(cut)

    def _second(self, first: Cut, played: Played) -> None:
        """At each point of the recovery from the first cut."""
        seconds = _places(_recovery(played.points))
        for number in seconds if self.everything else seconds[first.number % DOUBLES :: DOUBLES]:
            self.counted["double"] += 1
            self.play(first, Cut.alternating(number))

    def _operations(self, whole: Played) -> None:
        """Before each operation of the disk."""
        for number in range(1, whole.operations + 1):
            self.counted["disk"] += 1
            self.play(Cut.alternating(number, disk=True))

    def _rows(self, whole: Played) -> None:
        """Again and again at the same point of the recovery: what was not finished begins anew, and leaves nothing behind."""
        before = sum(point.life == 1 for point in whole.points)
        recovery = [number - before for number in _places(_recovery(whole.points[before:]))]
        for number in recovery if self.everything else recovery[::ROWS]:
            self.counted["row"] += 1
            first = Cut(number=before + number, power=True)
            cuts = [first, *(Cut(number=number, power=turn % 2 == 0) for turn in range(1, ROW))]
            played = self.play(*cuts)
            begun = sum(persists > 1 for persists in played.persists)
            if played.sessions > whole.sessions + begun:
                self.wrong.append(f"{self._again(cuts)}\n    {played.sessions} sessions, where only {begun} recoveries got anywhere")


def _places(points: Sequence[Point]) -> list[int]:
    """Where a cut may matter: to publish changes nothing on a disk, and the answer is a point of its own."""
    return [point.number for point in points if point.kind != PUBLISH]


def _recovery(points: Sequence[Point]) -> list[Point]:
    """Those of the next life's beginning."""
    return [point for point in points if point.life == points[0].life and point.since_start_s < RECOVERY_S]


# --- the command ----------------------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run. Returns 0 where nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.cuts", description=__doc__)
    parser.add_argument("scene", nargs="?", choices=SCENES, help="only this one")
    parser.add_argument("version", nargs="?", choices=VERSIONS, help="only this one")
    parser.add_argument("--all", action="store_true", help="what a test has no time for, too")
    parser.add_argument("--seed", type=int, help="another house")
    parser.add_argument("--cut", nargs="+", type=Cut.parse, help="these alone, one after the other, and tell everything that happens")
    parser.add_argument("--processes", type=int, default=2, help="side by side")
    given = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    if given.cut:
        played = play(given.scene, given.version, given.cut, seed=given.seed, noted=print)
        print(*(played.wrong or ("nothing is wrong",)), sep="\n")
        return 1 if played.wrong else 0
    jobs = [
        Enumeration(scene=scene, version=version, everything=given.all, seed=given.seed)
        for scene in SCENES
        for version in VERSIONS
        if given.scene in {None, scene} and given.version in {None, version}
    ]
    return _report(jobs, given.processes)


def _report(jobs: Sequence[Enumeration], processes: int) -> int:
    began_s = time.monotonic()
    total: Counter[str] = Counter()
    wrong = 0
    with get_context("fork").Pool(processes) as pool:
        for done in pool.imap_unordered(Enumeration.run, jobs):
            print(f"{done.scene} {done.version}: {told(done.counted)}", *done.wrong, sep="\n", flush=True)
            total += done.counted
            wrong += len(done.wrong)
    print(f"cuts: {told(total)}, {wrong} violations, {time.monotonic() - began_s:.0f} s")
    return 1 if wrong else 0


def told(counted: Counter[str]) -> str:
    """Figures, in words."""
    return (
        f"{counted['points']} points; {counted['single']} single cuts, {counted['double']} double ones, "
        f"{counted['disk']} before operations of the disk, {counted['row']} rows of {ROW}; {counted['cut']} cuts"
    )


if __name__ == "__main__":
    sys.exit(main())
