"""A central system's list of transactions, as people get it out of one: CSV or JSON, with whatever names its columns have."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from bridge.errors import EvbridgeError

Line: TypeAlias = Mapping[str, Any]
"""A transaction by its columns, before anything is known of them."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("transaction_id", "transaction", "id", "transaction_pk", "tx_id", "session_id"),
    "station": ("charge_point", "charge_point_id", "charge_box_id", "charging_station", "station", "station_id", "identity"),
    "tag": ("id_tag", "tag", "id_token", "token", "ocpp_tag", "ocpp_id_tag", "rfid", "uid"),
    "start_wh": ("meter_start", "start", "start_value", "start_register", "start_meter", "register_start", "meter_begin"),
    "stop_wh": ("meter_stop", "stop", "stop_value", "stop_register", "stop_meter", "end_register", "meter_end", "end", "register_stop"),
    "started": ("start_time", "started", "start_timestamp", "started_at", "start_date", "begin_time"),
    "stopped": ("stop_time", "stopped", "stop_timestamp", "stopped_at", "end_time", "ended", "ended_at", "stop_date", "end_date"),
}
"""What a column may be called. Case, blanks and underscores don't count; a register may end with Wh (the default) or kWh."""
NEEDED = ("start_wh", "stop_wh")
MEANING: Mapping[str, str] = {"start_wh": "the register at the start", "stop_wh": "the register at the stop"}
LISTS = ("transactions", "data", "items", "results", "content")
"""Where in a JSON object the list may be."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KILO = 1000


class ExportRefused(EvbridgeError):
    """The list can't be read; the text names the place and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One transaction of the list. What the list doesn't tell is None."""

    name: str | None
    station: str | None
    tag: str | None
    start_wh: int
    stop_wh: int | None
    """None: it runs, or never ended."""
    started_utc_ms: int | None
    stopped_utc_ms: int | None


def read(text: str, file: str) -> tuple[Exported, ...]:
    """All transactions of the list. Raises ExportRefused; `file` is its name, for the error."""
    lines = _lines(text.removeprefix("\ufeff"), file)
    if not lines:
        return ()
    columns = _columns(lines, file)
    return tuple(_exported(line, columns, f"{file}, transaction {number}") for number, line in enumerate(lines, 1))


# --- form -------------------------------------------------------------------------------------------------------------------------


def _lines(text: str, file: str) -> Sequence[Line]:
    if text.lstrip()[:1] in {"[", "{"}:
        return _json_lines(text, file)
    heading = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=heading.count)
    return [
        {key: value for key, value in line.items() if key is not None} for line in csv.DictReader(text.splitlines(), delimiter=delimiter)
    ]


def _json_lines(text: str, file: str) -> Sequence[Line]:
    """A list, an object with a list, or one object a line."""
    try:
        told = json.loads(text)
    except ValueError:
        try:
            told = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ExportRefused(f"{file} is neither CSV nor JSON: {error}") from error
    if isinstance(told, dict):
        told = next((told[key] for key in LISTS if isinstance(told.get(key), list)), [told])
    if not all(isinstance(line, dict) for line in told):
        raise ExportRefused(f"{file} has no list of transactions: expected a list of objects, or an object with one under {LISTS[0]}")
    lines: list[Line] = list(told)
    return lines


# --- columns ----------------------------------------------------------------------------------------------------------------------


def _columns(lines: Sequence[Line], file: str) -> dict[str, str]:
    """What each thing is called here. Raises ExportRefused that names what is missing."""
    present = list(dict.fromkeys(key for line in lines for key in line))
    found = {what: column for what in COLUMNS if (column := _column(what, present)) is not None}
    missing = [what for what in NEEDED if what not in found]
    if missing:
        told = "; ".join(f"no column for {MEANING[what]} (such as {', '.join(COLUMNS[what][:4])})" for what in missing)
        raise ExportRefused(f"{file} has {told}; it has {', '.join(present)}")
    return found


def _column(what: str, present: Sequence[str]) -> str | None:
    """The first name of the table wins, and among spellings the first column."""
    for name in COLUMNS[what]:
        known = {_plain(name + unit) for unit in (("", "wh", "kwh") if what in NEEDED else ("",))}
        for column in present:
            if _plain(column) in known:
                return column
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


# --- values -----------------------------------------------------------------------------------------------------------------------


def _exported(line: Line, columns: Mapping[str, str], where: str) -> Exported:
    told = dict(_told(line, columns))
    start_wh = _register(told.get("start_wh"), columns["start_wh"], where)
    if start_wh is None:
        raise ExportRefused(f"{where}: {columns['start_wh']} is empty")
    return Exported(
        name=told.get("name"),
        station=told.get("station"),
        tag=told.get("tag"),
        start_wh=start_wh,
        stop_wh=_register(told.get("stop_wh"), columns["stop_wh"], where),
        started_utc_ms=_utc_ms(told.get("started"), where),
        stopped_utc_ms=_utc_ms(told.get("stopped"), where),
    )


def _told(line: Line, columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Everything as text; what says nothing is left out."""
    for what, column in columns.items():
        value = line.get(column)
        text = "" if value is None else str(value).strip()
        if text and text.lower() not in {"null", "none", "-"}:
            yield what, text


def _register(text: str | None, column: str, where: str) -> int | None:
    if text is None:
        return None
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation as error:
        raise ExportRefused(f"{where}: {column} is {text}, which is no number") from error
    return int(number * _KILO if _plain(column).endswith("kwh") else number)


def _utc_ms(text: str | None, where: str) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ExportRefused(f"{where}: {text} is no time; expected one like 2026-01-31T12:00:00Z") from error
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)
