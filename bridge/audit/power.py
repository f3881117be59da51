"""Rules about power: energy management is obeyed, and nothing flows that belongs to no session (reliability.md §4: 11, 12)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from math import inf

from bridge.audit.accounts import spans_of
from bridge.audit.case import Case, Session, finding
from bridge.audit.cover import Ledger, Span
from bridge.audit.delivery import deaths
from bridge.audit.ledgers import Finding, Managed, Metered, Plugged, Power
from bridge.core.effects import EntryKind, HistoryEntry
from bridge.core.values import ChargePointId, StopReason

ROUNDING_WH = 2
"""Both ends of a session are whole Wh, rounded down."""
ROUNDING_MS = 2_000
"""So long a whole Wh may take to be seen."""
AHEAD_MS = 20_000
"""An end waits for the meter's last word, which is later than the time of the end."""
KEEP_MS = 60_000
"""So often at least a running session's register is put on the disk while energy flows."""
FINAL = frozenset(
    {
        StopReason.LOCAL,
        StopReason.REMOTE,
        StopReason.EV_DISCONNECTED,
        StopReason.SOFT_RESET,
        StopReason.HARD_RESET,
        StopReason.IMMEDIATE_RESET,
        StopReason.UNLOCK,
        StopReason.MASTER_PASS,
        StopReason.TIMEOUT,
        StopReason.EMERGENCY_STOP,
        StopReason.STOPPED_BY_EV,
    }
)
"""After these nothing goes on by itself."""
DIED = frozenset({StopReason.POWER_LOSS, StopReason.REBOOT})
"""The bridge died, and the session with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """A piece of the observer's time."""

    from_ms: float
    to_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flow:
    """So much flows all the while."""

    time: _Time
    power_w: float
    start_wh: int
    end_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """No more than this, all the while."""

    time: _Time
    due_ms: float
    """By then a vehicle that already charges must obey."""
    grace_ms: float
    limit_w: float


# --- energy management ------------------------------------------------------------------------------------------------------------


def limits_obeyed(case: Case) -> Iterator[Finding]:
    """A moment after energy management has set a limit, or said no, no more flows than that."""
    for charge_point in case.charge_points:
        excused = _excused(case, charge_point, "bridge", "broker", "hardware")
        limits = list(_limits(case, charge_point))
        for flow in _flows(case, charge_point):
            for limit in limits:
                if flow.power_w > limit.limit_w + case.tolerances.power_w:
                    yield from _disobeyed(charge_point, flow, limit, excused)


def _disobeyed(charge_point: ChargePointId, flow: _Flow, limit: _Limit, excused: Sequence[_Time]) -> Iterator[Finding]:
    # what has begun since a limit was raised may not have heard of it yet
    due_ms = limit.due_ms if flow.time.from_ms < limit.time.from_ms else limit.time.from_ms + limit.grace_ms
    both = _Time(from_ms=max(flow.time.from_ms, limit.time.from_ms, due_ms), to_ms=min(flow.time.to_ms, limit.time.to_ms))
    for rest in _without(both, excused):
        yield finding(11, charge_point, f"{flow.power_w:.0f} W flow at {rest.from_ms:.0f} ms, with a limit of {limit.limit_w:.0f} W set")
        return


def _limits(case: Case, charge_point: ChargePointId) -> Iterator[_Limit]:
    """Each limit. One that is no lower than the one before has been due since that was."""
    spoken = [
        event
        for event in case.truth.happened
        if isinstance(event, Managed) and event.charge_point == charge_point and _can_be_heard(case, event)
    ]
    before: _Limit | None = None
    for event, after in zip_longest(spoken, spoken[1:]):
        assert event is not None, "the second list is the shorter one"
        grace_ms = case.tolerances.grace_s * 1000
        due_ms = event.at_ms + grace_ms
        if before is not None and before.limit_w <= event.limit_w:
            due_ms = before.due_ms
        before = _Limit(
            time=_Time(from_ms=event.at_ms, to_ms=inf if after is None else after.at_ms),
            due_ms=due_ms,
            grace_ms=grace_ms,
            limit_w=event.limit_w,
        )
        yield before


def _can_be_heard(case: Case, event: Managed) -> bool:
    """At once, or when the bridge is back: the broker has stored it. What never got to the broker nobody can obey."""
    outages = case.outages(event.charge_point, "bridge")
    return event.reached or any(outage.from_ms <= event.at_ms <= outage.to_ms for outage in outages)


# --- bills ------------------------------------------------------------------------------------------------------------------------


