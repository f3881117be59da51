"""What the backend asks of the station, and what it says to records already sent (B15, B16). All of it subject to energy management."""

from dataclasses import replace

from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.backend import (
    Among,
    AvailabilityRequested,
    CacheClearRequested,
    NoteRequested,
    ReadingRequested,
    RecordDelivered,
    RecordParked,
    RemoteStartRequested,
    RemoteStopRequested,
    UnlockRequested,
)
from bridge.core.deciding import ask, end_epoch, grant_remote, refused_here, remember
from bridge.core.draft import Draft
from bridge.core.effects import (
    AnnounceReading,
    Answer,
    ForgetTags,
    Outcome,
    UnlockHardware,
)
from bridge.core.energy import is_running
from bridge.core.events import CommandAnswered
from bridge.core.files import firmware_answered
from bridge.core.known import is_master_pass, needs_no_question
from bridge.core.messages import learn_cost
from bridge.core.readings import take_reading
from bridge.core.recovery import goes_on_locally, settings_in_force
from bridge.core.reserved import is_kept_from, is_kept_from_all_but
from bridge.core.sessions import close, finish_now, go_on, is_sampled, sample
from bridge.core.settings import Cable
from bridge.core.state import Asking, BackendSession, Granted, LocalSession, NotPending, Unlocking
from bridge.core.status import is_operative
from bridge.core.values import CommandId, IdTag, QuestionId, RequestId, StopReason, TagInfo, Verdict, Why

COMMAND_S = 10.0
"""No result from the wallbox within this time means failed (design.md §3)."""


def remote_start_requested(draft: Draft, event: RemoteStartRequested) -> None:
    """Accepted means "will try": the tag is still asked about where the settings say so (1.6 §5.11)."""
    tag = event.person.tag
    unasked = not draft.state.settings.authorize_remote or needs_no_question(draft.state, event.known)
    if tag is None or not _may_start_remotely(draft, event, tag) or _is_reserved(draft, event, tag, unasked=unasked):
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
        return
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))
    if unasked:
        grant_remote(draft, event)
        return
    asking = Asking(
        question=QuestionId(draft.fresh),
        person=event.person,
        tag=tag,
        mode=None,
        origins=(),
        until_s=draft.now_s + draft.state.rules.question_s,
        known=event.known,
        remote=True,
        remote_id=event.remote_id,
        profile=event.profile,
    )
    ask(draft, asking)


def _may_start_remotely(draft: Draft, event: RemoteStartRequested, tag: IdTag) -> bool:
    free = not is_running(draft.session) and isinstance(draft.pending, NotPending)
    able = refused_here(draft.state) is None and is_operative(draft.state) and not is_master_pass(draft.state, _group(event))
    return free and able and len(tag.text) <= draft.state.rules.tag_length_max


def _group(event: RemoteStartRequested) -> str | None:
    return event.group if event.known is None else event.known.group


def _is_reserved(draft: Draft, event: RemoteStartRequested, tag: IdTag, *, unasked: bool) -> bool:
    """For somebody else; the group of a tag that is asked about shows in the answer (1.6 TC_053_2)."""
    return is_kept_from(draft.state, tag, _group(event)) if unasked else is_kept_from_all_but(draft.state, tag)


def remote_stop_requested(draft: Draft, event: RemoteStopRequested) -> None:
    """Only the open transaction, by the backend's own name for it ("0" and "-1" are names like any other), or by ours."""
    session, transaction = draft.session, draft.kept.transaction
    named = isinstance(session, BackendSession) and session.backend_id == event.backend_id
    if not named and (transaction is None or transaction.id != event.backend_id):
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
        return
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))
    if isinstance(draft.pending, Granted):
        end_epoch(draft, Why.NO_SESSION)
    close(draft, StopReason.REMOTE)


def availability_requested(draft: Draft, event: AvailabilityRequested) -> None:
    """Out of service only after a running transaction; kept across restarts."""
    kept = draft.kept
    if isinstance(kept.session, BackendSession) and not event.operative:
        change = (event.station, event.operative)
        if change not in kept.scheduled:
            draft.kept = replace(kept, scheduled=(*kept.scheduled, change))
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
    draft.state = replace(draft.state, unlocking=waiting, held=None)
    draft.emit(UnlockHardware(command=command))


def give_up_unlocking(draft: Draft, outcome: Outcome) -> None:
    """Answer the request that waits for the wallbox, if one does."""
    if draft.state.unlocking is not None:
        draft.emit(Answer(request=draft.state.unlocking.request, outcome=outcome))
        draft.state = replace(draft.state, unlocking=None)


def command_answered(draft: Draft, event: CommandAnswered) -> None:
    """The wallbox told how a command went."""
    waiting = draft.state.unlocking
    if waiting is not None and waiting.command == event.command:
        failed = Outcome.UNLOCK_FAILED if event.supported else Outcome.NOT_SUPPORTED
        give_up_unlocking(draft, Outcome.UNLOCKED if event.ok else failed)
    firmware_answered(draft, event)
    if event.ok:
        draft.clear(AlertId.COMMAND_FAILED)
    else:
        reason = event.reason or "no reason given"
        draft.alert(AlertId.COMMAND_FAILED, f"the wallbox could not do what it was told: {reason}", for_s=PASSING_S)


