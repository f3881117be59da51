"""One readable line an event; nothing a reader has to decode, no whole tag."""

import io
import json
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from bridge.demo.book import StartKey, Transaction
from bridge.demo.central_system import Heard, Notice
from bridge.demo.hardware import Switched
from bridge.demo.narrator import Narrator, Voice
from bridge.demo.onlooker import Shown
from bridge.demo.people import ANNA, GARAGE, IDENTITIES, VISITOR
from bridge.demo.physics import Outlet
from bridge.demo.readers import Tap

KEY = StartKey(charge_point=IDENTITIES[GARAGE], connector=1, tag=VISITOR.tag, timestamp="2026-11-23T10:00:00.000Z", register_wh=5000)
OPEN = Transaction(id=1001, key=KEY)
CLOSED = Transaction(id=1001, key=KEY, end_wh=5040)
TAP = Tap(id="tap-1", reader=GARAGE, who="Anna", at_s=0.0, decision={"csms": "demo", "authority": "ocpp", "reason": "accepted"})
TAP.lamp, TAP.lamp_ms, TAP.decision_ms = "green", 23.4, 21.0


def notice(kind: Heard, **more: object) -> Notice:
    return Notice(kind=kind, charge_point=IDENTITIES[GARAGE], **more)  # type: ignore[arg-type]  # a table of its fields


def history(**entry: object) -> Shown:
    return Shown(levels=("charge_point", GARAGE, "history"), value=json.dumps(entry), before="")


def shown(*levels: str, value: str, before: str = "") -> Shown:
    return Shown(levels=levels, value=value, before=before)


def told(tell: Callable[[Narrator], None]) -> str:
    out = io.StringIO()
    tell(Narrator(Console(file=out, highlight=False, markup=False, width=200)))
    return out.getvalue()


@pytest.mark.parametrize(
    "tell, line",
    [
        (lambda to: to.answered(TAP), "reader      garage  GREEN for Anna after 23 ms: accepted (decided by demo)"),
        (lambda to: to.switched(Switched(wallbox=GARAGE, enabled=True)), "wallbox     garage  released"),
        (lambda to: to.switched(Switched(wallbox=GARAGE, enabled=False)), "wallbox     garage  switched off"),
        (lambda to: to.metered(GARAGE, Outlet(register_wh=5012.7)), "meter       garage  5012 Wh, 0.0 kW"),
        (lambda to: to.heard(notice(Heard.CONNECTED)), "central     garage  connected"),
        (lambda to: to.heard(notice(Heard.DISCONNECTED)), "central     garage  disconnected"),
        (lambda to: to.heard(notice(Heard.BOOT)), "central     garage  registered"),
        (lambda to: to.heard(notice(Heard.STATUS, connector=1, status="Charging")), "central     garage  shown as Charging"),
        (
            lambda to: to.heard(notice(Heard.AUTHORIZE, tag=ANNA.tag, status="Accepted")),
            "central     garage  asked about the tag of Anna: Accepted",
        ),
        (
            lambda to: to.heard(notice(Heard.START, connector=1, tag=VISITOR.tag, transaction=OPEN)),
            "central     garage  transaction 1001 of a visitor began at 5000 Wh",
        ),
        (
            lambda to: to.heard(notice(Heard.START, connector=1, tag="X", transaction=OPEN, repeated=True)),
            "central     garage  transaction 1001 of somebody began at 5000 Wh (sent again)",
        ),
        (
            lambda to: to.heard(notice(Heard.STOP, status="PowerLoss", transaction=CLOSED)),
            "central     garage  transaction 1001 ended at 5040 Wh: 40 Wh, PowerLoss",
        ),
        (lambda to: to.heard(notice(Heard.STOP, status="Local")), "central     garage  stop of something unknown"),
        (
            lambda to: to.shown(shown("charge_point", GARAGE, "ocpp", "queue", value="2")),
            "bridge      garage  2 messages wait for the central system",
        ),
        (
            lambda to: to.shown(shown("charge_point", GARAGE, "ocpp", "queue", value="1")),
            "bridge      garage  1 message waits for the central system",
        ),
        (lambda to: to.shown(shown("csms", "demo", "alert", "unreachable", value="away")), "alert       demo    away"),
        (
            lambda to: to.shown(shown("bridge", "alert", "storage", value="", before="the disk is full")),
            "alert       bridge  solved: the disk is full",
        ),
        (
            lambda to: to.shown(history(kind="local", name="Ben", energy_wh=15, cost=0.0045, reason="EVDisconnected")),
            "bridge      garage  local session of Ben over: 15 Wh, 0.0045 EUR, EVDisconnected",
        ),
        (
            lambda to: to.shown(history(kind="ocpp", name=None, energy_wh=15, cost=0, reason="PowerLoss")),
            "bridge      garage  session over: 15 Wh, billed by the central system, PowerLoss",
        ),
        (
            lambda to: to.shown(history(kind="gap", energy_wh=9, reason="bridge_down")),
            "bridge      garage  gap of 9 Wh recorded: bridge_down",
        ),
    ],
)
def test_each_event_is_one_line(tell: Callable[[Narrator], None], line: str) -> None:
    assert re.fullmatch(r" +\d+\.\d\d  (.*)\n", told(tell)).group(1) == line  # type: ignore[union-attr]  # None fails the test


@pytest.mark.parametrize(
    "tell",
    [
        lambda to: to.heard(notice(Heard.SAMPLE, connector=1)),
        lambda to: to.heard(notice(Heard.STATUS, connector=0, status="Available")),
        lambda to: to.shown(shown("charge_point", GARAGE, "ocpp", "queue", value="0")),
        lambda to: to.shown(shown("charge_point", GARAGE, "power_w", value="19320")),
    ],
)
def test_what_nobody_would_turn_round_for_is_left_out(tell: Callable[[Narrator], None]) -> None:
    assert told(tell) == ""


def test_what_happens_while_everything_ends_is_no_part_of_the_story() -> None:
    def end(to: Narrator) -> None:
        to.hush()
        to.heard(notice(Heard.DISCONNECTED))

    assert told(end) == ""


def test_colour_is_for_terminals_only() -> None:
    """In a file there are no escape sequences; on a terminal red is red."""

    def say(to: Narrator) -> None:
        to.title("1. A scene", "about something")
        to.say(Voice.ALERT, "", "careful", style="bold red")
        to.plain("the end")

    assert "\x1b" not in told(say)
    out = io.StringIO()
    say(Narrator(Console(file=out, force_terminal=True, width=200, color_system="standard")))
    assert "\x1b[1;31mcareful" in out.getvalue()
