"""Is every Wh the meters counted on exactly one bill? The comparison of the three ledgers. Pure.

The central system's memory, the bridge's history and the meters' truth are kept by three parties that do not copy from each other:

    Σ central system + Σ local + Σ recorded gaps = Σ meters, to the Wh, for each charge point

Sums alone could hide two errors that cancel, so the intervals must also cover the register without hole or overlap, and the bridge must
have kept the same transactions that the central system bills.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Ledger(StrEnum):
    """Who wrote an entry."""

    CENTRAL = "central system"
    LOCAL = "local"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A transaction in the central system's memory. `end_wh` is None while it is open."""

    charge_point: str
    name: str
    start_wh: int
    end_wh: int | None


@unique
class Kind(StrEnum):
    """What an entry of the bridge's history is about; the words of the history itself."""

    OCPP = "ocpp"
    LOCAL = "local"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry of the bridge's history."""

    charge_point: str
    kind: Kind
    start_wh: int
    end_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What a meter showed before anything happened, and at the end."""

    start_wh: int
    end_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The sums of one charge point."""

    charge_point: str
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
    findings: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Nothing lost, nothing billed twice."""
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Span:
    start_wh: int
    end_wh: int
    ledger: Ledger


def compare(billed: Sequence[Billed], history: Sequence[Written], meters: Mapping[str, Metered]) -> Audit:
    """Compare the three ledgers."""
    findings = [f"{entry.charge_point}: {entry.name} has no stop at the central system" for entry in billed if entry.end_wh is None]
    known = set(meters)
    findings += [f"{name}: billed or kept, but there is no such meter" for name in sorted(_named(billed, history) - known)]
    balances = []
    for charge_point, meter in meters.items():
        spans = _spans(charge_point, billed, history)
        balance = _balance(charge_point, spans, meter)
        balances.append(balance)
        if not balance.even:
            findings.append(f"{charge_point}: {balance.accounted_wh} Wh accounted for, {balance.meter_wh} Wh on the meter")
        findings += _uncovered(charge_point, spans, meter)
        findings += _disputed(charge_point, billed, history)
    return Audit(balances=tuple(balances), findings=tuple(findings))


def _named(billed: Iterable[Billed], history: Iterable[Written]) -> set[str]:
    return {entry.charge_point for entry in billed} | {entry.charge_point for entry in history}


def _spans(charge_point: str, billed: Iterable[Billed], history: Iterable[Written]) -> list[_Span]:
    """What the central system bills, and what the bridge keeps beside it: its own word on transactions is not asked here."""
    spans = [
        _Span(start_wh=entry.start_wh, end_wh=entry.end_wh, ledger=Ledger.CENTRAL)
        for entry in billed
        if entry.charge_point == charge_point and entry.end_wh is not None
    ]
    for entry in history:
        if entry.charge_point == charge_point:
            match entry.kind:
                case Kind.OCPP:
                    pass
                case Kind.LOCAL:
                    spans.append(_Span(start_wh=entry.start_wh, end_wh=entry.end_wh, ledger=Ledger.LOCAL))
                case Kind.GAP:
                    spans.append(_Span(start_wh=entry.start_wh, end_wh=entry.end_wh, ledger=Ledger.GAP))
    return sorted(spans)


def _balance(charge_point: str, spans: Iterable[_Span], meter: Metered) -> Balance:
    sums = Counter[Ledger]()
    for span in spans:
        sums[span.ledger] += span.end_wh - span.start_wh
    return Balance(
        charge_point=charge_point,
        central_wh=sums[Ledger.CENTRAL],
        local_wh=sums[Ledger.LOCAL],
        gap_wh=sums[Ledger.GAP],
        meter_wh=meter.end_wh - meter.start_wh,
    )


def _uncovered(charge_point: str, spans: Iterable[_Span], meter: Metered) -> list[str]:
    """Where the register is on no bill, or on two."""
    findings = []
    reached_wh = meter.start_wh
    for span in spans:
        if span.end_wh < span.start_wh:
            findings.append(f"{charge_point}: {span.ledger} runs backwards, from {span.start_wh} to {span.end_wh} Wh")
        if span.start_wh > reached_wh:
            findings.append(f"{charge_point}: nobody accounts for {reached_wh} to {span.start_wh} Wh")
        if span.start_wh < reached_wh and span.end_wh > span.start_wh:
            findings.append(f"{charge_point}: {span.start_wh} to {min(reached_wh, span.end_wh)} Wh is accounted for twice")
        reached_wh = max(reached_wh, span.end_wh)
    if reached_wh < meter.end_wh:
        findings.append(f"{charge_point}: nobody accounts for {reached_wh} to {meter.end_wh} Wh")
    if reached_wh > meter.end_wh:
        findings.append(f"{charge_point}: accounted for up to {reached_wh} Wh, but the meter shows {meter.end_wh} Wh")
    return findings


def _disputed(charge_point: str, billed: Iterable[Billed], history: Iterable[Written]) -> list[str]:
    """Transactions only one side knows of."""
    central = Counter((entry.start_wh, entry.end_wh) for entry in billed if entry.charge_point == charge_point and entry.end_wh is not None)
    bridge = Counter((entry.start_wh, entry.end_wh) for entry in history if entry.charge_point == charge_point and entry.kind is Kind.OCPP)
    return [
        f"{charge_point}: only {who} knows of a transaction from {start} to {end} Wh"
        for who, alone in (("the central system", central - bridge), ("the bridge", bridge - central))
        for start, end in sorted(alone.elements())
    ]
