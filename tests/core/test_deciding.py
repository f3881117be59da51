"""Who decides about a tag: backend, list, cache or local permission, and what each of them may decide (B3, B7, B13)."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import AuthorizeAnswered, AuthorizeFailed
from bridge.core.effects import Outcome, RememberTag
from bridge.core.events import GrantMoved, GrantWithdrawn, SessionStopOrdered
from bridge.core.orders import Reservation
from bridge.core.settings import Settings
from bridge.core.state import Granted
from bridge.core.values import IdTag, Mode, Person, QuestionId, TagInfo, Verdict
from tests.core.world import (
    ACCEPTED,
    ANNA,
    BEN,
    BLOCKED,
    CARL,
    DORA,
    EXPIRED_YESTERDAY,
    FAMILY,
    INVALID,
    ROAMER,
    STRANGER,
    Bench,
    charging,
    plugged,
    ready,
)

LONG = Person(tag=IdTag(text="X" * 21), card="X" * 21)
LONG_LOCAL = replace(ANNA, tag=IdTag(text="X" * 21))


# --- B3, B7: who decides, and how -----------------------------------------------------------------------------------------------

GREEN_OCPP = ("green", "ocpp", "accepted")
GREEN_LOCAL = ("green", "local", "local_permission")


def _tap_online(bench: Bench, person: Person, info: TagInfo | None) -> None:
    bench.taps(person)
    if info is not None:
        bench.answers(info)
    else:
        bench.passes(8.0)


@pytest.mark.requirement("B3")
@pytest.mark.parametrize(
    "person, info, decided, runs",
    [
        pytest.param(ANNA, ACCEPTED, GREEN_OCPP, "backend", id="accepted, local permission not needed"),
        pytest.param(ANNA, BLOCKED, GREEN_LOCAL, "local", id="rejected, local permission"),
        pytest.param(BEN, BLOCKED, ("red", "ocpp", "rejected"), "nothing", id="rejected, none"),
        pytest.param(ANNA, None, GREEN_LOCAL, "local", id="no answer, local permission"),
        pytest.param(BEN, None, ("red", "bridge", "no_answer"), "nothing", id="no answer, none"),
        pytest.param(ROAMER, None, ("red", "bridge", "no_answer"), "nothing", id="no answer for a roaming card"),
    ],
)
def test_the_backend_decides_and_then_the_local_permission(
    person: Person, info: TagInfo | None, decided: tuple[str, str, str], runs: str
) -> None:
    bench = plugged()
    _tap_online(bench, person, info)
    assert (bench.decided, bench.runs) == (decided, runs)
    assert len(bench.decisions) == 1


@pytest.mark.requirement("B3")
@pytest.mark.parametrize(
    "person, decided, runs",
    [
        pytest.param(CARL, GREEN_LOCAL, "local", id="no tag, local permission"),
        pytest.param(DORA, ("red", "bridge", "no_permission"), "nothing", id="no tag, none"),
    ],
)
@pytest.mark.parametrize("presents", [Bench.taps, Bench.presses_start])
def test_a_user_without_a_tag_is_never_asked_about(person: Person, decided: tuple[str, str, str], runs: str, presents: Any) -> None:  # noqa: ANN401
    bench = plugged()
    presents(bench, person)
    assert not bench.questions
    assert (bench.decided, bench.runs) == (decided, runs)


def test_without_a_backend_only_the_local_permission_counts() -> None:
    bench = plugged(backend=None)
    bench.taps(ROAMER)
    assert bench.decided == ("red", "bridge", "no_permission")
    bench.taps(ANNA)
    assert (bench.decided, bench.runs) == (GREEN_LOCAL, "local")
    assert not bench.questions


DEFAULTS = Settings()
UNKNOWN_ALLOWED = Settings(allow_offline_unknown=True)
NOT_OFFLINE = Settings(local_authorize_offline=False)
NO_CACHE = Settings(cache_enabled=False)
NO_CACHE_UNKNOWN = Settings(cache_enabled=False, allow_offline_unknown=True)


@pytest.mark.requirement("B7")
@pytest.mark.parametrize(
    "person, known, settings, decided",
    [
        pytest.param(ROAMER, ACCEPTED, DEFAULTS, GREEN_OCPP, id="in the cache", marks=pytest.mark.requirement("1.6 TC_037_1_CS")),
        pytest.param(ROAMER, None, DEFAULTS, ("red", "bridge", "backend_away"), id="a roaming card nobody knows"),
        pytest.param(ROAMER, BLOCKED, DEFAULTS, ("red", "ocpp", "rejected"), id="blocked in the cache"),
        pytest.param(ROAMER, EXPIRED_YESTERDAY, DEFAULTS, ("red", "ocpp", "rejected"), id="expired in the cache"),
        pytest.param(ANNA, None, DEFAULTS, GREEN_LOCAL, id="local permission"),
        pytest.param(ANNA, BLOCKED, DEFAULTS, GREEN_LOCAL, id="blocked in the cache, local permission"),
        pytest.param(ROAMER, None, UNKNOWN_ALLOWED, GREEN_OCPP, id="unknown allowed"),
        pytest.param(ROAMER, BLOCKED, UNKNOWN_ALLOWED, ("red", "ocpp", "rejected"), id="unknown allowed, known as bad"),
        pytest.param(ROAMER, ACCEPTED, NOT_OFFLINE, ("red", "bridge", "backend_away"), id="cache not to be used offline"),
        pytest.param(ROAMER, ACCEPTED, NO_CACHE, ("red", "bridge", "backend_away"), id="no cache"),
        pytest.param(ROAMER, BLOCKED, NO_CACHE_UNKNOWN, ("red", "bridge", "backend_away"), id="unknown allowed, once known as bad"),
    ],
)
def test_while_the_backend_is_away_the_cache_decides_and_then_the_local_permission(
    person: Person, known: TagInfo | None, settings: Settings, decided: tuple[str, str, str]
) -> None:
    bench = plugged(settings=settings)
    bench.backend_goes()
    bench.taps(person, known=known)
    assert bench.decided == decided
    assert not bench.questions
    assert bench.enabled == (decided[0] == "green")


@pytest.mark.parametrize(
    "known, verdict",
    [(EXPIRED_YESTERDAY, Verdict.EXPIRED), (BLOCKED, Verdict.BLOCKED), (INVALID, Verdict.INVALID)],
)
def test_an_offline_refusal_says_why(known: TagInfo, verdict: Verdict) -> None:
    bench = plugged()
    bench.backend_goes()
    bench.taps(ROAMER, known=known)
    assert bench.decisions[0].verdict is verdict


@pytest.mark.requirement("B9")
@pytest.mark.parametrize("known, decided", [(ACCEPTED, GREEN_OCPP), (None, ("red", "bridge", "no_answer"))])
@pytest.mark.parametrize("lost", ["silence", "link"])
def test_an_authorize_that_stays_unanswered_is_decided_as_if_the_backend_were_away(
    known: TagInfo | None, decided: tuple[str, str, str], lost: str
) -> None:
    """After eight seconds, or as soon as the link is gone."""
    bench = plugged()
    bench.taps(ROAMER, known=known)
    bench.passes(7.9)
    assert not bench.decisions
    if lost == "link":
        bench.backend_goes()
        bench.leaves_unanswered()
    else:
        bench.passes(0.1)
    assert bench.decided == decided


@pytest.mark.requirement("1.6 TC_007_1_CS")
@pytest.mark.parametrize(
    "settings, known, asks",
    [
        pytest.param(Settings(local_pre_authorize=True), ACCEPTED, False, id="cached"),
        pytest.param(Settings(local_pre_authorize=True), BLOCKED, True, id="cached as blocked: ask again"),
        pytest.param(Settings(local_pre_authorize=True), EXPIRED_YESTERDAY, True, id="expired: ask again"),
        pytest.param(Settings(local_pre_authorize=True), None, True, id="unknown"),
        pytest.param(Settings(), ACCEPTED, True, id="switched off, the default"),
        pytest.param(Settings(local_pre_authorize=True, cache_enabled=False), ACCEPTED, True, id="no cache"),
    ],
)
def test_a_cached_card_needs_no_question_where_the_backend_wants_it_so(settings: Settings, known: TagInfo | None, asks: bool) -> None:
    bench = plugged(settings=settings)
    bench.taps(ROAMER, known=known)
    assert bool(bench.questions) is asks
    assert bench.recorded == ("" if asks else "Start")


@pytest.mark.parametrize("cache, remembered", [(True, 1), (False, 0)])
def test_what_the_backend_says_of_a_tag_is_remembered_where_there_is_a_cache(cache: bool, remembered: int) -> None:
    bench = plugged(settings=Settings(cache_enabled=cache))
    bench.taps(ROAMER)
    bench.answers(FAMILY)
    assert len(bench.asked_for(RememberTag)) == remembered


def test_a_yes_of_the_backend_counts_whatever_the_clocks_say_of_its_expiry() -> None:
    """The expiry is for the cache; a central system whose clock is behind still means yes."""
    bench = plugged()
    bench.taps(ROAMER)
    bench.answers(EXPIRED_YESTERDAY)
    assert bench.decided == GREEN_OCPP


# --- list and cache ---------------------------------------------------------------------------------------------------------------

LISTED = replace(ACCEPTED, listed=True)
LISTED_BLOCKED = replace(BLOCKED, listed=True)
PRE = Settings(local_pre_authorize=True)
PRE_UNKNOWN = Settings(local_pre_authorize=True, allow_offline_unknown=True)
FINAL = Settings(local_pre_authorize=True, list_final=True)
UNASKED = Settings(ask_backend=False)
RED = ("red", "ocpp", "rejected")


@pytest.mark.requirement("1.6 TC_008_CS")
@pytest.mark.requirement("1.6 TC_008_1_CS")
@pytest.mark.requirement("2.0.1 TC_C_27_CS")
def test_a_listed_card_needs_no_question_and_begins_at_once() -> None:
    bench = plugged(settings=PRE)
    bench.taps(ROAMER, known=LISTED)
    assert (bench.decided, bench.recorded, bench.questions) == (GREEN_OCPP, "Start", [])


@pytest.mark.parametrize(
    "person, known, settings, decided",
    [
        pytest.param(ROAMER, LISTED_BLOCKED, FINAL, RED, id="the list's no is final", marks=pytest.mark.requirement("2.0.1 TC_C_58_CS")),
        pytest.param(ANNA, LISTED_BLOCKED, FINAL, GREEN_LOCAL, id="the list's no is final, local permission"),
        pytest.param(ROAMER, LISTED, UNASKED, GREEN_OCPP, id="nobody is asked, listed"),
        pytest.param(
            ROAMER,
            None,
            UNASKED,
            ("red", "bridge", "rejected"),
            id="nobody is asked, unknown",
            marks=pytest.mark.requirement("2.0.1 TC_E_52_CS"),
        ),
        pytest.param(ANNA, None, UNASKED, GREEN_LOCAL, id="nobody is asked, local permission"),
    ],
)
def test_where_the_backend_is_not_asked_list_cache_and_local_permission_decide(
    person: Person, known: TagInfo | None, settings: Settings, decided: tuple[str, str, str]
) -> None:
    """And each tap still gets its one decision, at once."""
    bench = plugged(settings=settings)
    bench.taps(person, known=known)
    assert (bench.decided, len(bench.decisions), bench.questions) == (decided, 1, [])


@pytest.mark.requirement("2.0.1 TC_C_31_CS")
def test_the_backend_may_have_changed_its_mind_about_a_listed_tag() -> None:
    bench = plugged(settings=PRE)
    bench.taps(ROAMER, known=LISTED_BLOCKED)
    bench.answers(ACCEPTED)
    assert bench.decided == GREEN_OCPP


@pytest.mark.requirement("B7")
@pytest.mark.parametrize(
    "person, known, settings, decided",
    [
        pytest.param(ROAMER, LISTED, DEFAULTS, GREEN_OCPP, id="listed", marks=pytest.mark.requirement("2.0.1 TC_C_21_CS")),
        pytest.param(ROAMER, LISTED, NO_CACHE, GREEN_OCPP, id="listed, no cache"),
        pytest.param(ROAMER, LISTED_BLOCKED, DEFAULTS, RED, id="blocked", marks=pytest.mark.requirement("2.0.1 TC_C_23_CS")),
        pytest.param(
            ROAMER, LISTED_BLOCKED, PRE_UNKNOWN, RED, id="blocked where strangers may", marks=pytest.mark.requirement("2.0.1 TC_C_25_CS")
        ),
        pytest.param(ANNA, LISTED_BLOCKED, DEFAULTS, GREEN_LOCAL, id="blocked, local permission"),
        pytest.param(ROAMER, LISTED, NOT_OFFLINE, ("red", "bridge", "backend_away"), id="not to be used offline"),
    ],
)
def test_while_the_backend_is_away_the_list_decides(
    person: Person, known: TagInfo, settings: Settings, decided: tuple[str, str, str]
) -> None:
    bench = plugged(settings=settings)
    bench.backend_goes()
    bench.taps(person, known=known)
    assert (bench.decided, bench.questions) == (decided, [])


@pytest.mark.requirement("2.0.1 TC_C_46_CS")
def test_what_is_cached_grows_old() -> None:
    """It is stored with its time, and after its life the backend is asked again."""
    bench = plugged(settings=Settings(local_pre_authorize=True, cache_life_s=60))
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    (stored,) = bench.asked_for(RememberTag)
    assert stored.info == replace(ACCEPTED, stored_ms=bench.now_ms)
    bench.unplugs()
    bench.passes(60)
    bench.plugs()
    bench.taps(ROAMER, known=stored.info)
    assert len(bench.questions) == 2


# --- a remote start ---------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_008_2_CS")
@pytest.mark.parametrize(
    "known, settings, questions, runs",
    [
        pytest.param(LISTED, PRE, 0, "backend", id="listed"),
        pytest.param(LISTED_BLOCKED, PRE, 1, "nothing", id="blocked on the list: ask"),
        pytest.param(LISTED_BLOCKED, FINAL, 0, "nothing", id="the list's no is final"),
        pytest.param(LISTED, UNASKED, 0, "backend", id="nobody is asked, listed"),
        pytest.param(None, UNASKED, 0, "nothing", id="nobody is asked, unknown"),
    ],
)
def test_a_remote_start_is_decided_like_a_tap(known: TagInfo | None, settings: Settings, questions: int, runs: str) -> None:
    """OCPP 1.6 §5.11: accepted means that it is tried; list and cache come before the question."""
    bench = plugged(settings=settings)
    assert bench.remote_start(known=known) is Outcome.ACCEPTED
    assert (len(bench.questions), bench.runs, bench.decisions) == (questions, runs, [])


# --- a master pass ----------------------------------------------------------------------------------------------------------------

MASTER = TagInfo(verdict=Verdict.ACCEPTED, group="POLICE")
WITH_MASTER = Settings(master_pass_group="police")


@pytest.mark.requirement("2.0.1 TC_C_45_CS")
@pytest.mark.parametrize("when", ["asked", "listed", "offline"])
def test_a_master_pass_begins_nothing(when: str) -> None:
    """Neither now nor after a plug-in; who holds one came to end a session, and there is none."""
    bench = plugged(settings=replace(WITH_MASTER, local_pre_authorize=True))
    bench.unplugs()
    if when == "offline":
        bench.backend_goes()
    bench.taps(ROAMER, known=None if when == "asked" else replace(MASTER, listed=True))
    if when == "asked":
        bench.answers(MASTER)
    assert bench.decided == ("red", "bridge", "no_session")
    bench.plugs()
    assert bench.runs == "nothing"


def test_a_local_permission_is_not_taken_away_by_a_master_pass() -> None:
    """The owner of the site lets this user charge, whatever the tag is for the backend (B3)."""
    bench = plugged(settings=WITH_MASTER)
    bench.taps(ANNA)
    bench.answers(MASTER)
    assert (bench.decided, bench.runs) == (GREEN_LOCAL, "local")


@pytest.mark.parametrize("settings", [WITH_MASTER, Settings(authorize_remote=False, master_pass_group="POLICE")])
def test_a_master_pass_starts_nothing_remotely(settings: Settings) -> None:
    bench = plugged(settings=settings)
    assert bench.remote_start(known=MASTER) is Outcome.REJECTED
    assert bench.runs == "nothing"


# --- whether somebody else may end it ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_C_39_CS")
@pytest.mark.requirement("2.0.1 TC_C_42_CS")
@pytest.mark.parametrize(
    "info, after_s, decided",
    [
        pytest.param(FAMILY, 20, ("green", "ocpp", "stopped"), id="of the same group"),
        pytest.param(FAMILY, 5, ("green", "ocpp", "already_running"), id="right after the start"),
        pytest.param(ACCEPTED, 20, ("red", "bridge", "occupied"), id="of no group"),
        pytest.param(replace(FAMILY, verdict=Verdict.INVALID), 20, ("red", "bridge", "occupied"), id="refused"),
        pytest.param(None, 20, ("red", "bridge", "no_answer"), id="no answer"),
    ],
)
def test_the_answer_tells_whether_a_foreign_tag_ends_the_session(
    info: TagInfo | None, after_s: float, decided: tuple[str, str, str]
) -> None:
    bench = charging(info=FAMILY)
    bench.passes(after_s)
    bench.taps(STRANGER)
    if info is None:
        bench.leaves_unanswered()
    else:
        bench.answers(info)
    assert bench.decided == decided


def test_the_list_may_tell_that_without_a_question() -> None:
    bench = charging(info=FAMILY)
    bench.changes("local_pre_authorize", True)
    bench.passes(20)
    bench.taps(STRANGER, known=replace(FAMILY, listed=True))
    assert (bench.decided, len(bench.questions)) == (("green", "ocpp", "stopped"), 1)


@pytest.mark.parametrize("ends", [Bench.unplugs, Bench.resets, lambda bench: bench.happens(SessionStopOrdered)])
def test_a_question_about_an_end_ends_with_the_session(ends: Any) -> None:  # noqa: ANN401
    bench = charging(info=FAMILY)
    bench.taps(STRANGER)
    ends(bench)
    assert bench.decided == ("red", "bridge", "no_session")


def test_a_master_pass_ends_it_whoever_began_it() -> None:
    bench = charging(info=ACCEPTED, settings=Settings(master_pass_group="POLICE"))
    bench.taps(STRANGER)
    bench.answers(TagInfo(verdict=Verdict.ACCEPTED, group="POLICE"))
    assert bench.decided == ("green", "ocpp", "stopped")


@pytest.mark.parametrize("question", ["another", None])
def test_an_answer_to_another_question_decides_nothing(question: str | None) -> None:
    """A late one teaches the cache, and only where it can be placed."""
    bench = plugged()
    bench.taps(ROAMER)
    tag = None if question is None else ROAMER.tag
    bench.happens(AuthorizeAnswered, question=QuestionId("another"), info=ACCEPTED, tag=tag)
    bench.happens(AuthorizeFailed, question=QuestionId("another"))
    assert len(bench.asked_for(RememberTag)) == (question is not None)
    assert not bench.decisions


def test_a_yes_does_not_open_what_is_kept_for_somebody_else() -> None:
    """It came while the connector was being reserved."""
    bench = plugged()
    bench.taps(ROAMER)
    kept = Reservation(id=1, connector=1, tag=IdTag(text="BEN-1"), group=None, expires_ms=bench.now_ms + 60_000)
    bench.state = replace(bench.state, kept=replace(bench.state.kept, reservation=kept))
    bench.answers(ACCEPTED)
    assert bench.decided == ("red", "bridge", "reserved")


def test_a_yes_while_energy_management_says_no_says_so() -> None:
    bench = plugged()
    bench.energy(allow=False)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert bench.decided == ("green", "ocpp", "waiting_for_energy_management")


# --- why nothing can start here -------------------------------------------------------------------------------------------------


def _no_disk(bench: Bench) -> None:
    bench.disk(ok=False)


def _fault(bench: Bench) -> None:
    bench.wallbox(fault="GroundFailure")


def _offline(bench: Bench) -> None:
    bench.wallbox(online=False)
    bench.passes(30)


REFUSALS = [
    pytest.param(_no_disk, "storage", id="the disk takes no records"),
    pytest.param(_fault, "faulted", id="fault", marks=pytest.mark.requirement("1.6 TC_041_CS")),
    pytest.param(_offline, "hardware_offline", id="wallbox offline"),
]


@pytest.mark.parametrize("breaks, why", REFUSALS)
@pytest.mark.parametrize("person", [ROAMER, CARL])
def test_where_nothing_can_start_a_tap_is_told_so_at_once(breaks: Any, why: str, person: Person) -> None:  # noqa: ANN401
    bench = plugged()
    breaks(bench)
    bench.taps(person)
    assert bench.decided == ("red", "bridge", why)
    assert not bench.questions


@pytest.mark.parametrize("breaks, why", REFUSALS)
def test_what_broke_while_the_backend_was_asked_beats_its_yes(breaks: Any, why: str) -> None:  # noqa: ANN401
    bench = plugged(question_s=60)
    bench.taps(ROAMER)
    breaks(bench)
    bench.answers(ACCEPTED)
    assert bench.decided == ("red", "bridge", why)
    assert bench.runs == "nothing"


def test_with_no_register_ever_told_there_is_no_session() -> None:
    bench = Bench()
    bench.plugs()
    bench.synchronises()
    bench.backend_comes()
    bench.taps(ROAMER)
    assert bench.decided == ("red", "bridge", "no_meter")


@pytest.mark.parametrize(
    "person, decided",
    [
        pytest.param(ROAMER, ("red", "bridge", "unavailable"), id="roaming card"),
        pytest.param(ANNA, GREEN_LOCAL, id="local permission"),
    ],
)
@pytest.mark.parametrize("when", ["before the tap", "while asking"])
def test_out_of_service_for_the_backend_leaves_the_local_permission(person: Person, decided: tuple[str, str, str], when: str) -> None:
    """The backend's ChangeAvailability takes the charge point from the backend's customers, not from the house."""
    bench = plugged()
    if when == "while asking":
        bench.taps(person)
        bench.sets_availability(operative=False)
        bench.answers(ACCEPTED)
    else:
        bench.sets_availability(operative=False)
        bench.taps(person)
    assert bench.decided == decided


# --- the end of a plug-in's epoch (rule 7) --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ends, why",
    [
        pytest.param(Bench.unplugs, "unplugged", id="unplug"),
        pytest.param(Bench.resets, "unavailable", id="reset"),
        pytest.param(lambda bench: bench.presses_stop(BEN), "stopped", id="stop in the app"),
        pytest.param(lambda bench: bench.wallbox(plug="second"), "unplugged", id="another plug-in"),
    ],
)
def test_a_yes_that_comes_after_the_end_starts_nothing(ends: Any, why: str) -> None:  # noqa: ANN401
    """Unplugged while the card is checked: red at once, and the late yes finds nobody, not even after the next plug-in."""
    bench = ready()
    bench.plugs("first")
    tapped = bench.taps(BEN)
    ends(bench)
    told = {decision.origin: (decision.colour.value, decision.why.value) for decision in bench.decisions}
    assert told[tapped] == ("red", why)
    bench.plugs()
    bench.answers(ACCEPTED)
    assert bench.runs == "nothing"
    assert not bench.enabled


@pytest.mark.parametrize("ends", [Bench.unplugs, Bench.resets, lambda bench: bench.presses_stop(BEN)])
def test_a_permission_ends_with_its_plug_in(ends: Any) -> None:  # noqa: ANN401
    """A permission that waits for the meter, say."""
    bench = plugged()
    bench.meters(None)
    bench.taps(BEN)
    bench.answers(ACCEPTED)
    assert isinstance(bench.state.pending, Granted)
    ends(bench)
    bench.plugs()
    bench.passes(30)
    assert bench.runs == "nothing"


def test_an_unplug_the_bridge_had_not_known_about_is_none() -> None:
    """The first word of a wallbox after the tap is "not plugged": the permission waits on."""
    bench = Bench()
    bench.meters(1000)
    bench.synchronises()
    bench.backend_comes()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.unplugs()
    bench.plugs()
    assert bench.recorded == "Start"


# --- B13: the mode --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B13")
@pytest.mark.parametrize(
    "told, own, default, mode",
    [
        (Mode.PRIO, Mode.ECO, Mode.ECO, Mode.PRIO),
        (None, Mode.PRIO, Mode.ECO, Mode.PRIO),
        (None, None, Mode.PRIO, Mode.PRIO),
        (Mode.ECO, Mode.PRIO, Mode.PRIO, Mode.ECO),
    ],
)
def test_the_tap_or_its_reader_then_the_user_then_the_default_choose_the_mode(
    told: Mode | None, own: Mode | None, default: Mode, mode: Mode
) -> None:
    bench = plugged(mode=default)
    bench.taps(replace(CARL, mode=own), mode=told)
    assert bench.commanded.mode is mode
    assert bench.session.mode is mode


# --- a shared reader ------------------------------------------------------------------------------------------------------------


def _moves(bench: Bench, person: Person, *, local: bool, mode: Mode | None = None) -> None:
    bench.happens(GrantMoved, person=person, mode=mode, authority_local=local, group="FAMILY")


def test_a_permission_moves_with_the_driver() -> None:
    """Tapped at a reader that serves two wallboxes, plugged at the other one."""
    there, here = ready(), plugged()
    there.taps(ROAMER)
    there.answers(FAMILY)
    there.happens(GrantWithdrawn)
    assert there.reported == "Available"
    _moves(here, ROAMER, local=False, mode=Mode.PRIO)
    assert here.recorded == "Start"
    assert here.session.mode is Mode.PRIO
    there.plugs()
    assert there.recorded == ""


def test_a_local_permission_moves_where_it_holds() -> None:
    here = plugged()
    _moves(here, CARL, local=True)
    assert here.runs == "local"


@pytest.mark.parametrize(
    "bench, person, local",
    [
        pytest.param(charging(BEN), ROAMER, False, id="a session runs"),
        pytest.param(plugged(), replace(CARL, local=False), True, id="the local permission does not hold here"),
        pytest.param(plugged(backend=None), ROAMER, False, id="no backend here"),
        pytest.param(plugged(), CARL, False, id="no tag for the backend"),
    ],
)
def test_a_permission_that_does_not_hold_here_is_not_carried_over(bench: Bench, person: Person, local: bool) -> None:
    runs = bench.runs
    _moves(bench, person, local=local)
    assert bench.runs == runs


@pytest.mark.parametrize(
    "breaks", [_no_disk, _fault, _offline, lambda bench: bench.sets_availability(operative=False), lambda bench: bench.taps(BEN)]
)
def test_a_permission_does_not_move_to_where_nothing_can_start(breaks: Any) -> None:  # noqa: ANN401
    bench = plugged()
    breaks(bench)
    _moves(bench, ROAMER, local=False)
    assert bench.runs == "nothing"


def test_nothing_is_withdrawn_where_nothing_waits() -> None:
    bench = plugged()
    bench.taps(ROAMER)
    bench.happens(GrantWithdrawn)
    bench.answers(ACCEPTED)
    assert bench.recorded == "Start"


def test_the_reader_of_a_permission_is_remembered() -> None:
    bench = ready()
    bench.taps(CARL, reader="gate")
    assert isinstance(bench.state.pending, Granted)
    assert bench.state.pending.reader == "gate"
    other = ready()
    other.presses_start(CARL)
    assert isinstance(other.state.pending, Granted)
    assert other.state.pending.reader is None
