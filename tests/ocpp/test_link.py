"""A charge point's link against a central system over real websockets: registration, questions, records, requests, restart."""

import asyncio
import logging
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from bridge.core.backend import (
    AuthorizeAnswered,
    AuthorizeFailed,
    BackendOffline,
    BackendOnline,
    ReadingRequested,
    RecordDelivered,
    ResetKind,
    ResetRequested,
)
from bridge.core.effects import AnnounceReading, AnnounceStatus, Answer, Outcome, RestartStation
from bridge.core.events import AnyEvent
from bridge.core.settings import Settings
from bridge.core.state import Asking, Hardware
from bridge.core.values import QuestionId, Reading, ReadingContext, TagInfo, Verdict
from bridge.errors import StoreDamaged
from bridge.ocpp.attempts import HOUR_MS
from bridge.ocpp.dialect import JsonObject, Outgoing, Registered
from bridge.ocpp.v16.dialect import Dialect16
from tests.ocpp.conftest import Links
from tests.ocpp.stations import FAST, MS, FakeStation, link_to, question, records_of
from tests.ocpp.wires import FakeNetwork, FakeWire, settled
from tests.ocpp.worlds import READING, TAG
from tests.peers.central_system import Ask, Behaviour, CallFailed, CentralSystem, Close, Delay, Error, Say, Silence

UNREACHABLE = "ws://fake.invalid"
ACCEPTED = {"currentTime": "2026-11-22T12:00:00Z", "interval": 300, "status": "Accepted"}


def change_hardware(station: FakeStation, **fields: Any) -> None:  # noqa: ANN401 - fields of Hardware
    station.state = replace(station.state, hardware=Hardware(online=True, live=True, **fields))
    station.perform(AnnounceStatus())


async def registered(csms: CentralSystem, station: FakeStation) -> None:
    """Boot and the round of statuses are over."""
    await csms.saw("BootNotification", "StatusNotification", "StatusNotification")
    await csms.until(lambda: True if all(call.answer is not None for call in csms.calls()) else None, "quiet")
    await station.heard(BackendOnline)


# --- the disk ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connected", [True, False])
async def test_a_damaged_database_is_nobodys_link(csms: CentralSystem, station: FakeStation, connected: bool) -> None:
    """To connect anew would not mend it: the process ends, and the next one has a sound one. Also where nobody is there to connect to."""
    damage: list[StoreDamaged] = []

    def read() -> None:
        if damage:
            raise damage[0]

    station.next_record = station.replay_due = read  # type: ignore[method-assign]
    running = asyncio.create_task(link_to(station, csms.url if connected else UNREACHABLE).run(), name="link under test")
    assert station.link is not None
    if connected:
        await registered(csms, station)
    else:
        await station.until(lambda: station.error is not None)
    damage.append(StoreDamaged("the database is damaged"))
    if connected:
        station.wake()
    else:
        station.link._soon(station.replay_due)
    with pytest.raises(StoreDamaged):
        await running


# --- registration -------------------------------------------------------------------------------------------------------------------