def nothing_ahead(case: Case) -> Iterator[Finding]:
    """Nobody is billed for energy that flowed only after the end: no end tells a register that the meter had not shown yet."""
    if case.truth.steps or not case.offsets_ms:
        return
    for charge_point in case.truth.meters:
        flows = [] if case.leaps(charge_point) else list(_flows(case, charge_point))
        for entry in case.history(charge_point, EntryKind.OCPP, EntryKind.LOCAL):
            shown_wh = _register_at(flows, entry.ended_ms - case.offsets_ms[0] + AHEAD_MS)
            if shown_wh is not None and entry.energy_wh and entry.end_wh > shown_wh + ROUNDING_WH:
                yield finding(4, charge_point, f"{entry.id} ended at {entry.end_wh} Wh, and the meter showed {shown_wh} Wh then")


def _register_at(flows: Sequence[_Flow], at_ms: float) -> int | None:
    """What the meter showed; None: nobody knows."""
    for flow in flows:
        if flow.time.from_ms <= at_ms < flow.time.to_ms < inf:
            share = (at_ms - flow.time.from_ms) / (flow.time.to_ms - flow.time.from_ms)
            return round(flow.start_wh + share * (flow.end_wh - flow.start_wh))
    return None


def refused_is_stopped(case: Case) -> Iterator[Finding]:
    """A transaction that the central system refuses after its start draws nothing more from then on."""
    for session in case.sessions.values():
        refused_ms = _refused_ms(session)
        if refused_ms is None or session.begin_wh is None or session.end_wh is None:
            continue
        owner, since_ms = session.charge_point, refused_ms + case.tolerances.grace_s * 1000
        excused = _excused(case, owner, "bridge", "broker", "hardware", "meter", "disk")
        for flow in _flows(case, owner):
            drawn = _within(flow, (session.begin_wh, session.end_wh))
            rests = _without(_Time(from_ms=max(drawn.from_ms, since_ms), to_ms=drawn.to_ms), excused)
            if flow.power_w > 0 and sum(rest.to_ms - rest.from_ms for rest in rests) > ROUNDING_MS:
                yield finding(12, owner, f"{session.id} was refused at {refused_ms} ms, and charged on")
                break


def _refused_ms(session: Session) -> int | None:
    """When the central system refused a start that it never accepted."""
    if session.start is None:
        return None
    answers = [told.call.answer for told in session.copies(session.start) if told.call.answer is not None]
    refused = [answer.at_ms for answer in answers if answer.accepted is False]
    return min(refused) if refused and not any(answer.accepted for answer in answers) else None


# --- sessions ---------------------------------------------------------------------------------------------------------------------


def flows_in_sessions(case: Case) -> Iterator[Finding]:
    """Nothing flows without a session, and none goes on by itself after it was ended on purpose."""
    for charge_point, meter in case.truth.meters.items():
        excused = _excused(case, charge_point, "bridge", "broker", "hardware", "meter", "disk") + list(_in_sessions(case, charge_point))
        for start_wh, end_wh in _without_session(case, charge_point, meter):
            yield from _unauthorised(case, charge_point, (start_wh, end_wh), excused)
    for charge_point in case.charge_points:
        ended = {entry.id: entry for entry in case.history(charge_point)}
        for entry in case.history(charge_point, EntryKind.OCPP, EntryKind.LOCAL):
            before = None if entry.follows is None else ended.get(entry.follows)
            if before is None:
                continue
            if before.reason in FINAL or (before.reason == StopReason.DEAUTHORIZED and entry.kind is EntryKind.OCPP):
                yield finding(12, charge_point, f"{entry.id} goes on where {before.id} was ended: {before.reason}")


def _in_sessions(case: Case, charge_point: ChargePointId) -> Iterator[_Time]:
    """When sessions ran, by the observer's clock: a slow meter tells of energy after the session in which it flowed.

    That energy is no session's, but a gap; yet somebody was permitted to draw it.
    """
    entries = case.history(charge_point, EntryKind.OCPP, EntryKind.LOCAL)
    for number, begun_ms in enumerate(case.offsets_ms):
        for ended_ms in case.offsets_ms[number:]:
            for entry in entries:
                yield _Time(from_ms=entry.started_ms - begun_ms, to_ms=_until(case, charge_point, entry, entry.ended_ms - ended_ms))


def _until(case: Case, charge_point: ChargePointId, entry: HistoryEntry, ended_ms: float) -> float:
    """A session that died with the bridge ends at what was last on the disk, and ran until then, or until its vehicle left.

    How long that may have been before, the register tells only while it rises, and the disk takes it: a session that was paused is kept
    no more.
    """
    grace_ms = case.tolerances.grace_s * 1000
    died_ms = min((at_ms for at_ms in deaths(case) if at_ms >= ended_ms), default=ended_ms)
    if entry.reason in DIED:
        return died_ms + grace_ms
    if entry.reason == StopReason.EV_DISCONNECTED:
        left_ms = _leaves_ms(case, charge_point, ended_ms)
        if left_ms is not None:
            return min(died_ms, left_ms) + grace_ms
    kept_ms = ended_ms + KEEP_MS + grace_ms
    return max((at_ms for at_ms in deaths(case) if ended_ms <= at_ms <= kept_ms), default=ended_ms + grace_ms)


