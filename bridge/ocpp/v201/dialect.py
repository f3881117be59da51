"""OCPP 2.0.1, station side, as one object. Pure; the parts are the functional blocks beside it."""

from collections.abc import Mapping
from typing import assert_never

from bridge.clock import BUILT_MS, Stamp
from bridge.core.backend import RecordDelivered
from bridge.core.effects import AnnounceReading, Answer, Record
from bridge.core.orders import Notice
from bridge.core.settings import Settings
from bridge.core.state import State
from bridge.core.values import IdTag, RecordId, TagInfo
from bridge.ocpp.answers import now_ms, registered
from bridge.ocpp.dialect import Context, Errand, Handled, JsonObject, Nameplate, Outgoing, Refusal, Registered, Watch
from bridge.ocpp.v201 import (
    authorization,
    availability,
    device_model,
    metering,
    notices,
    provisioning,
    refusals,
    requests,
    transactions,
)
from bridge.ocpp.v201.watch import EventWatch


class Dialect201:
    """OCPP 2.0.1 as `bridge.ocpp.dialect.Dialect` wants it."""

    subprotocol = "ocpp2.0.1"
    speaks_of_transactions = True
    tag_length_max = authorization.TAG_MAX

    # --- registration and life ----------------------------------------------------------------------------------------------------

    def boot(self, nameplate: Nameplate, reason: str) -> Outgoing:
        """BootNotificationRequest."""
        return provisioning.boot(nameplate, reason)

    def registered(self, payload: JsonObject) -> Registered:
        """Read BootNotificationResponse. Raises CsmsRefused without a status."""
        return registered(payload)

    def greetings(self, state: State) -> tuple[Outgoing, ...]:
        """SecurityEventNotificationRequest: the station has started."""
        return provisioning.greetings(state)

    def notice(self, notice: Notice, state: State) -> tuple[Outgoing, ...]:  # noqa: ARG002 - each notice says it all
        """ReservationStatusUpdateRequest, LogStatusNotificationRequest or FirmwareStatusNotificationRequest."""
        return (notices.told(notice),)

    def heartbeat(self) -> Outgoing:
        """HeartbeatRequest."""
        return Outgoing("Heartbeat", {})

    def heartbeat_ms(self, payload: JsonObject) -> int | None:
        """`currentTime` of HeartbeatResponse."""
        return now_ms(payload)

    # --- status and tags ----------------------------------------------------------------------------------------------------------

    def statuses(self, state: State, connector: int | None = None) -> tuple[Outgoing, ...]:
        """StatusNotificationRequest of the connector."""
        return availability.statuses(state, connector)

    def authorize(self, tag: IdTag) -> Outgoing:
        """AuthorizeRequest."""
        return authorization.authorize(tag)

    def authorized(self, payload: JsonObject) -> TagInfo:
        """Read AuthorizeResponse. Raises CsmsRefused without a status."""
        return authorization.authorized(payload)

    # --- readings and records -----------------------------------------------------------------------------------------------------

    def reading(self, effect: AnnounceReading, settings: Settings) -> Outgoing | None:
        """MeterValuesRequest."""
        # without a time there is nothing to be read from it: the host's clock has not been set, and nobody has told the time
        return None if effect.reading.utc_ms < BUILT_MS else metering.meter_values(effect.reading, settings)

    def record(
        self,
        record: Record,
        *,
        backend_id: str | None,  # noqa: ARG002 - the transaction's name is ours,
        start_parked: bool,  # noqa: ARG002 - and needs no start to have been answered
        settings: Settings,
    ) -> Outgoing | None:
        """TransactionEventRequest."""
        return transactions.transaction_event(record, settings)

    def delivered(self, row: RecordId, record: Record, payload: JsonObject, stamp: Stamp) -> RecordDelivered:
        """Read TransactionEventResponse."""
        return transactions.delivered(row, record, payload, stamp)

    # --- requests -----------------------------------------------------------------------------------------------------------------

    def errand(self, errand: Errand, state: State, connector: int | None) -> tuple[Outgoing, ...]:
        """What a triggered message says; nothing for those that are the link's or the core's."""
        match errand:
            case Errand.STATUS:
                return self.statuses(state, connector)
            case Errand.FIRMWARE_STATUS:
                return (notices.firmware_status(state),)
            case Errand.LOG_STATUS:
                return (notices.log_status(state),)
            case Errand.BOOT | Errand.HEARTBEAT | Errand.READING | Errand.TRANSACTION | Errand.DIAGNOSTICS_STATUS:
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
        """NotSupported where 2.0.1 has the action, else NotImplemented."""
        return refusals.unknown_action(action)

    def violation(self, keyword: str) -> str:
        """The CALLERROR code for a broken schema."""
        return refusals.violation(keyword)

    def watch(self, second_s: float) -> Watch:
        """Of its monitors."""
        return EventWatch(second_s)

    # --- configuration ------------------------------------------------------------------------------------------------------------

    def initial(self, variables: Mapping[str, str | int | bool], *, base: Settings) -> Settings:
        """Settings from the configuration's table, by the names of the device model. Raises ValueError with every problem."""
        return device_model.initial(variables, base=base)
