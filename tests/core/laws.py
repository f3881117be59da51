"""What must hold after every step, whatever happens: written once, in the words of the domain, without the core's own arithmetic."""

from collections.abc import Iterable

from bridge.core.backend import AuthorizeAnswered, ListSent, ProfilesCleared, ProfileSent, ResetRequested
from bridge.core.clockwork import deadline_s
from bridge.core.effects import (
    Answer,
    AnyEffect,
    AskAuthorize,
    ChangeList,
    Command,
    CommandHardware,
    Decide,
    EntryKind,
    HistoryEntry,
    Outcome,
    Record,
    RecordSample,
    RecordStart,
    RecordStop,
    RecordUpdate,
    RememberTag,
    WriteHistory,
)
from bridge.core.energy import command, follows_profiles, is_running
from bridge.core.events import AnyEvent, Origin, Restarted, StopPressed, TagPresented, TimePassed
from bridge.core.hardware import is_plugged
from bridge.core.state import Asking, BackendSession, Granted, LocalSession, NoSession, NotPending, State
from bridge.core.status import reported_status
from bridge.core.values import NO_FAULT, ChargingState, Colour, SessionId, Status, TxKind, TxTrigger, Verdict

_A, _P, _C, _V, _E = Status.AVAILABLE, Status.PREPARING, Status.CHARGING, Status.SUSPENDED_EV, Status.SUSPENDED_EVSE
_F, _R, _U, _X = Status.FINISHING, Status.RESERVED, Status.UNAVAILABLE, Status.FAULTED

TRANSITIONS: dict[Status, set[Status]] = {
    _A: {_P, _C, _V, _E, _R, _U, _X},
    # to Reserved is Available and Reserved in one: what was prepared lapsed or left, and the reservation was not for it
    _P: {_A, _C, _V, _E, _F, _X, _R, _U},  # to Unavailable is our one documented deviation (design.md §2 "Hardware")
    _C: {_A, _V, _E, _F, _U, _X},
    _V: {_A, _C, _E, _F, _U, _X},
    _E: {_A, _C, _V, _F, _U, _X},
    _F: {_A, _P, _U, _X},
    _R: {_A, _P, _U, _X},
    _U: {_A, _P, _C, _V, _E, _R, _X},  # to Reserved: the wallbox, which could not be heard, is back
    _X: {_A, _P, _C, _V, _E, _F, _U},
}
"""OCPP 1.6 §4.9, as conformance.md §3.3 has it."""