def _leaves_ms(case: Case, charge_point: ChargePointId, from_ms: float) -> float | None:
    """When the vehicle that is plugged in then is pulled out; None: there is none."""
    told = [event for event in case.truth.happened if isinstance(event, Plugged) and event.charge_point == charge_point]
    before = [event.plugged for event in told if event.at_ms <= from_ms]
    if before[-1:] != [True]:
        return None
    return next((event.at_ms for event in told if event.at_ms > from_ms and not event.plugged), inf)


def _without_session(case: Case, charge_point: ChargePointId, meter: Metered) -> Iterator[tuple[int, int]]:
    """Pieces of the register that lie in no session; what is written down as a gap is no session."""
    spans: list[Span] = [span for span in spans_of(case, charge_point, meter) if span.ledger is not Ledger.GAP]
    reached_wh = meter.start_wh
    for span in sorted(spans):
        if span.start_wh > reached_wh:
            yield reached_wh, span.start_wh
        reached_wh = max(reached_wh, span.end_wh)
    if reached_wh < meter.end_wh:
        yield reached_wh, meter.end_wh


def _unauthorised(case: Case, charge_point: ChargePointId, piece: tuple[int, int], excused: Sequence[_Time]) -> Iterator[Finding]:
    """How long a piece of the register took to flow, outages left out."""
    seconds, most_w = 0.0, 0.0
    for flow in _flows(case, charge_point):
        rests = list(_without(_within(flow, piece), excused))
        if flow.power_w > 0 and rests:
            seconds += sum(rest.to_ms - rest.from_ms for rest in rests) / 1000
            most_w = max(most_w, flow.power_w)
    if seconds * most_w / 3600 > case.tolerances.grace_s * most_w / 3600 + ROUNDING_WH:
        yield finding(12, charge_point, f"{piece[0]} to {piece[1]} Wh flowed in no session, for {seconds:.0f} s")


def _within(flow: _Flow, piece: tuple[int, int]) -> _Time:
    """When the register was in a piece while this flowed. Power is constant, so the register rises evenly."""
    start_wh, end_wh = max(flow.start_wh, piece[0]), min(flow.end_wh, piece[1])
    if start_wh >= end_wh:
        return _Time(from_ms=0, to_ms=0)
    lasts_ms = flow.time.to_ms - flow.time.from_ms
    share_ms = lasts_ms / (flow.end_wh - flow.start_wh)
    from_ms = flow.time.from_ms + (start_wh - flow.start_wh) * share_ms
    return _Time(from_ms=from_ms, to_ms=from_ms + (end_wh - start_wh) * share_ms)


# --- time -------------------------------------------------------------------------------------------------------------------------


def _flows(case: Case, charge_point: ChargePointId) -> Iterator[_Flow]:
    """What flowed, piece by piece; the last one lasts for ever, and its register is the meter's last."""
    told = [event for event in case.truth.happened if isinstance(event, Power) and event.charge_point == charge_point]
    for event, after in pairwise(told):
        yield _Flow(
            time=_Time(from_ms=event.at_ms, to_ms=after.at_ms),
            power_w=event.power_w,
            start_wh=event.register_wh,
            end_wh=after.register_wh,
        )
    for event in told[-1:]:
        yield _Flow(time=_Time(from_ms=event.at_ms, to_ms=inf), power_w=event.power_w, start_wh=event.register_wh, end_wh=event.register_wh)


def _excused(case: Case, charge_point: ChargePointId, *what: str) -> list[_Time]:
    """Outages, and the time it takes to come back from them; a cut is one without an end of its own."""
    after_ms = case.tolerances.after_outage_s * 1000
    times = [_Time(from_ms=outage.from_ms, to_ms=outage.to_ms + after_ms) for outage in case.outages(charge_point, *what)]
    return times + [_Time(from_ms=cut.at_ms, to_ms=cut.at_ms + after_ms) for cut in case.truth.cuts]


def _without(time: _Time, excused: Sequence[_Time]) -> Iterator[_Time]:
    """What is left of a time when others are taken out."""
    from_ms = time.from_ms
    for hole in sorted(excused, key=lambda hole: hole.from_ms):
        if from_ms < min(hole.from_ms, time.to_ms):
            yield _Time(from_ms=from_ms, to_ms=min(hole.from_ms, time.to_ms))
        from_ms = max(from_ms, hole.to_ms)
    if from_ms < time.to_ms:
        yield _Time(from_ms=from_ms, to_ms=time.to_ms)
