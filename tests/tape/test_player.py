"""What happened can happen again: the same from the same, and every difference told."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from bridge.core import taps
from bridge.core.backend import RecordParked, VendorMessageReceived
from bridge.core.effects import Decide
from bridge.core.events import TagPresented, VendorMessageAnswered, VendorReply
from bridge.core.step import Step, step
from bridge.core.values import IdTag, Mode, Person, RecordId, RequestId, SessionId, UserId, Why
from bridge.tape.pages import TapeRefused
from bridge.tape.player import Player
from bridge.tape.scribe import FORM
from tests.core.test_laws import Anything, AtWork, Keeps, Told
from tests.core.world import ACCEPTED, ANNA, BEN, CARL, FAMILY, ROAMER, STRANGER, Bench, charging, plugged, ready
from tests.tape.tapes import Tape, played, recorded, told


def test_every_decision_is_made_again() -> None:
    bench = plugged()
    tape = recorded(bench)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.taps(STRANGER)
    bench.passes(60)
    bench.taps(ROAMER)
    moments = played(tape)
    assert told(moments) == []
    again = [decision for moment in moments for decision in moment.decisions]
    assert [(one.colour, one.why, one.utc_ms) for one in again] == [(one.colour, one.why, one.utc_ms) for one in bench.decisions]
    assert [one.why for one in again] == [Why.ACCEPTED, Why.OCCUPIED, Why.STOPPED]


SPELT = Person(tag=IdTag(text="04:ab:cd:ef"), card="04ABCDEF")
MASTER = replace(ACCEPTED, group="ma-ster")


def _writes_one_tag_in_two_ways(bench: Bench) -> None:
    bench.taps(SPELT)
    bench.answers(FAMILY)
    bench.passes(60)
    bench.taps(Person(tag=IdTag(text="04ABCDEF")))


def _brings_the_family(bench: Bench) -> None:
    bench.taps(ROAMER)
    bench.answers(FAMILY)
    bench.passes(60)
    bench.taps(STRANGER)
    bench.answers(replace(FAMILY, group="fam-ily"))


def _has_a_master_pass(bench: Bench) -> None:
    bench.changes("master_pass_group", "MASTER")
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.taps(STRANGER)
    bench.answers(MASTER)


def _has_long_and_empty_tags(bench: Bench) -> None:
    for length in (0, 1, 20, 21, 100):
        bench.taps(Person(tag=IdTag(text="9" * length), card="9" * length))
        bench.passes(20)


def _is_told_free_texts(bench: Bench) -> None:
    bench.energy("load", allow=False, reason="Anna's car first")
    bench.energy("load", allow=False, reason="")
    bench.taps(CARL, mode=Mode.PRIO)
    bench.happens(RecordParked, record=RecordId(1), session=SessionId("gone"), error="04EE is no tag of ours")
    bench.happens(VendorMessageReceived, request=RequestId("v"), vendor="acme", message="hello", data="{}")
    bench.happens(VendorMessageAnswered, request=RequestId("v"), reply=VendorReply.ACCEPTED, data='"04EE"')
    bench.plugs("04EE")
    bench.restarts()
    bench.synchronises()
    bench.plugs("04EE")


def _knows_users(bench: Bench) -> None:
    bench.taps(ANNA)
    bench.answers(ACCEPTED)
    bench.passes(60)
    bench.presses_start(replace(ANNA, tag=None))
    bench.presses_stop(BEN)
    bench.presses_stop(ANNA)


@pytest.mark.parametrize(
    "story",
    [_writes_one_tag_in_two_ways, _brings_the_family, _has_a_master_pass, _has_long_and_empty_tags, _is_told_free_texts, _knows_users],
)
def test_disguised_people_are_decided_on_as_they_were(story: Callable[[Bench], None]) -> None:
    """Equality of tags, groups and users, and the length of a tag: nothing else of them decides."""
    bench = plugged(vendors=("acme",))
    tape = recorded(bench)
    story(bench)
    assert bench.decisions
    assert told(played(tape)) == []
    for secret in (b"04EE", b"04AA", b"04ABCDEF", b"04:ab", b"FAMILY", b"MASTER", b"Anna", b"anna", b"ANNA", b"acme"):
        assert secret not in tape.text


# --- anything, in any order -----------------------------------------------------------------------------------------------------------


class Recorded(Anything):
    """A life that is recorded, and played again when it is over."""

    def _begins(self, **given: Any) -> None:  # noqa: ANN401
        super()._begins(**given)
        self.tape = recorded(self.bench)

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "tape"):
            moments = played(self.tape)
            assert told(moments) == []
            decided = [decision.why for moment in moments for decision in moment.decisions]
            assert decided == [decision.why for decision in self.bench.decisions[len(self.bench.decisions) - len(decided) :]]


class RecordedAtWork(Recorded, AtWork):
    """In sessions."""


class RecordedTold(Recorded, Told):
    """As OCPP 2.0.1 is told of it."""


class RecordedKeeps(Recorded, Keeps):
    """With reservations."""


SOME = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
TestRecorded = Recorded.TestCase
TestRecorded.settings = SOME
TestRecordedAtWork = RecordedAtWork.TestCase
TestRecordedAtWork.settings = SOME
TestRecordedTold = RecordedTold.TestCase
TestRecordedTold.settings = SOME
TestRecordedKeeps = RecordedKeeps.TestCase
TestRecordedKeeps.settings = SOME


# --- differences ----------------------------------------------------------------------------------------------------------------------


def a_tap_that_stops() -> Tape:
    bench = charging(stop_tap_min_s=15)
    tape = recorded(bench)
    bench.passes(60)
    bench.taps(ROAMER)
    bench.passes(60)
    return tape


def test_a_decision_that_comes_out_otherwise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted change: taps no longer stop."""
    tape = a_tap_that_stops()
    assert told(played(tape)) == []
    monkeypatch.setattr(taps, "may_stop", lambda *_: False)
    first, *_ = told(played(tape))
    assert first == ("decision", "green, stopped, by ocpp", "green, already_running, by ocpp")


