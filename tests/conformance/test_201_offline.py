"""OCPP 2.0.1, block E: transactions while the central system is away, or does not take what it is told, and whether any are left."""

from typing import Any

import pytest

from tests.conformance.laboratory import COLLEAGUE, PARTNER, STRANGER, TAG
from tests.conformance.laboratory201 import Station201, samples, token, transaction_of
from tests.conformance.times import gaps_ms

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENT = "TransactionEvent"
SLOWLY_S = 3.0
"""A central system that takes its time: the queue waits meanwhile."""
SLACK_MS = 20
TOLERANCE_MS = 4000
"""Of the laboratories, for intervals (conformance.md §0.1)."""


async def status(station: Station201, transaction: str | None = None) -> tuple[bool | None, bool]:
    """GetTransactionStatus: ongoing (None: not told), and whether messages wait."""
    answer = await station.call("GetTransactionStatus", **({} if transaction is None else {"transactionId": transaction}))
    return answer.get("ongoingIndicator"), answer["messagesInQueue"]


async def slowly(station: Station201) -> None:
    """From now on TransactionEvents are answered late."""
    await station.csms.answer(EVENT, identity=station.identity, delay_s=SLOWLY_S)


async def remotely(station: Station201, tag: str = TAG) -> str:
    """Plug in and charge, started from afar; the mark is set behind it. The transaction's id."""
    await station.set(**{"AuthCtrlr.AuthorizeRemoteStart": False})
    await station.plugs()
    assert await station.answers("RequestStartTransaction", evseId=1, remoteStartId=1, idToken=token(tag)) == "Accepted"
    await station.box.charge()
    charging = await station.state("Charging")
    await station.settle()
    station.mark()
    return transaction_of(charging)


# --- what is left -------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_E_28_CS")
@pytest.mark.requirement("2.0.1 TC_E_34_CS")
async def test_nothing_has_happened(station201: Station201) -> None:
    """Of an unknown transaction, and of any."""
    assert await status(station201, "unknown") == (False, False)
    assert await status(station201) == (None, False)


@pytest.mark.requirement("2.0.1 TC_E_30_CS")
@pytest.mark.requirement("2.0.1 TC_E_32_CS")
async def test_a_transaction_that_has_been_told(station201: Station201) -> None:
    """While it runs, and when it is over."""
    transaction = await station201.charges()
    assert await status(station201, transaction) == (True, False)
    await station201.ends()
    await station201.settle()
    assert await status(station201, transaction) == (False, False)


@pytest.mark.requirement("2.0.1 TC_E_29_CS")
@pytest.mark.requirement("2.0.1 TC_E_33_CS")
async def test_a_running_transaction_with_messages_in_the_queue(station201: Station201) -> None:
    """The answer comes at once, before the queue is delivered."""
    transaction = await station201.charges()
    await station201.set(**{"SampledDataCtrlr.TxUpdatedInterval": 1})
    async with station201.offline():
        await station201.topics.shows(f"charge_point/{station201.name}/ocpp/queue", "2")
        await slowly(station201)
    assert await status(station201, transaction) == (True, True)
    assert await status(station201) == (None, True)
    await station201.csms.answer_as_usual(EVENT)
    event = await station201.sends(EVENT, eventType="Updated", offline=True)
    assert samples(event, context="Sample.Periodic")


@pytest.mark.requirement("2.0.1 TC_E_31_CS")
async def test_a_transaction_that_ended_with_messages_in_the_queue(station201: Station201) -> None:
    transaction = await station201.charges()
    async with station201.offline():
        await station201.box.unplug()
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Available")
        await slowly(station201)
    assert await status(station201, transaction) == (False, True)
    await station201.csms.answer_as_usual(EVENT)
    await station201.ended(transactionInfo={"transactionId": transaction})


# --- the central system is away -----------------------------------------------------------------------------------------------------


def all_offline(station: Station201, events: list[Any]) -> None:
    """All of them say so, and their numbers go on without a gap."""
    assert {event.payload.get("offline", False) for event in events} == {True}
    numbers = [event.payload["seqNo"] for event in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), station.csms.story()


@pytest.mark.requirement("2.0.1 TC_E_40_CS")
async def test_readings_of_an_outage_say_so(station201: Station201) -> None:
    """The link breaks during a transaction: every reading of the outage is there afterwards."""
    await station201.charges()
    await station201.set(**{"SampledDataCtrlr.TxUpdatedInterval": 1})
    async with station201.offline():
        await station201.topics.shows(f"charge_point/{station201.name}/ocpp/queue", "3")
    await station201.sends(EVENT, count=4)
    told = station201.events(offline=True)
    assert len(told) >= 3
    all_offline(station201, told)
    assert all(samples(event, context="Sample.Periodic") for event in told)


