"""How sessions begin, are sampled and end. Every Wh between two registers belongs to a session or to a recorded gap."""

from dataclasses import replace
from decimal import Decimal

from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.draft import Draft
from bridge.core.effects import (
    EntryKind,
    HistoryEntry,
    RecordSample,
    RecordStart,
    RecordStop,
    UnlockHardware,
    WriteHistory,
)
from bridge.core.energy import command
from bridge.core.hardware import is_plugged
from bridge.core.state import (
    BackendSession,
    Cable,
    Ending,
    Granted,
    LocalSession,
    Meter,
    NoSession,
    NotPending,
    State,
)
from bridge.core.values import (
    Authority,
    CommandId,
    IdTag,
    Reading,
    ReadingContext,
    SessionId,
    StopReason,
)

METER_WAIT_S = 10.0
"""How long a start waits for a live reading before it takes the last known one (design.md §2 "Meter")."""
METER_FRESH_S = 120.0
"""A live reading is good for this long: meters publish on change, and nothing changes while nothing flows."""
GAP_SETTLE_S = 60.0
"""Energy drawn without a session is written down when the register has stood still for this long."""
GAP_ALERT_WH = 50
"""Below this a gap is the rest that a slow meter told after the end; it is recorded all the same."""


# --- the meter's view -------------------------------------------------------------------------------------------------------------


def is_fresh(state: State) -> bool:
    """Whether the register was heard live, and lately enough to begin with."""
    meter = state.meter
    at = meter.register_at
    return meter.live and at is not None and state.now.mono_s - at.mono_s <= METER_FRESH_S


def _phases(values: tuple[float | None, ...]) -> tuple[float, ...] | None:
    known = tuple(value for value in values if value is not None)
    return known if values and len(known) == len(values) else None


def reading(state: State, context: ReadingContext, *, utc_ms: int | None = None) -> Reading | None:
    """What the meter shows, as of now or of the time given; None while the register is unknown.

    A register that is no longer fresh carries its own time, and nothing is told of power, current or voltage.
    """
    meter = state.meter
    if meter.register_wh is None or meter.register_at is None:
        return None
    if not is_fresh(state):
        own_ms = meter.register_at.utc_ms if meter.taken_ms is None else meter.taken_ms
        return Reading(utc_ms=own_ms, register_wh=meter.register_wh, context=context)
    desired = command(state)
    return Reading(
        utc_ms=state.now.utc_ms if utc_ms is None else utc_ms,
        register_wh=meter.register_wh,
        power_w=meter.power_w,
        current_a=_phases(meter.current_a),
        voltage_v=_phases(meter.voltage_v),
        soc_percent=meter.soc_percent,
        offered_a=desired.limit_a if desired.enabled else 0.0,
        context=context,
        signed=meter.signed,
    )


def keep_register(draft: Draft) -> None:
    """Make the present register durable, in the session as well (B8)."""
    now = reading(draft.state, ReadingContext.PERIODIC)
    if now is None:
        return
    session = draft.session
    if not isinstance(session, NoSession) and now.register_wh >= session.last.register_wh:
        last = replace(now, utc_ms=max(now.utc_ms, session.last.utc_ms))
        draft.session = replace(session, last=last)
    draft.kept = replace(draft.kept, register_wh=now.register_wh, register_ms=now.utc_ms)
    draft.state = replace(draft.state, kept_s=draft.now_s)


# --- accounting -------------------------------------------------------------------------------------------------------------------


