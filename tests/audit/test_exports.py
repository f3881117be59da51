"""`bridge.audit.exports`: whatever people get out of their central system is read, or the error says what is missing."""

import pytest

from bridge.audit.exports import Exported, ExportRefused, read

NOON_MS = 1_767_268_800_000
FULL = Exported(
    name="4711", station="CP1", tag="CARD", start_wh=1000, stop_wh=2500, started_utc_ms=NOON_MS, stopped_utc_ms=NOON_MS + 3_600_000
)


CSV = """\
transactionId,chargeBoxId,idTag,meterStart,meterStop,startTimestamp,stopTimestamp
4711,CP1,CARD,1000,2500,2026-01-01T12:00:00Z,2026-01-01T13:00:00Z
"""
SPREADSHEET = """\
\ufeffID;Charge Point;RFID;Start (kWh);Stop (kWh);Started;Ended
4711;CP1;CARD;1,000;2,5;2026-01-01 12:00:00;2026-01-01 13:00:00
"""
LIST = """\
[{"id": 4711, "identity": "CP1", "tag": "CARD", "start_wh": 1000, "end_wh": 2500,
  "started": "2026-01-01T13:00:00+01:00", "ended": "2026-01-01T13:00:00Z"}]
"""
PAGE = """\
{"data": [{"txId": "4711", "station": "CP1", "token": "CARD", "startValue": "1000.9", "stopValue": 2500.0,
           "startTime": "2026-01-01T12:00:00.000Z", "stopTime": "2026-01-01T13:00:00Z"}]}
"""
ONE = """\
{"transaction": 4711, "station": "CP1", "uid": "CARD", "meter_start": 1000, "meter_stop": 2500,
 "started_at": "2026-01-01T12:00Z", "ended_at": "2026-01-01T13:00Z"}
"""
NO_REGISTERS = """\
list has no column for the register at the start (such as meter_start, start, start_value, start_register); \
no column for the register at the stop (such as meter_stop, stop, stop_value, stop_register); it has id, begin"""


@pytest.mark.parametrize("text", [CSV, SPREADSHEET, LIST, PAGE, ONE], ids=["csv", "spreadsheet", "list", "page", "one"])
def test_many_forms_of_one_transaction(text: str) -> None:
    """CSV as a spreadsheet writes it, JSON as an interface does, registers in Wh or kWh, times with or without a zone."""
    assert read(text, "list") == (FULL,)


def test_what_is_not_told_is_unknown() -> None:
    """A transaction without an end runs; two objects on two lines are two."""
    text = '{"meterStart": 5, "meterStop": null, "idTag": "-"}\n{"meterStart": 6, "meterStop": 7}'
    first, second = read(text, "list")
    assert first == Exported(name=None, station=None, tag=None, start_wh=5, stop_wh=None, started_utc_ms=None, stopped_utc_ms=None)
    assert second.stop_wh == 7


@pytest.mark.parametrize("text", ["", "[]", "meterStart,meterStop\n", '{"transactions": []}'])
def test_an_empty_list_is_empty(text: str) -> None:
    assert read(text, "list") == ()


@pytest.mark.parametrize(
    "text, message",
    [
        ("id,begin\n1,2\n", NO_REGISTERS),
        ("meterStart,meterStop\n,1\n", "list, transaction 1: meterStart is empty"),
        ("meterStart,meterStop\n1,2\n1,much\n", "list, transaction 2: meterStop is much, which is no number"),
        ("meterStart,meterStop,started\n1,2,noon\n", "list, transaction 1: noon is no time; expected one like 2026-01-31T12:00:00Z"),
        ("[1, 2]", "list has no list of transactions: expected a list of objects, or an object with one under transactions"),
        ("{nonsense", "list is neither CSV nor JSON: "),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ExportRefused) as refused:
        read(text, "list")
    assert str(refused.value).startswith(message)


def test_a_line_with_too_many_cells_is_read_as_far_as_its_heading() -> None:
    assert read("meterStart,meterStop\n1,2,3\n", "list")[0].stop_wh == 2
