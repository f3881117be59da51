"""Times on the wire."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ocpp.times import as_iso, from_iso

TEN_O_CLOCK_MS = 1_795_341_600_000


@pytest.mark.parametrize(
    "text, utc_ms",
    [
        ("2026-11-22T10:00:00Z", TEN_O_CLOCK_MS),
        ("2026-11-22T10:00:00.5Z", TEN_O_CLOCK_MS + 500),
        ("2026-11-22T10:00:00.147251+00:00", TEN_O_CLOCK_MS + 147),
        ("2026-11-22T10:00:00.123456789Z", TEN_O_CLOCK_MS + 123),
        ("2026-11-22T11:00:00+01:00", TEN_O_CLOCK_MS),
        ("2026-11-22T04:30:00-05:30", TEN_O_CLOCK_MS),
        ("2026-11-22T10:00:00", TEN_O_CLOCK_MS),
        ("2026-11-22 10:00:00", TEN_O_CLOCK_MS),
        (" 2026-11-22T10:00:00Z ", TEN_O_CLOCK_MS),
        ("1970-01-01T00:00:00Z", 0),
        # no time at all, as .NET and Go write it
        ("0001-01-01T00:00:00Z", None),
        ("1969-12-31T23:59:59Z", None),
        ("tomorrow", None),
        ("", None),
        ("2026-13-22T10:00:00Z", None),
        (1_795_341_600, None),
        (None, None),
        ({}, None),
    ],
)
def test_a_time_is_read_as_real_systems_write_it(text: object, utc_ms: int | None) -> None:
    assert from_iso(text) == utc_ms


def test_a_time_without_a_zone_is_utc_wherever_the_bridge_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert from_iso("2026-11-22T10:00:00") == TEN_O_CLOCK_MS
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    assert as_iso(TEN_O_CLOCK_MS + 7) == "2026-11-22T10:00:00.007Z"


@pytest.mark.parametrize("utc_ms, text", [(-1, "1970-01-01T00:00:00.000Z"), (10**18, "9999-12-31T23:59:59.999Z")])
def test_what_no_calendar_holds_becomes_its_nearest_end(utc_ms: int, text: str) -> None:
    """A clock that is out of its mind must not stop a transaction message."""
    assert as_iso(utc_ms) == text


@given(st.integers(0, 253_402_300_799_999))
def test_what_is_written_is_read_back(utc_ms: int) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", as_iso(utc_ms))
    assert from_iso(as_iso(utc_ms)) == utc_ms


@given(st.text(max_size=40) | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()))
def test_any_text_is_a_time_or_none(text: str) -> None:
    utc_ms = from_iso(text)
    assert utc_ms is None or utc_ms >= 0
