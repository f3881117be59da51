"""Every Wh between two registers belongs to a session or to a recorded gap: Σ CSMS + Σ local + Σ gaps = Σ meter (design.md §2)."""

from dataclasses import replace
from decimal import Decimal

from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.draft import Draft
from bridge.core.effects import EntryKind, HistoryEntry, WriteHistory
from bridge.core.state import BackendSession, Kept, LocalSession, NoSession, State
from bridge.core.values import SessionId

GAP_SETTLE_S = 60.0
"""Energy drawn without a session is written down when the register has not risen for this long."""
GAP_ALERT_WH = 50
"""Below this a gap is the rest that a slow meter told after the end; it is recorded all the same."""


def account(draft: Draft, register_wh: int, *, gap: str, follows: SessionId | None = None) -> None:
    """Up to this register everything belongs to somebody; what lies before it and belongs to none is a gap."""
    kept = draft.kept
    if kept.accounted_wh is not None and register_wh > kept.accounted_wh:
        started_ms = draft.now_ms if kept.accounted_ms is None else min(kept.accounted_ms, draft.now_ms)
        entry = HistoryEntry(
            id=SessionId(f"{draft.fresh}-gap{_gaps(draft) or ''}"),
            kind=EntryKind.GAP,
            authority=None,
            user=None,
            name=None,
            tag=None,
            started_ms=started_ms,
            ended_ms=draft.now_ms,
            start_wh=kept.accounted_wh,
            end_wh=register_wh,
            cost=Decimal(0),
            price_per_kwh=None,
            reason=gap,
            follows=follows,
            clock_trusted=draft.state.clock_trusted,
        )
        draft.emit(WriteHistory(entry=entry))
        if entry.energy_wh >= GAP_ALERT_WH or follows is not None:
            draft.alert(
                AlertId.UNACCOUNTED_ENERGY,
                f"{entry.energy_wh} Wh were drawn that belong to no session ({gap}); see the history",
                for_s=PASSING_S,
            )
    draft.kept = accounted(draft.kept, register_wh, draft.now_ms)


def _gaps(draft: Draft) -> int:
    """How many this step has written down already."""
    return sum(isinstance(effect, WriteHistory) and effect.entry.kind is EntryKind.GAP for effect in draft.effects)


def accounted(kept: Kept, register_wh: int, utc_ms: int) -> Kept:
    """Everything up to this register belongs to somebody. So no restart may know of a lower one: what begins there would have it twice."""
    if kept.register_wh is None or kept.register_wh < register_wh:
        kept = replace(kept, register_wh=register_wh, register_ms=utc_ms)
    return replace(kept, accounted_wh=register_wh, accounted_ms=utc_ms)


def is_settled(kept: Kept, session: BackendSession | LocalSession) -> bool:
    """Whether what was drawn since the session's last durable register is written down already, though the session is still open.

    So it is where the register has run back, or leapt, while a restart waited for the wallbox: it counts from a new baseline.
    """
    return kept.accounted_wh != session.begin.register_wh


def settle_gap(draft: Draft) -> None:
    """Write down energy drawn without a session, as far as the meter has told it."""
    register_wh = draft.state.meter.register_wh
    assert isinstance(draft.session, NoSession), "what a session draws is its own"
    assert register_wh is not None, "the caller has seen to a register"
    account(draft, register_wh, gap="no_session")


def gap_due_s(state: State) -> float | None:
    """When energy drawn without a session is to be written down."""
    kept, meter = state.kept, state.meter
    if not isinstance(kept.session, NoSession) or meter.register_wh is None or meter.rose_at_s is None or not meter.live:
        return None
    if kept.accounted_wh is None or meter.register_wh <= kept.accounted_wh:
        return None
    return meter.rose_at_s + GAP_SETTLE_S
