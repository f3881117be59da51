"""What goes wrong: the fault catalogue (reliability.md §2) as far as a simulation can bring it about, a row for each kind.

A storm begins, lasts a while, and ends; how often it really struck is counted in `World.injected`.
"""

from collections.abc import Callable
from dataclasses import replace

from bridge.audit.ledgers import Outage
from bridge.ocpp import failures
from tests.simulation.broker import KEEPALIVE_S, Memory
from tests.simulation.central import ACCEPTED, THINK_S
from tests.simulation.house import DISK_S
from tests.simulation.oddities import ODDITIES
from tests.simulation.sky import End, Sky, Storm

__all__ = ["STORMS", "Season", "Sky", "Storm"]

# --- process, power, disk ---------------------------------------------------------------------------------------------------------------


def _power_cut(sky: Sky) -> None:
    sky.house.cut(power=True)


def _killed(sky: Sky) -> None:
    sky.house.cut(power=False)


def _crash_loop(sky: Sky) -> End:
    """Twenty in a row, each a moment after the start (D3)."""
    house, world = sky.house, sky.house.world
    sky.struck("crash loop")
    for number in range(20):
        world.after(number * 2.0 + sky.rng.uniform(0.0, 1.9), lambda: house.cut(power=sky.rng.random() < 0.5))
    return lambda: None


