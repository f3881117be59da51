"""Which address a link tries next: the configured central system, or a network profile that it has set (OCPP 2.0.1 B10). Pure."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from bridge.core.state import State
from bridge.ocpp.address import station_url
from bridge.ocpp.networks import HOME, TIMEOUT_MAX_S, TIMEOUT_MIN_S, Network, Profile, host_of, read, refusal, security_of
from bridge.ocpp.wire import Endpoint, Tls

CENTRAL_SYSTEMS_MAX = 100
"""Of one installation; with more, some links have a set of hosts of their own, which takes 200 bytes."""


class Roads:
    """Of one link. What the central system changes is in force after a restart of the station (`plan`)."""

    __slots__ = ("_arrived", "_home", "_hosts", "_place", "_roads", "_tls", "_tries")

    def __init__(self, home: Endpoint, hosts: tuple[str, ...], tls: Callable[[], Tls | None]) -> None:
        """`home` is the configured central system, `hosts` are others that a profile may name; `tls` is for those that need it."""
        self._home = home
        self._hosts = _allowed(host_of(home.url), hosts)
        self._tls = tls
        self._roads: list[tuple[int, Endpoint]] = [(HOME, home)]
        self._place = 0
        self._tries = 0
        self._arrived = HOME
        """The last slot where somebody answered."""

    @property
    def endpoint(self) -> Endpoint:
        """Where to go now."""
        return self._roads[self._place][1]

    @property
    def slot(self) -> int:
        """The slot of it."""
        return self._roads[self._place][0]

    @property
    def network(self) -> Network:
        """For whoever answers questions about it."""
        return self._network(self.slot, self.endpoint)

    def plan(self, state: State) -> bool:
        """Begin anew, in the order of priority; True: by another road than the one in use.

        B10.FR.03: after the last of them the one that worked last is tried; and after that the configured one, whatever was set.
        """
        before = self.endpoint
        known = {HOME: self._home}
        for slot, profile in read(state.kept.notes).items():
            # what was accepted once may have been forbidden since, in the configuration
            if refusal(profile, self._network(HOME, self._home)) is None:
                known[slot] = self._to(profile)
        wanted = [*map(int, state.settings.network_priority), self._arrived, HOME]
        self._roads = [(slot, known[slot]) for slot in dict.fromkeys(wanted) if slot in known]
        self._place = self._tries = 0
        return self.endpoint != before

    def failed(self, attempts: int) -> bool:
        """Nobody answered there, or not for long; after so many attempts another road is taken. True: now."""
        self._tries += 1
        if self._tries < max(1, attempts) or len(self._roads) == 1:
            return False
        self._place = (self._place + 1) % len(self._roads)
        self._tries = 0
        return True

    def arrived(self) -> None:
        """Somebody answers."""
        self._tries = 0
        self._arrived = self.slot

    def _to(self, profile: Profile) -> Endpoint:
        home = self._home
        tls = None if profile.url.startswith("ws:") else home.tls or self._tls()
        timeout_s = float(min(max(profile.timeout_s, TIMEOUT_MIN_S), TIMEOUT_MAX_S)) if profile.timeout_s > 0 else home.timeout_s
        url = station_url(profile.url, home.identity)
        return replace(home, url=url, subprotocols=(profile.protocol,), tls=tls, timeout_s=timeout_s)

    def _network(self, slot: int, endpoint: Endpoint) -> Network:
        authenticates = self._home.password is not None
        return Network(
            slot=slot,
            security=security_of(endpoint.url, authenticates=authenticates),
            protocols=self._home.subprotocols,
            hosts=self._hosts,
            identity=self._home.identity,
            authenticates=authenticates,
        )


@lru_cache(CENTRAL_SYSTEMS_MAX)
def _allowed(home: str, others: tuple[str, ...]) -> frozenset[str]:
    """Where a central system may send its stations: one set for all of its links."""
    return frozenset({home, *(host.lower() for host in others)})
