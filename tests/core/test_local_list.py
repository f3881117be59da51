"""The local list: what is taken, what is refused, and that the list and its version are one."""

from typing import Any

import pytest

from bridge.core.backend import ListSent
from bridge.core.effects import ChangeList, Outcome
from bridge.core.local_list import LIST_MAX, UPDATE_MAX
from bridge.core.orders import ListEntry
from bridge.core.settings import Settings
from bridge.core.state import Kept
from bridge.core.values import IdTag, RequestId, TagInfo
from tests.core.world import ACCEPTED, BLOCKED, FAMILY, Bench

OLD = Kept(list_version=5)


def _on(text: str, info: TagInfo | None = ACCEPTED) -> ListEntry:
    return ListEntry(tag=IdTag(text=text), info=info)


def _sends(bench: Bench, version: int, *entries: ListEntry, full: bool = True, size: int = 1) -> Outcome | None:
    bench.happens(ListSent, request=RequestId("list"), version=version, full=full, entries=entries, size=size)
    return bench.outcome


@pytest.mark.requirement("1.6 TC_043_CS")
@pytest.mark.requirement("2.0.1 TC_D_01_CS")
@pytest.mark.parametrize("entries", [(), (_on("A"), _on("B", BLOCKED))])
@pytest.mark.parametrize("version", [1, 5, 6, 2**31])
def test_a_new_list_takes_the_place_of_the_old_one(entries: tuple[ListEntry, ...], version: int) -> None:
    """Whatever its version; what changes the list and what keeps its version leave the core together."""
    bench = Bench(kept=OLD)
    assert _sends(bench, version, *entries) is Outcome.ACCEPTED
    assert bench.just_asked_for(ChangeList) == [ChangeList(full=True, entries=entries)]
    assert bench.state.kept.list_version == version


@pytest.mark.parametrize(
    "version, outcome",
    [
        (6, Outcome.ACCEPTED),
        (9, Outcome.ACCEPTED),
        pytest.param(5, Outcome.VERSION_MISMATCH, id="the same"),
        pytest.param(
            4,
            Outcome.VERSION_MISMATCH,
            id="older",
            marks=[pytest.mark.requirement("1.6 TC_043_2_CS"), pytest.mark.requirement("2.0.1 TC_D_06_CS")],
        ),
        (0, Outcome.FAILED),
        (-1, Outcome.FAILED),
    ],
)
@pytest.mark.parametrize("entries", [(), (_on("A"), _on("B", None))])
def test_a_change_must_be_newer_than_the_list(version: int, outcome: Outcome, entries: tuple[ListEntry, ...]) -> None:
    bench = Bench(kept=OLD)
    assert _sends(bench, version, *entries, full=False) is outcome
    took = outcome is Outcome.ACCEPTED
    assert bench.state.kept.list_version == (version if took else 5)
    assert bench.just_asked_for(ChangeList) == ([ChangeList(full=False, entries=entries)] if took else [])


def _many(number: int) -> tuple[ListEntry, ...]:
    return tuple(_on(f"T{count}") for count in range(number))


@pytest.mark.requirement("1.6 TC_043_3_CS")
@pytest.mark.parametrize(
    "entries, more, outcome",
    [
        pytest.param((_on("A", None),), {}, Outcome.FAILED, id="nothing is said of a tag"),
        pytest.param((_on("A", None),), {"full": False}, Outcome.ACCEPTED, id="in a change that takes it off"),
        pytest.param((_on("A"), _on("a-", BLOCKED)), {}, Outcome.FAILED, id="two things are said of a tag"),
        pytest.param((_on("A"), _on("A", None)), {"full": False}, Outcome.FAILED, id="on and off"),
        pytest.param((_on("A", FAMILY), _on("a-", FAMILY)), {}, Outcome.ACCEPTED, id="the same thing twice"),
        pytest.param((_on(" - "),), {}, Outcome.FAILED, id="a tag without a name"),
        pytest.param((), {"size": LIST_MAX}, Outcome.ACCEPTED, id="the longest list"),
        pytest.param((), {"size": LIST_MAX + 1}, Outcome.FAILED, id="a longer one"),
        pytest.param(_many(UPDATE_MAX), {}, Outcome.ACCEPTED, id="the longest message"),
        pytest.param(_many(UPDATE_MAX + 1), {}, Outcome.FAILED, id="a longer message"),
    ],
)
def test_a_list_that_can_not_be_kept_changes_nothing(entries: tuple[ListEntry, ...], more: dict[str, Any], outcome: Outcome) -> None:
    """All of it or nothing: half a list would let in whom the other half shuts out."""
    bench = Bench(kept=OLD)
    assert _sends(bench, 6, *entries, **more) is outcome
    took = outcome is Outcome.ACCEPTED
    assert len(bench.just_asked_for(ChangeList)) == took
    assert bench.state.kept.list_version == (6 if took else 5)


@pytest.mark.requirement("1.6 TC_043_1_CS")
def test_a_list_that_is_switched_off_takes_nothing() -> None:
    bench = Bench(kept=OLD, settings=Settings(list_enabled=False))
    assert _sends(bench, 6, _on("A")) is Outcome.NOT_SUPPORTED
    assert bench.state.kept == OLD
    assert not bench.just_asked_for(ChangeList)


def test_the_version_survives_a_restart() -> None:
    bench = Bench()
    _sends(bench, 7, _on("A"))
    bench.restarts()
    assert bench.state.kept.list_version == 7
    assert _sends(bench, 7, full=False) is Outcome.VERSION_MISMATCH
