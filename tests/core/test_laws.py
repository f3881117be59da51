"""The core under anything at all, in any order: hardware, people, energy management, backend, broker, disk, clocks, crashes.

`laws.py` says what must hold after every step. `tests/core/mutants.py` lists the planted bugs each law has been seen to catch.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bridge.core.backend import (
    CacheClearRequested,
    ListSent,
    ProfilesCleared,
    ProfileSent,
    ReadingRequested,
    RecordParked,
    ResetKind,
    UnlockRequested,
)
from bridge.core.effects import AskAuthorize
from bridge.core.events import AlertCleared, ClockCorrected, CommandAnswered, GrantMoved, GrantWithdrawn, Restarted, SessionStopOrdered
from bridge.core.hardware import BATTERY_MAX_WH
from bridge.core.leap import Leap
from bridge.core.orders import ListEntry, ProfileFilter
from bridge.core.settings import EnergyRules, Settings
from bridge.core.state import Kept, NoSession
from bridge.core.values import CommandId, IdTag, Person, RecordId, RequestId, SessionId, TagInfo, TxPoint, Verdict
from tests.core.laws import Ledger
from tests.core.reserving import cancels, reservation, reserves
from tests.core.test_schedules import DEFAULT, profile
from tests.core.world import ACCEPTED, ANNA, BEN, CARL, DORA, FAMILY, INVALID, ROAMER, STRANGER, Bench

PEOPLE = st.sampled_from([ANNA, BEN, CARL, DORA, ROAMER, STRANGER])
GUESTS = st.sampled_from([ANNA, BEN, ROAMER])
"""Those with a tag the backend can be asked about."""
INFOS = st.builds(
    TagInfo,
    verdict=st.sampled_from([Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.INVALID]),
    group=st.sampled_from([None, "FAMILY"]),
    listed=st.booleans(),
)
ENTRIES = st.lists(
    st.builds(ListEntry, tag=st.sampled_from([IdTag(text="04EE"), IdTag(text="BEN-1"), IdTag(text="")]), info=st.none() | INFOS), max_size=2
)
CHANGES: list[tuple[str, int | bool | str]] = [
    ("sample_interval_s", 0),
    ("sample_interval_s", 20),
    ("aligned_interval_s", 900),
    ("cache_enabled", False),
    ("stop_on_invalid", False),
    ("list_enabled", False),
    ("list_enabled", True),
    ("local_pre_authorize", True),
    ("master_pass_group", "FAMILY"),
]
TELLS: list[dict[str, Any]] = [
    {"plugged": None},
    {"plug": "first"},
    {"plug": "second"},
    {"plug": None},
    {"charging": True},
    {"charging": False},
    {"charging": None},
    {"cp_state": None},
    {"cp_state": "B"},
    {"cp_state": "C"},
    {"cp_state": "E"},
    {"fault": "GroundFailure"},
    {"fault": None},
    {"online": False},
    {"online": True},
]
ENDS: list[Callable[[Bench], object]] = [
    lambda bench: bench.unplugs(),
    lambda bench: bench.unplugs(live=False),
    lambda bench: bench.wallbox(cp_state="A"),
    lambda bench: bench.remote_stop("7"),
    lambda bench: bench.resets(ResetKind.SOFT),
    lambda bench: bench.resets(ResetKind.HARD),
    lambda bench: bench.happens(SessionStopOrdered),
    lambda bench: bench.happens(UnlockRequested, request=RequestId("unlock")),
    lambda bench: bench.presses_stop(ANNA),
    lambda bench: bench.presses_stop(BEN),
]
SAYS = st.sampled_from([None, True, False])
EXAMPLES = int(os.environ.get("EVBRIDGE_LAWS_EXAMPLES", "60"))
"""About ten seconds; a night's hunt sets more."""
STEPS = 40
HOUR_S = 3600.0
YEAR_MS = 365 * 86_400_000
POWER_MAX_W = 11_000.0


