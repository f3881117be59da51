"""Three small ledgers that agree, written by hand: two charge points, one for each version of OCPP, through a bad day.

`a_day()` is correct in every detail; tests change one thing and ask the auditor. Times are seconds of the observer; the bridge's clock
agrees with them.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.audit.examine import EXACT, examine
from bridge.audit.ledgers import Book, Cut, Finding, Frame, Happened, Lamp, Managed, Metered, Outage, Power, Row, Tapped, Truth
from bridge.audit.tolerances import Tolerances
from bridge.core.effects import (
    Decision,
    EntryKind,
    HistoryEntry,
    Record,
    RecordSample,
    RecordStart,
    RecordStop,
    RecordUpdate,
    Telling,
)
from bridge.core.events import Door, Origin
from bridge.core.values import (
    Authority,
    ChargePointId,
    Colour,
    IdTag,
    ReaderId,
    Reading,
    ReadingContext,
    SessionId,
    StopReason,
    TxKind,
    TxTrigger,
    Verdict,
    Why,
)

GARAGE, YARD = ChargePointId("garage"), ChargePointId("yard")
NOON_MS = 1_767_268_800_000
"""2026-01-01 12:00 UTC, where the observer's clock shows 0."""
CARD, OTHER, BEN = IdTag(text="04A2B3C4D5E680"), IdTag(text="04FFFFFFFFFF80"), IdTag(text="BEN")
REGISTER = "Energy.Active.Import.Register"
OCMF = 'OCMF|{"PG":"T%d"}|{"SD":"00"}'
ACCEPTED = {"idTagInfo": {"status": "Accepted"}}
Json = Any
Answer = dict[str, Json] | str | None
"""A payload, the code of an error, or silence."""


def utc_ms(at_s: float) -> int:
    return NOON_MS + round(at_s * 1000)


def iso(at_s: float) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=utc_ms(at_s))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reading(at_s: float, register_wh: int, context: ReadingContext = ReadingContext.PERIODIC, signed: str | None = None) -> Reading:
    return Reading(utc_ms=utc_ms(at_s), register_wh=register_wh, context=context, signed=signed)


def entry(session: str, kind: EntryKind, span_s: tuple[float, float], span_wh: tuple[int, int], **more: Json) -> HistoryEntry:
    told: dict[str, Json] = {
        "authority": None if kind is EntryKind.GAP else Authority(kind.value),
        "user": None,
        "name": None,
        "tag": CARD if kind is EntryKind.OCPP else None,
        "cost": Decimal(0),
        "price_per_kwh": None,
        "reason": StopReason.EV_DISCONNECTED.value,
    }
    return HistoryEntry(
        id=SessionId(session),
        kind=kind,
        started_ms=utc_ms(span_s[0]),
        ended_ms=utc_ms(span_s[1]),
        start_wh=span_wh[0],
        end_wh=span_wh[1],
        **{**told, **more},
    )


