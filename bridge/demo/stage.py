"""Everything the scenes are played with: broker, central system, devices, whoever looks on, and the real bridge."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ocpp.v16.enums import AuthorizationStatus

from bridge.demo.bell import Bell, SceneWrong
from bridge.demo.book import Transaction
from bridge.demo.bridge_process import BridgeFailed, BridgeProcess
from bridge.demo.broker import Broker, BrokerKind, running_broker
from bridge.demo.central_system import CentralSystem, Notice
from bridge.demo.hardware import Beat, Hardware, Sight, Style, Switched, Wallbox, running_hardware
from bridge.demo.narrator import Narrator, Voice
from bridge.demo.onlooker import ONLINE, Onlooker, Shown, running_onlooker
from bridge.demo.people import ANNA, FIRST_WH, GARAGE, IDENTITIES, VEHICLE_A, VISITOR, YARD, Person
from bridge.demo.readers import Readers, Tap, running_readers
from bridge.demo.tasks import to_the_end

PATIENCE_S = 30.0
"""How long a scene waits for a thing that takes the bridge a moment. Long, because it costs nothing while all is well."""
RETURN_S = 60.0
"""How long the bridge may take to find a central system that is back: its third and fourth wait together, at the worst."""
RECOVERY_S = 60.0
"""How long it may take after a power cut: it starts, connects twice, and may wait half a minute for the wallbox to speak."""
METER_EVERY = 2
"""Of how many readings one is told."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """All of it, and the words the scenes are written in. Made by `built_stage`."""

    broker: Broker
    central: CentralSystem
    hardware: Hardware
    readers: Readers
    onlooker: Onlooker
    bridge: BridgeProcess
    narrator: Narrator
    bell: Bell
    patience_s: float = PATIENCE_S
    most_queued: int = 0
    """The most messages that ever waited for the central system."""
    beats: int = 0

    # --- waiting ------------------------------------------------------------------------------------------------------------------

    async def until(self, true: Callable[[], bool], awaited: str, *, within_s: float | None = None) -> None:
        """Wait for something, for `patience_s` if nothing else is told.

        Raises SceneStuck, or BridgeFailed at once when the bridge has died.
        """

        def true_or_dead() -> bool:
            if self.bridge.died:
                raise BridgeFailed("the bridge process ended by itself")
            return true()

        await self.bell.until(true_or_dead, awaited, within_s=self.patience_s if within_s is None else within_s)

    async def until_ready(self, *, within_s: float | None = None) -> None:
        """The bridge has started, and both its charge points are registered."""

        def ready() -> bool:
            online = [self.onlooker.value("charge_point", name, "online") == "true" for name in IDENTITIES]
            return self.onlooker.value("bridge", "state") == ONLINE and all(online)

        await self.until(ready, "the bridge to be online with both charge points", within_s=within_s)

    async def until_status(self, name: str, status: str) -> None:
        """The central system shows this of connector 1."""
        await self.until(lambda: self.reported(name) == status, f"the central system to see {name} {status}, not {self.reported(name)}")

    async def until_begun(self, name: str, count: int) -> Transaction:
        """The central system has so many transactions of a charge point; returns the newest."""
        await self.until(lambda: len(self.transactions(name)) >= count, f"transaction {count} of {name} to begin")
        return self.transactions(name)[-1]

    async def until_ended(self, transaction: Transaction) -> None:
        """The central system has the stop of a transaction."""
        await self.until(lambda: transaction.end_wh is not None, f"transaction {transaction.id} to end")

    async def until_finished(self, name: str, count: int) -> None:
        """The bridge has published so many sessions of a charge point, and nothing runs there."""

        def finished() -> bool:
            return self.sessions(name) >= count and not self.runs(name)

        await self.until(finished, f"session {count} of {name} to be in the history")

    async def until_delivered(self, *, within_s: float | None = None) -> None:
        """No message waits any more."""
        await self.until(lambda: self.onlooker.count("queue") == 0, "the queue to drain", within_s=within_s)

    # --- looking ------------------------------------------------------------------------------------------------------------------

    def reported(self, name: str) -> str:
        """The status the central system shows of connector 1."""
        return self.central.memory.statuses.get((IDENTITIES[name], 1), "nothing")

    def transactions(self, name: str) -> list[Transaction]:
        """Those of a charge point in the central system's book."""
        return self.central.memory.book.of(IDENTITIES[name])

    def sessions(self, name: str) -> int:
        """How many the bridge has published of a charge point."""
        return sum(1 for entry in self.onlooker.finished if entry["charge_point"] == name and entry["kind"] != "gap")

    def runs(self, name: str) -> bool:
        """Whether the bridge shows a running session."""
        return bool(self.onlooker.value("charge_point", name, "session"))

    # --- doing --------------------------------------------------------------------------------------------------------------------

    async def plug(self, name: str, who: str) -> None:
        """A vehicle is plugged in."""
        self.narrator.say(Voice.PEOPLE, name, f"{who} plugs in a vehicle")
        await self.hardware.plug(name, wants_a=VEHICLE_A)

    async def unplug(self, name: str, who: str) -> None:
        """It leaves."""
        await self.hardware.unplug(name)
        self.narrator.say(Voice.PEOPLE, name, f"{who} unplugs; the meter shows {self.hardware.look(name).shown_wh} Wh")

    async def tap(self, name: str, person: Person, *, lamp: str) -> Tap:
        """A card is held to a reader; returns when its lamp has answered. Raises SceneStuck, or SceneWrong on another colour."""
        self.narrator.say(Voice.PEOPLE, name, f"{person.name} taps a card (…{person.card[-4:]})")
        tap = await self.readers.tap(name, tag=person.card, who=person.name)
        await self.until(lambda: tap.answered, f"an answer to {person.name} at the reader")
        if tap.lamp != lamp:
            raise SceneWrong(f"the lamp was {tap.lamp} for {person.name} ({tap.decision['reason']}), not {lamp}")
        return tap

    async def charge(self, name: str, energy_wh: int) -> None:
        """Some energy flows."""
        from_wh = self.hardware.look(name).shown_wh
        await self.until(lambda: self.hardware.look(name).shown_wh >= from_wh + energy_wh, f"{energy_wh} Wh to flow at {name}")

    async def idle(self, name: str, beats: int) -> None:
        """Nothing flows for some readings. Raises SceneWrong if it does."""
        shown_wh, end = self.hardware.look(name).shown_wh, self.beats + beats
        await self.until(lambda: self.beats >= end, "the meters to speak")
        drawn_wh = self.hardware.look(name).shown_wh - shown_wh
        if drawn_wh:
            raise SceneWrong(f"{drawn_wh} Wh were drawn at {name}, where nothing may flow")

    async def start_bridge(self) -> None:
        """Start the process."""
        await self.bridge.start()
        self.narrator.say(Voice.BRIDGE, "", f"the bridge starts: process {self.bridge.pid}")

    async def kill_bridge(self) -> None:
        """SIGKILL."""
        pid = self.bridge.pid
        await self.bridge.kill()
        self.narrator.say(Voice.BRIDGE, "", f"killed with SIGKILL: process {pid}", style="bold red")

    async def central_goes_away(self) -> None:
        """The central system stops listening."""
        await self.central.go_away()
        self.narrator.say(Voice.CENTRAL, "", "has gone away: nobody listens", style="bold red")

    async def central_comes_back(self) -> None:
        """And listens again."""
        await self.central.come_back()
        self.narrator.say(Voice.CENTRAL, "", "is back", style="bold green")

    async def manage_energy(self, *, allow: bool, reason: str) -> None:
        """The site's energy management has the last word."""
        self.narrator.say(Voice.ENERGY, "all", f"{'go on' if allow else 'stop'}: {reason}")
        await self.hardware.manage_energy("grid", allow=allow, reason=reason)

    async def settle(self) -> None:
        """Leave everything as it was found: nobody plugged, nothing running, nothing waiting."""
        if not self.bridge.running:
            await self.start_bridge()
        if not self.central.listening:
            await self.central_comes_back()
        await self.hardware.manage_energy("grid", allow=True, reason="")
        for name in IDENTITIES:
            if self.hardware.look(name).plugged:
                await self.unplug(name, "whoever is there")
        await self.until_ready(within_s=RECOVERY_S)
        await self.until(lambda: not any(self.runs(name) for name in IDENTITIES), "every session to end")
        await self.until(self._all_delivered, "every transaction to be complete at the central system", within_s=RETURN_S)

    def _all_delivered(self) -> bool:
        # The queue shown may be a second old: what the bridge has finished must have arrived as well.
        finished = sum(1 for entry in self.onlooker.finished if entry["kind"] == "ocpp")
        ended = [known.end_wh is not None for known in self.central.memory.book.transactions.values()]
        return self.onlooker.count("queue") == 0 and all(ended) and len(ended) >= finished


