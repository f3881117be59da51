"""Asking about a tag, granting and refusing: what list, cache, backend and local permission say, and in which order (B3, B7, B9)."""

from dataclasses import replace

from bridge.core.backend import AuthorizeAnswered, AuthorizeFailed, RemoteStartRequested
from bridge.core.draft import Draft
from bridge.core.effects import AskAuthorize, RememberTag
from bridge.core.energy import allowance, is_running
from bridge.core.events import GrantMoved
from bridge.core.hardware import is_faulted, is_offline, is_plugged
from bridge.core.known import is_asked, is_master_pass, is_unknown, needs_no_question, usable, usable_offline, verdict_now
from bridge.core.reserved import is_kept_from
from bridge.core.sessions import close, try_start
from bridge.core.state import Asking, BackendSession, Granted, NotPending, State
from bridge.core.status import is_operative
from bridge.core.values import (
    Authority,
    Colour,
    IdTag,
    Mode,
    Person,
    StopReason,
    TagInfo,
    Verdict,
    Why,
    tag_key,
)

# --- whether at all ---------------------------------------------------------------------------------------------------------------


def refused_here(state: State) -> Why | None:
    """Why nothing can start here, whoever asks; None: something can."""
    if not state.storage_ok:
        return Why.STORAGE
    if is_faulted(state.hardware):
        return Why.FAULTED
    if is_offline(state):
        return Why.HARDWARE_OFFLINE
    if state.meter.register_wh is None:
        return Why.NO_METER
    return None


# --- asking -----------------------------------------------------------------------------------------------------------------------


def ask(draft: Draft, asking: Asking) -> None:
    """Put the question to the backend, unless list or cache may answer it."""
    state = draft.state
    if needs_no_question(state, asking.known):
        _decide_by(draft, asking, asking.known)
    elif is_asked(state, asking.known):
        draft.pending = asking
        draft.emit(AskAuthorize(question=asking.question, tag=asking.tag))
    else:
        _decide_by(draft, asking, usable(state, asking.known))


def _decide_by(draft: Draft, asking: Asking, known: TagInfo | None) -> None:
    """List or cache have the last word; None: nobody has one."""
    if known is None:
        refuse(draft, asking, Why.OCCUPIED if asking.stop else Why.REJECTED)
    elif asking.stop:
        answer_stop_question(draft, asking, known, accepted=known.accepts(draft.now_ms))
    elif known.accepts(draft.now_ms):
        grant(draft, asking, known)
    else:
        decide_locally(draft, asking, Why.REJECTED, verdict_now(draft.state, known))


def refuse(draft: Draft, asking: Asking, why: Why) -> None:
    """Nobody knows the tag: the local permission may still let it begin, but not end anything."""
    if asking.stop:
        _decide_red(draft, asking, Authority.BRIDGE, why)
    else:
        decide_locally(draft, asking, why, None)


def authorize_answered(draft: Draft, event: AuthorizeAnswered) -> None:
    """The backend answered. A late answer teaches the cache and does nothing else (B9, rule 7)."""
    asking = draft.pending
    awaited = isinstance(asking, Asking) and asking.question == event.question
    tag = asking.tag if isinstance(asking, Asking) and awaited else event.tag
    if tag is not None:
        remember(draft, tag, event.info)
    if not isinstance(asking, Asking) or not awaited:
        return
    draft.pending = NotPending()
    if asking.stop:
        answer_stop_question(draft, asking, event.info, accepted=event.info.verdict is Verdict.ACCEPTED)
    elif event.info.verdict is Verdict.ACCEPTED:
        # Its expiry is for the cache; what the backend accepts now is not refused over a difference of clocks.
        grant(draft, asking, event.info)
    else:
        decide_locally(draft, asking, Why.REJECTED, event.info.verdict)


def remember(draft: Draft, tag: IdTag, info: TagInfo) -> None:
    """Keep what the backend said of a tag, where a cache is wanted (the shell leaves out what is on the list)."""
    if draft.state.settings.cache_enabled:
        draft.emit(RememberTag(tag=tag, info=replace(info, stored_ms=draft.now_ms)))


