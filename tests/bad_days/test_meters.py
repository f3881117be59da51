"""Meters that go wild in mid-session: nonsense is dropped, what can't be is nobody's bill, an alert says so, the car goes on charging."""

import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.bad_days.town import CARDS, Town, town
from tests.conformance.laboratory import Station, equipped
from tests.peers.billing import Transaction
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = ("nonsense", "restart", "unit", "jump", "thousandfold", "clock")
BEGIN_WH = 100_000
"""What the simulated meter shows at first."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(broker: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A charge point for each way in which a meter can go wild."""
    points = {name: {"csms": "office"} for name in NAMES}
    async with town(tmp_path_factory.mktemp("meters"), broker, charge_points=points) as running:
        yield running


@contextlib.asynccontextmanager
async def charging(place: Town, name: str) -> AsyncIterator[Station]:
    """A session runs that has drawn 50 Wh, each reading fit to be believed."""
    async with equipped(name, place.broker, place.csms, place.topics) as station:
        await station.charges(CARDS[0])
        await says(station, BEGIN_WH + 50)
        yield station


async def says(station: Station, *registers: object) -> None:
    """The meter speaks; returns when the bridge has heard it."""
    for register in registers:
        await station.topics.publish(f"meter/{station.name}/energy_wh", str(register), retain=True)
    await station.topics.ask("status", charge_point=station.name)


async def billed(station: Station, count: int) -> list[Transaction]:
    """Unplugged: so many transactions, each ended."""
    await station.box.unplug(metered=False)
    await station.sends("StopTransaction", count=count)
    found = station.csms.transactions(station.identity)
    assert len(found) == count
    assert all(transaction.stop_wh is not None for transaction in found)
    return found


async def test_nonsense_is_dropped_and_the_session_goes_on(place: Town) -> None:
    """NaN, infinity, less than nothing, text, a comma, more than the earth has: one session, billed by what was sound."""
    async with charging(place, "nonsense") as station:
        for register in (
            "NaN",
            "Infinity",
            "-Infinity",
            "-1",
            "-0.1",
            '"100060"',
            "100060,5",
            "1e13",
            "true",
            "[100060]",
            "\x00",
            "1" * 400,
        ):
            await place.topics.publish("meter/nonsense/energy_wh", register)
            await place.alert("payload_refused", "meter/nonsense/energy_wh: ")
        for power in ("NaN", "1e9", "-1e9", "null"):
            await place.topics.publish("meter/nonsense/power_w", power)
        await says(station, BEGIN_WH + 80)
        [transaction] = await billed(station, 1)
        assert (transaction.start_wh, transaction.stop_wh) == (BEGIN_WH, BEGIN_WH + 80)


async def test_a_meter_that_restarts_and_tells_0_for_a_moment(place: Town) -> None:
    """The commonest glitch of all: nobody is billed for a lifetime register; the car goes on, and what was drawn meanwhile is a gap."""
    async with charging(place, "restart") as station:
        await says(station, 0)
        await place.alert("meter_rollback", "ran back to 0 Wh", "was it replaced?", of="charge_point/restart")
        await says(station, BEGIN_WH + 60, BEGIN_WH + 61, BEGIN_WH + 62)
        await place.alert("meter_rollback", f"is back at {BEGIN_WH + 62} Wh", "look at the meter", of="charge_point/restart")
        await station.box.released()
        await says(station, BEGIN_WH + 90)
        transactions = await billed(station, 3)
        assert [transaction.energy_wh for transaction in transactions] == [50, 0, 28]
        gaps = [entry for entry in await place.process.history() if entry["charge_point"] == "restart" and entry["kind"] == "gap"]
        assert [gap["energy_wh"] for gap in gaps] == [12]


async def test_a_meter_whose_unit_changes_for_a_while(place: Town) -> None:
    """KWh for Wh, and back: a thousandth, and then a thousand times as much; nobody's bill shows either."""
    async with charging(place, "unit") as station:
        await says(station, 100.06, 100.07, 100.08)
        await place.alert("meter_rollback", "ran back to 100 Wh", of="charge_point/unit")
        await says(station, BEGIN_WH + 90, BEGIN_WH + 91, BEGIN_WH + 92, BEGIN_WH + 99)
        transactions = await billed(station, 3)
        assert [transaction.energy_wh for transaction in transactions] == [50, 0, 7]


async def test_a_jump_is_held_until_it_is_confirmed(place: Town) -> None:
    """One reading that can't be costs nothing but an alert; the meter goes on, and so does the session."""
    async with charging(place, "jump") as station:
        await says(station, BEGIN_WH + 40_000)
        await place.alert("meter_jump", "more than the hardware can draw", of="charge_point/jump")
        await says(station, BEGIN_WH + 70)
        await place.topics.shows("charge_point/jump/alert/meter_jump", "")
        [transaction] = await billed(station, 1)
        assert transaction.energy_wh == 70


async def test_a_thousandfold_register_is_nobodys_bill(place: Town) -> None:
    """MWh for Wh, confirmed again and again: the history has it as a gap, with an alert, and the driver pays for what was sound."""
    async with charging(place, "thousandfold") as station:
        wild = (BEGIN_WH + 50) * 1000
        await says(station, wild, wild, wild, wild + 30)
        await place.alert("unaccounted_energy", "belong to no session (meter_changed)", of="charge_point/thousandfold")
        transactions = await billed(station, 2)
        assert [transaction.energy_wh for transaction in transactions] == [50, 30]


async def test_a_meter_that_has_lost_the_time(place: Town) -> None:
    """A sample dated 1970 is a sample of now: no such time is ever told to the central system."""
    async with charging(place, "clock") as station:
        for register_wh in (BEGIN_WH + 60, BEGIN_WH + 65):
            sample = {"ts": "1970-01-01T00:00:07Z", "energy_wh": register_wh}
            await place.topics.publish("meter/clock/sample", sample)
        assert await station.trigger("MeterValues", connectorId=1) == "Accepted"
        await station.sends("MeterValues")
        [transaction] = await billed(station, 1)
        assert transaction.energy_wh == 65
        assert not any("1970" in frame.text for frame in place.csms.frames)


async def test_everybody_else_was_served_all_along(place: Town) -> None:
    await place.serves()
