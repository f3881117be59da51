"""Who appears in the demo, and where. All tags are made up."""

from dataclasses import dataclass

GARAGE, YARD = "garage", "yard"
"""The charge points; their wallboxes, meters and readers are called the same."""
IDENTITIES = {GARAGE: "DEMO-GARAGE", YARD: "DEMO-YARD"}
"""What the central system knows them by."""
FIRST_WH = {GARAGE: 5_000_000.0, YARD: 120_000.0}
"""What the meters have counted before the demo: lifetime registers never begin at zero."""
VEHICLE_A = 28.0
"""What a vehicle of the demo draws from each of three phases: 19 kW, so that a few Wh pass in each second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a card."""

    name: str
    card: str
    tag: str
    """What the central system hears: the card itself, or a user's own tag."""


VISITOR = Person(name="a visitor", card="04A29C415B6E80", tag="04A29C415B6E80")
"""With a roaming card that the central system knows and nobody here."""
STRANGER = Person(name="a stranger", card="DEADBEEF", tag="DEADBEEF")
"""With a card that nobody knows."""
ANNA = Person(name="Anna", card="04C3D2E1F00180", tag="ANNA-1")
"""A user with a tag for the central system."""
BEN = Person(name="Ben", card="04B1A2938475F0", tag="")
"""A user without one, who may charge locally."""

EVERYBODY = (VISITOR, STRANGER, ANNA, BEN)


def whose(tag: str) -> str:
    """The person behind a tag the central system has heard."""
    return next((person.name for person in EVERYBODY if person.tag == tag), "somebody")


def place(identity: str) -> str:
    """The charge point behind an identity."""
    return next((name for name, known in IDENTITIES.items() if known == identity), identity)
