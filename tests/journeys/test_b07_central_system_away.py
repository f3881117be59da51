"""B7: the central system is away: records queue and are sent on return, taps are decided by what is known here."""

from pathlib import Path

import pytest

from tests.journeys.house import BEN, CARD, OTHER, STRANGER, house
from tests.peers.broker import Mosquitto

pytestmark = pytest.mark.requirement("B7")


async def test_a_session_wholly_offline_arrives_complete_in_order_with_its_times(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Begun and ended without the central system, by a card it had accepted before; on its return everything comes, once."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.charges(CARD)
        await garage.box.unplug()
        await garage.ends("EVDisconnected")
        await garage.settle()
        async with garage.offline():
            await garage.box.tap(OTHER)  # so that the next tap is no repeat of the last one
            await garage.box.plug()
            assert (await garage.box.tap(CARD)).led == "green"
            await garage.box.draw(3000)
            await home.topics.shows("charge_point/garage/energy_wh", "3000")
            await garage.box.unplug()
            ended = (await home.topics.hears("charge_point/garage/history", count=2)).json
        bill = await garage.ends("EVDisconnected")
        assert bill.energy_wh == 3000
        assert (bill.started, bill.stopped) == (ended["started"], ended["ended"])
        await home.topics.shows("charge_point/garage/ocpp/queue", "0")
        assert (garage.tells()[0], garage.tells()[-1]) == ("start", "stop")
        assert len(garage.bills()) == 2


async def test_an_unknown_card_gets_red_and_a_local_user_green(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Nobody knows the roaming card while the central system is away; Ben's permission is local anyway."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage, garage.offline():
        await garage.box.plug()
        refused = await garage.box.tap(OTHER)
        assert (refused.led, refused.reason) == ("red", "backend_away")
        accepted = await garage.box.tap(BEN)
        assert (accepted.led, accepted.authority) == ("green", "local")
        await garage.box.released()
        await home.topics.shows("charge_point/garage/online", "false")


async def test_a_question_lost_with_the_link_is_decided_at_once(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """The socket closes while the card is being asked about: the cache decides, and the driver does not wait eight seconds."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.knows(CARD)
        await garage.box.plug()
        await garage.box.tap(STRANGER)  # so that the next tap is no repeat of the last one
        await home.csms.answer("Authorize", close=True, times=1)
        decision = await garage.box.tap(CARD)
        assert (decision.led, decision.reason) == ("green", "accepted")
        assert decision.after_s < 4
        await garage.begins(CARD)


async def test_the_queue_survives_a_power_cut(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """Away, and then the bridge is killed: what was queued is delivered after its restart, with the times it had."""
    async with house(tmp_path, broker, protocol=protocol) as home, home.garage() as garage:
        await garage.knows(CARD)
        async with garage.offline():
            await garage.box.tap(OTHER)  # so that the next tap is no repeat of the last one
            await garage.box.plug()
            await garage.box.tap(CARD)
            await garage.box.draw(1500)
            await garage.box.unplug()
            ended = (await home.topics.hears("charge_point/garage/history")).json
            await home.process.kill()
            await home.process.start(online=[])
        bill = await garage.ends("EVDisconnected")
        assert (bill.started, bill.stopped) == (ended["started"], ended["ended"])
        assert len(garage.bills()) == 1


async def test_a_refused_record_is_parked_and_can_be_replayed(tmp_path: Path, broker: Mosquitto) -> None:
    """The central system answers StartTransaction with errors: later records go on with -1; an operator's replay bills it after all."""
    variables = {"TransactionMessageAttempts": 2, "TransactionMessageRetryInterval": 1}
    async with house(tmp_path, broker, charge_points={"garage": {"variables": variables}}) as home, home.station() as garage:
        await home.csms.answer("StartTransaction", error="PropertyConstraintViolation", times=2)
        await garage.box.plug()
        await garage.box.tap(CARD)
        await garage.box.draw(800)
        await garage.sends("StartTransaction", count=2)
        await home.topics.shows("charge_point/garage/ocpp/parked", "1")
        await garage.box.unplug()
        await garage.sends("StopTransaction", transactionId=-1)
        records = (await home.topics.ask("queue", charge_point="garage"))["data"]["records"]
        parked = [record for record in records if record["state"] == "parked"]
        assert [record["kind"] for record in parked] == ["start"]
        answer = await home.topics.ask("queue_replay", charge_point="garage", session=parked[0]["session"])
        assert answer["status"] == "ok"
        start = await garage.sends("StartTransaction", count=3)
        assert start.answer is not None
        stop = await garage.sends("StopTransaction", count=2)
        assert stop.payload["transactionId"] == start.answer["transactionId"]
        await home.topics.shows("charge_point/garage/ocpp/parked", "0")
        assert {call.payload["timestamp"] for call in garage.sent("StartTransaction")} == {start.payload["timestamp"]}
