"""Who is who and what belongs to what (`bridge/site.py`)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge import site as site_module
from bridge.clock import BUILT_MS
from bridge.core.alerts import AlertId
from bridge.core.events import Door, VendorReply
from bridge.core.state import Granted, LocalSession, NotPending
from bridge.core.values import Authority, ChargePointId, Colour, CommandId, Mode, RequestId, Why
from bridge.mqtt.messages import (
    CommandResult,
    EnergyMessage,
    FirmwareMessage,
    Message,
    MeterMessage,
    Press,
    PriceMessage,
    ReplyTo,
    Request,
    RequestMessage,
    SyncMessage,
    TransferAnswer,
    WallboxMessage,
)
from tests.config.files import loaded
from tests.house import CARL, DORA, FILE, GARAGE, LANE, YARD, House
from tests.shells import TEN_O_CLOCK_MS, Told


@pytest.fixture
async def house(tmp_path: Path) -> House:
    """Nothing plugged, all metered, synchronised."""
    return House(configuration=loaded(tmp_path, FILE))


# --- what belongs to what ---------------------------------------------------------------------------------------------------------


async def test_a_wallbox_is_heard_by_its_charge_point_alone(house: House) -> None:
    """A plug-in in the yard is no plug-in in the garage."""
    house.plugs("yard")
    assert [house.state(one).hardware.plugged for one in (GARAGE, YARD, LANE)] == [None, True, None]


async def test_a_meter_is_heard_by_the_charge_point_it_measures(house: House) -> None:
    """Energy is billed where it was measured and nowhere else."""
    house.clock.ahead_s += 60.0
    house.hears(MeterMessage(meter="garage", live=True, register_wh=1001.0))
    assert [house.state(one).meter.register_wh for one in (GARAGE, YARD, LANE)] == [1001, 1000, 1000]


@pytest.mark.parametrize("taken_ms, kept", [(BUILT_MS - 1, None), (BUILT_MS, BUILT_MS), (None, None)], ids=["1970", "known", "not told"])
async def test_a_meter_that_lost_the_time_is_believed_its_register_only(house: House, taken_ms: int | None, kept: int | None) -> None:
    """A reading without a sensible time of its own has the time it came."""
    house.clock.ahead_s += 60.0
    house.hears(MeterMessage(meter="lane", live=True, taken_ms=taken_ms, register_wh=1001.0))
    meter = house.state(LANE).meter
    assert (meter.register_wh, meter.taken_ms) == (1001, kept)


@pytest.mark.parametrize("to, meant", [(None, {GARAGE, YARD, LANE}), ("yard", {YARD}), ("attic", set())], ids=["all", "one", "unknown"])
async def test_energy_management_and_prices_reach_whom_they_name(house: House, to: str | None, meant: set[ChargePointId]) -> None:
    """`all` is every charge point, a name is that one, and an unknown name is told."""
    house.hears(
        EnergyMessage(source="load", charge_point=to, live=True, limit_a=8.0),
        PriceMessage(charge_point=to, per_kwh=0.25, live=True),
    )
    states = [one.state for one in house.runtimes.values()]
    assert {one.rules.charge_point for one in states if one.kept.sources} == meant
    assert {one.rules.charge_point for one in states if one.kept.prices} == meant
    assert all(source.everywhere is (to is None) for one in states for source in one.kept.sources)
    assert all(everywhere is (to is None) for one in states for everywhere, _ in one.kept.prices)
    assert len(house.told.alerts) == (0 if meant else 2)


@pytest.mark.parametrize(
    "message, name",
    [
        (WallboxMessage(wallbox="attic", live=True, plugged=True), "wallbox 'attic'"),
        (MeterMessage(meter="attic", live=True, register_wh=1.0), "meter 'attic'"),
        (CommandResult(wallbox="attic", command=CommandId("c"), ok=True, supported=True, reason=None), "wallbox 'attic'"),
        (FirmwareMessage(wallbox="attic", status="Installed", live=True), "wallbox 'attic'"),
        (EnergyMessage(source="load", charge_point="attic", live=True, allow=False), "charge point 'attic'"),
        (PriceMessage(charge_point="attic", per_kwh=1.0, live=True), "charge point 'attic'"),
        (TransferAnswer(charge_point="attic", request=RequestId("r"), reply=VendorReply.ACCEPTED, data=None), "charge point 'attic'"),
    ],
    ids=["wallbox", "meter", "result", "firmware", "energy", "price", "answer"],
)
async def test_whoever_is_not_configured_is_told_by_name(house: House, message: Message, name: str) -> None:
    """A typing error in a topic can be found."""
    before = [one.state for one in house.runtimes.values()]
    house.hears(message)
    ((alert, text, passing),) = house.told.alerts
    assert (alert, passing) == (AlertId.UNKNOWN_ID, True)
    assert name in text
    assert [one.state for one in house.runtimes.values()] == before


async def test_a_result_goes_to_the_charge_point_that_commanded(house: House) -> None:
    """A wallbox's word on a command moves its own charge point's time on."""
    house.clock.ahead_s += 1.0
    house.hears(CommandResult(wallbox="yard", command=CommandId("c"), ok=True, supported=True, reason=None))
    assert [house.state(one).now.utc_ms - TEN_O_CLOCK_MS for one in (GARAGE, YARD, LANE)] == [0, 1000, 0]


async def test_a_flow_s_answer_goes_to_the_charge_point_that_asked(house: House) -> None:
    """Somebody at the central system of the yard waits for it."""
    yard = house.runtimes[YARD]
    yard._state = replace(yard.state, transfers=((RequestId("r"), 1e9),))
    for name in ("garage", "yard"):
        house.hears(TransferAnswer(charge_point=name, request=RequestId("r"), reply=VendorReply.ACCEPTED, data="1"))
    assert yard.state.transfers == ()


@pytest.mark.parametrize("message", [SyncMessage(nonce="n"), RequestMessage(request=Request.STATUS, reply=ReplyTo(command="status"))])
async def test_what_is_for_others_changes_nothing(house: House, message: Message) -> None:
    """Requests are the desk's and the nonce is the broker's."""
    before = [one.state for one in house.runtimes.values()]
    house.hears(message)
    assert [one.state for one in house.runtimes.values()] == before
    assert house.told == Told()


# --- taps -------------------------------------------------------------------------------------------------------------------------


async def test_a_shared_reader_means_the_one_that_is_plugged(house: House) -> None:
    """Whoever plugs in and taps charges there, wherever the reader hangs."""
    house.plugs("yard")
    house.taps()
    assert (house.runs(GARAGE), house.runs(YARD)) == (False, True)
    assert house.decided(YARD) == [("green", "local_permission")]


async def test_a_tap_that_names_its_charge_point_is_obeyed(house: House) -> None:
    """A reader with buttons knows better."""
    house.plugs("yard")
    house.taps(charge_point="garage")
    assert isinstance(house.state(GARAGE).pending, Granted)
    assert house.decided(YARD) == []


async def test_a_permission_moves_to_where_the_vehicle_is_plugged(house: House) -> None:
    """Tapped first at a shared reader, plugged in anywhere it serves; the neighbour's permission is gone."""
    house.taps()
    assert isinstance(house.state(GARAGE).pending, Granted)
    house.plugs("yard")
    assert house.runs(YARD)
    assert house.state(GARAGE).pending == NotPending()
    house.plugs("garage")
    assert not house.runs(GARAGE)


