"""Whom the connector is kept free for: questions about a reservation, which change nothing."""

from bridge.core.orders import Reservation
from bridge.core.state import State
from bridge.core.values import IdTag, tag_key


def standing(state: State) -> Reservation | None:
    """The reservation that counts now; None: there is none, or its time is over."""
    reservation = state.kept.reservation
    return reservation if reservation is not None and state.now.utc_ms < reservation.expires_ms else None


def usable(state: State, tag: IdTag | None, group: str | None) -> Reservation | None:
    """The reservation that this tag may use up: its own, or one of its group."""
    reservation = standing(state)
    return reservation if reservation is not None and _is_for(reservation, tag, group) else None


def is_kept_from(state: State, tag: IdTag | None, group: str | None) -> bool:
    """Whether somebody else has reserved the connector, as far as is known of the tag's group."""
    reservation = standing(state)
    return reservation is not None and not _is_for(reservation, tag, group)


def is_kept_from_all_but(state: State, tag: IdTag | None) -> bool:
    """Whether no group could open it: then nobody needs to be asked about another tag."""
    reservation = standing(state)
    return reservation is not None and reservation.group is None and not _is_for(reservation, tag, None)


def _is_for(reservation: Reservation, tag: IdTag | None, group: str | None) -> bool:
    # OCPP 1.6 §5.13 compares the parentIdTag with what is known of the tag, never with the tag itself (conformance.md §3.2)
    own = tag is not None and tag.key == reservation.tag.key
    return own or (group is not None and reservation.group is not None and tag_key(group) == tag_key(reservation.group))
