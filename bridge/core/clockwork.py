"""Everything that happens because time passes: one table of when and what. Deadlines are derived, never stored as timers."""

from collections.abc import Callable
from dataclasses import replace

from bridge.core import alerts, files, messages, rates, reservations, vendors
from bridge.core.accounting import gap_due_s, settle_gap
from bridge.core.alerts import AlertId
from bridge.core.collecting import collect, collect_due_s
from bridge.core.deciding import give_up_asking
from bridge.core.draft import Draft
from bridge.core.effects import AnnounceReading, Command, Outcome
from bridge.core.energy import allowance, amperes_to_watts, command, next_stale_s
from bridge.core.hardware import METER_FRESH_S, OFFLINE_S, is_fresh
from bridge.core.profiles import change_s
from bridge.core.readings import LATE_MS, keep_due_s, keep_register, take_reading
from bridge.core.recovery import recovery_due_s, resolve_recovery
from bridge.core.requests import give_up_unlocking
from bridge.core.sessions import finish, is_sampled, may_open, sample, try_start
from bridge.core.state import Asking, BackendSession, Granted, NoSession, NotPending, State
from bridge.core.status import START_GRACE_S
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
    assert isinstance(draft.pending, Asking), "called when due"
    give_up_asking(draft, draft.pending)


def _grant_s(state: State) -> float | None:
    pending = state.pending
    if not isinstance(pending, Granted):
        return None
    if pending.meter_until_s is not None and may_open(state, pending):
        return pending.meter_until_s
    return pending.until_s


def _grant_due(draft: Draft) -> None:
    pending = draft.pending
    assert isinstance(pending, Granted), "called when due"
    if pending.meter_until_s is not None and may_open(draft.state, pending):
        try_start(draft)
    else:
        draft.pending = NotPending()


def _ending_s(state: State) -> float | None:
    return state.ending_until_s


def _unlocking_s(state: State) -> float | None:
    return None if state.unlocking is None else state.unlocking.until_s


def _unlocking_due(draft: Draft) -> None:
    give_up_unlocking(draft, Outcome.UNLOCK_FAILED)
    draft.alert(AlertId.COMMAND_FAILED, "the wallbox did not answer the unlock command", for_s=alerts.PASSING_S)


# --- readings ---------------------------------------------------------------------------------------------------------------------


def _sample_s(state: State) -> float | None:
    interval_s = state.settings.sample_interval_s
    if interval_s <= 0 or state.sampled_s is None or not is_sampled(state):
        return None
    return state.sampled_s + interval_s


