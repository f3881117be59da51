"""Answers of 1.6 central systems, the sloppy ones included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.values import TagInfo, Verdict
from bridge.ocpp.answers import GROUP_MAX, INTEGER_MAX, INTEGER_MIN
from bridge.ocpp.dialect import JsonObject
from bridge.ocpp.v16.answers import tag_info, transaction_name, transaction_number
from tests.ocpp.official import JSON
from tests.ocpp.worlds import NOW, NOW_TEXT


@pytest.mark.parametrize(
    "info, told",
    [
        ({"status": "Accepted"}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Blocked"}, TagInfo(verdict=Verdict.BLOCKED)),
        ({"status": "Expired"}, TagInfo(verdict=Verdict.EXPIRED)),
        ({"status": "Invalid"}, TagInfo(verdict=Verdict.INVALID)),
        ({"status": "ConcurrentTx"}, TagInfo(verdict=Verdict.CONCURRENT)),
        (
            {"status": "Accepted", "parentIdTag": "FLEET", "expiryDate": NOW_TEXT},
            TagInfo(verdict=Verdict.ACCEPTED, group="FLEET", expires_ms=NOW.utc_ms),
        ),
        # a status nobody knows is an answer, and not a yes
        ({"status": "Busy"}, TagInfo(verdict=Verdict.INVALID)),
        ({"status": ""}, TagInfo(verdict=Verdict.INVALID)),
        ({"status": "accepted"}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Accepted", "expiryDate": "0001-01-01T00:00:00Z"}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Accepted", "parentIdTag": ""}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Accepted", "parentIdTag": None}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Accepted", "parentIdTag": 7}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Accepted", "parentIdTag": "x" * (GROUP_MAX + 1)}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({}, None),
        ({"status": None}, None),
        ([], None),
        (None, None),
    ],
)
def test_what_is_said_of_a_tag_is_read_and_only_a_yes_is_a_yes(info: object, told: TagInfo | None) -> None:
    assert tag_info({"idTagInfo": info}) == told


def test_an_answer_without_idtaginfo_says_nothing_of_the_tag() -> None:
    assert tag_info({}) is None


@pytest.mark.parametrize(
    "given_id, name",
    [
        (7, "7"),
        (0, "0"),
        (-1, "-1"),
        (2**31, "2147483648"),
        (2**63, str(2**63)),
        (2**64 - 1, str(2**64 - 1)),
        (7.0, "7"),
        ("7", "7"),
        ("-7", "-7"),
        (2**64, None),
        (-(2**63) - 1, None),
        (2.0**60, None),
        (7.5, None),
        ("", None),
        ("-", None),
        ("--7", None),
        ("seven", None),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", None),
        ("9" * 5000, None),
        ("99999999999999999999", None),
        (True, None),
        (None, None),
        ([7], None),
    ],
)
def test_a_transaction_id_is_kept_as_text_if_it_can_be_sent_back(given_id: object, name: str | None) -> None:
    """0 and negative ids are ids; what can't be sent back is none."""
    assert transaction_name({"transactionId": given_id}) == name


@pytest.mark.parametrize("name, number", [("0", 0), ("-5", -5), (str(2**64 - 1), 2**64 - 1), (None, -1), ("3f2a-uuid", -1), ("", -1)])
def test_without_a_name_a_transaction_is_minus_one(name: str | None, number: int) -> None:
    """1.6 errata 3.18; also for the name another version of OCPP gave before the protocol was changed."""
    assert transaction_number(name) == number


@given(st.integers(INTEGER_MIN, INTEGER_MAX))
def test_every_id_that_is_kept_is_sent_back_unchanged(number: int) -> None:
    assert transaction_number(transaction_name({"transactionId": number})) == number


_ODD = st.dictionaries(
    st.sampled_from(["idTagInfo", "transactionId"]),
    JSON | st.dictionaries(st.sampled_from(["status", "parentIdTag", "expiryDate"]), JSON),
)


@given(_ODD)
def test_any_answer_is_read(payload: JsonObject) -> None:
    tag_info(payload)
    transaction_name(payload)
