"""What a link says in the log."""

import logging

import pytest

from bridge.ocpp.jobs import OpenCall, Question
from bridge.ocpp.transcript import Transcript
from tests.ocpp.stations import hide, question
from tests.ocpp.worlds import TAG

CALL = OpenCall(id="1", job=Question(effect=question(), until_s=1), action="Authorize", sent_s=0)


def test_frames_are_for_debugging_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="bridge.ocpp")
    Transcript("carport", hide).frame(">", "[]", None)
    assert not caplog.records


def test_no_tag_is_in_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="bridge.ocpp")
    transcript = Transcript("carport", hide)
    transcript.frame(">", '[2,"1","Authorize",{"idTag":"04A1B2C3"}]', None)
    transcript.frame("<", f'[4,"1","GenericError","who is {TAG.text}?",{{}}]'.encode(), CALL)
    transcript.frame("<", b"\xff", None)
    transcript.ignored("a frame")
    assert [record.message for record in caplog.records] == [
        'carport: > [2,"1","Authorize",{"idTag":"…"}]',
        'carport: < [4,"1","GenericError","who is …?",{}]',
        "carport: < \N{REPLACEMENT CHARACTER}",
        "carport: - ignored a frame",
    ]
