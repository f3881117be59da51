"""Taps, app buttons, and the one decision each of them gets (B1-B5, B7, B9)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import AuthorizeAnswered, AuthorizeFailed
from bridge.core.effects import RememberTag
from bridge.core.orders import Reservation
from bridge.core.settings import Settings
from bridge.core.values import IdTag, Person, QuestionId, TagInfo, UserId, Verdict
from tests.core.world import (
    ACCEPTED,
    ANNA,
    BEN,
    BLOCKED,
    CARL,
    DORA,
    FAMILY,
    ROAMER,
    STRANGER,
    Bench,
    charging,
    plugged,
    ready,
)

LONG = Person(tag=IdTag(text="X" * 21), card="X" * 21)
LONG_LOCAL = replace(ANNA, tag=IdTag(text="X" * 21))
GREEN_OCPP = ("green", "ocpp", "accepted")
GREEN_LOCAL = ("green", "local", "local_permission")
DEFAULTS = Settings()
NOT_OFFLINE = Settings(local_authorize_offline=False)


# --- B1, B2: plugged, tapped ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B1")
@pytest.mark.requirement("1.6 TC_003_CS")
def test_a_roaming_card_the_backend_accepts_charges() -> None:
    """Plug in, tap, green: the session starts and the wallbox is released."""
    bench = plugged()
    assert bench.reported == "Preparing"
    bench.taps(ROAMER)
    assert [question.tag.text for question in bench.questions] == ["04EE"]
    assert not bench.decisions
    bench.answers(ACCEPTED)
    assert bench.decided == ("green", "ocpp", "accepted")
    assert bench.recorded == "Start"
    assert bench.commanded.enabled
    bench.wallbox(charging=True)
    assert bench.reported == "Charging"


@pytest.mark.requirement("B1")
@pytest.mark.requirement("1.6 TC_023_CS")
@pytest.mark.requirement("1.6 TC_023_4_CS")
@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.ACCEPTED])
def test_a_roaming_card_the_backend_refuses_charges_nothing(verdict: Verdict) -> None:
    bench = plugged()
    bench.taps(ROAMER)
    bench.answers(TagInfo(verdict=verdict))
    assert bench.decided == ("red", "ocpp", "rejected")
    assert bench.decisions[0].verdict is verdict
    assert bench.runs == "nothing"
    assert bench.reported == "Preparing"
    assert not bench.enabled


@pytest.mark.requirement("B2")
@pytest.mark.parametrize("presents", [Bench.taps, Bench.presses_start])
def test_a_known_user_charges_with_the_users_tag_not_the_cards_uid(presents: Any) -> None:  # noqa: ANN401
    bench = plugged()
    presents(bench, BEN)
    bench.answers(ACCEPTED)
    assert [question.tag.text for question in bench.questions] == ["BEN-1"]
    assert bench.starts[0].tag.text == "BEN-1"
    assert (bench.decisions[0].user, bench.decisions[0].tag) == (UserId("ben"), BEN.tag)


# --- when nobody is asked ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B3")
@pytest.mark.requirement("B7")
@pytest.mark.parametrize(
    "person, prepares, decided",
    [
        pytest.param(DORA, lambda _: None, ("red", "bridge", "no_permission"), id="no tag"),
        pytest.param(CARL, lambda _: None, GREEN_LOCAL, id="no tag, local permission"),
        pytest.param(BEN, lambda bench: bench.sets_availability(operative=False), ("red", "bridge", "unavailable"), id="out of service"),
        pytest.param(BEN, Bench.backend_goes, ("red", "bridge", "backend_away"), id="backend away"),
        pytest.param(BEN, lambda bench: bench.wallbox(fault="GroundFailure"), ("red", "bridge", "faulted"), id="faulted"),
    ],
)
def test_a_tap_that_nobody_need_be_asked_about_is_decided_at_once(
    person: Person, prepares: Callable[[Bench], object], decided: tuple[str, str, str]
) -> None:
    bench = plugged()
    prepares(bench)
    bench.taps(person)
    assert (bench.decided, bench.questions) == (decided, [])


@pytest.mark.requirement("1.6 TC_046_1_CS")
@pytest.mark.parametrize("group, asks", [(None, False), ("FAMILY", True)])
def test_another_tag_than_the_reserved_one_is_asked_about_only_for_its_group(group: str | None, asks: bool) -> None:
    bench = plugged()
    kept = Reservation(id=1, connector=1, tag=IdTag(text="BEN-1"), group=group, expires_ms=bench.now_ms + 60_000)
    bench.state = replace(bench.state, kept=replace(bench.state.kept, reservation=kept))
    bench.taps(ROAMER)
    assert bool(bench.questions) is asks
    assert asks or bench.decided == ("red", "bridge", "reserved")


# --- B9: exactly one decision ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B9")
def test_a_tap_of_the_same_identity_joins_the_question() -> None:
    """One Authorize, both are answered, whichever door they came in by."""
    bench = plugged()
    first = bench.taps(BEN)
    second = bench.presses_start(BEN)
    bench.answers(ACCEPTED)
    assert len(bench.questions) == 1
    assert [decision.origin for decision in bench.decisions] == [first, second]
    assert {decision.why.value for decision in bench.decisions} == {"accepted"}


def test_another_card_meanwhile_is_told_that_it_is_occupied() -> None:
    bench = plugged()
    bench.taps(ROAMER)
    bench.taps(STRANGER)
    assert bench.decided == ("red", "bridge", "occupied")
    bench.answers(ACCEPTED)
    assert bench.decided == GREEN_OCPP
    assert bench.starts[0].tag == ROAMER.tag


@pytest.mark.requirement("B9")
@pytest.mark.parametrize("info", [ACCEPTED, BLOCKED])
def test_a_late_answer_teaches_the_cache_and_does_nothing_else(info: TagInfo) -> None:
    bench = plugged()
    bench.taps(ROAMER)
    bench.passes(8)
    bench.answers(info)
    assert [type(effect) for effect in bench.last] == [RememberTag]
    assert len(bench.decisions) == 1
    assert bench.runs == "nothing"


def test_an_answer_nobody_can_place_changes_nothing() -> None:
    bench = plugged()
    bench.happens(AuthorizeAnswered, question=QuestionId("another life"), info=ACCEPTED)
    bench.happens(AuthorizeFailed, question=QuestionId("another life"))
    assert not bench.last
    bench.taps(ROAMER)
    bench.happens(AuthorizeFailed, question=QuestionId("another life"))
    assert not bench.decisions


@pytest.mark.parametrize(
    "person, decided",
    [
        pytest.param(LONG, ("red", "bridge", "tag_too_long"), id="too long"),
        pytest.param(LONG_LOCAL, GREEN_LOCAL, id="too long, local permission"),
    ],
)
def test_a_tag_longer_than_the_protocol_allows_is_not_asked_about(person: Person, decided: tuple[str, str, str]) -> None:
    bench = plugged()
    bench.taps(person)
    assert not bench.questions
    assert bench.decided == decided


def test_the_longest_tag_of_the_protocol_is_asked_about() -> None:
    bench = plugged(tag_length_max=21)
    bench.taps(LONG)
    assert bench.questions


# --- B4: tap before plug --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B4")
@pytest.mark.requirement("1.6 TC_004_1_CS")
def test_a_tap_before_the_plug_waits_for_it() -> None:
    bench = ready()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert bench.decided == ("green", "ocpp", "waiting_for_plug")
    assert bench.reported == "Preparing"
    assert bench.recorded == ""
    bench.passes(59)
    bench.plugs()
    assert bench.recorded == "Start"
    assert bench.enabled


@pytest.mark.requirement("B4")
@pytest.mark.requirement("1.6 TC_004_2_CS")
def test_without_a_plug_the_permission_lapses() -> None:
    bench = ready(settings=Settings(connection_timeout_s=30))
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.passes(30)
    assert bench.reported == "Available"
    bench.plugs()
    assert bench.recorded == ""
    assert len(bench.decisions) == 1


@pytest.mark.requirement("B4")
def test_a_second_tap_renews_the_timer() -> None:
    bench = ready()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.passes(40)
    bench.taps(ROAMER)
    assert bench.decided == ("green", "ocpp", "waiting_for_plug")
    assert len(bench.questions) == 1
    bench.passes(40)
    bench.plugs()
    assert bench.recorded == "Start"


def test_another_card_does_not_get_the_permission_that_waits() -> None:
    bench = ready()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.taps(STRANGER)
    assert bench.decided == ("red", "bridge", "occupied")


@pytest.mark.parametrize("person, why", [(CARL, "waiting_for_plug")])
def test_a_local_permission_waits_for_the_plug_as_well(person: Person, why: str) -> None:
    """The backend sees Unavailable from the decision on."""
    bench = ready()
    bench.taps(person)
    assert bench.decided == ("green", "local", why)
    assert bench.reported == "Unavailable"
    bench.taps(person)
    assert bench.decided == ("green", "local", why)
    bench.plugs()
    assert bench.runs == "local"


@pytest.mark.requirement("B6")
@pytest.mark.parametrize("person, authority", [(ROAMER, "ocpp"), (CARL, "local")])
def test_a_tap_while_energy_management_says_no_is_green_and_starts_suspended(person: Person, authority: str) -> None:
    bench = plugged()
    bench.energy(allow=False)
    bench.taps(person)
    if bench.questions:
        bench.answers(ACCEPTED)
    assert bench.decided == ("green", authority, "waiting_for_energy_management")
    assert bench.runs != "nothing"
    assert bench.status == "SuspendedEVSE"
    assert not bench.enabled


# --- B5: the second tap ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B5")
@pytest.mark.requirement("1.6 TC_068_CS")
@pytest.mark.parametrize("person, runs", [(ROAMER, "backend"), (CARL, "local")])
def test_a_second_tap_of_the_same_identity_ends_the_session(person: Person, runs: str) -> None:
    bench = charging(person)
    assert bench.runs == runs
    bench.passes(15)
    bench.taps(person)
    assert bench.decided == ("green", "ocpp" if runs == "backend" else "local", "stopped")
    assert not bench.enabled
    bench.passes(5)
    assert bench.finished[0].reason == "Local"
    assert len(bench.questions) == (1 if runs == "backend" else 0), "no Authorize for one's own stop"
    assert [stop.tag for stop in bench.stops] == ([ROAMER.tag] if runs == "backend" else [])


@pytest.mark.requirement("B5")
def test_a_second_tap_right_after_the_start_is_the_first_one_again() -> None:
    bench = charging()
    bench.passes(14.9)
    bench.taps(ROAMER)
    assert bench.decided == ("green", "ocpp", "already_running")
    assert bench.runs == "backend"


@pytest.mark.requirement("B5")
def test_stopping_by_tap_can_be_switched_off() -> None:
    bench = charging(tap_stops=False)
    bench.passes(60)
    bench.taps(ROAMER)
    assert bench.decided == ("green", "ocpp", "already_running")


def test_an_apps_start_never_stops() -> None:
    bench = charging(BEN)
    bench.passes(60)
    bench.presses_start(BEN)
    assert bench.decided == ("green", "ocpp", "already_running")


def test_the_users_other_card_ends_the_users_session() -> None:
    bench = charging(BEN)
    bench.passes(60)
    bench.taps(replace(BEN, card="another"))
    assert bench.decided == ("green", "ocpp", "stopped")
    bench.passes(5)
    assert bench.stops[0].tag == BEN.tag


# --- a foreign tag in a running session -----------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_068_CS")
@pytest.mark.parametrize("running", [ROAMER, CARL])
def test_a_foreign_tag_is_occupied_without_a_question_where_the_session_has_no_group(running: Person) -> None:
    bench = charging(running)
    asked = len(bench.questions)
    bench.passes(60)
    bench.taps(STRANGER)
    assert bench.decided == ("red", "bridge", "occupied")
    assert len(bench.questions) == asked


@pytest.mark.requirement("B5")
@pytest.mark.requirement("1.6 TC_069_CS")
@pytest.mark.parametrize(
    "info, decided, runs",
    [
        pytest.param(FAMILY, ("green", "ocpp", "stopped"), "backend ending", id="same group"),
        pytest.param(
            TagInfo(verdict=Verdict.ACCEPTED, group="fam-ily"), ("green", "ocpp", "stopped"), "backend ending", id="spelt in another way"
        ),
        pytest.param(TagInfo(verdict=Verdict.ACCEPTED, group="OTHER"), ("red", "bridge", "occupied"), "backend", id="another group"),
        pytest.param(ACCEPTED, ("red", "bridge", "occupied"), "backend", id="no group"),
        pytest.param(TagInfo(verdict=Verdict.BLOCKED, group="FAMILY"), ("red", "bridge", "occupied"), "backend", id="blocked"),
        pytest.param(None, ("red", "bridge", "no_answer"), "backend", id="no answer"),
    ],
)
def test_a_tag_of_the_same_group_ends_the_session_after_it_was_checked(
    info: TagInfo | None, decided: tuple[str, str, str], runs: str
) -> None:
    bench = charging(ROAMER, info=FAMILY)
    bench.passes(60)
    bench.taps(STRANGER)
    assert bench.questions[-1].tag == STRANGER.tag
    if info is None:
        bench.passes(8)
    else:
        bench.answers(info)
    assert (bench.decided, bench.runs) == (decided, runs)
    bench.passes(5)
    assert [stop.tag for stop in bench.stops] == ([STRANGER.tag] if runs == "backend ending" else [])


@pytest.mark.parametrize(
    "known, settings, decided",
    [
        pytest.param(FAMILY, DEFAULTS, ("green", "ocpp", "stopped"), id="same group in the cache"),
        pytest.param(None, DEFAULTS, ("red", "bridge", "occupied"), id="not in the cache"),
        pytest.param(ACCEPTED, DEFAULTS, ("red", "bridge", "occupied"), id="no group in the cache"),
        pytest.param(replace(FAMILY, expires_ms=1), DEFAULTS, ("red", "bridge", "occupied"), id="expired"),
        pytest.param(FAMILY, NOT_OFFLINE, ("red", "bridge", "occupied"), id="cache not to be used offline"),
    ],
)
def test_offline_a_group_stop_needs_the_cache(known: TagInfo | None, settings: Settings, decided: tuple[str, str, str]) -> None:
    bench = charging(ROAMER, info=FAMILY, settings=settings)
    bench.passes(60)
    bench.backend_goes()
    bench.taps(STRANGER, known=known)
    assert bench.decided == decided


@pytest.mark.parametrize("known, decided", [(FAMILY, ("green", "ocpp", "stopped")), (ACCEPTED, ("red", "bridge", "occupied"))])
def test_a_group_stop_that_stays_unanswered_falls_back_on_the_cache(known: TagInfo, decided: tuple[str, str, str]) -> None:
    bench = charging(ROAMER, info=FAMILY)
    bench.passes(60)
    bench.taps(STRANGER, known=known)
    bench.leaves_unanswered()
    assert bench.decided == decided


def test_the_group_may_become_known_with_the_answer_to_the_start() -> None:
    bench = charging(ROAMER)
    bench.takes_record(backend_id="7", info=FAMILY)
    bench.passes(60)
    bench.taps(STRANGER)
    bench.answers(FAMILY)
    assert bench.decided == ("green", "ocpp", "stopped")


@pytest.mark.parametrize("tap_stops, after_s", [(False, 60), (True, 5)])
def test_a_group_tap_that_must_not_stop_is_told_that_it_runs(tap_stops: bool, after_s: float) -> None:
    """Switched off, or within the first seconds, as with one's own tag."""
    bench = charging(ROAMER, info=FAMILY, tap_stops=tap_stops)
    bench.passes(after_s)
    bench.taps(STRANGER)
    bench.passes(7)
    bench.answers(FAMILY)
    assert bench.decided == ("green", "ocpp", "already_running")
    assert bench.runs == "backend"


