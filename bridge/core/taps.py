"""Cards and app buttons: what a tap means in each state. Every accepted one gets exactly one decision (B1-B5, B7, B9)."""

from dataclasses import replace
from typing import assert_never

from bridge.core.deciding import (
    ask,
    decide_locally,
    decide_offline,
    end_epoch,
    may_stop,
    refused_here,
    why_granted,
)
from bridge.core.draft import Draft
from bridge.core.effects import UnlockHardware
from bridge.core.energy import is_running
from bridge.core.events import StopPressed, TagPresented
from bridge.core.hardware import is_plugged
from bridge.core.reserved import is_kept_from_all_but
from bridge.core.sessions import close
from bridge.core.state import Asking, BackendSession, Granted, LocalSession, NotPending
from bridge.core.status import is_operative
from bridge.core.values import (
    Authority,
    Colour,
    CommandId,
    IdTag,
    Person,
    QuestionId,
    StopReason,
    Why,
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
        case NotPending() if (held := draft.state.held) is not None and _is_for_the_cable(draft, event, held[0]):
            _tap_for_the_cable(draft, event, held[1])
        case NotPending():
            _tap_to_start(draft, event)
        case _:
            assert_never(draft.pending)


def _tap_of_own_session(draft: Draft, event: TagPresented, running: BackendSession | LocalSession) -> None:
    authority = _authority(running)
    if event.start_only or not may_stop(draft.state, draft.now_s):
        draft.decide((event.origin,), event.person, Colour.GREEN, authority, why=Why.ALREADY_RUNNING)
        return
    close(draft, StopReason.LOCAL, running.tag if isinstance(running, BackendSession) else None)
    draft.decide((event.origin,), event.person, Colour.GREEN, authority, why=Why.STOPPED)


def _tap_in_session(draft: Draft, event: TagPresented, running: BackendSession | LocalSession) -> None:
    """Somebody else's session: a tag of the same group, or a master pass, ends it after it has been checked (design.md §2 "Taps")."""
    tag = event.person.tag
    related = isinstance(running, BackendSession) and running.group is not None
    if event.start_only or tag is None or not (related or draft.state.settings.master_pass_group):
        _red(draft, event, Why.OCCUPIED)
    elif len(tag.text) > draft.state.rules.tag_length_max:
        _red(draft, event, Why.TAG_TOO_LONG)
    elif draft.state.backend_online:
        ask(draft, _asking(draft, event, tag, stop=True))
    else:
        decide_offline(draft, _asking(draft, event, tag, stop=True), Why.OCCUPIED)


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
    draft.decide((event.origin,), event.person, Colour.GREEN, authority, why=why_granted(draft.state, local=granted.local))


def _is_for_the_cable(draft: Draft, event: TagPresented, owner: Person) -> bool:
    return owner.is_same(event.person) and not event.start_only and not is_plugged(draft.state.hardware)


def _tap_for_the_cable(draft: Draft, event: TagPresented, authority: Authority) -> None:
    """The card that began a session frees the cable the vehicle has let go of (2.0.1 E09, TC_E_25); it begins nothing."""
    draft.state = replace(draft.state, held=None)
    draft.emit(UnlockHardware(command=CommandId(draft.fresh)))
    draft.decide((event.origin,), event.person, Colour.GREEN, authority, why=Why.STOPPED)


def _tap_to_start(draft: Draft, event: TagPresented) -> None:
    rules, tag = draft.state.rules, event.person.tag
    refusal = refused_here(draft.state)
    # OCPP 1.6 TC_046: another tag than the reserved one is not even asked about, unless its group may be the right one
    if refusal is None and is_kept_from_all_but(draft.state, tag):
        refusal = Why.RESERVED
    if refusal is not None:
        _red(draft, event, refusal)
        return
    asking = _asking(draft, event, tag or NO_TAG)
    if tag is None or rules.backend is None:
        decide_locally(draft, asking, Why.NO_PERMISSION, None)
    elif len(tag.text) > rules.tag_length_max:
        decide_locally(draft, asking, Why.TAG_TOO_LONG, None)
    elif not is_operative(draft.state):
        decide_locally(draft, asking, Why.UNAVAILABLE, None)
    elif not draft.state.backend_online:
        decide_offline(draft, asking, Why.BACKEND_AWAY)
    else:
        ask(draft, asking)


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
