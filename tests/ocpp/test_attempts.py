"""When an attempt counts, and when a record is put aside."""

from dataclasses import replace

import pytest

from bridge.core.values import RecordId
from bridge.ocpp.attempts import (
    ERROR_MAX,
    HOUR_MS,
    KILLS_MAX,
    LOSSES_MAX,
    Again,
    Broken,
    Dropped,
    Ending,
    Head,
    Left,
    Park,
    Patience,
    Silent,
    head_of,
    is_retryable,
    message_id,
    refused,
    retry_ms,
    unanswered,
)
from bridge.ocpp.frames import MESSAGE_ID_MAX
from tests.ocpp.stations import Row, outgoing
from tests.ocpp.worlds import SAMPLE, SESSION, START

NOW_MS = 1_000_000
PATIENCE = Patience(attempts=3, retry_s=60.0)


def head(*, attempts: int = 0, rounds: int = 0, message: str | None = None) -> Head:
    return head_of(Row(id=RecordId(5), record=START, attempts=attempts, rounds=rounds, message=message))


def ended(record: Head, ending: Ending, patience: Patience = PATIENCE) -> Again | Park | None:
    return unanswered(record, "the-id", ending, patience=patience, utc_ms=NOW_MS)


def test_an_error_answer_waits_longer_each_time_and_then_parks() -> None:
    """Three sends, 60 s and 120 s apart (1.6 TransactionMessageAttempts and RetryInterval); then the next message has its turn."""
    record = head()
    verdicts = [refused(record, "InternalError", "busy", patience=PATIENCE, now_s=1000.0, utc_ms=NOW_MS) for _ in range(2)]
    assert verdicts == [
        Again(record=RecordId(5), attempts=1, message=None, error="InternalError: busy"),
        Again(record=RecordId(5), attempts=2, message=None, error="InternalError: busy"),
    ]
    assert record.not_before_s == 1000.0 + 2 * 60.0
    last = refused(record, "InternalError", "", patience=PATIENCE, now_s=1000.0, utc_ms=NOW_MS)
    assert last == Park(record=RecordId(5), session=SESSION, error="InternalError", retry_ms=NOW_MS + HOUR_MS)


def test_silence_on_a_living_link_counts_and_keeps_the_id() -> None:
    """The central system may have taken the message and lost only the answer: the same id lets it notice."""
    record = head()
    assert ended(record, Silent(alive=True)) == Again(
        record=RecordId(5), attempts=1, message="the-id", error="no answer while the link was alive"
    )
    assert record.message == "the-id"
    ended(record, Silent(alive=True))
    parked = ended(record, Silent(alive=True))
    assert isinstance(parked, Park)
    assert parked.retry_ms == NOW_MS + HOUR_MS


@pytest.mark.parametrize(
    "ending",
    [
        Silent(alive=False),
        Dropped(code=None),
        Dropped(code=1000),
        Dropped(code=1001),
        Dropped(code=1012),
        Dropped(code=1013),
        Left(),
    ],
)
def test_a_link_that_merely_breaks_is_no_attempt(ending: Ending) -> None:
    """However bad the network is, no message is given up for it."""
    record = head(attempts=2)
    record.not_before_s = 77.0
    for _ in range(KILLS_MAX + 1):
        assert ended(record, ending) is None
    assert (record.attempts, record.message, record.not_before_s) == (2, "the-id", 0.0)


@pytest.mark.parametrize("ending", [Dropped(code=1009), Dropped(code=1002), Dropped(code=4000), Broken()])
def test_a_message_that_kills_the_link_three_times_is_put_aside(ending: Ending) -> None:
    """One message that is too long for the central system does not keep the others from arriving."""
    record = head()
    assert [ended(record, ending), ended(record, ending)] == [None, None]
    parked = ended(record, ending)
    assert isinstance(parked, Park)
    assert parked.retry_ms == NOW_MS + HOUR_MS
    assert "3 times" in parked.error


def test_more_patience_means_more_deaths() -> None:
    record = head()
    patience = Patience(attempts=5, retry_s=0)
    verdicts = [ended(record, Dropped(code=1009), patience) for _ in range(5)]
    assert [verdict.attempts if isinstance(verdict, Again) else verdict is None for verdict in verdicts[:4]] == [True, True, 3, 4]
    assert isinstance(verdicts[4], Park)


