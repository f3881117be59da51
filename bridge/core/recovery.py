"""After a restart: two sessions on the backend, the car goes on charging, and what was drawn in between is a recorded gap (B8)."""

from dataclasses import replace

from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.draft import Draft
from bridge.core.events import Restarted
from bridge.core.hardware import is_plugged
from bridge.core.sessions import finish_at_last_kept, try_start
from bridge.core.state import BackendSession, Granted, NoSession, Recovery
from bridge.core.values import StopReason

RECOVERY_S = 30.0
"""How long live word of the wallbox is awaited before what is known has to do (design.md §2 "After a restart")."""


def restarted(draft: Draft, event: Restarted) -> None:
    """Begin a life with what was kept of the last one. Energy management first: its sources are already in the state."""
    settings = replace(draft.state.base, **draft.kept.overrides)  # type: ignore[arg-type]  # checked when they were set
    draft.state = replace(
        draft.state,
        settings=settings,
        started_s=draft.now_s,
        kept_s=draft.now_s,
        clock_trusted=event.clock_trusted,
        aligned_ms=draft.now_ms,
    )
    session = draft.session
    if isinstance(session, NoSession):
        return
    if session.ending is not None:
        finish_at_last_kept(draft, session.ending.reason)
        return
    draft.state = replace(
        draft.state,
        recovery=Recovery(until_s=draft.now_s + RECOVERY_S, planned=event.planned, went_down_ms=session.last.utc_ms),
    )


def resolve_recovery(draft: Draft) -> None:
    """The wallbox has spoken, or will not: end the old session, and go on where the vehicle stayed."""
    recovery, session = draft.state.recovery, draft.session
    if recovery is None or isinstance(session, NoSession):
        draft.state = replace(draft.state, recovery=None)
        return
    hardware = draft.state.hardware
    plugged = is_plugged(hardware)
    told = hardware.plug is not None and draft.kept.plug is not None
    other = told and hardware.plug != draft.kept.plug
    if plugged is False or other:
        finish_at_last_kept(draft, StopReason.EV_DISCONNECTED)
        draft.state = replace(draft.state, ended_plugged=False)
    elif draft.state.rules.resume and told and plugged:
        draft.state = replace(draft.state, recovery=None, sampled_s=draft.now_s)
    else:
        _continue(draft, recovery, told=told)
    if plugged is not None:
        draft.kept = replace(draft.kept, plugged=plugged, plug=hardware.plug)


def _continue(draft: Draft, recovery: Recovery, *, told: bool) -> None:
    session = draft.session
    assert not isinstance(session, NoSession)
    outage_s = (draft.now_ms - recovery.went_down_ms) / 1000
    if not told and outage_s > draft.state.rules.continue_max_s:
        draft.alert(
            AlertId.CONTINUED_UNPROVEN,
            f"after {outage_s:.0f} s away the session went on, and nothing proved that it is the same vehicle; publish plug_id",
            for_s=PASSING_S,
        )
    finish_at_last_kept(draft, StopReason.REBOOT if recovery.planned else StopReason.POWER_LOSS)
    draft.pending = Granted(
        id=draft.fresh,
        person=session.person,
        mode=session.mode,
        local=not isinstance(session, BackendSession),
        group=session.group if isinstance(session, BackendSession) else None,
        until_s=draft.now_s + draft.state.settings.connection_timeout_s,
        follows=session.id,
    )
    try_start(draft)
