"""What the backend asks of the station, and what it says to records already sent (B15, B16)."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import (
    Among,
    CacheClearRequested,
    ReadingRequested,
    RecordDelivered,
    RecordParked,
    UnlockRequested,
)
from bridge.core.effects import AskAuthorize, ForgetTags, Outcome, RememberTag, UnlockHardware
from bridge.core.events import CommandAnswered
from bridge.core.settings import Cable, Settings
from bridge.core.values import (
    CommandId,
    IdTag,
    Person,
    ReadingContext,
    RecordId,
    RequestId,
    SessionId,
    TagInfo,
    UserId,
    Verdict,
)
from tests.core.reserving import reservation, reserved
from tests.core.world import ACCEPTED, ANNA, BEN, BLOCKED, CARL, FAMILY, INVALID, ROAMER, STRANGER, Bench, charging, plugged, ready

QUIET = Settings(sample_interval_s=0)

# --- remote start -----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B15")
@pytest.mark.requirement("1.6 TC_010_CS")
@pytest.mark.parametrize("authorize_remote, asks", [(True, 1), (False, 0)])
def test_a_remote_start_is_asked_about_where_the_settings_say_so(authorize_remote: bool, asks: int) -> None:
    bench = plugged(settings=Settings(authorize_remote=authorize_remote))
    assert bench.remote_start() is Outcome.ACCEPTED
    assert len(bench.questions) == asks
    if asks:
        bench.answers(ACCEPTED)
    assert bench.recorded == "Start"
    assert bench.starts[0].remote
    assert not bench.decisions, "nobody stands at the reader"


@pytest.mark.parametrize("tag, outcome", [("04EE", Outcome.ACCEPTED), ("BEN-1", Outcome.REJECTED)])
@pytest.mark.parametrize("authorize_remote", [True, False])
def test_a_remote_start_keeps_off_what_another_tag_has_reserved(authorize_remote: bool, tag: str, outcome: Outcome) -> None:
    bench = reserved(reservation(tag), bench=ready(settings=Settings(authorize_remote=authorize_remote)))
    assert bench.remote_start() is outcome


@pytest.mark.requirement("1.6 TC_011_1_CS")
def test_a_remote_start_may_come_before_the_plug() -> None:
    bench = ready()
    bench.remote_start()
    bench.answers(ACCEPTED)
    assert bench.reported == "Preparing"
    bench.plugs()
    assert bench.recorded == "Start"


@pytest.mark.requirement("1.6 TC_011_2_CS")
@pytest.mark.parametrize("authorize_remote", [True, False])
def test_a_remote_start_lapses_without_a_plug(authorize_remote: bool) -> None:
    bench = ready(settings=Settings(authorize_remote=authorize_remote))
    bench.remote_start()
    if authorize_remote:
        bench.answers(ACCEPTED)
    bench.passes(60)
    assert bench.reported == "Available"
    bench.plugs()
    assert bench.recorded == ""


@pytest.mark.requirement("1.6 TC_007_2_CS")
@pytest.mark.requirement("1.6 TC_061_2_CS")
@pytest.mark.parametrize("known, asks", [(ACCEPTED, 0), (None, 1), (BLOCKED, 1)])
def test_a_cached_tag_is_not_asked_about_where_the_backend_wants_it_so(known: TagInfo | None, asks: int) -> None:
    bench = plugged(settings=Settings(local_pre_authorize=True))
    bench.remote_start(known=known)
    assert len(bench.questions) == asks


@pytest.mark.requirement("B3")
@pytest.mark.requirement("1.6 TC_023_5_CS")
@pytest.mark.parametrize("info", [INVALID, None])
@pytest.mark.parametrize("person", [ROAMER, ANNA])
def test_a_remote_start_that_is_refused_starts_nothing_whatever_is_permitted_here(info: TagInfo | None, person: Person) -> None:
    """Local permission is for people who tap; nobody taps for a remote start."""
    bench = plugged(settings=Settings(allow_offline_unknown=True))
    bench.remote_start(person)
    if info is None:
        bench.passes(8)
    else:
        bench.answers(info)
    assert bench.runs == "nothing"
    assert bench.reported == "Preparing"
    assert not bench.decisions


def test_who_taps_while_a_remote_start_is_asked_about_is_answered_as_a_tap() -> None:
    bench = plugged()
    bench.remote_start(replace(ANNA, card=None))
    bench.taps(ANNA)
    assert len(bench.questions) == 1
    bench.answers(INVALID)
    assert bench.decided == ("green", "local", "local_permission")
    assert bench.runs == "local"


def test_another_card_during_a_remote_start_is_occupied() -> None:
    bench = plugged()
    bench.remote_start()
    bench.taps(STRANGER)
    assert bench.decided == ("red", "bridge", "occupied")


def _local(bench: Bench) -> None:
    bench.taps(CARL)


def _waiting(bench: Bench) -> None:
    bench.unplugs()
    bench.taps(BEN)
    bench.answers(ACCEPTED)


def _asking(bench: Bench) -> None:
    bench.taps(BEN)


def _running(bench: Bench) -> None:
    bench.taps(BEN)
    bench.answers(ACCEPTED)


def _offline(bench: Bench) -> None:
    bench.wallbox(online=False)
    bench.passes(30)


def _out_of_service(bench: Bench) -> None:
    bench.sets_availability(operative=False)


def _station_out_of_service(bench: Bench) -> None:
    bench.sets_availability(operative=False, station=True)


@pytest.mark.requirement("B15")
@pytest.mark.requirement("1.6 TC_026_CS")
@pytest.mark.parametrize(
    "happens",
    [
        pytest.param(_running, id="a session runs"),
        pytest.param(_local, id="a local session runs"),
        pytest.param(_waiting, id="a permission waits"),
        pytest.param(_asking, id="a card is being checked"),
        pytest.param(_out_of_service, id="out of service"),
        pytest.param(_station_out_of_service, id="station out of service"),
        pytest.param(_offline, id="wallbox offline"),
        pytest.param(lambda bench: bench.wallbox(fault="GroundFailure"), id="fault"),
        pytest.param(lambda bench: bench.disk(ok=False), id="the disk takes no records"),
    ],
)
def test_a_remote_start_is_rejected_where_it_cannot_work(happens: Any) -> None:  # noqa: ANN401
    bench = plugged()
    happens(bench)
    runs = bench.runs
    assert bench.remote_start() is Outcome.REJECTED
    assert not bench.just_asked_for(AskAuthorize)
    assert bench.runs == runs


@pytest.mark.parametrize("person", [Person(user=UserId("x")), Person(tag=IdTag(text="X" * 21))])
def test_a_remote_start_needs_a_tag_the_protocol_can_carry(person: Person) -> None:
    assert plugged().remote_start(person) is Outcome.REJECTED


def test_a_remote_start_while_a_session_is_ending_begins_the_next_one() -> None:
    bench = charging(settings=QUIET)
    bench.passes(20)
    bench.taps(ROAMER)
    assert bench.remote_start(STRANGER) is Outcome.ACCEPTED
    bench.answers(ACCEPTED)
    assert bench.recorded == "Start Stop Start"


# --- remote stop ------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B15")
@pytest.mark.requirement("1.6 TC_012_CS")
@pytest.mark.parametrize("name", ["7", "0", "-1"])
def test_a_remote_stop_by_the_backends_own_name_ends_the_transaction(name: str) -> None:
    bench = charging(settings=QUIET)
    bench.takes_record(backend_id=name)
    assert bench.remote_stop(name) is Outcome.ACCEPTED
    assert not bench.enabled
    assert bench.remote_stop(name) is Outcome.ACCEPTED, "it is ending already"
    bench.passes(5)
    assert bench.stops[0].reason.value == "Remote"
    assert bench.recorded == "Start Stop"


@pytest.mark.requirement("1.6 TC_028_CS")
@pytest.mark.parametrize(
    "bench, name",
    [
        pytest.param(ready(), "7", id="nothing runs"),
        pytest.param(charging(CARL), "7", id="a local session"),
        pytest.param(charging(), "None", id="not yet named"),
    ],
)
def test_a_remote_stop_of_anything_else_is_rejected(bench: Bench, name: str) -> None:
    runs = bench.runs
    assert bench.remote_stop(name) is Outcome.REJECTED
    assert bench.runs == runs


@pytest.mark.requirement("H6")
def test_a_remote_stop_of_a_foreign_transaction_is_rejected() -> None:
    bench = charging()
    bench.takes_record(backend_id="0")
    assert bench.remote_stop("7") is Outcome.REJECTED
    assert bench.runs == "backend"


@pytest.mark.parametrize("ends", [lambda bench: bench.remote_stop("7"), Bench.resets, lambda bench: bench.taps(ROAMER)])
def test_after_an_end_only_a_new_tap_or_plug_in_begins_anything(ends: Any) -> None:  # noqa: ANN401
    """Toggling vehicles, late answers, energy management's yes: nothing comes back by itself."""
    bench = charging(settings=QUIET)
    bench.takes_record(backend_id="7")
    bench.passes(20)
    ends(bench)
    bench.wallbox(charging=True)
    bench.energy(allow=False)
    bench.energy(allow=True)
    bench.answers(ACCEPTED)
    bench.meters(1001)
    bench.passes(600)
    assert bench.recorded == "Start Stop"
    assert not bench.enabled


