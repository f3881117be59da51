"""Rules about energy and silence: every Wh on one bill of the right person, and none of a local session (reliability.md §4: 4, 5)."""

from collections.abc import Iterator

from bridge.audit.case import Case, Session, finding
from bridge.audit.cover import Balance, Ledger, Span, balanced, uncovered, uneven
from bridge.audit.heard import Hearing, Measured, Step, Told
from bridge.audit.ledgers import Finding, Metered, Rebased
from bridge.core.effects import EntryKind, HistoryEntry, RecordStart, RecordStop
from bridge.core.values import ChargePointId, Status, tag_key

METER_CHANGED = "meter_changed"
"""Why there is a gap, in the history's words."""
SETTLE_MS = 1_000
"""A status told in the second in which a session begins or ends may be the one before."""
STEADY_MS = 10_000
"""The bridge's clock and the observer's drift by less in a run; more is a clock that was set."""
HIDDEN = frozenset({Status.UNAVAILABLE.value, Status.FAULTED.value})


def accounted_for(case: Case) -> Iterator[Finding]:
    """What the central system recorded, local sessions and recorded gaps are together what the meter counted, Wh for Wh."""
    for charge_point, meter in case.truth.meters.items():
        spans, leaps = spans_of(case, charge_point, meter), _unwritten(case, charge_point)
        for text in (*uneven(balanced(charge_point, spans, meter, leaps)), *uncovered(spans, meter, leaps)):
            yield finding(4, charge_point, text)
    for charge_point in case.charge_points:
        for entry in case.history(charge_point, EntryKind.OCPP):
            session = case.sessions.get((charge_point, entry.id))
            if session is not None:
                yield from _same_bill(entry, session)


def balance_of(case: Case, charge_point: ChargePointId, meter: Metered) -> Balance:
    """The sums of one charge point."""
    return balanced(charge_point, spans_of(case, charge_point, meter), meter, _unwritten(case, charge_point))


def _unwritten(case: Case, charge_point: ChargePointId) -> list[Rebased]:
    """The leaps but for those that stand in the history as a gap: a bridge that restarts can't tell a new register from an old one."""
    gaps = [entry for entry in case.history(charge_point, EntryKind.GAP) if entry.reason == METER_CHANGED]
    leaps = []
    for leap in case.leaps(charge_point):
        told = next((gap for gap in gaps if gap.start_wh == leap.from_wh and gap.end_wh >= leap.to_wh > leap.from_wh), None)
        if told is None:
            leaps.append(leap)
        else:
            gaps.remove(told)
    return leaps


def spans_of(case: Case, charge_point: ChargePointId, meter: Metered) -> list[Span]:
    """Who accounts for what. The central system's word on transactions counts; the bridge's where that has not arrived."""
    spans = [
        Span(start_wh=entry.start_wh, end_wh=entry.end_wh, ledger=Ledger(entry.kind.value))
        for entry in case.history(charge_point, EntryKind.LOCAL, EntryKind.GAP)
    ]
    for session in case.of(charge_point):
        begin_wh, end_wh = session.begin_wh, session.end_wh
        if begin_wh is not None and end_wh is not None:
            spans.append(Span(start_wh=begin_wh, end_wh=end_wh, ledger=Ledger.CENTRAL))
    spans += _foreign(case, charge_point)
    for owner, name in case.book.open_sessions:
        if owner == charge_point:
            spans.append(_running(case, charge_point, name, meter, spans))
    return spans


def _running(case: Case, charge_point: ChargePointId, name: str, meter: Metered, ended: list[Span]) -> Span:
    """A session that runs has everything since its start. A local one of which that is not told has what is left."""
    session = case.sessions.get((charge_point, name))
    begin_wh = case.book.open_starts_wh.get(name)
    if begin_wh is None and session is not None:
        begin_wh = session.begin_wh
    if begin_wh is None:
        begin_wh = min(meter.end_wh, max([meter.start_wh, *(span.end_wh for span in ended)]))
    ledger = Ledger.LOCAL if session is None else Ledger.CENTRAL
    return Span(start_wh=begin_wh, end_wh=meter.end_wh, ledger=ledger)


