"""What looks like a defect and is none: faults that the rules allow for. Beside each stands the same without its excuse."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge.audit.accounts import balance_of
from bridge.audit.case import Case
from bridge.audit.ledgers import Cut, Lamp, Outage, Plugged, Power, Rebased, Stepped, Tapped
from bridge.audit.tolerances import Tolerances
from bridge.core.effects import EntryKind, RecordUpdate
from bridge.core.values import Authority, IdTag, SessionId, StopReason, TxKind, Why
from tests.audit.world import (
    ACCEPTED,
    BEN,
    CARD,
    GARAGE,
    OCMF,
    OTHER,
    YARD,
    Day,
    a_day,
    entry,
    event,
    reading,
    sample,
    start,
    status,
    stop,
    telling,
    utc_ms,
    value,
)


def rules(day: Day) -> set[int]:
    return {finding.rule for finding in day.findings()}


def outage(day: Day, what: str, from_s: float, to_s: float) -> None:
    one = Outage(what=what, charge_point=None, from_ms=round(from_s * 1000), to_ms=round(to_s * 1000))
    day.truth = replace(day.truth, outages=(*day.truth.outages, one))


def cut(day: Day, at_s: float) -> None:
    day.truth = replace(day.truth, cuts=(*day.truth.cuts, Cut(at_ms=round(at_s * 1000))))


def resend(day: Day) -> None:
    """The answer was read, since the station went on, and the sample comes again."""
    day.call(300, 4, GARAGE, "MeterValues", sample(190, 0, 1500, OCMF % 2), {}, "m-sample-again")


def resend_soon(day: Day) -> None:
    """A second after the first answer."""
    day.call(202, 4, GARAGE, "MeterValues", sample(190, 0, 1500, OCMF % 2), {}, "m-sample-again")


def tap_in_vain(day: Day) -> None:
    day.happened.append(Tapped(at_ms=300_000, charge_point=GARAGE, id="tap-9", tag=BEN.text))


def same_card_again(day: Day) -> None:
    day.happened.append(Tapped(at_ms=401_000, charge_point=GARAGE, id="tap-9", tag=BEN.text))


def late_lamp(day: Day) -> None:
    day.happened = [replace(one, at_ms=13_000) if isinstance(one, Lamp) and one.id == "tap-1" else one for one in day.happened]


def stranger(day: Day) -> None:
    day.tap(30, "tap-9", IdTag(text="0000"), Authority.OCPP)


def over_limit(day: Day) -> None:
    day.manage(100, GARAGE, 9_000)
    day.manage(380, GARAGE, 11_000)


def obeyed_in_time(day: Day) -> None:
    day.power(104, GARAGE, 0, 1261)
    day.power(105, GARAGE, 8_000, 1261)


def disk_until_cut(day: Day) -> None:
    outage(day, "disk", 195, 280)
    cut(day, 270)


def step(at_ms: int, by_ms: int) -> Callable[[Day], None]:
    def happen(day: Day) -> None:
        day.truth = replace(day.truth, steps=(Stepped(at_ms=at_ms, by_ms=by_ms),))

    return happen


def tolerate(tolerances: Tolerances) -> Callable[[Day], None]:
    def happen(day: Day) -> None:
        day.tolerances = tolerances

    return happen


def told_of_the_new_meter(day: Day) -> None:
    day.happened.append(Rebased(at_ms=990_000, charge_point=GARAGE, from_wh=3000, to_wh=0))


def jumped_status(day: Day) -> None:
    day.call(990, 3, GARAGE, "StatusNotification", status(5000, "Finishing"), {})


def lost_limit(day: Day) -> None:
    day.manage(100, GARAGE, 9_000, reached=False)


def power_in_vain(day: Day) -> None:
    """A minute of it, recorded as a gap."""
    day.power(1000, GARAGE, 6_000, 3000)
    day.power(1060, GARAGE, 0, 3100)
    day.meters[GARAGE] = replace(day.meters[GARAGE], end_wh=3100)
    day.history.append((GARAGE, entry("s9-gap", EntryKind.GAP, (960, 1120), (3000, 3100), reason="no_session")))


def slow_meter(day: Day) -> None:
    """A session during which the meter said nothing: what flowed is a gap."""
    power_in_vain(day)
    day.history.insert(-1, (GARAGE, entry("s9", EntryKind.LOCAL, (999, 1059), (3000, 3000))))


def died_with_the_bridge(day: Day) -> None:
    """The end of a session is what was last on the disk, and the vehicle went on until the bridge died."""
    power_in_vain(day)
    day.history.insert(-1, (GARAGE, entry("s9", EntryKind.LOCAL, (999, 1001), (3000, 3000), reason="PowerLoss")))


def running_locally(day: Day) -> None:
    power_in_vain(day)
    day.history.pop()
    day.open_sessions.append((GARAGE, "s9"))


def clock_set_back(day: Day) -> None:
    """The parked session begins an hour before the one before it ended, by the clock."""
    day.change_row(4, utc_ms=utc_ms(805 - 3600))


def new_meter(day: Day) -> None:
    """It begins at 0, and a local session goes on there."""
    day.meters[GARAGE] = replace(day.meters[GARAGE], end_wh=100)
    day.history.append((GARAGE, entry("s9", EntryKind.LOCAL, (999, 1059), (0, 100))))


def queued(day: Day) -> None:
    day.change_row(6, state="queued")
    day.drop(day.find("StopTransaction", 1))


def rewritten(day: Day) -> None:
    """The second copy has other measurands."""
    resend_soon(day)
    payload = sample(190, 0, 1500)
    day.drop(len(day.frames) - 2)
    day.call(202, 4, GARAGE, "MeterValues", payload, {}, "m-new")


def shown_in_local(day: Day) -> None:
    day.call(500, 2, GARAGE, "StatusNotification", status(500, "Available"), {})


Spoil = Callable[[Day], object]
EXCUSES: tuple[tuple[str, int, Spoil, Spoil], ...] = (
    ("a cut before the answer was on the disk", 8, resend_soon, lambda day: cut(day, 201)),
    ("the bridge ended before the answer was on the disk", 8, resend_soon, lambda day: outage(day, "bridge", 201, 202)),
    ("a disk that refused until the cut", 8, resend, disk_until_cut),
    ("a row that came out of parking", 8, resend, lambda day: day.change_row(2, rounds=1)),
    ("a tap shortly before a cut", 10, tap_in_vain, lambda day: cut(day, 305)),
    ("a tap while the broker was away", 10, tap_in_vain, lambda day: outage(day, "broker", 290, 310)),
    ("a lamp that waited for the broker", 10, late_lamp, lambda day: outage(day, "broker", 5, 12)),
    ("strangers are let in while nobody can be asked", 10, stranger, tolerate(Tolerances(strangers_offline=True))),
    ("a limit while the wallbox ignored commands", 11, over_limit, lambda day: outage(day, "hardware", 90, 371)),
    ("a limit the vehicle had no time to obey", 11, over_limit, obeyed_in_time),
    ("power while the bridge was down", 12, power_in_vain, lambda day: outage(day, "bridge", 990, 1020)),
    ("a clock that was set back", 3, clock_set_back, step(700_000, -3_600_000)),
    ("a meter that was replaced", 4, new_meter, told_of_the_new_meter),
    ("a queue that is not yet empty", 7, queued, tolerate(Tolerances(quiet=False))),
    ("a clock that jumps makes times of statuses worthless", 5, shown_in_local, step(1, 1)),
    ("a status that tells of a clock that jumped", 5, shown_in_local, jumped_status),
)


@pytest.mark.parametrize("rule, spoil, excuse", [row[1:] for row in EXCUSES], ids=[row[0] for row in EXCUSES])
def test_a_fault_excuses_what_it_explains(rule: int, spoil: Spoil, excuse: Spoil) -> None:
    day = a_day()
    spoil(day)
    assert rule in rules(day), "without the excuse it would be a defect"
    excuse(day)
    assert rule not in rules(day), day.findings()


@pytest.mark.parametrize(
    "happen",
    [same_card_again, lost_limit, slow_meter, running_locally],
)
def test_what_is_no_defect_at_all(happen: Spoil) -> None:
    """The same card twice, a limit the broker never had, a slow meter, a session that runs."""
    day = a_day()
    happen(day)
    assert day.findings() == ()


def test_a_session_ran_until_the_bridge_died() -> None:
    """Its end is what was last on the disk, up to a minute earlier."""
    day = a_day()
    died_with_the_bridge(day)
    assert rules(day) == {12}
    cut(day, 1059)
    assert day.findings() == ()
    day.truth = replace(day.truth, cuts=(), clock_ms=utc_ms(0))
    assert rules(day) == {12}


@pytest.mark.parametrize("reason, even", [("meter_changed", True), ("no_session", False)])
def test_a_leap_that_was_written_down_is_no_energy_and_no_mistake(reason: str, even: bool) -> None:
    """A bridge that has just been started can't know that the register was there before: it says what it sees."""
    day = a_day()
    day.happened.append(Rebased(at_ms=980_000, charge_point=GARAGE, from_wh=3000, to_wh=4000))
    day.happened.append(Rebased(at_ms=985_000, charge_point=GARAGE, from_wh=4000, to_wh=3000))
    day.history.append((GARAGE, entry("s9-gap", EntryKind.GAP, (980, 985), (3000, 4000), reason=reason)))
    day.history.append((GARAGE, entry("s9", EntryKind.LOCAL, (985, 990), (3000, 3000))))
    day.happened.sort(key=lambda event: event.at_ms)
    assert (4 not in rules(day)) is even


