"""Block N, events: what is watched, compared after every step with what was told last (OCPP 2.0.1 N07, N08). Pure.

A monitor that is new or changed begins with the value it finds: of a change nothing is told then, a crossed threshold is.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from bridge.ocpp.dialect import Context, JsonObject, Outgoing
from bridge.ocpp.times import as_iso
from bridge.ocpp.v201.inventory import lookup
from bridge.ocpp.v201.monitors import Kind, Monitor, monitors_of
from bridge.ocpp.v201.variable import Variable

DAY_MS = 86_400_000
VALUE_MAX = 2500
"""actualValue of EventDataType."""
COUNTED_FROM_S = 1_577_836_800
"""2020-01-01: seconds since then fit an integer of OCPP until 2088."""
_TRIGGERS = {Kind.UPPER: "Alerting", Kind.LOWER: "Alerting", Kind.DELTA: "Delta", Kind.PERIODIC: "Periodic", Kind.CLOCK: "Periodic"}


@dataclass(slots=True)
class _Memory:
    """Of one monitor."""

    monitor: Monitor
    value: str
    """As told last, or found first."""
    alerting: bool = False
    due_s: float = math.inf


class EventWatch:
    """One charge point's watch (`bridge.ocpp.dialect.Watch`)."""

    __slots__ = ("_memories", "_number", "_second_s")

    def __init__(self, second_s: float) -> None:
        """`second_s` is how long a second of a period lasts; not 1 only in tests."""
        self._second_s = second_s
        self._memories: dict[int, _Memory] = {}
        self._number = 0

    @property
    def due_s(self) -> float:
        """When the next period is over (mono); infinity: nothing is told by the clock."""
        return min((memory.due_s for memory in self._memories.values()), default=math.inf)

    def look(self, context: Context, *, online: bool) -> tuple[Outgoing, ...]:
        """What there is to tell; while the central system is away, what is severe enough to wait for it."""
        monitors = monitors_of(context.state)
        most = monitors.level if online else min(monitors.level, context.state.settings.offline_severity)
        present = {monitor.id for monitor in monitors.active}
        for id_ in self._memories.keys() - present:
            del self._memories[id_]
        told = [
            event for monitor in monitors.active for event in self._look_at(monitor, context, online=online) if monitor.severity <= most
        ]
        if not told:
            return ()
        now = as_iso(context.stamp["at"].utc_ms)
        return (Outgoing("NotifyEvent", {"generatedAt": now, "seqNo": 0, "eventData": told}),)

    def _look_at(self, monitor: Monitor, context: Context, *, online: bool) -> Iterator[JsonObject]:
        variable = lookup(monitor.key, context.state)
        if variable is None or (monitor.transaction and context.state.kept.transaction is None):
            self._memories.pop(monitor.id, None)
            return
        value = variable.text(context)
        memory = self._memories.get(monitor.id)
        if memory is None or memory.monitor != monitor:
            memory = self._memories[monitor.id] = _Memory(monitor, value)
            memory.due_s = self._due_s(monitor, context)
        match monitor.kind:
            case Kind.UPPER | Kind.LOWER:
                crossed = is_crossed(monitor, value)
                if crossed is not memory.alerting:
                    memory.alerting = crossed
                    yield self._event(memory, variable, value, context) | ({} if crossed else {"cleared": True})
            case Kind.DELTA:
                if has_changed(monitor, variable, memory.value, value):
                    memory.value = value
                    yield self._event(memory, variable, value, context)
            case Kind.PERIODIC | Kind.CLOCK:
                if context.stamp["at"].mono_s >= memory.due_s:
                    memory.due_s = self._due_s(monitor, context, since_s=memory.due_s)
                    if online:
                        yield self._event(memory, variable, value, context)
            case _:
                assert_never(monitor.kind)

    def _due_s(self, monitor: Monitor, context: Context, *, since_s: float | None = None) -> float:
        """When its next period is over. One that was missed is not made up for."""
        at, period_s = context.stamp["at"], monitor.value * self._second_s
        match monitor.kind:
            case Kind.PERIODIC:
                next_s = (at.mono_s if since_s is None else since_s) + period_s
                return next_s if next_s > at.mono_s else at.mono_s + period_s
            case Kind.CLOCK:
                # on the grid that begins at midnight, in whole milliseconds
                period_ms = max(1, round(period_s * 1000))
                return at.mono_s + (period_ms - at.utc_ms % DAY_MS % period_ms) / 1000
            case _:
                return math.inf

    def _next_number(self, utc_ms: int) -> int:
        """One higher, and at least the seconds by now, so that no life of the process repeats those of the one before."""
        self._number = max(self._number + 1, utc_ms // 1000 - COUNTED_FROM_S)
        return self._number

    def _event(self, memory: _Memory, variable: Variable, value: str, context: Context) -> JsonObject:
        """An EventDataType."""
        monitor, transaction = memory.monitor, context.state.kept.transaction
        told: JsonObject = {
            "eventId": self._next_number(context.stamp["at"].utc_ms),
            "timestamp": as_iso(context.stamp["at"].utc_ms),
            "trigger": _TRIGGERS[monitor.kind],
            "actualValue": value[:VALUE_MAX],
            "variableMonitoringId": monitor.id,
            "eventNotificationType": "CustomMonitor" if monitor.custom else "PreconfiguredMonitor",
            **variable.named,
        }
        return told if transaction is None else told | {"transactionId": transaction.id}


def _number_of(text: str) -> float:
    """A number; not a number where the value is not known."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def is_crossed(monitor: Monitor, value: str) -> bool:
    """Whether a value lies beyond a threshold."""
    number = _number_of(value)
    return number > monitor.value if monitor.kind is Kind.UPPER else number < monitor.value


def has_changed(monitor: Monitor, variable: Variable, before: str, value: str) -> bool:
    """By the monitor's number or more; of a word any change counts (N04.FR.18)."""
    if before == value:
        return False
    if not variable.numeric:
        return True
    change = abs(_number_of(value) - _number_of(before))
    # a number that was not known, or no longer is, is another one
    return math.isnan(change) or change >= monitor.value
