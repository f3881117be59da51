"""Cards, app buttons and the answers to the questions they raise. Every accepted one gets exactly one decision (B1-B5, B7, B9)."""

from dataclasses import replace

from bridge.core.draft import Draft
from bridge.core.effects import AskAuthorize, RememberTag
from bridge.core.energy import allowance
from bridge.core.events import AuthorizeAnswered, AuthorizeFailed, GrantMoved, StopPressed, TagPresented
from bridge.core.hardware import is_faulted, is_offline, is_plugged
from bridge.core.sessions import close, try_start
from bridge.core.state import Asking, BackendSession, Granted, LocalSession, NoSession, NotPending, State
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
    if not isinstance(running, NoSession) and running.ending is None:
        _tap_in_session(draft, event, running)
        return
    match draft.pending:
        case Asking() as asking:
            _tap_while_asking(draft, event, asking)
        case Granted() as granted:
            _tap_while_granted(draft, event, granted)
        case NotPending():
            _tap_to_start(draft, event)


def _tap_in_session(draft: Draft, event: TagPresented, running: BackendSession | LocalSession) -> None:
    if running.person.is_same(event.person):
        if event.start_only or not draft.state.rules.tap_stops or _is_too_young_to_stop(draft.state):
            _green(draft, event, _authority(running), Why.ALREADY_RUNNING)
            return
        close(draft, StopReason.LOCAL, event.person.tag)
        _green(draft, event, _authority(running), Why.STOPPED)
        return
    if isinstance(draft.pending, Asking):
        _tap_while_asking(draft, event, draft.pending)
        return
    tag = event.person.tag
    if event.start_only or not isinstance(running, BackendSession) or running.group is None or tag is None:
        _red(draft, event, Why.OCCUPIED)
        return
    _ask_for_stop(draft, event, running, tag)


def _is_too_young_to_stop(state: State) -> bool:
    return state.opened_s is not None and state.now.mono_s < state.opened_s + state.rules.stop_tap_min_s


def _ask_for_stop(draft: Draft, event: TagPresented, running: BackendSession, tag: IdTag) -> None:
    # OCPP 1.6 §4.10 by way of conformance.md TC_069: a tag of the same group ends the session, after it has been checked.
    if not draft.state.rules.tap_stops or _is_too_young_to_stop(draft.state):
        _red(draft, event, Why.OCCUPIED)
    elif draft.state.backend_online:
        _ask(draft, event, tag, stop=True)
    elif draft.state.settings.local_authorize_offline and event.known is not None:
        _answer_stop_question(draft, _asking(draft, event, tag, stop=True), running, event.known)
    else:
        _red(draft, event, Why.OCCUPIED)


def _tap_while_asking(draft: Draft, event: TagPresented, asking: Asking) -> None:
    if asking.person.is_same(event.person) and not asking.remote:
        draft.pending = replace(asking, origins=(*asking.origins, event.origin))
    else:
        _red(draft, event, Why.OCCUPIED)


def _tap_while_granted(draft: Draft, event: TagPresented, granted: Granted) -> None:
    if not granted.person.is_same(event.person):
        _red(draft, event, Why.OCCUPIED)
        return
    # A second tap renews the timer (B4).
    draft.pending = replace(granted, until_s=draft.now_s + draft.state.settings.connection_timeout_s)
    _green(draft, event, Authority.LOCAL if granted.local else Authority.OCPP, _why_granted(draft.state))


def _tap_to_start(draft: Draft, event: TagPresented) -> None:
    refusal = refused_here(draft.state)
    if refusal is not None:
        _red(draft, event, refusal)
        return
    rules, tag = draft.state.rules, event.person.tag
    if tag is None or rules.backend is None:
        _decide_locally(draft, _asking(draft, event, tag), Why.NO_PERMISSION, None)
    elif len(tag.text) > rules.tag_length_max:
        _decide_locally(draft, _asking(draft, event, tag), Why.TAG_TOO_LONG, None)
    elif not is_operative(draft.state):
        _decide_locally(draft, _asking(draft, event, tag), Why.UNAVAILABLE, None)
    elif not draft.state.backend_online:
        _decide_offline(draft, _asking(draft, event, tag), Why.BACKEND_AWAY)
    elif draft.state.settings.local_pre_authorize and _knows(draft, event.known):
        _grant(draft, _asking(draft, event, tag), event.known)
    else:
        _ask(draft, event, tag, stop=False)


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


