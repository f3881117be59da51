"""Block N, events: what is told of what is watched, and when."""

import math
from dataclasses import replace
from typing import Any

import pytest

from bridge.core.settings import Settings
from bridge.core.state import Hardware, Transaction
from bridge.core.values import ChargingState, Instant, SessionId
from bridge.ocpp.dialect import Context
from bridge.ocpp.v201.inventory import lookup
from bridge.ocpp.v201.monitors import NOTE, Base, Kind, Monitor, Monitors
from bridge.ocpp.v201.watch import EventWatch, has_changed, is_crossed
from tests.ocpp.v201.desk import said
from tests.ocpp.worlds import NOW, asked

POWER = ("evse", None, 1, None, "power", None)
STATE = ("evse", None, 1, None, "availabilitystate", None)
THRESHOLD = ("ocppcommctrlr", None, None, None, "offlinethreshold", None)
GONE = ("nobody", None, None, None, "power", None)


def monitor(kind: Kind, value: float = 1, *, key: Any = POWER, severity: int = 5, **fields: Any) -> Monitor:  # noqa: ANN401
    return Monitor(id=101, key=key, kind=kind, value=value, severity=severity, **fields)


class Scene:
    """A charge point with monitors, whose world moves."""

    def __init__(self, *active: Monitor, level: int = 9, second_s: float = 1.0) -> None:
        self.watch = EventWatch(second_s)
        self.context: Context = asked()
        self.changes(kept=replace(self.context.state.kept, transaction=None))
        self.watches(*active, level=level)
        self.online = True

    def watches(self, *active: Monitor, level: int = 9) -> None:
        notes = {NOTE: Monitors(base=Base.ALL, level=level, active=active).noted()}
        self.changes(kept=replace(self.context.state.kept, notes=notes))

    def changes(self, **fields: Any) -> None:  # noqa: ANN401 - of State
        self.context = replace(self.context, state=replace(self.context.state, **fields))

    def power(self, watts: float | None) -> None:
        self.changes(meter=replace(self.context.state.meter, power_w=watts))

    def passes(self, seconds: float) -> None:
        at = self.context.stamp["at"]
        later = Instant(mono_s=at.mono_s + seconds, utc_ms=at.utc_ms + round(seconds * 1000))
        self.context = replace(self.context, stamp={**self.context.stamp, "at": later})

    def tells(self) -> list[tuple[Any, ...]]:
        """Trigger, value, and whether it is over, of each event."""
        return [(event["trigger"], event["actualValue"], event.get("cleared", False)) for event in self.events()]

    def events(self) -> list[dict[str, Any]]:
        outgoings = self.watch.look(self.context, online=self.online)
        assert len(outgoings) <= 1
        payloads = [said(outgoing) for outgoing in outgoings]
        return [event for payload in payloads for event in payload["eventData"]]


def test_a_threshold_is_told_when_it_is_crossed_and_when_it_no_longer_is() -> None:
    scene = Scene(monitor(Kind.UPPER, 5000))
    scene.power(4000.0)
    assert scene.tells() == []
    scene.power(7000.0)
    assert scene.tells() == [("Alerting", "7000", False)]
    assert scene.tells() == [], "once"
    scene.power(7100.0)
    assert scene.tells() == []
    scene.power(5000.0)
    assert scene.tells() == [("Alerting", "5000", True)]


def test_a_lower_threshold_is_crossed_from_above() -> None:
    scene = Scene(monitor(Kind.LOWER, 1000))
    scene.power(1000.0)
    assert scene.tells() == []
    scene.power(999.0)
    assert scene.tells() == [("Alerting", "999", False)]


def test_a_threshold_that_is_crossed_already_is_told_at_once() -> None:
    scene = Scene(monitor(Kind.UPPER, 5000))
    scene.power(7000.0)
    assert scene.tells() == [("Alerting", "7000", False)]


def test_a_replaced_threshold_begins_anew() -> None:
    scene = Scene(monitor(Kind.UPPER, 5000))
    scene.power(7000.0)
    assert len(scene.tells()) == 1
    scene.watches(monitor(Kind.UPPER, 6000))
    assert scene.tells() == [("Alerting", "7000", False)]


def test_what_is_not_known_crosses_nothing() -> None:
    scene = Scene(monitor(Kind.UPPER, 5000))
    scene.power(None)
    assert scene.tells() == []


@pytest.mark.parametrize("kind", [Kind.UPPER, Kind.LOWER])
def test_no_number_is_beyond_no_threshold(kind: Kind) -> None:
    assert not is_crossed(monitor(kind, 0), "")


@pytest.mark.parametrize("before, after, told", [("", "5", True), ("5", "", True), ("", "", False)])
def test_a_number_that_becomes_known_has_changed(before: str, after: str, told: bool) -> None:
    power = lookup(POWER, asked().state)
    assert power is not None
    assert has_changed(monitor(Kind.DELTA, 1000), power, before, after) is told


def test_a_number_is_told_when_it_has_moved_far_enough() -> None:
    """Counted from what was told last, not step by step."""
    scene = Scene(monitor(Kind.DELTA, 500))
    for watts, told in [(1000.0, 0), (1499.0, 0), (1500.0, 1), (1700.0, 0), (1999.0, 0), (1000.0, 1), (1000.0, 0)]:
        scene.power(watts)
        assert len(scene.tells()) == told, watts


def test_of_a_word_every_change_is_told() -> None:
    scene = Scene(monitor(Kind.DELTA, key=STATE))
    scene.changes(hardware=Hardware(plugged=False, live=True))
    assert scene.tells() == []
    scene.changes(hardware=Hardware(plugged=True, live=True), kept=replace(scene.context.state.kept, plugged=True))
    assert scene.tells() == [("Delta", "Occupied", False)]
    assert scene.tells() == []


