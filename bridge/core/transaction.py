"""Transactions as OCPP 2.0.1 tells them (P2 E01-E12): derived from what happened to the session, in one place.

A transaction is open while the settings' start points have opened it and its stop points have not ended it; with the defaults it is the
session. Records are numbered here without gaps, from the start that 2.0.1 is told of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from bridge.core import rates
from bridge.core.backend import Among, ProfilesCleared, ProfileSent, ReadingRequested, RemoteStartRequested, RemoteStopRequested
from bridge.core.draft import Draft
from bridge.core.effects import AnyEffect, RecordSample, RecordStart, RecordStop, RecordUpdate, RestartStation, Telling
from bridge.core.energy import command, is_running
from bridge.core.events import AnyEvent, Restarted, TimePassed
from bridge.core.hardware import is_charging, is_fresh, is_plugged
from bridge.core.readings import reading
from bridge.core.sessions import close
from bridge.core.state import Asking, BackendSession, Granted, LocalSession, Rate, State, Transaction
from bridge.core.status import is_in_grace, is_operative
from bridge.core.values import (
    ChargingState,
    IdTag,
    Reading,
    ReadingContext,
    SessionId,
    StopReason,
    TxKind,
    TxPoint,
    TxTrigger,
)

_End: TypeAlias = tuple[TxTrigger, StopReason]
"""Why a record is made, and why the transaction ended; 2.0.1 has no soft and hard resets, and no word for an unlocking."""

ENDS: Mapping[StopReason, _End] = {
    StopReason.LOCAL: (TxTrigger.STOP_AUTHORIZED, StopReason.LOCAL),
    StopReason.MASTER_PASS: (TxTrigger.STOP_AUTHORIZED, StopReason.MASTER_PASS),
    StopReason.REMOTE: (TxTrigger.REMOTE_STOP, StopReason.REMOTE),
    StopReason.EV_DISCONNECTED: (TxTrigger.EV_COMMUNICATION_LOST, StopReason.EV_DISCONNECTED),
    StopReason.STOPPED_BY_EV: (TxTrigger.CHARGING_STATE_CHANGED, StopReason.STOPPED_BY_EV),
    StopReason.DEAUTHORIZED: (TxTrigger.DEAUTHORIZED, StopReason.DEAUTHORIZED),
    StopReason.TIMEOUT: (TxTrigger.EV_CONNECT_TIMEOUT, StopReason.TIMEOUT),
    StopReason.POWER_LOSS: (TxTrigger.ABNORMAL, StopReason.POWER_LOSS),
    StopReason.REBOOT: (TxTrigger.ABNORMAL, StopReason.REBOOT),
    StopReason.SOFT_RESET: (TxTrigger.RESET_COMMAND, StopReason.IMMEDIATE_RESET),
    StopReason.HARD_RESET: (TxTrigger.RESET_COMMAND, StopReason.IMMEDIATE_RESET),
    StopReason.IMMEDIATE_RESET: (TxTrigger.RESET_COMMAND, StopReason.IMMEDIATE_RESET),
    StopReason.UNLOCK: (TxTrigger.UNLOCK_COMMAND, StopReason.OTHER),
    StopReason.EMERGENCY_STOP: (TxTrigger.ABNORMAL, StopReason.EMERGENCY_STOP),
    StopReason.OTHER: (TxTrigger.ABNORMAL, StopReason.OTHER),
}
_GENTLE = frozenset({StopReason.LOCAL, StopReason.MASTER_PASS, StopReason.REMOTE, StopReason.DEAUTHORIZED, StopReason.UNLOCK})
"""Ends of a session that leave a transaction open where only the plug ends it; everything else ends both."""
_TRIGGERS: Mapping[ReadingContext, TxTrigger] = {
    ReadingContext.CLOCK: TxTrigger.METER_CLOCK,
    ReadingContext.TRIGGER: TxTrigger.TRIGGER,
}


def follow(before: State, draft: Draft, event: AnyEvent) -> None:
    """Number and describe the records of this step, and add those that only 2.0.1 tells."""
    _translate(before, draft, event)
    if draft.state.recovery is not None:
        return
    transaction = draft.kept.transaction
    if transaction is None:
        _maybe_open(before, draft, event)
    elif isinstance(draft.session, BackendSession):
        _follow_session(before, draft, event, transaction)
    elif isinstance(event, ReadingRequested) and event.among is Among.TRANSACTION:
        telling = Telling(kind=TxKind.UPDATED, trigger=TxTrigger.TRIGGER, charging=transaction.charging)
        _update(draft, transaction, telling, _reading(draft, ReadingContext.TRIGGER))
    else:
        _maybe_end(draft, event, transaction)
    _follow_rate(draft, event)


def charging_state(state: State) -> ChargingState:
    """What the vehicle of a transaction does."""
    plugged = is_plugged(state.hardware)
    if not (state.kept.plugged if plugged is None else plugged):
        return ChargingState.IDLE
    session = state.kept.session
    if not isinstance(session, BackendSession) or not is_running(session):
        return ChargingState.EV_CONNECTED
    if not command(state).enabled:
        return ChargingState.SUSPENDED_EVSE
    if is_charging(state):
        return ChargingState.CHARGING
    return ChargingState.EV_CONNECTED if is_in_grace(state) else ChargingState.SUSPENDED_EV


# --- what the session said --------------------------------------------------------------------------------------------------------


def _translate(before: State, draft: Draft, event: AnyEvent) -> None:
    effects: tuple[AnyEffect, ...] = draft.effects
    draft.effects = ()
    for effect in effects:
        match effect:
            case RecordStart():
                _session_started(before, draft, event, effect)
            case RecordSample(telling=None):
                _sampled(draft, effect)
            case RecordStop(telling=None):
                _session_stopped(draft, effect)
            case _:
                draft.emit(effect)


def _session_started(before: State, draft: Draft, event: AnyEvent, record: RecordStart) -> None:
    open_ = draft.kept.transaction
    if open_ is not None and open_.over:
        # its vehicle stayed, and somebody begins anew
        _end(draft, open_, TxTrigger.DEAUTHORIZED, StopReason.LOCAL)
        open_ = None
    if open_ is None and not _points(draft.state.settings.start_points) - {TxPoint.ENERGY_TRANSFER}:
        draft.emit(record)
        return
    transaction = open_ or Transaction(id=record.session, sequence=0, charging=ChargingState.IDLE)
    if open_ is not None:
        assert isinstance(draft.session, BackendSession), "it has just begun"
        record = replace(record, utc_ms=_no_earlier(transaction, record.utc_ms))
        draft.session = replace(draft.session, id=transaction.id, started_ms=record.utc_ms)
    charging = charging_state(draft.state)
    telling = Telling(
        kind=TxKind.STARTED if open_ is None else TxKind.UPDATED,
        trigger=_start_trigger(before, event, transaction, remote=record.remote),
        charging=charging,
        connected=not transaction.connected,
        tag=None if transaction.authorised else record.tag,
        remote_id=None if transaction.authorised else _remote_id(before, event),
        reservation=record.reservation,
    )
    draft.emit(replace(record, session=transaction.id, sequence=transaction.sequence, telling=telling))
    _keep(draft, replace(_next(transaction, record.utc_ms, charging), connected=True, authorised=True, begin=record.reading))


def _start_trigger(before: State, event: AnyEvent, transaction: Transaction, *, remote: bool) -> TxTrigger:
    """Why it starts: the plug where that came last, else the permission (E03.FR.12: the more specific one)."""
    pending = before.pending
    remote = remote or isinstance(event, RemoteStartRequested)
    # F02.FR.21: the first event after a remote start says so, even where the plug came last
    if remote and not transaction.authorised:
        return TxTrigger.REMOTE_START
    if transaction.authorised or (isinstance(pending, Granted) and not is_plugged(before.hardware)):
        return TxTrigger.CABLE_PLUGGED_IN
    at = before.hardware.plugged_at
    if isinstance(pending, Granted) and at is not None and at.mono_s > pending.until_s - before.settings.connection_timeout_s:
        return TxTrigger.CABLE_PLUGGED_IN
    return TxTrigger.AUTHORIZED


def _remote_id(before: State, event: AnyEvent) -> int | None:
    if isinstance(event, RemoteStartRequested):
        return event.remote_id
    return before.pending.remote_id if isinstance(before.pending, Asking | Granted) else None


def _sampled(draft: Draft, record: RecordSample) -> None:
    transaction = draft.kept.transaction
    if transaction is None:
        draft.emit(record)
        return
    trigger = _TRIGGERS.get(record.reading.context, TxTrigger.METER_PERIODIC)
    charging = transaction.charging if trigger is TxTrigger.TRIGGER else None
    telling = Telling(kind=TxKind.UPDATED, trigger=trigger, charging=charging)
    taken = replace(record.reading, utc_ms=_no_earlier(transaction, record.reading.utc_ms))
    draft.emit(replace(record, session=transaction.id, sequence=transaction.sequence, reading=taken, telling=telling))
    _keep(draft, _next(transaction, taken.utc_ms))


def _session_stopped(draft: Draft, record: RecordStop) -> None:
    transaction = draft.kept.transaction
    if transaction is None:
        if record.reading.register_wh <= record.begin.register_wh:
            draft.emit(record)
            return
        # energy was drawn that never looked like charging: it has to be told all the same
        transaction = _open_at_energy(draft, record.session, record.begin, None)
    trigger, reason = ENDS[record.reason]
    charging = charging_state(draft.state)
    ends = record.reason not in _GENTLE or charging is ChargingState.IDLE or bool(_stop_points(draft) - {TxPoint.EV_CONNECTED})
    telling = Telling(
        kind=TxKind.ENDED if ends else TxKind.UPDATED,
        trigger=trigger,
        charging=charging,
        tag=record.tag,
        reason=reason if ends else None,
    )
    collected = transaction.collected if ends else ()
    # after a crash a session ends at the time of its last durable register, and more may have been told since
    utc_ms = _no_earlier(transaction, record.utc_ms)
    record = replace(record, session=transaction.id, sequence=transaction.sequence, utc_ms=utc_ms, telling=telling, collected=collected)
    draft.emit(record)
    rest = replace(_next(transaction, utc_ms, charging), authorised=False, over=True, reason=reason)
    _keep(draft, None if ends else rest)


# --- what only 2.0.1 tells --------------------------------------------------------------------------------------------------------


def _maybe_open(before: State, draft: Draft, event: AnyEvent) -> None:
    """A start point that opens a transaction before its session, or after (E01)."""
    state, points = draft.state, _points(draft.state.settings.start_points)
    if not state.synchronised or not is_operative(state):
        return
    session, pending = state.kept.session, state.pending
    if isinstance(session, BackendSession):
        if is_running(session) and charging_state(state) is ChargingState.CHARGING and points == {TxPoint.ENERGY_TRANSFER}:
            _open_at_energy(draft, session.id, session.begin, _remote_id(before, event))
        return
    if isinstance(session, LocalSession) or (isinstance(pending, Granted) and pending.local):
        return
    charging = charging_state(state)
    if isinstance(pending, Granted) and pending.person.tag is not None and TxPoint.AUTHORIZED in points:
        trigger = TxTrigger.REMOTE_START if pending.remote else TxTrigger.AUTHORIZED
        opened = Transaction(id=draft.fresh, sequence=0, charging=charging, authorised=True)
        telling = Telling(kind=TxKind.STARTED, trigger=trigger, charging=charging, tag=pending.person.tag, remote_id=pending.remote_id)
        _update(draft, opened, telling)
    elif TxPoint.EV_CONNECTED in points and charging is ChargingState.EV_CONNECTED and charging_state(before) is ChargingState.IDLE:
        begin = _reading(draft, ReadingContext.BEGIN)
        opened = Transaction(id=draft.fresh, sequence=0, charging=charging, connected=True, begin=begin)
        telling = Telling(kind=TxKind.STARTED, trigger=TxTrigger.CABLE_PLUGGED_IN, charging=charging, connected=True)
        _update(draft, opened, telling, begin)


def _open_at_energy(draft: Draft, session: SessionId, begin: Reading, remote_id: int | None) -> Transaction:
    """Its vehicle draws energy: told from the session's own start, so that nothing drawn is left out."""
    running = draft.session
    tag: IdTag | None = running.tag if isinstance(running, BackendSession) else None
    opened = Transaction(id=session, sequence=0, charging=ChargingState.CHARGING, connected=True, authorised=True, begin=begin)
    telling = Telling(
        kind=TxKind.STARTED,
        trigger=TxTrigger.CHARGING_STATE_CHANGED,
        charging=ChargingState.CHARGING,
        connected=True,
        tag=tag,
        remote_id=remote_id,
    )
    return _update(draft, opened, telling, begin)


