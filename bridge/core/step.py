"""`step(state, event) -> (state, effects)`: total, pure, the only way a charge point changes.

Handlers change facts; what the hardware, the backend and people are told follows from the difference of two states, in one place.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never

from bridge.core import requests, taps
from bridge.core.alerts import PASSING_S, AlertId, cleared
from bridge.core.clockwork import time_passed, watch_limit, watch_sources
from bridge.core.draft import Draft
from bridge.core.effects import AnnounceStatus, AnyEffect, CommandHardware, Effects
from bridge.core.energy import command
from bridge.core.events import (
    AlertCleared,
    AnyEvent,
    AuthorizeAnswered,
    AuthorizeFailed,
    AvailabilityRequested,
    BackendOffline,
    BackendOnline,
    BrokerLost,
    BrokerSynchronised,
    CacheClearRequested,
    ClockCorrected,
    CommandAnswered,
    EnergyManaged,
    GrantMoved,
    GrantWithdrawn,
    MeterReported,
    PriceChanged,
    ReadingRequested,
    RecordDelivered,
    RecordParked,
    RemoteStartRequested,
    RemoteStopRequested,
    ResetRequested,
    Restarted,
    SessionStopOrdered,
    SettingChangeRequested,
    StopPressed,
    StorageChanged,
    TagPresented,
    TimePassed,
    UnlockRequested,
    Unset,
    WallboxReported,
)
from bridge.core.hardware import fault_code
from bridge.core.metering import meter_reported
from bridge.core.recovery import RECOVERY_S, restarted
from bridge.core.sessions import close, reprice, try_start
from bridge.core.state import NoSession, Source, State
from bridge.core.status import reported_status, station_status
from bridge.core.values import StopReason
from bridge.core.vehicle import wallbox_reported

CLOCK_SKEW_MS = 60_000
"""A central system whose clock differs by more than a minute is told of (design.md §2 "Clock")."""
SOURCES_MAX = 32
"""Sources of energy management per charge point: a site has a handful; a flood of invented names must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of it."""

    state: State
    effects: Effects


def step(before: State, event: AnyEvent) -> Step:
    """Answer any event in any state. No I/O, no clock, no ids: they come in with the event."""
    draft = Draft(before, event)
    _handle(draft, event)
    _couple(draft)
    shown = isinstance(event, BrokerSynchronised)
    return Step(draft.state, draft.effects + _settle(before, draft.state, shown=shown))


def _couple(draft: Draft) -> None:
    """Facts that follow from other facts, whatever changed them."""
    watch_limit(draft)
    watch_sources(draft)
    enabled = command(draft.state).enabled
    if enabled and draft.state.released_s is None and not isinstance(draft.session, NoSession):
        draft.state = replace(draft.state, released_s=draft.now_s)
    elif not enabled and draft.state.released_s is not None:
        draft.state = replace(draft.state, released_s=None)


def _settle(before: State, after: State, *, shown: bool) -> Effects:
    """What the outside is told of the difference."""
    effects: list[AnyEffect] = []
    desired = command(after)
    # Before the broker has told what it had stored, nothing is newly released; the wallbox keeps the last word it was given.
    if after.synchronised and (shown or not before.synchronised or desired != command(before)):
        effects.append(CommandHardware(command=desired))
    if _told(before) != _told(after):
        effects.append(AnnounceStatus())
    return tuple(effects)


def _told(state: State) -> tuple[str, str, str]:
    return reported_status(state), station_status(state), fault_code(state.hardware)


def _handle(draft: Draft, event: AnyEvent) -> None:  # noqa: PLR0915 - one flat line for each event there is
    match event:
        case WallboxReported():
            wallbox_reported(draft, event)
        case MeterReported():
            meter_reported(draft, event)
        case TimePassed():
            time_passed(draft)
        case EnergyManaged():
            _energy_managed(draft, event)
        case PriceChanged():
            _price_changed(draft, event)
        case TagPresented():
            taps.tag_presented(draft, event)
        case StopPressed():
            taps.stop_pressed(draft, event)
        case GrantMoved():
            taps.grant_moved(draft, event)
        case GrantWithdrawn():
            taps.grant_withdrawn(draft)
        case AuthorizeAnswered():
            taps.authorize_answered(draft, event)
        case AuthorizeFailed():
            taps.authorize_failed(draft, event)
        case RecordDelivered():
            requests.record_delivered(draft, event)
        case RecordParked():
            requests.record_parked(draft, event)
        case RemoteStartRequested():
            requests.remote_start_requested(draft, event)
        case RemoteStopRequested():
            requests.remote_stop_requested(draft, event)
        case ResetRequested():
            requests.reset_requested(draft, event)
        case AvailabilityRequested():
            requests.availability_requested(draft, event)
        case UnlockRequested():
            requests.unlock_requested(draft, event)
        case CacheClearRequested():
            requests.cache_clear_requested(draft, event)
        case SettingChangeRequested():
            requests.setting_change_requested(draft, event)
        case ReadingRequested():
            requests.reading_requested(draft, event)
        case CommandAnswered():
            requests.command_answered(draft, event)
        case SessionStopOrdered():
            close(draft, StopReason.OTHER)
        case Restarted():
            restarted(draft, event)
        case BackendOnline():
            _backend_online(draft, event)
        case BackendOffline():
            draft.state = replace(draft.state, backend_online=False)
        case BrokerSynchronised():
            _synchronised(draft)
        case BrokerLost():
            _broker_lost(draft)
        case StorageChanged():
            draft.state = replace(draft.state, storage_ok=event.ok)
            try_start(draft)
        case ClockCorrected():
            _clock_corrected(draft, event)
        case AlertCleared():
            draft.state = cleared(draft.state, event.alert)
        case _:
            assert_never(event)


def _backend_online(draft: Draft, event: BackendOnline) -> None:
    draft.state = replace(draft.state, backend_online=True)
    if abs(event.clock_offset_ms) > CLOCK_SKEW_MS:
        seconds = event.clock_offset_ms / 1000
        draft.alert(
            AlertId.CLOCK_SKEW, f"the central system's clock differs from this host's by {seconds:.0f} s; check NTP", for_s=PASSING_S
        )
    else:
        draft.clear(AlertId.CLOCK_SKEW)


def _synchronised(draft: Draft) -> None:
    draft.state = replace(draft.state, synchronised=True)
    recovery = draft.state.recovery
    if recovery is not None:
        draft.state = replace(draft.state, recovery=replace(recovery, until_s=draft.now_s + RECOVERY_S))
    try_start(draft)


def _broker_lost(draft: Draft) -> None:
    hardware, meter = draft.state.hardware, draft.state.meter
    draft.state = replace(
        draft.state,
        synchronised=False,
        hardware=replace(hardware, live=False),
        meter=replace(meter, live=False),
    )


def _energy_managed(draft: Draft, event: EnergyManaged) -> None:
    """Merge what a source said; a source without a word left is gone."""
    sources = draft.kept.sources
    draft.state = replace(draft.state, spoke_s={**draft.state.spoke_s, event.source: draft.now_s})
    old = next((one for one in sources if one.name == event.source and one.everywhere == event.everywhere), None)
    if old is None and len(sources) >= SOURCES_MAX:
        draft.alert(AlertId.INBOX_FULL, f"more than {SOURCES_MAX} sources of energy management; {event.source} is ignored", for_s=PASSING_S)
        return
    new = _merged(old or Source(name=event.source, everywhere=event.everywhere), event)
    if new == old:
        return
    kept = [one for one in sources if one is not old]
    if (new.allow, new.limit_w, new.limit_a) != (None, None, None):
        kept.append(new)
    draft.kept = replace(draft.kept, sources=tuple(kept))


def _merged(source: Source, event: EnergyManaged) -> Source:
    if not isinstance(event.allow, Unset):
        source = replace(source, allow=event.allow)
    if not isinstance(event.limit_w, Unset):
        source = replace(source, limit_w=event.limit_w)
    if not isinstance(event.limit_a, Unset):
        source = replace(source, limit_a=event.limit_a)
    if not isinstance(event.reason, Unset):
        source = replace(source, reason=event.reason)
    return source


def _price_changed(draft: Draft, event: PriceChanged) -> None:
    prices = {everywhere: price for everywhere, price in draft.kept.prices if everywhere is not event.everywhere}
    if event.per_kwh is not None:
        # The text of the float is what was written on the topic; its binary value is not.
        prices[event.everywhere] = Decimal(repr(event.per_kwh))
    new = tuple(sorted(prices.items()))
    if new != draft.kept.prices:
        draft.kept = replace(draft.kept, prices=new)
        reprice(draft)


def _clock_corrected(draft: Draft, event: ClockCorrected) -> None:
    """Move what this life has written with a clock that had not been set."""
    session = draft.session
    if isinstance(session, NoSession) or session.clock_trusted:
        return
    by_ms = event.by_ms
    begin = replace(session.begin, utc_ms=session.begin.utc_ms + by_ms)
    last = replace(session.last, utc_ms=session.last.utc_ms + by_ms)
    draft.session = replace(session, begin=begin, last=last, started_ms=session.started_ms + by_ms)
