"""The story, scene by scene. Each waits for what must happen and for nothing else; what does not happen is an error."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.demo.bell import SceneWrong
from bridge.demo.narrator import Voice
from bridge.demo.people import ANNA, BEN, GARAGE, STRANGER, VISITOR, YARD
from bridge.demo.stage import RECOVERY_S, RETURN_S, Stage

SOME_WH = 15
"""Three seconds of a vehicle's charging: enough to be seen on a bill."""

Play: TypeAlias = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One promise, played."""

    title: str
    about: str
    play: Play


async def roaming_card(stage: Stage) -> None:
    """B1: plug, tap, green, charged, billed."""
    begun, finished = len(stage.transactions(GARAGE)), stage.sessions(GARAGE)
    await stage.plug(GARAGE, VISITOR.name)
    await stage.until_status(GARAGE, "Preparing")
    await stage.tap(GARAGE, VISITOR, lamp="green")
    transaction = await stage.until_begun(GARAGE, begun + 1)
    await stage.until_status(GARAGE, "Charging")
    await stage.charge(GARAGE, SOME_WH)
    await stage.unplug(GARAGE, VISITOR.name)
    await stage.until_ended(transaction)
    await stage.until_finished(GARAGE, finished + 1)
    await stage.until_status(GARAGE, "Available")


async def unknown_card(stage: Stage) -> None:
    """B1: rejected, red, nothing charges."""
    await stage.plug(YARD, STRANGER.name)
    await stage.until_status(YARD, "Preparing")
    await stage.tap(YARD, STRANGER, lamp="red")
    await stage.idle(YARD, beats=2)
    await stage.unplug(YARD, STRANGER.name)
    await stage.until_status(YARD, "Available")


async def local_user(stage: Stage) -> None:
    """B3: charged on local permission, and no business of the central system."""
    begun, finished = len(stage.transactions(YARD)), stage.sessions(YARD)
    await stage.plug(YARD, BEN.name)
    await stage.tap(YARD, BEN, lamp="green")
    await stage.until_status(YARD, "Unavailable")
    await stage.charge(YARD, SOME_WH)
    await stage.unplug(YARD, BEN.name)
    await stage.until_finished(YARD, finished + 1)
    await stage.until_status(YARD, "Available")
    if len(stage.transactions(YARD)) != begun:
        raise SceneWrong("the central system was told of a local session")


async def energy_management(stage: Stage) -> None:
    """B6: a level, not an event; the transaction stays open."""
    begun, finished = len(stage.transactions(GARAGE)), stage.sessions(GARAGE)
    await stage.plug(GARAGE, ANNA.name)
    await stage.tap(GARAGE, ANNA, lamp="green")
    transaction = await stage.until_begun(GARAGE, begun + 1)
    await stage.charge(GARAGE, SOME_WH // 2)
    await stage.manage_energy(allow=False, reason="the house needs its power")
    await stage.until(lambda: not stage.hardware.look(GARAGE).charging, "the vehicle to stop drawing")
    await stage.until_status(GARAGE, "SuspendedEVSE")
    await stage.idle(GARAGE, beats=2)
    await stage.manage_energy(allow=True, reason="power to spare")
    await stage.until_status(GARAGE, "Charging")
    await stage.charge(GARAGE, SOME_WH // 2)
    await stage.unplug(GARAGE, ANNA.name)
    await stage.until_ended(transaction)
    await stage.until_finished(GARAGE, finished + 1)


async def central_system_away(stage: Stage) -> None:
    """B7: a whole session offline, delivered complete and in order."""
    begun, finished = len(stage.transactions(GARAGE)), stage.sessions(GARAGE)
    await stage.central_goes_away()
    await stage.plug(GARAGE, ANNA.name)
    await stage.until(lambda: stage.onlooker.value("charge_point", GARAGE, "online") == "false", "the bridge to notice")
    await stage.tap(GARAGE, ANNA, lamp="green")
    await stage.charge(GARAGE, SOME_WH)
    await stage.unplug(GARAGE, ANNA.name)
    await stage.until_finished(GARAGE, finished + 1)
    await stage.until(lambda: stage.onlooker.count("queue") > 0, "messages to wait for the central system")
    await stage.central_comes_back()
    await stage.until_ready(within_s=RETURN_S)
    transaction = await stage.until_begun(GARAGE, begun + 1)
    await stage.until_ended(transaction)
    await stage.until_delivered()
    stage.narrator.say(Voice.BRIDGE, GARAGE, f"the queue is empty; the session began at {transaction.key.timestamp}, as it was told then")


async def power_cut(stage: Stage) -> None:
    """B8: two sessions, the car goes on charging, what was drawn in between is a recorded gap."""
    begun, finished = len(stage.transactions(GARAGE)), stage.sessions(GARAGE)
    await stage.plug(GARAGE, VISITOR.name)
    await stage.tap(GARAGE, VISITOR, lamp="green")
    old = await stage.until_begun(GARAGE, begun + 1)
    await stage.until(lambda: old.samples > 0, f"a reading of transaction {old.id}")
    await stage.kill_bridge()
    await stage.charge(GARAGE, SOME_WH)
    await stage.start_bridge()
    await stage.until_ready(within_s=RECOVERY_S)
    new = await stage.until_begun(GARAGE, begun + 2)
    await stage.until_ended(old)
    gap_wh = new.key.register_wh - (old.end_wh or 0)
    stage.narrator.say(
        Voice.BRIDGE,
        GARAGE,
        f"transaction {old.id} ended with {old.reason}, {new.id} goes on with the same card; gap: {gap_wh} Wh",
    )
    if gap_wh <= 0:
        raise SceneWrong(f"the meter went on while the bridge was dead, but the gap is {gap_wh} Wh")
    await stage.charge(GARAGE, SOME_WH // 2)
    await stage.unplug(GARAGE, VISITOR.name)
    await stage.until_ended(new)
    await stage.until_finished(GARAGE, finished + 2)


SCENES = (
    Scene(
        title="1. A roaming card",
        about="A visitor's card is unknown here, so the central system is asked; it accepts and bills.",
        play=roaming_card,
    ),
    Scene(
        title="2. An unknown card",
        about="The central system refuses it, nobody here vouches for it: red, and nothing charges.",
        play=unknown_card,
    ),
    Scene(
        title="3. A local user",
        about="Ben has no tag at the central system but may charge at home: it sees Unavailable and gets no bill to write.",
        play=local_user,
    ),
    Scene(
        title="4. Energy management has the last word",
        about="It stops a running session at once and lets it go on later; the transaction stays open.",
        play=energy_management,
    ),
    Scene(
        title="5. The central system is away",
        about="Anna's tag is remembered, she charges all the same; the messages wait on disk and arrive in order.",
        play=central_system_away,
    ),
    Scene(
        title="6. The bridge is killed in mid-session",
        about="The vehicle goes on charging. Two sessions on the bill, and what was drawn in between is a recorded gap.",
        play=power_cut,
    ),
)
