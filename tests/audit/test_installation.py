"""`bridge.audit.installation`: what can be said of a real installation, with more or less at hand."""

from dataclasses import replace

import pytest

from bridge.audit.installation import Period, Sight, look
from bridge.audit.ledgers import Billed, Book, Metered
from bridge.core.effects import EntryKind
from bridge.core.values import SessionId, StopReason
from tests.audit.world import CARD, GARAGE, NOON_MS, OTHER, YARD, a_day, entry, utc_ms

BOOK = a_day().book()
FIRST = Billed(charge_point=GARAGE, name="0", start_wh=1000, end_wh=2000, tag=CARD.text, started_utc_ms=utc_ms(5), ended_utc_ms=utc_ms(372))
METER = {GARAGE: Metered(start_wh=1000, end_wh=3000)}


def texts(sight: Sight) -> list[str]:
    return [f"{one} ({one.rule})" for one in sight.findings]


def with_history(*more: tuple[str, EntryKind, tuple[int, int], str]) -> Book:
    """The day, and what happened in the hours after."""
    later = [
        (GARAGE, entry(name, kind, (2000 + 100 * number, 2050 + 100 * number), span_wh, reason=reason))
        for number, (name, kind, span_wh, reason) in enumerate(more)
    ]
    return replace(BOOK, history=(*BOOK.history, *later))


def test_books_without_anything_to_compare_them_with() -> None:
    """The bridge's own word stands for the central system; a refused start is a note."""
    sight = look(BOOK, [GARAGE, YARD])
    assert texts(sight) == []
    garage, yard = sight.sums
    assert (garage.central_wh, garage.local_wh, garage.gap_wh, garage.meter_wh, garage.difference_wh) == (1400, 500, 100, None, None)
    assert yard.central_wh == 100
    assert sight.notes == ("garage: of session s4 1 messages were refused by the central system (NotSupported): evbridge queue",)


def test_the_meter_has_the_last_word() -> None:
    """Readings may lie within a session: only what is between them counts."""
    assert look(BOOK, [GARAGE], meters=METER).sums[0].difference_wh == 0
    part = look(BOOK, [GARAGE], meters={GARAGE: Metered(start_wh=1500, end_wh=2550)})
    assert texts(part) == []
    assert (part.sums[0].central_wh, part.sums[0].local_wh, part.sums[0].gap_wh, part.sums[0].difference_wh) == (500, 500, 50, 0)
    more = look(BOOK, [GARAGE], meters={GARAGE: Metered(start_wh=1000, end_wh=3001)})
    assert texts(more) == ["garage: nobody accounts for 3000 to 3001 Wh (4)"]
    assert more.sums[0].difference_wh == 1


@pytest.mark.parametrize(
    "book, finding",
    [
        (with_history(("x", EntryKind.LOCAL, (3001, 3002), "Local")), "nobody accounts for 3000 to 3001 Wh, between s4 and x"),
        (with_history(("x", EntryKind.LOCAL, (2999, 3002), "Local")), "2999 to 3000 Wh is accounted for twice, by s4 and x"),
        (with_history(("x", EntryKind.GAP, (3000, 2990), "no_session")), "x runs backwards, from 3000 to 2990 Wh"),
    ],
)
def test_the_history_alone_leaves_nothing_out(book: Book, finding: str) -> None:
    """Each entry begins where the one before ended."""
    assert f"garage: {finding} (4)" in texts(look(book, [GARAGE]))


def test_a_replaced_meter_is_a_note() -> None:
    """A register that runs back below a whole session, or where a session was split for it, belongs to another meter."""
    book = with_history(
        ("x", EntryKind.LOCAL, (0, 50), "Other"), ("y", EntryKind.LOCAL, (40, 60), "Local"), ("z", EntryKind.LOCAL, (60, 60), "Local")
    )
    sight = look(book, [GARAGE], meters={GARAGE: Metered(start_wh=1000, end_wh=60)})
    assert texts(sight) == []
    assert sight.notes[:-1] == (
        "garage: the register ran back from 3000 to 0 Wh before x: the meter was replaced, or reset",
        "garage: the register ran back from 50 to 40 Wh before y: the meter was replaced, or reset",
    )
    assert sight.sums[0].difference_wh == 0


def test_a_running_session_has_what_the_meter_counted_since() -> None:
    book = replace(BOOK, open_sessions=((GARAGE, "s9"), (YARD, "y9")), open_starts_wh={"s9": 3000})
    sight = look(book, [GARAGE], meters={GARAGE: Metered(start_wh=1000, end_wh=3100)})
    assert (texts(sight), sight.sums[0].local_wh) == ([], 600)
    assert "garage: session s9 is running, since 3000 Wh" in sight.notes
    assert texts(look(book, [GARAGE], billed=[FIRST, replace(FIRST, name="9", start_wh=3000, end_wh=None)])) == []
    own = replace(book, rows=(*book.rows, replace(book.rows[0], id=99, record=replace(book.rows[0].record, session=SessionId("s9")))))
    assert look(own, [GARAGE], meters={GARAGE: Metered(start_wh=1000, end_wh=3100)}).sums[0].central_wh == 1500


