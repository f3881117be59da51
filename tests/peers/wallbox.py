"""A simulated wallbox with its meter and reader: speaks only MQTT, by the contract of design.md §3, and knows the truth.

    async with wallbox(broker, "garage", reader="hall") as box:
        await box.plug()
        decision = await box.tap("04AABBCC")
        await box.released()
        await box.draw(1500)                # Wh, at once: the test is the one that lets time pass
        await box.unplug()

Energy flows only while a vehicle is plugged, the bridge's command is true and nothing is broken; so `register_wh` is the hardware's own
ledger, to be compared with what the central system and the history say.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiomqtt

from tests.peers.onlooker import ROOT, Broker, client
from tests.peers.waiting import TIMEOUT_S, Bell, end

CONFIRMATIONS = 3
"""design.md §2 "Meter": a jump is held until three readings confirm it, and hours of charging in no time are a jump."""
CAR_MAX_A = 16.0
VOLTS = 230


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the reader was told."""

    result: str
    authority: str
    reason: str
    led: str
    everything: dict[str, Any]
    """The whole message."""
    after_s: float
    """From the tap to the decision, as the reader sees it."""


@dataclass(slots=True, kw_only=True)
class Commands:
    """What the bridge wants, newest value of each; None: never told."""

    enabled: bool | None = None
    limit_a: float | None = None
    limit_w: float | None = None
    mode: str | None = None
    reason: str | None = None