# --- availability ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B15")
@pytest.mark.requirement("1.6 TC_034_CS")
@pytest.mark.parametrize("station", [True, False])
def test_out_of_service_survives_a_restart(station: bool) -> None:
    bench = ready()
    assert bench.sets_availability(operative=False, station=station) is Outcome.ACCEPTED
    assert bench.sets_availability(operative=False, station=station) is Outcome.ACCEPTED, "again is no error"
    bench.restarts()
    bench.synchronises()
    bench.unplugs()
    assert bench.reported == "Unavailable"
    assert bench.state.kept.station_operative is not station


@pytest.mark.requirement("B15")
@pytest.mark.parametrize("station", [True, False])
def test_out_of_service_waits_for_the_end_of_a_transaction(station: bool) -> None:
    bench = charging(settings=QUIET)
    assert bench.sets_availability(operative=False, station=station) is Outcome.SCHEDULED
    assert bench.sets_availability(operative=False, station=station) is Outcome.SCHEDULED
    assert len(bench.state.kept.scheduled) == 1
    assert bench.reported == "Charging"
    bench.unplugs()
    bench.passes(5)
    assert bench.reported == "Unavailable"
    assert bench.state.kept.station_operative is not station
    assert not bench.state.kept.scheduled


def test_both_may_be_scheduled() -> None:
    bench = charging(settings=QUIET)
    bench.sets_availability(operative=False, station=True)
    bench.sets_availability(operative=False, station=False)
    assert len(bench.state.kept.scheduled) == 2
    bench.unplugs()
    bench.passes(5)
    assert (bench.state.kept.operative, bench.state.kept.station_operative) == (False, False)


