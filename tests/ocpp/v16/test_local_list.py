"""The local list, as OCPP 1.6 sends it and asks for it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.backend import ListSent
from bridge.core.effects import Answer, Outcome
from bridge.core.orders import ListEntry
from bridge.core.settings import Settings
from bridge.core.values import IdTag, RequestId, TagInfo, Verdict
from bridge.ocpp.dialect import Context, Handled, Passed, Reply
from bridge.ocpp.v16.requests import answer, handle
from bridge.ocpp.validation import Kind
from tests.ocpp.official import assert_valid, payloads
from tests.ocpp.worlds import asked, charge_point

YES = TagInfo(verdict=Verdict.ACCEPTED)


def _here(version: int = 0, *tags: str, enabled: bool = True) -> Context:
    """A charge point with a list."""
    state = charge_point(settings=Settings(list_enabled=enabled))
    return replace(
        asked(replace(state, kept=replace(state.kept, list_version=version))),
        listed=lambda tag: YES if tag.key in tags else None,
        list_size=lambda: len(tags),
    )


def _handled(action: str, payload: dict[str, Any], context: Context) -> Handled:
    assert_valid(action, Kind.REQUEST, payload)
    told = handle(action, payload, context)
    if isinstance(told, Reply):
        assert_valid(action, Kind.RESPONSE, told.payload)
    return told


def _version(context: Context) -> int:
    told = _handled("GetLocalListVersion", {}, context)
    assert isinstance(told, Reply)
    version: int = told.payload["listVersion"]
    return version


def _sent(payload: dict[str, Any], context: Context) -> ListSent:
    told = _handled("SendLocalList", payload, context)
    assert isinstance(told, Passed)
    assert isinstance(told.event, ListSent)
    return told.event


@pytest.mark.parametrize(
    "context, version",
    [
        pytest.param(_here(), 0, id="never sent"),
        pytest.param(_here(5, "A"), 5, id="as sent"),
        pytest.param(_here(1), 0, id="sent empty", marks=pytest.mark.requirement("1.6 TC_042_2_CS")),
        pytest.param(_here(5, "A", enabled=False), -1, id="switched off", marks=pytest.mark.requirement("1.6 TC_042_1_CS")),
    ],
)
def test_the_version_tells_whether_there_is_a_list(context: Context, version: int) -> None:
    """-1: none is kept; 0: it is empty."""
    assert _version(context) == version


@pytest.mark.requirement("1.6 TC_043_CS")
def test_a_list_is_read_with_all_that_is_told_of_its_tags() -> None:
    told = {"expiryDate": "2030-01-01T00:00:00Z", "parentIdTag": "FAMILY", "status": "Blocked"}
    payload = {
        "listVersion": 7,
        "updateType": "Full",
        "localAuthorizationList": [{"idTag": "ONE", "idTagInfo": told}, {"idTag": "TWO", "idTagInfo": {"status": "Accepted"}}],
    }
    event = _sent(payload, _here())
    assert (event.version, event.full, event.size) == (7, True, 2)
    blocked = TagInfo(verdict=Verdict.BLOCKED, group="FAMILY", expires_ms=1_893_456_000_000)
    assert event.entries == (ListEntry(tag=IdTag(text="ONE"), info=blocked), ListEntry(tag=IdTag(text="TWO"), info=YES))


def _change(version: int, *tags: str) -> dict[str, Any]:
    entries = [{"idTag": tag.removeprefix("-"), **({} if tag[0] == "-" else {"idTagInfo": {"status": "Accepted"}})} for tag in tags]
    return {"listVersion": version, "updateType": "Differential", "localAuthorizationList": entries}


def test_a_change_puts_tags_on_the_list_and_takes_others_off() -> None:
    event = _sent(_change(6, "B", "-A"), _here(5, "A"))
    assert (event.full, event.size) == (False, 1)
    assert event.entries == (ListEntry(tag=IdTag(text="B"), info=YES), ListEntry(tag=IdTag(text="A"), info=None))


def test_a_change_of_an_empty_list_is_a_new_one() -> None:
    """The central system was told version 0, so that its next one may be 1, whatever the last list was called."""
    event = _sent(_change(1, "B", "-A"), _here(5))
    assert (event.version, event.full, event.size) == (1, True, 1)
    assert event.entries == (ListEntry(tag=IdTag(text="B"), info=YES),)


def test_a_list_may_be_left_out() -> None:
    for kind in ("Full", "Differential"):
        assert _sent({"listVersion": 1, "updateType": kind}, _here(0, "A")).entries == ()


@pytest.mark.parametrize(
    "outcome, status",
    [
        (Outcome.ACCEPTED, "Accepted"),
        pytest.param(Outcome.VERSION_MISMATCH, "VersionMismatch", marks=pytest.mark.requirement("1.6 TC_043_2_CS")),
        pytest.param(Outcome.NOT_SUPPORTED, "NotSupported", marks=pytest.mark.requirement("1.6 TC_043_1_CS")),
        pytest.param(Outcome.FAILED, "Failed", marks=pytest.mark.requirement("1.6 TC_043_3_CS")),
        (Outcome.REJECTED, "Failed"),
    ],
)
def test_the_answer_is_spelt_as_the_book_has_it(outcome: Outcome, status: str) -> None:
    told = answer("SendLocalList", Answer(request=RequestId("r"), outcome=outcome))
    assert_valid("SendLocalList", Kind.RESPONSE, told)
    assert told == {"status": status}


@given(
    st.sampled_from(["SendLocalList", "GetLocalListVersion"]).flatmap(
        lambda action: payloads(action, Kind.REQUEST).map(lambda p: (action, p))
    )
)
def test_whatever_the_schema_allows_gets_an_answer(asking: tuple[str, dict[str, Any]]) -> None:
    action, payload = asking
    for context in (_here(), _here(2, "A"), _here(2, "A", enabled=False)):
        assert isinstance(_handled(action, payload, context), Reply | Passed)