def _foreign(case: Case, charge_point: ChargePointId) -> Iterator[Span]:
    """Transactions the central system bills, and the bridge never wrote."""
    strangers = [told for owner, told in case.strangers if owner == charge_point]
    for start in strangers:
        if start.step is Step.START and start.register_wh is not None:
            name = start.name if start.own_names else start.call.answer.name if start.call.answer is not None else None
            stops = (told for told in strangers if told.step is Step.STOP and told.name == name and told.register_wh is not None)
            for stop in stops:
                assert stop.register_wh is not None, "it has just been looked at"
                yield Span(start_wh=start.register_wh, end_wh=stop.register_wh, ledger=Ledger.CENTRAL)
                break


def _same_bill(entry: HistoryEntry, session: Session) -> Iterator[Finding]:
    """History, outbox and central system name the same person and the same registers."""
    owner = session.charge_point
    for row in session.rows:
        match row.record:
            case RecordStart(reading=reading) if reading.register_wh != entry.start_wh:
                yield finding(4, owner, f"{entry.id} began at {entry.start_wh} Wh by the history, {reading.register_wh} by the outbox")
            case RecordStart(tag=tag) if entry.tag is not None and tag.key != entry.tag.key:
                yield finding(4, owner, f"{entry.id} is another person's by the history than by the outbox")
            case RecordStop(reading=reading) if reading.register_wh != entry.end_wh:
                yield finding(4, owner, f"{entry.id} ended at {entry.end_wh} Wh by the history, {reading.register_wh} by the outbox")
            case _:
                pass
    for row, told in session.told:
        own = row.record.tag if isinstance(row.record, RecordStart) else None
        if own is not None and told.tag is not None and tag_key(told.tag) != tag_key(own.text[: len(told.tag)]):
            yield finding(4, owner, f"{entry.id} is billed to another person than the one who drew it")


# --- local sessions ---------------------------------------------------------------------------------------------------------------


def local_is_silent(case: Case) -> Iterator[Finding]:
    """Of a local session the central system hears nothing but that the connector is Unavailable."""
    for charge_point in case.charge_points:
        heard = case.hearings.get(charge_point)
        for entry in case.history(charge_point, EntryKind.LOCAL):
            if (charge_point, entry.id) in case.sessions:
                yield finding(5, charge_point, f"local session {entry.id} is in the outbox")
            if heard is not None:
                yield from _overheard(entry, heard)
                if not case.truth.steps and _is_steady(heard):
                    yield from _unhidden(entry, heard)


def _overheard(entry: HistoryEntry, heard: Hearing) -> Iterator[Finding]:
    """A reading is of this session where both its time and its register lie within: either alone may do so by a clock or meter set back."""
    readings = [(one, "a reading") for one in heard.loose]
    for told in heard.told:
        readings += [(one, f"a {told.step} of {told.name}") for one in (*told.readings, *_itself(told))]
    for one, what in readings:
        if entry.started_ms < one.utc_ms < entry.ended_ms and entry.start_wh < one.register_wh < entry.end_wh:
            yield finding(5, heard.charge_point, f"the central system heard {what}, of local session {entry.id}")


def _itself(told: Told) -> Iterator[Measured]:
    if told.utc_ms is not None and told.register_wh is not None:
        yield Measured(utc_ms=told.utc_ms, register_wh=told.register_wh)


def _is_steady(heard: Hearing) -> bool:
    """Whether the bridge's clock went as the observer's did, as far as statuses tell."""
    offsets_ms = [shown.utc_ms - shown.at_ms for shown in heard.shown if shown.utc_ms is not None]
    return not offsets_ms or max(offsets_ms) - min(offsets_ms) <= STEADY_MS


def _unhidden(entry: HistoryEntry, heard: Hearing) -> Iterator[Finding]:
    for shown in heard.shown:
        within = shown.utc_ms is not None and entry.started_ms + SETTLE_MS < shown.utc_ms < entry.ended_ms - SETTLE_MS
        if within and shown.status not in HIDDEN:
            yield finding(5, heard.charge_point, f"the connector was shown {shown.status} within local session {entry.id}")
