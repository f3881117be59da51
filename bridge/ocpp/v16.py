"""OCPP 1.6-J, station side: what it says. Pure; what it is asked is in `v16_requests`, what it is answered in `v16_answers`."""

from collections.abc import Iterable, Mapping
from typing import assert_never

from bridge.clock import Stamp
from bridge.core.effects import AnnounceReading, Outcome, Record, RecordSample, RecordStart, RecordStop
from bridge.core.events import RecordDelivered
from bridge.core.hardware import fault_code
from bridge.core.state import Settings, State
from bridge.core.status import reported_status, station_status
from bridge.core.values import NO_FAULT, IdTag, Reading, ReadingContext, RecordId, Status, TagInfo
from bridge.errors import CsmsRefused
from bridge.ocpp import keys, v16_answers, v16_requests
from bridge.ocpp.dialect import Context, Errand, Handled, JsonObject, Nameplate, Outgoing, Refusal, Registered
from bridge.ocpp.measurands import REGISTER, Sample, samples
from bridge.ocpp.times import as_iso
from bridge.ocpp.v16_requests import CONNECTOR, STATION

TAG_MAX = 20
"""IdToken is a CiString20Type. A longer tag is refused at the tap; one that was queued for another version of OCPP is cut."""
VENDOR_MAX, MODEL_MAX, SERIAL_MAX, FIRMWARE_MAX, METER_MAX = 20, 20, 25, 50, 25
"""Of BootNotification.req; a longer text is cut, for a name cut short beats a station that can't register."""
ERROR_MAX = 50
"""Of vendorErrorCode."""

_ERROR_CODES = frozenset(
    {
        "ConnectorLockFailure",
        "EVCommunicationError",
        "GroundFailure",
        "HighTemperature",
        "InternalError",
        "LocalListConflict",
        "NoError",
        "OtherError",
        "OverCurrentFailure",
        "OverVoltage",
        "PowerMeterFailure",
        "PowerSwitchFailure",
        "ReaderFailure",
        "ResetFailure",
        "UnderVoltage",
        "WeakSignal",
    }
)
"""ChargePointErrorCode, OCPP 1.6 §7.6."""