def test_it_counts_when_the_group_tap_came_not_when_it_was_answered() -> None:
    bench = charging(ROAMER, info=FAMILY)
    bench.passes(14)
    bench.taps(STRANGER)
    bench.passes(4)
    bench.answers(FAMILY)
    assert bench.decided == ("green", "ocpp", "already_running")


@pytest.mark.parametrize(
    "person, why",
    [
        pytest.param(DORA, "occupied", id="no tag"),
        pytest.param(LONG, "tag_too_long", id="tag too long"),
    ],
)
def test_who_cannot_be_asked_about_cannot_stop_a_group_session(person: Person, why: str) -> None:
    bench = charging(ROAMER, info=FAMILY)
    bench.passes(60)
    bench.taps(person)
    assert bench.decided == ("red", "bridge", why)
    assert len(bench.questions) == 1


def test_an_apps_start_in_a_foreign_group_session_is_occupied() -> None:
    bench = charging(ROAMER, info=FAMILY)
    bench.passes(60)
    bench.presses_start(BEN)
    assert bench.decided == ("red", "bridge", "occupied")


def test_while_a_group_stop_is_asked_about_the_owner_may_stop_and_the_asker_is_told() -> None:
    bench = charging(ROAMER, info=FAMILY)
    bench.passes(60)
    asked = bench.taps(STRANGER)
    again = bench.taps(STRANGER)
    other = bench.taps(BEN)
    own = bench.taps(ROAMER)
    told = {decision.origin: (decision.colour.value, decision.why.value) for decision in bench.decisions}
    assert told[own] == ("green", "stopped")
    assert told[other] == ("red", "occupied")
    assert told[asked] == told[again] == ("red", "no_session")
    bench.answers(FAMILY)
    assert not [effect for effect in bench.last if not isinstance(effect, RememberTag)]