def _follow_session(before: State, draft: Draft, event: AnyEvent, transaction: Transaction) -> None:
    """The vehicle of a running session begins, pauses, goes on."""
    charging = charging_state(draft.state)
    if not is_running(draft.session) or charging is transaction.charging:
        return
    paused = (transaction.charging, charging) == (ChargingState.CHARGING, ChargingState.SUSPENDED_EV)
    if paused and TxPoint.ENERGY_TRANSFER in _stop_points(draft):
        close(draft, StopReason.STOPPED_BY_EV)
        _translate(before, draft, event)
        return
    telling = Telling(kind=TxKind.UPDATED, trigger=TxTrigger.CHARGING_STATE_CHANGED, charging=charging)
    _update(draft, replace(transaction, charging=charging), telling)


def _follow_rate(draft: Draft, event: AnyEvent) -> None:
    """What its vehicle may draw changes while it charges (K10, K11): what the backend changed itself is told at once."""
    state, now_a, transaction = draft.state, rates.rate_a(draft.state), draft.kept.transaction
    if now_a is None or state.rate is None or transaction is None:
        # that it begins to charge, or no longer does, has been told
        draft.state = replace(state, rate=None if now_a is None else Rate(limit_a=now_a))
        return
    due_s = rates.due_s(state)
    waits = due_s is not None and due_s > draft.now_s and not isinstance(event, ProfileSent | ProfilesCleared)
    if waits or not rates.is_significant(state.rate, now_a, state.settings):
        return
    telling = Telling(kind=TxKind.UPDATED, trigger=TxTrigger.CHARGING_RATE_CHANGED, charging=transaction.charging)
    _update(draft, transaction, telling, _reading(draft, ReadingContext.OTHER) if is_fresh(state) else None)
    draft.state = replace(draft.state, rate=Rate(limit_a=now_a, told_s=draft.now_s))


