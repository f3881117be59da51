"""Which retained topics nobody owns any more. Pure.

One root belongs to one bridge (one writer per topic), so nothing of anybody else is touched.
"""

from collections.abc import Iterable

from bridge.mqtt import topics
from bridge.mqtt.names import Names, Place
from bridge.mqtt.publications import Publication, publication

_ALERTS = (topics.CP_ALERT, topics.CSMS_ALERT, topics.BRIDGE_ALERT)


def removals(names: Names, ghosts: Iterable[str], spoken: Iterable[str]) -> tuple[Publication, ...]:
    """Empty messages for alerts of a former life, and for all of a charge point or wallbox that is gone.

    `ghosts` are topics the broker has and nobody spoke of since the start, `spoken` the ones somebody did. The last session of a charge
    point that is still there stays: it is told when it ends, not at every start.
    """
    owners = {_owner(place) for place in map(names.parse, spoken) if place is not None}
    found = ((name, names.parse(name)) for name in ghosts)
    return tuple(
        publication(place.topic, name, b"")
        for name, place in found
        if place is not None and place.ids and (place.topic in _ALERTS or _owner(place) not in owners)
    )


def _owner(place: Place) -> tuple[str, str]:
    """Whose topic it is: `charge_point`, `garage`."""
    return place.topic.pattern.partition("/")[0], place.ids[0] if place.ids else ""
