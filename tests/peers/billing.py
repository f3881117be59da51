"""What a central system would bill, from the messages of its stations: OCPP 1.6 and 2.0.1."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.peers.journal import Call

REGISTER = "Energy.Active.Import.Register"
UNITS: Mapping[str, int] = {"Wh": 1, "kWh": 1000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What this central system would bill: the same start, repeated, is one; its stop, repeated, is one."""

    identity: str
    id: int | str
    """Given by the central system in 1.6, by the station in 2.0.1."""
    tag: str
    """Of 2.0.1 the first one told; empty: nobody yet."""
    start_wh: int
    started: str
    stop_wh: int | None = None
    stopped: str | None = None
    reason: str | None = None
    """As sent; None where it was left out, which means Local."""
    last_wh: int = 0
    """The newest register that a 2.0.1 transaction told."""

    @property
    def energy_wh(self) -> int:
        """0 while it runs."""
        return 0 if self.stop_wh is None else self.stop_wh - self.start_wh


def transactions(calls: Iterable[Call]) -> list[Transaction]:
    """In the order of the starts; what was not answered does not count."""
    found: dict[tuple[object, ...], Transaction] = {}
    for call in calls:
        match call.action:
            case "StartTransaction" if call.answer is not None:
                _begin(found, call)
            case "StopTransaction" if call.answer is not None:
                _end(found, call)
            case "TransactionEvent" if call.answer is not None:
                _tell(found, call)
            case _:
                pass
    return list(found.values())


# --- OCPP 1.6 -----------------------------------------------------------------------------------------------------------------------


def _begin(found: dict[tuple[object, ...], Transaction], call: Call) -> None:
    """As SteVe: the same connector, tag, time and register is the same transaction, however often it is sent."""
    sent = call.payload
    key = (call.identity, sent["connectorId"], sent["idTag"], sent["timestamp"], sent["meterStart"])
    if key not in found and call.answer is not None and "transactionId" in call.answer:
        found[key] = Transaction(
            identity=call.identity,
            id=call.answer["transactionId"],
            tag=sent["idTag"],
            start_wh=sent["meterStart"],
            started=sent["timestamp"],
        )


def _end(found: dict[tuple[object, ...], Transaction], call: Call) -> None:
    sent = call.payload
    for key, transaction in found.items():
        if (transaction.identity, transaction.id) == (call.identity, sent["transactionId"]) and transaction.stop_wh is None:
            found[key] = replace(
                transaction,
                stop_wh=sent["meterStop"],
                stopped=sent["timestamp"],
                reason=sent.get("reason"),
            )


# --- OCPP 2.0.1 ---------------------------------------------------------------------------------------------------------------------


def _tell(found: dict[tuple[object, ...], Transaction], call: Call) -> None:
    """Its first register is that of the context Transaction.Begin, or else the first one told; its last one likewise."""
    sent = call.payload
    info = sent["transactionInfo"]
    key = (call.identity, info["transactionId"])
    read = list(registers(sent))
    known = found.get(key)
    if known is None:
        begun = next((wh for context, wh in read if context == "Transaction.Begin"), read[0][1] if read else 0)
        known = Transaction(
            identity=call.identity,
            id=info["transactionId"],
            tag=tag_of(sent),
            start_wh=begun,
            started=sent["timestamp"],
        )
    known = replace(known, tag=known.tag or tag_of(sent), last_wh=read[-1][1] if read else known.last_wh or known.start_wh)
    if sent["eventType"] == "Ended" and known.stop_wh is None:
        ended = next((wh for context, wh in read if context == "Transaction.End"), known.last_wh)
        known = replace(known, stop_wh=ended, stopped=sent["timestamp"], reason=info.get("stoppedReason"))
    found[key] = known


def sequence_faults(calls: Iterable[Call]) -> Iterator[str]:
    """OCPP 2.0.1 E01.FR.07: seqNo begins at 0 and has no gap; a repetition has the number of what it repeats."""
    told: dict[tuple[str, str], list[Any]] = {}
    for call in calls:
        if call.action == "TransactionEvent" and "transactionInfo" in call.payload:
            key = (call.identity, call.payload["transactionInfo"].get("transactionId", ""))
            numbers = told.setdefault(key, [])
            if (number := call.payload.get("seqNo")) not in numbers:
                numbers.append(number)
    for (identity, transaction), numbers in told.items():
        if numbers != list(range(len(numbers))):
            yield f"{identity} transaction {transaction} has the sequence numbers {numbers}"


def tag_of(sent: Mapping[str, Any]) -> str:
    """The idToken of a TransactionEvent; empty: it has none."""
    token: Mapping[str, str] = sent.get("idToken", {})
    return token.get("idToken", "")


def registers(sent: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The lifetime registers of a message with meter values, each with its context."""
    for value in sent.get("meterValue", ()):
        for sample in value["sampledValue"]:
            if sample.get("measurand", REGISTER) == REGISTER and "phase" not in sample:
                unit = sample.get("unitOfMeasure", {})
                scale = UNITS[unit.get("unit", "Wh")] * 10.0 ** unit.get("multiplier", 0)
                yield sample.get("context", "Sample.Periodic"), round(sample["value"] * scale)
