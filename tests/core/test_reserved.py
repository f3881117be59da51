"""Whom the connector is kept free for (`bridge/core/reserved.py`)."""

from dataclasses import replace

import pytest

from bridge.core.reserved import is_kept_from, is_kept_from_all_but, standing, usable
from bridge.core.state import State
from bridge.core.values import IdTag, Instant
from tests.core.reserving import HOUR_MS, reservation
from tests.core.world import TEN_O_CLOCK_MS, Bench

OWN, OTHER = IdTag(text="04EE"), IdTag(text="BEN-1")


def _state(*, group: str | None = None, after_ms: int = 0, tag: str = "04EE") -> State:
    state = Bench().state
    kept = replace(state.kept, reservation=reservation(tag, group=group))
    return replace(state, kept=kept, now=Instant(mono_s=0.0, utc_ms=TEN_O_CLOCK_MS + after_ms))


@pytest.mark.parametrize(
    "group, tag, own_group, may, nobody_needs_to_ask",
    [
        pytest.param(None, OWN, None, True, False, id="the reserved tag"),
        pytest.param(None, IdTag(text="04-ee"), None, True, False, id="written in another way"),
        pytest.param(None, OTHER, None, False, True, id="another tag"),
        pytest.param(None, OTHER, "FAMILY", False, True, id="another tag with a group, where none is reserved"),
        pytest.param(None, None, None, False, True, id="somebody without a tag"),
        pytest.param("FAMILY", OTHER, "family", True, False, id="the reserved group"),
        pytest.param("FAMILY", OTHER, "FLEET", False, False, id="another group"),
        pytest.param("FAMILY", OTHER, None, False, False, id="no group yet: asking may show one"),
        pytest.param("FAMILY", OWN, None, True, False, id="the reserved tag needs no group"),
        pytest.param("FAMILY", IdTag(text="FAMILY"), None, False, False, id="a tag is never compared with a group"),
    ],
)
def test_who_may_use_it(group: str | None, tag: IdTag | None, own_group: str | None, *, may: bool, nobody_needs_to_ask: bool) -> None:
    """The reserved tag and its group, and nobody else."""
    state = _state(group=group)
    assert usable(state, tag, own_group) == (state.kept.reservation if may else None)
    assert is_kept_from(state, tag, own_group) is not may
    assert is_kept_from_all_but(state, tag) is nobody_needs_to_ask


@pytest.mark.parametrize("state", [Bench().state, _state(after_ms=HOUR_MS)], ids=["none", "over"])
def test_without_a_reservation_nobody_is_kept_out(state: State) -> None:
    """One whose time is over counts as none, even before anybody has cleared it away."""
    assert standing(state) is None
    assert usable(state, OWN, None) is None
    assert not is_kept_from(state, OTHER, None)
    assert not is_kept_from_all_but(state, OTHER)


def test_it_counts_to_the_last_millisecond() -> None:
    assert standing(_state(after_ms=HOUR_MS - 1)) is not None
