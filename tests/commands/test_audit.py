"""`bridge.commands.audit`: the real command, on a real database."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.cli import main
from bridge.core.effects import EntryKind, HistoryEntry, RecordSample, RecordStart, RecordStop
from bridge.core.state import Kept, LocalSession
from bridge.core.values import Authority, Mode, Person, RecordId, SessionId, StopReason
from bridge.store.protocol import Change, Parked, Sent
from bridge.store.sqlite import SqliteStore
from tests.commands.conftest import CARD, CONFIGURATION, GARAGE, HOUR, NOON, YARD, entry, reading

Record = RecordStart | RecordSample | RecordStop


def whole(session: str, hour: int, span_wh: tuple[int, int]) -> tuple[Record, ...]:
    """The messages of an hour's session."""
    name, began, ended = SessionId(session), NOON + hour * HOUR, NOON + (hour + 1) * HOUR
    begin, end = (replace(reading(register_wh), utc_ms=at_ms) for register_wh, at_ms in zip(span_wh, (began, ended), strict=True))
    stop = RecordStop(
        session=name,
        sequence=2,
        reading=end,
        utc_ms=ended,
        reason=StopReason.EV_DISCONNECTED,
        tag=None,
        begin=begin,
        offline=False,
    )
    return (
        RecordStart(session=name, sequence=0, tag=CARD, reading=begin, utc_ms=began, offline=False),
        RecordSample(session=name, sequence=1, reading=begin, offline=False),
        stop,
    )


def billed(number: int, hour: int, span_wh: tuple[int, int]) -> HistoryEntry:
    return entry(
        number,
        EntryKind.OCPP,
        id=SessionId(f"s{number}"),
        authority=Authority.OCPP,
        tag=CARD,
        backend_id=f"470{number}",
        started_ms=NOON + hour * HOUR,
        ended_ms=NOON + (hour + 1) * HOUR,
        start_wh=span_wh[0],
        end_wh=span_wh[1],
    )


HISTORY = (
    billed(1, 0, (1000, 3000)),
    entry(2, EntryKind.LOCAL, authority=Authority.LOCAL, start_wh=3000, end_wh=3500, started_ms=NOON + HOUR, ended_ms=NOON + 2 * HOUR),
    entry(3, EntryKind.GAP, start_wh=3500, end_wh=3600, started_ms=NOON + 2 * HOUR, ended_ms=NOON + 3 * HOUR),
    billed(4, 3, (3600, 4000)),
    billed(5, 4, (4000, 4500)),
)
CENTRAL = [
    {"Transaction ID": 4701, "Charge Box ID": "garage", "ID Tag": CARD.text, "Meter Start": 1000, "Meter Stop (Wh)": 3000},
    {"Transaction ID": 4799, "Charge Box ID": "elsewhere", "ID Tag": "X", "Meter Start": 1, "Meter Stop (Wh)": 2},
]


async def fill(path: Path, history: tuple[HistoryEntry, ...]) -> None:
    """The first session is delivered, the second one parked, the third one queued; and a local one runs."""
    store = SqliteStore.open(path, on_health=lambda _: None)
    sessions = (*whole("s1", 0, (1000, 3000)), *whole("s4", 3, (3600, 4000)), *whole("s5", 4, (4000, 4500)))
    await store.commit(Change(charge_point=GARAGE, link="steve", utc_ms=NOON, history=history, records=sessions, kept=running()))
    delivered = tuple(RecordId(number) for number in (1, 2, 3))
    await store.commit(Change(charge_point=GARAGE, link="steve", utc_ms=NOON, assigned=((SessionId("s1"), "4701"),), delivered=delivered))
    for number in (4, 5, 6):
        sent = Sent(id=RecordId(number), attempts=3, message="m", error="NotSupported")
        put_aside = Parked(id=RecordId(number), error="NotSupported: no", retry_ms=None)
        await store.commit(Change(charge_point=GARAGE, link="steve", utc_ms=NOON, sent=(sent,), parked=(put_aside,)))
    await store.close()


def running() -> Kept:
    begin = replace(reading(4500), utc_ms=NOON + 5 * HOUR)
    session = LocalSession(
        id=SessionId("s6"),
        person=Person(local=True),
        mode=Mode.ECO,
        begin=begin,
        started_ms=begin.utc_ms,
        last=begin,
        price_per_kwh=None,
        priced_wh=4500,
    )
    return Kept(session=session)


def site(folder: Path, history: tuple[HistoryEntry, ...] = HISTORY) -> Path:
    file = folder / "evbridge.toml"
    file.write_text(CONFIGURATION)
    asyncio.run(fill(folder / "evbridge.db", history))
    return file


def listed(folder: Path, lines: object) -> str:
    file = folder / "central.json"
    file.write_text(lines if isinstance(lines, str) else json.dumps(lines))
    return str(file)