def test_a_state_that_comes_out_otherwise_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows from it would hide the cause."""
    tape = a_tap_that_stops()
    monkeypatch.setattr(taps, "may_stop", lambda *_: False)
    states = [now for what, _, now in told(played(tape)) if what == "state"]
    parts = [part for now in states for part in now.split(", ")]
    assert "kept" in parts
    assert len(parts) == len(set(parts))


def _changed(monkeypatch: pytest.MonkeyPatch, change: Callable[[Step], Step]) -> None:
    monkeypatch.setattr("bridge.tape.player.step", lambda before, event: change(step(before, event)))


def _without_decisions(made: Step) -> Step:
    return Step(made.state, tuple(effect for effect in made.effects if not isinstance(effect, Decide)))


def _with_decisions_twice(made: Step) -> Step:
    return Step(made.state, (*made.effects, *(effect for effect in made.effects if isinstance(effect, Decide))))


def test_a_decision_that_is_missing_or_new_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tape = a_tap_that_stops()
    _changed(monkeypatch, _without_decisions)
    assert told(played(tape)) == [("decision", "green, stopped, by ocpp", "none")]
    _changed(monkeypatch, _with_decisions_twice)
    assert told(played(tape)) == [("decision", "none", "green, stopped, by ocpp")]


def test_effects_that_come_out_otherwise_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that is no longer sent, although the state is the same."""
    tape = a_tap_that_stops()
    _changed(monkeypatch, lambda made: Step(made.state, tuple(one for one in made.effects if type(one).__name__ != "RecordStop")))
    (difference,) = told(played(tape))
    assert difference[0] == "effects"
    assert "RecordStop" in difference[1]
    assert "RecordStop" not in difference[2]


