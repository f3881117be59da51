"""What a link is built from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from bridge.clock import Clock
from bridge.ocpp.backoff import Intervals, Pace
from bridge.ocpp.dialect import Nameplate
from bridge.ocpp.wire import Connect, Endpoint, Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Times of a link, in seconds. The defaults are for real life; tests shorten them."""

    call_timeout_s: float = 30.0
    """Without an answer for so long the link is closed and opened anew (design.md §4 rule 5)."""
    pong_s: float = 15.0
    """A ping is answered within this. With a ping every 20 s a half-open link is found within 35."""
    request_s: float = 25.0
    """The core answers a request within this; central systems give up after 30."""
    restart_s: float = 5.0
    """A restart waits so long for what is being sent."""
    settle_s: float = 0.5
    """A soft restart waits until so long no record has come from the disk: the end of its session goes first."""
    replay_s: float = 60.0
    """How often parked sessions are looked for whose time has come; they wait for hours."""
    start_spread_s: float = 0.0
    """The first connection comes within this: where there are many charge points, they take turns."""
    second_s: float = 1.0
    """How long a second lasts that the central system speaks of: intervals, pings, retries. Not 1 only in tests."""
    pace: Pace = field(default_factory=Pace)
    intervals: Intervals = field(default_factory=Intervals)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSetup:
    """The surroundings of one link."""

    endpoint: Endpoint
    nameplate: Nameplate
    clock: Clock
    rng: Random
    connect: Connect
    hide: Callable[[str], str]
    """Masks the tags in a text that goes into the log or the queue's error column."""
    note: Callable[[str, str, str], None] = lambda _name, _mark, _text: None
    """Keeps what was said: the charge point's name, a mark, and the frame with its tags masked."""
    on_time: Callable[[int], None] = lambda _utc_ms: None
    """Told whenever the central system tells the time (UTC in milliseconds), before it is compared with the clock."""
    network_hosts: tuple[str, ...] = ()
    """Where the central system may send this station beside its own host (network profiles)."""
    tls: Callable[[], Tls | None] = lambda: None
    """Whom to trust, for a network profile with wss:// where the endpoint says nothing of it; None: whom the system trusts."""
    settings: LinkSettings = field(default_factory=LinkSettings)