@pytest.mark.parametrize("ends", [Bench.unplugs, Bench.resets])
def test_a_group_stop_that_is_asked_about_ends_with_the_session(ends: Any) -> None:  # noqa: ANN401
    bench = charging(ROAMER, info=FAMILY)
    bench.passes(60)
    bench.taps(STRANGER)
    ends(bench)
    assert bench.decided == ("red", "bridge", "no_session")


LISTED_FAMILY = replace(FAMILY, listed=True)
PRE = Settings(local_pre_authorize=True)
UNASKED = Settings(ask_backend=False)


@pytest.mark.parametrize(
    "known, settings, decided",
    [
        pytest.param(LISTED_FAMILY, PRE, ("green", "ocpp", "stopped"), id="on the list", marks=pytest.mark.requirement("2.0.1 TC_C_40_CS")),
        pytest.param(FAMILY, PRE, ("green", "ocpp", "stopped"), id="in the cache", marks=pytest.mark.requirement("2.0.1 TC_C_41_CS")),
        pytest.param(replace(FAMILY, group="OTHER"), PRE, ("red", "bridge", "occupied"), id="another group"),
        pytest.param(FAMILY, UNASKED, ("green", "ocpp", "stopped"), id="nobody is asked"),
        pytest.param(None, UNASKED, ("red", "bridge", "occupied"), id="nobody is asked, unknown"),
        pytest.param(
            replace(LISTED_FAMILY, verdict=Verdict.INVALID),
            replace(PRE, list_final=True),
            ("red", "bridge", "occupied"),
            id="refused by the list for good",
        ),
    ],
)
def test_a_group_stop_needs_no_question_where_list_or_cache_decide(
    known: TagInfo | None, settings: Settings, decided: tuple[str, str, str]
) -> None:
    bench = charging(info=FAMILY, settings=replace(settings, ask_backend=True))
    bench.changes("ask_backend", settings.ask_backend)
    bench.passes(20)
    asked = len(bench.questions)
    bench.taps(STRANGER, known=known)
    assert (bench.decided, len(bench.questions)) == (decided, asked)
    bench.passes(6)
    assert bench.runs == ("nothing" if decided[0] == "green" else "backend")