class _Ears:
    """Hears everything, tells it, and rings. What is heard before the stage stands is only told."""

    def __init__(self, narrator: Narrator, bell: Bell) -> None:
        self.stage: Stage | None = None
        self._narrator = narrator
        self._bell = bell

    def notice(self, notice: Notice) -> None:
        self._narrator.heard(notice)
        self._bell.ring()

    def tap(self, tap: Tap) -> None:
        self._narrator.answered(tap)
        self._bell.ring()

    def shown(self, shown: Shown) -> None:
        self._narrator.shown(shown)
        if self.stage is not None:
            self.stage.most_queued = max(self.stage.most_queued, self.stage.onlooker.count("queue"))
        self._bell.ring()

    def sight(self, sight: Sight) -> None:
        match sight:
            case Switched():
                self._narrator.switched(sight)
            case Beat():
                self._beat()
        self._bell.ring()

    def _beat(self) -> None:
        if self.stage is None:
            return
        self.stage.beats += 1
        for name in self.stage.hardware.wallboxes:
            outlet = self.stage.hardware.look(name)
            if outlet.charging and self.stage.beats % METER_EVERY == 0:
                self._narrator.metered(name, outlet)


@asynccontextmanager
async def built_stage(
    directory: Path, narrator: Narrator, kind: BrokerKind, *, port: int | None, patience_s: float = PATIENCE_S
) -> AsyncIterator[Stage]:
    """Everything started but the bridge, and ended again, the bridge first. Raises BrokerMissing."""
    bell = Bell()
    ears = _Ears(narrator, bell)
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(running_broker(kind, directory, port=port))
        central = CentralSystem(tags={VISITOR.tag: AuthorizationStatus.accepted, ANNA.tag: AuthorizationStatus.accepted}, tell=ears.notice)
        await central.open()
        stack.push_async_callback(lambda: to_the_end(central.go_away()))
        wallboxes = [
            Wallbox(GARAGE, style=Style.SCALARS, register_wh=FIRST_WH[GARAGE]),
            Wallbox(YARD, style=Style.OBJECTS, register_wh=FIRST_WH[YARD]),
        ]
        hardware = await stack.enter_async_context(running_hardware(broker, wallboxes, ears.sight))
        readers = await stack.enter_async_context(running_readers(broker, ears.tap))
        onlooker = await stack.enter_async_context(running_onlooker(broker, ears.shown))
        bridge = BridgeProcess(directory, broker=broker, csms_url=central.url, ended=bell.ring)
        bridge.write_configuration()
        stack.push_async_callback(lambda: to_the_end(bridge.stop()))
        ears.stage = Stage(
            broker=broker,
            central=central,
            hardware=hardware,
            readers=readers,
            onlooker=onlooker,
            bridge=bridge,
            narrator=narrator,
            bell=bell,
            patience_s=patience_s,
        )
        yield ears.stage
