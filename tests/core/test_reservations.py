"""A connector kept free for somebody: made, replaced, used up, taken back, run out (`bridge/core/reservations.py`)."""

from collections.abc import Callable

import pytest

from bridge.core.clockwork import deadline_s
from bridge.core.effects import AskAuthorize, Outcome
from bridge.core.events import GrantMoved
from bridge.core.orders import ReservationEnded
from bridge.core.settings import Settings
from bridge.core.state import Granted
from bridge.core.values import TagInfo, Verdict
from tests.core.reserving import cancels, reservation, reserved, reserves, told
from tests.core.world import ACCEPTED, ANNA, BEN, CARL, FAMILY, ROAMER, STRANGER, TEN_O_CLOCK_MS, Bench, charging, plugged, ready

REMOVED, EXPIRED = ReservationEnded(id=7, expired=False), ReservationEnded(id=7, expired=True)
FOR_FAMILY = reservation("NOBODY-1", group="FAMILY")
UNASKED = Settings(authorize_remote=False)


# --- made -------------------------------------------------------------------------------------------------------------------------


def _granted() -> Bench:
    bench = ready()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    return bench


def _with(bench: Bench, act: Callable[[Bench], object]) -> Bench:
    act(bench)
    return bench


def _offline(bench: Bench) -> None:
    bench.wallbox(online=False)
    bench.passes(30)


@pytest.mark.requirement("1.6 TC_048_1_CS")
@pytest.mark.requirement("1.6 TC_048_2_CS")
@pytest.mark.requirement("1.6 TC_048_3_CS")
@pytest.mark.parametrize("connector", [0, 1])
@pytest.mark.parametrize(
    "bench, outcome",
    [
        pytest.param(ready, Outcome.ACCEPTED, id="free"),
        pytest.param(plugged, Outcome.OCCUPIED, id="plugged"),
        pytest.param(_granted, Outcome.OCCUPIED, id="permitted, not plugged"),
        pytest.param(charging, Outcome.OCCUPIED, id="charging"),
        pytest.param(reserved, Outcome.OCCUPIED, id="reserved already"),
        pytest.param(lambda: charging(CARL), Outcome.UNAVAILABLE, id="a local session, which is none of the backend's business"),
        pytest.param(lambda: _with(ready(), lambda bench: bench.wallbox(fault="GroundFailure")), Outcome.FAULTED, id="fault"),
        pytest.param(lambda: _with(plugged(), lambda bench: bench.wallbox(cp_state="F")), Outcome.FAULTED, id="fault, plugged"),
        pytest.param(lambda: _with(ready(), lambda bench: bench.sets_availability(operative=False)), Outcome.UNAVAILABLE, id="inoperative"),
        pytest.param(
            lambda: _with(ready(), lambda bench: bench.sets_availability(operative=False, station=True)),
            Outcome.UNAVAILABLE,
            id="station inoperative",
        ),
        pytest.param(lambda: _with(ready(), _offline), Outcome.UNAVAILABLE, id="the wallbox is offline"),
        pytest.param(lambda: ready(settings=Settings(reservations_enabled=False)), Outcome.REJECTED, id="switched off"),
    ],
)
def test_what_becomes_of_a_reservation(bench: Callable[[], Bench], outcome: Outcome, connector: int) -> None:
    """Only a free connector can be kept free; whether it is named or left to us makes no difference where there is one."""
    made = bench()
    before = made.state.kept.reservation
    assert reserves(made, reservation("NEW-1", number=8, connector=connector)) is outcome
    after = made.state.kept.reservation
    assert after == (reservation("NEW-1", number=8, connector=connector) if outcome is Outcome.ACCEPTED else before)


@pytest.mark.parametrize("wanted", [reservation(expires_ms=TEN_O_CLOCK_MS), reservation(""), reservation("-")])
def test_a_reservation_for_nobody_or_for_no_time_is_rejected(wanted: object) -> None:
    """It could keep everybody out, or nobody."""
    bench = ready()
    assert reserves(bench, wanted) is Outcome.REJECTED  # type: ignore[arg-type]
    assert bench.reported == "Available"


