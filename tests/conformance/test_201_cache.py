"""OCPP 2.0.1, block C: the authorization cache, while the central system is there and while it is away."""

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cards201 import (
    FLEET,
    PRE,
    answers_once,
    asked,
    authorized,
    caches,
    charges_offline,
    is_refused,
    says,
    starts_asked,
    starts_unasked,
    stops,
    taps,
)
from tests.conformance.laboratory import COLLEAGUE, PARTNER, STRANGER, TAG
from tests.conformance.laboratory201 import Station201, bench201
from tests.peers.journal import Call

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = says("Accepted")
LIMIT_WH = 500


def on_invalid(*, stop: bool, energy_wh: int = 0) -> dict[str, Any]:
    """What becomes of a transaction whose card the central system refuses after the fact."""
    return {"TxCtrlr.StopTxOnInvalidId": stop, "TxCtrlr.MaxEnergyOnInvalidId": energy_wh}


# --- while the central system is there --------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_C_08_CS")
@pytest.mark.requirement("2.0.1 TC_C_33_CS")
async def test_a_cached_card_needs_no_question(station201: Station201) -> None:
    """What the central system answered once is remembered."""
    await station201.set(**PRE)
    await station201.knows(TAG)
    await station201.plugs()
    await starts_unasked(station201)


@pytest.mark.requirement("2.0.1 TC_C_36_CS")
async def test_a_cached_card_is_asked_about_where_the_central_system_wants_it(station201: Station201) -> None:
    await station201.set(**{"AuthCtrlr.LocalPreAuthorize": False})
    await station201.knows(TAG)
    await station201.plugs()
    await starts_asked(station201)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Invalid", marks=pytest.mark.requirement("2.0.1 TC_C_09_CS")),
        pytest.param("Blocked", marks=pytest.mark.requirement("2.0.1 TC_C_10_CS")),
        pytest.param("Expired", marks=pytest.mark.requirement("2.0.1 TC_C_11_CS")),
    ],
)
async def test_a_card_the_cache_refuses_is_asked_about(station201: Station201, status: str) -> None:
    """The central system still says no."""
    await station201.set(**PRE)
    await caches(station201, TAG, says(status))
    await station201.plugs()
    await answers_once(station201, "Authorize", says(status))
    await is_refused(station201)


@pytest.mark.requirement("2.0.1 TC_C_12_CS")
async def test_the_central_system_may_have_changed_its_mind_about_a_cached_card(station201: Station201) -> None:
    await station201.set(**PRE)
    await caches(station201, TAG, says("Invalid"))
    await station201.plugs()
    await starts_asked(station201)


@pytest.mark.requirement("2.0.1 TC_C_57_CS")
async def test_the_caches_no_may_be_final(station201: Station201) -> None:
    await station201.set(**PRE | {"AuthCacheCtrlr.DisablePostAuthorize": True})
    await caches(station201, TAG, says("Invalid"))
    await station201.plugs()
    await is_refused(station201, unasked=True)


@pytest.mark.requirement("2.0.1 TC_C_13_CS")
async def test_a_cached_card_before_the_plug(station201: Station201) -> None:
    """The transaction begins with the card where that is a start point; energy flows with the plug and not before."""
    await station201.set(**PRE | {"TxCtrlr.TxStartPoint": "Authorized"})
    await station201.knows(TAG)
    # the cache was filled by a tap, which began a transaction of its own
    assert await taps(station201) == "green"
    first = await authorized(station201)
    assert first.payload["eventType"] == "Started"
    await station201.settle()
    assert not station201.box.commands.enabled
    await station201.box.plug()
    await station201.sends("TransactionEvent", triggerReason="CablePluggedIn")
    await station201.box.charge()
    await station201.state("Charging")
    assert not asked(station201)


@pytest.mark.requirement("2.0.1 TC_C_32_CS")
async def test_the_cache_outlives_a_power_cut(tmp_path: Path) -> None:
    async with bench201(tmp_path) as lab:
        await lab.switched_on()
        station = lab.station
        await station.set(**PRE)
        await station.knows(TAG)
        await lab.loses_power()
        await station.reports("Available")
        await station.settle()
        await station.plugs()
        await starts_unasked(station)


@pytest.mark.requirement("2.0.1 TC_C_34_CS")
async def test_the_answer_to_a_transaction_event_is_remembered(station201: Station201) -> None:
    """It says Invalid of a card the cache accepts: next time the central system is asked again."""
    await station201.set(**PRE | on_invalid(stop=True))
    await station201.knows(TAG)
    await station201.plugs()
    await answers_once(station201, "TransactionEvent", says("Invalid"))
    assert await taps(station201) == "green"
    await station201.sends("TransactionEvent", triggerReason="Deauthorized")
    assert not asked(station201)
    await station201.box.unplug()
    await station201.reports("Available")
    await station201.plugs()
    assert await taps(station201) == "green"
    assert asked(station201) == [TAG]


@pytest.mark.requirement("2.0.1 TC_C_37_CS")
async def test_a_cleared_cache_knows_nobody(station201: Station201) -> None:
    await station201.set(**PRE)
    await station201.knows(TAG)
    assert await station201.answers("ClearCache") == "Accepted"
    await station201.plugs()
    await starts_asked(station201)


@pytest.mark.requirement("2.0.1 TC_C_38_CS")
async def test_a_cache_that_is_switched_off_is_not_cleared(station201: Station201) -> None:
    await station201.set(**{"AuthCacheCtrlr.Enabled": False})
    assert await station201.answers("ClearCache") == "Rejected"