@pytest.mark.requirement("2.0.1 TC_C_43_CS")
@pytest.mark.requirement("2.0.1 TC_C_44_CS")
def test_who_list_or_cache_refuse_is_asked_about_before_a_group_stop() -> None:
    bench = charging(info=FAMILY, settings=PRE)
    bench.passes(20)
    bench.taps(STRANGER, known=replace(FAMILY, verdict=Verdict.INVALID))
    bench.answers(replace(FAMILY, verdict=Verdict.INVALID))
    assert (bench.decided, bench.runs) == (("red", "bridge", "occupied"), "backend")


# --- a master pass ----------------------------------------------------------------------------------------------------------------

MASTER = TagInfo(verdict=Verdict.ACCEPTED, group="POLICE")
WITH_MASTER = Settings(master_pass_group="police")


@pytest.mark.requirement("2.0.1 TC_C_49_CS")
@pytest.mark.requirement("2.0.1 TC_C_14_CS")
@pytest.mark.parametrize("when", ["asked", "listed", "offline", "silent"])
@pytest.mark.parametrize("tap_stops", [True, False])
def test_a_master_pass_ends_anybodys_session(when: str, tap_stops: bool) -> None:
    """At any time, and wherever taps otherwise end nothing."""
    bench = charging(info=ACCEPTED, settings=replace(WITH_MASTER, local_pre_authorize=when == "listed"), tap_stops=tap_stops)
    if when == "offline":
        bench.backend_goes()
    bench.taps(STRANGER, known=None if when == "asked" else replace(MASTER, listed=when == "listed"))
    if when == "asked":
        bench.answers(MASTER)
    if when == "silent":
        bench.passes(8)
    bench.passes(6)
    assert bench.decided == ("green", "ocpp", "stopped")
    assert (bench.runs, bench.stops[-1].reason.value, bench.stops[-1].tag) == ("nothing", "MasterPass", STRANGER.tag)