@dataclass(slots=True)
class Day:
    """The ledgers while they are written."""

    history: list[tuple[ChargePointId, HistoryEntry]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    decisions: list[tuple[ChargePointId, Decision]] = field(default_factory=list)
    open_sessions: list[tuple[ChargePointId, str]] = field(default_factory=list)
    open_starts_wh: dict[str, int] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    meters: dict[ChargePointId, Metered] = field(default_factory=dict)
    truth: Truth = field(default_factory=lambda: Truth(meters={}))
    """Everything else of the hardware."""
    tolerances: Tolerances = EXACT

    # --- writing --------------------------------------------------------------------------------------------------------------------

    def row(self, charge_point: ChargePointId, record: Record, **more: Json) -> Row:
        told: dict[str, Json] = {"state": "delivered", **more}
        row = Row(id=len(self.rows) + 1, charge_point=charge_point, record=record, **told)
        self.rows.append(row)
        return row

    def call(
        self, at_s: float, connection: int, charge_point: ChargePointId, action: str, payload: Json, answer: Answer, message: str = ""
    ) -> None:
        """A request of the station and its answer, half a second later."""
        name = message or f"{connection}-{len(self.frames)}"
        self.frame(at_s, connection, charge_point, [2, name, action, payload])
        match answer:
            case str():
                self.frame(at_s + 0.5, connection, charge_point, [4, name, answer, "", {}], from_station=False)
            case dict():
                self.frame(at_s + 0.5, connection, charge_point, [3, name, answer], from_station=False)

    def frame(self, at_s: float, connection: int, charge_point: ChargePointId, message: Json, *, from_station: bool = True) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        protocol = "ocpp1.6" if charge_point == GARAGE else "ocpp2.0.1"
        self.frames.append(
            Frame(
                at_ms=round(at_s * 1000),
                connection=connection,
                charge_point=charge_point,
                protocol=protocol,
                from_station=from_station,
                text=text,
            )
        )

    def tap(self, at_s: float, name: str, tag: IdTag, authority: Authority, why: Why = Why.ACCEPTED) -> None:
        """A green one, decided after a second."""
        self.happened += [
            Tapped(at_ms=round(at_s * 1000), charge_point=GARAGE, id=name, tag=tag.text),
            Lamp(at_ms=round(at_s * 1000) + 1000, charge_point=GARAGE, id=name, colour="green", authority=authority.value),
        ]
        decision = Decision(
            origin=Origin(door=Door.READER, id=name, reader=ReaderId("garage")),
            colour=Colour.GREEN,
            authority=authority,
            why=why,
            verdict=Verdict.ACCEPTED if authority is Authority.OCPP else None,
            user=None,
            tag=tag,
            card=tag.key,
            utc_ms=utc_ms(at_s + 1),
        )
        self.decisions.append((GARAGE, decision))

    def power(self, at_s: float, charge_point: ChargePointId, power_w: float, register_wh: int) -> None:
        self.happened.append(Power(at_ms=round(at_s * 1000), charge_point=charge_point, power_w=power_w, register_wh=register_wh))

    def manage(self, at_s: float, charge_point: ChargePointId, limit_w: float, *, reached: bool = True) -> None:
        self.happened.append(Managed(at_ms=round(at_s * 1000), charge_point=charge_point, limit_w=limit_w, reached=reached))

    # --- spoiling -------------------------------------------------------------------------------------------------------------------

    def find(self, action: str, number: int = 0) -> int:
        """Where a request of the station is."""
        return [index for index, frame in enumerate(self.frames) if frame.from_station and f'"{action}"' in frame.text][number]

    def edit(self, index: int, change: Callable[[list[Json]], None]) -> None:
        """Change a message."""
        message = json.loads(self.frames[index].text)
        change(message)
        self.frames[index] = replace(self.frames[index], text=json.dumps(message))

    def drop(self, index: int) -> None:
        """Lose a request, and its answer."""
        name = json.loads(self.frames[index].text)[1]
        connection = self.frames[index].connection
        self.frames = [
            frame
            for at, frame in enumerate(self.frames)
            if at < index or frame.connection != connection or json.loads(frame.text)[1] != name
        ]

    def change_row(self, number: int, **fields: Json) -> None:
        """Change a row; what is no field of it is one of its record."""
        row = self.rows[number - 1]
        own = {name: value for name, value in fields.items() if hasattr(row, name)}
        self.rows[number - 1] = replace(row, record=replace(row.record, **{k: v for k, v in fields.items() if k not in own}), **own)

    def change_entry(self, number: int, **fields: Json) -> None:
        owner, known = self.history[number]
        self.history[number] = (owner, replace(known, **fields))

    # --- asking ---------------------------------------------------------------------------------------------------------------------

    def book(self) -> Book:
        return Book(
            history=tuple(self.history),
            rows=tuple(self.rows),
            decisions=tuple(self.decisions),
            open_sessions=tuple(self.open_sessions),
            open_starts_wh=self.open_starts_wh,
        )

    def findings(self) -> tuple[Finding, ...]:
        truth = replace(self.truth, meters=self.meters, happened=tuple(sorted(self.happened, key=lambda event: event.at_ms)))
        return examine(self.book(), self.frames, truth, self.tolerances)


# --- the day ------------------------------------------------------------------------------------------------------------------------


def a_day() -> Day:
    """A correct one."""
    day = Day()
    day.meters = {GARAGE: Metered(start_wh=1000, end_wh=3000), YARD: Metered(start_wh=100, end_wh=200)}
    day.truth = Truth(
        meters={},
        cuts=(Cut(at_ms=600_000),),
        outages=(Outage(what="bridge", charge_point=None, from_ms=600_000, to_ms=700_000),),
        drops=2,
        statuses={GARAGE: "Available|Finishing", YARD: "Charging"},
        permitted=frozenset({BEN.key}),
        signed={GARAGE: (OCMF % 1, OCMF % 2, OCMF % 3), YARD: (OCMF % 7, OCMF % 8, OCMF % 9)},
    )
    _first_session(day)
    _local_session(day)
    _gap(day)
    _nameless_session(day)
    _yard(day)
    return day


def values(at_s: float, register_wh: int, context: str, signed: str | None = None) -> Json:
    """A MeterValue of 1.6."""
    samples = [{"value": str(register_wh), "context": context, "measurand": REGISTER, "unit": "Wh"}]
    if signed is not None:
        samples.append({"value": signed, "context": context, "format": "SignedData", "measurand": REGISTER})
    return {"timestamp": iso(at_s), "sampledValue": samples}


def start(at_s: float, register_wh: int, tag: IdTag = CARD) -> Json:
    return {"connectorId": 1, "idTag": tag.text, "meterStart": register_wh, "timestamp": iso(at_s)}


def sample(at_s: float, number: int, register_wh: int, signed: str | None = None) -> Json:
    return {"connectorId": 1, "transactionId": number, "meterValue": [values(at_s, register_wh, "Sample.Periodic", signed)]}


def stop(span_s: tuple[float, float], number: int, span_wh: tuple[int, int], signed: tuple[str | None, str | None] = (None, None)) -> Json:
    data = [
        values(span_s[0], span_wh[0], "Transaction.Begin", signed[0]),
        values(span_s[1], span_wh[1], "Transaction.End", signed[1]),
    ]
    told = {"transactionId": number, "meterStop": span_wh[1], "timestamp": iso(span_s[1]), "reason": "EVDisconnected"}
    return told | {"transactionData": data}


def status(at_s: float, word: str) -> Json:
    return {"connectorId": 1, "errorCode": "NoError", "status": word, "timestamp": iso(at_s)}


def _first_session(day: Day) -> None:
    """Its start is answered too late and sent again on the next connection; a sample is refused once."""
    day.manage(0, GARAGE, 11_000)
    day.call(0, 1, GARAGE, "BootNotification", {"chargePointVendor": "v"}, {"status": "Accepted", "interval": 60})
    day.call(1, 1, GARAGE, "StatusNotification", status(1, "Available"), {})
    day.tap(2, "tap-1", CARD, Authority.OCPP)
    day.call(2, 1, GARAGE, "Authorize", {"idTag": CARD.text}, ACCEPTED)
    begin = reading(5, 1000, ReadingContext.BEGIN, OCMF % 1)
    day.row(GARAGE, RecordStart(session=SessionId("s1"), sequence=0, tag=CARD, reading=begin, utc_ms=utc_ms(5), offline=False))
    day.call(5, 1, GARAGE, "StartTransaction", start(5, 1000), None, "m-start")
    day.call(40, 2, GARAGE, "StatusNotification", status(40, "Charging"), {})
    day.call(41, 2, GARAGE, "StartTransaction", start(5, 1000), ACCEPTED | {"transactionId": 0}, "m-start")
    day.power(10, GARAGE, 10_000, 1000)
    middle = reading(190, 1500, signed=OCMF % 2)
    day.row(GARAGE, RecordSample(session=SessionId("s1"), sequence=1, reading=middle, offline=False))
    day.call(190, 2, GARAGE, "MeterValues", sample(190, 0, 1500, OCMF % 2), "InternalError", "m-sample")
    day.call(200, 2, GARAGE, "MeterValues", sample(190, 0, 1500, OCMF % 2), {}, "m-sample-again")
    day.power(370, GARAGE, 0, 2000)
    end = reading(372, 2000, ReadingContext.END, OCMF % 3)
    day.row(GARAGE, _stop("s1", 2, begin, end))
    day.call(372, 2, GARAGE, "StopTransaction", stop((5, 372), 0, (1000, 2000), (OCMF % 1, OCMF % 3)), {})
    day.call(373, 2, GARAGE, "StatusNotification", status(373, "Available"), {})
    day.history.append((GARAGE, entry("s1", EntryKind.OCPP, (5, 372), (1000, 2000), backend_id="0")))


def _stop(session: str, sequence: int, begin: Reading, end: Reading, telling: Telling | None = None) -> RecordStop:
    return RecordStop(
        session=SessionId(session),
        sequence=sequence,
        reading=end,
        utc_ms=end.utc_ms,
        reason=StopReason.EV_DISCONNECTED,
        tag=None,
        begin=begin,
        offline=False,
        telling=telling,
    )


def _local_session(day: Day) -> None:
    """Ben's card is unknown to the central system, and he has a local permission."""
    day.tap(400, "tap-2", BEN, Authority.LOCAL, Why.LOCAL_PERMISSION)
    day.call(400, 2, GARAGE, "Authorize", {"idTag": BEN.text}, {"idTagInfo": {"status": "Invalid"}})
    day.call(405, 2, GARAGE, "StatusNotification", status(405, "Unavailable"), {})
    day.power(410, GARAGE, 10_000, 2000)
    day.power(590, GARAGE, 0, 2500)
    day.call(595, 2, GARAGE, "StatusNotification", status(595, "Available"), {})
    day.history.append((GARAGE, entry("s2", EntryKind.LOCAL, (405, 592), (2000, 2500), user="ben")))


def _gap(day: Day) -> None:
    """The bridge is down, and somebody charges all the same."""
    day.power(610, GARAGE, 10_000, 2500)
    day.power(646, GARAGE, 0, 2600)
    day.history.append((GARAGE, entry("s3-gap", EntryKind.GAP, (592, 750), (2500, 2600), reason="no_session")))
    day.call(700, 3, GARAGE, "BootNotification", {"chargePointVendor": "v"}, {"status": "Accepted", "interval": 60})
    day.call(701, 3, GARAGE, "StatusNotification", status(701, "Available"), {})


def _nameless_session(day: Day) -> None:
    """Its start is refused for good and parked, so that the rest goes under no name."""
    day.tap(800, "tap-3", CARD, Authority.OCPP)
    begin = reading(805, 2600, ReadingContext.BEGIN)
    opened = RecordStart(session=SessionId("s4"), sequence=0, tag=CARD, reading=begin, utc_ms=utc_ms(805), offline=False)
    day.row(GARAGE, opened, state="parked", error="NotSupported")
    day.call(805, 3, GARAGE, "StartTransaction", start(805, 2600), "NotSupported")
    day.power(810, GARAGE, 10_000, 2600)
    day.row(GARAGE, RecordSample(session=SessionId("s4"), sequence=1, reading=reading(900, 2850), offline=False))
    day.call(900, 3, GARAGE, "MeterValues", sample(900, -1, 2850), {})
    day.power(954, GARAGE, 0, 3000)
    day.row(GARAGE, _stop("s4", 2, begin, reading(960, 3000, ReadingContext.END)))
    day.call(960, 3, GARAGE, "StopTransaction", stop((805, 960), -1, (2600, 3000)), {})
    day.call(970, 3, GARAGE, "MeterValues", {"connectorId": 1, "meterValue": [values(970, 3000, "Sample.Clock")]}, {})
    day.call(971, 3, GARAGE, "StatusNotification", status(971, "Finishing"), {})
    day.history.append((GARAGE, entry("s4", EntryKind.OCPP, (805, 960), (2600, 3000))))


# --- 2.0.1 --------------------------------------------------------------------------------------------------------------------------


def telling(kind: TxKind, trigger: TxTrigger = TxTrigger.AUTHORIZED, tag: IdTag | None = None) -> Telling:
    return Telling(kind=kind, trigger=trigger, tag=tag)


def value(at_s: float, register_wh: int, context: str, signed: str | None = None) -> Json:
    """A MeterValueType of 2.0.1."""
    told: Json = {"value": float(register_wh), "context": context, "measurand": REGISTER}
    if signed is not None:
        told["signedMeterValue"] = {"signedMeterData": b64encode(signed.encode()).decode()}
    return {"timestamp": iso(at_s), "sampledValue": [told]}


def event(kind: str, at_s: float, number: int, told: list[Json], **more: Json) -> Json:
    payload = {"eventType": kind, "timestamp": iso(at_s), "triggerReason": "Authorized", "seqNo": number, **more}
    return payload | {"transactionInfo": {"transactionId": "y1"}} | ({"meterValue": told} if told else {})


def _yard(day: Day) -> None:
    """A transaction of 2.0.1 that opened before its session, and then energy management says no."""
    name = SessionId("y1")
    day.manage(0, YARD, 7_000)
    day.call(0, 10, YARD, "BootNotification", {"reason": "PowerUp"}, {"status": "Accepted", "interval": 60})
    day.call(1, 10, YARD, "StatusNotification", {"timestamp": iso(1), "connectorStatus": "Available", "evseId": 1, "connectorId": 1}, {})
    first = RecordUpdate(
        session=name,
        sequence=0,
        utc_ms=utc_ms(15),
        offline=True,
        telling=telling(TxKind.STARTED, TxTrigger.CABLE_PLUGGED_IN),
        reading=reading(15, 100, ReadingContext.BEGIN, OCMF % 7),
    )
    day.row(YARD, first)
    day.call(15, 10, YARD, "TransactionEvent", event("Started", 15, 0, [value(15, 100, "Transaction.Begin", OCMF % 7)], offline=True), {})
    begin = reading(20, 100, ReadingContext.BEGIN, OCMF % 7)
    told = telling(TxKind.UPDATED, tag=OTHER)
    day.row(YARD, RecordStart(session=name, sequence=1, tag=OTHER, reading=begin, utc_ms=utc_ms(20), offline=False, telling=told))
    token = {"idToken": {"idToken": OTHER.text, "type": "ISO14443"}}
    day.call(20, 10, YARD, "TransactionEvent", event("Updated", 20, 1, [], **token), {"idTokenInfo": {"status": "Accepted"}})
    day.power(20, YARD, 6_000, 100)
    day.row(
        YARD,
        RecordSample(session=name, sequence=2, reading=reading(50, 150, signed=OCMF % 8), offline=False, telling=telling(TxKind.UPDATED)),
    )
    day.call(50, 10, YARD, "TransactionEvent", event("Updated", 50, 2, [value(50, 150, "Sample.Periodic", OCMF % 8)]), {})
    day.power(80, YARD, 0, 200)
    day.manage(78, YARD, 0)
    day.row(YARD, _stop(name, 3, begin, reading(85, 200, ReadingContext.END, OCMF % 9), telling(TxKind.ENDED)))
    ends = [value(20, 100, "Transaction.Begin", OCMF % 7), value(85, 200, "Transaction.End", OCMF % 9)]
    day.call(85, 10, YARD, "TransactionEvent", event("Ended", 85, 3, ends), {})
    occupied = {"timestamp": iso(86), "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}
    day.call(86, 10, YARD, "StatusNotification", occupied, {})
    day.history.append((YARD, entry(name, EntryKind.OCPP, (20, 85), (100, 200), tag=OTHER)))
