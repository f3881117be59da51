"""The URL of one charge point's link, from the central system's URL as portals write it and the identity of the charge point.

OCPP-J 1.6 §3.1.1: the connection URL is the central system's endpoint, a slash and the identity, percent-encoded. Errors are ValueError
with a sentence that says what to write instead; none quotes a password.
"""

from collections.abc import Iterable
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

PLACEHOLDER = "{identity}"
IDENTITY_MAX = 255
"""OCPP 2.0.1 allows 48 and 1.6 names no limit; the longest path segment that common servers take."""

_SCHEMES = ("ws", "wss")
_MEANT = {"http": "ws", "https": "wss"}


def check_identity(identity: str, *, basic_auth: bool) -> None:
    """Raises ValueError where the identity can be no path segment, or no user name."""
    if not identity or identity in {".", ".."}:
        raise ValueError("the identity is a name, not empty and not only dots: write it as the central system's portal shows it")
    if len(identity) > IDENTITY_MAX:
        raise ValueError(f"the identity has {len(identity)} characters, {IDENTITY_MAX} are allowed")
    if not identity.isprintable() or identity != identity.strip():
        raise ValueError("the identity has a space at its end or a character that can't be printed: write it without")
    # RFC 7617 §2: "a user-id containing a colon character is invalid"
    if basic_auth and ":" in identity:
        raise ValueError("with a password the identity can't contain a colon (:): ask the central system for another identity")


def station_url(configured: str, identity: str, *, identities: Iterable[str] = ()) -> str:
    """The URL to connect to.

    `{identity}` is replaced wherever it stands in path or query; without it the identity is appended to the path, unless the last segment
    already is it. A trailing slash and the query are kept. `identities` are those of all charge points: a URL that ends in another one's
    belongs to that one.
    """
    parts = _split(configured)
    encoded = quote(identity, safe="")
    if PLACEHOLDER in parts.path or PLACEHOLDER in parts.query:
        path, query = parts.path.replace(PLACEHOLDER, encoded), parts.query.replace(PLACEHOLDER, encoded)
    else:
        path, query = _with_identity(parts.path, identity, encoded, frozenset(identities)), parts.query
    if "{" in path + query or "}" in path + query:
        raise ValueError(f"the URL has a placeholder that is not known: write {PLACEHOLDER} where the identity belongs")
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def _split(configured: str) -> SplitResult:
    """The parts of a URL that can be connected to."""
    # `urlsplit` drops tabs and newlines silently
    if not configured.isprintable() or " " in configured:
        raise ValueError("the URL has a space or a character that can't be printed: write it without")
    try:
        parts = urlsplit(configured)
        port = parts.port
    except ValueError as error:
        raise ValueError("the URL can't be read: write ws://host:port/path or wss://host/path") from error
    if parts.scheme in _MEANT:
        raise ValueError(f"the URL begins with {parts.scheme}://: write {_MEANT[parts.scheme]}:// instead")
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
        raise ValueError("the URL is not one of a WebSocket: write ws://host:port/path or wss://host/path")
    if "@" in parts.netloc:
        raise ValueError(
            "the URL holds a user name or password: take it out; the user name is always the identity, and the password goes into"
            " `password_file` (or `password_env`) of the charge point"
        )
    if PLACEHOLDER in parts.netloc:
        raise ValueError(f"{PLACEHOLDER} belongs into the path of the URL, not into the host")
    # RFC 6455 §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on these URIs"
    if "#" in configured:
        raise ValueError("the URL has a part after #: leave it out, or write %23 if it belongs to the path")
    return parts


def _with_identity(path: str, identity: str, encoded: str, identities: frozenset[str]) -> str:
    """The path, ending in the identity; a trailing slash stays behind it (arthexis routes `/ws/ocpp/<id>/`)."""
    body = path.rstrip("/")
    # a lone "/" is no trailing slash: RFC 3986 §6.2.3 has "ws://host" and "ws://host/" as the same
    slash = "/" if body and path.endswith("/") else ""
    last = unquote(body.rpartition("/")[2])
    if last == identity:
        return body + slash
    if last in identities:
        raise ValueError(
            "the URL ends in the identity of another charge point: write the central system's URL without it, or with"
            f" {PLACEHOLDER} in its place"
        )
    if last.casefold() == identity.casefold():
        raise ValueError("the URL ends in the identity in other upper and lower case: write both as the central system's portal shows it")
    return f"{body}/{encoded}{slash}"
