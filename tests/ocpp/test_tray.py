"""What waits to be said beside the records: limits, and what outlives a connection."""

import pytest

from bridge.core.effects import AnnounceReading
from bridge.core.orders import LogTold
from bridge.core.values import Reading, ReadingContext
from bridge.ocpp.attempts import head_of
from bridge.ocpp.jobs import Announced, Beat, Boot, Deliver, Job, News, Question, Told, Triggered
from bridge.ocpp.tray import ASKS_MAX, ERRANDS_MAX, NOTICES_MAX, READINGS_MAX, Tray
from tests.ocpp.stations import outgoing, question
from tests.ocpp.test_delivery import row

NOTICE = LogTold(job=1, status="Uploading")


def asked(what: str, until_s: float = 9.0) -> Question:
    return Question(effect=question(what), until_s=until_s)


def reading(wh: int) -> AnnounceReading:
    return AnnounceReading(reading=Reading(utc_ms=0, register_wh=wh, context=ReadingContext.CLOCK))


def emptied(tray: Tray, now_s: float = 0.0) -> list[Job]:
    """Everything in it, each sort from the oldest on."""
    taken: list[Job] = []
    while (job := tray.boot or tray.question(now_s) or tray.errand() or tray.notice() or tray.reading()) is not None:
        tray.take(job)
        taken.append(job)
    return taken


def full() -> Tray:
    tray = Tray()
    tray.boot, tray.beat = Boot(triggered=True), True
    tray.ask(asked("first"))
    tray.ask(asked("second"))
    tray.trigger((outgoing("Errand"),))
    tray.tell((Told(outgoing("Notice")),))
    tray.announce(reading(1))
    return tray


def test_what_is_taken_is_gone() -> None:
    tray = full()
    assert [type(job) for job in emptied(tray)] == [Boot, Question, Question, Triggered, Told, Announced]
    assert emptied(tray) == []
    tray.take(Beat())
    assert not tray.beat


@pytest.mark.parametrize("job", [News(), Deliver(head_of(row()))])
def test_what_is_not_in_it_takes_nothing_out(job: Job) -> None:
    tray = full()
    tray.take(job)
    assert len(emptied(tray)) == 6


def test_a_question_that_came_too_late_is_not_asked() -> None:
    tray = Tray()
    tray.ask(asked("late", until_s=8.0))
    tray.ask(asked("in time", until_s=9.0))
    assert tray.question(8.0) == asked("in time", until_s=9.0)


def test_everything_has_a_limit() -> None:
    """Of questions and errands the newest are refused, of notices and readings the oldest go."""
    tray = Tray()
    assert [tray.ask(asked("q")) for _ in range(ASKS_MAX + 1)] == [True] * ASKS_MAX + [False]
    tray.trigger(tuple(outgoing(str(number // 2)) for number in range(4 * ERRANDS_MAX)))
    tray.tell(tuple(Told(outgoing(str(number))) for number in range(NOTICES_MAX + 2)))
    for wh in range(READINGS_MAX + 3):
        tray.announce(reading(wh))
    assert tray.notice() == Told(outgoing("2"))
    assert tray.reading() == Announced(reading(3))
    assert len(emptied(tray)) == ASKS_MAX + ERRANDS_MAX + NOTICES_MAX + READINGS_MAX


def test_the_parts_of_a_report_are_as_many_as_they_are() -> None:
    tray = Tray()
    tray.follow(tuple(outgoing(str(number)) for number in range(ERRANDS_MAX + 5)))
    assert len(emptied(tray)) == ERRANDS_MAX + 5


@pytest.mark.parametrize(
    "unanswered, questions, notices",
    [
        (None, ["first", "second"], ["Notice"]),
        (asked("open"), ["open", "first", "second"], ["Notice"]),
        (Told(outgoing("Open")), ["first", "second"], ["Open", "Notice"]),
        (News(), ["first", "second"], ["Notice"]),
    ],
)
def test_only_notices_outlive_the_connection(unanswered: Job | None, questions: list[str], notices: list[str]) -> None:
    """Whoever waits for the answer to a question is told that there will be none."""
    tray = full()
    assert tray.lost(unanswered) == tuple(map(question, questions))
    assert not tray.beat
    assert emptied(tray) == [Told(outgoing(notice)) for notice in notices]


def test_notices_are_spelled_anew_for_another_version() -> None:
    """Those of several parts once; what has no other spelling follows the next registration by itself."""
    tray = Tray()
    tray.tell((Told(outgoing("one"), NOTICE), Told(outgoing("two"), NOTICE), Told(outgoing("after the boot"))))
    tray.translate(lambda notice: (Told(outgoing("anew"), notice),))
    assert emptied(tray) == [Told(outgoing("anew"), NOTICE)]
