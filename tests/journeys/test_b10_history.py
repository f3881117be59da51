"""B10: any session ends with a history record; every decision is stored, refusals included."""

from pathlib import Path

import pytest

from tests.journeys.house import BEN, CARD, STRANGER, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B10")


async def test_who_by_which_authority_when_energy_cost_and_why(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """One record for each session, on its topic, retained as the last one, and in `evbridge history`."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        await garage.box.draw(1000)
        await garage.box.unplug()
        await garage.ends("EVDisconnected")
        await garage.box.plug()
        await garage.box.tap(BEN)
        await garage.box.draw(600)
        await garage.box.unplug()
        first, second = await home.sessions(2)
        assert (first["kind"], first["authority"], first["csms"], first["energy_wh"], first["cost"]) == ("ocpp", "ocpp", "office", 1000, 0)
        assert (second["kind"], second["authority"], second["name"], second["energy_wh"], second["cost"]) == (
            "local",
            "local",
            "Ben",
            600,
            0.3,
        )
        assert first["transaction"] == str(garage.bills()[0].id)
        assert first["started"] < first["ended"] <= second["started"] < second["ended"]
        published = [said.json for said in home.topics.said("charge_point/garage/history")]
        assert [entry["id"] for entry in published] == [first["id"], second["id"]]
        last = home.topics.said("charge_point/garage/last_session")[-1]
        assert (last.json["id"], last.retained) == (second["id"], True)
        status, table, _ = await home.process.command("history")
        assert status == 0
        assert "Ben" in table
        status, csv, _ = await home.process.command("history", "--csv")
        assert (status, len(csv.strip().splitlines())) == (0, 3)


async def test_every_decision_is_stored(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """`evbridge history --decisions` tells who was refused, and never a whole tag."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.box.tap(STRANGER)
        await garage.box.tap(CARD)
        await garage.settle()
        decisions = await home.process.history("--decisions")
        assert [(one["result"], one["reason"]) for one in decisions] == [("rejected", "rejected"), ("accepted", "waiting_for_plug")]
        assert CARD not in str(decisions)
