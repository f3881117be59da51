"""Block E: transactions as OCPP 2.0.1 writes them down, by records made by hand."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.effects import Record, RecordSample, RecordStart, RecordStop
from bridge.core.settings import Settings
from bridge.core.state import State
from bridge.core.values import (
    ChargingState,
    IdTag,
    ReadingContext,
    RecordId,
    SessionId,
    StopReason,
    TagInfo,
    TxKind,
    TxTrigger,
    Verdict,
)
from bridge.ocpp.dialect import Reply
from bridge.ocpp.frames import Call, decode, encode
from bridge.ocpp.v201.transactions import delivered, is_authorised, is_open, transaction_event
from tests.ocpp import worlds
from tests.ocpp.official import JSON
from tests.ocpp.v201 import desk
from tests.ocpp.v201.desk import handled, in_transaction, said, telling, update
from tests.ocpp.worlds import (
    BACKEND_SESSION,
    BEGIN,
    LOCAL_SESSION,
    NOW,
    NOW_TEXT,
    READING,
    SAMPLE,
    SESSION,
    STAMP,
    START,
    STOP,
    TAG,
    asked,
    charge_point,
)

ROW = RecordId(17)
REGISTER = "Energy.Active.Import.Register"
HOUR_AGO_TEXT = "2026-11-22T09:45:10.147Z"
STARTED = telling(TxKind.STARTED, TxTrigger.AUTHORIZED, charging=ChargingState.EV_CONNECTED, connected=True, tag=TAG)
ENDED = telling(TxKind.ENDED, TxTrigger.EV_COMMUNICATION_LOST, charging=ChargingState.IDLE, reason=StopReason.EV_DISCONNECTED)


def _told(record: Record, settings: Settings | None = None) -> dict[str, Any]:
    return said(transaction_event(record, settings or Settings()))


def _meter(record: Record, settings: Settings | None = None) -> list[tuple[str, str, float]]:
    values = _told(record, settings).get("meterValue", [])
    return [(one["context"], one["measurand"], one["value"]) for value in values for one in value["sampledValue"]]


# --- TransactionEvent -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_J_07_CS")
def test_a_start_tells_who_where_and_with_which_register() -> None:
    assert _told(replace(START, telling=STARTED)) == {
        "eventType": "Started",
        "timestamp": NOW_TEXT,
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "session-1", "chargingState": "EVConnected"},
        "evse": {"id": 1, "connectorId": 1},
        "idToken": {"idToken": "04A1B2C3", "type": "ISO14443"},
        "meterValue": [
            {
                "timestamp": HOUR_AGO_TEXT,
                "sampledValue": [
                    {
                        "value": 10_000,
                        "context": "Transaction.Begin",
                        "measurand": REGISTER,
                        "location": "Outlet",
                        "unitOfMeasure": {"unit": "Wh"},
                    }
                ],
            }
        ],
    }


def test_a_step_tells_what_changed_and_nothing_else() -> None:
    assert _told(update()) == {
        "eventType": "Updated",
        "timestamp": NOW_TEXT,
        "triggerReason": "ChargingStateChanged",
        "seqNo": 4,
        "transactionInfo": {"transactionId": "session-1"},
    }


def test_what_happened_without_the_central_system_says_so() -> None:
    assert _told(replace(update(), offline=True))["offline"] is True


def test_a_remote_start_and_a_reservation_are_told_by_their_numbers() -> None:
    told = _told(replace(START, telling=replace(STARTED, trigger=TxTrigger.REMOTE_START, remote_id=0, reservation=7)))
    assert (told["triggerReason"], told["transactionInfo"]["remoteStartId"], told["reservationId"]) == ("RemoteStart", 0, 7)


def test_what_2_0_1_is_not_told_of_is_not_sent() -> None:
    for record in (START, SAMPLE, STOP):
        assert transaction_event(record, Settings()) is None


SPELT = {StopReason.SOFT_RESET: "ImmediateReset", StopReason.HARD_RESET: "ImmediateReset", StopReason.UNLOCK: "Other"}


@pytest.mark.parametrize("reason", StopReason)
def test_every_reason_has_a_word(reason: StopReason) -> None:
    told = _told(replace(STOP, telling=replace(ENDED, reason=reason)))
    assert told["transactionInfo"]["stoppedReason"] == SPELT.get(reason, reason.value)


@pytest.mark.parametrize("trigger", TxTrigger)
@pytest.mark.parametrize("charging", ChargingState)
def test_every_trigger_and_charging_state_has_a_word(trigger: TxTrigger, charging: ChargingState) -> None:
    told = _told(replace(SAMPLE, telling=telling(trigger=trigger, charging=charging)))
    assert (told["triggerReason"], told["transactionInfo"]["chargingState"]) == (trigger.value, charging.value)


# --- with which readings ----------------------------------------------------------------------------------------------------------

LISTS = Settings(sampled_start=("Voltage",), sampled=("Power.Active.Import",), aligned=("SoC",), sampled_end=(REGISTER, "SoC"))
CLOCK = replace(READING, context=ReadingContext.CLOCK)
TRIGGER = replace(READING, context=ReadingContext.TRIGGER)


def _contexts(record: Record, settings: Settings = LISTS) -> set[tuple[str, str]]:
    return {(context, measurand) for context, measurand, _ in _meter(record, settings)}


@pytest.mark.parametrize(
    "record, told",
    [
        (replace(START, reading=READING, telling=STARTED), {("Transaction.Begin", "Voltage")}),
        # the transaction began with the permission, before its connector was known
        (replace(START, reading=READING, telling=telling(connected=True)), {("Transaction.Begin", "Voltage")}),
        # it began with the plug, and told its register then
        (replace(START, reading=READING, telling=telling(tag=TAG)), set()),
        (update(TxKind.STARTED, reading=READING), {("Transaction.Begin", "Voltage")}),
        (update(TxKind.STARTED), set()),
        (replace(SAMPLE, telling=telling()), {("Sample.Periodic", "Power.Active.Import")}),
        (replace(SAMPLE, reading=CLOCK, telling=telling()), {("Sample.Clock", "SoC")}),
        # F06.FR.07
        (replace(SAMPLE, reading=TRIGGER, telling=telling()), {("Trigger", "Power.Active.Import")}),
        (update(reading=TRIGGER), {("Trigger", "Power.Active.Import")}),
        # another limit is in force
        (update(reading=replace(READING, context=ReadingContext.OTHER)), {("Other", "Power.Active.Import")}),
        (replace(STOP, telling=ENDED), {("Transaction.Begin", REGISTER), ("Transaction.End", REGISTER), ("Transaction.End", "SoC")}),
        (replace(STOP, telling=telling()), set()),
        (update(TxKind.ENDED, reading=READING), {("Transaction.End", REGISTER), ("Transaction.End", "SoC")}),
    ],
)
def test_each_event_has_the_measurands_of_its_list(record: Record, told: set[tuple[str, str]]) -> None:
    assert _contexts(record) == told


@pytest.mark.requirement("2.0.1 TC_J_10_CS")
@pytest.mark.requirement("2.0.1 TC_J_03_CS")
def test_what_was_collected_on_the_way_is_told_at_the_end() -> None:
    """By default of each its register and nothing else, beginning and end once."""
    record = replace(STOP, telling=ENDED, collected=(replace(READING, register_wh=11_000), replace(CLOCK, register_wh=12_000)))
    assert _meter(record, Settings()) == [
        ("Transaction.Begin", REGISTER, 10_000),
        ("Sample.Periodic", REGISTER, 11_000),
        ("Sample.Clock", REGISTER, 12_000),
        ("Transaction.End", REGISTER, 12_345),
    ]


def test_a_transaction_that_ends_after_its_session_tells_all_of_it_then() -> None:
    """TxStopPoint EVConnected: the card stops the energy, the plug ends the transaction."""
    record = update(TxKind.ENDED, reading=READING, begin=BEGIN, collected=(replace(READING, register_wh=11_000),))
    assert _meter(record, Settings(sampled_end=(REGISTER,))) == [
        ("Transaction.Begin", REGISTER, 10_000),
        ("Sample.Periodic", REGISTER, 11_000),
        ("Transaction.End", REGISTER, 12_345),
    ]


def test_the_register_of_the_end_is_told_whatever_is_configured() -> None:
    """1.6 has meterStop; 2.0.1 has nothing else a bill could be made from."""
    assert _meter(replace(STOP, telling=ENDED, collected=(CLOCK,)), Settings(sampled_end=(), aligned_end=())) == [
        ("Transaction.Begin", REGISTER, 10_000),
        ("Transaction.End", REGISTER, 12_345),
    ]


def test_an_event_without_a_known_measurand_has_no_readings() -> None:
    assert "meterValue" not in _told(replace(START, telling=STARTED), Settings(sampled_start=("SoC",)))


# --- answers ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload, info, cost",
    [
        # ocpp-go answers every event with nothing
        ({}, None, None),
        ({"idTokenInfo": {"status": "Accepted"}}, TagInfo(verdict=Verdict.ACCEPTED), None),
        ({"idTokenInfo": {"status": "Unknown"}}, TagInfo(verdict=Verdict.UNKNOWN), None),
        # CitrineOS answers the end with its cost
        ({"totalCost": 0}, None, 0.0),
        ({"totalCost": 12.5, "idTokenInfo": {"status": "Invalid"}}, TagInfo(verdict=Verdict.INVALID), 12.5),
        ({"totalCost": "12.5"}, None, None),
        ({"totalCost": True}, None, None),
        ({"totalCost": float("inf")}, None, None),
    ],
)
def test_an_answer_tells_of_the_tag_and_of_the_cost(payload: dict[str, Any], info: TagInfo | None, cost: float | None) -> None:
    told = delivered(ROW, replace(START, telling=STARTED), payload, STAMP)
    assert (told.record, told.session, told.info, told.tag, told.cost) == (ROW, SESSION, info, TAG, cost)
    assert (told.at, told.fresh) == (NOW, "fresh-1")


@pytest.mark.parametrize(
    "record, starts",
    [
        (replace(START, telling=STARTED), True),
        (update(TxKind.STARTED), True),
        # the session has begun in a transaction that the plug had opened: what is said of its tag counts as it does at a start
        (replace(START, telling=telling(tag=TAG)), True),
        (update(), False),
        (replace(SAMPLE, telling=telling()), False),
        (replace(STOP, telling=ENDED), False),
        (SAMPLE, False),
        (STOP, False),
    ],
)
def test_a_transaction_is_named_by_us_when_it_starts(record: Record, starts: bool) -> None:
    told = delivered(ROW, record, {}, STAMP)
    assert (told.starts, told.backend_id) == (starts, SESSION if starts else None)
    assert told.tag == (None if record.telling is None else record.telling.tag)


# --- what is open -----------------------------------------------------------------------------------------------------------------

FREE = charge_point()
RUNNING = charge_point(session=BACKEND_SESSION)
PLUGGED_ONLY = in_transaction(charge_point(), authorised=False)


@pytest.mark.parametrize(
    "state, name, open_, authorised",
    [
        (FREE, "session-1", False, False),
        (RUNNING, "session-1", True, True),
        (RUNNING, "7", True, True),
        (RUNNING, "other", False, True),
        (in_transaction(RUNNING), "session-1", True, True),
        (in_transaction(RUNNING), "7", False, True),
        (in_transaction(FREE), "session-1", True, True),
        (PLUGGED_ONLY, "session-1", True, False),
        (charge_point(session=LOCAL_SESSION), "session-1", False, False),
    ],
)
def test_which_transaction_is_open_and_whether_somebody_may_charge(state: State, name: str, open_: bool, authorised: bool) -> None:
    """A local session is none."""
    assert (is_open(state, name), is_authorised(state)) == (open_, authorised)


# --- GetTransactionStatus ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("queued", [True, False])
@pytest.mark.parametrize("name, ongoing", [("session-1", True), ("session-0", False)])
def test_the_status_of_a_transaction_is_told_at_once(name: str, ongoing: bool, queued: bool) -> None:
    """Before the queue is flushed, and whether it is known or not."""
    asked_for: list[SessionId | None] = []

    def is_queued(session: SessionId | None) -> bool:
        asked_for.append(session)
        return queued

    context = replace(asked(in_transaction(RUNNING)), is_queued=is_queued)
    assert handled("GetTransactionStatus", {"transactionId": name}, context) == Reply(
        payload={"ongoingIndicator": ongoing, "messagesInQueue": queued}
    )
    assert handled("GetTransactionStatus", {}, context) == Reply(payload={"messagesInQueue": queued})
    assert asked_for == [name, None]


# --- laws -------------------------------------------------------------------------------------------------------------------------


@given(desk.records, worlds.settings)
def test_every_record_can_be_told_by_the_official_schema(record: Record, settings: Settings) -> None:
    """A queue that was filled under any circumstances can be emptied."""
    outgoing = transaction_event(record, settings)
    assert outgoing is not None
    call = Call(message_id="a", action="TransactionEvent", payload=said(outgoing))
    assert decode(encode(call)) == call
    assert call.payload["seqNo"] == record.sequence
    assert ("evse" in call.payload) == (record.telling is not None and record.telling.connected)


@given(desk.records, st.dictionaries(st.sampled_from(["idTokenInfo", "totalCost"]), JSON))
def test_any_answer_delivers_a_record(record: RecordStart | RecordSample | RecordStop, payload: dict[str, Any]) -> None:
    told = delivered(ROW, record, payload, STAMP)
    assert told.record == ROW
    assert told.info is None or isinstance(told.info, TagInfo)


def test_a_tag_queued_for_another_version_is_cut() -> None:
    told = _told(replace(START, telling=replace(STARTED, tag=IdTag(text="x" * 50))))
    assert told["idToken"] == {"idToken": "x" * 36, "type": "Central"}