def _maybe_end(draft: Draft, event: AnyEvent, transaction: Transaction) -> None:
    """A transaction without a session ends when what opened it is over (E05, E06, design.md §2 "2.0.1")."""
    session, pending = draft.session, draft.pending
    permitted = isinstance(pending, Granted) and not pending.local
    resets = any(isinstance(effect, RestartStation) for effect in draft.effects)
    stopped = isinstance(event, RemoteStopRequested) and event.backend_id == transaction.id
    if isinstance(event, Restarted):
        _end(draft, transaction, TxTrigger.ABNORMAL, StopReason.REBOOT if event.planned else StopReason.POWER_LOSS)
    elif resets:
        _end(draft, transaction, TxTrigger.RESET_COMMAND, StopReason.IMMEDIATE_RESET)
    elif stopped:
        _end(draft, transaction, TxTrigger.REMOTE_STOP, StopReason.REMOTE)
    elif isinstance(session, LocalSession) or (isinstance(pending, Granted) and pending.local):
        _end(draft, transaction, TxTrigger.DEAUTHORIZED, StopReason.DEAUTHORIZED)
    elif transaction.connected and charging_state(draft.state) is ChargingState.IDLE:
        # F03, C16: what stopped the energy is why it ended, though only the plug ends it
        _end(draft, transaction, TxTrigger.EV_COMMUNICATION_LOST, transaction.reason or StopReason.EV_DISCONNECTED)
    elif transaction.authorised and not permitted:
        lapsed = isinstance(event, TimePassed)
        trigger, reason = ENDS[StopReason.TIMEOUT if lapsed else StopReason.DEAUTHORIZED]
        _end(draft, transaction, trigger, reason)


