"""What the backend asks of the station, and what it says to records already sent (B15, B16). All of it subject to energy management."""

from dataclasses import replace

from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.draft import Draft
from bridge.core.effects import (
    AnnounceReading,
    Answer,
    ForgetTags,
    Outcome,
    ResetHardware,
    RestartStation,
    UnlockHardware,
)
from bridge.core.events import (
    AvailabilityRequested,
    CacheClearRequested,
    CommandAnswered,
    ReadingRequested,
    RecordDelivered,
    RecordParked,
    RemoteStartRequested,
    RemoteStopRequested,
    ResetKind,
    ResetRequested,
    SettingChangeRequested,
    UnlockRequested,
)
from bridge.core.sessions import close, finish_now, is_fresh, reading, sample, try_start
from bridge.core.state import (
    Asking,
    BackendSession,
    Cable,
    Granted,
    LocalSession,
    NoSession,
    NotPending,
    Unlocking,
)
from bridge.core.status import is_operative
from bridge.core.taps import ask, end_epoch, grant_remote, refused_here, remember
from bridge.core.values import CommandId, QuestionId, SessionId, StopReason, TagInfo, Why

COMMAND_S = 10.0
"""No result from the wallbox within this time means failed (design.md §3)."""


def remote_start_requested(draft: Draft, event: RemoteStartRequested) -> None:
    """Accepted means "will try": the tag is still asked about where the settings say so (1.6 §5.11)."""
    tag = event.person.tag
    running = draft.session
    busy = not isinstance(running, NoSession) and running.ending is None
    if busy or tag is None or not isinstance(draft.pending, NotPending) or not is_operative(draft.state):
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
        return
    if refused_here(draft.state) is not None or len(tag.text) > draft.state.rules.tag_length_max:
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
        return
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))
    settings, known = draft.state.settings, event.known
    knows = known is not None and settings.cache_enabled and known.accepts(draft.now_ms)
    if not settings.authorize_remote or (settings.local_pre_authorize and knows):
        grant_remote(draft, event.person, None if known is None else known.group)
        return
    asking = Asking(
        question=QuestionId(draft.fresh),
        person=event.person,
        tag=tag,
        mode=None,
        origins=(),
        until_s=draft.now_s + draft.state.rules.question_s,
        known=known,
        remote=True,
    )
    ask(draft, asking)


def remote_stop_requested(draft: Draft, event: RemoteStopRequested) -> None:
    """Only the running transaction, by the backend's own name for it ("0" and "-1" are names like any other)."""
    session = draft.session
    mine = isinstance(session, BackendSession) and session.ending is None and session.backend_id == event.backend_id
    if not mine:
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
        return
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))
    close(draft, StopReason.REMOTE)


def reset_requested(draft: Draft, event: ResetRequested) -> None:
    """This charge point alone starts anew; what ran ends with the reset's own reason, and nothing starts by itself (B8)."""
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))
    end_epoch(draft, Why.UNAVAILABLE)
    finish_now(draft, StopReason.SOFT_RESET if event.kind is ResetKind.SOFT else StopReason.HARD_RESET)
    if event.kind is ResetKind.HARD and draft.state.rules.can_reset:
        draft.emit(ResetHardware(command=CommandId(draft.fresh)))
    draft.emit(RestartStation(kind=event.kind))


def availability_requested(draft: Draft, event: AvailabilityRequested) -> None:
    """Out of service only after a running transaction; kept across restarts."""
    session, kept = draft.session, draft.kept
    if isinstance(session, BackendSession) and not event.operative:
        draft.kept = replace(kept, scheduled=(*kept.scheduled, (event.station, event.operative)))
        draft.emit(Answer(request=event.request, outcome=Outcome.SCHEDULED))
        return
    kept = replace(kept, operative=event.operative, scheduled=())
    if event.station:
        kept = replace(kept, station_operative=event.operative)
    draft.kept = kept
    if not event.operative and isinstance(draft.pending, Granted) and not draft.pending.local:
        draft.pending = NotPending()
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))


