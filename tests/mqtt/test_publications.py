"""How values are written on topics: what Node-RED, Loxone and people read alike."""

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.values import Status
from bridge.mqtt import topics
from bridge.mqtt.publications import Leaf, json_bytes, number, one_line, plain, publication, scalar


@pytest.mark.parametrize(
    "value, payload",
    [
        (None, b""),
        (True, b"true"),
        (False, b"false"),
        (0, b"0"),
        (7360, b"7360"),
        (-3, b"-3"),
        (11040.0, b"11040"),
        (0.1 + 0.2, b"0.3"),
        (1e-9, b"0"),
        (-1e-9, b"0"),
        (1e12, b"1000000000000"),
        (229.6999, b"229.7"),
        (100.0, b"100"),
        (Decimal("0.283451"), b"0.283451"),
        (Decimal("1E+3"), b"1000"),
        (Decimal("3.850000"), b"3.85"),
        (Decimal(0), b"0"),
        (Status.SUSPENDED_EVSE, b"SuspendedEVSE"),
        ("Zoë", "Zoë".encode()),
        ("half \ud800", b"half ?"),
    ],
)
def test_a_scalar_is_bare(value: Leaf, payload: bytes) -> None:
    """Numbers without quotes, exponent or idle zeros; booleans in lower case; nothing for unknown."""
    assert scalar(value) == payload


@given(st.floats(-1e12, 1e12) | st.integers(-(10**12), 10**12))
def test_numbers_are_read_back_as_they_were(value: float) -> None:
    text = number(value)
    assert set(text) <= set("-0123456789.")
    assert math.isclose(float(text), value, abs_tol=0.0005)
    assert json.loads(text) == float(text)


@pytest.mark.parametrize(
    "value, expected",
    [(None, None), (Decimal(0), 0), (Decimal("3.50"), 3.5), (Decimal("1E+2"), 100), (Decimal("0.1234567"), 0.123457)],
)
def test_money_is_a_json_number(value: Decimal | None, expected: float | None) -> None:
    assert plain(value) == expected


def test_an_object_is_compact_json() -> None:
    assert json_bytes({"status": Status.CHARGING, "text": "ü", "none": None}) == '{"status":"Charging","text":"ü","none":null}'.encode()


@pytest.mark.parametrize("text, line", [("short", "short"), ("two\nlines\x00", "two lines "), ("x" * 12, "x" * 9 + "…")])
def test_text_for_people_is_one_line_of_limited_length(text: str, line: str) -> None:
    assert one_line(text, 10) == line


def test_a_message_takes_its_manners_from_the_table() -> None:
    power = publication(topics.CP_POWER, "evbridge/charge_point/garage/power_w", b"1")
    lamp = publication(topics.LED, "evbridge/nfc/front/led", b"off", after_s=0.7)
    enabled = publication(topics.COMMAND_ENABLED, "evbridge/wallbox/wb1/command/enabled", b"true")
    assert (power.retained, power.qos, power.floor_s, power.expiry_s, power.urgent) == (True, 0, 1.0, None, False)
    assert (lamp.retained, lamp.qos, lamp.expiry_s, lamp.after_s) == (False, 1, 10.0, 0.7)
    assert enabled.urgent
