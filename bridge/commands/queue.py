"""`evbridge queue`: what waits for a central system, what it refused; try again or give up.

While a bridge runs it is asked over MQTT; otherwise the database is changed directly.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from bridge.app import broker_settings
from bridge.commands.history import known, local_time
from bridge.commands.terminal import agreed, console, grid, show
from bridge.config import Configuration, load
from bridge.core.values import ChargePointId, SessionId
from bridge.errors import EvbridgeError, StoreRefused
from bridge.mqtt.messages import Json, Request
from bridge.mqtt.parsing import iso
from bridge.mqtt.visitor import visiting
from bridge.store.offline import OfflineStore, open_offline, open_reader
from bridge.store.protocol import OutboxRow, RecordState

ALL = "all"
ANSWER_S = 30.0
"""The bridge answers when the change is on the disk; a disk that needs longer is full or broken."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A session with records that were put aside."""

    charge_point: ChargePointId
    session: SessionId


def show_queue(path: Path, charge_point: str | None, *, as_json: bool) -> int:
    """Everything that waits or is parked, in order of delivery."""
    rows = _rows(load(path), charge_point)
    if as_json:
        for row in rows:
            print(json.dumps(as_object(row), ensure_ascii=False))
        return 0
    if rows:
        show(table(rows))
    counts = {state: sum(row.state is state for row in rows) for state in (RecordState.QUEUED, RecordState.PARKED)}
    console().print(f"{counts[RecordState.QUEUED]} queued, {counts[RecordState.PARKED]} parked")
    return 0


def replay(path: Path, charge_point: str | None, session: str) -> int:
    """Queue a parked session again, or all of them."""
    return _change(load(path), charge_point, session, Request.QUEUE_REPLAY)


def drop(path: Path, charge_point: str | None, session: str, *, sure: bool) -> int:
    """Give a parked session up, or all of them; asks first, unless `sure`."""
    configuration = load(path)
    rows = [row for row in _rows(configuration, charge_point) if row.state is RecordState.PARKED and session in {ALL, row.record.session}]
    if rows and not sure:
        show(table(rows))
        if not agreed(f"Give up {len(rows)} records? The central system will never hear of them."):
            console().print("nothing is dropped; --yes drops without asking")
            return 1
    return _change(configuration, charge_point, session, Request.QUEUE_DROP)


def _rows(configuration: Configuration, charge_point: str | None) -> list[OutboxRow]:
    one = None if charge_point is None else known(configuration, charge_point)
    with open_reader(configuration.store) as store:
        return store.rows(one)


def parked(rows: Iterable[OutboxRow], session: str) -> list[Parked]:
    """The parked sessions that are meant. Raises EvbridgeError where there is none."""
    found = dict.fromkeys(
        Parked(row.charge_point, row.record.session)
        for row in rows
        if row.state is RecordState.PARKED and session in {ALL, row.record.session}
    )
    if not found:
        raise EvbridgeError(
            "nothing is parked" if session == ALL else f"no parked session is called {session}; `evbridge queue` shows them"
        )
    return list(found)


def _change(configuration: Configuration, charge_point: str | None, session: str, request: Request) -> int:
    sessions = parked(_rows(configuration, charge_point), session)
    try:
        with open_offline(configuration.store) as store:
            changed = sum(_change_one(store, one, request) for one in sessions)
    except StoreRefused as in_use:
        changed = asyncio.run(_ask(configuration, sessions, request, in_use))
    done = "queued again" if request is Request.QUEUE_REPLAY else "given up"
    console().print(f"{changed} records of {len(sessions)} sessions {done}")
    return 0


def _change_one(store: OfflineStore, one: Parked, request: Request) -> int:
    change = store.replay if request is Request.QUEUE_REPLAY else store.drop
    return change(one.charge_point, one.session)


async def _ask(configuration: Configuration, sessions: Iterable[Parked], request: Request, in_use: StoreRefused) -> int:
    """Have the running bridge do it."""
    async with visiting(broker_settings(configuration)) as visitor:
        if not await visitor.finds_bridge():
            raise in_use
        changed = 0
        for one in sessions:
            arguments: Mapping[str, Json] = {"charge_point": one.charge_point, "session": one.session}
            changed += _records(await visitor.ask(request, arguments, within_s=ANSWER_S))
        return changed


def _records(data: Json) -> int:
    records = data.get("records") if isinstance(data, dict) else None
    return records if isinstance(records, int) else 0


def as_object(row: OutboxRow) -> dict[str, Any]:
    """For programs; no tag in it."""
    return {
        "id": row.id,
        "charge_point": row.charge_point,
        "csms": row.link,
        "session": row.record.session,
        "sequence": row.record.sequence,
        "kind": kind(row),
        "state": row.state.value,
        "attempts": row.attempts,
        "created": iso(row.created_ms),
        "transaction": row.backend_id,
        "error": row.error,
        "rounds": row.rounds,
        "retry": None if row.retry_ms is None else iso(row.retry_ms),
    }


def kind(row: OutboxRow) -> str:
    """start, sample or stop."""
    return type(row.record).__name__.removeprefix("Record").lower()


def table(rows: Iterable[OutboxRow]) -> Table:
    """One line a session: what of it waits, and why."""
    sessions: dict[tuple[str, str, str], list[OutboxRow]] = defaultdict(list)
    for row in rows:
        sessions[row.charge_point, row.record.session, row.state.value].append(row)
    lines = grid("charge point", "to", "session", "state", "records", "since", "attempts", "tried again", "error", right=("attempts",))
    for (charge_point, session, state), group in sessions.items():
        last = max(group, key=lambda row: (row.attempts, row.id))
        retry = min((row.retry_ms for row in group if row.retry_ms is not None), default=None)
        lines.add_row(
            charge_point,
            last.link,
            session,
            state,
            _kinds(group),
            local_time(iso(group[0].created_ms)),
            str(last.attempts),
            "by hand" if retry is None and state == RecordState.PARKED else "" if retry is None else local_time(iso(retry)),
            last.error or "",
        )
    return lines


def _kinds(rows: Iterable[OutboxRow]) -> str:
    """`start, 12 samples, stop`."""
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[kind(row)] += 1
    return ", ".join(name if count == 1 else f"{count} {name}s" for name, count in counts.items())