@pytest.mark.requirement("2.0.1 TC_E_43_CS")
async def test_a_whole_transaction_offline(station201: Station201) -> None:
    """A card known from before, from the first event to the last."""
    await station201.knows(TAG)
    async with station201.offline():
        await station201.box.plug()
        assert (await station201.box.tap(PARTNER)).led == "red"
        assert (await station201.box.tap(TAG)).led == "green"
        await station201.box.draw(900)
        await station201.box.unplug()
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Available")
    await station201.ended()
    events = station201.events()
    assert [event.payload["eventType"] for event in (events[0], events[-1])] == ["Started", "Ended"]
    assert events[0].payload["seqNo"] == 0
    all_offline(station201, events)
    [one] = station201.csms.transactions(station201.identity)
    assert one.energy_wh == 900


@pytest.mark.requirement("2.0.1 TC_E_44_CS")
async def test_the_card_ends_it_offline(station201: Station201) -> None:
    transaction = await remotely(station201)
    async with station201.offline():
        assert (await station201.box.tap(TAG)).reason == "stopped"
        await station201.box.held()
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Finishing")
    last = await station201.ended(triggerReason="StopAuthorized", transactionInfo={"transactionId": transaction})
    await station201.settle()
    all_offline(station201, station201.events())
    assert last.payload["idToken"]["idToken"] == TAG
    assert len(station201.sent(EVENT, eventType="Ended")) == 1


@pytest.mark.requirement("2.0.1 TC_E_45_CS")
async def test_a_card_of_the_same_group_ends_it_offline(station201: Station201) -> None:
    """The cache knows the group of both."""
    await station201.knows(COLLEAGUE)
    await station201.charges(PARTNER)
    async with station201.offline():
        assert (await station201.box.tap(COLLEAGUE)).reason == "stopped"
        await station201.box.held()
        await station201.topics.shows(f"charge_point/{station201.name}/status", "Finishing")
    await station201.ended(triggerReason="StopAuthorized", idToken={"idToken": COLLEAGUE})
    await station201.settle()
    all_offline(station201, station201.events())
    assert len(station201.sent(EVENT, eventType="Ended")) == 1


# --- the central system does not take it --------------------------------------------------------------------------------------------


async def patience(station: Station201, attempts: int) -> None:
    """MessageAttempts and, between them, a second more each time."""
    await station.set(
        **{
            "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": attempts,
            "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": 1,
        },
    )


def same(events: list[Any]) -> None:
    """The same message, each time a second later than the time before."""
    assert all(event.payload == events[0].payload for event in events)
    waits_ms = gaps_ms([event.frame.at_ms for event in events])
    assert all(-SLACK_MS <= wait_ms - 1000 * number <= TOLERANCE_MS for number, wait_ms in enumerate(waits_ms, start=1)), waits_ms


@pytest.mark.requirement("2.0.1 TC_E_50_CS")
async def test_what_is_never_taken_is_given_up(station201: Station201) -> None:
    """Three times and no more; then the next message goes. It is kept for the operator."""
    await patience(station201, 3)
    await station201.plugs()
    await station201.csms.answer(EVENT, identity=station201.identity, error="InternalError", times=3)
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.box.charge()
    await station201.state("Charging")
    await station201.settle()
    same(station201.sent(EVENT, eventType="Started"))
    assert len(station201.sent(EVENT, eventType="Started")) == 3
    await station201.topics.shows(f"charge_point/{station201.name}/ocpp/parked", "1")


@pytest.mark.requirement("2.0.1 TC_E_51_CS")
async def test_what_is_taken_in_the_end_is_told_once_more(station201: Station201) -> None:
    await patience(station201, 3)
    await station201.plugs()
    await station201.csms.answer(EVENT, identity=station201.identity, error="InternalError", times=1)
    assert (await station201.box.tap(TAG)).led == "green"
    await station201.box.charge()
    await station201.state("Charging")
    await station201.settle()
    starts = station201.sent(EVENT, eventType="Started")
    assert len(starts) == 2
    same(starts)


# --- nobody is asked ----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_E_52_CS")
async def test_an_unknown_card_where_nobody_may_be_asked(station201: Station201) -> None:
    """DisableRemoteAuthorization: no question, and no energy, not even after the plug."""
    await station201.set(**{"AuthCtrlr.DisableRemoteAuthorization": True})
    assert (await station201.box.tap(STRANGER)).led == "red"
    await station201.plugs()
    assert (await station201.box.tap(PARTNER)).led == "red"
    await station201.settle()
    assert station201.told() == []
    assert True not in station201.box.enabled_history
