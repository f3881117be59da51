"""What waits for the broker: state coalesces, events grow old, nothing grows without limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mqtt.outbox import EVENTS_MAX, Outbox
from bridge.mqtt.publications import Publication


def state(topic: str, payload: str, *, floor_s: float = 0.0, urgent: bool = False) -> Publication:
    return Publication(topic=topic, payload=payload.encode(), retained=True, floor_s=floor_s, urgent=urgent)


def event(payload: str, *, expiry_s: float | None = 10.0, after_s: float = 0.0, topic: str = "led") -> Publication:
    return Publication(topic=topic, payload=payload.encode(), retained=False, expiry_s=expiry_s, after_s=after_s)


def states(outbox: Outbox, now_s: float = 0.0) -> list[str]:
    """Everything retained that can leave now, as `topic=payload`."""
    outbox.ring(now_s)
    found = []
    while (leaving := outbox.next_state(now_s)) is not None:
        found.append(f"{leaving.message.topic}={leaving.message.payload.decode()}")
    return found


def events(outbox: Outbox, now_s: float = 0.0) -> list[str]:
    outbox.ring(now_s)
    found = []
    while (leaving := outbox.next_event(now_s)) is not None:
        found.append(leaving.message.payload.decode())
    return found


def test_only_the_newest_value_of_a_topic_leaves() -> None:
    """A dashboard behind a slow line sees the present, not a film of the past."""
    outbox = Outbox()
    for value in ("1", "2", "3"):
        outbox.put(state("power", value), 0)
    assert states(outbox) == ["power=3"]
    assert outbox.empty


def test_what_the_broker_has_is_not_sent_again() -> None:
    outbox = Outbox()
    outbox.put(state("status", "Charging"), 0)
    assert states(outbox) == ["status=Charging"]
    outbox.put(state("status", "Charging"), 1)
    assert states(outbox, 1) == []
    outbox.put(state("status", "Finishing"), 1)
    outbox.put(state("status", "Charging"), 1)
    assert states(outbox, 1) == []


def test_an_emptied_topic_is_emptied_once_and_only_where_there_was_something() -> None:
    outbox = Outbox()
    outbox.put(state("alert", ""), 0)
    assert states(outbox) == []
    outbox.put(state("alert", "broken"), 0)
    assert states(outbox) == ["alert=broken"]
    outbox.put(state("alert", ""), 0)
    outbox.put(state("alert", ""), 0)
    assert states(outbox) == ["alert="]


def test_the_order_of_the_last_word_is_kept() -> None:
    """The limit reaches the wallbox before the release it belongs to."""
    outbox = Outbox()
    for topic, value in (("enabled", "false"), ("limit", "6"), ("limit", "16"), ("enabled", "true")):
        outbox.put(state(topic, value), 0)
    assert states(outbox) == ["limit=16", "enabled=true"]


def test_what_holds_the_hardware_overtakes_dashboards() -> None:
    outbox = Outbox()
    outbox.put(state("status", "Charging"), 0)
    outbox.put(state("enabled", "false", urgent=True), 0)
    outbox.put(state("limit", "0", urgent=True), 0)
    assert states(outbox) == ["enabled=false", "limit=0", "status=Charging"]


def test_a_leaf_with_a_floor_speaks_once_in_that_time() -> None:
    """A meter that reports ten times a second does not flood the broker (evcc#16563)."""
    outbox = Outbox()
    sent = []
    for tenth in range(31):
        now_s = tenth / 10
        outbox.put(state("power", str(tenth), floor_s=1.0), now_s)
        sent += [(now_s, text) for text in states(outbox, now_s)]
    assert [now_s for now_s, _ in sent] == [0.0, 1.0, 2.0, 3.0]
    assert sent[-1] == (3.0, "power=30")


def test_the_newest_value_leaves_when_the_floor_has_passed() -> None:
    outbox = Outbox()
    outbox.put(state("power", "1", floor_s=1.0), 0)
    assert states(outbox) == ["power=1"]
    assert outbox.due_s() is None
    outbox.put(state("power", "2", floor_s=1.0), 0.5)
    outbox.put(state("power", "3", floor_s=1.0), 0.6)
    assert outbox.due_s() == 1.0
    assert states(outbox, 0.9) == []
    assert states(outbox, 1.0) == ["power=3"]


def test_a_value_that_came_back_in_time_needs_no_message() -> None:
    outbox = Outbox()
    outbox.put(state("power", "1", floor_s=1.0), 0)
    assert states(outbox) == ["power=1"]
    outbox.put(state("power", "2", floor_s=1.0), 0.5)
    outbox.put(state("power", "1", floor_s=1.0), 0.6)
    assert states(outbox, 2.0) == []


def test_events_keep_their_order() -> None:
    outbox = Outbox()
    for value in ("green", "off", "red"):
        outbox.put(event(value), 0)
    assert not outbox.empty
    assert events(outbox) == ["green", "off", "red"]


def test_an_event_is_dropped_when_it_is_worth_nothing_any_more() -> None:
    """A green lamp eleven seconds late shows the next driver somebody else's yes."""
    outbox = Outbox()
    outbox.put(event("green"), 0)
    outbox.put(event("session", expiry_s=None), 0)
    assert events(outbox, 10.1) == ["session"]
    assert outbox.dropped == 1


def test_events_are_limited_and_the_oldest_goes() -> None:
    outbox = Outbox()
    for number in range(EVENTS_MAX + 3):
        outbox.put(event(str(number)), 0)
    assert outbox.dropped == 3
    assert events(outbox)[0] == "3"


def test_a_topic_gone_mad_displaces_and_delays_nothing_but_itself() -> None:
    outbox = Outbox()
    outbox.put(event("calm", topic="calm"), 0)
    for number in range(2 * EVENTS_MAX):
        outbox.put(event(str(number), topic="mad"), 0)
    outbox.put(event("calm too", topic="calm"), 0)
    assert outbox.dropped == EVENTS_MAX + 2
    assert events(outbox)[:4] == ["calm", str(EVENTS_MAX + 2), "calm too", str(EVENTS_MAX + 3)]


def test_the_lamp_goes_off_after_its_time() -> None:
    outbox = Outbox()
    outbox.put(event("green"), 0)
    outbox.put(event("off", after_s=0.7), 0)
    assert events(outbox) == ["green"]
    assert outbox.due_s() == 0.7
    assert events(outbox, 0.69) == []
    assert events(outbox, 0.7) == ["off"]


def test_the_next_decision_puts_off_the_lamp_going_off() -> None:
    """Two drivers tap in a row: each sees the full colour."""
    outbox = Outbox()
    outbox.put(event("green"), 0)
    outbox.put(event("off", after_s=0.7), 0)
    outbox.put(event("red"), 0.5)
    outbox.put(event("off", after_s=0.7), 0.5)
    assert events(outbox, 0.5) == ["green", "red"]
    assert events(outbox, 0.7) == []
    assert events(outbox, 1.2) == ["off"]
    assert outbox.due_s() is None


def test_a_lost_connection_forgets_what_the_broker_has() -> None:
    """It may have been restarted without its store."""
    outbox = Outbox()
    outbox.put(state("a", "1"), 0)
    outbox.put(state("b", "2"), 0)
    outbox.put(state("gone", ""), 0)
    assert states(outbox) == ["a=1", "b=2"]
    outbox.lost([])
    outbox.put(state("c", "3"), 1)
    outbox.found("a", b"1")
    outbox.found("b", b"old")
    outbox.found("gone", b"still there")
    outbox.compare(2)
    assert sorted(states(outbox, 2)) == ["b=2", "c=3", "gone="]


def test_what_the_broker_has_just_so_is_kept_once() -> None:
    """After a restart it has most of thirty thousand topics just as we would say them."""
    outbox = Outbox()
    ours = state("charge_point/garage/status", "Available")
    outbox.put(ours, 0)
    outbox.found(ours.topic.encode().decode(), bytes(bytearray(ours.payload)))
    [(topic, payload)] = outbox._told.items()
    assert topic is ours.topic
    assert payload is ours.payload


def test_events_the_broker_did_not_acknowledge_are_tried_again_while_they_live() -> None:
    outbox = Outbox()
    for value in ("first", "second"):
        outbox.put(event(value), 0)
    outbox.put(state("a", "1"), 0)
    first, second, told = outbox.next_event(0), outbox.next_event(0), outbox.next_state(0)
    assert first is not None
    assert second is not None
    assert told is not None
    outbox.put(event("third"), 5)
    outbox.lost([first, second, told])
    assert events(outbox, 9) == ["first", "second", "third"]
    outbox.lost([first, second])
    assert events(outbox, 11) == []
    assert outbox.dropped == 2


def test_ghosts_are_what_nobody_speaks_of() -> None:
    outbox = Outbox()
    outbox.put(state("mine", "1"), 0)
    outbox.found("mine", b"0")
    outbox.found("ghost", b"x")
    outbox.found("empty", b"")
    assert outbox.ghosts() == ("ghost",)
    assert list(outbox.spoken()) == ["mine"]


def test_a_message_that_is_held_when_the_connection_breaks_leaves_after_it() -> None:
    outbox = Outbox()
    outbox.put(state("power", "1", floor_s=1.0), 0)
    assert states(outbox) == ["power=1"]
    outbox.put(state("power", "2", floor_s=1.0), 0.5)
    outbox.lost([])
    outbox.found("power", b"1")
    outbox.compare(0.6)
    assert states(outbox, 0.6) == []
    assert states(outbox, 1.0) == ["power=2"]


def _deliver(outbox: Outbox, broker: dict[str, str], now_s: float) -> None:
    for text in states(outbox, now_s):
        topic, _, value = text.partition("=")
        broker[topic] = value


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["", "1", "2"]), st.booleans(), st.sampled_from([0.0, 0.4, 1.1])),
        max_size=30,
    )
)
def test_in_the_end_the_broker_has_the_last_word_on_every_topic(steps: list[tuple[str, str, bool, float]]) -> None:
    """Whatever is published, held back, lost and found again."""
    outbox, broker, said, now_s = Outbox(), dict[str, str](), dict[str, str](), 0.0
    for topic, value, breaks, pause_s in steps:
        now_s += pause_s
        outbox.put(state(topic, value, floor_s=1.0 if topic == "a" else 0.0), now_s)
        said[topic] = value
        if breaks:
            outbox.lost([])
            for name, kept in broker.items():
                outbox.found(name, kept.encode())
            outbox.compare(now_s)
        _deliver(outbox, broker, now_s)
    _deliver(outbox, broker, now_s + 1.0)
    assert {topic: value for topic, value in broker.items() if value} == {topic: value for topic, value in said.items() if value}


@pytest.mark.parametrize("now_s", [0.0, 5.0])
def test_an_empty_outbox_has_nothing(now_s: float) -> None:
    outbox = Outbox()
    assert outbox.empty
    assert outbox.next_state(now_s) is None
    assert outbox.next_event(now_s) is None
    assert outbox.due_s() is None
