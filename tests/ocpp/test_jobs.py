"""What an open call is about."""

from dataclasses import replace

import pytest

from bridge.core.effects import Record, Telling
from bridge.core.values import IdTag, RecordId, TxKind, TxTrigger
from bridge.ocpp.attempts import head_of
from bridge.ocpp.jobs import Beat, Deliver, Job, OpenCall, Question, tag_in
from tests.ocpp.stations import Row, question
from tests.ocpp.worlds import SAMPLE, START, STOP, TAG


def delivering(record: Record) -> Deliver:
    return Deliver(head_of(Row(id=RecordId(1), record=record)))


@pytest.mark.parametrize(
    "job, tag",
    [
        (Question(effect=question(), until_s=0.0), TAG),
        (delivering(START), TAG),
        (delivering(STOP), None),
        (delivering(SAMPLE), None),
        (delivering(replace(SAMPLE, telling=Telling(kind=TxKind.UPDATED, trigger=TxTrigger.AUTHORIZED, tag=TAG))), TAG),
        (delivering(replace(STOP, telling=Telling(kind=TxKind.ENDED, trigger=TxTrigger.REMOTE_STOP))), None),
        (Beat(), None),
    ],
)
def test_the_tag_that_must_not_come_back_in_an_error_text(job: Job, tag: IdTag | None) -> None:
    """Central systems quote it; the log and the queue do not."""
    assert tag_in(OpenCall(id="x", job=job, action="", sent_s=0.0)) == tag


def test_nothing_open_is_about_no_tag() -> None:
    assert tag_in(None) is None
