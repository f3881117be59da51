"""Cards, app buttons and the answers to the questions they raise. Every accepted one gets exactly one decision (B1-B5, B7, B9)."""

from dataclasses import replace
from typing import assert_never

from bridge.core.backend import AuthorizeAnswered, AuthorizeFailed
from bridge.core.draft import Draft
from bridge.core.effects import AskAuthorize, RememberTag
from bridge.core.energy import allowance, is_running
from bridge.core.events import GrantMoved, StopPressed, TagPresented
from bridge.core.hardware import is_faulted, is_offline, is_plugged
from bridge.core.sessions import close, try_start
from bridge.core.state import Asking, BackendSession, Granted, LocalSession, NotPending, State
from bridge.core.status import is_operative
from bridge.core.values import (
    Authority,
    Colour,
    IdTag,
    Mode,
    Person,
    QuestionId,
    StopReason,
    TagInfo,
    Verdict,
    Why,
    tag_key,
)

# --- a tap ------------------------------------------------------------------------------------------------------------------------


def tag_presented(draft: Draft, event: TagPresented) -> None:
    """A card was tapped, or an app pressed start."""
    running = draft.session
    if is_running(running) and running.person.is_same(event.person):
        _tap_of_own_session(draft, event, running)
        return
    match draft.pending:
        case Asking() as asking:
            _tap_while_asking(draft, event, asking)
        case Granted() as granted:
            _tap_while_granted(draft, event, granted)
        case NotPending() if is_running(running):
            _tap_in_session(draft, event, running)
        case NotPending():
            _tap_to_start(draft, event)
        case _:
            assert_never(draft.pending)


def _tap_of_own_session(draft: Draft, event: TagPresented, running: BackendSession | LocalSession) -> None:
    authority = _authority(running)
    if event.start_only or not _may_stop(draft.state, draft.now_s):
        draft.decide((event.origin,), event.person, Colour.GREEN, authority, why=Why.ALREADY_RUNNING)
        return
    close(draft, StopReason.LOCAL, running.tag if isinstance(running, BackendSession) else None)
    draft.decide((event.origin,), event.person, Colour.GREEN, authority, why=Why.STOPPED)


def _may_stop(state: State, tapped_s: float) -> bool:
    """Whether taps stop sessions, and this one came late enough not to be the starting one again."""
    young = state.opened_s is not None and tapped_s < state.opened_s + state.rules.stop_tap_min_s
    return state.rules.tap_stops and not young


def _tap_in_session(draft: Draft, event: TagPresented, running: BackendSession | LocalSession) -> None:
    """Somebody else's session: a tag of the same group ends it, after it has been checked (design.md §2 "Taps")."""
    tag = event.person.tag
    if event.start_only or not isinstance(running, BackendSession) or running.group is None or tag is None:
        _red(draft, event, Why.OCCUPIED)
    elif len(tag.text) > draft.state.rules.tag_length_max:
        _red(draft, event, Why.TAG_TOO_LONG)
    elif draft.state.backend_online:
        ask(draft, _asking(draft, event, tag, stop=True))
    else:
        asking = _asking(draft, event, tag, stop=True)
        known = _usable_offline(draft.state, asking)
        if known is None:
            _red(draft, event, Why.OCCUPIED)
        else:
            _answer_stop_question(draft, asking, known, accepted=known.accepts(draft.now_ms))


def _tap_while_asking(draft: Draft, event: TagPresented, asking: Asking) -> None:
    if asking.person.is_same(event.person):
        draft.pending = replace(asking, origins=(*asking.origins, event.origin))
    else:
        _red(draft, event, Why.OCCUPIED)


def _tap_while_granted(draft: Draft, event: TagPresented, granted: Granted) -> None:
    if not granted.person.is_same(event.person):
        _red(draft, event, Why.OCCUPIED)
        return
    # A second tap renews the timer (B4).
    until_s = max(granted.until_s, draft.now_s + draft.state.settings.connection_timeout_s)
    draft.pending = replace(granted, until_s=until_s)
    authority = Authority.LOCAL if granted.local else Authority.OCPP
    draft.decide((event.origin,), event.person, Colour.GREEN, authority, why=_why_granted(draft.state, local=granted.local))


def _tap_to_start(draft: Draft, event: TagPresented) -> None:
    refusal = refused_here(draft.state)
    if refusal is not None:
        _red(draft, event, refusal)
        return
    rules, tag = draft.state.rules, event.person.tag
    asking = _asking(draft, event, tag or NO_TAG)
    if tag is None or rules.backend is None:
        _decide_locally(draft, asking, Why.NO_PERMISSION, None)
    elif len(tag.text) > rules.tag_length_max:
        _decide_locally(draft, asking, Why.TAG_TOO_LONG, None)
    elif not is_operative(draft.state):
        _decide_locally(draft, asking, Why.UNAVAILABLE, None)
    elif not draft.state.backend_online:
        _decide_offline(draft, asking, Why.BACKEND_AWAY)
    elif needs_no_question(draft.state, event.known):
        _grant(draft, asking, event.known)
    else:
        ask(draft, asking)


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

