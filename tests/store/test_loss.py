"""What became of a damaged database is one line that a person can act on."""

from pathlib import Path

import pytest

from bridge.store.loss import Kind, Salvage

PATH = Path("/var/lib/evbridge/evbridge.db")
BEGINS = "the database was damaged and is set aside as /var/lib/evbridge/evbridge.db.damaged-1; "
SAVED = {Kind.KEPT: 1, Kind.RECORD: 41, Kind.HISTORY: 230}


@pytest.mark.parametrize(
    "salvage, text",
    [
        pytest.param(
            Salvage(aside="evbridge.db.damaged-1"),
            "nothing in it could be read: sessions and queued records in it need a person",
            id="nothing saved",
        ),
        pytest.param(
            Salvage(aside="evbridge.db.damaged-1", saved=SAVED),
            "nothing is lost; saved: 1 kept state, 41 records and 230 history entries",
            id="nothing lost",
        ),
        pytest.param(
            Salvage(aside="evbridge.db.damaged-1", saved=SAVED, lost={"garage": {Kind.RECORD: 3, Kind.KEPT: 1}}),
            "lost, garage: 1 kept state and 3 records; "
            "saved: 1 kept state, 41 records and 230 history entries; what is lost may need a person",
            id="something lost",
        ),
        pytest.param(
            Salvage(
                aside="evbridge.db.damaged-1",
                saved={Kind.RECORD: 2},
                lost={"b": {Kind.HISTORY: 1}, "a": {Kind.SENT: 2}},
                uncounted=(Kind.LISTED, Kind.TAG),
                parked=2,
            ),
            "lost, a: 2 delivered records; b: 1 history entry; list entries and remembered tags nobody can count; "
            "saved: 2 records, 2 of them parked for want of their start; what is lost may need a person",
            id="all at once",
        ),
        pytest.param(
            Salvage(
                aside="evbridge.db.damaged-1",
                saved={Kind.RECORD: 1},
                lost={str(number): {Kind.RECORD: number, Kind.KEPT: 1} for number in range(1, 7)},
            ),
            "lost, 1: 1 kept state and 1 record; 2: 1 kept state and 2 records; 3: 1 kept state and 3 records; "
            "4: 1 kept state and 4 records; 2 more charge points: 2 kept states and 11 records; "
            "saved: 1 record; what is lost may need a person",
            id="many charge points",
        ),
    ],
)
def test_it_is_one_line(salvage: Salvage, text: str) -> None:
    assert salvage.text(PATH) == BEGINS + text


def test_the_log_has_every_charge_point() -> None:
    salvage = Salvage(aside="x", saved={Kind.RECORD: 1}, lost={str(number): {Kind.RECORD: number} for number in range(1, 7)})
    assert "6: 6 records" in salvage.text(PATH, all_of_them=True)
    assert "more charge points" not in salvage.text(PATH, all_of_them=True)


def test_it_comes_back_from_the_new_database_as_it_was() -> None:
    salvage = Salvage(aside="x", saved=SAVED, lost={"garage": {Kind.KEPT: 1}}, uncounted=(Kind.TAG,), parked=3)
    assert Salvage.from_json(salvage.to_json()) == salvage


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"aside": "x", "saved": {"cars": 1}, "lost": {}, "uncounted": [], "parked": 0}'])
def test_a_report_that_makes_no_sense_is_none(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Salvage.from_json(text)
