"""What links to one central system share, and what each has of its own."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from bridge.clock import Clock
from bridge.config import Configuration
from bridge.ocpp.websocket import SocketSettings
from bridge.ocpp.wire import Connect, Endpoint, Wire
from bridge.roads import Road, road
from tests.config.files import loaded
from tests.ocpp.stations import FakeStation

SITE = """
[csms.office]
url = "wss://office.example/ocpp"
protocol = ["ocpp2.0.1", "ocpp1.6"]
connect_timeout_s = 7
reconnect_max_s = 1
{more}
[charge_points.left]
csms = "office"
password_env = "LEFT"
[charge_points.right]
csms = "office"
"""


def site(tmp_path: Path, more: str = "") -> Configuration:
    return loaded(tmp_path, SITE.format(more=more), LEFT="0011ff")


async def nowhere(_endpoint: Endpoint) -> Wire:
    raise AssertionError("nobody connects")


class Openers:
    """Counts who is made."""

    def __init__(self) -> None:
        self.made: list[SocketSettings] = []

    def __call__(self, utc_ms: Callable[[], int], settings: SocketSettings) -> Connect:
        self.made.append(settings)
        return nowhere


def to_office(configuration: Configuration, openers: Openers) -> Road:
    [csms] = configuration.csms.values()
    return road(csms, clock=Clock(), rng=Random(1), opener=openers, note=lambda *_: None, on_time=lambda _: None, start_spread_s=0.02)


def test_two_links_to_one_central_system_differ_in_little_more_than_their_names(tmp_path: Path) -> None:
    """A thousand of them would take two megabytes more, and with TLS twenty."""
    configuration, openers = site(tmp_path), Openers()
    made = to_office(configuration, openers)
    left, right = (made.link(FakeStation(), one)._setup for one in configuration.charge_points.values())
    assert (left.endpoint.identity, right.endpoint.identity) == ("left", "right")
    assert (left.endpoint.url, right.endpoint.url) == ("wss://office.example/ocpp/left", "wss://office.example/ocpp/right")
    assert left.endpoint.subprotocols == ("ocpp2.0.1", "ocpp1.6")
    assert left.endpoint.tls is right.endpoint.tls is not None
    assert left.settings is right.settings
    assert left.hide is right.hide
    assert openers.made == [SocketSettings(open_s=7)]
    assert made.dialects[0].subprotocol == "ocpp2.0.1"


def test_no_wait_is_longer_than_the_central_systems_longest(tmp_path: Path) -> None:
    configuration = site(tmp_path)
    settings = to_office(configuration, Openers()).link(FakeStation(), configuration.charge_points["left"])._setup.settings  # type: ignore[index]
    assert (settings.pace.first_s, settings.pace.cap_s, settings.pace.patient_s) == (1, 1, 1)
    assert settings.start_spread_s == 0.02


@pytest.mark.parametrize("more, password", [("", b"0011ff"), ('password_form = "hex"', b"\x00\x11\xff")])
def test_a_password_is_a_text_or_the_bytes_it_stands_for(tmp_path: Path, more: str, password: bytes) -> None:
    """And who has none sends none."""
    configuration = site(tmp_path, more)
    made = to_office(configuration, Openers())
    left, right = (made.link(FakeStation(), one)._setup.endpoint for one in configuration.charge_points.values())
    assert left.password == password
    assert right.password is None