def test_a_schedule_is_taken_back_by_the_next_word() -> None:
    bench = charging(settings=QUIET)
    bench.sets_availability(operative=False, station=True)
    assert bench.sets_availability(operative=True, station=True) is Outcome.ACCEPTED
    bench.unplugs()
    bench.passes(5)
    assert bench.reported == "Available"


def test_a_connector_in_service_at_a_station_out_of_service_is_unavailable() -> None:
    bench = ready()
    bench.sets_availability(operative=False, station=True)
    bench.sets_availability(operative=True)
    assert bench.reported == "Unavailable"
    bench.sets_availability(operative=True, station=True)
    assert bench.reported == "Available"


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("operative, after", [(True, "Available"), (False, "Unavailable")])
def test_in_a_local_session_availability_is_accepted_and_shown_after_it(operative: bool, after: str) -> None:
    bench = charging(CARL)
    assert bench.sets_availability(operative=operative) is Outcome.ACCEPTED
    assert bench.reported == "Unavailable"
    assert bench.runs == "local"
    bench.unplugs()
    bench.passes(5)
    assert bench.reported == after


# --- unlock -------------------------------------------------------------------------------------------------------------------------


def _unlock(bench: Bench) -> Outcome | None:
    bench.happens(UnlockRequested, request=RequestId("unlock"))
    return bench.outcome


def _result(bench: Bench, **told: Any) -> Outcome | None:  # noqa: ANN401
    bench.happens(CommandAnswered, command=bench.asked_for(UnlockHardware)[-1].command, **told)
    return bench.outcome