NO_TAG = IdTag(text="")
"""Of a person without a tag for the backend, which is then never asked."""


def _asking(draft: Draft, event: TagPresented, tag: IdTag, *, stop: bool = False) -> Asking:
    return Asking(
        question=QuestionId(draft.fresh),
        person=event.person,
        tag=tag,
        mode=event.mode,
        origins=(event.origin,),
        until_s=draft.now_s + draft.state.rules.question_s,
        known=event.known,
        stop=stop,
    )


def ask(draft: Draft, asking: Asking) -> None:
    """Put the question to the backend."""
    draft.pending = asking
    draft.emit(AskAuthorize(question=asking.question, tag=asking.tag))


def needs_no_question(state: State, known: TagInfo | None) -> bool:
    """Whether the cache may answer although the backend is there (`local_pre_authorize`)."""
    settings = state.settings
    return settings.local_pre_authorize and settings.cache_enabled and known is not None and known.accepts(state.now.utc_ms)


def _usable_offline(state: State, asking: Asking) -> TagInfo | None:
    """What the cache says in the backend's place, where it may."""
    settings = state.settings
    return asking.known if settings.local_authorize_offline and settings.cache_enabled else None


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
        _answer_stop_question(draft, asking, event.info, accepted=event.info.verdict is Verdict.ACCEPTED)
    elif event.info.verdict is Verdict.ACCEPTED:
        # Its expiry is for the cache; what the backend accepts now is not refused over a difference of clocks.
        _grant(draft, asking, event.info)
    else:
        _decide_locally(draft, asking, Why.REJECTED, event.info.verdict)


def remember(draft: Draft, tag: IdTag, info: TagInfo) -> None:
    """Keep what the backend said of a tag, where a cache is wanted."""
    if draft.state.settings.cache_enabled:
        draft.emit(RememberTag(tag=tag, info=info))


def authorize_failed(draft: Draft, event: AuthorizeFailed) -> None:
    """The question is lost: decide as if the backend were away."""
    asking = draft.pending
    if isinstance(asking, Asking) and asking.question == event.question:
        give_up_asking(draft, asking)


def give_up_asking(draft: Draft, asking: Asking) -> None:
    """No answer in time, or none to come: list, cache or the local permission decide (B3, B7)."""
    draft.pending = NotPending()
    known = _usable_offline(draft.state, asking)
    if not asking.stop:
        _decide_offline(draft, asking, Why.NO_ANSWER)
    elif known is None:
        _decide_red(draft, asking, Authority.BRIDGE, Why.NO_ANSWER)
    else:
        _answer_stop_question(draft, asking, known, accepted=known.accepts(draft.now_ms))


def end_epoch(draft: Draft, why: Why) -> None:
    """Whatever waits here belongs to a plug-in that is over: it is decided now, and a late yes will find nobody (rule 7)."""
    pending = draft.pending
    draft.pending = NotPending()
    if isinstance(pending, Asking):
        _decide_red(draft, pending, Authority.BRIDGE, Why.NO_SESSION if pending.stop else why)


def settle_stop_question(draft: Draft) -> None:
    """Nobody waits for leave to stop what has ended by itself."""
    pending, session = draft.pending, draft.session
    if isinstance(pending, Asking) and pending.stop and not (isinstance(session, BackendSession) and is_running(session)):
        draft.pending = NotPending()
        _decide_red(draft, pending, Authority.BRIDGE, Why.NO_SESSION)


def _answer_stop_question(draft: Draft, asking: Asking, info: TagInfo, *, accepted: bool) -> None:
    session = draft.session
    assert isinstance(session, BackendSession), "a question about stopping never outlives the session"
    same = session.group is not None and info.group is not None and tag_key(session.group) == tag_key(info.group)
    if not same or not accepted:
        _decide_red(draft, asking, Authority.BRIDGE, Why.OCCUPIED, info.verdict)
        return
    stops = _may_stop(draft.state, asking.until_s - draft.state.rules.question_s)
    if stops:
        close(draft, StopReason.LOCAL, asking.tag)
    why = Why.STOPPED if stops else Why.ALREADY_RUNNING
    draft.decide(asking.origins, asking.person, Colour.GREEN, Authority.OCPP, why=why, verdict=info.verdict)


