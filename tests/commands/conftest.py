"""A folder with a configuration, and a database with something of everything in it."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.core.effects import Decision, EntryKind, HistoryEntry, RecordSample, RecordStart, RecordStop
from bridge.core.events import Door, Origin
from bridge.core.values import (
    Authority,
    ChargePointId,
    Colour,
    IdTag,
    Mode,
    ReaderId,
    Reading,
    RecordId,
    SessionId,
    StopReason,
    UserId,
    Verdict,
    Why,
)
from bridge.store.protocol import Change, Parked, Sent
from bridge.store.sqlite import SqliteStore

GARAGE, YARD = ChargePointId("garage"), ChargePointId("yard")
CARD = IdTag(text="04A2B3C4D5E680")
NOON = 1_767_268_800_000
"""2026-01-01 12:00 UTC."""
HOUR = 3_600_000
CONFIGURATION = """\
[csms.steve]
url = "ws://steve:8180/steve/websocket/CentralSystemService"
[charge_points.garage]
csms = "steve"
[charge_points.yard]
csms = "steve"
"""


def entry(number: int, kind: EntryKind, **more: object) -> HistoryEntry:
    """Session `number` of the day: an hour, from noon on, `number` kWh."""
    told: dict[str, object] = {
        "id": SessionId(f"session-{number}"),
        "kind": kind,
        "authority": None,
        "user": None,
        "name": None,
        "tag": None,
        "started_ms": NOON + number * HOUR,
        "ended_ms": NOON + (number + 1) * HOUR,
        "start_wh": 1000,
        "end_wh": 1000 + 1000 * number,
        "cost": Decimal(0),
        "price_per_kwh": None,
        "reason": StopReason.EV_DISCONNECTED.value,
    }
    return HistoryEntry(**{**told, **more})  # type: ignore[arg-type]  # a table of fields, for brevity


def reading(register_wh: int) -> Reading:
    return Reading(utc_ms=NOON, register_wh=register_wh)


def records(session: str) -> tuple[RecordStart, RecordSample, RecordStop]:
    """A whole transaction."""
    name = SessionId(session)
    return (
        RecordStart(session=name, sequence=0, tag=CARD, reading=reading(1000), utc_ms=NOON, offline=True),
        RecordSample(session=name, sequence=1, reading=reading(1500), offline=True),
        RecordStop(
            session=name,
            sequence=2,
            reading=reading(2000),
            utc_ms=NOON + HOUR,
            reason=StopReason.EV_DISCONNECTED,
            tag=None,
            begin=reading(1000),
            offline=True,
        ),
    )


HISTORY = (
    entry(1, EntryKind.OCPP, authority=Authority.OCPP, tag=CARD, mode=Mode.ECO, backend_id="4711"),
    entry(2, EntryKind.LOCAL, authority=Authority.LOCAL, user=UserId("anna"), name="=Anna", cost=Decimal("0.58")),
    entry(3, EntryKind.GAP, reason="the bridge was down"),
)


def decision(colour: Colour, why: Why, verdict: Verdict | None) -> Decision:
    return Decision(
        origin=Origin(door=Door.READER, id="tap-1", reader=ReaderId("garage")),
        colour=colour,
        authority=Authority.OCPP,
        why=why,
        verdict=verdict,
        user=None,
        tag=CARD,
        card=CARD.key,
        utc_ms=NOON,
    )


DECISIONS = (decision(Colour.GREEN, Why.ACCEPTED, Verdict.ACCEPTED), decision(Colour.RED, Why.REJECTED, Verdict.BLOCKED))


async def fill(path: Path) -> None:
    """The garage has a queued session and a parked one, the yard a parked one."""
    store = SqliteStore.open(path, on_health=lambda _: None)
    await store.commit(Change(charge_point=GARAGE, link="steve", utc_ms=NOON, history=HISTORY, decisions=DECISIONS))
    for charge_point, session in ((GARAGE, "parked-1"), (GARAGE, "queued-1"), (YARD, "parked-2")):
        await store.commit(Change(charge_point=charge_point, link="steve", utc_ms=NOON, records=records(session)))
    for row in store.rows():
        if row.record.session.startswith("parked"):
            sent = Sent(id=row.id, attempts=3, message="m", error="InternalError")
            await store.commit(Change(charge_point=row.charge_point, link="steve", utc_ms=NOON, sent=(sent,), parked=(put_aside(row.id),)))
    await store.close()


def put_aside(row: RecordId) -> Parked:
    return Parked(id=row, error="InternalError: no such card", retry_ms=None)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The configuration of a site that has seen something."""
    file = tmp_path / "evbridge.toml"
    file.write_text(CONFIGURATION)
    asyncio.run(fill(tmp_path / "evbridge.db"))
    return file
