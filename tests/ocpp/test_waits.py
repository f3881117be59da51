"""How long a link waits, in the words of each version."""

from random import Random

from bridge.core.settings import Settings
from bridge.ocpp.backoff import Pace
from bridge.ocpp.failures import Failure
from bridge.ocpp.setup import LinkSettings
from bridge.ocpp.validation import Version
from bridge.ocpp.waits import Waits
from tests.ocpp.test_backoff import Highest, Lowest

LINK = LinkSettings(pace=Pace(first_s=2, cap_s=300, floor_s=0.5, patient_s=60))
WANTED = Settings(backoff_minimum_s=3, backoff_random_s=0, backoff_repeats=2)
MEND = Failure(line="create the charge point there", patient=True)


def waits(version: Version, rng: Random | None = None, settings: Settings = WANTED) -> Waits:
    made = Waits(LINK, rng or Highest())
    made.renew(version, settings)
    return made


def test_1_6_jitters_and_goes_easy_where_a_person_is_needed() -> None:
    made = waits(Version.V16)
    assert [made.next_s(None) for _ in range(3)] == [2, 4, 8]
    assert made.next_s(MEND) == 60
    assert Waits(LINK, Highest()).next_s(None) == 2, "before any version is known"


def test_2_0_1_waits_as_the_central_system_has_set_it() -> None:
    made = waits(Version.V201)
    assert [made.next_s(MEND) for _ in range(5)] == [3, 6, 12, 12, 12]
    made.renew(Version.V201, WANTED)
    assert made.next_s(None) == 3


def test_a_server_that_asks_for_more_gets_it() -> None:
    failure = Failure(line="busy", retry_after_s=30)
    assert waits(Version.V201, Lowest()).next_s(failure) == 30


def test_seconds_are_the_central_systems() -> None:
    """Tests shorten them."""
    made = Waits(LinkSettings(second_s=0.5, pace=LINK.pace), Highest())
    made.renew(Version.V201, WANTED)
    assert made.next_s(None) == 1.5
