"""The URL of a link: as portals write it, and what is refused with a sentence that helps."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ocpp.address import IDENTITY_MAX, check_identity, station_url

OTHERS = ("CP-1", "CP-2", "16", "CP 3")


@pytest.mark.parametrize(
    "configured, identity, url",
    [
        # as the portals of the field write them
        (
            "ws://host:8180/steve/websocket/CentralSystemService",
            "CP-1",
            "ws://host:8180/steve/websocket/CentralSystemService/CP-1",
        ),
        ("wss://host/ocpp/cp/socket/v16", "CP-1", "wss://host/ocpp/cp/socket/v16/CP-1"),
        ("ws://host:8887", "CP-1", "ws://host:8887/CP-1"),
        # "/" alone is no path, so it is no trailing slash either
        ("ws://host:8887/", "CP-1", "ws://host:8887/CP-1"),
        ("WSS://Host/ocpp", "CP-1", "wss://Host/ocpp/CP-1"),
        ("ws://[::1]:9000/ocpp", "CP-1", "ws://[::1]:9000/ocpp/CP-1"),
        # already there
        ("wss://host/ocpp/CP-1", "CP-1", "wss://host/ocpp/CP-1"),
        ("wss://host/ocpp/CP%203", "CP 3", "wss://host/ocpp/CP%203"),
        ("wss://host/ocpp/CP-1/", "CP-1", "wss://host/ocpp/CP-1/"),
        ("wss://host/ocpp/cp/socket/16", "16", "wss://host/ocpp/cp/socket/16"),
        # a trailing slash is kept
        ("ws://host/ws/ocpp/", "CP-1", "ws://host/ws/ocpp/CP-1/"),
        # the placeholder, wherever it stands
        ("wss://host/{identity}/ocpp", "CP-1", "wss://host/CP-1/ocpp"),
        ("wss://host/ocpp/{identity}/", "CP 3", "wss://host/ocpp/CP%203/"),
        ("wss://host/ocpp?station={identity}", "CP 3", "wss://host/ocpp?station=CP%203"),
        ("wss://host/CP-2/{identity}", "CP-1", "wss://host/CP-2/CP-1"),
        # the query stays where it was
        ("wss://host/ocpp?token=a/b", "CP-1", "wss://host/ocpp/CP-1?token=a/b"),
        # OCPP-J 1.6 §3.1.1's example of an identity that needs encoding
        ("ws://host/ocpp", "RDAM|123", "ws://host/ocpp/RDAM%7C123"),
        ("ws://host/ocpp", "a/b?c#d{e}", "ws://host/ocpp/a%2Fb%3Fc%23d%7Be%7D"),
        ("ws://host/ocpp", "Säule", "ws://host/ocpp/S%C3%A4ule"),
    ],
)
def test_the_url_works_as_it_is_written_in_the_portal(configured: str, identity: str, url: str) -> None:
    """Whatever form the portal shows, it can be pasted as it is."""
    others = [other for other in OTHERS if other != "16" or identity == "16"]
    assert station_url(configured, identity, identities=[*others, identity]) == url


def test_a_version_at_the_end_is_no_identity() -> None:
    """`…/socket/16` is the version of the protocol, as long as nobody is called 16."""
    assert station_url("wss://host/ocpp/cp/socket/16", "CP-1", identities=["CP-1"]) == "wss://host/ocpp/cp/socket/16/CP-1"


@pytest.mark.parametrize(
    "configured, sentence",
    [
        ("wss://host/ocpp/CP-2", "ends in the identity of another charge point"),
        ("wss://host/ocpp/CP%203/", "ends in the identity of another charge point"),
        ("wss://host/ocpp/cp-1", "upper and lower case"),
        ("https://host/ocpp", "write wss:// instead"),
        ("http://host/ocpp", "write ws:// instead"),
        ("mqtt://host/ocpp", "not one of a WebSocket"),
        ("host:8080/ocpp", "not one of a WebSocket"),
        ("host/ocpp", "not one of a WebSocket"),
        ("", "not one of a WebSocket"),
        ("ws:///ocpp", "not one of a WebSocket"),
        ("ws://host:0/ocpp", "not one of a WebSocket"),
        ("ws://host:99999/ocpp", "can't be read"),
        ("ws://host:port/ocpp", "can't be read"),
        ("ws://[::1/ocpp", "can't be read"),
        ("wss://CP-1:s3cret@host/ocpp", "password_file"),
        ("wss://CP-1@host/ocpp", "password_file"),
        ("wss://host/ocpp#top", "%23"),
        ("wss://host/ocpp#", "%23"),
        ("wss://host/oc pp", "space"),
        ("wss://host/ocpp\n", "space"),
        ("wss://host/{id}", "{identity}"),
        ("wss://host/ocpp/{identity}?x={cp}", "{identity}"),
        ("wss://host/ocpp}", "{identity}"),
        ("wss://{identity}.host/ocpp", "into the path"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_what_to_write_instead(configured: str, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:
        station_url(configured, "CP-1", identities=OTHERS)
    assert sentence in str(refused.value)
    assert "s3cret" not in str(refused.value)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_any_identity_arrives_whole_as_the_last_segment(identity: str) -> None:
    """Whatever the central system calls the charge point, that is what it reads."""
    url = station_url("ws://host/ocpp/", identity)
    assert unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]) == identity
    assert station_url(url, identity, identities=[identity]) == url, "the full URL means the same"


@given(st.text(max_size=60))
def test_any_url_ends_in_a_url_or_a_sentence(configured: str) -> None:
    try:
        url = station_url("wss://" + configured, "CP-1")
    except ValueError as error:
        assert str(error)  # noqa: PT017
    else:
        assert urlsplit(url).scheme == "wss"


@pytest.mark.parametrize("identity", ["CP-1", "CP 1", "RDAM|123", "x" * IDENTITY_MAX, "...", "Säule"])
def test_a_usual_identity_is_fine(identity: str) -> None:
    check_identity(identity, basic_auth=True)


@pytest.mark.parametrize("identity", ["", ".", "..", " CP", "CP ", "C\tP", "x" * (IDENTITY_MAX + 1)])
def test_an_identity_that_is_no_path_segment_is_refused(identity: str) -> None:
    with pytest.raises(ValueError, match="identity"):
        check_identity(identity, basic_auth=False)


def test_a_colon_is_refused_only_with_a_password() -> None:
    """Basic authentication cuts the user name at the first colon."""
    check_identity("CP:1", basic_auth=False)
    with pytest.raises(ValueError, match="colon"):
        check_identity("CP:1", basic_auth=True)


def test_an_identity_of_two_charge_points_is_told_apart_by_case() -> None:
    url = station_url("ws://host/ocpp/cp-1", "cp-1", identities=["CP-1", "cp-1"])
    assert url == "ws://host/ocpp/cp-1"
