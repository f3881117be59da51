"""Each defect spoils one thing of a correct day, and must be found by the rule it breaks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bridge.audit.ledgers import Lamp, Outage, Plugged, Rebased, Tapped
from bridge.core.effects import EntryKind, RecordStart
from bridge.core.values import Authority, ChargePointId, Colour, IdTag, SessionId, StopReason
from tests.audit.world import (
    ACCEPTED,
    CARD,
    GARAGE,
    OCMF,
    OTHER,
    YARD,
    Day,
    Json,
    entry,
    event,
    iso,
    reading,
    sample,
    start,
    status,
    stop,
    utc_ms,
    value,
    values,
)


class Defect:
    """What is spoilt, step by step, and the number of the rule that must say so."""

    def __init__(self, rule: int, name: str, *steps: Callable[[Day], object]) -> None:
        self.rule = rule
        self.name = name
        self._steps = steps

    def spoil(self, day: Day) -> None:
        for step in self._steps:
            step(day)


def _set(*path: str | int, to: Json) -> Callable[[list[Json]], None]:
    def change(message: list[Json]) -> None:
        inner: Any = message
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = to

    return change


def _lose(day: Day, action: str, number: int = 0) -> None:
    day.drop(day.find(action, number))


def _edit(day: Day, action: str, number: int, *path: str | int, to: Json) -> None:
    day.edit(day.find(action, number), _set(*path, to=to))


def _swap(day: Day, first: int, second: int) -> None:
    """Two requests, each with its answer, in the other order."""
    pairs = day.frames[first : first + 2], day.frames[second : second + 2]
    day.frames[first : first + 2], day.frames[second : second + 2] = pairs[1], pairs[0]


def _without_row(day: Day, number: int) -> None:
    day.rows = [row for row in day.rows if row.id != number]


def _change_lamp(day: Day, name: str, **fields: Json) -> None:
    day.happened = [replace(one, **fields) if isinstance(one, Lamp) and one.id == name else one for one in day.happened]


def _without(day: Day, kind: type, name: str) -> None:
    day.happened = [one for one in day.happened if not (isinstance(one, kind) and getattr(one, "id", None) == name)]


def _stray_session(day: Day) -> None:
    """The outbox has a whole session that the history does not have."""
    day.history = [(owner, known) for owner, known in day.history if known.id != "s1"]


def _foreign_transaction(day: Day) -> None:
    day.call(980, 3, GARAGE, "StartTransaction", start(975, 2990), ACCEPTED | {"transactionId": 77})
    day.call(981, 3, GARAGE, "StopTransaction", stop((975, 980), 77, (2990, 3000)), {})


def _two_stops(day: Day) -> None:
    known = day.rows[2]
    day.row(GARAGE, replace(known.record, sequence=3))


def _start_unfinished(day: Day) -> None:
    opened = RecordStart(session=SessionId("s9"), sequence=0, tag=CARD, reading=reading(990, 3000), utc_ms=utc_ms(990), offline=False)
    day.row(GARAGE, opened, state="parked", error="NotSupported")


def _overlap(day: Day, at_s: float, register_wh: int) -> None:
    """The parked session begins too early."""
    day.change_row(4, utc_ms=utc_ms(at_s), reading=reading(at_s, register_wh))


def _resent(day: Day, message: str) -> None:
    """The first sample's answer is read, and the sample goes out again."""
    day.call(250, 4, GARAGE, "MeterValues", sample(190, 0, 1500, OCMF % 2), {}, message)


def _second_id(day: Day) -> None:
    """The unanswered start goes out again under a new id."""
    _edit(day, "StartTransaction", 1, 1, to="m-start-new")
    day.edit(day.find("StartTransaction", 1) + 1, _set(1, to="m-start-new"))


def _resent_in_silence(day: Day) -> None:
    """On one connection, with the first copy still open."""
    day.frame(973, 3, GARAGE, [2, "m-x", "StopTransaction", stop((805, 960), -1, (2600, 3000))])
    day.frame(974, 3, GARAGE, [2, "m-x", "StopTransaction", stop((805, 960), -1, (2600, 3000))])