@pytest.mark.requirement("2.0.1 TC_H_23_CS")
def test_the_same_id_replaces() -> None:
    """The new tag may charge, and the old one may not any more."""
    bench = reserved()
    assert reserves(bench, reservation("BEN-1")) is Outcome.ACCEPTED
    bench.plugs()
    bench.taps(ROAMER)
    assert bench.decided == ("red", "bridge", "reserved")
    assert reserves(bench, reservation("ANNA-1")) is Outcome.ACCEPTED, "a stranger's plug does not make it anybody's"
    bench.taps(ANNA)
    bench.answers(ACCEPTED)
    assert bench.starts[-1].reservation == 7


def test_one_whose_driver_has_come_is_not_replaced() -> None:
    """Somebody was told green."""
    bench = reserved()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert reserves(bench, reservation("BEN-1")) is Outcome.OCCUPIED
    bench.plugs()
    assert bench.starts[-1].tag.text == "04EE"


# --- used -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_046_1_CS")
@pytest.mark.requirement("1.6 TC_049_CS")
@pytest.mark.requirement("2.0.1 TC_H_01_CS")
@pytest.mark.parametrize("connector", [0, 1])
def test_the_reserved_tag_uses_it_up(connector: int) -> None:
    """Tap, Preparing; plug, and the start names the reservation; afterwards there is none."""
    bench = reserved(reservation(connector=connector))
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    assert bench.reported == "Preparing"
    bench.plugs()
    assert bench.starts[-1].reservation == 7
    assert bench.state.kept.reservation is None
    bench.unplugs()
    bench.passes(5)
    bench.plugs()
    bench.taps(BEN)
    bench.answers(ACCEPTED)
    assert bench.starts[-1].reservation is None
    assert told(bench) == [], "nothing is told of one that was used"


@pytest.mark.requirement("1.6 TC_046_1_CS")
@pytest.mark.requirement("2.0.1 TC_H_02_CS")
@pytest.mark.parametrize("person", [BEN, CARL, ANNA, STRANGER])
@pytest.mark.parametrize("online", [True, False])
def test_another_tag_is_red_and_not_asked_about(person: object, *, online: bool) -> None:
    """Nobody else begins here, not even who may charge without the backend: the driver who reserved is on the way."""
    bench = reserved()
    if not online:
        bench.backend_goes()
    bench.plugs()
    bench.taps(person, known=ACCEPTED)  # type: ignore[arg-type]
    assert bench.decided == ("red", "bridge", "reserved")
    assert not bench.just_asked_for(AskAuthorize)
    assert bench.runs == "nothing"
    bench.unplugs()
    assert bench.reported == "Reserved"


@pytest.mark.requirement("1.6 TC_053_CS")
@pytest.mark.requirement("1.6 TC_053_1_CS")
@pytest.mark.requirement("2.0.1 TC_H_19_CS")
@pytest.mark.requirement("2.0.1 TC_H_24_CS")
@pytest.mark.parametrize(
    "info, decided",
    [
        pytest.param(FAMILY, ("green", "ocpp", "waiting_for_plug"), id="the same group"),
        pytest.param(ACCEPTED, ("red", "bridge", "reserved"), id="no group"),
        pytest.param(TagInfo(verdict=Verdict.ACCEPTED, group="FLEET"), ("red", "bridge", "reserved"), id="another group"),
        pytest.param(TagInfo(verdict=Verdict.BLOCKED, group="FAMILY"), ("red", "ocpp", "rejected"), id="blocked"),
    ],
)
def test_a_tag_of_the_group_may_use_it(info: TagInfo, decided: tuple[str, str, str]) -> None:
    """The backend's answer shows the group; the start carries the tag that was tapped, and the reservation."""
    bench = reserved(FOR_FAMILY)
    bench.taps(ROAMER)
    bench.answers(info)
    assert bench.decided == decided
    bench.plugs()
    started = [(one.tag.text, one.reservation) for one in bench.starts]
    assert started == ([("04EE", 7)] if decided[0] == "green" else [])


