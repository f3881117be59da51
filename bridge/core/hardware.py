"""What the words of wallbox and meter mean: plugged, charging, faulted, offline, fresh. Unknown is None, and None decides nothing."""

from bridge.core.state import Hardware, State
from bridge.core.values import NO_FAULT

OFFLINE_S = 30.0
"""Shorter silences are Wi-Fi (design.md §2 "Hardware")."""
CHARGING_W = 100.0
"""A vehicle that draws less than this is not charging; used only where the wallbox does not tell."""
QUIET_W = 20.0
"""Less than this is the wallbox's own consumption."""
METER_FRESH_S = 120.0
"""While energy flows, a live reading is good for this long; no meter worth billing with speaks more rarely."""
BATTERY_MAX_WH = 100_000
"""More than nearly every car's battery holds: a register that rises so far between two readings has been replaced, or has another unit."""
PLUGGED_STATES = frozenset("BCD")
CHARGING_STATES = frozenset("CD")
FAULT_STATES = frozenset("EF")
INSTALLING = frozenset({"Installing", "InstallRebooting"})
"""States of an update, in the words of whoever tells them, from which there is no way back."""


def is_plugged(hardware: Hardware) -> bool | None:
    """Whether a vehicle is connected. `cp_state` wins, except in a fault, where it tells nothing of the plug."""
    state = hardware.cp_state
    if state is None or state in FAULT_STATES:
        return hardware.plugged
    return state in PLUGGED_STATES


def is_charging(state: State) -> bool | None:
    """Whether energy flows into the vehicle, by the wallbox's word, else by the meter's."""
    hardware = state.hardware
    if hardware.cp_state is not None and hardware.cp_state not in FAULT_STATES:
        return hardware.cp_state in CHARGING_STATES
    if hardware.charging is not None:
        return hardware.charging
    if state.meter.power_w is not None:
        return state.meter.power_w >= CHARGING_W
    return None


def fault_code(hardware: Hardware) -> str:
    """The fault as the field names it; NO_FAULT when healthy. E and F of IEC 61851 name no cause."""
    if hardware.fault != NO_FAULT:
        return hardware.fault
    if hardware.cp_state is not None and hardware.cp_state in FAULT_STATES:
        return "OtherError"
    return NO_FAULT


def is_faulted(hardware: Hardware) -> bool:
    """Whether it must not charge."""
    return fault_code(hardware) != NO_FAULT


def is_offline(state: State) -> bool:
    """Whether it has been away for long enough to matter, or is busy with itself."""
    since_s = state.hardware.offline_since_s
    return is_installing(state) or (since_s is not None and state.now.mono_s >= since_s + OFFLINE_S)


def is_installing(state: State) -> bool:
    """Whether it is putting new firmware in place; nobody can charge meanwhile."""
    return state.kept.firmware is not None and state.kept.firmware_status in INSTALLING


def is_fresh(state: State) -> bool:
    """Whether the register was heard live and still holds: lately, or with the last word that nothing flows.

    Meters that publish on change are silent while nothing changes.
    """
    meter = state.meter
    if not meter.live or meter.register_at is None:
        return False
    if state.now.mono_s < meter.register_at.mono_s + METER_FRESH_S:
        return True
    return meter.power_w is not None and meter.power_w < QUIET_W and not is_charging(state)
