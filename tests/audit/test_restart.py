"""`bridge.audit.restart`."""

from dataclasses import replace

import pytest

from bridge.audit.ledgers import Book, Finding
from bridge.audit.restart import nothing_changed
from tests.audit.world import GARAGE, YARD, a_day

BOOK = a_day().book()


def test_one_more_restart_at_rest_changes_nothing() -> None:
    assert list(nothing_changed(BOOK, BOOK)) == []


@pytest.mark.parametrize(
    "after, text",
    [
        (replace(BOOK, history=BOOK.history[1:]), "garage: one more restart changed the history"),
        (replace(BOOK, rows=BOOK.rows[:-1]), "yard: one more restart changed the outbox"),
        (replace(BOOK, decisions=()), "garage: one more restart changed the decisions"),
        (replace(BOOK, open_sessions=((YARD, "y2"),)), "yard: one more restart began a session"),
    ],
)
def test_what_a_restart_changes_is_found(after: Book, text: str) -> None:
    """A session more, a row less: a restart at rest must not be seen in the books."""
    assert [(one.rule, str(one)) for one in nothing_changed(BOOK, after)] == [(16, text)]


def test_a_session_that_runs_is_split_by_a_restart() -> None:
    """That is how it must be (B8), so nothing of that charge point is compared."""
    before = replace(BOOK, open_sessions=((GARAGE, "s5"),))
    after = replace(before, open_sessions=((GARAGE, "s6"),), history=(*BOOK.history, BOOK.history[0]))
    assert list(nothing_changed(before, after)) == []


def test_what_the_audit_finds_only_afterwards_is_found() -> None:
    old, new = (Finding(rule=4, charge_point=YARD, text=text) for text in ("old", "new"))
    assert [str(one) for one in nothing_changed(BOOK, BOOK, [old], [old, new])] == ["yard: only after one more restart: new"]
    running = replace(BOOK, open_sessions=((YARD, "y2"),))
    assert list(nothing_changed(running, running, [old], [old, new])) == []
