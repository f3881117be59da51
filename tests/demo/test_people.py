"""The people of the demo, the demo's configuration and the simulated site must be the same ones."""

import tomllib
from importlib import resources

from bridge.demo.people import ANNA, BEN, EVERYBODY, FIRST_WH, IDENTITIES, STRANGER, VISITOR, place, whose

CONFIGURATION = tomllib.loads((resources.files("bridge.demo") / "site.toml").read_text().replace("@PORT@", "1883"))


def test_users_are_configured_with_the_cards_they_tap() -> None:
    """Anna has a tag at the central system, Ben may charge locally; guests are in no file."""
    anna, ben = CONFIGURATION["users"]["anna"], CONFIGURATION["users"]["ben"]
    assert (anna["nfc"], anna["ocpp_tag"], anna["local"]) == ([ANNA.card], ANNA.tag, "none")
    assert (ben["nfc"], ben.get("ocpp_tag", ""), ben["local"]) == ([BEN.card], BEN.tag, "all")
    cards = [card for user in CONFIGURATION["users"].values() for card in user["nfc"]]
    assert not {VISITOR.card, STRANGER.card} & set(cards)


def test_charge_points_are_called_the_same_everywhere() -> None:
    assert {name: table["identity"] for name, table in CONFIGURATION["charge_points"].items()} == IDENTITIES
    assert FIRST_WH.keys() == IDENTITIES.keys()
    for name, table in CONFIGURATION["charge_points"].items():
        assert (table["wallbox"], table["meter"], table["readers"]) == (name, name, [name])


def test_everybody_is_found_again() -> None:
    assert [whose(person.tag) for person in EVERYBODY] == [person.name for person in EVERYBODY]
    assert whose("04FFFFFF") == "somebody"
    assert [place(identity) for identity in IDENTITIES.values()] == list(IDENTITIES)
    assert place("ELSEWHERE") == "ELSEWHERE"