def test_ten_plain_losses_count_as_well() -> None:
    """A central system that crashes without a word on one message is not fed it for ever."""
    record = head()
    patience = Patience(attempts=LOSSES_MAX + 1, retry_s=0)
    assert [ended(record, Dropped(code=None), patience) for _ in range(LOSSES_MAX - 1)] == [None] * (LOSSES_MAX - 1)
    assert isinstance(ended(record, Dropped(code=None), patience), Again)
    assert isinstance(ended(record, Dropped(code=None), patience), Park)


@pytest.mark.parametrize("attempts", [0, -3, 1])
def test_at_least_one_attempt_is_made(attempts: int) -> None:
    assert isinstance(refused(head(), "X", "", patience=Patience(attempts=attempts, retry_s=0), now_s=0, utc_ms=0), Park)


@pytest.mark.parametrize(
    "code, retryable",
    [(None, True), ("InternalError", True), ("GenericError", True), ("FormatViolation", False), ("SecurityError", False), ("", False)],
)
def test_only_what_may_pass_by_itself_is_tried_again_by_itself(code: str | None, retryable: bool) -> None:
    """A message the central system calls wrong waits for a person; one it could not handle today is tried again."""
    assert is_retryable(code) is retryable
    assert (retry_ms(code, 0, NOW_MS) is not None) is retryable


def test_parked_sessions_are_tried_after_1_6_and_24_hours_and_then_daily_for_a_week() -> None:
    waits = [retry_ms(None, rounds, 0) for rounds in range(11)]
    assert [None if wait is None else wait // HOUR_MS for wait in waits] == [1, 6, 24, 24, 24, 24, 24, 24, 24, 24, None]


def test_the_same_message_has_the_same_id_after_a_crash() -> None:
    """Nothing has to be written to the disk for it."""
    assert message_id(head(), outgoing(value=1)) == message_id(head(), outgoing(value=1))
    assert len(message_id(head(), outgoing(value=1))) <= MESSAGE_ID_MAX


def test_every_other_message_has_another_id() -> None:
    """An id never names two messages, not even over attempts and rounds."""
    other_session = head_of(Row(id=RecordId(5), record=replace(SAMPLE, sequence=0)))
    ids = [
        message_id(head(), outgoing(value=1)),
        message_id(head(), outgoing(value=2)),
        message_id(head(), outgoing("StopTransaction", value=1)),
        message_id(head(attempts=1), outgoing(value=1)),
        message_id(head(rounds=1), outgoing(value=1)),
        message_id(head_of(Row(id=RecordId(6), record=SAMPLE)), outgoing(value=1)),
    ]
    assert len(set(ids)) == len(ids)
    assert message_id(other_session, outgoing(value=1)) == ids[0], "the row's number is no part of it: a restored backup numbers anew"


def test_an_unanswered_id_is_used_again_for_the_very_same_message() -> None:
    """What the central system may know under an id is never anything else."""
    kept = message_id(head(), outgoing(value=1))
    assert message_id(head(attempts=2, message=kept), outgoing(value=1)) == kept
    assert message_id(head(attempts=2, message=kept), outgoing(value=2)) == message_id(head(attempts=2), outgoing(value=2))


def test_after_an_error_the_id_is_new_even_if_it_was_kept_before() -> None:
    """It has been answered on this connection, and an id is used at most once on each."""
    record = head()
    first = message_id(record, outgoing(value=1))
    unanswered(record, first, Silent(alive=True), patience=PATIENCE, utc_ms=NOW_MS)
    assert message_id(record, outgoing(value=1)) == first
    refused(record, "InternalError", "", patience=PATIENCE, now_s=0.0, utc_ms=NOW_MS)
    assert message_id(record, outgoing(value=1)) != first


def test_error_texts_fit_a_line() -> None:
    verdict = refused(head(), "X", "long " * 1000, patience=PATIENCE, now_s=0, utc_ms=0)
    assert len(verdict.error) == ERROR_MAX
