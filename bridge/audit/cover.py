"""Every Wh the meters counted is on exactly one bill, or a recorded gap.

    Σ central system + Σ local + Σ recorded gaps = Σ meters, to the Wh, for each charge point

Sums alone could hide two errors that cancel, so the intervals must also cover the register without hole or overlap.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from itertools import pairwise

from bridge.audit.ledgers import Billed, Finding, Metered, Rebased
from bridge.core.effects import EntryKind
from bridge.core.values import ChargePointId

RULE = 4


@unique
class Ledger(StrEnum):
    """Who wrote an entry."""

    CENTRAL = "central system"
    LOCAL = "local"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A piece of a register that somebody accounts for."""

    start_wh: int
    end_wh: int
    ledger: Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry of the bridge's history."""

    charge_point: ChargePointId
    kind: EntryKind
    start_wh: int
    end_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The sums of one charge point."""

    charge_point: ChargePointId
    central_wh: int
    local_wh: int
    gap_wh: int
    meter_wh: int

    @property
    def accounted_wh(self) -> int:
        """What is on a bill or a recorded gap."""
        return self.central_wh + self.local_wh + self.gap_wh

    @property
    def even(self) -> bool:
        """Whether it is what the meter counted."""
        return self.accounted_wh == self.meter_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The outcome. `findings` is empty if and only if every Wh is accounted for exactly once."""

    balances: tuple[Balance, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Nothing lost, nothing billed twice."""
        return not self.findings


def compare(billed: Sequence[Billed], history: Sequence[Written], meters: Mapping[ChargePointId, Metered]) -> Audit:
    """A central system's bills, the bridge's history and the meters: the comparison that needs nothing else."""
    findings = [
        Finding(rule=2, charge_point=entry.charge_point, text=f"{entry.name} has no stop at the central system")
        for entry in billed
        if entry.end_wh is None
    ]
    named = {entry.charge_point for entry in billed} | {entry.charge_point for entry in history}
    findings += [
        Finding(rule=RULE, charge_point=name, text="billed or kept, but there is no such meter") for name in sorted(named - set(meters))
    ]
    balances = []
    for charge_point, meter in meters.items():
        spans = _spans(charge_point, billed, history)
        balance = balanced(charge_point, spans, meter)
        balances.append(balance)
        findings += [Finding(rule=RULE, charge_point=charge_point, text=text) for text in (*uneven(balance), *uncovered(spans, meter))]
        findings += [Finding(rule=1, charge_point=charge_point, text=text) for text in disputed(charge_point, billed, history)]
    return Audit(balances=tuple(balances), findings=tuple(findings))


def _spans(charge_point: ChargePointId, billed: Iterable[Billed], history: Iterable[Written]) -> list[Span]:
    """What the central system bills, and what the bridge keeps beside it: its own word on transactions is not asked here."""
    return [
        Span(start_wh=entry.start_wh, end_wh=entry.end_wh, ledger=Ledger.CENTRAL)
        for entry in billed
        if entry.charge_point == charge_point and entry.end_wh is not None
    ] + [
        Span(start_wh=entry.start_wh, end_wh=entry.end_wh, ledger=Ledger(entry.kind.value))
        for entry in history
        if entry.charge_point == charge_point and entry.kind is not EntryKind.OCPP
    ]


def balanced(charge_point: ChargePointId, spans: Iterable[Span], meter: Metered, leaps: Iterable[Rebased] = ()) -> Balance:
    """The sums. What the register leapt is no energy."""
    sums = Counter[Ledger]()
    for span in spans:
        sums[span.ledger] += span.end_wh - span.start_wh
    return Balance(
        charge_point=charge_point,
        central_wh=sums[Ledger.CENTRAL],
        local_wh=sums[Ledger.LOCAL],
        gap_wh=sums[Ledger.GAP],
        meter_wh=meter.end_wh - meter.start_wh - sum(leap.to_wh - leap.from_wh for leap in leaps),
    )


def uneven(balance: Balance) -> Iterator[str]:
    """The sums differ."""
    if not balance.even:
        yield f"{balance.accounted_wh} Wh accounted for, {balance.meter_wh} Wh on the meter"


def uncovered(spans: Iterable[Span], meter: Metered, leaps: Iterable[Rebased] = ()) -> Iterator[str]:
    """Where the register is on no bill, on two, or was never counted by the meter. With leaps it passes a place more than once."""
    spans = list(spans)
    for span in spans:
        if span.end_wh < span.start_wh:
            yield f"{span.ledger} runs backwards, from {span.start_wh} to {span.end_wh} Wh"
    # Each piece of the register: how often the meter passed it, less how often it is accounted for.
    steps = Counter[int]()
    passes = [(meter.start_wh, meter.end_wh, 1), *((leap.from_wh, leap.to_wh, -1) for leap in leaps)]
    for start_wh, end_wh, times in passes:
        steps[start_wh] += times
        steps[end_wh] -= times
    counted = dict(steps)
    for span in spans:
        if span.end_wh > span.start_wh:
            steps[span.start_wh] -= 1
            steps[span.end_wh] += 1
    missing, passed = 0, 0
    places = [place for place in sorted(steps) if steps[place] != 0 or counted.get(place)]
    for start_wh, end_wh in pairwise(places):
        missing += steps[start_wh]
        passed += counted.get(start_wh, 0)
        if missing > 0:
            yield f"nobody accounts for {start_wh} to {end_wh} Wh"
        elif missing < 0 and passed > 0:
            yield f"{start_wh} to {end_wh} Wh is accounted for twice"
        elif missing < 0:
            yield f"{start_wh} to {end_wh} Wh is accounted for, but no meter counted it"


def disputed(charge_point: ChargePointId, billed: Iterable[Billed], history: Iterable[Written]) -> list[str]:
    """Transactions only one side knows of."""
    central = Counter((entry.start_wh, entry.end_wh) for entry in billed if entry.charge_point == charge_point and entry.end_wh is not None)
    bridge = Counter(
        (entry.start_wh, entry.end_wh) for entry in history if entry.charge_point == charge_point and entry.kind is EntryKind.OCPP
    )
    return [
        f"only {who} knows of a transaction from {start} to {end} Wh"
        for who, alone in (("the central system", central - bridge), ("the bridge", bridge - central))
        for start, end in sorted(alone.elements())
    ]
