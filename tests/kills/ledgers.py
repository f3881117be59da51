"""The three ledgers of a town, as the auditor wants them: the bridge's disk, the central systems' frames, the hardware's truth."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from bridge.audit.ledgers import Book, Frame, Happened, Lamp, Metered, Truth
from bridge.commands import audit
from bridge.core.values import ChargePointId, tag_key
from bridge.store.offline import open_reader
from tests.kills.backend import Backend
from tests.kills.hardware import Hardware
from tests.kills.people import BEN, EVE, FAY
from tests.kills.town import Town

PERMITTED = frozenset(tag_key(tag) for tag in (*BEN.cards, *EVE.cards, *FAY.cards, "EVE-1", "FAY-1"))


def book(database: Path, charge_points: list[ChargePointId]) -> Book:
    """What is on the disk."""
    with open_reader(database) as store:
        return audit.book_of(store, charge_points)


def frames(backends: tuple[Backend, ...]) -> list[Frame]:
    """What the central systems saw and sent, all connections under one numbering."""
    found, before = [], 0
    for backend in backends:
        found += [
            Frame(
                at_ms=frame.at_ms,
                connection=before + frame.connection,
                charge_point=ChargePointId(frame.identity),
                protocol=frame.protocol,
                from_station=frame.from_station,
                text=frame.text,
            )
            for frame in backend.frames
        ]
        before += len(backend.connections)
    return sorted(found, key=lambda frame: frame.at_ms)


def truth(place: Town) -> Truth:
    """What the hardware knows, and what was done to the bridge. To be asked on the loop on which it happened."""
    happened: list[Happened] = [event for hardware in place.hardware for event in (*hardware.happened, *_lamps(hardware))]
    return Truth(
        meters={one.id: Metered(start_wh=one.begin_wh, end_wh=one.box.register_wh) for one in place.hardware},
        happened=tuple(sorted(happened, key=lambda event: event.at_ms)),
        outages=tuple(place.outages),
        cuts=tuple(place.cuts),
        drops=place.disconnects,
        statuses={one.id: "Available" for one in place.hardware},
        permitted=PERMITTED,
    )


def _lamps(hardware: Hardware) -> Iterator[Lamp]:
    """The reader heard them at times of the event loop."""
    offset_s = time.time() - asyncio.get_running_loop().time()
    for id_, (decision, heard_s) in hardware.box._decisions.items():
        yield Lamp(
            at_ms=round((heard_s + offset_s) * 1000),
            charge_point=hardware.id,
            id=id_,
            colour=decision["led"],
            authority=decision["authority"],
        )
