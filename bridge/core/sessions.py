"""How sessions begin, are sampled and end."""

from dataclasses import replace
from decimal import Decimal

from bridge.core.accounting import account, accounted, is_settled
from bridge.core.alerts import AlertId
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
from bridge.core.energy import is_running
from bridge.core.hardware import QUIET_W, is_faulted, is_fresh, is_offline, is_plugged
from bridge.core.pricing import cost_so_far, price_now
from bridge.core.profiles import begin_with
from bridge.core.readings import keep_register, take_reading
from bridge.core.reserved import usable
from bridge.core.settings import Cable
from bridge.core.state import BackendSession, Ended, Ending, Granted, LocalSession, NoSession, NotPending, State
from bridge.core.status import is_operative
from bridge.core.values import (
    Authority,
    CommandId,
    IdTag,
    Reading,
    ReadingContext,
    StopReason,
)

METER_WAIT_S = 10.0
"""How long a start waits for a live reading before it takes the last known one (design.md §2 "Meter")."""
SETTLE_S = 2.0
"""A contactor has long opened by then, and the meter has been read again."""


# --- begin ------------------------------------------------------------------------------------------------------------------------


def is_ready(state: State) -> bool:
    """Whether anything may begin: broker and disk are there, and the hardware is well."""
    return state.synchronised and state.storage_ok and not is_faulted(state.hardware) and not is_offline(state)


def may_open(state: State, granted: Granted) -> bool:
    """Whether a permission can become a session now, the meter aside. Unknown never starts one (design.md §2 "Hardware")."""
    return is_plugged(state.hardware) is True and is_ready(state) and (granted.local or is_operative(state))


def try_start(draft: Draft) -> None:
    """Begin the session that has been granted, as soon as vehicle, meter and disk are ready."""
    granted = draft.pending
    if not isinstance(granted, Granted) or not may_open(draft.state, granted):
        return
    finish(draft)
    if is_fresh(draft.state):
        draft.clear(AlertId.METER_SILENT)
        open_session(draft, granted)
    elif granted.meter_until_s is None:
        until_s = draft.now_s + METER_WAIT_S
        draft.pending = replace(granted, meter_until_s=until_s, until_s=max(granted.until_s, until_s))
    elif granted.meter_until_s <= draft.now_s:
        draft.alert(AlertId.METER_SILENT, "the meter is silent: the session started with its last known register")
        open_session(draft, granted)


def go_on(draft: Draft, session: BackendSession | LocalSession, *, local: bool) -> None:
    """The same vehicle goes on in a new session, from the register as it is known; not where nothing new may start."""
    if not draft.state.storage_ok or not (local or is_operative(draft.state)):
        return
    if isinstance(session, BackendSession) and session.refused is not None and not local:
        return  # a refusal beats whatever was permitted before (design.md §4 rule 7)
    granted = Granted(
        id=draft.fresh,
        person=session.person,
        mode=session.mode,
        local=local,
        group=session.group if isinstance(session, BackendSession) and not local else None,
        until_s=draft.now_s,
        remote=isinstance(session, BackendSession) and session.remote,
        follows=session.id,
    )
    open_session(draft, granted)


def open_session(draft: Draft, granted: Granted) -> None:
    """Begin now, with the register as it is known."""
    assert isinstance(draft.session, NoSession), "one session at a time"
    begin = take_reading(draft, ReadingContext.BEGIN)
    assert begin is not None, "nothing is granted where no register was ever told"
    gap = "bridge_down" if granted.follows is not None else "no_session"
    account(draft, begin.register_wh, gap=gap, follows=granted.follows)
    draft.session = _opened(draft, granted, begin)
    begin_with(draft, granted.profile, granted.id)
    wished_s = draft.now_s if granted.follows is None else None
    draft.state = replace(draft.state, opened_s=wished_s, released_s=wished_s, sampled_s=draft.now_s, ended=None, recovery=None, held=None)
    if isinstance(draft.pending, Granted):
        draft.pending = NotPending()
    keep_register(draft)


def _opened(draft: Draft, granted: Granted, begin: Reading) -> BackendSession | LocalSession:
    state, tag = draft.state, granted.person.tag
    last = replace(begin, signed=None, utc_ms=draft.now_ms)
    if granted.local:
        return LocalSession(
            id=granted.id,
            person=granted.person,
            mode=granted.mode,
            begin=begin,
            started_ms=draft.now_ms,
            last=last,
            price_per_kwh=price_now(state),
            priced_wh=begin.register_wh,
            follows=granted.follows,
            clock_trusted=state.clock_trusted,
        )
    assert tag is not None, "the backend is asked about tags only"
    reservation = usable(state, tag, granted.group)
    if reservation is not None:
        draft.kept = replace(draft.kept, reservation=None)
    record = RecordStart(
        session=granted.id,
        sequence=0,
        tag=tag,
        reading=begin,
        utc_ms=draft.now_ms,
        offline=not state.backend_online,
        remote=granted.remote and granted.follows is None,
        reservation=None if reservation is None else reservation.id,
    )
    draft.emit(record)
    return BackendSession(
        id=granted.id,
        person=granted.person,
        tag=tag,
        mode=granted.mode,
        begin=begin,
        started_ms=draft.now_ms,
        sequence=1,
        last=last,
        remote=granted.remote,
        group=granted.group,
        follows=granted.follows,
        clock_trusted=state.clock_trusted,
    )


