"""What it all came to: sessions, messages, lamps, and the three ledgers side by side."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from bridge.audit.cover import Audit, Written, compare
from bridge.audit.ledgers import Billed, Finding
from bridge.commands.terminal import grid
from bridge.core.effects import EntryKind
from bridge.core.values import ChargePointId
from bridge.demo.book import Book
from bridge.demo.narrator import CURRENCY
from bridge.demo.people import place
from bridge.demo.readers import Tap
from bridge.demo.stage import Stage


def billed(book: Book) -> tuple[Billed, ...]:
    """The first ledger: the central system's own memory."""
    return tuple(
        Billed(
            charge_point=ChargePointId(place(known.key.charge_point)),
            name=f"transaction {known.id}",
            start_wh=known.key.register_wh,
            end_wh=known.end_wh,
        )
        for known in book.transactions.values()
    )


def written(history: Iterable[Mapping[str, Any]]) -> tuple[Written, ...]:
    """The second: what `evbridge history --json` says."""
    return tuple(
        Written(
            charge_point=ChargePointId(entry["charge_point"]),
            kind=EntryKind(entry["kind"]),
            start_wh=entry["start_wh"],
            end_wh=entry["end_wh"],
        )
        for entry in history
    )


def audited(stage: Stage, history: Iterable[Mapping[str, Any]]) -> Audit:
    """Both against the third: the meters' truth."""
    book = stage.central.memory.book
    audit = compare(billed(book), written(history), {ChargePointId(name): box.metered for name, box in stage.hardware.wallboxes.items()})
    orphans = tuple(Finding(rule=13, charge_point=None, text=text) for text in book.orphans)
    return Audit(balances=audit.balances, findings=(*audit.findings, *orphans))


def sessions_table(history: Iterable[Mapping[str, Any]]) -> Table:
    """Who charged what, on whose word, at which price."""
    table = grid("session at", "who", "authority", "energy", "cost", "ended by", right=("energy", "cost"))
    for entry in history:
        gap = entry["kind"] == EntryKind.GAP
        who = "nobody: a gap" if gap else entry["name"] or f"card {entry['tag_masked']}"
        authority = "" if gap else entry["csms"] or entry["authority"]
        cost = "" if gap else f"{entry['cost']:.4f} {CURRENCY}" if entry["kind"] == EntryKind.LOCAL else "by the CSMS"
        table.add_row(entry["charge_point"], who, authority, f"{entry['energy_wh']} Wh", cost, entry["reason"])
    return table


def lamps_table(taps: Iterable[Tap]) -> Table:
    """Every decision, and how long it took from the card to the light."""
    table = grid("tap at", "who", "lamp", "reason", "authority", "delay", right=("delay",))
    for tap in taps:
        if tap.answered and tap.lamp_ms is not None:
            authority = tap.decision["csms"] or tap.decision["authority"]
            table.add_row(tap.reader, tap.who, tap.lamp, tap.decision["reason"], authority, f"{tap.lamp_ms:.0f} ms")
    return table


def balance_table(audit: Audit) -> Table:
    """The three ledgers, to the Wh."""
    table = grid(
        "charge point", "central system", "local", "gaps", "sum", "meter", "", right=("central system", "local", "gaps", "sum", "meter")
    )
    for balance in audit.balances:
        table.add_row(
            balance.charge_point,
            f"{balance.central_wh} Wh",
            f"{balance.local_wh} Wh",
            f"{balance.gap_wh} Wh",
            f"{balance.accounted_wh} Wh",
            f"{balance.meter_wh} Wh",
            "even" if balance.even else "NOT EVEN",
        )
    return table


def messages(stage: Stage) -> str:
    """What became of the transaction messages."""
    book = stage.central.memory.book
    return (
        f"messages: {book.messages} sent ({book.repeated} of them again), at most {stage.most_queued} queued at a time, "
        f"{stage.onlooker.count('queue')} still queued, {stage.onlooker.count('parked')} parked"
    )
