"""What the meter says, and whether to believe it: registers that run back, that jump, that stop speaking."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bridge.core.effects import EntryKind
from bridge.core.hardware import BATTERY_MAX_WH
from bridge.core.settings import Settings
from tests.core.world import ACCEPTED, ANNA, CARL, FAMILY, INVALID, ROAMER, STRANGER, Bench, charging, plugged, ready

QUIET = Settings(sample_interval_s=0)

# --- merging ---------------------------------------------------------------------------------------------------------------------


def test_only_what_was_told_changes() -> None:
    bench = ready()
    bench.meters(1001, power_w=7000.0, current_a=(10.0, 10.1, 10.2), voltage_v=(230.0, 231.0, 232.0), soc_percent=50.0, signed="x")
    bench.meters(1001)
    meter = bench.state.meter
    assert (meter.power_w, meter.current_a, meter.voltage_v, meter.soc_percent) == (
        7000.0,
        (10.0, 10.1, 10.2),
        (230.0, 231.0, 232.0),
        50.0,
    )
    bench.meters(1001, power_w=None, current_a=None, voltage_v=None, soc_percent=None)
    assert bench.state.meter == replace(meter, power_w=None, current_a=(), voltage_v=(), soc_percent=None)


def _phases(bench: Bench) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    return bench.state.meter.current_a, bench.state.meter.voltage_v


def test_phases_may_be_told_one_by_one_in_any_order() -> None:
    bench = ready()
    bench.meters(1001, phase_current_a=(2, 12.0), phase_voltage_v=(0, 230.0))
    assert _phases(bench) == ((None, None, 12.0), (230.0,))
    bench.meters(1001, phase_current_a=(0, 10.0), phase_voltage_v=(1, 231.0))
    bench.meters(1001, phase_current_a=(1, 11.0), phase_voltage_v=(0, None))
    assert _phases(bench) == ((10.0, 11.0, 12.0), (None, 231.0))


@pytest.mark.parametrize("told, register_wh", [(1000.0, 1000), (1000.999, 1000), (1001.0, 1001), (1042, 1042)])
def test_registers_are_whole_watt_hours_rounded_down(told: float, register_wh: int) -> None:
    bench = ready()
    bench.meters(told)
    assert bench.state.meter.register_wh == register_wh


def test_a_register_that_becomes_unknown_stays_the_last_known_one() -> None:
    bench = charging(settings=QUIET)
    bench.meters(1050, signed="x")
    bench.meters(None)
    assert bench.state.meter.register_wh == 1050
    assert bench.state.meter.signed is None
    bench.unplugs()
    assert bench.stops[0].reading.register_wh == 1050


def test_a_fraction_that_wavers_is_no_rollback() -> None:
    bench = charging()
    bench.meters(1000.9)
    bench.meters(1000.1)
    assert bench.recorded == "Start"
    assert not bench.alerts


# --- run back -------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M6")
@pytest.mark.parametrize("back_to", [1049, 500, 0])
def test_a_register_that_runs_back_splits_the_session(back_to: int) -> None:
    """Stop at the last good value (Other), a new session from the new baseline, and an alert; no Wh is lost or doubled."""
    bench = charging(ROAMER, info=FAMILY, settings=QUIET)
    bench.meters(1050)
    bench.meters(back_to)
    assert bench.recorded == "Start Stop Start"
    assert (bench.stops[0].reading.register_wh, bench.stops[0].reason.value) == (1050, "Other")
    assert bench.starts[1].reading.register_wh == back_to
    assert bench.starts[1].tag == ROAMER.tag
    assert bench.enabled
    assert "meter_rollback" in bench.alerts
    assert bench.session.follows == bench.stops[0].session
    bench.meters(back_to + 30)
    bench.unplugs()
    bench.passes(5)
    assert [(entry.kind, entry.energy_wh) for entry in bench.entries] == [(EntryKind.OCPP, 50), (EntryKind.OCPP, 30)]


def test_a_split_keeps_the_group() -> None:
    bench = charging(ROAMER, info=FAMILY, settings=QUIET)
    bench.meters(0)
    bench.passes(20)
    bench.taps(STRANGER)
    bench.answers(FAMILY)
    assert bench.decided == ("green", "ocpp", "stopped")


def test_a_local_session_is_split_as_well() -> None:
    bench = charging(CARL, price_per_kwh=Decimal("0.5"))
    bench.meters(1050)
    bench.meters(10)
    assert bench.runs == "local"
    assert bench.recorded == ""
    bench.meters(30)
    bench.unplugs()
    bench.passes(5)
    assert [(entry.energy_wh, entry.cost) for entry in bench.entries] == [(50, Decimal("0.025")), (20, Decimal("0.01"))]


def test_while_the_disk_is_full_the_second_half_does_not_start() -> None:
    bench = charging(settings=QUIET)
    bench.disk(ok=False)
    bench.meters(10)
    assert bench.recorded == "Start Stop"
    assert not bench.enabled


def test_a_scheduled_unavailability_takes_effect_between_the_halves() -> None:
    bench = charging(settings=QUIET)
    bench.sets_availability(operative=False)
    bench.meters(10)
    assert bench.recorded == "Start Stop"
    assert bench.reported == "Unavailable"


def test_a_refused_session_is_not_begun_anew() -> None:
    bench = charging(ANNA, settings=replace(QUIET, stop_on_invalid=False))
    bench.takes_record(backend_id="7", info=INVALID)
    bench.meters(10)
    assert bench.recorded == "Start Stop"
    assert not bench.enabled


def test_a_question_about_stopping_survives_the_split() -> None:
    bench = charging(ROAMER, info=FAMILY, settings=QUIET)
    bench.passes(20)
    bench.taps(STRANGER)
    bench.meters(10)
    bench.answers(FAMILY)
    assert bench.decided == ("green", "ocpp", "stopped")
    assert len(bench.decisions) == 2


def test_without_a_session_what_was_drawn_before_the_rollback_is_a_gap() -> None:
    bench = ready()
    bench.meters(1080)
    bench.meters(20)
    bench.meters(25)
    bench.passes(60)
    assert bench.gaps == [(1000, 1080), (20, 25)]
    assert bench.recorded == ""


def test_a_session_that_is_ending_ends_at_the_last_good_value() -> None:
    bench = charging(settings=QUIET)
    bench.meters(1050)
    bench.unplugs()
    bench.meters(3)
    assert bench.recorded == "Start Stop"
    assert bench.stops[0].reading.register_wh == 1050
    assert bench.stops[0].reason.value == "EVDisconnected"


def test_a_permission_that_waits_for_the_meter_begins_at_the_new_baseline() -> None:
    bench = plugged()
    bench.meters(None)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.meters(10)
    assert bench.starts[0].reading.register_wh == 10


def test_an_old_copy_of_the_broker_runs_nothing_back() -> None:
    """Retained by the broker before the bridge was there: older than what has been heard since."""
    bench = charging(settings=QUIET)
    bench.meters(1050)
    at = bench.state.meter.register_at
    bench.passes(5)
    for stored in (10, 1050):
        bench.meters(stored, live=False)
        assert bench.state.meter.register_wh == 1050
        assert bench.state.meter.register_at == at
    assert bench.recorded == "Start"


def test_a_newer_copy_of_the_broker_is_the_last_known_register() -> None:
    bench = ready()
    bench.loses_the_broker()
    bench.passes(600)
    bench.meters(3000, live=False)
    assert bench.state.meter.register_wh == 3000
    assert not bench.state.meter.live


# --- jumps ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M7")
@pytest.mark.parametrize(
    "seconds, rise_wh, believed",
    [
        pytest.param(0, 100, True, id="a little at once"),
        pytest.param(0, 101, False, id="more at once"),
        pytest.param(3600, 13_348, True, id="an hour at 1.2 times the power"),
        pytest.param(3600, 13_349, False, id="more in an hour"),
    ],
)
def test_a_jump_is_more_than_the_hardware_can_deliver(seconds: float, rise_wh: int, believed: bool) -> None:
    """11.04 kW for that time, by 1.2, and a little room for rounding and clocks."""
    bench = ready()
    bench.passes(seconds)
    bench.meters(1000 + rise_wh)
    assert (bench.state.meter.register_wh == 1000 + rise_wh) is believed
    assert ("meter_jump" in bench.alerts) is not believed


def _after(*told: float) -> Bench:
    bench = ready()
    for register_wh in told:
        bench.meters(register_wh)
    return bench


@pytest.mark.parametrize(
    "told, believed_wh",
    [
        pytest.param([9000], 1000, id="one is held"),
        pytest.param([9000, 9001], 1000, id="two are held"),
        pytest.param([9000, 9001, 9002], 9002, id="three that agree are believed"),
        pytest.param([9000, 9000, 9000], 9000, id="three alike"),
        pytest.param([9000, 9002, 9001], 1000, id="one of them back"),
        pytest.param([9000, 9002, 9001, 9003, 9004], 9004, id="three in a row at last"),
        pytest.param([9000, 18000, 27000], 1000, id="each further than the last: none agree"),
        pytest.param([9000, 1001, 9001, 9002], 1001, id="a good one in between begins anew"),
    ],
)
def test_a_jump_is_held_until_three_readings_confirm_it(told: list[float], believed_wh: int) -> None:
    assert _after(*told).state.meter.register_wh == believed_wh


def test_doubt_takes_no_room() -> None:
    bench = _after(*(9000 + 5000 * (number % 2) for number in range(50)))
    assert len(bench.state.meter.doubted) == 3


def test_the_alert_goes_with_the_next_good_reading() -> None:
    bench = _after(9000)
    assert bench.alerts == {"meter_jump"}
    bench.meters(1001)
    assert not bench.alerts


def test_a_confirmed_jump_stays_an_alert_until_the_meter_has_gone_on() -> None:
    bench = _after(9000, 9001, 9002)
    assert "meter_jump" in bench.alerts
    bench.meters(9003)
    assert "meter_jump" not in bench.alerts


def test_nothing_is_billed_while_a_jump_is_in_doubt() -> None:
    bench = charging(settings=QUIET)
    bench.meters(90_000)
    bench.unplugs()
    bench.passes(5)
    assert bench.stops[0].reading.register_wh == 1000


@pytest.mark.parametrize("register_wh", [9000, 1001])
def test_after_silence_there_is_no_telling_a_jump(register_wh: int) -> None:
    """The first live word after a restart or a lost broker is believed: nobody knows how long it took."""
    bench = ready()
    bench.loses_the_broker()
    bench.meters(register_wh)
    assert bench.state.meter.register_wh == register_wh


HOUR_S = 3600


@pytest.mark.parametrize(
    "away_s, rise_wh, believed",
    [
        pytest.param(60, BATTERY_MAX_WH, True, id="what a car can take"),
        pytest.param(60, BATTERY_MAX_WH + 1, False, id="more than any car takes"),
        pytest.param(100 * HOUR_S, 1_000_000, True, id="what can have been drawn in four days"),
        pytest.param(100 * HOUR_S, 2_000_000, False, id="what can not"),
        pytest.param(60, 7_000_000_000, False, id="another unit"),
    ],
)
@pytest.mark.parametrize("live", [True, False], ids=["told", "stored"])
def test_even_after_silence_there_are_limits(away_s: float, rise_wh: int, live: bool, believed: bool) -> None:
    """A value a thousand times too large as the first word after an outage is nobody's bill, and no gap of gigawatt-hours."""
    bench = charging(register_wh=1000, settings=QUIET)
    bench.loses_the_broker()
    bench.passes(away_s)
    bench.meters(1000 + rise_wh, live=live)
    assert (bench.state.meter.register_wh == 1000 + rise_wh) is believed
    if not believed:
        bench.meters(1060)
        bench.unplugs()
        bench.passes(5)
        assert [(entry.kind.value, entry.energy_wh) for entry in bench.entries] == [("ocpp", 60)]


