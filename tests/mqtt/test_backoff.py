"""How long to wait before the broker is tried again."""

from itertools import islice
from random import Random

from bridge.mqtt.backoff import CAP_S, PATIENT_MIN_S, patient_wait, waits


class Highest(Random):
    """Draws the upper end."""

    def uniform(self, a: float, b: float) -> float:
        assert a >= 0
        return b


def test_the_ceiling_doubles_from_a_quarter_of_a_second_to_half_a_minute() -> None:
    assert list(islice(waits(Highest()), 10)) == [0.25, 0.5, 1, 2, 4, 8, 16, CAP_S, CAP_S, CAP_S]


def test_waits_are_spread_so_that_a_site_does_not_come_back_in_one_moment() -> None:
    rng = Random(7)
    drawn = list(islice(waits(rng), 200))
    assert all(0 <= wait_s <= CAP_S for wait_s in drawn)
    assert len(set(drawn)) == 200
    assert min(drawn[10:]) < 1


def test_what_only_a_person_can_mend_is_tried_slowly() -> None:
    rng = Random(7)
    assert all(PATIENT_MIN_S <= patient_wait(rng) <= CAP_S for _ in range(100))
