"""Rules about what is shown: the status at the end, registrations, signed readings (reliability.md §4: 14, 17)."""

from collections.abc import Iterator, Mapping

from bridge.audit.case import Case, Session, finding
from bridge.audit.heard import Hearing
from bridge.audit.ledgers import Finding, Row
from bridge.core.effects import RecordStop, RecordUpdate
from bridge.core.values import Reading, Status

OCCUPIED = "Occupied"
COARSE: Mapping[str, str] = {
    status.value: OCCUPIED for status in (Status.PREPARING, Status.CHARGING, Status.SUSPENDED_EV, Status.SUSPENDED_EVSE, Status.FINISHING)
}
"""2.0.1 has one word for a connector with a vehicle; the other words are the same in both versions."""


def status_is_true(case: Case) -> Iterator[Finding]:
    """The last status the central system was told is the true one, and the station registers no more often than it begins anew."""
    for charge_point, heard in case.hearings.items():
        expected = case.truth.statuses.get(charge_point)
        last = heard.shown[-1] if heard.shown else None
        if expected is not None and heard.registrations:
            words = {COARSE.get(word, word) if last is not None and last.coarse else word for word in expected.split("|")}
            if last is None or last.status not in words:
                told = "nothing" if last is None else last.status
                yield finding(14, charge_point, f"the central system was told {told} last, and it is {expected}")
        if heard.registrations > _lives(case, heard):
            yield finding(14, charge_point, f"the station registered {heard.registrations} times, more often than anything explains")


def _lives(case: Case, heard: Hearing) -> int:
    """How often it may have: once a life, once a connection (a central system that has forgotten the station), once when asked to."""
    bridge_lives = 1 + len(case.truth.cuts) + len(case.outages(heard.charge_point, "bridge"))
    return bridge_lives + len(heard.connections) + heard.summons


def signatures_unaltered(case: Case) -> Iterator[Finding]:
    """Signed readings reach the central system byte for byte, in the order in which the meter made them."""
    for session in case.sessions.values():
        for row, told in session.told:
            written = {one.signed for one in _readings(row)}
            for _, text in told.signed:
                if text not in written:
                    yield finding(17, session.charge_point, f"a {told.step} of {session.id} has a signed reading the bridge never had")
    for charge_point, made in case.truth.signed.items():
        numbers = {text: number for number, text in enumerate(made)}
        newest = -1
        for text in _sent(case.of(charge_point)):
            number = numbers.get(text)
            if number is None:
                yield finding(17, charge_point, f"the central system has a signed reading the meter never made: {text}")
            elif number < newest:
                yield finding(17, charge_point, f"a signed reading was sent after a later one: {text}")
            else:
                newest = number


def _readings(row: Row) -> Iterator[Reading]:
    record = row.record
    if record.reading is not None:
        yield record.reading
    if isinstance(record, RecordStop | RecordUpdate):
        yield from (one for one in (record.begin, *record.collected) if one is not None)


def _sent(sessions: list[Session]) -> Iterator[str]:
    """In the order in which they were made: an end repeats what was told on the way."""
    for session in sessions:
        signed = {text: utc_ms for _, told in session.told for utc_ms, text in told.signed}
        yield from sorted(signed, key=lambda text: signed[text])
