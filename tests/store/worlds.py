"""Things to be kept, by hand."""

from decimal import Decimal

from bridge.core.effects import Decision, EntryKind, HistoryEntry, RecordSample, RecordStart, RecordStop, RecordUpdate, Telling
from bridge.core.events import Door, Origin
from bridge.core.state import Kept, LocalSession, Source
from bridge.core.values import (
    Authority,
    ChargePointId,
    ChargingState,
    Colour,
    IdTag,
    Mode,
    Person,
    Reading,
    SessionId,
    StopReason,
    TagInfo,
    TagKind,
    TxKind,
    TxTrigger,
    UserId,
    Verdict,
    Why,
)

GARAGE = ChargePointId("garage")
CARPORT = ChargePointId("carport")
CSMS = "csms"
FIRST = SessionId("first")
SECOND = SessionId("second")
NOON_MS = 1_790_000_000_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000
TAG = IdTag(text="04:A1:B2", kind=TagKind.ISO14443)
ACCEPTED = TagInfo(verdict=Verdict.ACCEPTED)


def reading(register_wh: int = 1000) -> Reading:
    return Reading(utc_ms=NOON_MS, register_wh=register_wh, power_w=11_040.5, current_a=(16.0, 16.0, 15.9))


def start(session: SessionId = FIRST) -> RecordStart:
    return RecordStart(session=session, sequence=0, tag=TAG, reading=reading(), utc_ms=NOON_MS, offline=False)


def sample(session: SessionId = FIRST, sequence: int = 1) -> RecordSample:
    return RecordSample(session=session, sequence=sequence, reading=reading(1000 + sequence), offline=True)


def update(session: SessionId = FIRST, sequence: int = 2) -> RecordUpdate:
    telling = Telling(kind=TxKind.UPDATED, trigger=TxTrigger.CHARGING_STATE_CHANGED, charging=ChargingState.SUSPENDED_EV)
    return RecordUpdate(session=session, sequence=sequence, utc_ms=NOON_MS, offline=False, telling=telling)


def stop(session: SessionId = FIRST, sequence: int = 9) -> RecordStop:
    return RecordStop(
        session=session,
        sequence=sequence,
        reading=reading(9000),
        utc_ms=NOON_MS,
        reason=StopReason.EV_DISCONNECTED,
        tag=None,
        begin=reading(),
        offline=False,
    )


def entry(session: SessionId = FIRST, ended_ms: int = NOON_MS) -> HistoryEntry:
    return HistoryEntry(
        id=session,
        kind=EntryKind.LOCAL,
        authority=Authority.LOCAL,
        user=UserId("anna"),
        name="Anna",
        tag=None,
        started_ms=NOON_MS,
        ended_ms=ended_ms,
        start_wh=1000,
        end_wh=9000,
        cost=Decimal("2.40"),
        price_per_kwh=Decimal("0.30"),
        reason="Local",
    )


def decision(request: str = "tap", utc_ms: int = NOON_MS) -> Decision:
    return Decision(
        origin=Origin(door=Door.READER, id=request),
        colour=Colour.RED,
        authority=Authority.OCPP,
        why=Why.REJECTED,
        verdict=Verdict.INVALID,
        user=None,
        tag=TAG,
        card=TAG.key,
        utc_ms=utc_ms,
    )


def local_kept(register_wh: int = 1000) -> Kept:
    session = LocalSession(
        id=FIRST,
        person=Person(user=UserId("anna"), name="Änna", local=True),
        mode=Mode.PRIO,
        begin=reading(),
        started_ms=NOON_MS,
        last=reading(register_wh),
        cost=Decimal("0.10"),
        price_per_kwh=Decimal("0.30"),
        priced_wh=1000,
    )
    return Kept(
        session=session,
        sources=(Source(name="load", everywhere=True, allow=True, limit_a=10.5), Source(name="price", everywhere=False, reason="high")),
        scheduled=((True, False),),
        overrides={"heartbeat_s": 60, "sampled": ("Energy.Active.Import.Register", "SoC"), "local_offline": False, "rotation": "RST"},
        register_wh=register_wh,
        prices=((True, Decimal("0.30")),),
    )