@pytest.mark.parametrize("reason, ran", [("PowerLoss", True), ("Reboot", True), ("EVDisconnected", False), ("Local", False)])
def test_a_paused_session_is_kept_no_more_and_still_runs_until_the_bridge_dies(reason: str, ran: bool) -> None:
    """Where it ended with the bridge; one that somebody ended is over."""
    day = a_day()
    power_in_vain(day)
    day.history.insert(-1, (GARAGE, entry("s9", EntryKind.LOCAL, (980, 985), (3000, 3000), reason=reason)))
    cut(day, 1059)
    assert (rules(day) == set()) is ran


@pytest.mark.parametrize(
    "plugs, ran",
    [
        ([(950, True), (1062, False)], True),
        ([(950, True)], True),
        ([(950, True), (1057, False)], True),
        ([(950, True), (984, False)], False),
        ([(950, True), (984, False), (1000, True)], False),
        ([(950, True), (1000, False)], False),
        ([(1062, False)], False),
        ([], False),
    ],
)
def test_a_session_that_nobody_could_end_ran_until_its_vehicle_left_or_the_bridge_died(plugs: list[tuple[float, bool]], ran: bool) -> None:
    """A paused session is released, the power goes, or the disk, and the vehicle leaves: its end is what was last on the disk."""
    day = a_day()
    power_in_vain(day)
    day.history.insert(-1, (GARAGE, entry("s9", EntryKind.LOCAL, (980, 985), (3000, 3000), reason="EVDisconnected")))
    cut(day, 1059)
    day.happened += [Plugged(at_ms=round(at_s * 1000), charge_point=GARAGE, plugged=plugged) for at_s, plugged in plugs]
    assert (rules(day) == set()) is ran