class Ledger:
    """What has left the core, as a backend, a hardware and an accountant would have it."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.entries: list[HistoryEntry] = []
        self.waiting: dict[str, float] = {}
        """Origins without a decision, and since when (mono)."""
        self.decided: set[str] = set()
        self.told: Command | None = None
        self.locals: set[SessionId] = set()
        self.rate: tuple[float, float | None] | None = None
        """What a vehicle that charges may draw, as the backend knows it, and since when (mono) it was told of it."""
        self.told_s = 0.0
        """When anything but time last happened."""

    # --- after every step --------------------------------------------------------------------------------------------------------

    def watch(self, before: State, event: AnyEvent, after: State, effects: tuple[AnyEffect, ...]) -> None:
        self._note(event, effects)
        self.one_decision_each(after)
        nothing_is_released_against_anybodys_no(after)
        self.hardware_is_told_what_is_wanted(after, effects)
        late_answers_only_teach(before, event, after, effects)
        an_end_is_an_end(before, event, after, effects)
        equal_is_the_same_object(before, after)
        the_core_never_asks_for_the_past(event, after)
        questions_belong_to_what_is_there(after)
        status_moves_as_the_field_allows(before, event, after)
        self.local_sessions_are_nobodys_business(after)
        self.no_wait_is_for_ever(event, after)
        somebody_is_behind_a_transaction(after)
        nobody_takes_what_is_reserved(before, after, effects)
        lists_come_with_their_version(before, event, after, effects)
        only_what_is_open_is_asked(after, effects)
        master_passes_begin_nothing(before, after)
        self.rates_are_told(event, after, effects)

    def _note(self, event: AnyEvent, effects: Iterable[AnyEffect]) -> None:
        if isinstance(event, Restarted):
            # The process is gone, and with it everybody who waited: readers have their own time-out.
            self.waiting, self.told = {}, None
        if isinstance(event, TagPresented | StopPressed):
            assert event.origin.id not in self.waiting
            self.waiting[event.origin.id] = event.at.mono_s
        for effect in effects:
            match effect:
                case RecordStart() | RecordSample() | RecordUpdate() | RecordStop():
                    transactions_are_whole(self.records, effect)
                    records_keep_their_order(self.records, effect)
                    assert effect.session not in self.locals, "a local session has nothing to bill with"
                    self.records.append(effect)
                case WriteHistory():
                    self.entries.append(effect.entry)
                case Decide():
                    self._decided(effect.decision.origin)
                case CommandHardware():
                    self.told = effect.command
                case _:
                    pass

    def _decided(self, origin: Origin) -> None:
        assert origin.id not in self.decided, "a second decision"
        del self.waiting[origin.id]
        self.decided.add(origin.id)

    def one_decision_each(self, after: State) -> None:
        """Whoever has no decision yet is being asked about, for no longer than a question takes (B9)."""
        asked = {origin.id for origin in after.pending.origins} if isinstance(after.pending, Asking) else set()
        assert set(self.waiting) == asked, "somebody waits for nobody"

    def hardware_is_told_what_is_wanted(self, after: State, effects: Iterable[AnyEffect]) -> None:
        """Once the broker is in step, the hardware has always been told the newest wish; before, it is told nothing."""
        if after.synchronised:
            assert self.told == command(after)
        else:
            assert not any(isinstance(effect, CommandHardware) for effect in effects)

    def local_sessions_are_nobodys_business(self, after: State) -> None:
        session = after.kept.session
        if isinstance(session, LocalSession):
            self.locals.add(session.id)
            assert session.person.local, "nobody charges locally without leave"
            assert reported_status(after) in {Status.UNAVAILABLE, Status.FAULTED}

    def no_wait_is_for_ever(self, event: AnyEvent, after: State) -> None:
        """Half a minute for the wallbox and ten seconds for the meter: then it is decided, where anything is known and may begin."""
        if not isinstance(event, TimePassed):
            self.told_s = after.now.mono_s
        if after.now.mono_s < self.told_s + 41 or not after.synchronised or not after.storage_ok:
            return
        assert not isinstance(after.pending, Asking)
        assert after.ending_until_s is None
        hardware = after.hardware
        sound = hardware.fault == NO_FAULT and hardware.cp_state not in {"E", "F"} and hardware.online is not False
        if sound and is_plugged(hardware) is not None:
            assert after.recovery is None, "the session of another life is still open"

    def rates_are_told(self, event: AnyEvent, after: State, effects: Iterable[AnyEffect]) -> None:
        """The backend knows what whoever charges may draw, within its own tolerance and a minute, and hears of it once a minute at most.

        What it changes itself it is told at once, however often; with smart charging off it is told nothing.
        """
        now_a, now_s, tolerance = command(after).limit_a, after.now.mono_s, float(after.settings.limit_change_percent) / 100
        known = None if isinstance(event, Restarted) else self.rate
        told = [one.telling for one in effects if isinstance(one, RecordUpdate) and one.telling.trigger is TxTrigger.CHARGING_RATE_CHANGED]
        if told:
            assert known is not None, "nobody charged"
            known_a, told_s = known
            assert [one.charging for one in told] == [ChargingState.CHARGING]
            assert abs(now_a - known_a) > known_a * tolerance, "not worth telling"
            asked = isinstance(event, ProfileSent | ProfilesCleared)
            assert told_s is None or now_s >= told_s + 60 or asked, "a flood"
            known = (now_a, now_s)
        transaction = after.kept.transaction
        charges = transaction is not None and transaction.charging is ChargingState.CHARGING and is_running(after.kept.session)
        if not charges or not follows_profiles(after.rules) or after.recovery is not None:
            self.rate = None
        else:
            self.rate = known or (now_a, None)
            known_a, told_s = self.rate
            soon = told_s is not None and now_s < told_s + 60
            assert soon or abs(now_a - known_a) <= known_a * tolerance + 1e-6, "the backend was not told"

    # --- sums --------------------------------------------------------------------------------------------------------------------

    @property
    def accounted_wh(self) -> int:
        """Σ OCPP sessions + Σ local sessions + Σ gaps."""
        return sum(entry.energy_wh for entry in self.entries)

    def every_entry_is_sound(self) -> None:
        ids = [entry.id for entry in self.entries]
        assert len(ids) == len(set(ids)), "a session written twice"
        assert all(entry.energy_wh >= 0 for entry in self.entries)
        assert all(entry.ended_ms >= entry.started_ms for entry in self.entries)

    def the_backend_has_what_the_history_has(self) -> None:
        """Every start has one stop, and both say what the history says."""
        starts = {record.session: record for record in self.records if isinstance(record, RecordStart)}
        stops = {record.session: record for record in self.records if isinstance(record, RecordStop)}
        billed = {entry.id: entry for entry in self.entries if entry.kind is EntryKind.OCPP}
        assert set(starts) == set(stops) == set(billed)
        told = {record.session for record in self.records if record.telling is not None}
        ended = {record.session for record in self.records if record.telling is not None and record.telling.kind is TxKind.ENDED}
        assert told == ended, "a transaction is left open"
        for session, entry in billed.items():
            assert (starts[session].reading.register_wh, stops[session].reading.register_wh) == (entry.start_wh, entry.end_wh)
            assert starts[session].utc_ms == entry.started_ms
            assert stops[session].utc_ms == max(entry.ended_ms, self._told_before_ms(stops[session]))

    def _told_before_ms(self, stop: RecordStop) -> int:
        """Time of the newest event that 2.0.1 was told of before: no later one is of an earlier time."""
        own = [record for record in self.records[: self.records.index(stop)] if record.session == stop.session]
        return max((_time_ms(record) for record in own if record.telling is not None), default=0)


# --- one law each ---------------------------------------------------------------------------------------------------------------


def records_keep_their_order(so_far: list[Record], new: Record) -> None:
    """Start first, numbers without gaps, times and registers that never run backwards, nothing after the stop."""
    if isinstance(new, RecordUpdate):
        return  # 1.6 never hears of it
    mine = [record for record in so_far if record.session == new.session]
    own = [record for record in mine if not isinstance(record, RecordUpdate)]
    if not any(record.telling for record in [*mine, new]):
        assert new.sequence == len(own), "numbers have a gap"
    if isinstance(new, RecordStart):
        assert not own, "a second start"
        begun = {record.session for record in so_far if isinstance(record, RecordStart)}
        open_ = begun - {record.session for record in so_far if isinstance(record, RecordStop)}
        assert not open_, "two transactions at once"
        return
    assert own, "nothing before the start"
    assert isinstance(own[0], RecordStart)
    assert not isinstance(own[-1], RecordStop), "nothing after the stop"
    assert new.reading.register_wh >= own[-1].reading.register_wh
    assert _time_ms(new) >= _time_ms(own[-1])


def transactions_are_whole(so_far: list[Record], new: Record) -> None:
    """What OCPP 2.0.1 hears: one start and it is first, at most one end and it is last, numbers without gaps, times that never run back.

    One transaction at a time. The connector is told once; a tag when it begins to charge and when it ends.
    """
    if new.telling is None:
        return
    told = [record for record in so_far if record.session == new.session and record.telling is not None]
    assert new.sequence == len(told), "numbers have a gap"
    steps = [record.telling for record in told if record.telling is not None]
    if new.telling.kind is TxKind.STARTED:
        assert not told, "a second start"
        ended = {record.session for record in so_far if record.telling is not None and record.telling.kind is TxKind.ENDED}
        assert {record.session for record in so_far if record.telling is not None} == ended, "two transactions at once"
        return
    assert steps, "nothing before the start"
    assert steps[0].kind is TxKind.STARTED
    assert steps[-1].kind is not TxKind.ENDED, "nothing after the end"
    assert _time_ms(new) >= _time_ms(told[-1]), "time runs back"
    assert not (new.telling.connected and any(step.connected for step in steps)), "the connector twice"
    assert (new.telling.kind is TxKind.ENDED) == (new.telling.reason is not None)


def somebody_is_behind_a_transaction(after: State) -> None:
    """A session, a permission or at least a vehicle; a local session never is (design.md §2 "2.0.1")."""
    if after.kept.transaction is None or after.recovery is not None or not after.synchronised:
        return
    session, pending = after.kept.session, after.pending
    assert not isinstance(session, LocalSession)
    permitted = isinstance(pending, Granted) and not pending.local
    assert isinstance(session, BackendSession) or permitted or is_plugged(after.hardware) is not False


def nobody_takes_what_is_reserved(before: State, after: State, effects: Iterable[AnyEffect]) -> None:
    """Until it runs out only the reserved tag or group begins anything, and the start that does names the reservation and uses it up."""
    reservation, session = before.kept.reservation, after.kept.session
    if reservation is None or after.now.utc_ms >= reservation.expires_ms:
        return
    if isinstance(session, NoSession) or not isinstance(before.kept.session, NoSession) or session.follows is not None:
        return
    tag = session.person.tag
    own = tag is not None and tag.key == reservation.tag.key
    if isinstance(session, LocalSession):
        assert own, "a local permission opened what somebody else had reserved"
        return
    assert own or (session.group is not None and session.group == reservation.group), "a reservation was taken by somebody else"
    assert [effect.reservation for effect in effects if isinstance(effect, RecordStart)] == [reservation.id]
    assert after.kept.reservation is None


def _time_ms(record: Record) -> int:
    return record.reading.utc_ms if isinstance(record, RecordSample) else record.utc_ms


def nothing_is_released_against_anybodys_no(after: State) -> None:
    """Energy needs a running session that nobody refused, sound hardware, and no source of energy management that says no (B6)."""
    wanted = command(after)
    assert wanted.limit_a <= after.rules.max_current_a
    if not wanted.enabled:
        return
    for source in after.kept.sources:
        if source.limit_a is not None:
            assert wanted.limit_a <= max(source.limit_a, 0)
        if source.limit_w is not None:
            assert wanted.limit_w <= max(source.limit_w, 0) + 0.1
    session = after.kept.session
    assert not isinstance(session, NoSession)
    assert session.ending is None
    assert wanted.limit_a >= 6
    assert after.hardware.fault == NO_FAULT
    assert after.hardware.cp_state not in {"E", "F"}
    assert not any(source.allow is False for source in after.kept.sources)
    if isinstance(session, BackendSession) and session.refused is not None:
        assert after.settings.max_energy_on_invalid_wh > 0


def late_answers_only_teach(before: State, event: AnyEvent, after: State, effects: Iterable[AnyEffect]) -> None:
    """An answer nobody waits for any more may be remembered, and nothing else (rule 7)."""
    if not isinstance(event, AuthorizeAnswered):
        return
    if isinstance(before.pending, Asking) and before.pending.question == event.question:
        return
    if before.kept.reservation != after.kept.reservation:
        return  # the clock was set, and it has run out
    assert all(isinstance(effect, RememberTag) for effect in effects if not isinstance(effect, CommandHardware))
    assert after.kept == before.kept
    assert after.pending == before.pending


def an_end_is_an_end(before: State, event: AnyEvent, after: State, effects: Iterable[AnyEffect]) -> None:
    """After a reset, an unplug or somebody's stop nothing of it runs or waits, for no yes to come back to (rule 7)."""
    stops = isinstance(event, StopPressed) and any(isinstance(one, Decide) and one.decision.colour is Colour.GREEN for one in effects)
    unplugs = before.kept.plugged is True and after.kept.plugged is False and before.recovery is None
    if isinstance(event, ResetRequested) or stops or unplugs:
        session = after.kept.session
        assert isinstance(session, NoSession) or session.ending is not None
        assert isinstance(after.pending, NotPending)


