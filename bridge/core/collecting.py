"""Readings that are taken while a transaction runs and told at its end (2.0.1 TxEndedInterval, sampled and clock-aligned)."""

from dataclasses import replace

from bridge.core.draft import Draft
from bridge.core.hardware import is_fresh
from bridge.core.readings import LATE_MS, take_reading
from bridge.core.sessions import is_sampled
from bridge.core.state import State, Transaction
from bridge.core.values import Reading, ReadingContext

COLLECTED_MAX = 96
"""A day of quarters of an hour. Beyond that every second one is let go (the newest stays), so that a week fits too (2.0.1 E08.FR.11)."""
SIGNED_MAX = 32_768
"""Characters of signed values among them, a dozen or so: all of them are written with every change of the charge point."""
DAY_MS = 86_400_000


def collect_due_s(state: State) -> float | None:
    """When the next one is to be taken (mono)."""
    due_ms = min((due_ms for due_ms in (_periodic_ms(state), _clock_ms(state)) if due_ms is not None), default=None)
    return None if due_ms is None else state.now.mono_s + (due_ms - state.now.utc_ms) / 1000


def collect(draft: Draft) -> None:
    """Take what is due. A meter that is silent is waited for until the next one."""
    for due_ms, context in ((_periodic_ms(draft.state), ReadingContext.PERIODIC), (_clock_ms(draft.state), ReadingContext.CLOCK)):
        if due_ms is not None and due_ms <= draft.now_ms:
            _take(draft, context, due_ms)


def _take(draft: Draft, context: ReadingContext, due_ms: int) -> None:
    transaction = draft.kept.transaction
    assert transaction is not None, "nothing is due without one"
    fresh = is_fresh(draft.state)
    taken = take_reading(draft, context)
    assert taken is not None, "no session without a register"
    # where it is a little late, with the time it was due, so that times are an interval apart; a silent meter's reading is older than
    # that, and the interval begins anew with the present
    taken = replace(taken, utc_ms=due_ms if fresh and draft.now_ms - due_ms <= LATE_MS else draft.now_ms)
    if sum(len(one.signed or "") for one in (*transaction.collected, taken)) > SIGNED_MAX:
        taken = replace(taken, signed=None)
    collected = (*transaction.collected, taken)
    if len(collected) > COLLECTED_MAX:
        collected = collected[::2]
    draft.kept = replace(draft.kept, transaction=replace(transaction, collected=collected))


def _running(state: State) -> tuple[Transaction, Reading] | None:
    """The transaction that is being charged in, and its first reading."""
    transaction = state.kept.transaction
    if transaction is None or transaction.begin is None or not is_sampled(state):
        return None
    return transaction, transaction.begin


def _periodic_ms(state: State) -> int | None:
    running, interval_s = _running(state), state.settings.end_interval_s
    return None if running is None or interval_s <= 0 else _last_ms(*running, ReadingContext.PERIODIC) + interval_s * 1000


def _clock_ms(state: State) -> int | None:
    running, interval_s = _running(state), state.settings.aligned_end_interval_s
    if running is None or interval_s <= 0:
        return None
    last_ms, interval_ms = _last_ms(*running, ReadingContext.CLOCK), interval_s * 1000
    day_ms = last_ms - last_ms % DAY_MS
    # the grid begins anew at each midnight
    return min(day_ms + ((last_ms - day_ms) // interval_ms + 1) * interval_ms, day_ms + DAY_MS)


def _last_ms(transaction: Transaction, begin: Reading, context: ReadingContext) -> int:
    return max([begin.utc_ms, *(one.utc_ms for one in transaction.collected if one.context is context)])
