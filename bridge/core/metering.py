"""What the meter says, and whether to believe it: registers that run back, that jump, that stop speaking."""

from dataclasses import replace

from bridge.core.accounting import account, is_settled, settle_gap
from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.draft import Draft
from bridge.core.energy import is_running
from bridge.core.events import MeterReported, Unset
from bridge.core.hardware import BATTERY_MAX_WH
from bridge.core.readings import KEEP_S, keep_register
from bridge.core.recovery import resolve_recovery
from bridge.core.sessions import ending_settles, finish, finish_now, go_on, try_start
from bridge.core.state import BackendSession, Meter, State
from bridge.core.values import StopReason

JUMP_FACTOR = 1.2
"""A register can't rise faster than this times the hardware's power (design.md §2 "Meter")."""
JUMP_ROOM_WH = 100
"""Meters round, and clocks of meters and hosts differ by seconds: a smaller step is never a jump."""
CONFIRMATIONS = 3
"""Readings that must agree before a jump is believed."""
SECONDS_PER_HOUR = 3600


def meter_reported(draft: Draft, event: MeterReported) -> None:
    """Merge what was told, then believe, doubt or mourn the register."""
    meter = _merged(draft.state.meter, event)
    draft.state = replace(draft.state, meter=meter)
    if event.register_wh is None:
        # Unknown from now on; what it was last stays the last known one.
        draft.state = replace(draft.state, meter=replace(meter, live=False, signed=None, doubted=()))
    elif not isinstance(event.register_wh, Unset):
        _register_told(draft, event, int(event.register_wh // 1))


def _merged(meter: Meter, event: MeterReported) -> Meter:
    if not isinstance(event.power_w, Unset):
        meter = replace(meter, power_w=event.power_w)
    if not isinstance(event.current_a, Unset):
        meter = replace(meter, current_a=event.current_a or ())
    if not isinstance(event.voltage_v, Unset):
        meter = replace(meter, voltage_v=event.voltage_v or ())
    if not isinstance(event.phase_current_a, Unset):
        meter = replace(meter, current_a=_with_phase(meter.current_a, *event.phase_current_a))
    if not isinstance(event.phase_voltage_v, Unset):
        meter = replace(meter, voltage_v=_with_phase(meter.voltage_v, *event.phase_voltage_v))
    if not isinstance(event.soc_percent, Unset):
        meter = replace(meter, soc_percent=event.soc_percent)
    return meter


def _with_phase(values: tuple[float | None, ...], index: int, value: float | None) -> tuple[float | None, ...]:
    """With one phase told; phases nobody has told of yet are unknown."""
    filled = values + (None,) * (index + 1 - len(values))
    return (*filled[:index], value, *filled[index + 1 :])


def _register_told(draft: Draft, event: MeterReported, register_wh: int) -> None:
    meter = draft.state.meter
    if meter.register_wh is None:
        _believe(draft, event, register_wh)
    elif not event.live and (register_wh <= meter.register_wh or _jumps(draft.state, register_wh - meter.register_wh)):
        pass  # the broker's old copy of what has been heard since, or of what nobody believed
    elif register_wh < meter.register_wh:
        _ran_back(draft, event, register_wh)
    elif _jumps(draft.state, register_wh - meter.register_wh):
        _doubt(draft, event, register_wh)
    else:
        draft.clear(AlertId.METER_JUMP)
        _believe(draft, event, register_wh)


def _possible_wh(state: State, since_s: float | None = None) -> float:
    """What the hardware can have drawn since then, or since the register was last heard."""
    at = state.meter.register_at
    heard_s = state.now.mono_s if at is None else at.mono_s
    return _drawn_wh(state, state.now.mono_s - (heard_s if since_s is None else since_s))


def _drawn_wh(state: State, elapsed_s: float) -> float:
    return JUMP_FACTOR * state.rules.max_power_w * elapsed_s / SECONDS_PER_HOUR + JUMP_ROOM_WH


def _jumps(state: State, rise_wh: int) -> bool:
    if state.meter.live:
        return rise_wh > _possible_wh(state)
    # Without a live value before, only the clock on the wall tells how long it took to get here, and that may be wrong.
    at = state.meter.register_at
    assert at is not None, "a register was heard at some time"
    away_s = (state.now.utc_ms - at.utc_ms) / 1000
    return rise_wh > max(BATTERY_MAX_WH, _drawn_wh(state, away_s))


def _doubt(draft: Draft, event: MeterReported, register_wh: int) -> None:
    """Hold a jump until enough readings in a row agree with each other."""
    meter = draft.state.meter
    doubted = (*meter.doubted, register_wh)[-CONFIRMATIONS:]
    spread_wh = doubted[-1] - doubted[0]
    if len(doubted) == CONFIRMATIONS and list(doubted) == sorted(doubted) and spread_wh <= _possible_wh(draft.state):
        _confirmed(draft, event, register_wh)
        return
    draft.state = replace(draft.state, meter=replace(meter, doubted=doubted))
    rise_wh = register_wh - (meter.register_wh or 0)
    text = f"the meter jumped by {rise_wh} Wh, more than the hardware can draw; waiting for {CONFIRMATIONS} readings that agree"
    draft.alert(AlertId.METER_JUMP, text, for_s=PASSING_S)


def _confirmed(draft: Draft, event: MeterReported, register_wh: int) -> None:
    """Enough readings agree. What no vehicle can have drawn is nobody's, and a gap in the history."""
    before_wh, former = draft.state.meter.register_wh or 0, draft.state.meter.former
    if former is not None and _is_back(draft.state, former, register_wh):
        alert, text = AlertId.METER_ROLLBACK, f"the meter's register is back at {register_wh} Wh after it had run back: look at the meter."
        before_wh = former[0]
    elif register_wh - before_wh > BATTERY_MAX_WH:
        alert, text = AlertId.METER_JUMP, f"the meter rose by {register_wh - before_wh} Wh at once: was it replaced, or its unit changed?"
    else:
        _believe(draft, event, register_wh)
        return
    draft.alert(alert, f"{text} Nobody is billed for that; a running session was split there", for_s=PASSING_S)
    _rebase(draft, event, register_wh, accounted_wh=before_wh)
    draft.state = replace(draft.state, meter=replace(draft.state.meter, former=None))


def _is_back(state: State, former: tuple[int, float], register_wh: int) -> bool:
    """Whether this is the register from before it ran back, as far as it can have got since.

    A meter that restarts tells 0 for a moment, and one whose unit was changed tells a thousandth until that is mended.
    """
    former_wh, heard_s = former
    return former_wh <= register_wh <= former_wh + _possible_wh(state, heard_s)


def _believe(draft: Draft, event: MeterReported, register_wh: int) -> None:
    meter = draft.state.meter
    rises = meter.register_wh is None or register_wh > meter.register_wh
    meter = replace(
        meter,
        register_wh=register_wh,
        register_at=draft.state.now,
        rose_at_s=draft.now_s if rises else meter.rose_at_s,
        taken_ms=event.taken_ms,
        live=event.live or meter.live,
        # A signature belongs to its reading and to no later one.
        signed=None if isinstance(event.signed, Unset) else event.signed,
        doubted=(),
    )
    draft.state = replace(draft.state, meter=meter)
    if event.live:
        _live_register(draft, register_wh)


def _live_register(draft: Draft, register_wh: int) -> None:
    draft.clear(AlertId.METER_SILENT)
    if draft.kept.accounted_wh is None:
        draft.kept = replace(draft.kept, accounted_wh=register_wh, accounted_ms=draft.now_ms)
    if draft.state.recovery is not None:
        resolve_recovery(draft)
    if ending_settles(draft.state):
        finish(draft)
    try_start(draft)
    kept_wh = draft.kept.register_wh
    if kept_wh is None or (register_wh > kept_wh and draft.now_s >= draft.state.kept_s + KEEP_S):
        keep_register(draft)


def _ran_back(draft: Draft, event: MeterReported, register_wh: int) -> None:
    """Stop at the last good value, begin anew from the new baseline (design.md §2 "Meter")."""
    draft.alert(
        AlertId.METER_ROLLBACK,
        f"the meter's register ran back to {register_wh} Wh; was it replaced? A running session was split there",
        for_s=PASSING_S,
    )
    meter = draft.state.meter
    assert meter.register_wh is not None, "the caller has compared with it"
    assert meter.register_at is not None, "a register was heard at some time"
    former = max((meter.register_wh, meter.register_at.mono_s), meter.former or (0, 0.0))
    _rebase(draft, event, register_wh, accounted_wh=register_wh)
    draft.state = replace(draft.state, meter=replace(draft.state.meter, former=former))


def _rebase(draft: Draft, event: MeterReported, register_wh: int, *, accounted_wh: int) -> None:
    """End what runs at the last good value and begin anew from this register; what lies between it and `accounted_wh` is a gap."""
    session, recovering = draft.session, draft.state.recovery is not None
    splits = is_running(session) and not recovering
    if recovering:
        _settle_gap_of_outage(draft)
    elif splits:
        finish_now(draft, StopReason.OTHER)
    else:
        finish(draft)
        settle_gap(draft)
    draft.kept = replace(draft.kept, accounted_wh=accounted_wh, register_wh=register_wh, register_ms=draft.now_ms)
    account(draft, register_wh, gap="meter_changed")
    draft.state = replace(draft.state, meter=replace(draft.state.meter, register_wh=None))
    _believe(draft, event, register_wh)
    if splits and is_running(session):
        go_on(draft, session, local=not isinstance(session, BackendSession))


def _settle_gap_of_outage(draft: Draft) -> None:
    """Between the last durable register of the life before and the last good one of this life."""
    session, register_wh = draft.session, draft.state.meter.register_wh
    assert is_running(session), "recovery is about a session"
    assert register_wh is not None, "the caller has compared with it"
    if session.last.register_wh <= register_wh and not is_settled(draft.kept, session):
        draft.kept = replace(draft.kept, accounted_wh=session.last.register_wh, accounted_ms=session.last.utc_ms)
    account(draft, register_wh, gap="bridge_down", follows=session.id)
