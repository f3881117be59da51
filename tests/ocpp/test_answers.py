"""Answers of central systems in any version, the sloppy ones included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.values import TagKind
from bridge.errors import CsmsRefused
from bridge.ocpp import answers
from bridge.ocpp.answers import GROUP_MAX, INTERVAL_S_MAX, group, integer, registered, word
from bridge.ocpp.dialect import JsonObject, Registered, Registration
from tests.ocpp.official import JSON
from tests.ocpp.worlds import NOW, NOW_TEXT

ACCEPTED = Registration.ACCEPTED


@pytest.mark.parametrize(
    "payload, told",
    [
        ({"status": "Accepted", "currentTime": NOW_TEXT, "interval": 300}, Registered(status=ACCEPTED, interval_s=300, now_ms=NOW.utc_ms)),
        (
            {"status": "Pending", "currentTime": NOW_TEXT, "interval": 0},
            Registered(status=Registration.PENDING, interval_s=0, now_ms=NOW.utc_ms),
        ),
        ({"status": "Rejected", "currentTime": "soon", "interval": 5}, Registered(status=Registration.REJECTED, interval_s=5, now_ms=None)),
        # as they come, whatever the schema says
        ({"status": "accepted", "interval": "60"}, Registered(status=ACCEPTED, interval_s=60, now_ms=None)),
        ({"status": "Accepted", "interval": 60.0, "extra": 1}, Registered(status=ACCEPTED, interval_s=60, now_ms=None)),
        ({"status": "Accepted", "heartbeatInterval": 60}, Registered(status=ACCEPTED, interval_s=60, now_ms=None)),
        ({"status": "Accepted"}, Registered(status=ACCEPTED, interval_s=0, now_ms=None)),
        ({"status": "Accepted", "interval": -5}, Registered(status=ACCEPTED, interval_s=0, now_ms=None)),
        ({"status": "Accepted", "interval": None}, Registered(status=ACCEPTED, interval_s=0, now_ms=None)),
        ({"status": "Accepted", "interval": True}, Registered(status=ACCEPTED, interval_s=0, now_ms=None)),
        ({"status": "Accepted", "interval": 2**40}, Registered(status=ACCEPTED, interval_s=INTERVAL_S_MAX, now_ms=None)),
    ],
)
def test_the_answer_to_bootnotification_is_read(payload: JsonObject, told: Registered) -> None:
    assert registered(payload) == told


@pytest.mark.parametrize("payload", [{}, {"status": "Maybe"}, {"status": 1}, {"status": None, "interval": 300}])
def test_an_answer_without_a_status_registers_nothing(payload: JsonObject) -> None:
    with pytest.raises(CsmsRefused, match="BootNotification"):
        registered(payload)


@pytest.mark.parametrize(
    "value, number",
    [(7, 7), (0, 0), (-1, -1), (7.0, 7), ("-7", -7), (2**64 - 1, 2**64 - 1), (2**64, None), (2.0**60, None), ("seven", None), (True, None)],
)
def test_a_whole_number_is_one_however_it_is_written(value: object, number: int | None) -> None:
    assert integer(value) == number


@pytest.mark.parametrize("value, told", [("emaid", TagKind.EMAID), ("ISO14443", TagKind.ISO14443), ("Card", None), (7, None), (None, None)])
def test_a_word_is_read_in_upper_and_lower_case(value: object, told: TagKind | None) -> None:
    assert word(TagKind, value) is told


@pytest.mark.parametrize("value, told", [("FLEET", "FLEET"), ("", None), ("x" * (GROUP_MAX + 1), None), (7, None), (None, None)])
def test_a_group_is_kept_where_there_is_one(value: object, told: str | None) -> None:
    assert group(value) == told


@given(st.dictionaries(st.sampled_from(["status", "interval", "currentTime"]), JSON))
def test_any_answer_is_read_or_refused(payload: JsonObject) -> None:
    answers.now_ms(payload)
    try:
        told = registered(payload)
    except CsmsRefused:
        return
    assert 0 <= told.interval_s <= INTERVAL_S_MAX
