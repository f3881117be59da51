"""Rules about messages: in order, unaltered, none deleted, none more often than faults explain (reliability.md §4: 6, 7, 8, 9)."""

from collections.abc import Iterator
from itertools import pairwise

from bridge.audit.case import DELIVERED, Case, Session, finding, was_parked
from bridge.audit.heard import Call, Hearing, Step, Told
from bridge.audit.ledgers import Finding, Row
from bridge.core.effects import RecordSample, RecordStart, RecordStop
from bridge.core.values import ChargePointId, TxKind

DAY_MS = 86_400_000


def in_order(case: Case) -> Iterator[Finding]:
    """The central system hears everything in the order in which it was written, each as it was written."""
    for charge_point in case.charge_points:
        firsts = [
            (row.id, copies[0].call.order)
            for session in case.of(charge_point)
            for row in session.rows
            if not was_parked(row) and (copies := session.copies(row))
        ]
        for (before, heard_before), (after, heard_after) in pairwise(sorted(firsts)):
            if heard_after < heard_before:
                yield finding(6, charge_point, f"row {after} was heard before row {before}")
        for session in case.of(charge_point):
            yield from _as_written(session)
            yield from _numbered(case, session)
    for charge_point, told in case.strangers:
        if told.step is Step.SAMPLE and not _is_forgotten(case, charge_point, told):
            yield finding(6, charge_point, f"the central system heard a reading the bridge never wrote: {told.call.content}")


def _is_forgotten(case: Case, charge_point: ChargePointId, told: Told) -> bool:
    """Delivered samples are not kept for ever."""
    newest_ms = max((_written_ms(row) for row in case.book.rows if row.charge_point == charge_point), default=0)
    return told.utc_ms is not None and told.utc_ms < newest_ms - case.tolerances.kept_days * DAY_MS


def _written_ms(row: Row) -> int:
    return row.record.reading.utc_ms if isinstance(row.record, RecordSample) else row.record.utc_ms


_STEPS = {TxKind.STARTED: Step.START, TxKind.UPDATED: Step.SAMPLE, TxKind.ENDED: Step.STOP}


def _as_written(session: Session) -> Iterator[Finding]:
    """2.0.1 is recognised by number, so that what stands under the number has to be compared."""
    for row, told in session.told:
        if not told.own_names:
            continue
        record = row.record
        telling = record.telling
        assert telling is not None, "it is recognised by what 2.0.1 is told"
        what = f"number {told.sequence} of {session.id}"
        if told.step is not _STEPS[telling.kind]:
            yield finding(6, session.charge_point, f"{what} is a {told.step}, and was written as {telling.kind}")
        if told.utc_ms != _written_ms(row):
            yield finding(6, session.charge_point, f"{what} tells another time than was written")
        if bool(told.offline) != record.offline:
            yield finding(6, session.charge_point, f"{what} was written {'off' if record.offline else 'on'}line and tells otherwise")
        told_wh = told.register_wh
        wrote_wh = None if record.reading is None else record.reading.register_wh
        if told_wh is not None and told_wh != wrote_wh:
            yield finding(6, session.charge_point, f"{what} tells {told_wh} Wh, and was written with {wrote_wh} Wh")


def _numbered(case: Case, session: Session) -> Iterator[Finding]:
    """The central system has the numbers 0 to n, and all that were delivered; begun by the first and ended by the last."""
    owner = session.charge_point
    if not session.told or any(not told.own_names for _, told in session.told) or not _is_recent(case, session):
        return
    heard = {told.sequence for _, told in session.told if told.sequence is not None}
    excused = {row.record.sequence for row in session.rows if row.state != DELIVERED or row.error is not None}
    written = {row.record.sequence for row in session.rows if row.record.telling is not None}
    holes = (set(range(max(heard) + 1)) | written) - heard - excused
    if holes:
        yield finding(6, owner, f"of {session.id} the central system has no number {min(holes)}")
    if any((told.sequence == 0) != (told.step is Step.START) for _, told in session.told):
        yield finding(6, owner, f"{session.id} does not begin with its start")
    ends = {told.sequence for _, told in session.told if told.step is Step.STOP}
    if ends and (len(ends) > 1 or max(heard) not in ends):
        yield finding(6, owner, f"{session.id} does not end with its end")


def _is_recent(case: Case, session: Session) -> bool:
    newest_ms = max(_written_ms(row) for row in case.book.rows)
    return min(_written_ms(row) for row in session.rows) > newest_ms - case.tolerances.kept_days * DAY_MS


def nothing_deleted(case: Case) -> Iterator[Finding]:
    """Every row that was written is queued, delivered or parked; delivered is what the central system heard."""
    rows = case.book.rows
    numbers = [row.id for row in rows]
    if len(set(numbers)) < len(numbers):
        yield finding(7, None, "two rows of the outbox have one number")
    for row in rows:
        yield from _in_its_state(case, row)
    for session in case.sessions.values():
        if _is_recent(case, session):
            yield from _whole(session)