# --- deciding ---------------------------------------------------------------------------------------------------------------------


def _decide_offline(draft: Draft, asking: Asking, why: Why) -> None:
    known = _usable_offline(draft.state, asking)
    if known is not None and known.accepts(draft.now_ms):
        _grant(draft, asking, known)
    elif known is not None:
        verdict = Verdict.EXPIRED if known.verdict is Verdict.ACCEPTED else known.verdict
        _decide_locally(draft, asking, Why.REJECTED, verdict)
    elif draft.state.settings.allow_offline_unknown and asking.known is None and asking.origins:
        _grant(draft, asking, None)
    else:
        _decide_locally(draft, asking, why, None)


def _decide_locally(draft: Draft, asking: Asking, why: Why, verdict: Verdict | None) -> None:
    """The user's local permission decides; `why` is what a refusal is told (B3). Nobody taps for a remote start."""
    if asking.person.local and asking.origins:
        _permit(draft, asking, verdict, local=True, group=None)
    else:
        authority = Authority.BRIDGE if verdict is None else Authority.OCPP
        _decide_red(draft, asking, authority, why, verdict)


def _grant(draft: Draft, asking: Asking, info: TagInfo | None) -> None:
    if not is_operative(draft.state):
        _decide_locally(draft, asking, Why.UNAVAILABLE, None)
    elif info is None:
        _permit(draft, asking, None, local=False, group=None)
    else:
        _permit(draft, asking, info.verdict, local=False, group=info.group)


def _permit(draft: Draft, asking: Asking, verdict: Verdict | None, *, local: bool, group: str | None) -> None:
    refusal = refused_here(draft.state)
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
        reader=next((origin.reader for origin in asking.origins if origin.reader is not None), None),
    )
    authority = Authority.LOCAL if local else Authority.OCPP
    draft.decide(asking.origins, asking.person, Colour.GREEN, authority, why=_why_granted(draft.state, local=local), verdict=verdict)
    try_start(draft)


def grant_remote(draft: Draft, person: Person, group: str | None) -> None:
    """The backend's own start that it need not be asked about again."""
    draft.pending = Granted(
        id=draft.fresh,
        person=person,
        mode=_mode(draft.state, None, person),
        local=False,
        group=group,
        until_s=draft.now_s + draft.state.settings.connection_timeout_s,
        remote=True,
    )
    try_start(draft)


def grant_moved(draft: Draft, event: GrantMoved) -> None:
    """The driver tapped a shared reader and plugged here. What does not hold here is not carried over."""
    state = draft.state
    if is_running(draft.session) or not isinstance(draft.pending, NotPending) or refused_here(state) is not None:
        return
    billed = event.person.tag is not None and state.rules.backend is not None and is_operative(state)
    if not (event.person.local if event.authority_local else billed):
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


def _why_granted(state: State, *, local: bool) -> Why:
    if not is_plugged(state.hardware):
        return Why.WAITING_FOR_PLUG
    if not allowance(state).allowed:
        return Why.WAITING_FOR_ENERGY_MANAGEMENT
    return Why.LOCAL_PERMISSION if local else Why.ACCEPTED


# --- an app's stop ----------------------------------------------------------------------------------------------------------------


def stop_pressed(draft: Draft, event: StopPressed) -> None:
    """An app pressed stop: whatever of this user runs or waits ends."""
    session, pending = draft.session, draft.pending
    starts = isinstance(pending, Granted) or (isinstance(pending, Asking) and not pending.stop)
    if is_running(session) and session.person.user == event.user:
        close(draft, StopReason.LOCAL)
        draft.decide((event.origin,), session.person, Colour.GREEN, _authority(session), why=Why.STOPPED)
    elif isinstance(pending, Asking | Granted) and starts and pending.person.user == event.user:
        end_epoch(draft, Why.STOPPED)
        draft.decide((event.origin,), pending.person, Colour.GREEN, Authority.BRIDGE, why=Why.STOPPED)
    else:
        draft.decide((event.origin,), Person(user=event.user), Colour.RED, Authority.BRIDGE, why=Why.NO_SESSION)


def _authority(session: BackendSession | LocalSession) -> Authority:
    return Authority.OCPP if isinstance(session, BackendSession) else Authority.LOCAL


def _red(draft: Draft, event: TagPresented, why: Why) -> None:
    draft.decide((event.origin,), event.person, Colour.RED, Authority.BRIDGE, why=why)


def _decide_red(draft: Draft, asking: Asking, authority: Authority, why: Why, verdict: Verdict | None = None) -> None:
    draft.decide(asking.origins, asking.person, Colour.RED, authority, why=why, verdict=verdict)
