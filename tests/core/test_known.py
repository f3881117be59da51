"""What list and cache say of a tag, and what their word is worth, row by row."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.known import (
    is_asked,
    is_master_pass,
    is_unknown,
    needs_no_question,
    usable,
    usable_offline,
    verdict_now,
)
from bridge.core.settings import Settings
from bridge.core.state import State
from bridge.core.values import TagInfo, Verdict
from tests.core.world import ACCEPTED, BLOCKED, EXPIRED_YESTERDAY, TEN_O_CLOCK_MS, Bench

LISTED = replace(ACCEPTED, listed=True)
LISTED_BLOCKED = replace(BLOCKED, listed=True)
LISTED_EXPIRED = replace(EXPIRED_YESTERDAY, listed=True)
HOUR_MS = 3_600_000


def _at(**settings: Any) -> State:  # noqa: ANN401
    return Bench(settings=Settings(**settings)).state


def _cached(ago_ms: int, info: TagInfo = ACCEPTED) -> TagInfo:
    return replace(info, stored_ms=TEN_O_CLOCK_MS - ago_ms)


@pytest.mark.parametrize(
    "known, settings, used",
    [
        pytest.param(None, {}, False, id="nothing"),
        pytest.param(LISTED, {}, True, id="listed"),
        pytest.param(LISTED, {"cache_enabled": False}, True, id="listed, no cache"),
        pytest.param(LISTED, {"list_enabled": False}, False, id="listed, list off"),
        pytest.param(ACCEPTED, {}, True, id="cached"),
        pytest.param(ACCEPTED, {"list_enabled": False}, True, id="cached, list off"),
        pytest.param(ACCEPTED, {"cache_enabled": False}, False, id="cached, no cache"),
        pytest.param(_cached(0), {"cache_life_s": 3600}, True, id="cached just now"),
        pytest.param(_cached(HOUR_MS - 1), {"cache_life_s": 3600}, True, id="nearly too old"),
        pytest.param(_cached(HOUR_MS), {"cache_life_s": 3600}, False, id="too old", marks=pytest.mark.requirement("2.0.1 TC_C_46_CS")),
        pytest.param(_cached(HOUR_MS), {}, True, id="old, and nothing grows old"),
        pytest.param(ACCEPTED, {"cache_life_s": 3600}, True, id="cached before it was noted when"),
        pytest.param(LISTED, {"cache_life_s": 1}, True, id="a list does not grow old"),
        pytest.param(BLOCKED, {}, True, id="a no counts as well"),
    ],
)
def test_a_source_is_used_where_it_is_switched_on_and_fresh(known: TagInfo | None, settings: dict[str, Any], used: bool) -> None:
    assert usable(_at(**settings), known) == (known if used else None)
    assert usable_offline(_at(**settings), known) == (known if used else None)
    assert usable_offline(_at(**settings, local_authorize_offline=False), known) is None


@pytest.mark.parametrize(
    "known, unknown",
    [
        (None, True),
        (ACCEPTED, False),
        (BLOCKED, False),
        (LISTED, False),
        pytest.param(_cached(HOUR_MS), True, id="grown old"),
        pytest.param(_cached(HOUR_MS, BLOCKED), False, id="a no grown old: still no stranger"),
    ],
)
def test_a_stranger_is_who_nobody_heard_of(known: TagInfo | None, unknown: bool) -> None:
    assert is_unknown(_at(cache_life_s=3600), known) is unknown


PRE = {"local_pre_authorize": True}


@pytest.mark.parametrize(
    "known, settings, asks",
    [
        pytest.param(LISTED, PRE, "in", id="listed", marks=pytest.mark.requirement("2.0.1 TC_C_27_CS")),
        pytest.param(ACCEPTED, PRE, "in", id="cached", marks=pytest.mark.requirement("2.0.1 TC_C_08_CS")),
        pytest.param(LISTED, {}, "asks", id="listed, but the backend wants to be asked"),
        pytest.param(ACCEPTED, {}, "asks", id="cached, likewise", marks=pytest.mark.requirement("2.0.1 TC_C_36_CS")),
        pytest.param(LISTED_BLOCKED, PRE, "asks", id="blocked on the list", marks=pytest.mark.requirement("2.0.1 TC_C_29_CS")),
        pytest.param(LISTED_EXPIRED, PRE, "asks", id="expired on the list", marks=pytest.mark.requirement("2.0.1 TC_C_30_CS")),
        pytest.param(BLOCKED, PRE, "asks", id="blocked in the cache", marks=pytest.mark.requirement("2.0.1 TC_C_10_CS")),
        pytest.param(None, PRE, "asks", id="nothing known"),
        pytest.param(
            LISTED_BLOCKED,
            PRE | {"list_final": True},
            "out",
            id="the list's no is final",
            marks=pytest.mark.requirement("2.0.1 TC_C_58_CS"),
        ),
        pytest.param(LISTED_BLOCKED, {"list_final": True}, "out", id="whether or not a yes would be"),
        pytest.param(LISTED_EXPIRED, PRE | {"list_final": True}, "out", id="so is an expired yes"),
        pytest.param(LISTED_BLOCKED, PRE | {"cache_final": True}, "asks", id="the cache's no is final, not the list's"),
        pytest.param(
            BLOCKED, PRE | {"cache_final": True}, "out", id="the cache's no is final", marks=pytest.mark.requirement("2.0.1 TC_C_57_CS")
        ),
        pytest.param(BLOCKED, PRE | {"list_final": True}, "asks", id="the list's no is final, not the cache's"),
        pytest.param(None, PRE | {"list_final": True, "cache_final": True}, "asks", id="finals need a no"),
        pytest.param(BLOCKED, PRE | {"cache_final": True, "cache_enabled": False}, "asks", id="a no that is not used"),
        pytest.param(LISTED, {"ask_backend": False}, "in", id="nobody is asked: listed"),
        pytest.param(ACCEPTED, {"ask_backend": False}, "in", id="nobody is asked: cached"),
        pytest.param(BLOCKED, {"ask_backend": False}, "out", id="nobody is asked: blocked"),
        pytest.param(None, {"ask_backend": False}, "out", id="nobody is asked: unknown", marks=pytest.mark.requirement("2.0.1 TC_E_52_CS")),
    ],
)
def test_while_the_backend_is_there_it_is_asked_where_nobody_else_decides(
    known: TagInfo | None, settings: dict[str, Any], asks: str
) -> None:
    state = _at(**settings)
    decided = "in" if needs_no_question(state, known) else "asks" if is_asked(state, known) else "out"
    assert decided == asks


@pytest.mark.parametrize(
    "info, verdict",
    [(ACCEPTED, Verdict.ACCEPTED), (EXPIRED_YESTERDAY, Verdict.EXPIRED), (replace(BLOCKED, expires_ms=1), Verdict.BLOCKED)],
)
def test_a_yes_that_is_over_reads_expired(info: TagInfo, verdict: Verdict) -> None:
    assert verdict_now(_at(), info) is verdict


@pytest.mark.parametrize(
    "master, group, passes",
    [("", None, False), ("", "", False), ("POLICE", None, False), ("POLICE", "po-lice", True), ("POLICE", "FAMILY", False)],
)
def test_a_master_pass_is_known_by_its_group(master: str, group: str | None, passes: bool) -> None:
    assert is_master_pass(_at(master_pass_group=master), group) is passes
