"""Every Wh between two registers belongs to a session or to a recorded gap."""

from decimal import Decimal

import pytest

from bridge.core.effects import EntryKind
from bridge.core.settings import Settings
from tests.core.world import CARL, ROAMER, Bench, charging, plugged, ready

QUIET = Settings(sample_interval_s=0)


def test_energy_nobody_asked_for_is_recorded_once_the_register_stands_still() -> None:
    bench = ready()
    bench.passes(5)
    for second in range(60):
        bench.passes(1)
        bench.meters(1001 + second)
    assert not bench.gaps
    for _ in range(5):
        bench.passes(10)
        bench.meters(1060)
    assert not bench.gaps
    bench.passes(10)
    assert bench.gaps == [(1000, 1060)]
    entry = bench.entries[0]
    assert (entry.kind, entry.reason, entry.cost) == (EntryKind.GAP, "no_session", Decimal(0))
    assert {entry.authority, entry.user, entry.name, entry.tag, entry.mode, entry.follows} == {None}
    assert entry.started_ms < entry.ended_ms == bench.now_ms
    bench.passes(3600)
    bench.meters(1060)
    assert len(bench.gaps) == 1


@pytest.mark.parametrize("drawn_wh, told", [(49, False), (50, True)])
def test_a_gap_worth_the_name_is_an_alert(drawn_wh: int, told: bool) -> None:
    bench = ready()
    bench.meters(1000 + drawn_wh)
    bench.passes(60)
    assert bench.gaps == [(1000, 1000 + drawn_wh)]
    assert ("unaccounted_energy" in bench.alerts) is told
    bench.passes(3600)
    assert not bench.alerts


def test_what_was_drawn_before_a_session_is_a_gap_before_it() -> None:
    bench = plugged(settings=QUIET, backend=None)
    bench.meters(1020)
    bench.taps(CARL)
    assert bench.gaps == [(1000, 1020)]
    assert bench.session.begin.register_wh == 1020


def test_sums_are_the_meters() -> None:
    """Gap, session of the backend, gap, local session, gap: together what the meter counted, to the Wh."""
    bench = charging(ROAMER, settings=QUIET)
    bench.meters(1100)
    bench.unplugs()
    bench.passes(5)
    bench.meters(1130)
    bench.plugs()
    bench.passes(30)
    bench.taps(CARL)
    bench.passes(30)
    bench.meters(1200)
    bench.unplugs()
    bench.passes(5)
    bench.meters(1207)
    bench.passes(60)
    assert [(entry.kind.value, entry.start_wh, entry.end_wh) for entry in bench.entries] == [
        ("ocpp", 1000, 1100),
        ("gap", 1100, 1130),
        ("local", 1130, 1200),
        ("gap", 1200, 1207),
    ]


def test_energy_drawn_while_the_bridge_was_down_and_nothing_ran_is_a_gap() -> None:
    bench = ready()
    bench.restarts(down_s=3600)
    bench.synchronises()
    bench.meters(1700)
    bench.passes(60)
    assert bench.gaps == [(1000, 1700)]
    assert "unaccounted_energy" in bench.alerts


def test_a_gap_that_had_not_settled_before_a_crash_settles_after_it() -> None:
    bench = ready()
    bench.meters(1040)
    bench.passes(59)
    bench.meters(1041)  # kept, but not yet a gap
    bench.passes(1)
    bench.restarts()
    bench.meters(bench.state.kept.register_wh)
    bench.passes(60)
    assert sum(end - start for start, end in bench.gaps) == (bench.state.kept.register_wh or 0) - 1000


def test_a_clock_put_back_does_not_turn_a_gap_around() -> None:
    bench = ready()
    bench.meters(1060)
    bench.clock_set(-3600)
    bench.passes(60)
    assert bench.entries[0].started_ms <= bench.entries[0].ended_ms


def test_a_stored_register_alone_is_no_gap() -> None:
    bench = Bench()
    bench.meters(1000, live=False)
    bench.passes(600)
    assert not bench.gaps
    bench.meters(1500)
    bench.passes(600)
    assert not bench.gaps, "accounting begins with the first live word"


def test_entries_have_ids_of_their_own() -> None:
    bench = plugged(backend=None)
    bench.meters(1020)
    bench.taps(CARL)
    bench.unplugs()
    bench.passes(5)
    ids = [entry.id for entry in bench.entries]
    assert len(set(ids)) == len(ids) == 2
    assert all(len(one) <= 36 for one in ids)


@pytest.mark.parametrize("session", [True, False])
def test_after_a_restart_nothing_begins_below_what_was_accounted_for(session: bool) -> None:
    """A session ended, or a gap settled, later than the register was kept; now the meter is silent, and the broker tells an old copy."""
    bench = plugged(settings=QUIET, backend=None)
    if session:
        bench.taps(CARL)
        bench.passes(1)
        bench.unplugs()
    else:
        bench.meters(1010)  # kept at once
        bench.passes(1)
    bench.meters(1016)  # not kept: that was a moment ago
    bench.passes(60)
    assert bench.entries[-1].end_wh == 1016
    bench.restarts()
    bench.synchronises()
    bench.meters(1010, live=False)
    bench.plugs(live=True)
    bench.taps(CARL)
    bench.passes(10)
    assert bench.session.begin.register_wh == 1016