def test_a_master_pass_ends_a_local_session_as_well() -> None:
    """Who may stop anybody may stop a neighbour; the backend hears nothing of it."""
    bench = plugged(settings=WITH_MASTER)
    bench.taps(CARL)
    bench.taps(STRANGER)
    bench.answers(MASTER)
    bench.passes(6)
    assert (bench.decided, bench.runs, bench.records) == (("green", "ocpp", "stopped"), "nothing", [])
    assert bench.finished[-1].reason == "MasterPass"


@pytest.mark.parametrize("info", [ACCEPTED, replace(MASTER, verdict=Verdict.BLOCKED), FAMILY])
@pytest.mark.parametrize("person", [BEN, CARL])
def test_who_only_might_have_held_a_master_pass_ends_nothing(person: Person, info: TagInfo) -> None:
    """Where there are master passes every tag is asked about, and only they end a stranger's session."""
    bench = plugged(settings=WITH_MASTER)
    bench.taps(person)
    if person is BEN:
        bench.answers(ACCEPTED)
    bench.taps(STRANGER)
    bench.answers(info)
    assert (bench.decided, bench.runs) == (("red", "bridge", "occupied"), "backend" if person is BEN else "local")


def test_offline_who_nobody_knows_is_no_master_and_no_stranger_let_in() -> None:
    bench = charging(info=ACCEPTED, settings=replace(WITH_MASTER, allow_offline_unknown=True))
    bench.backend_goes()
    bench.taps(STRANGER)
    assert (bench.decided, bench.runs) == (("red", "bridge", "occupied"), "backend")