@pytest.mark.requirement("B15")
@pytest.mark.parametrize(
    "told, outcome, alert",
    [
        pytest.param({"ok": True}, Outcome.UNLOCKED, False, id="freed", marks=pytest.mark.requirement("1.6 TC_017_1_CS")),
        pytest.param(
            {"ok": False, "reason": "jammed"}, Outcome.UNLOCK_FAILED, True, id="jammed", marks=pytest.mark.requirement("1.6 TC_030_CS")
        ),
        pytest.param({"ok": False, "supported": False}, Outcome.NOT_SUPPORTED, True, id="not supported"),
    ],
)
def test_the_wallboxs_own_word_is_the_answer_to_unlock(told: dict[str, Any], outcome: Outcome, alert: bool) -> None:
    bench = ready()
    assert _unlock(bench) is None
    assert _result(bench, **told) is outcome
    assert ("command_failed" in bench.alerts) is alert
    assert _result(bench, **told) is None, "one answer"


@pytest.mark.requirement("1.6 TC_030_CS")
def test_a_wallbox_that_says_nothing_has_failed_after_ten_seconds() -> None:
    bench = ready()
    _unlock(bench)
    bench.passes(9.9)
    assert bench.outcome is None
    bench.passes(0.1)
    assert [answer.outcome for answer in bench.effects if hasattr(answer, "outcome")] == [Outcome.UNLOCK_FAILED]
    assert "command_failed" in bench.alerts
    _unlock(bench)
    _result(bench, ok=True)
    assert "command_failed" not in bench.alerts


@pytest.mark.requirement("1.6 TC_017_2_CS")
@pytest.mark.requirement("1.6 TC_018_2_CS")
@pytest.mark.parametrize("bench", [ready(cable=Cable.FIXED), charging(cable=Cable.FIXED)])
def test_a_fixed_cable_is_not_unlocked_and_its_session_untouched(bench: Bench) -> None:
    runs = bench.runs
    assert _unlock(bench) is Outcome.NOT_SUPPORTED
    assert bench.runs == runs


@pytest.mark.requirement("1.6 TC_018_1_CS")
def test_unlock_ends_the_session_first() -> None:
    bench = charging(settings=QUIET)
    _unlock(bench)
    assert not bench.enabled
    assert _result(bench, ok=True) is Outcome.UNLOCKED
    bench.passes(5)
    assert bench.stops[0].reason.value == "UnlockCommand"
    assert bench.status == "Finishing"


def test_a_second_unlock_answers_the_first() -> None:
    bench = ready()
    _unlock(bench)
    bench.happens(UnlockRequested, request=RequestId("again"))
    assert bench.outcome is Outcome.UNLOCK_FAILED
    assert _result(bench, ok=True) is Outcome.UNLOCKED


@pytest.mark.parametrize("ok, alert", [(True, False), (False, True)])
def test_a_result_nobody_waits_for_is_an_alert_at_most(ok: bool, alert: bool) -> None:
    """Of a reset, say, or of the cable freed after an unplug."""
    bench = ready()
    _unlock(bench)
    bench.happens(CommandAnswered, command=CommandId("other"), ok=ok)
    assert bench.outcome is None
    assert ("command_failed" in bench.alerts) is alert


# --- cache, settings, readings ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_061_1_CS")
@pytest.mark.parametrize("cache, outcome, forgets", [(True, Outcome.ACCEPTED, 1), (False, Outcome.REJECTED, 0)])
def test_a_cache_can_be_cleared_where_there_is_one(cache: bool, outcome: Outcome, forgets: int) -> None:
    bench = ready(settings=Settings(cache_enabled=cache))
    bench.happens(CacheClearRequested, request=RequestId("clear"))
    assert bench.outcome is outcome
    assert len(bench.asked_for(ForgetTags)) == forgets


@pytest.mark.requirement("B15")
@pytest.mark.requirement("1.6 TC_021_CS")
def test_a_changed_setting_is_in_force_at_once_and_kept() -> None:
    bench = ready()
    assert bench.changes("connection_timeout_s", 5) is Outcome.ACCEPTED
    bench.taps(CARL)
    bench.passes(5)
    assert bench.reported == "Available"
    bench.restarts()
    assert bench.state.settings.connection_timeout_s == 5
    assert bench.state.base.connection_timeout_s == 60


