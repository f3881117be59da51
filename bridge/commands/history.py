"""`evbridge history`: finished sessions and gaps, or every decision. Looks on while the bridge runs; tags stay masked."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeAlias

from rich.table import Table

from bridge.commands.terminal import console, grid, show
from bridge.config import Configuration, load
from bridge.config.findings import did_you_mean
from bridge.core.values import ChargePointId
from bridge.errors import EvbridgeError
from bridge.mqtt.names import Names
from bridge.mqtt.render import Renderer
from bridge.store.offline import Reader, open_reader
from bridge.store.protocol import TAG_REF_KEY

Row: TypeAlias = Mapping[str, Any]
"""A record as it is on MQTT, so that both can be read with one program."""


class Form(Enum):
    """How to write it."""

    TABLE = auto()
    JSON = auto()
    CSV = auto()


def history(path: Path, charge_point: str | None, *, since: str | None, limit: int | None, form: Form, decisions: bool) -> int:
    """Print what is kept, oldest first; with `limit` the newest that many. `since` is a day or a time as a person writes it."""
    configuration = load(path)
    since_ms = None if since is None else utc_ms(since)
    one = None if charge_point is None else known(configuration, charge_point)
    with open_reader(configuration.store) as store:
        if decisions:
            rows = _decisions(configuration, store, one, since_ms=since_ms, limit=limit)
        else:
            rows = _sessions(configuration, store, one, since_ms=since_ms, limit=limit)
    match form:
        case Form.TABLE if not rows:
            console().print("nothing yet")
        case Form.TABLE:
            show(decision_table(rows) if decisions else session_table(rows, configuration.currency))
        case Form.JSON:
            for row in rows:
                print(json.dumps(row, ensure_ascii=False))
        case Form.CSV:
            write_csv(rows)
    return 0


def known(configuration: Configuration, charge_point: str) -> ChargePointId:
    """A charge point of the configuration. Raises EvbridgeError where there is none of that name."""
    if charge_point in configuration.charge_points:
        return ChargePointId(charge_point)
    hint = did_you_mean(charge_point, configuration.charge_points)
    raise EvbridgeError(f"there is no charge point {charge_point} in the configuration; {hint}")


def utc_ms(text: str) -> int:
    """A day or a time, of this machine's zone where it tells none. Raises EvbridgeError."""
    try:
        return round(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise EvbridgeError(f"{text} is no time; write 2026-01-31 or 2026-01-31T12:00") from error


def renderer(configuration: Configuration, store: Reader) -> Renderer:
    """Writes records as they are on MQTT."""
    return Renderer(names=Names(configuration.mqtt.root), key=bytes.fromhex(store.fact(TAG_REF_KEY) or ""), currency=configuration.currency)


def csms_of(configuration: Configuration, charge_point: ChargePointId) -> str | None:
    """The central system a charge point reports to."""
    configured = configuration.charge_points.get(charge_point)
    return None if configured is None or configured.csms is None else configured.csms.id


def _sessions(
    configuration: Configuration, store: Reader, one: ChargePointId | None, *, since_ms: int | None, limit: int | None
) -> list[Row]:
    write = renderer(configuration, store)
    found = store.history(one, since_ms=since_ms, limit=limit)
    return [write.entry(owner, entry, csms=csms_of(configuration, owner)) for owner, entry in found]


def _decisions(
    configuration: Configuration, store: Reader, one: ChargePointId | None, *, since_ms: int | None, limit: int | None
) -> list[Row]:
    write = renderer(configuration, store)
    found = store.decisions(one, since_ms=since_ms, limit=limit)
    return [write.decided(decision, charge_point=owner, csms=csms_of(configuration, owner)) for owner, decision in found]


def local_time(text: str) -> str:
    """A time of a record, in this machine's zone."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def lasted(started: str, ended: str) -> str:
    """`1:05:30`: hours, minutes, seconds."""
    seconds = max(0, round((datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def session_table(rows: Iterable[Row], currency: str) -> Table:
    """For people: local time, kWh."""
    table = grid("started", "lasted", "charge point", "who", "authority", "kWh", currency, "ended by", right=("lasted", "kWh", currency))
    for row in rows:
        table.add_row(
            local_time(row["started"]),
            lasted(row["started"], row["ended"]),
            row["charge_point"],
            row["name"] or row["user"] or row["tag_masked"] or "(energy of no session)",
            row["csms"] or row["authority"] or "",
            f"{row['energy_wh'] / 1000:.3f}",
            f"{row['cost']:.2f}" if row["kind"] == "local" else "",
            row["reason"],
        )
    return table


def decision_table(rows: Iterable[Row]) -> Table:
    """For people: what was decided, and by whom."""
    table = grid("time", "charge point", "who", "lamp", "reason", "authority", "answer")
    for row in rows:
        table.add_row(
            local_time(row["ts"]),
            row["charge_point"] or "",
            row["user"] or row["tag_masked"] or "",
            row["led"],
            row["reason"],
            row["csms"] or row["authority"],
            row["ocpp_status"] or "",
        )
    return table


def write_csv(rows: list[Row]) -> None:
    """With a heading; nothing at all where there is nothing, so that an empty file is an empty file."""
    if rows:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)


def _harmless(value: object) -> object:
    """A name that a spreadsheet would take for a formula is written as the text it is."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value
