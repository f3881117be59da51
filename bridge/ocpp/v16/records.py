"""Transaction messages of OCPP 1.6, written from records and readings. Pure."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from bridge.clock import Stamp
from bridge.core.backend import RecordDelivered
from bridge.core.effects import Record, RecordSample, RecordStart, RecordStop, RecordUpdate
from bridge.core.settings import Settings
from bridge.core.values import Reading, ReadingContext, RecordId, StopReason
from bridge.errors import CsmsRefused
from bridge.ocpp.dialect import JsonObject, Outgoing
from bridge.ocpp.measurands import REGISTER, Sample, samples
from bridge.ocpp.times import as_iso
from bridge.ocpp.v16.answers import tag_info, transaction_name

STATION, CONNECTOR = 0, 1
"""A charge point is one wallbox: connector 0 is the station as a whole, connector 1 its only outlet."""
TAG_MAX = 20
"""IdToken is a CiString20Type. A longer tag is refused at the tap; one that was queued for another version of OCPP is cut."""


_REASONS: Mapping[StopReason, str] = {
    StopReason.IMMEDIATE_RESET: "HardReset",
    StopReason.MASTER_PASS: "Local",
    StopReason.STOPPED_BY_EV: "Local",
    StopReason.TIMEOUT: "Other",
}
"""What 2.0.1 has a word of its own for: a queue may outlive a change of protocol."""


def message(record: Record, number: int, settings: Settings) -> Outgoing | None:
    """StartTransaction.req, MeterValues.req or StopTransaction.req; None where no measurand that is wanted is known."""
    match record:
        case RecordStart():
            return _start_transaction(record)
        case RecordSample(reading=reading):
            return meter_values(reading, settings, number)
        case RecordUpdate():
            return None  # 1.6 tells it by StatusNotification, or not at all
        case RecordStop():
            return _stop_transaction(record, number, settings)
        case _:
            assert_never(record)


def delivered(row: RecordId, record: Record, payload: JsonObject, stamp: Stamp) -> RecordDelivered:
    """Read the answer. Raises CsmsRefused where a start's answer tells neither status nor id."""
    info = tag_info(payload)
    match record:
        case RecordStart(tag=tag):
            name = transaction_name(payload)
            if name is None and info is None:
                raise CsmsRefused("the answer to StartTransaction has neither a status nor a transaction id")
            return RecordDelivered(record=row, session=record.session, starts=True, backend_id=name, info=info, tag=tag, **stamp)
        case RecordStop(tag=tag):
            return RecordDelivered(record=row, session=record.session, info=info, tag=tag, **stamp)
        case RecordSample() | RecordUpdate():
            return RecordDelivered(record=row, session=record.session, **stamp)
        case _:
            assert_never(record)


def meter_values(reading: Reading, settings: Settings, number: int | None = None) -> Outgoing | None:
    """MeterValues.req, of a transaction or outside any."""
    values = _meter_value(reading, _measurands(reading.context, settings))
    if values is None:
        return None
    transaction = {} if number is None else {"transactionId": number}
    return Outgoing("MeterValues", {"connectorId": CONNECTOR, **transaction, "meterValue": [values]})


def _start_transaction(record: RecordStart) -> Outgoing:
    # all four are frozen in the record: SteVe recognises a repeated start by them
    payload: JsonObject = {
        "connectorId": CONNECTOR,
        "idTag": record.tag.text[:TAG_MAX],
        "meterStart": record.reading.register_wh,
        "timestamp": as_iso(record.utc_ms),
    }
    if record.reservation is not None:
        payload["reservationId"] = record.reservation
    return Outgoing("StartTransaction", payload)


def _stop_transaction(record: RecordStop, number: int, settings: Settings) -> Outgoing:
    payload: JsonObject = {
        "transactionId": number,
        "meterStop": record.reading.register_wh,
        "timestamp": as_iso(record.utc_ms),
        # OCPP-J errata 2.6: older schemas require the reason, so it is always told
        "reason": _REASONS.get(record.reason, record.reason.value),
    }
    # a master pass is neither the starter's tag nor of its group: SteVe would leave the transaction open
    if record.tag is not None and record.reason is not StopReason.MASTER_PASS:
        payload["idTag"] = record.tag.text[:TAG_MAX]
    # errata 3.14.5: no transactionData while both lists are empty; 3.16.6: begin and end "of every measurand configured"
    measurands = settings.stop_sampled + settings.stop_aligned
    ends = ((record.begin, ReadingContext.BEGIN), (record.reading, ReadingContext.END))
    data = [values for reading, context in ends if (values := _meter_value(reading, measurands, context)) is not None]
    if data:
        payload["transactionData"] = data
    return Outgoing("StopTransaction", payload)


def _measurands(context: ReadingContext, settings: Settings) -> tuple[str, ...]:
    """What is wanted of a reading. 1.6 §9.1.17: without a list the register; §5.17: a trigger wants what sampling does."""
    return settings.aligned if context is ReadingContext.CLOCK else settings.sampled or (REGISTER,)


def _meter_value(reading: Reading, measurands: Iterable[str], context: ReadingContext | None = None) -> JsonObject | None:
    """A MeterValue; None where the reading has nothing of what is wanted."""
    why = (context or reading.context).value
    wanted = samples(reading, measurands)
    values = [_sampled_value(sample, why) for sample in wanted]
    # the signature covers the register, so it goes where the register goes; its text is passed on byte for byte
    if reading.signed is not None and any(sample.measurand == REGISTER for sample in wanted):
        values.append({"value": reading.signed, "context": why, "format": "SignedData", "measurand": REGISTER, "location": "Outlet"})
    return {"timestamp": as_iso(reading.utc_ms), "sampledValue": values} if values else None


def _sampled_value(sample: Sample, why: str) -> JsonObject:
    value = {"value": sample.text, "context": why, "measurand": sample.measurand, "location": sample.location, "unit": sample.unit}
    return value if sample.phase is None else value | {"phase": sample.phase}
