"""The closed list of alerts, and how they come and go. An alert is told once and stays until it is solved."""

from dataclasses import replace
from enum import StrEnum, unique

from bridge.core.state import Alert, State

PASSING_S = 3600.0
"""An alert about a single bad event clears by itself after an hour: it must be seen, and must not stay for ever (design.md §3)."""


@unique
class AlertId(StrEnum):
    """Every alert there is, whatever it is about."""

    # about a charge point
    CLOCK_SKEW = "clock_skew"
    METER_SILENT = "meter_silent"
    METER_ROLLBACK = "meter_rollback"
    METER_JUMP = "meter_jump"
    UNACCOUNTED_ENERGY = "unaccounted_energy"
    CONTINUED_UNPROVEN = "continued_unproven"
    LIMIT_IGNORED = "limit_ignored"
    HARDWARE_OFFLINE = "hardware_offline"
    HARDWARE_FAULT = "hardware_fault"
    BACKEND_REFUSED = "backend_refused"
    RECORD_PARKED = "record_parked"
    ENERGY_MANAGEMENT_MISSING = "energy_management_missing"
    COMMAND_FAILED = "command_failed"
    INBOX_FULL = "inbox_full"
    # about a central system
    UNREACHABLE = "unreachable"
    # about the bridge
    STALE_TAP = "stale_tap"
    RETAINED_EVENT = "retained_event"
    PAYLOAD_REFUSED = "payload_refused"
    UNKNOWN_ID = "unknown_id"
    DUPLICATE_TAG = "duplicate_tag"
    TOO_MANY_USERS = "too_many_users"
    STORAGE = "storage"
    DATABASE_SET_ASIDE = "database_set_aside"
    DATABASE_OLDER = "database_older"
    CLOCK_NOT_SET = "clock_not_set"


def raised(state: State, alert: AlertId, text: str, *, for_s: float | None = None) -> State:
    """With the alert up. Saying it again with the same words changes nothing but its time."""
    until_s = None if for_s is None else state.now.mono_s + for_s
    now = Alert(text=text, until_s=until_s)
    if state.alerts.get(alert) == now:
        return state
    return replace(state, alerts={**state.alerts, alert: now})


def cleared(state: State, alert: str) -> State:
    """With the alert gone, if it was up."""
    if alert not in state.alerts:
        return state
    return replace(state, alerts={name: up for name, up in state.alerts.items() if name != alert})


def due_s(state: State) -> float | None:
    """When the next alert clears by itself."""
    times = [alert.until_s for alert in state.alerts.values() if alert.until_s is not None]
    return min(times, default=None)


def expired(state: State) -> State:
    """Without the alerts whose hour has passed."""
    if all(alert.until_s is None or alert.until_s > state.now.mono_s for alert in state.alerts.values()):
        return state
    still = {name: up for name, up in state.alerts.items() if up.until_s is None or up.until_s > state.now.mono_s}
    return replace(state, alerts=still)