class Life(RuleBasedStateMachine):
    """One charge point, and all that can happen to it."""

    bench: Bench

    def _begins(self, **given: Any) -> None:  # noqa: ANN401
        self.bench = Bench(**given)
        self.ledger = Ledger()
        self.bench.watchers.append(self.ledger.watch)
        self.truth_wh = 1000
        self.origin_wh: int | None = None
        """Where accounting of the present meter began."""
        self.highest_wh = self.truth_wh
        self.replaced = self.replaced_wh = 0
        """What meters before it had counted."""
        self.durable: list[tuple[Kept, int, int, int, int]] = []
        self.bench.watchers.append(lambda *_: self._written())
        self.bench.happens(Restarted, planned=True)
        self.bench.synchronises()
        self.bench.meters(self.truth_wh)
        self.bench.backend_comes()

    def _written(self) -> None:
        """What a commit after this step would hold."""
        bench = self.bench
        self.durable.append((bench.state.kept, len(self.ledger.records), len(self.ledger.entries), bench.taken, self.replaced))
        if self.origin_wh is None:
            self.origin_wh = bench.state.kept.accounted_wh
        self._energy_is_conserved()

    def _energy_is_conserved(self) -> None:
        """Σ backend + Σ local + Σ gaps is exactly what lies behind the accounted register."""
        if self.origin_wh is not None:
            kept = self.bench.state.kept
            accounted_wh = kept.accounted_wh
            assert accounted_wh is not None
            assert kept.register_wh is not None
            assert kept.register_wh >= accounted_wh, "what begins after a restart would have it twice"
            assert self.ledger.accounted_wh == self.replaced_wh + accounted_wh - self.origin_wh
        self.ledger.every_entry_is_sound()

    # --- hardware ----------------------------------------------------------------------------------------------------------------

    @rule(plug=st.sampled_from([None, "first", "second"]), live=st.booleans())
    def plugs(self, plug: str | None, live: bool) -> None:
        self.bench.plugs(plug, live=live)

    @rule(told=st.sampled_from(TELLS), live=st.booleans())
    def tells(self, told: dict[str, Any], live: bool) -> None:
        self.bench.wallbox(live=live, **told)

    @rule(live=st.sampled_from([True, True, True, False]), power_w=st.sampled_from([None, 0.0, 7000.0]))
    def meters(self, live: bool, power_w: float | None) -> None:
        self.bench.meters(self.truth_wh, live=live, power_w=power_w)

    @rule(new_wh=st.sampled_from([0, 500]))
    def meter_is_replaced(self, new_wh: int) -> None:
        """The old one's last word was heard; after a crash that is somebody else's test."""
        bench = self.bench
        if self.origin_wh is None or bench.state.recovery is not None or new_wh >= self.truth_wh:
            return
        bench.meters(self.truth_wh)
        if bench.state.meter.register_wh == self.truth_wh:
            self.replaced += 1
            self.replaced_wh += self.truth_wh - self.origin_wh
            self.truth_wh = self.origin_wh = new_wh
            bench.meters(new_wh)

    @rule(seconds=st.sampled_from([0.0, 5.0, 20.0]))
    def meter_leaps(self, seconds: float) -> None:
        """To a register that no vehicle can have got it to, nor any meter before; three readings make it true."""
        self.truth_wh = self.highest_wh = max(self.highest_wh, self.truth_wh) + 10 * BATTERY_MAX_WH
        for _ in range(3):
            self.bench.passes(seconds)
            self.bench.meters(self.truth_wh)

    @rule()
    def meter_is_unknown(self) -> None:
        self.bench.meters(None)

    @rule(command=st.sampled_from(["", "other"]), ok=st.booleans(), supported=st.booleans())
    def wallbox_answers(self, command: str, ok: bool, supported: bool) -> None:
        waiting = self.bench.state.unlocking
        name = CommandId(command) if command or waiting is None else waiting.command
        self.bench.happens(CommandAnswered, command=name, ok=ok, supported=supported)

    @rule(how=st.sampled_from(ENDS))
    def ends(self, how: Callable[[Bench], object]) -> None:
        how(self.bench)

    # --- time --------------------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 3.0, 9.0, 31.0, 61.0, 400.0]), power=st.sampled_from([0.0, 0.0, 0.5, 1.0]))
    def passes(self, seconds: float, power: float) -> None:
        self.truth_wh += int(power * POWER_MAX_W * seconds / HOUR_S)
        self.bench.passes(seconds)

    @rule(by_s=st.sampled_from([-3600.0, -1.0, 7.0, 3600.0]))
    def clock_is_set(self, by_s: float) -> None:
        self.bench.clock_set(by_s)

    @rule(by_ms=st.sampled_from([1000, 3_600_000]), trusted=st.booleans())
    def clock_is_learnt(self, by_ms: int, trusted: bool) -> None:
        """All was written before the border, and moves with the clock; what is on the disk moves in the same commit."""
        before_ms = self.bench.now_ms + YEAR_MS
        self.bench.utc_ahead_ms += by_ms
        leap = Leap(before_ms=before_ms, by_ms=by_ms)
        self.ledger.records = [leap.record(record) for record in self.ledger.records]
        self.ledger.entries = [leap.entry(entry) for entry in self.ledger.entries]
        self.durable.clear()
        self.bench.happens(ClockCorrected, before_ms=before_ms, by_ms=by_ms, trusted=trusted)

    # --- people ------------------------------------------------------------------------------------------------------------------

    @rule(person=GUESTS, known=st.none() | INFOS)
    def another_taps(self, person: Person, known: TagInfo | None) -> None:
        self.bench.taps(person, known=known)

    @rule(person=PEOPLE, known=st.none() | INFOS)
    def taps(self, person: Person, known: TagInfo | None) -> None:
        self.bench.taps(person, known=known)

    @rule(person=st.sampled_from([ANNA, BEN, CARL]))
    def presses_start(self, person: Person) -> None:
        self.bench.presses_start(person)

    @rule(person=PEOPLE, local=st.booleans())
    def plugs_at_the_neighbour(self, person: Person, local: bool) -> None:
        self.bench.happens(GrantMoved, person=person, mode=None, authority_local=local, group=None)

    @rule()
    def neighbour_takes_over(self) -> None:
        self.bench.happens(GrantWithdrawn)

    @rule()
    def operator_clears_an_alert(self) -> None:
        for alert in list(self.bench.state.alerts)[:1]:
            self.bench.happens(AlertCleared, alert=alert)

    @precondition(lambda self: isinstance(self.bench.state.kept.session, NoSession))
    @rule(
        person=GUESTS,
        info=st.sampled_from([FAMILY, FAMILY, ACCEPTED]),
        told=st.sampled_from([None, ACCEPTED, INVALID]),
        plug=st.sampled_from([None, "first"]),
    )
    def comes_and_charges(self, person: Person, info: TagInfo, told: TagInfo | None, plug: str | None) -> None:
        """A good hour: without it bad days would mostly happen to nobody."""
        bench = self.bench
        self._is_well(plug)
        bench.backend_comes()
        bench.taps(person)
        if bench.just_asked_for(AskAuthorize):
            bench.answers(info)
        while told is not None and bench.waits_for_delivery:
            bench.takes_record(backend_id="7", info=told)

    @precondition(lambda self: isinstance(self.bench.state.kept.session, NoSession))
    @rule(person=st.sampled_from([ANNA, CARL]))
    def comes_and_charges_locally(self, person: Person) -> None:
        self._is_well(None)
        self.bench.backend_goes()
        self.bench.taps(person)

    @precondition(lambda self: getattr(self.bench.state.kept.session, "group", None) is not None)
    @rule()
    def family_wants_to_stop(self) -> None:
        self.bench.backend_comes()
        self.bench.taps(STRANGER)

    def _is_well(self, plug: str | None) -> None:
        bench = self.bench
        bench.disk(ok=True)
        bench.synchronises()
        bench.energy("load", allow=True, limit_a=None)
        bench.energy("price", allow=None, limit_w=None)
        bench.wallbox(fault=None, online=True, cp_state=None, plugged=True, plug=plug, charging=True)
        bench.meters(self.truth_wh, power_w=7000.0)

    # --- energy management -------------------------------------------------------------------------------------------------------

    @rule(source=st.sampled_from(["load", "price"]), everywhere=st.booleans(), allow=SAYS, live=st.booleans())
    def allows(self, source: str, everywhere: bool, allow: bool | None, live: bool) -> None:
        self.bench.energy(source, everywhere=everywhere, allow=allow, live=live)

    @rule(limit_a=st.sampled_from([None, -1.0, 0.0, 5.9, 6.0, 10.07, 32.0]))
    def limits(self, limit_a: float | None) -> None:
        self.bench.energy("load", limit_a=limit_a)

    @rule(limit_w=st.sampled_from([None, 0.0, 4139.0, 4140.0, 9000.0]), reason=st.sampled_from([None, "grid"]))
    def limits_power(self, limit_w: float | None, reason: str | None) -> None:
        self.bench.energy("price", limit_w=limit_w, reason=reason)

    @rule(per_kwh=st.sampled_from([None, 0.3, 0.42]))
    def prices(self, per_kwh: float | None) -> None:
        self.bench.price(per_kwh)

    # --- the backend -------------------------------------------------------------------------------------------------------------

    @rule(here=st.sampled_from([True, True, False]))
    def backend(self, here: bool) -> None:
        if here:
            self.bench.backend_comes()
        else:
            self.bench.backend_goes()

    @precondition(lambda self: self.bench.questions)
    @rule(info=INFOS, newest=st.sampled_from([True, True, True, False]))
    def answers(self, info: TagInfo, newest: bool) -> None:
        questions = self.bench.questions
        question = questions[-1] if newest else questions[0]
        self.bench.answers(info, question=question.question)

    @precondition(lambda self: self.bench.questions)
    @rule()
    def leaves_unanswered(self) -> None:
        self.bench.leaves_unanswered()

    @precondition(lambda self: self.bench.waits_for_delivery)
    @rule(info=st.none() | INFOS)
    def takes_a_record(self, info: TagInfo | None) -> None:
        self.bench.takes_record(backend_id="7", info=info)

    @rule()
    def parks_a_record(self) -> None:
        self.bench.happens(RecordParked, record=RecordId(1), session=SessionId("gone"), error="InternalError")

    @rule(person=GUESTS, known=st.none() | INFOS)
    def remote_start(self, person: Person, known: TagInfo | None) -> None:
        self.bench.remote_start(person, known=known)

    @rule(operative=st.sampled_from([True, True, False]), station=st.booleans())
    def availability(self, operative: bool, station: bool) -> None:
        self.bench.sets_availability(operative=operative, station=station)

    @rule()
    def clears_the_cache(self) -> None:
        self.bench.happens(CacheClearRequested, request=RequestId("cache"))

    @rule(version=st.sampled_from([-1, 0, 1, 2, 3]), full=st.booleans(), entries=ENTRIES, size=st.sampled_from([1, 10**6]))
    def sends_a_list(self, version: int, full: bool, entries: list[ListEntry], size: int) -> None:
        self.bench.happens(ListSent, request=RequestId("list"), version=version, full=full, entries=tuple(entries), size=size)

    @rule(asks=st.booleans())
    def wants_to_be_asked_or_not(self, asks: bool) -> None:
        self.bench.changes("ask_backend", asks)

    @rule(change=st.sampled_from(CHANGES))
    def changes(self, change: tuple[str, int | bool | str]) -> None:
        self.bench.changes(*change)

    @rule()
    def wants_a_reading(self) -> None:
        self.bench.happens(ReadingRequested)

    # --- broker, disk, process ---------------------------------------------------------------------------------------------------

    @rule()
    def broker_goes(self) -> None:
        self.bench.loses_the_broker()

    @rule()
    def broker_comes(self) -> None:
        self.bench.synchronises()

    @rule(ok=st.sampled_from([True, True, False]))
    def disk(self, ok: bool) -> None:
        self.bench.disk(ok=ok)

    @rule(
        planned=st.booleans(),
        down_s=st.sampled_from([1.0, 700.0]),
        lost=st.sampled_from([0, 0, 1, 2]),
        drawn_wh=st.sampled_from([0, 50, 500]),
    )
    def dies_and_comes_back(self, planned: bool, down_s: float, lost: int, drawn_wh: int) -> None:
        """The last steps may not have reached the disk: then neither they nor their records ever were."""
        kept, records, entries, taken, replaced = self.durable[max(-1 - lost, -len(self.durable))]
        if self.origin_wh is None or kept.accounted_wh is None or replaced != self.replaced:
            return  # a meter is not replaced and forgotten again
        del self.ledger.records[records:]
        del self.ledger.entries[entries:]
        self.bench.loses_the_last_steps(kept, taken=min(taken, records), records=records)
        self.truth_wh += drawn_wh
        self.durable.clear()
        self.bench.restarts(planned=planned, down_s=down_s)

    # --- the end -----------------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Everything heals, everybody leaves: nothing is left open, and the sums are right to the Wh."""
        if not hasattr(self, "bench"):
            return
        bench = self.bench
        bench.restarts(planned=False, down_s=10)
        once = (list(self.ledger.records), list(self.ledger.entries), bench.state.kept)
        bench.restarts(planned=False, down_s=10)
        assert (self.ledger.records, self.ledger.entries, bench.state.kept) == once, "a second restart adds nothing"
        bench.disk(ok=True)
        bench.backend_comes()
        bench.synchronises()
        bench.wallbox(fault=None, online=True, cp_state=None, plugged=False, plug="third")
        for _ in range(4):
            bench.meters(self.truth_wh, power_w=0.0)
            bench.passes(100)
        assert isinstance(bench.state.kept.session, NoSession)
        assert not self.ledger.waiting
        assert bench.state.kept.accounted_wh == self.truth_wh
        if self.origin_wh is not None:
            assert self.ledger.accounted_wh == self.replaced_wh + self.truth_wh - self.origin_wh
        self.ledger.every_entry_is_sound()
        self.ledger.the_backend_has_what_the_history_has()
        assert not bench.enabled


