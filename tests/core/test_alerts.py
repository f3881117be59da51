"""How alerts come and go."""

import pytest

from bridge.core.alerts import PASSING_S, AlertId, cleared, due_s, expired, raised
from bridge.core.events import AlertCleared
from tests.core.world import Bench, charging, ready


def test_an_alert_is_told_once_and_stays_until_it_is_solved() -> None:
    state = raised(ready().state, AlertId.HARDWARE_FAULT, "broken")
    assert raised(state, AlertId.HARDWARE_FAULT, "broken") is state
    assert raised(state, AlertId.HARDWARE_FAULT, "worse") is not state
    assert due_s(state) is None
    assert expired(state) is state
    gone = cleared(state, AlertId.HARDWARE_FAULT)
    assert not gone.alerts
    assert cleared(gone, AlertId.HARDWARE_FAULT) is gone


def test_an_alert_about_a_bad_moment_passes_by_itself() -> None:
    bench = ready()
    state = raised(bench.state, AlertId.METER_JUMP, "jumped", for_s=PASSING_S)
    state = raised(state, AlertId.HARDWARE_FAULT, "broken")
    assert due_s(state) == bench.now_s + PASSING_S
    bench.state = state
    bench.passes(PASSING_S)
    assert bench.alerts == {"hardware_fault"}


@pytest.mark.parametrize(
    "alert, left", [("hardware_fault", {"meter_rollback"}), ("of another place", {"hardware_fault", "meter_rollback"})]
)
def test_the_operator_puts_an_alert_away(alert: str, left: set[str]) -> None:
    bench = charging()
    bench.wallbox(fault="GroundFailure")
    bench.meters(10)
    bench.happens(AlertCleared, alert=alert)
    assert bench.alerts == left


def test_what_is_still_so_comes_back() -> None:
    """A wallbox that is still offline is told of again."""
    bench = Bench()
    bench.wallbox(online=False)
    bench.passes(30)
    bench.happens(AlertCleared, alert="hardware_offline")
    bench.passes(1)
    assert bench.alerts == {"hardware_offline"}
