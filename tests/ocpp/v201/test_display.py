"""Block O, display messages."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.backend import MessageCleared, MessageSent
from bridge.core.effects import Outcome
from bridge.core.messages import MESSAGES_MAX
from bridge.core.orders import DisplayMessage
from bridge.core.settings import Ability
from bridge.ocpp.dialect import Context, Passed, Refusal, Reply
from bridge.ocpp.v201.display import HANDLERS, PART_MAX, VARIABLES
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import payloads
from tests.ocpp.v201.desk import REQUEST, handled, said, spelt, status
from tests.ocpp.worlds import NOW, NOW_TEXT, STAMP, asked, charge_point


def _told(number: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"id": number, "priority": "NormalCycle", "message": {"format": "UTF8", "content": "Hello"}} | more


def _kept(told: dict[str, Any], **more: Any) -> DisplayMessage:  # noqa: ANN401
    fields: dict[str, Any] = {"id": told["id"], "priority": told["priority"], "text": "Hello", "format": "UTF8", "told": json.dumps(told)}
    return DisplayMessage(**fields | more)


def _with(*messages: DisplayMessage, can: Ability = Ability.DISPLAY) -> Context:
    state = charge_point()
    state = replace(state, rules=replace(state.rules, can=frozenset({can})), kept=replace(state.kept, messages=messages))
    return asked(state)


EMPTY = _with()
FIRST, SECOND, THIRD = _told(1, state="Idle"), _told(2, priority="InFront"), _told(3, state="Charging", priority="InFront")
THREE = _with(
    _kept(FIRST, state="Idle"),
    _kept(SECOND),
    _kept(THIRD, state="Charging"),
    _kept(_told(4), end_ms=NOW.utc_ms),
    _kept(_told(5), transaction="gone"),
)
"""And two that are over."""


@pytest.mark.parametrize(
    "action, payload",
    [
        ("SetDisplayMessage", {"message": _told()}),
        ("GetDisplayMessages", {"requestId": 1}),
        ("ClearDisplayMessage", {"id": 1}),
    ],
)
def test_without_a_display_there_is_no_such_action(action: str, payload: dict[str, Any]) -> None:
    refused = handled(action, payload, _with(can=Ability.LIMIT))
    assert isinstance(refused, Refusal)
    assert refused.code == "NotSupported"
    assert not any(variable.available(charge_point()) for variable in VARIABLES)


@pytest.mark.parametrize(
    "told, fields",
    [
        (_told(), {}),
        (_told(message={"format": "ASCII", "content": "Hello", "language": "en"}), {"format": "ASCII", "language": "en"}),
        (_told(state="Faulted", transactionId="session-1"), {"state": "Faulted", "transaction": "session-1"}),
        (_told(startDateTime=NOW_TEXT, endDateTime=NOW_TEXT), {"start_ms": NOW.utc_ms, "end_ms": NOW.utc_ms}),
        (_told(display={"name": "Display"}, customData={"vendorId": "x", "more": 1}), {}),
    ],
)
def test_the_core_decides_about_a_text(told: dict[str, Any], fields: dict[str, Any]) -> None:
    event = MessageSent(request=REQUEST, message=_kept(told, **fields), **STAMP)
    assert handled("SetDisplayMessage", {"message": told}, EMPTY) == Passed(event=event)


@pytest.mark.requirement("2.0.1 TC_O_19_CS")
@pytest.mark.parametrize(
    "told, answer",
    [
        (_told(message={"format": "HTML", "content": "<b>x</b>"}), ("NotSupportedMessageFormat", "UnsupportedParam")),
        (_told(message={"format": "URI", "content": "https://example.com"}), ("NotSupportedMessageFormat", "UnsupportedParam")),
        (_told(startDateTime="0001-01-01T00:00:00Z"), ("Rejected", "InvalidValue")),
        (_told(endDateTime="0001-01-01T00:00:00Z"), ("Rejected", "InvalidValue")),
    ],
)
def test_what_can_not_be_shown_is_refused_by_its_name(told: dict[str, Any], answer: tuple[str, str]) -> None:
    assert status("SetDisplayMessage", {"message": told}, EMPTY) == answer


@pytest.mark.requirement("2.0.1 TC_O_02_CS")
@pytest.mark.requirement("2.0.1 TC_O_07_CS")
@pytest.mark.requirement("2.0.1 TC_O_08_CS")
@pytest.mark.requirement("2.0.1 TC_O_09_CS")
@pytest.mark.requirement("2.0.1 TC_O_11_CS")
@pytest.mark.requirement("2.0.1 TC_O_34_CS")
@pytest.mark.requirement("2.0.1 TC_O_35_CS")
@pytest.mark.parametrize(
    "wanted, found",
    [
        ({}, [FIRST, SECOND, THIRD]),
        ({"id": [2, 1, 9]}, [FIRST, SECOND]),
        ({"priority": "InFront"}, [SECOND, THIRD]),
        ({"state": "Charging"}, [THIRD]),
        ({"state": "Charging", "priority": "InFront", "id": [3]}, [THIRD]),
        ({"id": [1], "state": "Charging"}, []),
        ({"id": [1], "priority": "InFront"}, []),
        ({"state": "Faulted"}, []),
        ({"id": [4, 5]}, []),
    ],
)
def test_what_is_asked_for_is_reported_to_the_letter(wanted: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """What is over is not there any more."""
    told = handled("GetDisplayMessages", {"requestId": 17} | wanted, THREE)
    assert isinstance(told, Reply)
    if not found:
        assert told.payload["status"] == "Unknown"
        assert told.messages == ()
        return
    assert told.payload == {"status": "Accepted"}
    assert [said(one) for one in told.messages] == [{"requestId": 17, "messageInfo": found}]


@pytest.mark.requirement("2.0.1 TC_O_03_CS")
@pytest.mark.requirement("2.0.1 TC_O_33_CS")
@pytest.mark.parametrize("wanted", [{}, {"id": [1]}])
def test_where_there_is_none_nothing_is_known(wanted: dict[str, Any]) -> None:
    assert status("GetDisplayMessages", {"requestId": 1} | wanted, EMPTY) == ("Unknown", "NotFound")


def test_a_long_report_comes_in_parts() -> None:
    """Every part but the last says that more follows."""
    all_of_them = [_told(number) for number in range(MESSAGES_MAX)]
    told = handled("GetDisplayMessages", {"requestId": 17}, _with(*map(_kept, all_of_them)))
    assert isinstance(told, Reply)
    parts = [said(one) for one in told.messages]
    assert [one for part in parts for one in part["messageInfo"]] == all_of_them
    assert [part.get("tbc", False) for part in parts] == [True] * (MESSAGES_MAX // PART_MAX - 1) + [False]


def test_the_core_decides_about_clearing() -> None:
    assert handled("ClearDisplayMessage", {"id": 7}, EMPTY) == Passed(event=MessageCleared(request=REQUEST, message=7, **STAMP))


@pytest.mark.parametrize(
    "action, outcome, word",
    [
        ("SetDisplayMessage", Outcome.ACCEPTED, "Accepted"),
        ("SetDisplayMessage", Outcome.REJECTED, "Rejected"),
        ("SetDisplayMessage", Outcome.UNKNOWN_TRANSACTION, "UnknownTransaction"),
        ("ClearDisplayMessage", Outcome.ACCEPTED, "Accepted"),
        ("ClearDisplayMessage", Outcome.UNKNOWN, "Unknown"),
    ],
)
def test_the_answers_have_the_words_of_2_0_1(action: str, outcome: Outcome, word: str) -> None:
    assert spelt(action, outcome) == {"status": word}


def test_the_device_model_tells_what_can_be_shown() -> None:
    told = {variable.name: variable.text(THREE) for variable in VARIABLES}
    assert told == {
        "Available": "true",
        "Enabled": "true",
        "DisplayMessages": "3",
        "SupportedFormats": "ASCII,UTF8",
        "SupportedPriorities": "AlwaysFront,InFront,NormalCycle",
        "SupportedStates": "Charging,Faulted,Idle,Unavailable",
    }
    assert all(variable.available(THREE.state) for variable in VARIABLES)


@given(st.sampled_from(sorted(HANDLERS)), st.data())
def test_whatever_is_asked_gets_an_answer(action: str, data: st.DataObject) -> None:
    handled(action, data.draw(payloads(action, Kind.REQUEST, Version.V201)), data.draw(st.sampled_from([EMPTY, THREE, asked()])))