@pytest.mark.requirement("1.6 TC_054_CS")
def test_a_reading_asked_for_in_a_session_is_a_record_of_it() -> None:
    bench = charging(settings=QUIET)
    bench.meters(1010)
    bench.happens(ReadingRequested)
    assert bench.recorded == "Start Sample"
    assert (bench.samples[0].reading.context, bench.samples[0].reading.register_wh) == (ReadingContext.TRIGGER, 1010)


def test_even_an_old_one_belongs_to_the_session() -> None:
    """The meter is silent: its last word, with its own time, and never before the transaction began."""
    bench = charging(settings=QUIET)
    bench.passes(500)
    bench.happens(ReadingRequested)
    assert bench.samples[0].reading.utc_ms == bench.starts[0].utc_ms
    assert bench.samples[0].reading.power_w is None


@pytest.mark.parametrize("bench, told", [(ready(), 1), (Bench(), 0)])
def test_a_reading_asked_for_outside_a_session_is_told_at_once_if_there_is_one(bench: Bench, told: int) -> None:
    bench.happens(ReadingRequested)
    assert len(bench.announced) == told
    assert bench.recorded == ""


def test_a_reading_asked_for_after_the_end_belongs_to_no_transaction() -> None:
    bench = charging(settings=QUIET)
    bench.unplugs()
    bench.happens(ReadingRequested)
    assert bench.recorded == "Start"
    assert len(bench.announced) == 1


@pytest.mark.parametrize("among", [Among.ANY, Among.TRANSACTION])
def test_a_reading_for_the_running_transaction_is_a_record_of_it(among: Among) -> None:
    bench = charging(settings=QUIET)
    bench.happens(ReadingRequested, among=among)
    assert (bench.recorded, len(bench.announced)) == ("Start Sample", 0)


def test_a_reading_may_be_told_by_itself_whatever_runs() -> None:
    """2.0.1 asks for MeterValues and for a TransactionEvent by different names (F06.FR.06, FR.07)."""
    bench = charging(settings=QUIET)
    bench.happens(ReadingRequested, among=Among.READINGS)
    assert (bench.recorded, len(bench.announced)) == ("Start", 1)
    free = ready()
    free.happens(ReadingRequested, among=Among.TRANSACTION)
    assert (free.recorded, len(free.announced)) == ("", 0)


@pytest.mark.requirement("B3")
@pytest.mark.parametrize("ends", [False, True])
def test_no_reading_of_a_local_session_is_told(ends: bool) -> None:
    bench = charging(CARL)
    if ends:
        bench.unplugs()
    bench.happens(ReadingRequested)
    assert not bench.announced
    assert bench.recorded == ""


# --- what it says to records -------------------------------------------------------------------------------------------------------------


def test_the_answer_to_a_start_names_the_transaction() -> None:
    bench = charging(settings=QUIET)
    bench.takes_record(backend_id="0", info=FAMILY)
    assert bench.view.session is not None
    assert bench.view.session.backend_id == "0"
    assert bench.asked_for(RememberTag)[-1].info == replace(FAMILY, stored_ms=bench.now_ms)
    kept = bench.state.kept
    bench.happens(RecordDelivered, record=RecordId(1), session=bench.session.id, starts=True, backend_id="0", info=ACCEPTED)
    assert bench.state.kept is kept, "the same again is nothing new, and a group once told is not forgotten"


@pytest.mark.parametrize(
    "told",
    [
        {"session": SessionId("another"), "starts": True, "backend_id": "9", "info": INVALID},
        {"session": None, "starts": False, "backend_id": None, "info": INVALID},
    ],
)
def test_answers_to_other_records_change_nothing_here(told: dict[str, Any]) -> None:
    bench = charging(settings=QUIET)
    kept = bench.state.kept
    bench.happens(RecordDelivered, record=RecordId(1), **told | {"session": told["session"] or bench.session.id})
    assert bench.state.kept is kept


def test_the_answer_to_a_stop_is_remembered() -> None:
    bench = charging(settings=QUIET)
    bench.takes_record(backend_id="7")
    bench.passes(20)
    bench.taps(ROAMER)
    bench.passes(5)
    bench.takes_record(info=BLOCKED)
    told = replace(BLOCKED, stored_ms=bench.now_ms)
    assert bench.asked_for(RememberTag)[-1] == RememberTag(tag=ROAMER.tag or IdTag(text=""), info=told)