class Anything(Life):
    """Any order, any configuration."""

    @initialize(
        resume=st.booleans(),
        stop_wait_s=st.sampled_from([0.0, 5.0]),
        energy=st.builds(EnergyRules, required=st.sampled_from([(), ("load",)]), stale_after_s=st.sampled_from([None, 120.0])),
        changed=st.fixed_dictionaries(
            {
                "stop_on_invalid": st.booleans(),
                "max_energy_on_invalid_wh": st.sampled_from([0, 100]),
                "local_pre_authorize": st.booleans(),
                "allow_offline_unknown": st.booleans(),
                "authorize_remote": st.booleans(),
                "list_final": st.booleans(),
                "aligned_interval_s": st.sampled_from([0, 900]),
            }
        ),
    )
    def begins(self, resume: bool, stop_wait_s: float, energy: EnergyRules, changed: dict[str, Any]) -> None:
        self._begins(settings=replace(Settings(), **changed), resume=resume, stop_wait_s=stop_wait_s, energy=energy)


class AtWork(Life):
    """A vehicle nearly always there: what goes wrong in sessions needs sessions."""

    @initialize(person=GUESTS, resume=st.booleans())
    def begins(self, person: Person, resume: bool) -> None:
        self._begins(resume=resume)
        self.comes_and_charges(person=person, info=FAMILY, told=None, plug="first")

    @rule(how=st.sampled_from(ENDS), person=GUESTS, info=st.sampled_from([FAMILY, ACCEPTED]), told=st.sampled_from([None, INVALID]))
    def ends(self, how: Callable[[Bench], object], person: Person, info: TagInfo, told: TagInfo | None) -> None:
        how(self.bench)
        self.bench.passes(6)
        self.comes_and_charges(person=person, info=info, told=told, plug=None)


