"""Rules about transactions as such: each once, whole, in order, under its own name (reliability.md §4: 1, 2, 3, 13)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bridge.audit.case import DELIVERED, QUEUED, Case, Session, finding, was_parked
from bridge.audit.heard import NO_NAME, Step, Told
from bridge.audit.ledgers import Finding, Row
from bridge.core.effects import EntryKind, RecordSample, RecordStart, RecordStop
from bridge.core.values import ChargePointId


def started_once(case: Case) -> Iterator[Finding]:
    """Every session the bridge calls the central system's is exactly one transaction there, and there is none beside."""
    for charge_point in case.charge_points:
        for entry in case.history(charge_point, EntryKind.OCPP):
            session = case.sessions.get((charge_point, entry.id))
            if session is None or session.start is None:
                yield finding(1, charge_point, f"session {entry.id} is in the history, but its start never was in the outbox")
        heard = case.hearings.get(charge_point)
        for session in case.of(charge_point):
            start = session.start
            if start is not None and _is_owed(start) and heard is not None and not session.copies(start):
                yield finding(1, charge_point, f"the start of {session.id} counts as delivered, but the central system never heard it")
            ended = any(isinstance(row.record, RecordStop) for row in session.rows)
            if ended and session.id not in {entry.id for entry in case.history(charge_point, EntryKind.OCPP)}:
                yield finding(1, charge_point, f"session {session.id} has ended by the outbox, and is not in the history")
    for charge_point, told in case.strangers:
        if told.step is Step.START:
            yield finding(1, charge_point, f"the central system heard a start the bridge never wrote: {told.call.content}")


def _is_owed(row: Row) -> bool:
    """Whether the central system must have heard it: delivered, and not given up by the operator."""
    return row.state == DELIVERED and row.error is None


def stopped_once(case: Case) -> Iterator[Finding]:
    """Every transaction that was started has one stop, after its start; what never was a transaction has none."""
    for session in case.sessions.values():
        yield from _stopped_once(case, session)
    for charge_point, told in case.strangers:
        if told.step is Step.STOP:
            yield finding(2, charge_point, f"the central system heard a stop the bridge never wrote: {told.call.content}")


def _stopped_once(case: Case, session: Session) -> Iterator[Finding]:
    owner, start, stop = session.charge_point, session.start, session.stop
    is_open = case.is_open(owner, session.id)
    stops = [row for row in session.rows if isinstance(row.record, RecordStop)]
    if start is not None and stop is None and not is_open:
        yield finding(2, owner, f"{session.id} was started and neither runs nor has a stop")
    if len(stops) > 1:
        yield finding(2, owner, f"{session.id} has {len(stops)} stops in the outbox")
    if start is None or stop is None:
        return
    if is_open and stops:
        yield finding(2, owner, f"{session.id} has a stop, and runs")
    starts_heard, stops_heard = session.copies(start), session.copies(stop)
    if _is_owed(stop) and owner in case.hearings and not stops_heard:
        yield finding(2, owner, f"the stop of {session.id} counts as delivered, but the central system never heard it")
    if stops_heard and not was_parked(start) and (not starts_heard or starts_heard[0].call.order > stops_heard[0].call.order):
        yield finding(2, owner, f"the stop of {session.id} came before its start")
    if _is_owed(start) and _is_owed(stop) and _never_named(session, start, stops_heard):
        yield finding(2, owner, f"the stop of {session.id} never went under its name, {session.names[-1]}")
    if stop.id < start.id:
        yield finding(2, owner, f"the stop of {session.id} was written before its start")


def _never_named(session: Session, start: Row, stops: Sequence[Told]) -> bool:
    """Whether a start that went late, after it had been put aside, did not take the stop with it (design.md §4 rule 5)."""
    if not (was_parked(start) and session.names and stops) or _nameless_at_last(session, start):
        return False
    return not any(told.own_names or told.name in session.names for told in stops)


def never_backwards(case: Case) -> Iterator[Finding]:
    """Within a transaction neither register nor time runs back, and one transaction begins where the last one ended or later."""
    for charge_point in case.charge_points:
        sessions = case.of(charge_point)
        for session in sessions:
            yield from _backwards(charge_point, session.id, _written(session), "the bridge wrote")
            yield from _backwards(charge_point, session.id, _told(session), "the central system heard")
        yield from _overlapping(case, charge_point, sessions)


