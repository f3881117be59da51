"""`evbridge replay`: what happened, again, by this version: every decision and session, and what comes out otherwise."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final, TypeAlias

from bridge import __version__
from bridge.commands.history import local_time
from bridge.config import load
from bridge.core.effects import Decision, EntryKind, HistoryEntry, WriteHistory
from bridge.core.state import LocalSession, NoSession
from bridge.core.values import Authority, tag_key
from bridge.ocpp.times import as_iso
from bridge.tape.language import Language
from bridge.tape.pages import Pages, TapeRefused, packed
from bridge.tape.player import Difference, Moment, Player
from bridge.tape.recorder import PAGE_BYTES, folder_of, segments
from bridge.tape.scribe import Scribe

REF_LENGTH: Final = 12
"""Characters that the disguise of a tag has in common with the `tag_ref` of decisions and history."""
Row: TypeAlias = dict[str, Any]


class Shown(Enum):
    """How much is printed."""

    DECISIONS = auto()
    EVENTS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of it, and how."""

    charge_point: str | None
    shown: Shown
    as_json: bool
    copy: Path | None
    """A tape to write what was played to, with what comes of it in this version."""


def tape_of(configuration: Path) -> Path:
    """The folder in which a bridge with this configuration records."""
    return folder_of(load(configuration).store)


def replay(tape: Path, wanted: Wanted) -> int:
    """Play a file, or all of a folder; 1 where anything comes out otherwise. Raises TapeRefused."""
    player, copy = Player(), Copy()
    events = decisions = differences = 0
    for moment in _moments(tape, player):
        if wanted.charge_point not in {None, moment.charge_point}:
            continue
        events += 1
        decisions += len(moment.decisions)
        differences += len(moment.differences)
        for row in _rows(moment, wanted.shown):
            print(json.dumps(row, ensure_ascii=False) if wanted.as_json else _line(row))
        copy.add(moment)
    if events == 0:
        raise TapeRefused(f"nothing is recorded in {tape}{'' if wanted.charge_point is None else f' of {wanted.charge_point}'}")
    if wanted.copy is not None:
        _write(wanted.copy, copy.text())
    summary = {
        "kind": "summary",
        "events": events,
        "decisions": decisions,
        "differences": differences,
        "recorded_by": player.versions,
        "played_by": __version__,
        "not_compared": sorted(player.incomparable),
    }
    print(json.dumps(summary) if wanted.as_json else _summary(summary))
    return 1 if differences else 0


class Copy:
    """A tape of its own of what has been played."""

    def __init__(self) -> None:
        """Empty."""
        self._scribe = Scribe(Language())
        self._page = bytearray(self._scribe.begin())
        self._pages = bytearray()

    def add(self, moment: Moment) -> None:
        """With what comes of it now. What this version fails on has nothing to be compared with."""
        self._page += self._scribe.lines(moment.before, moment.event, moment.made)
        if len(self._page) >= PAGE_BYTES:
            self._turn()

    def text(self) -> bytes:
        """The whole file."""
        self._turn()
        return bytes(self._pages)

    def _turn(self) -> None:
        self._pages += packed(bytes(self._page))
        self._page.clear()


# --- files --------------------------------------------------------------------------------------------------------------------------


def _moments(tape: Path, player: Player) -> Iterator[Moment]:
    files = segments(tape) if tape.is_dir() else [tape]
    for path in files:
        try:
            with path.open("rb") as file:
                pages = Pages(file)
                yield from player.play(pages)
        except OSError as error:
            raise TapeRefused(f"{path} can't be read: {error.strerror}; name a file or a folder that evbridge has recorded") from error
        except TapeRefused as error:
            raise TapeRefused(f"{path}: {error}") from error
        if pages.torn:
            print(f"{path}: its end is cut off or spoilt; what stands before that was played", file=sys.stderr)


def _write(path: Path, text: bytes) -> None:
    try:
        path.write_bytes(text)
    except OSError as error:
        raise TapeRefused(f"{path} can't be written: {error.strerror}") from error


# --- what is told -------------------------------------------------------------------------------------------------------------------


