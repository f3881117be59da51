"""`step(state, event) -> (state, effects)`: total, pure, the only way a charge point changes.

Handlers change facts; what the hardware, the backend and people are told follows from the difference of two states, in one place.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from bridge.core import (
    customers,
    deciding,
    files,
    local_list,
    messages,
    profiles,
    requests,
    reservations,
    resets,
    taps,
    transaction,
    vendors,
)
from bridge.core.alerts import AlertId, cleared
from bridge.core.backend import (
    AuthorizeAnswered,
    AuthorizeFailed,
    AvailabilityRequested,
    BackendEvent,
    BackendOffline,
    BackendOnline,
    CacheClearRequested,
    CostTold,
    CustomerForgotten,
    FirmwareRequested,
    ListSent,
    LogRequested,
    MessageCleared,
    MessageSent,
    NoteRequested,
    Order,
    ProfilesCleared,
    ProfileSent,
    ReadingRequested,
    RecordDelivered,
    RecordParked,
    RemoteStartRequested,
    RemoteStopRequested,
    ReservationCancelRequested,
    ReservationRequested,
    ResetRequested,
    SettingChangeRequested,
    SettingsChangeRequested,
    UnlockRequested,
    VendorMessageReceived,
)
from bridge.core.clockwork import time_passed, watch_grid, watch_limit
from bridge.core.draft import Draft
from bridge.core.effects import AnnounceStatus, AnyEffect, Command, CommandHardware, Effects
from bridge.core.energy import command
from bridge.core.events import (
    AlertCleared,
    AnyEvent,
    BrokerLost,
    BrokerSynchronised,
    ClockCorrected,
    CommandAnswered,
    EnergyManaged,
    FirmwareReported,
    GrantMoved,
    GrantWithdrawn,
    MeterReported,
    PriceChanged,
    Restarted,
    SessionStopOrdered,
    StopPressed,
    StorageChanged,
    TagPresented,
    TimePassed,
    UploadProgressed,
    VendorMessageAnswered,
    WallboxReported,
)
from bridge.core.hardware import fault_code, is_charging
from bridge.core.leap import Leap
from bridge.core.metering import meter_reported
from bridge.core.pricing import price_changed
from bridge.core.recovery import RECOVERY_S, resolve_recovery, restarted
from bridge.core.sessions import close, try_start
from bridge.core.sources import energy_managed, watch_sources
from bridge.core.state import State
from bridge.core.status import reported_status, station_status
from bridge.core.values import Status, StopReason
from bridge.core.vehicle import wallbox_reported

CLOCK_SKEW_MS = 60_000
"""A central system whose clock differs by more than a minute is told of (design.md §2 "Clock")."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of it."""

    state: State
    effects: Effects


def step(before: State, event: AnyEvent) -> Step:
    """Answer any event in any state. No I/O, no clock, no ids: they come in with the event."""
    draft = Draft(before, event)
    _handle(draft, event)
    if draft.state.rules.transaction_events:
        transaction.follow(before, draft, event)
    deciding.settle_stop_question(draft)
    resets.settle(draft)
    desired = command(draft.state)
    _couple(draft, desired)
    if draft.kept is not before.kept and draft.kept == before.kept:
        # The very object says that nothing has to be written.
        draft.kept = before.kept
    shown = isinstance(event, BrokerSynchronised)
    return Step(draft.state, draft.effects + _settle(before, draft.state, desired, shown=shown))


def _couple(draft: Draft, desired: Command) -> None:
    """Facts that follow from other facts, whatever changed them. None of them changes what is wanted of the hardware."""
    watch_limit(draft, desired)
    watch_grid(draft)
    watch_sources(draft)
    profiles.watch_profiles(draft)
    reservations.settle(draft)
    messages.settle(draft)
    state = draft.state
    if state.released_s is not None and (is_charging(state) or not desired.enabled):
        draft.state = replace(state, released_s=None)
    if state.ended is not None and state.ended.finishing and reported_status(state) is Status.UNAVAILABLE:
        draft.state = replace(draft.state, ended=replace(state.ended, finishing=False))


def _settle(before: State, after: State, desired: Command, *, shown: bool) -> Effects:
    """What the outside is told of the difference."""
    effects: list[AnyEffect] = []
    # Before the broker has told what it had stored, nothing is newly released; the wallbox keeps the last word it was given.
    if after.synchronised and (shown or not before.synchronised or desired != command(before)):
        effects.append(CommandHardware(command=desired))
    if _told(before) != _told(after):
        effects.append(AnnounceStatus())
    return tuple(effects)


def _told(state: State) -> tuple[str, str, str]:
    return reported_status(state), station_status(state), fault_code(state.hardware)


