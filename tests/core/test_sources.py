"""What the sources of energy management say, merged."""

from typing import Any

import pytest

from bridge.core.settings import EnergyRules
from bridge.core.sources import SOURCES_MAX
from bridge.core.state import Source
from tests.core.world import Bench, charging, ready


def _sources(bench: Bench) -> set[Source]:
    return set(bench.state.kept.sources)


def test_each_part_of_a_source_is_said_by_itself() -> None:
    bench = ready()
    bench.energy("sun", allow=True)
    bench.energy("sun", limit_a=10.0)
    bench.energy("sun", limit_w=5000.0)
    bench.energy("sun", reason="clouds")
    assert _sources(bench) == {Source(name="sun", everywhere=False, allow=True, limit_a=10.0, limit_w=5000.0, reason="clouds")}
    bench.energy("sun", limit_a=None, limit_w=None)
    assert _sources(bench) == {Source(name="sun", everywhere=False, allow=True, reason="clouds")}


def test_a_reason_may_come_before_what_it_is_for() -> None:
    """Retained topics arrive in any order."""
    bench = charging()
    bench.energy("grid", reason="curtailed")
    bench.energy("grid", allow=False)
    assert bench.commanded.reason == "energy_management: grid: curtailed"


@pytest.mark.parametrize("said", [{"allow": None}, {"limit_a": None}, {"limit_w": None}, {"reason": None}, {"reason": ""}, {}])
def test_taking_back_what_was_never_said_is_nothing(said: dict[str, Any]) -> None:
    bench = ready()
    kept = bench.state.kept
    bench.energy("nobody", **said)
    assert bench.state.kept is kept
    assert not bench.state.spoke_s


def test_a_source_without_a_word_left_is_gone() -> None:
    bench = charging()
    bench.energy("sun", allow=False)
    bench.energy("sun", allow=None)
    assert not _sources(bench)
    assert not bench.state.spoke_s
    assert bench.enabled


def test_what_is_said_to_all_and_to_one_both_counts() -> None:
    bench = charging()
    bench.energy("load", everywhere=True, limit_a=10.0)
    bench.energy("load", limit_a=12.0)
    assert len(_sources(bench)) == 2
    assert bench.commanded.limit_a == 10.0
    bench.energy("load", everywhere=True, limit_a=None)
    assert bench.commanded.limit_a == 12.0


def test_the_last_word_survives_the_loss_of_the_broker_and_a_restart() -> None:
    bench = charging()
    bench.energy(allow=False)
    bench.loses_the_broker()
    assert not bench.enabled
    bench.restarts()
    bench.synchronises()
    assert not bench.commanded.enabled


def test_the_same_word_again_is_not_written_again() -> None:
    bench = ready()
    bench.energy(allow=True, limit_a=10.0)
    kept = bench.state.kept
    bench.passes(5)
    bench.energy(allow=True)
    assert bench.state.kept is kept
    assert bench.state.spoke_s == {"load": bench.now_s}


def test_the_order_of_the_sources_is_theirs() -> None:
    """A source that speaks again keeps its place, so that the reasons told do not dance."""
    bench = charging()
    bench.energy("one", allow=False)
    bench.energy("two", allow=False)
    bench.energy("one", reason="tariff")
    assert bench.commanded.reason == "energy_management: one: tariff; two"


def test_a_flood_of_invented_names_takes_no_room() -> None:
    bench = charging()
    for number in range(SOURCES_MAX + 10):
        bench.energy(f"flood-{number}", limit_a=10.0)
    assert len(_sources(bench)) == len(bench.state.spoke_s) == SOURCES_MAX
    assert bench.alerts == {"inbox_full"}
    bench.energy("flood-0", limit_a=8.0)
    assert bench.commanded.limit_a == 8.0
    bench.energy("flood-99", allow=None)
    assert len(_sources(bench)) == SOURCES_MAX


def test_what_the_broker_had_stored_is_no_sign_of_life() -> None:
    """After a broken connection the stored word of a dead manager is delivered again; it stays as old as it was."""
    bench = charging(energy=EnergyRules(stale_after_s=60.0))
    bench.energy(allow=True)
    bench.passes(50)
    bench.energy(allow=True, live=False)
    bench.passes(10)
    assert not bench.enabled
    bench.energy(allow=True)
    assert bench.enabled


def test_a_stored_word_of_a_new_source_counts_from_now() -> None:
    bench = charging(energy=EnergyRules(stale_after_s=60.0))
    bench.passes(600)
    bench.energy("new", allow=True, live=False)
    assert bench.enabled


def test_who_is_missing_is_named_once_the_broker_has_told_what_it_had() -> None:
    bench = Bench(energy=EnergyRules(required=("load", "grid")))
    bench.passes(5)
    assert not bench.alerts
    bench.synchronises()
    assert bench.state.alerts["energy_management_missing"].text == "energy management is silent: load, grid (policy: stop)"
    bench.energy("grid", allow=True)
    assert "load (policy" in bench.state.alerts["energy_management_missing"].text
    bench.energy("load", allow=True)
    assert not bench.alerts
