"""One charge point, alive: event in, step, commit, perform. The only writer of its state.

Questions, lamps and switching off leave at once. Releases, records and promises leave after the commit that explains them
(design.md §4 rule 3). While a commit is under way the state runs ahead of the disk; the hardware is held at what is safe.
"""

import asyncio
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, assert_never

from bridge.clock import BUILT_MS, Clock
from bridge.core.backend import BackendOffline, RecordDelivered, RecordParked
from bridge.core.clockwork import deadline_s
from bridge.core.effects import (
    AnnounceReading,
    AnnounceStatus,
    Answer,
    AnyEffect,
    AskAuthorize,
    AskSite,
    ChangeList,
    Command,
    CommandHardware,
    Decide,
    Decision,
    Effects,
    ForgetTag,
    ForgetTags,
    HistoryEntry,
    InstallFirmware,
    RecordSample,
    RecordStart,
    RecordStop,
    RecordUpdate,
    RememberTag,
    ResetHardware,
    RestartStation,
    StartUpload,
    Tell,
    UnlockHardware,
    WriteHistory,
)
from bridge.core.energy import command
from bridge.core.events import AnyEvent, Restarted, TimePassed
from bridge.core.leap import is_dated
from bridge.core.orders import LogJob
from bridge.core.state import State
from bridge.core.step import Step, step
from bridge.core.values import CommandId, IdTag, Person, RecordId, SessionId, TagInfo
from bridge.store.protocol import Change, OutboxRow, Parked, Sent, Store

TICK_S = 0.001
"""Loops round timers to milliseconds; one that fires too early would find nothing due and spin."""


class Outlet(Protocol):
    """Where a charge point shows itself to the site: hardware, lamps, dashboards."""

    def decided(self, runtime: "Runtime", decision: Decision) -> None:
        """Show a decision."""

    def commanded(self, runtime: "Runtime", command: Command) -> None:
        """Set the hardware."""

    def unlock(self, runtime: "Runtime", command: CommandId) -> None:
        """Free the cable."""

    def reset(self, runtime: "Runtime", command: CommandId) -> None:
        """Restart the wallbox."""

    def install_firmware(self, runtime: "Runtime", effect: InstallFirmware) -> None:
        """Hand new firmware to the wallbox."""

    def ask_site(self, runtime: "Runtime", effect: AskSite) -> None:
        """Put a vendor's message to the flows."""

    def upload(self, runtime: "Runtime", job: LogJob) -> None:
        """Send a log away; one that runs is given up."""

    def finished(self, runtime: "Runtime", entry: HistoryEntry) -> None:
        """Publish a history entry."""

    def changed(self, runtime: "Runtime", before: State) -> None:
        """The state is another one; dashboards follow."""

    def person(self, runtime: "Runtime", tag: IdTag) -> Person:
        """Who a tag belongs to."""

    def link_changed(self, runtime: "Runtime", *, connected: bool, boot_status: str | None, error: str | None, version: str) -> None:
        """The link to the central system is up, down, or says what is wrong."""


class Wire(Protocol):
    """The charge point's link to its central system (`bridge.ocpp.link.Link`)."""

    def perform(self, effect: AskAuthorize | AnnounceStatus | AnnounceReading | Answer | Tell | RestartStation) -> None:
        """Say it, without blocking."""

    def wake(self) -> None:
        """Records have been committed."""

    def look(self) -> None:
        """The state is another one."""


