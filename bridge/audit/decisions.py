"""The rule about people: one lamp for each tap, in time, and green only by right (reliability.md §4: 10)."""

from collections import Counter
from collections.abc import Iterator, Mapping

from bridge.audit.case import Case, finding
from bridge.audit.ledgers import Finding, Lamp, Plugged, Tapped
from bridge.core.effects import Decision
from bridge.core.values import Authority, Colour, Why, tag_key

NOT_ABOUT_RIGHTS = frozenset({Why.STOPPED, Why.ALREADY_RUNNING})
"""Greens that permit nothing new."""
STALE_MS = 30_000
"""A lamp this late would be taken for the answer to somebody else's card, whatever was away meanwhile."""
UNPLUG_MS = 1_500
"""An unplug so shortly after a tap, or before its lamp, may be heard in the other order."""
SHORTLY_BEFORE_MS = 2_000
"""A tap at this time before a cut may not have been answered any more."""


def one_lamp(case: Case) -> Iterator[Finding]:
    """Each tap has exactly one decision, in time; green only for a card that the central system accepted or that has a local permission."""
    taps = {event.id: event for event in case.truth.happened if isinstance(event, Tapped)}
    lamps = [event for event in case.truth.happened if isinstance(event, Lamp)]
    decided = {decision.origin.id: decision for _, decision in case.book.decisions}
    counted = Counter(lamp.id for lamp in lamps)
    for name, number in counted.items():
        if number > 1:
            yield finding(10, taps[name].charge_point if name in taps else None, f"tap {name} had {number} decisions")
    for lamp in lamps:
        tap = taps.get(lamp.id)
        if tap is None:
            yield finding(10, lamp.charge_point, f"a decision on {lamp.id}, which nobody tapped")
        else:
            yield from _in_time(case, tap, lamp)
            yield from _rightly(case, tap, lamp, decided)
            yield from _of_its_epoch(case, tap, lamp, decided.get(lamp.id))
    for tap in taps.values():
        if not counted[tap.id] and not _is_repeat(case, tap, taps) and not _is_excused(case, tap):
            yield finding(10, tap.charge_point, f"tap {tap.id} had no decision")


def _in_time(case: Case, tap: Tapped, lamp: Lamp) -> Iterator[Finding]:
    if lamp.at_ms < tap.at_ms:
        yield finding(10, tap.charge_point, f"tap {tap.id} was decided before it happened")
    if lamp.at_ms > tap.at_ms + case.tolerances.decision_s * 1000 and not _is_excused(case, tap):
        yield finding(10, tap.charge_point, f"tap {tap.id} was decided after {(lamp.at_ms - tap.at_ms) / 1000:.1f} s")
    elif lamp.at_ms > tap.at_ms + STALE_MS and not any(_bridge_was_away(case, tap, lamp)):
        yield finding(10, tap.charge_point, f"the lamp of tap {tap.id} was {(lamp.at_ms - tap.at_ms) / 1000:.0f} s late")


def _bridge_was_away(case: Case, tap: Tapped, lamp: Lamp) -> Iterator[bool]:
    """A process that slept may decide when it wakes; a broker that comes back is not told of what is long over."""
    for outage in case.outages(tap.charge_point, "bridge"):
        yield outage.from_ms <= lamp.at_ms and tap.at_ms <= outage.to_ms


def _is_repeat(case: Case, tap: Tapped, taps: Mapping[str, Tapped]) -> bool:
    """Whether the same card was there a moment ago."""
    since_ms = tap.at_ms - case.tolerances.repeat_s * 1000
    return any(
        other is not tap
        and since_ms <= other.at_ms <= tap.at_ms
        and other.charge_point == tap.charge_point
        and tag_key(other.tag) == tag_key(tap.tag)
        for other in taps.values()
    )


def _is_excused(case: Case, tap: Tapped) -> bool:
    """Whether bridge, broker or reader were away while the decision was due."""
    until_ms = tap.at_ms + case.tolerances.decision_s * 1000
    outages = case.outages(tap.charge_point, "bridge", "broker", "hardware")
    if any(outage.from_ms - SHORTLY_BEFORE_MS <= until_ms and tap.at_ms <= outage.to_ms + SHORTLY_BEFORE_MS for outage in outages):
        return True
    return any(tap.at_ms <= cut.at_ms + SHORTLY_BEFORE_MS and cut.at_ms <= until_ms for cut in case.truth.cuts)


def _rightly(case: Case, tap: Tapped, lamp: Lamp, decided: Mapping[str, Decision]) -> Iterator[Finding]:
    decision = decided.get(lamp.id)
    if decision is not None and decision.colour != lamp.colour:
        yield finding(10, tap.charge_point, f"tap {tap.id} was decided {decision.colour}, and the lamp was {lamp.colour}")
    if lamp.colour != Colour.GREEN or (decision is not None and decision.why in NOT_ABOUT_RIGHTS):
        return
    keys = {tag_key(tap.tag)} | ({decision.tag.key} if decision is not None and decision.tag is not None else set())
    permitted = case.truth.permitted
    if lamp.authority == Authority.LOCAL:
        if permitted is not None and not keys & permitted:
            yield finding(10, tap.charge_point, f"tap {tap.id} was green by a local permission that nobody has given")
    elif not case.tolerances.strangers_offline and not _was_accepted(case, lamp.at_ms, keys, known=decision is not None):
        yield finding(10, tap.charge_point, f"tap {tap.id} was green, and the central system had not accepted the card")


def _of_its_epoch(case: Case, tap: Tapped, lamp: Lamp, decision: Decision | None) -> Iterator[Finding]:
    """A yes that comes when the vehicle has left permits nothing any more (design.md §4 rule 7)."""
    about_rights = decision is None or decision.why not in NOT_ABOUT_RIGHTS
    if lamp.colour == Colour.GREEN and about_rights and not _is_excused(case, tap) and any(_left(case, tap, lamp)):
        yield finding(10, tap.charge_point, f"tap {tap.id} was green when its vehicle had left")


def _left(case: Case, tap: Tapped, lamp: Lamp) -> Iterator[bool]:
    for event in case.truth.happened:
        if isinstance(event, Plugged) and event.charge_point == tap.charge_point and not event.plugged:
            yield tap.at_ms + UNPLUG_MS < event.at_ms < lamp.at_ms - UNPLUG_MS


def _was_accepted(case: Case, at_ms: int, keys: set[str], *, known: bool) -> bool:
    """Whether the central system had said yes by then. Without the bridge's own note on it nobody knows which tag it asked about."""
    yeses = (one for hearing in case.hearings.values() for one in hearing.accepted)
    return any(one.at_ms <= at_ms and (one.key in keys or not known) for one in yeses)