def equal_is_the_same_object(before: State, after: State) -> None:
    """What has not changed is not written."""
    assert after.kept is before.kept or after.kept != before.kept


def the_core_never_asks_for_the_past(event: AnyEvent, after: State) -> None:
    if isinstance(event, TimePassed):
        due_s = deadline_s(after)
        assert due_s is None or due_s > after.now.mono_s, "asks to be woken at once, again and again"


def questions_belong_to_what_is_there(after: State) -> None:
    """While a session runs, the only question there is, is whether somebody may stop it."""
    session, pending = after.kept.session, after.pending
    if not isinstance(session, NoSession) and session.ending is None:
        assert isinstance(pending, NotPending) or (isinstance(pending, Asking) and pending.stop)
    if isinstance(pending, Asking) and pending.stop:
        assert isinstance(session, BackendSession) or (after.settings.master_pass_group and isinstance(session, LocalSession))
    if after.recovery is not None:
        assert not isinstance(session, NoSession)


def status_moves_as_the_field_allows(before: State, event: AnyEvent, after: State) -> None:
    was, now = reported_status(before), reported_status(after)
    if isinstance(event, Restarted) or was is now:
        return
    if before.recovery is not None and now is Status.PREPARING:
        return  # the station has just booted and does not know its vehicle yet (TC_032_2)
    # One step may hold two moves, and the backend is told the newest: the end of a session and another plug-in, or a tap after an end.
    between = (Status.FINISHING, Status.PREPARING) if was is Status.FINISHING else (Status.FINISHING,)
    by_way = any(one in TRANSITIONS[was] | {was} and now in TRANSITIONS[one] for one in between)
    assert now in TRANSITIONS[was] or by_way, f"{was} to {now}"