def cache_clear_requested(draft: Draft, event: CacheClearRequested) -> None:
    """1.6 errata 3.23: without a cache the answer is Rejected."""
    if not draft.state.settings.cache_enabled:
        draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))
        return
    draft.emit(ForgetTags())
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))


def settings_changed(draft: Draft, request: RequestId, changes: tuple[tuple[str, bool | int | str | tuple[str, ...]], ...]) -> None:
    """Accepted is a promise: it leaves after the commit. Periodic things begin their period anew."""
    kept = replace(draft.kept, overrides={**draft.kept.overrides, **dict(changes)})
    draft.kept = kept
    before = draft.state.settings
    after = settings_in_force(draft.state.base, kept)
    draft.state = replace(draft.state, settings=after)
    if after.sample_interval_s != before.sample_interval_s and draft.state.sampled_s is not None:
        draft.state = replace(draft.state, sampled_s=draft.now_s)
    if after.aligned_interval_s != before.aligned_interval_s:
        draft.state = replace(draft.state, aligned_ms=draft.now_ms)
    draft.emit(Answer(request=request, outcome=Outcome.ACCEPTED))


def note_requested(draft: Draft, event: NoteRequested) -> None:
    """Kept to the letter; the promise leaves after the commit."""
    notes = {name: text for name, text in draft.kept.notes.items() if name != event.name}
    draft.kept = replace(draft.kept, notes=notes if event.text is None else {**notes, event.name: event.text})
    draft.emit(Answer(request=event.request, outcome=Outcome.ACCEPTED))


def reading_requested(draft: Draft, event: ReadingRequested) -> None:
    """The backend wants a reading now; none of a local session (design.md §2 "Hardware"), none of one whose fate is open (B8).

    In a transaction that is open without a session it is told by `bridge.core.transaction`.
    """
    if is_sampled(draft.state) and event.among is not Among.READINGS:
        sample(draft, event.context, utc_ms=draft.now_ms)
        return
    if event.among is Among.TRANSACTION:
        return
    if not isinstance(draft.session, LocalSession) and draft.state.recovery is None:
        now = take_reading(draft, event.context)
        if now is not None:
            draft.emit(AnnounceReading(reading=now))


# --- answers to records -----------------------------------------------------------------------------------------------------------


def record_delivered(draft: Draft, event: RecordDelivered) -> None:
    """The backend has a record. It names the transaction, and may refuse the tag after the fact."""
    if event.info is not None and event.tag is not None:
        remember(draft, event.tag, event.info)
    if event.cost is not None:
        learn_cost(draft, event.session, event.cost)
    session = draft.session
    if isinstance(draft.pending, Granted):
        _refused_before_the_plug(draft, draft.pending, event)
    if not event.starts or not isinstance(session, BackendSession) or session.id != event.session:
        return
    group = session.group if event.info is None or event.info.group is None else event.info.group
    named = replace(session, backend_id=event.backend_id, group=group)
    draft.session = named
    if event.info is not None and event.info.verdict is not Verdict.ACCEPTED and is_running(named):
        _refused_after_green(draft, named, event.info)


def _refused_before_the_plug(draft: Draft, granted: Granted, event: RecordDelivered) -> None:
    """The transaction began with the permission, and the backend takes that back; a local permission stands in (B16)."""
    transaction = draft.kept.transaction
    ours = transaction is not None and transaction.id == event.session and not granted.local
    if ours and event.starts and event.info is not None and event.info.verdict is not Verdict.ACCEPTED:
        text = f"the central system refused the tag after the start ({event.info.verdict.value})"
        draft.alert(AlertId.BACKEND_REFUSED, text, for_s=PASSING_S)
        draft.pending = replace(granted, local=True, group=None) if granted.person.local else NotPending()


def _refused_after_green(draft: Draft, session: BackendSession, info: TagInfo) -> None:
    text = f"the central system refused the tag after the start ({info.verdict.value})"
    draft.alert(AlertId.BACKEND_REFUSED, text, for_s=PASSING_S)
    session = replace(session, refused=info, refused_wh=draft.state.meter.register_wh or 0)
    draft.session = session
    # A session of the life before is dealt with when it is known whether its vehicle is still there.
    if draft.state.settings.stop_on_invalid and draft.state.recovery is None:
        finish_now(draft, StopReason.DEAUTHORIZED)
        if goes_on_locally(session, draft.state):
            go_on(draft, session, local=True)


def record_parked(draft: Draft, event: RecordParked) -> None:
    """The backend refused a record for good; nothing is lost, and the operator is told."""
    text = f"the central system does not take records of session {event.session} ({event.error}); see `evbridge queue`"
    draft.alert(AlertId.RECORD_PARKED, text)