def _sample_due(draft: Draft) -> None:
    due_s = _sample_s(draft.state)
    assert due_s is not None, "called when due"
    late_s = draft.now_s - due_s
    interval_s = draft.state.settings.sample_interval_s
    # After a suspend one reading is taken, not a burst of them (reliability.md C5).
    missed_s = interval_s * (late_s // interval_s)
    draft.state = replace(draft.state, sampled_s=due_s + missed_s)
    _sample_if_heard(draft, ReadingContext.PERIODIC, late_ms=round((late_s - missed_s) * 1000))


def _sample_if_heard(draft: Draft, context: ReadingContext, *, late_ms: int) -> None:
    """A record of the transaction; where it is a little late, with the time it was due, so that times are an interval apart."""
    if is_fresh(draft.state):
        sample(draft, context, utc_ms=draft.now_ms - late_ms if late_ms <= LATE_MS else draft.now_ms)
    else:
        draft.alert(AlertId.METER_SILENT, "the meter is silent during a session: no meter values can be told")


def next_aligned_ms(state: State) -> int | None:
    """The next point of the wall-clock grid that begins at 00:00:00 UTC, after the last one sampled."""
    interval_ms = state.settings.aligned_interval_s * 1000
    if interval_ms <= 0:
        return None
    after_ms = state.aligned_ms
    day_ms = after_ms - after_ms % DAY_MS
    return min(day_ms + ((after_ms - day_ms) // interval_ms + 1) * interval_ms, day_ms + DAY_MS)


def watch_grid(draft: Draft) -> None:
    """A clock that was put back must not silence the grid until it has caught up."""
    if draft.state.aligned_ms > draft.now_ms:
        draft.state = replace(draft.state, aligned_ms=draft.now_ms)


def _aligned_s(state: State) -> float | None:
    next_ms = next_aligned_ms(state)
    return None if next_ms is None else state.now.mono_s + (next_ms - state.now.utc_ms) / 1000


def _aligned_due(draft: Draft) -> None:
    interval_ms = draft.state.settings.aligned_interval_s * 1000
    late_ms = draft.now_ms % DAY_MS % interval_ms
    draft.state = replace(draft.state, aligned_ms=draft.now_ms)
    if is_sampled(draft.state):
        if not draft.state.settings.aligned_idle_only:
            _sample_if_heard(draft, ReadingContext.CLOCK, late_ms=late_ms)
    elif isinstance(draft.session, NoSession) and is_fresh(draft.state):
        taken_ms = draft.now_ms - late_ms if late_ms <= LATE_MS else draft.now_ms
        taken = take_reading(draft, ReadingContext.CLOCK, utc_ms=taken_ms)
        assert taken is not None, "a fresh register is known"
        draft.emit(AnnounceReading(reading=taken))


# --- watching the hardware --------------------------------------------------------------------------------------------------------


def _offline_s(state: State) -> float | None:
    since_s = state.hardware.offline_since_s
    return None if since_s is None or AlertId.HARDWARE_OFFLINE in state.alerts else since_s + OFFLINE_S


def _offline_due(draft: Draft) -> None:
    draft.alert(AlertId.HARDWARE_OFFLINE, "the wallbox is offline; look at its network and its broker account")


def _grace_s(state: State) -> float | None:
    due_s = None if state.released_s is None else state.released_s + START_GRACE_S
    return due_s if due_s is not None and due_s > state.now.mono_s else None


def _tolerated_s(state: State) -> float | None:
    """When what a refused tag may still draw can no longer be counted, because the meter went silent (B16)."""
    session, at = state.kept.session, state.meter.register_at
    if not isinstance(session, BackendSession) or session.refused is None or at is None:
        return None
    due_s = at.mono_s + METER_FRESH_S
    return due_s if due_s > state.now.mono_s else None


def _no_act(_draft: Draft) -> None:
    """Only the derived status changes."""


def allowed_w(state: State, desired: Command) -> float:
    """What may flow now, with room for meters that are not exact."""
    limit_w = amperes_to_watts(desired.limit_a, state) if desired.enabled else 0.0
    return limit_w * OVER_LIMIT_FACTOR + OVER_LIMIT_ROOM_W


def watch_limit(draft: Draft, desired: Command) -> None:
    """Keep since when more flows than is allowed (B6)."""
    state = draft.state
    over = state.meter.live and state.meter.power_w is not None and state.meter.power_w > allowed_w(state, desired)
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


# --- the table --------------------------------------------------------------------------------------------------------------------


def _alerts_due(draft: Draft) -> None:
    draft.state = alerts.expired(draft.state)


CLOCKWORK: tuple[tuple[Callable[[State], float | None], Callable[[Draft], None]], ...] = (
    (_question_s, _question_due),
    (recovery_due_s, resolve_recovery),
    (_ending_s, finish),
    (_grant_s, _grant_due),
    (_sample_s, _sample_due),
    (_aligned_s, _aligned_due),
    (collect_due_s, collect),
    (keep_due_s, keep_register),
    (gap_due_s, settle_gap),
    (_unlocking_s, _unlocking_due),
    (files.upload_due_s, files.upload_due),
    (files.firmware_due_s, files.firmware_due),
    (_offline_s, _offline_due),
    (_over_limit_s, _over_limit_due),
    (_grace_s, _no_act),
    (_tolerated_s, _no_act),
    (next_stale_s, _no_act),
    (change_s, _no_act),
    (rates.due_s, _no_act),
    (vendors.due_s, vendors.give_up),
    (reservations.due_s, _no_act),
    (messages.due_s, _no_act),
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
