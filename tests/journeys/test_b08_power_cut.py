"""B8: power cut or crash during a session: two sessions at the central system, and the car goes on charging."""

from pathlib import Path

import pytest

from tests.journeys.house import BEN, CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B8")


async def test_two_sessions_and_a_gap_make_the_meters_truth(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The old session stops at the last durable register with PowerLoss, the new one begins at the register read now."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        before_wh = garage.box.register_wh
        await garage.charges(CARD)
        await garage.box.draw(2000)
        await home.topics.shows("charge_point/garage/energy_wh", "2000")
        await home.process.kill()
        garage.box.register_wh += 700  # the car goes on
        await home.process.start()
        await garage.box.appear()
        await garage.begins(CARD)
        old, new = garage.bills()
        assert (old.reason, new.start_wh) == ("PowerLoss", garage.box.register_wh)
        assert not garage.asked()
        assert garage.tells().index("stop") < garage.tells().index("start")
        await garage.box.draw(300)
        await garage.box.unplug()
        await garage.ends("EVDisconnected", count=2)
        sessions = await home.sessions(3)
        assert sorted(entry["kind"] for entry in sessions) == ["gap", "ocpp", "ocpp"]
        assert sum(entry["energy_wh"] for entry in sessions) == garage.box.register_wh - before_wh
        (gap,) = [entry for entry in sessions if entry["kind"] == "gap"]
        assert gap["energy_wh"] == garage.box.register_wh - 300 - (old.stop_wh or 0) >= 700
        assert "700" in (home.topics.value("charge_point/garage/alert/unaccounted_energy") or "") or gap["energy_wh"] > 700
        assert False not in garage.box.enabled_history[garage.box.enabled_history.index(True) : -1]


async def test_unplugged_meanwhile_ends_the_session(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Nobody is charged for a car that has driven away: the old session ends with EVDisconnected, and no new one begins."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        await home.process.kill()
        garage.box.plugged = garage.box.charging = False
        await home.process.start()
        await garage.box.appear()
        await garage.ends("EVDisconnected")
        await garage.reports("Available")
        await garage.settle()
        assert "start" not in garage.tells()
        await garage.box.held()


async def test_another_plug_in_is_another_driver(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The plug id has changed: the old session ends, and the new vehicle gets nothing without a tap."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        await home.process.kill()
        garage.box.charging = False
        await garage.box.plug()
        await home.process.start()
        await garage.box.appear()
        await garage.ends("EVDisconnected")
        await garage.settle()
        assert "start" not in garage.tells()
        await garage.box.held()


async def test_a_planned_stop_is_told_as_reboot(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """An update of the bridge is no power loss, and energy is not cut by it."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        await home.process.restart()
        await garage.box.appear()
        await garage.begins(CARD)
        assert [bill.reason for bill in garage.bills()] == ["Reboot", None]
        assert garage.box.commands.enabled is True


async def test_with_resume_the_same_transaction_goes_on(tmp_path: Path, broker: Mosquitto) -> None:
    """`resume = true`, and the plug-in is proven the same: one session, no gap."""
    async with house(tmp_path, broker, charge_points={"garage": {"resume": True}}) as home, home.station() as garage:
        transaction = await garage.charges(CARD)
        await garage.box.draw(1000)
        await home.process.kill()
        garage.box.register_wh += 500
        await home.process.start()
        await garage.box.appear()
        await garage.reports("Charging")
        await garage.box.unplug()
        stop = await garage.sends("StopTransaction", transactionId=transaction, reason="EVDisconnected")
        assert stop.payload["meterStop"] == garage.box.register_wh
        assert [entry["kind"] for entry in await home.sessions(1)] == ["ocpp"]


async def test_a_local_session_goes_on_as_a_local_one(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The central system sees Unavailable all along and is billed nothing."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.plug()
        await garage.box.tap(BEN)
        await garage.box.draw(400)
        await home.process.kill()
        garage.box.register_wh += 100
        await home.process.start()
        await garage.box.appear()
        await garage.box.draw(50)
        await garage.box.unplug()
        sessions = await home.sessions(3)
        assert sorted(entry["kind"] for entry in sessions) == ["gap", "local", "local"]
        assert sum(entry["energy_wh"] for entry in sessions) == 550
        assert not garage.tells()
