"""`bridge.audit.cover`: a comparison that nothing can fail would prove nothing, so what it must find is planted."""

from dataclasses import replace

import pytest

from bridge.audit.cover import Ledger, Span, Written, balanced, compare, uncovered
from bridge.audit.ledgers import Billed, Metered, Rebased
from bridge.core.effects import EntryKind
from bridge.core.values import ChargePointId

GARAGE, YARD, ATTIC = ChargePointId("garage"), ChargePointId("yard"), ChargePointId("attic")

BILLED = (
    Billed(charge_point=GARAGE, name="transaction 1001", start_wh=5000, end_wh=5040),
    Billed(charge_point=GARAGE, name="transaction 1002", start_wh=5100, end_wh=5120),
)
HISTORY = (
    Written(charge_point=GARAGE, kind=EntryKind.OCPP, start_wh=5000, end_wh=5040),
    Written(charge_point=GARAGE, kind=EntryKind.LOCAL, start_wh=5040, end_wh=5075),
    Written(charge_point=GARAGE, kind=EntryKind.GAP, start_wh=5075, end_wh=5100),
    Written(charge_point=GARAGE, kind=EntryKind.OCPP, start_wh=5100, end_wh=5120),
    Written(charge_point=YARD, kind=EntryKind.LOCAL, start_wh=10, end_wh=17),
)
METERS = {GARAGE: Metered(start_wh=5000, end_wh=5120), YARD: Metered(start_wh=10, end_wh=17)}


def test_three_ledgers_that_agree_pass() -> None:
    """What the central system bills, what was local and what is a recorded gap make up what the meter counted."""
    audit = compare(BILLED, HISTORY, METERS)
    assert audit.passed
    garage, yard = audit.balances
    assert (garage.central_wh, garage.local_wh, garage.gap_wh, garage.meter_wh) == (60, 35, 25, 120)
    assert (yard.central_wh, yard.local_wh, yard.gap_wh, yard.meter_wh) == (0, 7, 0, 7)
    assert garage.even
    assert yard.even


def test_nothing_at_all_passes() -> None:
    """A wallbox nobody used owes nothing."""
    audit = compare((), (), {GARAGE: Metered(start_wh=7, end_wh=7)})
    assert audit.passed


@pytest.mark.parametrize(
    "billed, history, meters, finding",
    [
        pytest.param(
            (BILLED[0], replace(BILLED[1], end_wh=None)),
            HISTORY,
            METERS,
            "garage: transaction 1002 has no stop at the central system",
            id="a stop never arrived",
        ),
        pytest.param(
            BILLED[:1],
            HISTORY,
            METERS,
            "garage: only the bridge knows of a transaction from 5100 to 5120 Wh",
            id="a whole transaction never arrived",
        ),
        pytest.param(
            BILLED,
            HISTORY[1:],
            METERS,
            "garage: only the central system knows of a transaction from 5000 to 5040 Wh",
            id="a transaction is missing in the history",
        ),
        pytest.param(
            (*BILLED, BILLED[1]),
            HISTORY,
            METERS,
            "garage: 5100 to 5120 Wh is accounted for twice",
            id="a transaction is billed twice",
        ),
        pytest.param(
            (BILLED[0], replace(BILLED[1], start_wh=5101)),
            HISTORY,
            METERS,
            "garage: nobody accounts for 5100 to 5101 Wh",
            id="a value is shifted by one Wh",
        ),
        pytest.param(
            (BILLED[0], replace(BILLED[1], end_wh=5121)),
            HISTORY,
            METERS,
            "garage: 5120 to 5121 Wh is accounted for, but no meter counted it",
            id="more is billed than was charged",
        ),
        pytest.param(
            BILLED,
            tuple(entry for entry in HISTORY if entry.kind is not EntryKind.GAP),
            METERS,
            "garage: 95 Wh accounted for, 120 Wh on the meter",
            id="a gap is forgotten",
        ),
        pytest.param(
            BILLED,
            tuple(entry for entry in HISTORY if entry.charge_point != YARD),
            METERS,
            "yard: nobody accounts for 10 to 17 Wh",
            id="a local session is forgotten",
        ),
        pytest.param(
            BILLED,
            tuple(replace(entry, start_wh=5080) if entry.kind is EntryKind.GAP else entry for entry in HISTORY),
            METERS | {GARAGE: Metered(start_wh=5000, end_wh=5115)},
            "garage: nobody accounts for 5075 to 5080 Wh",
            id="two errors that cancel in the sum",
        ),
        pytest.param(
            (replace(BILLED[0], end_wh=5041), replace(BILLED[1], start_wh=5101)),
            tuple(
                replace(entry, start_wh=5041, end_wh=5076)
                if entry.kind is EntryKind.LOCAL
                else replace(entry, start_wh=5076, end_wh=5101)
                if entry.kind is EntryKind.GAP
                else entry
                for entry in HISTORY
            ),
            METERS,
            "garage: only the bridge knows of a transaction from 5000 to 5040 Wh",
            id="the central system and the history disagree although the sums are right",
        ),
        pytest.param(
            BILLED,
            (*HISTORY, Written(charge_point=YARD, kind=EntryKind.GAP, start_wh=17, end_wh=12)),
            METERS,
            "yard: gap runs backwards, from 17 to 12 Wh",
            id="a gap below zero",
        ),
        pytest.param(
            (*BILLED, Billed(charge_point=ATTIC, name="transaction 1003", start_wh=0, end_wh=1)),
            HISTORY,
            METERS,
            "attic: billed or kept, but there is no such meter",
            id="a charge point that does not exist",
        ),
    ],
)
def test_each_planted_defect_is_found(
    billed: tuple[Billed, ...], history: tuple[Written, ...], meters: dict[ChargePointId, Metered], finding: str
) -> None:
    """A missing stop, a shifted value, a forgotten gap: each is named with its charge point and its Wh."""
    audit = compare(billed, history, meters)
    assert not audit.passed
    assert finding in map(str, audit.findings)


def test_a_replaced_meter_is_no_energy() -> None:
    """The old register ends, the new one begins, and the places it passes a second time are accounted for twice, rightly."""
    meter = Metered(start_wh=5000, end_wh=5010)
    leap = Rebased(at_ms=0, charge_point=GARAGE, from_wh=5100, to_wh=4990)
    spans = [Span(start_wh=5000, end_wh=5100, ledger=Ledger.LOCAL), Span(start_wh=4990, end_wh=5010, ledger=Ledger.GAP)]
    assert list(uncovered(spans, meter, [leap])) == []
    assert balanced(GARAGE, spans, meter, [leap]).even
    assert list(uncovered(spans, meter)) != []
    assert list(uncovered(spans[:1], meter, [leap])) == ["nobody accounts for 4990 to 5000 Wh", "nobody accounts for 5000 to 5010 Wh"]
    twice = [*spans, Span(start_wh=5005, end_wh=5020, ledger=Ledger.GAP)]
    assert list(uncovered(twice, meter, [leap])) == ["5005 to 5010 Wh is accounted for twice", "5010 to 5020 Wh is accounted for twice"]


def test_a_register_that_leaps_ahead_owes_nothing_for_it() -> None:
    leap = Rebased(at_ms=0, charge_point=GARAGE, from_wh=10, to_wh=1000)
    spans = [Span(start_wh=0, end_wh=10, ledger=Ledger.LOCAL), Span(start_wh=1000, end_wh=1005, ledger=Ledger.GAP)]
    assert list(uncovered(spans, Metered(start_wh=0, end_wh=1005), [leap])) == []
