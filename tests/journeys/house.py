"""A house with the real bridge, a real broker and an independent central system.

    async with house(tmp_path, broker, users={"ada": {…}}) as home, home.station("garage") as garage:
        await garage.box.plug()

Every test has a house of its own, so that a promise can have its own configuration and its bridge may be killed.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.laboratory import Station, equipped, identity_of
from tests.conformance.laboratory201 import equipped201
from tests.journeys.garage import Garage
from tests.peers.bridge_process import BridgeProcess, bridge
from tests.peers.broker import Mosquitto
from tests.peers.onlooker import Onlooker, onlooker
from tests.peers.strict_csms import ACCEPTED, INVALID, StrictCsms, strict_csms

CARD = "04AABBCC"
"""A roaming card the central system knows."""
OTHER = "04DDEEFF"
"""Another one."""
STRANGER = "04FFFFFF"
"""One it refuses."""
TAGS = {CARD: ACCEPTED, OTHER: ACCEPTED, STRANGER: INVALID, "ADA-1": ACCEPTED, "EVE-1": INVALID}
USERS: dict[str, Any] = {
    "ada": {"name": "Ada", "nfc": ["04A1A1A1"], "ocpp_tag": "ADA-1", "local": "none"},
    "ben": {"name": "Ben", "nfc": ["04B2B2B2"], "local": "all"},
    "eve": {"name": "Eve", "nfc": ["04E3E3E3"], "ocpp_tag": "EVE-1", "local": "all"},
}
"""Ada has a tag and no local permission, Ben a local permission and no tag, Eve both, and the central system refuses hers."""
ADA, BEN, EVE = "04A1A1A1", "04B2B2B2", "04E3E3E3"


@dataclass(slots=True, kw_only=True)
class House:
    """Use `house()`."""

    broker: Mosquitto
    csms: StrictCsms
    topics: Onlooker
    process: BridgeProcess
    protocol: str

    @contextlib.asynccontextmanager
    async def station(self, name: str = "garage") -> AsyncIterator[Station]:
        """The hardware of one of its charge points; at the end everything on its link must have been by the book."""
        async with equipped(name, self.broker, self.csms, self.topics) as station:
            yield station

    @contextlib.asynccontextmanager
    async def garage(self, name: str = "garage") -> AsyncIterator[Garage]:
        """The same, in words of both versions."""
        ready = equipped if self.protocol == "ocpp1.6" else equipped201
        async with ready(name, self.broker, self.csms, self.topics) as station:
            yield Garage(station=station)

    async def sessions(self, count: int, name: str = "garage") -> list[dict[str, Any]]:
        """The history, once so many records have been published; as `evbridge history --json` tells it."""
        await self.topics.hears(f"charge_point/{name}/history", count=count)
        found = [entry for entry in await self.process.history() if entry["charge_point"] == name]
        assert len(found) == count, found
        return found


@contextlib.asynccontextmanager
async def house(
    folder: Path,
    broker: Mosquitto,
    *,
    charge_points: Mapping[str, Mapping[str, Any]] | None = None,
    csms: Mapping[str, Any] | None = None,
    protocol: str = "ocpp1.6",
    **tables: Any,  # noqa: ANN401 - TOML
) -> AsyncIterator[House]:
    """A bridge that is ready. `charge_points` adds to what each has anyway; further tables of the configuration by name."""
    common = {"csms": "office", "stop_tap_min_s": 0, "stop_wait_s": 0.3, "price_per_kwh": 0.5}
    points = {name: {**common, "identity": identity_of(name), **more} for name, more in (charge_points or {"garage": {}}).items()}
    async with strict_csms(tags=TAGS, protocols=(protocol,)) as central, onlooker(broker) as topics:
        office = {
            "url": f"{central.url}/ocpp",
            "name": "Office",
            "reconnect_max_s": 1,
            "boot_retry_min_s": 1,
            "protocol": protocol,
            **(csms or {}),
        }
        settings = {"csms": {"office": office}, "charge_points": points, "users": USERS, "log": {"level": "debug"}, **tables}
        async with bridge(folder, broker, topics, settings) as process:
            yield House(broker=broker, csms=central, topics=topics, process=process, protocol=protocol)
