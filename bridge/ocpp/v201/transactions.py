"""Block E, transactions: TransactionEvent, GetTransactionStatus. Pure.

What is told, and when, is decided by `bridge.core.transaction`; here it is written down.
"""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import assert_never

from bridge.clock import Stamp
from bridge.core.backend import RecordDelivered
from bridge.core.effects import Record, RecordSample, RecordStart, RecordStop, RecordUpdate, Telling
from bridge.core.settings import Settings
from bridge.core.state import BackendSession, State
from bridge.core.values import Reading, ReadingContext, RecordId, SessionId, StopReason, TxKind
from bridge.ocpp.dialect import Context, Handled, Handler, Json, JsonObject, Outgoing, Reply, Words
from bridge.ocpp.measurands import REGISTER
from bridge.ocpp.times import as_iso
from bridge.ocpp.v201.authorization import id_token, tag_info
from bridge.ocpp.v201.evse import here
from bridge.ocpp.v201.metering import meter_value
from bridge.ocpp.v201.variable import Variable

_REASONS: Mapping[StopReason, str] = {
    StopReason.SOFT_RESET: "ImmediateReset",
    StopReason.HARD_RESET: "ImmediateReset",
    StopReason.UNLOCK: "Other",
}
"""What only 1.6 has a word of its own for."""


# --- TransactionEvent -------------------------------------------------------------------------------------------------------------


def transaction_event(record: Record, settings: Settings) -> Outgoing | None:
    """TransactionEventRequest; None: 2.0.1 is told nothing of it."""
    telling = record.telling
    if telling is None:
        return None
    payload: JsonObject = {
        "eventType": telling.kind.value,
        "timestamp": as_iso(record.reading.utc_ms if isinstance(record, RecordSample) else record.utc_ms),
        "triggerReason": telling.trigger.value,
        "seqNo": record.sequence,
        "transactionInfo": _info(record.session, telling),
    }
    if record.offline:
        payload["offline"] = True
    if telling.connected:
        payload["evse"] = here()
    if telling.tag is not None:
        payload["idToken"] = id_token(telling.tag)
    if telling.reservation is not None:
        payload["reservationId"] = telling.reservation
    values = [value for value in _values(record, telling, settings) if value is not None]
    return Outgoing("TransactionEvent", payload | {"meterValue": values} if values else payload)


def _info(session: SessionId, telling: Telling) -> JsonObject:
    told: JsonObject = {"transactionId": session}
    if telling.charging is not None:
        told["chargingState"] = telling.charging.value
    if telling.reason is not None:
        told["stoppedReason"] = _REASONS.get(telling.reason, telling.reason.value)
    if telling.remote_id is not None:
        told["remoteStartId"] = telling.remote_id
    return told


def _values(record: Record, telling: Telling, settings: Settings) -> Iterable[JsonObject | None]:
    """The meterValue of an event."""
    match record:
        case RecordSample(reading=reading):
            return (_on_the_way(reading, settings),)
        # TC_J_07, TC_J_08: with the first event that knows the connector, started or not
        case RecordStart(reading=reading) if telling.kind is TxKind.STARTED or telling.connected:
            return (_begin(reading, settings),)
        case RecordStop(reading=reading) if telling.kind is TxKind.ENDED:
            return _whole(record.begin, record.collected, reading, settings)
        case RecordStart() | RecordStop() | RecordUpdate(reading=None):
            return ()
        case RecordUpdate(reading=reading):
            assert reading is not None, "the case above"
            match telling.kind:
                case TxKind.STARTED:
                    return (_begin(reading, settings),)
                case TxKind.UPDATED:
                    return (_on_the_way(reading, settings),)
                case TxKind.ENDED:
                    return _whole(record.begin, record.collected, reading, settings)
                case _:
                    assert_never(telling.kind)
        case _:
            assert_never(record)


def _begin(reading: Reading, settings: Settings) -> JsonObject | None:
    """SampledDataTxStartedMeasurands."""
    return meter_value(reading, settings.sampled_start, ReadingContext.BEGIN)


def _on_the_way(reading: Reading, settings: Settings) -> JsonObject | None:
    """SampledDataTxUpdatedMeasurands (F06.FR.07: also when asked for); on the clock's grid AlignedDataMeasurands."""
    return meter_value(reading, settings.aligned if reading.context is ReadingContext.CLOCK else settings.sampled)


def _whole(begin: Reading | None, collected: Iterable[Reading], end: Reading, settings: Settings) -> Iterable[JsonObject | None]:
    """Begin, what was collected on the way, and end (SampledDataTxEndedMeasurands, AlignedDataTxEndedMeasurands).

    deviates: with an empty list the register is told all the same, because no other message of 2.0.1 has what the bill needs.
    """
    wanted = settings.sampled_end or (REGISTER,)
    yield None if begin is None else meter_value(begin, wanted, ReadingContext.BEGIN)
    for one in collected:
        yield meter_value(one, settings.aligned_end if one.context is ReadingContext.CLOCK else wanted)
    yield meter_value(end, wanted, ReadingContext.END)


def delivered(row: RecordId, record: Record, payload: JsonObject, stamp: Stamp) -> RecordDelivered:
    """Read the answer. An empty one is an answer (ocpp-go); the name of the transaction is ours."""
    telling = record.telling
    # the billed start is not always the first event (TxStartPoint), and it is its tag that may be refused
    starts = telling is not None and (telling.kind is TxKind.STARTED or isinstance(record, RecordStart))
    return RecordDelivered(
        record=row,
        session=record.session,
        starts=starts,
        backend_id=record.session if starts else None,
        info=tag_info(payload),
        tag=None if telling is None else telling.tag,
        cost=_cost(payload.get("totalCost")),
        **stamp,
    )


def _cost(value: Json) -> float | None:
    match value:
        case bool():
            return None
        case int() | float() if isfinite(value):
            return float(value)
        case _:
            return None


# --- what is open -----------------------------------------------------------------------------------------------------------------


def is_open(state: State, name: str) -> bool:
    """Whether a transaction of this name has not ended."""
    transaction, session = state.kept.transaction, state.kept.session
    if transaction is not None:
        return transaction.id == name
    # begun in 1.6, or not yet told of: it may have both names
    return isinstance(session, BackendSession) and name in {session.id, session.backend_id}


def is_authorised(state: State) -> bool:
    """Whether a transaction runs that somebody has been permitted."""
    transaction, session = state.kept.transaction, state.kept.session
    running = isinstance(session, BackendSession) and session.ending is None
    return running or (transaction is not None and transaction.authorised)


def _get_transaction_status(payload: JsonObject, context: Context) -> Handled:
    name: str | None = payload.get("transactionId")
    if name is None:
        # E14.FR.06: "SHALL NOT have ongoingIndicator set"
        return Reply(payload={"messagesInQueue": context.is_queued(None)})
    queued = context.is_queued(SessionId(name))
    return Reply(payload={"ongoingIndicator": is_open(context.state, name), "messagesInQueue": queued})


HANDLERS: Mapping[str, Handler] = {"GetTransactionStatus": _get_transaction_status}
ANSWERS: Mapping[str, Words] = {}
VARIABLES: tuple[Variable, ...] = ()
