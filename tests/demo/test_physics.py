"""Simulated wallboxes obey the laws of nature, and of IEC 61851."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.demo.physics import Outlet, after, command, plug, unplug

CHARGING = Outlet(register_wh=1000.0, plugged=True, wants_a=28.0, enabled=True, limit_a=32.0)


@pytest.mark.parametrize(
    "outlet, current_a",
    [
        pytest.param(CHARGING, 28.0, id="the vehicle takes what it wants"),
        pytest.param(command(CHARGING, limit_a=16.0), 16.0, id="the limit holds"),
        pytest.param(command(CHARGING, limit_a=99.0), 28.0, id="a limit beyond the hardware changes nothing"),
        pytest.param(plug(command(CHARGING, limit_a=99.0), wants_a=99.0), 32.0, id="the hardware is a limit too"),
        pytest.param(command(CHARGING, limit_a=6.0), 6.0, id="the least there is"),
        pytest.param(command(CHARGING, limit_a=5.9), 0.0, id="less than 6 A is a pause"),
        pytest.param(command(CHARGING, enabled=False), 0.0, id="switched off"),
        pytest.param(unplug(CHARGING), 0.0, id="nobody plugged"),
        pytest.param(plug(CHARGING, wants_a=0.0), 0.0, id="a full battery"),
    ],
)
def test_current_is_the_least_of_all_limits(outlet: Outlet, current_a: float) -> None:
    assert outlet.current_a == current_a
    assert outlet.charging == (current_a > 0)
    assert outlet.power_w == current_a * 3 * 230


def test_power_times_time_is_energy() -> None:
    """19.3 kW for an hour are 19.3 kWh."""
    assert after(CHARGING, 3600.0).register_wh == pytest.approx(1000.0 + 28 * 3 * 230)


@given(st.lists(st.floats(min_value=0, max_value=10), max_size=50))
def test_looking_often_changes_nothing(steps: list[float]) -> None:
    """A meter counts the same whether it is read once or a thousand times, and never backwards."""
    outlet = CHARGING
    for seconds in steps:
        later = after(outlet, seconds)
        assert later.register_wh >= outlet.register_wh
        outlet = later
    assert outlet.register_wh == pytest.approx(after(CHARGING, math.fsum(steps)).register_wh)


def test_the_display_rounds_down() -> None:
    assert Outlet(register_wh=41.999).shown_wh == 41


def test_each_vehicle_has_its_own_plug_in() -> None:
    """That is how the bridge tells after a restart whether it is still the same one."""
    once = plug(Outlet(), wants_a=16.0)
    assert plug(unplug(once), wants_a=16.0).plugs == once.plugs + 1


def test_commands_survive_the_vehicle() -> None:
    """A wallbox keeps what it was told until it is told otherwise."""
    left = unplug(CHARGING)
    assert (left.enabled, left.limit_a) == (True, 32.0)
