"""Times written while nobody knew the time, put right once it is known: every time before one moment is later by the same amount.

A host without a battery for its clock begins in 1970 and counts on from there. What it writes is right among itself and wrong by one
amount, so that one rule puts it all right, in memory and on the disk alike (design.md §2 "Clock"). Times that were right stay.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from bridge.core.effects import Decision, HistoryEntry, Record, RecordSample, RecordStart, RecordStop, RecordUpdate
from bridge.core.state import BackendSession, Kept, LocalSession, Meter, NoSession, Recovery, Session, State, Transaction
from bridge.core.values import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Leap:
    """How far a clock leaps that has just been set. All in milliseconds."""

    before_ms: int
    """No time before this can be right (UTC); a time that isn't before it stays as it is."""
    by_ms: int

    def time(self, utc_ms: int) -> int:
        """That time as it is now known to have been."""
        return utc_ms + self.by_ms if utc_ms < self.before_ms else utc_ms

    # --- what is written down -----------------------------------------------------------------------------------------------------

    def record(self, record: Record) -> Record:
        """A record; one that has been sent must not be moved any more (design.md §4 rule 4)."""
        match record:
            case RecordStart():
                return replace(record, reading=self._reading(record.reading), utc_ms=self.time(record.utc_ms))
            case RecordSample():
                return replace(record, reading=self._reading(record.reading))
            case RecordUpdate(reading=end, begin=begin):
                return replace(
                    record,
                    utc_ms=self.time(record.utc_ms),
                    reading=None if end is None else self._reading(end),
                    begin=None if begin is None else self._reading(begin),
                    collected=tuple(map(self._reading, record.collected)),
                )
            case RecordStop():
                begin, end = self._reading(record.begin), self._reading(record.reading)
                collected = tuple(map(self._reading, record.collected))
                return replace(record, begin=begin, reading=end, utc_ms=self.time(record.utc_ms), collected=collected)
            case _:
                assert_never(record)

    def entry(self, entry: HistoryEntry) -> HistoryEntry:
        """An entry of the history."""
        return replace(entry, started_ms=self.time(entry.started_ms), ended_ms=self.time(entry.ended_ms))

    def decision(self, decision: Decision) -> Decision:
        """A decision."""
        return replace(decision, utc_ms=self.time(decision.utc_ms))

    def kept(self, kept: Kept) -> Kept:
        """What survives a restart."""
        return replace(
            kept,
            session=self._session(kept.session),
            transaction=self._transaction(kept.transaction),
            register_ms=self._maybe(kept.register_ms),
            accounted_ms=self._maybe(kept.accounted_ms),
        )

    # --- what is remembered -------------------------------------------------------------------------------------------------------

    def state(self, state: State) -> State:
        """A charge point as a whole. The grid of clock-aligned readings begins anew."""
        return replace(
            state,
            kept=self.kept(state.kept),
            meter=self._meter(state.meter),
            recovery=self._recovery(state.recovery),
            aligned_ms=state.now.utc_ms,
        )

    def _meter(self, meter: Meter) -> Meter:
        # `taken_ms` is the meter's own clock, and of `plugged_at` only the monotonic side is used
        at = meter.register_at
        return meter if at is None else replace(meter, register_at=replace(at, utc_ms=self.time(at.utc_ms)))

    def _recovery(self, recovery: Recovery | None) -> Recovery | None:
        return None if recovery is None else replace(recovery, went_down_ms=self.time(recovery.went_down_ms))

    def _session(self, session: Session) -> Session:
        match session:
            case NoSession():
                return session
            case BackendSession() | LocalSession():
                return replace(
                    session,
                    begin=self._reading(session.begin),
                    last=self._reading(session.last),
                    started_ms=self.time(session.started_ms),
                    ending=None if session.ending is None else replace(session.ending, utc_ms=self.time(session.ending.utc_ms)),
                )
            case _:
                assert_never(session)

    def _transaction(self, transaction: Transaction | None) -> Transaction | None:
        if transaction is None:
            return None
        begin = None if transaction.begin is None else self._reading(transaction.begin)
        collected = tuple(map(self._reading, transaction.collected))
        return replace(transaction, told_ms=self._maybe(transaction.told_ms), begin=begin, collected=collected)

    def _maybe(self, utc_ms: int | None) -> int | None:
        return None if utc_ms is None else self.time(utc_ms)

    def _reading(self, reading: Reading) -> Reading:
        return replace(reading, utc_ms=self.time(reading.utc_ms))


def is_dated(record: Record, earliest_ms: int) -> bool:
    """Whether all its times can be right; one that isn't waits until they are known."""
    return min(_times(record)) >= earliest_ms


def _times(record: Record) -> tuple[int, ...]:
    match record:
        case RecordStart():
            return record.utc_ms, record.reading.utc_ms
        case RecordSample():
            return (record.reading.utc_ms,)
        case RecordUpdate():
            readings = (record.begin, *record.collected, record.reading)
            return (record.utc_ms, *(one.utc_ms for one in readings if one is not None))
        case RecordStop():
            return record.utc_ms, record.reading.utc_ms, record.begin.utc_ms
        case _:
            assert_never(record)