@pytest.mark.requirement("2.0.1 TC_C_46_CS")
async def test_what_is_cached_grows_old(station201: Station201) -> None:
    """After AuthCacheCtrlr.LifeTime the central system is asked again; it passes while the card is learnt (a second without a plug)."""
    await station201.set(**PRE | {"AuthCacheCtrlr.LifeTime": 1})
    await station201.knows(TAG)
    await station201.plugs()
    await starts_asked(station201)


# --- groups -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_C_41_CS")
async def test_a_cached_card_of_the_group_stops_without_a_question(station201: Station201) -> None:
    await station201.set(**PRE)
    await station201.knows(PARTNER)
    await station201.knows(COLLEAGUE)
    await station201.plugs()
    await starts_unasked(station201, PARTNER)
    assert await taps(station201, COLLEAGUE) == "green"
    last = await stops(station201, COLLEAGUE)
    assert last.payload["eventType"] == "Ended"
    assert not asked(station201)


@pytest.mark.requirement("2.0.1 TC_C_44_CS")
async def test_a_card_of_the_group_that_the_cache_refuses_stops_nothing(station201: Station201) -> None:
    """The central system is asked, and says no, too."""
    bad = says("Invalid", group=FLEET)
    await station201.set(**PRE)
    await station201.knows(PARTNER)
    await caches(station201, COLLEAGUE, bad)
    await station201.plugs()
    await starts_unasked(station201, PARTNER)
    await answers_once(station201, "Authorize", bad)
    assert await taps(station201, COLLEAGUE) == "red"
    await station201.settle()
    assert asked(station201) == [COLLEAGUE]
    assert not station201.events(idToken={"idToken": COLLEAGUE})
    assert not station201.events(eventType="Ended")


@pytest.mark.requirement("2.0.1 TC_C_14_CS")
async def test_a_cached_master_pass_stops_without_a_question(station201: Station201) -> None:
    """Anybody's transaction; the last event says that it was a master pass."""
    await station201.set(**PRE | {"AuthCtrlr.MasterPassGroupId": "MASTER"})
    await answers_once(station201, "Authorize", says("Accepted", group={"idToken": "MASTER", "type": "Central"}))
    assert await taps(station201, COLLEAGUE) == "red"
    await station201.knows(TAG)
    await station201.plugs()
    await starts_unasked(station201)
    assert await taps(station201, COLLEAGUE) == "green"
    last = await stops(station201, COLLEAGUE)
    assert (last.payload["eventType"], last.payload["transactionInfo"]["stoppedReason"]) == ("Ended", "MasterPass")
    assert not asked(station201)


# --- while the central system is away ---------------------------------------------------------------------------------------------


async def charged_offline(station: Station201, info: dict[str, Any], tag: str = TAG) -> Call:
    """A card charges offline; on return the central system answers so. The start of the transaction."""
    await answers_once(station, "TransactionEvent", info)
    async with station.offline():
        await charges_offline(station, tag)
    start = await station.started()
    assert start.payload["offline"] is True
    return start


@pytest.mark.requirement("2.0.1 TC_C_15_CS")
async def test_a_card_refused_afterwards_charges_up_to_the_limit(station201: Station201) -> None:
    """StopTxOnInvalidId false, MaxEnergyOnInvalidId above 0: energy flows until that much was drawn."""
    await station201.set(**on_invalid(stop=False, energy_wh=LIMIT_WH))
    await station201.knows(TAG)
    await charged_offline(station201, says("Invalid"))
    await station201.box.draw(LIMIT_WH - 100)
    await station201.settle()
    assert station201.box.commands.enabled
    assert not station201.events(triggerReason="Deauthorized")
    assert not station201.events(transactionInfo={"chargingState": "SuspendedEVSE"})
    await station201.box.draw(200)
    await station201.box.held()
    await station201.state("SuspendedEVSE")


@pytest.mark.requirement("2.0.1 TC_C_16_CS")
async def test_a_card_refused_afterwards_is_stopped(station201: Station201) -> None:
    await station201.set(**on_invalid(stop=True))
    await station201.knows(TAG)
    await charged_offline(station201, says("Invalid"))
    await station201.sends("TransactionEvent", triggerReason="Deauthorized")
    await station201.box.held()


@pytest.mark.requirement("2.0.1 TC_C_17_CS")
async def test_a_card_refused_afterwards_is_suspended(station201: Station201) -> None:
    """StopTxOnInvalidId false: the energy stops, the transaction stays open."""
    await station201.set(**on_invalid(stop=False))
    await station201.knows(TAG)
    await charged_offline(station201, says("Invalid"))
    await station201.state("SuspendedEVSE")
    await station201.box.held()
    await station201.settle()
    assert not station201.events(eventType="Ended")


@pytest.mark.requirement("2.0.1 TC_C_18_CS")
async def test_to_stop_comes_before_the_limit(station201: Station201) -> None:
    """StopTxOnInvalidId true with MaxEnergyOnInvalidId: stopped; that happened online."""
    await station201.set(**on_invalid(stop=True, energy_wh=LIMIT_WH))
    await station201.knows(TAG)
    await charged_offline(station201, says("Invalid"))
    event = await station201.sends("TransactionEvent", triggerReason="Deauthorized")
    assert event.payload.get("offline", False) is False
    await station201.box.held()


@pytest.mark.requirement("2.0.1 TC_C_26_CS")
async def test_a_stranger_charges_offline_where_that_is_allowed(station201: Station201) -> None:
    """Refused on return: suspended; the same card ends it."""
    await station201.set(**on_invalid(stop=False) | {"AuthCtrlr.OfflineTxForUnknownIdEnabled": True})
    async with station201.offline():
        await charges_offline(station201, STRANGER)
    start = await station201.started(idToken={"idToken": STRANGER})
    assert start.payload["offline"] is True
    await station201.state("SuspendedEVSE")
    assert await taps(station201, STRANGER) == "green"
    await stops(station201, STRANGER)
