"""Block C: tags as OCPP 2.0.1 writes and reads them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.backend import CacheClearRequested
from bridge.core.effects import Outcome
from bridge.core.settings import Settings
from bridge.core.values import IdTag, TagInfo, TagKind, Verdict
from bridge.errors import CsmsRefused
from bridge.ocpp.dialect import Passed
from bridge.ocpp.v201.authorization import authorize, authorized, id_token, kind_of, tag_info, tag_of
from tests.ocpp.official import JSON
from tests.ocpp.v201.desk import REQUEST, handled, said, spelt, status
from tests.ocpp.worlds import NOW, NOW_TEXT, STAMP, asked, charge_point


@pytest.mark.parametrize(
    "text, kind",
    [
        ("04A1B2C3", TagKind.ISO14443),
        ("04a1b2c3d4e5f6", TagKind.ISO14443),
        ("04A1B2C3D4E5F60708AA", TagKind.ISO14443),
        ("E004010012345678", TagKind.ISO15693),
        # CitrineOS refuses ten digits as ISO14443
        ("04A1B2C3D4", TagKind.CENTRAL),
        ("ANNA-APP", TagKind.CENTRAL),
        ("04A1B2CX", TagKind.CENTRAL),
        ("", TagKind.CENTRAL),
    ],
)
def test_what_nobody_told_is_seen_by_the_length(text: str, kind: TagKind) -> None:
    assert kind_of(IdTag(text=text)) is kind
    assert kind_of(IdTag(text=text, kind=TagKind.KEY_CODE)) is TagKind.KEY_CODE


def test_authorize_tells_the_tag_and_its_type() -> None:
    assert said(authorize(IdTag(text="04A1B2C3"))) == {"idToken": {"idToken": "04A1B2C3", "type": "ISO14443"}}
    assert id_token(IdTag(text="x" * 50))["idToken"] == "x" * 36


@pytest.mark.parametrize(
    "token, tag",
    [
        ({"idToken": "ANNA", "type": "Central"}, IdTag(text="ANNA", kind=TagKind.CENTRAL)),
        ({"idToken": "DE-ABC-123", "type": "eMAID"}, IdTag(text="DE-ABC-123", kind=TagKind.EMAID)),
        ({"idToken": "", "type": "NoAuthorization"}, None),
        ({"idToken": "x", "type": "NoAuthorization"}, None),
        ({"idToken": "", "type": "Central"}, None),
    ],
)
def test_a_tag_of_a_request_is_read_with_its_type(token: dict[str, Any], tag: IdTag | None) -> None:
    assert tag_of(token) == tag


@pytest.mark.parametrize(
    "info, told",
    [
        *(({"status": verdict.value}, TagInfo(verdict=verdict)) for verdict in Verdict),
        (
            {"status": "Accepted", "groupIdToken": {"idToken": "FLEET", "type": "Central"}, "cacheExpiryDateTime": NOW_TEXT},
            TagInfo(verdict=Verdict.ACCEPTED, group="FLEET", expires_ms=NOW.utc_ms),
        ),
        ({"status": "Accepted", "evseId": [1, 2]}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Accepted", "evseId": [2]}, TagInfo(verdict=Verdict.NOT_ALLOWED_HERE)),
        ({"status": "Blocked", "evseId": [2]}, TagInfo(verdict=Verdict.BLOCKED)),
        # as they come, whatever the schema says
        ({"status": "accepted", "evseId": []}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Accepted", "evseId": 2}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Fine"}, TagInfo(verdict=Verdict.INVALID)),
        ({"status": "Accepted", "groupIdToken": "FLEET"}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"status": "Accepted", "groupIdToken": {"idToken": 7}}, TagInfo(verdict=Verdict.ACCEPTED)),
        ({}, None),
        ({"status": None}, None),
        ([], None),
        (None, None),
    ],
)
def test_what_is_said_of_a_tag_is_read_and_only_a_yes_is_a_yes(info: object, told: TagInfo | None) -> None:
    assert tag_info({"idTokenInfo": info}) == told


def test_an_answer_without_a_status_is_none() -> None:
    assert authorized({"idTokenInfo": {"status": "Accepted"}}).verdict is Verdict.ACCEPTED
    with pytest.raises(CsmsRefused, match="Authorize"):
        authorized({})


@given(
    st.dictionaries(st.sampled_from(["idTokenInfo"]), JSON | st.dictionaries(st.sampled_from(["status", "groupIdToken", "evseId"]), JSON))
)
def test_any_answer_is_read(payload: dict[str, Any]) -> None:
    tag_info(payload)


# --- ClearCache -------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_C_37_CS")
def test_clearing_the_cache_is_passed_on() -> None:
    assert handled("ClearCache", {}) == Passed(event=CacheClearRequested(request=REQUEST, **STAMP))
    assert spelt("ClearCache", Outcome.ACCEPTED) == {"status": "Accepted"}
    assert spelt("ClearCache", Outcome.REJECTED) == {"status": "Rejected"}


@pytest.mark.requirement("2.0.1 TC_C_38_CS")
def test_without_a_cache_there_is_none_to_clear() -> None:
    off = asked(charge_point(settings=Settings(cache_enabled=False)))
    assert status("ClearCache", {}, off) == ("Rejected", "NotEnabled")