async def test_a_permission_does_not_leave_its_reader(house: House) -> None:
    """Plugging in where the reader does not reach starts nothing."""
    house.taps()
    house.plugs("lane")
    assert not house.runs(LANE)
    assert isinstance(house.state(GARAGE).pending, Granted)


@pytest.mark.parametrize(
    "tap, told",
    [
        ({"reader": "attic"}, Why.NO_CHARGE_POINT),
        ({"taken_ms": TEN_O_CLOCK_MS - 10_001}, Why.STALE),
        ({"taken_ms": TEN_O_CLOCK_MS + 10_001}, Why.STALE),
        ({"charge_point": "lane"}, Why.UNKNOWN_CHARGE_POINT),
    ],
    ids=["unknown reader", "late", "early", "not served by it"],
)
async def test_a_tap_that_means_no_charge_point_is_red(house: House, tap: dict[str, Any], told: Why) -> None:
    """The bridge itself says no, to that reader, about that card."""
    house.taps(id="tap-1", **tap)
    (refused,) = house.told.refusals
    assert (refused.why, refused.colour, refused.authority) == (told, Colour.RED, Authority.BRIDGE)
    assert (refused.origin.door, refused.origin.id, refused.origin.reader) == (Door.READER, "tap-1", tap.get("reader", "door"))
    assert (refused.card, refused.utc_ms) == (CARL, TEN_O_CLOCK_MS)
    assert [house.decided(one) for one in house.runtimes] == [[], [], []]


async def test_a_shared_reader_with_nothing_free_says_so(house: House) -> None:
    """Everything it serves is in use by others: red, no charge point."""
    for wallbox in ("garage", "yard"):
        house.plugs(wallbox)
        house.taps(CARL, charge_point=wallbox)
        house.clock.ahead_s += 2.0
    house.taps(DORA)
    assert house.refused == [Why.NO_CHARGE_POINT]