def _asking(draft: Draft, event: TagPresented, tag: IdTag | None, *, stop: bool = False) -> Asking:
    return Asking(
        question=QuestionId(draft.fresh),
        person=event.person,
        tag=IdTag(text="") if tag is None else tag,
        mode=event.mode,
        origins=(event.origin,),
        until_s=draft.now_s + draft.state.rules.question_s,
        known=event.known,
        stop=stop,
    )


def _ask(draft: Draft, event: TagPresented, tag: IdTag, *, stop: bool) -> None:
    ask(draft, _asking(draft, event, tag, stop=stop))


def ask(draft: Draft, asking: Asking) -> None:
    """Put the question to the backend."""
    draft.pending = asking
    draft.emit(AskAuthorize(question=asking.question, tag=asking.tag))


def _knows(draft: Draft, known: TagInfo | None) -> bool:
    return known is not None and draft.state.settings.cache_enabled and known.accepts(draft.now_ms)


def authorize_answered(draft: Draft, event: AuthorizeAnswered) -> None:
    """The backend answered. A late answer teaches the cache and does nothing else (B9, rule 7)."""
    asking = draft.pending
    tag = event.tag
    if isinstance(asking, Asking) and asking.question == event.question:
        tag = asking.tag
    if tag is not None:
        remember(draft, tag, event.info)
    if not isinstance(asking, Asking) or asking.question != event.question:
        return
    draft.pending = NotPending()
    session = draft.session
    if asking.stop:
        if isinstance(session, BackendSession) and session.ending is None:
            _answer_stop_question(draft, asking, session, event.info)
        else:
            _decide_red(draft, asking, Authority.BRIDGE, Why.NO_SESSION)
    elif event.info.accepts(draft.now_ms):
        _grant(draft, asking, event.info)
    else:
        _decide_locally(draft, asking, Why.REJECTED, event.info)


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
    session = draft.session
    if not asking.stop:
        _decide_offline(draft, asking, Why.NO_ANSWER)
    elif isinstance(session, BackendSession) and session.ending is None and asking.known is not None:
        _answer_stop_question(draft, asking, session, asking.known)
    else:
        _decide_red(draft, asking, Authority.BRIDGE, Why.NO_ANSWER)


def end_epoch(draft: Draft, why: Why) -> None:
    """Whatever waits here belongs to a plug-in that is over: it is decided now, and a late yes will find nobody (rule 7)."""
    match draft.pending:
        case Asking(stop=True):
            pass
        case Asking() as asking:
            draft.pending = NotPending()
            _decide_red(draft, asking, Authority.BRIDGE, why)
        case Granted() | NotPending():
            draft.pending = NotPending()


def _answer_stop_question(draft: Draft, asking: Asking, session: BackendSession, info: TagInfo) -> None:
    same = session.group is not None and info.group is not None and tag_key(session.group) == tag_key(info.group)
    if same and info.accepts(draft.now_ms):
        close(draft, StopReason.LOCAL, asking.tag)
        draft.decide(asking.origins, asking.person, Colour.GREEN, Authority.OCPP, Why.STOPPED, info.verdict)
    else:
        _decide_red(draft, asking, Authority.BRIDGE, Why.OCCUPIED, info.verdict)


# --- deciding ---------------------------------------------------------------------------------------------------------------------


def _decide_offline(draft: Draft, asking: Asking, why: Why) -> None:
    settings, known = draft.state.settings, asking.known
    if settings.local_authorize_offline and known is not None:
        if known.accepts(draft.now_ms):
            _grant(draft, asking, known)
        else:
            _decide_locally(draft, asking, Why.REJECTED, known)
    elif settings.allow_offline_unknown and known is None and not asking.remote:
        _grant(draft, asking, None)
    else:
        _decide_locally(draft, asking, why, None)


