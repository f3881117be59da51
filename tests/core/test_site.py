"""Which wallbox a shared reader means, and what a repeated tap is (design.md §2)."""

from dataclasses import replace

import pytest

from bridge.core.site import LastTap, choose, is_repeat, is_stale, neighbour_grant
from bridge.core.state import State
from bridge.core.values import ChargePointId, Person, ReaderId, Why
from tests.core.world import ACCEPTED, BEN, CARL, ROAMER, STRANGER, Bench, charging, plugged, ready

DOOR, GATE = ReaderId("door"), ReaderId("gate")


def _row(*benches: Bench) -> list[State]:
    """Wallboxes 1, 2, 3 … of one reader."""
    states = []
    for number, bench in enumerate(benches, start=1):
        bench.rules = replace(bench.rules, charge_point=ChargePointId(str(number)))
        states.append(replace(bench.state, rules=bench.rules))
    return states


def _choice(person: Person, *benches: Bench, named: str | None = None) -> str:
    return choose(_row(*benches), lambda _: person, None if named is None else ChargePointId(named))


def _plugged_later() -> Bench:
    bench = ready()
    bench.passes(100)
    bench.plugs()
    return bench


def _plugged_before_the_start() -> Bench:
    bench = Bench()
    bench.plugs()
    bench.meters(1000)
    bench.synchronises()
    bench.state = replace(bench.state, hardware=replace(bench.state.hardware, plugged_at=None))
    return bench


def _asking(person: Person) -> Bench:
    bench = plugged()
    bench.taps(person)
    return bench


def _permitted(person: Person, reader: str = "door") -> Bench:
    bench = ready()
    bench.taps(person, reader=reader)
    if bench.questions:
        bench.answers(ACCEPTED)
    return bench


def _finished(person: Person) -> Bench:
    bench = charging(person)
    bench.passes(20)
    bench.taps(person)
    bench.passes(5)
    return bench


def _faulted() -> Bench:
    bench = ready()
    bench.wallbox(fault="GroundFailure")
    return bench


def _unknown() -> Bench:
    bench = Bench()
    bench.meters(1000)
    return bench


@pytest.mark.parametrize(
    "benches, named, chosen",
    [
        pytest.param([ready(), ready()], "2", "2", id="the one the tap names"),
        pytest.param([plugged(), ready()], "2", "2", id="whatever else there is"),
        pytest.param([ready(), ready()], "9", Why.UNKNOWN_CHARGE_POINT, id="a name nobody has"),
        pytest.param([charging(STRANGER)], None, "1", id="a reader of one wallbox always means it"),
        pytest.param([ready(), plugged()], None, "2", id="the one that is plugged"),
        pytest.param([plugged(), _plugged_later(), plugged()], None, "2", id="the latest plug-in"),
        pytest.param([_plugged_before_the_start(), plugged()], None, "2", id="a plug-in nobody saw is the oldest"),
        pytest.param([charging(STRANGER), plugged()], None, "2", id="not one in use"),
        pytest.param([_asking(STRANGER), plugged()], None, "2", id="nor one that is being decided"),
        pytest.param([plugged(), _asking(ROAMER)], None, "2", id="the one that is being asked about for this card"),
        pytest.param([charging(ROAMER), plugged()], None, "2", id="a waiting vehicle before one's own session"),
        pytest.param([ready(), charging(ROAMER)], None, "2", id="one's own session"),
        pytest.param([ready(), ready()], None, "1", id="else the first that is free"),
        pytest.param([charging(STRANGER), ready()], None, "2", id="free means free"),
        pytest.param([_unknown(), ready()], None, "1", id="unknown may be plugged yet"),
        pytest.param([_permitted(STRANGER), ready()], None, "2", id="not one that waits for somebody else"),
        pytest.param([ready(), _permitted(ROAMER)], None, "2", id="the one that waits for this person already"),
        pytest.param([_faulted(), ready()], None, "2", id="one where something can start"),
        pytest.param([_faulted(), charging(STRANGER)], None, "1", id="else one that can say why not"),
        pytest.param([charging(STRANGER), charging(CARL)], None, Why.NO_CHARGE_POINT, id="all in use"),
        pytest.param([_finished(STRANGER), ready()], None, "2", id="not the finished vehicle of somebody else"),
        pytest.param([_finished(STRANGER), charging(CARL)], None, Why.NO_CHARGE_POINT, id="even if nothing else is left"),
        pytest.param([_finished(ROAMER), ready()], None, "1", id="one's own finished vehicle again"),
        pytest.param([], None, Why.NO_CHARGE_POINT, id="a reader without wallboxes"),
    ],
)
def test_which_wallbox_a_reader_means(benches: list[Bench], named: str | None, chosen: str) -> None:
    assert _choice(ROAMER, *benches, named=named) == chosen