# --- while it runs ----------------------------------------------------------------------------------------------------------------


def is_sampled(state: State) -> bool:
    """Whether a transaction runs that readings belong to."""
    session = state.kept.session
    return isinstance(session, BackendSession) and is_running(session) and state.recovery is None


def sample(draft: Draft, context: ReadingContext, *, utc_ms: int) -> None:
    """Record a reading of the running transaction. The caller has seen to one (`is_sampled`) and to the meter."""
    session = draft.session
    assert isinstance(session, BackendSession)
    taken = take_reading(draft, context, utc_ms=utc_ms)
    assert taken is not None, "no session without a register"
    # The host's clock may have been put back: times of one transaction never run backwards (reliability.md C2).
    taken = replace(taken, utc_ms=_within(session, max(taken.utc_ms, session.last.utc_ms)))
    draft.emit(RecordSample(session=session.id, sequence=session.sequence, reading=taken, offline=not draft.state.backend_online))
    draft.session = replace(session, sequence=session.sequence + 1)
    keep_register(draft)


# --- end --------------------------------------------------------------------------------------------------------------------------


def close(draft: Draft, reason: StopReason, tag: IdTag | None = None) -> None:
    """End the running session. Its energy goes off now; its record waits a moment for the meter's last word."""
    if draft.state.recovery is not None:
        finish_at_last_kept(draft, reason, tag)
        return
    if not is_running(draft.session):
        return
    keep_register(draft)
    session = draft.session
    assert is_running(session)
    ending_ms = max(draft.now_ms, session.last.utc_ms)
    draft.session = replace(session, ending=Ending(reason=reason, utc_ms=ending_ms, tag=tag))
    draft.state = replace(draft.state, ending_until_s=draft.now_s + draft.state.rules.stop_wait_s)
    if reason is StopReason.EV_DISCONNECTED and draft.state.rules.cable is Cable.SOCKET:
        _let_go(draft, session)
    if not is_fresh(draft.state) or draft.state.rules.stop_wait_s <= 0:
        finish(draft)


def _let_go(draft: Draft, session: BackendSession | LocalSession) -> None:
    """The vehicle let go of a cable that may still be in the socket: it is freed, or waits for whoever brought it (2.0.1 E09)."""
    if draft.state.settings.unlock_on_ev_disconnect:
        draft.emit(UnlockHardware(command=CommandId(draft.fresh)))
    else:
        authority = Authority.OCPP if isinstance(session, BackendSession) else Authority.LOCAL
        draft.state = replace(draft.state, held=(session.person, authority))


def finish_now(draft: Draft, reason: StopReason) -> None:
    """End the running session at the register as it is known, without waiting."""
    close(draft, reason)
    finish(draft)


def _within(session: BackendSession | LocalSession, utc_ms: int) -> int:
    """A time of the session: not before it began, whichever of the two was put right since."""
    return max(utc_ms, session.started_ms)


def finish_at_last_kept(draft: Draft, reason: StopReason, tag: IdTag | None = None) -> None:
    """End a session of the life before at its last durable register and that register's time (B8)."""
    session = draft.session
    assert not isinstance(session, NoSession), "the caller has seen to a session"
    ending = session.ending or Ending(reason=reason, utc_ms=session.last.utc_ms, tag=tag)
    draft.session = replace(session, ending=ending)
    _finish(draft, session.last)


def finish(draft: Draft) -> None:
    """Write the end of a session that is ending, with the newest register there is."""
    session = draft.session
    if isinstance(session, NoSession) or session.ending is None:
        return
    last = take_reading(draft, ReadingContext.END)
    assert last is not None, "no session without a register"
    _finish(draft, last)


def _finish(draft: Draft, last: Reading) -> None:
    session = draft.session
    assert not isinstance(session, NoSession)
    assert session.ending is not None
    ending = session.ending
    end = replace(last, context=ReadingContext.END, utc_ms=_within(session, ending.utc_ms))
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
    kept = draft.kept
    register_wh = draft.state.meter.register_wh
    if register_wh is not None and end.register_wh <= register_wh and not is_settled(kept, session):
        kept = accounted(kept, end.register_wh, end.utc_ms)
    for station, operative in kept.scheduled:
        kept = replace(kept, operative=operative, station_operative=operative if station else kept.station_operative)
    draft.kept = replace(kept, session=NoSession(), scheduled=())
    stays = is_plugged(draft.state.hardware) is True and ending.reason is not StopReason.EV_DISCONNECTED
    draft.state = replace(
        draft.state,
        ended=Ended(person=session.person, finishing=isinstance(session, BackendSession)) if stays else None,
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


def ending_settles(state: State) -> bool:
    """Whether a live word of the meter now is its last one on a session that is ending: nothing flows any more."""
    if state.ending_until_s is None:
        return False
    since_s = state.ending_until_s - state.rules.stop_wait_s
    quiet = state.meter.power_w is not None and state.meter.power_w < QUIET_W
    return quiet or state.now.mono_s >= since_s + SETTLE_S
