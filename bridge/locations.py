"""Where files go to and come from: URLs a central system names, taken apart and held against the list of allowed hosts. Pure.

Nothing here is generous: a URL that two programs could read in two ways is none, since hardware reads it again by itself.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

PORTS = MappingProxyType({"http": 80, "https": 443, "ftp": 21, "ftps": 21, "sftp": 22})
"""The schemes that files travel by, with their usual ports. `ftps` is FTP that turns to TLS (RFC 4217)."""
LENGTH_MAX = 2000
"""1.6 sets no limit; 2.0.1 allows 512, and signed links of cloud stores have about 1,500."""

_PLAIN = re.compile(r"[!$-\[\]^_a-z|~{}]+", re.IGNORECASE)
"""Printable ASCII without space, quote, fragment, backslash or backtick: programs disagree where a URL with those has its host."""
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A URL taken apart."""

    scheme: str
    host: str
    """In lower case, without brackets."""
    port: int
    user: str | None
    password: str | None
    path: str
    """As it was written, "/" where there was none."""
    query: str

    @property
    def shown(self) -> str:
        """For the log: without what could let somebody in."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def file(self, name: str) -> str:
        """The path of a file there: of the place itself where that names a file, else of `name` below it.

        OCPP calls it a directory (1.6 §6.21) or a location (2.0.1 N01), and in the field both are found: a last part with a dot in it
        is a file's name, and a query belongs to a link made for one file.
        """
        if self.query or "." in self.path.rpartition("/")[2]:
            return self.path
        return self.path.removesuffix("/") + "/" + name


def locate(url: str) -> Location:
    """Take a URL apart. Raises ValueError that says what is wrong, without repeating it: it may carry a password."""
    if len(url) > LENGTH_MAX or _PLAIN.fullmatch(url) is None:
        raise ValueError("is not a plain URL")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is not a URL") from error
    if parts.scheme not in PORTS:
        raise ValueError(f"is not one of {', '.join(PORTS)}")
    if not host or _HOST.fullmatch(host) is None or port == 0:
        raise ValueError("names no host")
    return Location(
        scheme=parts.scheme,
        host=host,
        port=PORTS[parts.scheme] if port is None else port,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        path=parts.path or "/",
        query=parts.query,
    )


def is_allowed(url: str, hosts: Iterable[str]) -> bool:
    """Whether a file may go there or come from there: the host by its name as it is listed, and no other."""
    try:
        place = locate(url)
    except ValueError:
        return False
    return place.host in {host.lower() for host in hosts}