_Moment = tuple[int | None, int | None]
"""Time and register."""


def _written(session: Session) -> Iterator[_Moment]:
    for row in session.rows:
        record = row.record
        match record:
            case RecordStart() | RecordStop():
                yield record.utc_ms, record.reading.register_wh
            case RecordSample():
                yield record.reading.utc_ms, record.reading.register_wh
            case _:
                yield record.utc_ms, None if record.reading is None else record.reading.register_wh


def _told(session: Session) -> Iterator[_Moment]:
    """In the order in which it was written, whenever it arrived; and what an end tells of the way to it."""
    for row in session.rows:
        for told in session.copies(row)[:1]:
            inner = [one.register_wh for one in told.readings] if told.step is Step.STOP else []
            yield from ((None, register_wh) for register_wh in inner if told.register_wh is not None and register_wh > told.register_wh)
            yield told.utc_ms, told.register_wh


def _backwards(charge_point: ChargePointId, session: str, moments: Iterator[_Moment], who: str) -> Iterator[Finding]:
    known = list(moments)
    for before, after in pairwise([utc_ms for utc_ms, _ in known if utc_ms is not None]):
        if after < before:
            yield finding(3, charge_point, f"time runs back by {before - after} ms in {session}, as {who}")
    for before, after in pairwise([register_wh for _, register_wh in known if register_wh is not None]):
        if after < before:
            yield finding(3, charge_point, f"the register runs back from {before} to {after} Wh in {session}, as {who}")


def _overlapping(case: Case, charge_point: ChargePointId, sessions: list[Session]) -> Iterator[Finding]:
    """Only while nobody replaced the meter are registers of two sessions compared, and times only as far as the clock was let alone."""
    set_back_ms = case.tolerances.clock_ms + sum(-step.by_ms for step in case.truth.steps if step.by_ms < 0)
    leapt = bool(case.leaps(charge_point))
    for before, after in pairwise([session for session in sessions if session.start is not None]):
        start, stop = after.start, before.stop
        if stop is None:
            yield finding(3, charge_point, f"{after.id} began before {before.id} had ended")
            continue
        assert start is not None, "those without one are left out"
        begin, end = start.record, stop.record
        assert isinstance(begin, RecordStart), "a billed start"
        assert isinstance(end, RecordStop), "a billed end"
        if begin.utc_ms + set_back_ms < end.utc_ms:
            yield finding(3, charge_point, f"{after.id} began {end.utc_ms - begin.utc_ms} ms before {before.id} ended")
        if begin.reading.register_wh < end.reading.register_wh and not leapt:
            yield finding(
                3, charge_point, f"{after.id} began at {begin.reading.register_wh} Wh, {before.id} ended at {end.reading.register_wh} Wh"
            )


def under_its_own_name(case: Case) -> Iterator[Finding]:
    """What is said of a transaction is said under the name the central system gave it, and under none only where it gave none."""
    for session in case.sessions.values():
        for row, told in session.told:
            if not told.own_names and told.step is not Step.START:
                yield from _named(session, row, told)
    for charge_point, told in case.strangers:
        if told.own_names or told.step is Step.START:
            known = not told.own_names or (charge_point, told.name) in case.sessions
        else:
            known = told.name == NO_NAME or any(told.name in session.names for session in case.of(charge_point))
        if not known:
            yield finding(13, charge_point, f"transaction {told.name} is nobody's: {told.call.content}")


def _named(session: Session, row: Row, told: Told) -> Iterator[Finding]:
    owner, start = session.charge_point, session.start
    given = session.names
    if told.name in given:
        return
    if told.name != NO_NAME:
        yield finding(13, owner, f"a {told.step} of {session.id} went under the name {told.name}, which is not its own")
    elif start is not None and given and not was_parked(start) and not _nameless_at_last(session, start):
        yield finding(13, owner, f"a {told.step} of {session.id} went under no name, though the central system gave it {given[-1]}")
    elif start is not None and start.state == QUEUED and not was_parked(start):
        yield finding(13, owner, f"row {row.id} of {session.id} went under no name while its start was still to be sent")


def _nameless_at_last(session: Session, start: Row) -> bool:
    """Whether the answer that counted, to the last copy of the start, gave no name."""
    answer = session.copies(start)[-1].call.answer
    return answer is not None and answer.error is None and answer.name is None
