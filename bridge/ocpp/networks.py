"""Network profiles (OCPP 2.0.1 B09, B10): other addresses of the central system, in slots that it fills itself. Pure.

Slot 1 is the configuration's and can't be overwritten: whatever a central system writes, the one that was configured is found again. A
profile goes where the configuration allows, with the configured identity and password; it brings none of its own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bridge.ocpp.address import station_url

HOME = 1
"""The slot of the configured central system."""
SLOTS = 3
"""One for the configuration, one in use and one to go to."""
NOTE = "network"
"""Under this name profiles are kept (`Kept.notes`)."""
TIMEOUT_MIN_S, TIMEOUT_MAX_S = 5, 300
"""As for `call_timeout_s` of the configuration."""
PLAIN, PASSWORD, TLS = 0, 1, 2
"""Security profiles of part 2, A: nothing at all, a password on a bare line, the same over TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a central system has put into a slot."""

    url: str
    """Without the identity."""
    protocol: str
    """The sub-protocol."""
    security: int
    timeout_s: int = 0
    """For an answer; 0: the configuration's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How a link goes now, and where else it may go."""

    slot: int = HOME
    security: int = PLAIN
    protocols: tuple[str, ...] = ()
    """What the configuration offers."""
    hosts: frozenset[str] = frozenset()
    """Where the password may be shown."""
    identity: str = ""
    authenticates: bool = False
    """There is a password."""


def security_of(url: str, *, authenticates: bool) -> int:
    """The security profile of an address."""
    if url.startswith("wss:"):
        return TLS
    return PASSWORD if authenticates else PLAIN


def host_of(url: str) -> str:
    """The host of an address; empty where it has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def refusal(profile: Profile, network: Network) -> str | None:
    """Why this station can't go there (a reason code of part 2, appendix 5); None: it can."""
    if profile.protocol not in network.protocols:
        return "UnsupportedParam"
    # B09.FR.04: "if securityProfile is lower than currently stored SecurityProfile, the Charging Station SHALL respond with Rejected"
    if profile.security < network.security:
        return "NoSecurityDowngrade"
    # certificates of our own (security profile 3) there are none, and one that is named must be the one that is spoken
    if profile.security != security_of(profile.url, authenticates=network.authenticates):
        return "InvalidNetworkConf"
    try:
        station_url(profile.url, network.identity)
    except ValueError:
        return "InvalidURL"
    return None if host_of(profile.url) in network.hosts else "InvalidURL"


def read(notes: Mapping[str, str]) -> dict[int, Profile]:
    """The profiles that were set, by slot."""
    kept: dict[str, dict[str, Any]] = json.loads(notes.get(NOTE, "{}"))
    return {int(slot): Profile(**fields) for slot, fields in kept.items()}


def written(profiles: Mapping[int, Profile]) -> str:
    """As they are kept."""
    return json.dumps(
        {
            str(slot): {"url": one.url, "protocol": one.protocol, "security": one.security, "timeout_s": one.timeout_s}
            for slot, one in sorted(profiles.items())
        }
    )