async def test_a_station_registers_and_tells_its_statuses(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    calls = await csms.saw("BootNotification", "StatusNotification", "StatusNotification")
    assert [call.payload["connectorId"] for call in calls[1:]] == [0, 1]
    await station.heard(BackendOnline)
    assert station.shown[-1] == (True, "Accepted", None)
    assert csms.connections[0].headers["User-Agent"].startswith("evbridge/")


async def test_the_central_systems_clock_is_told(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("BootNotification", {**ACCEPTED, "currentTime": "2000-01-01T00:00:00Z"})
    links.start(station, csms.url)
    online = await station.heard(BackendOnline)
    assert abs(online.clock_offset_ms - (946_684_800_000 - online.at.utc_ms)) < 1000


@pytest.mark.requirement("1.6 TC_001_CS")
async def test_rejected_sends_nothing_until_the_interval(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """Then it registers and goes on as usual."""
    csms.on("BootNotification", {**ACCEPTED, "status": "Rejected", "interval": 50}, ACCEPTED)
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    await csms.saw_times("BootNotification", 1)
    await station.until(lambda: "accept it there" in (station.error or ""))
    csms.send('[2,"x","GetConfiguration",{}]')
    station.perform(question())
    await station.heard(AuthorizeFailed)
    assert csms.actions() == ["BootNotification"]
    calls = await csms.saw("BootNotification", "BootNotification", "StatusNotification", "StatusNotification", "StartTransaction")
    assert calls[1].frame.at_ms - calls[0].frame.at_ms >= 49
    assert not [frame for frame in csms.frames if frame.from_station and '"x"' in frame.text], "nothing is answered either"
    assert station.error is None


@pytest.mark.requirement("1.6 TC_002_CS")
async def test_pending_answers_and_sends_only_what_is_triggered(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("BootNotification", {**ACCEPTED, "status": "Pending", "interval": 100}, ACCEPTED)
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    await csms.saw("BootNotification")
    assert await csms.call("GetConfiguration", {"key": ["HeartbeatInterval"]})
    assert await csms.call("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}) == {"status": "Accepted"}
    await csms.saw("StatusNotification")
    assert csms.actions() == ["BootNotification", "StatusNotification"]
    assert not station.of(BackendOnline)
    await csms.saw("BootNotification", "BootNotification", "StartTransaction")


@pytest.mark.requirement("W13")
async def test_boot_answered_with_an_error_is_repeated(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("BootNotification", Error("InternalError"), {"status": "Maybe"}, {**ACCEPTED, "interval": 0})
    links.start(station, csms.url)
    await station.until(lambda: "InternalError" in (station.error or ""))
    boots = await csms.saw_times("BootNotification", 3)
    assert all(later.frame.at_ms - earlier.frame.at_ms >= 59 for earlier, later in pairwise(boots))
    await station.heard(BackendOnline)


async def test_heartbeats_come_in_the_interval_told(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("BootNotification", {**ACCEPTED, "interval": 20})
    links.start(station, csms.url)
    beats = await csms.saw_times("Heartbeat", 3)
    assert beats[2].frame.at_ms - beats[1].frame.at_ms >= 19


async def test_a_configured_heartbeat_wins(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    station.change(heartbeat_s=20)
    links.start(station, csms.url)
    await csms.saw_times("Heartbeat", 2)


async def test_a_clock_that_wanders_off_is_told_again(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("BootNotification", {**ACCEPTED, "interval": 20})
    csms.on("Heartbeat", {"currentTime": "2026-01-01T00:00:00Z"}, {"currentTime": "2026-01-01T00:01:00Z"})
    links.start(station, csms.url)
    await station.heard(BackendOnline, 3)
    first, second, third = (event.clock_offset_ms for event in station.of(BackendOnline))
    assert first > second
    assert third - second == pytest.approx(60_000, abs=1000)


async def test_a_clock_that_only_jitters_is_told_once(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("BootNotification", {**ACCEPTED, "interval": 20})
    csms.on("Heartbeat", {"currentTime": ACCEPTED["currentTime"]})
    links.start(station, csms.url)
    await csms.saw_times("Heartbeat", 4)
    assert len(station.of(BackendOnline)) == 1


async def test_triggered_messages_follow_their_answer(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await registered(csms, station)
    for message, action in [
        ("Heartbeat", "Heartbeat"),
        ("FirmwareStatusNotification", "FirmwareStatusNotification"),
        ("DiagnosticsStatusNotification", "DiagnosticsStatusNotification"),
    ]:
        answer = await csms.call("TriggerMessage", {"requestedMessage": message})
        assert answer == {"status": "Accepted"}
        [call] = await csms.saw(action)
        place = csms.frames.index(call.frame)
        assert '"Accepted"' in csms.frames[place - 1].text, "the answer first"


async def test_a_triggered_reading_is_the_cores_business(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await registered(csms, station)
    await csms.call("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1})
    await station.heard(ReadingRequested)
    station.perform(AnnounceReading(reading=replace(READING, context=ReadingContext.TRIGGER)))
    [call] = await csms.saw("MeterValues")
    assert "transactionId" not in call.payload


async def test_a_triggered_boot_while_pending(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("BootNotification", {**ACCEPTED, "status": "Pending", "interval": 86_400}, ACCEPTED)
    links.start(station, csms.url)
    await csms.saw("BootNotification")
    await csms.call("TriggerMessage", {"requestedMessage": "BootNotification"})
    await csms.saw("BootNotification", "BootNotification")
    await station.heard(BackendOnline)


# --- statuses -----------------------------------------------------------------------------------------------------------------------


async def test_a_status_is_told_when_it_changes(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await registered(csms, station)
    change_hardware(station, plugged=True)
    calls = await csms.saw_times("StatusNotification", 3)
    assert (calls[2].payload["connectorId"], calls[2].payload["status"]) == (1, "Preparing")


async def test_the_newest_status_is_told_and_none_in_between(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """What has passed while the central system was slow is not replayed."""
    csms.on("Authorize", Delay(30 * MS, {"idTagInfo": {"status": "Accepted"}}))
    links.start(station, csms.url)
    await registered(csms, station)
    station.perform(question())
    change_hardware(station, plugged=True)
    change_hardware(station, plugged=False)
    change_hardware(station, plugged=True, fault="GroundFailure")
    calls = await csms.saw_times("StatusNotification", 3)
    assert calls[2].payload["status"] == "Faulted"


async def test_a_flutter_shorter_than_the_minimum_is_not_told(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    station.change(minimum_status_s=30)
    links.start(station, csms.url)
    await registered(csms, station)
    change_hardware(station, plugged=True)
    change_hardware(station, plugged=False)
    change_hardware(station, plugged=True, fault="GroundFailure")
    calls = await csms.saw_times("StatusNotification", 3)
    assert calls[2].payload["status"] == "Faulted"
    assert calls[2].frame.at_ms - calls[1].frame.at_ms >= 29


async def test_a_status_lasts_from_its_change_even_while_the_link_is_busy(station: FakeStation, links: Links) -> None:
    station.change(minimum_status_s=30)
    wire = FakeWire()
    links.start(station, UNREACHABLE, connect=FakeNetwork(wire), settings=replace(FAST, call_timeout_s=60))
    await settled()
    for payload in (ACCEPTED, {}, {}):
        await wire.answer(payload)
    station.perform(question())
    change_hardware(station, plugged=True)
    await asyncio.sleep(40 * MS)
    await wire.answer({"idTagInfo": {"status": "Accepted"}})
    assert wire.sent[-1][3]["status"] == "Preparing"


# --- questions ----------------------------------------------------------------------------------------------------------------------


async def test_a_tap_is_asked_and_answered(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("Authorize", {"idTagInfo": {"status": "Blocked", "parentIdTag": "FLEET"}})
    links.start(station, csms.url)
    await registered(csms, station)
    station.perform(question())
    answered = await station.heard(AuthorizeAnswered)
    assert (answered.question, answered.tag) == (question().question, TAG)
    assert answered.info == TagInfo(verdict=Verdict.BLOCKED, group="FLEET")


async def test_a_question_is_on_the_wire_before_perform_returns(station: FakeStation, links: Links) -> None:
    """Our share of the time between tap and lamp is as small as it can be."""
    wire = FakeWire()
    links.start(station, UNREACHABLE, connect=FakeNetwork(wire))
    await settled()
    for payload in (ACCEPTED, {}, {}):
        await wire.answer(payload)
    station.perform(question())
    assert wire.actions[-1] == "Authorize"


@pytest.mark.parametrize("behaviour", [Error("InternalError"), {"idTagInfo": {}}, Say(('[3,"{id}",7]',))])
async def test_a_question_answered_with_nonsense_has_failed(
    csms: CentralSystem, station: FakeStation, links: Links, behaviour: Behaviour
) -> None:
    """A central system that can't read its own answer does not keep the driver waiting."""
    csms.on("Authorize", behaviour)
    links.start(station, csms.url)
    await registered(csms, station)
    station.perform(question())
    failed = await station.heard(AuthorizeFailed)
    assert failed.question == question().question
    station.perform(question())
    await station.heard(AuthorizeFailed, 2)
    assert len(csms.connections) == 1, "a broken answer is an answer: nobody waits for another"


async def test_a_question_fails_at_once_while_the_central_system_is_away(station: FakeStation, links: Links) -> None:
    links.start(station, UNREACHABLE, connect=FakeNetwork())
    station.perform(question())
    assert not station.events, "not inside the effect that asked"
    await station.heard(AuthorizeFailed)


async def test_questions_die_with_the_link(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("Authorize", Close(None))
    links.start(station, csms.url)
    await registered(csms, station)
    station.perform(question("one"))
    station.perform(question("two"))
    await station.heard(AuthorizeFailed, 2)
    await csms.saw_times("StatusNotification", 4)
    assert len(csms.calls("Authorize")) == 1


async def test_a_question_that_waited_too_long_is_not_asked(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """The core has decided by other means (B3)."""
    csms.on("Authorize", Delay(60 * MS, {"idTagInfo": {"status": "Accepted"}}))
    links.start(station, csms.url)
    await registered(csms, station)
    now_s = asyncio.get_running_loop().time()
    station.perform(question("first"))
    person = station.person(TAG)
    pending = Asking(question=QuestionId("late"), person=person, tag=TAG, mode=None, origins=(), until_s=now_s + 20 * MS, known=None)
    station.state = replace(station.state, pending=pending)
    station.perform(question("late"))
    change_hardware(station, plugged=True)
    await csms.saw("Authorize", "StatusNotification")
    assert len(csms.calls("Authorize")) == 1


@pytest.mark.requirement("W4")
async def test_a_late_answer_is_not_taken_for_another(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on(
        "Authorize",
        Say(('[3,"some-other-id",{"idTagInfo":{"status":"Accepted"}}]', '[3,"{id}",{"idTagInfo":{"status":"Invalid"}}]', '[3,"{id}",{}]')),
    )
    links.start(station, csms.url)
    await registered(csms, station)
    station.perform(question())
    assert (await station.heard(AuthorizeAnswered)).info.verdict is Verdict.INVALID
    change_hardware(station, plugged=True)
    await csms.saw("Authorize", "StatusNotification")
    assert len(station.of(AuthorizeAnswered)) == 1


# --- records ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_039_CS")
async def test_a_session_from_offline_times_arrives_in_order_with_the_id_of_its_start(
    csms: CentralSystem, station: FakeStation, links: Links
) -> None:
    csms.on("StartTransaction", {"transactionId": 0, "idTagInfo": {"status": "Accepted"}})
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    start, sample, stop = await csms.saw("StartTransaction", "MeterValues", "StopTransaction")
    assert (sample.payload["transactionId"], stop.payload["transactionId"]) == (0, 0), "zero is an id like any other"
    await station.until(lambda: len(station.delivered) == 3)
    assert start.payload["timestamp"] == "2026-11-22T10:45:10.147Z"
    assert [event.starts for event in station.of(RecordDelivered)] == [True, False, False]


async def test_an_error_is_tried_again_after_a_wait_under_a_new_id(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    station.change(retry_s=30)
    csms.on("StartTransaction", Error("InternalError"), Error("InternalError"), {"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    first, second, third, _ = await csms.saw("StartTransaction", "StartTransaction", "StartTransaction", "StopTransaction")
    assert first.payload == second.payload == third.payload
    assert len({first.id, second.id, third.id}) == 3
    assert second.frame.at_ms - first.frame.at_ms >= 29
    assert third.frame.at_ms - second.frame.at_ms >= 59
    assert {call.frame.connection for call in (first, second, third)} == {1}


@pytest.mark.requirement("W5")
@pytest.mark.parametrize("code, hours", [("InternalError", 1), ("FormationViolation", None), ("SomethingNew", None)])
async def test_a_start_that_is_refused_for_good_is_put_aside_and_the_rest_goes_on(
    csms: CentralSystem, station: FakeStation, links: Links, code: str, hours: int | None
) -> None:
    """Its meter values and stop carry -1 (1.6 errata 3.18)."""
    station.change(retry_s=1)
    csms.on("StartTransaction", Error(code, f"no {TAG.text}"))
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    *_, sample, stop = await csms.saw(*["StartTransaction"] * 3, "MeterValues", "StopTransaction")
    assert len(csms.calls("StartTransaction")) == 3
    assert (sample.payload["transactionId"], stop.payload["transactionId"]) == (-1, -1)
    await station.until(lambda: len(station.delivered) == 2)
    [parked] = station.parked
    assert TAG.text not in parked.error, "the text of the peer is masked"
    now_ms = station.of(RecordDelivered)[0].at.utc_ms
    assert parked.retry_ms == (None if hours is None else pytest.approx(now_ms + hours * HOUR_MS, abs=5000))


@pytest.mark.requirement("W3")
async def test_silence_closes_the_link_and_the_same_frame_goes_again(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """It counts as an attempt, since pongs came all the while."""
    station.change(ping_s=20)
    csms.on("StartTransaction", Silence(), {"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
    station.record(*records_of("s1"))
    links.start(station, csms.url, settings=replace(FAST, call_timeout_s=400 * MS))
    first, second, _ = await csms.saw("StartTransaction", "StartTransaction", "StopTransaction")
    assert (first.frame.connection, second.frame.connection) == (1, 2)
    assert first.frame.text == second.frame.text
    await station.until(lambda: len(station.delivered) == 3)
    assert station.delivered[0].attempts == 1
    assert any("no answer to StartTransaction" in (shown[2] or "") for shown in station.shown)


async def test_a_cut_while_a_record_is_open_sends_the_same_frame_again(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("StartTransaction", Close(None), Close(1001), {"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    first, second, third, _ = await csms.saw("StartTransaction", "StartTransaction", "StartTransaction", "StopTransaction")
    assert first.frame.text == second.frame.text == third.frame.text
    await station.until(lambda: len(station.delivered) == 3)
    assert station.delivered[0].attempts == 0, "no attempt was counted"


@pytest.mark.requirement("W10")
async def test_a_message_too_long_for_the_central_system_does_not_block_the_queue(
    csms: CentralSystem, station: FakeStation, links: Links
) -> None:
    csms.on("MeterValues", Close(1009, "message too big"))
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    await csms.saw("StartTransaction", "MeterValues", "MeterValues", "MeterValues", "StopTransaction")
    await station.until(lambda: len(station.delivered) == 2)
    [parked] = station.parked
    assert "1009" in parked.error
    assert parked.retry_ms is not None


async def test_a_record_without_a_message_counts_as_delivered(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """A reading that has nothing of what is configured."""
    station.change(sampled=("Voltage",))
    start, sample, stop = records_of("s1")
    bare = replace(sample, reading=Reading(utc_ms=READING.utc_ms, register_wh=1))
    station.record(start, bare, stop)
    links.start(station, csms.url)
    await csms.saw("StartTransaction", "StopTransaction")
    await station.until(lambda: len(station.delivered) == 3)
    assert not csms.calls("MeterValues")


async def test_parked_sessions_are_looked_for(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await station.until(lambda: station.replays >= 3)


async def test_parked_sessions_are_looked_for_as_soon_as_the_central_system_is_back(
    csms: CentralSystem, station: FakeStation, links: Links
) -> None:
    links.start(station, csms.url, settings=replace(FAST, replay_s=3600.0))
    await station.until(lambda: station.replays == 1)
    csms.cut()
    await station.until(lambda: station.replays == 2)


async def test_statuses_go_before_transactions_on_every_connection(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    station.record(*records_of("s1"))
    csms.on("StartTransaction", Close(None), {"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
    links.start(station, csms.url)
    await csms.saw("StopTransaction")
    assert csms.actions(connection=1) == ["BootNotification", "StatusNotification", "StatusNotification", "StartTransaction"]
    assert csms.actions(connection=2)[:3] == ["StatusNotification", "StatusNotification", "StartTransaction"]


# --- reconnecting -------------------------------------------------------------------------------------------------------------------


async def test_a_reconnect_tells_statuses_without_boot(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """OCPP-J 1.6 §5.4."""
    links.start(station, csms.url)
    await registered(csms, station)
    csms.cut()
    await station.heard(BackendOnline, 2)
    assert len(station.of(BackendOffline)) == 1, "two signs of one loss are one loss"
    await csms.saw_times("StatusNotification", 4)
    assert csms.actions(connection=2) == ["StatusNotification", "StatusNotification"]


@pytest.mark.parametrize("amnesia", [Error("SecurityError"), Silence()])
async def test_a_central_system_that_lost_its_memory_gets_a_boot(
    csms: CentralSystem, station: FakeStation, links: Links, amnesia: Behaviour
) -> None:
    links.start(station, csms.url)
    await registered(csms, station)
    csms.on("StatusNotification", amnesia, {})
    csms.cut()
    await csms.saw("BootNotification", "BootNotification", "StatusNotification", "StatusNotification")


@pytest.mark.parametrize("kind", [ResetKind.SOFT, ResetKind.HARD])
async def test_a_restart_of_the_station_reconnects_and_boots(
    csms: CentralSystem, station: FakeStation, links: Links, kind: ResetKind
) -> None:
    """The answer to Reset first, then a polite end, then BootNotification."""

    def core(event: AnyEvent) -> None:
        if isinstance(event, ResetRequested):
            station.perform(Answer(request=event.request, outcome=Outcome.ACCEPTED))
            station.perform(RestartStation(kind=event.kind))
            station.perform(RestartStation(kind=event.kind))

    station.on_event = core
    links.start(station, csms.url)
    await registered(csms, station)
    assert await csms.call("Reset", {"type": kind.value}) == {"status": "Accepted"}
    assert (await csms.gone())[0] == 1001
    await csms.connected(2)
    await csms.saw("BootNotification", "BootNotification", "StatusNotification", "StatusNotification")
    assert len(csms.connections) == 2


@pytest.mark.requirement("1.6 TC_016_CS")
async def test_a_soft_restart_lets_the_end_of_the_session_go_first(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await registered(csms, station)
    station.perform(RestartStation(kind=ResetKind.SOFT))
    station.record(*records_of("s1"))
    await csms.saw("StopTransaction", "BootNotification")
    [stop] = csms.calls("StopTransaction")
    assert stop.frame.connection == 1


@pytest.mark.requirement("1.6 TC_015_CS")
async def test_a_hard_restart_waits_only_for_the_open_call(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("StartTransaction", Delay(30 * MS, {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}))
    links.start(station, csms.url)
    await registered(csms, station)
    station.record(*records_of("s1"))
    await csms.saw("StartTransaction")
    station.perform(RestartStation(kind=ResetKind.HARD))
    start, boot, stop = await csms.saw("StartTransaction", "BootNotification", "StopTransaction")
    assert start.answer is not None
    assert (start.frame.connection, boot.frame.connection, stop.frame.connection) == (1, 2, 2)
    assert stop.payload["transactionId"] == 7


async def test_nothing_new_is_begun_before_a_hard_restart(station: FakeStation, links: Links) -> None:
    """And what still comes in on the old connection is nobody's business."""

    class Polite(FakeWire):
        async def close(self, code: int, reason: str) -> None:
            self.closed_with = code

    first, second = Polite(), FakeWire()
    links.start(station, UNREACHABLE, connect=FakeNetwork(first, second), settings=replace(FAST, call_timeout_s=60, restart_s=60))
    await settled()
    for payload in (ACCEPTED, {}, {}):
        await first.answer(payload)
    station.perform(question("open"))
    station.perform(RestartStation(kind=ResetKind.HARD))
    station.perform(question("too late"))
    await first.answer({"idTagInfo": {"status": "Accepted"}})
    failed = await station.heard(AuthorizeFailed)
    assert failed.question == "too late"
    assert first.actions.count("Authorize") == 1
    while first.closed_with is None:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(MS)
    await first.say([2, "x", "GetConfiguration", {}])
    assert all(frame[0] == 2 for frame in first.sent)
    first.drop()
    await station.until(lambda: station.shown[-1][0])
    assert second.actions == ["BootNotification"]


async def test_a_restart_does_not_wait_for_ever(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("StartTransaction", Silence(), {"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
    links.start(station, csms.url, settings=replace(FAST, restart_s=30 * MS, call_timeout_s=10.0))
    await registered(csms, station)
    station.record(*records_of("s1"))
    await csms.saw("StartTransaction")
    station.perform(RestartStation(kind=ResetKind.SOFT))
    await csms.saw("StartTransaction", "BootNotification", "StartTransaction")


async def test_a_restart_while_away_boots_on_return(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await registered(csms, station)
    csms.refuse(503)
    csms.cut()
    await csms.knocked(2)
    station.perform(RestartStation(kind=ResetKind.SOFT))
    csms.welcome()
    await csms.saw("BootNotification", "BootNotification")


async def test_a_restart_that_is_overtaken_by_a_cut_still_boots(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    csms.on("StartTransaction", Silence(), {"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
    links.start(station, csms.url, settings=replace(FAST, restart_s=10.0, call_timeout_s=10.0))
    await registered(csms, station)
    station.record(*records_of("s1"))
    await csms.saw("StartTransaction")
    station.perform(RestartStation(kind=ResetKind.HARD))
    csms.cut()
    await csms.saw("StartTransaction", "BootNotification", "StartTransaction", "StopTransaction")


# --- requests -----------------------------------------------------------------------------------------------------------------------


async def test_the_cores_answer_goes_to_the_one_who_asked(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    def core(event: AnyEvent) -> None:
        if isinstance(event, ResetRequested):
            answer = Answer(request=event.request, outcome=Outcome.REJECTED)
            asyncio.get_running_loop().call_later(5 * MS, station.perform, answer)

    station.on_event = core
    links.start(station, csms.url)
    await registered(csms, station)
    asked = [csms.call("Reset", {"type": "Soft"}), csms.call("GetLocalListVersion", {}), csms.call("Reset", {"type": "Hard"})]
    assert await asyncio.gather(*asked) == [{"status": "Rejected"}, {"listVersion": 0}, {"status": "Rejected"}]


async def test_a_request_the_core_does_not_answer_ends_in_an_error(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    links.start(station, csms.url)
    await registered(csms, station)
    with pytest.raises(CallFailed, match="InternalError"):
        await csms.call("Reset", {"type": "Soft"})


async def test_requests_that_cross_our_own_are_answered(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    """Some central systems ask before they answer BootNotification (arthexis)."""
    csms.on("BootNotification", Ask("GetConfiguration", {}, Delay(10 * MS, ACCEPTED)))
    links.start(station, csms.url)
    await registered(csms, station)
    boot = csms.calls("BootNotification")[0]
    answered = next(frame for frame in csms.frames if frame.from_station and frame.text.startswith('[3,"csms-1"'))
    assert csms.frames.index(boot.frame) < csms.frames.index(answered)


async def test_an_answer_of_the_core_after_the_link_is_gone_goes_nowhere(station: FakeStation, links: Links) -> None:
    first, second = FakeWire(), FakeWire()
    links.start(station, UNREACHABLE, connect=FakeNetwork(first, second))
    await settled()
    await first.answer(ACCEPTED)
    await first.say([2, "r", "Reset", {"type": "Soft"}])
    asked = station.of(ResetRequested)[0]
    first.drop()
    await station.heard(BackendOnline, 2)
    station.perform(Answer(request=asked.request, outcome=Outcome.ACCEPTED))
    assert all(frame[0] == 2 for frame in second.sent)


# --- the end ------------------------------------------------------------------------------------------------------------------------


async def test_close_says_goodbye(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    running = links.start(station, csms.url)
    await registered(csms, station)
    await station.close()
    await running
    assert await csms.gone() == (1001, "the bridge stops")
    await station.heard(BackendOffline)


@pytest.mark.parametrize("network", [FakeNetwork(), FakeNetwork(*[ConnectionError("planted")] * 100)])
async def test_close_ends_a_link_that_is_not_connected(station: FakeStation, links: Links, network: FakeNetwork) -> None:
    running = links.start(station, UNREACHABLE, connect=network)
    await settled()
    assert network.tries > 0
    await station.close()
    await running


async def test_a_link_can_be_cancelled(csms: CentralSystem, station: FakeStation, links: Links) -> None:
    running = links.start(station, csms.url)
    await registered(csms, station)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await csms.gone()


async def test_a_link_that_was_never_started_can_be_closed(station: FakeStation, links: Links) -> None:
    from tests.ocpp.stations import link_to

    await link_to(station, UNREACHABLE).close()


# --- our own mistakes ---------------------------------------------------------------------------------------------------------------


class Broken16(Dialect16):
    """Fails in the middle of things."""

    def registered(self, payload: JsonObject) -> Registered:
        if payload["status"] == "Rejected":
            raise ZeroDivisionError("planted")
        return super().registered(payload)

    def authorize(self, tag: object) -> Outgoing:
        raise ZeroDivisionError("planted")


async def test_a_mistake_of_ours_costs_the_connection_and_nothing_else(
    csms: CentralSystem, station: FakeStation, links: Links, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has it, the dashboard says so, and the link comes back."""
    csms.on("BootNotification", {**ACCEPTED, "status": "Rejected"}, ACCEPTED)
    links.start(station, csms.url, dialects=[Broken16()])
    await station.until(lambda: "please report it" in (station.error or ""))
    await station.heard(BackendOnline)
    station.perform(question())
    await station.heard(BackendOnline, 2)
    assert [record.exc_text or record.exc_info is not None for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_frame_of_ours_that_breaks_the_schema_is_told(
    csms: CentralSystem, station: FakeStation, links: Links, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent all the same: the central system may well understand it, and a billing record must not be held back."""
    monkeypatch.setattr(Dialect16, "heartbeat", lambda _self: Outgoing("Heartbeat", {"planted": 1}))
    station.change(heartbeat_s=20)
    links.start(station, csms.url)
    await csms.saw("Heartbeat")
    assert any("our HeartbeatRequest breaks its schema" in record.message for record in caplog.records)
    await station.close()
    csms.frames.clear()


# --- the log ------------------------------------------------------------------------------------------------------------------------


async def test_tags_and_passwords_are_not_in_the_log(
    csms: CentralSystem, station: FakeStation, links: Links, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    csms.on("Authorize", Error("InternalError", f"no {TAG.text.lower()}\x1b[31m"), {"idTagInfo": {"status": "Accepted"}})
    station.record(*records_of("s1"))
    links.start(station, csms.url)
    await csms.saw("StopTransaction")
    station.perform(question())
    await station.heard(AuthorizeFailed)
    station.perform(question())
    await station.heard(AuthorizeAnswered)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("websockets.server")]
    assert TAG.text not in "\n".join(ours).upper()
    assert any(" > [2," in line and '"Authorize",{"idTag":"…"}' in line for line in ours)
    assert any(" < [3," in line for line in ours)
    assert not [record for record in caplog.records if record.name.startswith("websockets.client")]


async def test_an_answer_that_breaks_the_schema_is_told_once(
    csms: CentralSystem, station: FakeStation, links: Links, caplog: pytest.LogCaptureFixture
) -> None:
    csms.on("BootNotification", {**ACCEPTED, "interval": 20})
    csms.on("Heartbeat", Say(('[3,"{id}",{"time":"noon"}]',)))
    links.start(station, csms.url)
    await csms.saw_times("Heartbeat", 4)
    assert sum("HeartbeatResponse breaks its schema" in record.message for record in caplog.records) == 1


async def test_settings_are_read_anew(csms: CentralSystem, links: Links) -> None:
    """A changed ping interval or heartbeat needs no restart."""
    station = FakeStation(settings=Settings(ping_s=0))
    links.start(station, csms.url)
    await registered(csms, station)
    station.change(heartbeat_s=20)
    station.wake()
    await csms.saw("Heartbeat")
