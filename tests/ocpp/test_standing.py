"""What was said at registration."""

import logging

import pytest

from bridge.clock import Clock
from bridge.ocpp.backoff import Intervals
from bridge.ocpp.dialect import Registered, Registration
from bridge.ocpp.standing import DRIFT_MS, Standing

CLOCK = Clock()


class Times(list[int]):
    """What `on_time` was told."""

    def __call__(self, utc_ms: int) -> None:
        self.append(utc_ms)


def standing() -> tuple[Standing, Times]:
    times = Times()
    return Standing("carport", CLOCK, Intervals(own_s=60, floor_s=10, cap_s=86_400), times), times


def test_accepted_has_an_interval_and_no_problem() -> None:
    made, _ = standing()
    made.problem = "of before"
    assert made.registered(Registered(status=Registration.ACCEPTED, interval_s=300, now_ms=None)) == 300
    assert made.interval_s == 300
    assert not made.problem


@pytest.mark.parametrize("status", [Registration.PENDING, Registration.REJECTED])
def test_anything_else_is_a_problem_told_once(status: Registration, caplog: pytest.LogCaptureFixture) -> None:
    made, _ = standing()
    for _ in range(2):
        assert made.registered(Registered(status=status, interval_s=0, now_ms=None)) == 60
    assert made.problem is not None
    assert "accept it there; next try in 60 s" in made.problem
    assert [record.levelno for record in caplog.records if record.levelno >= logging.WARNING] == [logging.WARNING]


def test_an_error_is_a_problem_unless_it_was_accepted_before() -> None:
    made, _ = standing()
    assert made.failed("InternalError", accepted=True) == 60
    assert not made.problem
    made.failed("InternalError", accepted=False)
    assert "InternalError" in str(made.problem)


def test_the_time_is_passed_on_and_compared() -> None:
    made, times = standing()
    made.set_time(None)
    now_ms = CLOCK.utc_ms() + 60_000
    made.set_time(now_ms)
    assert times == [now_ms]
    assert abs(made.offset_ms - 60_000) < 1000
    before = made.offset_ms
    made.set_time(now_ms + DRIFT_MS // 2)
    assert made.offset_ms == before, "not worth an event"
