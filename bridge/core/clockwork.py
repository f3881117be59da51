"""Everything that happens because time passes: one table of when and what. Deadlines are derived, never stored as timers."""

from collections.abc import Callable
from dataclasses import replace

from bridge.core import alerts
from bridge.core.alerts import AlertId
from bridge.core.draft import Draft
from bridge.core.effects import AnnounceReading, Outcome
from bridge.core.energy import allowance, amperes_to_watts, command, missing_sources, next_stale_s
from bridge.core.hardware import OFFLINE_S, is_offline
from bridge.core.metering import KEEP_S
from bridge.core.recovery import resolve_recovery
from bridge.core.requests import give_up_unlocking
from bridge.core.sessions import finish, gap_due_s, keep_register, reading, sample, settle_gap, try_start
from bridge.core.state import Asking, BackendSession, Granted, LocalSession, NoSession, NotPending, State
from bridge.core.status import START_GRACE_S
from bridge.core.taps import give_up_asking
from bridge.core.values import ReadingContext

OVER_LIMIT_S = 10.0
"""Vehicles may take 5 s to follow a lower limit (IEC 61851-1); after this long it is being ignored."""
OVER_LIMIT_FACTOR = 1.1
OVER_LIMIT_ROOM_W = 200.0
"""Meters and nominal voltages are not exact: less than this above the limit is obedience."""
DAY_MS = 86_400_000


# --- asking and waiting -----------------------------------------------------------------------------------------------------------


def _question_s(state: State) -> float | None:
    return state.pending.until_s if isinstance(state.pending, Asking) else None


def _question_due(draft: Draft) -> None:
    if isinstance(draft.pending, Asking):
        give_up_asking(draft, draft.pending)


def _grant_s(state: State) -> float | None:
    pending = state.pending
    if not isinstance(pending, Granted):
        return None
    if pending.meter_until_s is None:
        return pending.until_s
    # Without a broker or a disk the start waits on, and an event will bring it back.
    return pending.meter_until_s if state.synchronised and state.storage_ok else None


def _grant_due(draft: Draft) -> None:
    pending = draft.pending
    if not isinstance(pending, Granted):
        return
    if pending.meter_until_s is None:
        draft.pending = NotPending()
    else:
        try_start(draft)


def _recovery_s(state: State) -> float | None:
    # The wait begins when the broker can be heard: a broker that is slow to return proves nothing of the wallbox.
    return None if state.recovery is None or not state.synchronised else state.recovery.until_s


def _ending_s(state: State) -> float | None:
    session = state.kept.session
    return None if isinstance(session, NoSession) or session.ending is None else state.ending_until_s


def _unlocking_s(state: State) -> float | None:
    return None if state.unlocking is None else state.unlocking.until_s


def _unlocking_due(draft: Draft) -> None:
    give_up_unlocking(draft, Outcome.UNLOCK_FAILED)
    draft.alert(AlertId.COMMAND_FAILED, "the wallbox did not answer the unlock command", for_s=alerts.PASSING_S)


# --- readings ---------------------------------------------------------------------------------------------------------------------


def _samples(state: State) -> bool:
    session = state.kept.session
    return isinstance(session, BackendSession) and session.ending is None and state.recovery is None


def _sample_s(state: State) -> float | None:
    interval_s = state.settings.sample_interval_s
    if interval_s <= 0 or state.sampled_s is None or not _samples(state):
        return None
    return state.sampled_s + interval_s


