"""The rule about restarts: at rest, one more changes nothing (reliability.md §4: 16)."""

from collections.abc import Iterable, Iterator

from bridge.audit.case import finding
from bridge.audit.ledgers import Book, Finding
from bridge.core.values import ChargePointId


def nothing_changed(
    before: Book, after: Book, findings_before: Iterable[Finding] = (), findings_after: Iterable[Finding] = ()
) -> Iterator[Finding]:
    """History, outbox, decisions and the audit itself are the same before and after one more restart, where no session runs."""
    running = {charge_point for charge_point, _ in (*before.open_sessions, *after.open_sessions)}
    owners = {owner for owner, _ in (*before.history, *after.history, *before.decisions, *after.decisions)}
    owners |= {row.charge_point for row in (*before.rows, *after.rows)}
    for charge_point in sorted(owners - running):
        for what, was, now in _kept(charge_point, before, after):
            if was != now:
                yield finding(16, charge_point, f"one more restart changed the {what}")
    for charge_point in sorted(set(running)):
        if charge_point not in {owner for owner, _ in before.open_sessions}:
            yield finding(16, charge_point, "one more restart began a session")
    quiet_before = {one for one in findings_before if one.charge_point not in running}
    for one in findings_after:
        if one.charge_point not in running and one not in quiet_before:
            yield finding(16, one.charge_point, f"only after one more restart: {one.text}")


def _kept(charge_point: ChargePointId, before: Book, after: Book) -> Iterator[tuple[str, list[object], list[object]]]:
    books = (before, after)
    history: list[list[object]] = [[entry for owner, entry in book.history if owner == charge_point] for book in books]
    rows: list[list[object]] = [[row for row in book.rows if row.charge_point == charge_point] for book in books]
    decisions: list[list[object]] = [[one for owner, one in book.decisions if owner == charge_point] for book in books]
    yield "history", history[0], history[1]
    yield "outbox", rows[0], rows[1]
    yield "decisions", decisions[0], decisions[1]