class Runtime:
    """One charge point. Built by `app`; implements `bridge.ocpp.ports.Station`."""

    def __init__(
        self,
        *,
        state: State,
        link: str | None,
        clock: Clock,
        store: Store,
        outlet: Outlet,
        take: Callable[[State, AnyEvent], Step] = step,
    ) -> None:
        """`link` names the backend its records are for; None: it has none. `take` is `step`, or what records it."""
        self.wire: Wire | None = None
        self._take = take
        self._state = state
        self._link = link
        self._clock = clock
        self._store = store
        self._outlet = outlet
        self._uncommitted = 0
        self._commanded: Command | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s: float | None = None

    @property
    def state(self) -> State:
        """As of the newest event."""
        return self._state

    # --- in -----------------------------------------------------------------------------------------------------------------------

    def handle(self, event: AnyEvent) -> None:
        """Something happened. Never blocks."""
        self._advance(event, parked=())

    def _advance(self, event: AnyEvent, *, parked: tuple[Parked, ...]) -> None:
        before = self._state
        made = self._take(before, event)
        self._state = made.state
        for effect in made.effects:
            self._perform_at_once(effect)
        later = tuple(effect for effect in made.effects if not isinstance(effect, AskAuthorize | Decide | CommandHardware))
        change = self._change(before, event, made.effects, parked)
        if change is None:
            self._perform(later)
        else:
            self._uncommitted += 1
            self._store.commit(change).add_done_callback(functools.partial(self._committed, change, later))
        if any(isinstance(effect, CommandHardware) for effect in made.effects):
            self._command()
        self._arm()
        self._outlet.changed(self, before)
        if self.wire is not None:
            self.wire.look()

    def _change(self, before: State, event: AnyEvent, effects: Effects, parked: tuple[Parked, ...]) -> Change | None:
        """What this event makes durable; None: nothing."""
        after = self._state
        change = Change(charge_point=after.rules.charge_point, link=self._link, utc_ms=after.now.utc_ms, parked=parked)
        nothing = change
        if after.kept is not before.kept:
            change = replace(change, kept=after.kept)
        if isinstance(event, BackendOffline | Restarted) and after.storage_ok and self._anything_waits():
            change = replace(change, waited=True)
        if isinstance(event, RecordDelivered):
            change = replace(change, delivered=(event.record,))
            if event.starts and event.backend_id is not None:
                change = replace(change, assigned=((event.session, event.backend_id),))
        for effect in effects:
            match effect:
                case RecordStart() | RecordSample() | RecordUpdate() | RecordStop():
                    change = replace(change, records=(*change.records, effect))
                case WriteHistory():
                    change = replace(change, history=(*change.history, effect.entry))
                case Decide() if after.storage_ok:
                    # A flood of taps while the disk is full must not pile up in memory; the lamp has told them all.
                    change = replace(change, decisions=(*change.decisions, effect.decision))
                case RememberTag() if self.listed_tag(effect.tag) is None:
                    # OCPP 1.6 §3.5.3: "Identifiers known in the Local Authorization List SHALL NOT be added to the Authorization Cache".
                    change = replace(change, remembered=(*change.remembered, (effect.tag, effect.info)))
                case ForgetTags():
                    change = replace(change, forget_tags=True)
                case ForgetTag(tag=tag):
                    change = replace(change, forgotten=(*change.forgotten, tag))
                case ChangeList(full=full, entries=entries):
                    change = replace(change, list_replaced=full, listed=entries)
                case _:
                    pass
        return None if change is nothing and not parked else change

    def _anything_waits(self) -> bool:
        """Whether a record is queued, or may be about to."""
        return self._link is not None and (self._uncommitted > 0 or self._store.is_queued(self._state.rules.charge_point, self._link, None))

    def _arm(self) -> None:
        """Have the core told when it next wants to be."""
        due_s = deadline_s(self._state)
        if due_s == self._due_s:
            return
        self.stop()
        self._due_s = due_s
        if due_s is not None:
            self._timer = asyncio.get_running_loop().call_at(due_s + TICK_S, self._time_passed)

    def _time_passed(self) -> None:
        self._timer = self._due_s = None
        self.handle(TimePassed(**self._clock.stamp()))

    def stop(self) -> None:
        """Hear no more deadlines."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due_s = None

    # --- out ----------------------------------------------------------------------------------------------------------------------

    def _perform_at_once(self, effect: AnyEffect) -> None:
        """Questions and lamps never wait for the disk."""
        match effect:
            case AskAuthorize():
                self._say(effect)
            case Decide():
                self._outlet.decided(self, effect.decision)
            case _:
                pass

    def _committed(self, change: Change, later: Effects, done: "asyncio.Future[None]") -> None:
        if done.cancelled():
            return
        done.result()
        self._uncommitted -= 1
        if change.records or change.delivered or change.parked:
            # Before the status that goes with it: a central system reads "StopTransaction, then Available" more happily.
            self.wake()
            self._outlet.changed(self, self._state)
        self._perform(later)
        if self._uncommitted == 0:
            self._command()

    def _perform(self, effects: Effects) -> None:
        """What may leave now that it is durable."""
        for effect in effects:
            match effect:
                case AnnounceStatus() | AnnounceReading() | Answer() | Tell() | RestartStation():
                    self._say(effect)
                case WriteHistory():
                    self._outlet.finished(self, effect.entry)
                case UnlockHardware():
                    self._outlet.unlock(self, effect.command)
                case ResetHardware():
                    self._outlet.reset(self, effect.command)
                case InstallFirmware():
                    self._outlet.install_firmware(self, effect)
                case AskSite():
                    self._outlet.ask_site(self, effect)
                case StartUpload():
                    self._outlet.upload(self, effect.job)
                case AskAuthorize() | Decide() | CommandHardware():
                    pass  # performed at once
                case RecordStart() | RecordSample() | RecordUpdate() | RecordStop():
                    pass  # in the store
                case RememberTag() | ForgetTag() | ForgetTags() | ChangeList():
                    pass  # the same
                case _:
                    assert_never(effect)

    def _say(self, effect: AskAuthorize | AnnounceStatus | AnnounceReading | Answer | Tell | RestartStation) -> None:
        if self.wire is not None:
            self.wire.perform(effect)

    def wake(self) -> None:
        """Tell the link that committed records wait."""
        if self.wire is not None:
            self.wire.wake()

    def _command(self) -> None:
        """Set the hardware to what the state wants; what releases or raises waits until everything is on the disk."""
        if not self._state.synchronised:
            return
        desired = command(self._state)
        if self._uncommitted and _raises(self._commanded, desired):
            return
        self._commanded = desired
        self._outlet.commanded(self, desired)

    # --- what the link needs (bridge.ocpp.ports.Station) --------------------------------------------------------------------------

    def next_record(self) -> OutboxRow | None:
        """The oldest committed record that waits. One from before the time was known waits for its times; then `wake` is called."""
        assert self._link is not None, "only a link asks"
        row = self._store.next_record(self._state.rules.charge_point, self._link)
        return row if row is None or is_dated(row.record, BUILT_MS) else None

    def is_queued(self, session: SessionId | None) -> bool:
        """Whether committed records of a session (None: of any) wait to be delivered."""
        assert self._link is not None, "only a link asks"
        return self._store.is_queued(self._state.rules.charge_point, self._link, session)

    def record_sent(self, record: RecordId, *, attempts: int, message: str | None, error: str | None = None) -> None:
        """Keep how an attempt went."""
        self._settle(sent=(Sent(id=record, attempts=attempts, message=message, error=error),))

    def record_parked(self, record: RecordId, session: SessionId, *, error: str, retry_ms: int | None) -> None:
        """Put a record aside, and tell the core; both in one commit. The link is woken for the next one."""
        event = RecordParked(**self._clock.stamp(), record=record, session=session, error=error)
        self._advance(event, parked=(Parked(id=record, error=error, retry_ms=retry_ms),))

    def replay_due(self) -> None:
        """Queue again the parked session whose time has come."""
        assert self._link is not None, "only a link asks"
        charge_point = self._state.rules.charge_point
        session = self._store.due(charge_point, self._link, self._clock.utc_ms())
        if session is not None:
            self.replay(session)

    def replay(self, session: SessionId) -> "asyncio.Future[int]":
        """Queue the records of a parked session again; tells how many."""
        return self._queue_changed(self._store.replay(self._state.rules.charge_point, session))

    def drop(self, session: SessionId) -> "asyncio.Future[int]":
        """Give up the records of a parked session; tells how many."""
        return self._queue_changed(self._store.drop(self._state.rules.charge_point, session))

    def _queue_changed(self, done: "asyncio.Future[int]") -> "asyncio.Future[int]":
        done.add_done_callback(self._requeued)
        return done

    def _requeued(self, done: "asyncio.Future[int]") -> None:
        if not done.cancelled():
            self.wake()
            self._outlet.changed(self, self._state)

    def person(self, tag: IdTag) -> Person:
        """Who a tag belongs to here."""
        return self._outlet.person(self, tag)

    def known_tag(self, tag: IdTag) -> TagInfo | None:
        """What is known of it here: by the local list, else by the authorisation cache."""
        return self.listed_tag(tag) or self._store.known_tag(self._state.rules.charge_point, tag.key)

    def listed_tag(self, tag: IdTag) -> TagInfo | None:
        """What the local list has on it, where the list is in use."""
        in_use = self._state.settings.list_enabled
        return self._store.listed_tag(self._state.rules.charge_point, tag.key) if in_use else None

    def list_size(self) -> int:
        """How many tags the local list has."""
        return self._store.list_size(self._state.rules.charge_point)

    def link_changed(self, *, connected: bool, boot_status: str | None, error: str | None, version: str) -> None:
        """For dashboards."""
        self._outlet.link_changed(self, connected=connected, boot_status=boot_status, error=error, version=version)

    def _settle(self, *, sent: tuple[Sent, ...]) -> None:
        rules = self._state.rules
        change = Change(charge_point=rules.charge_point, link=self._link, utc_ms=self._clock.utc_ms(), sent=sent)
        self._store.commit(change)


def _raises(shown: Command | None, desired: Command) -> bool:
    """Whether this command gives the hardware more than it has been given."""
    if not desired.enabled:
        return False
    return shown is None or not shown.enabled or desired.limit_a > shown.limit_a