def test_without_any_clock_only_registers_are_compared() -> None:
    """Nobody can say when a session ran; what lies in its register is its own all the same."""
    day = a_day()
    day.decisions.clear()
    assert 12 not in rules(day)
    slow_meter(day)
    assert 12 in rules(day)


def test_changed_settings_change_what_goes_with_a_message() -> None:
    """A copy may tell other measurands after the central system has asked for others; never another time or register."""
    day = a_day()
    day.edit(day.find("MeterValues", 1), lambda message: message[3]["meterValue"][0]["sampledValue"].pop())
    assert rules(day) == {8}
    refused = day.find("MeterValues")
    order = replace(day.frames[refused], from_station=False, text='[2,"x","ChangeConfiguration",{"key":"a","value":"b"}]')
    day.frames.insert(refused + 1, order)
    assert day.findings() == ()


def test_a_session_that_changed_its_protocol_has_no_numbers_to_speak_of() -> None:
    """Begun in 1.6, ended in 2.0.1: its first messages have no number there."""
    day = a_day()
    for number, kind in ((1, TxKind.STARTED), (2, TxKind.UPDATED), (3, TxKind.ENDED)):
        day.change_row(number, telling=telling(kind))
    at = day.find("StopTransaction")
    ends = [value(372, 2000, "Transaction.End", OCMF % 3)]
    payload = event("Ended", 372, 2, ends) | {"transactionInfo": {"transactionId": "s1"}}
    day.edit(at, lambda message: message.__setitem__(slice(2, 4), ["TransactionEvent", payload]))
    assert day.findings() == ()