def test_a_question_about_a_master_pass_ends_with_the_session() -> None:
    bench = plugged(settings=WITH_MASTER)
    bench.taps(CARL)
    bench.taps(STRANGER)
    bench.unplugs()
    assert bench.decided == ("red", "bridge", "no_session")


# --- an app's stop --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person, authority", [(BEN, "ocpp"), (CARL, "local")])
def test_an_apps_stop_ends_the_users_session(person: Person, authority: str) -> None:
    bench = charging(person)
    bench.presses_stop(person)
    assert bench.decided == ("green", authority, "stopped")
    bench.passes(5)
    assert bench.finished[0].reason == "Local"


@pytest.mark.parametrize("bench", [ready(), charging(BEN), charging(ROAMER)])
def test_an_apps_stop_ends_nobody_elses_session(bench: Bench) -> None:
    runs = bench.runs
    bench.presses_stop(CARL)
    assert bench.decided == ("red", "bridge", "no_session")
    assert bench.runs == runs


def test_an_apps_stop_takes_back_what_waits() -> None:
    bench = ready()
    bench.presses_start(CARL)
    bench.presses_stop(CARL)
    assert bench.decided == ("green", "bridge", "stopped")
    bench.plugs()
    assert bench.runs == "nothing"


def test_an_apps_stop_of_somebody_else_leaves_what_waits() -> None:
    bench = ready()
    bench.presses_start(CARL)
    bench.presses_stop(BEN)
    assert bench.decided == ("red", "bridge", "no_session")
    bench.plugs()
    assert bench.runs == "local"


def test_an_apps_stop_does_not_count_as_leave_to_stop_a_group_session() -> None:
    bench = charging(ROAMER, info=FAMILY)
    bench.passes(60)
    bench.taps(BEN)
    bench.presses_stop(BEN)
    assert bench.decided == ("red", "bridge", "no_session")
    bench.answers(FAMILY)
    assert bench.decided == ("green", "ocpp", "stopped")


# --- taps around the end of a session -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [ROAMER, CARL])
def test_a_tap_while_a_session_is_ending_begins_the_next_one(person: Person) -> None:
    bench = charging(ROAMER)
    bench.passes(20)
    bench.taps(ROAMER)
    assert bench.runs == "backend ending"
    bench.taps(person)
    if person is ROAMER:
        bench.answers(ACCEPTED)
    assert bench.runs == ("backend" if person is ROAMER else "local")
    assert bench.recorded == ("Start Stop Start" if person is ROAMER else "Start Stop")