def _continued(day: Day, kind: EntryKind, reason: StopReason) -> None:
    day.change_entry(0, reason=reason.value)
    number = [known.kind for _, known in day.history].index(kind) if kind is EntryKind.LOCAL else 3
    day.change_entry(number, follows=SessionId("s1"))


def _red_for_green(day: Day) -> None:
    owner, decision = day.decisions[0]
    day.decisions[0] = (owner, replace(decision, colour=Colour.RED))


def _late_register(day: Day) -> None:
    day.manage(960, GARAGE, 0)
    day.power(970, GARAGE, 4_000, 3000)


def _silent_power(day: Day) -> None:
    """A minute of power after the last session."""
    day.power(1000, GARAGE, 6_000, 3000)
    day.power(1060, GARAGE, 0, 3100)
    day.meters[GARAGE] = replace(day.meters[GARAGE], end_wh=3100)
    day.history.append((GARAGE, entry("s9-gap", EntryKind.GAP, (960, 1120), (3000, 3100), reason="no_session")))


def _leap(day: Day) -> None:
    """The register leaps, and somebody bills it."""
    day.happened.append(Rebased(at_ms=980_000, charge_point=GARAGE, from_wh=3000, to_wh=4000))
    day.meters[GARAGE] = replace(day.meters[GARAGE], end_wh=4000)
    day.history.append((GARAGE, entry("s9", EntryKind.LOCAL, (980, 985), (3000, 4000))))


def _security(day: Day, *, signed: str) -> None:
    _edit(day, "MeterValues", 0, 3, "meterValue", 0, "sampledValue", 1, "value", to=signed)
    _edit(day, "MeterValues", 1, 3, "meterValue", 0, "sampledValue", 1, "value", to=signed)


def _sign(day: Day, charge_point: ChargePointId, texts: tuple[str, ...]) -> None:
    day.truth = replace(day.truth, signed={**day.truth.signed, charge_point: texts})


def _boot_again_and_again(day: Day) -> None:
    for number in range(8):
        day.call(980 + number, 3, GARAGE, "BootNotification", {}, {"status": "Accepted"})


def _event(day: Day, *path: str | int, to: Json, number: int = 2) -> None:
    _edit(day, "TransactionEvent", number, 3, *path, to=to)