def _handle(draft: Draft, event: AnyEvent) -> None:
    match event:
        case WallboxReported():
            wallbox_reported(draft, event)
        case MeterReported():
            meter_reported(draft, event)
        case TimePassed():
            time_passed(draft)
        case EnergyManaged():
            energy_managed(draft, event)
        case PriceChanged():
            price_changed(draft, event)
        case TagPresented():
            taps.tag_presented(draft, event)
        case StopPressed():
            taps.stop_pressed(draft, event)
        case GrantMoved():
            deciding.grant_moved(draft, event)
        case GrantWithdrawn():
            deciding.grant_withdrawn(draft)
        case CommandAnswered():
            requests.command_answered(draft, event)
        case FirmwareReported():
            files.firmware_reported(draft, event)
        case UploadProgressed():
            files.upload_progressed(draft, event)
        case VendorMessageAnswered():
            vendors.vendor_message_answered(draft, event)
        case SessionStopOrdered():
            close(draft, StopReason.OTHER)
        case AlertCleared():
            draft.state = cleared(draft.state, event.alert)
        case Restarted() | BrokerSynchronised() | BrokerLost() | StorageChanged() | ClockCorrected():
            _handle_surroundings(draft, event)
        case _:
            _handle_backend(draft, event)


def _handle_surroundings(draft: Draft, event: Restarted | BrokerSynchronised | BrokerLost | StorageChanged | ClockCorrected) -> None:
    match event:
        case Restarted():
            restarted(draft, event)
        case BrokerSynchronised():
            _synchronised(draft)
        case BrokerLost():
            _broker_lost(draft)
        case StorageChanged():
            _storage_changed(draft, event)
        case ClockCorrected():
            _clock_corrected(draft, event)
        case _:
            assert_never(event)


def _handle_backend(draft: Draft, event: BackendEvent) -> None:
    match event:
        case BackendOnline():
            _backend_online(draft, event)
        case BackendOffline():
            draft.state = replace(draft.state, backend_online=False)
        case AuthorizeAnswered():
            deciding.authorize_answered(draft, event)
        case AuthorizeFailed():
            deciding.authorize_failed(draft, event)
        case RecordDelivered():
            requests.record_delivered(draft, event)
        case RecordParked():
            requests.record_parked(draft, event)
        case RemoteStartRequested():
            requests.remote_start_requested(draft, event)
        case RemoteStopRequested():
            requests.remote_stop_requested(draft, event)
        case ResetRequested():
            resets.reset_requested(draft, event)
        case AvailabilityRequested():
            requests.availability_requested(draft, event)
        case UnlockRequested():
            requests.unlock_requested(draft, event)
        case CacheClearRequested():
            requests.cache_clear_requested(draft, event)
        case SettingChangeRequested():
            requests.settings_changed(draft, event.request, ((event.name, event.value),))
        case SettingsChangeRequested():
            requests.settings_changed(draft, event.request, event.changes)
        case ReadingRequested():
            requests.reading_requested(draft, event)
        case _:
            _handle_order(draft, event)


def _handle_order(draft: Draft, event: Order) -> None:
    match event:
        case ListSent():
            local_list.list_sent(draft, event)
        case ReservationRequested():
            reservations.reservation_requested(draft, event)
        case ReservationCancelRequested():
            reservations.reservation_cancel_requested(draft, event)
        case ProfileSent():
            profiles.profile_sent(draft, event)
        case ProfilesCleared():
            profiles.profiles_cleared(draft, event)
        case MessageSent():
            messages.message_sent(draft, event)
        case MessageCleared():
            messages.message_cleared(draft, event)
        case CostTold():
            messages.cost_told(draft, event)
        case VendorMessageReceived():
            vendors.vendor_message_received(draft, event)
        case LogRequested():
            files.log_requested(draft, event)
        case FirmwareRequested():
            files.firmware_requested(draft, event)
        case CustomerForgotten():
            customers.customer_forgotten(draft, event)
        case NoteRequested():
            requests.note_requested(draft, event)
        case _:
            assert_never(event)


def _backend_online(draft: Draft, event: BackendOnline) -> None:
    draft.state = replace(draft.state, backend_online=True)
    if abs(event.clock_offset_ms) > CLOCK_SKEW_MS:
        seconds = event.clock_offset_ms / 1000
        draft.alert(AlertId.CLOCK_SKEW, f"the central system's clock differs from this host's by {seconds:.0f} s; check NTP")
    else:
        draft.clear(AlertId.CLOCK_SKEW)


def _synchronised(draft: Draft) -> None:
    draft.state = replace(draft.state, synchronised=True)
    recovery = draft.state.recovery
    if recovery is not None:
        draft.state = replace(draft.state, recovery=replace(recovery, until_s=draft.now_s + RECOVERY_S, waited=False))
        resolve_recovery(draft)
    try_start(draft)


def _storage_changed(draft: Draft, event: StorageChanged) -> None:
    draft.state = replace(draft.state, storage_ok=event.ok)
    if draft.state.recovery is not None:
        resolve_recovery(draft)
    try_start(draft)


def _broker_lost(draft: Draft) -> None:
    hardware, meter = draft.state.hardware, draft.state.meter
    draft.state = replace(
        draft.state,
        synchronised=False,
        hardware=replace(hardware, live=False, plug_live=False),
        meter=replace(meter, live=False),
    )


def _clock_corrected(draft: Draft, event: ClockCorrected) -> None:
    """What runs stays marked as begun under a clock that had not been set (design.md §2 "Clock")."""
    leap = Leap(before_ms=event.before_ms, by_ms=event.by_ms)
    draft.state = replace(leap.state(draft.state), clock_trusted=event.trusted)