def test_what_this_version_fails_on_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the version that recorded it failed: that is the report."""
    bench = charging()
    tape = recorded(bench)
    bench.passes(60)
    bench.taps(ROAMER)
    last = json.loads(tape.lines[-1])
    assert last.pop("now")
    del last["decided"], last["did"]
    tape.text = b"".join(tape.lines[:-1]) + json.dumps(last).encode() + b"\n"
    assert told(played(tape)) == [], "mended: there is nothing to compare it with"

    def fails(*_: object) -> bool:
        raise AssertionError("planted")

    monkeypatch.setattr(taps, "may_stop", fails)
    (moment,) = [one for one in played(tape) if one.made is None]
    ((what, _, now),) = told([moment])
    assert isinstance(moment.event, TagPresented)
    assert moment.decisions == ()
    assert what == "failure"
    assert now.startswith("AssertionError: planted (test_player.py, line")


# --- other versions -------------------------------------------------------------------------------------------------------------------


def rewritten(tape: Tape, change: Callable[[dict[str, Any]], None]) -> Tape:
    """As another version would have written it."""
    lines = [json.loads(line) for line in tape.lines]
    for line in lines:
        change(line)
    tape.text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return tape


def test_what_another_version_builds_otherwise_is_not_compared_but_for_what_is_decided() -> None:
    """A field that was added is no difference; that it can't be compared in full is said."""

    def older(line: dict[str, Any]) -> None:
        if "forms" in line:
            line["forms"] |= {"kept": 1, "RecordStop": 1}
            del line["forms"]["hardware"]
            line["evbridge"] = "0.0.1"
        for name in ("kept", "hardware"):
            if name in line.get("now", ()):
                line["now"][name] += 1
        for effect in line.get("did", ()):
            effect[1] += effect[0] == "RecordStop"
        for decision in line.get("decided", ()):
            del decision["verdict"]

    player = Player()
    assert told(played(rewritten(a_tap_that_stops(), older), player)) == []
    assert player.incomparable == {"kept", "hardware", "RecordStop"}
    assert player.versions == ["0.0.1"]


def test_sums_of_the_same_form_are_compared() -> None:
    def spoilt(line: dict[str, Any]) -> None:
        if "kept" in line.get("now", ()):
            line["now"]["kept"] += 1

    assert ("state", "", "kept") in told(played(rewritten(a_tap_that_stops(), spoilt)))


def test_segments_are_played_one_after_the_other() -> None:
    bench = ready()
    first, player = recorded(bench), Player()
    bench.plugs()
    bench.watchers.clear()
    second = recorded(bench)
    bench.taps(ROAMER)
    assert [len(played(tape, player)) for tape in (first, second)] == [1, 1]
    assert len(player.versions) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"{\n",
        b"[]\n",
        b'{"cp": "garage", "event": {}}\n',
        b'{"cp": "garage", "event": {"type": "Earthquake"}}\n',
        b'{"cp": "elsewhere", "event": {}}\n',
        b'{"cp": "garage", "state": {}}\n',
        b'{"tape": %d}\n' % (FORM + 1),
    ],
)
def test_a_line_that_can_not_be_read_is_named(line: bytes) -> None:
    tape = Tape()
    tape.text += line
    with pytest.raises(TapeRefused, match="line 2 can't be read by this version"):
        played(tape)


def test_what_does_not_begin_like_a_tape_is_none() -> None:
    tape = a_tap_that_stops()
    tape.text = tape.text.partition(b"\n")[2]
    with pytest.raises(TapeRefused, match=r"line 1 .* does not begin like a tape"):
        played(tape)


def test_nobody_is_called_by_a_name() -> None:
    """A user's ID is disguised like a tag; the same user is the same again."""
    bench = plugged()
    tape = recorded(bench)
    bench.taps(ANNA)
    bench.answers(ACCEPTED)
    bench.presses_stop(ANNA)
    first, second = (decision.user for moment in played(tape) for decision in moment.decisions)
    assert first == second != UserId("anna")
