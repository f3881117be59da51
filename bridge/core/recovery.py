"""After a restart: two sessions on the backend, the car goes on charging, and what was drawn in between is a recorded gap (B8).

The old session stays open until the new one can begin, so that both are one commit: a crash in between loses neither.
"""

from dataclasses import fields, replace

from bridge.core.accounting import is_settled
from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.draft import Draft
from bridge.core.energy import is_running
from bridge.core.events import Restarted
from bridge.core.hardware import BATTERY_MAX_WH, is_fresh, is_plugged
from bridge.core.sessions import METER_WAIT_S, finish_at_last_kept, go_on, is_ready
from bridge.core.settings import Settings
from bridge.core.state import BackendSession, Kept, LocalSession, Meter, NoSession, Recovery, State
from bridge.core.values import Instant, StopReason

RECOVERY_S = 30.0
"""How long live word of the wallbox is awaited before what is known has to do (design.md §2 "After a restart")."""
BOOT_REASONS = {True: "ApplicationReset", False: "PowerUp"}
"""Why a station starts anew whose process was started, by whether it had been stopped in order."""
SETTING_NAMES = frozenset(field.name for field in fields(Settings))


def settings_in_force(base: Settings, kept: Kept) -> Settings:
    """The configuration's, with what the backend changed laid over. A change of another version's setting is left alone."""
    known = {name: value for name, value in kept.overrides.items() if name in SETTING_NAMES}
    return base if not known else replace(base, **known)  # type: ignore[arg-type]  # checked when they were set


def restarted(draft: Draft, event: Restarted) -> None:
    """Begin a life with what was kept of the last one. Energy management first: its sources are already in the state."""
    kept = draft.kept = replace(draft.kept, boot_reason=BOOT_REASONS[event.planned])
    draft.state = replace(
        draft.state,
        settings=settings_in_force(draft.state.base, kept),
        meter=_last_known(kept, draft),
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
    recovery = Recovery(until_s=draft.now_s + RECOVERY_S, planned=event.planned, went_down_ms=session.last.utc_ms)
    draft.state = replace(draft.state, recovery=recovery)


def _last_known(kept: Kept, draft: Draft) -> Meter:
    """The durable register is the last known value until the meter speaks. It was heard before now, whatever clock there was."""
    if kept.register_wh is None or kept.register_ms is None:
        return Meter()
    heard = Instant(mono_s=draft.now_s, utc_ms=min(kept.register_ms, draft.now_ms))
    return Meter(register_wh=kept.register_wh, register_at=heard, rose_at_s=draft.now_s)


def recovery_due_s(state: State) -> float | None:
    """When the wait for the wallbox, or then for the meter, is over.

    Without the broker it has not begun: a broker that is slow to return proves nothing of the wallbox. After it, only a word of the
    wallbox counts: unknown neither starts nor ends a session.
    """
    recovery = state.recovery
    if recovery is None or not state.synchronised:
        return None
    if recovery.meter_until_s is not None:
        return recovery.meter_until_s if is_ready(state) else None
    return None if recovery.waited else recovery.until_s


def resolve_recovery(draft: Draft) -> None:
    """The wallbox has spoken, or will not: end the old session, and go on where the vehicle stayed."""
    recovery, session = draft.state.recovery, draft.session
    assert recovery is not None, "the caller has seen to a recovery"
    assert is_running(session), "recovery is about a session"
    if draft.state.synchronised and draft.now_s >= recovery.until_s:
        recovery = replace(recovery, waited=True)
        draft.state = replace(draft.state, recovery=recovery)
    stayed = _stayed(draft.state, waited=recovery.waited)
    if stayed is None:
        draft.state = replace(draft.state, recovery=replace(recovery, meter_until_s=None))
        if recovery.waited:
            draft.alert(AlertId.HARDWARE_OFFLINE, "since the restart the wallbox has not told whether a vehicle is plugged")
    elif not stayed:
        finish_at_last_kept(draft, StopReason.EV_DISCONNECTED)
        _keep_plug(draft)
    elif draft.state.rules.resume and _is_proven(draft.state) and not (_leapt(draft.state, session) or is_settled(draft.kept, session)):
        draft.state = replace(draft.state, recovery=None, sampled_s=draft.now_s)
        _keep_plug(draft)
    else:
        _continue(draft, recovery, session)


def _stayed(state: State, *, waited: bool) -> bool | None:
    """Whether the vehicle of the life before is still plugged; None: not known yet.

    By live word; when the wait is over by what the broker had stored.
    """
    hardware = state.hardware
    plugged = is_plugged(hardware)
    if _is_other(state) and (hardware.plug_live or waited):
        return False
    if plugged is False:
        return False if hardware.live or waited else None
    # A wallbox that names its plug-ins may do so in a message of its own.
    heard = hardware.live and (hardware.plug_live or state.kept.plug is None)
    return True if plugged and (heard or waited) else None


def _is_other(state: State) -> bool:
    return state.hardware.plug is not None and state.kept.plug is not None and state.hardware.plug != state.kept.plug


def _is_proven(state: State) -> bool:
    """Whether the wallbox names the plug-in, and by the same name as in the life before."""
    return state.hardware.plug is not None and state.hardware.plug == state.kept.plug


def _leapt(state: State, session: BackendSession | LocalSession) -> bool:
    """Whether the meter was replaced or reset in between: no transaction goes on across that."""
    register_wh = state.meter.register_wh
    return register_wh is not None and not 0 <= register_wh - session.last.register_wh <= BATTERY_MAX_WH


def _keep_plug(draft: Draft) -> None:
    hardware, kept = draft.state.hardware, draft.kept
    plug = kept.plug if hardware.plug is None else hardware.plug
    draft.kept = replace(kept, plugged=is_plugged(hardware), plug=plug)


def _continue(draft: Draft, recovery: Recovery, session: BackendSession | LocalSession) -> None:
    if not is_ready(draft.state):
        return
    if not is_fresh(draft.state):
        if recovery.meter_until_s is None:
            draft.state = replace(draft.state, recovery=replace(recovery, meter_until_s=draft.now_s + METER_WAIT_S))
            return
        if draft.now_s < recovery.meter_until_s:
            return
        draft.alert(AlertId.METER_SILENT, "the meter is silent: the session goes on with its last known register")
    outage_s = (draft.now_ms - recovery.went_down_ms) / 1000
    if outage_s > draft.state.rules.continue_max_s and not _is_proven(draft.state):
        draft.alert(
            AlertId.CONTINUED_UNPROVEN,
            f"after {outage_s:.0f} s away the session went on, and nothing proved that it is the same vehicle; publish plug_id",
            for_s=PASSING_S,
        )
    refused = isinstance(session, BackendSession) and session.refused is not None
    gone = StopReason.REBOOT if recovery.planned else StopReason.POWER_LOSS
    finish_at_last_kept(draft, StopReason.DEAUTHORIZED if refused else gone)
    _keep_plug(draft)
    go_on(draft, session, local=isinstance(session, LocalSession) or goes_on_locally(session, draft.state))


def goes_on_locally(session: BackendSession, state: State) -> bool:
    """Whether a session whose tag the backend refused after the fact goes on by local permission (B16); never a remote start's (B3)."""
    return session.refused is not None and state.settings.stop_on_invalid and session.person.local and not session.remote
