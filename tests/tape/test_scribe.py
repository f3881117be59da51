"""What is written is enough to go on from, and no more than has changed."""

import json
from dataclasses import replace

from bridge.core.events import TimePassed
from bridge.tape.language import PARTS
from bridge.tape.scribe import FORM, Sums
from tests.core.world import ANNA, ROAMER, charging, plugged, ready
from tests.tape.tapes import LANGUAGE, recorded


def test_a_segment_begins_with_who_wrote_it_and_where_everybody_stands() -> None:
    bench = ready()
    tape = recorded(bench)
    bench.plugs()
    head, state, event = map(json.loads, tape.lines)
    assert (head["tape"], set(PARTS) <= set(head["forms"])) == (FORM, True)
    assert (state["cp"], state["state"]["rules"]["charge_point"]) == ("garage", "garage")
    assert event["event"] == {"type": "WallboxReported", "at": event["event"]["at"], "fresh": "id-6", "live": True, "plugged": True}
    assert set(event["now"]) == {"kept", "hardware"}


def test_a_state_is_told_once_and_again_where_another_one_is_gone_on_from() -> None:
    """A new segment, another life."""
    bench = ready()
    tape = recorded(bench)
    bench.plugs()
    bench.unplugs()
    assert tape.text.count(b'"state":') == 1
    tape.text = tape.scribe.begin()
    bench.plugs()
    assert tape.text.count(b'"state":') == 1
    bench.restarts()
    assert tape.text.count(b'"state":') == 2


def test_decisions_are_told_in_full_and_other_effects_by_name() -> None:
    bench = plugged()
    tape = recorded(bench)
    bench.taps(ROAMER)
    bench.disk(ok=False)
    bench.taps(ANNA)
    asks, _, refuses = (json.loads(line) for line in tape.lines[-3:])
    assert [name for name, _ in asks["did"]] == ["AskAuthorize"]
    assert "decided" not in asks
    (decision,) = refuses["decided"]
    assert (decision["colour"], decision["why"], decision["user"][:5]) == ("red", "occupied", "user-")


def test_an_event_that_was_not_answered_is_told_and_the_state_after_it_anew() -> None:
    """Where its handling failed nobody knows what it left behind."""
    bench = ready()
    tape = recorded(bench)
    bench.plugs()
    tape.text += tape.scribe.lines(bench.state, TimePassed(at=bench.now, fresh=bench.fresh()), None)
    assert "now" not in json.loads(tape.lines[-1])
    bench.unplugs()
    assert "state" in json.loads(tape.lines[-2])


def test_what_changes_and_changes_back_is_the_same() -> None:
    state = charging().state
    sums = Sums(LANGUAGE, state)
    other = replace(state, cost=1.0)
    assert list(sums.follow(other)) == ["cost"]
    assert list(sums.follow(replace(other, alerts=dict(other.alerts)))) == [], "another object of the same worth"
    assert list(sums.follow(state)) == ["cost"]
