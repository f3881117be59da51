"""Texts and costs for people in front of it (`bridge/core/messages.py`)."""

from typing import Any

import pytest

from bridge.core.backend import CostTold, MessageCleared, MessageSent
from bridge.core.clockwork import deadline_s
from bridge.core.effects import Outcome
from bridge.core.messages import COST_MAX, MESSAGES_MAX, STATES, Told, display_state, shown, standing, told_to_people, transaction_id
from bridge.core.orders import DisplayMessage
from bridge.core.settings import Ability
from bridge.core.values import RequestId
from tests.core.world import CARL, ROAMER, TEN_O_CLOCK_MS, Bench, charging, plugged, ready

CAN: dict[str, Any] = {"can": frozenset({Ability.DISPLAY})}
MINUTE_MS = 60_000


def text(number: int = 1, *, priority: str = "NormalCycle", **more: Any) -> DisplayMessage:  # noqa: ANN401
    """Something to read."""
    return DisplayMessage(id=number, priority=priority, text=f"text {number}", format="UTF8", **more)


def sets(bench: Bench, message: DisplayMessage) -> Outcome | None:
    """The backend wants it shown."""
    bench.happens(MessageSent, request=RequestId("set"), message=message)
    return bench.outcome


def clears(bench: Bench, number: int) -> Outcome | None:
    """The backend takes it back."""
    bench.happens(MessageCleared, request=RequestId("clear"), message=number)
    return bench.outcome


def seen(bench: Bench) -> list[int]:
    """What is on the display, by number."""
    return [one.id for one in shown(bench.state)]


def kept(bench: Bench) -> list[int]:
    """What the backend would be told of, by number."""
    return [one.id for one in standing(bench.state)]


# --- set and cleared --------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_O_01_CS")
@pytest.mark.requirement("2.0.1 TC_O_04_CS")
@pytest.mark.requirement("2.0.1 TC_O_05_CS")
@pytest.mark.requirement("2.0.1 TC_O_12_CS")
def test_a_text_is_kept_replaced_and_cleared() -> None:
    bench = ready(**CAN)
    assert sets(bench, text()) is Outcome.ACCEPTED
    assert sets(bench, text(priority="InFront")) is Outcome.ACCEPTED
    assert [(one.id, one.priority) for one in shown(bench.state)] == [(1, "InFront")]
    assert clears(bench, 2) is Outcome.UNKNOWN
    assert clears(bench, 1) is Outcome.ACCEPTED
    assert clears(bench, 1) is Outcome.UNKNOWN
    assert seen(bench) == []


@pytest.mark.requirement("2.0.1 TC_O_22_CS")
@pytest.mark.requirement("2.0.1 TC_O_24_CS")
def test_the_most_important_comes_first_and_only_one_is_always_in_front() -> None:
    bench = ready(**CAN)
    for number, priority in enumerate(("NormalCycle", "InFront", "AlwaysFront", "InFront", "NormalCycle", "AlwaysFront"), start=1):
        assert sets(bench, text(number, priority=priority)) is Outcome.ACCEPTED
    assert seen(bench) == [6, 2, 4, 1, 5]


@pytest.mark.parametrize(
    "message, outcome",
    [
        pytest.param(text(end_ms=TEN_O_CLOCK_MS), Outcome.REJECTED, id="over already"),
        pytest.param(
            text(start_ms=TEN_O_CLOCK_MS + MINUTE_MS, end_ms=TEN_O_CLOCK_MS + MINUTE_MS), Outcome.REJECTED, id="over when it begins"
        ),
        pytest.param(text(end_ms=TEN_O_CLOCK_MS + 1), Outcome.ACCEPTED, id="just not over"),
        pytest.param(text(transaction="another"), Outcome.UNKNOWN_TRANSACTION, id="of a transaction that is not there"),
    ],
)
def test_what_can_never_be_shown_is_refused(message: DisplayMessage, outcome: Outcome) -> None:
    bench = ready(**CAN)
    assert sets(bench, message) is outcome
    assert kept(bench) == ([1] if outcome is Outcome.ACCEPTED else [])


def test_without_a_display_nothing_is_kept() -> None:
    bench = ready()
    assert sets(bench, text()) is Outcome.REJECTED
    assert told_to_people(bench.state) == Told(messages=None, cost=None)


def test_there_is_room_for_a_few() -> None:
    """What is there can still be replaced, and what must be in front takes the place of what was."""
    bench = ready(**CAN)
    for number in range(MESSAGES_MAX):
        assert sets(bench, text(number, priority="AlwaysFront" if number == 0 else "NormalCycle")) is Outcome.ACCEPTED
    assert sets(bench, text(100)) is Outcome.REJECTED
    assert sets(bench, text(5)) is Outcome.ACCEPTED
    assert sets(bench, text(101, priority="AlwaysFront")) is Outcome.ACCEPTED
    assert len(kept(bench)) == MESSAGES_MAX
    assert told_to_people(bench.state).messages == shown(bench.state)