class Dialect16:
    """OCPP 1.6 as `bridge.ocpp.dialect.Dialect` wants it."""

    subprotocol = "ocpp1.6"
    tag_length_max = TAG_MAX

    # --- registration and life ----------------------------------------------------------------------------------------------------

    def boot(self, nameplate: Nameplate) -> Outgoing:
        """BootNotification.req; optional fields only where they are known."""
        optional = {
            "chargePointSerialNumber": (nameplate.serial, SERIAL_MAX),
            "firmwareVersion": (nameplate.firmware, FIRMWARE_MAX),
            "meterSerialNumber": (nameplate.meter_serial, METER_MAX),
            "meterType": (nameplate.meter_type, METER_MAX),
        }
        payload = {"chargePointVendor": nameplate.vendor[:VENDOR_MAX], "chargePointModel": nameplate.model[:MODEL_MAX]}
        return Outgoing("BootNotification", payload | {name: text[:most] for name, (text, most) in optional.items() if text})

    def registered(self, payload: JsonObject) -> Registered:
        """Read BootNotification.conf. Raises CsmsRefused without a status."""
        return v16_answers.registered(payload)

    def heartbeat(self) -> Outgoing:
        """Heartbeat.req."""
        return Outgoing("Heartbeat", {})

    def heartbeat_ms(self, payload: JsonObject) -> int | None:
        """`currentTime` of Heartbeat.conf."""
        return v16_answers.now_ms(payload)

    # --- status -------------------------------------------------------------------------------------------------------------------

    def statuses(self, state: State, connector: int | None = None) -> tuple[Outgoing, ...]:
        """StatusNotification.req of connector 0, 1 or both."""
        wanted = (STATION, CONNECTOR) if connector is None else (connector,)
        told = {STATION: station_status, CONNECTOR: reported_status}
        return tuple(_status_notification(state, number, told[number](state)) for number in wanted if number in told)

    # --- tags ---------------------------------------------------------------------------------------------------------------------

    def authorize(self, tag: IdTag) -> Outgoing:
        """Authorize.req."""
        return Outgoing("Authorize", {"idTag": tag.text[:TAG_MAX]})

    def authorized(self, payload: JsonObject) -> TagInfo:
        """Read Authorize.conf. Raises CsmsRefused without a status."""
        info = v16_answers.tag_info(payload)
        if info is None:
            raise CsmsRefused("the answer to Authorize has no status")
        return info

    # --- readings and records -----------------------------------------------------------------------------------------------------

    def reading(self, effect: AnnounceReading, settings: Settings) -> Outgoing | None:
        """MeterValues.req without a transaction."""
        values = _meter_value(effect.reading, _measurands(effect.reading.context, settings))
        return None if values is None else Outgoing("MeterValues", {"connectorId": CONNECTOR, "meterValue": [values]})

    def record(self, record: Record, *, backend_id: str | None, start_parked: bool, settings: Settings) -> Outgoing | None:
        """StartTransaction.req, MeterValues.req or StopTransaction.req.

        Without a name for the transaction it is -1: its start is parked, or was answered without one (arthexis).
        """
        number = v16_answers.transaction_number(None if start_parked else backend_id)
        match record:
            case RecordStart():
                return _start_transaction(record)
            case RecordSample(reading=reading):
                values = _meter_value(reading, _measurands(reading.context, settings))
                payload = {"connectorId": CONNECTOR, "transactionId": number, "meterValue": [values]}
                return None if values is None else Outgoing("MeterValues", payload)
            case RecordStop():
                return _stop_transaction(record, number, settings)
            case _:
                assert_never(record)

    def delivered(self, row: RecordId, record: Record, payload: JsonObject, stamp: Stamp) -> RecordDelivered:
        """Read the answer to a transaction message. Raises CsmsRefused where a start's answer tells neither status nor id."""
        info = v16_answers.tag_info(payload)
        match record:
            case RecordStart(tag=tag):
                name = v16_answers.transaction_name(payload)
                if name is None and info is None:
                    raise CsmsRefused("the answer to StartTransaction has neither a status nor a transaction id")
                return RecordDelivered(record=row, session=record.session, starts=True, backend_id=name, info=info, tag=tag, **stamp)
            case RecordStop(tag=tag):
                return RecordDelivered(record=row, session=record.session, info=info, tag=tag, **stamp)
            case RecordSample():
                return RecordDelivered(record=row, session=record.session, **stamp)
            case _:
                assert_never(record)

    # --- requests -----------------------------------------------------------------------------------------------------------------

    def errand(self, errand: Errand, state: State, connector: int | None) -> tuple[Outgoing, ...]:
        """What a triggered message says; nothing for those that are the link's or the core's."""
        match errand:
            case Errand.STATUS:
                return self.statuses(state, connector)
            # OCPP 1.6 §4.4 and §4.5: a status asked for while nothing goes on is Idle
            case Errand.FIRMWARE_STATUS | Errand.DIAGNOSTICS_STATUS:
                return (Outgoing(errand.value, {"status": "Idle"}),)
            case Errand.BOOT | Errand.HEARTBEAT | Errand.READING:
                return ()
            case _:
                assert_never(errand)

    def handle(self, action: str, payload: JsonObject, context: Context) -> Handled:
        """Answer a request whose payload has passed its schema."""
        return v16_requests.handle(action, payload, context)

    def answer(self, action: str, outcome: Outcome) -> JsonObject:
        """Spell the core's answer to a passed request."""
        return v16_requests.answer(action, outcome)

    def unknown_action(self, action: str) -> Refusal:
        """NotSupported where 1.6 has the action, else NotImplemented."""
        return v16_requests.unknown_action(action)

    def violation(self, keyword: str) -> str:
        """The CALLERROR code for a broken schema."""
        return v16_requests.violation(keyword)

    # --- configuration ------------------------------------------------------------------------------------------------------------

    def initial(self, variables: Mapping[str, str | int | bool], *, base: Settings) -> Settings:
        """Settings from the configuration's table, by 1.6's key names. Raises ValueError with every problem on a line of its own."""
        return keys.initial(variables, base=base)


def _status_notification(state: State, connector: int, status: Status) -> Outgoing:
    code = fault_code(state.hardware) if status is Status.FAULTED else NO_FAULT
    known = code in _ERROR_CODES
    payload = {
        "connectorId": connector,
        "errorCode": code if known else "OtherError",
        "status": status.value,
        "timestamp": as_iso(state.now.utc_ms),
    }
    return Outgoing("StatusNotification", payload if known else payload | {"vendorErrorCode": code[:ERROR_MAX]})


def _start_transaction(record: RecordStart) -> Outgoing:
    # all four are frozen in the record: SteVe recognises a repeated start by them
    payload = {
        "connectorId": CONNECTOR,
        "idTag": record.tag.text[:TAG_MAX],
        "meterStart": record.reading.register_wh,
        "timestamp": as_iso(record.utc_ms),
    }
    return Outgoing("StartTransaction", payload)


def _stop_transaction(record: RecordStop, number: int, settings: Settings) -> Outgoing:
    payload: JsonObject = {
        "transactionId": number,
        "meterStop": record.reading.register_wh,
        "timestamp": as_iso(record.utc_ms),
        # OCPP-J errata 2.6: older schemas require the reason, so it is always told
        "reason": record.reason.value,
    }
    if record.tag is not None:
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
