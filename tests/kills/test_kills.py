"""The bridge dies at any moment, again and again; at the end every Wh is on exactly one bill. `make kills` does it longer."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.audit.ledgers import Finding
from tests.bad_days.test_disk import SmallDisk, mount
from tests.kills.campaign import Outcome, closing_line, outlives

pytestmark = pytest.mark.timeout(300)
"""Some ten lives of a process, and what has to be awaited at the end: twenty seconds each, and minutes on a machine full of tests."""
FULL_FROM, FULL_UNTIL = 2, 5
"""Between these kills the disk takes nothing."""


async def test_a_dozen_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """Killed while it starts, while it recovers, while people charge, with links that break: the auditor finds nothing."""
    outcome = await outlives(tmp_path, seed="test", kills=12, charge_points=6)
    assert outcome.findings == ()
    assert (outcome.kills, outcome.unaccounted_wh) == (12, 0)
    assert outcome.transactions > 12


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk | None]:
    """A small one; None where nobody may mount: then it never is full, and a quota is in tests/bad_days."""
    folder = tmp_path / "disk"
    mounted = mount(folder)
    try:
        yield SmallDisk(folder) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_kills_on_a_full_disk_lose_and_double_nothing(tmp_path: Path, disk: SmallDisk | None) -> None:
    """It starts on a full disk and dies there, several times; what it could not write was never promised to anybody."""

    def weather(number: int) -> None:
        if disk is not None and number == FULL_FROM:
            disk.fill(0)
        if disk is not None and number == FULL_UNTIL:
            disk.free(0)

    outcome = await outlives(tmp_path, seed="full", kills=7, charge_points=4, disk=tmp_path / "disk", worse=weather)
    assert outcome.findings == ()
    assert (outcome.kills, outcome.unaccounted_wh) == (7, 0)


def test_the_closing_line_says_what_is_wrong() -> None:
    """A start that never came and a repetition that nothing explains are counted; zeros are nothing but zeros."""
    well = Outcome(seed="a", kills=1000, transactions=3000, disconnects=12_000)
    assert closing_line([well]) == "kills: 1,000 kills, 3,000 transactions, 12,000 disconnects, 0 lost, 0 duplicated, 0 Wh unaccounted"
    findings = tuple(Finding(rule=rule, charge_point=None, text="planted") for rule in (1, 2, 8, 4, 14))
    ill = Outcome(seed="b", unaccounted_wh=7, findings=findings)
    hung = Outcome(seed="c", trouble="it hung")
    line = closing_line([well, ill, hung])
    assert line.endswith("2 lost, 1 duplicated, 7 Wh unaccounted, 2 things otherwise wrong")
    assert [one.passed for one in (well, ill, hung)] == [True, False, False]
