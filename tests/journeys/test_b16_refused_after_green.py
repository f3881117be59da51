"""B16: the central system refuses after green, in its answer to StartTransaction."""

from pathlib import Path

import pytest

from tests.journeys.house import ADA, EVE, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B16")
BLOCKED = {"transactionId": 7, "idTagInfo": {"status": "Blocked"}}


async def test_energy_off_and_the_transaction_stopped(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """DeAuthorized, no second decision; the history's reason and an alert tell it."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.is_refused_after_green()
        await garage.box.plug()
        await garage.box.tap(ADA)
        await garage.ends("DeAuthorized")
        await garage.box.held()
        (session,) = await home.sessions(1)
        assert session["reason"] == "DeAuthorized"
        assert "Blocked" in (await home.topics.hears("charge_point/garage/alert/backend_refused")).text
        assert len(home.topics.said("nfc/garage/decision")) == 1


async def test_a_user_with_local_permission_goes_on(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """A new local session begins at the very register at which the other one stopped."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.accepts_any_tag()
        await garage.is_refused_after_green()
        await garage.box.plug()
        assert (await garage.box.tap(EVE)).authority == "ocpp"
        await garage.ends("DeAuthorized")
        await garage.reports("Unavailable")
        await garage.box.draw(900)
        await garage.box.unplug()
        refused, local = await home.sessions(2)
        assert (refused["kind"], local["kind"], local["energy_wh"]) == ("ocpp", "local", 900)
        assert local["start_wh"] == refused["end_wh"]
        assert local["follows"] == refused["id"]


async def test_where_the_transaction_stays_open_only_the_energy_stops(tmp_path: Path, broker: Mosquitto) -> None:
    """`StopTransactionOnInvalidId = false`: SuspendedEVSE until the cable is pulled."""
    points = {"garage": {"variables": {"StopTransactionOnInvalidId": False}}}
    async with house(tmp_path, broker, charge_points=points) as home, home.station() as garage:
        await home.csms.answer("StartTransaction", BLOCKED)
        await garage.box.plug()
        await garage.box.tap(ADA)
        await garage.reports("SuspendedEVSE")
        await garage.box.held()
        await garage.box.unplug()
        await garage.sends("StopTransaction", reason="EVDisconnected")
        assert len(home.csms.transactions(garage.identity)) == 1
