"""Nobody can be recognised on a tape, and everybody told apart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.values import tag_key
from bridge.mqtt.privacy import tag_ref
from bridge.tape.disguise import PLAIN, disguise
from tests.store.anything import TEXTS

KEY = bytes(range(16))
DISGUISE = disguise(KEY)
CARDS = st.text("0123456789ABCDEFabcdef :-", min_size=1, max_size=36)


@given(one=CARDS, other=CARDS)
def test_the_same_tag_stays_the_same_however_it_is_written(one: str, other: str) -> None:
    assert (tag_key(DISGUISE.tag(one)) == tag_key(DISGUISE.tag(other))) == (tag_key(one) == tag_key(other))


@given(tag=CARDS)
def test_a_tag_keeps_its_length_where_that_decides(tag: str) -> None:
    """Protocols allow 20 or 36 characters."""
    assert len(DISGUISE.tag(tag)) == max(len(tag), 8)


def test_the_longest_texts_stay_too_long() -> None:
    assert len(DISGUISE.tag("A" * 300)) == 300


@pytest.mark.parametrize("tag", ["04A2B3C4D5E680", "04:a2:b3:c4:d5:e6:80", "ANNA-1"])
def test_a_tag_on_a_tape_begins_like_its_reference_elsewhere(tag: str) -> None:
    """Who sends a tape finds the tap in question by the `tag_ref` of its decision."""
    shown = tag_key(DISGUISE.tag(tag)).lower()[:12]
    assert tag_ref(tag, KEY).startswith(shown)


def test_another_installation_disguises_otherwise() -> None:
    """Nobody without the key finds out by trying all cards."""
    other = disguise(b"another key")
    assert DISGUISE.tag("04A2B3C4") != other.tag("04A2B3C4")
    assert DISGUISE.user("anna") != other.user("anna")
    assert DISGUISE.text("hello") != other.text("hello")


@given(text=TEXTS)
def test_texts_keep_their_length_and_nothing_else(text: str) -> None:
    hidden = DISGUISE.text(text)
    assert len(hidden) == (max(len(text), 13) if text else 0)
    assert re.fullmatch(r"(~[0-9a-f]{12}\.*)?", hidden)


@given(text=TEXTS)
def test_nothing_stays_nothing(text: str) -> None:
    """An empty tag is nobody's, and an empty reason is none: both decide."""
    assert (DISGUISE.tag(text) == "") == (text == "")


def test_users_look_like_users() -> None:
    assert re.fullmatch("user-[0-9a-f]{8}", DISGUISE.user("anna"))
    assert DISGUISE.user("anna") != DISGUISE.user("ben")


@given(text=TEXTS)
def test_what_comes_from_a_tape_is_left_alone(text: str) -> None:
    assert PLAIN.tag(text) == PLAIN.user(text) == PLAIN.text(text) == text