def unlock_requested(draft: Draft, event: UnlockRequested) -> None:
    """A running session ends first; the wallbox's own word is the answer."""
    if draft.state.rules.cable is Cable.FIXED:
        draft.emit(Answer(request=event.request, outcome=Outcome.NOT_SUPPORTED))
        return
    give_up_unlocking(draft, Outcome.UNLOCK_FAILED)
    close(draft, StopReason.UNLOCK)
    command = CommandId(draft.fresh)
    waiting = Unlocking(command=command, request=event.request, until_s=draft.now_s + COMMAND_S)
    draft.state = replace(draft.state, unlocking=waiting)
    draft.emit(UnlockHardware(command=command))


def give_up_unlocking(draft: Draft, outcome: Outcome) -> None:
    """Answer the request that waits for the wallbox, if one does."""
    if draft.state.unlocking is not None:
        draft.emit(Answer(request=draft.state.unlocking.request, outcome=outcome))
        draft.state = replace(draft.state, unlocking=None)


def command_answered(draft: Draft, event: CommandAnswered) -> None:
    """The wallbox told how a command went."""
    waiting = draft.state.unlocking
    if waiting is None or waiting.command != event.command:
        return
    if event.ok:
        give_up_unlocking(draft, Outcome.UNLOCKED)
    else:
        give_up_unlocking(draft, Outcome.UNLOCK_FAILED if event.supported else Outcome.NOT_SUPPORTED)
        reason = event.reason or "no reason given"
        draft.alert(AlertId.COMMAND_FAILED, f"the wallbox could not unlock: {reason}", for_s=PASSING_S)


def cache_clear_requested(draft: Draft, event: CacheClearRequested) -> None:
    """1.6 errata 3.23: without a cache the answer is Rejected."""
    if not draft.state.settings.cache_enabled:
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
        return
    draft.emit(ForgetTags())
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))


def setting_change_requested(draft: Draft, event: SettingChangeRequested) -> None:
    """Accepted is a promise: it leaves after the commit."""
    overrides = {**draft.kept.overrides, event.name: event.value}
    draft.kept = replace(draft.kept, overrides=overrides)
    draft.state = replace(draft.state, settings=replace(draft.state.base, **overrides))  # type: ignore[arg-type]  # checked by the dialect
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))


def reading_requested(draft: Draft, event: ReadingRequested) -> None:
    """The backend wants a reading now; none of a local session (design.md §2 "Hardware")."""
    session = draft.session
    if isinstance(session, LocalSession):
        return
    if isinstance(session, BackendSession) and session.ending is None and is_fresh(draft.state):
        sample(draft, event.context, utc_ms=draft.now_ms)
        return
    now = reading(draft.state, event.context)
    if now is not None:
        draft.emit(AnnounceReading(reading=now))


# --- answers to records -----------------------------------------------------------------------------------------------------------


def record_delivered(draft: Draft, event: RecordDelivered) -> None:
    """The backend has a record. It names the transaction, and may refuse the tag after the fact."""
    if event.info is not None and event.tag is not None:
        remember(draft, event.tag, event.info)
    session = draft.session
    if not event.starts or not isinstance(session, BackendSession) or session.id != event.session:
        return
    group = session.group if event.info is None or event.info.group is None else event.info.group
    session = replace(session, backend_id=event.backend_id, group=group)
    draft.session = session
    if event.info is not None and not event.info.accepts(draft.now_ms) and session.ending is None:
        _refused_after_green(draft, session, event.info)


def _refused_after_green(draft: Draft, session: BackendSession, info: TagInfo) -> None:
    register_wh = draft.state.meter.register_wh
    draft.alert(
        AlertId.BACKEND_REFUSED,
        f"the central system refused the tag after the start ({info.verdict.value})",
        for_s=PASSING_S,
    )
    if not draft.state.settings.stop_on_invalid:
        known_wh = session.last.register_wh if register_wh is None else register_wh
        draft.session = replace(session, refused=info, refused_wh=known_wh)
        return
    finish_now(draft, StopReason.DEAUTHORIZED)
    if session.person.local and draft.state.storage_ok:
        granted = Granted(
            id=SessionId(draft.fresh),
            person=session.person,
            mode=session.mode,
            local=True,
            group=None,
            until_s=draft.now_s + draft.state.settings.connection_timeout_s,
            follows=session.id,
        )
        draft.pending = granted
        try_start(draft)


def record_parked(draft: Draft, event: RecordParked) -> None:
    """The backend refused a record for good; nothing is lost, and the operator is told."""
    text = f"the central system does not take records of session {event.session} ({event.error}); see `evbridge queue`"
    draft.alert(AlertId.RECORD_PARKED, text)
