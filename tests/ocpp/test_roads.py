"""Which address a link tries next."""

import ssl
from dataclasses import replace

import pytest

from bridge.core.state import State
from bridge.ocpp.networks import NOTE, Profile, written
from bridge.ocpp.roads import Roads
from bridge.ocpp.wire import Endpoint
from tests.ocpp.worlds import charge_point

HOME = Endpoint(url="ws://home.example/CP1", identity="CP1", subprotocols=("ocpp2.0.1", "ocpp1.6"), password=b"secret")
SECOND = Profile(url="ws://second.example/ocpp", protocol="ocpp2.0.1", security=1)
THIRD = Profile(url="ws://third.example", protocol="ocpp1.6", security=1, timeout_s=7)
HOSTS = ("Second.example", "third.example")


def station(*priority: str, profiles: dict[int, Profile] | None = None) -> State:
    state = charge_point()
    notes = {NOTE: written({2: SECOND, 3: THIRD} if profiles is None else profiles)}
    return replace(state, settings=replace(state.settings, network_priority=priority), kept=replace(state.kept, notes=notes))


def roads(hosts: tuple[str, ...] = HOSTS, home: Endpoint = HOME) -> Roads:
    return Roads(home, hosts, ssl.create_default_context)


def tries(road: Roads, count: int, attempts: int = 2) -> list[int]:
    """The slots that are tried while nobody answers."""
    found = []
    for _ in range(count):
        found.append(road.slot)
        road.failed(attempts)
    return found


def test_without_profiles_there_is_one_road() -> None:
    """However often it fails."""
    road = roads()
    assert not road.plan(charge_point())
    assert tries(road, 5, attempts=1) == [1] * 5
    assert road.endpoint is HOME
    assert not road.failed(1)


def test_stations_of_one_central_system_share_what_they_allow() -> None:
    assert roads().network.hosts is roads().network.hosts


@pytest.mark.requirement("2.0.1 TC_B_46_CS")
@pytest.mark.requirement("2.0.1 TC_B_49_CS")
@pytest.mark.parametrize(
    "priority, order",
    [
        (("1",), [1, 1, 1, 1, 1, 1]),
        (("1", "2"), [1, 1, 2, 2, 1, 1]),
        (("2", "1"), [2, 2, 1, 1, 2, 2]),
        (("2",), [2, 2, 1, 1, 2, 2]),
        (("3", "2"), [3, 3, 2, 2, 1, 1]),
        (("2", "2", "1"), [2, 2, 1, 1, 2, 2]),
    ],
)
def test_each_is_tried_so_often_and_the_configured_one_is_always_found_again(priority: tuple[str, ...], order: list[int]) -> None:
    road = roads()
    road.plan(station(*priority))
    assert tries(road, 6) == order


def test_what_worked_last_is_tried_before_the_configured_one() -> None:
    """B10: the last good one is the way back."""
    road = roads()
    road.plan(station("2", "1"))
    road.arrived()
    assert road.plan(station("3"))
    assert tries(road, 6) == [3, 3, 2, 2, 1, 1]


def test_after_somebody_answered_tries_are_counted_anew() -> None:
    road = roads()
    road.plan(station("2", "1"))
    road.failed(2)
    road.arrived()
    assert not road.failed(2)
    assert road.failed(2)
    assert road.slot == 1


def test_no_attempts_are_one() -> None:
    road = roads()
    road.plan(station("2", "1"))
    assert road.failed(0)


@pytest.mark.parametrize(
    "profile",
    [
        replace(SECOND, url="ws://elsewhere.example"),
        replace(SECOND, protocol="ocpp2.1"),
        replace(SECOND, security=0),
    ],
)
def test_a_profile_that_is_no_longer_allowed_is_left_out(profile: Profile) -> None:
    """The configuration may have changed since it was accepted."""
    road = roads()
    road.plan(station("2", "1", profiles={2: profile}))
    assert tries(road, 3, attempts=1) == [1, 1, 1]


def test_a_profile_goes_with_the_configured_identity_and_password() -> None:
    road = roads()
    assert road.plan(station("2"))
    assert road.endpoint == replace(HOME, url="ws://second.example/ocpp/CP1", subprotocols=("ocpp2.0.1",))
    road.plan(station("3"))
    assert road.endpoint == replace(HOME, url="ws://third.example/CP1", subprotocols=("ocpp1.6",), timeout_s=7.0)
    assert road.network.slot == 3
    assert road.network.protocols == HOME.subprotocols
    assert road.network.security == 1


@pytest.mark.parametrize("said, used", [(0, None), (-3, None), (1, 5.0), (30, 30.0), (10**9, 300.0)])
def test_the_time_for_an_answer_is_kept_within_reason(said: int, used: float | None) -> None:
    road = roads()
    road.plan(station("2", profiles={2: replace(SECOND, timeout_s=said)}))
    assert road.endpoint.timeout_s == used


def test_a_profile_may_be_safer_than_the_configuration() -> None:
    """It gets a TLS context; the configured one's own where that has one."""
    safe = {2: Profile(url="wss://second.example", protocol="ocpp2.0.1", security=2)}
    road = roads()
    road.plan(station("2", profiles=safe))
    assert isinstance(road.endpoint.tls, ssl.SSLContext)
    assert road.network.security == 2
    context = ssl.create_default_context()
    road = roads(home=replace(HOME, url="wss://home.example/CP1", tls=context))
    road.plan(station("2", profiles=safe))
    assert road.endpoint.tls is context
