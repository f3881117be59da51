"""The way to a central system: what all links to it share, and the links themselves.

Each with all of it for itself would take two kilobytes more, and twenty with a TLS context (performance.md §2).
"""

import functools
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from bridge.clock import Clock
from bridge.config.values import ChargePoint, Csms, PasswordForm
from bridge.mqtt.privacy import mask
from bridge.ocpp.backoff import Intervals, Pace
from bridge.ocpp.dialect import Dialect
from bridge.ocpp.link import Link
from bridge.ocpp.ports import Station
from bridge.ocpp.privacy import hidden
from bridge.ocpp.setup import LinkSettings, LinkSetup
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.v201.dialect import Dialect201
from bridge.ocpp.websocket import SocketSettings
from bridge.ocpp.wire import Connect, Endpoint

CONNECTS_A_SECOND = 100
"""First connections of many charge points are spread, so that a central system is not hit by all at once (performance.md §3)."""

DIALECTS: Mapping[str, Dialect] = {"ocpp1.6": Dialect16(), "ocpp2.0.1": Dialect201()}
"""By sub-protocol. They hold nothing, so that all links share them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """To one central system; made by `road`."""

    csms: Csms
    setup: Callable[..., LinkSetup]
    """Lacks `endpoint` and `nameplate`."""
    tls: ssl.SSLContext | None
    dialects: tuple[Dialect, ...]

    def link(self, station: Station, one: ChargePoint) -> Link:
        """The link of a charge point that belongs to this central system; it does not run yet."""
        assert one.address is not None, "who has a central system has an address there"
        endpoint = Endpoint(
            url=one.address,
            identity=one.identity,
            subprotocols=self.csms.protocols,
            password=_password(one, self.csms),
            tls=self.tls,
        )
        return Link(station=station, dialects=self.dialects, setup=self.setup(endpoint=endpoint, nameplate=one.nameplate))


def road(
    csms: Csms,
    *,
    clock: Clock,
    rng: Random,
    opener: Callable[[Callable[[], int], SocketSettings], Connect],
    note: Callable[[str, str, str], None],
    on_time: Callable[[int], None],
    start_spread_s: float,
) -> Road:
    """`opener`, `note`, `on_time` and `start_spread_s` as in `bridge.app.Surroundings` and `bridge.ocpp.setup`."""
    setup = functools.partial(
        LinkSetup,
        clock=clock,
        rng=rng,
        connect=opener(clock.utc_ms, SocketSettings(open_s=csms.connect_timeout_s)),
        hide=functools.partial(hidden, mask=mask),
        note=note,
        on_time=on_time,
        network_hosts=csms.network_hosts,
        tls=functools.cache(functools.partial(_context, csms)),
        settings=LinkSettings(
            call_timeout_s=csms.call_timeout_s,
            start_spread_s=start_spread_s,
            pace=_pace(csms.reconnect_max_s),
            intervals=Intervals(floor_s=csms.boot_retry_min_s),
        ),
    )
    tls = _context(csms) if csms.url.startswith("wss:") else None
    return Road(csms=csms, setup=setup, tls=tls, dialects=tuple(DIALECTS[one] for one in csms.protocols))


def _context(csms: Csms) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=csms.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _pace(cap_s: float) -> Pace:
    """The usual waits between attempts to connect, none longer than this."""
    usual = Pace()
    return Pace(first_s=min(usual.first_s, cap_s), cap_s=cap_s, patient_s=min(usual.patient_s, cap_s))


def _password(one: ChargePoint, csms: Csms) -> bytes | None:
    if one.password is None:
        return None
    return bytes.fromhex(one.password.text) if csms.password_form is PasswordForm.HEX else one.password.text.encode()
