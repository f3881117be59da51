"""Times as OCPP writes them, to and from milliseconds since 1970 in UTC. Pure."""

from datetime import UTC, datetime, timedelta

from bridge.ocpp.dialect import Json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: ISO 8601 as JSON Schema has it knows no later one."""


def as_iso(utc_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`; what no calendar holds becomes its nearest end."""
    moment = _EPOCH + timedelta(milliseconds=min(max(utc_ms, 0), _LATEST_MS))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: Json) -> int | None:
    """Read a time; None where it can't be read, or lies before 1970.

    1.6 errata 3.10: "Message receivers must be able to handle fractional seconds and time zone offsets". Lenient beyond that: without a
    zone it is UTC, and "0001-01-01T00:00:00Z" (how .NET and Go write "no time") is none.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    utc_ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    return utc_ms if utc_ms >= 0 else None
