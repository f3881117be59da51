"""What was said, kept in little memory."""

import logging
import random
from collections.abc import Iterator

import pytest

from bridge.journal import LINE_MAX, Journal, JournalHandler

AT_MS = 1_795_341_600_000


def test_each_charge_point_has_its_own_lines() -> None:
    journal = Journal()
    journal.note("garage", AT_MS, ">", '[2,"1","Heartbeat",{}]')
    journal.note("carport", AT_MS + 1, "<", '[3,"1",{}]')
    journal.note("garage", AT_MS + 2, "<", "a\tgarage\tb\nc")
    assert list(journal.lines("garage")) == [
        '2026-11-22T10:00:00.000Z > [2,"1","Heartbeat",{}]',
        "2026-11-22T10:00:00.002Z < a garage b c",
    ]
    assert list(journal.lines("port")) == []


@pytest.mark.parametrize(
    "oldest_ms, newest_ms, told",
    [(None, None, "abc"), (AT_MS + 1, None, "bc"), (None, AT_MS + 1, "ab"), (AT_MS + 1, AT_MS + 1, "b"), (0, 0, "")],
)
def test_only_the_time_that_was_asked_for_is_told(oldest_ms: int | None, newest_ms: int | None, told: str) -> None:
    journal = Journal()
    for number, letter in enumerate("abc"):
        journal.note("garage", AT_MS + number, "#", letter)
    assert "".join(line[-1] for line in journal.lines("garage", oldest_ms, newest_ms)) == told


def test_the_oldest_lines_make_room() -> None:
    """It never grows, whatever is said: the newest is what somebody asks for."""
    journal, rng = Journal(page_max=2000, packed_max=20_000), random.Random(1)
    for number in range(3000):
        journal.note("garage", AT_MS + number, ">", rng.randbytes(20).hex())
    told = list(journal.lines("garage"))
    assert 100 < len(told) < 2000
    assert told[-1].startswith("2026-11-22T10:00:02.999Z")
    assert told == sorted(told)
    assert journal._packed == sum(map(len, journal._pages)) <= 20_000


def test_a_long_line_is_cut() -> None:
    journal = Journal()
    journal.note("garage", AT_MS, ">", "x" * 10 * LINE_MAX)
    (line,) = journal.lines("garage")
    assert len(line) < LINE_MAX + 50


@pytest.fixture
def logger() -> Iterator[tuple[logging.Logger, Journal]]:
    journal = Journal()
    handler = JournalHandler(journal)
    logger = logging.getLogger("bridge.test_journal")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger, journal
    logger.removeHandler(handler)


def test_what_the_log_says_of_a_charge_point_is_in_it(logger: tuple[logging.Logger, Journal]) -> None:
    log, journal = logger
    log.info("%s: = registered, heartbeat every %d s", "garage", 300)
    log.debug("%s: > a frame, which comes by another way", "garage")
    log.warning("nobody in particular: trouble")
    log.info("stopping")
    (line,) = journal.lines("garage")
    assert line.endswith("# info = registered, heartbeat every 300 s")
