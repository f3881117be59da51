"""What the meter says, and whether to believe it: registers that run back, that jump, that stop speaking."""

from dataclasses import replace

from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.draft import Draft
from bridge.core.events import MeterReported, Unset
from bridge.core.sessions import ending_settles, finish, finish_now, keep_register, open_session, try_start
from bridge.core.state import BackendSession, Granted, Meter, NoSession, State
from bridge.core.values import StopReason

JUMP_FACTOR = 1.2
"""A register can't rise faster than this times the hardware's power (design.md §2 "Meter")."""
JUMP_ROOM_WH = 100
"""Meters round, and clocks of meters and hosts differ by seconds: a smaller step is never a jump."""
CONFIRMATIONS = 3
"""Readings that must agree before a jump is believed."""
KEEP_S = 60.0
"""While energy flows the register is made durable at least this often (B8)."""


def meter_reported(draft: Draft, event: MeterReported) -> None:
    """Merge what was told, then believe, doubt or mourn the register."""
    meter = _merged(draft.state.meter, event)
    draft.state = replace(draft.state, meter=meter)
    if isinstance(event.register_wh, Unset):
        return
    if event.register_wh is None:
        draft.state = replace(draft.state, meter=replace(meter, register_wh=None, register_at=None, live=False, doubted=()))
        return
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
    before_wh = meter.register_wh
    if before_wh is None:
        # The last durable register is the measure after a restart.
        before_wh = draft.kept.register_wh
    if before_wh is not None and register_wh < before_wh:
        if event.live:
            _ran_back(draft, event, register_wh)
        return
    if before_wh is not None and event.live and _jumps(draft.state, register_wh - before_wh):
        meter = replace(meter, doubted=(*meter.doubted, register_wh))
        draft.state = replace(draft.state, meter=meter)
        if not _confirmed(meter.doubted):
            text = (
                f"the meter jumped by {register_wh - before_wh} Wh, more than the hardware can draw; waiting for {CONFIRMATIONS} readings"
            )
            draft.alert(AlertId.METER_JUMP, text, for_s=PASSING_S)
            return
    _believe(draft, event, register_wh)


def _confirmed(doubted: tuple[int, ...]) -> bool:
    """Enough readings in a row that agree with each other."""
    latest = doubted[-CONFIRMATIONS:]
    return len(latest) == CONFIRMATIONS and list(latest) == sorted(latest)


def _jumps(state: State, rise_wh: int) -> bool:
    at = state.meter.register_at
    if at is None or not state.meter.live:
        return False
    possible_wh = JUMP_FACTOR * state.rules.max_power_w * (state.now.mono_s - at.mono_s) / 3600
    return rise_wh > possible_wh + JUMP_ROOM_WH


def _believe(draft: Draft, event: MeterReported, register_wh: int) -> None:
    meter = draft.state.meter
    signed = meter.signed if isinstance(event.signed, Unset) else event.signed
    meter = replace(
        meter,
        register_wh=register_wh,
        register_at=draft.state.now,
        taken_ms=event.taken_ms,
        live=event.live or meter.live,
        signed=signed,
        doubted=(),
    )
    draft.state = replace(draft.state, meter=meter)
    if not event.live:
        return
    draft.clear(AlertId.METER_SILENT)
    kept = draft.kept
    if kept.accounted_wh is None:
        draft.kept = replace(kept, accounted_wh=register_wh, accounted_ms=draft.now_ms)
    if ending_settles(draft.state, meter):
        finish(draft)
    try_start(draft)
    rose = kept.register_wh is None or register_wh > kept.register_wh
    if rose and (kept.register_wh is None or draft.now_s >= draft.state.kept_s + KEEP_S):
        keep_register(draft)


def _ran_back(draft: Draft, event: MeterReported, register_wh: int) -> None:
    """Stop at the last good value, begin anew from the new baseline (design.md §2 "Meter")."""
    draft.alert(
        AlertId.METER_ROLLBACK,
        f"the meter's register ran back to {register_wh} Wh; was it replaced? The session was split there",
        for_s=PASSING_S,
    )
    session = draft.session
    runs = not isinstance(session, NoSession) and session.ending is None and draft.state.recovery is None
    finish_now(draft, StopReason.OTHER)
    draft.kept = replace(draft.kept, accounted_wh=register_wh, accounted_ms=draft.now_ms, register_wh=register_wh, register_ms=draft.now_ms)
    draft.state = replace(draft.state, meter=replace(draft.state.meter, register_wh=None, doubted=(), signed=None))
    _believe(draft, event, register_wh)
    if runs and not isinstance(session, NoSession) and isinstance(draft.session, NoSession):
        backend = isinstance(session, BackendSession)
        granted = Granted(
            id=draft.fresh,
            person=session.person,
            mode=session.mode,
            local=not backend,
            group=session.group if isinstance(session, BackendSession) else None,
            until_s=draft.now_s,
            follows=session.id,
        )
        open_session(draft, granted)