def _cut_at_a_write(sky: Sky) -> None:
    """In the middle of what the disk is doing."""
    house = sky.house
    left = sky.rng.randrange(1, 60)

    def count(_kind: str, _file: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            house.disk.on_operation = None
            sky.struck("cut at a write")
            house.cut(power=sky.rng.random() < 0.7)

    house.disk.on_operation = count


def _cut_at_a_point(sky: Sky) -> None:
    """Right after a persist, a send, or an acknowledgement."""
    house, world = sky.house, sky.house.world
    last = world.points + sky.rng.randrange(1, 40)

    def count(number: int, kind: str) -> None:
        if number >= last:
            world.on_point = lambda _number, _kind: None
            sky.struck(f"cut at a {kind}")
            house.cut(power=sky.rng.random() < 0.7)

    world.on_point = count


def _cut_at_an_await(sky: Sky) -> None:
    """Between any two steps of the bridge."""
    sky.house.steps_left = sky.rng.randrange(1, 500)
    sky.house.steps_left_power = sky.rng.random() < 0.5


def _planned_stop(sky: Sky) -> None:
    sky.struck("planned stop")
    sky.house.stop()


def _paused(sky: Sky) -> None:
    """SIGSTOP, or a virtual machine that sleeps (C5): time goes on without it."""
    house, world = sky.house, sky.house.world
    if house.life is None:
        return
    sky.struck("process paused")
    from_ms = world.now_ms
    house.paused_until_s = world.now_s + sky.rng.uniform(1, 300)
    world.after(house.paused_until_s - world.now_s, lambda: None)
    house.outages.append(Outage(what="bridge", charge_point=None, from_ms=from_ms, to_ms=int(house.paused_until_s * 1000)))


def _disk_full(sky: Sky) -> End:
    sky.struck("disk full")
    return sky.outage("disk", None, sky.turned(sky.house.disk, free_bytes=(0, None)))


def _sync_fails(sky: Sky) -> None:
    sky.struck("sync fails")
    sky.house.disk.fail_sync(after=sky.rng.randrange(3), times=sky.rng.randrange(1, 4))


def _write_fails(sky: Sky) -> None:
    sky.struck("write fails")
    sky.house.disk.fail_write(after=sky.rng.randrange(6), times=sky.rng.randrange(1, 4))


def _on_no_disk(sky: Sky) -> End:
    """No sync succeeds, then it is killed, then the power goes: what the next life found was only in memory (D5)."""
    house = sky.house
    sky.struck("sync fails until a kill")
    house.disk.fail_sync(times=None)

    def over() -> None:
        house.cut(power=False)
        house.disk.heal()
        house.world.after(sky.rng.uniform(1.0, 60.0), lambda: house.cut(power=True))

    return sky.outage("disk", None, over)


def _read_only(sky: Sky) -> End:
    sky.struck("read-only disk")
    return sky.outage("disk", None, sky.turned(sky.house.disk, read_only=(True, False)))


def _slow_disk(sky: Sky) -> End:
    sky.struck("slow disk")
    return sky.outage("disk", None, sky.turned(sky.house, disk_s=(sky.rng.uniform(0.2, 3.0), DISK_S)))


# --- the central system -----------------------------------------------------------------------------------------------------------------


def _refused(sky: Sky) -> End:
    return _not_let_in(sky, "connection refused", failures.of_os_error(ConnectionRefusedError(111, "connection refused"), host="office"))


def _not_let_in(sky: Sky, name: str, refusal: failures.Failure, code: int | None = None) -> End:
    central = sky.house.central
    sky.struck(name)
    over = sky.turned(central.weather, refusal=(refusal, None))
    central.drop_all(code)
    return sky.outage("csms", None, over)


STATUSES = (301, 401, 403, 404, 429, 500, 502, 503)
"""What a server or a proxy in front of it says to those it does not let in."""


def _wrong_status(sky: Sky) -> End:
    status = sky.rng.choice(STATUSES)
    after_s = 60.0 if status in {429, 503} else None
    refusal = failures.of_status(status, subprotocol="ocpp1.6", location="http://elsewhere.example", retry_after_s=after_s)
    return _not_let_in(sky, f"handshake answered {status}", refusal, 1012)


def _black_hole(sky: Sky) -> End:
    central = sky.house.central
    sky.struck("black hole")
    over = sky.turned(central.weather, black_hole=(True, False))
    for socket in list(central.sockets.values()):
        socket.fall_silent()
    return sky.outage("csms", None, over)


def _half_open(sky: Sky) -> None:
    central = sky.house.central
    for socket in list(central.sockets.values()):
        if sky.rng.random() < 0.7:
            sky.struck("half-open connection")
            socket.fall_silent()


def _dropped(sky: Sky) -> None:
    sky.struck("connections dropped")
    sky.house.central.drop_all(sky.rng.choice((None, 1000, 1001, 1002, 1003, 1006, 1007, 1008, 1009, 1011, 1012, 1013, 4000)))


def _flapping(sky: Sky) -> End:
    """Up and down again and again."""
    world, central = sky.house.world, sky.house.central
    sky.struck("flapping link")
    for number in range(sky.rng.randrange(5, 40)):
        world.after(number * sky.rng.uniform(0.5, 20), central.drop_all)
    return lambda: None


def _central_frozen(sky: Sky) -> End:
    return sky.outage("csms", None, sky.turned(sky.house.central.weather, frozen=(True, False)))


def _share(name: str, **shares: tuple[float, float]) -> Callable[[Sky], End]:
    """Some of the answers are not as they should be."""

    def begin(sky: Sky) -> End:
        drawn = {field: (sky.rng.uniform(least, most), 0.0) for field, (least, most) in shares.items()}
        return sky.outage("csms", None, sky.turned(sky.house.central.weather, **drawn))

    begin.__name__ = name
    return begin


def _errors(sky: Sky) -> End:
    weather = sky.house.central.weather
    over = sky.turned(weather, errors=(sky.rng.uniform(0.2, 1.0), 0.0))
    weather.error_codes = sky.rng.choice(
        (("InternalError",), ("GenericError",), ("FormationViolation", "PropertyConstraintViolation"), ("NotSupported", "InternalError"))
    )
    return sky.outage("csms", None, over)


def _thinks_long(sky: Sky) -> End:
    sky.struck("slow central system")
    return sky.outage("csms", None, sky.turned(sky.house.central.weather, think_s=(sky.rng.uniform(1.0, 8.0), THINK_S)))


def _not_accepted(sky: Sky) -> End:
    central = sky.house.central
    over = sky.turned(central.weather, boot_status=(sky.rng.choice(("Pending", "Rejected")), ACCEPTED))
    central.register_anew()
    return sky.outage("csms", None, over)


def _amnesia(sky: Sky) -> None:
    sky.struck("central system forgot")
    sky.house.central.forget()
    sky.house.central.drop_all(1012)


def _asks(sky: Sky) -> None:
    """One of the requests a station is to answer by the book (W12, W15)."""
    central, rng = sky.house.central, sky.rng
    name = rng.choice(list(sky.house.wallboxes))
    version = central.version(name)
    if version is None:
        return
    v16 = version == "ocpp1.6"
    requests: tuple[tuple[str, dict[str, object]], ...] = (
        ("TriggerMessage", {"requestedMessage": rng.choice(("MeterValues", "StatusNotification", "Heartbeat"))}),
        ("ClearCache", {}),
        ("UnlockConnector", {"connectorId": 1} if v16 else {"evseId": 1, "connectorId": 1}),
        ("GetConfiguration", {}) if v16 else ("GetBaseReport", {"requestId": 1, "reportBase": "SummaryInventory"}),
        ("GetLocalListVersion", {}),
        ("ChangeAvailability", {"connectorId": 1, "type": "Operative"} if v16 else {"operationalStatus": "Operative"}),
        ("RemoteStopTransaction", {"transactionId": 999_999}) if v16 else ("RequestStopTransaction", {"transactionId": "nobody's"}),
    )
    action, payload = rng.choice(requests)
    if central.ask(name, action, payload):
        sky.struck("request of the central system")


def _resets(sky: Sky) -> None:
    central, rng = sky.house.central, sky.rng
    name = rng.choice(list(sky.house.wallboxes))
    kind = rng.choice(("Soft", "Hard")) if central.version(name) == "ocpp1.6" else rng.choice(("Immediate", "OnIdle"))
    if central.ask(name, "Reset", {"type": kind}):
        sky.struck(f"reset {kind}")


def _out_of_service(sky: Sky) -> End | None:
    """Put out of service for a while, and into it again, however often that takes."""
    house, central = sky.house, sky.house.central
    name = sky.rng.choice(list(house.wallboxes))

    def say(word: str) -> bool:
        if central.version(name) == "ocpp1.6":
            return central.ask(name, "ChangeAvailability", {"connectorId": 1, "type": word})
        return central.version(name) is not None and central.ask(name, "ChangeAvailability", {"operationalStatus": word})

    def over() -> None:
        if not say("Operative") or not house.life:
            house.world.after(20, over)

    if not say("Inoperative"):
        return None
    sky.struck("out of service")
    return over


# --- clocks -----------------------------------------------------------------------------------------------------------------------------


def _clock_steps(sky: Sky) -> None:
    sky.struck("clock stepped")
    sky.house.step_clock(sky.rng.choice((-3_600_000, -1000, 1000, 3_600_000, -86_400_000, 600_000)))


def _clock_right(sky: Sky) -> None:
    sky.house.step_clock(-sky.house.world.host_offset_ms)


def _boot_in_1970(sky: Sky) -> End:
    """The power goes, and with it the time (C1)."""
    house, world = sky.house, sky.house.world
    sky.struck("boot in 1970")
    house.cut(power=True)
    house.step_clock(10_000 - world.host_ms)
    return lambda: _clock_right(sky)


def _other_time(sky: Sky) -> End:
    sky.struck("central system's clock wrong")
    return sky.turned(sky.house.central, clock_offset_ms=(sky.rng.choice((-600_000, 600_000, 86_400_000)), 0))


# --- broker and hardware ----------------------------------------------------------------------------------------------------------------


def _broker_down(sky: Sky) -> End:
    house, rng = sky.house, sky.rng
    sky.struck("broker down")
    house.broker.go_down(rng.choice(list(Memory)))

    def over() -> None:
        house.broker.come_back()
        for box in house.wallboxes.values():
            house.world.after(rng.uniform(0.1, 20), box.find_broker)
        house.world.after(rng.uniform(0.1, 5), house.manage_again)

    return sky.outage("broker", None, over)


def _bridge_cut_off(sky: Sky) -> None:
    line = sky.house.broker.line
    if line is not None:
        sky.struck("broker connection lost")
        sky.house.broker.line = None
        line.break_off()
        sky.house.broker.lost(line)
        now_ms = sky.house.world.now_ms
        sky.house.outages.append(Outage(what="broker", charge_point=None, from_ms=now_ms, to_ms=now_ms + 5000))


def _broker_silent(sky: Sky) -> None:
    """The line to the broker is half-open."""
    line = sky.house.broker.line
    if line is not None:
        sky.struck("broker connection half-open")
        line.fall_silent()
        now_ms = sky.house.world.now_ms
        noticed_ms = now_ms + int(2 * KEEPALIVE_S * 1000)
        sky.house.outages.append(Outage(what="broker", charge_point=None, from_ms=now_ms, to_ms=noticed_ms + 5000))


def _repeats(sky: Sky) -> End:
    return sky.turned(sky.house.broker, repeats=(sky.rng.uniform(0.1, 1.0), 0.0))


def _retained_tap(sky: Sky) -> None:
    """A reader that retains its taps (M3)."""
    box = sky.box()
    sky.struck("retained tap")
    box.device.publish(f"evbridge/nfc/{box.name}/tap", '{"tag": "CAFE0001", "id": "stored"}', retain=True)


def _wallbox_away(sky: Sky) -> End:
    box = sky.box()
    sky.struck("wallbox offline")
    box.lose_broker()

    def over() -> None:
        if sky.house.broker.up:
            box.find_broker()

    return sky.outage("hardware", box.name, over)


def _wallbox_restarts(sky: Sky) -> End:
    """Without a memory of what it was told."""
    box = sky.box()
    sky.struck("wallbox forgot")
    box.lose_power(allows=sky.rng.random() < 0.5)

    def over() -> None:
        if sky.house.broker.up:
            box.find_broker()

    return sky.outage("hardware", box.name, over)


def _broken(sky: Sky) -> End:
    box = sky.box()
    sky.struck("hardware fault")
    box.break_down(sky.rng.choice(("GroundFailure", "OverCurrentFailure", "InternalError")))
    return lambda: box.break_down("none")


def _stubborn(sky: Sky) -> End:
    """It ignores what it is told (M10)."""
    box = sky.box()
    sky.struck("commands ignored")
    box.stubborn = True

    def over() -> None:
        box.stubborn = False
        if sky.house.broker.up and box.online:
            box.device.listen()

    return sky.outage("hardware", box.name, over)


def _meter_silent(sky: Sky) -> End:
    box = sky.box()
    sky.struck("meter silent")
    box.metered = False

    def over() -> None:
        box.metered = True
        box.report_meter()

    return sky.outage("meter", box.name, over)


def _nonsense(sky: Sky) -> None:
    """Somebody writes rubbish on our topics (M8, M13, N2)."""
    box, rng = sky.box(), sky.rng
    sky.struck("nonsense on MQTT")
    topic, payload = rng.choice(
        (
            (f"evbridge/meter/{box.name}/energy_wh", "NaN"),
            (f"evbridge/meter/{box.name}/energy_wh", "-1"),
            (f"evbridge/meter/{box.name}/energy_wh", "1e400"),
            (f"evbridge/meter/{box.name}/energy_wh", ""),
            (f"evbridge/wallbox/{box.name}/plugged", "perhaps"),
            (f"evbridge/nfc/{box.name}/tap", '{"tag": 9}'),
            (f"evbridge/nfc/{box.name}/tap", "[" * 500),
            (f"evbridge/nfc/{box.name}/tap_text", "#" * 3000),
            ("evbridge/nfc/nowhere/tap", '{"tag": "CAFE0001"}'),
            ("evbridge/wallbox/no where/plugged", "true"),
            ("evbridge/users/x/start", "{}"),
            ("evbridge/bridge/request/explode", "{}"),
        )
    )
    box.device.publish(topic, payload, retain=False)


def _flood(sky: Sky) -> None:
    box = sky.box()
    sky.struck("flood on MQTT")
    for _ in range(500):
        box.report_meter()


# --- energy management ------------------------------------------------------------------------------------------------------------------


def _flaps(sky: Sky) -> None:
    sky.struck("energy management flaps")
    sky.rng.choice(list(sky.managers.values())).flap(sky.rng.randrange(10, 120))


STORMS: tuple[Storm, ...] = (
    Storm(rows=("D1", "D2"), name="power cut", hours=3, lasts_s=0, begin=_power_cut),
    Storm(rows=("D1", "D8"), name="kill", hours=3, lasts_s=0, begin=_killed),
    Storm(rows=("D1",), name="cut at a write", hours=2, lasts_s=0, begin=_cut_at_a_write),
    Storm(
        rows=("D1",),
        name="cut at a point",
        hours=2,
        lasts_s=0,
        begin=_cut_at_a_point,
        counts=("cut at a persist", "cut at a send", "cut at a ack"),
    ),
    Storm(rows=("D1",), name="cut at an await", hours=2, lasts_s=0, begin=_cut_at_an_await),
    Storm(rows=("D3",), name="crash loop", hours=12, lasts_s=60, begin=_crash_loop),
    Storm(rows=("D4",), name="disk full", hours=6, lasts_s=900, begin=_disk_full),
    Storm(rows=("D4",), name="read-only disk", hours=12, lasts_s=300, begin=_read_only),
    Storm(rows=("D5",), name="sync fails", hours=4, lasts_s=0, begin=_sync_fails),
    Storm(rows=("D5",), name="write fails", hours=4, lasts_s=0, begin=_write_fails),
    Storm(rows=("D5",), name="sync fails until a kill", hours=2, lasts_s=10, begin=_on_no_disk),
    Storm(rows=("D5",), name="slow disk", hours=6, lasts_s=300, begin=_slow_disk),
    Storm(rows=("D9",), name="planned stop", hours=4, lasts_s=0, begin=_planned_stop),
    Storm(rows=("D11", "W1"), name="connection refused", hours=5, lasts_s=1200, begin=_refused),
    Storm(rows=("W1", "W2"), name="black hole", hours=8, lasts_s=600, begin=_black_hole),
    Storm(rows=("W2",), name="half-open connection", hours=4, lasts_s=0, begin=_half_open),
    Storm(rows=("W3",), name="no answer", hours=5, lasts_s=600, begin=_share("_mute", mute=(0.05, 0.5))),
    Storm(rows=("W3",), name="central system frozen", hours=8, lasts_s=300, begin=_central_frozen),
    Storm(rows=("W4",), name="late answer", hours=5, lasts_s=600, begin=_share("_late", late=(0.1, 0.8))),
    Storm(rows=("W4",), name="slow central system", hours=8, lasts_s=600, begin=_thinks_long),
    Storm(rows=("W5",), name="error instead of an answer", hours=6, lasts_s=600, begin=_errors),
    Storm(rows=("W7", "W11"), name="nonsense", hours=6, lasts_s=600, begin=_share("_strange", strange=(0.05, 0.5))),
    Storm(rows=("W7",), name="answer twice", hours=6, lasts_s=600, begin=_share("_twice", twice=(0.1, 1.0))),
    Storm(rows=("W8",), name="close instead of an answer", hours=6, lasts_s=600, begin=_share("_closes", closes=(0.02, 0.2))),
    Storm(rows=("W8",), name="connections dropped", hours=4, lasts_s=0, begin=_dropped),
    Storm(rows=("W8",), name="flapping link", hours=10, lasts_s=600, begin=_flapping),
    Storm(
        rows=("W9",),
        name="handshake answered",
        hours=4,
        lasts_s=600,
        begin=_wrong_status,
        counts=tuple(f"handshake answered {status}" for status in STATUSES),
    ),
    Storm(rows=("W12", "W15"), name="request of the central system", hours=0.5, lasts_s=0, begin=_asks),
    Storm(
        rows=("W13",),
        name="registration",
        hours=10,
        lasts_s=300,
        begin=_not_accepted,
        counts=("registration Pending", "registration Rejected"),
    ),
    Storm(rows=("W14",), name="central system forgot", hours=12, lasts_s=0, begin=_amnesia),
    Storm(
        rows=("W15",),
        name="reset",
        hours=6,
        lasts_s=0,
        begin=_resets,
        counts=("reset Soft", "reset Hard", "reset Immediate", "reset OnIdle"),
    ),
    Storm(rows=("W15",), name="out of service", hours=8, lasts_s=900, begin=_out_of_service),
    Storm(rows=("C1",), name="boot in 1970", hours=16, lasts_s=900, begin=_boot_in_1970),
    Storm(rows=("C2", "C3"), name="clock stepped", hours=3, lasts_s=0, begin=_clock_steps),
    Storm(rows=("C4",), name="central system's clock wrong", hours=8, lasts_s=1800, begin=_other_time),
    Storm(rows=("C5",), name="process paused", hours=6, lasts_s=0, begin=_paused),
    Storm(
        rows=("M1", "E2"),
        name="broker down",
        hours=3,
        lasts_s=120,
        begin=_broker_down,
        counts=("broker down", "broker forgot", "broker fell back"),
    ),
    Storm(rows=("M1",), name="broker connection lost", hours=5, lasts_s=0, begin=_bridge_cut_off),
    Storm(rows=("M1",), name="broker connection half-open", hours=5, lasts_s=0, begin=_broker_silent),
    Storm(rows=("M2",), name="message delivered twice", hours=6, lasts_s=1200, begin=_repeats),
    Storm(rows=("M3",), name="retained tap", hours=6, lasts_s=0, begin=_retained_tap),
    Storm(rows=("M10",), name="commands ignored", hours=10, lasts_s=120, begin=_stubborn),
    Storm(rows=("M1", "M11"), name="wallbox offline", hours=5, lasts_s=200, begin=_wallbox_away),
    Storm(rows=("M10", "M11"), name="wallbox forgot", hours=5, lasts_s=60, begin=_wallbox_restarts),
    Storm(rows=("M9",), name="meter silent", hours=3, lasts_s=300, begin=_meter_silent),
    Storm(rows=("M8", "N2"), name="nonsense on MQTT", hours=2, lasts_s=0, begin=_nonsense),
    Storm(rows=("M13",), name="flood on MQTT", hours=12, lasts_s=0, begin=_flood),
    Storm(rows=("M10",), name="hardware fault", hours=8, lasts_s=120, begin=_broken),
    Storm(rows=("E1", "E3"), name="energy management flaps", hours=6, lasts_s=0, begin=_flaps),
    *ODDITIES,
)


class Season:
    """Which storms there are in one house, and when."""

    def __init__(self, sky: Sky, storms: tuple[Storm, ...], *, hurry: float) -> None:
        """`hurry`: how many times more often than usual."""
        self._sky = sky
        self._hurry = hurry
        self._over = False
        self._open: dict[int, End] = {}
        self._count = 0
        self._skies = {storm: replace(sky, rng=sky.house.world.chance(f"storm {storm.name}")) for storm in storms}
        for storm in storms:
            self._plan(storm)

    def end(self) -> None:
        """The sky clears: whatever goes on is put right now, and nothing new begins."""
        self._over = True
        world = self._sky.house.world
        world.on_point = lambda _number, _kind: None
        self._sky.house.disk.on_operation = None
        self._sky.house.steps_left = 0
        self._sky.house.disk.heal()
        for end in list(self._open.values()):
            end()
        self._open.clear()
        _clock_right(self._sky)

    def _plan(self, storm: Storm) -> None:
        self._sky.house.world.after(self._skies[storm].rng.expovariate(self._hurry / (storm.hours * 3600)), self._strike, storm)

    def _strike(self, storm: Storm) -> None:
        if self._over:
            return
        end = storm.begin(self._skies[storm])
        if end is None:
            self._plan(storm)
            return
        self._count += 1
        number = self._count
        self._open[number] = end
        self._sky.house.world.after(self._skies[storm].rng.expovariate(1 / storm.lasts_s), self._finish, number, storm)

    def _finish(self, number: int, storm: Storm) -> None:
        end = self._open.pop(number, None)
        if end is not None:
            end()
            self._plan(storm)