def _rows(moment: Moment, shown: Shown) -> Iterator[Row]:
    """As JSON has it."""
    head = {"ts": as_iso(moment.event.at.utc_ms), "charge_point": moment.charge_point}
    if shown is Shown.EVENTS:
        yield {**head, "kind": "event", **Language().event(moment.event)}
    for decision in moment.decisions:
        yield {**head, "kind": "decision", **_decision(decision, moment.before.rules.backend)}
    if moment.made is not None:
        for effect in moment.made.effects:
            if isinstance(effect, WriteHistory):
                yield {**head, **_finished(effect.entry)}
        before, after = moment.before.kept.session, moment.made.state.kept.session
        if not isinstance(after, NoSession) and (isinstance(before, NoSession) or before.id != after.id):
            authority = Authority.LOCAL if isinstance(after, LocalSession) else Authority.OCPP
            yield {
                **head,
                "kind": "session_begin",
                "session": after.id,
                "authority": authority.value,
                "user": after.person.user,
                "register_wh": after.begin.register_wh,
            }
    for difference in moment.differences:
        yield {**head, "kind": "difference", **_difference(moment, difference)}


def _decision(decision: Decision, backend: str | None) -> Row:
    tag = decision.card if decision.card is not None else None if decision.tag is None else decision.tag.text
    return {
        "led": decision.colour.value,
        "reason": decision.why.value,
        "authority": decision.authority.value,
        "backend": backend if decision.authority is Authority.OCPP else None,
        "ocpp_status": None if decision.verdict is None else decision.verdict.value,
        "user": decision.user,
        "tag_ref": None if tag is None else tag_key(tag)[:REF_LENGTH].lower(),
    }


def _finished(entry: HistoryEntry) -> Row:
    return {
        "kind": "gap" if entry.kind is EntryKind.GAP else "session_end",
        "session": entry.id,
        "authority": None if entry.authority is None else entry.authority.value,
        "user": entry.user,
        "register_wh": entry.end_wh,
        "energy_wh": entry.energy_wh,
        "reason": entry.reason,
    }


def _difference(moment: Moment, difference: Difference) -> Row:
    return {"event": type(moment.event).__name__, "what": difference.what, "then": difference.then, "now": difference.now}


def _line(row: Row) -> str:
    """For people: local time, words."""
    match row["kind"]:
        case "decision":
            who = row["user"] or (row["tag_ref"] and f"tag {row['tag_ref']}") or "nobody known"
            said = row["ocpp_status"] and f" ({row['ocpp_status']})"
            told = f"{row['led']}: {row['reason']}, by {row['backend'] or row['authority']}{said or ''}, for {who}"
        case "session_begin":
            told = f"session begins: {row['session']}, {row['authority']}, at {row['register_wh']} Wh"
        case "session_end":
            told = f"session ends: {row['session']}, {row['authority']}, {row['energy_wh']} Wh, {row['reason']}"
        case "gap":
            told = f"energy of no session: {row['energy_wh']} Wh, {row['reason']}"
        case "difference":
            told = f"DIFFERENCE on {row['event']}: {_told(row)}"
        case _:
            rest = {key: value for key, value in row.items() if key not in {"ts", "charge_point", "kind", "type", "at", "fresh"}}
            told = f"- {row['type']} {json.dumps(rest, ensure_ascii=False)}"
    return f"{local_time(row['ts'])}  {row['charge_point']}  {told}"


def _told(row: Row) -> str:
    match row["what"]:
        case "failure":
            return f"this version fails on it: {row['now']}"
        case "state":
            return f"the state comes out otherwise: {row['now']}"
        case what:
            return f"{what} then: {row['then']}; now: {row['now']}"


def _summary(row: Row) -> str:
    text = (
        f"{row['events']} events, {row['decisions']} decisions, {row['differences']} differences; "
        f"recorded by evbridge {', '.join(row['recorded_by'])}, played by {row['played_by']}"
    )
    if row["not_compared"]:
        text += f"; built otherwise in this version, so not compared in full: {', '.join(row['not_compared'])}"
    return text
