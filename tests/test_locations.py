"""URLs that central systems name, and what becomes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.locations import LENGTH_MAX, PORTS, Location, is_allowed, locate


def place(**fields: object) -> Location:
    usual = {"scheme": "http", "host": "files.example", "port": 80, "user": None, "password": None, "path": "/", "query": ""}
    return Location(**(usual | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url, told",
    [
        ("http://files.example", place()),
        ("HTTP://Files.Example:8080/logs/", place(port=8080, path="/logs/")),
        ("https://files.example/put?sig=a%2Fb", place(scheme="https", port=443, path="/put", query="sig=a%2Fb")),
        ("ftp://ada:se%40cret@files.example/in", place(scheme="ftp", port=21, user="ada", password="se@cret", path="/in")),
        ("ftps://files.example", place(scheme="ftps", port=21)),
        ("sftp://ada@127.0.0.1:2222/", place(scheme="sftp", host="127.0.0.1", port=2222, user="ada")),
        ("http://[::1]:99/x", place(host="::1", port=99, path="/x")),
    ],
)
def test_a_location_is_taken_apart(url: str, told: Location) -> None:
    assert locate(url) == told


@pytest.mark.parametrize(
    "url",
    [
        "",
        "files.example/logs",
        "file:///etc/passwd",
        "gopher://files.example/",
        "http://",
        "http:///path",
        "http://files.example:0/",
        "http://files.example:99999/",
        "http://files.example:x/",
        "http://[::1/",
        "http://fi les.example/",
        "http://files.example/\r\nHost: evil",
        "http://evil.example\\@files.example/",
        "http://fílès.example/",
        "http://-files-/",
        "http://files.example/" + "x" * LENGTH_MAX,
    ],
)
def test_what_is_not_plain_is_no_location(url: str) -> None:
    """Hardware reads the URL again: what two programs could read in two ways is refused."""
    with pytest.raises(ValueError, match=r"^is not|^names"):
        locate(url)
    assert not is_allowed(url, ["files.example", "evil.example", ""])


@pytest.mark.parametrize(
    "url, allowed",
    [
        ("http://files.example/x", True),
        ("sftp://FILES.example:22/x", True),
        ("http://files.example:8080/", True),
        ("http://files.example@evil.example/", False),
        ("http://files.example.evil.example/", False),
        ("http://evil.example/files.example", False),
        ("http://evil.example#@files.example/", False),
        ("http://xfiles.example/", False),
    ],
)
def test_only_listed_hosts_are_reached(url: str, allowed: bool) -> None:
    assert is_allowed(url, ["Files.Example"]) is allowed
    assert not is_allowed(url, [])


@pytest.mark.parametrize(
    "path, query, told",
    [
        ("/", "", "/a.tgz"),
        ("/logs", "", "/logs/a.tgz"),
        ("/logs/", "", "/logs/a.tgz"),
        ("/v1.2/logs", "", "/v1.2/logs/a.tgz"),
        ("/logs/mine.zip", "", "/logs/mine.zip"),
        ("/put", "sig=1", "/put"),
    ],
)
def test_a_directory_gets_the_file_and_a_file_is_itself(path: str, query: str, told: str) -> None:
    assert place(path=path, query=query).file("a.tgz") == told


def test_what_is_logged_lets_nobody_in() -> None:
    assert locate("ftp://ada:secret@files.example/token").shown == "ftp://files.example:21"


@given(st.text(max_size=60) | st.from_regex(r"(http|ftp|sftp)://[!-~]{0,40}", fullmatch=True))
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    """Never an exception that nobody expects, and never a host that the parts don't name."""
    try:
        told = locate(text)
    except ValueError:
        return
    assert told.scheme in PORTS
    assert told.host == told.host.lower()
    assert 0 < told.port < 65536
