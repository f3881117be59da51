"""Tags as they may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mqtt.privacy import mask, tag_ref


@pytest.mark.parametrize(
    "tag, shown",
    [
        ("04A2B3C4D5E6F7", "****E6F7"),
        ("04A2B3C4", "****B3C4"),
        ("04A2B3", "****2B3"),
        ("04A2", "****A2"),
        ("04A", "****A"),
        ("04", "****4"),
        ("0", "****"),
        ("", "****"),
    ],
)
def test_at_most_half_of_a_tag_and_at_most_four_characters_are_shown(tag: str, shown: str) -> None:
    assert mask(tag) == shown


@given(st.text(max_size=300))
def test_no_mask_shows_more_than_it_may(tag: str) -> None:
    tail = mask(tag).removeprefix("****")
    assert tag.endswith(tail)
    assert len(tail) <= min(4, len(tag) / 2)


def test_a_reference_is_the_same_for_the_same_card() -> None:
    """A flow matches it, however the reader wrote the card."""
    key = b"k" * 32
    assert tag_ref("04:a2:b3", key) == tag_ref("04A2B3", key)
    assert tag_ref("04A2B3", key) != tag_ref("04A2B4", key)
    assert len(tag_ref("04A2B3", key)) == 12


def test_a_reference_says_nothing_to_another_installation() -> None:
    """Without the key nobody can try all cards."""
    assert tag_ref("04A2B3", b"one") != tag_ref("04A2B3", b"two")
    assert tag_ref("04A2B3", b"one") == "d8794124733c"
