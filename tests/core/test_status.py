"""What a charge point is doing, in the field's nine words: truly, and as the backend is told."""

from typing import Any

import pytest

from bridge.core.effects import AnnounceStatus
from bridge.core.settings import Cable, Settings
from bridge.core.status import station_status
from tests.core.reserving import reserved
from tests.core.world import ACCEPTED, BEN, BLOCKED, CARL, ROAMER, Bench, charging, plugged, ready

# --- each of the nine ------------------------------------------------------------------------------------------------------------


def _granted() -> Bench:
    bench = ready()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    return bench


def _local_granted() -> Bench:
    bench = ready()
    bench.taps(CARL)
    return bench


def _with(bench: Bench, **told: Any) -> Bench:  # noqa: ANN401
    bench.wallbox(**told)
    return bench


def _suspended(bench: Bench) -> Bench:
    bench.energy(allow=False)
    return bench


def _ended(bench: Bench) -> Bench:
    bench.passes(20)
    bench.taps(bench.session.person)
    bench.passes(5)
    return bench


def _offline(bench: Bench) -> Bench:
    bench.wallbox(online=False)
    bench.passes(30)
    return bench


def _out_of_service(bench: Bench, *, station: bool = False) -> Bench:
    bench.sets_availability(operative=False, station=station)
    return bench


@pytest.mark.parametrize(
    "bench, true, reported",
    [
        pytest.param(ready(), "Available", "Available", id="idle"),
        pytest.param(plugged(), "Preparing", "Preparing", id="plugged"),
        pytest.param(reserved(), "Reserved", "Reserved", id="reserved"),
        pytest.param(_with(reserved(), plugged=True), "Preparing", "Preparing", id="reserved, and somebody has plugged in"),
        pytest.param(_offline(reserved()), "Unavailable", "Unavailable", id="reserved, and the wallbox is offline"),
        pytest.param(_granted(), "Preparing", "Preparing", id="permitted, not plugged"),
        pytest.param(_local_granted(), "Preparing", "Unavailable", id="permitted locally, not plugged"),
        pytest.param(charging(), "Charging", "Charging", id="charging"),
        pytest.param(charging(CARL), "Charging", "Unavailable", id="charging locally"),
        pytest.param(_with(charging(), charging=False), "SuspendedEV", "SuspendedEV", id="the vehicle pauses"),
        pytest.param(_suspended(charging()), "SuspendedEVSE", "SuspendedEVSE", id="energy management pauses"),
        pytest.param(_suspended(_with(charging(), charging=False)), "SuspendedEVSE", "SuspendedEVSE", id="both: SuspendedEVSE wins"),
        pytest.param(_suspended(charging(CARL)), "SuspendedEVSE", "Unavailable", id="energy management pauses a local session"),
        pytest.param(_ended(charging()), "Finishing", "Finishing", id="ended, still plugged"),
        pytest.param(_ended(charging(CARL)), "Finishing", "Preparing", id="ended locally, still plugged"),
        pytest.param(_with(ready(), fault="GroundFailure"), "Faulted", "Faulted", id="fault"),
        pytest.param(_with(charging(), cp_state="F"), "Faulted", "Faulted", id="fault in a session"),
        pytest.param(_with(charging(CARL), fault="GroundFailure"), "Faulted", "Faulted", id="fault in a local session"),
        pytest.param(_offline(ready()), "Unavailable", "Unavailable", id="wallbox offline"),
        pytest.param(_offline(charging()), "Charging", "Charging", id="wallbox offline in a session: kept"),
        pytest.param(_out_of_service(ready()), "Unavailable", "Unavailable", id="out of service"),
        pytest.param(_out_of_service(plugged(), station=True), "Unavailable", "Unavailable", id="station out of service"),
        pytest.param(_with(_out_of_service(ready()), fault="GroundFailure"), "Faulted", "Faulted", id="fault beats out of service"),
        pytest.param(Bench(), "Available", "Available", id="nothing known yet"),
    ],
)
def test_status(bench: Bench, true: str, reported: str) -> None:
    assert (bench.status, bench.reported) == (true, reported)


@pytest.mark.parametrize("station, told", [(True, "Unavailable"), (False, "Available")])
def test_the_station_is_unavailable_only_when_the_backend_set_it(station: bool, told: str) -> None:
    """Connector 0: neither a local session nor an offline wallbox nor a fault makes it so."""
    assert station_status(_out_of_service(ready(), station=station).state) == told
    for bench in (charging(CARL), _offline(ready()), _with(ready(), fault="GroundFailure")):
        assert station_status(bench.state) == "Available"


# --- as told, move by move ------------------------------------------------------------------------------------------------------


def _told(bench: Bench) -> list[str]:
    """Every status the backend is told from now on."""
    told: list[str] = []

    def watch(_before: object, _event: object, _after: object, effects: tuple[object, ...]) -> None:
        if any(isinstance(effect, AnnounceStatus) for effect in effects):
            told.append(bench.reported)

    bench.watchers.append(watch)
    return told


@pytest.mark.requirement("1.6 TC_003_CS")
@pytest.mark.requirement("1.6 TC_005_1_CS")
def test_a_regular_session() -> None:
    bench = ready()
    told = _told(bench)
    bench.plugs()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.passes(3)
    bench.wallbox(charging=True)
    bench.draws(7000)
    bench.passes(20)
    bench.taps(ROAMER)
    bench.wallbox(charging=False)
    bench.passes(10)
    bench.unplugs()
    assert told == ["Preparing", "Charging", "Finishing", "Available"]


