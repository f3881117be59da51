"""What the meter shows, as records and the disk want it. A reading that is no longer fresh carries its own time."""

from dataclasses import replace

from bridge.core.draft import Draft
from bridge.core.energy import command, is_running
from bridge.core.hardware import is_fresh
from bridge.core.state import State
from bridge.core.values import Reading, ReadingContext

KEEP_S = 60.0
"""While energy flows the register is made durable at least this often (B8)."""
LATE_MS = 5000
"""A reading this late still counts as taken when it was due: the loop was busy. Later, the host slept or its clock was set."""


def _phases(values: tuple[float | None, ...]) -> tuple[float, ...] | None:
    known = tuple(value for value in values if value is not None)
    return known if values and len(known) == len(values) else None


def reading(state: State, context: ReadingContext, *, utc_ms: int | None = None) -> Reading | None:
    """What the meter shows, as of now or of the time given; None while it has never told a register.

    Of a register that is no longer fresh nothing is told of power, current or voltage.
    """
    meter = state.meter
    if meter.register_wh is None or meter.register_at is None:
        return None
    if not is_fresh(state):
        heard_ms = meter.register_at.utc_ms
        # A meter's own clock may be wrong, and it can't have read what it told before it told it.
        own_ms = heard_ms if meter.taken_ms is None else min(meter.taken_ms, heard_ms)
        return Reading(utc_ms=own_ms, register_wh=meter.register_wh, context=context)
    desired = command(state)
    return Reading(
        utc_ms=state.now.utc_ms if utc_ms is None else utc_ms,
        register_wh=meter.register_wh,
        power_w=meter.power_w,
        current_a=_phases(meter.current_a),
        voltage_v=_phases(meter.voltage_v),
        soc_percent=meter.soc_percent,
        offered_a=desired.limit_a if desired.enabled else 0.0,
        context=context,
        signed=meter.signed,
    )


def take_reading(draft: Draft, context: ReadingContext, *, utc_ms: int | None = None) -> Reading | None:
    """The reading for a record. A signed value belongs to one reading of the meter and goes into one record."""
    taken = reading(draft.state, context, utc_ms=utc_ms)
    if taken is not None and taken.signed is not None:
        draft.state = replace(draft.state, meter=replace(draft.state.meter, signed=None))
    return taken


def keep_register(draft: Draft) -> None:
    """Make the present register durable, in the running session as well (B8).

    Not between a restart and the word of the wallbox: the session of the life before ends with what that life had kept.
    """
    now = reading(draft.state, ReadingContext.PERIODIC)
    draft.state = replace(draft.state, kept_s=draft.now_s)
    if now is None or draft.state.recovery is not None:
        return
    kept, session = draft.kept, draft.session
    if is_running(session):
        last = replace(now, signed=None, utc_ms=max(now.utc_ms, session.last.utc_ms))
        session = replace(session, last=last)
    draft.kept = replace(kept, session=session, register_wh=now.register_wh, register_ms=now.utc_ms)


def keep_due_s(state: State) -> float | None:
    """When the register is to be made durable."""
    if not is_running(state.kept.session) or state.recovery is not None:
        return None
    return None if state.meter.register_wh == state.kept.register_wh else state.kept_s + KEEP_S