@pytest.mark.parametrize(
    "known, decided",
    [
        (FAMILY, ("green", "ocpp", "waiting_for_plug")),
        (ACCEPTED, ("red", "bridge", "reserved")),
        (None, ("red", "bridge", "reserved")),
    ],
)
def test_without_the_backend_list_or_cache_show_the_group(known: TagInfo | None, decided: tuple[str, str, str]) -> None:
    """An unknown tag that may charge while the backend is away has no group."""
    bench = reserved(FOR_FAMILY, bench=ready(settings=Settings(allow_offline_unknown=True)))
    bench.backend_goes()
    bench.taps(ROAMER, known=known)
    assert bench.decided == decided


def test_a_local_permission_does_not_open_what_a_group_has_reserved() -> None:
    """Carl needs no backend, and is not of the family either."""
    bench = reserved(FOR_FAMILY)
    bench.plugs()
    bench.taps(CARL)
    assert bench.decided == ("red", "bridge", "reserved")
    assert bench.runs == "nothing"


def test_who_has_reserved_may_charge_on_the_local_permission_and_keeps_the_reservation() -> None:
    """The backend says no, or nothing: Anna charges at home all the same, and it was not the reservation that opened it."""
    bench = reserved(reservation("ANNA-1"))
    bench.taps(ANNA)
    bench.answers(TagInfo(verdict=Verdict.BLOCKED))
    assert bench.decided == ("green", "local", "waiting_for_plug")
    bench.plugs()
    assert (bench.runs, bench.starts, bench.state.kept.reservation) == ("local", [], reservation("ANNA-1"))


@pytest.mark.parametrize("group, runs", [("FAMILY", "backend"), ("FLEET", "nothing"), (None, "nothing")])
def test_a_permission_from_the_neighbour_opens_it_only_for_the_group(group: str | None, runs: str) -> None:
    bench = reserved(FOR_FAMILY)
    bench.plugs()
    bench.happens(GrantMoved, person=BEN, mode=None, authority_local=False, group=group)
    assert bench.runs == runs


def test_a_permission_that_lapses_leaves_the_reservation() -> None:
    """OCPP 1.6 §5.13: it is the start that uses it up."""
    bench = reserved()
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.passes(60)
    assert bench.reported == "Reserved"


# --- started by the backend -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_046_2_CS")
@pytest.mark.requirement("1.6 TC_053_2_CS")
@pytest.mark.parametrize(
    "wanted, settings, known, outcome",
    [
        pytest.param(reservation(), Settings(), None, Outcome.ACCEPTED, id="the reserved tag"),
        pytest.param(reservation(), UNASKED, None, Outcome.ACCEPTED, id="the reserved tag, unasked"),
        pytest.param(reservation("BEN-1"), Settings(), FAMILY, Outcome.REJECTED, id="another tag"),
        pytest.param(reservation("BEN-1"), UNASKED, None, Outcome.REJECTED, id="another tag, unasked"),
        pytest.param(FOR_FAMILY, Settings(), None, Outcome.ACCEPTED, id="a group: the answer will show it"),
        pytest.param(FOR_FAMILY, UNASKED, FAMILY, Outcome.ACCEPTED, id="a known member, unasked"),
        pytest.param(FOR_FAMILY, UNASKED, ACCEPTED, Outcome.REJECTED, id="a known stranger, unasked"),
        pytest.param(FOR_FAMILY, UNASKED, None, Outcome.REJECTED, id="nothing known, unasked"),
    ],
)
def test_a_remote_start_is_held_to_the_reservation(wanted: object, settings: Settings, known: TagInfo | None, outcome: Outcome) -> None:
    """2.0.1 TC_H_02 likewise: with another tag it is Rejected."""
    bench = reserved(wanted, bench=ready(settings=settings))  # type: ignore[arg-type]
    bench.plugs()
    assert bench.remote_start(ROAMER, known=known) is outcome
    if bench.just_asked_for(AskAuthorize):
        bench.answers(FAMILY)
    assert [one.reservation for one in bench.starts] == ([7] if outcome is Outcome.ACCEPTED else [])


