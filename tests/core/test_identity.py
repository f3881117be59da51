"""Who a tag belongs to (design.md §2 "Identity")."""

import pytest

from bridge.core.identity import Directory, Duplicate, User, directory, person_of_tag, person_of_user
from bridge.core.values import ChargePointId, IdTag, Mode, Person, UserId

HERE, THERE = ChargePointId("garage"), ChargePointId("yard")
ANNA = User(
    id=UserId("anna"), name="Anna", tag=IdTag(text="ANNA-1"), cards=("04:aa", "04AB"), charge_points=frozenset({HERE}), mode=Mode.PRIO
)
BEN = User(id=UserId("ben"), tag=IdTag(text="04CC"), everywhere=True)
CARL = User(id=UserId("carl"), cards=("04CC",))


def _who(known: Directory, text: str, charge_point: ChargePointId = HERE) -> Person:
    return person_of_tag(known, IdTag(text=text), charge_point)


@pytest.mark.parametrize(
    "text, user, tag",
    [
        pytest.param("04AA", "anna", "ANNA-1", id="a user's card"),
        pytest.param("04-ab", "anna", "ANNA-1", id="another one, spelt in another way"),
        pytest.param("anna1", "anna", "ANNA-1", id="a user's tag for the backend"),
        pytest.param("04CC", "carl", None, id="cards come before tags"),
        pytest.param("04DD", None, "04DD", id="else a roaming card"),
    ],
)
def test_a_tag_is_looked_up_among_cards_then_tags_and_else_roams(text: str, user: str | None, tag: str | None) -> None:
    person = _who(directory([ANNA, BEN, CARL], []), text)
    assert person.user == user
    assert (None if person.tag is None else person.tag.text) == tag


def test_a_roaming_card_is_itself_and_may_nothing_here() -> None:
    tag = IdTag(text="04:dd")
    assert person_of_tag(Directory(), tag, HERE) == Person(tag=tag, card="04DD")


def test_a_person_has_everything_that_is_known_of_the_user() -> None:
    assert _who(directory([ANNA], []), "04AA") == Person(
        user=UserId("anna"), name="Anna", tag=IdTag(text="ANNA-1"), card="04AA", local=True, mode=Mode.PRIO
    )


@pytest.mark.parametrize(
    "user, here, there",
    [(ANNA, True, False), (BEN, True, True), (CARL, False, False)],
)
def test_the_local_permission_holds_nowhere_everywhere_or_where_listed(user: User, here: bool, there: bool) -> None:
    known = directory([user], [])
    for charge_point, permitted in ((HERE, here), (THERE, there)):
        person = person_of_user(known, user.id, charge_point)
        assert person is not None
        assert person.local is permitted
        assert person.card is None


def test_nobody_of_that_name() -> None:
    assert person_of_user(Directory(), UserId("nobody"), HERE) is None


def test_configuration_wins_over_topics() -> None:
    published = User(id=UserId("anna"), name="Somebody else", cards=("0499",))
    known = directory([ANNA], [published])
    assert known.users[UserId("anna")] is ANNA
    assert _who(known, "0499").user is None
    assert not known.duplicates


@pytest.mark.parametrize("configured, published", [([ANNA, BEN, CARL], []), ([], [ANNA, BEN, CARL]), ([ANNA], [BEN, CARL])])
@pytest.mark.parametrize(
    "thief, holder",
    [
        pytest.param(User(id=UserId("thief"), cards=("04aa", "0411")), "anna", id="a card"),
        pytest.param(User(id=UserId("thief"), tag=IdTag(text="ANNA 1"), cards=("0411",)), "anna", id="a tag"),
    ],
)
def test_of_two_who_claim_a_card_or_tag_the_first_keeps_it(configured: list[User], published: list[User], thief: User, holder: str) -> None:
    """It is told, and who loses it keeps the rest."""
    known = directory(configured, [*published, thief])
    assert known.duplicates == (Duplicate(holder=UserId(holder), other=UserId("thief")),)
    assert _who(known, "04AA").user == holder
    assert _who(known, "ANNA-1").user == holder
    assert _who(known, "0411").user == "thief"


def test_a_card_written_twice_for_one_user_is_no_duplicate() -> None:
    assert not directory([User(id=UserId("x"), cards=("04AA", "04:aa"))], []).duplicates


def test_a_card_may_be_another_users_tag() -> None:
    """Cards and tags are looked up apart; the card wins."""
    known = directory([BEN, CARL], [])
    assert not known.duplicates
    assert _who(known, "04CC").user == "carl"
