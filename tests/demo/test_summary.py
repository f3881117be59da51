"""The tables at the end say what happened, from three ledgers."""

import io
from typing import Any

from rich.console import Console
from rich.table import Table

from bridge.audit.cover import Written, compare
from bridge.audit.ledgers import Billed, Metered
from bridge.core.effects import EntryKind
from bridge.core.values import ChargePointId
from bridge.demo.book import Book, StartKey
from bridge.demo.people import GARAGE, IDENTITIES
from bridge.demo.readers import Tap
from bridge.demo.summary import balance_table, billed, lamps_table, sessions_table, written

PLACE = ChargePointId(GARAGE)
HISTORY: list[dict[str, Any]] = [
    {
        "charge_point": GARAGE,
        "kind": "ocpp",
        "name": None,
        "tag_masked": "****6E80",
        "csms": "demo",
        "authority": "ocpp",
        "energy_wh": 15,
        "cost": 0,
        "reason": "PowerLoss",
        "start_wh": 5000,
        "end_wh": 5015,
    },
    {
        "charge_point": GARAGE,
        "kind": "gap",
        "name": None,
        "tag_masked": None,
        "csms": None,
        "authority": None,
        "energy_wh": 9,
        "cost": 0,
        "reason": "bridge_down",
        "start_wh": 5015,
        "end_wh": 5024,
    },
    {
        "charge_point": GARAGE,
        "kind": "local",
        "name": "Ben",
        "tag_masked": "****75F0",
        "csms": None,
        "authority": "local",
        "energy_wh": 20,
        "cost": 0.006,
        "reason": "EVDisconnected",
        "start_wh": 5024,
        "end_wh": 5044,
    },
]


def lines(table: Table) -> list[list[str]]:
    out = io.StringIO()
    Console(file=out, width=400, highlight=False, markup=False).print(table)
    return [[cell for cell in line.split("  ") if cell.strip()] for line in out.getvalue().splitlines()]


def cells(table: Table) -> list[list[str]]:
    return [[cell.strip() for cell in line] for line in lines(table)][1:]


def test_sessions_with_who_authority_energy_and_cost() -> None:
    """Who bills tells the cost; a gap belongs to nobody."""
    assert cells(sessions_table(HISTORY)) == [
        [GARAGE, "card ****6E80", "demo", "15 Wh", "by the CSMS", "PowerLoss"],
        [GARAGE, "nobody: a gap", "9 Wh", "bridge_down"],
        [GARAGE, "Ben", "local", "20 Wh", "0.0060 EUR", "EVDisconnected"],
    ]


def test_lamps_with_their_delay() -> None:
    """A tap nobody answered has no line: the scene that waited for it says so."""
    tap = Tap(id="tap-1", reader=GARAGE, who="Anna", at_s=0.0, decision={"csms": "demo", "authority": "ocpp", "reason": "accepted"})
    tap.lamp, tap.lamp_ms, tap.decision_ms = "green", 23.4, 21.0
    silent = Tap(id="tap-2", reader=GARAGE, who="Ben", at_s=0.0)
    assert cells(lamps_table([tap, silent])) == [[GARAGE, "Anna", "green", "accepted", "demo", "23 ms"]]


def test_the_three_ledgers_side_by_side() -> None:
    book = Book()
    key = StartKey(charge_point=IDENTITIES[GARAGE], connector=1, tag="T", timestamp="2026-11-23T10:00:00Z", register_wh=5000)
    book.start(key)
    assert billed(book) == (Billed(charge_point=PLACE, name="transaction 1001", start_wh=5000, end_wh=None),)
    book.stop(key.charge_point, 1001, register_wh=5015, timestamp="2026-11-23T10:01:00Z", reason="PowerLoss")
    assert written(HISTORY)[1] == Written(charge_point=PLACE, kind=EntryKind.GAP, start_wh=5015, end_wh=5024)
    even = compare(billed(book), written(HISTORY), {PLACE: Metered(start_wh=5000, end_wh=5044)})
    assert cells(balance_table(even)) == [[GARAGE, "15 Wh", "20 Wh", "9 Wh", "44 Wh", "44 Wh", "even"]]
    odd = compare(billed(book), written(HISTORY), {PLACE: Metered(start_wh=5000, end_wh=5045)})
    assert cells(balance_table(odd))[0][-1] == "NOT EVEN"
