"""The table of topics is the contract of design.md §3."""

import re
from pathlib import Path

import pytest

from bridge.mqtt.topics import TABLE, Direction, Nature, Topic

NAMES = [row.pattern for row in TABLE]


def _row(pattern: str) -> Topic:
    return next(row for row in TABLE if row.pattern == pattern)


def test_no_topic_stands_twice() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_each_row_says_what_it_is(row: Topic) -> None:
    """People read the table: a sentence each, and names with their units."""
    assert re.fullmatch(r"[A-Z].*[.]", row.about)
    assert re.fullmatch(r"(\{?[a-z_]+\}?/)*\{?[a-z_]+\}?", row.pattern)
    assert row.retained is (row.nature is Nature.STATE)


@pytest.mark.parametrize("row", [row for row in TABLE if row.direction is Direction.OUT], ids=lambda row: row.pattern)
def test_what_acts_once_grows_old(row: Topic) -> None:
    """A decision, a lamp or a command that arrives late would act on the wrong driver."""
    assert (row.expiry_s is None) is row.retained
    assert not (row.floor_s and not row.retained)


@pytest.mark.parametrize(
    "pattern, qos",
    [
        ("meter/{id}/power_w", 0),
        ("meter/{id}/current_a/{phase}", 0),
        ("meter/{id}/voltage_v/{phase}", 0),
        ("charge_point/{cp}/power_w", 0),
        ("meter/{id}/energy_wh", 1),
        ("nfc/{id}/tap", 1),
        ("nfc/{id}/led", 1),
    ],
)
def test_only_what_comes_again_in_a_second_may_be_lost(pattern: str, qos: int) -> None:
    assert _row(pattern).qos == qos


@pytest.mark.parametrize(
    "pattern",
    [
        "nfc/{id}/tap",
        "nfc/{id}/tap_text",
        "nfc/{id}/led",
        "nfc/{id}/decision",
        "users/{user}/start",
        "users/{user}/decision",
        "wallbox/{id}/command/unlock",
        "wallbox/{id}/command/result",
        "charge_point/{cp}/history",
        "meter/{id}/sample",
        "bridge/request/{command}",
        "bridge/response/{command}",
    ],
)
def test_what_acts_once_is_never_retained(pattern: str) -> None:
    """A retained tap would open a session at every restart (esp-rfid#128)."""
    assert not _row(pattern).retained


def test_what_holds_the_hardware_goes_first() -> None:
    assert {row.pattern.rpartition("/")[2] for row in TABLE if row.urgent} == {"enabled", "limit_a", "limit_w", "mode", "reason"}


def test_topic_names_are_written_nowhere_else_in_the_room() -> None:
    """Whoever renames a topic changes one line."""
    words = re.compile(r"""["'](wallbox|meter|nfc|users|ems|price|charge_point|csms|bridge)/""")
    room = Path(__file__).parents[2] / "bridge" / "mqtt"
    found = [file.name for file in room.glob("*.py") if words.search(file.read_text())]
    assert found == ["topics.py"]
