"""A display with a list in place of the broker: a garage at a central system, and a yard without one."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from bridge.core.backend import BackendOffline, BackendOnline
from bridge.core.event import Event
from bridge.core.events import AlertCleared, BrokerSynchronised, MeterReported
from bridge.core.state import State
from bridge.core.values import ChargePointId
from bridge.desk import Desk
from bridge.display import Display
from bridge.mqtt.names import Names
from bridge.mqtt.publications import Publication
from bridge.mqtt.render import Renderer
from bridge.runtime import Runtime
from bridge.site import Site
from bridge.store.memory import MemoryStore
from tests.config.files import loaded
from tests.shells import Ears, StillClock, turns

GARAGE, YARD = ChargePointId("garage"), ChargePointId("yard")
KEY = b"k" * 16
"""Of this installation's tag references."""
FILE = """\
[csms.fleet]
url = "ws://localhost:9/ocpp"
[charge_points.garage]
csms = "fleet"
wallbox = "box"
readers = ["door", "post"]
can = ["limit", "unlock", "display"]
data_transfer_vendors = ["com.example"]
[charge_points.yard]
readers = ["door"]
[readers.door]
led_hold_ms = 4000
[users.carl]
nfc = ["04:AA:AA:AA"]
local = "all"
[users.dora]
nfc = ["04:DD:DD:DD"]
[users.emil]
ocpp_tag = "EMIL-1"
nfc = ["04:EE:EE:EE"]
"""


class Board:
    """Everything between the broker and the store, on one clock."""

    def __init__(self, folder: Path) -> None:
        self.configuration = loaded(folder, FILE)
        self.clock = StillClock()
        self.store = MemoryStore(clock=self.clock)
        self.published: list[Publication] = []
        self.wire = Ears()
        self.nothing = Decimal(0)
        renderer = Renderer(names=Names(), key=KEY)
        self.runtimes: dict[ChargePointId, Runtime] = {}
        common: dict[str, Any] = {"configuration": self.configuration, "clock": self.clock}
        self.display = Display(**common, store=self.store, renderer=renderer, publish=self.publish)
        self.site = Site(**common, runtimes=self.runtimes, notices=self.display)
        self.desk = Desk(
            **common,
            store=self.store,
            runtimes=self.runtimes,
            site=self.site,
            display=self.display,
            renderer=renderer,
            tag_key=KEY,
            publish=self.publish,
        )
        for one in self.configuration.charge_points.values():
            link = None if one.csms is None else one.csms.id
            state = State(rules=one.rules, settings=one.settings, base=one.settings, now=self.clock.stamp()["at"])
            self.runtimes[one.id] = Runtime(state=state, link=link, clock=self.clock, store=self.store, outlet=self.display)
        self.runtimes[GARAGE].wire = self.wire

    def publish(self, *messages: Publication) -> None:
        """The broker's part."""
        self.published += messages

    async def settles(self) -> None:
        """Synchronised and metered; everything has been shown once and taken off the list."""
        for one in self.runtimes:
            self.happens(one, BrokerSynchronised)
            self.happens(one, MeterReported, live=True, register_wh=1000.0)
        await turns()
        self.display.flush()
        self.published.clear()

    def happens(self, charge_point: ChargePointId, kind: Callable[..., Event], /, **fields: Any) -> None:  # noqa: ANN401
        """Anything at all, there, now."""
        event: Any = kind(**self.clock.stamp(), **fields)
        self.runtimes[charge_point].handle(event)

    def comes_online(self) -> None:
        self.happens(GARAGE, BackendOnline, clock_offset_ms=0)

    def goes_offline(self) -> None:
        self.happens(GARAGE, BackendOffline)

    def clears(self, charge_point: ChargePointId, alert: str) -> None:
        self.happens(charge_point, AlertCleared, alert=alert)

    # --- what came of it ---------------------------------------------------------------------------------------------------------

    @property
    def topics(self) -> list[str]:
        """Without the root, in the order published."""
        return [one.topic.removeprefix("evbridge/") for one in self.published]

    @property
    def told(self) -> dict[str, str]:
        """The newest payload of each topic."""
        return {one.topic.removeprefix("evbridge/"): one.payload.decode() for one in self.published}

    def json(self, topic: str) -> Any:  # noqa: ANN401 - whatever was published
        """The newest payload of a topic."""
        return orjson.loads(self.told[topic])
