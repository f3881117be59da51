"""Network profiles: where a central system may send its station."""

from dataclasses import replace

import pytest

from bridge.ocpp.networks import NOTE, PASSWORD, PLAIN, TLS, Network, Profile, host_of, read, refusal, security_of, written

NETWORK = Network(
    security=PASSWORD,
    protocols=("ocpp2.0.1", "ocpp1.6"),
    hosts=frozenset({"backend.example", "backend2.example"}),
    identity="CP 1",
    authenticates=True,
)
PROFILE = Profile(url="ws://backend2.example:8080/ocpp", protocol="ocpp2.0.1", security=PASSWORD)


@pytest.mark.parametrize("host", ["backend.example", "backend2.example", "BACKEND2.Example"])
@pytest.mark.parametrize("path", ["", "/", "/ocpp/{identity}", "/ocpp/CP%201"])
def test_it_goes_where_the_configuration_allows(host: str, path: str) -> None:
    """By name, whatever port and path."""
    assert refusal(replace(PROFILE, url=f"ws://{host}:9000{path}"), NETWORK) is None


@pytest.mark.requirement("2.0.1 TC_B_43_CS")
@pytest.mark.parametrize(
    "change, reason",
    [
        ({"protocol": "ocpp1.6"}, None),
        ({"protocol": "ocpp2.1"}, "UnsupportedParam"),
        ({"protocol": ""}, "UnsupportedParam"),
        ({"security": PLAIN}, "NoSecurityDowngrade"),
        ({"security": -1}, "NoSecurityDowngrade"),
        ({"security": TLS}, "InvalidNetworkConf"),
        ({"security": 3, "url": "wss://backend.example"}, "InvalidNetworkConf"),
        ({"security": PASSWORD, "url": "wss://backend.example"}, "InvalidNetworkConf"),
        ({"security": TLS, "url": "wss://backend.example"}, None),
        ({"url": "ws://elsewhere.example"}, "InvalidURL"),
        ({"url": "ws://backend.example.evil.example"}, "InvalidURL"),
        ({"url": "ws://backend.example@evil.example"}, "InvalidURL"),
        ({"url": "ws://backend.example/{place}"}, "InvalidURL"),
        ({"url": "http://backend.example"}, "InvalidURL"),
        ({"url": "ws://[backend.example"}, "InvalidURL"),
        ({"url": "ws:backend.example"}, "InvalidURL"),
        ({"url": ""}, "InvalidURL"),
        ({"url": "ws://backend.example:99999999/"}, "InvalidURL"),
        ({"url": "ws://backend.example/cp 1"}, "InvalidURL"),
    ],
)
def test_whatever_it_cannot_or_must_not_do_is_refused_with_a_reason(change: dict[str, object], reason: str | None) -> None:
    """The password goes to no other host, and over no line that is less safe than the present one."""
    assert refusal(replace(PROFILE, **change), NETWORK) == reason  # type: ignore[arg-type]  # a table of fields


def test_without_a_password_there_is_no_profile_that_needs_one() -> None:
    network = replace(NETWORK, authenticates=False, security=PLAIN)
    assert refusal(PROFILE, network) == "InvalidNetworkConf"
    assert refusal(replace(PROFILE, security=PLAIN), network) is None


@pytest.mark.parametrize(
    "url, authenticates, security", [("ws://a", False, PLAIN), ("ws://a", True, PASSWORD), ("wss://a", False, TLS), ("wss://a", True, TLS)]
)
def test_the_security_profile_of_an_address(url: str, authenticates: bool, security: int) -> None:
    assert security_of(url, authenticates=authenticates) == security


@pytest.mark.parametrize(
    "url, host", [("ws://Backend.Example:1/x", "backend.example"), ("ws://[::1]/", "::1"), ("ws://[::1", ""), ("x", "")]
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host


def test_they_are_kept_and_read_again() -> None:
    profiles = {2: PROFILE, 3: replace(PROFILE, timeout_s=60)}
    assert read({NOTE: written(profiles), "monitors": "[]"}) == profiles
    assert read({}) == {}