# --- a permission that moves with the driver ------------------------------------------------------------------------------------------


def _giver(plugged_here: Bench, *others: Bench) -> str | None:
    here, *there = _row(plugged_here, *others)
    served = {"1": frozenset({DOOR}), "2": frozenset({DOOR}), "3": frozenset({GATE})}
    found = neighbour_grant(here, there, lambda state: served[state.rules.charge_point])
    return None if found is None else found.rules.charge_point


@pytest.mark.parametrize(
    "here, others, giver",
    [
        pytest.param(plugged(), [_permitted(ROAMER)], "2", id="tapped at the shared reader, plugged here"),
        pytest.param(plugged(), [ready(), _permitted(ROAMER)], "3", id="the reader serves both, whichever wallbox it had meant"),
        pytest.param(plugged(), [_permitted(ROAMER, reader="gate")], None, id="another reader"),
        pytest.param(plugged(), [ready()], None, id="nobody waits"),
        pytest.param(ready(), [_permitted(ROAMER)], None, id="nothing is plugged"),
        pytest.param(charging(STRANGER), [_permitted(ROAMER)], None, id="in use here"),
        pytest.param(_finished(STRANGER), [_permitted(ROAMER)], None, id="a finished vehicle"),
    ],
)
def test_a_permission_given_at_a_shared_reader_moves_to_where_the_vehicle_is_plugged(
    here: Bench, others: list[Bench], giver: str | None
) -> None:
    assert _giver(here, *others) == giver


def test_a_permission_given_in_an_app_does_not_move() -> None:
    """The app has named its charge point."""
    bench = ready()
    bench.presses_start(CARL)
    assert _giver(plugged(), bench) is None


def test_a_permission_whose_own_wallbox_is_plugged_does_not_move() -> None:
    """It waits for the meter there."""
    bench = plugged()
    bench.meters(None)
    bench.taps(BEN)
    bench.answers(ACCEPTED)
    assert _giver(plugged(), bench) is None


# --- repeats and stale taps -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M2")
@pytest.mark.parametrize(
    "last, tap, repeat",
    [
        pytest.param(None, LastTap(id="1", key="A", at_s=0), False, id="the first tap"),
        pytest.param(LastTap(id="1", key="A", at_s=0), LastTap(id="2", key="A", at_s=1.9), True, id="same tag within two seconds"),
        pytest.param(LastTap(id="1", key="A", at_s=0), LastTap(id="2", key="A", at_s=2.0), False, id="same tag later"),
        pytest.param(LastTap(id="1", key="A", at_s=0), LastTap(id="1", key="B", at_s=1.0), True, id="same id"),
        pytest.param(LastTap(id=None, key="A", at_s=0), LastTap(id=None, key="B", at_s=0.1), False, id="another card at once"),
        pytest.param(LastTap(id="1", key="A", at_s=0), LastTap(id="2", key="B", at_s=0.1), False, id="another card, another id"),
    ],
)
def test_a_card_held_to_the_reader_is_one_tap(last: LastTap | None, tap: LastTap, repeat: bool) -> None:
    assert is_repeat(last, tap) is repeat


@pytest.mark.requirement("M3")
@pytest.mark.parametrize(
    "taken_ms, stale",
    [(None, False), (100_000, False), (90_000, False), (89_999, True), (110_000, False), (110_001, True), (0, True)],
)
def test_a_tap_more_than_ten_seconds_off_is_stale(taken_ms: int | None, stale: bool) -> None:
    assert is_stale(taken_ms, 100_000) is stale