# --- the central system's list ------------------------------------------------------------------------------------------------------


def test_a_list_that_agrees() -> None:
    """What it has not got yet is the bridge's to account for."""
    sight = look(BOOK, [GARAGE], billed=[FIRST], meters=METER)
    assert texts(sight) == []
    assert (sight.sums[0].central_wh, sight.sums[0].difference_wh) == (1400, 0)


@pytest.mark.parametrize(
    "billed, finding",
    [
        ([], "garage: s1, from 1000 to 2000 Wh, was taken by the central system, and is not listed (1)"),
        ([replace(FIRST, start_wh=999)], "garage: s1 began at 1000 Wh, and is listed from 999 Wh (4)"),
        ([replace(FIRST, end_wh=1999)], "garage: s1 ended at 2000 Wh, and is listed to 1999 Wh (4)"),
        ([replace(FIRST, end_wh=None)], "garage: s1 has ended, and is listed as 0 without an end (2)"),
        ([replace(FIRST, tag=OTHER.text)], "garage: s1 is listed for another tag than the one that drew it (4)"),
        (
            [FIRST, replace(FIRST, name="7")],
            "garage: the central system lists 7, from 1000 to 2000 Wh, and the bridge knows of none such (1)",
        ),
        ([FIRST, replace(FIRST, name="s1")], "garage: s1 is listed twice, as 0 and as s1 (8)"),
        (
            [replace(FIRST, name="s1", end_wh=None), replace(FIRST, end_wh=None)],
            "garage: s1 is listed twice, as s1 and as 0 (8)",
        ),
        (
            [FIRST, Billed(charge_point=GARAGE, name="8", start_wh=2600, end_wh=3000)],
            "garage: s4 was named 5 by the central system, and is listed as 8 (13)",
        ),
    ],
)
def test_a_list_that_says_otherwise(billed: list[Billed], finding: str) -> None:
    day = a_day()
    day.change_entry(3, backend_id="5")
    assert finding in texts(look(day.book(), [GARAGE], billed=billed))


def test_names_the_bridge_was_never_told_are_matched_by_registers() -> None:
    """Many central systems show numbers of their own; where two began alike, the end tells them apart."""
    assert texts(look(BOOK, [GARAGE], billed=[replace(FIRST, name="a-b-c")])) == []
    book = with_history(("x", EntryKind.OCPP, (3000, 3000), "Local"), ("y", EntryKind.OCPP, (3000, 3010), "Local"))
    listed = [replace(FIRST, name=str(end), start_wh=3000, end_wh=end, started_utc_ms=NOON_MS + 1_000_000) for end in (3010, 3000)]
    assert not [one for one in texts(look(book, [GARAGE], billed=listed)) if "listed" in one]


def test_what_the_central_system_has_not_got_is_no_finding() -> None:
    """A stop that waits, a transaction without a session, and what was before the list begins."""
    day = a_day()
    day.change_row(3, state="queued")
    sight = look(day.book(), [GARAGE], billed=[replace(FIRST, end_wh=None)], meters=METER)
    assert texts(sight) == []
    assert "garage: of session s1 1 messages still wait for the central system" in sight.notes
    day.change_row(3, state="delivered")
    empty = Billed(charge_point=YARD, name="y1", start_wh=100, end_wh=100)
    day.history = [one for one in day.history if one[0] != YARD]
    assert not [one for one in texts(look(day.book(), [YARD], billed=[empty])) if "lists" in one]
    late = replace(FIRST, name="later", start_wh=2600, end_wh=3000, started_utc_ms=utc_ms(805), ended_utc_ms=None)
    assert texts(look(BOOK, [GARAGE], billed=[late])) == []


def test_a_period_leaves_out_what_lies_outside() -> None:
    """Entries, listed transactions and holes."""
    period = Period(since_ms=utc_ms(500), until_ms=utc_ms(700))
    foreign = Billed(charge_point=GARAGE, name="77", start_wh=1, end_wh=2, started_utc_ms=utc_ms(800))
    sight = look(BOOK, [GARAGE], billed=[FIRST, foreign], period=period)
    assert texts(sight) == []
    assert (sight.sums[0].central_wh, sight.sums[0].local_wh, sight.sums[0].gap_wh) == (0, 500, 0)
    assert len(texts(look(BOOK, [GARAGE], billed=[FIRST, foreign]))) == 1
    hole = with_history(("x", EntryKind.LOCAL, (3001, 3002), StopReason.LOCAL.value))
    assert texts(look(hole, [GARAGE], period=period)) == []
