"""The words everything else is written in."""

import pytest

from bridge.core.effects import EntryKind
from bridge.core.values import IdTag, Person, TagInfo, UserId, Verdict, tag_key
from tests.core.world import charging


@pytest.mark.parametrize(
    "text, key",
    [
        ("04a1b2c3", "04A1B2C3"),
        ("04:A1:B2:C3", "04A1B2C3"),
        ("04-a1 b2.c3", "04A1B2C3"),
        ("NL-GFX-0004711", "NLGFX0004711"),
        ("9E999999", "9E999999"),
        ("00000000", "00000000"),
    ],
)
def test_tags_are_compared_in_upper_case_without_separators(text: str, key: str) -> None:
    assert tag_key(text) == key
    assert IdTag(text=text).key == key


ANNA = Person(user=UserId("anna"), tag=IdTag(text="ANNA-1"), card="04AA")


@pytest.mark.parametrize(
    "other, same",
    [
        pytest.param(Person(user=UserId("anna")), True, id="the same user"),
        pytest.param(Person(user=UserId("ben"), tag=IdTag(text="anna1")), True, id="the same tag, spelt in another way"),
        pytest.param(Person(card="04AA"), True, id="the same card"),
        pytest.param(Person(user=UserId("ben"), tag=IdTag(text="BEN-1"), card="04BB"), False, id="nothing in common"),
        pytest.param(Person(), False, id="nobody"),
    ],
)
def test_one_identity_is_the_same_user_tag_or_card(other: Person, same: bool) -> None:
    assert ANNA.is_same(other) is same
    assert other.is_same(ANNA) is same


def test_nobody_is_nobody_else() -> None:
    assert not Person().is_same(Person())


@pytest.mark.parametrize(
    "info, accepts",
    [
        (TagInfo(verdict=Verdict.ACCEPTED), True),
        (TagInfo(verdict=Verdict.ACCEPTED, expires_ms=1001), True),
        (TagInfo(verdict=Verdict.ACCEPTED, expires_ms=1000), False),
        *((TagInfo(verdict=verdict), False) for verdict in Verdict if verdict is not Verdict.ACCEPTED),
    ],
)
def test_an_accepted_tag_that_has_not_expired_may_charge(info: TagInfo, accepts: bool) -> None:
    assert info.accepts(1000) is accepts


def test_the_energy_of_an_entry_is_between_its_registers() -> None:
    bench = charging()
    bench.meters(1042)
    bench.unplugs()
    bench.passes(5)
    assert bench.entries[0].kind is EntryKind.OCPP
    assert bench.entries[0].energy_wh == 42
