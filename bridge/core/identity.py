"""Who a tag belongs to. Look-up order: users' cards, then users' tags for the backend, else a roaming card (design.md §2 "Identity")."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.core.values import ChargePointId, IdTag, Mode, Person, UserId, tag_key


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who is known here."""

    id: UserId
    name: str | None = None
    tag: IdTag | None = None
    """Shown to the backend in place of the card."""
    cards: tuple[str, ...] = ()
    """NFC UIDs, as written."""
    everywhere: bool = False
    """May charge without the backend at every charge point."""
    charge_points: frozenset[ChargePointId] = frozenset()
    """… or at these."""
    mode: Mode | None = None

    def local(self, charge_point: ChargePointId) -> bool:
        """Whether this user may charge there without the backend."""
        return self.everywhere or charge_point in self.charge_points


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """One card or tag claimed by two users; the first keeps it."""

    holder: UserId
    other: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Every user, found by id, card or tag. Build with `directory`."""

    users: Mapping[UserId, User] = field(default_factory=dict)
    by_card: Mapping[str, UserId] = field(default_factory=dict)
    by_tag: Mapping[str, UserId] = field(default_factory=dict)
    duplicates: tuple[Duplicate, ...] = ()


def directory(configured: Iterable[User], published: Iterable[User]) -> Directory:
    """Configuration wins over topics; within each the first wins. Who loses a card or tag keeps the rest."""
    users: dict[UserId, User] = {}
    by_card: dict[str, UserId] = {}
    by_tag: dict[str, UserId] = {}
    duplicates: list[Duplicate] = []
    for user in (*configured, *published):
        if user.id in users:
            continue
        users[user.id] = user
        claims = [(by_card, tag_key(card)) for card in user.cards]
        if user.tag is not None:
            claims.append((by_tag, user.tag.key))
        for index, key in claims:
            holder = index.setdefault(key, user.id)
            if holder != user.id:
                duplicates.append(Duplicate(holder=holder, other=user.id))
    return Directory(users=users, by_card=by_card, by_tag=by_tag, duplicates=tuple(duplicates))


def person_of_tag(known: Directory, tag: IdTag, charge_point: ChargePointId) -> Person:
    """Who holds this card, as far as this charge point is concerned."""
    key = tag.key
    user_id = known.by_card.get(key)
    if user_id is None:
        user_id = known.by_tag.get(key)
    if user_id is None:
        return Person(tag=tag, card=key)
    return _person(known.users[user_id], charge_point, card=key)


def person_of_user(known: Directory, user_id: UserId, charge_point: ChargePointId) -> Person | None:
    """A user who pressed start in an app; None: nobody of that name."""
    user = known.users.get(user_id)
    return None if user is None else _person(user, charge_point, card=None)


def _person(user: User, charge_point: ChargePointId, *, card: str | None) -> Person:
    return Person(
        user=user.id,
        name=user.name,
        tag=user.tag,
        card=card,
        local=user.local(charge_point),
        mode=user.mode,
    )
