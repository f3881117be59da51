"""What the words of wallbox and meter mean. Unknown is None, and None decides nothing."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.hardware import fault_code, is_charging, is_faulted, is_fresh, is_offline, is_plugged
from bridge.core.state import Hardware, Meter
from tests.core.world import Bench, ready


@pytest.mark.parametrize(
    "told, plugged",
    [
        ({}, None),
        ({"plugged": True}, True),
        ({"plugged": False}, False),
        ({"cp_state": "A"}, False),
        ({"cp_state": "B"}, True),
        ({"cp_state": "C"}, True),
        ({"cp_state": "D"}, True),
        pytest.param({"cp_state": "A", "plugged": True}, False, id="cp_state wins"),
        pytest.param({"cp_state": "B", "plugged": False}, True, id="cp_state wins both ways"),
        pytest.param({"cp_state": "E", "plugged": True}, True, id="a fault tells nothing of the plug"),
        pytest.param({"cp_state": "F"}, None, id="a fault alone leaves it unknown"),
    ],
)
def test_plugged(told: dict[str, Any], plugged: bool | None) -> None:
    assert is_plugged(Hardware(**told)) is plugged


@pytest.mark.parametrize(
    "told, power_w, charging",
    [
        ({}, None, None),
        ({"charging": True}, 0.0, True),
        ({"charging": False}, 7000.0, False),
        ({"cp_state": "C", "charging": False}, None, True),
        ({"cp_state": "D"}, None, True),
        ({"cp_state": "B", "charging": True}, 7000.0, False),
        ({"cp_state": "F", "charging": True}, None, True),
        ({}, 99.0, False),
        ({}, 100.0, True),
    ],
)
def test_charging_by_the_wallboxs_word_else_by_the_meters(told: dict[str, Any], power_w: float | None, charging: bool | None) -> None:
    state = replace(Bench().state, hardware=Hardware(**told), meter=Meter(power_w=power_w))
    assert is_charging(state) is charging


@pytest.mark.parametrize(
    "told, code",
    [
        ({}, "NoError"),
        ({"fault": "GroundFailure"}, "GroundFailure"),
        ({"cp_state": "E"}, "OtherError"),
        ({"cp_state": "F"}, "OtherError"),
        ({"cp_state": "C"}, "NoError"),
        ({"cp_state": "F", "fault": "HighTemperature"}, "HighTemperature"),
    ],
)
def test_faults(told: dict[str, Any], code: str) -> None:
    assert fault_code(Hardware(**told)) == code
    assert is_faulted(Hardware(**told)) is (code != "NoError")


def test_short_silences_of_the_wallbox_are_wifi() -> None:
    bench = ready()
    assert not is_offline(bench.state)
    bench.wallbox(online=False)
    bench.passes(29.9)
    assert not is_offline(bench.state)
    bench.wallbox(online=False)
    bench.passes(0.1)
    assert is_offline(bench.state)
    bench.wallbox(online=True)
    assert not is_offline(bench.state)


def _never(bench: Bench) -> None:
    del bench


def _stored(bench: Bench) -> None:
    bench.meters(1000, live=False)


def _live(bench: Bench) -> None:
    bench.meters(1000)


def _aged(bench: Bench, seconds: float, **told: Any) -> None:  # noqa: ANN401
    bench.meters(1000, **told)
    bench.passes(seconds)


def _aged_while_charging(bench: Bench) -> None:
    _aged(bench, 7200, power_w=0.0)
    bench.wallbox(charging=True)


def _gone(bench: Bench) -> None:
    _live(bench)
    bench.meters(None)


def _cut_off(bench: Bench) -> None:
    _live(bench)
    bench.loses_the_broker()


@pytest.mark.parametrize(
    "happens, fresh",
    [
        pytest.param(_never, False, id="never heard"),
        pytest.param(_stored, False, id="stored by the broker"),
        pytest.param(_live, True, id="just heard"),
        pytest.param(lambda bench: _aged(bench, 119.9), True, id="two minutes"),
        pytest.param(lambda bench: _aged(bench, 120), False, id="longer"),
        pytest.param(lambda bench: _aged(bench, 7200, power_w=0.0), True, id="longer, the last word was that nothing flows"),
        pytest.param(lambda bench: _aged(bench, 7200, power_w=20.0), False, id="longer, something flows"),
        pytest.param(_aged_while_charging, False, id="the wallbox knows better"),
        pytest.param(_gone, False, id="unknown from now on"),
        pytest.param(_cut_off, False, id="broker lost"),
    ],
)
def test_fresh(happens: Any, fresh: bool) -> None:  # noqa: ANN401
    bench = Bench()
    happens(bench)
    assert is_fresh(bench.state) is fresh
