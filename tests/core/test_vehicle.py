"""What the wallbox says: plugs and unplugs, names of plug-ins, faults, silence."""

from typing import Any

import pytest

from bridge.core.values import NO_FAULT
from tests.core.world import ACCEPTED, CARL, ROAMER, Bench, charging, plugged, ready


def test_only_what_was_told_changes() -> None:
    bench = ready()
    bench.wallbox(plugged=True, charging=False, cp_state="B", plug="one", fault="GroundFailure", online=True)
    told = bench.state.hardware
    bench.wallbox()
    assert bench.state.hardware == told
    bench.wallbox(charging=None, cp_state=None, plug=None, fault=None, online=None)
    now = bench.state.hardware
    assert (now.charging, now.cp_state, now.plug, now.fault, now.online) == (None, None, None, NO_FAULT, None)
    assert now.plugged


@pytest.mark.requirement("B5")
@pytest.mark.parametrize("ends", [{"plugged": False}, {"cp_state": "A"}, {"plugged": False, "plug": None}])
def test_an_unplug_ends_the_session_however_it_is_told(ends: dict[str, Any]) -> None:
    bench = charging()
    bench.wallbox(**ends)
    bench.passes(5)
    assert bench.stops[0].reason.value == "EVDisconnected"


@pytest.mark.parametrize("told", [{"plugged": None}, {"cp_state": "E"}, {"cp_state": None}, {"online": False}, {"charging": None}])
def test_unknown_never_ends_a_session(told: dict[str, Any]) -> None:
    """The pilot in error, a cleared topic, a dead Wi-Fi: the transaction stays open."""
    bench = charging()
    bench.wallbox(plugged=None, **{"cp_state": "C"} | told) if "cp_state" in told else bench.wallbox(**told)
    bench.passes(3600)
    assert bench.runs == "backend"


def test_an_unplug_after_unknown_is_one() -> None:
    bench = charging()
    bench.wallbox(plugged=None)
    bench.unplugs()
    bench.passes(5)
    assert bench.recorded.endswith("Stop")


@pytest.mark.requirement("M1")
def test_an_unplug_that_happened_while_the_broker_was_away_is_seen_from_its_state() -> None:
    bench = charging()
    bench.loses_the_broker()
    bench.passes(60)
    bench.unplugs(live=False)
    bench.synchronises()
    assert bench.stops[0].reason.value == "EVDisconnected"
    assert bench.stops[0].reading.register_wh == 1000


# --- names of plug-ins ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tells",
    [
        pytest.param([{"plugged": True, "plug": "two"}], id="in one message"),
        pytest.param([{"plugged": True}, {"plug": "two"}], id="the name follows"),
        pytest.param([{"plug": "two"}, {"plugged": True}], id="the name comes first"),
        pytest.param([{"plugged": True}], id="no name at all"),
        pytest.param([{"plug": None}, {"plugged": True}, {"plug": "two"}], id="cleared in between"),
        pytest.param([{"plugged": True}, {"plug": "one"}, {"plug": "two"}], id="the old name once more, then the new one"),
    ],
)
def test_the_name_of_a_plug_in_may_come_at_any_time_around_it(tells: list[dict[str, Any]]) -> None:
    """A permission that waited for the plug starts its session, and the name that follows does not end it."""
    bench = ready()
    bench.plugs("one")
    bench.unplugs()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    for told in tells:
        bench.wallbox(**told)
    bench.passes(5)
    assert bench.recorded == "Start"
    assert bench.state.kept.plug in {"two", None}


def test_another_name_while_plugged_is_another_vehicle() -> None:
    """The unplug in between was missed: its session ends, and the new vehicle gets nothing."""
    bench = ready()
    bench.plugs("one")
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    before = bench.state.hardware.plugged_at
    bench.passes(100)
    bench.wallbox(plug="two")
    assert bench.runs == "backend ending"
    bench.passes(5)
    assert bench.stops[0].reason.value == "EVDisconnected"
    assert bench.reported == "Preparing"
    assert bench.state.kept.plug == "two"
    assert bench.state.hardware.plugged_at != before


def test_the_same_name_again_is_the_same_vehicle() -> None:
    bench = ready()
    bench.plugs("one")
    bench.taps(CARL)
    bench.wallbox(plug="one")
    bench.wallbox(plug=None)
    bench.wallbox(plug="one")
    assert bench.runs == "local"


def test_when_a_vehicle_was_plugged_is_remembered() -> None:
    bench = ready()
    bench.passes(7)
    bench.plugs()
    at = bench.state.hardware.plugged_at
    assert at == bench.now
    bench.passes(7)
    bench.plugs()
    assert bench.state.hardware.plugged_at == at


def test_what_the_broker_had_stored_is_not_live() -> None:
    bench = Bench()
    bench.plugs("one", live=False)
    assert (bench.state.hardware.live, bench.state.hardware.plug_live) == (False, False)
    bench.wallbox(charging=True)
    assert not bench.state.hardware.live, "a word about something else says nothing of the plug"
    bench.plugs("one")
    assert (bench.state.hardware.live, bench.state.hardware.plug_live) == (True, True)
    bench.loses_the_broker()
    assert (bench.state.hardware.live, bench.state.hardware.plug_live) == (False, False)


# --- faults and silence ---------------------------------------------------------------------------------------------------------


def test_a_fault_is_an_alert_until_it_is_gone() -> None:
    bench = charging()
    bench.wallbox(fault="GroundFailure")
    assert bench.state.alerts["hardware_fault"].text == "the wallbox reports GroundFailure"
    assert not bench.enabled
    bench.wallbox(cp_state="E")
    bench.wallbox(fault="HighTemperature")
    assert "HighTemperature" in bench.state.alerts["hardware_fault"].text
    bench.wallbox(fault=None)
    assert bench.state.alerts["hardware_fault"].text == "the wallbox reports OtherError"
    bench.wallbox(cp_state=None)
    assert not bench.alerts
    assert bench.enabled
    assert bench.runs == "backend"


def test_an_offline_wallbox_is_an_alert_after_half_a_minute() -> None:
    bench = plugged()
    bench.wallbox(online=False)
    bench.passes(29)
    assert not bench.alerts
    bench.wallbox(online=False)
    bench.passes(1)
    assert bench.alerts == {"hardware_offline"}
    assert bench.reported == "Unavailable"
    bench.wallbox(online=True)
    assert not bench.alerts
    assert bench.reported == "Preparing"


def test_an_offline_wallbox_keeps_its_session() -> None:
    bench = charging()
    bench.wallbox(online=False)
    bench.passes(45)
    assert bench.alerts == {"hardware_offline"}
    assert bench.runs == "backend"
    assert bench.commanded.enabled
