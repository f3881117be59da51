"""The three ledgers laid side by side: which message belongs to which row of the bridge's outbox, and which rows are one session."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import assert_never

from bridge.audit.heard import NO_NAME, Hearing, Step, Told
from bridge.audit.ledgers import Book, Finding, Frame, Lamp, Outage, Rebased, Row, Truth
from bridge.audit.messages import heard
from bridge.audit.tolerances import Tolerances
from bridge.core.effects import EntryKind, HistoryEntry, RecordSample, RecordStart, RecordStop, RecordUpdate
from bridge.core.values import ChargePointId, TxKind

QUEUED, DELIVERED, PARKED = "queued", "delivered", "parked"
TAG_MAX = 20
"""Of a tag as 1.6 sends it."""


@dataclass(slots=True, kw_only=True)
class Session:
    """What the bridge's outbox has on one transaction, and what the central system heard of it."""

    id: str
    charge_point: ChargePointId
    rows: list[Row] = field(default_factory=list)
    """In order of delivery."""
    told: list[tuple[Row, Told]] = field(default_factory=list)
    """Copies, in the order of frames."""
    altered: list[Told] = field(default_factory=list)
    """Ends under its name that say what no row says."""

    @property
    def start(self) -> Row | None:
        """Its billed start."""
        return next((row for row in self.rows if isinstance(row.record, RecordStart)), None)

    @property
    def stop(self) -> Row | None:
        """Its billed end; where there never was a session, the end 2.0.1 was told of."""
        billed = self.start is not None
        return next((row for row in self.rows if (isinstance(row.record, RecordStop) if billed else is_last(row))), None)

    def copies(self, row: Row) -> list[Told]:
        """What the central system heard of one row."""
        return [told for known, told in self.told if known.id == row.id]

    @property
    def names(self) -> list[str]:
        """What the central system called it, in the order of its answers."""
        answers = [told.call.answer for _, told in self.told if told.step is Step.START]
        return [answer.name for answer in answers if answer is not None and answer.name is not None]

    @property
    def begin_wh(self) -> int | None:
        """The register at its start as the central system has it, else as the bridge wrote it down."""
        ends = [told.begin_wh for _, told in self.told if told.step is Step.STOP and told.own_names and told.begin_wh is not None]
        starts = [told.register_wh for _, told in self.told if told.step is Step.START and told.register_wh is not None]
        heard_wh = next(iter(ends + starts), None)
        if heard_wh is not None:
            return heard_wh
        return self.start.record.reading.register_wh if self.start is not None and isinstance(self.start.record, RecordStart) else None

    @property
    def end_wh(self) -> int | None:
        """The same of its end. None: it has none yet."""
        ends = [told for _, told in self.told if told.step is Step.STOP] + self.altered
        heard_wh = next((told.register_wh for told in ends if told.register_wh is not None), None)
        if heard_wh is not None or self.stop is None:
            return heard_wh
        record = self.stop.record
        assert isinstance(record, RecordStop | RecordUpdate), "an end is one of these"
        return None if record.reading is None else record.reading.register_wh


def is_last(row: Row) -> bool:
    """Whether 2.0.1 is told that the transaction has ended."""
    return row.record.telling is not None and row.record.telling.kind is TxKind.ENDED


def was_parked(row: Row) -> bool:
    """Whether it has ever been put aside: what went by meanwhile went under no name, and it may come late and again."""
    return row.state == PARKED or row.rounds > 0 or (row.state == DELIVERED and row.error is not None)