async def test_a_stale_tap_is_explained_until_a_good_one_comes(house: House) -> None:
    """The alert names the reader and the skew, and is gone with the next tap in time."""
    house.taps(taken_ms=TEN_O_CLOCK_MS - 60_000)
    ((alert, text, _),) = house.told.alerts
    assert alert is AlertId.STALE_TAP
    assert "'door'" in text
    assert "60 s" in text
    assert AlertId.STALE_TAP not in house.told.cleared
    house.taps(DORA, taken_ms=TEN_O_CLOCK_MS - 10_000)
    assert AlertId.STALE_TAP in house.told.cleared


@pytest.mark.parametrize(
    "first, second, after_s, answers",
    [
        ({}, {}, 1.9, 1),
        ({}, {}, 2.0, 2),
        ({"id": "a"}, {"id": "b"}, 1.0, 1),
        ({"id": "a"}, {"id": "a", "tag": DORA}, 1.0, 1),
        ({"id": "a"}, {"id": "b", "tag": DORA}, 1.0, 2),
        ({"reader": "door"}, {"reader": "post"}, 1.0, 2),
    ],
    ids=["same tag", "too late", "same tag, other id", "same id", "another person", "another reader"],
)
async def test_a_card_held_to_the_reader_is_one_tap(
    house: House, first: dict[str, Any], second: dict[str, Any], after_s: float, answers: int
) -> None:
    """Within two seconds the same tag or id at one reader gets no second decision."""
    house.taps(**first)
    house.clock.ahead_s += after_s
    house.taps(**second)
    assert sum(len(house.decided(one)) for one in house.runtimes) + len(house.refused) == answers


async def test_a_flood_of_readers_is_not_remembered_for_ever(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invented ids take no memory: what was remembered of taps is given up before it grows."""
    monkeypatch.setattr(site_module, "READERS_REMEMBERED_MAX", 2)
    for reader in ("a", "b", "c"):
        house.taps(reader=reader)
    house.taps(reader="c")
    assert len(house.refused) == 3
    house.taps(reader="a")
    assert len(house.refused) == 4


@pytest.mark.parametrize("told, mode", [(None, Mode.PRIO), (Mode.ECO, Mode.ECO)], ids=["the reader's", "the tap's"])
async def test_the_mode_is_the_taps_then_the_readers(house: House, told: Mode | None, mode: Mode) -> None:
    """A tap that names a mode is obeyed before the reader's own (B13)."""
    house.plugs("lane")
    house.taps(reader="post", mode=told)
    session = house.state(LANE).kept.session
    assert isinstance(session, LocalSession)
    assert session.mode is mode


# --- apps -------------------------------------------------------------------------------------------------------------------------


async def test_an_app_starts_and_stops_where_it_says(house: House) -> None:
    """A button in an app is as good as a card, and start never stops."""
    house.plugs("garage")
    house.presses(Press.START, mode=Mode.PRIO)
    assert house.runs(GARAGE)
    house.clock.ahead_s += 60.0
    house.presses(Press.START)
    assert house.decided(GARAGE)[-1] == ("green", "already_running")
    house.presses(Press.STOP)
    assert house.decided(GARAGE)[-1] == ("green", "stopped")
    assert [one.origin.user for one in house.ears[GARAGE].decisions] == ["carl"] * 3


@pytest.mark.parametrize(
    "pressed, told",
    [
        ({"charge_point": "attic"}, Why.UNKNOWN_CHARGE_POINT),
        ({"user": "nobody"}, Why.UNKNOWN_USER),
        ({"taken_ms": TEN_O_CLOCK_MS - 10_001}, Why.STALE),
    ],
    ids=["charge point", "user", "late"],
)
async def test_an_app_that_means_nothing_is_red(house: House, pressed: dict[str, Any], told: Why) -> None:
    """The app gets its answer with its own id."""
    house.presses(Press.START, id="press-1", **pressed)
    (refused,) = house.told.refusals
    assert (refused.why, refused.colour, refused.origin.door, refused.origin.id) == (told, Colour.RED, Door.APP, "press-1")
    assert refused.user == refused.origin.user == pressed.get("user", "carl")


async def test_a_press_twice_is_one_press(house: House) -> None:
    """A nervous thumb gets one decision; another button is another wish."""
    house.presses(Press.START)
    house.presses(Press.START)
    assert len(house.decided(GARAGE)) == 1
    house.presses(Press.STOP)
    assert len(house.decided(GARAGE)) == 2
