"""The audit of a real installation: without the hardware's truth, and of the central system only a list of transactions, or nothing.

What it can see of the rules: 1 to 4 and 13, 7 of the bridge's own rows, 8 where a transaction is listed twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bridge.audit.accounts import accounted_for, local_is_silent
from bridge.audit.case import DELIVERED, PARKED, Case, Session, finding
from bridge.audit.cover import Ledger, Span, uncovered
from bridge.audit.delivery import nothing_deleted
from bridge.audit.ledgers import Billed, Book, Finding, Metered, Rebased, Truth
from bridge.audit.tolerances import Tolerances
from bridge.audit.transactions import never_backwards, started_once, stopped_once
from bridge.core.effects import EntryKind, HistoryEntry
from bridge.core.values import ChargePointId, StopReason, tag_key

LENIENT = Tolerances(quiet=False, clock_ms=60_000, kept_days=0)
"""The bridge may be running, a time service sets its clock now and then, and what is a month old has been deleted."""
OWN_RULES = (started_once, stopped_once, never_backwards, accounted_for, local_is_silent, nothing_deleted)
"""What the bridge's own books must hold by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Sessions that ended within it are looked at (UTC). None: without a limit."""

    since_ms: int | None = None
    until_ms: int | None = None

    def holds(self, utc_ms: int) -> bool:
        """Whether a time lies within."""
        return (self.since_ms is None or utc_ms >= self.since_ms) and (self.until_ms is None or utc_ms < self.until_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Of one charge point."""

    charge_point: ChargePointId
    central_wh: int
    local_wh: int
    gap_wh: int
    meter_wh: int | None
    """None: nobody has read it."""

    @property
    def difference_wh(self) -> int | None:
        """What the meter counted beyond what is accounted for."""
        return None if self.meter_wh is None else self.meter_wh - self.central_wh - self.local_wh - self.gap_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The outcome."""

    sums: tuple[Sums, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    """What is not wrong, and explains a difference."""


@dataclass(slots=True, kw_only=True)
class _Work:
    """One charge point, while it is looked at."""

    case: Case
    charge_point: ChargePointId
    period: Period
    meter: Metered | None
    listed: Sequence[Billed] | None
    spans: list[Span] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def wrong(self, rule: int, text: str) -> None:
        self.findings.append(finding(rule, self.charge_point, text))

    def note(self, text: str) -> None:
        self.notes.append(f"{self.charge_point}: {text}")


def look(
    book: Book,
    charge_points: Iterable[ChargePointId],
    *,
    billed: Sequence[Billed] | None = None,
    meters: Mapping[ChargePointId, Metered] | None = None,
    period: Period | None = None,
) -> Sight:
    """Compare what there is. `billed` None: the central system's list is not at hand; the bridge's own word stands for it."""
    leaps = tuple(leap for owner in charge_points for leap in _leaps(owner, book))
    case = Case(book=book, frames=(), truth=Truth(meters={}, happened=leaps), tolerances=LENIENT)
    own = [one for check in OWN_RULES for one in check(case)]
    works = []
    for charge_point in charge_points:
        work = _Work(
            case=case,
            charge_point=charge_point,
            period=period or Period(),
            meter=(meters or {}).get(charge_point),
            listed=None if billed is None else [one for one in billed if one.charge_point == charge_point],
        )
        work.findings += [one for one in own if one.charge_point in {charge_point, None}]
        _cover(work)
        _undelivered(work)
        _central(work)
        _metered(work)
        works.append(work)
    return Sight(
        sums=tuple(_sums(work) for work in works),
        findings=tuple(dict.fromkeys(one for work in works for one in work.findings)),
        notes=tuple(one for work in works for one in work.notes),
    )


# --- the bridge's own books -------------------------------------------------------------------------------------------------------


def _entries(work: _Work, *kinds: EntryKind) -> list[HistoryEntry]:
    return [entry for entry in work.case.history(work.charge_point, *kinds) if work.period.holds(entry.ended_ms)]


def _is_leap(before: HistoryEntry, after: HistoryEntry) -> bool:
    """Whether the register ran back: below the whole entry before, or where a session was split for it. Anything else is an overlap."""
    return after.start_wh < before.start_wh or (after.start_wh < before.end_wh and before.reason == StopReason.OTHER)


def _leaps(charge_point: ChargePointId, book: Book) -> Iterator[Rebased]:
    entries = [entry for owner, entry in book.history if owner == charge_point]
    for before, after in pairwise(entries):
        if _is_leap(before, after):
            yield Rebased(at_ms=after.started_ms, charge_point=charge_point, from_wh=before.end_wh, to_wh=after.start_wh)


def _cover(work: _Work) -> None:
    """Each entry begins where the one before ended: what was drawn in between would be a gap, which is an entry as well."""
    for entry in _entries(work):
        if entry.end_wh < entry.start_wh:
            work.wrong(4, f"{entry.id} runs backwards, from {entry.start_wh} to {entry.end_wh} Wh")
    for before, after in pairwise(work.case.history(work.charge_point)):
        if not work.period.holds(after.ended_ms):
            continue
        if _is_leap(before, after):
            work.note(
                f"the register ran back from {before.end_wh} to {after.start_wh} Wh before {after.id}: the meter was replaced, or reset"
            )
        elif after.start_wh < before.end_wh:
            work.wrong(
                4, f"{after.start_wh} to {min(before.end_wh, after.end_wh)} Wh is accounted for twice, by {before.id} and {after.id}"
            )
        elif after.start_wh > before.end_wh:
            work.wrong(4, f"nobody accounts for {before.end_wh} to {after.start_wh} Wh, between {before.id} and {after.id}")
    for owner, name in work.case.book.open_sessions:
        if owner == work.charge_point:
            work.note(f"session {name} is running, since {work.case.book.open_starts_wh.get(name)} Wh")


def _undelivered(work: _Work) -> None:
    for session in work.case.of(work.charge_point):
        queued = sum(row.state not in {DELIVERED, PARKED} for row in session.rows)
        parked = [row for row in session.rows if row.state == PARKED]
        if queued:
            work.note(f"of session {session.id} {queued} messages still wait for the central system")
        if parked:
            work.note(
                f"of session {session.id} {len(parked)} messages were refused by the central system ({parked[0].error}): evbridge queue"
            )


# --- the central system's list ----------------------------------------------------------------------------------------------------


def _central(work: _Work) -> None:
    """Fill in what the central system bills, and compare with what the bridge says it should."""
    entries = work.case.history(work.charge_point, EntryKind.OCPP)
    if work.listed is None:
        work.spans += [_span(entry, Ledger.CENTRAL) for entry in entries if work.period.holds(entry.ended_ms)]
        return
    by_name = {name: entry for entry in entries for name in (entry.backend_id, str(entry.id)) if name is not None}
    speaks_names = any(one.name in by_name for one in work.listed)
    matched: dict[str, Billed] = {}
    for one in work.listed:
        entry = by_name.get(one.name) or _same_registers(one, [entry for entry in entries if entry.id not in matched])
        if entry is None:
            _unknown(work, one)
        elif entry.id in matched:
            work.wrong(8, f"{entry.id} is listed twice, as {matched[entry.id].name} and as {one.name}")
            _bill(work, one)
        else:
            matched[entry.id] = one
            if work.period.holds(entry.ended_ms):
                _compare(work, one, entry, speaks_names=speaks_names)
    first_ms = min((one.started_utc_ms for one in work.listed if one.started_utc_ms is not None), default=None)
    for entry in entries:
        older = work.period.since_ms is None and first_ms is not None and entry.ended_ms < first_ms
        if entry.id not in matched and work.period.holds(entry.ended_ms) and not older:
            _unlisted(work, entry)


def _same_registers(one: Billed, entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """By where it began; where several did, by where it ended."""
    begun = [entry for entry in entries if entry.start_wh == one.start_wh]
    ended = [entry for entry in begun if entry.end_wh == one.end_wh]
    return next(iter(ended or begun), None)


def _bill(work: _Work, one: Billed) -> None:
    if one.end_wh is not None:
        work.spans.append(Span(start_wh=one.start_wh, end_wh=one.end_wh, ledger=Ledger.CENTRAL))


def _unknown(work: _Work, one: Billed) -> None:
    book = work.case.book
    running = {book.open_starts_wh.get(name) for owner, name in book.open_sessions if owner == work.charge_point}
    if one.end_wh is None and one.start_wh in running:
        return
    told = (work.charge_point, one.name) in work.case.sessions and one.end_wh == one.start_wh
    at_ms = one.ended_utc_ms if one.ended_utc_ms is not None else one.started_utc_ms
    if told or (at_ms is not None and not work.period.holds(at_ms)):
        return
    work.wrong(1, f"the central system lists {one.name}, from {one.start_wh} to {one.end_wh} Wh, and the bridge knows of none such")
    _bill(work, one)


def _compare(work: _Work, one: Billed, entry: HistoryEntry, *, speaks_names: bool) -> None:
    session = work.case.sessions.get((work.charge_point, entry.id))
    if one.start_wh != entry.start_wh:
        work.wrong(4, f"{entry.id} began at {entry.start_wh} Wh, and is listed from {one.start_wh} Wh")
    if one.end_wh is None:
        if _is_delivered(session, stop=True):
            work.wrong(2, f"{entry.id} has ended, and is listed as {one.name} without an end")
        work.spans.append(_span(entry, Ledger.CENTRAL))
    else:
        if one.end_wh != entry.end_wh:
            work.wrong(4, f"{entry.id} ended at {entry.end_wh} Wh, and is listed to {one.end_wh} Wh")
        _bill(work, one)
    if one.tag is not None and entry.tag is not None and not tag_key(entry.tag.text).startswith(tag_key(one.tag)):
        work.wrong(4, f"{entry.id} is listed for another tag than the one that drew it")
    if speaks_names and entry.backend_id is not None and one.name not in {entry.backend_id, entry.id}:
        work.wrong(13, f"{entry.id} was named {entry.backend_id} by the central system, and is listed as {one.name}")


def _unlisted(work: _Work, entry: HistoryEntry) -> None:
    session = work.case.sessions.get((work.charge_point, entry.id))
    work.spans.append(_span(entry, Ledger.CENTRAL))
    if _is_delivered(session, stop=False):
        what = f"from {entry.start_wh} to {entry.end_wh} Wh"
        work.wrong(1, f"{entry.id}, {what}, was taken by the central system, and is not listed")


def _is_delivered(session: Session | None, *, stop: bool) -> bool:
    """Whether the central system has it, as far as the bridge was told."""
    row = None if session is None else session.stop if stop else session.start
    return row is None or (row.state == DELIVERED and row.error is None)


# --- sums -------------------------------------------------------------------------------------------------------------------------


def _span(entry: HistoryEntry, ledger: Ledger) -> Span:
    return Span(start_wh=entry.start_wh, end_wh=entry.end_wh, ledger=ledger)


def _metered(work: _Work) -> None:
    """Against the readings of the meter, where there are some: only what lies between them counts, and a running session has the rest."""
    work.spans += [_span(entry, Ledger(entry.kind.value)) for entry in _entries(work, EntryKind.LOCAL, EntryKind.GAP)]
    meter = work.meter
    if meter is None:
        return
    for owner, name in work.case.book.open_sessions:
        begin_wh = work.case.book.open_starts_wh.get(name, meter.end_wh)
        if owner == work.charge_point:
            known = (owner, name) in work.case.sessions
            end_wh = max(begin_wh, meter.end_wh)
            work.spans.append(Span(start_wh=begin_wh, end_wh=end_wh, ledger=Ledger.CENTRAL if known else Ledger.LOCAL))
    leaps = work.case.leaps(work.charge_point)
    if not leaps:
        work.spans = [_clipped(span, meter) for span in work.spans]
    for text in uncovered(work.spans, meter, leaps):
        work.wrong(4, text)


def _clipped(span: Span, meter: Metered) -> Span:
    start_wh = min(max(span.start_wh, meter.start_wh), meter.end_wh)
    return Span(start_wh=start_wh, end_wh=max(start_wh, min(span.end_wh, meter.end_wh)), ledger=span.ledger)


def _sums(work: _Work) -> Sums:
    sums = {ledger: sum(span.end_wh - span.start_wh for span in work.spans if span.ledger is ledger) for ledger in Ledger}
    leapt_wh = sum(leap.to_wh - leap.from_wh for leap in work.case.leaps(work.charge_point))
    return Sums(
        charge_point=work.charge_point,
        central_wh=sums[Ledger.CENTRAL],
        local_wh=sums[Ledger.LOCAL],
        gap_wh=sums[Ledger.GAP],
        meter_wh=None if work.meter is None else work.meter.end_wh - work.meter.start_wh - leapt_wh,
    )