def test_a_setting_is_watched_as_well() -> None:
    scene = Scene(monitor(Kind.DELTA, 2, key=THRESHOLD))
    for seconds, told in [(300, 0), (301, 0), (303, 1)]:
        scene.changes(settings=replace(scene.context.state.settings, offline_threshold_s=seconds))
        assert len(scene.tells()) == told


@pytest.mark.parametrize("second_s", [1.0, 0.01])
def test_a_period_is_told_by_the_clock(second_s: float) -> None:
    """Whatever the value does; one that was missed is not made up for."""
    scene = Scene(monitor(Kind.PERIODIC, 60, key=STATE), second_s=second_s)
    assert scene.tells() == []
    assert scene.watch.due_s == pytest.approx(NOW.mono_s + 60 * second_s)
    scene.passes(59 * second_s)
    assert scene.tells() == []
    scene.passes(1.5 * second_s)
    assert [trigger for trigger, *_ in scene.tells()] == ["Periodic"]
    assert scene.watch.due_s == pytest.approx(NOW.mono_s + 120 * second_s), "no drift"
    scene.passes(600 * second_s)
    assert len(scene.tells()) == 1
    assert scene.tells() == []


def test_a_period_may_lie_on_the_clock_s_grid() -> None:
    scene = Scene(monitor(Kind.CLOCK, 900, key=STATE))
    assert scene.tells() == []
    due_ms = NOW.utc_ms + round((scene.watch.due_s - NOW.mono_s) * 1000)
    assert due_ms % 900_000 == 0
    scene.passes(scene.watch.due_s - NOW.mono_s)
    assert len(scene.tells()) == 1
    assert scene.tells() == []


def test_nothing_is_due_where_nothing_goes_by_the_clock() -> None:
    scene = Scene(monitor(Kind.DELTA))
    assert scene.tells() == []
    assert scene.watch.due_s == math.inf


def test_what_is_cleared_is_forgotten() -> None:
    scene = Scene(monitor(Kind.PERIODIC, 60, key=STATE))
    assert scene.tells() == []
    scene.watches()
    assert scene.tells() == []
    assert scene.watch.due_s == math.inf


def test_what_this_charge_point_does_not_have_is_not_watched() -> None:
    """A monitor outlives the configuration it was set under."""
    scene = Scene(monitor(Kind.PERIODIC, 1, key=GONE))
    scene.passes(5)
    assert scene.tells() == []


@pytest.mark.parametrize("severity, told", [(5, 1), (6, 0)])
def test_what_is_not_severe_enough_is_not_told(severity: int, told: int) -> None:
    scene = Scene(monitor(Kind.UPPER, 5000, severity=severity), level=5)
    scene.power(7000.0)
    assert len(scene.tells()) == told


@pytest.mark.parametrize("severity, told", [(3, 1), (4, 0)])
def test_what_is_severe_enough_waits_for_the_central_system(severity: int, told: int) -> None:
    """The rest is not told afterwards either."""
    scene = Scene(monitor(Kind.UPPER, 5000, severity=severity))
    scene.changes(settings=Settings(offline_severity=3))
    scene.online = False
    scene.power(7000.0)
    assert len(scene.tells()) == told
    scene.online = True
    assert scene.tells() == []


def test_periods_do_not_pile_up_while_nobody_listens() -> None:
    scene = Scene(monitor(Kind.PERIODIC, 1, key=STATE, severity=0))
    assert scene.tells() == []
    scene.online = False
    scene.passes(2)
    assert scene.tells() == []
    assert scene.watch.due_s > scene.context.stamp["at"].mono_s


def test_a_monitor_may_be_for_transactions_only() -> None:
    scene = Scene(monitor(Kind.UPPER, 5000, transaction=True))
    scene.power(7000.0)
    assert scene.tells() == []
    running = Transaction(id=SessionId("tx-1"), sequence=1, charging=ChargingState.CHARGING)
    scene.changes(kept=replace(scene.context.state.kept, transaction=running))
    [event] = scene.events()
    assert (event["transactionId"], event["eventNotificationType"]) == ("tx-1", "CustomMonitor")


def test_no_event_has_another_s_number() -> None:
    scene = Scene(monitor(Kind.UPPER, 5000), replace(monitor(Kind.DELTA, 10, custom=False), id=102))
    scene.power(1000.0)
    assert scene.events() == []
    scene.power(7000.0)
    first, second = scene.events()
    assert first["eventId"] != second["eventId"]
    assert [first["variableMonitoringId"], second["variableMonitoringId"]] == [101, 102]
    assert second["eventNotificationType"] == "PreconfiguredMonitor"


def test_no_event_has_the_number_of_one_before_a_restart() -> None:
    """They may be told in one second, and the process is up again in the next."""
    scene = Scene(monitor(Kind.DELTA, 10))
    numbers: list[int] = []
    for watts in (0.0, 1000.0, 2000.0, 3000.0):
        scene.power(watts)
        numbers += [event["eventId"] for event in scene.events()]
    scene.passes(5)
    scene.watch = EventWatch(1.0)
    for watts in (0.0, 1000.0):
        scene.power(watts)
        numbers += [event["eventId"] for event in scene.events()]
    assert len(numbers) == 4
    assert numbers == sorted(set(numbers))
    assert numbers[-1] < 2**31


def test_a_clock_that_has_not_been_set_counts_from_one() -> None:
    scene = Scene(monitor(Kind.DELTA, 10))
    scene.passes(-scene.context.stamp["at"].utc_ms / 1000)
    scene.power(0.0)
    assert scene.events() == []
    scene.power(1000.0)
    [event] = scene.events()
    assert event["eventId"] == 1