def _in_its_state(case: Case, row: Row) -> Iterator[Finding]:
    owner, what = row.charge_point, f"row {row.id} of {row.record.session}"
    match row.state:
        case "queued":
            if case.tolerances.quiet:
                yield finding(7, owner, f"{what} is still queued")
        case "parked":
            if row.error is None:
                yield finding(7, owner, f"{what} was put aside for no reason")
        case "delivered":
            copies = case.sessions[owner, row.record.session].copies(row)
            taken = any(told.call.answer is not None and told.call.answer.error is None for told in copies)
            if owner in case.hearings and row.error is None and not taken and (copies or _must_be_heard(row)):
                yield finding(7, owner, f"{what} counts as delivered, but the central system never took it")
        case other:
            yield finding(7, owner, f"{what} is {other}: neither queued, delivered nor parked")


def _must_be_heard(row: Row) -> bool:
    """Samples of nothing that is wanted, and steps 1.6 has no message for, are delivered by saying nothing."""
    return isinstance(row.record, RecordStart | RecordStop)


def _whole(session: Session) -> Iterator[Finding]:
    """Rows of one session are numbered without a hole: those 2.0.1 is told of, and those it is not."""
    for told in (True, False):
        numbers = sorted(row.record.sequence for row in session.rows if (row.record.telling is not None) is told)
        if numbers != list(range(len(numbers))):
            yield finding(7, session.charge_point, f"rows of {session.id} are missing or double: {numbers}")


def explained_copies(case: Case) -> Iterator[Finding]:
    """A message is sent again only where an error, a silence or a cut explains it, and then unaltered."""
    for session in case.sessions.values():
        heard = case.hearings.get(session.charge_point)
        for row in session.rows:
            copies = session.copies(row)
            if heard is not None and len(copies) > 1:
                yield from _repeated(case, heard, session, row, copies)


def _repeated(case: Case, heard: Hearing, session: Session, row: Row, copies: list[Told]) -> Iterator[Finding]:
    owner, what = session.charge_point, f"row {row.id} of {session.id}"
    unexplained = sum(not _is_explained(case, heard, before, after) for before, after in pairwise(copies))
    # taken out of parking it goes again, and with it what was already taken under no name
    if unexplained > row.rounds:
        yield finding(8, owner, f"{what} was sent again, though it had been answered, or was still open")
    refused = False
    for before, after in pairwise(copies):
        answer = before.call.answer
        refused = refused or (answer is not None and answer.error is not None)
        if before.own_names is not after.own_names:
            continue
        if before.core != after.core or not _is_same(heard, before, after):
            yield finding(8, owner, f"{what} was sent again with another content")
        renamed = before.name != after.name or before.call.content != after.call.content
        if before.call.id != after.call.id and not refused and not row.rounds and not renamed:
            yield finding(8, owner, f"{what} was sent again under another id, though no error had been answered")


def _is_explained(case: Case, heard: Hearing, before: Told, after: Told) -> bool:
    answer = before.call.answer
    if answer is not None and answer.error is not None:
        return True
    if before.call.connection == after.call.connection:
        return False
    if answer is None or _may_be_lost(heard, before):
        return True
    return any(answer.at_ms <= at_ms <= after.call.at_ms and _is_unwritten(case, answer.at_ms, at_ms) for at_ms in deaths(case))


def _may_be_lost(heard: Hearing, told: Told) -> bool:
    """Whether the answer may have been lost with the connection: the station's next call there would prove that it was read."""
    return not any(call.connection == told.call.connection and call.order > told.call.order for call in heard.calls)


def deaths(case: Case) -> Iterator[int]:
    """When the bridge ended, killed or not."""
    yield from (cut.at_ms for cut in case.truth.cuts)
    yield from (outage.from_ms for outage in case.truth.outages if outage.what == "bridge")


def _is_unwritten(case: Case, answered_ms: int, died_ms: int) -> bool:
    """Whether an answer that was read may not have been on the disk when the bridge died: it was just then, or the disk refused."""
    refused = any(one.what == "disk" and one.from_ms <= died_ms and answered_ms <= one.to_ms for one in case.truth.outages)
    return refused or died_ms <= answered_ms + case.tolerances.grace_s * 1000


def _is_same(heard: Hearing, before: Told, after: Told) -> bool:
    """Whether both say the same, the name aside; what goes with it may change with what the central system wants to be told."""
    if any(before.call.order < change < after.call.order for change in heard.changes):
        return True
    return before.readings == after.readings and before.signed == after.signed


def one_at_a_time(case: Case) -> Iterator[Finding]:
    """A message id is used once on a connection and never for two messages, and there is one open call at a time."""
    for charge_point, heard in case.hearings.items():
        for order in heard.malformed:
            yield finding(9, charge_point, f"frame {order} of the station is no message of OCPP")
        contents: dict[str, str] = {}
        used: set[tuple[int, str]] = set()
        last: dict[int, Call] = {}
        for call in heard.calls:
            if (call.connection, call.id) in used:
                yield finding(9, charge_point, f"message id {call.id} was used twice on connection {call.connection}")
            if contents.setdefault(call.id, call.content) != call.content:
                yield finding(9, charge_point, f"message id {call.id} was used for two messages")
            open_ = last.get(call.connection)
            if open_ is not None and (open_.answer is None or open_.answer.order > call.order):
                yield finding(9, charge_point, f"message {call.id} was sent while {open_.id} was open")
            used.add((call.connection, call.id))
            last[call.connection] = call