def said(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> list[str]:
    assert main(["audit", *arguments]) == status
    return capsys.readouterr().out.splitlines()


def test_books_that_agree_are_exit_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What waits for the central system, what it refused and what runs is told, and is no finding."""
    lines = said(capsys, 0, "-c", str(site(tmp_path)))
    assert lines[0].split() == ["charge", "point", "central", "system", "local", "gaps", "meter", "difference"]
    assert lines[1].split() == ["garage", "2900", "Wh", "500", "Wh", "100", "Wh"]
    assert lines[2].split() == ["yard", "0", "Wh", "0", "Wh", "0", "Wh"]
    assert lines[4:-1] == [
        "note: garage: session s6 is running, since 4500 Wh",
        "note: garage: of session s4 3 messages were refused by the central system (NotSupported: no): evbridge queue",
        "note: garage: of session s5 3 messages still wait for the central system",
    ]
    assert lines[-1] == "nothing is missing, nothing is billed twice"


def test_a_list_of_the_central_system_that_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sessions it doesn't have yet are no finding, and stations of others are left out."""
    lines = said(capsys, 0, "-c", str(site(tmp_path)), "--csms", listed(tmp_path, CENTRAL), "--meter", "garage=1000:4700")
    assert lines[1].split() == ["garage", "2900", "Wh", "700", "Wh", "100", "Wh", "3700", "Wh", "0", "Wh"]
    assert any("1 transactions of other stations are left out" in line for line in lines)


@pytest.mark.parametrize(
    "lines, finding",
    [
        ([CENTRAL[1]], "garage: s1, from 1000 to 3000 Wh, was taken by the central system, and is not listed (rule 1)"),
        ([CENTRAL[0] | {"Meter Start": 999}], "garage: s1 began at 1000 Wh, and is listed from 999 Wh (rule 4)"),
        ([CENTRAL[0] | {"Meter Stop (Wh)": 3001}], "garage: s1 ended at 3000 Wh, and is listed to 3001 Wh (rule 4)"),
        ([CENTRAL[0] | {"Meter Stop (Wh)": None}], "garage: s1 has ended, and is listed as 4701 without an end (rule 2)"),
        ([CENTRAL[0] | {"ID Tag": "04FFFFFFFFFF80"}], "garage: s1 is listed for another tag than the one that drew it (rule 4)"),
        ([CENTRAL[0], CENTRAL[0]], "garage: s1 is listed twice, as 4701 and as 4701 (rule 8)"),
        (
            [CENTRAL[0], CENTRAL[0] | {"Transaction ID": 5, "Meter Start": 1, "Meter Stop (Wh)": 9}],
            "garage: the central system lists 5, from 1 to 9 Wh, and the bridge knows of none such (rule 1)",
        ),
    ],
)
def test_what_the_central_system_has_otherwise_is_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: object, finding: str
) -> None:
    """A missing transaction, a shifted register, another card: each is named, with the rule it breaks."""
    assert finding in said(capsys, 1, "-c", str(site(tmp_path)), "--csms", listed(tmp_path, lines))


def test_a_wh_that_nobody_accounts_for_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once by the history alone, and once by the meter."""
    file = site(tmp_path, (replace(HISTORY[0], end_wh=2999), *HISTORY[1:]))
    lines = said(capsys, 1, "-c", str(file), "--meter", "garage=1000:4700")
    assert "garage: nobody accounts for 2999 to 3000 Wh, between s1 and session-2 (rule 4)" in lines
    assert "garage: s1 ended at 2999 Wh by the history, 3000 by the outbox (rule 4)" in lines
    assert lines[1].split()[-2:] == ["1", "Wh"]


def test_programs_get_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With everything the table has, and no tag."""
    [line] = said(capsys, 1, "-c", str(site(tmp_path)), "--meter", "garage=1000:4701", "--csms", listed(tmp_path, []), "--json")
    told = json.loads(line)
    assert told["charge_points"][0] == {
        "charge_point": "garage",
        "central_wh": 2900,
        "local_wh": 701,
        "gap_wh": 100,
        "meter_wh": 3701,
        "difference_wh": 0,
    }
    assert told["findings"] == [
        {
            "charge_point": "garage",
            "rule": 1,
            "text": "s1, from 1000 to 3000 Wh, was taken by the central system, and is not listed",
        }
    ]
    assert len(told["notes"]) == 3
    assert CARD.text not in line


@pytest.mark.parametrize(
    "options, sums",
    [
        (["--since", "2026-01-01T15:30Z"], ["900", "0", "0"]),
        (["--until", "2026-01-01T13:30Z"], ["2000", "0", "0"]),
        (["--since", "2026-01-01T13:30Z", "--until", "2026-01-01T15:30Z"], ["0", "500", "100"]),
    ],
)
def test_a_part_of_the_history(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], sums: list[str]) -> None:
    lines = said(capsys, 0, "-c", str(site(tmp_path)), "--charge-point", "garage", *options)
    assert lines[1].split()[1::2] == sums
    assert "yard" not in "".join(lines)


@pytest.mark.parametrize(
    "options, message",
    [
        (["--csms", "nowhere.csv"], "nowhere.csv can't be read: "),
        (["--csms", "{}"], "{file} has no column for the register at the start (such as meter_start, start, start_value, start_register)"),
        (["--csms", '[{"start_wh": 1, "stop_wh": 2}]'], "{file} doesn't tell the charge point of each transaction, and there are several"),
        (["--meter", "garage=1000"], "--meter garage=1000: expected CHARGE_POINT=START_WH:END_WH, as garage=1000:24500"),
        (["--meter", "gargae=1:2"], "there is no charge point gargae in the configuration"),
        (["--since", "yesterday"], "yesterday is no time"),
    ],
)
def test_a_wish_that_cannot_be_read_is_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str) -> None:
    """With a sentence that says what was expected."""
    given = list(options)
    if given[0] == "--csms" and given[1][0] in "[{":
        given[1] = listed(tmp_path, given[1] if given[1][0] == "[" else '[{"x": 1}]')
    assert main(["audit", "-c", str(site(tmp_path)), *given]) == 3
    assert message.format(file=given[1]) in capsys.readouterr().err


def test_the_only_charge_point_needs_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = site(tmp_path)
    file.write_text(CONFIGURATION.split(f"[charge_points.{YARD}]", maxsplit=1)[0])
    without = [{name: value for name, value in CENTRAL[0].items() if name != "Charge Box ID"}]
    assert len(said(capsys, 0, "-c", str(file), "--csms", listed(tmp_path, without))) == 6
