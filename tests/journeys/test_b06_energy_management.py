"""B6: energy management wins, at any moment, over everybody; it is a level, not an event."""

from pathlib import Path

import pytest

from tests.journeys.house import BEN, CARD, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B6")


async def test_a_stop_pauses_and_the_session_goes_on(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Energy off within 200 ms, SuspendedEVSE, the same transaction; allowed again, it charges on."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        since = home.topics.now
        await home.topics.publish("ems/load/garage/allow", "false", retain=True)
        asked = await home.topics.shows("ems/load/garage/allow", "false", since=since)
        off = await home.topics.shows("wallbox/garage/command/enabled", "false", since=since)
        assert off.at_s - asked.at_s < 0.2
        await garage.reports("SuspendedEVSE")
        await home.topics.publish("ems/load/garage/allow", "true", retain=True)
        await garage.box.draw(1000)
        await garage.reports("Charging")
        await garage.box.unplug()
        await garage.ends("EVDisconnected")
        assert len(garage.bills()) == 1


async def test_a_tap_meanwhile_is_decided_and_starts_suspended(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Green, waiting for energy management; the transaction starts at once, without energy."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await home.topics.publish("ems/spot/all/allow", "false", retain=True)
        await home.topics.publish("ems/spot/all/reason", "expensive hour", retain=True)
        await garage.box.plug()
        decision = await garage.box.tap(CARD)
        assert (decision.led, decision.reason) == ("green", "waiting_for_energy_management")
        await garage.begins()
        await garage.reports("SuspendedEVSE")
        assert garage.box.enabled_history == [False]
        assert "expensive hour" in (garage.box.commands.reason or "")
        await home.topics.publish("ems/spot/all/allow", b"", retain=True)
        await garage.box.released()


async def test_the_lowest_limit_counts_and_below_six_amperes_is_a_pause(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Several sources: AND of allow, minimum of limits, watts and amperes alike."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        await home.topics.publish("ems/load/garage/limit_a", "10", retain=True)
        await garage.box.limited_to(10)
        await home.topics.publish("ems/grid/all/limit_w", "5520", retain=True)
        await garage.box.limited_to(8)
        await home.topics.shows("charge_point/garage/limit_by", "ems")
        await home.topics.shows("charge_point/garage/limit_w", "5520")
        await home.topics.publish("ems/grid/all/limit_w", "4100", retain=True)
        await garage.box.held()
        await garage.reports("SuspendedEVSE")
        await home.topics.publish("ems/grid/all/limit_w", b"", retain=True)
        await garage.box.released()
        await garage.box.limited_to(10)


async def test_a_remote_start_and_a_local_session_obey_too(tmp_path: Path, broker: Mosquitto) -> None:
    """Whoever starts, nothing flows while energy management says no."""
    async with house(tmp_path, broker) as home, home.station() as garage:
        await home.topics.publish("ems/load/garage/allow", "false", retain=True)
        await garage.box.plug()
        await garage.reports("Preparing")
        assert await garage.answers("RemoteStartTransaction", connectorId=1, idTag=CARD) == "Accepted"
        await garage.sends("StartTransaction")
        await garage.box.unplug()
        await garage.sends("StopTransaction")
        await garage.box.plug()
        assert (await garage.box.tap(BEN)).reason == "waiting_for_energy_management"
        await home.topics.shows("charge_point/garage/status", "SuspendedEVSE")
        assert garage.box.enabled_history == [False]


async def test_the_last_word_survives_a_restart_and_the_broker(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Both are killed and the broker forgets everything: the stop still holds."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await home.topics.publish("ems/load/garage/allow", "false", retain=True)
        await garage.box.plug()
        await garage.box.tap(CARD)
        await garage.begins()  # on the disk by now: green alone does not wait for it
        await garage.reports("SuspendedEVSE")
        await home.process.kill()
        await home.topics.forget_everything()
        await home.process.start()
        await garage.box.appear()
        await garage.begins(count=2)
        await home.topics.shows("charge_point/garage/status", "SuspendedEVSE")
        assert True not in garage.box.enabled_history