@pytest.mark.requirement("B16")
@pytest.mark.requirement("1.6 TC_037_3_CS")
@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.ACCEPTED])
def test_a_refusal_after_green_ends_the_session(verdict: Verdict) -> None:
    """Energy off, DeAuthorized; no second decision: the session's reason and an alert tell it."""
    bench = charging(BEN, settings=QUIET)
    bench.meters(1040)
    bench.takes_record(backend_id="7", info=TagInfo(verdict=verdict))
    assert bench.recorded == "Start Stop"
    assert (bench.stops[0].reason.value, bench.stops[0].reading.register_wh, bench.stops[0].tag) == ("DeAuthorized", 1040, None)
    assert not bench.enabled
    assert "backend_refused" in bench.alerts
    assert len(bench.decisions) == 1
    assert bench.finished[0].backend_id == "7"


def test_an_answer_may_tell_what_the_session_costs() -> None:
    """2.0.1 I02, I03: the central system reckons, and tells it with what it answers."""
    bench = charging(settings=QUIET)
    running = bench.session.id
    bench.happens(RecordDelivered, record=RecordId(1), session=SessionId("another"), cost=1.0)
    assert bench.state.cost is None
    bench.happens(RecordDelivered, record=RecordId(1), session=running, cost=1.5)
    bench.happens(RecordDelivered, record=RecordId(2), session=running)
    assert bench.state.cost == 1.5


@pytest.mark.requirement("B16")
def test_a_user_with_local_permission_goes_on_from_that_register() -> None:
    bench = charging(ANNA, settings=QUIET)
    bench.meters(1040)
    bench.takes_record(backend_id="7", info=INVALID)
    assert bench.runs == "local"
    assert bench.enabled
    assert bench.session.begin.register_wh == 1040
    assert bench.session.follows == bench.stops[0].session
    assert bench.reported == "Unavailable"
    assert len(bench.decisions) == 1
    assert not bench.gaps


@pytest.mark.requirement("B16")
def test_even_while_the_meter_is_silent() -> None:
    bench = charging(ANNA, settings=QUIET)
    bench.passes(500)
    bench.takes_record(backend_id="7", info=INVALID)
    assert bench.runs == "local"
    assert bench.session.begin.register_wh == bench.stops[0].reading.register_wh


@pytest.mark.requirement("B16")
def test_a_session_the_backend_itself_started_does_not_go_on_locally() -> None:
    bench = plugged(settings=replace(QUIET, authorize_remote=False))
    bench.remote_start(ANNA)
    bench.takes_record(backend_id="7", info=INVALID)
    assert bench.runs == "nothing"


def test_where_the_disk_takes_no_records_nobody_goes_on() -> None:
    bench = charging(ANNA, settings=QUIET)
    bench.disk(ok=False)
    bench.takes_record(backend_id="7", info=INVALID)
    assert bench.runs == "nothing"


def test_a_refusal_of_a_session_that_is_over_or_ending_changes_nothing() -> None:
    for after_s in (0, 10):
        bench = charging(BEN, settings=QUIET)
        bench.unplugs()
        bench.passes(after_s)
        bench.takes_record(backend_id="7", info=INVALID)
        bench.passes(10)
        assert bench.recorded == "Start Stop"
        assert bench.stops[0].reason.value == "EVDisconnected"
        assert "backend_refused" not in bench.alerts


def test_a_yes_with_an_expiry_in_the_past_is_still_a_yes() -> None:
    bench = charging(BEN)
    bench.takes_record(backend_id="7", info=TagInfo(verdict=Verdict.ACCEPTED, expires_ms=1))
    assert bench.runs == "backend"


def test_a_parked_record_is_an_alert_and_the_session_goes_on() -> None:
    bench = charging()
    bench.happens(RecordParked, record=RecordId(1), session=bench.session.id, error="InternalError: no")
    assert "InternalError: no" in bench.state.alerts["record_parked"].text
    assert bench.state.alerts["record_parked"].until_s is None
    assert bench.enabled