@pytest.mark.requirement("B3")
def test_a_local_session_is_unavailable_from_the_decision_to_its_end() -> None:
    bench = ready()
    told = _told(bench)
    bench.taps(CARL)
    bench.plugs()
    bench.wallbox(charging=True)
    bench.passes(20)
    bench.unplugs()
    bench.passes(10)
    assert told == ["Unavailable", "Available"]


def test_a_local_session_that_ends_by_tap_does_not_pass_through_finishing() -> None:
    """OCPP 1.6 has no way from Unavailable to Finishing."""
    bench = ready()
    told = _told(bench)
    bench.plugs()
    bench.taps(CARL)
    bench.passes(20)
    bench.taps(CARL)
    bench.passes(5)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.wallbox(charging=True)
    assert told == ["Preparing", "Unavailable", "Preparing", "Charging"]


def test_a_local_permission_is_shown_when_the_session_before_it_is_over() -> None:
    """Tapped while the transaction's last word is awaited and the broker is away: Unavailable would have no way back to Finishing."""
    bench = charging()
    bench.passes(20)
    bench.taps(ROAMER)
    bench.loses_the_broker()
    told = _told(bench)
    bench.taps(CARL)
    assert bench.reported == "Finishing"
    bench.passes(5)
    bench.unplugs()
    assert told == ["Unavailable", "Available"]


def test_nor_does_one_of_the_backend_that_was_out_of_service_in_between() -> None:
    bench = _ended(charging())
    told = _told(bench)
    bench.sets_availability(operative=False)
    bench.sets_availability(operative=True)
    bench.unplugs()
    assert told == ["Unavailable", "Preparing", "Available"]


def test_a_vehicle_has_a_moment_to_begin_before_it_is_called_suspended() -> None:
    bench = plugged()
    told = _told(bench)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.wallbox(charging=False)
    bench.passes(9)
    assert told == []
    bench.passes(1)
    assert told == ["SuspendedEV"]
    bench.wallbox(charging=True)
    assert told == ["SuspendedEV", "Charging"]


def test_preparing_does_not_come_back_once_the_vehicle_has_begun() -> None:
    """It draws for a second and pauses: SuspendedEV, for 1.6 has no way from Charging to Preparing."""
    bench = charging()
    told = _told(bench)
    bench.wallbox(charging=False)
    bench.wallbox(charging=True)
    assert told == ["SuspendedEV", "Charging"]


def test_nor_after_a_pause_by_energy_management() -> None:
    bench = plugged()
    bench.energy(allow=False)
    told = _told(bench)
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.energy(allow=True)
    bench.wallbox(charging=True)
    assert told == ["SuspendedEVSE", "SuspendedEV", "Charging"]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"plugged": None}, id="plug unknown"),
        pytest.param({"charging": None}, id="charging unknown, no meter"),
    ],
)
def test_unknown_is_no_news_of_the_plug(said: dict[str, Any]) -> None:
    bench = plugged()
    told = _told(bench)
    bench.wallbox(**said)
    assert told == []
    assert bench.reported == "Preparing"


def test_after_a_restart_the_vehicle_counts_as_still_there() -> None:
    bench = plugged()
    bench.restarts()
    assert bench.reported == "Preparing"
    bench.unplugs()
    assert bench.reported == "Available"


def test_a_fault_passes_and_what_was_before_comes_back() -> None:
    bench = charging()
    told = _told(bench)
    bench.wallbox(fault="GroundFailure")
    bench.wallbox(fault="HighTemperature")
    bench.wallbox(fault=None)
    assert told == ["Faulted", "Faulted", "Charging"], "another code is news"


@pytest.mark.requirement("1.6 TC_023_CS")
def test_a_refusal_leaves_the_status_alone() -> None:
    bench = plugged()
    told = _told(bench)
    bench.taps(ROAMER)
    bench.answers(BLOCKED)
    assert told == []


@pytest.mark.requirement("1.6 TC_005_2_CS")
@pytest.mark.parametrize("cable", Cable)
def test_an_unplug_passes_through_finishing_and_ends_available(cable: Cable) -> None:
    bench = charging(BEN, cable=cable, settings=Settings(unlock_on_ev_disconnect=False))
    told = _told(bench)
    bench.unplugs()
    bench.passes(5)
    assert told == ["Finishing", "Available"]


def test_another_vehicle_after_a_session_is_preparing_not_finishing() -> None:
    bench = ready()
    bench.plugs("first")
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.wallbox(plug="second")
    bench.passes(5)
    assert bench.reported == "Preparing"
    assert bench.state.ended is None


def test_the_second_person_of_a_finished_vehicle_prepares_again() -> None:
    bench = _ended(charging())
    bench.meters(None)
    bench.taps(CARL)
    assert (bench.status, bench.reported) == ("Preparing", "Unavailable")


def test_after_a_restart_nothing_is_suspended_before_the_vehicle_has_been_seen() -> None:
    """The wallbox says that nothing flows, and not yet that the cable is in: the old session is about to end, not suspended."""
    bench = charging()
    bench.restarts()
    bench.synchronises()
    bench.wallbox(charging=False)
    bench.passes(12)
    assert bench.status == "Preparing"
    bench.wallbox(charging=True)
    assert bench.status == "Charging"