def lists_come_with_their_version(before: State, event: AnyEvent, after: State, effects: Iterable[AnyEffect]) -> None:
    """Both change or neither; a change never goes back to an older list; and each list sent is answered."""
    if not isinstance(event, ListSent):
        assert after.kept.list_version == before.kept.list_version
        return
    changes = [effect for effect in effects if isinstance(effect, ChangeList)]
    (answer,) = (effect for effect in effects if isinstance(effect, Answer))
    took = answer.outcome is Outcome.ACCEPTED
    assert changes == ([ChangeList(full=event.full, entries=event.entries)] if took else [])
    assert after.kept.list_version == (event.version if took else before.kept.list_version)
    assert event.full or not took or after.kept.list_version > before.kept.list_version
    assert not took or (after.kept.list_version > 0 and after.settings.list_enabled)


def only_what_is_open_is_asked(after: State, effects: Iterable[AnyEffect]) -> None:
    """The backend is not asked where it said not to, nor about a tag whose refusal it called final."""
    if not any(isinstance(effect, AskAuthorize) for effect in effects):
        return
    settings, pending = after.settings, after.pending
    assert settings.ask_backend
    assert isinstance(pending, Asking)
    known = pending.known
    if known is not None and known.verdict is not Verdict.ACCEPTED and settings.list_final and settings.list_enabled:
        assert not known.listed


def master_passes_begin_nothing(before: State, after: State) -> None:
    """Nobody is permitted to charge who may only end sessions. Who was permitted before that became the master's group still is."""
    master = before.settings.master_pass_group
    if not master or isinstance(before.pending, Granted):
        return
    begins = isinstance(after.kept.session, BackendSession) and isinstance(before.kept.session, NoSession)
    permitted = after.kept.session if begins else after.pending
    if isinstance(permitted, BackendSession | Granted):
        assert permitted.group != master or permitted.follows is not None or before.recovery is not None