class Wallbox:
    """Use `wallbox()`."""

    def __init__(self, mqtt: aiomqtt.Client, name: str, *, meter: str, reader: str, root: str, register_wh: int) -> None:
        self.name = name
        self.register_wh = register_wh
        self.plugged = False
        self.plug_id = ""
        """Of the newest plug-in; empty: it tells none."""
        self.charging = False
        self.commands = Commands()
        self.enabled_history: list[bool] = []
        """Every `command/enabled`, repetitions left out."""
        self.lamp: list[str] = []
        """Every colour the reader's lamp took."""
        self.orders: list[tuple[str, dict[str, Any]]] = []
        """unlock and reset, as they came."""
        self.order_answer: dict[str, Any] | None = {"status": "ok"}
        """What unlock and reset are answered with; None: silence."""
        self._mqtt = mqtt
        self._meter = meter
        self._reader = reader
        self._root = root
        self._bell = Bell()
        self._decisions: dict[str, tuple[dict[str, Any], float]] = {}
        self._taps = itertools.count(1)
        self._plugs = itertools.count(1)

    # --- a person -------------------------------------------------------------------------------------------------------------------

    async def tap(self, tag: str, **fields: Any) -> Decision:  # noqa: ANN401 - a payload's field
        """Hold a card to the reader and wait for the decision."""
        return await self.decided(await self.present(tag, **fields))

    async def present(self, tag: str, **fields: Any) -> tuple[str, float]:  # noqa: ANN401
        """Hold a card to the reader and do not wait; `decided` takes what this returns."""
        id_ = fields.get("id", f"{self.name}-{id(self):x}-{next(self._taps)}")
        began_s = asyncio.get_running_loop().time()
        await self._publish(f"nfc/{self._reader}/tap", json.dumps({"tag": tag, "id": id_, **fields}), retain=False)
        return id_, began_s

    async def decided(self, tap: tuple[str, float]) -> Decision:
        """The decision about one tap."""
        id_, began_s = tap
        message, at_s = await self._until(lambda: self._decisions.get(id_), f"a decision about tap {id_}")
        return Decision(
            result=message["result"],
            authority=message["authority"],
            reason=message["reason"],
            led=message["led"],
            everything=message,
            after_s=at_s - began_s,
        )

    async def lit(self, colour: str, *, count: int = 1) -> None:
        """The lamp took this colour, for the `count`-th time; waits for it."""
        await self._until(lambda: self.lamp.count(colour) >= count or None, f"{count} of lamp {colour}")

    async def plug(self, *, told: bool = True, metered: bool = True) -> None:
        """Plug a vehicle in.

        `told` False: this wallbox has nothing that tells one plug-in from the next. `metered` False: the meter, which speaks every few
        seconds in real life, stays silent.
        """
        self.plugged = True
        if metered:
            await self.report_meter()
        if told:
            self.plug_id = f"{id(self):x}-{next(self._plugs)}"
            await self._publish(f"wallbox/{self.name}/plug_id", self.plug_id)
        await self._publish(f"wallbox/{self.name}/plugged", "true")

    async def unplug(self, *, metered: bool = True) -> None:
        """Pull the cable; energy stops first. `metered` False: the meter does not speak afterwards."""
        await self._charge(on=False)
        self.plugged = False
        await self._publish(f"wallbox/{self.name}/plugged", "false")
        if metered:
            await self.report_meter()

    # --- energy ---------------------------------------------------------------------------------------------------------------------

    async def released(self, *, timeout_s: float = TIMEOUT_S) -> None:
        """The bridge lets energy flow; waits for it."""
        await self._until(lambda: self.commands.enabled or None, f"{self.name} released", timeout_s=timeout_s)

    async def held(self, *, timeout_s: float = TIMEOUT_S) -> None:
        """The bridge has switched energy off; waits for it. A vehicle that was charging stops, and the box says so."""
        await self._until(lambda: True if self.commands.enabled is False else None, f"{self.name} held", timeout_s=timeout_s)
        await self._charge(on=False)

    async def limited_to(self, limit_a: float) -> None:
        """The bridge's limit is (about) this, in amperes per phase; waits for it."""
        await self._until(
            lambda: True if self.commands.limit_a is not None and abs(self.commands.limit_a - limit_a) < 0.1 else None,
            f"{self.name} limited to {limit_a} A",
        )

    async def charge(self) -> None:
        """The vehicle draws; the meter does not move before `draw`."""
        assert self.plugged, "no vehicle is plugged"
        await self.released()
        await self._charge(on=True)

    async def draw(self, wh: int) -> None:
        """Let this much energy flow, once the bridge has released it. Reported until a meter is believed that jumps."""
        await self.charge()
        self.register_wh += wh
        await self.report_meter(CONFIRMATIONS)

    @property
    def power_w(self) -> int:
        """What the vehicle draws: all that is offered, on three phases, and never more than 16 A."""
        limit_a = CAR_MAX_A if self.commands.limit_a is None else min(self.commands.limit_a, CAR_MAX_A)
        return round(limit_a * 3 * VOLTS) if self.charging else 0

    async def report_meter(self, times: int = 1) -> None:
        """Say power and register, as a real meter does every few seconds."""
        for _ in range(times):
            await self._publish(f"meter/{self._meter}/power_w", str(self.power_w))
            await self._publish(f"meter/{self._meter}/energy_wh", str(self.register_wh))

    async def set_register(self, register_wh: int, *, times: int = 1) -> None:
        """A meter that was replaced, or is broken."""
        self.register_wh = register_wh
        await self.report_meter(times)

    # --- hardware -------------------------------------------------------------------------------------------------------------------

    async def appear(self) -> None:
        """Say everything a wallbox says when it connects, as many do when they see that the bridge is back."""
        await self._publish(f"wallbox/{self.name}/availability", "online")
        await self._publish(f"wallbox/{self.name}/fault", "none")
        await self._publish(f"wallbox/{self.name}/charging", "true" if self.charging else "false")
        if self.plug_id:
            await self._publish(f"wallbox/{self.name}/plug_id", self.plug_id)
        await self._publish(f"wallbox/{self.name}/plugged", "true" if self.plugged else "false")
        await self.report_meter(CONFIRMATIONS)

    async def go_offline(self) -> None:
        """As its last will would say it."""
        await self._publish(f"wallbox/{self.name}/availability", "offline")

    async def lose_power(self) -> None:
        """Gone without a goodbye: the broker tells its will. It does not come back."""
        connection = self._mqtt._client.socket()
        assert isinstance(connection, socket.socket)
        connection.shutdown(socket.SHUT_RDWR)

    async def break_down(self, code: str = "GroundFailure") -> None:
        """A fault; `repair` ends it."""
        await self._charge(on=False)
        await self._publish(f"wallbox/{self.name}/fault", code)

    async def repair(self) -> None:
        """No fault any more."""
        await self._publish(f"wallbox/{self.name}/fault", "none")

    async def say(self, topic: str, text: str, *, retain: bool = True) -> None:
        """Anything else below `wallbox/{id}/`."""
        await self._publish(f"wallbox/{self.name}/{topic}", text, retain=retain)

    async def ordered(self, what: str, *, count: int = 1) -> dict[str, Any]:
        """`unlock`, `reset` or `firmware` was commanded for the `count`-th time; waits for it. The newest such order."""

        def look() -> dict[str, Any] | None:
            found = [order for name, order in self.orders if name == what]
            return found[-1] if len(found) >= count else None

        newest: dict[str, Any] = await self._until(look, f"{count} of the order {what}")
        return newest

    async def updates(self, *statuses: str) -> None:
        """Say how an update goes, as OCPP 2.0.1 spells it."""
        for status in statuses:
            await self._publish(f"wallbox/{self.name}/firmware", json.dumps({"status": status}))

    # --- inside ---------------------------------------------------------------------------------------------------------------------

    async def _charge(self, *, on: bool) -> None:
        if self.charging != on:
            self.charging = on
            await self._publish(f"wallbox/{self.name}/charging", "true" if on else "false")

    async def _publish(self, topic: str, text: str, *, retain: bool = True) -> None:
        await self._mqtt.publish(f"{self._root}/{topic}", text, qos=1, retain=retain)

    async def _until(self, look: Any, what: str, *, timeout_s: float = TIMEOUT_S) -> Any:  # noqa: ANN401 - typed where it is used
        return await self._bell.until(look, lambda: f"{what}; commands {self.commands}, lamp {self.lamp}", timeout_s=timeout_s)

    async def listen(self, ready: asyncio.Event) -> None:
        """Obey, until cancelled."""
        for branch in (f"wallbox/{self.name}/command/#", f"nfc/{self._reader}/decision", f"nfc/{self._reader}/led"):
            await self._mqtt.subscribe(f"{self._root}/{branch}", qos=1)
        ready.set()
        async for message in self._mqtt.messages:
            await self._heard(str(message.topic).removeprefix(f"{self._root}/").split("/"), message.payload.decode(errors="replace"))
            self._bell.ring()

    async def _heard(self, levels: list[str], text: str) -> None:
        match levels:
            case ["nfc", _, "led"]:
                self.lamp.append(text)
            case ["nfc", _, "decision"]:
                message = json.loads(text)
                self._decisions[str(message.get("id"))] = (message, asyncio.get_running_loop().time())
            case ["wallbox", _, "command", "enabled"]:
                self._enable(text)
            case ["wallbox", _, "command", ("unlock" | "reset" | "firmware") as order]:
                await self._order(order, json.loads(text))
            case ["wallbox", _, "command", ("limit_a" | "limit_w") as name]:
                setattr(self.commands, name, float(text) if text else None)
            case ["wallbox", _, "command", ("mode" | "reason") as name]:
                setattr(self.commands, name, text or None)
            case _:
                pass

    def _enable(self, text: str) -> None:
        enabled = {"true": True, "false": False}.get(text)
        self.commands = dataclasses.replace(self.commands, enabled=enabled)
        if enabled is not None and self.enabled_history[-1:] != [enabled]:
            self.enabled_history.append(enabled)

    async def _order(self, order: str, payload: dict[str, Any]) -> None:
        self.orders.append((order, payload))
        if self.order_answer is not None:
            answer = {"id": payload["id"], **self.order_answer}
            await self._publish(f"wallbox/{self.name}/command/result", json.dumps(answer), retain=False)


@contextlib.asynccontextmanager
async def wallbox(
    broker: Broker,
    name: str,
    *,
    meter: str | None = None,
    reader: str | None = None,
    root: str = ROOT,
    register_wh: int = 100_000,
    account: tuple[str, str] | None = None,
) -> AsyncIterator[Wallbox]:
    """A wallbox that has appeared on the broker, nothing plugged; meter and reader are called like it unless said.

    `account` is (user, password) at the broker.
    """
    user, password = account or (None, None)
    will = aiomqtt.Will(f"{root}/wallbox/{name}/availability", "offline", qos=1, retain=True)
    async with client(broker, name=user, password=password, will=will) as mqtt:
        box = Wallbox(mqtt, name, meter=meter or name, reader=reader or name, root=root, register_wh=register_wh)
        ready = asyncio.Event()
        listening = asyncio.create_task(box.listen(ready), name=f"wallbox {name}")
        try:
            await asyncio.wait_for(ready.wait(), TIMEOUT_S)
            await box.appear()
            yield box
        finally:
            await end(listening, aiomqtt.MqttError)
