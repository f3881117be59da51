"""Tells what happens, one line an event: when, where, who, what. Colour on a terminal, plain text elsewhere."""

import json
import time
from enum import Enum, unique

from rich.console import Console
from rich.text import Text

from bridge.demo.central_system import Heard, Notice
from bridge.demo.hardware import Switched
from bridge.demo.onlooker import Shown
from bridge.demo.people import place, whose
from bridge.demo.physics import Outlet
from bridge.demo.readers import Tap

CURRENCY = "EUR"
"""As in the demo's configuration."""


@unique
class Voice(Enum):
    """Who an event comes from, and how that looks."""

    DEMO = ("demo", "bold")
    PEOPLE = ("people", "cyan")
    READER = ("reader", "white")
    WALLBOX = ("wallbox", "blue")
    METER = ("meter", "dim")
    CENTRAL = ("central", "magenta")
    ENERGY = ("energy mgmt", "yellow")
    BRIDGE = ("bridge", "bold")
    ALERT = ("alert", "yellow")

    def __init__(self, label: str, style: str) -> None:
        """Its word in the line, and its colour."""
        self.label = label
        self.style = style


class Narrator:
    """Writes to a console; asked by nobody, told by everybody."""

    def __init__(self, console: Console) -> None:
        """Time begins now."""
        self.console = console
        self._begun_s = time.monotonic()
        self._hushed = False

    def say(self, voice: Voice, where: str, text: str, *, style: str | None = None) -> None:
        """One line."""
        if self._hushed:
            return
        plain = "" if voice in {Voice.DEMO, Voice.BRIDGE} else voice.style
        line = Text.assemble(
            (f"{time.monotonic() - self._begun_s:6.2f}  ", "dim"),
            (f"{voice.label:<12}", voice.style),
            (f"{where:<8}", "dim"),
            (text, plain if style is None else style),
        )
        self.console.print(line, soft_wrap=True)

    def hush(self) -> None:
        """The story is over: what still happens while everything ends is no part of it."""
        self._hushed = True

    def title(self, text: str, about: str) -> None:
        """A scene begins."""
        self.console.print()
        self.console.print(Text(text, style="bold underline"))
        self.console.print(Text(about, style="italic"), soft_wrap=True)

    def plain(self, *lines: str) -> None:
        """Lines that are no events."""
        for line in lines:
            self.console.print(Text(line), soft_wrap=True)

    # --- what each of them has to tell --------------------------------------------------------------------------------------------

    def answered(self, tap: Tap) -> None:
        """A lamp shows a colour."""
        assert tap.lamp is not None
        decision = tap.decision
        authority = decision["csms"] or decision["authority"]
        text = f"{tap.lamp.upper()} for {tap.who} after {tap.lamp_ms:.0f} ms: {decision['reason']} (decided by {authority})"
        self.say(Voice.READER, tap.reader, text, style=f"bold {tap.lamp}")

    def switched(self, switched: Switched) -> None:
        """A wallbox obeys."""
        self.say(Voice.WALLBOX, switched.wallbox, "released" if switched.enabled else "switched off")

    def metered(self, name: str, outlet: Outlet) -> None:
        """Energy flows."""
        self.say(Voice.METER, name, f"{outlet.shown_wh} Wh, {outlet.power_w / 1000:.1f} kW")

    def heard(self, notice: Notice) -> None:
        """The central system heard of a station. Readings and its connector 0 are left out: they would drown the rest."""
        if notice.kind is Heard.SAMPLE or notice.connector == 0:
            return
        self.say(Voice.CENTRAL, place(notice.charge_point), _heard(notice))

    def shown(self, shown: Shown) -> None:
        """The bridge shows something new; only what a person would turn round for."""
        match shown.levels:
            case (*about, "alert", _):
                text = shown.value or f"solved: {shown.before}"
                self.say(Voice.ALERT, about[-1], text, style=None if shown.value else "green")
            case ("charge_point", where, "history"):
                self.finished(where, shown.value)
            case ("charge_point", where, "ocpp", "queue") if shown.value not in {"", "0"}:
                waiting = "1 message waits" if shown.value == "1" else f"{shown.value} messages wait"
                self.say(Voice.BRIDGE, where, f"{waiting} for the central system")

    def finished(self, where: str, text: str) -> None:
        """A session is over, or a gap was found."""
        self.say(Voice.BRIDGE, where, _finished(json.loads(text)))


def _heard(notice: Notice) -> str:
    transaction = notice.transaction
    again = " (sent again)" if notice.repeated else ""
    match notice.kind:
        case Heard.CONNECTED:
            return "connected"
        case Heard.DISCONNECTED:
            return "disconnected"
        case Heard.BOOT:
            return "registered"
        case Heard.STATUS:
            return f"shown as {notice.status}"
        case Heard.AUTHORIZE:
            return f"asked about the tag of {whose(notice.tag or '')}: {notice.status}"
        case Heard.START if transaction is not None:
            return f"transaction {transaction.id} of {whose(notice.tag or '')} began at {transaction.key.register_wh} Wh{again}"
        case Heard.STOP if transaction is not None:
            return f"transaction {transaction.id} ended at {transaction.end_wh} Wh: {transaction.energy_wh} Wh, {notice.status}{again}"
        case _:
            return f"{notice.kind} of something unknown"


def _finished(entry: dict[str, object]) -> str:
    match entry["kind"]:
        case "gap":
            return f"gap of {entry['energy_wh']} Wh recorded: {entry['reason']}"
        case "local":
            return f"local session of {entry['name']} over: {entry['energy_wh']} Wh, {entry['cost']} {CURRENCY}, {entry['reason']}"
        case _:
            return f"session over: {entry['energy_wh']} Wh, billed by the central system, {entry['reason']}"