POINTS = st.sampled_from(sorted(TxPoint)).map(lambda point: (point.value,)) | st.sampled_from(
    [("PowerPathClosed", "EVConnected"), ("EVConnected", "Authorized"), ("Authorized", "EnergyTransfer"), tuple(sorted(TxPoint))]
)


SWITCHES = {"stop_on_invalid": st.booleans(), "local_pre_authorize": st.booleans()}


class Told(AtWork):
    """As OCPP 2.0.1 is told of it, under any start and stop points."""

    @initialize(start=POINTS, stop=POINTS, changed=st.fixed_dictionaries(SWITCHES), resume=st.booleans(), smart=SAYS)
    def begins(self, start: tuple[str, ...], stop: tuple[str, ...], changed: dict[str, Any], resume: bool, smart: bool | None) -> None:
        points = replace(Settings(), start_points=start, stop_points=stop, **changed)
        self._begins(settings=points, resume=resume, smart_charging=smart is not False, transaction_events=True, stop_tap_min_s=0)

    @rule(limit_a=st.sampled_from([5.0, 6.0, 10.0, 10.1, 32.0]))
    def limits_by_a_profile(self, limit_a: float) -> None:
        self.bench.happens(ProfileSent, request=RequestId("profile"), profile=profile(DEFAULT, (0, limit_a)))

    @rule()
    def takes_profiles_back(self) -> None:
        self.bench.happens(ProfilesCleared, request=RequestId("clear"), which=ProfileFilter())

    @rule(limits_a=st.lists(st.sampled_from([6.0, 8.0, 12.0, 12.1]), min_size=1, max_size=12))
    def the_sun_comes_and_goes(self, limits_a: list[float]) -> None:
        """Energy management follows it, every few seconds, while a vehicle charges."""
        if isinstance(self.bench.state.kept.session, NoSession):
            self.comes_and_charges(person=ROAMER, info=ACCEPTED, told=None, plug=None)
        for limit_a in limits_a:
            self.bench.energy("load", limit_a=limit_a)
            self.bench.passes(9)

    @rule(percent=st.sampled_from(["0", "1.0", "50"]))
    def wants_to_know_of(self, percent: str) -> None:
        self.bench.changes("limit_change_percent", percent)

    @rule(drawn_wh=st.sampled_from([0, 100]))
    def vehicle_has_enough(self, drawn_wh: int) -> None:
        self.truth_wh += drawn_wh
        self.bench.wallbox(charging=False)
        self.bench.meters(self.truth_wh, power_w=0.0)


class Keeps(AtWork):
    """A backend that reserves."""

    @rule(person=GUESTS, group=st.sampled_from([None, "FAMILY"]), minutes=st.sampled_from([0, 1, 300]))
    def reserves(self, person: Person, group: str | None, minutes: int) -> None:
        assert person.tag is not None
        self.bench.unplugs()
        self.bench.passes(6)
        expires_ms = self.bench.now_ms + minutes * 60_000
        reserves(self.bench, reservation(person.tag.text, group=group, expires_ms=expires_ms))

    @rule()
    def takes_it_back(self) -> None:
        cancels(self.bench)

    def teardown(self) -> None:
        """A reservation that runs out between two restarts would be a difference."""
        if hasattr(self, "bench"):
            cancels(self.bench)
        super().teardown()


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
TestTold = Told.TestCase
TestTold.settings = TestAnything.settings
TestAtWork = AtWork.TestCase
TestAtWork.settings = TestAnything.settings
TestKeeps = Keeps.TestCase
TestKeeps.settings = TestAnything.settings