def test_a_start_sent_in_both_versions_is_no_other_content() -> None:
    day = a_day()
    day.change_row(4, telling=telling(TxKind.STARTED))
    day.change_row(5, telling=telling(TxKind.UPDATED))
    day.change_row(6, telling=telling(TxKind.ENDED))
    payload = event("Started", 805, 0, [value(805, 2600, "Transaction.Begin")]) | {"transactionInfo": {"transactionId": "s4"}}
    token = {"idToken": {"idToken": CARD.text, "type": "ISO14443"}}
    at = day.find("StartTransaction", 2) + 2
    tail, day.frames = day.frames[at:], day.frames[:at]
    day.call(806, 4, GARAGE, "TransactionEvent", payload | token, "NotSupported")
    day.frames += tail
    assert day.findings() == ()


def test_an_old_sample_has_been_deleted() -> None:
    """After a month the bridge has forgotten what the central system still has."""
    day = a_day()
    day.call(250, 2, GARAGE, "MeterValues", sample(250, 0, 1600), {})
    assert 6 in rules(day)
    day.tolerances = Tolerances(kept_days=0)
    assert rules(day) == set()


def test_a_transaction_that_never_had_a_session() -> None:
    """2.0.1 may open one when a vehicle is plugged in; nobody taps, and it ends with nothing drawn."""
    day = a_day()
    name = SessionId("y1b")
    common = {"session": name, "offline": False}
    first, last = reading(90, 200), reading(95, 200)
    opened = RecordUpdate(sequence=0, utc_ms=utc_ms(90), telling=telling(TxKind.STARTED), reading=first, **common)  # type: ignore[arg-type]  # a table of fields
    ended = RecordUpdate(sequence=1, utc_ms=utc_ms(95), telling=telling(TxKind.ENDED), reading=last, begin=first, **common)  # type: ignore[arg-type]  # the same
    day.row(YARD, opened)
    day.row(YARD, ended)
    info = {"transactionInfo": {"transactionId": name}}
    day.call(90, 10, YARD, "TransactionEvent", event("Started", 90, 0, []) | info, {})
    assert rules(day) == {6}
    day.call(95, 10, YARD, "TransactionEvent", event("Ended", 95, 1, []) | info, {})
    assert day.findings() == ()


def test_a_running_session_has_everything_since_its_start() -> None:
    """Of the central system, and of one that only the book knows the start of."""
    day = a_day()
    day.history.pop()
    day.rows.pop()
    day.drop(day.find("TransactionEvent", 3))
    day.open_sessions.append((YARD, "y1"))
    assert day.findings() == ()
    day.open_starts_wh["y1"] = 101
    assert rules(day) == {4}


def test_readings_of_one_moment_are_told_apart() -> None:
    """Where a clock stands still two readings say the same: two rows, two messages."""
    day = a_day()
    again = replace(day.rows[1].record, sequence=2)
    day.change_row(3, sequence=3)
    day.rows.insert(2, replace(day.rows[1], id=100, record=again))
    day.rows[2:] = [replace(row, id=number) for number, row in enumerate(day.rows[2:], 3)]
    at = day.find("StopTransaction")
    tail, day.frames = day.frames[at:], day.frames[:at]
    day.call(210, 2, GARAGE, "MeterValues", sample(190, 0, 1500, OCMF % 2), {}, "m-twin")
    day.frames += tail
    assert day.findings() == ()


