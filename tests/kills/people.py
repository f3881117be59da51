"""Who charges in this town: cards, what the central system says about them, and whom the bridge knows by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the central system says about a tag."""

    status: str
    group: str | None = None

    @property
    def old(self) -> dict[str, Any]:
        """In OCPP 1.6."""
        return {"status": self.status} | ({} if self.group is None else {"parentIdTag": self.group})

    @property
    def new(self) -> dict[str, Any]:
        """In OCPP 2.0.1."""
        return {"status": self.status} | ({} if self.group is None else {"groupIdToken": {"idToken": self.group, "type": "Central"}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Two cards each: the same card twice within two seconds would be one tap."""

    cards: tuple[str, str]
    remote: str | None = None
    """Tag by which the central system starts a charge of this driver."""


FLEET = Driver(cards=("04AAAA01", "04AAAA02"), remote="04AAAA01")
"""Roaming cards of one group."""
ADA = Driver(cards=("04A1A1A1", "04A1A1A2"), remote="ADA-1")
"""Known here, billed by the central system."""
BEN = Driver(cards=("04B2B2B1", "04B2B2B2"))
"""May charge by local permission alone."""
EVE = Driver(cards=("04E3E3E1", "04E3E3E2"))
"""Her tag is refused, and she may charge locally."""
FAY = Driver(cards=("04F4F4F1", "04F4F4F2"))
"""Her tag is accepted when it is asked about, and refused when the transaction has begun."""
STRANGER = Driver(cards=("04FFFF01", "04FFFF02"))
"""Nobody knows these cards."""

DRIVERS: Sequence[Driver] = (FLEET, FLEET, ADA, ADA, BEN, BEN, EVE, FAY, STRANGER)
"""The usual ones come more often."""
LAST = "04CCCC01"
"""The card of the last charge of all, which finds everything healed."""
BLOCKED_AFTER_GREEN = frozenset({"FAY-1"})
ACCEPTED, INVALID = Verdict(status="Accepted"), Verdict(status="Invalid")
VERDICTS: Mapping[str, Verdict] = {
    **dict.fromkeys(FLEET.cards, Verdict(status="Accepted", group="FLEET")),
    **dict.fromkeys(STRANGER.cards, INVALID),
    **dict.fromkeys(("ADA-1", "FAY-1", LAST), ACCEPTED),
    "EVE-1": INVALID,
}
USERS: Mapping[str, Any] = {
    "ada": {"name": "Ada", "nfc": list(ADA.cards), "ocpp_tag": "ADA-1", "local": "none"},
    "ben": {"name": "Ben", "nfc": list(BEN.cards), "local": "all"},
    "eve": {"name": "Eve", "nfc": list(EVE.cards), "ocpp_tag": "EVE-1", "local": "all"},
    "fay": {"name": "Fay", "nfc": list(FAY.cards), "ocpp_tag": "FAY-1", "local": "all"},
}
"""Of the configuration."""
