"""`evbridge replay`: what a user sent is seen again, decision by decision."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bridge.cli import main
from bridge.core import taps
from bridge.core.backend import RecordParked
from bridge.core.values import RecordId, SessionId
from bridge.tape.pages import packed
from tests.core.world import ACCEPTED, BLOCKED, CARL, ROAMER, STRANGER, Bench, ready
from tests.tape.tapes import Tape, recorded


@pytest.fixture
def bench() -> Bench:
    """A charge point on which nothing has happened yet."""
    return ready(stop_tap_min_s=15)


@pytest.fixture
def report(tmp_path: Path, bench: Bench) -> Path:
    """An hour at a charge point, as a user sends it."""
    tape = recorded(bench)
    bench.plugs()
    bench.taps(STRANGER)
    bench.answers(BLOCKED)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.wallbox(charging=True)
    bench.passes(600)
    bench.meters(3000, power_w=7000.0)
    bench.taps(ROAMER)
    bench.meters(3001)
    bench.unplugs()
    bench.passes(60)
    bench.restarts()
    bench.synchronises()
    bench.unplugs()
    bench.meters(3500)
    bench.plugs()
    bench.taps(CARL)
    bench.happens(RecordParked, record=RecordId(1), session=SessionId("gone"), error="InternalError")
    return written(tmp_path / "report.tape", tape)


def written(path: Path, tape: Tape) -> Path:
    path.write_bytes(packed(tape.text))
    return path


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_decision_and_session_is_shown_again(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(report)]) == 0
    text = capsys.readouterr().out
    told = [re.sub(r"^\S+ \S+  garage  ", "", line) for line in text.splitlines()]
    decisions = [line for line in told if line.startswith(("red", "green"))]
    assert [line.partition(", for")[0] for line in decisions] == [
        "red: rejected, by fleet (Blocked)",
        "green: accepted, by fleet (Accepted)",
        "green: stopped, by fleet",
        "green: local_permission, by local",
    ]
    assert all(re.search(r"for (tag [0-9a-f]{8}|user-[0-9a-f]{8})$", line) for line in decisions)
    assert [line.partition(":")[0] for line in told if "session" in line] == [
        "session begins",
        "session ends",
        "energy of no session",
        "session begins",
    ]
    assert re.search(r"^\d+ events, 4 decisions, 0 differences; recorded by evbridge \S+, played by \S+$", told[-1])
    assert "04EE" not in text


def test_it_is_there_for_programs_as_well(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(report), "--json", "--events"]) == 0
    told = rows(capsys.readouterr().out)
    summary = told.pop()
    assert summary["kind"] == "summary"
    assert summary["events"] == sum(row["kind"] == "event" for row in told) > 10
    first = next(row for row in told if row["kind"] == "decision")
    assert first == {
        "ts": "2026-11-22T10:00:00.000Z",
        "charge_point": "garage",
        "kind": "decision",
        "led": "red",
        "reason": "rejected",
        "authority": "ocpp",
        "backend": "fleet",
        "ocpp_status": "Blocked",
        "user": None,
        "tag_ref": first["tag_ref"],
    }
    ended = next(row for row in told if row["kind"] == "session_end")
    assert (ended["energy_wh"], ended["reason"], ended["authority"]) == (2001, "Local", "ocpp")


def test_events_are_shown_where_they_are_wanted(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(report), "--events"]) == 0
    assert 'garage  - MeterReported {"live": true, "taken_ms": null, "register_wh": 3001}' in capsys.readouterr().out


def test_what_comes_out_otherwise_is_told(report: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of the code: exactly where, and what it was."""
    monkeypatch.setattr(taps, "may_stop", lambda *_: False)
    assert main(["replay", str(report)]) == 1
    text = capsys.readouterr().out
    assert "DIFFERENCE on TagPresented: decision then: green, stopped, by ocpp; now: green, already_running, by ocpp" in text
    assert "DIFFERENCE on TagPresented: the state comes out otherwise: " in text


def test_what_this_version_fails_on_is_told(report: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bool:
        raise KeyError("planted")

    monkeypatch.setattr(taps, "may_stop", fails)
    assert main(["replay", str(report)]) == 1
    assert "DIFFERENCE on TagPresented: this version fails on it: KeyError: 'planted' (test_replay.py, line" in capsys.readouterr().out


def test_a_report_becomes_a_test(report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Mended, the same events are written with what comes of them now; from then on that is what must come of them."""
    test = tmp_path / "test.tape"
    with monkeypatch.context() as mended:
        mended.setattr(taps, "may_stop", lambda *_: False)
        assert main(["replay", str(report), "--write", str(test)]) == 1
        assert main(["replay", str(test)]) == 0
    assert main(["replay", str(test)]) == 1
    capsys.readouterr()
    assert main(["replay", str(report), "--json"]) == 0
    first = rows(capsys.readouterr().out)
    assert main(["replay", str(report), "--write", str(test)]) == 0
    capsys.readouterr()
    assert main(["replay", str(test), "--json"]) == 0
    assert rows(capsys.readouterr().out) == first


def test_a_long_tape_is_written_page_by_page(tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    tape = recorded(bench)
    for number in range(500):
        bench.meters(1000 + number)
    report, copy = written(tmp_path / "report.tape", tape), tmp_path / "copy.tape"
    assert main(["replay", str(report), "--write", str(copy)]) == 0
    assert main(["replay", str(copy)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("500 events, 0 decisions, 0 differences")


def test_a_folder_is_played_in_its_order(tmp_path: Path, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "evbridge.db.tape"
    folder.mkdir()
    first = recorded(bench)
    bench.plugs()
    bench.taps(ROAMER)
    bench.watchers.clear()
    second = recorded(bench)
    bench.answers(ACCEPTED)
    written(folder / "00000010-20261122T110000Z.tape", second)
    written(folder / "00000009-20261122T100000Z.tape", first)
    (tmp_path / "evbridge.toml").write_text("[charge_points.garage]\n")
    assert main(["replay", "--config", str(tmp_path / "evbridge.toml")]) == 0
    assert "3 events, 1 decisions, 0 differences" in capsys.readouterr().out


def test_only_one_charge_point_where_one_is_wanted(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(report), "--charge-point", "garage"]) == 0
    assert main(["replay", str(report), "--charge-point", "yard"]) == 3
    assert capsys.readouterr().err == f"nothing is recorded in {report} of yard\n"


def test_a_torn_end_is_told_and_what_stands_before_it_played(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report.write_bytes(report.read_bytes()[:-200])
    assert main(["replay", str(report)]) == 0
    out = capsys.readouterr()
    assert "its end is cut off or spoilt" in out.err
    assert "red: rejected" in out.out


def test_what_is_no_tape_is_told(tmp_path: Path, report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.tape"
    assert main(["replay", str(other)]) == 3
    assert "other.tape can't be read: No such file" in capsys.readouterr().err
    other.write_text("hello")
    assert main(["replay", str(other)]) == 3
    assert "nothing is recorded in" in capsys.readouterr().err
    other.write_bytes(packed(b'{"tape": 99}\n'))
    assert main(["replay", str(other)]) == 3
    assert "other.tape: line 1 can't be read by this version" in capsys.readouterr().err
    assert main(["replay", str(tmp_path)]) == 3
    assert main(["replay", str(report), "--write", str(tmp_path / "nowhere" / "x.tape")]) == 3
    assert "x.tape can't be written: No such file" in capsys.readouterr().err