# --- when it is shown -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_O_13_CS")
@pytest.mark.requirement("2.0.1 TC_O_14_CS")
def test_a_text_has_its_time() -> None:
    bench = ready(**CAN)
    sets(bench, text(start_ms=TEN_O_CLOCK_MS + MINUTE_MS, end_ms=TEN_O_CLOCK_MS + 2 * MINUTE_MS))
    sets(bench, text(2, end_ms=TEN_O_CLOCK_MS + MINUTE_MS))
    assert (seen(bench), kept(bench)) == ([2], [1, 2])
    bench.passes(60)
    assert (seen(bench), kept(bench)) == ([1], [1])
    assert [one.id for one in bench.state.kept.messages] == [1], "what is over is forgotten"
    bench.passes(59)
    assert seen(bench) == [1]
    bench.passes(1)
    assert (seen(bench), kept(bench)) == ([], [])
    assert clears(bench, 1) is Outcome.UNKNOWN


@pytest.mark.requirement("2.0.1 TC_O_20_CS")
def test_a_text_survives_a_restart() -> None:
    bench = ready(**CAN)
    sets(bench, text())
    sets(bench, text(2, end_ms=TEN_O_CLOCK_MS + MINUTE_MS))
    bench.restarts(down_s=3600)
    assert kept(bench) == [1]


@pytest.mark.requirement("2.0.1 TC_O_36_CS")
@pytest.mark.requirement("2.0.1 TC_O_37_CS")
@pytest.mark.requirement("2.0.1 TC_O_38_CS")
@pytest.mark.requirement("2.0.1 TC_O_39_CS")
@pytest.mark.parametrize(
    "bench, state",
    [
        pytest.param(lambda: ready(**CAN), "Idle", id="free"),
        pytest.param(lambda: plugged(**CAN), "Idle", id="plugged"),
        pytest.param(lambda: charging(**CAN), "Charging", id="charging"),
        pytest.param(lambda: charging(CARL, **CAN), "Charging", id="charging locally"),
    ],
)
def test_a_text_may_be_for_one_state(bench: Any, state: str) -> None:  # noqa: ANN401
    """A pause is still charging to whoever stands there; a fault and being out of service come before everything else."""
    made: Bench = bench()
    for number, one in enumerate(STATES):
        sets(made, text(number, state=one))
    assert (seen(made), display_state(made.state)) == ([STATES.index(state)], state)
    made.energy(allow=False)
    assert display_state(made.state) == state
    made.wallbox(fault="GroundFailure")
    assert seen(made) == [STATES.index("Faulted")]
    assert len(kept(made)) == len(STATES)
    made.wallbox(fault="NoError")
    assert seen(made) == [STATES.index(state)]


def test_out_of_service_has_a_text_of_its_own() -> None:
    bench = ready(**CAN)
    bench.sets_availability(operative=False)
    assert display_state(bench.state) == "Unavailable"


# --- of a transaction -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_O_06_CS")
@pytest.mark.requirement("2.0.1 TC_O_30_CS")
@pytest.mark.parametrize("transaction_events", [True, False])
def test_a_text_of_a_transaction_goes_with_it(*, transaction_events: bool) -> None:
    bench = charging(transaction_events=transaction_events, **CAN)
    bench.passes(20)
    name = transaction_id(bench.state)
    assert sets(bench, text(transaction=name)) is Outcome.ACCEPTED
    assert sets(bench, text(2, transaction=name, priority="InFront")) is Outcome.ACCEPTED
    assert sets(bench, text(3)) is Outcome.ACCEPTED
    assert seen(bench) == [2, 1, 3]
    bench.taps(ROAMER)
    bench.passes(5)
    bench.unplugs()
    assert (seen(bench), kept(bench)) == ([3], [3])
    assert transaction_id(bench.state) is None
    assert sets(bench, text(4, transaction=name)) is Outcome.UNKNOWN_TRANSACTION


def test_a_local_session_is_no_transaction() -> None:
    bench = charging(CARL, **CAN)
    assert transaction_id(bench.state) is None


# --- costs ------------------------------------------------------------------------------------------------------------------------


def _costs(bench: Bench, transaction: str, cost: float) -> tuple[str, float] | None:
    bench.happens(CostTold, backend_id=transaction, cost=cost)
    return told_to_people(bench.state).cost


@pytest.mark.requirement("2.0.1 TC_I_01_CS")
def test_the_cost_of_the_running_transaction_is_shown_and_of_no_other() -> None:
    bench = charging(transaction_events=True)
    name = bench.session.id
    assert _costs(bench, "another", 9.0) is None
    assert _costs(bench, name, 1.25) == (name, 1.25)
    assert _costs(bench, name, COST_MAX * 10) == (name, 1.25), "nonsense"
    assert _costs(bench, name, 2) == (name, 2)


@pytest.mark.requirement("2.0.1 TC_I_02_CS")
def test_what_it_cost_in_the_end_stands_until_the_next_session() -> None:
    bench = charging(transaction_events=True)
    name = bench.session.id
    bench.unplugs()
    bench.passes(5)
    assert bench.runs == "nothing"
    assert _costs(bench, name, 4.2) == (name, 4.2)
    bench.plugs()
    assert told_to_people(bench.state).cost == (name, 4.2)
    bench.taps(CARL)
    assert bench.runs == "local"
    assert told_to_people(bench.state).cost is None
    assert _costs(bench, name, 4.2) is None


@pytest.mark.parametrize("message", [text(start_ms=TEN_O_CLOCK_MS + MINUTE_MS), text(end_ms=TEN_O_CLOCK_MS + MINUTE_MS)])
def test_the_core_wants_to_be_woken_when_a_text_begins_or_ends(message: DisplayMessage) -> None:
    """The display must change by itself."""
    bench = ready(**CAN)
    sets(bench, message)
    assert deadline_s(bench.state) == bench.now_s + 60