def authorize_failed(draft: Draft, event: AuthorizeFailed) -> None:
    """The question is lost: decide as if the backend were away."""
    asking = draft.pending
    if isinstance(asking, Asking) and asking.question == event.question:
        give_up_asking(draft, asking)


def give_up_asking(draft: Draft, asking: Asking) -> None:
    """No answer in time, or none to come: list, cache or the local permission decide (B3, B7)."""
    draft.pending = NotPending()
    decide_offline(draft, asking, Why.NO_ANSWER)


def end_epoch(draft: Draft, why: Why) -> None:
    """Whatever waits here belongs to a plug-in that is over: it is decided now, and a late yes will find nobody (rule 7)."""
    pending = draft.pending
    draft.pending = NotPending()
    if isinstance(pending, Asking):
        _decide_red(draft, pending, Authority.BRIDGE, Why.NO_SESSION if pending.stop else why)


def settle_stop_question(draft: Draft) -> None:
    """Nobody waits for leave to stop what has ended by itself."""
    pending, session = draft.pending, draft.session
    stoppable = isinstance(session, BackendSession) or bool(draft.state.settings.master_pass_group)
    if isinstance(pending, Asking) and pending.stop and not (stoppable and is_running(session)):
        draft.pending = NotPending()
        _decide_red(draft, pending, Authority.BRIDGE, Why.NO_SESSION)


def may_stop(state: State, tapped_s: float) -> bool:
    """Whether taps stop sessions, and this one came late enough not to be the starting one again."""
    young = state.opened_s is not None and tapped_s < state.opened_s + state.rules.stop_tap_min_s
    return state.rules.tap_stops and not young


def answer_stop_question(draft: Draft, asking: Asking, info: TagInfo, *, accepted: bool) -> None:
    """What is known of the tag decides whether it ends the running session."""
    session = draft.session
    assert is_running(session), "a question about stopping never outlives the session"
    if accepted and is_master_pass(draft.state, info.group):
        close(draft, StopReason.MASTER_PASS, asking.tag)
        draft.decide(asking.origins, asking.person, Colour.GREEN, Authority.OCPP, why=Why.STOPPED, verdict=info.verdict)
        return
    group = session.group if isinstance(session, BackendSession) else None
    same = group is not None and info.group is not None and tag_key(group) == tag_key(info.group)
    if not same or not accepted:
        _decide_red(draft, asking, Authority.BRIDGE, Why.OCCUPIED, info.verdict)
        return
    stops = may_stop(draft.state, asking.until_s - draft.state.rules.question_s)
    if stops:
        close(draft, StopReason.LOCAL, asking.tag)
    why = Why.STOPPED if stops else Why.ALREADY_RUNNING
    draft.decide(asking.origins, asking.person, Colour.GREEN, Authority.OCPP, why=why, verdict=info.verdict)


# --- deciding ---------------------------------------------------------------------------------------------------------------------


def decide_offline(draft: Draft, asking: Asking, why: Why) -> None:
    """List or cache decide in the backend's place, and then the local permission; `why` is what a refusal is told."""
    state = draft.state
    known = usable_offline(state, asking.known)
    strangers = state.settings.allow_offline_unknown and bool(asking.origins) and not asking.stop
    if known is not None:
        _decide_by(draft, asking, known)
    elif strangers and is_unknown(state, asking.known):
        grant(draft, asking, None)
    else:
        refuse(draft, asking, why)


def decide_locally(draft: Draft, asking: Asking, why: Why, verdict: Verdict | None) -> None:
    """The user's local permission decides; `why` is what a refusal is told (B3). Nobody taps for a remote start."""
    if asking.person.local and asking.origins:
        _permit(draft, asking, verdict, local=True, group=None)
    else:
        authority = Authority.BRIDGE if verdict is None else Authority.OCPP
        _decide_red(draft, asking, authority, why, verdict)