def test_greens_that_permit_nothing_are_not_questioned() -> None:
    day = a_day()
    day.tap(30, "tap-9", OTHER, Authority.OCPP, Why.STOPPED)
    assert day.findings() == ()


def test_a_red_lamp_needs_no_right() -> None:
    day = a_day()
    day.happened += [
        Tapped(at_ms=30_000, charge_point=GARAGE, id="tap-9", tag="X"),
        Lamp(at_ms=31_000, charge_point=GARAGE, id="tap-9", colour="red", authority="bridge"),
    ]
    assert day.findings() == ()


def test_local_permissions_that_are_not_told_are_not_questioned() -> None:
    day = a_day()
    day.truth = replace(day.truth, permitted=None)
    assert day.findings() == ()


def test_a_start_answered_without_a_name_leaves_its_session_nameless() -> None:
    """Some central systems give none; what follows goes under none."""
    day = a_day()
    for number in (1, 0):
        day.edit(day.find("MeterValues", number), lambda message: message[3].__setitem__("transactionId", -1))
    day.edit(day.find("StopTransaction"), lambda message: message[3].__setitem__("transactionId", -1))
    assert rules(day) == {13}
    day.edit(day.find("StartTransaction", 1) + 1, lambda message: message[2].pop("transactionId"))
    assert day.findings() == ()


def test_a_refused_session_may_go_on_locally_and_one_after_a_cut_at_all() -> None:
    day = a_day()
    day.change_entry(0, reason=StopReason.DEAUTHORIZED.value)
    day.change_entry(1, follows=SessionId("s1"))
    day.change_entry(3, follows=SessionId("unknown"))
    assert day.findings() == ()


def test_a_wallbox_that_obeys_nobody_charges_on_after_a_refusal() -> None:
    """It is told to stop; that it does not is its own fault."""
    day = a_day()
    day.edit(day.find("StartTransaction", 1) + 1, lambda message: message[2].update({"idTagInfo": {"status": "Blocked"}}))
    assert rules(day) == {12}
    stubborn = Outage(what="hardware", charge_point=GARAGE, from_ms=0, to_ms=400_000)
    day.truth = replace(day.truth, outages=(*day.truth.outages, stubborn))
    assert day.findings() == ()


def test_power_of_nothing_needs_nobody() -> None:
    """A last word about power lasts for ever, and 0 W for ever is nothing."""
    day = a_day()
    day.happened.append(Power(at_ms=2_000_000, charge_point=GARAGE, power_w=50, register_wh=3000))
    assert day.findings() == ()


def test_an_altered_start_is_billed_by_what_the_central_system_has() -> None:
    """A transaction that nobody wrote and that is still open is on no bill yet."""
    day = a_day()
    day.call(980, 3, GARAGE, "StartTransaction", start(975, 2990), ACCEPTED | {"transactionId": 77})
    assert rules(day) == {1}
    day.call(981, 3, GARAGE, "StopTransaction", stop((975, 980), 77, (2990, 3000)), {})
    assert rules(day) == {1, 2, 4, 13}


def test_what_is_not_told_is_not_compared() -> None:
    """A status nobody expects, a sample without a register, a step without a reading."""
    day = a_day()
    day.truth = replace(day.truth, statuses={})
    day.change_row(2, reading=reading(190, 1500))
    day.row(YARD, RecordUpdate(session=SessionId("y0"), sequence=0, utc_ms=utc_ms(98), offline=False, telling=telling(TxKind.STARTED)))
    info = {"transactionInfo": {"transactionId": "y0"}}
    day.call(98, 10, YARD, "TransactionEvent", event("Started", 98, 0, []) | info, {})
    for number in (0, 1):
        day.edit(day.find("MeterValues", number), lambda message: message[3]["meterValue"][0]["sampledValue"].clear())
    assert day.findings() == ()


def test_sums_of_one_charge_point() -> None:
    """For whoever shows them."""
    day = a_day()
    case = Case(book=day.book(), frames=day.frames, truth=day.truth, tolerances=Tolerances())
    balance = balance_of(case, GARAGE, day.meters[GARAGE])
    assert (balance.central_wh, balance.local_wh, balance.gap_wh, balance.meter_wh) == (1400, 500, 100, 2000)
