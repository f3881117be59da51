"""What happens is in a few files, whatever the disk does; and charging never waits for it."""

import asyncio
import logging
import stat
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from bridge.core.events import AnyEvent, MeterReported
from bridge.core.state import State
from bridge.core.step import step
from bridge.tape import recorder as module
from bridge.tape.pages import Pages
from bridge.tape.player import Player
from bridge.tape.recorder import PAGE_BYTES, PAGES_WAITING_MAX, Recorder, segments
from tests.core.world import ROAMER, Bench, charging, ready
from tests.peers.waiting import Bell
from tests.tape.tapes import told

MEGABYTE = 1024 * 1024
KEY = b"key"


class Site:
    """A bench whose steps are recorded, as a runtime's are."""

    def __init__(self, folder: Path, *, size_max: int = MEGABYTE, bench: Bench | None = None) -> None:
        self.folder = folder
        self.recorder = Recorder(folder=folder, key=KEY, size_max=size_max)
        self.bench = bench or charging()
        self.state: State = self.bench.state
        self.bench.watchers.append(lambda _, event, *__: self._takes(event))

    def _takes(self, event: AnyEvent) -> None:
        self.state = self.recorder.step(self.state, event).state

    def goes_on(self, count: int) -> None:
        """So many readings."""
        for number in range(count):
            self.bench.now_s += 1
            self.bench.meters(2000 + number, power_w=7000.0 + number % 13)


def events_in(folder: Path) -> list[int]:
    """How many events each segment has; each is played alone, and none comes out otherwise."""
    counts = []
    for path in segments(folder):
        with path.open("rb") as file:
            pages = Pages(file)
            moments = list(Player().play(pages))
        assert told(moments) == []
        counts.append(len(moments))
    return counts


async def test_what_happens_is_recorded_and_can_be_played(tmp_path: Path) -> None:
    site = Site(tmp_path / "tape")
    site.goes_on(50)
    site.bench.passes(60)
    site.bench.taps(ROAMER)
    site.recorder.close()
    (count,) = events_in(tmp_path / "tape")
    assert count >= 52


async def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "tape"
    folder.mkdir(mode=0o755)
    site = Site(folder)
    site.goes_on(1)
    site.recorder.close()
    (segment,) = segments(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600


async def test_it_stays_within_its_size_and_the_oldest_goes_first(tmp_path: Path) -> None:
    size_max = 24 * 1024
    site = Site(tmp_path, size_max=size_max)
    for _ in range(40):
        site.goes_on(100)
        await asyncio.sleep(0)
        site.recorder._thread.submit(lambda: None).result()
        await asyncio.sleep(0)
        assert sum(path.stat().st_size for path in segments(tmp_path)) <= size_max + PAGE_BYTES
    site.recorder.close()
    names = [path.name for path in segments(tmp_path)]
    assert not any(name.startswith("00000001") for name in names)
    assert len(names) > 2
    assert all(events_in(tmp_path))


async def test_each_life_begins_a_segment_and_there_are_not_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that crashes every minute must not fill the folder; names go on where they were."""
    monkeypatch.setattr(module, "FILES_MAX", 3)
    for _ in range(5):
        site = Site(tmp_path, bench=ready())
        site.goes_on(1)
        site.recorder.close()
    assert [path.name[:8] for path in segments(tmp_path)] == ["00000003", "00000004", "00000005"]


async def test_what_is_not_ours_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILES_MAX", 1)
    (tmp_path / "notes.tape").write_text("mine")
    (tmp_path / "00000007-20261122T100000Z.tape").write_text("an older one")
    site = Site(tmp_path)
    site.goes_on(1)
    site.recorder.close()
    assert [path.name[:8] for path in segments(tmp_path)] == ["00000008"]
    assert (tmp_path / "notes.tape").read_text() == "mine"


async def test_a_page_is_written_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash loses what is younger than some seconds."""
    monkeypatch.setattr(module, "PAGE_S", 0.01)
    site = Site(tmp_path)
    site.goes_on(3)
    assert not segments(tmp_path)
    bell = Bell()
    hear = site.recorder._written

    def heard(done: "Future[bool]") -> None:
        hear(done)
        bell.ring()

    monkeypatch.setattr(site.recorder, "_written", heard)
    await bell.until(lambda: segments(tmp_path) or None if site.recorder._waiting == 0 else None, lambda: "a page")
    assert events_in(tmp_path) == [3]
    site.recorder.close()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: folder.write_text("a file where the folder should be"),
        lambda folder: folder.symlink_to(folder.parent / "nowhere"),
    ],
    ids=["a file", "a link to nowhere"],
)
async def test_trouble_with_the_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    folder = tmp_path / "tape"
    spoil(folder)
    site = Site(folder)
    caplog.set_level(logging.WARNING, logger="bridge")
    for _ in range(3):
        site.goes_on(PAGE_BYTES // 100)
        site.recorder._thread.submit(lambda: None).result()
        await asyncio.sleep(0)
    site.goes_on(1)
    assert site.state == site.bench.state
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "what happens is no longer recorded for `evbridge replay`"
    ]
    site.recorder.close()


async def test_a_disk_that_is_stuck_stops_nobody(tmp_path: Path) -> None:
    """What happens meanwhile is not recorded; afterwards a new segment begins."""
    site = Site(tmp_path)
    stuck = threading.Event()
    site.recorder._thread.submit(stuck.wait)
    count = 0
    while site.recorder._waiting < PAGES_WAITING_MAX:
        site.goes_on(100)
        count += 100
    site.goes_on(1000)
    assert site.state == site.bench.state
    stuck.set()
    site.recorder._thread.submit(lambda: None).result()
    await asyncio.sleep(0)
    site.goes_on(10)
    site.recorder.close()
    *before, last = events_in(tmp_path)
    assert last == 10
    assert count - 100 <= sum(before) <= count


async def test_what_can_not_be_written_ends_the_recording_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A mistake of the recorder is not one of charging."""
    site = Site(tmp_path)
    strange = MeterReported(at=site.bench.now, fresh=site.bench.fresh(), live=True, signed=object())  # type: ignore[arg-type] # planted
    made = site.recorder.step(site.state, strange)
    assert made.state == step(site.state, strange).state
    assert "MeterReported can't be written" in caplog.text
    site.recorder.close()
    assert not segments(tmp_path)


async def test_an_event_that_fails_is_the_last_that_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what the report is about."""
    site = Site(tmp_path)
    site.goes_on(3)

    def fails(*_: object) -> None:
        raise AssertionError("planted")

    monkeypatch.setattr(module, "step", fails)
    with pytest.raises(AssertionError, match="planted"):
        site.goes_on(1)
    site.recorder.close()
    assert events_in(tmp_path) == [4]
    (segment,) = segments(tmp_path)
    with segment.open("rb") as file:
        *_, last = Pages(file)
    assert b'"MeterReported"' in last
    assert b'"now"' not in last


async def test_nothing_is_recorded_where_nothing_happens(tmp_path: Path) -> None:
    Site(tmp_path / "tape").recorder.close()
    assert not (tmp_path / "tape").exists()
