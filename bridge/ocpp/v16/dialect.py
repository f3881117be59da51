"""OCPP 1.6-J, station side, as one object. Pure; the parts are `records`, `answers`, `requests` and `refusals`."""

from collections.abc import Mapping
from typing import assert_never

from bridge.clock import BUILT_MS, Stamp
from bridge.core.backend import RecordDelivered
from bridge.core.effects import AnnounceReading, Answer, Record
from bridge.core.hardware import fault_code
from bridge.core.orders import Notice
from bridge.core.settings import Settings
from bridge.core.state import State
from bridge.core.status import reported_status, station_status
from bridge.core.values import NO_FAULT, IdTag, RecordId, Status, TagInfo
from bridge.errors import CsmsRefused
from bridge.ocpp.answers import now_ms, registered
from bridge.ocpp.dialect import Context, Errand, Handled, JsonObject, Nameplate, Outgoing, Refusal, Registered, Watch
from bridge.ocpp.times import as_iso
from bridge.ocpp.v16 import answers, files, keys, records, refusals, requests
from bridge.ocpp.v16.records import CONNECTOR, STATION, TAG_MAX

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
    speaks_of_transactions = False
    tag_length_max = TAG_MAX

    # --- registration and life ----------------------------------------------------------------------------------------------------

    def boot(self, nameplate: Nameplate, reason: str) -> Outgoing:  # noqa: ARG002 - 1.6 tells no reason
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
        return registered(payload)

    def greetings(self, state: State) -> tuple[Outgoing, ...]:  # noqa: ARG002 - for whoever has some
        """None."""
        return ()

    def notice(self, notice: Notice, state: State) -> tuple[Outgoing, ...]:
        """DiagnosticsStatusNotification.req or FirmwareStatusNotification.req."""
        return files.notice(notice, state)

    def heartbeat(self) -> Outgoing:
        """Heartbeat.req."""
        return Outgoing("Heartbeat", {})

    def heartbeat_ms(self, payload: JsonObject) -> int | None:
        """`currentTime` of Heartbeat.conf."""
        return now_ms(payload)

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
        info = answers.tag_info(payload)
        if info is None:
            raise CsmsRefused("the answer to Authorize has no status")
        return info

    # --- readings and records -----------------------------------------------------------------------------------------------------

    def reading(self, effect: AnnounceReading, settings: Settings) -> Outgoing | None:
        """MeterValues.req without a transaction."""
        # without a time there is nothing to be read from it: the host's clock has not been set, and nobody has told the time
        return None if effect.reading.utc_ms < BUILT_MS else records.meter_values(effect.reading, settings)

    def record(self, record: Record, *, backend_id: str | None, start_parked: bool, settings: Settings) -> Outgoing | None:
        """StartTransaction.req, MeterValues.req or StopTransaction.req.

        Without a name for the transaction it is -1: its start is parked, or was answered without one (arthexis).
        """
        return records.message(record, answers.transaction_number(None if start_parked else backend_id), settings)

    def delivered(self, row: RecordId, record: Record, payload: JsonObject, stamp: Stamp) -> RecordDelivered:
        """Read the answer to a transaction message. Raises CsmsRefused where a start's answer tells neither status nor id."""
        return records.delivered(row, record, payload, stamp)

    # --- requests -----------------------------------------------------------------------------------------------------------------

    def errand(self, errand: Errand, state: State, connector: int | None) -> tuple[Outgoing, ...]:
        """What a triggered message says; nothing for those that are the link's or the core's."""
        match errand:
            case Errand.STATUS:
                return self.statuses(state, connector)
            case Errand.FIRMWARE_STATUS | Errand.DIAGNOSTICS_STATUS:
                return files.asked(errand, state)
            case Errand.BOOT | Errand.HEARTBEAT | Errand.READING | Errand.TRANSACTION | Errand.LOG_STATUS:
                return ()
            case _:
                assert_never(errand)

    def handle(self, action: str, payload: JsonObject, context: Context) -> Handled:
        """Answer a request whose payload has passed its schema."""
        return requests.handle(action, payload, context)

    def answer(self, action: str, answer: Answer, state: State) -> JsonObject:  # noqa: ARG002 - a word says it all
        """Spell the core's answer to a passed request."""
        return requests.answer(action, answer)

    def unknown_action(self, action: str) -> Refusal:
        """NotSupported where 1.6 has the action, else NotImplemented."""
        return refusals.unknown_action(action)

    def violation(self, keyword: str) -> str:
        """The CALLERROR code for a broken schema."""
        return refusals.violation(keyword)

    def watch(self, second_s: float) -> Watch | None:  # noqa: ARG002 - for whoever has one
        """None: what 1.6 tells by itself is told by the core."""
        return None

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
    }
    # optional in 1.6: without one the time of receipt counts, which is more than a host knows whose clock has not been set
    if state.now.utc_ms >= BUILT_MS:
        payload["timestamp"] = as_iso(state.now.utc_ms)
    return Outgoing("StatusNotification", payload if known else payload | {"vendorErrorCode": code[:ERROR_MAX]})
