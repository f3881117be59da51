"""Users from the configuration and from topics (`bridge/site.py`)."""

from pathlib import Path

import pytest

from bridge import site as site_module
from bridge.core.alerts import AlertId
from bridge.core.values import IdTag, UserId
from bridge.mqtt.messages import UserMessage
from tests.config.files import loaded
from tests.house import CARL, FILE, GARAGE, YARD, House

ELLA = "04EEEEEE"


@pytest.fixture
async def house(tmp_path: Path) -> House:
    """Carl is configured; nobody is published."""
    return House(configuration=loaded(tmp_path, FILE))


async def test_a_published_user_is_known_until_the_topic_is_emptied(house: House) -> None:
    """People come and go without a restart."""
    assert house.site.person(IdTag(text=ELLA), GARAGE).user is None
    house.publishes("ella", ELLA)
    assert house.site.person(IdTag(text=ELLA), GARAGE).user == "ella"
    house.hears(UserMessage(user=UserId("ella"), profile=None, live=True))
    assert house.site.person(IdTag(text=ELLA), GARAGE).user is None


@pytest.mark.parametrize(
    "local, charge_points, garage, yard",
    [(False, None, False, False), (False, ("garage",), False, False), (True, None, True, True), (True, ("garage",), True, False)],
    ids=["none", "none, though listed", "everywhere", "listed"],
)
async def test_a_local_permission_counts_where_it_says(
    house: House, *, local: bool, charge_points: tuple[str, ...] | None, garage: bool, yard: bool
) -> None:
    """A guest of the garage may not charge in the yard."""
    house.publishes("ella", ELLA, local=local, charge_points=charge_points)
    assert [house.site.person(IdTag(text=ELLA), one).local for one in (GARAGE, YARD)] == [garage, yard]


async def test_the_configuration_wins_over_a_topic(house: House) -> None:
    """Nobody takes Carl's place, or his card, by publishing."""
    house.publishes("carl", ELLA, local=False)
    house.publishes("ella", CARL, local=False)
    person = house.site.person(IdTag(text=CARL), GARAGE)
    assert (person.user, person.local) == ("carl", True)
    assert house.site.person(IdTag(text=ELLA), GARAGE).user is None


async def test_a_card_claimed_twice_is_told_until_it_is_not(house: House) -> None:
    """The alert names both and stays until one of them lets go."""
    house.publishes("ella", CARL)
    assert house.site.people.users.keys() == {"carl", "dora", "ella"}
    ((alert, text, passing),) = house.told.alerts
    assert (alert, passing) == (AlertId.DUPLICATE_TAG, False)
    assert "carl" in text
    assert "ella" in text
    house.told.cleared.clear()
    house.publishes("ella", ELLA)
    assert house.site.people.duplicates == ()
    assert house.told.cleared == [AlertId.DUPLICATE_TAG]
    assert len(house.told.alerts) == 1


async def test_a_flood_of_users_is_told_and_ignored(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invented users take no memory; those who are known can still be changed and removed."""
    monkeypatch.setattr(site_module, "USERS_MAX", 2)
    house.publishes("a", "0A")
    house.publishes("b", "0B")
    house.publishes("c", "0C")
    ((alert, text, _),) = house.told.alerts
    assert alert is AlertId.TOO_MANY_USERS
    assert "c is ignored" in text
    house.publishes("b", "BB")
    assert house.site.people.by_card.keys() >= {"0A", "BB"}
    assert not {"0B", "0C"} & house.site.people.by_card.keys()
    house.hears(UserMessage(user=UserId("a"), profile=None, live=True))
    house.publishes("c", "0C")
    assert house.site.people.users.keys() == {"carl", "dora", "b", "c"}
    assert len(house.told.alerts) == 1
