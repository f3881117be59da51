"""Reservations as the tests of several modules make them."""

from bridge.core.backend import ReservationCancelRequested, ReservationRequested
from bridge.core.effects import Outcome, Tell
from bridge.core.orders import Notice, Reservation
from bridge.core.values import IdTag, RequestId
from tests.core.world import TEN_O_CLOCK_MS, Bench, ready

HOUR_MS = 3_600_000


def reservation(
    tag: str = "04EE", *, number: int = 7, group: str | None = None, expires_ms: int = TEN_O_CLOCK_MS + HOUR_MS, connector: int = 1
) -> Reservation:
    """For the roaming card, for an hour, unless told otherwise."""
    return Reservation(id=number, connector=connector, tag=IdTag(text=tag), group=group, expires_ms=expires_ms)


def reserves(bench: Bench, wanted: Reservation | None = None) -> Outcome | None:
    """The backend reserves the connector."""
    bench.happens(ReservationRequested, request=RequestId("reserve"), reservation=wanted or reservation())
    return bench.outcome


def cancels(bench: Bench, number: int = 7) -> Outcome | None:
    """The backend takes a reservation back."""
    bench.happens(ReservationCancelRequested, request=RequestId("cancel"), reservation=number)
    return bench.outcome


def reserved(wanted: Reservation | None = None, *, bench: Bench | None = None) -> Bench:
    """A free connector that is kept for somebody."""
    bench = bench or ready()
    assert reserves(bench, wanted) is Outcome.ACCEPTED
    assert bench.reported == "Reserved"
    return bench


def told(bench: Bench) -> list[Notice]:
    """What the backend has been told so far."""
    return [effect.notice for effect in bench.asked_for(Tell)]