@dataclass(frozen=True)
class Case:
    """Everything a rule may look at."""

    book: Book
    frames: Sequence[Frame]
    truth: Truth
    tolerances: Tolerances

    @cached_property
    def hearings(self) -> Mapping[ChargePointId, Hearing]:
        """What the central system heard."""
        return heard(self.frames)

    @cached_property
    def sessions(self) -> Mapping[tuple[ChargePointId, str], Session]:
        """All transactions of the outbox in order of their first rows, with what was heard of them."""
        return self._matched[0]

    @cached_property
    def strangers(self) -> Sequence[tuple[ChargePointId, Told]]:
        """Transaction messages that say what no row says."""
        return self._matched[1]

    @cached_property
    def _matched(self) -> tuple[Mapping[tuple[ChargePointId, str], Session], Sequence[tuple[ChargePointId, Told]]]:
        sessions: dict[tuple[ChargePointId, str], Session] = {}
        for row in self.book.rows:
            key = row.charge_point, row.record.session
            sessions.setdefault(key, Session(id=key[1], charge_point=key[0])).rows.append(row)
        strangers: list[tuple[ChargePointId, Told]] = []
        for charge_point, hearing in self.hearings.items():
            own = [session for session in sessions.values() if session.charge_point == charge_point]
            by_content = _by_content(own)
            for told in hearing.told:
                found = _find(told, by_content)
                if found is None:
                    strangers.append((charge_point, told))
                    if told.step is Step.STOP:
                        _altered(told, own)
                else:
                    found[0].told.append((found[1], told))
        return sessions, strangers

    # --- what rules ask for -------------------------------------------------------------------------------------------------------

    @property
    def charge_points(self) -> list[ChargePointId]:
        """All that anybody speaks of."""
        named = {row.charge_point for row in self.book.rows} | {owner for owner, _ in self.book.history}
        return sorted(named | set(self.hearings) | set(self.truth.meters))

    def of(self, charge_point: ChargePointId) -> list[Session]:
        """Its transactions, oldest first."""
        return [session for session in self.sessions.values() if session.charge_point == charge_point]

    def history(self, charge_point: ChargePointId, *kinds: EntryKind) -> list[HistoryEntry]:
        """Its entries of these kinds, or all."""
        return [entry for owner, entry in self.book.history if owner == charge_point and (not kinds or entry.kind in kinds)]

    def is_open(self, charge_point: ChargePointId, session: str) -> bool:
        """Whether it runs."""
        return (charge_point, session) in self.book.open_sessions

    def leaps(self, charge_point: ChargePointId) -> list[Rebased]:
        """Where its register leapt."""
        return [event for event in self.truth.happened if isinstance(event, Rebased) and event.charge_point == charge_point]

    def outages(self, charge_point: ChargePointId, *what: str) -> list[Outage]:
        """What was not there for this charge point."""
        return [one for one in self.truth.outages if one.what in what and one.charge_point in {None, charge_point}]

    @cached_property
    def offsets_ms(self) -> Sequence[int]:
        """By how much the host's clock was ahead of the observer's, in their order. Empty: nobody can tell.

        What was written before a clock was set may have been put right afterwards: any of them may hold for any record.
        """
        first_ms = self.truth.clock_ms
        if first_ms is None:
            shown = {event.id: event.at_ms for event in self.truth.happened if isinstance(event, Lamp)}
            known = [(shown[one.origin.id], one.utc_ms) for _, one in self.book.decisions if one.origin.id in shown]
            if not known:
                return ()
            at_ms, utc_ms = min(known)
            first_ms = utc_ms - at_ms - sum(step.by_ms for step in self.truth.steps if step.at_ms <= at_ms)
        return list(accumulate((step.by_ms for step in self.truth.steps), initial=first_ms))


def finding(rule: int, charge_point: ChargePointId | None, text: str) -> Finding:
    """One thing that is wrong."""
    return Finding(rule=rule, charge_point=charge_point, text=text)


# --- matching ---------------------------------------------------------------------------------------------------------------------


_Known = dict[tuple[object, ...], list[tuple[Session, Row]]]


def _by_content(sessions: Sequence[Session]) -> _Known:
    known: _Known = {}
    for session in sessions:
        for row in session.rows:
            for key in _keys(row):
                known.setdefault(key, []).append((session, row))
    return known


def _keys(row: Row) -> Iterator[tuple[object, ...]]:
    """What a message of this row is recognised by, in either version."""
    record = row.record
    if record.telling is not None:
        yield record.session, record.sequence
    match record:
        case RecordStart():
            yield Step.START, record.tag.text[:TAG_MAX], record.utc_ms, record.reading.register_wh
        case RecordSample():
            yield Step.SAMPLE, record.reading.utc_ms
        case RecordStop():
            yield Step.STOP, record.utc_ms, record.reading.register_wh
        case RecordUpdate():
            pass
        case _:
            assert_never(record)


def _find(told: Told, known: _Known) -> tuple[Session, Row] | None:
    """The row a copy is of. Where several say the same, the one whose transaction it names."""
    if told.own_names:
        return next(iter(known.get((told.name, told.sequence), [])), None)
    match told.step:
        case Step.START:
            return next(iter(known.get((Step.START, told.tag, told.utc_ms, told.register_wh), [])), None)
        case Step.SAMPLE:
            same = known.get((Step.SAMPLE, told.utc_ms), [])
            return _named(told, [(session, row) for session, row in same if _reads(row, told)])
        case Step.STOP:
            return _named(told, known.get((Step.STOP, told.utc_ms, told.register_wh), []))
        case _:
            assert_never(told.step)


def _altered(told: Told, own: Sequence[Session]) -> None:
    """A central system believes what it is told: an end that nobody wrote is the end of whatever it names, if that has none yet."""
    for session in own:
        if told.name in {session.id, *session.names}:
            session.altered.append(told)


def _named(told: Told, found: Sequence[tuple[Session, Row]]) -> tuple[Session, Row] | None:
    named = [(session, row) for session, row in found if told.name in session.names]
    unnamed = [(session, row) for session, row in found if told.name == NO_NAME or not session.names]
    return _pick(told, named or unnamed or found)


def _pick(told: Told, found: Sequence[tuple[Session, Row]]) -> tuple[Session, Row] | None:
    """Readings of one moment may be alike, where a clock stands still: the one whose copy this is, else the first that is still owed."""
    copies = [(pair, pair[0].copies(pair[1])) for pair in found]
    again = [pair for pair, known in copies if any(one.call.id == told.call.id for one in known)]
    owed = [pair for pair, known in copies if all(one.call.answer is None or one.call.answer.error is not None for one in known)]
    return next(iter(again or owed or found), None)


def _reads(row: Row, told: Told) -> bool:
    assert isinstance(row.record, RecordSample), "it was looked up as one"
    return told.register_wh in {None, row.record.reading.register_wh}