def _sample_due(draft: Draft) -> None:
    due_s = _sample_s(draft.state)
    assert due_s is not None, "called when due"
    late_s = draft.now_s - due_s
    interval_s = draft.state.settings.sample_interval_s
    # After a suspend one reading is taken, not a burst of them (reliability.md C5).
    skipped_s = interval_s * (late_s // interval_s)
    draft.state = replace(draft.state, sampled_s=due_s + skipped_s)
    sample(draft, ReadingContext.PERIODIC, utc_ms=draft.now_ms - round((late_s - skipped_s) * 1000))


def next_aligned_ms(state: State) -> int | None:
    """The next point of the wall-clock grid that begins at 00:00:00 UTC, after the last one sampled."""
    interval_ms = state.settings.aligned_interval_s * 1000
    if interval_ms <= 0:
        return None
    # A clock that was put back must not silence the grid until it has caught up.
    after_ms = min(state.aligned_ms, state.now.utc_ms)
    day_ms = after_ms - after_ms % DAY_MS
    return min(day_ms + ((after_ms - day_ms) // interval_ms + 1) * interval_ms, day_ms + DAY_MS)


def _aligned_s(state: State) -> float | None:
    next_ms = next_aligned_ms(state)
    return None if next_ms is None else state.now.mono_s + (next_ms - state.now.utc_ms) / 1000


def _aligned_due(draft: Draft) -> None:
    interval_ms = draft.state.settings.aligned_interval_s * 1000
    day_ms = draft.now_ms - draft.now_ms % DAY_MS
    point_ms = day_ms + (draft.now_ms - day_ms) // interval_ms * interval_ms
    draft.state = replace(draft.state, aligned_ms=draft.now_ms)
    if _samples(draft.state):
        sample(draft, ReadingContext.CLOCK, utc_ms=point_ms)
    elif not isinstance(draft.session, LocalSession):
        now = reading(draft.state, ReadingContext.CLOCK, utc_ms=point_ms)
        if now is not None:
            draft.emit(AnnounceReading(reading=now))


def _keep_s(state: State) -> float | None:
    session, register_wh = state.kept.session, state.meter.register_wh
    if isinstance(session, NoSession) or register_wh is None or register_wh == state.kept.register_wh:
        return None
    return state.kept_s + KEEP_S


# --- watching the hardware --------------------------------------------------------------------------------------------------------


def _offline_s(state: State) -> float | None:
    since_s = state.hardware.offline_since_s
    return None if since_s is None or AlertId.HARDWARE_OFFLINE in state.alerts else since_s + OFFLINE_S


def _offline_due(draft: Draft) -> None:
    if is_offline(draft.state):
        draft.alert(AlertId.HARDWARE_OFFLINE, "the wallbox is offline; look at its network and its broker account")


def _grace_s(state: State) -> float | None:
    due_s = None if state.released_s is None else state.released_s + START_GRACE_S
    return due_s if due_s is not None and due_s > state.now.mono_s else None


def _no_act(_draft: Draft) -> None:
    """Only the derived status changes."""


def allowed_w(state: State) -> float:
    """What may flow now, with room for meters that are not exact."""
    desired = command(state)
    limit_w = amperes_to_watts(desired.limit_a, state) if desired.enabled else 0.0
    return limit_w * OVER_LIMIT_FACTOR + OVER_LIMIT_ROOM_W


def watch_limit(draft: Draft) -> None:
    """Keep since when more flows than is allowed (B6)."""
    state = draft.state
    over = state.meter.live and state.meter.power_w is not None and state.meter.power_w > allowed_w(state)
    if over and state.over_limit_s is None:
        draft.state = replace(state, over_limit_s=draft.now_s)
    elif not over and (state.over_limit_s is not None or AlertId.LIMIT_IGNORED in state.alerts):
        draft.state = replace(state, over_limit_s=None)
        draft.clear(AlertId.LIMIT_IGNORED)


def _over_limit_s(state: State) -> float | None:
    if state.over_limit_s is None or AlertId.LIMIT_IGNORED in state.alerts:
        return None
    return state.over_limit_s + OVER_LIMIT_S


def _over_limit_due(draft: Draft) -> None:
    state = draft.state
    left = allowance(state)
    limit = f"{left.limit_a:g} A" if command(state).enabled else "nothing"
    draft.alert(AlertId.LIMIT_IGNORED, f"the wallbox draws {state.meter.power_w or 0:.0f} W, but {limit} is allowed; check its control")


def watch_sources(draft: Draft) -> None:
    """Say which source of energy management is missing."""
    missing = missing_sources(draft.state)
    if missing:
        policy = draft.state.rules.energy.on_missing.value
        draft.alert(AlertId.ENERGY_MANAGEMENT_MISSING, f"energy management is silent: {', '.join(missing)} (policy: {policy})")
    else:
        draft.clear(AlertId.ENERGY_MANAGEMENT_MISSING)


# --- the table --------------------------------------------------------------------------------------------------------------------


def _alerts_due(draft: Draft) -> None:
    draft.state = alerts.expired(draft.state)


CLOCKWORK: tuple[tuple[Callable[[State], float | None], Callable[[Draft], None]], ...] = (
    (_question_s, _question_due),
    (_recovery_s, resolve_recovery),
    (_ending_s, finish),
    (_grant_s, _grant_due),
    (_sample_s, _sample_due),
    (_aligned_s, _aligned_due),
    (_keep_s, keep_register),
    (gap_due_s, settle_gap),
    (_unlocking_s, _unlocking_due),
    (_offline_s, _offline_due),
    (_over_limit_s, _over_limit_due),
    (_grace_s, _no_act),
    (next_stale_s, _no_act),
    (alerts.due_s, _alerts_due),
)
"""When something is due, and what is done then."""


def deadline_s(state: State) -> float | None:
    """When the core next wants to be told that time has passed; None: not before something happens."""
    return min((due_s for when, _ in CLOCKWORK if (due_s := when(state)) is not None), default=None)


def time_passed(draft: Draft) -> None:
    """Do whatever is due, each at most once."""
    for when, act in CLOCKWORK:
        due_s = when(draft.state)
        if due_s is not None and due_s <= draft.now_s:
            act(draft)