def _decide_locally(draft: Draft, asking: Asking, why: Why, info: TagInfo | None) -> None:
    """The user's local permission decides; `why` is what a refusal is told (B3). Never for remote starts."""
    verdict = None if info is None else info.verdict
    if not asking.person.local or asking.remote:
        authority = Authority.OCPP if info is not None else Authority.BRIDGE
        _decide_red(draft, asking, authority, why, verdict)
        return
    draft.pending = _granted(draft, asking, local=True, group=None)
    why_granted = _why_granted(draft.state)
    told = Why.LOCAL_PERMISSION if why_granted is Why.ACCEPTED else why_granted
    draft.decide(asking.origins, asking.person, Colour.GREEN, Authority.LOCAL, told, verdict)
    try_start(draft)


def _grant(draft: Draft, asking: Asking, info: TagInfo | None) -> None:
    group = None if info is None else info.group
    draft.pending = _granted(draft, asking, local=False, group=group)
    verdict = None if info is None else info.verdict
    draft.decide(asking.origins, asking.person, Colour.GREEN, Authority.OCPP, _why_granted(draft.state), verdict)
    try_start(draft)


def _granted(draft: Draft, asking: Asking, *, local: bool, group: str | None) -> Granted:
    return Granted(
        id=draft.fresh,
        person=asking.person,
        mode=_mode(draft.state, asking.mode, asking.person),
        local=local,
        group=group,
        until_s=draft.now_s + draft.state.settings.connection_timeout_s,
        remote=asking.remote,
        reader=next((origin.reader for origin in asking.origins if origin.reader is not None), None),
    )


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
    """The driver tapped a shared reader and plugged here."""
    if not isinstance(draft.session, NoSession) or not isinstance(draft.pending, NotPending):
        return
    if refused_here(draft.state) is not None:
        return
    draft.pending = Granted(
        id=draft.fresh,
        person=event.person,
        mode=_mode(draft.state, event.mode, event.person),
        local=event.authority_local,
        group=event.group,
        until_s=draft.now_s + draft.state.settings.connection_timeout_s,
    )
    try_start(draft)


def grant_withdrawn(draft: Draft) -> None:
    """The permission that waited here has moved to the neighbour."""
    if isinstance(draft.pending, Granted):
        draft.pending = NotPending()


def _mode(state: State, told: Mode | None, person: Person) -> Mode:
    # B13: "mode precedence: tap, reader, user, default"; the shell has put the reader's in the tap's place where the tap tells none.
    return told or person.mode or state.rules.mode


def _why_granted(state: State) -> Why:
    if not is_plugged(state.hardware):
        return Why.WAITING_FOR_PLUG
    if not allowance(state).allowed:
        return Why.WAITING_FOR_ENERGY_MANAGEMENT
    return Why.ACCEPTED


def stop_pressed(draft: Draft, event: StopPressed) -> None:
    """An app pressed stop: whatever of this user runs or waits ends."""
    person = Person(user=event.user)
    session, pending = draft.session, draft.pending
    if not isinstance(session, NoSession) and session.ending is None and session.person.user == event.user:
        close(draft, StopReason.LOCAL)
        draft.decide((event.origin,), session.person, Colour.GREEN, _authority(session), Why.STOPPED)
    elif isinstance(pending, Asking | Granted) and pending.person.user == event.user:
        end_epoch(draft, Why.STOPPED)
        draft.decide((event.origin,), pending.person, Colour.GREEN, Authority.BRIDGE, Why.STOPPED)
    else:
        draft.decide((event.origin,), person, Colour.RED, Authority.BRIDGE, Why.NO_SESSION)


def _authority(session: BackendSession | LocalSession) -> Authority:
    return Authority.OCPP if isinstance(session, BackendSession) else Authority.LOCAL


def _green(draft: Draft, event: TagPresented, authority: Authority, why: Why) -> None:
    draft.decide((event.origin,), event.person, Colour.GREEN, authority, why)


def _red(draft: Draft, event: TagPresented, why: Why) -> None:
    draft.decide((event.origin,), event.person, Colour.RED, Authority.BRIDGE, why)


def _decide_red(draft: Draft, asking: Asking, authority: Authority, why: Why, verdict: Verdict | None = None) -> None:
    draft.decide(asking.origins, asking.person, Colour.RED, authority, why, verdict)