def test_what_stays_so_large_after_silence_is_a_replaced_meter() -> None:
    bench = charging(register_wh=1000, settings=QUIET)
    bench.loses_the_broker()
    bench.synchronises()
    for _ in range(3):
        bench.meters(5_000_000)
    bench.meters(5_000_040)
    bench.unplugs()
    bench.passes(5)
    assert [(entry.kind.value, entry.energy_wh) for entry in bench.entries] == [("ocpp", 0), ("gap", 4_999_000), ("ocpp", 40)]


# --- accounting begins, and is kept ---------------------------------------------------------------------------------------------


def test_accounting_begins_with_the_first_live_register() -> None:
    bench = Bench()
    bench.meters(5000, live=False)
    before = bench.state.kept
    bench.meters(5100)
    assert (before.accounted_wh, before.register_wh) == (None, None)
    assert (bench.state.kept.accounted_wh, bench.state.kept.register_wh) == (5100, 5100)
    bench.passes(3600)
    assert not bench.gaps


@pytest.mark.requirement("B8")
def test_while_energy_flows_the_register_is_durable_at_least_every_minute() -> None:
    """With a session and without, and only when it has risen."""
    for bench in (charging(settings=QUIET), ready()):
        writes = 0
        for second in range(600):
            kept = bench.state.kept
            bench.meters(1000 + second // 2)
            bench.passes(1)
            writes += bench.state.kept is not kept
            assert bench.state.meter.register_wh is not None
            assert bench.state.kept.register_wh is not None
            assert bench.state.meter.register_wh - bench.state.kept.register_wh <= 31
        assert writes <= 11


def test_a_register_that_stands_still_is_not_written_again() -> None:
    bench = charging(settings=QUIET)
    bench.passes(100)
    kept = bench.state.kept
    for _ in range(50):
        bench.meters(1000)
        bench.passes(10)
    assert bench.state.kept is kept


@pytest.mark.requirement("B3")
def test_a_reading_wakes_whatever_waits_for_it() -> None:
    for person, info in ((ROAMER, ACCEPTED), (CARL, None)):
        bench = plugged()
        bench.meters(None)
        bench.taps(person)
        if info is not None:
            bench.answers(info)
        assert bench.runs == "nothing"
        bench.meters(1001)
        assert bench.runs != "nothing"


# --- run back, and back again -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("M7")
@pytest.mark.parametrize("glitch_wh", [0, 101])
def test_a_register_that_comes_back_bills_nobody_for_the_way(glitch_wh: int) -> None:
    """A meter restarts and tells 0 for a moment, or kWh for Wh: what was drawn meanwhile is a gap, and not a hundred kilowatt-hours."""
    bench = charging(ROAMER, register_wh=101_000, settings=QUIET)
    bench.passes(60)
    bench.meters(101_100)
    bench.passes(10)
    bench.meters(glitch_wh)
    for register_wh in (101_120, 101_130, 101_140, 101_200):
        bench.passes(10)
        bench.meters(register_wh)
    bench.unplugs()
    bench.passes(5)
    told = [(entry.kind.value, entry.start_wh, entry.end_wh) for entry in bench.entries]
    assert told == [
        ("ocpp", 101_000, 101_100),
        ("ocpp", glitch_wh, glitch_wh),
        ("gap", 101_100, 101_140),
        ("ocpp", 101_140, 101_200),
    ]
    assert bench.recorded == "Start Stop Start Stop Start Stop"
    assert "is back at 101140 Wh" in bench.state.alerts["meter_rollback"].text
    assert bench.enabled is False


def test_it_can_come_back_while_nothing_runs() -> None:
    bench = ready(register_wh=5000)
    for register_wh in (0, 5010, 5010, 5010):
        bench.meters(register_wh)
    assert bench.state.meter.register_wh == 5010
    assert bench.gaps == [(5000, 5010)]


@pytest.mark.parametrize(
    "seconds, register_wh, back",
    [(0, 5000, True), (0, 5100, True), (0, 5101, False), (0, 4999, False), (3600, 18_348, True), (3600, 18_349, False)],
)
def test_back_is_as_far_as_it_can_have_got_since(seconds: float, register_wh: int, back: bool) -> None:
    """Less than it was, or more than the hardware can deliver in that time, is something else."""
    bench = ready(register_wh=5000)
    bench.meters(0)
    bench.passes(seconds)
    bench.meters(0)
    for _ in range(3):
        bench.meters(register_wh)
    assert (bench.state.meter.former is None) is back
    bench.passes(60)
    assert (bench.gaps == [(0, register_wh)]) is not back


def test_a_meter_that_was_replaced_does_not_come_back() -> None:
    """The new one counts on from where it began, and is billed by its own count."""
    bench = charging(register_wh=5000, settings=QUIET)
    bench.meters(10)
    bench.meters(60)
    bench.unplugs()
    bench.passes(5)
    assert [entry.energy_wh for entry in bench.finished] == [0, 50]


def test_what_ran_back_twice_may_come_back_to_the_first() -> None:
    bench = ready(register_wh=5000)
    for register_wh in (40, 0, 5010, 5010, 5010):
        bench.meters(register_wh)
    assert bench.gaps == [(5000, 5010)]


@pytest.mark.requirement("M7")
def test_no_car_takes_a_hundred_kilowatt_hours_at_once() -> None:
    """From one reading to the next the meter tells mWh for Wh: the session is split there, and what lies between is nobody's."""
    bench = charging(ROAMER, register_wh=101_000, settings=QUIET)
    bench.meters(101_050)
    for _ in range(3):
        bench.meters(101_050_000)
    bench.meters(101_050_060)
    bench.unplugs()
    bench.passes(5)
    assert [(entry.kind.value, entry.energy_wh) for entry in bench.entries] == [("ocpp", 50), ("gap", 100_948_950), ("ocpp", 60)]
    assert "unaccounted_energy" in bench.alerts


@pytest.mark.parametrize("rise_wh, billed", [(BATTERY_MAX_WH, True), (BATTERY_MAX_WH + 1, False)])
def test_a_full_battery_is_the_border(rise_wh: int, billed: bool) -> None:
    bench = charging(register_wh=0, settings=QUIET)
    for _ in range(3):
        bench.meters(rise_wh)
    assert (bench.recorded == "Start") is billed