def account(draft: Draft, register_wh: int, *, gap: str, follows: SessionId | None = None) -> None:
    """Up to this register everything belongs to somebody; what lies before it and belongs to none is a gap."""
    kept = draft.kept
    if kept.accounted_wh is not None and register_wh > kept.accounted_wh:
        entry = HistoryEntry(
            id=SessionId(f"{draft.fresh}-gap"),
            kind=EntryKind.GAP,
            authority=None,
            user=None,
            name=None,
            tag=None,
            started_ms=draft.now_ms if kept.accounted_ms is None else min(kept.accounted_ms, draft.now_ms),
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
    draft.kept = replace(draft.kept, accounted_wh=register_wh, accounted_ms=draft.now_ms)


def settle_gap(draft: Draft) -> None:
    """Write down energy drawn without a session, once the register stands still."""
    due_s = gap_due_s(draft.state)
    if due_s is not None and due_s <= draft.now_s and draft.state.meter.register_wh is not None:
        account(draft, draft.state.meter.register_wh, gap="no_session")


def gap_due_s(state: State) -> float | None:
    """When energy drawn without a session is to be written down."""
    kept, meter = state.kept, state.meter
    if not isinstance(kept.session, NoSession) or meter.register_wh is None or meter.register_at is None or not meter.live:
        return None
    if isinstance(state.pending, Granted) and state.pending.meter_until_s is not None:
        return None
    if kept.accounted_wh is None or meter.register_wh <= kept.accounted_wh:
        return None
    return meter.register_at.mono_s + GAP_SETTLE_S


# --- begin ------------------------------------------------------------------------------------------------------------------------


def try_start(draft: Draft) -> None:
    """Begin the session that has been granted, as soon as vehicle, meter and disk are ready. Unknown never starts one."""
    granted = draft.pending
    if not isinstance(granted, Granted) or not is_plugged(draft.state.hardware):
        return
    if not draft.state.synchronised or not draft.state.storage_ok:
        return
    if not isinstance(draft.session, NoSession):
        finish(draft)
    if granted.meter_until_s is None:
        granted = replace(granted, meter_until_s=draft.now_s + METER_WAIT_S)
        draft.pending = granted
    if is_fresh(draft.state):
        draft.clear(AlertId.METER_SILENT)
        open_session(draft, granted)
    elif granted.meter_until_s is not None and granted.meter_until_s <= draft.now_s:
        if draft.state.meter.register_wh is None:
            draft.pending = NotPending()
            draft.alert(AlertId.METER_SILENT, "the meter has never told a register, so no session can start; check its topics")
            return
        draft.alert(AlertId.METER_SILENT, "the meter is silent: the session starts with its last known register")
        open_session(draft, granted)


def open_session(draft: Draft, granted: Granted) -> None:
    """Begin now, with the register as it is known."""
    begin = reading(draft.state, ReadingContext.BEGIN)
    assert begin is not None, "the caller has seen to a register"
    gap = "bridge_down" if granted.follows is not None else "no_session"
    account(draft, begin.register_wh, gap=gap, follows=granted.follows)
    draft.pending = NotPending()
    state = draft.state
    if granted.local or granted.person.tag is None:
        price = price_now(state)
        draft.session = LocalSession(
            id=granted.id,
            person=granted.person,
            mode=granted.mode,
            begin=begin,
            started_ms=draft.now_ms,
            last=begin,
            price_per_kwh=price,
            priced_wh=begin.register_wh,
            follows=granted.follows,
            clock_trusted=state.clock_trusted,
        )
    else:
        draft.session = BackendSession(
            id=granted.id,
            person=granted.person,
            tag=granted.person.tag,
            mode=granted.mode,
            begin=begin,
            started_ms=draft.now_ms,
            sequence=1,
            last=begin,
            remote=granted.remote,
            group=granted.group,
            follows=granted.follows,
            clock_trusted=state.clock_trusted,
        )
        draft.emit(
            RecordStart(
                session=granted.id,
                sequence=0,
                tag=granted.person.tag,
                reading=begin,
                utc_ms=draft.now_ms,
                offline=not state.backend_online,
                remote=granted.remote,
            )
        )
    draft.state = replace(
        draft.state,
        opened_s=draft.now_s,
        sampled_s=draft.now_s,
        ended_plugged=False,
        ending_until_s=None,
        released_s=None,
        recovery=None,
    )
    keep_register(draft)


# --- while it runs ----------------------------------------------------------------------------------------------------------------


def sample(draft: Draft, context: ReadingContext, *, utc_ms: int) -> None:
    """Record a reading of the running transaction, if there is one and the meter is heard."""
    session = draft.session
    if not isinstance(session, BackendSession) or session.ending is not None:
        return
    now = reading(draft.state, context, utc_ms=max(utc_ms, session.last.utc_ms))
    if now is None or not is_fresh(draft.state):
        draft.alert(AlertId.METER_SILENT, "the meter is silent during a session: no meter values can be told")
        return
    record = RecordSample(session=session.id, sequence=session.sequence, reading=now, offline=not draft.state.backend_online)
    draft.emit(record)
    draft.session = replace(session, sequence=session.sequence + 1)
    keep_register(draft)


def price_now(state: State) -> Decimal | None:
    """The local price per kWh: said to this charge point, else to all, else configured."""
    live = dict(state.kept.prices)
    return live.get(False, live.get(True, state.rules.price_per_kwh))


def cost_so_far(session: LocalSession, register_wh: int) -> Decimal:
    """Summed over the intervals between price changes (B11)."""
    if session.price_per_kwh is None:
        return session.cost
    return session.cost + session.price_per_kwh * (max(register_wh, session.priced_wh) - session.priced_wh) / 1000


def reprice(draft: Draft) -> None:
    """The price changed: what has been drawn costs the old one."""
    session = draft.session
    price = price_now(draft.state)
    if not isinstance(session, LocalSession) or session.price_per_kwh == price:
        return
    known_wh = draft.state.meter.register_wh
    register_wh = session.priced_wh if known_wh is None else max(known_wh, session.priced_wh)
    draft.session = replace(session, cost=cost_so_far(session, register_wh), price_per_kwh=price, priced_wh=register_wh)


# --- end --------------------------------------------------------------------------------------------------------------------------


def close(draft: Draft, reason: StopReason, tag: IdTag | None = None) -> None:
    """End the running session. Its energy goes off now; its record waits a moment for the meter's last word."""
    session = draft.session
    if isinstance(session, NoSession) or session.ending is not None:
        return
    ending_ms = max(draft.now_ms, session.last.utc_ms)
    draft.session = replace(session, ending=Ending(reason=reason, utc_ms=ending_ms, tag=tag))
    draft.state = replace(draft.state, ending_until_s=draft.now_s + draft.state.rules.stop_wait_s)
    frees = draft.state.settings.unlock_on_ev_disconnect and draft.state.rules.cable is Cable.SOCKET
    if reason is StopReason.EV_DISCONNECTED and frees and draft.state.recovery is None:
        draft.emit(UnlockHardware(command=CommandId(draft.fresh)))
    if not is_fresh(draft.state) or draft.state.rules.stop_wait_s <= 0:
        finish(draft)


def finish_now(draft: Draft, reason: StopReason, tag: IdTag | None = None) -> None:
    """End the running session at the register as it is known, without waiting."""
    close(draft, reason, tag)
    finish(draft)


def finish_at_last_kept(draft: Draft, reason: StopReason) -> None:
    """End a session of the life before at its last durable register and that register's time (B8)."""
    session = draft.session
    assert not isinstance(session, NoSession), "the caller has seen to a session"
    if session.ending is None:
        draft.session = replace(session, ending=Ending(reason=reason, utc_ms=session.last.utc_ms))
    _finish(draft, session.last)


def finish(draft: Draft) -> None:
    """Write the end of a session that is ending, with the newest register there is."""
    session = draft.session
    if isinstance(session, NoSession) or session.ending is None:
        return
    last = session.last
    now = reading(draft.state, ReadingContext.END)
    if now is not None and now.register_wh >= last.register_wh:
        last = now
    _finish(draft, last)


def _finish(draft: Draft, last: Reading) -> None:
    session = draft.session
    assert not isinstance(session, NoSession)
    assert session.ending is not None
    ending = session.ending
    end = replace(last, context=ReadingContext.END, utc_ms=max(ending.utc_ms, session.begin.utc_ms))
    cost, price = Decimal(0), None
    if isinstance(session, BackendSession):
        record = RecordStop(
            session=session.id,
            sequence=session.sequence,
            reading=end,
            utc_ms=end.utc_ms,
            reason=ending.reason,
            tag=ending.tag,
            begin=session.begin,
            offline=not draft.state.backend_online,
        )
        draft.emit(record)
    else:
        cost, price = cost_so_far(session, end.register_wh), session.price_per_kwh
    draft.emit(WriteHistory(entry=_entry(session, end, cost, price)))
    kept = replace(draft.kept, session=NoSession(), accounted_wh=end.register_wh, accounted_ms=end.utc_ms)
    for station, operative in kept.scheduled:
        kept = replace(kept, operative=operative, station_operative=operative if station else kept.station_operative)
    draft.kept = replace(kept, scheduled=())
    draft.state = replace(
        draft.state,
        ended_plugged=is_plugged(draft.state.hardware) is True,
        ending_until_s=None,
        opened_s=None,
        sampled_s=None,
        released_s=None,
        over_limit_s=None,
        recovery=None,
    )


def _entry(session: BackendSession | LocalSession, end: Reading, cost: Decimal, price: Decimal | None) -> HistoryEntry:
    assert session.ending is not None
    billed = isinstance(session, BackendSession)
    return HistoryEntry(
        id=session.id,
        kind=EntryKind.OCPP if billed else EntryKind.LOCAL,
        authority=Authority.OCPP if billed else Authority.LOCAL,
        user=session.person.user,
        name=session.person.name,
        tag=session.tag if isinstance(session, BackendSession) else session.person.tag,
        started_ms=session.started_ms,
        ended_ms=end.utc_ms,
        start_wh=session.begin.register_wh,
        end_wh=end.register_wh,
        cost=cost,
        price_per_kwh=price,
        reason=session.ending.reason.value,
        mode=session.mode,
        backend_id=session.backend_id if isinstance(session, BackendSession) else None,
        follows=session.follows,
        clock_trusted=session.clock_trusted,
    )


def ending_settles(state: State, meter: Meter) -> bool:
    """Whether this live word of the meter is its last one on a session that is ending: nothing flows any more."""
    session = state.kept.session
    if isinstance(session, NoSession) or session.ending is None or state.ending_until_s is None:
        return False
    since_s = state.ending_until_s - state.rules.stop_wait_s
    quiet = meter.power_w is not None and meter.power_w < QUIET_W
    return quiet or state.now.mono_s >= since_s + SETTLE_S


QUIET_W = 20.0
"""Less than this is the wallbox's own consumption."""
SETTLE_S = 2.0
"""A contactor has long opened by then, and the meter has been read again."""