def test_a_remote_start_of_a_stranger_to_the_group_comes_to_nothing() -> None:
    bench = reserved(FOR_FAMILY)
    bench.plugs()
    assert bench.remote_start(ROAMER) is Outcome.ACCEPTED
    bench.answers(ACCEPTED)
    assert bench.runs == "nothing"
    assert bench.state.kept.reservation is not None


# --- ended ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("1.6 TC_051_CS")
@pytest.mark.requirement("1.6 TC_052_CS")
@pytest.mark.requirement("2.0.1 TC_H_17_CS")
@pytest.mark.requirement("2.0.1 TC_H_18_CS")
def test_it_can_be_taken_back_by_its_own_number_only() -> None:
    bench = reserved()
    assert cancels(bench, 8) is Outcome.REJECTED
    assert bench.reported == "Reserved"
    assert cancels(bench) is Outcome.ACCEPTED
    assert bench.reported == "Available"
    assert bench.tells_status
    assert cancels(bench) is Outcome.REJECTED
    assert told(bench) == []
    bench.plugs()
    bench.taps(BEN)
    bench.answers(ACCEPTED)
    assert bench.starts[-1].reservation is None


@pytest.mark.requirement("1.6 TC_047_CS")
@pytest.mark.requirement("2.0.1 TC_H_07_CS")
def test_it_runs_out_to_the_second() -> None:
    bench = reserved()
    bench.passes(3599)
    assert bench.reported == "Reserved"
    bench.passes(1)
    assert bench.reported == "Available"
    assert told(bench) == [EXPIRED]
    bench.plugs()
    bench.taps(BEN)
    bench.answers(ACCEPTED)
    assert bench.recorded == "Start"


def test_a_driver_who_was_let_in_before_it_ran_out_charges_without_it() -> None:
    bench = reserved(reservation(expires_ms=TEN_O_CLOCK_MS + 30_000))
    bench.taps(ROAMER)
    bench.answers(ACCEPTED)
    bench.passes(31)
    assert isinstance(bench.state.pending, Granted)
    bench.plugs()
    assert bench.starts[-1].reservation is None


@pytest.mark.requirement("2.0.1 TC_H_21_CS")
@pytest.mark.parametrize("station", [True, False])
def test_out_of_service_ends_it(*, station: bool) -> None:
    """Back in service anybody may charge."""
    bench = reserved()
    assert bench.sets_availability(operative=False, station=station) is Outcome.ACCEPTED
    assert bench.reported == "Unavailable"
    assert told(bench) == [REMOVED]
    bench.sets_availability(operative=True, station=station)
    assert bench.reported == "Available"


def test_a_fault_ends_it() -> None:
    """OCPP 1.6 §5.13. The driver must not be sent to a station that can't charge."""
    bench = reserved()
    bench.wallbox(fault="GroundFailure")
    assert told(bench) == [REMOVED]
    bench.wallbox(fault="NoError")
    assert bench.reported == "Available"


def test_a_wallbox_that_can_not_be_heard_keeps_it() -> None:
    """An hour of bad Wi-Fi is nobody's decision."""
    bench = reserved()
    _offline(bench)
    assert bench.reported == "Unavailable"
    bench.wallbox(online=True)
    assert bench.reported == "Reserved"
    assert told(bench) == []


@pytest.mark.requirement("2.0.1 TC_B_24_CS")
def test_it_survives_a_restart_and_a_reset() -> None:
    bench = reserved()
    bench.resets()
    assert bench.reported == "Reserved"
    bench.restarts(down_s=600)
    assert bench.reported == "Reserved"
    bench.restarts(down_s=3600)
    assert bench.reported == "Available"
    assert told(bench) == [EXPIRED], "it ran out while nobody was there"


def test_the_core_wants_to_be_woken_when_it_runs_out() -> None:
    """The status must change by itself, to the second."""
    bench = reserved()
    assert deadline_s(bench.state) == bench.now_s + 3600
