"""Topic names, built and taken apart: nothing a stranger writes adds a level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import PayloadRefused
from bridge.mqtt import topics
from bridge.mqtt.names import Names, fits, is_id, placeholders, shown
from bridge.mqtt.topics import TABLE, Direction, Nature, Topic

STAND_INS = {"phase": "l2", "alert": "clock_skew", "command": "status", "target": "all"}


def _ids(row: Topic) -> tuple[str, ...]:
    return tuple(STAND_INS.get(name, "garage-1") for name in placeholders(row))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.pattern)
@pytest.mark.parametrize("root", ["evbridge", "site-7/ev.bridge_2"])
def test_every_topic_is_built_and_found_again(row: Topic, root: str) -> None:
    names = Names(root)
    name = names.name(row, *_ids(row))
    assert name.startswith(root + "/")
    assert names.parse(name) == names.recall(name) == (row, _ids(row))


@pytest.mark.parametrize(
    "name",
    [
        "evbridge",
        "evbridge/",
        "evbridge/wallbox",
        "evbridge/wallbox/garage",
        "evbridge/wallbox/garage/plugged/now",
        "evbridge/wallbox/garage/colour",
        "evbridge/bridge",
        "evbridge/meter/m/current_a",
        "other/wallbox/garage/plugged",
        "evbridge2/wallbox/garage/plugged",
        "$SYS/broker/uptime",
    ],
)
def test_what_is_not_in_the_table_is_nobody(name: str) -> None:
    assert Names().parse(name) is None


@pytest.mark.parametrize(
    "name, reason",
    [
        ("evbridge/wallbox/Garage/plugged", "'Garage' can't stand for {id}: at most 32 of a-z 0-9 -, and not 'all'"),
        ("evbridge/wallbox//plugged", "'' can't stand for {id}"),
        ("evbridge/wallbox/all/plugged", "'all' can't stand for {id}"),
        (f"evbridge/wallbox/{'a' * 33}/plugged", f"'{'a' * 33}' can't stand for {{id}}"),
        ("evbridge/nfc/front door/tap", "'front door' can't stand for {id}"),
        ("evbridge/nfc/fr\u00f6nt/tap", "'fr\\xf6nt' can't stand for {id}"),
        ("evbridge/nfc/a\nb/tap", "'a\\nb' can't stand for {id}"),
        ("evbridge/ems/all/garage/allow", "'all' can't stand for {source}"),
        ("evbridge/meter/m/current_a/l4", "'l4' can't stand for {phase}: l1, l2 or l3"),
        ("evbridge/bridge/request/Tap!", "'Tap!' can't stand for {command}: at most 64 of a-z 0-9 _ -"),
    ],
)
def test_a_level_that_can_be_no_id_is_refused_with_the_rule(name: str, reason: str) -> None:
    """Whoever named a device reads what names are allowed."""
    with pytest.raises(PayloadRefused) as refused:
        Names().parse(name)
    assert refused.value.reason.startswith(reason)
    assert "\n" not in str(refused.value)


def test_a_user_named_after_a_tag_is_not_shown() -> None:
    """An alert is read by everybody."""
    with pytest.raises(PayloadRefused) as refused:
        Names().parse("evbridge/users/04A2B3C4D5E6F7")
    assert "04A2B3C4D5E6F7" not in str(refused.value)
    assert "****E6F7" in str(refused.value)


@pytest.mark.parametrize("ids", [(), ("garage", "two"), ("a/b",), ("+",), ("#",), ("all",), ("",), ("a\x00",), ("Garage",)])
def test_a_name_is_never_built_from_what_is_no_id(ids: tuple[str, ...]) -> None:
    """The client library would publish on it (reliability N2)."""
    with pytest.raises(ValueError, match="can't be named after"):
        Names().name(topics.WALLBOX_PLUGGED, *ids)


@given(st.text(max_size=40))
def test_no_input_changes_the_number_of_levels(text: str) -> None:
    if is_id(text):
        assert Names().name(topics.LED, text).count("/") == topics.LED.pattern.count("/") + 1
    else:
        with pytest.raises(ValueError):
            Names().name(topics.LED, text)


@given(st.lists(st.sampled_from(["wallbox", "garage", "", "+", "plugged", "state", "users", "all", "\x00", "bridge", "x" * 50])))
def test_any_name_is_taken_apart_or_refused(levels: list[str]) -> None:
    name = "/".join(["evbridge", *levels])
    try:
        place = Names().parse(name)
    except PayloadRefused:
        return
    assert place is None or Names().name(place.topic, *place.ids) == name


@pytest.mark.parametrize("root", ["", "/", "a/", "/a", "a//b", "a b", "$SYS", "a/#", "+", "x" * 129, "\u00e4"])
def test_a_root_that_is_no_plain_topic_is_refused(root: str) -> None:
    with pytest.raises(ValueError, match="the root is"):
        Names(root)


def test_subscriptions_cover_all_that_comes_in_and_overlap_nowhere() -> None:
    """An overlap would deliver twice, or mix up what the retain flag means."""
    names = Names()
    filters = [name for nature in Nature for name in names.filters(Direction.IN, nature)]
    assert len(filters) == sum(row.direction is Direction.IN for row in TABLE)
    assert "evbridge/ems/+/+/allow" in filters
    shapes = [name.split("/") for name in filters]
    for index, one in enumerate(shapes):
        for other in shapes[index + 1 :]:
            assert len(one) != len(other) or any(a != b and "+" not in {a, b} for a, b in zip(one, other, strict=True))


def test_the_nonce_is_subscribed_on_its_own() -> None:
    names = Names()
    assert names.filter(topics.SYNC) not in names.filters(Direction.OUT, Nature.EVENT)


def test_the_root_owns_what_is_below_it() -> None:
    names = Names("site/ev")
    assert names.owns("site/ev")
    assert names.owns("site/ev/x/y")
    assert not names.owns("site/ev2/x")


@pytest.mark.parametrize("placeholder, text, ok", [("target", "all", True), ("cp", "all", False), ("alert", "meter_silent", True)])
def test_all_is_a_target_and_no_name(placeholder: str, text: str, ok: bool) -> None:
    assert fits(placeholder, text) is ok


def test_a_strangers_topic_is_shown_short_and_printable() -> None:
    assert shown("a" * 500) == "a" * 120
    assert shown("a\r\n\u20ac") == "a\\r\\n\\u20ac"
