"""What the authorization cases of OCPP 2.0.1 have in common: lists, caches, cards, and who must not be asked."""

from collections.abc import Mapping
from typing import Any

from tests.conformance.laboratory import TAG
from tests.conformance.laboratory201 import Station201, token
from tests.peers.journal import Call

NOBODY = "F" * 37
"""Longer than any idToken: refused at the reader, and nobody is asked. It makes the reader forget the card before."""
PRE = {"AuthCtrlr.LocalPreAuthorize": True}
"""List and cache may let somebody in while the central system is there."""
FLEET = {"idToken": "FLEET", "type": "Central"}


def says(status: str, *, group: dict[str, str] | None = None) -> dict[str, Any]:
    """An IdTokenInfoType."""
    return {"status": status} | ({} if group is None else {"groupIdToken": group})


async def answers_once(station: Station201, action: str, info: dict[str, Any]) -> None:
    """The next answer to it says this of the card."""
    await station.csms.answer(action, {"idTokenInfo": info}, identity=station.identity, times=1)


async def taps(station: Station201, tag: str = TAG) -> str:
    """A card, at a reader that has forgotten who came before: what the lamp says."""
    await station.box.tap(NOBODY)
    return (await station.box.tap(tag)).led


async def caches(station: Station201, tag: str, info: dict[str, Any]) -> None:
    """Teach its cache what the central system says of a card, good or bad, by a tap that comes to nothing; the mark is set behind it."""
    await answers_once(station, "Authorize", info)
    await station.knows(tag) if info["status"] == "Accepted" else await _is_refused(station, tag)


async def _is_refused(station: Station201, tag: str) -> None:
    assert await taps(station, tag) == "red"
    await station.settle()
    station.mark()


async def lists(station: Station201, cards: Mapping[str, dict[str, Any] | None], *, version: int = 1, kind: str = "Full") -> str:
    """SendLocalList: the status of its answer. Without cards the list is left out; a card of which nothing is said is taken off it."""
    entries = [{"idToken": token(card), **({} if info is None else {"idTokenInfo": info})} for card, info in cards.items()]
    named = {"localAuthorizationList": entries} if entries else {}
    return await station.answers("SendLocalList", versionNumber=version, updateType=kind, **named)


async def authorized(station: Station201, tag: str = TAG) -> Call:
    """A transaction event tells of the permission; waits for it."""
    return await station.sends("TransactionEvent", triggerReason="Authorized", idToken={"idToken": tag})


async def stops(station: Station201, tag: str) -> Call:
    """A transaction event tells that a card stopped it; waits for it."""
    return await station.sends("TransactionEvent", triggerReason="StopAuthorized", idToken={"idToken": tag})


async def starts_unasked(station: Station201, tag: str = TAG) -> None:
    """A vehicle is there; the card lets it charge, and the central system hears of it without having been asked."""
    assert await taps(station, tag) == "green"
    await authorized(station, tag)
    await station.box.charge()
    await station.state("Charging")
    assert not station.sent("Authorize")


async def starts_asked(station: Station201, tag: str = TAG) -> None:
    """Likewise, and the central system has been asked once."""
    assert await taps(station, tag) == "green"
    await authorized(station, tag)
    await station.box.charge()
    await station.state("Charging")
    assert asked(station) == [tag]


async def is_refused(station: Station201, tag: str = TAG, *, unasked: bool = False) -> None:
    """A vehicle is there; the card is refused, and no transaction tells of it."""
    assert await taps(station, tag) == "red"
    await station.settle()
    assert not station.events()
    assert asked(station) == ([] if unasked else [tag])
    assert True not in station.box.enabled_history


def asked(station: Station201) -> list[str]:
    """The cards the central system was asked about since the mark."""
    return [call.payload["idToken"]["idToken"] for call in station.sent("Authorize")]


async def charges_offline(station: Station201, tag: str = TAG) -> None:
    """A vehicle, a card, energy; nobody to ask."""
    await station.box.plug()
    assert await taps(station, tag) == "green"
    await station.box.charge()
    await station.topics.shows(f"charge_point/{station.name}/status", "Charging")