DEFECTS = (
    # 1: each session once
    Defect(1, "a start is duplicated with another time", lambda day: day.call(42, 2, GARAGE, "StartTransaction", start(6, 1000), ACCEPTED)),
    Defect(1, "a delivered start was never heard", lambda day: _lose(day, "StartTransaction"), lambda day: _lose(day, "StartTransaction")),
    Defect(1, "the central system has another card", lambda day: _edit(day, "StartTransaction", 1, 3, "idTag", to=OTHER.text)),
    Defect(
        1, "a session is in the history only", lambda day: day.history.append((GARAGE, entry("x", EntryKind.OCPP, (0, 1), (3000, 3000))))
    ),
    Defect(1, "a session is in the outbox only", _stray_session),
    Defect(1, "2.0.1 hears of a transaction nobody wrote", lambda day: _event(day, "transactionInfo", "transactionId", to="y9", number=0)),
    # 2: one stop
    Defect(2, "a stop is lost on its way", lambda day: _lose(day, "StopTransaction")),
    Defect(2, "a stop is never written", lambda day: _without_row(day, 6), lambda day: _lose(day, "StopTransaction", 1)),
    Defect(2, "a stop is written twice", _two_stops),
    Defect(2, "a session neither runs nor stops", _start_unfinished),
    Defect(2, "a stopped session runs", lambda day: day.open_sessions.append((GARAGE, "s1"))),
    Defect(
        2,
        "a second stop with another register",
        lambda day: day.call(380, 2, GARAGE, "StopTransaction", stop((5, 372), 0, (1000, 1999)), {}),
    ),
    Defect(
        2,
        "a stop before its start",
        lambda day: _lose(day, "StartTransaction"),
        lambda day: _swap(day, day.find("StartTransaction"), day.find("StopTransaction")),
    ),
    Defect(2, "a stop written before its start", lambda day: day.change_row(1, id=3), lambda day: day.change_row(3, id=1)),
    Defect(
        2,
        "a start taken out of parking leaves its stop without a name",
        lambda day: day.change_row(4, state="delivered", error=None, rounds=1),
        lambda day: day.call(980, 3, GARAGE, "StartTransaction", start(805, 2600), ACCEPTED | {"transactionId": 13}),
    ),
    Defect(2, "2.0.1 hears no end", lambda day: _lose(day, "TransactionEvent", 3)),
    # 3: never backwards
    Defect(3, "a reading is shifted below the start", lambda day: day.change_row(2, reading=reading(190, 999))),
    Defect(3, "a reading is older than the start", lambda day: day.change_row(2, reading=reading(4, 1500))),
    Defect(
        3,
        "the end tells of a higher register",
        lambda day: _edit(day, "StopTransaction", 0, 3, "transactionData", 1, to=values(372, 2001, "Transaction.End")),
    ),
    Defect(3, "a session begins before the last one ended", lambda day: _overlap(day, 371, 2600)),
    Defect(3, "a session begins below the last one's end", lambda day: _overlap(day, 805, 1999)),
    Defect(3, "a session begins while one runs", lambda day: _without_row(day, 3), lambda day: day.open_sessions.append((GARAGE, "s1"))),
    # 4: energy
    Defect(4, "energy is billed twice", lambda day: day.change_entry(1, start_wh=1900)),
    Defect(4, "energy is on no bill", lambda day: day.change_entry(2, end_wh=2550)),
    Defect(4, "a gap is not recorded", lambda day: day.history.pop(2)),
    Defect(
        4,
        "more is accounted for than the meter counted",
        lambda day: day.change_entry(3, end_wh=3100),
        lambda day: day.change_row(6, reading=reading(960, 3100)),
    ),
    Defect(4, "an entry runs backwards", lambda day: day.change_entry(2, start_wh=2700)),
    Defect(4, "the central system bills what the bridge never wrote", _foreign_transaction),
    Defect(4, "two users are swapped", lambda day: day.change_entry(0, tag=OTHER), lambda day: day.change_entry(4, tag=CARD)),
    Defect(4, "2.0.1 bills another card", lambda day: _event(day, "idToken", "idToken", to=CARD.text, number=1)),
    Defect(4, "history and outbox begin elsewhere", lambda day: day.change_entry(3, start_wh=2601)),
    Defect(4, "history and outbox end elsewhere", lambda day: day.change_entry(3, end_wh=2999)),
    Defect(4, "a leap of the register is accounted for", _leap),
    Defect(4, "an end tells of energy that flowed later", lambda day: day.change_entry(0, ended_ms=utc_ms(300))),
    Defect(4, "the end is shifted at the central system", lambda day: _edit(day, "StopTransaction", 0, 3, "meterStop", to=1990)),
    # 5: local sessions
    Defect(
        5,
        "a reading within a local session",
        lambda day: day.call(500, 2, GARAGE, "MeterValues", {"connectorId": 1, "meterValue": [values(500, 2250, "Sample.Clock")]}, {}),
    ),
    Defect(5, "a start within a local session", lambda day: day.call(500, 2, GARAGE, "StartTransaction", start(500, 2250), ACCEPTED)),
    Defect(5, "a local session in the outbox", lambda day: day.change_entry(1, id=SessionId("s1"))),
    Defect(5, "a local session is shown as free", lambda day: day.call(500, 2, GARAGE, "StatusNotification", status(500, "Available"), {})),
    # 6: order and content
    Defect(
        6,
        "two messages are reordered",
        lambda day: _lose(day, "MeterValues"),
        lambda day: _swap(day, day.find("MeterValues"), day.find("StopTransaction")),
    ),
    Defect(6, "a reading nobody wrote", lambda day: day.call(250, 2, GARAGE, "MeterValues", sample(250, 0, 1600), {})),
    Defect(6, "2.0.1 has no number 2", lambda day: _lose(day, "TransactionEvent", 2)),
    Defect(6, "2.0.1 does not begin with its start", lambda day: _event(day, "eventType", to="Updated", number=0)),
    Defect(6, "2.0.1 begins twice", lambda day: _event(day, "eventType", to="Started")),
    Defect(6, "2.0.1 ends twice", lambda day: _event(day, "eventType", to="Ended")),
    Defect(
        6,
        "2.0.1 does not end with its end",
        lambda day: _event(day, "eventType", to="Ended"),
        lambda day: _event(day, "eventType", to="Updated", number=3),
    ),
    Defect(6, "2.0.1 tells another time", lambda day: _event(day, "timestamp", to=iso(51))),
    Defect(6, "2.0.1 tells another register", lambda day: _event(day, "meterValue", to=[value(50, 151, "Sample.Periodic")])),
    Defect(6, "2.0.1 hides that it was offline", lambda day: _event(day, "offline", to=False, number=0)),
    # 7: rows
    Defect(7, "a row is deleted", lambda day: _without_row(day, 5)),
    Defect(7, "a number is used twice", lambda day: day.change_row(6, id=5)),
    Defect(7, "a row is left in the queue", lambda day: day.change_row(6, state="queued")),
    Defect(7, "a row is put aside for nothing", lambda day: day.change_row(4, error=None)),
    Defect(7, "a row is in no known state", lambda day: day.change_row(6, state="lost")),
    Defect(7, "delivered, and only refused", lambda day: _lose(day, "MeterValues", 1)),
    Defect(7, "delivered, and never answered", lambda day: day.frames.pop(day.find("StopTransaction") + 1)),
    # 8: copies
    Defect(8, "sent again after the answer was read", lambda day: _resent(day, "m-third")),
    Defect(8, "sent again while still open", _resent_in_silence),
    Defect(
        8,
        "another payload the second time",
        lambda day: _edit(day, "MeterValues", 1, 3, "meterValue", 0, "sampledValue", 1, "value", to="?"),
    ),
    Defect(8, "another id after silence", _second_id),
    Defect(
        8,
        "2.0.1: another payload the second time",
        lambda day: day.call(90, 11, YARD, "TransactionEvent", event("Updated", 50, 2, [value(50, 150, "Sample.Periodic")], cause="?"), {}),
    ),
    # 9: ids
    Defect(9, "an id for two messages", lambda day: day.call(975, 3, GARAGE, "Heartbeat", {}, {}, "m-start")),
    Defect(
        9, "an id twice on one connection", lambda day: day.call(975, 2, GARAGE, "StartTransaction", start(5, 1000), ACCEPTED, "m-start")
    ),
    Defect(
        9,
        "two open calls",
        lambda day: day.frame(975, 3, GARAGE, [2, "a", "Heartbeat", {}]),
        lambda day: day.frame(976, 3, GARAGE, [2, "b", "Heartbeat", {}]),
    ),
    Defect(9, "a frame that is no message", lambda day: day.frame(975, 3, GARAGE, "nonsense")),
    # 10: lamps
    Defect(10, "no lamp", lambda day: _without(day, Lamp, "tap-3")),
    Defect(
        10,
        "two lamps",
        lambda day: day.happened.append(Lamp(at_ms=4_000, charge_point=GARAGE, id="tap-1", colour="green", authority="ocpp")),
    ),
    Defect(10, "a lamp too late", lambda day: _change_lamp(day, "tap-1", at_ms=12_500)),
    Defect(
        10,
        "a lamp long after the broker was away",
        lambda day: _change_lamp(day, "tap-1", at_ms=50_000),
        lambda day: setattr(
            day,
            "truth",
            replace(day.truth, outages=(Outage(what="broker", charge_point=None, from_ms=2_000, to_ms=49_000), *day.truth.outages)),
        ),
    ),
    Defect(10, "a lamp too early", lambda day: _change_lamp(day, "tap-1", at_ms=1_500)),
    Defect(10, "a lamp nobody tapped for", lambda day: _without(day, Tapped, "tap-1")),
    Defect(
        10,
        "two lamps nobody tapped for",
        lambda day: day.happened.extend([Lamp(at_ms=1, charge_point=GARAGE, id="x", colour="red", authority="ocpp")] * 2),
    ),
    Defect(10, "the lamp says otherwise than the decision", _red_for_green),
    Defect(
        10,
        "green for a vehicle that has left",
        lambda day: _change_lamp(day, "tap-1", at_ms=6_000),
        lambda day: day.happened.append(Plugged(at_ms=4_000, charge_point=GARAGE, plugged=False)),
    ),
    Defect(10, "green without a local permission", lambda day: setattr(day, "truth", replace(day.truth, permitted=frozenset()))),
    Defect(10, "green without the central system's yes", lambda day: day.tap(30, "tap-9", IdTag(text="0000"), Authority.OCPP)),
    Defect(
        10,
        "green before anybody said yes",
        lambda day: day.decisions.clear(),
        lambda day: _change_lamp(day, "tap-1", at_ms=1),
        lambda day: day.tap(0, "tap-0", IdTag(text="1"), Authority.OCPP),
        lambda day: day.decisions.clear(),
    ),
    # 11: limits
    Defect(11, "power over the limit", lambda day: day.manage(100, GARAGE, 9_000)),
    Defect(11, "power in spite of a no", lambda day: day.manage(100, GARAGE, 0)),
    Defect(11, "power for ever in spite of a no", _late_register),
    Defect(
        11, "a limit raised a little gives no new grace", lambda day: day.manage(360, GARAGE, 0), lambda day: day.manage(364, GARAGE, 4_000)
    ),
    Defect(
        11,
        "a no that was stored while the bridge was away",
        lambda day: day.manage(650, YARD, 0, reached=False),
        lambda day: day.power(690, YARD, 3_000, 200),
    ),
    # 12: sessions
    Defect(12, "power without a session", _silent_power),
    Defect(
        12,
        "a session charges on after the central system has refused it",
        lambda day: day.edit(day.find("StartTransaction", 1) + 1, lambda message: message[2].update({"idTagInfo": {"status": "Blocked"}})),
    ),
    Defect(12, "a session goes on after the card ended it", lambda day: _continued(day, EntryKind.OCPP, StopReason.LOCAL)),
    Defect(12, "a session goes on after it was refused", lambda day: _continued(day, EntryKind.OCPP, StopReason.DEAUTHORIZED)),
    Defect(
        12, "a local session goes on after the plug was pulled", lambda day: _continued(day, EntryKind.LOCAL, StopReason.EV_DISCONNECTED)
    ),
    # 13: names
    Defect(13, "a stop of an unknown transaction", lambda day: day.call(975, 3, GARAGE, "StopTransaction", stop((5, 972), 99, (2, 3)), {})),
    Defect(13, "a stop under another's name", lambda day: _edit(day, "StopTransaction", 1, 3, "transactionId", to=12)),
    Defect(13, "a sample under no name though there is one", lambda day: _edit(day, "MeterValues", 1, 3, "transactionId", to=-1)),
    Defect(13, "a sample under no name while the start waits", lambda day: day.change_row(4, state="queued", error=None)),
    Defect(13, "2.0.1 speaks of a transaction nobody knows", lambda day: _event(day, "transactionInfo", "transactionId", to="y9")),
    # 14: status
    Defect(14, "the last status is wrong", lambda day: day.call(990, 3, GARAGE, "StatusNotification", status(990, "Charging"), {})),
    Defect(14, "2.0.1: the last status is wrong", lambda day: _lose(day, "StatusNotification", day_yard_status(day))),
    Defect(14, "no status at all", lambda day: setattr(day, "frames", [one for one in day.frames if "StatusNotification" not in one.text])),
    Defect(14, "registered again and again", _boot_again_and_again),
    # 17: signatures
    Defect(17, "a signed reading is altered", lambda day: _security(day, signed=OCMF % 22)),
    Defect(17, "a signed reading the meter never made", lambda day: _sign(day, GARAGE, (OCMF % 1, OCMF % 3))),
    Defect(17, "signed readings in the wrong order", lambda day: _sign(day, YARD, (OCMF % 8, OCMF % 7, OCMF % 9))),
    Defect(
        17,
        "2.0.1: a signed reading is no Base64",
        lambda day: _event(day, "meterValue", 0, "sampledValue", 0, "signedMeterValue", "signedMeterData", to="?"),
    ),
)


def day_yard_status(day: Day) -> int:
    """The number of the yard's last status among all."""
    texts = [frame for frame in day.frames if frame.from_station and '"StatusNotification"' in frame.text]
    return len(texts) - 1
