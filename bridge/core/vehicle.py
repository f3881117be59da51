"""What the wallbox says: plugs and unplugs, faults, silence. An unplug ends the session, always (B5)."""

from dataclasses import replace

from bridge.core.alerts import AlertId
from bridge.core.deciding import end_epoch
from bridge.core.draft import Draft
from bridge.core.events import Unset, WallboxReported
from bridge.core.hardware import fault_code, is_faulted, is_plugged
from bridge.core.recovery import resolve_recovery
from bridge.core.sessions import close, try_start
from bridge.core.state import Hardware
from bridge.core.values import NO_FAULT, StopReason, Why


def wallbox_reported(draft: Draft, event: WallboxReported) -> None:
    """Merge what was told, then act on what changed."""
    before = draft.state.hardware
    hardware = _merged(before, event, draft.now_s)
    if is_plugged(hardware) and not is_plugged(before):
        hardware = replace(hardware, plugged_at=draft.state.now)
    draft.state = replace(draft.state, hardware=hardware)
    _tell_faults(draft, before, hardware)
    if draft.state.recovery is not None:
        resolve_recovery(draft)
        return
    match is_plugged(hardware):
        case True if draft.kept.plugged:
            _still_plugged(draft, before, hardware)
        case True:
            _plugged(draft, hardware)
        case False if draft.kept.plugged:
            _unplugged(draft)
            old = draft.kept.plug if hardware.plug is None else hardware.plug
            draft.kept = replace(draft.kept, plugged=False, plug=old)
        case False:
            draft.kept = replace(draft.kept, plugged=False)
        case _:
            pass  # unknown never starts or ends a session
    try_start(draft)


def _plugged(draft: Draft, hardware: Hardware) -> None:
    """A vehicle was plugged. Its name may come before it or after it; until then the topic still shows the last one's."""
    named = hardware.plug is not None and hardware.plug != draft.kept.plug
    draft.kept = replace(draft.kept, plugged=True, plug=hardware.plug if named else None)


def _still_plugged(draft: Draft, before: Hardware, hardware: Hardware) -> None:
    """The first name told after the plug-in is its name; another one is another vehicle."""
    if hardware.plug is None or hardware.plug == before.plug:
        return
    if draft.kept.plug is not None and draft.kept.plug != hardware.plug:
        _unplugged(draft)
        draft.state = replace(draft.state, hardware=replace(hardware, plugged_at=draft.state.now))
    draft.kept = replace(draft.kept, plug=hardware.plug)


def _unplugged(draft: Draft) -> None:
    end_epoch(draft, Why.UNPLUGGED)
    close(draft, StopReason.EV_DISCONNECTED)
    draft.state = replace(draft.state, ended=None)


def _merged(hardware: Hardware, event: WallboxReported, now_s: float) -> Hardware:
    if not isinstance(event.plugged, Unset):
        hardware = replace(hardware, plugged=event.plugged)
    if not isinstance(event.charging, Unset):
        hardware = replace(hardware, charging=event.charging)
    if not isinstance(event.cp_state, Unset):
        hardware = replace(hardware, cp_state=event.cp_state)
    if not isinstance(event.plug, Unset):
        hardware = replace(hardware, plug=event.plug, plug_live=event.live)
    if not isinstance(event.fault, Unset):
        hardware = replace(hardware, fault=event.fault or NO_FAULT)
    if not isinstance(event.online, Unset):
        since_s = None
        if event.online is False:
            since_s = now_s if hardware.offline_since_s is None else hardware.offline_since_s
        hardware = replace(hardware, online=event.online, offline_since_s=since_s)
    if not (isinstance(event.plugged, Unset) and isinstance(event.cp_state, Unset)):
        hardware = replace(hardware, live=event.live)
    return hardware


def _tell_faults(draft: Draft, before: Hardware, hardware: Hardware) -> None:
    if is_faulted(hardware) and fault_code(before) != fault_code(hardware):
        draft.alert(AlertId.HARDWARE_FAULT, f"the wallbox reports {fault_code(hardware)}")
    elif not is_faulted(hardware):
        draft.clear(AlertId.HARDWARE_FAULT)
    if hardware.offline_since_s is None:
        draft.clear(AlertId.HARDWARE_OFFLINE)
