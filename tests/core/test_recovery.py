"""After a restart: two sessions on the backend, the car goes on charging, what was drawn in between is a recorded gap (B8)."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.core.backend import ReadingRequested
from bridge.core.effects import CommandHardware, EntryKind, Outcome
from bridge.core.recovery import settings_in_force
from bridge.core.settings import Rules, Settings
from bridge.core.state import Kept
from bridge.core.values import Mode, Person
from tests.core.world import ACCEPTED, ANNA, BEN, CARL, FAMILY, INVALID, ROAMER, STRANGER, Bench, charging, plugged, ready

QUIET = Settings(sample_interval_s=0)


def crashed(person: Person = ROAMER, *, plug: str | None = None, planned: bool = False, down_s: float = 60.0, **rules: Any) -> Bench:  # noqa: ANN401
    """Charging, kept at 1050 Wh, and then the process is gone; nothing is heard yet."""
    bench = ready(**({"settings": QUIET} | rules))
    if plug is None:
        bench.plugs()
    else:
        bench.plugs(plug)
    bench.taps(person)
    if bench.questions:
        bench.answers(FAMILY)
    if bench.records:
        bench.takes_record(backend_id="7")
    bench.passes(30)
    bench.meters(1050)
    bench.passes(30)
    bench.restarts(planned=planned, down_s=down_s)
    bench.forget()
    return bench


# --- two sessions ---------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B8")
@pytest.mark.requirement("1.6 TC_032_2_CS")
@pytest.mark.requirement("D2")
def test_the_same_vehicle_goes_on_in_a_second_session_and_the_outage_is_a_gap() -> None:
    bench = crashed()
    last = bench.session.last
    old = bench.session.id
    bench.synchronises()
    bench.meters(1300)
    bench.backend_comes()
    assert bench.recorded == "Start", "the wallbox has not spoken yet"
    bench.plugs()
    assert bench.recorded == "Start Stop Start"
    stop, start = bench.stops[0], bench.starts[1]
    assert (stop.session, stop.reason.value, stop.tag) == (old, "PowerLoss", None)
    assert (stop.reading.register_wh, stop.utc_ms) == (1050, last.utc_ms)
    assert (start.tag, start.reading.register_wh, start.utc_ms) == (ROAMER.tag, 1300, bench.now_ms)
    assert bench.gaps == [(1050, 1300)]
    gap = next(entry for entry in bench.entries if entry.kind is EntryKind.GAP)
    assert (gap.reason, gap.follows) == ("bridge_down", old)
    assert "unaccounted_energy" in bench.alerts
    assert bench.session.follows == old
    assert not bench.questions, "no fresh Authorize"
    assert bench.enabled


@pytest.mark.requirement("B8")
@pytest.mark.parametrize("planned, reason", [(False, "PowerLoss"), (True, "Reboot")])
def test_a_planned_stop_is_a_reboot(planned: bool, reason: str) -> None:
    bench = crashed(planned=planned)
    bench.synchronises()
    bench.plugs()
    bench.meters(1051)
    assert bench.stops[0].reason.value == reason


@pytest.mark.requirement("B8")
def test_a_local_session_goes_on_as_a_new_local_one() -> None:
    bench = crashed(CARL)
    bench.synchronises()
    bench.plugs()
    bench.meters(1100)
    assert bench.recorded == ""
    assert bench.runs == "local"
    assert [(entry.kind.value, entry.end_wh, entry.reason) for entry in bench.entries] == [
        ("local", 1050, "PowerLoss"),
        ("gap", 1100, "bridge_down"),
    ]
    assert bench.reported == "Unavailable"


@pytest.mark.requirement("B8")
def test_the_vehicle_keeps_its_energy_all_the_while() -> None:
    """From the moment the broker is in step: the old session is open until the new one begins."""
    bench = crashed()
    bench.synchronises()
    assert bench.commanded.enabled
    bench.plugs()
    bench.passes(5)
    bench.meters(1100)
    assert all(effect.command.enabled for effect in bench.asked_for(CommandHardware))


@pytest.mark.requirement("B8")
def test_energy_management_comes_first() -> None:
    bench = charging(settings=QUIET)
    bench.energy(allow=False)
    bench.restarts()
    bench.synchronises()
    assert not bench.commanded.enabled
    bench.plugs()
    bench.meters(1000)
    assert bench.runs == "backend"
    assert not bench.commanded.enabled


def test_what_goes_on_keeps_person_mode_and_group() -> None:
    bench = plugged(settings=QUIET)
    bench.taps(BEN, mode=Mode.PRIO)
    bench.answers(FAMILY)
    bench.restarts()
    bench.synchronises()
    bench.plugs()
    bench.meters(1000)
    assert (bench.session.person, bench.session.mode) == (BEN, Mode.PRIO)
    bench.backend_comes()
    bench.taps(STRANGER)
    bench.answers(FAMILY)
    assert bench.decided == ("green", "ocpp", "stopped"), "its driver's first tap was long ago"


# --- which vehicle --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B8")
@pytest.mark.parametrize(
    "plug, tells, reason",
    [
        pytest.param(None, {"plugged": False}, "EVDisconnected", id="unplugged"),
        pytest.param("one", {"plugged": False, "plug": "one"}, "EVDisconnected", id="unplugged, same name"),
        pytest.param("one", {"plugged": True, "plug": "two"}, "EVDisconnected", id="another plug-in"),
        pytest.param("one", {"plug": "two"}, "EVDisconnected", id="another name is enough"),
        pytest.param("one", {"plugged": True, "plug": "one"}, "PowerLoss", id="same plug-in"),
        pytest.param(None, {"plugged": True}, "PowerLoss", id="not told which"),
        pytest.param(None, {"cp_state": "C"}, "PowerLoss", id="by the pilot"),
        pytest.param(None, {"plugged": True, "plug": "two"}, "PowerLoss", id="named only since"),
    ],
)
@pytest.mark.parametrize("live", [True, False])
def test_the_wallbox_tells_whether_it_is_the_same_vehicle(plug: str | None, tells: dict[str, Any], reason: str, live: bool) -> None:
    """By live word at once; what the broker had stored does when half a minute is over."""
    bench = crashed(plug=plug)
    bench.synchronises()
    bench.wallbox(live=live, **tells)
    if not live:
        bench.meters(1060)
        bench.passes(29)
        assert bench.recorded == "Start"
        bench.passes(1)
    bench.meters(1060)
    assert bench.stops[0].reason.value == reason
    assert bench.stops[0].reading.register_wh == 1050
    assert bench.recorded == ("Start Stop Start" if reason == "PowerLoss" else "Start Stop")
    assert bench.enabled is (reason == "PowerLoss")


def test_a_live_word_about_something_else_says_nothing_of_the_plug() -> None:
    bench = crashed()
    bench.synchronises()
    bench.plugs(live=False)
    bench.wallbox(charging=True, live=True)
    bench.meters(1060)
    assert bench.recorded == "Start"
    bench.unplugs()
    assert bench.recorded == "Start Stop"


@pytest.mark.parametrize("name, recorded", [("one", "Start Stop Start"), ("two", "Start Stop")])
def test_the_name_of_the_plug_in_may_follow_in_a_message_of_its_own(name: str, recorded: str) -> None:
    """A stored name of the old vehicle does not stand for the new one."""
    bench = crashed(plug="one")
    bench.synchronises()
    bench.meters(1060)
    bench.wallbox(plug="one", live=False)
    bench.plugs()
    assert bench.recorded == "Start"
    bench.wallbox(plug=name)
    assert bench.recorded == recorded


def test_a_wallbox_that_does_not_repeat_the_name_is_believed_after_the_wait() -> None:
    bench = crashed(plug="one")
    bench.synchronises()
    bench.meters(1060)
    bench.plugs()
    bench.passes(30)
    assert bench.recorded == "Start Stop Start"


def test_the_wait_begins_when_the_broker_can_be_heard() -> None:
    bench = crashed()
    bench.passes(600)
    bench.synchronises()
    bench.plugs(live=False)
    bench.meters(1060)
    bench.passes(29)
    assert bench.recorded == "Start"
    bench.passes(1)
    assert bench.recorded == "Start Stop Start"


def test_unknown_neither_starts_nor_ends_a_session() -> None:
    """A wallbox that stays silent after the restart: the transaction stays open, and a person is told."""
    bench = crashed()
    bench.synchronises()
    bench.meters(1060)
    bench.passes(3600)
    assert bench.recorded == "Start"
    assert bench.commanded.enabled
    assert "hardware_offline" in bench.alerts
    bench.plugs()
    bench.meters(1061)
    assert bench.recorded == "Start Stop Start"
    assert "hardware_offline" not in bench.alerts


def test_a_plug_that_becomes_unknown_again_stops_the_wait_for_the_meter() -> None:
    bench = crashed()
    bench.synchronises()
    bench.plugs()
    bench.wallbox(plugged=None)
    bench.passes(60)
    assert bench.recorded == "Start"
    bench.plugs()
    bench.passes(10)
    assert bench.recorded == "Start Stop Start"


@pytest.mark.parametrize(
    "down_s, plug, told",
    [(500, None, False), (601, None, True), (601, "one", False), (500, "one", False)],
)
def test_a_long_outage_that_nothing_proves_is_an_alert(down_s: float, plug: str | None, told: bool) -> None:
    bench = crashed(plug=plug, down_s=down_s)
    bench.synchronises()
    bench.meters(1060)
    if plug is None:
        bench.plugs()
    else:
        bench.plugs(plug)
    assert ("continued_unproven" in bench.alerts) is told
    assert bench.runs == "backend"


# --- the meter ------------------------------------------------------------------------------------------------------------------


def test_the_new_session_waits_for_a_live_register() -> None:
    bench = crashed()
    bench.synchronises()
    bench.meters(1200, live=False)
    bench.plugs()
    bench.passes(9)
    assert bench.recorded == "Start"
    bench.meters(1230)
    assert bench.starts[1].reading.register_wh == 1230
    assert "meter_silent" not in bench.alerts


@pytest.mark.parametrize("stored, register_wh", [(1200, 1200), (None, 1050)])
def test_and_then_takes_the_last_known_one(stored: int | None, register_wh: int) -> None:
    """Stored by the broker, else the last durable one: with its own time and an alert."""
    bench = crashed()
    if stored is not None:
        bench.meters(stored, live=False)
    bench.synchronises()
    bench.plugs()
    bench.passes(10)
    assert bench.recorded == "Start Stop Start"
    assert bench.starts[1].reading.register_wh == register_wh
    assert bench.starts[1].utc_ms == bench.now_ms
    assert "meter_silent" in bench.alerts


def test_nothing_heard_since_is_kept_into_the_old_session() -> None:
    """Neither by the minute nor for a reading the backend asks for: its last durable register is its end."""
    bench = crashed()
    bench.meters(1200)
    bench.passes(200)
    bench.meters(1400)
    bench.passes(200)
    bench.synchronises()
    bench.backend_comes()
    bench.happens(ReadingRequested)
    assert not bench.last
    bench.meters(1500)
    bench.plugs()
    assert bench.stops[0].reading.register_wh == 1050
    assert bench.gaps == [(1050, 1500)]


def test_a_replaced_meter_starts_from_its_own_register_and_loses_nothing() -> None:
    """Seen 1200 after the restart, then 10: the old session ends at 1050, 150 Wh are a gap, the new one begins at 10."""
    bench = crashed()
    bench.synchronises()
    bench.meters(1200)
    bench.meters(10)
    assert bench.recorded == "Start"
    bench.meters(15)
    bench.plugs()
    assert bench.recorded == "Start Stop Start"
    assert (bench.stops[0].reading.register_wh, bench.starts[1].reading.register_wh) == (1050, 15)
    assert bench.gaps == [(1050, 1200), (10, 15)]
    assert [(entry.start_wh, entry.end_wh) for entry in bench.finished] == [(1000, 1050)]


def test_a_meter_replaced_while_the_bridge_was_down_is_no_gap() -> None:
    bench = crashed()
    bench.synchronises()
    bench.meters(10)
    bench.unplugs()
    assert bench.recorded == "Start Stop"
    assert bench.stops[0].reading.register_wh == 1050
    bench.passes(60)
    assert not bench.gaps


def test_a_meter_that_leaps_while_the_wallbox_is_waited_for_leaps_once() -> None:
    """Replaced by one that has counted more: what lies between the registers is one gap, and the drawn rest of the outage another."""
    bench = crashed()
    bench.synchronises()
    bench.meters(1300)
    for _ in range(3):
        bench.meters(501_300)
    bench.plugs()
    assert bench.recorded == "Start Stop Start"
    assert (bench.stops[0].reading.register_wh, bench.starts[1].reading.register_wh) == (1050, 501_300)
    gaps = [entry for entry in bench.entries if entry.kind is EntryKind.GAP]
    assert [(gap.start_wh, gap.end_wh, gap.reason) for gap in gaps] == [(1050, 1300, "bridge_down"), (1300, 501_300, "meter_changed")]
    assert len({entry.id for entry in bench.entries}) == len(bench.entries)


# --- what must wait, what must not ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "breaks, mends",
    [
        pytest.param(lambda bench: bench.disk(ok=False), lambda bench: bench.disk(ok=True), id="disk"),
        pytest.param(lambda bench: bench.wallbox(fault="GroundFailure"), lambda bench: bench.wallbox(fault=None), id="fault"),
        pytest.param(Bench.loses_the_broker, lambda bench: (bench.plugs(), bench.synchronises(), bench.meters(1060)), id="broker"),
    ],
)
@pytest.mark.parametrize("wait", ["at once", "for the meter"])
def test_while_nothing_may_begin_the_old_session_stays_open(breaks: Any, mends: Any, wait: str) -> None:  # noqa: ANN401
    bench = crashed()
    bench.synchronises()
    if wait == "for the meter":
        bench.plugs()
        breaks(bench)
    else:
        breaks(bench)
        bench.meters(1060)
        bench.plugs()
    bench.passes(120)
    assert bench.recorded == "Start"
    mends(bench)
    bench.meters(1061)
    assert bench.recorded == "Start Stop Start"


def test_a_scheduled_unavailability_takes_effect_with_the_old_sessions_end() -> None:
    bench = charging(settings=QUIET)
    assert bench.sets_availability(operative=False) is Outcome.SCHEDULED
    bench.restarts()
    bench.synchronises()
    bench.plugs()
    bench.meters(1010)
    assert bench.recorded == "Start Stop"
    assert bench.reported == "Unavailable"
    assert not bench.enabled
    bench.passes(60)
    assert bench.gaps == [(1000, 1010)]


@pytest.mark.requirement("B16")
@pytest.mark.parametrize(
    "person, settings, recorded, runs, reason",
    [
        pytest.param(BEN, QUIET, "Start Stop", "nothing", "DeAuthorized", id="others stay stopped"),
        pytest.param(ANNA, QUIET, "Start Stop", "local", "DeAuthorized", id="local permission goes on"),
        pytest.param(
            ANNA, replace(QUIET, stop_on_invalid=False), "Start Stop", "nothing", "DeAuthorized", id="only the energy was stopped"
        ),
    ],
)
def test_a_refusal_that_comes_during_recovery_is_obeyed(person: Person, settings: Settings, recorded: str, runs: str, reason: str) -> None:
    """The answer to the start was still under way when the process died."""
    bench = plugged(settings=settings)
    bench.taps(person)
    bench.answers(ACCEPTED)
    bench.restarts()
    bench.synchronises()
    bench.backend_comes()
    bench.takes_record(backend_id="7", info=INVALID)
    assert not bench.enabled
    bench.plugs()
    bench.meters(1010)
    assert (bench.recorded, bench.runs) == (recorded, runs)
    assert bench.stops[0].reason.value == reason


@pytest.mark.parametrize("register_wh", [1010])
def test_a_session_refused_before_the_crash_does_not_go_on(register_wh: int) -> None:
    bench = charging(BEN, settings=replace(QUIET, stop_on_invalid=False))
    bench.takes_record(backend_id="7", info=INVALID)
    bench.restarts()
    bench.synchronises()
    assert not bench.commanded.enabled
    bench.plugs()
    bench.meters(register_wh)
    assert bench.recorded == "Start Stop"
    assert not bench.enabled


ENDS = [
    pytest.param(lambda bench: bench.taps(ROAMER), "Local", id="tap"),
    pytest.param(lambda bench: bench.remote_stop("7"), "Remote", id="remote stop"),
    pytest.param(Bench.resets, "SoftReset", id="reset"),
]


@pytest.mark.parametrize("ends, reason", ENDS)
def test_who_ends_it_during_recovery_ends_it_at_the_last_durable_register(ends: Any, reason: str) -> None:  # noqa: ANN401
    bench = crashed()
    bench.synchronises()
    bench.backend_comes()
    bench.meters(1200)
    ends(bench)
    assert bench.recorded == "Start Stop"
    assert (bench.stops[0].reading.register_wh, bench.stops[0].reason.value) == (1050, reason)
    assert bench.stops[0].tag == (ROAMER.tag if reason == "Local" else None)
    bench.plugs()
    bench.meters(1200)
    bench.passes(60)
    assert bench.recorded == "Start Stop", "and it stays ended"
    assert bench.gaps == [(1050, 1200)]


def test_a_group_stop_asked_about_during_recovery_is_answered_once() -> None:
    bench = crashed()
    bench.synchronises()
    bench.backend_comes()
    bench.taps(STRANGER)
    bench.meters(1060)
    bench.plugs()
    assert bench.recorded == "Start Stop Start"
    bench.answers(FAMILY)
    assert bench.decided == ("green", "ocpp", "stopped")
    assert len(bench.decisions) == 1


@pytest.mark.requirement("B5")
def test_a_vehicle_pulled_while_the_meter_is_awaited_ends_the_old_session() -> None:
    bench = crashed()
    bench.synchronises()
    bench.plugs()
    bench.unplugs()
    assert bench.recorded == "Start Stop"
    assert bench.stops[0].reason.value == "EVDisconnected"


# --- resume ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B8")
@pytest.mark.requirement("1.6 TC_032_2_CS")
@pytest.mark.parametrize(
    "plug, tells, recorded",
    [
        pytest.param("one", {"plugged": True, "plug": "one"}, "Start", id="proven: the same transaction goes on"),
        pytest.param(None, {"plugged": True}, "Start Stop Start", id="not proven"),
        pytest.param("one", {"plugged": True, "plug": "two"}, "Start Stop", id="another vehicle"),
    ],
)
def test_resume_goes_on_in_the_same_transaction_where_the_plug_in_is_proven(plug: str | None, tells: dict[str, Any], recorded: str) -> None:
    bench = crashed(plug=plug, resume=True)
    bench.synchronises()
    bench.meters(1200)
    bench.wallbox(**tells)
    assert bench.recorded == recorded


def test_a_resumed_transaction_bills_the_outage_and_is_sampled_again() -> None:
    bench = crashed(plug="one", resume=True, settings=Settings(sample_interval_s=60))
    sampled = len(bench.samples)
    bench.synchronises()
    bench.plugs("one")
    bench.meters(1200)
    bench.passes(60)
    assert len(bench.samples) == sampled + 1
    assert bench.samples[-1].sequence == sampled + 1
    bench.unplugs()
    bench.meters(1230)
    bench.passes(5)
    assert bench.stops[0].reading.register_wh == 1230
    assert not bench.gaps


@pytest.mark.parametrize("register_wh", [10, 5_000_000])
def test_no_transaction_is_resumed_across_a_replaced_meter(register_wh: int) -> None:
    bench = crashed(plug="one", resume=True)
    bench.synchronises()
    for _ in range(3):
        bench.meters(register_wh)
    bench.plugs("one")
    assert bench.recorded == "Start Stop Start"
    assert [bench.stops[0].reading.register_wh, bench.starts[1].reading.register_wh] == [1050, register_wh]


# --- idempotence ----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D3")
@pytest.mark.parametrize("until", ["restart", "broker", "plug", "meter"])
def test_twenty_crashes_in_a_row_are_one_outage(until: str) -> None:
    """Cut at every step of the recovery: one stop, one new start, no growth."""
    bench = crashed()
    for _ in range(20):
        bench.restarts(down_s=1)
        if until != "restart":
            bench.synchronises()
        if until in {"plug", "meter"}:
            bench.plugs()
        if until == "meter":
            break
    bench.synchronises()
    bench.plugs()
    bench.meters(1100)
    assert bench.recorded == "Start Stop Start"
    assert bench.gaps == [(1050, 1100)]


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("bench", [ready(), plugged()])
def test_a_restart_with_nothing_open_adds_nothing(bench: Bench) -> None:
    kept = bench.state.kept
    bench.forget()
    bench.restarts(planned=True)
    assert bench.state.kept is kept
    bench.restarts()
    assert bench.state.kept == replace(kept, boot_reason="PowerUp")
    assert not bench.entries


@pytest.mark.requirement("D1")
def test_a_session_that_was_ending_has_one_end() -> None:
    bench = charging(settings=QUIET)
    bench.passes(20)
    bench.taps(ROAMER)
    assert bench.runs == "backend ending"
    ended_ms = bench.now_ms
    bench.restarts()
    bench.restarts()
    assert bench.recorded == "Start Stop"
    assert (bench.stops[0].reason.value, bench.stops[0].tag, bench.stops[0].utc_ms) == ("Local", ROAMER.tag, ended_ms)


# --- settings -------------------------------------------------------------------------------------------------------------------


def test_what_the_backend_set_survives_and_what_this_version_does_not_know_is_left_alone() -> None:
    kept = Kept(overrides={"sample_interval_s": 20, "of_a_later_version": "x"})
    bench = Bench(kept=kept, settings=Settings(connection_timeout_s=30))
    bench.restarts()
    assert bench.state.settings == Settings(sample_interval_s=20, connection_timeout_s=30)
    assert bench.state.kept is kept


def test_what_nobody_changed_is_the_configurations_own() -> None:
    """A thousand charge points without changes share one set of settings."""
    configured = Settings()
    assert settings_in_force(configured, Kept()) is configured


def test_rules_are_the_new_configurations() -> None:
    bench = charging()
    bench.rules = replace(bench.rules, max_current_a=10.0)
    bench.restarts()
    assert isinstance(bench.state.rules, Rules)
    bench.synchronises()
    assert bench.commanded.limit_a == 10.0
