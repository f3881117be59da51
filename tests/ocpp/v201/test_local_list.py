"""Block D: the local authorization list."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.backend import ListSent
from bridge.core.effects import Outcome
from bridge.core.orders import ListEntry
from bridge.core.settings import Settings
from bridge.core.values import IdTag, TagInfo, TagKind, Verdict
from bridge.ocpp.dialect import Context, Passed, Reply
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import payloads
from tests.ocpp.v201.desk import handled, spelt, status
from tests.ocpp.worlds import asked, charge_point

YES = TagInfo(verdict=Verdict.ACCEPTED)


def _here(version: int = 0, *tags: str, enabled: bool = True) -> Context:
    """A charging station with a list."""
    state = charge_point(settings=Settings(list_enabled=enabled))
    return replace(
        asked(replace(state, kept=replace(state.kept, list_version=version))),
        listed=lambda tag: YES if tag.key in tags else None,
        list_size=lambda: len(tags),
    )


def _entry(text: str, info: dict[str, Any] | None = None, kind: str = "ISO14443") -> dict[str, Any]:
    return {"idToken": {"idToken": text, "type": kind}} | ({} if info is None else {"idTokenInfo": info})


def _send(version: int, kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"versionNumber": version, "updateType": kind} | ({"localAuthorizationList": list(entries)} if entries else {})


def _sent(payload: dict[str, Any], context: Context) -> ListSent:
    told = handled("SendLocalList", payload, context)
    assert isinstance(told, Passed)
    assert isinstance(told.event, ListSent)
    return told.event


@pytest.mark.parametrize(
    "context, version",
    [
        pytest.param(_here(), 0, id="never sent"),
        pytest.param(_here(5, "A"), 5, id="as sent", marks=pytest.mark.requirement("2.0.1 TC_D_08_CS")),
        pytest.param(_here(5), 5, id="sent empty: its version counts all the same", marks=pytest.mark.requirement("2.0.1 TC_D_04_CS")),
        pytest.param(_here(5, "A", enabled=False), 0, id="switched off", marks=pytest.mark.requirement("2.0.1 TC_D_10_CS")),
    ],
)
def test_the_version_is_as_it_was_sent(context: Context, version: int) -> None:
    told = handled("GetLocalListVersion", {}, context)
    assert told == Reply(payload={"versionNumber": version})


@pytest.mark.requirement("2.0.1 TC_D_01_CS")
def test_a_list_is_read_with_all_that_is_told_of_its_tokens() -> None:
    told = {
        "status": "Blocked",
        "cacheExpiryDateTime": "2030-01-01T00:00:00Z",
        "groupIdToken": {"idToken": "FAMILY", "type": "Central"},
    }
    event = _sent(_send(7, "Full", _entry("ONE", told), _entry("TWO", {"status": "Accepted"}, "Local")), _here())
    assert (event.version, event.full, event.size) == (7, True, 2)
    blocked = TagInfo(verdict=Verdict.BLOCKED, group="FAMILY", expires_ms=1_893_456_000_000)
    assert event.entries == (
        ListEntry(tag=IdTag(text="ONE", kind=TagKind.ISO14443), info=blocked),
        ListEntry(tag=IdTag(text="TWO", kind=TagKind.LOCAL), info=YES),
    )


@pytest.mark.requirement("2.0.1 TC_D_02_CS")
@pytest.mark.requirement("2.0.1 TC_D_03_CS")
@pytest.mark.requirement("2.0.1 TC_D_05_CS")
def test_a_change_puts_tokens_on_the_list_and_takes_others_off() -> None:
    event = _sent(_send(6, "Differential", _entry("B", {"status": "Accepted"}), _entry("A")), _here(5, "A"))
    assert (event.version, event.full, event.size) == (6, False, 1)
    assert [(entry.tag.text, entry.info) for entry in event.entries] == [("B", YES), ("A", None)]
    assert _sent(_send(7, "Differential"), _here(6, "B")).entries == ()
    assert not _sent(_send(4, "Differential"), _here(5)).full, "an empty list has its version, too"


def test_a_list_that_is_switched_off_takes_nothing() -> None:
    assert status("SendLocalList", _send(1, "Full"), _here(enabled=False)) == ("Failed", "NotEnabled")


def test_nobody_has_no_place_on_a_list() -> None:
    """A token of type NoAuthorization is none."""
    payload = _send(1, "Full", _entry("", {"status": "Accepted"}, "NoAuthorization"))
    assert status("SendLocalList", payload, _here()) == ("Failed", "InvalidIdToken")


@pytest.mark.parametrize(
    "outcome, status",
    [
        (Outcome.ACCEPTED, "Accepted"),
        pytest.param(Outcome.VERSION_MISMATCH, "VersionMismatch", marks=pytest.mark.requirement("2.0.1 TC_D_06_CS")),
        (Outcome.NOT_SUPPORTED, "Failed"),
        (Outcome.FAILED, "Failed"),
    ],
)
def test_the_answer_is_spelt_as_the_book_has_it(outcome: Outcome, status: str) -> None:
    assert spelt("SendLocalList", outcome) == {"status": status}


@given(st.data())
def test_whatever_the_schema_allows_gets_an_answer(data: st.DataObject) -> None:
    action = data.draw(st.sampled_from(["SendLocalList", "GetLocalListVersion"]))
    payload = data.draw(payloads(action, Kind.REQUEST, Version.V201))
    for context in (_here(), _here(2, "A"), _here(2, "A", enabled=False)):
        assert isinstance(handled(action, payload, context), Reply | Passed)