def grant(draft: Draft, asking: Asking, info: TagInfo | None) -> None:
    """Permit what the backend, its list or its cache accepted; None: it is accepted unknown (`allow_offline_unknown`)."""
    if not is_operative(draft.state):
        decide_locally(draft, asking, Why.UNAVAILABLE, None)
    elif info is None:
        _permit(draft, asking, None, local=False, group=None)
    elif is_master_pass(draft.state, info.group):
        decide_locally(draft, asking, Why.NO_SESSION, None)
    else:
        _permit(draft, asking, info.verdict, local=False, group=info.group)


def _permit(draft: Draft, asking: Asking, verdict: Verdict | None, *, local: bool, group: str | None) -> None:
    refusal = refused_here(draft.state)
    if refusal is None and is_kept_from(draft.state, asking.tag, group):
        refusal = Why.RESERVED
    if refusal is not None:
        _decide_red(draft, asking, Authority.BRIDGE, refusal, verdict)
        return
    draft.pending = Granted(
        id=draft.fresh,
        person=asking.person,
        mode=_mode(draft.state, asking.mode, asking.person),
        local=local,
        group=group,
        until_s=draft.now_s + draft.state.settings.connection_timeout_s,
        remote=asking.remote,
        remote_id=asking.remote_id,
        profile=asking.profile,
        reader=next((origin.reader for origin in asking.origins if origin.reader is not None), None),
    )
    authority = Authority.LOCAL if local else Authority.OCPP
    draft.decide(asking.origins, asking.person, Colour.GREEN, authority, why=why_granted(draft.state, local=local), verdict=verdict)
    try_start(draft)


def grant_remote(draft: Draft, event: RemoteStartRequested) -> None:
    """The backend's own start that it need not be asked about again."""
    known = event.known
    draft.pending = Granted(
        id=draft.fresh,
        person=event.person,
        mode=_mode(draft.state, None, event.person),
        local=False,
        group=event.group if known is None else known.group,
        until_s=draft.now_s + draft.state.settings.connection_timeout_s,
        remote=True,
        remote_id=event.remote_id,
        profile=event.profile,
    )
    try_start(draft)


def grant_moved(draft: Draft, event: GrantMoved) -> None:
    """The driver tapped a shared reader and plugged here. What does not hold here is not carried over."""
    state = draft.state
    if is_running(draft.session) or not isinstance(draft.pending, NotPending) or refused_here(state) is not None:
        return
    billed = event.person.tag is not None and state.rules.backend is not None and is_operative(state)
    if not (event.person.local if event.authority_local else billed) or is_kept_from(state, event.person.tag, event.group):
        return
    draft.pending = Granted(
        id=draft.fresh,
        person=event.person,
        mode=_mode(state, event.mode, event.person),
        local=event.authority_local,
        group=event.group,
        until_s=draft.now_s + state.settings.connection_timeout_s,
    )
    try_start(draft)


def grant_withdrawn(draft: Draft) -> None:
    """The permission that waited here has moved to the neighbour."""
    if isinstance(draft.pending, Granted):
        draft.pending = NotPending()


def _mode(state: State, told: Mode | None, person: Person) -> Mode:
    # B13: "mode precedence: tap, reader, user, default"; the shell has put the reader's in the tap's place where the tap tells none.
    return told or person.mode or state.rules.mode


def why_granted(state: State, *, local: bool) -> Why:
    """What a green lamp means now."""
    if not is_plugged(state.hardware):
        return Why.WAITING_FOR_PLUG
    if not allowance(state).allowed:
        return Why.WAITING_FOR_ENERGY_MANAGEMENT
    return Why.LOCAL_PERMISSION if local else Why.ACCEPTED


def _decide_red(draft: Draft, asking: Asking, authority: Authority, why: Why, verdict: Verdict | None = None) -> None:
    draft.decide(asking.origins, asking.person, Colour.RED, authority, why=why, verdict=verdict)