# --- telling ----------------------------------------------------------------------------------------------------------------------


def _update(draft: Draft, transaction: Transaction, telling: Telling, taken: Reading | None = None) -> Transaction:
    record = _record(draft, transaction, telling, taken)
    draft.emit(record)
    after = _next(transaction, record.utc_ms)
    _keep(draft, after)
    return after


def _record(draft: Draft, transaction: Transaction, telling: Telling, taken: Reading | None) -> RecordUpdate:
    return RecordUpdate(
        session=transaction.id,
        sequence=transaction.sequence,
        utc_ms=_no_earlier(transaction, draft.now_ms),
        offline=not draft.state.backend_online,
        telling=telling,
        reading=taken,
    )


def _end(draft: Draft, transaction: Transaction, trigger: TxTrigger, reason: StopReason) -> None:
    telling = Telling(kind=TxKind.ENDED, trigger=trigger, charging=charging_state(draft.state), reason=reason)
    record = _record(draft, transaction, telling, _reading(draft, ReadingContext.END))
    draft.emit(replace(record, begin=transaction.begin, collected=transaction.collected))
    _keep(draft, None)


def _reading(draft: Draft, context: ReadingContext) -> Reading | None:
    taken = reading(draft.state, context)
    return None if taken is None else replace(taken, signed=None, utc_ms=draft.now_ms)


def _no_earlier(transaction: Transaction, utc_ms: int) -> int:
    """Where the clock was put back, or less is known after a crash, an event has the time of the one before it."""
    return utc_ms if transaction.told_ms is None else max(utc_ms, transaction.told_ms)


def _next(transaction: Transaction, told_ms: int, charging: ChargingState | None = None) -> Transaction:
    return replace(transaction, sequence=transaction.sequence + 1, told_ms=told_ms, charging=charging or transaction.charging)


def _keep(draft: Draft, transaction: Transaction | None) -> None:
    draft.kept = replace(draft.kept, transaction=transaction)


def _points(words: Iterable[str]) -> set[TxPoint]:
    return set(map(TxPoint, words))


def _stop_points(draft: Draft) -> set[TxPoint]:
    return _points(draft.state.settings.stop_points)
